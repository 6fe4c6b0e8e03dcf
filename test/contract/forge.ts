import { join } from 'node:path';
import { writeFileSync } from 'node:fs';
import { openGitHubForge, type GitHubOptions } from '../../src/forge/github/forge.ts';
import { tokenKind } from '../../src/core/setup/facts.ts';
import { openLocalForge } from '../../src/forge/local.ts';
import { runTrailer } from '../../src/forge/trailer.ts';
import { isAlive, markProcess } from '../../src/journal/process.ts';
import type { BranchPush, Forge, Mirror } from '../../src/ports.ts';
import { committer } from '../../src/workspace/git.ts';
import { openMirror, type WritableMirror } from '../../src/workspace/mirror.ts';
import type { GitHubServer, Issue, Repository, Token } from '../servers/github/index.ts';
import { hardenedGit, makeRepo, temporary } from '../support/repo.ts';

/** What a contract test works on: a forge, the name of its one issue, and a way to make commits for it. */
export interface Ground {
  forge: Forge;
  ref: string;
  mirror: Mirror;
  base: string;
  /** A sealed commit of ours on `parent`, with its bundle. */
  make: (content: string, parent?: string) => Promise<Pick<BranchPush, 'head' | 'mirror' | 'bundle'>>;
  /** Where the branch is on the forge, seen without bugloop. */
  tip(branch: string): Promise<string | undefined>;
  /** A commit of somebody else on top of the branch. */
  meddle(branch: string): Promise<void>;
}

/** Where a test may leave directories; concurrent tests bring their own. */
type Places = () => string;

async function commits(repository: string, base: string, place: Places): Promise<Pick<Ground, 'mirror' | 'base' | 'make'>> {
  const options = { repository, base, path: join(place(), 'mirror'), date: new Date('2026-11-20T17:47:00Z') };
  const mirror: WritableMirror = await openMirror({ git: hardenedGit(repository), ...options });
  const git = hardenedGit(mirror.path);
  return {
    mirror,
    base,
    async make(content, parent = base) {
      const blob = await git.run(['hash-object', '-w', '--stdin'], { input: content });
      const tree = await git.run(['mktree'], { input: `100644 blob ${blob}\ta\n` });
      const head = await mirror.commitTree(tree, parent, `fix: it\n\n${runTrailer}: 20261120-174700-issue-1-3f9a\n`);
      const bundle = join(place(), 'change.bundle');
      await mirror.bundle(bundle, 'bugloop/issue-1', base, head);
      return { head, mirror, bundle };
    },
  };
}

export async function localGround(): Promise<Ground> {
  const repo = makeRepo();
  const base = repo.commit({ a: 'bug' });
  const ref = join(temporary(), '1.md');
  writeFileSync(ref, '# It fails\n\nSteps\n');
  const forge = openLocalForge({
    git: hardenedGit(repo.path).run,
    cwd: repo.path,
    committer: committer.email,
    branchPrefix: 'bugloop/',
  });
  return {
    forge,
    ref,
    ...(await commits(repo.path, base, temporary)),
    tip: (branch) => Promise.resolve(repo.git('for-each-ref', '--format=%(objectname)', `refs/heads/${branch}`) || undefined),
    meddle(branch) {
      repo.git('switch', '--quiet', branch);
      repo.commit({ b: 'mine' });
      repo.git('switch', '--quiet', 'main');
      return Promise.resolve();
    },
  };
}

export const labels = { trigger: 'bug:autofix', inProgress: 'bugloop:solving', needsHuman: 'bugloop:escalated' };

export interface GitHubGround extends Ground {
  repository: Repository;
  issue: Issue;
}

export async function gitHubGround(
  server: GitHubServer,
  { token, place = temporary }: { token?: Token; place?: Places } = {},
): Promise<GitHubGround> {
  const repository = await server.repository({
    owner: 'acme',
    name: `shop-${server.requests.length}-${Math.trunc(performance.now())}`,
    files: { a: 'bug' },
    labels: Object.values(labels),
    roles: { maria: 'write', guest: 'read' },
  });
  const issue = await server.issue(repository, { title: 'It fails', body: 'Steps', labels: [labels.trigger], author: 'guest' });
  const base = (await server.head(repository, 'main')) ?? '';
  const used = token ?? server.token({ kind: 'actions', repositories: [repository] });
  return {
    forge: openGitHubForge(await gitHubOptions(server, repository, used)),
    ref: String(issue.number),
    repository,
    issue,
    ...(await commits(repository.path, base, place)),
    tip: (branch) => server.head(repository, branch),
    meddle: async (branch) => {
      await server.commit(repository, branch, { b: 'mine' }, { author: 'maria' });
    },
  };
}

export async function gitHubOptions(server: GitHubServer, repository: Repository, token: Token): Promise<GitHubOptions> {
  return {
    apiUrl: server.apiUrl,
    graphqlUrl: server.graphqlUrl,
    serverUrl: server.serverUrl,
    slug: `acme/${repository.name}`,
    token: token.value,
    kind: tokenKind(token.value, token.kind === 'actions'),
    version: '0.0.0',
    signal: new AbortController().signal,
    deadline: Date.now() + 60_000,
    now: Date.now,
    branchPrefix: 'bugloop/',
    labels,
    accounts: [],
    committer: committer.email,
    trailer: runTrailer,
    redact: (text) => text.replaceAll(token.value, '[redacted]'),
    self: await markProcess(process.pid),
    isAlive,
  };
}

/** Looks and pushes, as a run does. */
export async function push({ forge, ref }: Ground, sealed: Awaited<ReturnType<Ground['make']>>) {
  const { branch, tip } = await forge.read(ref);
  return forge.pushBranch({ branch, ...sealed, ...(tip === undefined ? {} : { expected: tip.commit }) });
}

import { mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startGitHub, type GitHubServer, type Issue, type Repository } from '../../test/servers/github/index.ts';
import { statusOfDraft } from '../../test/support/record.ts';
import { bugReport, shop } from '../../test/support/shop.ts';
import { git } from './repository.ts';

/** The shop on the double of GitHub, a clone of it, and what Actions sets for a token of its own. */
export interface Scene extends AsyncDisposable {
  server: GitHubServer;
  repository: Repository;
  issue: Issue;
  clone: string;
  /** Of the issue. */
  number: number;
  env: Record<string, string>;
}

const permissions = {
  contents: 'write',
  issues: 'write',
  pull_requests: 'write',
  checks: 'write',
  statuses: 'write',
  actions: 'read',
} as const;

export async function openScene(files: Record<string, string> = {}): Promise<Scene> {
  const server = await startGitHub({ lifetimeMs: 20 * 60_000, rateLimit: 1_000_000 });
  const labels = ['bug:autofix', 'bugloop:solving', 'bugloop:escalated'];
  const seeded = {
    owner: 'acme',
    name: 'shop',
    files: { ...shop, ...files },
    labels,
    roles: { maria: 'write', guest: 'read' },
  } as const;
  const repository = await server.repository({ ...seeded, labels: [...labels] });
  const [title = '', ...body] = bugReport.replace('# ', '').split('\n');
  const issue = await server.issue(repository, { title, body: body.join('\n').trim(), labels: ['bug:autofix'], author: 'guest' });
  const token = server.token({ kind: 'actions', repositories: [repository], permissions });
  const home = realpathSync(mkdtempSync(join(tmpdir(), 'bugloop-bench-github-')));
  const clone = join(home, 'shop');
  await git(home, 'clone', '--quiet', repository.path, clone);
  server.forget();
  return {
    server,
    repository,
    issue,
    clone,
    number: issue.number,
    env: {
      GITHUB_TOKEN: token.value,
      GITHUB_REPOSITORY: 'acme/shop',
      GITHUB_API_URL: server.apiUrl,
      GITHUB_GRAPHQL_URL: server.graphqlUrl,
      GITHUB_SERVER_URL: server.serverUrl,
    },
    async [Symbol.asyncDispose]() {
      await server.close();
      rmSync(home, { recursive: true, force: true });
    },
  };
}

/** The same with a draft of ours of which every condition of the gate holds. `number` is that of the draft. */
export async function openDraft(): Promise<Scene> {
  const scene = await openScene({ '.bugloop/config.yml': 'gate:\n  automatic_reviewers: []\n' });
  const { server, repository } = scene;
  const branch = 'bugloop/issue-1';
  const us = 'github-actions[bot]';
  const mended = { 'src/cart.js': (shop['src/cart.js'] ?? '').replace('line.price;', 'line.price * line.quantity;') };
  const head = await server.commit(repository, branch, mended, { author: 'bugloop' });
  await server.pull(repository, { title: 'fix', body: 'Closes #1', head: branch, base: 'main', draft: true, author: us });
  const [pull] = server.pulls(repository);
  if (pull === undefined) throw new Error('the double has no pull request');
  server.addCheck(repository, head, { name: 'test', conclusion: 'success' });
  // As the shipped workflow checks it out: every branch is there.
  await git(scene.clone, 'fetch', '--quiet', 'origin');
  server.comment(scene.issue, statusOfDraft({ number: pull.number, head }, branch), us);
  server.forget();
  return { ...scene, number: pull.number };
}

import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { environment, refs, writeObject, writeTree } from './git.ts';
import type { Account, App, Issue, Label, PullRequest, Repository, Token } from './state.ts';

/** A webhook as GitHub sends it. */
export interface Delivery {
  /** `X-GitHub-Delivery`. */
  id: string;
  event: string;
  action?: string;
  payload: Record<string, unknown>;
  /** The raw body that was signed. */
  body: string;
  headers: Record<string, string>;
  /** `false` for what was done with `GITHUB_TOKEN`: such an event starts no workflow. */
  startsWorkflows: boolean;
  /** Status that the receiver answered; absent when there is no receiver or it could not be reached. */
  answered?: number;
}

export interface World {
  directory: string;
  apiUrl: string;
  graphqlUrl: string;
  serverUrl: string;
  webhooks: { secret: string; url?: string };
  accounts: Account[];
  repositories: Repository[];
  tokens: Map<string, Token>;
  apps: App[];
  nodes: Map<string, object>;
  deliveries: Delivery[];
  /** Deliveries under way. */
  pending: Set<Promise<void>>;
  /** Logs of jobs by the signature of the address that the API gave out for them. */
  signedLogs: Map<string, string>;
  /** Whatever bugloop or the double did that the real thing would not know. */
  problems: string[];
  nextId: number;
  now(): number;
}

const prefixes: Record<string, string> = {
  User: 'U',
  Bot: 'BOT',
  Organization: 'O',
  Repository: 'R',
  Issue: 'I',
  PullRequest: 'PR',
  IssueComment: 'IC',
  Label: 'LA',
  Reaction: 'REA',
  PullRequestReview: 'PRR',
  PullRequestReviewThread: 'PRRT',
  PullRequestReviewComment: 'PRRC',
  CheckSuite: 'CS',
  CheckRun: 'CR',
  StatusContext: 'SC',
  App: 'A',
  Event: 'E',
  Workflow: 'W',
  WorkflowRun: 'WFR',
  Job: 'J',
};

/** Fresh numeric id and the node id that belongs to it. */
export function identify(world: World, typename: string): { id: number; nodeId: string } {
  const id = world.nextId++;
  return { id, nodeId: `${prefixes[typename] ?? typename}_kwDO${Buffer.from(String(id)).toString('base64url')}` };
}

/** Gives a new thing its ids and makes it known by its node id. */
export function enter<T extends { typename: string }>(world: World, thing: T): T & { id: number; nodeId: string } {
  const entity = Object.assign(thing, identify(world, thing.typename));
  world.nodes.set(entity.nodeId, entity);
  return entity;
}

export function findRepository(world: World, owner: string, name: string): Repository | undefined {
  const wanted = `${owner}/${name}`.toLowerCase();
  return world.repositories.find((repository) => fullName(repository).toLowerCase() === wanted);
}
export const fullName = (repository: Repository): string => `${repository.owner.login}/${repository.name}`;
export const htmlUrl = (world: World, repository: Repository): string => `${world.serverUrl}/${fullName(repository)}`;

export function findAccount(world: World, login: string): Account | undefined {
  const wanted = login.toLowerCase();
  return world.accounts.find((account) => account.login.toLowerCase() === wanted);
}

export function pullsOf(repository: Repository): PullRequest[] {
  return [...repository.discussions.values()].filter((found): found is PullRequest => found.typename === 'PullRequest');
}
export function issuesOf(repository: Repository): Issue[] {
  return [...repository.discussions.values()].filter((found): found is Issue => found.typename === 'Issue');
}

export function addAccount(world: World, login: string, typename: Account['typename'], id?: number): Account {
  const account: Account = enter(world, { typename, login, name: null, id: 0, nodeId: '' });
  if (id !== undefined) account.id = id;
  world.accounts.push(account);
  return account;
}

export function addLabel(
  world: World,
  repository: Repository,
  name: string,
  color = 'ededed',
  description: string | null = null,
): Label {
  const known = repository.labels.find((label) => label.name.toLowerCase() === name.toLowerCase());
  if (known) return known;
  const label: Label = enter(world, { typename: 'Label' as const, repository, name, color, description });
  repository.labels.push(label);
  return label;
}

/**
 * Refuses a ref for the reasons that the server passes in, with GitHub's words on standard error, and leaves the
 * short reason in a file, because a hook cannot choose the text that git reports.
 */
const updateHook = `#!/bin/sh
ref=$1 old=$2 new=$3
refuse() { printf '%s\\t%s\\n' "$ref" "$1" >> "$DOUBLE_REASONS"; exit 1; }
case "$DOUBLE_PROTECTED" in *"[$ref]"*)
  echo "error: GH006: Protected branch update failed for $ref." >&2
  echo "error: Changes must be made through a pull request." >&2
  refuse 'protected branch hook declined';;
esac
case "$new" in 0000000000000000000000000000000000000000) exit 0;; esac
if [ -n "$DOUBLE_NO_WORKFLOWS" ]; then
  now=$(git rev-parse --quiet --verify "$new:.github/workflows")
  for known in "$DOUBLE_DEFAULT" "$old"; do
    [ "$(git rev-parse --quiet --verify "$known:.github/workflows")" = "$now" ] && exit 0
  done
  path=$(git diff-tree -r --name-only "$DOUBLE_DEFAULT" "$new" -- .github/workflows 2>/dev/null | head -n 1)
  refuse "refusing to allow $DOUBLE_NO_WORKFLOWS to create or update workflow \\\`\${path:-.github/workflows}\\\` without \\\`workflows\\\` permission"
fi
exit 0
`;

export function initRepository(path: string, defaultBranch: string): void {
  mkdirSync(path, { recursive: true });
  const run = (...args: string[]) => execFileSync('git', args, { cwd: path, env: environment, stdio: 'ignore' });
  run('init', '--quiet', '--bare', `--initial-branch=${defaultBranch}`);
  const settings = [
    'http.receivepack true',
    'receive.hideRefs refs/pull',
    'uploadpack.allowAnySHA1InWant true',
    'uploadpack.allowFilter true',
  ];
  for (const setting of [...settings, 'receive.advertisePushOptions true', 'gc.auto 0', 'core.logAllRefUpdates false'])
    run('config', ...setting.split(' '));
  writeFileSync(join(path, 'hooks', 'update'), updateHook);
  chmodSync(join(path, 'hooks', 'update'), 0o755);
}

/** Writes files on top of a branch's head (or of nothing) as one commit; `null` deletes a file. */
export async function commitFiles(
  repository: Repository,
  branch: string,
  files: Record<string, string | Buffer | null>,
  options: { message: string; author?: string; email?: string; at: number; from?: string },
): Promise<string> {
  const heads = await refs(repository, 'refs/heads/');
  const parent = heads.get(`refs/heads/${branch}`) ?? options.from;
  const entries: { path: string; mode: string; sha: string | null }[] = [];
  for (const [path, content] of Object.entries(files)) {
    entries.push({ path, mode: '100644', sha: content === null ? null : await writeObject(repository, 'blob', content) });
  }
  const tree = await writeTree(repository, parent, entries);
  const { author = 'Ada Author', at } = options;
  const email = options.email ?? `${(options.author ?? 'ada').toLowerCase().replaceAll(/\W/g, '')}@example.com`;
  const who = `${author} <${email}> ${Math.floor(at / 1000)} +0000`;
  const lines = [
    `tree ${tree}`,
    ...(parent ? [`parent ${parent}`] : []),
    `author ${who}`,
    `committer ${who}`,
    '',
    options.message,
    '',
  ];
  return writeObject(repository, 'commit', lines.join('\n'));
}

/** One at a time, as a database would: nothing can slip between the look and the write of a request. */
export function openQueue(): <T>(body: () => Promise<T>) => Promise<T> {
  let last: Promise<unknown> = Promise.resolve();
  return (body) => {
    const next = last.then(body, body);
    last = next.catch(() => {});
    return next;
  };
}

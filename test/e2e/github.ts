import { deepEqual } from 'node:assert/strict';
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  type Comment,
  type GitHubServer,
  type Issue,
  type Repository,
  startGitHub,
  type Token,
  type TokenKind,
} from '../servers/github/index.ts';

/** A repository on the GitHub double, a clone of it, and the built binary, as a workflow or a person has them. */

const binary = new URL('../../bin/bugloop.js', import.meta.url).pathname;

const source = `export function add(a, b) {\n  return a - b;\n}\n`;
const oldTest = `import test from 'node:test';
import assert from 'node:assert/strict';
import { add } from '../src/add.js';
test('zero', () => { assert.equal(add(0, 0), 0); });
`;
const newTest = oldTest.replace(`'zero', () => { assert.equal(add(0, 0), 0)`, `'sum', () => { assert.equal(add(1, 2), 3)`);

export const files = {
  'package.json': '{"name":"adder","type":"module","private":true,"scripts":{"test":"node --test"}}\n',
  'src/add.js': source,
  'test/add.test.js': oldTest,
};

type Call = { tool: string; input: Record<string, unknown> };
const fix: Call = { tool: 'edit', input: { path: 'src/add.js', old: 'a - b', new: 'a + b' } };
const test: Call = { tool: 'create', input: { path: 'test/sum.test.js', content: newTest } };
const done: Call = { tool: 'finish', input: { summary: 'add adds' } };

export const endlessTest = 'test/endless.test.js';
const endless: Call = {
  tool: 'create',
  input: {
    path: endlessTest,
    content:
      "import { test } from 'node:test';\n\ntest('waits', () => new Promise((resolve) => setTimeout(resolve, 100_000)));\n",
  },
};

/** Refused where there is none, which ends nothing. */
const withoutEndless: Call = { tool: 'remove', input: { path: endlessTest } };

/** What the scripted agent does, attempt by attempt. */
export const scripts = {
  good: [[fix, test, done]],
  /** The same again, should the first attempt have been cut short; what is there already is refused. */
  goingOn: [
    [fix, test, done],
    [fix, test, done],
  ],
  /** Does nothing at all. */
  idle: [[done]],
  /** Never writes a test, so it is never proven. */
  stuck: [[fix, done], [done], [done]],
  /** Half the work, then a check that does not end by itself. */
  slow: [[fix, endless, { tool: 'run_check', input: {} }, test, done]],
  /** What is left to do once the source is mended. */
  rest: [
    [withoutEndless, test, done],
    [withoutEndless, test, done],
  ],
} satisfies Record<string, Call[][]>;

export const labels = { trigger: 'bug:autofix', inProgress: 'bugloop:solving', needsHuman: 'bugloop:escalated' };

export interface Scene extends AsyncDisposable {
  server: GitHubServer;
  repository: Repository;
  issue: Issue;
  token: Token;
  clone: string;
  /** Directory of everything that the test leaves. */
  home: string;
  children: Set<ChildProcess>;
}

interface Staging {
  /** Of the token that bugloop gets. */
  kind?: TokenKind;
  files?: Record<string, string>;
  /** A repository to start from instead. */
  from?: string;
  title?: string;
  body?: string;
  labels?: string[];
  /** Nothing of the repository can be read without a right to it. */
  private?: boolean;
}

export async function stage(options: Staging = {}): Promise<Scene> {
  const server = await startGitHub({ lifetimeMs: 10 * 60_000 });
  const repository = await server.repository({
    owner: 'acme',
    name: 'adder',
    ...(options.from === undefined ? { files: { ...files, ...options.files } } : { from: options.from }),
    private: options.private ?? false,
    labels: Object.values(labels),
    roles: { maria: 'write', guest: 'read' },
  });
  const issue = await server.issue(repository, {
    title: options.title ?? 'add(1, 2) is wrong',
    body: options.body ?? '`add(1, 2)` returns -1 and should return 3.',
    labels: options.labels ?? [labels.trigger],
    author: 'guest',
  });
  const token = server.token({ kind: options.kind ?? 'actions', repositories: [repository] });
  const home = realpathSync(mkdtempSync(join(tmpdir(), 'bugloop-scene-')));
  const children = new Set<ChildProcess>();
  const scene = { server, repository, issue, token, home, children };
  const clone = cloneOf(scene);
  server.forget();
  return {
    ...scene,
    clone,
    async [Symbol.asyncDispose]() {
      for (const child of children) child.kill('SIGKILL');
      await server.close();
      rmSync(home, { recursive: true, force: true });
    },
  };
}

/** A clone as `actions/checkout` leaves one: no credential in it. */
export function cloneOf({ repository, home }: Pick<Scene, 'repository' | 'home'>): string {
  const dir = join(mkdtempSync(join(home, 'clone-')), 'adder');
  execFileSync('git', ['clone', '--quiet', repository.path, dir]);
  return dir;
}

export interface Ended {
  status: number | null;
  signal: NodeJS.Signals | null;
  stdout: string;
  stderr: string;
}

export interface Running {
  child: ChildProcess;
  ended: Promise<Ended>;
}

/** Starts bugloop in a clone with what Actions sets, and nothing else. */
export function start(scene: Scene, args: string[], env: Record<string, string | undefined> = {}, clone = scene.clone): Running {
  const { server, token } = scene;
  const child = spawn(process.execPath, [binary, ...args], {
    cwd: clone,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      PATH: process.env['PATH'],
      HOME: process.env['HOME'],
      GITHUB_TOKEN: token.value,
      GITHUB_REPOSITORY: 'acme/adder',
      GITHUB_API_URL: server.apiUrl,
      GITHUB_GRAPHQL_URL: server.graphqlUrl,
      GITHUB_SERVER_URL: server.serverUrl,
      ...env,
    },
  });
  let [stdout, stderr] = ['', ''];
  child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  const ended = new Promise<Ended>((resolve) => {
    child.on('close', (status, signal) => resolve({ status, signal, stdout, stderr }));
  });
  scene.children.add(child);
  return { child, ended };
}

export function run(
  scene: Scene,
  args: string[],
  env: Record<string, string | undefined> = {},
  clone = scene.clone,
): Promise<Ended> {
  return start(scene, args, env, clone).ended;
}

/** Flags of a run with the scripted agent. */
export function scripted(scene: Scene, script: Call[][] = scripts.good): string[] {
  const file = join(scene.home, 'script.json');
  writeFileSync(file, JSON.stringify({ attempts: script }));
  return ['--agent', 'scripted', '--script', file, '--sandbox', 'basic', '--quiet'];
}

export function solve(scene: Scene, script: Call[][] = scripts.good, more: string[] = []): Promise<Ended> {
  return run(scene, ['solve', String(scene.issue.number), ...scripted(scene, script), ...more]);
}

/** What the double delivered last by that name, with these fields in place of its own, as the file that Actions would write. */
export function eventFile({ server, home }: Scene, event: string, action?: string, changes: object = {}): Record<string, string> {
  const delivery = server.deliveries.findLast((one) => one.event === event && one.action === action);
  if (delivery === undefined) throw new Error(`no ${event} ${action} was delivered`);
  const file = join(home, `event-${delivery.id}.json`);
  writeFileSync(file, JSON.stringify({ ...delivery.payload, ...changes }));
  return { GITHUB_EVENT_NAME: event, GITHUB_EVENT_PATH: file };
}

// ---------------------------------------------------------------------------------------------- what takes its time

/** A test of the base that waits for a file: as long as the test wants, the run is at work. */
export function waiting(): { files: Record<string, string>; go: () => void } {
  const file = join(mkdtempSync(join(tmpdir(), 'bugloop-wait-')), 'go');
  const source = `import { existsSync } from 'node:fs';
import { test } from 'node:test';
test('waits', async () => {
  while (!existsSync(${JSON.stringify(file)})) await new Promise((resolve) => setTimeout(resolve, 50));
});
`;
  return { files: { 'test/wait.test.js': source }, go: () => writeFileSync(file, '') };
}

export async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await sleep(50);
}

/** A run looks once a minute: so long, in milliseconds, does the minute of a hasty process last. */
export const hastyMinute = 3_000;

/** A process for which twenty seconds pass in one. */
export const hasty = {
  NODE_OPTIONS: `--import data:text/javascript,${encodeURIComponent('const now=Date.now,start=now();Date.now=()=>start+(now()-start)*20')}`,
};

// ---------------------------------------------------------------------------------------------- what is there afterwards

export function labelsOf({ issue }: Scene): string[] {
  return issue.labels.map(({ name }) => name).toSorted();
}

export function statusComments({ issue }: Scene): Comment[] {
  return issue.comments.filter(({ body }) => body.startsWith('<!-- bugloop:status -->'));
}

export async function branchesOf({ server, repository }: Scene): Promise<string[]> {
  const refs = await server.git(repository, 'for-each-ref', '--format=%(refname:lstrip=2)', 'refs/heads/');
  return refs.split('\n').filter((line) => line !== '');
}

/** The tree that every undisturbed run of the good script publishes. */
async function findWrongTree({ server, repository }: Scene, branch: string): Promise<string[]> {
  const source = await server.git(repository, 'show', `${branch}:src/add.js`);
  const changed = (await server.git(repository, 'diff', '--name-only', 'main', branch)).split('\n');
  return [
    ...(source.includes('a + b') ? [] : ['the source is not mended']),
    ...findDifference('changed files', changed, ['src/add.js', 'test/sum.test.js']),
  ];
}

function findDifference(what: string, found: readonly unknown[], wanted: readonly unknown[]): string[] {
  const [is, should] = [JSON.stringify(found), JSON.stringify(wanted)];
  return is === should ? [] : [`${what}: ${is} instead of ${should}`];
}

/** What is not as it has to be once a fix was published, whatever happened on the way. */
export async function findFlaws(scene: Scene): Promise<string[]> {
  const branch = 'bugloop/issue-1';
  const branches = await branchesOf(scene);
  const drafts = scene.server.pulls(scene.repository).map(({ draft }) => (draft ? 'draft' : 'ready'));
  return [
    ...findDifference('pull requests', drafts, ['draft']),
    ...findDifference('status comments', [statusComments(scene).length], [1]),
    ...findDifference('labels', labelsOf(scene), []),
    ...findDifference('branches', branches, [branch, 'main']),
    ...(branches.includes(branch) ? await findWrongTree(scene, branch) : []),
  ];
}

/** One branch, one draft, one status comment, labels moved, no lock left: whatever happened on the way. */
export async function expectOneOfEach(scene: Scene): Promise<void> {
  deepEqual(await findFlaws(scene), []);
}

import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Review } from '../../src/core/ledger.ts';
import { readRunReport, type RunReport } from '../../src/core/report.ts';
import { readState } from '../../src/core/state.ts';
import type { Issue, PullRequest, ReviewThread } from '../servers/github/index.ts';
import { cloneOf, eventFile, run, scripted, stage, type Ended, type Scene } from './github.ts';

/** A change as bugloop leaves it on the double, with whatever people and programs say about it. */

export const source = `export function add(a, b) {
  return a - b;
}

export function double(a) {
  return a * 2;
}

export function label() {
  return 'adder';
}
${Array.from({ length: 50 }, (_, index) => `export const c${index} = ${index};\n`).join('')}`;
/** 1-based line of the constant `index`. */
export const constant = (index: number): number => 12 + index;

const oldTest = `import test from 'node:test';
import assert from 'node:assert/strict';
import { add, double } from '../src/add.js';
test('zero', () => { assert.equal(add(0, 0), 0); });
test('double', () => { assert.equal(double(2), 4); });
`;
export const files = { 'src/add.js': source, 'test/add.test.js': oldTest, 'data/logo.bin': 'a\0b\n' };

export type Call = { tool: string; input: Record<string, unknown> };
export const answer = (thread: string, outcome: string, words: string, more: object = {}): Call => {
  return { tool: 'answer_thread', input: { thread, outcome, words, ...more } };
};
export const edit = (old: string, text: string): Call => ({ tool: 'edit', input: { path: 'src/add.js', old, new: text } });
export const finish: Call = { tool: 'finish', input: { summary: 'answered' } };

export interface Opened extends Scene {
  pull: PullRequest;
  say(line: number, body: string, author?: string, path?: string, more?: Place): Promise<ReviewThread>;
}
/** Of a thread about several lines, or about a line that the change removed. */
interface Place {
  startLine?: number;
  side?: 'LEFT';
}

export const branch = 'bugloop/issue-1';
const sumTest = {
  'test/sum.test.js': oldTest.replace("'zero', () => { assert.equal(add(0, 0), 0)", "'sum', () => { assert.equal(add(1, 2), 3)"),
};

interface Opening {
  /** Text of the change. */
  body?: string;
  /** A repository that has the change's branch. */
  from?: string;
}

/** A change as bugloop leaves it: one commit of its own on the base, which has `more` files, and a draft by its account. */
export async function opened(more: Record<string, string> = {}, { body = 'Closes #1', from }: Opening = {}): Promise<Opened> {
  const base = { ...files, ...more };
  const scene = await stage(from === undefined ? { files: base } : { from });
  const { server, repository, token } = scene;
  const who = { name: 'bugloop', email: 'bugloop@users.noreply.github.com' };
  const git = (...args: string[]): string =>
    execFileSync('git', args, {
      cwd: repository.path,
      encoding: 'utf8',
      env: {
        PATH: process.env['PATH'],
        GIT_AUTHOR_NAME: who.name,
        GIT_AUTHOR_EMAIL: who.email,
        GIT_COMMITTER_NAME: who.name,
        GIT_COMMITTER_EMAIL: who.email,
      },
    }).trim();
  if (from === undefined) {
    const fixed = { ...sumTest, 'src/add.js': base['src/add.js'].replace('a - b', 'a + b') };
    const tree = git('rev-parse', `${await server.commit(repository, branch, fixed)}^{tree}`);
    const head = git('commit-tree', tree, '-p', git('rev-parse', 'main'), '-m', 'fix: add\n\nBugloop-Run: seeded');
    git('update-ref', `refs/heads/${branch}`, head);
  }
  const pull = await server.pull(repository, {
    author: token.account.login,
    title: 'fix: add(1, 2) is wrong',
    body,
    head: branch,
    base: 'main',
    draft: true,
  });
  scene.server.bot('coderabbitai[bot]');
  scene.repository.roles.set(scene.server.user('coder'), 'write');
  scene.server.forget();
  const say = (line: number, body: string, author = 'maria', path = 'src/add.js', place: Place = {}) =>
    scene.server.addThread(pull, { author, path, body, ...(line === 0 ? {} : { line }), ...place });
  return { ...scene, pull, say };
}

/** One more commit of bugloop on the branch, as an earlier round leaves one. */
export async function commitOurs({ server, repository }: Scene, more: Record<string, string>): Promise<void> {
  const message = 'fix: what the review found\n\nBugloop-Run: earlier';
  await server.commit(repository, branch, more, { message, author: 'bugloop', email: 'bugloop@users.noreply.github.com' });
}

export const stateOf = ({ issue }: Scene) =>
  readState(issue.comments.find(({ body }) => body.startsWith('<!-- bugloop:status -->'))?.body ?? '', String(issue.number));

/** The draft flag, turned by whoever the account belongs to. */
export async function turn(
  { server, repository, pull, token }: Opened,
  mutation: 'markPullRequestReadyForReview' | 'convertPullRequestToDraft',
  login?: string,
): Promise<void> {
  const { value } = login === undefined ? token : server.token({ kind: 'classic', repositories: [repository], login });
  const query = `mutation($id: ID!) { ${mutation}(input: { pullRequestId: $id }) { clientMutationId } }`;
  const asked = JSON.stringify({ query, variables: { id: pull.nodeId } });
  await fetch(server.graphqlUrl, { method: 'POST', headers: { authorization: `Bearer ${value}` }, body: asked });
}

/** Without a text the lines go away. */
export const suggest = (text?: string): string => `Like this:\n\`\`\`suggestion\n${text === undefined ? '' : `${text}\n`}\`\`\``;

export function review(scene: Opened, script: Call[][] = [[finish]], more: string[] = []): Promise<Ended> {
  return run(scene, ['review', String(scene.pull.number), ...scripted(scene, script), ...more]);
}

export const repliesTo = (scene: Opened, thread: ReviewThread): string[] =>
  thread.comments.filter(({ author }) => author === scene.token.account).map(({ body }) => body);

export const pushes = ({ server }: Scene): number =>
  server.requests.filter(({ operation }) => operation === 'git-receive-pack').length;

/** A command in a comment, and the run that reads it. */
export async function obey(scene: Opened, place: Issue | PullRequest, command: string): Promise<void> {
  scene.server.comment(place, command, 'maria');
  const said = await run(scene, ['dispatch', '--quiet'], eventFile(scene, 'issue_comment', 'created'), cloneOf(scene));
  if (said.status !== 0) throw new Error(said.stderr);
}

/** Reports of the rounds in the clone, oldest first. */
function reportsOf({ clone }: Scene): RunReport[] {
  const runs = join(clone, '.bugloop/runs');
  const names = readdirSync(runs, { withFileTypes: true }).flatMap((entry) => (entry.isDirectory() ? [entry.name] : []));
  return names.toSorted().flatMap((name) => {
    const read = readRunReport(readFileSync(join(runs, name, 'report.json'), 'utf8'));
    return read.ok && read.report.review !== undefined ? [read.report] : [];
  });
}

export function reportOf(scene: Scene): RunReport {
  const last = reportsOf(scene).at(-1);
  if (last === undefined) throw new Error('no report of a review');
  return last;
}

export function ledgerOf(scene: Scene): Review {
  const { review } = reportOf(scene);
  if (review === undefined) throw new Error('no ledger');
  return review;
}

export const reads = ({ server }: Scene): string[] =>
  server.requests.filter(({ surface, writes }) => surface !== 'git' && !writes).map(({ operation }) => operation);

export const writes = ({ server }: Scene): number =>
  server.requests.filter(({ surface, writes: changes }) => surface !== 'git' && changes).length;

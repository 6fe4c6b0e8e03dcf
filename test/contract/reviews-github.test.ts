import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { digestLog } from '../../src/core/feedback.ts';
import { openGitHubReviews } from '../../src/forge/github/threads.ts';
import type { Reviews } from '../../src/ports.ts';
import {
  startGitHub,
  type GitHubServer,
  type Issue,
  type PullRequest,
  type Repository,
  type Token,
} from '../servers/github/index.ts';
import { gitHubOptions, labels } from './forge.ts';

/** What a review sees of a change on the double: every page, every kind of thread, and the logs of what failed. */

let server: GitHubServer;
beforeAll(async () => {
  server = await startGitHub({ lifetimeMs: 10 * 60_000 });
});
afterAll(() => server.close());

const source = Array.from({ length: 200 }, (_, index) => `const c${index + 1} = ${index + 1};\n`);
const changed = source.map((line, index) => (index === 9 ? 'const ten = 10;\n' : index === 49 ? '' : line)).join('');

interface Ground {
  reviews: Reviews;
  repository: Repository;
  pull: PullRequest;
  issue: Issue;
  token: Token;
}

let grounds = 0;
async function ground(): Promise<Ground> {
  grounds += 1;
  const repository = await server.repository({
    owner: 'acme',
    name: `shop-${grounds}`,
    files: { 'src/a.js': source.join(''), 'src/old.js': 'export const old = 1;\n', 'logo.bin': 'a\0b\n' },
    labels: Object.values(labels),
    roles: { maria: 'write', guest: 'read' },
  });
  const issue = await server.issue(repository, { title: 'It fails', body: 'x', author: 'guest' });
  const token = server.token({ kind: 'actions', repositories: [repository] });
  await server.commit(repository, 'bugloop/issue-1', { 'src/a.js': changed, 'logo.bin': 'c\0d\n' });
  const pull = await server.pull(repository, {
    author: token.account.login,
    title: 'fix: it',
    body: 'Closes #1',
    head: 'bugloop/issue-1',
    base: 'main',
    draft: true,
  });
  const options = { ...(await gitHubOptions(server, repository, token)), automaticReviewers: [] };
  server.forget();
  return { reviews: openGitHubReviews(options), repository, pull, issue, token };
}

describe('pages to the end', () => {
  test('150 threads, a thread of 130 comments, 230 comments on the change, 205 on the issue, 120 checks', async () => {
    const { reviews, repository, pull, issue } = await ground();
    for (let line = 1; line <= 150; line += 1)
      await server.addThread(pull, { author: 'maria', path: 'src/a.js', line, body: `n ${line}` });
    const long = pull.threads[140]!;
    for (let number = 2; number <= 130; number += 1) await server.reply(long, `word ${number}`, 'maria');
    server.comment(pull, '/bugloop stop', 'maria');
    for (let number = 0; number < 229; number += 1) server.comment(pull, `by the way ${number}`, 'guest');
    for (let number = 0; number < 204; number += 1) server.comment(issue, `me too ${number}`, 'guest');
    server.comment(issue, '<!-- bugloop:status -->\nat work', 'github-actions[bot]');
    for (let number = 0; number < 120; number += 1) {
      const conclusion = number === 110 ? 'failure' : 'success';
      server.addCheck(repository, pull.headSha, { name: `check ${number}`, conclusion, status: 'completed' });
    }
    server.forget();

    const standing = await reviews.read(pull.number);
    expect(standing.threads).toHaveLength(150);
    expect(standing.threads.find(({ id }) => id === long.nodeId)?.comments.at(-1)?.body).toBe('word 130');
    expect(standing.comments).toHaveLength(230);
    expect(standing.comments[0]?.body).toBe('/bugloop stop');
    expect(standing.closes?.status?.text).toContain('at work');
    expect(standing.failedChecks.map(({ name }) => name)).toEqual(['check 110']);
    // The change, permissions, and one more for each further hundred.
    expect(server.count('api')).toBe(2 + 1 + 1 + 2 + 2 + 1);
    server.assertClean();
  });
});

describe('a thread is told as it is', () => {
  test('lines, several lines, removed lines, whole files, binary files; and what became of them', async () => {
    const { reviews, repository, pull } = await ground();
    const say = (path: string, place: { line?: number; startLine?: number; side?: 'LEFT' | 'RIGHT' } = {}) =>
      server.addThread(pull, { author: 'maria', path, body: 'why?', ...place });
    await say('src/a.js', { line: 10 });
    await say('src/a.js', { line: 12, startLine: 9 });
    await say('src/a.js', { line: 50, side: 'LEFT' });
    await say('src/a.js', { line: 150 });
    await say('src/a.js');
    await say('logo.bin', { line: 1 });
    const first = await reviews.read(pull.number);
    const shown = ({ line, startLine, originalLine, side, isOutdated, diffHunk }: (typeof first.threads)[number]) =>
      [side, startLine ?? '', line ?? '', originalLine ?? '', isOutdated ? 'outdated' : '', diffHunk.split('\n').at(-1)].join(
        '|',
      );
    expect(first.threads.map(shown)).toEqual([
      'RIGHT||10|10||+const ten = 10;',
      'RIGHT|9|12|12|| const c12 = 12;',
      'LEFT||50|50||-const c50 = 50;',
      'RIGHT||150|150|| const c151 = 151;',
      'RIGHT|||||',
      'RIGHT|||||',
    ]);
    expect(first.threads[0]?.diffHunk.split('\n')[0]).toMatch(/^@@ -7,\d+ \+7,\d+ @@/);

    await server.commit(repository, 'bugloop/issue-1', {
      'src/a.js': `// one more line\n${changed.replace('const c11 = 11;', 'const c11 = 0;')}`,
    });
    const moved = await reviews.read(pull.number);
    expect(moved.threads.map(({ line, isOutdated }) => [line, isOutdated])).toEqual([
      [11, false],
      [undefined, true],
      [50, false],
      [151, false],
      [undefined, false],
      [undefined, false],
    ]);

    server.assertClean();
  });
});

const log = (name: string): Buffer => readFileSync(new URL(`../fixtures/logs/${name}`, import.meta.url));

describe('what a failed job printed', () => {
  test('is told by what failed, without colours, times and marks', async () => {
    const { repository, pull, token, reviews } = await ground();
    server.workflow(repository, {
      name: 'unit',
      jobs: [{ name: 'unit', conclusion: 'failure', log: log('job-failed.txt').toString('latin1') }],
    });
    await server.commit(repository, 'bugloop/issue-1', { 'src/b.js': '' });
    const { failedChecks } = await reviews.read(pull.number);
    expect(failedChecks).toMatchObject([{ name: 'unit' }]);
    const kept = await reviews.readLog(failedChecks[0]?.job ?? 0);
    if (kept === undefined) throw new Error('no log');
    const digest = digestLog(kept, 2_800);
    expect(digest).toContain('AssertionError [ERR_ASSERTION]: Expected values to be strictly equal:');
    expect(digest).toContain('-1 !== 3');
    expect(digest).toContain('error: Process completed with exit code 1.');
    // oxlint-disable-next-line eslint/no-control-regex -- colours are control characters
    expect(digest).not.toMatch(/\u001b|^2026-|##\[/m);
    expect(Buffer.byteLength(digest)).toBeLessThanOrEqual(2_800);

    const fetched = server.requests.filter(({ surface }) => surface === 'web');
    expect(fetched).toHaveLength(1);
    expect(JSON.stringify(fetched[0]?.headers)).not.toContain(token.value);
    expect(fetched[0]?.headers['authorization']).toBeUndefined();
  });

  test('a log that is gone is no error', async () => {
    expect(await (await ground()).reviews.readLog(4711)).toBeUndefined();
    server.problems.splice(0);
  });
});

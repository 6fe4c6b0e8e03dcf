import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { layGround, playFault, playKill, playRace, playSignal, type Ground, type Moment, type Next } from '../soak/play.ts';
import {
  branchesOf,
  cloneOf,
  endlessTest,
  expectOneOfEach,
  run,
  scripted,
  scripts,
  stage,
  start,
  statusComments,
  type Scene,
} from './github.ts';

/**
 * A few moments of the many that `npm run soak` goes through: a run is killed, interrupted, lied to or raced there, then
 * run again. One branch, one pull request, one status comment, and the tree of an undisturbed run.
 */
// Several processes at a time, each with a test suite of its own: on a busy machine that takes a while.
vi.setConfig({ testTimeout: 240_000, hookTimeout: 240_000 });

let ground: Ground;
beforeAll(async () => {
  ground = await layGround();
});
afterAll(() => ground[Symbol.asyncDispose]());

const request = (what: string): Moment => ({ kind: 'request', what, nth: 0 });
const write = (what: string, nth = 0): Moment => ({ kind: 'write', what, nth });
const announcement = request('mutation addLabelsToLabelable removeLabelsFromLabelable addComment');
const opening = request('mutation createPullRequest');

describe('killed', () => {
  test.concurrent.each<['before' | 'after', Moment, Next]>([
    ['before', request('git/create-commit'), 'resume'],
    ['after', request('git/create-ref'), 'solve'],
    ['after', announcement, 'elsewhere'],
    ['before', write('write journal.jsonl attempt'), 'solve'],
    ['after', write('write journal.jsonl attempt'), 'resume'],
    ['before', write('rename patch.diff'), 'resume'],
    ['after', opening, 'solve'],
  ])('solve: %s %o, then %s', async (when, moment, next) => {
    const worked = moment.kind === 'write' && next === 'resume';
    expect(await playKill(ground, { subject: 'solve', moment, when, worked }, next)).toEqual([]);
  });

  test.concurrent.each<['before' | 'after', Moment, Next]>([
    ['after', request('git/create-ref'), 'publish'],
    ['before', request('git-receive-pack'), 'publish'],
    ['after', request('git-receive-pack'), 'publish'],
    ['after', opening, 'publish'],
    ['before', request('mutation removeLabelsFromLabelable addComment updateRefs'), 'publish'],
    ['after', request('mutation removeLabelsFromLabelable addComment updateRefs'), 'publish'],
  ])('publish: %s %o, then %s', async (when, moment, next) => {
    expect(await playKill(ground, { subject: 'publish', moment, when }, next)).toEqual([]);
  });
});

describe('interrupted', () => {
  test.concurrent.each([
    ['SIGTERM', announcement],
    ['SIGINT', write('write journal.jsonl attempt')],
  ] as const)('by %s at %o', async (signal, moment) => {
    expect(await playSignal(ground, { subject: 'solve', moment, when: 'after' }, signal)).toEqual([]);
  });

  test('in the middle of the work: what was done is on the branch, and resume goes on from there', async () => {
    await using scene = await stage();
    const running = start(scene, ['solve', '1', ...scripted(scene, scripts.slow)]);
    await untilChecking(scene);
    running.child.kill('SIGINT');
    const ended = await running.ended;
    expect(ended.status).toBe(130);
    expect(await branchesOf(scene)).toContain('bugloop/issue-1');
    expect(statusComments(scene)).toHaveLength(1);
    const resumed = await run(scene, ['resume', '1', ...scripted(scene, scripts.rest)], {}, cloneOf(scene));
    expect(resumed.status).toBe(0);
    await expectOneOfEach(scene);
  });
});

test.concurrent.each([
  ['status 502 after', request('git/create-ref')],
  ['reset after', opening],
  ['html', request('mutation removeLabelsFromLabelable addComment updateRefs')],
  ['secondary-limit', request('query viewer repository')],
  ['truncated', request('git-receive-pack')],
] as const)('publish with %s at %o', async (kind, moment) => {
  expect(await playFault(ground, 'publish', moment, kind)).toEqual([]);
});

test('solves that race', async () => {
  expect(await playRace(ground, 1)).toEqual([]);
});

/** Until the half-done work is in the workspace and its check has begun. */
async function untilChecking({ clone }: Scene): Promise<void> {
  const runs = join(clone, '.bugloop', 'runs');
  const transcripts = (): string[] =>
    existsSync(runs)
      ? readdirSync(runs)
          .map((run) => join(runs, run, 'transcript.jsonl'))
          .filter((file) => existsSync(file))
      : [];
  while (!transcripts().some((file) => readFileSync(file, 'utf8').includes(endlessTest))) {
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  await new Promise((resolve) => setTimeout(resolve, 1_000));
}

import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { ReviewThread } from '../servers/github/index.ts';
import {
  answer,
  branch,
  finish,
  opened,
  pushes,
  repliesTo,
  review,
  source,
  stateOf,
  suggest,
  turn,
  type Opened,
} from './change.ts';
import { branchesOf, cloneOf, run, scripted, start } from './github.ts';

/** What a round leaves of the change besides its threads: the draft flag, the state that is recorded, its lock. */

describe('a change that is ready', () => {
  test('by our own word is a draft again before another head is pushed', async () => {
    await using scene = await opened();
    await turn(scene, 'markPullRequestReadyForReview');
    const thread = await scene.say(2, suggest('  return b + a;'));
    scene.server.forget();
    expect(await review(scene)).toMatchObject({ status: 0, stderr: '' });
    expect(scene.pull.draft).toBe(true);
    const writes = scene.server.requests.filter((request) => request.writes).map(({ operation }) => operation);
    expect(writes.indexOf('mutation convertPullRequestToDraft')).toBeGreaterThan(-1);
    expect(writes.indexOf('mutation convertPullRequestToDraft')).toBeLessThan(writes.indexOf('git-receive-pack'));
    expect(stateOf(scene)).toMatchObject({ record: { state: 'PR_DRAFT', change: { head: scene.pull.headSha } } });
    expect(repliesTo(scene, thread)).toHaveLength(1);
    scene.server.assertClean();
  });

  test('stays so where nothing is pushed, and the record says so', async () => {
    await using scene = await opened();
    await turn(scene, 'markPullRequestReadyForReview');
    await scene.say(5, 'Why is there a function for this?');
    expect(await review(scene, [[answer('t1', 'declined', 'It is used.'), finish]])).toMatchObject({ status: 0 });
    expect(scene.pull.draft).toBe(false);
    expect(pushes(scene)).toBe(0);
    expect(stateOf(scene)).toMatchObject({ record: { state: 'READY' } });
  });

  test('by a person stays so whatever is pushed', async () => {
    await using scene = await opened();
    await turn(scene, 'markPullRequestReadyForReview', 'maria');
    await scene.say(2, suggest('  return b + a;'));
    expect(await review(scene)).toMatchObject({ status: 0 });
    expect(scene.pull.draft).toBe(false);
    expect(stateOf(scene)).toMatchObject({ record: { state: 'READY', change: { head: scene.pull.headSha } } });
  });
});

describe('a change that closes no issue', () => {
  test('is worked on by one round at a time', async () => {
    await using scene = await opened({}, { body: 'Part of a longer story.' });
    const thread = await scene.say(2, suggest('  return b + a;'));
    const args = ['review', String(scene.pull.number), ...scripted(scene, [[finish]])];
    const both = await Promise.all([run(scene, args), run(scene, args, {}, cloneOf(scene))]);
    expect(both.map(({ status }) => status)).toEqual([0, 0]);
    expect(both.filter(({ stdout }) => /is working on #2|no thread of #2 waits/.test(stdout))).toHaveLength(1);
    expect(repliesTo(scene, thread)).toHaveLength(1);
    expect(pushes(scene)).toBe(1);
    expect(await branchesOf(scene)).toEqual([branch, 'main']);
    scene.server.assertClean();
  });

  test('is taken over where a round was killed, and answered once', async () => {
    await using scene = await opened({}, { body: 'Part of a longer story.' });
    const thread = await scene.say(2, suggest('  return b + a;'));
    const running = start(scene, ['review', String(scene.pull.number), ...scripted(scene, [[finish]])]);
    const kill = (): boolean => running.child.kill('SIGKILL');
    scene.server.faults.add({
      kind: 'reset',
      commit: true,
      match: ({ operation }) => operation === 'git-receive-pack' && kill(),
    });
    expect((await running.ended).signal).toBe('SIGKILL');
    expect(await branchesOf(scene)).toEqual([branch, 'bugloop/locks/issue-1', 'main']);
    expect(await review(scene)).toMatchObject({ status: 0 });
    expect(repliesTo(scene, thread)).toEqual([expect.stringContaining(`**Fixed** in ${scene.pull.headSha}`)]);
    expect(await branchesOf(scene)).toEqual([branch, 'main']);
    scene.server.assertClean();
  });

  test('is let go where a round breaks', async () => {
    await using scene = await opened({}, { body: 'Part of a longer story.' });
    await scene.say(2, suggest('  return b + a;'));
    scene.server.faults.add({ kind: 'status', status: 403, match: 'git-receive-pack' });
    await review(scene);
    expect(await branchesOf(scene)).toEqual([branch, 'main']);
    scene.server.faults.clear();
    expect(await review(scene)).toMatchObject({ status: 0 });
    expect(pushes(scene)).toBe(2);
  });
});

/** One push, one reply that is about the head, a proof in the text. */
function expectAnswered(scene: Opened, thread: ReviewThread): void {
  expect(pushes(scene)).toBe(1);
  expect(repliesTo(scene, thread)).toEqual([expect.stringContaining(`**Fixed** in ${scene.pull.headSha}`)]);
  expect(scene.pull.body).toContain('### Proof');
  scene.server.assertClean();
}

describe('the base moves, which is nothing to a round: only its own branch must not have moved', () => {
  test('on the same lines, so that the change cannot be merged: a gate says so', async () => {
    await using scene = await opened();
    const thread = await scene.say(2, suggest('  return b + a;'));
    const theirs = { 'src/add.js': source.replace('a - b', 'Number(a) - b') };
    await scene.server.commit(scene.repository, 'main', theirs, { author: 'maria' });
    expect(await review(scene)).toMatchObject({ status: 0, stderr: '' });
    expectAnswered(scene, thread);
  });

  test('between the two halves, in a workflow: a round adds one commit to what GitHub took already', async () => {
    const ci = '.github/workflows/ci.yml';
    await using scene = await opened({ [ci]: 'on: push\njobs: {}\n' });
    const thread = await scene.say(2, suggest('  return b + a;'));
    const out = join(scene.home, 'runs');
    expect(await review(scene, [[finish]], ['--no-publish', '--out', out])).toMatchObject({ status: 0 });
    await scene.server.commit(scene.repository, 'main', { [ci]: 'on: pull_request\njobs: {}\n' }, { author: 'maria' });
    const [name = ''] = readdirSync(out).filter((entry) => /^\d/.test(entry));
    expect(await run(scene, ['publish', join(out, name), '--quiet'], {}, cloneOf(scene))).toMatchObject({
      status: 0,
      stderr: '',
    });
    expectAnswered(scene, thread);
  });
});

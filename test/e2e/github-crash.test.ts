import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { FaultTarget } from '../servers/github/faults.ts';
import {
  branchesOf,
  cloneOf,
  endlessTest,
  expectOneOfEach,
  run,
  scripted,
  scripts,
  solve,
  stage,
  start,
  statusComments,
  type Ended,
  type Scene,
} from './github.ts';

/**
 * SIGKILL at every request, before it and after it took effect, then the same command again: one branch, one pull
 * request, one status comment, and the tree of an undisturbed run. The double ends the process; the product knows nothing
 * of it.
 */

/** A run that was made and not published, to start from many times. */
async function solvedRun(scene: Scene): Promise<string> {
  const out = join(scene.home, 'runs');
  const solved = await run(scene, ['solve', '1', ...scripted(scene), '--no-publish', '--out', out]);
  expect(solved).toMatchObject({ status: 0 });
  const [name = ''] = readdirSync(out).filter((entry) => /^\d/.test(entry));
  return join(out, name);
}

/** Runs until the `nth` request arrives, and kills bugloop there. */
async function killAt(scene: Scene, args: string[], nth: number, when: 'before' | 'after'): Promise<Ended> {
  const running = start(scene, args);
  let seen = -1;
  scene.server.faults.add({
    kind: 'reset',
    commit: when === 'after',
    match(_request: FaultTarget) {
      seen += 1;
      if (seen === nth) running.child.kill('SIGKILL');
      return seen === nth;
    },
  });
  return running.ended;
}

const moments = [0, 1, 2, 3, 4, 5, 6].flatMap((nth) => (['before', 'after'] as const).map((when) => [when, nth] as const));

describe('publish', () => {
  test.concurrent.each(moments)('killed %s request %i', async (when, nth) => {
    await using scene = await stage();
    const runDir = await solvedRun(scene);
    const killed = await killAt(scene, ['publish', runDir, '--quiet'], nth, when);
    expect(killed.signal).toBe('SIGKILL');
    const again = await run(scene, ['publish', runDir, '--quiet'], {}, cloneOf(scene));
    expect(again).toMatchObject({ status: 0, stderr: '' });
    await expectOneOfEach(scene);
    scene.server.assertClean();
  });
});

describe('solve', () => {
  test.concurrent.each([
    ['before', 2],
    ['after', 2],
    ['before', 3],
    ['after', 3],
    ['after', 6],
    ['before', 7],
  ] as const)('killed %s request %i', async (when, nth) => {
    await using scene = await stage();
    const killed = await killAt(scene, ['solve', '1', ...scripted(scene)], nth, when);
    expect(killed.signal).toBe('SIGKILL');
    const again = await solve(scene);
    expect(again.status).toBe(0);
    await expectOneOfEach(scene);
    scene.server.assertClean();
  });

  test('interrupted: what was done is on the branch, and resume goes on from there', async () => {
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

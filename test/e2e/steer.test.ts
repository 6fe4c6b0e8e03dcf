import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import {
  branchesOf,
  cloneOf,
  eventFile,
  expectOneOfEach,
  hasty,
  hastyMinute,
  labels,
  labelsOf,
  run,
  scripted,
  stage,
  start,
  statusComments,
  until,
  waiting,
  type Scene,
} from './github.ts';

/** A run that is steered from outside: by comments, in other processes, while it is at work. */

async function comment(scene: Scene, body: string, clone = cloneOf(scene)) {
  scene.server.comment(scene.issue, body, 'maria');
  return run(scene, ['dispatch', ...scripted(scene), '--quiet'], eventFile(scene, 'issue_comment', 'created'), clone);
}

describe('a run at work that is stopped', () => {
  test.each([
    ['pushes nothing and says why', {}, /Not published: stopped by maria/],
    ['starts no further attempt', hasty, /Stopped: stopped by maria.*\n\n {2}attempts {2}0/],
  ])('%s', async (_title, env, said) => {
    const { files, go } = waiting();
    await using scene = await stage({ files });
    const { ended } = start(scene, ['solve', '1', ...scripted(scene)], env);
    await until(() => statusComments(scene)[0]?.body.includes('is solving') === true);
    const claimed = performance.now();
    expect(await comment(scene, '/bugloop stop')).toMatchObject({ status: 0 });
    await sleep(Math.max(0, claimed + 1.2 * hastyMinute - performance.now()));
    go();
    const { status, stdout } = await ended;
    expect({ status, stdout }).toEqual({ status: 0, stdout: expect.stringMatching(said) });
    expect(await branchesOf(scene)).toEqual(['main']);
    expect(labelsOf(scene)).toEqual([]);
    expect(statusComments(scene)).toEqual([expect.objectContaining({ body: expect.stringContaining('stopped by maria') })]);
    scene.server.assertClean();
  });
});

test('a sealed run that was stopped is never published, and a later command starts anew', async () => {
  await using scene = await stage();
  const runs = join(scene.home, 'runs');
  await run(scene, ['solve', '1', ...scripted(scene), '--no-publish', '--out', runs]);
  await comment(scene, '/bugloop stop');
  const [sealed = ''] = readdirSync(runs).filter((name) => /^\d/.test(name));
  expect(existsSync(join(runs, sealed, 'report.json'))).toBe(true);
  scene.server.forget();
  const published = await run(scene, ['publish', join(runs, sealed), '--quiet'], {}, cloneOf(scene));
  expect(published).toMatchObject({ status: 0, stdout: expect.stringContaining('stopped by maria') });
  expect(scene.server.writes()).toEqual([]);
  expect(await comment(scene, '/bugloop retry')).toMatchObject({ status: 0 });
  await expectOneOfEach(scene);
});

test('an issue to be left alone is, whatever label is set, until somebody asks with a command', async () => {
  await using scene = await stage();
  await comment(scene, '/bugloop skip');
  expect(labelsOf(scene)).toEqual([]);
  await scene.server.label(scene.issue, labels.trigger, 'maria');
  scene.server.forget();
  const labelled = await run(scene, ['dispatch', ...scripted(scene)], eventFile(scene, 'issues', 'labeled'));
  expect(labelled).toMatchObject({ status: 0, stdout: expect.stringContaining('leave the issue alone') });
  expect(scene.server.writes()).toEqual([]);
  expect(await comment(scene, '/bugloop solve')).toMatchObject({ status: 0 });
  await expectOneOfEach(scene);
});

import { existsSync, mkdtempSync, readdirSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import {
  branchesOf,
  cloneOf,
  eventFile,
  expectOneOfEach,
  labels,
  labelsOf,
  run,
  scripted,
  stage,
  start,
  statusComments,
  type Scene,
} from './github.ts';

/** A run that is steered from outside: by comments, in other processes, while it is at work. */

async function comment(scene: Scene, body: string, clone = cloneOf(scene)) {
  scene.server.comment(scene.issue, body, 'maria');
  return run(scene, ['dispatch', ...scripted(scene), '--quiet'], eventFile(scene, 'issue_comment', 'created'), clone);
}

/** A test of the base that waits for a file: as long as the test wants, the run is at work. */
function waiting(): { files: Record<string, string>; go: () => void } {
  const file = join(mkdtempSync(join(tmpdir(), 'bugloop-wait-')), 'go');
  const source = `import { existsSync } from 'node:fs';
import { test } from 'node:test';
test('waits', async () => {
  while (!existsSync(${JSON.stringify(file)})) await new Promise((resolve) => setTimeout(resolve, 50));
});
`;
  return { files: { 'test/wait.test.js': source }, go: () => writeFileSync(file, '') };
}

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await sleep(50);
}

/** A run looks once a minute: so long, in milliseconds, does the minute of a hasty process last. */
const hastyMinute = 3_000;

/** A process for which twenty seconds pass in one. */
const hasty = {
  NODE_OPTIONS: `--import data:text/javascript,${encodeURIComponent('const now=Date.now,start=now();Date.now=()=>start+(now()-start)*20')}`,
};

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

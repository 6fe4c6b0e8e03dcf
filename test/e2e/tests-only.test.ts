import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { readRunReport } from '../../src/core/report.ts';
import {
  branchesOf,
  cloneOf,
  eventFile,
  expectOneOfEach,
  labelsOf,
  run,
  scripted,
  scripts,
  stage,
  statusComments,
  type Scene,
} from './github.ts';

/** A run that only writes the test, and the one that builds on it. */

const [fix, write, done] = scripts.good.flat();
const calls = (...some: (typeof fix)[]) => [some.filter((call) => call !== undefined)];
const onlyTest = calls(write, { tool: 'run_check', input: {} }, done);
const onlyFix = calls(fix, done);

const reports = (dir: string) =>
  readdirSync(dir)
    .filter((name) => /^\d/.test(name))
    .map((name) => {
      const read = readRunReport(readFileSync(join(dir, name, 'report.json'), 'utf8'));
      if (!read.ok) throw new Error(read.why);
      return read.report;
    });

/** The bot branch has the test and nothing else, and the status comment says how it is red. */
async function expectTest(scene: Scene): Promise<void> {
  const { server, repository } = scene;
  expect(server.pulls(repository)).toEqual([]);
  expect(await branchesOf(scene)).toEqual(['bugloop/issue-1', 'main']);
  expect(await server.git(repository, 'diff', '--name-only', 'main', 'bugloop/issue-1')).toBe('test/sum.test.js');
  expect(labelsOf(scene)).toEqual([]);
  const [status, ...more] = statusComments(scene);
  expect(more).toEqual([]);
  expect(status?.body).toMatch(/left a test that shows the bug on `bugloop\/issue-1`[^]*`\/bugloop solve` builds on it/);
  expect(status?.body).toMatch(/\| red 2× \| `test\/sum\.test\.js > sum` \(assertion\): `.*-1 !== 3/);
}

test('is asked for by a comment, in a workflow of three jobs; a later command builds on its test', async () => {
  await using scene = await stage();
  const { server, issue, repository } = scene;
  server.comment(issue, '/bugloop tests-only', 'maria');
  const event = eventFile(scene, 'issue_comment', 'created');
  expect((await run(scene, ['dispatch', 'decide', '--quiet'], event)).stdout).toContain('solve #1');
  const runs = join(scene.home, 'runs');
  const reader = server.token({ kind: 'read-only', repositories: [repository] });
  const args = ['dispatch', '1', ...scripted(scene, onlyTest), '--no-publish', '--out', runs];
  const worked = await run(scene, args, { ...event, GITHUB_TOKEN: reader.value });
  expect(worked).toMatchObject({ status: 0, stdout: expect.stringContaining('Reproduced: a test shows') });
  const [report] = reports(runs);
  expect(report).toMatchObject({
    outcome: 'reproduced',
    attempts: [{ stage: 'reproduced' }],
    reproduction: { repeat: 2, tests: [{ id: 'test/sum.test.js > sum', kind: 'assertion' }] },
  });
  expect(report?.reproduction?.red).toHaveLength(2);
  expect(report?.proof).toBeUndefined();
  expect(await run(scene, ['publish', join(runs, report?.run.id ?? ''), '--quiet'], {}, cloneOf(scene))).toMatchObject({
    status: 0,
  });
  await expectTest(scene);

  server.comment(issue, '/bugloop solve', 'maria');
  const solved = ['dispatch', ...scripted(scene, onlyFix)];
  expect(await run(scene, solved, eventFile(scene, 'issue_comment', 'created'), cloneOf(scene))).toMatchObject({ status: 0 });
  await expectOneOfEach(scene);
  scene.server.assertClean();
});

test('is asked for by hand, in one process', async () => {
  await using scene = await stage();
  const args = ['solve', '1', '--tests-only', ...scripted(scene, onlyTest)];
  expect(await run(scene, args)).toMatchObject({ status: 0, stdout: expect.stringContaining('Reproduced') });
  await expectTest(scene);
});

describe('is not reproduced', () => {
  test('by a change of the source, nor by a test that is green', async () => {
    await using scene = await stage();
    const bent = { tool: 'edit', input: { path: 'test/sum.test.js', old: 'add(1, 2), 3', new: 'add(1, 2), -1' } };
    const undo = { tool: 'edit', input: { path: 'src/add.js', old: 'a + b', new: 'a - b' } };
    const script = [...calls(fix, write, done), ...calls(undo, bent, done)];
    const args = ['solve', '1', '--tests-only', ...scripted(scene, script), '--no-publish', '--max-iterations', '2', '--json'];
    const { status, stdout } = await run(scene, args);
    expect(status).toBe(3);
    expect(JSON.parse(stdout)).toMatchObject({
      outcome: 'escalated',
      attempts: [
        { stage: 'guards', reasons: [{ code: 'guard.not_a_test', path: 'src/add.js' }] },
        { stage: 'red', reasons: [{ code: 'proof.green_on_base' }] },
      ],
    });
  });
});

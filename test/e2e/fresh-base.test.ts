import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import {
  branchesOf,
  cloneOf,
  expectOneOfEach,
  files,
  labels,
  labelsOf,
  run,
  scripted,
  solve,
  stage,
  statusComments,
  type Scene,
} from './github.ts';

/** A workflow changed on the base since the clone was made: GitHub takes a branch only on top of that. */

const ci = '.github/workflows/ci.yml';
const before = { files: { [ci]: 'on: push\njobs: {}\n' } };

async function move(scene: Scene, more: Record<string, string> = {}): Promise<string> {
  const commit = await scene.server.commit(
    scene.repository,
    'main',
    { [ci]: 'on: pull_request\njobs: {}\n', ...more },
    { author: 'maria' },
  );
  scene.server.forget();
  return commit;
}

function runsIn(dir: string): string[] {
  return readdirSync(dir)
    .filter((name) => /^\d/.test(name))
    .map((name) => join(dir, name));
}

const onlyNewest = 'the forge refuses the push because workflow files differ from its newest base';

describe('where code of the repository may run', () => {
  test('the change is put on the newest base, proven again there, and pushed', async () => {
    await using scene = await stage(before);
    const main = await move(scene, { 'src/other.js': 'export const other = 1;\n' });
    const ended = await solve(scene);
    expect(ended.stderr + ended.stdout).toContain('draft');
    expect(ended.status).toBe(0);
    await expectOneOfEach(scene);
    const { server, repository } = scene;
    expect(await server.git(repository, 'rev-parse', 'bugloop/issue-1^')).toBe(main);
    expect(await server.git(repository, 'diff', '--name-only', 'main', 'bugloop/issue-1')).toBe('src/add.js\ntest/sum.test.js');
    const [runDir = ''] = runsIn(join(scene.clone, '.bugloop/runs'));
    const report: unknown = JSON.parse(readFileSync(join(runDir, 'report.json'), 'utf8'));
    expect(report).toMatchObject({ base: { commit: main, branch: 'main' }, proof: { verdict: { ok: true } } });
    // Nobody was asked again, and what is claimed can be checked by anybody who has the newest base.
    expect(report).toMatchObject({ attempts: [{ number: 1 }] });
    const verified = await run(scene, ['verify', runDir, '--sandbox', 'basic', '--quiet'], {}, pulled(scene.clone));
    expect(verified).toMatchObject({ status: 0 });
    server.assertClean();
  });

  test.each<[string, Record<string, string>]>([
    ['the same lines were changed there', { 'src/add.js': files['src/add.js'].replace('a - b', 'Number(a) - b') }],
    [
      'it is not proven there',
      {
        'test/minus.test.js': files['test/add.test.js'].replace(
          "'zero', () => { assert.equal(add(0, 0), 0)",
          "'minus', () => { assert.equal(add(3, 1), 2)",
        ),
      },
    ],
  ])('%s: nothing is pushed, and the next run starts there', async (_, theirs) => {
    await using scene = await stage(before);
    await move(scene, theirs);
    const ended = await solve(scene);
    expect(ended).toMatchObject({ status: 5, stderr: expect.stringContaining(onlyNewest) as unknown });
    expect(ended.stderr).toContain('[git.stale_base]');
    expect(await branchesOf(scene)).toEqual(['main']);
    // In work, and nobody works: what a look of the clock takes up again.
    expect(labelsOf(scene)).toEqual([labels.inProgress]);
    expect(statusComments(scene)).toHaveLength(1);
    scene.server.assertClean();
  });
});

/** The clone, with its branch at the newest base. */
function pulled(clone: string): string {
  execFileSync('git', ['pull', '--quiet'], { cwd: clone });
  return clone;
}

test('publish runs no code: it says so in one line, and resume reuses what was proven', async () => {
  await using scene = await stage(before);
  const out = join(scene.home, 'runs');
  await run(scene, ['solve', '1', ...scripted(scene), '--no-publish', '--out', out]);
  await move(scene);
  const [runDir = ''] = runsIn(out);
  const refused = await run(scene, ['publish', runDir, '--quiet'], {}, cloneOf(scene));
  expect(refused).toMatchObject({ status: 5, stdout: '' });
  expect(refused.stderr.trimEnd().split('\n')).toEqual([
    `bugloop: bugloop/issue-1 was not pushed: ${onlyNewest} [git.stale_base]`,
    expect.stringContaining('mend: git pull, then bugloop resume 1'),
  ]);
  expect(await branchesOf(scene)).toEqual(['main']);
  expect(labelsOf(scene)).toEqual([labels.inProgress]);
  // The script has nothing left to do: only work that is there already can be proven.
  const resumed = await run(scene, ['resume', '1', ...scripted(scene, [[]]), '--out', out], {}, pulled(scene.clone));
  expect(resumed.stderr + resumed.stdout).toContain('draft');
  await expectOneOfEach(scene);
  scene.server.assertClean();
});

import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { branchesOf, cloneOf, expectOneOfEach, labelsOf, run, scripted, solve, stage, statusComments } from './github.ts';

describe('a labelled issue becomes a draft pull request', () => {
  test('in one process, within the budget of requests', async () => {
    await using scene = await stage();
    const ended = await solve(scene);
    expect(ended.stderr + ended.stdout).toContain('Proven');
    expect(ended.status).toBe(0);
    const [pull, ...others] = scene.server.pulls(scene.repository);
    expect(others).toEqual([]);
    expect(pull).toMatchObject({ draft: true, title: 'fix: add(1, 2) is wrong' });
    expect(pull?.body).toMatch(/^Closes #1\n/);
    expect(pull?.body).toContain('### Proof');
    expect(labelsOf(scene)).toEqual([]);
    expect(statusComments(scene)).toHaveLength(1);
    expect(statusComments(scene)[0]?.body).toContain(`#${pull?.number}`);
    expect(await branchesOf(scene)).toEqual([`bugloop/issue-1`, 'main']);
    // Seven here, and one more for the permission of whoever set the label.
    expect(scene.server.count('api')).toBeLessThanOrEqual(7);
    expect(scene.server.count('git')).toBeLessThanOrEqual(2);
    scene.server.assertClean();
  });

  test('as two jobs: one without a write token, one without a key', async () => {
    await using scene = await stage();
    const reader = scene.server.token({ kind: 'read-only', repositories: [scene.repository] });
    const solved = await run(scene, ['solve', '1', ...scripted(scene), '--no-publish', '--out', join(scene.home, 'runs')], {
      GITHUB_TOKEN: reader.value,
    });
    expect(solved).toMatchObject({ status: 0, stdout: expect.stringContaining('Proven') });
    expect(scene.server.writes()).toEqual([]);
    const [runDir = ''] = readdirSync(join(scene.home, 'runs')).filter((name) => /^\d/.test(name));
    const fresh = cloneOf(scene);
    const published = await run(scene, ['publish', join(scene.home, 'runs', runDir), '--quiet'], {}, fresh);
    expect(published).toMatchObject({ status: 0, stderr: '' });
    await expectOneOfEach(scene);
    expect(scene.server.count('api')).toBeLessThanOrEqual(7);
    const again = await run(scene, ['publish', join(scene.home, 'runs', runDir), '--quiet'], {}, fresh);
    expect(again.status).toBe(0);
    await expectOneOfEach(scene);
    scene.server.assertClean();
  });
});

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { labels, run, stage, type Ended, type Scene } from './github.ts';

/** What one look of the clock costs in a repository where much has been left lying. */

const clock = (scene: Scene): Record<string, string> => {
  const file = join(scene.home, 'schedule.json');
  writeFileSync(file, JSON.stringify({ schedule: '*/30 * * * *' }));
  return { GITHUB_EVENT_NAME: 'schedule', GITHUB_EVENT_PATH: file };
};
const look = (scene: Scene, ...args: string[]): Promise<Ended> => run(scene, ['dispatch', ...args], clock(scene));

test('sixty open changes: twenty are looked at, and those that cannot be judged do not stop the others', async () => {
  await using scene = await stage();
  const { server, repository, token } = scene;
  const head = await server.commit(repository, 'seed', { 'src/add.js': 'x' });
  for (let number = 101; number <= 160; number += 1) {
    const branch = `bugloop/issue-${number}`;
    await server.git(repository, 'update-ref', `refs/heads/${branch}`, head);
    const opening = { title: 'fix', body: 'Closes #1', head: branch, base: 'main', draft: true };
    await server.pull(repository, { ...opening, author: token.account.login });
  }
  server.forget();
  // Only the first can be read, which takes up to three requests.
  server.faults.add({ kind: 'status', status: 404, match: 'graphql', after: 3, times: 1000 });
  const { stdout } = await look(scene, 'gate', '--dry-run');
  expect(stdout.match(/^Change \d+ at|^gate #\d+: /gm)).toHaveLength(20);
  expect(stdout).toMatch(/^Change \d+ at/);
  expect(server.count('api')).toBeLessThanOrEqual(1 + 2 * 20);
  expect(server.count('git')).toBeLessThanOrEqual(3);
  expect(server.writes()).toEqual([]);
}, 60_000);

test('eight stopped runs: three are started', async () => {
  await using scene = await stage({ labels: [] });
  const { server, repository } = scene;
  for (let number = 2; number <= 9; number += 1) {
    await server.issue(repository, { title: 'bug', labels: [labels.inProgress], author: 'maria' });
  }
  server.forget();
  const { status, stdout } = await look(scene, 'decide');
  expect({ status, started: stdout.match(/^resume #\d+$/gm)?.length }).toEqual({ status: 0, started: 3 });
  expect(server.count('api')).toBeLessThanOrEqual(4);
  expect(server.writes()).toEqual([]);
});

import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { answer, commitOurs, edit, finish, opened, pushes, stateOf, suggest, type Call, type Opened } from './change.ts';
import { cloneOf, eventFile, labels, labelsOf, run, scripted, start, type Ended } from './github.ts';

/** Checks that end, played against the binary and the double: one round for each head that fails, else the gate. */

function dispatch(
  scene: Opened,
  env: Record<string, string>,
  args: string[] = [],
  script: Call[][] = [[finish]],
): Promise<Ended> {
  return run(scene, ['dispatch', ...args, ...scripted(scene, script)], env);
}

const turned = edit('return a + b', 'return b + a');
const lint = { name: 'lint', app: 'circleci', conclusion: 'failure' } as const;

const rounds = (scene: Opened): object[] => {
  const read = stateOf(scene);
  return read.ok ? (read.record.rounds ?? []) : [];
};

test('a failed check is one round, and what is pushed is judged anew', async () => {
  await using scene = await opened();
  const before = scene.pull.headSha;
  scene.server.addCheck(scene.repository, before, lint);
  const failed = eventFile(scene, 'check_suite', 'completed');
  expect(await dispatch(scene, failed, [], [[turned, finish]])).toMatchObject({ status: 0, stderr: '' });
  expect(pushes(scene)).toBe(1);
  expect(rounds(scene)).toEqual([{ at: expect.any(String), head: before, checks: true, ended: true }]);

  // The same word once more is about a head that is gone.
  const again = await dispatch(scene, failed);
  expect(again).toMatchObject({ status: 0, stdout: expect.stringMatching(/^gate #|^Change \d+ at/m) });
  expect(again.stdout).toContain('No round of review');
  expect(pushes(scene)).toBe(1);
  scene.server.assertClean();
}, 60_000);

test('a round that mends nothing is the only one for its head, whatever fails there later', async () => {
  await using scene = await opened();
  const { server, repository, pull } = scene;
  server.addCheck(repository, pull.headSha, lint);
  const asked = await dispatch(scene, eventFile(scene, 'check_suite', 'completed'));
  // Nobody could mend it, so that a person has to look.
  expect(asked).toMatchObject({ status: 3, stdout: expect.stringMatching(/needs-human +check lint/) });
  expect(labelsOf(scene)).toContain(labels.needsHuman);
  expect(rounds(scene)).toMatchObject([{ checks: true, ended: true }]);
  server.addStatus(repository, pull.headSha, { context: 'ci/jenkins', state: 'failure', description: '2 failed' });
  server.forget();
  const later = await dispatch(scene, eventFile(scene, 'status'));
  expect(later.stdout).toContain(`No round of review of #${pull.number}: a round has worked on the failed checks of this head`);
  expect(later.stdout).toMatch(/ci\/jenkins/);
  expect(pushes(scene)).toBe(0);
  expect(rounds(scene)).toHaveLength(1);
}, 60_000);

test('what passed, or waits, is for the gate alone', async () => {
  await using scene = await opened();
  const { server, repository, pull } = scene;
  server.addCheck(repository, pull.headSha, { ...lint, conclusion: 'success' });
  expect((await dispatch(scene, eventFile(scene, 'check_suite', 'completed'))).stdout).not.toContain('round of review');
  server.addStatus(repository, pull.headSha, { context: 'ci/jenkins', state: 'pending' });
  expect((await dispatch(scene, eventFile(scene, 'status'))).stdout).toContain('ignored: the status ci/jenkins is pending');
  expect(rounds(scene)).toEqual([]);
});

test('our own word and our own jobs are no work', async () => {
  await using scene = await opened();
  const { server, repository, pull } = scene;
  server.workflow(repository, {
    name: 'bugloop review',
    path: '.github/workflows/bugloop-review.yml',
    jobs: [{ name: 'agent', conclusion: 'failure' }],
  });
  await commitOurs(scene, { 'README.md': 'x\n' });
  server.addCheck(repository, pull.headSha, { name: 'bugloop/gate', app: 'bugloop', conclusion: 'failure' });
  server.forget();
  const { stdout } = await dispatch(scene, eventFile(scene, 'check_suite', 'completed'));
  expect(stdout).toContain(`No round of review of #${pull.number}: nothing waits`);
  expect((await dispatch(scene, eventFile(scene, 'workflow_run', 'completed'))).stdout).toContain('a workflow of bugloop itself');
  server.addStatus(repository, pull.headSha, { context: 'bugloop/gate', state: 'failure' });
  expect((await dispatch(scene, eventFile(scene, 'status'))).stdout).toContain('is by bugloop itself');
  expect(pushes(scene)).toBe(0);
});

test('while a run is at work no other begins', async () => {
  await using scene = await opened();
  const { server, repository, pull } = scene;
  await scene.say(2, suggest('  return b + a;'));
  server.faults.add({ kind: 'hang', match: 'addPullRequestReviewThreadReply' });
  const running = start(scene, ['review', String(pull.number), ...scripted(scene, [[finish]])]);
  await expect.poll(() => server.faults.left(), { timeout: 50_000 }).toBe(0);
  server.addCheck(repository, pull.headSha, lint);
  const { stdout } = await run(
    scene,
    ['dispatch', ...scripted(scene)],
    eventFile(scene, 'check_suite', 'completed'),
    cloneOf(scene),
  );
  expect(stdout).toContain(`No round of review of #${pull.number}: another run is at work`);
  running.child.kill('SIGKILL');
  await running.ended;
}, 60_000);

/** What the deciding job leaves for the jobs after it. */
async function decide(scene: Opened, env: Record<string, string>): Promise<{ issues: string; changes: string; stdout: string }> {
  const clone = cloneOf(scene);
  const output = join(clone, '..', 'output');
  writeFileSync(output, '');
  const { stdout, status } = await run(scene, ['dispatch', 'decide'], { ...env, GITHUB_OUTPUT: output }, clone);
  expect(status).toBe(0);
  const read = (name: string): string => new RegExp(`^${name}=(.*)$`, 'm').exec(readFileSync(output, 'utf8'))?.[1] ?? '';
  return { issues: read('issues'), changes: read('changes'), stdout };
}

test('of many checks that fail at once, one job starts a round', async () => {
  await using scene = await opened();
  const { server, repository, pull } = scene;
  server.addCheck(repository, pull.headSha, lint);
  server.addStatus(repository, pull.headSha, { context: 'ci/jenkins', state: 'error' });
  const events = [eventFile(scene, 'check_suite', 'completed'), eventFile(scene, 'status')];
  const all = await Promise.all([...events, ...events].map((env) => decide(scene, env)));
  expect(all.map(({ changes }) => changes).toSorted()).toEqual([`[${pull.number}]`, '[]', '[]', '[]']);
  expect(rounds(scene)).toHaveLength(1);
  // The job that works writes nothing, and asks nobody whether it may.
  const [env = {}] = events;
  server.forget();
  expect(await dispatch(scene, env, [String(pull.number), '--no-publish'], [[turned, finish]])).toMatchObject({ status: 0 });
  expect(server.writes()).toEqual([]);
}, 60_000);

const clock = ({ home }: Opened): Record<string, string> => {
  const file = join(home, 'schedule.json');
  writeFileSync(file, JSON.stringify({ schedule: '23 * * * *' }));
  return { GITHUB_EVENT_NAME: 'schedule', GITHUB_EVENT_PATH: file };
};

test('the clock finds a check whose failure no event told of, once', async () => {
  await using scene = await opened();
  const { server, repository, pull } = scene;
  server.addCheck(repository, pull.headSha, lint);
  expect(await decide(scene, clock(scene))).toMatchObject({ issues: `[${pull.number}]`, changes: '[]' });
  expect((await decide(scene, clock(scene))).issues).toBe('[]');
});

test('the clock finds a thread that waits longer than a round takes, and the job after it works on it', async () => {
  await using scene = await opened();
  const { server, pull } = scene;
  const thread = await scene.say(9, 'Call it title.');
  expect((await decide(scene, clock(scene))).issues).toBe('[]');
  for (const comment of thread.comments) comment.createdAt -= 91 * 60_000;
  expect((await decide(scene, clock(scene))).issues).toBe(`[${pull.number}]`);
  server.forget();
  const script = [[edit('function label', 'function title'), answer('t1', 'fixed', 'It is called title.'), finish]];
  const worked = await dispatch(scene, clock(scene), [String(pull.number), '--no-publish'], script);
  expect(worked).toMatchObject({ status: 0, stdout: expect.stringContaining('fixed') });
  expect(server.writes()).toEqual([]);
}, 60_000);

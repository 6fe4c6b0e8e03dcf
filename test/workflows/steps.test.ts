import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { execa } from 'execa';
import { expect, test } from 'vitest';
import { encodeState } from '../../src/core/state.ts';
import { opened, pushes, repliesTo, stateOf, type Opened } from '../e2e/change.ts';
import { expectOneOfEach, labels, stage, type Scene } from '../e2e/github.ts';
import type { PullRequest, Token } from '../servers/github/index.ts';
import { play, secrets, type Event, type PlayedJob } from './play.ts';
import { folders, readWorkflow, type Workflow } from './workflow.ts';

/** The life of a bug through the shipped workflows: labelled, proven, reviewed, ready. */

const shipped = (name: string) => readWorkflow(`${folders.own}/bugloop-${name}.yml`);
const dispatch = shipped('dispatch');
const review = shipped('review');
const gate = shipped('gate');

/**
 * What any program of the repository can do in the job with the model key: look into its environment, into that of every
 * process it sees, and into what it can read of git and the home directory. It then does as an agent would.
 */
const agent = `import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
const read = (file) => { try { return readFileSync(file, 'utf8'); } catch { return ''; } };
const processes = readdirSync('/proc').filter((name) => /^\\d+$/.test(name)).map((pid) => read('/proc/' + pid + '/environ'));
const places = [JSON.stringify(process.env), ...processes, read('.git/config'), read(process.env.HOME + '/.gitconfig')];
const found = new Set(places.join('\\n').match(/gh[ps]_FAKE\\w+|github_pat_\\w+|sk-ant-[\\w-]+/g));
const source = read('src/add.js');
if (source.includes('b + a')) {
  writeFileSync('src/add.js', source.replaceAll('first', 'sum'));
  console.log('t1: fixed: It is called sum.');
} else {
  writeFileSync('src/add.js', source.replace('a - b', 'a + b'));
  const test = read('test/add.test.js').replace("'zero'", "'sum'").replace('add(0, 0), 0', 'add(1, 2), 3');
  writeFileSync('test/sum.test.js', test + '// secrets in sight: ' + found.size + '\\n');
}
`;

/** Of the app whose token is the secret BUGLOOP_TOKEN: what it does starts workflows, what github.token does starts none. */
const account = 47_110_815;
type Own = { BUGLOOP_TOKEN: string };

const repository = {
  'src/add.js': 'export function add(a, b) {\n  const first = a - b;\n  return first;\n}\n',
  'tools/agent.js': agent,
  '.bugloop/config.yml': `agents:
  bugsolver: { use: command, command: [node, tools/agent.js], accounts: [${account}] }
gate: { automatic_reviewers: [] }
`,
};

/** Private, so that nothing can be read that a job has no right to. */
const openScene = (): Promise<Scene> => stage({ labels: [], private: true, files: repository });

/** What GitHub sent last by that name, if it starts workflows at all. */
function lastEvent({ server }: Scene, event: string, action?: string): Event {
  const delivery = server.deliveries.findLast((one) => one.event === event && one.action === action);
  if (delivery === undefined) throw new Error(`no ${event} ${action ?? ''} was delivered`);
  expect(delivery.startsWorkflows).toBe(true);
  return { event, payload: delivery.payload };
}

const logOf = (played: readonly PlayedJob[]): string => played.map(({ job, log }) => `== ${job}\n${log}`).join('\n');

/** These jobs ran, in this order, and all went well; else what they printed. */
function expectSuccess(played: readonly PlayedJob[], jobs: readonly string[]): void {
  const ended = played.map(({ job, result }) => `${job} ${result}`);
  const wanted = jobs.map((job) => `${job} success`);
  expect({ ended, log: ended.join() === wanted.join() ? '' : logOf(played) }).toEqual({ ended: wanted, log: '' });
}

/** No job has both: a right to write, and what runs code of the repository or pays for a model. */
function expectApart(played: readonly PlayedJob[], { BUGLOOP_TOKEN: own }: Own): void {
  for (const { job, token, started } of played) {
    const writes = Object.values(token?.permissions ?? {}).includes('write');
    const read = started.flatMap(({ env }) => Object.values(env)).join('\n');
    expect({ job, key: read.includes(secrets.ANTHROPIC_API_KEY) }).toEqual({ job, key: job === 'agent' });
    expect({ job, both: writes && job === 'agent' }).toEqual({ job, both: false });
    expect({ job, own: read.includes(own) }).toEqual({ job, own: ['publish', 'gate'].includes(job) });
    const others = played.filter((one) => one.job !== job).map((one) => one.token?.value ?? 'none');
    expect(others.filter((value) => read.includes(value))).toEqual([]);
  }
}

/** What the agent, then the tests, could find. */
const sightOf = async ({ server, repository }: Scene, branch: string): Promise<string> =>
  /secrets in sight: \d+/.exec(await server.git(repository, 'show', `${branch}:test/sum.test.js`))?.[0] ?? 'nothing said';

/** Status of a comment that somebody with this token tries to write. */
async function tryToWrite({ server }: Scene, token: Token | undefined): Promise<number> {
  const headers = { authorization: `Bearer ${token?.value}`, 'content-type': 'application/json' };
  const url = `${server.apiUrl}/repos/acme/adder/issues/1/comments`;
  return (await fetch(url, { method: 'POST', headers, body: JSON.stringify({ body: 'x' }) })).status;
}

async function playSolve(scene: Scene, own: Own): Promise<PullRequest> {
  await scene.server.label(scene.issue, labels.trigger, 'maria');
  scene.server.forget();
  const played = await play(scene, dispatch, lastEvent(scene, 'issues', 'labeled'), own);
  expectSuccess(played, ['decide', 'agent', 'publish']);
  expectApart(played, own);
  expect(await tryToWrite(scene, played.find(({ job }) => job === 'agent')?.token)).toBe(403);
  const [pull] = scene.server.pulls(scene.repository);
  if (pull === undefined) throw new Error('no draft was opened');
  expect(await sightOf(scene, pull.headRef)).toBe('secrets in sight: 0');
  return pull;
}

test('a bug is labelled, solved, reviewed and ready', async () => {
  await using scene = await openScene();
  const { server } = scene;
  server.bot('bugloop', { id: account });
  const own = { BUGLOOP_TOKEN: server.token({ kind: 'app', repositories: [scene.repository] }).value };
  const pull = await playSolve(scene, own);
  await expectOneOfEach(scene);

  const suggestion = { path: 'src/add.js', line: 2, body: 'Rather:\n```suggestion\n  const first = b + a;\n```' };
  const wish = { path: 'src/add.js', line: 3, body: 'Please call it sum.' };
  await server.addReview(pull, { author: 'maria', event: 'COMMENT', body: 'Two things.', comments: [suggestion, wish] });
  server.forget();
  const reviewed = await play(scene, review, lastEvent(scene, 'pull_request_review', 'submitted'), own);
  expectSuccess(reviewed, ['decide', 'agent', 'publish']);
  expectApart(reviewed, own);
  const head = await server.head(scene.repository, pull.headRef);
  expect(await server.git(scene.repository, 'show', `${head}:src/add.js`)).toContain('const sum = b + a;');
  const answers = pull.threads.map(({ comments }) => comments.slice(1).map(({ body }) => body.split('\n')[0]));
  expect(answers).toEqual([[expect.stringContaining(`**Fixed** in ${head}`)], [expect.stringContaining(`**Fixed** in ${head}`)]]);
  expect(pushes(scene)).toBe(1);

  server.addCheck(scene.repository, pull.headSha, { name: 'test', conclusion: 'success' });
  const clock: Event = { event: 'schedule', payload: { schedule: '*/30 * * * *', repository: { default_branch: 'main' } } };
  const waits = await play(scene, gate, clock, own);
  expectSuccess(waits, ['gate']);
  expect(pull.draft).toBe(true);
  for (const thread of pull.threads) server.resolve(thread, 'maria');
  const ready = await play(scene, gate, clock, own);
  expectSuccess(ready, ['gate']);
  expectApart(ready, own);
  expect(logOf(ready)).toContain('ready');
  expect(pull.draft).toBe(false);

  // Who approves asks the gate once more; nothing has changed that it would have to say.
  await server.addReview(pull, { author: 'maria', event: 'APPROVE' });
  server.forget();
  const approved = lastEvent(scene, 'pull_request_review', 'submitted');
  expect((await play(scene, review, approved, own)).map(({ result }) => result)).toEqual(['skipped', 'skipped', 'skipped']);
  expectSuccess(await play(scene, gate, approved, own), ['gate']);
  expect(server.writes()).toEqual([]);
}, 120_000);

/** What the agent of the repository does to a change of ours, and says of its thread. */
const turner = `import { readFileSync, writeFileSync } from 'node:fs';
writeFileSync('src/add.js', readFileSync('src/add.js', 'utf8').replace('return a + b', 'return b + a'));
console.log('t1: fixed: Turned round.');
`;
const openChange = (): Promise<Opened> =>
  opened({
    'tools/agent.js': turner,
    '.bugloop/config.yml': 'agents: { bugsolver: { use: command, command: [node, tools/agent.js] } }\n',
  });
const clock: Event = { event: 'schedule', payload: { schedule: '23 * * * *', repository: { default_branch: 'main' } } };
const resultsOf = (played: readonly PlayedJob[]): string[] => played.map(({ job, result }) => `${job} ${result}`);
const idle = ['decide success', 'agent skipped', 'publish skipped'];

test('a check that failed becomes one round; what else fails on that head starts none', async () => {
  await using scene = await openChange();
  const { server, repository, pull } = scene;
  const head = pull.headSha;
  server.addStatus(repository, head, { context: 'ci/jenkins', state: 'failure', description: 'add is not commutative' });
  const first = lastEvent(scene, 'status');
  server.addCheck(repository, head, { name: 'lint', app: 'circleci', conclusion: 'failure' });
  const second = lastEvent(scene, 'check_suite', 'completed');

  // The second comes while the first has only been decided.
  const deciding: Workflow = { ...review, jobs: { decide: review.jobs['decide'] ?? {} } };
  expectSuccess(await play(scene, deciding, first), ['decide']);
  expect(resultsOf(await play(scene, review, second))).toEqual(idle);
  // The machine of the first was lost: after the time that a round takes, the next word about this head starts one.
  passTime(scene, 91);
  expectSuccess(await play(scene, review, second), ['decide', 'agent', 'publish']);
  expect(pushes(scene)).toBe(1);
  expect(await server.git(repository, 'show', `${pull.headRef}:src/add.js`)).toContain('return b + a;');
  expect(resultsOf(await play(scene, review, first))).toEqual(idle);
  expect(resultsOf(await play(scene, dispatch, clock))).toEqual(idle);
}, 120_000);

/** Everything that was said is as many minutes older. */
function passTime(scene: Opened, minutes: number): void {
  const { issue, pull } = scene;
  const read = stateOf(scene);
  for (const comment of pull.threads.flatMap(({ comments }) => comments)) comment.createdAt -= minutes * 60_000;
  if (!read.ok) throw new Error(read.why);
  const rounds = (read.record.rounds ?? []).map((round) => {
    return { ...round, at: new Date(Date.parse(round.at) - minutes * 60_000).toISOString() };
  });
  for (const comment of issue.comments) {
    comment.body = comment.body.replace(/<!-- bugloop:state \S+ -->/, encodeState({ ...read.record, rounds }));
  }
}

test('a round whose machine was lost is taken up by the clock, once', async () => {
  await using scene = await openChange();
  const { server, pull, token } = scene;
  const own: Own = { BUGLOOP_TOKEN: token.value };
  const wish = { path: 'src/add.js', line: 2, body: 'Please the other way round.' };
  await server.addReview(pull, { author: 'maria', event: 'COMMENT', body: 'One thing.', comments: [wish] });
  const [thread] = pull.threads;
  if (thread === undefined) throw new Error('no thread');
  const deciding: Workflow = { ...review, jobs: { decide: review.jobs['decide'] ?? {} } };
  expectSuccess(await play(scene, deciding, lastEvent(scene, 'pull_request_review', 'submitted')), ['decide']);

  // It may still be at work.
  passTime(scene, 80);
  expect(resultsOf(await play(scene, dispatch, clock))).toEqual(idle);
  passTime(scene, 11);
  const taken = await play(scene, dispatch, clock, own);
  expectSuccess(taken, ['decide', 'agent', 'publish']);
  expectApart(taken, own);
  expect(repliesTo(scene, thread)).toEqual([expect.stringContaining('**Fixed**')]);
  expect(pushes(scene)).toBe(1);
  passTime(scene, 200);
  expect(resultsOf(await play(scene, dispatch, clock))).toEqual(idle);
  expect(repliesTo(scene, thread)).toHaveLength(1);
}, 120_000);

test('the agent would find a secret that is there', async () => {
  await using scene = await openScene();
  const env = { ...process.env, HOME: scene.home, GITHUB_TOKEN: 'ghs_FAKE0123', LINE: 'sk-ant-FAKE' };
  await execa('node', ['tools/agent.js'], { cwd: scene.clone, env, extendEnv: false });
  expect(readFileSync(join(scene.clone, 'test/sum.test.js'), 'utf8')).toMatch(/secrets in sight: [1-9]/);
});

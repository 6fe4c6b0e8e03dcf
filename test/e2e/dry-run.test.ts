import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { answer, commitOurs, constant, finish, opened, suggest, type Opened } from './change.ts';
import { cloneOf, run, scripted, stage, type Ended, type Scene } from './github.ts';

/** `--dry-run` names the calls of an undisturbed run, and makes none that writes. */

const planned = z.object({
  calls: z.array(z.object({ kind: z.enum(['read', 'write']), call: z.string(), maybe: z.boolean().optional() })),
});
type Call = z.infer<typeof planned>['calls'][number];

const plan = ({ stdout }: Ended): Call[] => planned.parse(JSON.parse(stdout)).calls;

/** What the double was really asked, in the words of a plan. Git opens a transfer, then reads in more than one request. */
function observed({ server }: Scene): string[] {
  return server.requests.flatMap(({ surface, method, path, operation, body }) => {
    if (surface === 'graphql') return [`GraphQL ${/(?:query|mutation) \w+/.exec(body)?.[0] ?? ''}`];
    if (surface === 'rest') return [`REST ${method} ${path}`];
    if (operation === 'git-receive-pack') return ['git push'];
    return operation === 'info/refs git-upload-pack' ? ['git fetch'] : [];
  });
}

/** The plan, without what time did not ask for. */
function expected(calls: readonly Call[], seen: readonly string[]): string[] {
  const left = [...seen];
  return calls.flatMap(({ call, maybe }) => {
    if (maybe === true && left[0] !== call) return [];
    left.shift();
    return [call];
  });
}

/** Everything that the double knows of the repository, with its objects. */
async function stateOf({ server, repository }: Scene): Promise<string> {
  // GitHub works this out by itself once somebody looks.
  for (const pull of server.pulls(repository)) delete pull.mergeable;
  const everything = { depth: null, maxArrayLength: null, maxStringLength: null, sorted: true };
  const refs = await server.git(repository, 'for-each-ref');
  const objects = await server.git(repository, 'count-objects', '-v');
  return `${inspect(repository, everything)}\n${refs}\n${objects}\n${server.deliveries.length}`;
}

/** Runs with `--dry-run`, and holds it to its word. */
async function dry(scene: Scene, args: string[], env: Record<string, string> = {}): Promise<Ended> {
  const before = await stateOf(scene);
  scene.server.forget();
  const ended = await run(scene, [...args, '--dry-run'], env);
  expect(await stateOf(scene)).toBe(before);
  expect(scene.server.writes()).toEqual([]);
  scene.server.assertClean();
  return ended;
}

describe('the plan is what an undisturbed run does', () => {
  test.each<[string, readonly string[], number]>([
    ['', [], 6],
    [' where a label has to be made', ['bugloop:solving'], 7],
  ])('of solve%s', async (_, missing, writes) => {
    await using scene = await stage();
    const { repository } = scene;
    repository.labels.splice(0, Infinity, ...repository.labels.filter(({ name }) => !missing.includes(name)));
    const args = ['solve', '1', ...scripted(scene)];
    const calls = plan(await dry(scene, [...args, '--json']));
    expect(observed(scene)).toEqual(['GraphQL query Standing']);
    expect(readdirSync(scene.clone)).not.toContain('.bugloop');
    scene.server.forget();
    expect(await run(scene, args)).toMatchObject({ status: 0 });
    const seen = observed(scene);
    expect(expected(calls, seen)).toEqual(seen);
    expect(calls.filter(({ kind }) => kind === 'write')).toHaveLength(writes);
  });

  test('of publish', async () => {
    await using scene = await stage();
    const out = join(scene.home, 'runs');
    await run(scene, ['solve', '1', ...scripted(scene), '--no-publish', '--out', out]);
    const [runDir = ''] = readdirSync(out).filter((name) => /^\d/.test(name));
    const args = ['publish', join(out, runDir)];
    const calls = plan(await dry(scene, [...args, '--json']));
    scene.server.forget();
    expect(await run(scene, args, {}, cloneOf(scene))).toMatchObject({ status: 0 });
    const seen = observed(scene);
    expect(expected(calls, seen)).toEqual(seen);
  });
});

/** Of a round that fetches while it says that it begins: writes in their order, and what is read. */
function sorted(calls: readonly string[]): { writes: string[]; reads: string[] } {
  const writes = calls.filter((call) => /^(?:git push|GraphQL mutation|REST (?!GET))/.test(call));
  return { writes, reads: calls.filter((call) => !writes.includes(call)).toSorted() };
}

const times = (call: string, all: readonly string[]): number => all.filter((one) => one === call).length;

/** Holds the plan of a round to what the round then does; `perhaps`: calls of the plan that it had no need for. */
async function expectPlanned(scene: Opened, args: string[], clone: string, perhaps: string[] = []): Promise<Call[]> {
  const calls = plan(await dry(scene, [...args, '--json']));
  scene.server.forget();
  expect(await run(scene, args, {}, clone)).toMatchObject({ status: 0 });
  const seen = sorted(observed(scene));
  // A round that takes long looks now and then whether somebody stopped it.
  const sure = calls.filter(({ kind, maybe }) => kind === 'write' || maybe !== true).map(({ call }) => call);
  const now = calls.filter(({ kind, maybe }) => kind === 'read' && maybe === true).map(({ call }) => call);
  const wanted = sorted([...sure, ...now.filter((call) => times(call, seen.reads) > times(call, sure))]);
  for (const call of perhaps) wanted.writes.splice(wanted.writes.lastIndexOf(call), 1);
  expect(wanted).toEqual(seen);
  return calls;
}

/** A thread of a person, one of a reviewer, and a check that failed in a job with a log. */
async function openRound(): Promise<Opened> {
  const scene = await opened();
  const { server, repository, pull } = scene;
  server.workflow(repository, { name: 'ci', jobs: [{ name: 'unit', conclusion: 'failure', log: 'not ok 1 - add' }] });
  await commitOurs(scene, { 'README.md': 'x\n' });
  await scene.say(2, suggest('  return b + a;'));
  await scene.say(constant(0), suggest("export const c0 = '0';"), 'coderabbitai[bot]');
  expect(pull.headSha).toBe(await server.head(repository, pull.headRef));
  server.forget();
  return scene;
}

describe('the plan of a round is what it does', () => {
  const flaky = [[answer('c1', 'declined', 'It fails now and then.'), finish]];

  test('with threads to answer and to resolve, and a log to read', async () => {
    await using scene = await openRound();
    const args = ['review', String(scene.pull.number), ...scripted(scene, flaky)];
    const calls = await expectPlanned(scene, args, cloneOf(scene));
    expect(calls.filter(({ call }) => call === 'GraphQL mutation Answer')).toHaveLength(2);
    expect(calls.map(({ call }) => call).join()).toMatch(/actions\/jobs\/\d+\/logs/);
    expect(readdirSync(scene.clone)).not.toContain('.bugloop');
  });

  test('in two halves', async () => {
    await using scene = await openRound();
    const out = join(scene.home, 'runs');
    const first = ['review', String(scene.pull.number), ...scripted(scene, flaky), '--no-publish', '--out', out];
    await expectPlanned(scene, first, scene.clone);
    expect(scene.server.writes()).toEqual([]);
    const [runDir = ''] = readdirSync(out).filter((name) => /^\d/.test(name));
    await expectPlanned(scene, ['publish', join(out, runDir)], cloneOf(scene));
    // What was answered is not answered again.
    expect(plan(await dry(scene, ['publish', join(out, runDir), '--json'])).map(({ call }) => call)).not.toContain('git push');
  });

  test('that pushes nothing', async () => {
    await using scene = await opened();
    await scene.say(9, 'Why?');
    const agent = scripted(scene, [
      [{ tool: 'answer_thread', input: { thread: 't1', outcome: 'declined', words: 'So.' } }, finish],
    ]);
    const calls = await expectPlanned(scene, ['review', String(scene.pull.number), ...agent], cloneOf(scene), ['git push']);
    expect(calls.find(({ call }) => call === 'git push')).toMatchObject({ maybe: true });
  });
});

/** The gate's plan, held to what it then does. */
const gateAsPlanned = async (scene: Opened): Promise<Call[]> => {
  const args = ['gate', String(scene.pull.number)];
  const calls = plan(await dry(scene, [...args, '--json']));
  scene.server.forget();
  await run(scene, args);
  const seen = observed(scene);
  expect(expected(calls, seen)).toEqual(seen);
  return calls;
};

const writesOf = (calls: readonly Call[]): string[] =>
  calls.flatMap(({ kind, call }) => (kind === 'write' ? [call.replace(/[0-9a-f]{40}$/, '<head>')] : []));

describe('the plan of a gate is what it does', () => {
  const [run1, status] = ['REST POST /repos/acme/adder/check-runs', 'REST POST /repos/acme/adder/statuses/<head>'];

  test.each<[string, Record<string, 'write' | 'read'>, string[]]>([
    ['that may write checks', { checks: 'write', statuses: 'write' }, [run1, status]],
    ['that may write statuses alone', { checks: 'read', statuses: 'write' }, [run1, status]],
  ])('with a token %s: on a change that waits, on one that is ready, on one that was judged', async (_title, rights, posts) => {
    await using scene = await opened({ '.bugloop/config.yml': 'gate: { automatic_reviewers: ["coderabbitai[bot]"] }\n' });
    const { server, repository, pull } = scene;
    const permissions = { contents: 'write', issues: 'write', pull_requests: 'write', actions: 'read', ...rights } as const;
    const own = { ...scene, token: server.token({ kind: 'actions', repositories: [repository], permissions }) };
    server.forget();
    expect(writesOf(await gateAsPlanned(own)).slice(0, 2)).toEqual(posts);
    server.addCheck(repository, pull.headSha, { name: 'test', conclusion: 'success' });
    await gateAsPlanned(own);
    expect(writesOf(await gateAsPlanned(own))).toEqual([]);
  });
});

test('the plan of a gate on a change that bugloop opened and that is ready', async () => {
  await using scene = await stage({ files: { '.bugloop/config.yml': 'gate: { automatic_reviewers: [] }\n' } });
  const { server, repository } = scene;
  const permissions = { contents: 'write', issues: 'write', pull_requests: 'write', checks: 'write' } as const;
  const own = { ...scene, token: server.token({ kind: 'actions', repositories: [repository], permissions }) };
  expect(await run(own, ['solve', '1', ...scripted(own)])).toMatchObject({ status: 0 });
  const [pull] = server.pulls(repository);
  if (pull === undefined) throw new Error('no pull request');
  server.addCheck(repository, pull.headSha, { name: 'test', conclusion: 'success' });
  const args = ['gate', String(pull.number)];
  const calls = plan(await dry(own, [...args, '--json']));
  expect(calls.map(({ call }) => call)).toEqual(expect.arrayContaining(['GraphQL mutation Turn', 'GraphQL mutation Tell']));
  server.forget();
  expect(await run(own, args)).toMatchObject({ status: 0 });
  const seen = observed(own);
  expect(expected(calls, seen)).toEqual(seen);
  expect(pull.draft).toBe(false);
});

test('a comment, a resumed run and a review write nothing either', async () => {
  await using scene = await stage();
  const agent = scripted(scene);
  const comment = scene.server.comment(scene.issue, '/bugloop retry', 'maria');
  const { id: sender } = scene.server.user('maria');
  const event = join(scene.home, 'event.json');
  const user = { login: 'maria', id: sender, type: 'User' };
  const payload = {
    action: 'created',
    issue: { number: 1, title: scene.issue.title, body: scene.issue.body, labels: [], state: 'open', user },
    comment: { id: comment.id, body: comment.body, user },
    sender: user,
    repository: { id: scene.repository.id, full_name: 'acme/adder' },
  };
  writeFileSync(event, JSON.stringify(payload));
  const env = { GITHUB_EVENT_NAME: 'issue_comment', GITHUB_EVENT_PATH: event };
  expect((await dry(scene, ['dispatch', ...agent], env)).stdout).toContain(`would answer the comment ${comment.id}`);
  expect((await dry(scene, ['resume', '1', ...agent])).stdout).toContain('GraphQL mutation OpenChange');
  await scene.server.commit(scene.repository, 'bugloop/issue-1', { 'src/add.js': 'fixed\n' }, { author: 'bugloop' });
  const pull = await scene.server.pull(scene.repository, { title: 't', head: 'bugloop/issue-1', base: 'main', draft: true });
  await scene.server.addThread(pull, { author: 'maria', path: 'src/add.js', line: 1, body: 'please rename this' });
  await dry(scene, ['review', String(pull.number), ...agent]);
  await dry(scene, ['gate', String(pull.number)]);
});

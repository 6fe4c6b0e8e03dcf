import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { cloneOf, run, scripted, stage, type Ended, type Scene } from './github.ts';

/** `--dry-run` names the calls of an undisturbed run, and makes none that writes. */

const planned = z.object({
  calls: z.array(z.object({ kind: z.enum(['read', 'write']), call: z.string(), maybe: z.boolean().optional() })),
});
type Call = z.infer<typeof planned>['calls'][number];

const plan = ({ stdout }: Ended): Call[] => planned.parse(JSON.parse(stdout)).calls;

/** What the double was really asked, in the words of a plan. Git opens a transfer, and reads in more than one request. */
function observed({ server }: Scene): string[] {
  const calls = server.requests.flatMap(({ surface, method, path, operation, body }) => {
    if (surface === 'graphql') return [`GraphQL ${/(?:query|mutation) \w+/.exec(body)?.[0] ?? ''}`];
    if (surface === 'rest') return [`REST ${method} ${path}`];
    if (operation.startsWith('info/refs')) return [];
    return [operation === 'git-receive-pack' ? 'git push' : 'git fetch'];
  });
  return calls.filter((call, index) => call !== 'git fetch' || calls[index - 1] !== call);
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

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { openAgent } from '../../src/agent/index.ts';
import type { Script } from '../../src/agent/scripted.ts';
import { BugloopError } from '../../src/errors.ts';
import type { AgentResult, AgentTask } from '../../src/ports.ts';
import { editCall } from '../servers/messages/index.ts';
import { openPlace, type Place } from './place.ts';

const edit = { tool: 'edit', input: { path: 'a.txt', old: 'one', new: 'two' } };
const finish = { tool: 'finish', input: { summary: 'Done.' } };

let place: Place;
let dir: string;
beforeAll(async () => {
  place = await openPlace({ 'a.txt': 'one\n' });
  dir = await mkdtemp(join(tmpdir(), 'bugloop-script-'));
});
beforeEach(() => place.reset());
afterAll(async () => {
  await place[Symbol.asyncDispose]();
  await rm(dir, { recursive: true });
});

const play = async (script: Script | string, more: Partial<AgentTask> = {}): Promise<AgentResult> =>
  await (await openAgent('scripted', { script })).work(place.task(more));

describe('a script', () => {
  test('makes its calls with the tools of a model, and records them with their answers', async () => {
    expect(await play({ attempts: [[edit, finish]] })).toEqual({ end: 'finished', summary: 'Done.' });
    expect(await place.read('a.txt')).toBe('two\n');
    expect(place.records).toMatchObject([
      { agent: 'scripted', attempt: 1, call: edit, answer: { error: false } },
      { agent: 'scripted', attempt: 1, call: finish },
    ]);
  });

  test('plays the attempt that it is asked for, and gives up after the last', async () => {
    const script: Script = { attempts: [[finish], [edit]] };
    expect(await play(script, { attempt: 2 })).toEqual({ end: 'finished', summary: 'The script ended.' });
    expect(await place.read('a.txt')).toBe('two\n');
    expect(await play(script, { attempt: 3 })).toMatchObject({ end: 'gave-up' });
  });

  test('goes on after a refused call, ends with give_up, and does nothing after its end', async () => {
    const wrong = { tool: 'edit', input: { path: 'a.txt', old: 'zero', new: '' } };
    const giveUp = { tool: 'give_up', input: { reason: 'No.' } };
    expect(await play({ attempts: [[wrong, { tool: 'bash' }, giveUp, edit]] })).toEqual({ end: 'gave-up', summary: 'No.' });
    expect(await place.read('a.txt')).toBe('one\n');
    expect(place.records).toMatchObject([{ answer: { error: true } }, { answer: { error: true } }, { answer: { error: false } }]);
  });

  test('makes every kind of edit that tests need', async () => {
    const edits = [
      { path: 'b.txt', content: 'b' },
      { path: 'a.txt', content: 'whole' },
      { path: 'b.txt', remove: true as const },
    ];
    const calls = edits.map(editCall).map(({ name, input }) => ({ tool: name, input }));
    await play({ attempts: [calls] });
    expect(await place.workspace.files.list()).toEqual(['a.txt']);
    expect(await place.read('a.txt')).toBe('whole');
  });

  test.each<[string, Partial<AgentTask>, AgentResult['end']]>([
    ['a limit', { mayContinue: () => ({ ok: false, reason: 'no turns left' }) }, 'limit'],
    ['the deadline', { deadline: 0 }, 'limit'],
    ['an interruption', { signal: AbortSignal.abort() }, 'interrupted'],
  ])('stops at %s', async (_, more, end) => {
    expect(await play({ attempts: [[edit]] }, more)).toMatchObject({ end });
    expect(await place.read('a.txt')).toBe('one\n');
  });
});

describe('the file of a script', () => {
  const attempt = JSON.stringify([edit, finish]);
  test.each([
    ['an object', `{ "attempts": [\n${attempt}\n] }`],
    ['a list of attempts', `[\n${attempt}]`],
    ['JSON Lines', `${attempt}\n\n${attempt}\n`],
    ['one line', attempt],
  ])('may be %s', async (_, text) => {
    const file = join(dir, 'script.json');
    await writeFile(file, text);
    expect(await play(file)).toMatchObject({ end: 'finished', summary: 'Done.' });
    expect(await place.read('a.txt')).toBe('two\n');
  });

  test.each([
    ['missing', undefined, /cannot read the script/],
    ['no JSON', 'attempts:', /neither JSON nor JSON Lines/],
    ['a wrong second line', `${attempt}\n{`, /script\.json:2/],
    ['empty', '', /attempts/],
    ['an unknown key', '{ "attempts": [[]], "loop": true }', /Unrecognized key/],
    ['a call without a tool', '[[{ "input": {} }]]', /attempts\.0\.0\.tool/],
    ['a call with a list as input', '[[{ "tool": "read", "input": [] }]]', /attempts\.0\.0\.input/],
  ])('is refused: %s', async (_, text, message) => {
    const file = join(await mkdtemp(join(dir, 'case-')), 'script.json');
    if (text !== undefined) await writeFile(file, text);
    const error: unknown = await openAgent('scripted', { script: file }).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(BugloopError);
    expect(error).toMatchObject({ code: 'usage.option_value', message: expect.stringMatching(message) });
  });
});

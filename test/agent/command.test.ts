import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { commandAgent, type CommandOptions } from '../../src/agent/command.ts';
import { writtenSchema } from '../../src/core/config.ts';
import type { SandboxLevel } from '../../src/core/types.ts';
import type { AgentResult, AgentTask } from '../../src/ports.ts';
import { detectSandbox } from '../../src/workspace/sandbox.ts';
import { openPlace, type Place } from './place.ts';

/** Small programs that behave as agent programs were seen to behave. */
const programs = {
  'src/a.txt': 'one\n',
  // Says that it worked, and did nothing.
  'liar.mjs': "console.log('Fixed! All tests pass.');\n",
  'honest.mjs':
    "import { writeFileSync } from 'node:fs';\nwriteFileSync('src/a.txt', 'two\\n');\nconsole.log('Changed one file.');\n",
  // Keeps what it was told, so that it can be looked at.
  'echo.mjs': "import { readFileSync, writeFileSync } from 'node:fs';\nwriteFileSync('told.txt', readFileSync(0, 'utf8'));\n",
  'deaf.mjs': 'process.exit(0);\n',
  'unauthorized.mjs':
    'console.error(\'API Error: 401 {"type":"error","error":{"type":"authentication_error","message":"invalid x-api-key"}}\');\nprocess.exit(1);\n',
  'logged-out.mjs': "console.log('Invalid API key · Please run /login');\nprocess.exit(1);\n",
  'busy.mjs': "console.error('Error: 429 Too Many Requests: rate limit exceeded');\nprocess.exit(1);\n",
  'crash.mjs': "throw new TypeError('x is not a function');\n",
  'talks-of-401.mjs': "console.log('The handler now answers 401 Unauthorized.');\n",
  'endless.mjs': 'setInterval(() => undefined, 1000);\n',
  'loud.mjs': "for (let line = 0; line < 50000; line += 1) console.log('line ' + line);\n",
};

const { level } = await detectSandbox(process.env);

let place: Place;
beforeAll(async () => {
  place = await openPlace(programs);
});
beforeEach(() => place.reset());
afterAll(() => place[Symbol.asyncDispose]());

const work = (program: string, more: Partial<AgentTask> = {}, options: Partial<CommandOptions> = {}): Promise<AgentResult> =>
  commandAgent({ command: ['node', program], env: [], ...options }).work(place.task(more));

describe('a program', () => {
  test('that edits has edited', async () => {
    expect(await work('honest.mjs')).toMatchObject({ end: 'finished' });
    expect(await place.read('src/a.txt')).toBe('two\n');
  });

  test('that lies has finished with nothing changed, and its words are marked as unchecked', async () => {
    const result = await work('liar.mjs');
    expect(result).toMatchObject({ end: 'finished', summary: expect.stringMatching(/unchecked:\nFixed!/) });
    expect(await place.read('src/a.txt')).toBe('one\n');
  });

  test('is told rules and task on its standard input; later also the feedback', async () => {
    await work('echo.mjs');
    expect(await place.read('told.txt')).toBe('You mend bugs.\n\nsum(1, 2) returns -1. Mend it.\n');
    await work('echo.mjs', { attempt: 2, message: 'Still red.' });
    expect(await place.read('told.txt')).toBe('You mend bugs.\n\nsum(1, 2) returns -1. Mend it.\n\nStill red.\n');
    expect(place.spent).toEqual([]);
  });

  test('that does not listen is no failure of ours', async () => {
    expect(await work('deaf.mjs', { message: 'x'.repeat(5_000_000) })).toMatchObject({ end: 'finished' });
  });

  test.each<[string, object]>([
    ['unauthorized.mjs', { end: 'refused', code: 'agent.auth' }],
    ['logged-out.mjs', { end: 'refused', code: 'agent.auth' }],
    ['busy.mjs', { end: 'transient' }],
    ['crash.mjs', { end: 'finished', summary: expect.stringMatching(/exited with 1[\s\S]*x is not a function/) }],
    ['talks-of-401.mjs', { end: 'finished' }],
  ])('%s', async (program, expected) => {
    expect(await work(program)).toMatchObject(expected);
  });

  test('that is not there', async () => {
    expect(await work('', {}, { command: ['no-such-agent'] })).toMatchObject({ end: 'refused', code: 'agent.unavailable' });
  });

  test('whose key is not set is not even started', async () => {
    const result = await work('honest.mjs', {}, { env: ['SOME_KEY', 'OTHER_KEY'], missingEnv: ['OTHER_KEY'] });
    expect(result).toMatchObject({ end: 'refused', code: 'agent.auth', summary: expect.stringContaining('OTHER_KEY') });
    expect(await place.read('src/a.txt')).toBe('one\n');
  });

  test('that prints a lot is quoted in few words', async () => {
    const { summary } = await work('loud.mjs');
    expect(summary.length).toBeLessThan(2500);
    expect(summary).toContain('line 49999');
  });

  test('that never ends is ended at the deadline', async () => {
    expect(await work('endless.mjs', { deadline: Date.now() + 500 })).toMatchObject({ end: 'limit' });
  });

  test.each<[string, Partial<AgentTask>, AgentResult['end']]>([
    ['no time left', { deadline: 0 }, 'limit'],
    ['a limit', { mayContinue: () => ({ ok: false, reason: 'enough' }) }, 'limit'],
    ['interrupted before', { signal: AbortSignal.abort() }, 'interrupted'],
  ])('is not started with %s', async (_, more, end) => {
    expect(await work('honest.mjs', more)).toMatchObject({ end });
    expect(await place.read('src/a.txt')).toBe('one\n');
  });
});

test.each<SandboxLevel>([...(level === 'strict' ? ['strict' as const] : []), 'basic'])(
  'in the sandbox %s it sees its own key and no other secret',
  async (sandbox) => {
    const env = { OWN_KEY: 'fake-own-key', OTHER_KEY: 'fake-other-key', GITHUB_TOKEN: 'fake-token' };
    await using other = await openPlace(
      { 'env.mjs': "import { writeFileSync } from 'node:fs';\nwriteFileSync('env.json', JSON.stringify(process.env));\n" },
      { sandbox, env },
    );
    const agent = commandAgent({ command: ['node', 'env.mjs'], env: ['OWN_KEY', 'GITHUB_TOKEN'] });
    expect(await agent.work(other.task())).toMatchObject({ end: 'finished' });
    const seen = await other.read('env.json');
    expect(seen).toContain('fake-own-key');
    expect(seen).not.toMatch(/fake-other-key|fake-token/);
  },
);

test.each(['claude-cli', 'codex-cli'])('the example configuration %s is valid and passes only its own key', async (name) => {
  const text = await readFile(new URL(`../../examples/config/${name}.yml`, import.meta.url), 'utf8');
  const { agents } = writtenSchema.parse(parse(text));
  expect(agents?.bugsolver?.use).toBe('command');
  expect(agents?.bugsolver?.command?.[0]).toBe(name.replace('-cli', ''));
  expect(agents?.bugsolver?.env).toHaveLength(1);
});

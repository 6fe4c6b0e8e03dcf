import Anthropic from '@anthropic-ai/sdk';
import type { Message, MessageCreateParamsBase, MessageParam } from '@anthropic-ai/sdk/resources/messages';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { fakeKey, fault, type MessagesServer, startMessagesServer, turn } from './index.ts';

// The judge of the server is the official SDK: what it reads is what the real API would have sent.

let server: MessagesServer;
beforeEach(async () => {
  server = await startMessagesServer({
    turns: [
      turn.toolUse('read', { path: 'a "quoted" \\ näme\u2028.ts', lines: [1, 2] }),
      turn.text('All done.'),
      turn.refusal(),
      fault.overloaded(),
    ],
  });
});
afterEach(() => server.close());

const open = (apiKey = fakeKey): Anthropic => new Anthropic({ apiKey, baseURL: server.url, maxRetries: 0, logLevel: 'off' });
const tool = { name: 'read', description: 'Reads.', input_schema: { type: 'object' as const } };
const ask: MessageParam = { role: 'user', content: 'Fix it.' };
const params = (more: object = {}): MessageCreateParamsBase => ({
  model: 'claude-opus-5-5',
  max_tokens: 100,
  tools: [tool],
  messages: [ask],
  ...more,
});
const call = (more: object = {}): Promise<Message> => open().messages.stream(params(more)).finalMessage();

describe('a script', () => {
  test('is played as the SDK expects it: thinking with a signature, a call with its arguments, usage', async () => {
    const message = await call();
    expect(message.stop_reason).toBe('tool_use');
    expect(message.content).toMatchObject([
      { type: 'thinking', signature: expect.stringMatching(/.{20}/) },
      { type: 'tool_use', name: 'read', input: { path: 'a "quoted" \\ näme\u2028.ts', lines: [1, 2] } },
    ]);
    expect(message.usage.input_tokens).toBeGreaterThan(0);
    expect(message.usage.output_tokens).toBeGreaterThan(1);
  });

  test('goes on when the reply comes back with its result, ends, refuses, and fails, in this order', async () => {
    const first = await call();
    const id = first.content.flatMap((block) => (block.type === 'tool_use' ? [block.id] : []))[0];
    const messages = [
      ask,
      { role: 'assistant', content: first.content },
      { role: 'user', content: [{ type: 'tool_result', tool_use_id: id, content: 'ok' }] },
    ];
    await expect(call({ messages })).resolves.toMatchObject({ stop_reason: 'end_turn', content: [{ text: 'All done.' }] });
    await expect(call()).resolves.toMatchObject({ stop_reason: 'refusal', stop_details: { category: 'cyber' } });
    await expect(call()).rejects.toMatchObject({ status: 529, type: 'overloaded_error' });
    await expect(call()).rejects.toMatchObject({ status: 400, apiMessage: expect.stringContaining('no more turns') });
    expect(server.requests.map(({ status }) => status)).toEqual([200, 200, 200, 529, 400]);
    expect(server.left()).toBe(0);
  });
});

const use = { type: 'tool_use', id: 'toolu_1', name: 'read', input: {} };
const result = { type: 'tool_result', tool_use_id: 'toolu_1', content: 'x' };
const mark = { cache_control: { type: 'ephemeral' } };
const said = (text: string): object => ({ type: 'text', text });
const user = (...content: object[]): object => ({ role: 'user', content });
const assistant = (...content: object[]): object => ({ role: 'assistant', content });

describe('a request that the API refuses', () => {
  test.each<[string, object, RegExp]>([
    ['no max_tokens', { max_tokens: undefined }, /max_tokens: Field required/],
    ['no model', { model: undefined }, /model: Field required/],
    ['an unknown field', { temprature: 1 }, /temprature: Extra inputs are not permitted/],
    ['a sampling parameter that is gone', { temperature: 0.5 }, /temperature: Extra inputs/],
    ['forced tool use', { tool_choice: { type: 'any' } }, /tool_choice/],
    ['no messages', { messages: [] }, /messages/],
    ['an answer first', { messages: [assistant(said('hi')), ask] }, /first message must use the "user" role/],
    ['a prefilled answer', { messages: [ask, assistant(said('The fix is'))] }, /prefill/],
    ['empty text', { messages: [user(said(''))] }, /non-empty/],
    ['blank text', { messages: [user(said(' \n'))] }, /non-whitespace/],
    ['empty content', { messages: [user()] }, /non-empty content/],
    ['empty system text', { system: [said('')] }, /non-empty/],
    ['a call without a result', { messages: [ask, assistant(use), user(said('go on'))] }, /without `tool_result`.*toolu_1/],
    ['a result without a call', { messages: [ask, assistant(said('x')), user(result)] }, /unexpected `tool_use_id`/],
    ['a result too late', { messages: [ask, assistant(use), user(said('wait'), result)] }, /must come first/],
    ['two results for a call', { messages: [ask, assistant(use), user(result, result)] }, /single result/],
    ['two calls with one id', { messages: [ask, assistant(use, use), user(result)] }, /unique/],
    ['arguments that are no object', { messages: [ask, assistant({ ...use, input: [] }), user(result)] }, /input/],
    [
      'a forged thought',
      { messages: [ask, assistant({ type: 'thinking', thinking: 'hm', signature: 'x' }, use), user(result)] },
      /signature/,
    ],
    [
      'five marks',
      {
        system: [{ ...said('s'), ...mark }],
        ...mark,
        messages: [user(...'abc'.split('').map((c) => ({ ...said(c), ...mark })))],
      },
      /maximum of 4.*Found 5/,
    ],
    ['two tools of one name', { tools: [tool, tool] }, /unique/],
    ['a tool without a schema', { tools: [{ name: 'read' }] }, /input_schema: Field required/],
  ])('%s', async (_, more, message) => {
    await expect(call(more)).rejects.toMatchObject({
      status: 400,
      type: 'invalid_request_error',
      apiMessage: expect.stringMatching(message),
    });
    expect(server.left()).toBe(4);
  });

  test('a wrong key', async () => {
    const failed = open('another-key').messages.stream(params()).finalMessage();
    await expect(failed).rejects.toMatchObject({ status: 401, type: 'authentication_error' });
  });

  test('a thought whose conversation was changed', async () => {
    const { content } = await call();
    const id = content.flatMap((block) => (block.type === 'tool_use' ? [block.id] : []))[0];
    const answer = user({ type: 'tool_result', tool_use_id: id, content: 'ok' });
    const changed = { role: 'user', content: 'Fix that.' };
    await expect(call({ messages: [changed, { role: 'assistant', content }, answer] })).rejects.toMatchObject({
      apiMessage: expect.stringContaining('bound to a different conversation'),
    });
  });
});

test('two requests with the same beginning share it in the cache', async () => {
  await using cached = await startMessagesServer({ turns: [turn.text('a'), turn.text('b')] });
  const client = new Anthropic({ apiKey: fakeKey, baseURL: cached.url, maxRetries: 0 });
  const system = [{ type: 'text' as const, text: 'x'.repeat(8000), ...mark }];
  const first = await client.messages.stream(params({ system })).finalMessage();
  const second = await client.messages.stream(params({ system, messages: [{ role: 'user', content: 'Other.' }] })).finalMessage();
  expect(first.usage.cache_read_input_tokens).toBe(0);
  expect(first.usage.cache_creation_input_tokens).toBeGreaterThanOrEqual(2000);
  expect(second.usage.cache_read_input_tokens).toBe(first.usage.cache_creation_input_tokens);
});

test('it ends by itself', async () => {
  const brief = await startMessagesServer({ turns: [], lifetimeMs: 50 });
  await expect
    .poll(
      () =>
        fetch(brief.url).then(
          () => 'up',
          () => 'down',
        ),
      { timeout: 5000 },
    )
    .toBe('down');
});

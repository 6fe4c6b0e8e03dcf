import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { z } from 'zod';

/**
 * A model for whatever agent asks, over the Messages API or the Responses API: it plays shell commands, one a request, and then
 * says a last word. Unlike the server of the tests it refuses nothing: it is there to see what other programs send.
 */
export interface AnyModel {
  /** Without a path. */
  url: string;
  /** Requests that took a turn of the script, as sent. */
  requests: string[];
  /** Requests beside it, e.g. for a title. */
  others: string[];
  [Symbol.asyncDispose](): Promise<void>;
}

const requestSchema = z.looseObject({
  model: z.string().optional(),
  stream: z.boolean().optional(),
  tools: z.array(z.looseObject({ name: z.string().optional() })).optional(),
});

/** Names that agents give to the tool which runs a command in a shell, with how it is called. */
const shells: Readonly<Record<string, (command: string) => object>> = {
  Bash: (command) => ({ command, description: 'Next step' }),
  bash: (command) => ({ command, description: 'Next step' }),
  exec_command: (cmd) => ({ cmd }),
};

export async function startAnyModel(commands: readonly string[]): Promise<AnyModel> {
  const [requests, others]: [string[], string[]] = [[], []];
  const server = createServer((incoming, response) => {
    answer(incoming, response).catch(() => response.destroy());
  });

  async function answer(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await text(incoming);
    const { pathname } = new URL(incoming.url ?? '/', 'http://127.0.0.1');
    const speaks = pathname.endsWith('/messages') ? speakMessages : pathname.endsWith('/responses') ? speakResponses : undefined;
    if (incoming.method !== 'POST' || speaks === undefined) {
      response.writeHead(404).end();
      return;
    }
    const { model = '', stream = false, tools = [] } = requestSchema.parse(JSON.parse(body));
    const shell = tools.find(({ name }) => name !== undefined && name in shells)?.name;
    // Without a shell to call it is no turn of the work: a title, a summary, a look whether the model is there.
    if (shell === undefined) others.push(body);
    else requests.push(body);
    const command = shell === undefined ? undefined : commands[requests.length - 1];
    const call = shell === undefined || command === undefined ? undefined : { name: shell, input: shells[shell]?.(command) };
    speaks(response, { model, stream, call, number: requests.length + others.length });
  }

  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  server.unref();
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the server has no port');
  return {
    url: `http://127.0.0.1:${address.port}`,
    requests,
    others,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

interface Said {
  model: string;
  stream: boolean;
  /** Absent: the last word. */
  call: { name: string; input: object | undefined } | undefined;
  number: number;
}

const lastWord = 'Fixed: the total counts the quantity.';
const used = { input_tokens: 100, output_tokens: 20 };

function speakMessages(response: ServerResponse, { model, stream, call, number }: Said): void {
  const id = `call_${number}`;
  const block = call === undefined ? { type: 'text', text: lastWord } : { type: 'tool_use', id, ...call };
  const stop_reason = call === undefined ? 'end_turn' : 'tool_use';
  const message = { id: `msg_${number}`, type: 'message', role: 'assistant', model, usage: used, stop_sequence: null };
  if (!stream) {
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end(JSON.stringify({ ...message, content: [block], stop_reason }));
    return;
  }
  const [start, delta] =
    call === undefined
      ? [
          { type: 'text', text: '' },
          { type: 'text_delta', text: lastWord },
        ]
      : [
          { ...block, input: {} },
          { type: 'input_json_delta', partial_json: JSON.stringify(call.input) },
        ];
  send(response, [
    { type: 'message_start', message: { ...message, content: [], stop_reason: null } },
    { type: 'content_block_start', index: 0, content_block: start },
    { type: 'content_block_delta', index: 0, delta },
    { type: 'content_block_stop', index: 0 },
    { type: 'message_delta', delta: { stop_reason, stop_sequence: null }, usage: used },
    { type: 'message_stop' },
  ]);
}

function speakResponses(response: ServerResponse, { call, number }: Said): void {
  const item =
    call === undefined
      ? { type: 'message', id: `msg_${number}`, role: 'assistant', content: [{ type: 'output_text', text: lastWord }] }
      : {
          type: 'function_call',
          id: `fc_${number}`,
          call_id: `call_${number}`,
          name: call.name,
          arguments: JSON.stringify(call.input),
        };
  const id = `resp_${number}`;
  send(response, [
    { type: 'response.created', response: { id } },
    { type: 'response.output_item.added', output_index: 0, item },
    { type: 'response.output_item.done', output_index: 0, item },
    { type: 'response.completed', response: { id, usage: { ...used, total_tokens: 120 } } },
  ]);
}

function send(response: ServerResponse, events: readonly { type: string; [field: string]: unknown }[]): void {
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  response.end(events.map((event) => `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`).join(''));
}

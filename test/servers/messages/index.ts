import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';
import { openCache, type PromptUsage } from './cache.ts';
import { type Event, eventsOf } from './stream.ts';
import type { Refusal, Reply, Turn } from './turns.ts';
import { prefixParts, type Request, sign, validate } from './validate.ts';

export { editCall, fault, playEdits, turn, type Edit, type Turn } from './turns.ts';
export { prefixParts } from './validate.ts';

/** The same for every server, as for every machine of a provider: a conversation may go on elsewhere. */
const signingKey = Buffer.from('scripted');

/** The key the server accepts; no real one looks like it. */
export const fakeKey = 'not-a-real-key-for-the-scripted-model';

export interface MessagesServer {
  /** What goes into `ANTHROPIC_BASE_URL`. */
  url: string;
  /** Every request that was made, in order, also the refused ones. */
  requests: RecordedRequest[];
  /** Turns not yet played. */
  left(): number;
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

interface RecordedRequest {
  /** Milliseconds since the epoch. */
  at: number;
  headers: NodeJS.Dict<string | string[]>;
  /** When the last byte of its answer was written, as `at`; absent while under way. */
  answeredAt?: number;
  /** As it was sent. */
  body: string;
  /** Absent where it is no valid request. */
  request?: Request;
  /** 200, or the status of the refusal. */
  status: number;
  /** Why it was refused. */
  problem?: string;
  /** What the answer says was sent and cached. */
  usage?: PromptUsage;
}

export interface MessagesServerOptions {
  /** What the model does, one turn for each request. */
  turns: readonly Turn[];
  /** Played instead of the next turn, without using it up: number of the request, from 0. */
  faults?: Readonly<Record<number, Turn>>;
  /** Ends the server by itself, in milliseconds. Default 5 min. */
  lifetimeMs?: number;
}

/** A Messages API on 127.0.0.1 that plays a script. It never keeps its process alive. */
export async function startMessagesServer(options: MessagesServerOptions): Promise<MessagesServer> {
  const turns = [...options.turns];
  const requests: RecordedRequest[] = [];
  const state = { key: signingKey, cache: openCache(), paused: false, count: 0 };
  const session = randomBytes(6).toString('hex');

  const server = createServer((incoming, response) => {
    answer(incoming, response).catch((error: unknown) => response.destroy(error instanceof Error ? error : undefined));
  });

  async function answer(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await text(incoming);
    const recorded: RecordedRequest = { at: now(), headers: incoming.headers, body, status: 200 };
    requests.push(recorded);
    response.once('finish', () => (recorded.answeredAt = now()));
    const refuse = (refusal: Refusal): void => {
      recorded.status = refusal.status;
      recorded.problem = refusal.message;
      sendError(response, refusal, state.count);
    };
    const wrongPlace = checkPlace(incoming);
    if (wrongPlace) return refuse(wrongPlace);
    if (halfCharacter.test(body)) {
      return refuse(problem(400, 'invalid_request_error', 'The request body is not valid JSON: no low surrogate in string'));
    }
    const validation = validate(parse(body), state);
    if (!validation.ok) return refuse(problem(400, 'invalid_request_error', validation.message));
    recorded.request = validation.request;
    if (!validation.request.stream) return refuse(problem(400, 'invalid_request_error', 'stream: this server only streams'));

    const number = state.count++;
    const next = options.faults?.[number] ?? turns.shift();
    if (!next) return refuse(problem(400, 'invalid_request_error', 'the script of the server has no more turns'));
    if (next.kind === 'http') return refuse(next);
    if (next.kind === 'silence') {
      if (next.how === 'hang-up') incoming.socket.destroy();
      return;
    }
    state.paused = next.stop === 'pause_turn';
    recorded.usage = state.cache.bill(validation.request);
    await play(response, next, validation.request, recorded.usage, number);
  }

  async function play(
    response: ServerResponse,
    reply: Reply,
    request: Request,
    usage: PromptUsage,
    number: number,
  ): Promise<void> {
    const before = prefixParts(request);
    const events = eventsOf(reply, request.model, usage, {
      messageId: `msg_${session}_${number}`,
      toolUseId: (index) => `toolu_${session}_${number}_${index}`,
      sign: (blocks, thought) =>
        sign(state.key, [...before, ...blocks.map((block) => `assistant ${JSON.stringify(block)}`)], thought),
    });
    response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8', 'request-id': `req_${number}` });
    for (const [index, event] of events.entries()) {
      if (reply.wrong?.after === index) return goWrong(response, reply.wrong);
      if (!response.write(format(event))) await drained(response);
      if (response.destroyed) return;
    }
    response.end();
  }

  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  server.unref();
  server.on('connection', (socket) => socket.unref());

  const close = async (): Promise<void> => {
    clearTimeout(lifetime);
    server.closeAllConnections();
    if (server.listening) await new Promise((resolve) => server.close(resolve));
  };
  const lifetime = setTimeout(() => void close(), options.lifetimeMs ?? 300_000).unref();

  return { url: `http://127.0.0.1:${portOf(server)}`, requests, left: () => turns.length, close, [Symbol.asyncDispose]: close };
}

async function drained(response: ServerResponse): Promise<void> {
  const either = new AbortController();
  const { signal } = either;
  await Promise.race([once(response, 'drain', { signal }), once(response, 'close', { signal })]).finally(() => either.abort());
}

function portOf(server: Server): number {
  const address = server.address();
  if (typeof address !== 'object' || address === null) throw new Error('the server does not listen on a port');
  return address.port;
}

/** An escape for half a character, as `JSON.stringify` writes it. */
const halfCharacter = /(?<!\\)(?:\\\\)*\\ud[89a-f][0-9a-f]{2}/;

function parse(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}

const problem = (status: number, errorType: string, message: string): Refusal => ({
  kind: 'http',
  status,
  errorType,
  message,
  headers: {},
});

/** Method, path and headers. */
function checkPlace({ method, url, headers }: IncomingMessage): Refusal | undefined {
  if (method !== 'POST' || url !== '/v1/messages') return problem(404, 'not_found_error', `${method} ${url}`);
  const key = headers['x-api-key'] ?? headers.authorization?.replace(/^Bearer /, '');
  if (key === undefined) return problem(401, 'authentication_error', 'x-api-key header is required');
  if (key !== fakeKey) return problem(401, 'authentication_error', 'invalid x-api-key');
  if (headers['anthropic-version'] !== '2026-10-21') {
    return problem(400, 'invalid_request_error', 'anthropic-version: header is required');
  }
  if (!headers['content-type']?.startsWith('application/json')) {
    return problem(400, 'invalid_request_error', 'content-type: must be application/json');
  }
  return undefined;
}

function sendError(response: ServerResponse, { status, errorType, message, headers, body }: Refusal, number: number): void {
  const requestId = `req_${number}`;
  response.writeHead(status, { 'content-type': 'application/json', 'request-id': requestId, ...headers });
  response.end(body ?? JSON.stringify({ type: 'error', error: { type: errorType, message }, request_id: requestId }));
}

/** Milliseconds since the epoch, finer than `Date.now`. */
const now = (): number => performance.timeOrigin + performance.now();

const format = ({ name, data }: Event): string => `event: ${name}\ndata: ${JSON.stringify(data)}\n\n`;

function goWrong(response: ServerResponse, { how, errorType = 'overloaded_error' }: NonNullable<Reply['wrong']>): void {
  switch (how) {
    case 'stall':
      return;
    case 'cut':
      response.end();
      return;
    case 'reset':
      response.destroy();
      return;
    case 'garbage':
      response.end('event: content_block_delta\ndata: {"type":"content_block_del\n\n');
      return;
    case 'error':
      response.end(format({ name: 'error', data: { type: 'error', error: { type: errorType, message: 'Overloaded' } } }));
  }
}

import Anthropic, { APIError } from '@anthropic-ai/sdk';
import type { MessageCreateParamsBase } from '@anthropic-ai/sdk/resources/messages';
import type { Usage } from '../../core/types.ts';
import { messageOf } from '../text.ts';
import { collectReply, type Reply } from './reply.ts';

/** Where and how the model is reached. */
export interface Connection {
  /** Given in words, so that the SDK never looks for one in files or the environment. */
  apiKey: string;
  baseURL: string;
  /** A stream that sends no byte for this long is ended, in milliseconds. */
  inactivityMs: number;
}

export type CallOutcome = { ok: true; reply: Reply; usage: Usage } | { ok: false; failure: Failure; usage?: Usage };

/** Why a call gave no reply. Only `transient` is worth another try. */
export interface Failure {
  kind: 'transient' | 'auth' | 'overflow' | 'stale' | 'rejected' | 'interrupted' | 'deadline' | 'misbehaved';
  message: string;
  /** What the server asks to wait, in milliseconds. */
  retryAfterMs?: number;
}

/** More bytes than the longest reply can have as a stream of events. */
const replyBytes = 64 * 1024 * 1024;

/** One call, one reply or the reason for none; never rejects for what the network, the server or the model did. */
export async function callModel(
  connection: Connection,
  params: MessageCreateParamsBase,
  limits: { deadline: number; signal: AbortSignal },
): Promise<CallOutcome> {
  const silence = watchSilence(connection.inactivityMs);
  const late = AbortSignal.timeout(Math.max(0, limits.deadline - Date.now()));
  const signal = AbortSignal.any([limits.signal, silence.signal, late]);
  const collected = collectReply();
  try {
    const stream = openClient(connection, silence.heard).messages.stream(params, { signal });
    stream.on('streamEvent', collected.take);
    await stream.done();
    const usage = collected.usage();
    if (!usage || !collected.whole()) return failed({ kind: 'transient', message: 'the stream was cut off' }, usage);
    return { ok: true, reply: collected.reply(), usage };
  } catch (error) {
    const usage = collected.usage();
    if (limits.signal.aborted) return failed({ kind: 'interrupted', message: 'interrupted' }, usage);
    if (late.aborted) return failed({ kind: 'deadline', message: 'the time limit was reached during a model call' }, usage);
    if (silence.signal.aborted) return failed(silence.why(), usage);
    if (usage && collected.endsInBrokenCall()) return { ok: true, reply: { ...collected.reply(), stop: 'broken' }, usage };
    return failed(classify(error), usage);
  } finally {
    silence.end();
  }
}

function failed(failure: Failure, usage: Usage | undefined): CallOutcome {
  return usage ? { ok: false, failure, usage } : { ok: false, failure };
}

/** Made per call: it costs nothing, and what is heard belongs to one call. */
function openClient({ apiKey, baseURL }: Connection, heard: (bytes: number) => void): Anthropic {
  return new Anthropic({
    apiKey,
    authToken: null,
    baseURL,
    maxRetries: 0,
    logLevel: 'off',
    openTelemetry: false,
    fetch: async (input, init) => {
      const response = await fetch(input, init);
      heard(0);
      if (!response.body) return response;
      // The SDK hides pings, and a model that thinks may send nothing else for a while, so the bytes are watched.
      const body = response.body.pipeThrough(
        new TransformStream<Uint8Array, Uint8Array>({
          transform(chunk, controller) {
            heard(chunk.byteLength);
            controller.enqueue(chunk);
          },
        }),
      );
      return new Response(body, { status: response.status, statusText: response.statusText, headers: response.headers });
    },
  });
}

function watchSilence(limitMs: number) {
  const controller = new AbortController();
  let total = 0;
  const timer = setTimeout(() => controller.abort(), limitMs);
  return {
    signal: controller.signal,
    heard: (bytes: number): void => {
      total += bytes;
      timer.refresh();
      if (total > replyBytes) controller.abort();
    },
    why: (): Failure =>
      total > replyBytes
        ? { kind: 'misbehaved', message: `the reply is longer than ${replyBytes} bytes` }
        : { kind: 'transient', message: `the model sent nothing for ${limitMs / 1000} s` },
    end: (): void => clearTimeout(timer),
  };
}

/** `error` events inside a stream carry a type but no status. */
const statusOfType: Record<string, number> = {
  invalid_request_error: 400,
  authentication_error: 401,
  billing_error: 402,
  permission_error: 403,
  not_found_error: 404,
  request_too_large: 413,
};

const retriable = new Set([408, 409, 425, 429]);

/** What an error of the SDK means for us. */
function classify(error: unknown): Failure {
  // What is no answer of the API is a connection that failed or a stream that broke.
  if (!isApiError(error)) return { kind: 'transient', message: messageOf(error) };
  const message = describe(error);
  const status = error.status ?? statusOfType[error.type ?? ''];
  if (status === undefined || status >= 500 || retriable.has(status)) {
    const retryAfterMs = readRetryAfter(error.headers);
    return { kind: 'transient', message, ...(retryAfterMs === undefined ? {} : { retryAfterMs }) };
  }
  if (status === 401 || status === 403) return { kind: 'auth', message };
  if (status === 413 || (status === 400 && isTooLong(message))) return { kind: 'overflow', message };
  return { kind: isStale(message) ? 'stale' : 'rejected', message };
}

const isTooLong = (message: string): boolean => /prompt is too long|exceed(s|ed)? (the )?context (limit|window)/i.test(message);

/** A thinking block that came back after something before it had changed, e.g. the tools, by an upgrade before a resume. */
const isStale = (message: string): boolean =>
  /bound to a different conversation|invalid `signature` in `thinking`/i.test(message);

const isApiError = (error: unknown): error is APIError => error instanceof APIError;

function describe({ status, type, apiMessage, message }: APIError): string {
  const kind = [status, type].filter(Boolean).join(' ');
  const said = (apiMessage ?? message).slice(0, 500);
  return kind === '' ? said : `${kind}: ${said}`;
}

/** Seconds or an HTTP date, as RFC 9110 §10.2.3 has it, and the finer header of this API. */
function readRetryAfter(headers: Headers | undefined): number | undefined {
  const milliseconds = Number(headers?.get('retry-after-ms') ?? Number.NaN);
  if (milliseconds >= 0) return milliseconds;
  const value = headers?.get('retry-after');
  if (!value) return undefined;
  const seconds = Number(value);
  if (seconds >= 0) return seconds * 1000;
  const date = Date.parse(value);
  return Number.isNaN(date) ? undefined : Math.max(0, date - Date.now());
}

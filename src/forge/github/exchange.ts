import type { IncomingMessage } from 'node:http';
import type { Readable } from 'node:stream';
import { BugloopError } from '../../errors.ts';
import type { GitHubRequests } from './http.ts';
import { explainStatus, unavailable, type AnswerHeaders } from './trouble.ts';

/**
 * One request and its answer, by Node's own client. It is asked for by name because importing it, or touching `fetch`,
 * `Headers` or `Response`, loads all that belongs to them: 40 ms of every start.
 */

export interface Call {
  method?: string;
  headers?: Record<string, string>;
  body?: string;
}

/** Whole JSON with a status of success; everything else is thrown as what it means. */
export interface Answer {
  status: number;
  headers: AnswerHeaders;
  /** The same as they came, names in lower case. */
  fields: Readonly<Record<string, string>>;
  text: string;
}

/** Longest wait for one answer, in milliseconds. */
const timeoutMs = 20_000;
/** Largest answer that is read, in bytes. */
const maxBytes = 16 * 1024 * 1024;
const maxRedirects = 3;

/** Follows redirects within the operator's endpoints, and asks for what it has seen before by its ETag. */
export function openExchange(options: GitHubRequests): (url: string, call: Call) => Promise<Answer> {
  const { apiUrl, graphqlUrl } = options;
  const home = new Set([new URL(apiUrl).origin, new URL(graphqlUrl).origin]);
  const known = new Map<string, { etag: string; text: string }>();

  return async (first, call) => {
    const { method = 'GET', headers = {} } = call;
    let url = first;
    for (let hop = 0; hop <= maxRedirects; hop += 1) {
      const before = method === 'GET' ? known.get(url) : undefined;
      const asked = { ...headers, ...(before === undefined ? {} : { 'if-none-match': before.etag }) };
      const answer = await send(options, url, { ...call, method, headers: asked });
      const target = redirectOf(answer, method);
      if (target === undefined) {
        if (answer.status === 304 && before !== undefined) return { ...answer, status: 200, text: before.text };
        assertJson(options, answer, method !== 'GET');
        const etag = answer.headers.get('etag');
        if (method === 'GET' && etag !== null) known.set(url, { etag, text: answer.text });
        return answer;
      }
      const next = new URL(target, url);
      // The token goes to the operator's own endpoints and nowhere else.
      if (!home.has(next.origin)) throw unavailable(`${apiUrl} redirects to ${next.origin}`, undefined, 'refused');
      url = next.href;
    }
    throw unavailable(`${apiUrl} redirects more than ${maxRedirects} times`, undefined, 'refused');
  };
}

/** Where to go on; a redirect that would turn a write into a read is none. */
function redirectOf({ status, headers }: Answer, method: string): string | undefined {
  const follows = method === 'GET' ? [301, 302, 303, 307, 308] : [307, 308];
  return follows.includes(status) ? (headers.get('location') ?? undefined) : undefined;
}

function assertJson(options: GitHubRequests, { status, headers, text }: Answer, writes: boolean): void {
  if (status >= 300) throw explainStatus(options, { status, headers, writes }, text);
  if (status === 204) return;
  try {
    JSON.parse(text);
  } catch (error) {
    throw unavailable(`${options.apiUrl} answered with something that is not JSON`, error);
  }
}

// ---------------------------------------------------------------------------------------------- one request

async function send(options: GitHubRequests, url: string, call: Call): Promise<Answer> {
  const response = await open(url, call, AbortSignal.any([options.signal, AbortSignal.timeout(timeoutMs)])).catch(
    (error: unknown) => {
      const refused = codeOf(error) === 'ECONNREFUSED' || codeOf(error) === 'ENOTFOUND';
      throw unavailable(`${options.apiUrl} cannot be reached${whyOf(error)}`, error, refused ? 'not-done' : 'unknown');
    },
  );
  const text = await readText(options, response);
  const fields = fieldsOf(response);
  return { status: response.statusCode ?? 0, headers: { get: (name) => fields[name.toLowerCase()] ?? null }, fields, text };
}

function fieldsOf({ headers }: IncomingMessage): Record<string, string> {
  const entries = Object.entries(headers).flatMap(([name, value]): [string, string][] =>
    value === undefined ? [] : [[name, [value].flat().join(', ')]],
  );
  return Object.fromEntries(entries);
}

function open(url: string, { method, headers, body }: Call, signal: AbortSignal): Promise<IncomingMessage> {
  const { request } = process.getBuiltinModule(url.startsWith('https:') ? 'node:https' : 'node:http');
  return new Promise((resolve, reject) => {
    const length = body === undefined ? {} : { 'content-length': String(Buffer.byteLength(body)) };
    const all = { 'accept-encoding': 'gzip', ...headers, ...length };
    const sent = request(url, { ...(method === undefined ? {} : { method }), headers: all, signal }, resolve);
    sent.on('error', reject);
    sent.end(body);
  });
}

async function readText({ apiUrl }: GitHubRequests, response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    const packets: AsyncIterable<Buffer> = unpacked(response);
    for await (const bytes of packets) {
      size += bytes.length;
      if (size > maxBytes) throw unavailable(`${apiUrl} answered with more than ${maxBytes} bytes`, undefined, 'refused');
      chunks.push(bytes);
    }
  } catch (error) {
    if (error instanceof BugloopError) throw error;
    throw unavailable(`the answer of ${apiUrl} broke off${whyOf(error)}`, error);
  }
  return Buffer.concat(chunks).toString('utf8');
}

/** What was too much once it is unpacked is cut off by whoever reads. */
function unpacked(response: IncomingMessage): Readable {
  if (response.headers['content-encoding'] !== 'gzip') return response;
  const { pipeline } = process.getBuiltinModule('node:stream');
  // The reader gets the error; nobody waits for the callback.
  return pipeline(response, process.getBuiltinModule('node:zlib').createGunzip(), () => undefined);
}

function codeOf(error: unknown): unknown {
  return typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined;
}

function whyOf(error: unknown): string {
  if (!(error instanceof Error)) return '';
  // An abort says why in its cause; several addresses that were tried say nothing together.
  const said = error.cause instanceof Error ? error.cause.message : error.message;
  const code = codeOf(error);
  return `: ${said === '' ? (typeof code === 'string' ? code : error.name) : said}`;
}

import { Octokit } from '@octokit/rest';
import type { z } from 'zod';
import type { TokenKind } from '../../core/setup/facts.ts';
import { BugloopError } from '../../errors.ts';
import { explainGraphql, explainStatus, findTrouble, unavailable } from './trouble.ts';

/** Where requests go, with what, and until when they may be tried. */
export interface GitHubRequests {
  /** Base of the REST interface, without a trailing slash. */
  apiUrl: string;
  graphqlUrl: string;
  /** Where people click. */
  serverUrl: string;
  /** `owner/name`. */
  slug: string;
  token: string;
  /** What kind of token it is decides where its permissions are set. */
  kind: TokenKind;
  version: string;
  signal: AbortSignal;
  /** Milliseconds since the epoch; no wait goes beyond it. */
  deadline: number;
  now: () => number;
}

/** One request: a route of REST or a GraphQL document, and the form of its answer. */
type Ask<T> =
  | {
      route: string;
      parameters?: Record<string, unknown>;
      schema: z.ZodType<T>;
      /** Shown the headers of the answer. */
      headers?: (headers: Headers) => void;
    }
  | {
      query: string;
      variables: Record<string, unknown>;
      schema: z.ZodType<T>;
      /** An answer of the right form counts although parts of it, which may be missing, came with errors. */
      partial?: boolean;
    };

export interface Http {
  /** Repeats until there is an answer, or no time left. A GET that was answered before is asked for by its ETag. */
  read<T>(ask: Ask<T>): Promise<T>;
  /** Sends once, at least a second after the write before. For use inside `once`. */
  send<T>(ask: Ask<T>): Promise<T>;
  /** Repeats what failed for a reason that may pass, after growing pauses; only for what may be done twice. */
  persist<T>(body: () => Promise<T>): Promise<T>;
  /**
   * An effect exactly once. `make` is called again only where it surely had no effect, or where `find`, which looks for
   * the effect, says that it is not there.
   */
  once<T>(effect: { make: () => Promise<T>; find: () => Promise<T | undefined> }): Promise<T>;
}

/** Longest wait for one answer, in milliseconds. */
const timeoutMs = 20_000;
/** Largest answer that is read, in bytes. */
const maxBytes = 16 * 1024 * 1024;
const maxRedirects = 3;
/** Tries of one request until the run is given up for now. */
const maxTries = 6;
/** GitHub asks for at least a second between requests that write. */
const writeGapMs = 1_000;
/** First pause before a repetition, in milliseconds; each one after it is twice as long, give or take a half. */
const pauseMs = 400;

/** A thin layer over Octokit, which has neither retry nor doubt of its own. */
export function openHttp(options: GitHubRequests): Http {
  const { apiUrl, signal, deadline, now } = options;
  const [owner = '', repo = ''] = options.slug.split('/');
  const octokit = new Octokit({
    auth: options.token,
    baseUrl: apiUrl,
    userAgent: `bugloop/${options.version}`,
    request: { fetch: openFetch(options), redirect: 'manual' },
    log: { debug: ignore, info: ignore, warn: ignore, error: ignore },
  });
  let lastWrite = -Infinity;

  return {
    persist,
    read: (ask) => persist(() => request(ask)),
    async send(ask) {
      await pause(lastWrite + writeGapMs - now());
      try {
        return await request(ask);
      } finally {
        lastWrite = now();
      }
    },
    once({ make, find }) {
      let inDoubt = false;
      return persist(async () => {
        const there = inDoubt ? await find() : undefined;
        if (there !== undefined) return there;
        try {
          return await make();
        } catch (error) {
          inDoubt ||= findTrouble(error)?.trouble.outcome === 'unknown';
          throw error;
        }
      });
    },
  };

  /** Repeats what failed for a reason that may pass, after growing pauses, as long as there is time. */
  async function persist<T>(body: () => Promise<T>): Promise<T> {
    for (let tries = 1; ; tries += 1) {
      try {
        return await body();
      } catch (thrown) {
        const { error, trouble } = findTrouble(thrown) ?? { error: thrown, trouble: undefined };
        if (trouble === undefined || trouble.outcome === 'refused' || tries >= maxTries || signal.aborted) throw error;
        const wait = trouble.waitMs ?? pauseMs * 2 ** (tries - 1) * (0.5 + Math.random());
        if (now() + wait > deadline) throw error;
        await pause(wait);
      }
    }
  }

  async function request<T>(ask: Ask<T>): Promise<T> {
    const { data, error } = 'route' in ask ? { data: await rest(ask) } : await graphql(ask);
    const answer = ask.schema.safeParse(data);
    if (error !== undefined && !(answer.success && 'partial' in ask && ask.partial)) throw error;
    if (answer.success) return answer.data;
    const [issue] = answer.error.issues;
    throw unavailable(`${apiUrl} answered with something else (${issue?.path.join('.') ?? ''}: ${issue?.message ?? ''})`);
  }

  async function rest({ route, parameters = {}, headers }: Extract<Ask<unknown>, { route: string }>): Promise<unknown> {
    const response = await octokit.request(route, { owner, repo, ...parameters });
    headers?.(headersOf(response.headers));
    return response.data as unknown;
  }

  /** Errors come with a status of 200, and with data or without. */
  async function graphql({ query, variables }: { query: string; variables: Record<string, unknown> }) {
    const response = await octokit.request(`POST ${options.graphqlUrl}`, { query, variables });
    const body: unknown = response.data;
    const { data, errors } = typeof body === 'object' && body !== null ? (body as { data?: unknown; errors?: unknown }) : {};
    if (errors === undefined) return { data };
    return { data, error: explainGraphql(options, errors, headersOf(response.headers), query) };
  }

  function pause(ms: number): Promise<void> {
    if (ms <= 0) return Promise.resolve();
    return new Promise((resolve, reject) => {
      const stop = (): void => {
        clearTimeout(timer);
        reject(new BugloopError('api.unavailable', `interrupted while waiting for ${apiUrl}`));
      };
      const timer = setTimeout(() => {
        signal.removeEventListener('abort', stop);
        resolve();
      }, ms);
      signal.addEventListener('abort', stop, { once: true });
      if (signal.aborted) stop();
    });
  }
}

function headersOf(headers: Readonly<Record<string, unknown>>): Headers {
  return new Headers(Object.entries(headers).map(([name, value]) => [name, String(value)]));
}

function ignore(): void {
  // Octokit would print to the console.
}

// ---------------------------------------------------------------------------------------------- one request

interface Call {
  method?: string;
  headers?: Record<string, string>;
  body?: string;
}

/** A fetch that gives back only whole JSON with a status of success; everything else is thrown as what it means. */
function openFetch(options: GitHubRequests): (url: string, call: Call) => Promise<Response> {
  const { apiUrl, graphqlUrl } = options;
  const home = new Set([new URL(apiUrl).origin, new URL(graphqlUrl).origin]);
  const known = new Map<string, { etag: string; text: string }>();

  return async (first, call) => {
    const { method = 'GET', headers = {}, body } = call;
    let url = first;
    for (let hop = 0; hop <= maxRedirects; hop += 1) {
      const before = method === 'GET' ? known.get(url) : undefined;
      const asked = { ...headers, ...(before === undefined ? {} : { 'if-none-match': before.etag }) };
      const response = await exchange(options, url, { method, headers: asked, ...(body === undefined ? {} : { body }) });
      const target = redirectOf(response, method);
      if (target === undefined) {
        if (response.status === 304 && before !== undefined) return jsonResponse(before.text, response.headers);
        const text = await readJson(options, response, method !== 'GET');
        const etag = response.headers.get('etag');
        if (method === 'GET' && etag !== null) known.set(url, { etag, text });
        return jsonResponse(text, response.headers, response.status);
      }
      await response.body?.cancel();
      const next = new URL(target, url);
      // The token goes to the operator's own endpoints and nowhere else.
      if (!home.has(next.origin)) throw unavailable(`${apiUrl} redirects to ${next.origin}`, undefined, 'refused');
      url = next.href;
    }
    throw unavailable(`${apiUrl} redirects more than ${maxRedirects} times`, undefined, 'refused');
  };
}

/** Where to go on; a redirect that would turn a write into a read is none. */
function redirectOf({ status, headers }: Response, method: string): string | undefined {
  const follows = method === 'GET' ? [301, 302, 303, 307, 308] : [307, 308];
  return follows.includes(status) ? (headers.get('location') ?? undefined) : undefined;
}

async function exchange(options: GitHubRequests, url: string, call: RequestInit): Promise<Response> {
  try {
    const signal = AbortSignal.any([options.signal, AbortSignal.timeout(timeoutMs)]);
    return await fetch(url, { ...call, redirect: 'manual', signal });
  } catch (error) {
    const refused = codeOf(error) === 'ECONNREFUSED' || codeOf(error) === 'ENOTFOUND';
    throw unavailable(`${options.apiUrl} cannot be reached${whyOf(error)}`, error, refused ? 'not-done' : 'unknown');
  }
}

async function readJson(options: GitHubRequests, response: Response, writes: boolean): Promise<string> {
  const text = await readText(options, response);
  const { status, headers } = response;
  if (status >= 300) throw explainStatus(options, { status, headers, writes }, text);
  if (response.status === 204) return '';
  try {
    JSON.parse(text);
  } catch (error) {
    throw unavailable(`${options.apiUrl} answered with something that is not JSON`, error);
  }
  return text;
}

async function readText({ apiUrl }: GitHubRequests, response: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  try {
    for await (const chunk of response.body ?? []) {
      size += chunk.byteLength;
      if (size > maxBytes) throw unavailable(`${apiUrl} answered with more than ${maxBytes} bytes`, undefined, 'refused');
      chunks.push(chunk);
    }
  } catch (error) {
    if (error instanceof BugloopError) throw error;
    throw unavailable(`the answer of ${apiUrl} broke off${whyOf(error)}`, error);
  }
  return Buffer.concat(chunks).toString('utf8');
}

/** GitHub's words may come with another type; that it is JSON was checked. */
function jsonResponse(text: string, headers: Headers, status = 200): Response {
  const kept = new Headers(headers);
  kept.set('content-type', 'application/json; charset=utf-8');
  for (const name of ['content-encoding', 'content-length', 'deprecation']) kept.delete(name);
  return new Response(status === 204 ? null : text, { status, headers: kept });
}

function codeOf(error: unknown): unknown {
  const cause: unknown = error instanceof Error ? error.cause : undefined;
  return typeof cause === 'object' && cause !== null && 'code' in cause ? cause.code : undefined;
}

function whyOf(error: unknown): string {
  const cause: unknown = error instanceof Error ? (error.cause ?? error) : undefined;
  return cause instanceof Error && cause.message !== '' ? `: ${cause.message}` : '';
}

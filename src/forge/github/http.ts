import type { Octokit } from '@octokit/rest';
import * as z from 'zod/mini';
import type { TokenKind } from '../../core/setup/facts.ts';
import { BugloopError } from '../../errors.ts';
import { openExchange, type Answer, type Call } from './exchange.ts';
import { explainGraphql, findTrouble, unavailable, type AnswerHeaders } from './trouble.ts';

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
      schema: z.core.$ZodType<T>;
      /** Shown the headers of the answer. */
      headers?: (headers: AnswerHeaders) => void;
    }
  | {
      query: string;
      variables: Record<string, unknown>;
      schema: z.core.$ZodType<T>;
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
  const exchange = openExchange(options);
  let octokit: Promise<Octokit> | undefined;
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
    const answer = z.safeParse(ask.schema, data);
    if (error !== undefined && !(answer.success && 'partial' in ask && ask.partial)) throw error;
    if (answer.success) return answer.data;
    const [issue] = answer.error.issues;
    throw unavailable(`${apiUrl} answered with something else (${issue?.path.join('.') ?? ''}: ${issue?.message ?? ''})`);
  }

  async function rest({ route, parameters = {}, headers }: Extract<Ask<unknown>, { route: string }>): Promise<unknown> {
    octokit ??= openOctokit(options, exchange);
    const response = await (await octokit).request(route, { owner, repo, ...parameters });
    headers?.(headersOf(response.headers));
    return response.data as unknown;
  }

  /** Errors come with a status of 200, and with data or without. */
  async function graphql({ query, variables }: { query: string; variables: Record<string, unknown> }) {
    const { text, headers: answered } = await exchange(options.graphqlUrl, {
      method: 'POST',
      headers: {
        accept: 'application/vnd.github+json',
        'content-type': 'application/json; charset=utf-8',
        'user-agent': userAgentOf(options),
        authorization: `Bearer ${options.token}`,
      },
      body: JSON.stringify({ query, variables }),
    });
    const body: unknown = JSON.parse(text);
    const { data, errors } = typeof body === 'object' && body !== null ? (body as { data?: unknown; errors?: unknown }) : {};
    if (errors === undefined) return { data };
    return { data, error: explainGraphql(options, errors, answered, query) };
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

function headersOf(headers: Readonly<Record<string, unknown>>): AnswerHeaders {
  return { get: (name) => (name.toLowerCase() in headers ? String(headers[name.toLowerCase()]) : null) };
}

/** Routes and their parameters are Octokit's; it is loaded for the first of them. */
async function openOctokit(options: GitHubRequests, exchange: ReturnType<typeof openExchange>): Promise<Octokit> {
  const { Octokit } = await import('@octokit/rest');
  return new Octokit({
    auth: options.token,
    baseUrl: options.apiUrl,
    userAgent: userAgentOf(options),
    request: {
      async fetch(url: string, { method, headers, body }: Call): Promise<Response> {
        const call = { ...(method === undefined ? {} : { method }), ...(body === undefined ? {} : { body }) };
        return toResponse(await exchange(url, { ...call, headers: headers ?? {} }));
      },
      redirect: 'manual',
    },
    log: { debug: ignore, info: ignore, warn: ignore, error: ignore },
  });
}

function userAgentOf({ version }: GitHubRequests): string {
  return `bugloop/${version}`;
}

function ignore(): void {
  // Octokit would print to the console.
}

/** GitHub's words may come with another type; that it is JSON was checked. */
function toResponse({ status, fields, text }: Answer): Response {
  const kept = new Headers({ ...fields, 'content-type': 'application/json; charset=utf-8' });
  for (const name of ['content-encoding', 'content-length', 'transfer-encoding', 'deprecation']) kept.delete(name);
  return new Response(status === 204 ? null : text, { status, headers: kept });
}

/** The same requests, with what is read through them in words: `GraphQL query Standing`, `REST GET /repos/acme/shop/pulls`. */
export function watchReads(http: Http): { http: Http; asked: readonly string[] } {
  const asked: string[] = [];
  const read = <T>(ask: Ask<T>): Promise<T> => {
    asked.push('query' in ask ? `GraphQL ${/query \w+/.exec(ask.query)?.[0] ?? 'query'}` : `REST ${ask.route}`);
    return http.read(ask);
  };
  return { http: { ...http, read }, asked };
}

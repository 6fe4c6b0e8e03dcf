import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, realpathSync, rmSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Fault, type Faults, commits as faultCommits, openFaults, page as errorPage, type Surface } from './faults.ts';
import { explainRefusals, refs, nullSha, transfer, type TransferAnswer } from './git.ts';
import { answerGraphQL, type GraphQLRequest, parseRequest } from './graphql.ts';
import { checkReply, checkRequest, route, type Route } from './openapi.ts';
import { demand, needs, workflowRefusal } from './permissions.ts';
import { afterRefs } from './effects.ts';
import { handlers, type RestReply } from './rest.ts';
import { openSeeds, type Seeds } from './seeds.ts';
import { type Caller, notFound, Refusal, type Repository, type Token } from './state.ts';
import { deliver } from './webhooks.ts';
import { type Delivery, findRepository, openQueue, type World } from './world.ts';

export type * from './state.ts';

/** A request as it came in, and what became of it. */
interface RecordedRequest {
  /** Place in `server.requests`, from 0; what a fault's `at` means. */
  index: number;
  /** Milliseconds since the epoch. */
  at: number;
  surface: Surface;
  method: string;
  /** Path without the API's prefix, without query. */
  path: string;
  query: string;
  /** `issues/get`, `mutation addComment`, `git-receive-pack`; `unknown` where there is none. */
  operation: string;
  headers: NodeJS.Dict<string | string[]>;
  /** Text of the body; empty for git. */
  body: string;
  /** Login of the token's account. */
  login?: string;
  /** Changes something. */
  writes: boolean;
  /** Absent while under way and where the connection was cut. */
  status?: number;
  /** Kind of the fault it met. */
  fault?: Fault['kind'];
  /** What the test called this part, with `server.step`. */
  step?: string;
}

export interface GitHubOptions {
  /** Secret of the webhooks' signatures. Default `not-a-real-secret`. */
  webhookSecret?: string;
  /** Where webhooks are sent. Default: nowhere, they are only recorded. */
  webhookUrl?: string;
  /** Requests an hour for each token. Default 5,000. */
  rateLimit?: number;
  /** Default: the system's. */
  clock?: () => number;
  /** Ends the server by itself, in milliseconds. Default 5 min. */
  lifetimeMs?: number;
}

export interface GitHubServer extends Seeds {
  /** `GITHUB_API_URL` */
  apiUrl: string;
  /** `GITHUB_GRAPHQL_URL` */
  graphqlUrl: string;
  /** `GITHUB_SERVER_URL`; a clone URL is `<serverUrl>/<owner>/<name>.git`. */
  serverUrl: string;
  port: number;
  requests: RecordedRequest[];
  /** Requests so far, the failed ones too; `git` counts transfers (`git-upload-pack`, `git-receive-pack` with data), not their openings. */
  count(surface: 'rest' | 'graphql' | 'git' | 'api'): number;
  /** Forgets the recorded requests, so that a test counts from here. */
  forget(): void;
  /** Names what comes next, in `server.requests`. */
  step(name: string): void;
  /** Writes that were really made, in order, as operations. */
  writes(): string[];
  faults: Faults;
  /** Webhooks, in order. */
  deliveries: Delivery[];
  /** Sends a webhook again, as a person does by hand: same id, same body. */
  redeliver(delivery: Delivery, url: string): Promise<void>;
  /** Waits until every webhook under way has been answered. */
  delivered(): Promise<void>;
  /** Budget of a token (or of whoever has none). */
  limit(token: Token | undefined, remaining: number, resetAt?: number): void;
  /** Requests that the real thing would not know, and answers that it would not give. */
  problems: string[];
  /** Throws when there was any problem. */
  assertClean(): void;
  /** Stops, removes the repositories, and throws when there was any problem. */
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

/** GitHub on 127.0.0.1: one state behind REST, GraphQL and git. It never keeps its process alive. */
export async function startGitHub(options: GitHubOptions = {}): Promise<GitHubServer> {
  const directory = realpathSync(mkdtempSync(join(tmpdir(), 'bugloop-github-')));
  const server = createServer((incoming, response) => {
    receive(incoming, response).catch((error: unknown) => {
      world.problems.push(`the double failed: ${error instanceof Error ? error.stack : String(error)}`);
      response.destroy();
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  server.unref();
  const { port } = server.address() as AddressInfo;
  const serverUrl = `http://127.0.0.1:${port}`;
  const world: World = {
    directory,
    serverUrl,
    apiUrl: `${serverUrl}/api/v3`,
    graphqlUrl: `${serverUrl}/api/graphql`,
    webhooks: {
      secret: options.webhookSecret ?? 'not-a-real-secret',
      ...(options.webhookUrl ? { url: options.webhookUrl } : {}),
    },
    accounts: [],
    repositories: [],
    tokens: new Map(),
    apps: [],
    nodes: new Map(),
    deliveries: [],
    pending: new Set(),
    signedLogs: new Map(),
    problems: [],
    nextId: 1_000_001,
    now: options.clock ?? Date.now,
  };
  const requests: RecordedRequest[] = [];
  const faults = openFaults();
  const limits = new Map<Token | undefined, { limit: number; remaining: number; used: number; resetAt: number }>();
  const inTurn = openQueue();
  let closed = false;
  let step: string | undefined;

  function limitOf(token: Token | undefined) {
    const known = limits.get(token);
    if (known && known.resetAt > world.now()) return known;
    const limit = options.rateLimit ?? (token?.kind === 'actions' ? 1000 : token ? 5000 : 60);
    const fresh = { limit, remaining: limit, used: 0, resetAt: world.now() + 3_600_000 };
    limits.set(token, fresh);
    return fresh;
  }

  async function receive(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await buffer(incoming).catch(() => undefined);
    if (!body) return;
    const place = locate(incoming, serverUrl);
    const token = tokenOf(incoming, world);
    const request = record(incoming, place, body);
    if (token instanceof Object) request.login = token.account.login;
    requests.push(request);
    const fault = faults.take(request, request.index);
    if (fault) request.fault = fault.kind;

    const carryOut = (): Promise<Answer> => answer(request, place, body, token, incoming);
    const answered = fault && !faultCommits(fault) ? undefined : await (request.writes ? inTurn(carryOut) : carryOut());
    if (fault) return goWrong(response, request, fault, answered);
    if (answered) send(response, request, answered);
  }

  function record(incoming: IncomingMessage, place: Place, body: Buffer): RecordedRequest {
    const base = {
      index: requests.length,
      at: Date.now(),
      method: incoming.method ?? 'GET',
      path: place.path,
      query: place.query.toString(),
      headers: incoming.headers,
      ...(step === undefined ? {} : { step }),
    };
    if (place.surface === 'git') {
      const service = place.path.endsWith('/info/refs')
        ? `info/refs ${place.query.get('service')}`
        : (place.path.split('/').at(-1) ?? '');
      return { ...base, surface: 'git', operation: service, body: '', writes: service === 'git-receive-pack' };
    }
    const content = body.toString('utf8');
    if (place.surface === 'graphql') {
      const parsed = parseRequest((parseJson(content) ?? {}) as GraphQLRequest);
      return {
        ...base,
        surface: 'graphql',
        operation: parsed?.label ?? 'unknown',
        body: content,
        writes: parsed?.operation.operation === 'mutation',
      };
    }
    const found = place.surface === 'rest' ? route(base.method, place.path) : undefined;
    const operation = found?.operation ?? (place.surface === 'web' ? 'web' : 'unknown');
    return { ...base, surface: place.surface, operation, body: content, writes: !['GET', 'HEAD'].includes(base.method) };
  }

  async function answer(
    request: RecordedRequest,
    place: Place,
    body: Buffer,
    token: Token | 'bad' | undefined,
    incoming: IncomingMessage,
  ): Promise<Answer> {
    if (request.surface === 'web') return answerWeb(place);
    if (token === 'bad') {
      return refused(
        new Refusal(401, 'Bad credentials'),
        request,
        request.surface === 'git' ? { 'www-authenticate': 'Basic realm="GitHub"' } : {},
      );
    }
    const caller: Caller = token ? { token, account: token.account } : {};
    if (request.surface === 'git') return answerTransfer(request, place, body, caller);
    const budget = limitOf(token);
    if (budget.remaining <= 0) return limited(request, budget);
    budget.remaining--;
    budget.used++;
    const answered =
      request.surface === 'graphql'
        ? await answerQuery(request, caller, budget)
        : await answerRest(request, place, caller, budget);
    const headers = { ...tokenHeaders(token), ...answered.headers, ...rateHeaders(request, budget) };
    const etag = `W/"${createHash('sha256').update(answered.body).digest('hex')}"`;
    if (request.method === 'GET' && answered.status === 200) {
      if (incoming.headers['if-none-match'] === etag) {
        budget.remaining++;
        return { status: 304, headers: { ...headers, etag }, body: Buffer.alloc(0) };
      }
      return { ...answered, headers: { ...headers, etag } };
    }
    return { ...answered, headers };
  }

  // ---------------------------------------------------------------------------------------------- REST

  async function answerRest(request: RecordedRequest, place: Place, caller: Caller, rateLimit: RateLimit): Promise<Answer> {
    const found = route(request.method, place.path);
    if (!found) {
      world.problems.push(`no such operation in the description: ${request.method} ${place.path}`);
      return refused(notFound(), request);
    }
    const body = request.body === '' ? undefined : parseJson(request.body);
    if (request.body !== '' && body === undefined) {
      world.problems.push(`${found.operation}: the body is no JSON`);
      return refused(new Refusal(400, 'Problems parsing JSON'), request);
    }
    const wrong = checkRequest(found, place.query, body);
    if (wrong.length > 0) {
      world.problems.push(...wrong.map((problem) => `${found.operation}: ${problem}`));
      return refused(new Refusal(422, `Invalid request.\n\n${wrong.join('\n')}`), request);
    }
    const handler = handlers[found.operation];
    if (!handler) {
      world.problems.push(`the double does not answer ${found.operation} yet`);
      return refused(notFound(), request);
    }
    const call = {
      world,
      caller,
      rateLimit,
      address: `${place.origin}${place.path}`,
      parameters: found.parameters,
      query: place.query,
      body: (body ?? {}) as Record<string, unknown>,
    };
    return Promise.resolve()
      .then(() => handler(call))
      .then((reply) => checked(found, reply))
      .catch((error: unknown) => {
        if (error instanceof Refusal) return refused(error, request);
        throw error;
      });
  }

  function checked(found: Route, reply: RestReply): Answer {
    world.problems.push(...checkReply(found.operation, reply.status, reply.body).map((problem) => `answer: ${problem}`));
    return json(reply.status, reply.body, reply.headers);
  }

  // ---------------------------------------------------------------------------------------------- GraphQL

  async function answerQuery(request: RecordedRequest, caller: Caller, rateLimit: RateLimit): Promise<Answer> {
    if (!caller.token) return refused(new Refusal(401, 'This endpoint requires you to be authenticated.'), request);
    const query = parseJson(request.body) as GraphQLRequest | undefined;
    if (typeof query?.query !== 'string') {
      world.problems.push('graphql: no query');
      return refused(new Refusal(400, 'Problems parsing JSON'), request);
    }
    const { body, problems } = await answerGraphQL({ world, caller, rateLimit }, query);
    world.problems.push(...problems.map((problem) => `graphql: ${problem}`));
    return json(200, body);
  }

  // ---------------------------------------------------------------------------------------------- Git

  async function answerTransfer(request: RecordedRequest, place: Place, body: Buffer, caller: Caller): Promise<Answer> {
    const [, owner = '', name = '', service = ''] =
      /^\/([^/]+)\/([^/]+?)(?:\.git)?\/(info\/refs|git-upload-pack|git-receive-pack)$/.exec(place.path) ?? [];
    const repository = findRepository(world, owner, name);
    const pushes = service === 'git-receive-pack' || place.query.get('service') === 'git-receive-pack';
    if (!repository) return gitRefused(caller, 404, 'Repository not found.');
    try {
      demand(caller, repository, pushes ? needs.writeContents : needs.readContents);
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      return gitRefused(
        caller,
        error.status,
        error.status === 403 ? `Permission to ${owner}/${name}.git denied to ${caller.account?.login}.` : 'Repository not found.',
      );
    }
    const answered =
      service === 'git-receive-pack'
        ? await push(repository, request, body, caller)
        : await run(repository, service, request, place, body, {});
    return { status: answered.status, headers: answered.headers, body: answered.body };
  }

  function run(
    repository: Repository,
    service: string,
    request: RecordedRequest,
    place: Place,
    body: Buffer,
    hook: Record<string, string>,
  ): Promise<TransferAnswer> {
    return transfer(
      repository,
      {
        method: request.method,
        service,
        query: place.query.toString(),
        headers: request.headers,
        body,
        user: request.login ?? 'anonymous',
      },
      hook,
    );
  }

  async function push(repository: Repository, request: RecordedRequest, body: Buffer, caller: Caller): Promise<TransferAnswer> {
    const before = await refs(repository);
    const reasons = join(directory, `reasons-${request.index}`);
    const admin = repository.roles.get(caller.account as never) === 'admin' || repository.owner === caller.account;
    const guarded = [...repository.protections]
      .filter(([, rule]) => rule.enforceAdmins || !admin)
      .map(([branch]) => `[refs/heads/${branch}]`);
    const refusal = caller.token && workflowRefusal(caller.token);
    const place = { path: request.path, query: new URLSearchParams(), surface: 'git' as const, origin: serverUrl };
    const answered = await run(repository, 'git-receive-pack', request, place, body, {
      DOUBLE_PROTECTED: guarded.join(''),
      DOUBLE_REASONS: reasons,
      DOUBLE_NO_WORKFLOWS: refusal ?? '',
      DOUBLE_DEFAULT: before.get(`refs/heads/${repository.defaultBranch}`) ?? nullSha,
    });
    const after = await refs(repository);
    const changed = [...new Set([...before.keys(), ...after.keys()])]
      .map((ref) => ({ name: ref, old: before.get(ref) ?? nullSha, new: after.get(ref) ?? nullSha }))
      .filter((change) => change.old !== change.new);
    await afterRefs(world, caller, repository, changed);
    const lines = read(reasons)
      .split('\n')
      .filter(Boolean)
      .map((line) => line.split('\t') as [string, string]);
    return lines.length > 0 ? { ...answered, body: explainRefusals(answered.body, new Map(lines)) } : answered;
  }

  // ---------------------------------------------------------------------------------------------- Everything else

  /** Logs of jobs, where the API redirects to; like the real thing it wants a signature there, and no credential. */
  function answerWeb(place: Place): Answer {
    const log = place.path === '/logs' ? world.signedLogs.get(place.query.get('sig') ?? '') : undefined;
    if (log === undefined) {
      world.problems.push(`no such page: ${place.path}`);
      return { status: 404, headers: { 'content-type': 'text/html' }, body: Buffer.from('Not Found') };
    }
    return { status: 200, headers: { 'content-type': 'text/plain; charset=utf-8' }, body: Buffer.from(log, 'latin1') };
  }

  async function goWrong(
    response: ServerResponse,
    request: RecordedRequest,
    fault: Fault,
    answered: Answer | undefined,
  ): Promise<void> {
    if (fault.kind === 'hang') return;
    if (fault.kind === 'reset') {
      response.socket?.resetAndDestroy();
      return;
    }
    if (fault.kind === 'slow' && answered) {
      await sleep(fault.delay ?? 200);
      return send(response, request, answered);
    }
    if ((fault.kind === 'cut' || fault.kind === 'truncated') && answered) {
      const half = answered.body.subarray(0, Math.floor(answered.body.length / 2));
      if (fault.kind === 'cut') return send(response, request, { ...answered, body: half });
      response.writeHead(answered.status, { ...answered.headers, 'content-length': String(answered.body.length) });
      response.write(half, () => response.destroy());
      return;
    }
    send(response, request, faulty(request, fault));
  }

  function faulty(request: RecordedRequest, fault: Fault): Answer {
    const wait = fault.retryAfter ?? 1;
    if (fault.kind === 'redirect') {
      const location = fault.to ?? `${request.surface === 'rest' ? world.apiUrl : serverUrl}${request.path}`;
      return json(301, { message: 'Moved Permanently', url: location }, { location });
    }
    if (fault.kind === 'html')
      return { status: 200, headers: { 'content-type': 'text/html; charset=utf-8' }, body: Buffer.from(errorPage) };
    if (fault.kind === 'primary-limit')
      return limited(request, { limit: 5000, remaining: 0, used: 5000, resetAt: world.now() + wait * 1000 });
    if (fault.kind === 'secondary-limit') {
      const message = 'You have exceeded a secondary rate limit. Please wait a few minutes before you try again.';
      if (request.surface === 'graphql')
        return json(200, { errors: [{ type: 'RATE_LIMITED', message }] }, { 'retry-after': String(wait) });
      return refused(new Refusal(403, message), request, { 'retry-after': String(wait) });
    }
    if (fault.kind === 'graphql-error' && request.surface === 'graphql') {
      const message = 'Something went wrong while executing your query. Please include `0000:0000` when reporting this issue.';
      return json(200, { data: null, errors: [{ message }] });
    }
    const status = fault.status ?? (fault.kind === 'graphql-error' ? 500 : 502);
    if (request.surface === 'git')
      return { status, headers: { 'content-type': 'text/plain' }, body: Buffer.from('Bad Gateway\n') };
    return json(status, { message: status === 502 ? 'Server Error' : 'Service Unavailable' });
  }

  function send(response: ServerResponse, request: RecordedRequest, answered: Answer): void {
    request.status = answered.status;
    const headers = {
      ...answered.headers,
      'x-github-request-id': randomBytes(8).toString('hex').toUpperCase(),
      'content-length': String(answered.body.length),
    };
    response.writeHead(answered.status, headers);
    response.end(request.method === 'HEAD' ? undefined : answered.body);
  }

  async function close(): Promise<void> {
    if (closed) return;
    closed = true;
    clearTimeout(lifetime);
    server.closeAllConnections();
    server.close();
    await inTurn(async () => {});
    await Promise.allSettled(world.pending);
    rmSync(directory, { recursive: true, force: true, maxRetries: 3 });
    assertClean();
  }
  function assertClean(): void {
    if (world.problems.length > 0) throw new Error(`GitHub would not have it:\n${[...new Set(world.problems)].join('\n')}`);
  }
  const lifetime = setTimeout(() => void close().catch(() => {}), options.lifetimeMs ?? 300_000).unref();

  const counted = (surface: Surface): RecordedRequest[] => requests.filter((request) => request.surface === surface);
  return {
    ...openSeeds(world),
    apiUrl: world.apiUrl,
    graphqlUrl: world.graphqlUrl,
    serverUrl,
    port,
    requests,
    faults,
    deliveries: world.deliveries,
    problems: world.problems,
    assertClean,
    close,
    [Symbol.asyncDispose]: close,
    count(surface) {
      if (surface === 'api') return counted('rest').length + counted('graphql').length;
      if (surface !== 'git') return counted(surface).length;
      // One transfer may ask several times: what opens it is what counts.
      return counted('git').filter((request) => request.operation.startsWith('info/refs')).length;
    },
    forget: () => void requests.splice(0),
    step: (name) => void (step = name),
    writes: () =>
      requests
        .filter((request) => request.writes && request.status !== undefined && request.status < 400)
        .map((request) => request.operation),
    redeliver: (delivery, to) => deliver(world, to, delivery),
    delivered: async () => void (await Promise.allSettled(world.pending)),
    limit(token, remaining, resetAt) {
      const budget = limitOf(token);
      Object.assign(budget, { remaining, ...(resetAt === undefined ? {} : { resetAt }) });
    },
  };
}

interface Answer {
  status: number;
  headers: Record<string, string>;
  body: Buffer;
}
interface RateLimit {
  limit: number;
  remaining: number;
  used: number;
  resetAt: number;
}
interface Place {
  surface: Surface;
  path: string;
  query: URLSearchParams;
  /** API's prefix, for links. */
  origin: string;
}

/** The API is where GitHub's own servers have it, under a host of its own when it comes through a proxy. */
function locate(incoming: IncomingMessage, serverUrl: string): Place {
  const url = new URL(incoming.url ?? '/', serverUrl);
  const place = (surface: Surface, path: string, origin: string): Place => ({ surface, path, query: url.searchParams, origin });
  const path = url.pathname;
  if (url.hostname.startsWith('api.'))
    return path === '/graphql' ? place('graphql', path, url.origin) : place('rest', path, url.origin);
  if (path === '/api/graphql') return place('graphql', '/graphql', `${url.origin}/api`);
  if (path.startsWith('/api/v3/')) return place('rest', path.slice('/api/v3'.length), `${url.origin}/api/v3`);
  if (/\/(info\/refs|git-upload-pack|git-receive-pack)$/.test(path)) return place('git', path, url.origin);
  return place('web', path, url.origin);
}

/** `bad` for a credential that GitHub does not know or that has expired. */
function tokenOf(incoming: IncomingMessage, world: World): Token | 'bad' | undefined {
  const [scheme = '', credential = ''] = (incoming.headers.authorization ?? '').split(' ');
  if (!credential) return undefined;
  const value = /^basic$/i.test(scheme)
    ? Buffer.from(credential, 'base64').toString('utf8').split(':').slice(1).join(':')
    : credential;
  const token = world.tokens.get(value);
  return token && token.kind !== 'expired' ? token : 'bad';
}

function json(status: number, body: unknown, headers: Record<string, string> = {}): Answer {
  const content = body === undefined ? '' : JSON.stringify(body);
  return {
    status,
    headers: { ...(body === undefined ? {} : { 'content-type': 'application/json; charset=utf-8' }), ...headers },
    body: Buffer.from(content),
  };
}

function refused(refusal: Refusal, request: RecordedRequest, headers: Record<string, string> = {}): Answer {
  const { status, errors } = refusal;
  const body = {
    message:
      status === 422 && errors ? (typeof errors[0] === 'string' ? 'Unprocessable Entity' : 'Validation Failed') : refusal.message,
    ...(errors ? { errors } : {}),
    documentation_url: `https://docs.github.com/rest/${request.operation === 'unknown' ? '' : request.operation}`,
    status: String(status),
  };
  return json(status, body, { ...refusal.headers, ...headers });
}

function limited(request: RecordedRequest, budget: RateLimit): Answer {
  const headers = rateHeaders(request, budget);
  const message = 'API rate limit exceeded for user ID 1.';
  if (request.surface === 'graphql') return json(200, { errors: [{ type: 'RATE_LIMITED', message }] }, headers);
  return refused(new Refusal(403, message), request, headers);
}
function rateHeaders(request: RecordedRequest, budget: RateLimit): Record<string, string> {
  return {
    'x-ratelimit-limit': String(budget.limit),
    'x-ratelimit-remaining': String(budget.remaining),
    'x-ratelimit-used': String(budget.used),
    'x-ratelimit-reset': String(Math.ceil(budget.resetAt / 1000)),
    'x-ratelimit-resource': request.surface === 'graphql' ? 'graphql' : 'core',
  };
}
function tokenHeaders(token: Token | undefined): Record<string, string> {
  return token?.kind === 'classic' ? { 'x-oauth-scopes': token.scopes.join(', '), 'x-accepted-oauth-scopes': 'repo' } : {};
}

function gitRefused(caller: Caller, status: number, message: string): Answer {
  // Without a credential git is asked for one, whatever the reason.
  const asked = !caller.token;
  return {
    status: asked ? 401 : status,
    headers: { 'content-type': 'text/plain; charset=utf-8', ...(asked ? { 'www-authenticate': 'Basic realm="GitHub"' } : {}) },
    body: Buffer.from(`${message}\n`),
  };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

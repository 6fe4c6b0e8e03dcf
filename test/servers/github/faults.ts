/** What can go wrong between bugloop and GitHub, at a request that a test chooses. */

export type Surface = 'rest' | 'graphql' | 'git' | 'web';

export interface FaultTarget {
  surface: Surface;
  method: string;
  /** Path without the API's prefix, without query. */
  path: string;
  /** `issues/get`, `mutation addComment`, `git-receive-pack` … */
  operation: string;
}

export interface Fault {
  /**
   * - `status`: an error of the server with GitHub's JSON
   * - `html`: a page of a proxy, with status 200
   * - `cut`: the answer ends in the middle of the body, with status 200 and a length that fits what was sent
   * - `truncated`: the connection closes in the middle of the body
   * - `reset`: the connection is reset without an answer
   * - `secondary-limit`: 403 with `retry-after`; in GraphQL `RATE_LIMITED` under 200
   * - `graphql-error`: an error without a type, in GraphQL under 200; elsewhere 500
   * - `primary-limit`: 403 with `x-ratelimit-remaining: 0` and a reset time
   * - `redirect`: 301 to `to`, without it to the same place again
   * - `slow`: the right answer, later
   * - `hang`: never an answer, until the caller or the server ends
   */
  kind:
    | 'status'
    | 'html'
    | 'cut'
    | 'truncated'
    | 'reset'
    | 'secondary-limit'
    | 'primary-limit'
    | 'graphql-error'
    | 'redirect'
    | 'slow'
    | 'hang';
  /** Address of `redirect`. */
  to?: string;
  /** Status of `status`. Default 502. */
  status?: number;
  /** Whether the effect happens although the answer is lost. Default: for `cut`, `truncated` and `slow` only. */
  commit?: boolean;
  /** Seconds of `retry-after`, or until the reset. Default 1. */
  retryAfter?: number;
  /** Milliseconds of `slow`. Default 200. */
  delay?: number;
  /** Number of the request among all of the server, from 0, as in `server.requests`. */
  at?: number;
  /** Which requests; a text is a surface or an operation (a word of it for GraphQL). Default: any. */
  match?: string | RegExp | ((request: FaultTarget) => boolean);
  /** Skips so many matching requests first. */
  after?: number;
  /** Default 1. */
  times?: number;
}

export interface Faults {
  add(...faults: Fault[]): void;
  /** Faults that no request has met yet. */
  left(): number;
  clear(): void;
}

export function openFaults(): Faults & { take(request: FaultTarget, index: number): Fault | undefined } {
  let queue: (Fault & { skip: number; uses: number })[] = [];
  return {
    add(...faults) {
      queue.push(...faults.map((fault) => ({ ...fault, skip: fault.after ?? 0, uses: fault.times ?? 1 })));
    },
    left: () => queue.length,
    clear: () => void (queue = []),
    take(request, index) {
      for (const fault of queue) {
        if (fault.at !== undefined ? fault.at !== index : !matches(fault.match, request)) continue;
        if (fault.skip-- > 0) continue;
        if (--fault.uses <= 0) queue = queue.filter((other) => other !== fault);
        return fault;
      }
      return undefined;
    },
  };
}

function matches(match: Fault['match'], request: FaultTarget): boolean {
  if (match === undefined) return true;
  if (typeof match === 'function') return match(request);
  if (match instanceof RegExp) return match.test(`${request.method} ${request.path} ${request.operation}`);
  return (
    match === request.surface ||
    match === request.operation ||
    (request.surface === 'graphql' && request.operation.split(' ').includes(match))
  );
}

/** Whether the request is carried out before the fault. */
export function commits(fault: Fault): boolean {
  return fault.commit ?? (fault.kind === 'cut' || fault.kind === 'truncated' || fault.kind === 'slow');
}

export const page =
  '<!DOCTYPE html>\n<html><head><title>Unicorn!</title></head><body><h1>This page is taking too long to load.</h1></body></html>\n';

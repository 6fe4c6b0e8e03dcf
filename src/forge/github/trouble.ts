import { z } from 'zod';
import { redact } from '../../core/text.ts';
import { BugloopError } from '../../errors.ts';
import type { GitHubRequests } from './http.ts';

/**
 * What can go wrong with one request, and what that means for a repetition: `refused` is final, `not-done` surely had no
 * effect and may pass, `unknown` may have had its effect before the answer was lost.
 */
export interface Trouble {
  outcome: 'refused' | 'not-done' | 'unknown';
  /** Milliseconds the forge asks to wait. */
  waitMs?: number;
  /** Of HTTP. */
  status?: number;
}

const troubles = new WeakMap<object, Trouble>();

/** The error with what it means attached, for those who decide about a repetition. */
function troubled(error: BugloopError, trouble: Trouble): BugloopError {
  troubles.set(error, trouble);
  return error;
}

/** The trouble inside whatever was thrown; Octokit wraps what its fetch throws. */
export function findTrouble(thrown: unknown): { error: BugloopError; trouble: Trouble } | undefined {
  for (let inner = thrown; typeof inner === 'object' && inner !== null; inner = 'cause' in inner ? inner.cause : undefined) {
    const trouble = troubles.get(inner);
    if (trouble !== undefined && inner instanceof BugloopError) return { error: inner, trouble };
  }
  return undefined;
}

/** Pause that GitHub asks for when a secondary limit was met and no header says how long, in milliseconds. */
const secondaryPauseMs = 60_000;

/** Milliseconds that the answer asks to wait; `undefined` where it is not about a rate limit. */
function readLimit(status: number, headers: Headers, body: string, now: number): number | undefined {
  const after = Number(headers.get('retry-after') ?? Number.NaN);
  const isLimit = status === 429 || (status === 403 && /rate limit|abuse/i.test(body)) || /"RATE_LIMITED"/.test(body);
  if ((isLimit || status === 403 || status === 503) && Number.isFinite(after)) return after * 1_000;
  if (headers.get('x-ratelimit-remaining') === '0' && (isLimit || status === 403)) {
    const reset = Number(headers.get('x-ratelimit-reset') ?? Number.NaN);
    return Number.isFinite(reset) ? Math.max(1_000, reset * 1_000 - now + 1_000) : secondaryPauseMs;
  }
  return isLimit ? secondaryPauseMs : undefined;
}

/** An answer that is no success, in our words: what is missing, and where to set it. */
export function explainStatus(options: GitHubRequests, status: number, headers: Headers, body: string): BugloopError {
  const { apiUrl, slug } = options;
  const waitMs = readLimit(status, headers, body, options.now());
  if (waitMs !== undefined) {
    const error = new BugloopError('api.rate_limited', `${apiUrl} answered ${status}: the rate limit of this token is used up`);
    return troubled(error, { outcome: 'not-done', waitMs, status });
  }
  if (status === 401) {
    const error = new BugloopError('auth.invalid', `${apiUrl} answered 401: the token is invalid or has expired`);
    return troubled(error, { outcome: 'refused', status });
  }
  const words = messageOf(options, body);
  if (status === 403) return troubled(explainForbidden(options, words, headers), { outcome: 'refused', status });
  if (status === 404 || status === 410) {
    const error = new BugloopError(
      'issue.not_found',
      `${apiUrl} answered ${status}: there is no such thing in ${slug}, or the token may not see it`,
    );
    return troubled(error, { outcome: 'refused', status });
  }
  if (status >= 500 || status === 408) {
    return troubled(new BugloopError('api.unavailable', `${apiUrl} answered ${status}`), { outcome: 'unknown', status });
  }
  return troubled(new BugloopError('api.refused', `${apiUrl} answered ${status}: ${words}`), { outcome: 'refused', status });
}

const graphqlErrors = z.array(z.object({ type: z.string().optional(), message: z.string().catch('') }));

/** Errors that come with a status of 200. The first final one decides; else nobody knows what was done. */
export function explainGraphql(options: GitHubRequests, errors: unknown, headers: Headers): BugloopError {
  const list = graphqlErrors.catch([]).parse(errors);
  const { apiUrl, slug } = options;
  if (list.some(({ type }) => type === 'RATE_LIMITED')) {
    const waitMs = readLimit(200, headers, '"RATE_LIMITED"', options.now()) ?? secondaryPauseMs;
    const error = new BugloopError('api.rate_limited', `${apiUrl}: the rate limit of this token is used up`);
    return troubled(error, { outcome: 'not-done', waitMs });
  }
  for (const { type, message } of list) {
    const words = oneLine(options, message);
    if (type === 'FORBIDDEN' || type === 'INSUFFICIENT_SCOPES' || isActionsRefusal(words)) {
      return troubled(explainForbidden(options, words, headers), { outcome: 'refused' });
    }
    if (type === 'NOT_FOUND') {
      const error = new BugloopError('issue.not_found', `${slug}: ${words} The token may also not be allowed to see it.`);
      return troubled(error, { outcome: 'refused' });
    }
    if (type !== undefined) {
      return troubled(new BugloopError('api.refused', `${apiUrl}: ${words} (${type})`), { outcome: 'refused' });
    }
  }
  const words = oneLine(options, list[0]?.message ?? 'an error without words');
  return troubled(new BugloopError('api.unavailable', `${apiUrl}: ${words}`), { outcome: 'unknown' });
}

export function unavailable(message: string, cause?: unknown, outcome: Trouble['outcome'] = 'unknown'): BugloopError {
  return troubled(new BugloopError('api.unavailable', message, { cause }), { outcome });
}

function isActionsRefusal(words: string): boolean {
  return /GitHub Actions is not permitted to create/i.test(words);
}

/** Names the missing permission where GitHub tells it, and where each kind of token gets it. */
function explainForbidden({ apiUrl, slug }: GitHubRequests, words: string, headers: Headers): BugloopError {
  if (isActionsRefusal(words)) {
    return new BugloopError('auth.forbidden', `${slug} does not let GitHub Actions create pull requests`, {
      hint: `set “Allow GitHub Actions to create and approve pull requests” under Settings → Actions → General of ${slug}`,
    });
  }
  const accepted = headers.get('x-accepted-github-permissions') ?? '';
  const needed = accepted === '' ? 'contents: write, pull-requests: write, issues: write' : describePermissions(accepted);
  return new BugloopError('auth.forbidden', `${apiUrl}: the token may not do this in ${slug} (${words}); it needs ${needed}`, {
    hint: `set ${needed} under permissions: in the workflow, or in the settings of the token or the App on GitHub`,
  });
}

/** `issues=write,pull_requests=write; contents=read` as a workflow writes it; alternatives are separated by `;`. */
function describePermissions(header: string): string {
  return header
    .slice(0, 300)
    .replaceAll(/[^a-z_=,;\s]/gi, '')
    .split(';')
    .map((set) =>
      set
        .split(',')
        .map((pair) => pair.trim().replaceAll('_', '-').replace('=', ': '))
        .join(', '),
    )
    .join(' or ');
}

function messageOf(options: GitHubRequests, body: string): string {
  try {
    const value: unknown = JSON.parse(body);
    if (typeof value === 'object' && value !== null && 'message' in value) {
      const errors =
        'errors' in value && Array.isArray(value.errors) ? value.errors.map((error: unknown) => messageIn(error)) : [];
      return oneLine(options, [String(value.message), ...errors].filter((part) => part !== '').join(': '));
    }
  } catch {
    // Not JSON: its words are no use to anybody.
  }
  return 'without a reason';
}

function messageIn(error: unknown): string {
  return typeof error === 'object' && error !== null && 'message' in error ? String(error.message) : '';
}

function oneLine({ token }: GitHubRequests, text: string): string {
  return redact(text.replaceAll(/[\s\p{Cc}]+/gu, ' ').slice(0, 300), [token]).trim();
}

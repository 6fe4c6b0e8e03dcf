import * as z from 'zod/mini';
import { describePermissions, permissionFor, whereToAuthorize, whereToGrant, whereToRenew } from '../../core/setup/token.ts';
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

/** Of an answer; names in any case. */
export interface AnswerHeaders {
  get(name: string): string | null;
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
function readLimit(status: number, headers: AnswerHeaders, body: string, now: number): number | undefined {
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
export function explainStatus(
  options: GitHubRequests,
  { status, headers, writes }: { status: number; headers: AnswerHeaders; writes: boolean },
  body: string,
): BugloopError {
  const { apiUrl, slug } = options;
  const waitMs = readLimit(status, headers, body, options.now());
  if (waitMs !== undefined) {
    const error = new BugloopError('api.rate_limited', `${apiUrl} answered ${status}: the rate limit of this token is used up`);
    return troubled(error, { outcome: 'not-done', waitMs, status });
  }
  if (status === 401) {
    const error = new BugloopError('auth.invalid', `${apiUrl} answered 401: the token is invalid or has expired`, {
      hint: whereToRenew(options),
    });
    return troubled(error, { outcome: 'refused', status });
  }
  const words = messageOf(options, body);
  // A classic token that lacks the scope is told that there is nothing to write to.
  if (status === 403 || (status === 404 && writes && lacksScope(headers))) {
    return troubled(explainForbidden(options, words, headers), { outcome: 'refused', status });
  }
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

/** A part of another form is as good as this one: an error is told in any case. */
const orElse = z.catch;

const graphqlErrors = z.array(
  z.object({
    type: z.optional(z.string()),
    message: orElse(z.string(), ''),
    path: orElse(z.array(z.union([z.string(), z.number()])), []),
    extensions: z.optional(z.object({ saml_failure: orElse(z.boolean(), false) })),
  }),
);

/** Errors that come with a status of 200. The first final one decides; else nobody knows what was done. */
export function explainGraphql(options: GitHubRequests, errors: unknown, headers: AnswerHeaders, document: string): BugloopError {
  const list = orElse(graphqlErrors, []).parse(errors);
  const { apiUrl, slug } = options;
  if (list.some(({ type }) => type === 'RATE_LIMITED')) {
    const waitMs = readLimit(200, headers, '"RATE_LIMITED"', options.now()) ?? secondaryPauseMs;
    const error = new BugloopError('api.rate_limited', `${apiUrl}: the rate limit of this token is used up`);
    return troubled(error, { outcome: 'not-done', waitMs });
  }
  for (const { type, message, path, extensions } of list) {
    const words = oneLine(options, message);
    if (type === 'FORBIDDEN' || type === 'INSUFFICIENT_SCOPES' || isActionsRefusal(words)) {
      const field = fieldOf(document, path[0]);
      const error = explainForbidden(options, words, headers, { field, signOn: extensions?.saml_failure === true });
      return troubled(error, { outcome: 'refused' });
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

/** The field that an answer calls by its alias. */
function fieldOf(document: string, alias: string | number | undefined): string | undefined {
  if (typeof alias !== 'string') return undefined;
  const called = [...document.matchAll(/(\w+): (\w+)\(/g)].find(([, name]) => name === alias);
  return called?.[2] ?? alias;
}

/** What a classic token would need for this, and does not have. */
function lacksScope(headers: AnswerHeaders): boolean {
  const scopes = (name: string): string[] => (headers.get(name) ?? '').split(',').flatMap((scope) => scope.trim() || []);
  const accepted = scopes('x-accepted-oauth-scopes');
  const has = scopes('x-oauth-scopes');
  return headers.get('x-oauth-scopes') !== null && accepted.length > 0 && !accepted.some((scope) => has.includes(scope));
}

/** Names the missing permission where GitHub tells it, and where this kind of token gets it. */
function explainForbidden(
  options: GitHubRequests,
  words: string,
  headers: AnswerHeaders,
  { field, signOn = false }: { field?: string | undefined; signOn?: boolean } = {},
): BugloopError {
  const { apiUrl, slug, serverUrl, kind } = options;
  if (isActionsRefusal(words)) {
    return new BugloopError('auth.forbidden', `${slug} does not let GitHub Actions create pull requests`, {
      hint: `tick “Allow GitHub Actions to create and approve pull requests”: ${serverUrl}/${slug}/settings/actions`,
    });
  }
  if (signOn || headers.get('x-github-sso') !== null) {
    return new BugloopError('auth.forbidden', `${slug}: its organization asks for single sign-on, and the token has none`, {
      hint: whereToAuthorize(options),
    });
  }
  if (/push access|admin rights/i.test(words)) {
    return new BugloopError('auth.forbidden', `${apiUrl}: the account behind the token may not do this in ${slug} (${words})`, {
      hint: `give the account the role Write: ${serverUrl}/${slug}/settings/access`,
    });
  }
  const accepted = headers.get('x-accepted-github-permissions') ?? '';
  const permissions = accepted === '' ? permissionFor(field) : describePermissions(accepted);
  const lacks = kind === 'classic' || kind === 'oauth' ? 'the scope repo, or public_repo' : permissions;
  return new BugloopError('auth.forbidden', `${apiUrl}: the token may not do this in ${slug} (${words}); it needs ${lacks}`, {
    hint: whereToGrant(options, permissions),
  });
}

/** The same for what git was not allowed to do. */
export function explainPushForbidden(options: GitHubRequests, { message }: BugloopError): BugloopError {
  return new BugloopError('auth.forbidden', message, { hint: whereToGrant(options, 'contents: write') });
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

import { z } from 'zod';
import type { Actor } from '../core/event.ts';
import { parseIssueRef } from '../core/flags.ts';
import type { Issue } from '../core/types.ts';
import { BugloopError } from '../errors.ts';
import type { Forge, Progress } from '../ports.ts';

/** What a request needs. */
export interface GitHubRequests {
  /** Without a trailing slash. */
  apiUrl: string;
  /** `owner/name`. */
  slug: string;
  token: string;
  version: string;
  signal: AbortSignal;
}

export interface GitHubOptions extends GitHubRequests {
  /** Where results are left as long as changes are not opened on GitHub from here. */
  local: Forge;
  progress: Progress;
}

/** Longest wait for one answer, in milliseconds. */
const timeoutMs = 20_000;
/** Largest answer that is read, in bytes. */
const maxBytes = 4 * 1024 * 1024;
const maxRedirects = 3;

/** What is read of an issue; GitHub may add what it likes. */
const issueSchema = z.object({
  number: z.int().positive(),
  title: z.string(),
  body: z.string().nullish(),
  state: z.string(),
  html_url: z.string(),
  pull_request: z.unknown().optional(),
});

/** `permission` is one of admin, write, read, none; finer roles are folded into these. */
const permissionSchema = z.object({ permission: z.string(), user: z.object({ id: z.int() }).nullish() });

/** Throws `auth.not_permitted` unless GitHub itself says that the account may write. An account is its number. */
export async function assertMayWrite(options: GitHubRequests, { login, id, type }: Actor): Promise<void> {
  const refuse = (why: string): BugloopError => new BugloopError('auth.not_permitted', `${login} may not start a run: ${why}`);
  if (type !== 'User') throw refuse(`it is an account of type ${type}`);
  const path = `/repos/${options.slug}/collaborators/${encodeURIComponent(login)}/permission`;
  const told = await get(options, path).catch((error: unknown) => {
    if (error instanceof BugloopError && error.code === 'issue.not_found') throw refuse('GitHub knows no such account here');
    throw error;
  });
  const answer = permissionSchema.safeParse(told);
  if (!answer.success) throw refuse('its permission could not be read');
  const { permission, user } = answer.data;
  if (user?.id !== id) throw refuse('the account of that name is another one');
  if (permission !== 'admin' && permission !== 'write') throw refuse(`its permission on ${options.slug} is ${permission}`);
}

/** Reads issues of one repository; the result stays in the user's own repository, as with the local forge. */
export function openGitHubForge(options: GitHubOptions): Forge {
  const { local, progress, slug } = options;
  const closed = new Set<string>();
  return {
    name: 'github',
    async readIssue(ref) {
      const parsed = parseIssueRef(ref);
      if (parsed === undefined || parsed.kind === 'file') return local.readIssue(ref);
      const answer = issueSchema.safeParse(await get(options, `/repos/${slug}/issues/${parsed.number}`));
      if (!answer.success)
        throw new BugloopError('api.unavailable', `${options.apiUrl} answered with something that is no issue`);
      const { data } = answer;
      if (data.pull_request !== undefined) {
        throw new BugloopError('usage.issue_ref', `#${data.number} in ${slug} is a pull request, not an issue`);
      }
      const issue: Issue = {
        id: String(data.number),
        number: data.number,
        title: data.title,
        body: data.body ?? '',
        source: 'github',
        url: data.html_url,
      };
      if (data.state === 'closed') closed.add(issue.id);
      return issue;
    },
    async findPrior(issue, branch) {
      if (closed.has(issue.id)) return { kind: 'change', description: `issue #${issue.id} is closed` };
      return local.findPrior(issue, branch);
    },
    async publish(sealed) {
      progress.note('the branch stays in this repository; push it and open the pull request with the text of the run');
      return local.publish(sealed);
    },
  };
}

/** One GET with the token, as JSON. Throws a `BugloopError` for every other answer. */
async function get(options: GitHubRequests, path: string): Promise<unknown> {
  const origin = new URL(options.apiUrl).origin;
  let url = `${options.apiUrl}${path}`;
  for (let hop = 0; hop <= maxRedirects; hop += 1) {
    const response = await request(options, url);
    const target = response.status >= 300 && response.status < 400 ? response.headers.get('location') : null;
    if (target === null) return readAnswer(response, options);
    await response.body?.cancel();
    const next = new URL(target, url);
    // The token goes to the operator's own endpoint and nowhere else.
    if (next.origin !== origin) throw new BugloopError('api.unavailable', `${origin} redirects to ${next.origin}`);
    url = next.href;
  }
  throw new BugloopError('api.unavailable', `${origin} redirects more than ${maxRedirects} times`);
}

async function request({ apiUrl, token, version, signal }: GitHubRequests, url: string): Promise<Response> {
  try {
    return await fetch(url, {
      redirect: 'manual',
      headers: {
        accept: 'application/vnd.github+json',
        authorization: `Bearer ${token}`,
        'user-agent': `bugloop/${version}`,
        'x-github-api-version': '2022-11-28',
      },
      signal: AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]),
    });
  } catch (error) {
    throw new BugloopError('api.unavailable', `${apiUrl} cannot be reached${whyOf(error)}`, { cause: error });
  }
}

function whyOf(error: unknown): string {
  const cause: unknown = error instanceof Error ? (error.cause ?? error) : undefined;
  return cause instanceof Error ? `: ${cause.message}` : '';
}

async function readAnswer(response: Response, options: GitHubRequests): Promise<unknown> {
  if (!response.ok) throw await explainStatus(response, options);
  const text = await readText(response, options);
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new BugloopError('api.unavailable', `${options.apiUrl} answered with something that is not JSON`, { cause: error });
  }
}

async function readText(response: Response, { apiUrl }: GitHubRequests): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  try {
    for await (const chunk of response.body ?? []) {
      size += chunk.byteLength;
      if (size > maxBytes) throw new BugloopError('api.unavailable', `${apiUrl} answered with more than ${maxBytes} bytes`);
      chunks.push(chunk);
    }
  } catch (error) {
    if (error instanceof BugloopError) throw error;
    throw new BugloopError('api.unavailable', `the answer of ${apiUrl} broke off${whyOf(error)}`, { cause: error });
  }
  return Buffer.concat(chunks).toString('utf8');
}

async function explainStatus(response: Response, { apiUrl, slug }: GitHubRequests): Promise<BugloopError> {
  const { status, headers } = response;
  await response.body?.cancel();
  if (status === 401) return new BugloopError('auth.invalid', `${apiUrl} answered 401: the token is invalid or has expired`);
  if (status === 429 || (status === 403 && (headers.get('x-ratelimit-remaining') === '0' || headers.has('retry-after')))) {
    return new BugloopError('api.rate_limited', `${apiUrl} answered ${status}: the rate limit of this token is used up`);
  }
  if (status === 403) {
    return new BugloopError(
      'auth.forbidden',
      `${apiUrl} answered 403: the token may not use ${slug}; it needs contents: write, pull-requests: write, issues: write`,
      { hint: 'set these under permissions: in the workflow, or in the settings of the token on GitHub' },
    );
  }
  if (status === 404 || status === 410)
    return new BugloopError(
      'issue.not_found',
      `${apiUrl} answered ${status}: there is no such thing in ${slug}, or the token may not see it`,
    );
  return new BugloopError('api.unavailable', `${apiUrl} answered ${status}`);
}

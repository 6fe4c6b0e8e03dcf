import { z } from 'zod';
import { BugloopError } from '../../errors.ts';
import type { PublicChange } from '../../ports.ts';

export interface PublicOptions {
  /** Base of the REST interface, without a trailing slash. */
  apiUrl: string;
  serverUrl: string;
  /** `owner/name`. */
  slug: string;
  /** A public repository needs none. */
  token?: string;
  version: string;
  signal: AbortSignal;
}

/** Longest wait for one answer, in milliseconds. */
const timeoutMs = 20_000;
/** Largest answer that is read, in characters: a body has at most 65,536. */
const maxAnswer = 4_000_000;

const changeSchema = z.object({
  number: z.int(),
  html_url: z.string(),
  title: z.string(),
  body: z.string().nullable(),
  head: z.object({ sha: z.string() }),
  base: z.object({ ref: z.string(), sha: z.string() }),
});
const comparisonSchema = z.object({ merge_base_commit: z.object({ sha: z.string() }) });

/** Reads a change, by number or by its branch, with requests that anybody may make. Throws `change.not_found` and `api.*`. */
export async function readPublicChange(options: PublicOptions, wanted: number | string): Promise<PublicChange> {
  const { slug, serverUrl, token = '' } = options;
  const remote = { url: `${serverUrl}/${slug}.git`, token };
  const number = typeof wanted === 'number' ? wanted : await findChange(options, wanted);
  const change = await get(options, `/repos/${slug}/pulls/${number}`, changeSchema);
  const { head, base } = change;
  // Page 2 leaves out the list of files, which can be long and is not trusted.
  const start = await get(options, `/repos/${slug}/compare/${base.sha}...${head.sha}?per_page=1&page=2`, comparisonSchema);
  return {
    number: change.number,
    url: change.html_url,
    title: change.title,
    body: change.body ?? '',
    head: head.sha,
    base: { branch: base.ref, commit: start.merge_base_commit.sha },
    fetchHead: (mirror) => mirror.fetchCommits(remote, [head.sha]),
    fetchBase: (mirror) => mirror.fetchCommits(remote, [start.merge_base_commit.sha]),
  };
}

/** The newest change of a branch of this very repository. */
async function findChange(options: PublicOptions, branch: string): Promise<number> {
  const [owner = ''] = options.slug.split('/');
  const query = new URLSearchParams({ head: `${owner}:${branch}`, state: 'all', per_page: '1' });
  const [found] = await get(options, `/repos/${options.slug}/pulls?${query.toString()}`, z.array(z.object({ number: z.int() })));
  if (found === undefined)
    throw new BugloopError('change.not_found', `there is no pull request from ${branch} in ${options.slug}`);
  return found.number;
}

async function get<T>(options: PublicOptions, path: string, schema: z.ZodType<T>): Promise<T> {
  const { apiUrl, slug, token } = options;
  const response = await request(options, path);
  if (response.status === 404) {
    throw new BugloopError('change.not_found', `there is no such pull request in ${slug}, or it is not public`, {
      hint: 'check the number and --repo; for a private repository export GITHUB_TOKEN',
    });
  }
  if (response.status === 403 || response.status === 429) {
    const hint =
      token === undefined ? 'wait an hour, or export GITHUB_TOKEN: requests without one are few' : 'run the command again later';
    throw new BugloopError('api.rate_limited', `${apiUrl} answered ${response.status}`, { hint });
  }
  if (!response.ok) throw new BugloopError('api.unavailable', `${apiUrl} answered ${response.status}`);
  const answer = schema.safeParse(parse(await response.text()));
  if (answer.success) return answer.data;
  throw new BugloopError('api.unavailable', `${apiUrl} answered with something that is no pull request`);
}

async function request({ apiUrl, token, version, signal }: PublicOptions, path: string): Promise<Response> {
  try {
    return await fetch(`${apiUrl}${path}`, {
      redirect: 'manual',
      headers: {
        accept: 'application/vnd.github+json',
        'user-agent': `bugloop/${version}`,
        'x-github-api-version': '2022-11-28',
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      },
      signal: AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]),
    });
  } catch (error) {
    throw new BugloopError('api.unavailable', `${apiUrl} cannot be reached`, { cause: error });
  }
}

function parse(text: string): unknown {
  if (text.length > maxAnswer) return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

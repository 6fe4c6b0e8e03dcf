import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Operator } from './context.ts';
import { isSlug, type Flags } from './core/flags.ts';
import { tokenKind, type TokenKind } from './core/setup/facts.ts';
import { BugloopError } from './errors.ts';
import type { Progress } from './ports.ts';

/** The operator: what the environment of this process says, and what is wrong with it whatever the command. */

export interface SessionOptions {
  flags: Flags;
  /** The environment of this process. */
  env: Environment;
  cwd: string;
  progress: Progress;
  signal: AbortSignal;
  /** Directory of bugloop's own package.json, prompts and examples. */
  packageRoot: string;
}
type Environment = Readonly<Record<string, string | undefined>>;

/** What every function below works from. */
export interface Opening extends SessionOptions {
  version: string;
  operator: Operator;
  /** Notes already told: a repository may be opened more than once. */
  said: Set<string>;
  /** Ends with the session: locks of issues, by what they lock. */
  held: Map<string, AsyncDisposable>;
}

/** Version of the package at `packageRoot`. */
export function readVersion(packageRoot: string): string {
  const manifest: unknown = JSON.parse(readFileSync(join(packageRoot, 'package.json'), 'utf8'));
  return typeof manifest === 'object' && manifest !== null && 'version' in manifest ? String(manifest.version) : 'unknown';
}

/** Reads the facts that others may need; an empty variable is an unset one. Checked later, when a repository is opened. */
export function readOperator({ env, packageRoot }: Pick<SessionOptions, 'env' | 'packageRoot'>): Operator {
  const given = (name: string): string | undefined => env[name] || undefined;
  const apiUrl = withoutSlash(given('GITHUB_API_URL') ?? 'https://api.github.com');
  return {
    github: {
      token: given('GITHUB_TOKEN') ?? given('GH_TOKEN'),
      apiUrl,
      graphqlUrl: withoutSlash(given('GITHUB_GRAPHQL_URL') ?? graphqlBeside(apiUrl)),
      serverUrl: withoutSlash(given('GITHUB_SERVER_URL') ?? 'https://github.com'),
      repository: given('GITHUB_REPOSITORY'),
    },
    anthropic: { key: given('ANTHROPIC_API_KEY'), baseUrl: given('ANTHROPIC_BASE_URL') },
    event: { name: given('GITHUB_EVENT_NAME'), path: given('GITHUB_EVENT_PATH') },
    actions: {
      inActions: env['GITHUB_ACTIONS'] === 'true',
      stepSummary: given('GITHUB_STEP_SUMMARY'),
      runId: given('GITHUB_RUN_ID'),
      output: given('GITHUB_OUTPUT'),
    },
    packageRoot,
  };
}

/** The token of one server never goes to another: `/api/v3` has `/api/graphql` beside it, api.github.com `/graphql` below. */
function graphqlBeside(apiUrl: string): string {
  return apiUrl.endsWith('/v3') ? `${apiUrl.slice(0, -'/v3'.length)}/graphql` : `${apiUrl}/graphql`;
}

function withoutSlash(url: string): string {
  return url.replace(/\/+$/, '');
}

/** Everything about the environment that is wrong whatever the command, and never the value of a secret. */
export function* checkEnvironment({ env, operator }: Opening): Generator<BugloopError> {
  for (const name of ['GITHUB_TOKEN', 'GH_TOKEN', 'ANTHROPIC_API_KEY']) {
    if (/[^!-~]|["']/.test(env[name] ?? '')) {
      yield new BugloopError('env.bad_token', `${name} holds whitespace, quotes or other characters that no token has`);
    }
  }
  for (const name of ['GITHUB_API_URL', 'GITHUB_GRAPHQL_URL', 'GITHUB_SERVER_URL', 'ANTHROPIC_BASE_URL']) {
    if (env[name] && !isHttpUrl(env[name])) yield new BugloopError('env.endpoint', `${name} is not an http or https address`);
  }
  const { repository } = operator.github;
  if (repository !== undefined && !isSlug(repository)) {
    yield new BugloopError('env.repository', `GITHUB_REPOSITORY is '${repository.slice(0, 80)}', expected owner/name`);
  }
}

export function isHttpUrl(text: string): boolean {
  return URL.canParse(text) && /^https?:$/.test(new URL(text).protocol);
}

export async function readEvent({ name, path }: Operator['event']): Promise<{ name: string; payload: unknown }> {
  if (name === undefined) throw unreadable('GITHUB_EVENT_NAME and GITHUB_EVENT_PATH are not set: there is no event to dispatch');
  if (path === undefined) throw unreadable('GITHUB_EVENT_PATH is not set');
  const text = await readFile(path, 'utf8').catch((error: unknown) => {
    throw unreadable(`GITHUB_EVENT_PATH: ${path} ${whyUnreadable(error)}`, error);
  });
  if (text.trim() === '') throw unreadable(`GITHUB_EVENT_PATH: ${path} is empty`);
  try {
    return { name, payload: JSON.parse(text) as unknown };
  } catch (error) {
    throw unreadable(`GITHUB_EVENT_PATH: ${path} is not JSON`, error);
  }
}

function unreadable(why: string, cause?: unknown): BugloopError {
  return new BugloopError('event.unreadable', why, { cause });
}

/** What the operating system said, in words. */
export function whyUnreadable(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (code === 'ENOENT') return 'does not exist';
  if (code === 'EISDIR') return 'is a directory';
  if (code === 'EACCES' || code === 'EPERM') return 'cannot be read: permission denied';
  return `cannot be read (${String(code)})`;
}

/** Throws the first, with the others attached, so that all are told at once. */
export function throwAll(problems: readonly BugloopError[]): void {
  const [first, ...others] = problems;
  if (first !== undefined) throw new BugloopError(first.code, first.message, { hint: first.hint, cause: first.cause, others });
}

/** Where requests to GitHub go and as whom. Throws `env.missing_token` and `usage.repo`. */
export function reachGitHub(
  { github, actions }: Operator,
  { slug }: { slug?: string },
): { apiUrl: string; graphqlUrl: string; serverUrl: string; slug: string; token: string; kind: TokenKind } {
  const { token, apiUrl, graphqlUrl, serverUrl } = github;
  if (token === undefined) throw new BugloopError('env.missing_token', 'GITHUB_TOKEN is not set');
  if (slug === undefined) throw new BugloopError('usage.repo', '--repo is missing: nothing here says owner/name');
  return { apiUrl, graphqlUrl, serverUrl, slug, token, kind: tokenKind(token, actions.inActions) };
}

import { z } from 'zod';
import type { ForgeFacts, Seen } from '../../core/setup/facts.ts';
import { BugloopError } from '../../errors.ts';
import type { AnswerHeaders } from './trouble.ts';
import { openHttp, type GitHubRequests, type Http } from './http.ts';

/** What the settings of a repository and a token are, only read. What a token may not see is said as that. */

const repository = z.object({
  default_branch: z.string(),
  permissions: z.object({ push: z.boolean(), admin: z.boolean() }).optional(),
});
const viewer = z.object({ viewer: z.object({ login: z.string() }) });
const workflowRights = z.object({ can_approve_pull_request_reviews: z.boolean() });
const names = z.array(z.object({ name: z.string() }));
const rules = z.array(
  z.object({
    type: z.string(),
    parameters: z.object({ required_status_checks: z.array(z.object({ context: z.string() })).optional() }).optional(),
  }),
);
const workflows = z.object({ workflows: z.array(z.object({ name: z.string(), path: z.string(), state: z.string() })) });

/** Asks at most seven times, and more only for labels beyond the hundredth. Throws where nothing can be learned at all: a wrong token, or no connection. */
export async function inspect(requests: GitHubRequests, { branch }: { branch: string | undefined }): Promise<ForgeFacts> {
  const http = openHttp(requests);
  let headers: AnswerHeaders = { get: () => null };
  const about = await http.read({ route: 'GET /repos/{owner}/{repo}', schema: repository, headers: (seen) => (headers = seen) });
  const base = branch ?? about.default_branch;
  const [login, may, labels, required, active] = await Promise.all([
    see(http.read({ query: 'query { viewer { login } }', variables: {}, schema: viewer }), (told) => told.viewer.login),
    see(
      http.read({ route: 'GET /repos/{owner}/{repo}/actions/permissions/workflow', schema: workflowRights }),
      (told) => told.can_approve_pull_request_reviews,
    ),
    see(allLabels(http), (found) => found),
    see(
      http.read({
        route: 'GET /repos/{owner}/{repo}/rules/branches/{branch}',
        parameters: { branch: base, per_page: 100 },
        schema: rules,
      }),
      (told) => told.flatMap(({ parameters }) => (parameters?.required_status_checks ?? []).map(({ context }) => context)),
    ),
    see(
      http.read({ route: 'GET /repos/{owner}/{repo}/actions/workflows', parameters: { per_page: 100 }, schema: workflows }),
      (told) => told.workflows.filter(({ state }) => state === 'active'),
    ),
  ]);
  return {
    slug: requests.slug,
    token: { kind: requests.kind, login, ...readToken(headers) },
    permissions:
      about.permissions === undefined
        ? { known: false, why: 'GitHub does not say what this token may do' }
        : { known: true, value: about.permissions },
    defaultBranch: { known: true, value: about.default_branch },
    actionsMayOpenChanges: may,
    labels,
    requiredChecks: required,
    workflows: active,
  };
}

/** What GitHub says of a token beside every answer. */
function readToken(headers: AnswerHeaders): Pick<ForgeFacts['token'], 'scopes' | 'expiresAt'> {
  const scopes = headers.get('x-oauth-scopes');
  // `2026-12-01 10:00:00 UTC`
  const expiresAt = Date.parse(headers.get('github-authentication-token-expiration') ?? '');
  return {
    scopes:
      scopes === null
        ? { known: false, why: 'GitHub does not tell them of such a token' }
        : { known: true, value: scopes.split(',').flatMap((scope) => scope.trim() || []) },
    ...(Number.isNaN(expiresAt) ? {} : { expiresAt }),
  };
}

const pageSize = 100;
const maxPages = 10;

async function allLabels(http: Http): Promise<string[]> {
  const found: string[] = [];
  for (let page = 1; page <= maxPages; page += 1) {
    const route = 'GET /repos/{owner}/{repo}/labels';
    const some = await http.read({ route, parameters: { per_page: pageSize, page }, schema: names });
    found.push(...some.map(({ name }) => name));
    if (some.length < pageSize) break;
  }
  return found;
}

async function see<T, V>(asked: Promise<T>, value: (told: T) => V): Promise<Seen<V>> {
  try {
    return { known: true, value: value(await asked) };
  } catch (error) {
    if (error instanceof BugloopError) return { known: false, why: error.message };
    throw error;
  }
}

import type { Caller, Level, Permission, Repository, Role, Token } from './state.ts';
import { notFound, Refusal } from './state.ts';

/** What a request needs: one of these permissions of a token, and this role of the person behind it. */
export interface Need {
  any: Partial<Record<Permission, Level>>;
  role: Exclude<Role, 'none'>;
}

const rank: Record<Role | Level, number> = { none: 0, read: 1, triage: 2, write: 3, maintain: 4, admin: 5 };

export const needs = {
  readMetadata: { any: { metadata: 'read' }, role: 'read' },
  readContents: { any: { contents: 'read' }, role: 'read' },
  writeContents: { any: { contents: 'write' }, role: 'write' },
  readIssues: { any: { issues: 'read', pull_requests: 'read' }, role: 'read' },
  writeIssues: { any: { issues: 'write' }, role: 'read' },
  comment: { any: { issues: 'write', pull_requests: 'write' }, role: 'read' },
  label: { any: { issues: 'write', pull_requests: 'write' }, role: 'triage' },
  readPulls: { any: { pull_requests: 'read' }, role: 'read' },
  writePulls: { any: { pull_requests: 'write' }, role: 'read' },
  managePulls: { any: { pull_requests: 'write' }, role: 'write' },
  readChecks: { any: { checks: 'read' }, role: 'read' },
  writeChecks: { any: { checks: 'write' }, role: 'write' },
  readStatuses: { any: { statuses: 'read' }, role: 'read' },
  writeStatuses: { any: { statuses: 'write' }, role: 'write' },
  readActions: { any: { actions: 'read' }, role: 'read' },
  writeActions: { any: { actions: 'write' }, role: 'write' },
  administer: { any: { administration: 'read' }, role: 'admin' },
} as const satisfies Record<string, Need>;

/** Role of the person behind a token; what is public can be read by everybody. */
export function roleOf(caller: Caller, repository: Repository): Role {
  const least = repository.private ? 'none' : 'read';
  if (!caller.account) return least;
  const { token } = caller;
  if (token && caller.account.typename === 'Bot') return levelOf(token, 'contents', repository);
  return caller.account === repository.owner ? 'admin' : (repository.roles.get(caller.account) ?? least);
}

/** Level that a token has for a permission, by its kind. */
function levelOf(token: Token, permission: Permission, repository: Repository): Level | 'none' {
  if (token.repositories && !token.repositories.includes(repository)) return repository.private ? 'none' : 'read';
  if (permission === 'metadata') return 'read';
  const open = !repository.private && permission !== 'administration';
  return token.permissions[permission] ?? (open ? 'read' : 'none');
}

/** Whether the caller has what is needed, without refusing. */
export function may(caller: Caller, repository: Repository, need: Need): boolean {
  return check(caller, repository, need) === undefined;
}

/** Throws the refusal that GitHub answers. */
export function demand(caller: Caller, repository: Repository, need: Need): void {
  const refusal = check(caller, repository, need);
  if (refusal) throw refusal;
}

function check(caller: Caller, repository: Repository, need: Need): Refusal | undefined {
  const writes = Object.values(need.any).includes('write') || need.role === 'admin';
  const { token } = caller;
  if (!token) {
    if (repository.private) return notFound();
    return writes ? new Refusal(401, 'Requires authentication') : undefined;
  }
  if (token.signOn) return signOnRefusal(repository);
  if (token.kind === 'classic') return checkClassic(caller, token, repository, need, writes);
  const levels = Object.entries(need.any).map(([permission, level]) => ({ permission, level }));
  const granted = levels.some(
    ({ permission, level }) => rank[levelOf(token, permission as Permission, repository)] >= rank[level],
  );
  const person = token.account.typename === 'Bot' || rank[roleOf(caller, repository)] >= rank[need.role];
  if (granted && person) return undefined;
  if (repository.private && !writes && rank[roleOf(caller, repository)] === 0 && token.kind === 'fine-grained') return notFound();
  const accepted = levels.map(({ permission, level }) => `${permission}=${level}`).join('; ');
  const whom = token.kind === 'fine-grained' || token.kind === 'read-only' ? 'personal access token' : 'integration';
  return new Refusal(403, `Resource not accessible by ${whom}`, { headers: { 'x-accepted-github-permissions': accepted } });
}

/** In GraphQL it is FORBIDDEN with `saml_failure`. */
function signOnRefusal({ owner }: Repository): Refusal {
  const message =
    'Resource protected by organization SAML enforcement. You must grant your Personal Access token access to this organization.';
  const url = `https://github.com/orgs/${owner.login}/sso?authorization_request=FAKE`;
  return new Refusal(403, message, { headers: { 'x-github-sso': `required; url=${url}` } });
}

function checkClassic(caller: Caller, token: Token, repository: Repository, need: Need, writes: boolean): Refusal | undefined {
  const scoped = token.scopes.includes('repo') || (!repository.private && token.scopes.includes('public_repo'));
  const role = rank[roleOf(caller, repository)];
  const headers = { 'x-accepted-oauth-scopes': writes ? 'public_repo, repo' : '' };
  if (role === 0 || (repository.private && !scoped)) return notFound();
  if (writes && !scoped) return new Refusal(404, 'Not Found', { headers });
  if (role >= rank[need.role]) return undefined;
  return new Refusal(
    403,
    need.role === 'admin' ? 'Must have admin rights to Repository.' : 'Must have push access to repository',
    { headers },
  );
}

/** Whether a push with this token may touch `.github/workflows`; if not, what git tells about the token. */
export function workflowRefusal(token: Token): string | undefined {
  if (token.kind === 'classic') {
    return token.scopes.includes('workflow') ? undefined : 'a Personal Access Token';
  }
  if (token.permissions.workflows === 'write') return undefined;
  return token.kind === 'fine-grained' ? 'a Personal Access Token' : 'a GitHub App';
}

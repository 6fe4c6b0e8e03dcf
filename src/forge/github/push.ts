import { BugloopError } from '../../errors.ts';
import type { BranchPush, Pushed, Remote } from '../../ports.ts';
import type { GitHubRequests, Http } from './http.ts';
import { readRef } from './refs.ts';
import { explainPushForbidden, unavailable } from './trouble.ts';

/** Moves a branch of ours forward, once. A push that took effect before its answer was lost finds the branch where it wants it. */
export async function pushOnce(
  http: Http,
  requests: GitHubRequests,
  { branch, head, expected, mirror }: BranchPush,
): Promise<Pushed> {
  const remote: Remote = { url: `${requests.serverUrl}/${requests.slug}.git`, token: requests.token };
  const update = { branch, head, ...(expected === undefined ? {} : { expected }) };
  const done: Pushed = { ok: true, created: expected === undefined };
  const answer = await http
    .persist(() => mirror.push(remote, update).catch(mayPass))
    .catch((error: unknown) => {
      const forbidden = error instanceof BugloopError && error.code === 'auth.forbidden';
      throw forbidden ? explainPushForbidden(requests, error) : error;
    });
  if (answer.ok) return done;
  // Where a connection breaks, the push may have been sent twice, and the second is told that the branch is there.
  if (answer.why === 'moved' && (await readRef(http, `heads/${branch}`)) === head) return done;
  return { ok: false, why: answer.why === 'workflow' ? 'rebase' : answer.why, message: answer.message };
}

/** Git says that the forge could not be used: it may pass. */
export function mayPass(error: unknown): never {
  if (error instanceof BugloopError && error.code === 'api.unavailable') throw unavailable(error.message, error);
  throw error;
}

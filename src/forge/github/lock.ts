import { z } from 'zod';
import type { CommitId } from '../../core/types.ts';
import { BugloopError } from '../../errors.ts';
import type { Liveness, LockAnswer, LockClaim, LockHolder } from '../../ports.ts';
import type { GitHubRequests, Http } from './http.ts';
import { pointed, readRef } from './refs.ts';
import { findTrouble } from './trouble.ts';

/**
 * The lock of an issue is a ref. Creating a ref fails where it exists; a ref moves without force only to a descendant. So
 * a lock is taken by creating it, and taken over by a commit on top of the old one: of several that try, one succeeds.
 */

const holderSchema = z.object({
  run: z.string(),
  expiresAt: z.iso.datetime(),
  holder: z.object({ machine: z.string(), pid: z.int(), ticks: z.string().exactOptional() }),
});
const named = z.object({ sha: z.string() });

/** Who holds the lock. A ref that says nothing of the kind is a lock that never expires: nobody of us made it. */
export async function readHolder(
  { isAlive, now }: Liveness & Pick<GitHubRequests, 'now'>,
  { oid, message = '' }: { oid: CommitId; message?: string | undefined },
): Promise<LockHolder> {
  const parsed = holderSchema.safeParse(parse(message));
  if (!parsed.success)
    throw new BugloopError('state.corrupt', `the lock at ${oid} is not readable`, { hint: 'delete the lock’s branch' });
  const { run, expiresAt, holder } = parsed.data;
  const live = Date.parse(expiresAt) > now() && (await isAlive(holder)) !== false;
  return { run, expiresAt, holder, live, commit: oid };
}

function parse(message: string): unknown {
  try {
    return JSON.parse(message.slice(message.indexOf('{')));
  } catch {
    return undefined;
  }
}

/** What a look has to show for a lock to be taken. */
export interface Lockable {
  standing: { lock?: LockHolder };
  /** The ref that is the lock. */
  lockRef: string;
  /** Any tree of the repository, which the lock's commit needs. */
  baseTree: string;
}

const released = z.object({ released: z.object({ clientMutationId: z.string().nullish() }).nullable() });
const noCommit = '0'.repeat(40);

/** Ends the lock that the look shows, unless it changed hands since. Never rejects for what GitHub says: a lock runs out. */
export async function releaseLock(
  http: Http,
  { repositoryId, lockRef, standing }: Lockable & { repositoryId: string },
): Promise<void> {
  const query = 'mutation Release($input: UpdateRefsInput!) { released: updateRefs(input: $input) { clientMutationId } }';
  const update = { name: lockRef, beforeOid: standing.lock?.commit, afterOid: noCommit };
  const variables = { input: { repositoryId, refUpdates: [update] } };
  await http.send({ query, variables, schema: released }).catch((error: unknown) => {
    if (!(error instanceof BugloopError)) throw error;
  });
}

/** Takes the lock for one run; with the look that holds afterwards. */
export async function takeLock<Seen extends Lockable>(
  http: Http,
  { self }: Liveness,
  first: Seen,
  claim: LockClaim,
  look: () => Promise<Seen>,
): Promise<{ answer: LockAnswer; seen: Seen }> {
  for (let seen = first; ; seen = await look()) {
    const { lock } = seen.standing;
    if (lock?.run === claim.run) return { answer: { ok: true }, seen };
    if (lock?.live === true) return { answer: { ok: false, holder: lock }, seen };
    const commit = await commitLock(seen, claim);
    if (!(await pointAt(seen, commit, lock?.commit))) continue;
    const holder: LockHolder = { ...claim, holder: self, live: true, commit };
    const answer: LockAnswer = { ok: true, ...(lock === undefined ? {} : { took: lock }) };
    return { answer, seen: { ...seen, standing: { ...seen.standing, lock: holder } } };
  }

  /** A commit object alone is visible to nobody: made twice, it does no harm. */
  async function commitLock({ standing, baseTree }: Seen, { run, expiresAt }: LockClaim): Promise<CommitId> {
    const message = `bugloop: lock\n\n${JSON.stringify({ run, expiresAt, holder: self })}\n`;
    const parents = standing.lock === undefined ? [] : [standing.lock.commit];
    const route = 'POST /repos/{owner}/{repo}/git/commits';
    const make = (): Promise<z.infer<typeof named>> =>
      http.send({ route, parameters: { message, tree: baseTree, parents }, schema: named });
    return (await http.once({ make, find: () => Promise.resolve(undefined) })).sha;
  }

  /** Whether the ref is ours now; false where somebody else was quicker. */
  async function pointAt({ lockRef }: Seen, sha: CommitId, from: CommitId | undefined): Promise<boolean> {
    const ref = lockRef.replace(/^refs\//, '');
    const find = async (): Promise<boolean | undefined> => {
      const held = await readRef(http, ref);
      // Where it was before, or nowhere: nobody was quicker, so it may be tried again.
      return held === from ? undefined : held === sha;
    };
    const make = async (): Promise<boolean> => {
      const asked =
        from === undefined
          ? { route: 'POST /repos/{owner}/{repo}/git/refs', parameters: { ref: lockRef, sha }, schema: pointed }
          : { route: 'PATCH /repos/{owner}/{repo}/git/refs/{ref}', parameters: { ref, sha, force: false }, schema: pointed };
      try {
        return (await http.send(asked)).object.sha === sha;
      } catch (error) {
        // 422: it exists, or it moved; 404: it is gone.
        const status = findTrouble(error)?.trouble.status;
        if (status === 422 || status === 409 || (from !== undefined && status === 404)) return false;
        throw error;
      }
    };
    return http.once({ make, find });
  }
}

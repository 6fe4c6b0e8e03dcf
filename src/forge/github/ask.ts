import { z } from 'zod';
import { askMarker, renderAsk, type Means } from '../../core/gate/ask.ts';
import type { Snapshot } from '../../core/snapshot.ts';
import type { Gate, LockHolder, Liveness } from '../../ports.ts';
import { askLockOf } from './calls.ts';
import type { GitHubRequests, Http } from './http.ts';
import { readHolder, releaseLock, takeLock, type Lockable } from './lock.ts';
import { ownedBy, type IsOurs } from './own.ts';
import { commentsAnswer, commentsDocument, type CommentNode } from './snapshot/documents.ts';
import { present } from './snapshot/words.ts';
import { placeOf } from './snapshot.ts';
import { findTrouble, unavailable } from './trouble.ts';

type Asked = Awaited<ReturnType<Gate['askReview']>>;

/** Longest time that one run may take to look, to write and to let go, in milliseconds. */
const lockMs = 2 * 60_000;

/** Asks for a review once. A request for one may be made twice and is one; a comment is written under a lock. */
export async function askReview(
  http: Http,
  options: Pick<GitHubRequests, 'slug' | 'now'> & Liveness,
  snapshot: Snapshot,
  {
    reviewer,
    means,
    branchPrefix,
    accounts,
  }: { reviewer: string; means: Means; branchPrefix: string; accounts: readonly number[] },
): Promise<Asked> {
  try {
    if (means === 'request') return await requestReview(http, snapshot, reviewer);
    return await comment(http, options, snapshot, {
      reviewer,
      command: means.comment,
      branchPrefix,
      isOurs: ownedBy([snapshot.us.id, ...accounts]),
    });
  } catch (error) {
    if ([403, 404, 422].includes(findTrouble(error)?.trouble.status ?? 0)) return 'refused';
    throw error;
  }
}

const anything = z.unknown();

async function requestReview(http: Http, { number }: Snapshot, reviewer: string): Promise<Asked> {
  const route = 'POST /repos/{owner}/{repo}/pulls/{pull_number}/requested_reviewers';
  const parameters = { pull_number: number, reviewers: [reviewer] };
  await http.persist(() => http.send({ route, parameters, schema: anything }));
  return 'asked';
}

// ---------------------------------------------------------------------------------------------- a comment

interface Look extends Lockable {
  repositoryId: string;
  head: string;
  ours: CommentNode[];
}

async function comment(
  http: Http,
  options: Pick<GitHubRequests, 'slug' | 'now'> & Liveness,
  { number, head }: Snapshot,
  { reviewer, command, branchPrefix, isOurs }: { reviewer: string; command: string; branchPrefix: string; isOurs: IsOurs },
): Promise<Asked> {
  const lockRef = askLockOf(branchPrefix, number);
  const look = (): Promise<Look> => lookAt(http, options, { number, lockRef, isOurs });
  const isAsked = ({ ours }: Look): boolean => ours.some(({ body }) => body.includes(askMarker(reviewer, head.commit)));
  const { randomUUID } = await import('node:crypto');
  const claim = { run: randomUUID(), expiresAt: new Date(options.now() + lockMs).toISOString() };
  const { answer, seen } = await takeLock(http, options, await look(), claim, look);
  if (!answer.ok) return 'busy';
  try {
    // What was seen before the lock held may have been written since.
    const now = await look();
    if (now.head !== head.commit || isAsked(now)) return 'standing';
    const route = 'POST /repos/{owner}/{repo}/issues/{issue_number}/comments';
    const parameters = { issue_number: number, body: renderAsk(reviewer, head.commit, command) };
    return await http.once<Asked>({
      find: async () => (isAsked(await look()) ? 'asked' : undefined),
      make: async () => {
        await http.send({ route, parameters, schema: anything });
        return 'asked';
      },
    });
  } finally {
    await releaseLock(http, seen);
  }
}

async function lookAt(
  http: Http,
  options: Pick<GitHubRequests, 'slug' | 'now'> & Liveness,
  { number, lockRef, isOurs }: { number: number; lockRef: string; isOurs: IsOurs },
): Promise<Look> {
  const ours: CommentNode[] = [];
  for (let after: string | null = null; ;) {
    const { id, lock, pullRequest } = await readComments(http, { ...placeOf(options, number), after, lock: lockRef });
    ours.push(...present(pullRequest.comments.nodes).filter(({ author }) => isOurs(author)));
    const { hasNextPage, endCursor } = pullRequest.comments.pageInfo;
    if (hasNextPage && endCursor !== null) {
      after = endCursor;
      continue;
    }
    const holder: LockHolder | undefined = lock?.target == null ? undefined : await readHolder(options, lock.target);
    return {
      repositoryId: id,
      head: pullRequest.headRefOid,
      ours,
      baseTree: pullRequest.baseRef?.target?.tree?.oid ?? '',
      lockRef,
      standing: holder === undefined ? {} : { lock: holder },
    };
  }
}

type CommentsPage = NonNullable<z.infer<typeof commentsAnswer>['repository']>;

async function readComments(
  http: Http,
  variables: Record<string, unknown>,
): Promise<CommentsPage & { pullRequest: NonNullable<CommentsPage['pullRequest']> }> {
  const { repository } = await http.read({ query: commentsDocument, schema: commentsAnswer, variables });
  const pullRequest = repository?.pullRequest;
  if (repository == null || pullRequest == null)
    throw unavailable('GitHub does not show the pull request any more', undefined, 'refused');
  return { ...repository, pullRequest };
}

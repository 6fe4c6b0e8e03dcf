import type { Config } from '../core/config.ts';
import { auditLedger, handedOver, judgeGrowth, resolvable, roundMessage, type Review } from '../core/ledger.ts';
import type { RunReport } from '../core/report.ts';
import { judgeTrees } from '../core/trees.ts';
import type { CommitId, Reason } from '../core/types.ts';
import { renderPullRequest } from '../core/views/pull-request.ts';
import { renderReply } from '../core/views/replies.ts';
import type { Journal, Mirror, Reviews, ReviewStanding } from '../ports.ts';
import { findRoundStop, releaseReview, releaseStopped } from './claim-review.ts';
import type { Case } from './claim.ts';

/**
 * The second half of a round: everything that is written to the forge. It believes nothing of the first half that can be
 * checked, so that it may get the sealed round from a process that ran code of the repository.
 */

/** A round that was sealed, and the mirror that holds what it made. */
export interface SealedRound {
  report: RunReport;
  review: Review;
  mirror: Mirror;
  /** Of the commit that the change is built on. */
  config: Config;
  journal: Journal;
  /** Labels of ours that have to be there still. */
  labels: readonly string[];
}

/** How a round ended on the forge. */
export type RoundConclusion =
  /** `body`: the new text of the change, where the round made a new head. */
  | { kind: 'answered'; notes: string[]; body?: string }
  /** Somebody took the change over: nothing was written, and nothing has to be. */
  | { kind: 'stopped'; reason: Reason }
  /** What was sealed must not leave. */
  | { kind: 'refused'; reason: Reason };

/**
 * Looks again, judges what leaves, pushes once, then says in every thread what became of it, and lets the issue go. `held`:
 * the issue, where the change closes one; it is taken for this run.
 */
export async function concludeReview(reviews: Reviews, sealed: SealedRound, held: Case | undefined): Promise<RoundConclusion> {
  const { review, labels, config, journal } = sealed;
  const seen = await reviews.read(review.change);
  const stop = findRoundStop({ ...review, labels }, seen, config.branchPrefix, { run: journal.id, held });
  if (stop !== undefined) {
    if (held !== undefined) await releaseStopped(held, seen, review.before);
    return { kind: 'stopped', reason: stop };
  }
  const { conclusion, now } = await tellThreads(reviews, sealed, seen);
  if (held === undefined) return conclusion;
  const change = { number: now.number, url: now.url, head: review.after };
  const answered = conclusion.kind === 'answered' ? { report: sealed.report } : {};
  const waiting = handedOver(review, now.threads, now.reviewers).length;
  await releaseReview(held, now, { before: review.before, handedOver: waiting, change, ...answered });
  return conclusion;
}

/** What became of the round, and what stands at the end of it. */
interface Told {
  conclusion: RoundConclusion;
  now: ReviewStanding;
}

async function tellThreads(reviews: Reviews, sealed: SealedRound, seen: ReviewStanding): Promise<Told> {
  const { report, review, mirror, journal } = sealed;
  const [reason] = await judgeRound(sealed, seen);
  if (reason !== undefined) return { conclusion: { kind: 'refused', reason }, now: seen };

  const pushes = seen.head !== review.after;
  const { now, note } = pushes ? await unready(reviews, seen) : { now: seen };
  if (pushes) {
    const pushed = await reviews.pushBranch({
      branch: now.branch,
      head: review.after,
      expected: review.before,
      mirror,
      bundle: journal.path('change.bundle'),
    });
    await journal.append('journal.jsonl', { type: 'push', branch: now.branch, head: review.after, ...pushed });
    if (!pushed.ok && pushed.why === 'moved')
      return { conclusion: { kind: 'stopped', reason: not('review.human_push', pushed.message) }, now };
    if (!pushed.ok) return { conclusion: { kind: 'refused', reason: not('review.not_pushed', pushed.message) }, now };
  }
  // What people read of the change is about its newest head, and a head without a proof has nothing to tell.
  const proof = report.outcome === 'proven' ? report.proof : undefined;
  const body = proof === undefined ? undefined : renderPullRequest(report);
  const known = new Set(now.threads.map(({ id }) => id));
  const entries = review.entries.filter(({ thread }) => known.has(thread));
  const answered = await reviews.answer(now, {
    replies: entries.map((entry) => ({ thread: entry.thread, body: renderReply(entry, proof) })),
    resolve: resolvable(review, now.threads, now.reviewers),
    ...(body === undefined ? {} : { body }),
  });
  await journal.append('journal.jsonl', { type: 'answered', change: review.change, head: review.after });
  const open = answered.unresolved.map(({ thread, why }) => `thread ${thread} was left open: ${why}`);
  const notes = [...(note === undefined ? [] : [note]), ...open];
  return { conclusion: { kind: 'answered', notes, ...(body === undefined ? {} : { body }) }, now };
}

/**
 * A change that we marked ready was so for a head that is about to go: before the push, so that no gate's word stands for a
 * head it never saw. What a person marked ready is theirs.
 */
async function unready(reviews: Reviews, seen: ReviewStanding): Promise<{ now: ReviewStanding; note?: string }> {
  if (seen.draft || seen.readiedBy !== 'us') return { now: seen };
  const answer = await reviews.backToDraft(seen);
  if (!answer.ok) return { now: seen, note: `the change stays marked ready: ${answer.why}` };
  const { readiedBy: _, closes, ...rest } = seen;
  const changes = closes?.changes.map((change) => (change.number === seen.number ? { ...change, draft: true } : change)) ?? [];
  return { now: { ...rest, draft: true, ...(closes === undefined ? {} : { closes: { ...closes, changes } }) } };
}

const not = (code: string, message: string): Reason => ({ code, message });

/** The guards on the very trees that leave, and the ledger against the change; nothing is executed for it. */
async function judgeRound({ report, review, mirror, config, journal }: SealedRound, now: ReviewStanding): Promise<Reason[]> {
  const { before, after, entries } = review;
  const base = report.base.commit;
  const [round, whole, all] = [
    await mirror.change(before, after),
    await mirror.change(base, before),
    await mirror.change(base, after),
  ];
  const audit = auditLedger(review, now.threads, { round, whole });
  if (audit.length > 0 || before === after) return audit;
  // What leaves is one commit on the head that was reviewed: nothing comes along in commits between.
  const message = roundMessage(entries, { before: messageOf(now, before), run: journal.id });
  if (now.head === before && (await mirror.squash(before, after, message)) !== after) {
    return [not('state.corrupt', `${after} is not the one commit of this round on ${before}`)];
  }
  return [...(judgeTrees(all, config)?.reasons ?? []), ...judgeGrowth(round, now.threads.length)];
}

function messageOf({ head, message }: ReviewStanding, before: CommitId): string {
  return head === before ? message : '';
}

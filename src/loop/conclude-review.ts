import type { Config } from '../core/config.ts';
import { judgeChange } from '../core/guards.ts';
import { auditLedger, handedOver, judgeGrowth, resolvable, roundMessage, type Review } from '../core/ledger.ts';
import type { RunReport } from '../core/report.ts';
import type { CommitId, Reason } from '../core/types.ts';
import { renderPullRequest } from '../core/views/pull-request.ts';
import { renderReply } from '../core/views/replies.ts';
import type { Journal, Mirror, Reviews, ReviewStanding } from '../ports.ts';
import { releaseReview } from './claim-review.ts';
import type { Case } from './claim.ts';
import { stopRound } from './review.ts';

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
  const now = await reviews.read(sealed.review.change);
  const { review } = sealed;
  const change = { number: now.number, url: now.url, head: review.after };
  const lost = held === undefined ? undefined : findLostLock(held, now);
  if (lost !== undefined) return { kind: 'stopped', reason: lost };
  const conclusion = await tellThreads(reviews, sealed, now);
  if (held === undefined) return conclusion;
  const answered = conclusion.kind === 'answered' ? { report: sealed.report } : {};
  const waiting = handedOver(review, now.threads, now.reviewers).length;
  await releaseReview(held, now, { before: review.before, handedOver: waiting, change, ...answered });
  return conclusion;
}

/** Somebody let the issue go, or took it over: what is there belongs to nobody of us, or to another run. */
function findLostLock({ journal }: Case, { closes, number }: ReviewStanding): Reason | undefined {
  if (closes?.lock?.run === journal.id) return undefined;
  const who = closes?.lock === undefined ? 'was taken from this run' : `is with run ${closes.lock.run} now`;
  return not('review.lock_lost', `the issue of #${number} ${who}`);
}

async function tellThreads(reviews: Reviews, sealed: SealedRound, now: ReviewStanding): Promise<RoundConclusion> {
  const { report, review, mirror, config, journal, labels } = sealed;
  const moved = stopRound({ ...review, labels }, now, config.branchPrefix);
  if (moved !== undefined) return { kind: 'stopped', reason: moved };
  const [reason] = await judgeRound(sealed, now);
  if (reason !== undefined) return { kind: 'refused', reason };

  if (now.head !== review.after) {
    const pushed = await reviews.pushBranch({
      branch: now.branch,
      head: review.after,
      expected: review.before,
      mirror,
      bundle: journal.path('change.bundle'),
    });
    await journal.append('journal.jsonl', { type: 'push', branch: now.branch, head: review.after, ...pushed });
    if (!pushed.ok && pushed.why === 'moved') return { kind: 'stopped', reason: not('review.human_push', pushed.message) };
    if (!pushed.ok) return { kind: 'refused', reason: not('review.not_pushed', pushed.message) };
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
  const notes = answered.unresolved.map(({ thread, why }) => `thread ${thread} was left open: ${why}`);
  return { kind: 'answered', notes, ...(body === undefined ? {} : { body }) };
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
  const { protectedPaths, tests, limits } = config;
  const { maxDiffLines, maxDiffBytes } = limits;
  const verdict = judgeChange(all, { protectedPaths, maxDiffLines, maxDiffBytes, tests });
  return [...(verdict.ok ? [] : verdict.reasons), ...judgeGrowth(round, now.threads.length)];
}

function messageOf({ head, message }: ReviewStanding, before: CommitId): string {
  return head === before ? message : '';
}

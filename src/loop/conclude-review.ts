import type { Config } from '../core/config.ts';
import { judgeChange } from '../core/guards.ts';
import { auditLedger, judgeGrowth, mayResolve, roundMessage, type Review } from '../core/ledger.ts';
import type { RunReport } from '../core/report.ts';
import { readState, summarise } from '../core/state.ts';
import { standpointOf } from '../core/threads.ts';
import type { CommitId, Reason } from '../core/types.ts';
import { renderPullRequest } from '../core/views/pull-request.ts';
import { renderReply } from '../core/views/replies.ts';
import { renderStatus } from '../core/views/status-comment.ts';
import type { Journal, Mirror, Reviews, ReviewStanding } from '../ports.ts';
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
}

/** How a round ended on the forge. */
export type RoundConclusion =
  /** `body`: the new text of the change, where the round made a new head. */
  | { kind: 'answered'; notes: string[]; body?: string }
  /** Somebody took the change over: nothing was written, and nothing has to be. */
  | { kind: 'stopped'; reason: Reason }
  /** What was sealed must not leave. */
  | { kind: 'refused'; reason: Reason };

/** Looks again, judges what leaves, pushes once, then says in every thread what became of it. */
export async function concludeReview(reviews: Reviews, sealed: SealedRound): Promise<RoundConclusion> {
  const { report, review, mirror, config, journal } = sealed;
  const now = await reviews.read(review.change);
  const moved = stopRound(review, now, config.branchPrefix);
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
  const status = proof === undefined ? undefined : renewStatus(now, report, review.after);
  const answered = await reviews.answer(now, {
    replies: review.entries.map((entry) => ({ thread: entry.thread, body: renderReply(entry, proof) })),
    resolve: resolvable(review, now),
    ...(body === undefined ? {} : { body }),
    ...(status === undefined ? {} : { status }),
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

/** Threads that are settled and ours to resolve, by who the forge says started them. */
function resolvable({ entries }: Review, { threads, reviewers }: ReviewStanding): string[] {
  return entries.flatMap(({ thread: id, outcome }) => {
    const author = threads.find((thread) => thread.id === id)?.comments[0]?.author;
    const startedBy = author === undefined ? 'outsider' : standpointOf(author, reviewers);
    return mayResolve({ outcome, startedBy }) ? [id] : [];
  });
}

/** The record of the issue with the new head and its proof; a gate believes no other. A comment that is not readable stays. */
function renewStatus({ status, issue, number, url }: ReviewStanding, report: RunReport, head: CommitId): string | undefined {
  if (status === undefined || issue === undefined) return undefined;
  const read = readState(status.text, issue.id);
  if (!read.ok) return undefined;
  return renderStatus({ ...read.record, change: { number, url, head }, report: summarise(report) }, report);
}

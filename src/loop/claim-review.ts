import type { CommandResult, Context } from '../context.ts';
import type { Config } from '../core/config.ts';
import { askedBy } from '../core/halt.ts';
import type { RunReport } from '../core/report.ts';
import type { Sums } from '../core/sums.ts';
import { addRound, endRound, judgeRound, type Pace, type Waiting } from '../core/rounds.ts';
import { isUntold, refuseRound, stopRound, type Begun } from '../core/rounds/stop.ts';
import { addRun, addUp, advance, type StateRecord } from '../core/state.ts';
import { sortThreads, type SortedThreads } from '../core/threads.ts';
import type { CommitId, Reason } from '../core/types.ts';
import { exits } from '../errors.ts';
import type { Journal, Marks, Reviews, ReviewStanding } from '../ports.ts';
import {
  expiryOf,
  findStop,
  lockIssue,
  lookNow,
  mark,
  markStatus,
  openCase,
  readRecord,
  recordOf,
  rest,
  step,
  type Case,
  type Held,
} from './claim.ts';

/** How a round of review takes the issue of its change, and how it lets it go. Of a change that closes none it takes the branch. */

/** Whether anything waits: a thread, a failed check, a head nobody was told of, or what a round that was killed left. */
export function isIdle(standing: ReviewStanding, { open }: SortedThreads): boolean {
  const { failedChecks } = standing;
  const waits = open.length > 0 || failedChecks.length > 0 || isUntold(standing, recordOf(standing));
  return !waits && recordOf(standing)?.state !== 'REVIEWING';
}

/** What the runs for this change came to so far, as our status comment has it. */
export function sumsOf(standing: ReviewStanding): Sums | undefined {
  const report = recordOf(standing)?.report;
  return report === undefined ? undefined : addUp(report);
}

/** The issue in the hands of a round that is about to begin, with what earlier runs recorded. */
export async function openReviewCase(context: Context, standing: ReviewStanding, journal: Journal): Promise<Case | undefined> {
  const { closes, number, url, head } = standing;
  if (closes === undefined) return undefined;
  const earlier = readRecord(closes);
  // Whatever an earlier run did not come to write: the change is there.
  const state = earlier !== undefined && advance(earlier.state, 'review') !== undefined ? earlier.state : 'PR_DRAFT';
  const { config, progress, now } = context;
  const forge = await context.openForge();
  const asked = askedBy({ byHand: false }, earlier);
  const opened = openCase(
    {
      forge,
      ref: String(closes.issue.number ?? number),
      standing: closes,
      lookedAt: now(),
      asked,
      config,
      journal,
      progress,
      now,
    },
    { base: standing.base, state },
  );
  // The head before the round: should it end between its push and its last word, the next one sees that it was not told.
  const { text = opened.record.text, change = { number, url, head } } = earlier ?? {};
  return { ...opened, record: { ...opened.record, text, change } };
}

/** Takes the issue for one round; with `announce`, people see that a run is at work. `why`: another run has it. */
export async function takeForReview(
  held: Case,
  { announce }: { announce: boolean },
): Promise<({ ok: true } & Held) | { ok: false; why: string }> {
  const taken = await lockIssue(held);
  if (!taken.ok) return taken;
  const reviewing = step(held, 'review');
  const announced = announce ? markStatus(reviewing, marksOfRound(held.config.labels)) : Promise.resolve();
  // It is thrown where it is awaited.
  announced.catch(() => undefined);
  return { ok: true, case: reviewing, taken: true, announced };
}

/** Whether a round should begin that nobody asked for, and why it should, or should not. */
export function considerRound(context: Context, standing: ReviewStanding): { due: boolean; why: string } {
  const refused = refuseRound(standing, recordOf(standing), context.config.branchPrefix);
  if (refused !== undefined) return { due: false, why: refused.message };
  if (standing.closes === undefined) return { due: false, why: 'it closes no issue that could hold a count of rounds' };
  return judgeRound(describeWaiting(standing), paceOf(context));
}

/**
 * For the job of a workflow that only decides: says on the issue that a round begins, so that no other event and no look of
 * the clock starts one beside it. Why none begins; `undefined` where one does. A round that somebody `asked` for always does.
 */
export async function admitRound(context: Context, number: number, { asked }: { asked: boolean }): Promise<string | undefined> {
  const reviews = await context.openReviews();
  const standing = await reviews.read(number);
  const first = considerRound(context, standing);
  if (!asked && !first.due) return first.why;
  if (context.flags.dryRun || standing.closes === undefined) return undefined;
  const journal = await context.openJournal(standing.closes.issue.id);
  const opened = await openReviewCase(context, standing, journal);
  if (opened === undefined) return undefined;
  const locked = await lockIssue(opened);
  if (!locked.ok) return asked ? undefined : locked.why;
  try {
    // Whoever had the issue until now may have begun one.
    const again = asked ? standing : await reviews.read(number);
    const second = asked ? first : considerRound(context, lockedAs(standing, again));
    if (asked || second.due) {
      await markStatus(withRound(opened, again, { asked }), { release: journal.id });
      return undefined;
    }
    await mark(opened, { release: journal.id });
    return second.why;
  } catch (error) {
    await mark(opened, { release: journal.id }).catch(() => undefined);
    throw error;
  }
}

/** The newer look with the lock of the one before, which is now this very run's. */
function lockedAs({ closes: before }: ReviewStanding, { closes: now, ...standing }: ReviewStanding): ReviewStanding {
  if (now === undefined) return standing;
  const { lock: _, ...issue } = now;
  return { ...standing, closes: { ...issue, ...(before?.lock === undefined ? {} : { lock: before.lock }) } };
}

/** The case with the round that begins in its record. */
export function withRound(held: Case, standing: ReviewStanding, { asked }: { asked: boolean }): Case {
  const { rounds = [] } = recordOf(standing) ?? {};
  const begun = addRound(rounds, { ...describeWaiting(standing), asked }, { now: held.now() });
  return { ...held, record: { ...held.record, rounds: begun } };
}

function describeWaiting(standing: ReviewStanding): Waiting {
  const { head, failedChecks, closes, threads, reviewers } = standing;
  const record = recordOf(standing);
  const lock = closes?.lock;
  return {
    head,
    lock: lock === undefined ? 'none' : lock.live ? 'live' : 'dead',
    cut: isUntold(standing, record) || record?.state === 'REVIEWING',
    failed: failedChecks.length > 0,
    words: sortThreads(threads, reviewers).open.flatMap(({ thread }) => thread.comments.at(-1)?.createdAt ?? []),
    rounds: record?.rounds ?? [],
  };
}

function paceOf({ config: { limits }, now }: Pick<Context, 'config' | 'now'>): Pace {
  return { now: now(), limits };
}

/** Runs `body` with the branch of the change locked for this run: where no issue stands for the change, that is all there is. */
export async function holdingBranch(
  { config, now }: Pick<Context, 'config' | 'now'>,
  reviews: Reviews,
  standing: ReviewStanding,
  run: string,
  body: () => Promise<CommandResult>,
): Promise<CommandResult> {
  const answer = await reviews.lock(standing, { run, expiresAt: expiryOf({ config, now }) });
  if (!answer.ok) {
    const { holder } = answer;
    const why = `run ${holder.run} is working on #${standing.number}, at the latest until ${holder.expiresAt}`;
    return { exit: exits.done, text: `Nothing to do: ${why}\n` };
  }
  try {
    return await body();
  } finally {
    // What broke is what has to be told; the lock runs out by itself.
    await reviews.unlock(standing, run).catch(() => undefined);
  }
}

/** What a round holds while it works: the issue, or the branch of a change that closes none. */
interface Hold {
  run: string;
  held: Case | undefined;
}

/** Why a round that has begun must not go on. `hold`: absent where it writes nothing, and has taken nothing. */
export function findRoundStop(seen: Begun, now: ReviewStanding, branchPrefix: string, hold?: Hold): Reason | undefined {
  return stopRound(seen, now, recordOf(now), branchPrefix) ?? (hold === undefined ? undefined : findLostLock(hold, now));
}

/** Somebody let the issue go, or took it over: what is there belongs to nobody of us, or to another run. */
function findLostLock({ run, held }: Hold, now: ReviewStanding): Reason | undefined {
  const lock = held === undefined ? now.lock : now.closes?.lock;
  if (lock?.run === run) return undefined;
  const who = lock === undefined ? 'was taken from this run' : `is with run ${lock.run} now`;
  const message = `${held === undefined ? 'the branch' : 'the issue'} of #${now.number} ${who}`;
  return { code: 'review.lock_lost', message };
}

/** Lets the issue go after a stop: what is not this run's any more is left as it is, as are the words of whoever halted it. */
export async function releaseStopped(held: Case, now: ReviewStanding, before: CommitId): Promise<void> {
  // A change that was closed may close no issue any more: then the issue itself is asked.
  const current = now.closes === undefined ? await lookNow(held) : { ...held, standing: now.closes };
  const release = held.journal.id;
  if (current.standing.lock?.run !== release) return;
  if (findStop(current) !== undefined) return await mark(current, { release });
  const change = { number: now.number, url: now.url, head: before };
  await releaseReview(current, now, { before, handedOver: 0, change });
}

/** What a round ended with, as far as the issue shows it. */
export interface RoundEnd {
  /** Head that the round worked on. */
  before: CommitId;
  /** Threads that wait for a person. */
  handedOver: number;
  /** Of the change; the record names its head only where the proof was repeated on it. */
  change: { number: number; url: string; head: string };
  /** Absent where nothing was answered. */
  report?: RunReport;
}

/** Lets the issue go: state, labels and status comment as the round left things. */
export async function releaseReview(
  held: Case,
  standing: ReviewStanding,
  { before: worked, handedOver, change, report }: RoundEnd,
): Promise<void> {
  const { inProgress } = held.config.labels;
  const before: StateRecord = { ...held.record, rounds: endRound(held.record.rounds ?? [], worked) };
  const release = held.journal.id;
  const current = { ...held, record: before, standing: standing.closes ?? held.standing };
  if (report === undefined) {
    // What a person has to do is still to be done.
    const left = standing.state === 'merged' ? step(current, 'merge') : rest(current);
    await markStatus(left, { remove: [inProgress], release });
    return;
  }
  const proven = report.outcome === 'proven';
  const summary = before.report === undefined ? {} : { report: addRun(before.report, report) };
  const record: StateRecord = { ...before, ...(proven ? { change } : summary) };
  const ended: Case = { ...current, record };
  const done = handedOver > 0 ? step(ended, 'escalate') : rest(ended);
  await markStatus(done, { ...marksOfRelease(held.config.labels, handedOver), release }, proven ? report : undefined);
}

/** Labels of an issue whose change a round works on. */
export function marksOfRound({ inProgress }: Config['labels']): Marks {
  return { add: [inProgress] };
}

/** Labels after a round that leaves so many threads to a person. */
export function marksOfRelease({ inProgress, needsHuman }: Config['labels'], waiting: number): Marks {
  return waiting > 0 ? { add: [needsHuman], remove: [inProgress] } : { remove: [inProgress, needsHuman] };
}

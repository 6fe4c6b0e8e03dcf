import type { Context } from '../context.ts';
import { askedBy } from '../core/halt.ts';
import type { RunReport, Sums } from '../core/report.ts';
import { addRun, addUp, advance, type StateRecord } from '../core/state.ts';
import type { SortedThreads } from '../core/threads.ts';
import type { Journal, ReviewStanding } from '../ports.ts';
import { lockIssue, markStatus, openCase, readRecord, step, type Case, type Held } from './claim.ts';
import { isUntold } from './review.ts';

/** How a round of review takes the issue of its change, and how it lets it go. A change that closes none has nothing to take. */

/** Whether anything waits: a thread, a failed check, a head nobody was told of, or what a round that was killed left. */
export function isIdle(standing: ReviewStanding, { open }: SortedThreads): boolean {
  const { failedChecks, closes } = standing;
  const waits = open.length > 0 || failedChecks.length > 0 || isUntold(standing);
  return !waits && (closes === undefined || readRecord(closes)?.state !== 'REVIEWING');
}

/** What the runs for this change came to so far, as our status comment has it. */
export function sumsOf({ closes }: ReviewStanding): Sums | undefined {
  const report = closes === undefined ? undefined : readRecord(closes)?.report;
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
  const announced = announce ? markStatus(reviewing, { add: [held.config.labels.inProgress] }) : Promise.resolve();
  // It is thrown where it is awaited.
  announced.catch(() => undefined);
  return { ok: true, case: reviewing, taken: true, announced };
}

/** What a round ended with, as far as the issue shows it. */
export interface RoundEnd {
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
  { handedOver, change, report }: RoundEnd,
): Promise<void> {
  const { inProgress, needsHuman } = held.config.labels;
  const before = held.record;
  const release = held.journal.id;
  const current = { ...held, standing: standing.closes ?? held.standing };
  if (report === undefined) {
    // What a person has to do is still to be done.
    await markStatus(step(current, 'release'), { remove: [inProgress], release });
    return;
  }
  const proven = report.outcome === 'proven';
  const summary = before.report === undefined ? {} : { report: addRun(before.report, report) };
  const record: StateRecord = { ...before, ...(proven ? { change } : summary) };
  const done = step({ ...current, record }, handedOver > 0 ? 'escalate' : 'release');
  const labels = handedOver > 0 ? { add: [needsHuman], remove: [inProgress] } : { remove: [inProgress, needsHuman] };
  await markStatus(done, { ...labels, release }, proven ? report : undefined);
}

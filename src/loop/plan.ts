import type { Config } from '../core/config.ts';
import { handedOver, resolvable, type Review } from '../core/ledger.ts';
import type { RunReport } from '../core/report.ts';
import { isAnswered, type SortedThreads } from '../core/threads.ts';
import { statusMarker } from '../core/views/status-comment.ts';
import type { ForgeStep, LockHolder, ReviewStanding, RoundStep, Standing } from '../ports.ts';
import { marksOfRelease, marksOfRound } from './claim-review.ts';
import { marksOfBegin } from './claim.ts';
import { marksOfEnd } from './conclude.ts';

/** What an undisturbed run does at the forge, step by step, for `--dry-run`: the same order in which it is done. */

const run = 'planned';
const holder: LockHolder = { run, expiresAt: '', holder: { machine: '', pid: 0 }, live: true, commit: '0'.repeat(40) };
const look: ForgeStep = { do: 'look' };
/** A look that is repeated only where the one before has become too old. */
const lookAgain: ForgeStep = { do: 'look', stale: true };
const lock: ForgeStep = { do: 'lock', holder };

export function stepsOfSolve({ labels }: Config, standing: Standing, { publish }: { publish: boolean }): ForgeStep[] {
  const fetch: ForgeStep[] = standing.tip === undefined || standing.base === undefined ? [] : [{ do: 'fetch' }];
  if (!publish) return [look, ...fetch];
  const begin: ForgeStep = { do: 'mark', marks: { ...marksOfBegin(labels), status: `${statusMarker}\nbegins` } };
  return [look, lock, lookAgain, begin, ...fetch, ...stepsOfPublishing(labels)];
}

export function stepsOfPublish({ labels }: Config, standing: Standing, head: string | undefined): ForgeStep[] {
  const { tip, base } = standing;
  const fetch: ForgeStep[] = tip === undefined || base === undefined || tip.commit === head ? [] : [{ do: 'fetch' }];
  return [look, lock, lookAgain, ...fetch, ...stepsOfPublishing(labels, tip?.commit === head)];
}

function stepsOfPublishing(labels: Config['labels'], isPushed = false): ForgeStep[] {
  const end: ForgeStep = { do: 'mark', marks: { ...marksOfEnd(labels, run), status: `${statusMarker}\nends` } };
  return [lookAgain, ...(isPushed ? [] : [{ do: 'push' } as const]), { do: 'open' }, end];
}

/** A round that mends and answers all that waits. */
export function stepsOfReview(
  { labels }: Config,
  standing: ReviewStanding,
  { open }: SortedThreads,
  { publish }: { publish: boolean },
): RoundStep[] {
  const { closes, failedChecks } = standing;
  const begin: RoundStep = { do: 'mark', marks: { ...marksOfRound(labels), status: `${statusMarker}\nbegins` } };
  const logs = failedChecks.flatMap(({ job }): RoundStep[] => (job === undefined ? [] : [{ do: 'log', job }]));
  // While it works, it looks now and then whether somebody stopped it.
  const work: RoundStep[] = [{ do: 'fetch' }, ...logs, lookAgain];
  if (!publish) return [look, ...work];
  const resolve = open.filter(({ startedBy, thread }) => startedBy !== 'person' && thread.viewerCanResolve).length;
  return [
    look,
    lock,
    ...(closes === undefined ? [] : [begin]),
    ...work,
    look,
    ...stepsOfPush(standing, true),
    { do: 'answer', replies: open.length, text: 'perhaps' },
    { do: 'resolve', threads: resolve, perhaps: true },
    stepOfRelease(labels, closes, 0),
  ];
}

/** The second half of a round that was sealed. */
export function stepsOfPublishReview(
  { labels }: Config,
  standing: ReviewStanding,
  { report, review }: { report: RunReport; review: Review },
): RoundStep[] {
  const { closes, head, threads, reviewers } = standing;
  const byId = new Map(threads.map((thread) => [thread.id, thread]));
  const missing = review.entries.filter(({ thread: id, commit }) => {
    const thread = byId.get(id);
    return thread !== undefined && !isAnswered(thread, commit, reviewers);
  });
  const resolve = resolvable(review, threads, reviewers).filter((id) => byId.get(id)?.viewerCanResolve === true);
  const text = report.outcome === 'proven' && report.proof !== undefined ? 'yes' : 'no';
  return [
    look,
    { do: 'fetch' },
    lock,
    look,
    ...(head === review.after ? [] : stepsOfPush(standing, false)),
    { do: 'answer', replies: missing.length, text },
    { do: 'resolve', threads: resolve.length },
    stepOfRelease(labels, closes, handedOver(review, threads, reviewers).length),
  ];
}

/** What we marked ready was so for the head that goes. */
function stepsOfPush({ draft, readiedBy }: ReviewStanding, perhaps: boolean): RoundStep[] {
  return [...(draft || readiedBy !== 'us' ? [] : [{ do: 'draft', perhaps } as const]), { do: 'push', perhaps }];
}

function stepOfRelease(labels: Config['labels'], closes: Standing | undefined, waiting: number): RoundStep {
  if (closes === undefined) return { do: 'unlock' };
  return { do: 'mark', marks: { ...marksOfRelease(labels, waiting), release: run, status: `${statusMarker}\nends` } };
}

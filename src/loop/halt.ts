import type { Halt } from '../core/halt.ts';
import { advance, stateVersion, type StateRecord } from '../core/state.ts';
import type { Reason } from '../core/types.ts';
import { renderStatus } from '../core/views/status-comment.ts';
import { BugloopError, exits } from '../errors.ts';
import type { Progress, Standing } from '../ports.ts';
import { digestText, findStop, isApart, lookNow, readRecord, type Case } from './claim.ts';

/** How work is ended from outside: what a person writes down, and how a run at work finds it. */

/** Between attempts a look older than this is repeated, in milliseconds: an attempt costs more than a request. */
const watchMs = 60_000;

/** For a run at work: why it has to end. */
export function openLookout(held: Case): () => Promise<Reason | undefined> {
  if (!isApart(held.standing)) return () => Promise.resolve(undefined);
  return pace(held, held.lookedAt, async () => findStop(await lookNow(held)));
}

/** Looks at most once a minute, first a minute after `seenAt`; a forge that cannot be reached stops nothing yet. */
export function pace(
  { now, progress }: { now: () => number; progress: Progress },
  seenAt: number,
  look: () => Promise<Reason | undefined>,
): () => Promise<Reason | undefined> {
  let lookedAt = seenAt;
  return async () => {
    const at = now();
    if (at - lookedAt < watchMs) return undefined;
    try {
      const found = await look();
      lookedAt = at;
      return found;
    } catch (error) {
      if (!(error instanceof BugloopError) || error.exit !== exits.transient) throw error;
      progress.note(`whether the run is still wanted could not be asked: ${error.message}`);
      return undefined;
    }
  };
}

/**
 * Writes down that a person ended the work, and takes labels, assignment and lock off the issue. The lock goes first: a run
 * that is just saying that it began has then said so before the words of the person, and finds its lock gone.
 */
export async function halt(
  { forge, ref, config, progress }: Pick<Case, 'forge' | 'ref' | 'config' | 'progress'>,
  base: StateRecord['base'],
  { at, by, skip }: Omit<Halt, 'run'>,
): Promise<Standing> {
  const first = await forge.read(ref);
  if (first.lock !== undefined) await forge.mark(first, { release: first.lock.run }).catch(unlessForbidden(progress));
  const standing = first.lock === undefined ? first : await forge.read(ref);
  const { issue, branch } = standing;
  const earlier = readRecord(standing);
  const run = earlier?.run ?? first.lock?.run ?? 'none';
  const known: StateRecord = earlier ?? {
    version: stateVersion,
    state: 'OPEN',
    issue: issue.id,
    text: digestText(issue),
    run,
    branch,
    base,
  };
  const record: StateRecord = { ...known, state: advance(known.state, 'halt') ?? known.state, halt: { at, by, skip, run } };
  const { labels, agents } = config;
  await forge.mark(standing, {
    remove: [labels.inProgress, ...(skip ? [labels.trigger] : [])],
    unassign: [agents.bugsolver.assignee],
    status: renderStatus(record),
  });
  return standing;
}

/** A token that may comment but not move a ref ends no lock; its run does, once it sees that it was halted. */
function unlessForbidden(progress: Progress): (error: unknown) => void {
  return (error) => {
    if (!(error instanceof BugloopError) || error.code !== 'auth.forbidden') throw error;
    progress.note(`the lock of the issue stays until its run ends: ${error.message}`);
  };
}

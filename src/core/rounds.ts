import * as z from 'zod/mini';
import type { CommitId } from './types.ts';

/** When a round of review is due that nobody asked for: after failed checks, after a round that died, after silence. */

/**
 * One round as the status comment keeps it. The job that works may not write there, so that whoever decides says that one
 * began, and whoever publishes that it ended.
 */
export const roundSchema = z.strictObject({
  /** ISO 8601. */
  at: z.string(),
  /** Where the change was. */
  head: z.string(),
  /** Checks of that head had failed. */
  checks: z.exactOptional(z.literal(true)),
  ended: z.exactOptional(z.literal(true)),
  /** Somebody wanted it: only the others are counted. */
  asked: z.exactOptional(z.literal(true)),
});
export type Round = z.infer<typeof roundSchema>;

/** What a change shows to whoever asks. */
export interface Waiting {
  head: CommitId;
  /** `dead`: it ran out, or its process is gone. */
  lock: 'none' | 'live' | 'dead';
  /** A round ended before its last word. */
  cut: boolean;
  /** Checks of the head have failed, without our own. */
  failed: boolean;
  /** When the newest word was said in each thread that waits for an answer; ISO 8601. */
  words: readonly string[];
  /** Oldest first. */
  rounds: readonly Round[];
}

/** A job waits for its turn, installs, and hands over to one that publishes: all that a round takes besides its own limit, in milliseconds. */
const aroundMs = 60 * 60_000;
/** Rounds that are kept. */
const maxKept = 20;

export interface Pace {
  /** Milliseconds since the epoch. */
  now: number;
  limits: { timeoutMinutes: number; maxReviewIterations: number };
}

/** Whether a round should begin by itself, and why it should, or should not. */
export function judgeRound(waiting: Waiting, pace: Pace): { due: boolean; why: string } {
  const { head, lock, cut, failed, words, rounds } = waiting;
  const { maxReviewIterations: most } = pace.limits;
  if (lock === 'live') return { due: false, why: 'another run is at work' };
  const unanswered = words.some((word) => pace.now - Date.parse(word) > lastsMs(pace));
  const worked = rounds.some((round) => round.head === head && round.checks === true && round.ended === true);
  const why = cut
    ? 'a round ended before its last word'
    : unanswered
      ? 'a thread has waited longer than a round takes'
      : failed && !worked
        ? 'a check of the head failed'
        : undefined;
  if (why === undefined)
    return { due: false, why: worked ? 'a round has worked on the failed checks of this head' : 'nothing waits' };
  const begun = rounds.filter(({ asked }) => asked !== true).length;
  if (begun >= most) return { due: false, why: `${begun} rounds have begun by themselves, and ${most} may` };
  // A job that works cannot say that it does; a lock that is dead says that nobody does.
  const last = findCurrent(rounds, pace);
  if (last !== undefined && !(cut && lock === 'dead')) return { due: false, why: `a round began at ${last.at}` };
  return { due: true, why };
}

/** The rounds with one that begins now. */
export function addRound(
  rounds: readonly Round[],
  { head, failed, asked }: Pick<Waiting, 'head' | 'failed'> & { asked: boolean },
  { now }: Pick<Pace, 'now'>,
): Round[] {
  const at = new Date(now).toISOString();
  const begun: Round = { at, head, ...(failed ? { checks: true } : {}), ...(asked ? { asked: true } : {}) };
  return [...rounds, begun].slice(-maxKept);
}

/** The rounds after the one on `head` has said its last word. */
export function endRound(rounds: readonly Round[], head: CommitId): Round[] {
  const last = rounds.findLastIndex((round) => round.head === head);
  return rounds.map((round, index) => (index === last ? { ...round, ended: true } : round));
}

/** The newest round, as long as it may still be at work. */
function findCurrent(rounds: readonly Round[], pace: Pace): Round | undefined {
  const last = rounds.at(-1);
  if (last === undefined || last.ended === true) return undefined;
  return pace.now - Date.parse(last.at) < lastsMs(pace) ? last : undefined;
}

function lastsMs({ limits }: Pace): number {
  return limits.timeoutMinutes * 60_000 + aroundMs;
}

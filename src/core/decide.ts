import type { Attempt } from './report.ts';
import type { Reason, Usage } from './types.ts';

/** What comes after an attempt. */
export type Next =
  | { do: 'finish' }
  | { do: 'retry' }
  /** A person is needed: `reason.code` says why. */
  | { do: 'escalate'; reason: Reason }
  /** Nothing is wrong with the change or the issue: run again later. */
  | { do: 'pause'; outcome: 'interrupted' | 'transient'; reason: Reason };

/** Caps on one run. All are checked before a model is called. */
export interface Limits {
  iterations: number;
  /** Milliseconds since the epoch. */
  deadline: number;
  turns: number;
  dollars: number;
}

/** How much of the limits is gone. */
export interface Spent {
  usage: Usage;
  dollars: number;
}

/** The same outcome so many times in a row means that another attempt would bring the same again. */
const noProgressAfter = 3;

/** Decides from the attempts so far. Pure; `now` is in milliseconds since the epoch. */
export function decide(
  attempts: readonly Attempt[],
  agentCode: string | undefined,
  limits: Limits,
  spent: Spent,
  now: number,
): Next {
  const last = attempts.at(-1);
  if (last === undefined) return { do: 'retry' };
  if (last.stage === 'proven' || last.stage === 'reproduced') return { do: 'finish' };
  switch (last.agentEnd) {
    case 'interrupted':
      return { do: 'pause', outcome: 'interrupted', reason: { code: 'run.interrupted', message: 'the run was interrupted' } };
    case 'transient':
      return {
        do: 'pause',
        outcome: 'transient',
        reason: { code: 'agent.transient', message: last.summary || 'the model was not available' },
      };
    case 'refused':
      return { do: 'escalate', reason: { code: agentCode ?? 'agent.refusal', message: last.summary || 'the model refused' } };
    case 'gave-up':
      return { do: 'escalate', reason: { code: 'agent.gave_up', message: last.summary || 'the agent gave up' } };
    default:
  }
  const limit = reachedLimit(attempts.length, limits, spent, now);
  if (limit !== undefined) return { do: 'escalate', reason: limit };
  if (last.agentEnd === 'limit') return { do: 'escalate', reason: { code: 'limit.reached', message: last.summary } };
  if (repeatsItself(attempts)) {
    const message = `${noProgressAfter} attempts in a row ended with the same tree and the same failures`;
    return { do: 'escalate', reason: { code: 'loop.no_progress', message } };
  }
  return { do: 'retry' };
}

/** The limit that forbids another step, or none. `worstNextDollars` is what one more call could cost at most. */
export function reachedLimit(
  iterations: number,
  limits: Limits,
  spent: Spent,
  now: number,
  worstNextDollars = 0,
): Reason | undefined {
  if (iterations >= limits.iterations)
    return { code: 'limit.iterations', message: `${limits.iterations} attempts did not reach a proof` };
  if (now >= limits.deadline) return { code: 'limit.time', message: 'the time limit is reached' };
  if (spent.usage.calls >= limits.turns)
    return { code: 'limit.turns', message: `${limits.turns} model calls did not reach a proof` };
  if (spent.dollars + worstNextDollars > limits.dollars) {
    const message = `the budget of $${limits.dollars} would be exceeded: $${spent.dollars.toFixed(2)} spent`;
    return { code: 'limit.dollars', message };
  }
  return undefined;
}

/** Two attempts with the same one came to the same end. */
function fingerprint({ tree, stage, failing }: Attempt): string {
  return JSON.stringify([tree, stage, [...failing].sort()]);
}

function repeatsItself(attempts: readonly Attempt[]): boolean {
  const recent = attempts.slice(-noProgressAfter);
  if (recent.length < noProgressAfter) return false;
  return new Set(recent.map(fingerprint)).size === 1;
}

import type { Cause } from './event.ts';
import type { StateRecord } from './state.ts';

/**
 * How a person ends the work on an issue from outside. What was halted stays halted for good: a run that was asked for
 * before never comes through after, wherever it is and whoever publishes it, while one that is asked for later starts anew.
 * Times are of the forge's clock where an event tells them, so no two clocks are compared.
 */
export type Halt = NonNullable<StateRecord['halt']>;

/** Since when a run is wanted. */
export interface Asked {
  /** ISO 8601; what was halted up to here is not about this run. Empty: nothing was ever halted. */
  since: string;
  /** A person asked for this very issue, with a command or a button. */
  byHand: boolean;
}

/** Nobody knows when it was asked for: whatever was halted is about it. */
export const askedNever: Asked = { since: '', byHand: false };

/** What an event, or the operator's own hand, asked for: the latter knows what the issue shows now. */
export function askedBy(cause: Cause, record: StateRecord | undefined): Asked {
  return { since: cause.at ?? record?.halt?.at ?? '', byHand: cause.byHand };
}

/** Why a run may not go on, or not begin: it was halted since it was asked for, or the issue is to be left alone. */
export function findHalt(record: StateRecord | undefined, { since, byHand }: Asked): Halt | undefined {
  const halt = record?.halt;
  if (halt === undefined) return undefined;
  return halt.at > since || (halt.skip && !byHand) ? halt : undefined;
}

/** A halt with what a later run makes of it: whoever asks by hand wants the issue solved after all. */
export function carryHalt(halt: Halt, { byHand }: Asked): Halt {
  return byHand ? { ...halt, skip: false } : halt;
}

export function describeHalt({ by, skip }: Halt): string {
  return skip ? `${by} asked to leave the issue alone (/bugloop skip)` : `stopped by ${by} (/bugloop stop)`;
}

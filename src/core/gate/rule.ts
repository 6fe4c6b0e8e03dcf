import type { Config } from '../config.ts';
import { oneLine } from '../text.ts';
import type { Snapshot } from '../snapshot.ts';
import type { Reason } from '../types.ts';

/** What of the base commit's configuration decides over a gate. */
export type GateConfig = Pick<
  Config,
  'gate' | 'limits' | 'protectedPaths' | 'tests' | 'sensitiveWords' | 'proof' | 'labels' | 'branchPrefix' | 'agents'
>;

/** A snapshot, and what the guards say of its trees: two conditions ask them. */
interface Facts extends Snapshot {
  guarded: readonly Reason[];
}

/** One condition of the table. Each judges alone, so that every reason is told at once. */
export interface Rule {
  /** Stable and short; a row of the table. */
  condition: string;
  judge(facts: Facts, config: GateConfig): Finding;
}

/** `waiting` reasons go away by themselves, or by somebody's next click; the others need work. */
export type Finding =
  | { state: 'met' | 'not-asked'; detail: string }
  | { state: 'unmet' | 'waiting'; reasons: readonly [Reason, ...Reason[]] };

export interface Against extends Reason {
  waits?: boolean;
}

/** Unmet when one reason is final, waiting when all pass with time, else what `detail` says. */
export function finding(against: readonly Against[], detail: string): Finding {
  const [first, ...others] = against.map(({ code, message, path, line }): Reason => {
    return { code, message, ...(path === undefined ? {} : { path }), ...(line === undefined ? {} : { line }) };
  });
  if (first === undefined) return { state: 'met', detail };
  return { state: against.every(({ waits }) => waits === true) ? 'waiting' : 'unmet', reasons: [first, ...others] };
}

/** Names come from strangers: one short line of each. */
export function name(text: string): string {
  return `'${oneLine(text, 100)}'`;
}

/** At most five of them, and how many more. */
export function several(names: readonly string[]): string {
  const shown = names.slice(0, 5).join(', ');
  return names.length > 5 ? `${shown} and ${names.length - 5} more` : shown;
}

export function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`;
}

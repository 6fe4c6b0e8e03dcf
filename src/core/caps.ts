import type { Config } from './config.ts';
import type { StateRecord } from './state.ts';

/**
 * How many runs events may start. Every start is written into the status comment of its issue before it is counted, and all
 * who count see the same order: of any number that start at once, exactly as many go on as the caps allow.
 */

/** One run that began. `by`: number of the account that asked; absent where nobody did. */
export type Start = NonNullable<StateRecord['starts']>[number];
export interface StartOf extends Start {
  issue: string;
}

const hour = 3_600_000;
const day = 24 * hour;
/** Counted for no longer than this, in milliseconds. */
export const countedFor = day;

/** Starts of one issue with a new one at the end; what no cap counts any more is left out. */
export function addStart(earlier: readonly Start[], start: Start): Start[] {
  const since = Date.parse(start.at) - day;
  return [...earlier.filter(({ at }) => Date.parse(at) > since), start].slice(-100);
}

/** A cap that is used up: what it allows, and when there is room again. */
export interface Over {
  allows: string;
  /** ISO 8601. */
  again: string;
}

/** Whether a start is one too many among all that were written down, its own included; `undefined` where it may go on. */
export function findOver(mine: StartOf, all: readonly StartOf[], limits: Config['limits']): Over | undefined {
  const before = all.filter((one) => isBefore(one, mine));
  const own = mine.by === undefined ? [] : before.filter(({ by }) => by === mine.by);
  const caps = [
    { starts: before, cap: limits.maxRunsPerHour, ms: hour, of: 'in this repository', per: 'an hour' },
    { starts: before, cap: limits.maxRunsPerDay, ms: day, of: 'in this repository', per: 'a day' },
    { starts: own, cap: limits.maxActorRunsPerHour, ms: hour, of: 'for one account', per: 'an hour' },
    { starts: own, cap: limits.maxActorRunsPerDay, ms: day, of: 'for one account', per: 'a day' },
  ];
  const overs = caps.flatMap(({ starts, cap, ms, of, per }) => {
    if (of === 'for one account' && mine.by === undefined) return [];
    const counted = starts.filter(({ at }) => Date.parse(at) > Date.parse(mine.at) - ms).sort(byTime);
    const leaves = counted.at(-cap);
    if (leaves === undefined) return [];
    return [
      { allows: `${cap} ${cap === 1 ? 'run' : 'runs'} ${per} ${of}`, again: new Date(Date.parse(leaves.at) + ms).toISOString() },
    ];
  });
  // The one that lasts longest says when there is room again.
  return overs.sort((one, other) => other.again.localeCompare(one.again))[0];
}

function isBefore(one: StartOf, other: StartOf): boolean {
  return byTime(one, other) < 0;
}

/** Of two in the same millisecond the lower issue is first; one issue starts nothing twice in one. */
function byTime(one: StartOf, other: StartOf): number {
  return Date.parse(one.at) - Date.parse(other.at) || Number(one.issue) - Number(other.issue);
}

/** Said once on the issue. */
export function renderOver({ allows, again }: Over): string {
  return `**bugloop** starts no run now: the configuration allows ${allows}. After ${again.slice(0, 16).replace('T', ' ')} UTC, set the label again or comment \`/bugloop solve\`.\n`;
}

/** What a bench is, and what it answers with. A bench is one file beside this one that exports a `Bench`. */

export interface Bench {
  /** Chosen on the command line by this. */
  id: string;
  title: string;
  /** Only with `--full`, e.g. because it takes long. */
  full?: boolean;
  run(options: Options): Promise<Row[]>;
}

export interface Options {
  full: boolean;
  /** How many bugs, runs or rounds, where the bench has such a number; each has its own default. */
  count: number | undefined;
  /** Beginnings of the names of bugs; empty for the usual choice. */
  bugs: readonly string[];
  /** Beginnings of the names of changes that are played on them; empty for all. */
  variants: readonly string[];
  /** Where a bench may leave what it generates; gone when it ends. */
  scratch: string;
  readonly say: (line: string) => void;
}

export type Unit = '×' | 'ms' | 's' | 'bytes' | 'MB' | '%' | 'runs' | 'calls' | 'dollars';

/** One figure. */
export interface Row {
  /** As the performance table and the issue that set the bar call it: `P1`, `C1`. */
  id: string;
  what: string;
  value: number;
  unit: Unit;
  /** What it has to reach. A row without one is there to compare with. */
  bar?: Bar;
  /** The best that anybody could reach, and why. */
  limit?: Beside;
  /** What users would pick instead. */
  peer?: Beside;
  /** What it was measured on, and why it missed its bar where it did. */
  note?: string;
  /** The single measurements, for the plot; in the row's unit. */
  samples?: number[];
}

interface Bar {
  is: '≤' | '≥';
  value: number;
}

interface Beside {
  value: number;
  what: string;
}

export interface Result {
  id: string;
  title: string;
  seconds: number;
  rows: Row[];
  /** Why there are no rows. */
  broken?: string;
  taken: Taken;
}

/** What a result was measured of, when, and how busy the machine was. */
export interface Taken {
  commit: string;
  /** True where the work tree differed from the commit. */
  dirty: boolean;
  /** `2026-11-20`. */
  date: string;
  /** `npm run bench -- --full oracle`. */
  command: string;
  /** Processes that wanted to run in the minute before: the load average. */
  load: number;
}

/** Everything of one call of the runner, and what is kept of earlier ones, as it lies in `bench/results`. */
export interface Report {
  version: 2;
  machine: { cpus: number; model: string; memoryGB: number; node: string; platform: string };
  results: Result[];
}

/** Whether a figure reaches its bar; `undefined` where it has none. */
export function reaches({ value, bar }: Row): boolean | undefined {
  if (bar === undefined) return undefined;
  return bar.is === '≤' ? value <= bar.value : value >= bar.value;
}

export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

/** By linear interpolation between the two nearest. `NaN` of nothing. */
export function quantile(values: readonly number[], q: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (sorted.length - 1) * q;
  const [low, high] = [sorted[Math.floor(at)], sorted[Math.ceil(at)]];
  return low === undefined || high === undefined ? Number.NaN : low + (high - low) * (at - Math.floor(at));
}

export function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

/**
 * Runs several things in turn, `rounds` times, and answers the milliseconds of each by name. Load that comes and goes
 * meets all of them alike, so that their ratios hold where the times themselves do not.
 */
export async function interleave<Name extends string>(
  rounds: number,
  things: Readonly<Record<Name, () => Promise<unknown>>>,
): Promise<(name: Name) => number[]> {
  const times = new Map<string, number[]>();
  for (let round = -1; round < rounds; round += 1) {
    for (const [name, run] of Object.entries<() => Promise<unknown>>(things)) {
      const started = performance.now();
      await run();
      // The first round only warms caches.
      if (round >= 0) times.set(name, [...(times.get(name) ?? []), performance.now() - started]);
    }
  }
  return (name) => times.get(name) ?? [];
}

/** One ratio for each round of two interleaved things. */
export function ratios(of: readonly number[], to: readonly number[]): number[] {
  return of.map((value, index) => value / (to[index] ?? Number.NaN));
}

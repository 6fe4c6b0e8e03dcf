function runsByLength(line: string): Map<number, number[]> {
  const runs = new Map<number, number[]>();
  for (const { 0: run, index } of [...line.matchAll(/`+/g)].reverse()) {
    const same = runs.get(run.length);
    if (same === undefined) runs.set(run.length, [index]);
    else same.push(index);
  }
  return runs;
}

/**
 * Finds where a run of exactly `length` backticks starts at or after `from`, or -1. Runs are listed once, last first,
 * and dropped as the reader passes them.
 */
export function spanEnds(line: string): (from: number, length: number) => number {
  let runs: Map<number, number[]> | undefined;
  return (from, length) => {
    runs ??= runsByLength(line);
    const same = runs.get(length) ?? [];
    while ((same.at(-1) ?? from) < from) same.pop();
    return same.at(-1) ?? -1;
  };
}

import type { Report } from '../bench.ts';

/**
 * The report of this call, with what an earlier one measured and this one did not: figures that take an hour are not
 * measured whenever one takes a minute. Each result says of which commit it is. What another machine measured is left out,
 * as its figures cannot stand beside these.
 */
export function joinReports(earlier: Report | undefined, now: Report): Report {
  if (earlier === undefined || !isSameMachine(earlier, now)) return now;
  const ids = new Set(now.results.map(({ id }) => id));
  return { ...now, results: [...now.results, ...earlier.results.filter(({ id }) => !ids.has(id))] };
}

function isSameMachine({ machine: one }: Report, { machine: other }: Report): boolean {
  return one.cpus === other.cpus && one.model === other.model && one.node === other.node && one.platform === other.platform;
}

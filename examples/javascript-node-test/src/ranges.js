/**
 * A range is `{ start, end }` in minutes of one day, its end excluded. Lists of ranges are kept sorted and free of
 * overlaps, so that everything else can walk them once.
 */

/** Whether a minute of the day lies in one of the ranges. */
export function covers(ranges, minute) {
  return ranges.some(({ start, end }) => minute >= start && minute < end);
}

/** Sorted copy in which ranges that belong together are one. */
export function mergeRanges(ranges) {
  const sorted = [...ranges].sort((a, b) => a.start - b.start || a.end - b.end);
  const merged = [];
  for (const range of sorted) {
    const last = merged.at(-1);
    if (last !== undefined && range.start < last.end) {
      last.end = Math.max(last.end, range.end);
    } else {
      merged.push({ start: range.start, end: range.end });
    }
  }
  return merged;
}

/** Minutes in all of the ranges. */
export function totalMinutes(ranges) {
  return ranges.reduce((sum, { start, end }) => sum + (end - start), 0);
}

/** Whether two lists hold the same ranges. */
export function sameRanges(a, b) {
  return a.length === b.length && a.every(({ start, end }, i) => start === b[i].start && end === b[i].end);
}

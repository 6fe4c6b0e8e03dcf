import { HoursError } from './errors.js';

export const DAYS = ['Mo', 'Tu', 'We', 'Th', 'Fr', 'Sa', 'Su'];

/** Position of a day in the week, Monday first. */
export function dayIndex(name) {
  const index = DAYS.indexOf(name);
  if (index === -1) throw new HoursError('not a day', name);
  return index;
}

/** Day that lies `offset` days after `index`, around the end of the week. */
export function shiftDay(index, offset) {
  const days = DAYS.length;
  return (((index + offset) % days) + days) % days;
}

/** Reads `Mo`, `Mo-Fr`, `Sa,Su` and `Fr-Mo` into positions. */
export function parseDays(text) {
  const found = [];
  for (const part of text.split(',')) {
    const [first, last = first] = part.trim().split('-');
    const end = dayIndex(last);
    for (let day = dayIndex(first); ; day = shiftDay(day, 1)) {
      if (!found.includes(day)) found.push(day);
      if (day === end) break;
    }
  }
  return found;
}

/** Writes positions as `Mo-We,Fr`. */
export function formatDays(days) {
  const sorted = [...days].sort((a, b) => a - b);
  const runs = [];
  for (const day of sorted) {
    const run = runs.at(-1);
    if (run !== undefined && day === run.last + 1) run.last = day;
    else runs.push({ first: day, last: day });
  }
  return runs
    .map(({ first, last }) => (first === last ? DAYS[first] : `${DAYS[first]}-${DAYS[last]}`))
    .join(',');
}

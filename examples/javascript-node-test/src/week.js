import { DAY_MINUTES } from './clock.js';
import { DAYS, shiftDay } from './days.js';
import { mergeRanges } from './ranges.js';

/** A week is a list of seven lists of ranges, Monday first. */
export function emptyWeek() {
  return DAYS.map(() => []);
}

/** Adds a range to a day; what lies past midnight goes to the day after. */
export function addRange(week, day, start, end) {
  const tail = end <= start ? end : 0;
  const until = end <= start ? DAY_MINUTES : end;
  const next = shiftDay(day, 1);
  week[day] = mergeRanges([...week[day], { start, end: until }]);
  if (tail > 0) week[next] = mergeRanges([...week[next], { start: 0, end: tail }]);
}

export function copyWeek(week) {
  return week.map((ranges) => ranges.map((range) => ({ ...range })));
}

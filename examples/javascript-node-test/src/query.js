import { DAY_MINUTES, formatTime, parseTime } from './clock.js';
import { DAYS, dayIndex, shiftDay } from './days.js';
import { covers, totalMinutes } from './ranges.js';

/** Whether a place is open at `{ day, time }`. */
export function isOpen(week, { day, time }) {
  return covers(week[dayIndex(day)], parseTime(time));
}

/** Minutes of a day at which something opens or closes, in order. */
function changesOf(ranges) {
  return ranges
    .flatMap(({ start, end }) => [
      { minute: start, open: true },
      { minute: end, open: false },
    ])
    .sort((a, b) => a.minute - b.minute);
}

/** Closing at midnight is no change when the next day opens at midnight. */
function continues(week, day, change) {
  const neighbour = change.open ? week[shiftDay(day, -1)] : week[shiftDay(day, 1)];
  if (change.open) return change.minute === 0 && neighbour.at(-1)?.end === DAY_MINUTES;
  return change.minute === DAY_MINUTES && neighbour[0]?.start === 0;
}

/**
 * The next opening or closing after `{ day, time }`.
 * @returns {{ day: string, time: string, open: boolean } | undefined}
 */
export function nextChange(week, { day, time }) {
  const from = dayIndex(day);
  const now = parseTime(time);
  for (let offset = 0; offset <= DAYS.length; offset += 1) {
    const current = shiftDay(from, offset);
    for (const change of changesOf(week[current])) {
      if (offset === 0 && change.minute <= now) continue;
      if (continues(week, current, change)) continue;
      return { day: DAYS[current], time: formatTime(change.minute), open: change.open };
    }
  }
  return undefined;
}

/** Minutes open in a whole week. */
export function openMinutes(week) {
  return week.reduce((sum, ranges) => sum + totalMinutes(ranges), 0);
}

import { dayIndex } from './days.js';
import { parseHours } from './parse.js';
import { copyWeek } from './week.js';

/**
 * A copy of the week with other hours on some days.
 * @param {Record<string, string>} exceptions day to `off` or ranges, e.g. `{ Mo: 'off', Tu: '10:00-12:00' }`
 */
export function withExceptions(week, exceptions) {
  const changed = copyWeek(week);
  for (const [day, times] of Object.entries(exceptions)) {
    const index = dayIndex(day);
    changed[index] = parseHours(`${day} ${times}`)[index];
  }
  return changed;
}

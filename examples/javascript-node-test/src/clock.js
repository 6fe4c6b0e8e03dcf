import { HoursError } from './errors.js';

export const DAY_MINUTES = 24 * 60;

/** Minutes since midnight of `HH:MM`; `24:00` is allowed. */
export function parseTime(text) {
  const match = /^(\d{1,2}):(\d{2})$/.exec(text.trim());
  if (match === null) throw new HoursError('not a time', text);
  const hours = Number(match[1]);
  const minutes = Number(match[2]);
  const total = hours * 60 + minutes;
  if (minutes > 59 || total > DAY_MINUTES) throw new HoursError('not a time of day', text);
  return total;
}

/** `HH:MM` of minutes since midnight. */
export function formatTime(minutes) {
  const hours = Math.floor(minutes / 60);
  return `${String(hours).padStart(2, '0')}:${String(minutes % 60).padStart(2, '0')}`;
}

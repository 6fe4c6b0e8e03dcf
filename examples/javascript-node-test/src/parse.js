import { parseTime } from './clock.js';
import { parseDays } from './days.js';
import { HoursError } from './errors.js';
import { addRange, emptyWeek } from './week.js';

const RULE = /^([A-Z][a-z](?:\s*[-,]\s*[A-Z][a-z])*)\s+(.+)$/;

function parseRange(text) {
  const [from, to, ...rest] = text.split('-');
  if (to === undefined || rest.length > 0) throw new HoursError('not a range of times', text.trim());
  return { start: parseTime(from), end: parseTime(to) };
}

function parseRule(text) {
  if (text === '24/7') return { days: parseDays('Mo-Su'), ranges: [{ start: 0, end: 24 * 60 }] };
  const match = RULE.exec(text);
  if (match === null) throw new HoursError('not a rule', text);
  const [, days, times] = match;
  const ranges = times.trim() === 'off' ? [] : times.split(',').map(parseRange);
  return { days: parseDays(days.replaceAll(' ', '')), ranges };
}

/**
 * Reads opening hours such as `Mo-Fr 09:00-17:00; Sa 10:00-13:00`.
 * @param {string} text
 * @throws {HoursError}
 */
export function parseHours(text) {
  const rules = text
    .split(';')
    .map((rule) => rule.trim())
    .filter((rule) => rule !== '')
    .map(parseRule);
  if (rules.length === 0) throw new HoursError('no rules', text);

  const byDay = new Map();
  for (const { days, ranges } of rules) {
    for (const day of days) byDay.set(day, ranges);
  }
  const week = emptyWeek();
  for (const [day, ranges] of byDay) {
    for (const { start, end } of ranges) addRange(week, day, start, end);
  }
  return week;
}

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HoursError, parseHours } from '../src/index.js';

test('reads rules for several days', () => {
  const week = parseHours('Mo-Fr 09:00-12:30,14:00-18:00; Sa 10:00-13:00');
  assert.deepEqual(week[0], [
    { start: 540, end: 750 },
    { start: 840, end: 1080 },
  ]);
  assert.deepEqual(week[5], [{ start: 600, end: 780 }]);
  assert.deepEqual(week[6], []);
});

test('later rules replace earlier ones', () => {
  const week = parseHours('Mo-Su 08:00-20:00; We off; Su 10:00-12:00');
  assert.deepEqual(week[2], []);
  assert.deepEqual(week[6], [{ start: 600, end: 720 }]);
});

test('runs past midnight into the next day', () => {
  const week = parseHours('Su 20:00-02:00');
  assert.deepEqual(week[6], [{ start: 1200, end: 1440 }]);
  assert.deepEqual(week[0], [{ start: 0, end: 120 }]);
});

test('knows round the clock', () => {
  assert.deepEqual(parseHours('24/7')[3], [{ start: 0, end: 1440 }]);
});

test('names the part that is wrong', () => {
  assert.throws(() => parseHours('Mo 09:00'), HoursError);
  assert.throws(() => parseHours('Mo 09:00-25:00'), /25:00/);
  assert.throws(() => parseHours('whenever'), /not a rule: "whenever"/);
  assert.throws(() => parseHours(' ; '), /no rules/);
});

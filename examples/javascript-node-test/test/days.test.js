import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatDays, parseDays, shiftDay } from '../src/days.js';

test('reads lists and ranges of days', () => {
  assert.deepEqual(parseDays('Mo'), [0]);
  assert.deepEqual(parseDays('Mo-We,Fr'), [0, 1, 2, 4]);
  assert.deepEqual(parseDays('Sa-Mo'), [5, 6, 0]);
});

test('writes runs of days', () => {
  assert.equal(formatDays([4, 0, 1, 2]), 'Mo-We,Fr');
  assert.equal(formatDays([6]), 'Su');
});

test('goes around the end of the week', () => {
  assert.equal(shiftDay(6, 1), 0);
  assert.equal(shiftDay(0, -1), 6);
});

test('refuses unknown days', () => {
  assert.throws(() => parseDays('Xx'), /not a day: "Xx"/);
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatTime, parseTime } from '../src/clock.js';

test('reads times of day', () => {
  assert.equal(parseTime('00:00'), 0);
  assert.equal(parseTime('9:05'), 545);
  assert.equal(parseTime('24:00'), 1440);
});

test('refuses what is not a time', () => {
  for (const text of ['24:01', '12:60', '12', 'noon', '']) {
    assert.throws(() => parseTime(text), { name: 'HoursError' });
  }
});

test('writes times with two digits', () => {
  assert.equal(formatTime(545), '09:05');
  assert.equal(formatTime(1440), '24:00');
});

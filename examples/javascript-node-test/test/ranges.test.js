import assert from 'node:assert/strict';
import { test } from 'node:test';
import { covers, mergeRanges, sameRanges, totalMinutes } from '../src/ranges.js';

test('covers the first minute and not the last', () => {
  const ranges = [{ start: 60, end: 120 }];
  assert.equal(covers(ranges, 59), false);
  assert.equal(covers(ranges, 60), true);
  assert.equal(covers(ranges, 119), true);
  assert.equal(covers(ranges, 120), false);
});

test('merges ranges that overlap and keeps the others', () => {
  const merged = mergeRanges([
    { start: 600, end: 720 },
    { start: 60, end: 120 },
    { start: 90, end: 180 },
    { start: 610, end: 700 },
  ]);
  assert.deepEqual(merged, [
    { start: 60, end: 180 },
    { start: 600, end: 720 },
  ]);
});

test('leaves its input alone', () => {
  const input = [
    { start: 10, end: 30 },
    { start: 20, end: 40 },
  ];
  mergeRanges(input);
  assert.deepEqual(input, [
    { start: 10, end: 30 },
    { start: 20, end: 40 },
  ]);
});

test('sums and compares', () => {
  const ranges = [
    { start: 0, end: 30 },
    { start: 60, end: 75 },
  ];
  assert.equal(totalMinutes(ranges), 45);
  assert.equal(sameRanges(ranges, structuredClone(ranges)), true);
  assert.equal(sameRanges(ranges, ranges.slice(1)), false);
});

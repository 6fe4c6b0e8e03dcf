import { describe, expect, test } from 'vitest';
import { takeTurn } from '../../src/core/watch.ts';

const minute = 60_000;
const start = Date.UTC(2026, 10, 20, 12);
const sixty = Array.from({ length: 60 }, (_, index) => index);

describe('a look of the clock', () => {
  test('is for all where they are few', () => {
    expect(takeTurn([1, 2, 3], 3, start)).toEqual([1, 2, 3]);
    expect(takeTurn([], 3, start)).toEqual([]);
  });

  test('is for no more than so many, each once', () => {
    for (let at = start; at < start + 600 * minute; at += 7 * minute) {
      const taken = takeTurn(sixty, 20, at);
      expect(new Set(taken).size).toBe(20);
    }
  });

  test.each([15, 30, 60])('every %i minutes soon has had its turn for each', (minutes) => {
    for (let first = start; first < start + 24 * 60 * minute; first += 17 * minute) {
      const looks = Array.from({ length: 5 }, (_, look) => takeTurn(sixty, 20, first + look * minutes * minute));
      expect(new Set(looks.flat()).size).toBe(60);
    }
  });
});

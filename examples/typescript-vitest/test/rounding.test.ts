import { describe, expect, it } from 'vitest';
import { percentOf, roundHalfUp } from '../src/rounding.ts';

describe('rounding', () => {
  it.each([
    [2.5, 3],
    [2.4, 2],
    [-2.5, -3],
    [0, 0],
  ])('rounds %d to %d', (value, expected) => {
    expect(roundHalfUp(value)).toBe(expected);
  });

  it('takes a percentage', () => {
    expect(percentOf(999, 19)).toBe(190);
    expect(percentOf(1000, 0)).toBe(0);
  });
});

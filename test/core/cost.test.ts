import { describe, expect, test } from 'vitest';
import {
  addUsage,
  dollarsOf,
  noUsage,
  priceDateOf,
  priceTable,
  withPrices,
  promptTokens,
  worstCaseNextCall,
} from '../../src/core/cost.ts';
import type { Usage } from '../../src/core/types.ts';

const million: Usage = {
  calls: 1,
  inputTokens: 1e6,
  outputTokens: 1e6,
  cacheReadTokens: 1e6,
  cacheWriteTokens: 1e6,
};

describe('dollars', () => {
  // input + output + five-minute cache write + cache read, per million tokens, from the published price list
  test.each([
    ['claude-opus-5-5', 4 + 20 + 5 + 0.2],
    ['claude-opus-5', 5 + 25 + 6.25 + 0.5],
    ['claude-opus-4-5-20251101', 5 + 25 + 6.25 + 0.5],
    ['claude-fable-5-1', 10 + 50 + 12.5 + 0.25],
    ['claude-sonnet-5-5', 2 + 10 + 2.5 + 0.1],
    ['claude-haiku-5-5', 0.5 + 2.5 + 0.625 + 0.05],
    ['claude-opus-5-5[1m]', 4 + 20 + 5 + 0.2],
  ])('%s', (model, dollars) => {
    const cost = dollarsOf(million, model);
    expect(cost.dollars).toBeCloseTo(dollars, 9);
    expect(cost.assumed).toBe(false);
  });

  test('a prompt over the threshold costs the dearer rate, also for its output', () => {
    const short = { ...noUsage, calls: 1, inputTokens: 60_000, cacheReadTokens: 40_000, outputTokens: 1000 };
    expect(dollarsOf(short, 'claude-haiku-5-5').dollars).toBeCloseTo(0.06 * 0.1 + 0.04 * 0.01 + 0.001 * 0.5, 9);
    const long = { ...short, inputTokens: 60_001 };
    expect(dollarsOf(long, 'claude-haiku-5-5').dollars).toBeCloseTo(0.060001 * 0.5 + 0.04 * 0.05 + 0.001 * 2.5, 9);
  });

  test('no usage costs nothing', () => {
    expect(dollarsOf(noUsage, 'claude-opus-5-5').dollars).toBe(0);
  });

  test('an unknown model costs at least as much as every known one, and says that this is assumed', () => {
    for (const unknown of ['gpt-9', 'constructor', '__proto__', '']) {
      const cost = dollarsOf(million, unknown);
      expect(cost.assumed).toBe(true);
      for (const model of Object.keys(priceTable.models)) {
        expect(cost.dollars).toBeGreaterThanOrEqual(dollarsOf(million, model).dollars);
      }
    }
  });

  test("an operator's prices lie on top of the built-in ones", () => {
    const rates = { input: 1, output: 2, cacheWrite: 3, cacheRead: 4 };
    const table = withPrices({
      date: '2026-11-01',
      models: [
        { model: 'in-house', ...rates },
        { model: 'claude-opus-5-5', ...rates },
      ],
    });
    expect(dollarsOf(million, 'in-house', table)).toEqual({ dollars: 10, assumed: false });
    expect(dollarsOf(million, 'claude-opus-5-5', table)).toEqual({ dollars: 10, assumed: false });
    expect(dollarsOf(million, 'claude-sonnet-5', table)).toEqual(dollarsOf(million, 'claude-sonnet-5'));
    expect(priceDateOf('claude-opus-5-5', table)).toBe('2026-11-01');
    expect(priceDateOf('claude-sonnet-5', table)).toBe(priceTable.date);
    expect(withPrices(undefined)).toBe(priceTable);
  });

  test('the built-in table has a day, and reading the cache is never dearer than sending', () => {
    expect(priceTable.date).toMatch(/^\d{4}-\d\d-\d\d$/);
    for (const price of Object.values(priceTable.models)) {
      expect(price.cacheRead).toBeLessThan(price.input);
      expect(price.cacheWrite).toBeCloseTo(price.input * 1.25, 9);
    }
  });
});

describe('usage', () => {
  test('sums', () => {
    const sum = addUsage(million, { ...million, calls: 2, outputTokens: 5 });
    expect(sum).toEqual({ calls: 3, inputTokens: 2e6, outputTokens: 1e6 + 5, cacheReadTokens: 2e6, cacheWriteTokens: 2e6 });
    expect(promptTokens(sum)).toBe(6e6);
  });
});

describe('the worst case of the next call', () => {
  const model = 'claude-opus-5-5';
  const last: Usage = { calls: 1, inputTokens: 10, outputTokens: 2000, cacheReadTokens: 90_000, cacheWriteTokens: 8000 };

  test('is never below what the call then costs, whatever the cache does', () => {
    const bound = worstCaseNextCall({ model, last, addedBytes: 16_384, maxOutputTokens: 8000 });
    const prompt = promptTokens(last) + last.outputTokens + 16_384 / 3;
    for (const cached of [0, 0.5, 1]) {
      const usage: Usage = {
        calls: 1,
        inputTokens: 0,
        outputTokens: 8000,
        cacheReadTokens: prompt * cached,
        cacheWriteTokens: prompt * (1 - cached),
      };
      expect(dollarsOf(usage, model).dollars).toBeLessThanOrEqual(bound);
    }
  });

  test('of the first call is the new text and a full reply', () => {
    expect(worstCaseNextCall({ model, addedBytes: 2_000_000, maxOutputTokens: 1e6 })).toBeCloseTo(5 + 20, 9);
  });

  test('crosses into the price of long prompts', () => {
    const haiku = { model: 'claude-haiku-5-5', maxOutputTokens: 0 };
    expect(worstCaseNextCall({ ...haiku, addedBytes: 200_000 })).toBeCloseTo(0.1 * 0.125, 9);
    expect(worstCaseNextCall({ ...haiku, addedBytes: 200_002 })).toBeCloseTo(0.100001 * 0.625, 9);
  });
});

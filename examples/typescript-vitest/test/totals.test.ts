import { describe, expect, it } from 'vitest';
import { createQuote, taxGroups, totals } from '../src/index.ts';

const quote = createQuote({
  currency: 'EUR',
  lines: [
    { description: 'Oak shelf', quantity: 2, unitPrice: 14900, taxRate: 19 },
    { description: 'Delivery', quantity: 1, unitPrice: 2500, taxRate: 7 },
    { description: 'Brackets', quantity: 4, unitPrice: 350, taxRate: 19 },
  ],
});

describe('totals', () => {
  it('groups tax by rate, lowest first', () => {
    expect(taxGroups(quote)).toEqual([
      { rate: 7, base: 2500, tax: 175 },
      { rate: 19, base: 31200, tax: 5928 },
    ]);
  });

  it('adds everything up', () => {
    expect(totals(quote)).toEqual({ net: 33700, tax: 6103, gross: 39803 });
  });

  it('takes fractions of a unit', () => {
    const half = createQuote({ currency: 'EUR', lines: [{ description: 'Rope', quantity: 2.5, unitPrice: 199, taxRate: 0 }] });
    expect(totals(half)).toEqual({ net: 498, tax: 0, gross: 498 });
  });
});

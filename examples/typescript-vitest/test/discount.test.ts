import { describe, expect, it } from 'vitest';
import { discountOn } from '../src/discount.ts';
import { createQuote, netAmount, savings } from '../src/index.ts';

describe('discounts', () => {
  it('takes a share or a fixed amount', () => {
    expect(discountOn(2000, { percent: 15 })).toBe(300);
    expect(discountOn(2000, { amount: 250 })).toBe(250);
    expect(discountOn(2000, undefined)).toBe(0);
  });

  it('never takes more than the amount', () => {
    expect(discountOn(2000, { amount: 2500 })).toBe(2000);
  });

  it('lowers what is charged for a line', () => {
    const line = { description: 'Lamp', quantity: 3, unitPrice: 4000, taxRate: 19, discount: { percent: 10 } };
    expect(netAmount(line)).toBe(10800);
    expect(savings(createQuote({ currency: 'EUR', lines: [line] }))).toBe(1200);
  });
});

import { describe, expect, it } from 'vitest';
import { addLine, createQuote, QuoteError, type LineItem } from '../src/index.ts';

const shelf: LineItem = { description: 'Oak shelf', quantity: 2, unitPrice: 14900, taxRate: 19 };

describe('createQuote', () => {
  it('is valid for 30 days unless told otherwise', () => {
    expect(createQuote({ currency: 'EUR', lines: [shelf] }).validDays).toBe(30);
  });

  it.each([
    ['quantity', { ...shelf, quantity: 0 }],
    ['unitPrice', { ...shelf, unitPrice: 1.5 }],
    ['taxRate', { ...shelf, taxRate: 100 }],
    ['description', { ...shelf, description: ' ' }],
    ['discount', { ...shelf, discount: { percent: 101 } }],
    ['discount', { ...shelf, discount: { amount: -1 } }],
  ])('refuses a wrong %s', (field, line) => {
    expect(() => createQuote({ currency: 'EUR', lines: [shelf, line] })).toThrow(`lines[1].${field}`);
  });

  it('refuses a quotation without lines', () => {
    expect(() => createQuote({ currency: 'EUR', lines: [] })).toThrow(QuoteError);
  });

  it('adds a line to a copy', () => {
    const quote = createQuote({ currency: 'EUR', lines: [shelf] });
    expect(addLine(quote, shelf).lines).toHaveLength(2);
    expect(quote.lines).toHaveLength(1);
  });
});

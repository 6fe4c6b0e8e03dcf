import { describe, expect, it } from 'vitest';
import { createQuote, formatMoney, renderQuote } from '../src/index.ts';

describe('rendering', () => {
  it.each([
    [123450, 'EUR', '€1,234.50'],
    [-5, 'USD', '-$0.05'],
    [1500, 'JPY', '¥1,500'],
  ] as const)('writes %d %s as %s', (amount, currency, text) => {
    expect(formatMoney(amount, currency)).toBe(text);
  });

  it('aligns labels and amounts', () => {
    const quote = createQuote({
      currency: 'GBP',
      lines: [
        { description: 'Chair', quantity: 4, unitPrice: 5000, taxRate: 20 },
        { description: 'Assembly', quantity: 1, unitPrice: 1500, taxRate: 20 },
      ],
    });
    expect(renderQuote(quote)).toBe(
      ['4 × Chair  £200.00', 'Assembly    £15.00', 'Net        £215.00', 'Tax 20%     £43.00', 'Total      £258.00'].join('\n'),
    );
  });
});

import type { Currency } from './types.ts';

const symbols: Record<Currency, string> = { EUR: '€', USD: '$', GBP: '£', JPY: '¥' };
const decimals: Record<Currency, number> = { EUR: 2, USD: 2, GBP: 2, JPY: 0 };

/** `€1,234.50`; the sign stands in front of the symbol. */
export function formatMoney(amount: number, currency: Currency): string {
  const digits = decimals[currency];
  const value = Math.abs(amount) / 10 ** digits;
  const text = value.toLocaleString('en-US', { minimumFractionDigits: digits, maximumFractionDigits: digits });
  return `${amount < 0 ? '-' : ''}${symbols[currency]}${text}`;
}

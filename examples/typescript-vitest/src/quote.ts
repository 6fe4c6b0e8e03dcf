import { QuoteError } from './errors.ts';
import type { Currency, LineItem, Quote } from './types.ts';
import { checkLine } from './validate.ts';

export interface QuoteInput {
  currency: Currency;
  lines: readonly LineItem[];
  /** 30 unless given. */
  validDays?: number;
}

/** A checked quotation. */
export function createQuote({ currency, lines, validDays = 30 }: QuoteInput): Quote {
  if (lines.length === 0) throw new QuoteError('lines', 'must not be empty');
  if (validDays < 1) throw new QuoteError('validDays', 'must be at least 1');
  lines.forEach(checkLine);
  return { currency, lines: lines.map((line) => ({ ...line })), validDays };
}

/** The same quotation with one more line. */
export function addLine(quote: Quote, line: LineItem): Quote {
  return createQuote({ ...quote, lines: [...quote.lines, line] });
}

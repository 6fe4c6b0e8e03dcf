export { QuoteError } from './errors.ts';
export { formatMoney } from './money.ts';
export { addLine, createQuote, type QuoteInput } from './quote.ts';
export { renderQuote } from './render.ts';
export { netAmount, savings, taxGroups, totals } from './totals.ts';
export type { Currency, Discount, LineItem, Quote, TaxGroup, Totals } from './types.ts';

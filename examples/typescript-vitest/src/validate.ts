import { QuoteError } from './errors.ts';
import type { Discount, LineItem } from './types.ts';

function checkDiscount(discount: Discount, field: string): void {
  if ('percent' in discount) {
    if (discount.percent < 0 || discount.percent > 100) throw new QuoteError(field, 'percent must be from 0 to 100');
  } else if (!Number.isInteger(discount.amount) || discount.amount < 0) {
    throw new QuoteError(field, 'amount must be a whole number of at least 0');
  }
}

/** Throws for the first thing that is wrong with a line. */
export function checkLine(line: LineItem, index: number): void {
  const field = `lines[${index}]`;
  if (line.description.trim() === '') throw new QuoteError(`${field}.description`, 'must not be empty');
  if (!(line.quantity > 0)) throw new QuoteError(`${field}.quantity`, 'must be more than 0');
  if (!Number.isInteger(line.unitPrice)) throw new QuoteError(`${field}.unitPrice`, 'must be a whole number');
  if (line.taxRate < 0 || line.taxRate >= 100) throw new QuoteError(`${field}.taxRate`, 'must be from 0 to below 100');
  if (line.discount !== undefined) checkDiscount(line.discount, `${field}.discount`);
}

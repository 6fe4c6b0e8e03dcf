import { discountOn } from './discount.ts';
import { percentOf, roundHalfUp } from './rounding.ts';
import type { LineItem, Quote, TaxGroup, Totals } from './types.ts';

/** Quantity times price, before any discount. */
export function listAmount(line: LineItem): number {
  return roundHalfUp(line.quantity * line.unitPrice);
}

/** What is charged for a line, without tax. */
export function netAmount(line: LineItem): number {
  const list = listAmount(line);
  return list - discountOn(list, line.discount);
}

/** Base and tax for each rate, lowest rate first. */
export function taxGroups(quote: Quote): TaxGroup[] {
  const groups = new Map<number, TaxGroup>();
  for (const line of quote.lines) {
    const list = listAmount(line);
    const net = netAmount(line);
    const group = groups.get(line.taxRate) ?? { rate: line.taxRate, base: 0, tax: 0 };
    group.base += net;
    group.tax += percentOf(list, line.taxRate);
    groups.set(line.taxRate, group);
  }
  return [...groups.values()].sort((a, b) => a.rate - b.rate);
}

/** Net, tax and gross of the whole quotation. */
export function totals(quote: Quote): Totals {
  let net = 0;
  let tax = 0;
  for (const group of taxGroups(quote)) {
    net += group.base;
    tax += group.tax;
  }
  return { net, tax, gross: net + tax };
}

/** What the customer saves by all discounts. */
export function savings(quote: Quote): number {
  return quote.lines.reduce((sum, line) => sum + listAmount(line) - netAmount(line), 0);
}

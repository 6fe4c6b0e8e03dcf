import { percentOf } from './rounding.ts';
import type { Discount } from './types.ts';

/** What a discount takes off an amount; never more than the amount. */
export function discountOn(amount: number, discount: Discount | undefined): number {
  if (discount === undefined) return 0;
  const off = 'percent' in discount ? percentOf(amount, discount.percent) : discount.amount;
  return Math.min(off, amount);
}

export type Currency = 'EUR' | 'USD' | 'GBP' | 'JPY';

/** What is taken off a line: a share of it, or a fixed amount in the smallest unit. */
export type Discount = { percent: number } | { amount: number };

export interface LineItem {
  description: string;
  quantity: number;
  /** In the smallest unit of the currency. */
  unitPrice: number;
  /** In percent. */
  taxRate: number;
  discount?: Discount;
}

export interface Quote {
  currency: Currency;
  lines: readonly LineItem[];
  validDays: number;
}

export interface TaxGroup {
  rate: number;
  /** Sum of what is charged at this rate. */
  base: number;
  tax: number;
}

export interface Totals {
  net: number;
  tax: number;
  gross: number;
}

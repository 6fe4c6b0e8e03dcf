import { formatMoney } from './money.ts';
import { netAmount, taxGroups, totals } from './totals.ts';
import type { Quote } from './types.ts';

interface Row {
  label: string;
  value: string;
}

function align(rows: readonly Row[]): string[] {
  const width = Math.max(...rows.map(({ label }) => label.length));
  const room = Math.max(...rows.map(({ value }) => value.length));
  return rows.map(({ label, value }) => `${label.padEnd(width)}  ${value.padStart(room)}`);
}

/** The quotation as plain text, amounts aligned to the right. */
export function renderQuote(quote: Quote): string {
  const money = (amount: number): string => formatMoney(amount, quote.currency);
  const lines = quote.lines.map((line) => ({
    label: line.quantity === 1 ? line.description : `${line.quantity} × ${line.description}`,
    value: money(netAmount(line)),
  }));
  const taxes = taxGroups(quote).map(({ rate, tax }) => ({ label: `Tax ${rate}%`, value: money(tax) }));
  const { net, gross } = totals(quote);
  return align([...lines, { label: 'Net', value: money(net) }, ...taxes, { label: 'Total', value: money(gross) }]).join('\n');
}

import type { Usage } from './types.ts';

/** US dollars per million tokens. */
interface Rates {
  input: number;
  output: number;
  /** Writing a cache entry that lives for five minutes; the only kind bugloop writes. */
  cacheWrite: number;
  cacheRead: number;
}

interface Price extends Rates {
  /** Dearer rates where the prompt (cached tokens included) is longer than `above`. */
  longPrompt?: Rates & { above: number };
  /** Day it was taken, where that is another than the table's. */
  date?: string;
}

export interface PriceTable {
  /** Day the prices were taken, `YYYY-MM-DD`. */
  date: string;
  source: string;
  models: Readonly<Record<string, Price>>;
}

const opus4: Price = { input: 5, output: 25, cacheWrite: 6.25, cacheRead: 0.5 };
const sonnet4: Price = { input: 3, output: 15, cacheWrite: 3.75, cacheRead: 0.3 };
const mythos5: Price = { input: 10, output: 50, cacheWrite: 12.5, cacheRead: 1 };
const mythos51: Price = { input: 10, output: 50, cacheWrite: 12.5, cacheRead: 0.25 };
const mythos52: Price = { input: 8, output: 40, cacheWrite: 10, cacheRead: 0.2 };

/** List prices of the Claude API, global routing, standard speed, without batch or volume discounts. */
export const priceTable: PriceTable = {
  date: '2026-10-10',
  source: 'https://platform.claude.com/docs/en/about-claude/pricing',
  models: {
    'claude-fable-5-2': mythos52,
    'claude-mythos-5-2': mythos52,
    'claude-fable-5-1': mythos51,
    'claude-mythos-5-1': mythos51,
    'claude-fable-5': mythos5,
    'claude-mythos-5': mythos5,
    'claude-opus-5-5': { input: 4, output: 20, cacheWrite: 5, cacheRead: 0.2 },
    'claude-opus-5': opus4,
    'claude-opus-4-8': opus4,
    'claude-opus-4-7': opus4,
    'claude-opus-4-6': opus4,
    'claude-opus-4-5': opus4,
    'claude-sonnet-5-5': { input: 2, output: 10, cacheWrite: 2.5, cacheRead: 0.1 },
    'claude-sonnet-5': { input: 2, output: 10, cacheWrite: 2.5, cacheRead: 0.2 },
    'claude-sonnet-4-6': sonnet4,
    'claude-sonnet-4-5': sonnet4,
    'claude-haiku-5-5': {
      input: 0.1,
      output: 0.5,
      cacheWrite: 0.125,
      cacheRead: 0.01,
      longPrompt: { above: 100_000, input: 0.5, output: 2.5, cacheWrite: 0.625, cacheRead: 0.05 },
    },
    'claude-haiku-4-5': { input: 1, output: 5, cacheWrite: 1.25, cacheRead: 0.1 },
  },
};

/** The built-in prices with an operator's own on top, for models that the list lacks or that somebody has a contract for. */
export function withPrices(own: { date: string; models: readonly (Rates & { model: string })[] } | undefined): PriceTable {
  if (own === undefined) return priceTable;
  const models = own.models.map(({ model, ...rates }) => [model, { ...rates, date: own.date }] as const);
  return { ...priceTable, models: { ...priceTable.models, ...Object.fromEntries(models) } };
}

/** Day that the price of a model was taken, for reports. */
export function priceDateOf(model: string, table: PriceTable): string {
  return priceOf(model, table).price.date ?? table.date;
}

/** Output tokens that one model call may produce; what a call can cost at most follows from it. */
export const outputTokensPerCall = 32_000;

export const noUsage: Usage = { calls: 0, inputTokens: 0, outputTokens: 0, cacheReadTokens: 0, cacheWriteTokens: 0 };

export function addUsage(a: Usage, b: Usage): Usage {
  return {
    calls: a.calls + b.calls,
    inputTokens: a.inputTokens + b.inputTokens,
    outputTokens: a.outputTokens + b.outputTokens,
    cacheReadTokens: a.cacheReadTokens + b.cacheReadTokens,
    cacheWriteTokens: a.cacheWriteTokens + b.cacheWriteTokens,
  };
}

/** Everything that was sent, whether it came from the cache or not. */
export function promptTokens(usage: Usage): number {
  return usage.inputTokens + usage.cacheReadTokens + usage.cacheWriteTokens;
}

/**
 * The price of a model; its dated and its long-context names (`…-20251001`, `…[1m]`) count as the model itself. A
 * model that is not in the table gets the dearest rate of each kind, and `assumed` says so.
 */
function priceOf(model: string, table: PriceTable = priceTable): { price: Price; assumed: boolean } {
  const known = lookUp(table, model) ?? lookUp(table, model.replace(/\[1m\]$/, '').replace(/-\d{8}$/, ''));
  return known ? { price: known, assumed: false } : { price: dearest(table), assumed: true };
}

function lookUp(table: PriceTable, model: string): Price | undefined {
  return Object.hasOwn(table.models, model) ? table.models[model] : undefined;
}

function dearest(table: PriceTable): Price {
  const all = Object.values(table.models).flatMap((price) => (price.longPrompt ? [price, price.longPrompt] : [price]));
  const highest = (kind: keyof Rates): number => Math.max(0, ...all.map((rates) => rates[kind]));
  return {
    input: highest('input'),
    output: highest('output'),
    cacheWrite: highest('cacheWrite'),
    cacheRead: highest('cacheRead'),
  };
}

/** The rates for one prompt of this size. */
function ratesFor(price: Price, prompt: number): Rates {
  return price.longPrompt && prompt > price.longPrompt.above ? price.longPrompt : price;
}

/**
 * What the usage costs in dollars. A sum of calls is priced by its average prompt, so add up call by call where a
 * model has a price for long prompts.
 */
export function dollarsOf(usage: Usage, model: string, table: PriceTable = priceTable): { dollars: number; assumed: boolean } {
  const { price, assumed } = priceOf(model, table);
  const rates = ratesFor(price, promptTokens(usage) / Math.max(1, usage.calls));
  const millionths =
    usage.inputTokens * rates.input +
    usage.outputTokens * rates.output +
    usage.cacheWriteTokens * rates.cacheWrite +
    usage.cacheReadTokens * rates.cacheRead;
  return { dollars: millionths / 1e6, assumed };
}

export interface NextCall {
  model: string;
  /** The call before this one; absent for the first. */
  last?: Usage;
  /** Bytes appended since: task, feedback, tool results. */
  addedBytes: number;
  /** Limit of the reply; `outputTokensPerCall` where the agent was not told otherwise. */
  maxOutputTokens?: number;
  table?: PriceTable;
}

/** One token is seldom less than two bytes of source text; the bound must not be too low. */
const bytesPerToken = 2;

/**
 * The most that one more call can cost, in dollars: everything so far is sent again and misses the cache, what was
 * added is new, and the reply is as long as it may be. A loop that refuses a call when this bursts its budget never
 * overspends.
 */
export function worstCaseNextCall({ model, last, addedBytes, maxOutputTokens, table }: NextCall): number {
  const sentAgain = last ? promptTokens(last) + last.outputTokens : 0;
  const prompt = sentAgain + Math.ceil(addedBytes / bytesPerToken);
  const { price } = priceOf(model, table);
  const rates = ratesFor(price, prompt);
  const output = maxOutputTokens ?? outputTokensPerCall;
  return (prompt * Math.max(rates.input, rates.cacheWrite) + output * rates.output) / 1e6;
}

import { dollarsOf, type PriceTable } from '../cost.ts';
import type { RunReport } from '../report.ts';
import type { Usage } from '../types.ts';

/** What a run would cost, said before a model is called. A range, with where it comes from. */
export interface Estimate {
  model: string;
  promptBytes: number;
  /** Dollars of one attempt. */
  attempt: Range;
  /** Dollars of the whole run, never above the budget. */
  run: Range;
  /** Runs with this model that the range was learned from; 0 where it was assumed. */
  learnedFrom: number;
  /** The price of the model is not known: the dearest known one was taken. */
  assumedPrice: boolean;
  minutes?: Range;
}
export interface Range {
  low: number;
  high: number;
}

export interface EstimateFacts {
  model: string;
  promptBytes: number;
  limits: { attempts: number; dollars: number; calls: number };
  past: readonly RunReport[];
  prices: PriceTable;
}

/** Fewer runs say nothing about a range. */
const enoughRuns = 3;

/** From earlier runs with the same model where there are enough, else from how agents of this kind work. */
export function estimate({ model, promptBytes, limits, past, prices }: EstimateFacts): Estimate {
  const alike = past.filter(({ agent, attempts }) => agent.model === model && attempts.some(({ usage }) => usage.calls > 0));
  const { assumed } = dollarsOf(usageOf(modest, promptBytes, limits.calls), model, prices);
  const learned = alike.length < enoughRuns ? undefined : learn(alike);
  const attempt = learned?.attempt ?? assume(prices, model, promptBytes, limits.calls);
  const run = learned?.run ?? { low: attempt.low, high: attempt.high * limits.attempts };
  return {
    model,
    promptBytes,
    attempt: capped(attempt, limits.dollars),
    run: capped(run, limits.dollars),
    learnedFrom: learned === undefined ? 0 : alike.length,
    assumedPrice: assumed,
    ...(learned === undefined ? {} : { minutes: learned.minutes }),
  };
}

/** The middle eight tenths: one odd run must not stretch the range. */
function learn(past: readonly RunReport[]): { attempt: Range; run: Range; minutes: Range } {
  const attempts = past.flatMap((report) => report.attempts.filter(({ usage }) => usage.calls > 0));
  return {
    attempt: middle(attempts.map(({ dollars }) => dollars)),
    run: middle(past.map((report) => report.attempts.reduce((sum, { dollars }) => sum + dollars, 0))),
    minutes: middle(past.map(({ run }) => run.durationMs / 60_000)),
  };
}

function middle(values: readonly number[]): Range {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (share: number): number => sorted[Math.round(share * (sorted.length - 1))] ?? 0;
  return { low: at(0.1), high: at(0.9) };
}

function capped({ low, high }: Range, most: number): Range {
  return { low: Math.min(low, most), high: Math.min(high, most) };
}

/** How an attempt goes: how often the model is asked, and what each turn adds, in tokens. */
interface Pace {
  calls: number;
  added: number;
  output: number;
  bytesPerToken: number;
}
const modest: Pace = { calls: 6, added: 1_500, output: 500, bytesPerToken: 4 };
const busy: Pace = { calls: 40, added: 3_000, output: 1_500, bytesPerToken: 3 };

function assume(prices: PriceTable, model: string, promptBytes: number, calls: number): Range {
  const cost = (pace: Pace): number => dollarsOf(usageOf(pace, promptBytes, calls), model, prices).dollars;
  return { low: cost(modest), high: cost(busy) };
}

/** Each call sends everything before it from the cache, and adds what is new to it. */
function usageOf({ calls: wanted, added, output, bytesPerToken }: Pace, promptBytes: number, most: number): Usage {
  const calls = Math.min(wanted, most);
  const prompt = Math.ceil(promptBytes / bytesPerToken);
  const grows = added + output;
  return {
    calls,
    inputTokens: 0,
    outputTokens: calls * output,
    cacheWriteTokens: prompt + (calls - 1) * grows,
    cacheReadTokens: (calls - 1) * prompt + (grows * (calls - 1) * (calls - 2)) / 2,
  };
}

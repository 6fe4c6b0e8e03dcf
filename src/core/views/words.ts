import type { RunReport } from '../report.ts';
import { addUp, type StateRecord } from '../state.ts';
import type { Usage } from '../types.ts';

/** `0.4 s`, `12 s`, `3 min 20 s`. */
export function describeDuration(ms: number): string {
  if (ms < 10_000) return `${(ms / 1000).toFixed(1)} s`;
  const seconds = Math.round(ms / 1000);
  return seconds < 60 ? `${seconds} s` : `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
}

export function describeDollars({ dollars, priceDate, assumed }: RunReport['cost']): string {
  const source = priceDate === undefined ? '' : ` at prices of ${priceDate}`;
  return `$${dollars.toFixed(2)}${source}${assumed ? ' (model not in the price table: the dearest price was assumed)' : ''}`;
}

/** What all rounds of a change came to, as a further sentence; empty where there was but one. */
export function describeEarlier(summary: NonNullable<StateRecord['report']>): string {
  if (summary.earlier === undefined) return '';
  const { runs, attempts, dollars, durationMs } = addUp(summary);
  return ` That is this round; in all ${runs} rounds: ${attempts} attempts, $${dollars.toFixed(2)}, ${describeDuration(durationMs)}.`;
}

export function describeTokens(usage: Usage): string {
  const read = usage.cacheReadTokens > 0 ? `, ${usage.cacheReadTokens} from cache` : '';
  return `${usage.calls} model calls, ${usage.inputTokens + usage.cacheReadTokens + usage.cacheWriteTokens} tokens in${read}, ${usage.outputTokens} out`;
}

/** Untrusted text as a code span inside a table: nothing in it is markup, a mention or a new cell. At most 300 characters. */
export function code(text: string): string {
  const line = text
    .replaceAll(/[\s\p{Cc}]+/gu, ' ')
    .trim()
    .slice(0, 300)
    .replaceAll('|', '\\|');
  const longest = Math.max(0, ...[...line.matchAll(/`+/g)].map(([run]) => run.length));
  const fence = '`'.repeat(longest + 1);
  const pad = line.startsWith('`') || line.endsWith('`') || line === '' ? ' ' : '';
  return `${fence}${pad}${line}${pad}${fence}`;
}

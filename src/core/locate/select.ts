import type { RepoPath } from '../types.ts';
import type { RankedText } from './chunks.ts';

/** Consecutive lines of one file. */
export interface Chunk {
  path: RepoPath;
  /** 1-based, inclusive. */
  start: number;
  end: number;
  text: string;
}

/**
 * Lines that each file may show, by rank. The right file is among the first ten twice as often as it is the first, so
 * room is better spent on more files than on more of one.
 */
const linesByRank = [50, 40, 32, 24, 24, 18, 18, 14, 14, 12, 12, 12] as const;
const maxLine = 300;
/** Bytes that a chunk costs besides its text: heading and fence; and each line its number. */
const overhead = { chunk: 100, line: 8 } as const;
/** Less than this says nothing. */
const minLines = 5;

const decoder = new TextDecoder();

/** The most telling lines of the best files that fit into `maxBytes`, in the order of their rank. */
export function selectChunks(ranked: readonly RankedText[], maxBytes: number): Chunk[] {
  const selected: Chunk[] = [];
  let left = maxBytes;
  ranked.slice(0, linesByRank.length).forEach((file, rank) => {
    for (let lines: number = linesByRank[rank] ?? minLines; lines >= minLines; lines = Math.floor(lines * 0.6)) {
      const chunk = cut(file, lines);
      const cost = new TextEncoder().encode(chunk.text).length + overhead.chunk + overhead.line * (chunk.end - chunk.start + 1);
      if (cost > left) continue;
      if (chunk.text.trim() !== '') {
        selected.push(chunk);
        left -= cost;
      }
      return;
    }
  });
  return selected;
}

/** The window with the most worth; one that holds the line the report names, where it names one. */
function cut({ path, bytes, offsets, worth, line }: RankedText, lines: number): Chunk {
  const last = Math.max(0, offsets.length - lines);
  const from = line === undefined ? 0 : Math.min(last, Math.max(0, line - lines + 2));
  const to = line === undefined ? last : Math.min(last, Math.max(0, line - 3));
  let sum = 0;
  for (let at = from; at < Math.min(offsets.length, from + lines); at++) sum += worth[at] ?? 0;
  let [best, most] = [from, sum];
  for (let start = from + 1; start <= to; start++) {
    sum += (worth[start + lines - 1] ?? 0) - (worth[start - 1] ?? 0);
    if (sum > most + 1e-9) [best, most] = [start, sum];
  }
  const end = Math.min(offsets.length, best + lines);
  const text: string[] = [];
  for (let at = best; at < end; at++) {
    const whole = decoder.decode(bytes.subarray(offsets[at] ?? 0, offsets[at + 1] ?? bytes.length)).replace(/\r?\n$/, '');
    text.push(whole.length > maxLine ? `${whole.slice(0, maxLine)} …` : whole);
  }
  return { path, start: best + 1, end, text: text.join('\n') };
}

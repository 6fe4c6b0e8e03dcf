import type { LineRange, Thread } from './threads/thread.ts';
import { rangeOf } from './threads/thread.ts';

/**
 * Suggestion blocks of review comments as mechanical edits. An edit is made only where the lines at the head are the very
 * lines that the suggestion was made on; everything else is an answer with a reason, and somebody who reads decides.
 */

/** One ```suggestion block: the lines that are to stand there instead. None: the lines go away. */
export interface SuggestionBlock {
  lines: string[];
  /** Lines above and below the commented one, as GitLab writes them: `suggestion:-2+1`. */
  above?: number;
  below?: number;
}

/** A suggestion with its place in today's head. */
export interface PlacedSuggestion extends LineRange {
  thread: string;
  /** What stood there when it was made. */
  made: readonly string[];
  lines: readonly string[];
  /** The place is that of an older commit: it can be seen there that the wish is fulfilled, nothing more. */
  outdated?: true;
}

export type SuggestionRefusal =
  | 'suggestion.outdated'
  | 'suggestion.deleted_line'
  | 'suggestion.no_lines'
  | 'suggestion.unknown_lines'
  | 'suggestion.several'
  | 'suggestion.file_gone'
  | 'suggestion.not_text'
  | 'suggestion.stale'
  | 'suggestion.overlaps';

/** Why a suggestion is not applied as it is. */
export const refusals: Record<SuggestionRefusal, string> = {
  'suggestion.outdated': 'the lines it was made on changed since',
  'suggestion.deleted_line': 'it is about lines that the change removed',
  'suggestion.no_lines': 'it is about a whole file, not about lines',
  'suggestion.unknown_lines': 'the lines it was made on are not known',
  'suggestion.several': 'the comment proposes several changes of the same lines',
  'suggestion.file_gone': 'the file is no longer there',
  'suggestion.not_text': 'the file is not UTF-8 text',
  'suggestion.stale': 'the lines at the head are not the lines it was made on',
  'suggestion.overlaps': 'it overlaps another suggestion that is applied first',
};

const longestBlock = 2_000;
const opening = /^ {0,3}(`{3,}|~{3,})[ \t]*(\S*)[^`]*$/;
const info = /^suggestion(?::-(\d{1,4})\+(\d{1,4}))?$/;

/** The suggestion blocks of a comment; one inside another block, or without an end, is none. */
export function readSuggestions(body: string): SuggestionBlock[] {
  const blocks: SuggestionBlock[] = [];
  let open: { marker: string; block: SuggestionBlock | undefined } | undefined;
  for (const line of body.split(/\r?\n/)) {
    if (open === undefined) {
      const [, marker, name = ''] = opening.exec(line) ?? [];
      if (marker !== undefined) open = { marker, block: openBlock(name) };
    } else if (closes(line, open.marker)) {
      if (open.block !== undefined) blocks.push(open.block);
      open = undefined;
    } else if (open.block !== undefined && open.block.lines.push(line) > longestBlock) {
      open.block = undefined;
    }
  }
  return blocks;
}

function openBlock(name: string): SuggestionBlock | undefined {
  const match = info.exec(name);
  if (match === null) return undefined;
  const [, above, below] = match;
  return above === undefined ? { lines: [] } : { lines: [], above: Number(above), below: Number(below) };
}

/** A fence is closed by its own character, at least as often. */
function closes(line: string, marker: string): boolean {
  const bare = line.trim();
  return /^ {0,3}\S/.test(line) && bare.length >= marker.length && bare === marker.charAt(0).repeat(bare.length);
}

export type PlaceAnswer = { ok: true; placed: PlacedSuggestion } | { ok: false; code: SuggestionRefusal };

/**
 * Finds the lines that the only suggestion of a comment is about. `original` is the file in the commit that the comment
 * was made on, where it is at hand; else the thread's own hunk has to hold the lines.
 */
export function placeSuggestion(thread: Thread, blocks: readonly SuggestionBlock[], original?: string): PlaceAnswer {
  const [block, ...more] = blocks;
  if (block === undefined) return { ok: false, code: 'suggestion.unknown_lines' };
  if (more.length > 0) return { ok: false, code: 'suggestion.several' };
  if (thread.side === 'LEFT') return { ok: false, code: 'suggestion.deleted_line' };
  const now = rangeOf(thread);
  if (thread.originalLine === undefined && now === undefined) return { ok: false, code: 'suggestion.no_lines' };
  const then = {
    start: Math.min(thread.originalStartLine ?? thread.originalLine ?? now?.start ?? 0, thread.originalLine ?? now?.end ?? 0),
    end: thread.originalLine ?? now?.end ?? 0,
  };
  const made = linesAt(extend(then, block), original, thread.diffHunk);
  if (made === undefined) return { ok: false, code: 'suggestion.unknown_lines' };
  const range = extend(now ?? then, block);
  if (now === undefined || range.end - range.start !== made.length - 1) {
    return { ok: true, placed: { thread: thread.id, ...extend(then, block), made, lines: block.lines, outdated: true } };
  }
  return { ok: true, placed: { thread: thread.id, ...range, made, lines: block.lines } };
}

function extend({ start, end }: LineRange, { above, below }: SuggestionBlock): LineRange {
  if (above === undefined || below === undefined) return { start, end };
  return { start: Math.max(1, end - above), end: end + below };
}

function linesAt({ start, end }: LineRange, original: string | undefined, hunk: string): string[] | undefined {
  const known =
    original === undefined ? readHunk(hunk) : new Map(splitLines(original).map(({ text }, index) => [index + 1, text]));
  const lines: string[] = [];
  for (let line = start; line <= end; line += 1) {
    const text = known.get(line);
    if (text === undefined) return undefined;
    lines.push(text);
  }
  return lines.length === 0 ? undefined : lines;
}

/** New lines of a hunk by their number. */
function readHunk(hunk: string): Map<number, string> {
  const lines = new Map<number, string>();
  const [header = '', ...body] = hunk.split('\n');
  const first = /^@@ -\d+(?:,\d+)? \+(\d+)(?:,\d+)? @@/.exec(header)?.[1];
  if (first === undefined) return lines;
  let at = Number(first);
  for (const line of body) {
    if (line.startsWith('-') || line.startsWith('\\')) continue;
    lines.set(at, line.slice(1).replace(/\r$/, ''));
    at += 1;
  }
  return lines;
}

// ---------------------------------------------------------------------------------------------- applying

export interface AppliedSuggestions {
  /** The file with every suggestion that applies; byte for byte the same outside of their lines. */
  text: string;
  /** Threads whose lines changed. */
  applied: string[];
  /** Threads whose lines are already as proposed. */
  already: string[];
  refused: { thread: string; code: SuggestionRefusal }[];
}

/**
 * Applies suggestions to one file of today's head, first come first served, from the bottom up. `text` is absent where
 * there is no such file; `null` where it is no text.
 */
export function applySuggestions(text: string | undefined | null, placed: readonly PlacedSuggestion[]): AppliedSuggestions {
  const refuseAll = (code: SuggestionRefusal): AppliedSuggestions => {
    return { text: '', applied: [], already: [], refused: placed.map(({ thread }) => ({ thread, code })) };
  };
  if (text === undefined) return refuseAll('suggestion.file_gone');
  // A replacement character is what is left of bytes that are no UTF-8: writing it back would change them.
  if (text === null || text.includes('\0') || text.includes('\uFFFD')) return refuseAll('suggestion.not_text');

  const lines = splitLines(text);
  const accepted: PlacedSuggestion[] = [];
  const answer: AppliedSuggestions = { text, applied: [], already: [], refused: [] };
  for (const suggestion of placed) {
    const { thread } = suggestion;
    const stands = holds(lines, suggestion.start, suggestion.made);
    if (isThere(lines, suggestion)) answer.already.push(thread);
    else if (suggestion.outdated) answer.refused.push({ thread, code: 'suggestion.outdated' });
    else if (!stands) answer.refused.push({ thread, code: 'suggestion.stale' });
    else if (accepted.some((other) => overlap(other, suggestion))) answer.refused.push({ thread, code: 'suggestion.overlaps' });
    else accepted.push(suggestion);
  }
  for (const suggestion of accepted.toSorted((one, other) => other.start - one.start)) replace(lines, suggestion);
  return {
    ...answer,
    text: lines.map(({ text: line, end }) => line + end).join(''),
    applied: accepted.map(({ thread }) => thread),
  };
}

interface Line {
  text: string;
  /** `\n`, `\r\n`, or nothing at the end of a file. */
  end: string;
}

function splitLines(text: string): Line[] {
  return (text.match(/[^\n]*\n|[^\n]+$/g) ?? []).map((line) => {
    const end = /\r?\n$/.exec(line)?.[0] ?? '';
    return { text: line.slice(0, line.length - end.length), end };
  });
}

/** Whether exactly these lines stand there; a hunk may or may not keep carriage returns, so they do not count. */
function holds(lines: readonly Line[], start: number, wanted: readonly string[]): boolean {
  return wanted.every((line, index) => lines[start - 1 + index]?.text === line.replace(/\r$/, ''));
}

/** Whether the proposal is what stands there now. That nothing stands there any more cannot be told from lines that moved. */
function isThere(lines: readonly Line[], { start, lines: wanted, made }: PlacedSuggestion): boolean {
  // Brackets alone stand anywhere.
  if (!wanted.some((line) => /[\p{L}\p{N}]/u.test(line))) return false;
  if (!holds(lines, start, wanted)) return false;
  // A proposal that begins with the old lines and adds to them is there only with its last line.
  return wanted.length >= made.length || !holds(lines, start, made);
}

function overlap(one: LineRange, other: LineRange): boolean {
  return one.start <= other.end && other.start <= one.end;
}

function replace(lines: Line[], { start, made, lines: wanted }: PlacedSuggestion): void {
  const old = lines.slice(start - 1, start - 1 + made.length);
  const lineEnd = [...old, ...lines].find(({ end }) => end !== '')?.end ?? '\n';
  const lastEnd = old.at(-1)?.end ?? lineEnd;
  const fresh = wanted.map((text, index) => ({ text, end: index === wanted.length - 1 ? lastEnd : lineEnd }));
  lines.splice(start - 1, made.length, ...fresh);
}

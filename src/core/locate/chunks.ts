import type { BugReport } from '../issue.ts';
import type { RepoPath } from '../types.ts';
import { add, asVector, raise, read as scoreOf, scoreRows, toShare } from './features.ts';
import type { Query } from './query.ts';
import { explain, type Shortlist } from './rank-files.ts';
import { scan } from './terms.ts';
import { weights } from './weights.ts';

/** One file that may have to change. */
export interface Ranked {
  path: RepoPath;
  /** The most suspicious line, where one is known. */
  line?: number;
  /** Comparable within one ranking only. */
  score: number;
  /** For people: what spoke for it. */
  why: string;
}

/** A ranked file with how much each of its lines shares with the report. */
export interface RankedText extends Ranked {
  bytes: Uint8Array;
  /** Where each line begins in `bytes`. */
  offsets: number[];
  /** Per line. */
  worth: Float64Array;
}

const chunkLines = 50;
/** Terms of 50 usual lines. */
const meanTerms = 350;
const bm25 = { k1: 1.2, b: 0.75 } as const;
const vector = asVector(weights);

/** Ranks the shortlist by what its texts say; `textOf` gives nothing where a file cannot be read. */
export function rankTexts(list: Shortlist, textOf: (path: RepoPath) => Uint8Array | undefined): RankedText[] {
  const { query, matrix, wordWeights, rows, paths, named } = list;
  const texts = rows.map((row) => textOf(paths[row] ?? '') ?? new Uint8Array());
  const read = texts.map((bytes) => readText(bytes, wordWeights, query.names));
  read.forEach(({ chunks }, at) => {
    const best = chunks.toSorted((a, b) => b - a);
    raise(matrix, at, 'chunk', best[0] ?? 0);
    raise(matrix, at, 'chunks', (best[0] ?? 0) + (best[1] ?? 0) + (best[2] ?? 0));
  });
  const decoder = new TextDecoder('latin1');
  const decoded = texts.map((bytes) => decoder.decode(bytes));
  const credit = (feature: 'literal' | 'exact', texts: readonly string[]) => {
    for (const text of texts) {
      const holding = decoded.flatMap((own, at) => (own.includes(text) ? [at] : []));
      for (const at of holding) add(matrix, at, feature, 1 / holding.length);
    }
  };
  credit('literal', literalsOf(list.report));
  credit('exact', [...query.names.values()].flatMap(({ name, telling }) => (telling ? [name] : [])).slice(0, 60));
  for (const at of rows.keys()) {
    const over = scoreOf(matrix, at, 'literal') - maxLiteral;
    if (over > 0) add(matrix, at, 'literal', -over);
  }
  toShare(matrix, ['chunk', 'chunks', 'exact']);
  const scores = scoreRows(matrix, vector);
  const ranked = rows.map((row, at): RankedText => {
    const { offsets, worth } = read[at] ?? { offsets: [0], worth: new Float64Array(1) };
    const line = named.get(row)?.line;
    const known = line !== undefined && line <= offsets.length ? line : bestDefinition(read[at]?.definitions);
    return {
      path: paths[row] ?? '',
      score: round(scores[at] ?? 0),
      why: explain(list, at),
      ...(known === undefined ? {} : { line: known }),
      bytes: texts[at] ?? new Uint8Array(),
      offsets,
      worth,
    };
  });
  return ranked.sort((a, b) => b.score - a.score || (a.path < b.path ? -1 : 1));
}

const maxLiteral = 2;

/** Sums of floating-point numbers must not decide an order by their last digit. */
function round(score: number): number {
  return Math.round(score * 1e6) / 1e6;
}

interface ReadText {
  offsets: number[];
  worth: Float64Array;
  /** One score per 50 lines. */
  chunks: number[];
  /** Lines (1-based) that define a name of the report. */
  definitions: { line: number; name: string }[];
}

function bestDefinition(definitions: ReadText['definitions'] | undefined): number | undefined {
  const longest = definitions?.toSorted((a, b) => b.name.length - a.name.length || a.line - b.line)[0];
  return longest?.line;
}

function readText(bytes: Uint8Array, words: ReadonlyMap<number, number>, names: Query['names']): ReadText {
  const offsets = [0];
  for (let at = bytes.indexOf(10); at >= 0; at = bytes.indexOf(10, at + 1)) if (at + 1 < bytes.length) offsets.push(at + 1);
  const worth = new Float64Array(offsets.length);
  const definitions: ReadText['definitions'] = [];
  const chunks: number[] = [];
  for (let first = 0; first < offsets.length; first += chunkLines) {
    const counts = new Map<number, number>();
    const end = offsets[first + chunkLines] ?? bytes.length;
    let [length, line, defined] = [0, first, false];
    const seen = new Set<number>();
    scan(bytes, offsets[first] ?? 0, end, true, (term, offset) => {
      length += 1;
      while (line + 1 < offsets.length && (offsets[line + 1] ?? 0) <= offset) {
        line += 1;
        seen.clear();
      }
      const weight = words.get(term);
      if (weight !== undefined) {
        counts.set(term, (counts.get(term) ?? 0) + 1);
        if (!seen.has(term)) worth[line] = (worth[line] ?? 0) + weight;
        seen.add(term);
        return;
      }
      const named = names.get(term);
      if (named?.telling !== true) return;
      defined = true;
      worth[line] = (worth[line] ?? 0) + definitionWorth;
      definitions.push({ line: line + 1, name: named.name });
    });
    const norm = bm25.k1 * (1 - bm25.b + (bm25.b * length) / meanTerms);
    let score = 0;
    for (const [term, count] of counts) score += ((words.get(term) ?? 0) * count * (bm25.k1 + 1)) / (count + norm);
    chunks.push(score * (defined ? 1.2 : 1));
  }
  return { offsets, worth, chunks, definitions };
}

/** A line that defines a name of the report, in the measure of words. */
const definitionWorth = 10;

// ---------------------------------------------------------------------------------------------- literals

/** What a program may hold word by word: messages and quoted text, cut where a program fills something in. */
function literalsOf(report: BugReport): string[] {
  const literals = new Set<string>();
  const add = (text: string | undefined) => {
    const clean = text?.trim() ?? '';
    if (clean.length >= 8 && clean.length <= 300 && /\s/.test(clean)) literals.add(clean);
  };
  for (const error of [report.error, report.cause]) add(error?.message);
  const text = `${report.title}\n${report.text}`.slice(0, 50_000);
  for (const [, , quoted] of text.matchAll(/(["'`])([^"'`\n]{8,200})\1/g)) add(quoted);
  for (const [, message] of text.matchAll(
    /^\s*(?:[A-Z]\w*(?:Error|Exception|Warning)|error|warning)\b[^:\n]{0,40}:\s*(.{8,300})$/gim,
  ))
    add(message);
  return [...literals].slice(0, 40).flatMap(constantParts);
}

function constantParts(literal: string): string[] {
  return literal
    .split(/["'`<>{}[\]()%:;,]|\b\d[\d.]*\b|\S*[/\\=]\S*|\s\w*_\w*\s|\.\s/)
    .map((part) => part.trim())
    .filter((part) => part.length >= 8 && /\S\s+\S/.test(part));
}

import type { BugReport, Frame } from './issue.ts';
import { classify, testMatcher } from './paths.ts';
import type { RepoPath } from './types.ts';

/**
 * Where in a repository a bug report points. First whatever the report names (stack frames, files with lines), then
 * full-text search with BM25 over chunks of 50 lines, helped by names of files and of what they define.
 *
 * `indexText` depends on the content of one file alone and can be cached by its blob id; `buildIndex` only adds up.
 */

export interface SourceFile {
  path: RepoPath;
  /** Absent where it was not read; the path still counts. */
  text?: string;
  /** In bytes. */
  size: number;
}

export interface LocateOptions {
  /** Globs of tests, which are no candidates; those of the default configuration unless given. */
  tests?: readonly string[];
  /** At most this many files; 20 unless given. */
  max?: number;
}

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

/** Consecutive lines of one file. */
export interface Chunk {
  path: RepoPath;
  /** 1-based, inclusive. */
  start: number;
  end: number;
  text: string;
}
export interface RankedChunk extends Chunk {
  score: number;
  why: string;
  /** The line that the report names in it. */
  line?: number;
}

/** What can be known from the content of one file alone. */
interface IndexedText {
  chunks: { start: number; lines: string[]; terms: Map<string, number>; length: number }[];
  /** Defined name, lower case → line. */
  defined: Map<string, number>;
}

export interface Index {
  files: { path: RepoPath; text: IndexedText; pathTerms: Set<string> }[];
  /** In how many chunks a term occurs. */
  frequency: Map<string, number>;
  /** In how many paths a term occurs. */
  pathFrequency: Map<string, number>;
  /** In how many files a name is defined. */
  definitions: Map<string, number>;
  chunks: number;
  meanLength: number;
}

const chunkLines = 50;
const maxFileBytes = 400_000;
/** Usual values: Robertson and Zaragoza, The Probabilistic Relevance Framework: BM25 and Beyond, 2009, section 3. */
const bm25 = { k1: 1.2, b: 0.75 } as const;
/** What each sign is worth; one full-text search is worth at most `text` for the best chunk. */
const worth = { frame: 100, mention: 60, mentionedName: 30, defined: 12, path: 8, text: 20 } as const;

// ---------------------------------------------------------------------------------------------- candidates

const binary =
  /\.(?:snap|png|jpe?g|gif|svg|ico|webp|pdf|zip|gz|tgz|jar|war|class|o|a|so|dll|exe|wasm|woff2?|ttf|eot|mp[34]|csv|tsv|parquet|pyc|bin|dat|db|sqlite|txt)$/i;

/** Accepts files in which a bug can be mended: no tests, documents, build output, lock files, or binaries. */
function candidates(tests: readonly string[] | undefined): (file: SourceFile) => boolean {
  const isTest = testMatcher(tests);
  return ({ path, text, size }) => {
    if (size > maxFileBytes || binary.test(path) || text?.includes('\0') === true || isTest(path)) return false;
    const kind = classify(path, []);
    return kind === 'source' || kind === 'config';
  };
}

// ---------------------------------------------------------------------------------------------- terms

const stopWords = new Set(
  (
    'the and for that this with not but are was were have has had you your from when then than what which will would should could can all any ' +
    'its it is in on of to a an as at be by do does if or so no we my our they their there here how why who out up use used using get got set ' +
    'new return const let var function import export def self none null true false undefined class public private static void int str string ' +
    'else elif try except catch finally throw raise async await end begin none issue bug error expected actual behavior behaviour version steps reproduce'
  ).split(' '),
);

/** Drops the endings that differ between a report's words and a program's names. */
function stem(word: string): string {
  if (word.length > 5 && word.endsWith('ies')) return `${word.slice(0, -3)}y`;
  if (word.length > 5 && word.endsWith('ing')) return word.slice(0, -3);
  if (word.length > 4 && word.endsWith('ed')) return word.slice(0, -2);
  if (word.length > 3 && word.endsWith('s') && !word.endsWith('ss')) return word.slice(0, -1);
  return word;
}

/** Words of the text and parts of its names: `parseLine2` gives `parseline2`, `parse`, `line`. */
function termsOf(text: string): string[] {
  const terms: string[] = [];
  for (const [name] of text.matchAll(/[A-Za-z_$][\w$]{1,100}/g)) {
    const parts = name.split(/(?<=[a-z\d])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])|[_$]+|(?<=[A-Za-z])(?=\d)/);
    const whole = name.toLowerCase().replace(/^[_$]+/, '');
    const words = parts.length > 1 ? [whole, ...parts.map((part) => part.toLowerCase())] : [whole];
    for (const word of words) if (word.length > 1 && !stopWords.has(word)) terms.push(stem(word));
  }
  return terms;
}

// ---------------------------------------------------------------------------------------------- index

const definition =
  /^\s*(?:export\s+)?(?:default\s+)?(?:public\s+|private\s+|protected\s+|internal\s+|static\s+|final\s+|abstract\s+|async\s+|pub(?:\([a-z]{1,10}\))?\s+|unsafe\s+|const\s+(?=fn))*(?:function\s*\*?|class|interface|enum|type|struct|trait|impl|def|fn|func(?:\s*\([^)\n]{0,100}\))?|module|object|const|let|var|record|namespace)\s+(?:self\.)?([A-Za-z_$][\w$]*)/;
const method =
  /^\s+(?:(?:public|private|protected|internal|static|final|async|override|virtual|get|set|[\w<>[\],.?]{1,60})\s+){0,5}([A-Za-z_$][\w$]*)\s*\([^;\n]{0,300}\)[^;\n]{0,100}\{\s*$/;
const notDefined = new Set(['if', 'for', 'while', 'switch', 'catch', 'function', 'return', 'with', 'else']);

/** Chunks, their terms and the names that the text defines. */
function indexText(text: string): IndexedText {
  const lines = text.split('\n');
  if (lines.length > 1 && lines.at(-1) === '') lines.pop();
  const chunks: IndexedText['chunks'] = [];
  const defined = new Map<string, number>();
  for (let start = 0; start < lines.length; start += chunkLines) {
    const part = lines.slice(start, start + chunkLines);
    const terms = new Map<string, number>();
    let length = 0;
    for (const term of termsOf(part.map((line) => line.slice(0, 1_000)).join('\n'))) {
      terms.set(term, (terms.get(term) ?? 0) + 1);
      length += 1;
    }
    chunks.push({ start: start + 1, lines: part, terms, length });
    part.forEach((line, offset) => {
      const short = line.slice(0, 500);
      const name = definition.exec(short)?.[1] ?? method.exec(short)?.[1];
      if (name === undefined || notDefined.has(name) || defined.has(name.toLowerCase())) return;
      defined.set(name.toLowerCase(), start + offset + 1);
    });
  }
  return { chunks, defined };
}

function countInto(counts: Map<string, number>, keys: Iterable<string>): void {
  for (const key of keys) counts.set(key, (counts.get(key) ?? 0) + 1);
}

/** An index of the candidates among `files`; text that is not given is searched by its path alone. */
export function buildIndex(files: readonly SourceFile[], { tests }: LocateOptions = {}): Index {
  const index: Index = {
    files: [],
    frequency: new Map(),
    pathFrequency: new Map(),
    definitions: new Map(),
    chunks: 0,
    meanLength: 0,
  };
  let length = 0;
  for (const { path, text } of files.filter(candidates(tests)).sort((a, b) => (a.path < b.path ? -1 : 1))) {
    const indexed = indexText(text ?? '');
    const pathTerms = new Set(termsOf(path.replace(/\.[^./]+$/, '')));
    index.files.push({ path, text: indexed, pathTerms });
    for (const chunk of indexed.chunks) {
      countInto(index.frequency, chunk.terms.keys());
      length += chunk.length;
    }
    index.chunks += indexed.chunks.length;
    countInto(index.pathFrequency, pathTerms);
    countInto(index.definitions, indexed.defined.keys());
  }
  index.meanLength = index.chunks === 0 ? 1 : Math.max(1, length / index.chunks);
  return index;
}

// ---------------------------------------------------------------------------------------------- rank

/** Terms of the report with their weights: the title says most, then code and symbols, then prose. */
function queryOf(report: BugReport): Map<string, number> {
  const query = new Map<string, number>();
  const add = (text: string, weight: number) => {
    for (const term of termsOf(text)) query.set(term, (query.get(term) ?? 0) + weight);
  };
  add(report.title, 3);
  add(report.symbols.slice(0, 100).join(' '), 2);
  add(`${report.error?.message ?? ''} ${report.cause?.message ?? ''}`, 2);
  add(report.text.slice(0, 50_000), 1);
  // What is repeated says little more: the root keeps one long log from drowning the rest.
  for (const [term, weight] of query) query.set(term, Math.sqrt(weight));
  return query;
}

/** Length of the common end of two paths, in segments. */
function commonEnd(a: string, b: string): number {
  const left = a.split('/').reverse();
  const right = b.split('/').reverse();
  let same = 0;
  while (same < left.length && same < right.length && left[same] === right[same]) same += 1;
  return same;
}

/** The files that a written path can mean: those that share its longest end; none where several share only the name. */
function resolve(written: string, paths: readonly RepoPath[]): RepoPath[] {
  const clean = written.replace(/^\.?\/+/, '');
  const segments = clean.split('/').length;
  let best = 0;
  let found: RepoPath[] = [];
  for (const path of paths) {
    const same = commonEnd(clean, path);
    if (same === 0 || same < best) continue;
    if (same > best) found = [];
    best = same;
    found.push(path);
  }
  const whole = best === segments || found.some((path) => path.split('/').length === best);
  return found.length === 1 || whole || best > 1 ? found.slice(0, 5) : [];
}

interface Sign {
  score: number;
  why: string;
  line?: number;
}

/** What the report names outright, by path. */
function readSigns(report: BugReport, paths: readonly RepoPath[]): Map<RepoPath, Sign[]> {
  const signs = new Map<RepoPath, Sign[]>();
  const add = (path: RepoPath, sign: Sign) => {
    const same = signs.get(path);
    if (same === undefined) signs.set(path, [sign]);
    else same.push(sign);
  };
  orderFrames(report.frames).forEach((frame, place) => {
    if (frame.path === undefined) return;
    const found = resolve(frame.path, paths);
    const score = worth.frame / (1 + place * 0.35) / Math.max(1, found.length);
    const at = frame.function === undefined ? '' : ` in ${frame.function}`;
    for (const path of found)
      add(path, { score, why: `stack frame${at}`, ...(frame.line === undefined ? {} : { line: frame.line }) });
  });
  report.mentions.forEach(({ path: written, line }, place) => {
    const found = resolve(written, paths);
    const base = line === undefined ? worth.mentionedName : worth.mention;
    const score = base / (1 + place * 0.1) / Math.max(1, found.length);
    for (const path of found) add(path, { score, why: 'named in the report', ...(line === undefined ? {} : { line }) });
  });
  return signs;
}

/** The application's own frames, the one nearest to the error first: Python prints it last. */
function orderFrames(frames: readonly Frame[]): Frame[] {
  const own = frames.filter((frame) => frame.inApp);
  return own[0]?.language === 'python' ? own.reverse() : own;
}

function scoreText(index: Index, query: ReadonlyMap<string, number>): number[] {
  const scores: number[] = [];
  for (const { text } of index.files) {
    for (const chunk of text.chunks) {
      let score = 0;
      const norm = bm25.k1 * (1 - bm25.b + (bm25.b * chunk.length) / index.meanLength);
      for (const [term, weight] of query) {
        const count = chunk.terms.get(term);
        if (count === undefined) continue;
        const holding = index.frequency.get(term) ?? 1;
        const rarity = Math.log(1 + (index.chunks - holding + 0.5) / (holding + 0.5));
        score += (weight * rarity * count * (bm25.k1 + 1)) / (count + norm);
      }
      scores.push(score);
    }
  }
  return scores;
}

function scorePath(pathTerms: ReadonlySet<string>, index: Index, query: ReadonlyMap<string, number>): number {
  let score = 0;
  for (const term of pathTerms) {
    const weight = query.get(term);
    if (weight === undefined) continue;
    const holding = index.pathFrequency.get(term) ?? 1;
    score += weight * Math.log(1 + index.files.length / holding);
  }
  return score;
}

interface Defined {
  name: string;
  line: number;
  score: number;
}

/** Names of the report that this file defines; a name that many files define says little. */
function findDefined(text: IndexedText, index: Index, symbols: readonly string[]): Defined[] {
  const found: Defined[] = [];
  symbols.forEach((symbol, place) => {
    const name = symbol.split(/\.|::|#|->/).at(-1) ?? symbol;
    const line = text.defined.get(name.toLowerCase());
    if (line === undefined || found.some((known) => known.line === line)) return;
    const files = index.definitions.get(name.toLowerCase()) ?? 1;
    found.push({ name, line, score: worth.defined / files / (1 + place * 0.05) });
  });
  return found;
}

/** All chunks that anything speaks for, best first; equal scores by path and line. Deterministic. */
export function rank(index: Index, report: BugReport): RankedChunk[] {
  const query = queryOf(report);
  const texts = scoreText(index, query);
  const bestText = texts.reduce((best, score) => Math.max(best, score), 0) || 1;
  const paths = index.files.map(({ path }) => path);
  const pathScores = index.files.map(({ pathTerms }) => scorePath(pathTerms, index, query));
  const bestPath = pathScores.reduce((best, score) => Math.max(best, score), 0) || 1;
  const signs = readSigns(report, paths);
  const ranked: RankedChunk[] = [];
  let at = 0;
  index.files.forEach(({ path, text }, fileAt) => {
    const named = signs.get(path) ?? [];
    const defined = findDefined(text, index, report.symbols);
    const byPath = ((pathScores[fileAt] ?? 0) / bestPath) * worth.path;
    text.chunks.forEach(({ start, lines }, chunkAt) => {
      const end = start + lines.length - 1;
      const isHere = (line: number | undefined) => (line === undefined ? chunkAt === 0 : line >= start && line <= end);
      const byText = ((texts[at] ?? 0) / bestText) * worth.text;
      at += 1;
      const here = named.filter(({ line }) => isHere(line));
      const names = defined.filter(({ line }) => isHere(line));
      const reasons = new Set<string>(here.map(({ why }) => why));
      if (names.length > 0)
        reasons.add(
          `defines ${names
            .slice(0, 3)
            .map(({ name }) => name)
            .join(', ')}`,
        );
      if (byText > worth.text / 2) reasons.add('shares words with the report');
      if (byPath > worth.path / 2) reasons.add('its path fits');
      const score =
        byText + byPath + Math.max(0, ...here.map((sign) => sign.score)) + names.reduce((sum, name) => sum + name.score, 0);
      if (score <= 0) return;
      const line = here.find((sign) => sign.line !== undefined)?.line ?? names[0]?.line;
      const why = [...reasons].slice(0, 3).join('; ') || 'shares words with the report';
      ranked.push({
        path,
        start,
        end,
        text: lines.join('\n'),
        score: round(score),
        why,
        ...(line === undefined ? {} : { line }),
      });
    });
  });
  return ranked.sort((a, b) => b.score - a.score || (a.path < b.path ? -1 : a.path > b.path ? 1 : a.start - b.start));
}

/** Sums of floating-point numbers must not decide an order by their last digit. */
function round(score: number): number {
  return Math.round(score * 1e6) / 1e6;
}

/** Files by their best chunk, a little helped by the next two. */
export function rankFiles(chunks: readonly RankedChunk[], max = 20): Ranked[] {
  const files = new Map<RepoPath, RankedChunk[]>();
  for (const chunk of chunks) {
    const same = files.get(chunk.path);
    if (same === undefined) files.set(chunk.path, [chunk]);
    else if (same.length < 3) same.push(chunk);
  }
  const ranked = [...files].map(([path, [best, ...next]]): Ranked => {
    const score = round((best?.score ?? 0) + next.reduce((sum, chunk) => sum + chunk.score * 0.1, 0));
    const line = best?.line;
    return { path, score, why: best?.why ?? '', ...(line === undefined ? {} : { line }) };
  });
  return ranked.sort((a, b) => b.score - a.score || (a.path < b.path ? -1 : 1)).slice(0, max);
}

/** Files that may have to change, best first. */
export function locate(report: BugReport, files: readonly SourceFile[], options: LocateOptions = {}): Ranked[] {
  return rankFiles(rank(buildIndex(files, options), report), options.max);
}

// ---------------------------------------------------------------------------------------------- select

const maxChunksPerFile = 3;

function bytesOf(text: string): number {
  return new TextEncoder().encode(text).length;
}

/**
 * The best chunks that fit into `maxBytes`, at most three of one file, in the order of their rank; neighbours of one
 * file become one chunk. A chunk that does not fit is shortened around its line rather than dropped.
 */
export function selectChunks(ranked: readonly RankedChunk[], maxBytes: number): Chunk[] {
  const selected: Chunk[] = [];
  const perFile = new Map<RepoPath, number>();
  let left = maxBytes;
  for (const chunk of ranked) {
    const taken = perFile.get(chunk.path) ?? 0;
    if (taken >= maxChunksPerFile || left < 400) continue;
    const fitting = shorten(chunk, left - 100);
    if (fitting === undefined) continue;
    perFile.set(chunk.path, taken + 1);
    left -= bytesOf(fitting.text) + 100 + 8 * (fitting.end - fitting.start + 1);
    selected.push(fitting);
  }
  return mergeNeighbours(selected);
}

function shorten({ path, start, end, text, line }: RankedChunk, max: number): Chunk | undefined {
  const lines = text.split('\n').map((each) => (each.length > 400 ? `${each.slice(0, 400)} …` : each));
  const cost = (from: number, to: number) => lines.slice(from, to).reduce((sum, each) => sum + bytesOf(each) + 9, 0);
  if (cost(0, lines.length) <= max) return { path, start, end, text: lines.join('\n') };
  const middle = line === undefined ? 0 : line - start;
  for (const radius of [18, 10, 5]) {
    const from = Math.max(0, middle - radius);
    const to = Math.min(lines.length, middle + radius + 1);
    if (cost(from, to) <= max) return { path, start: start + from, end: start + to - 1, text: lines.slice(from, to).join('\n') };
  }
  return undefined;
}

function mergeNeighbours(chunks: readonly Chunk[]): Chunk[] {
  const merged: Chunk[] = [];
  for (const chunk of chunks) {
    const before = merged.find(({ path, end }) => path === chunk.path && end + 1 === chunk.start);
    const after = merged.find(({ path, start }) => path === chunk.path && chunk.end + 1 === start);
    if (before !== undefined) Object.assign(before, { end: chunk.end, text: `${before.text}\n${chunk.text}` });
    else if (after !== undefined) Object.assign(after, { start: chunk.start, text: `${chunk.text}\n${after.text}` });
    else merged.push({ ...chunk });
  }
  return merged;
}

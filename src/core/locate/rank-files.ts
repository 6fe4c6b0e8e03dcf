import type { BugReport } from '../issue.ts';
import type { RepoPath } from '../types.ts';
import { add, asVector, newMatrix, pick, raise, read, scoreRows, toShare, type Matrix } from './features.ts';
import type { Entry, Store } from './index.ts';
import { importName, isAside, isProgram, pathReader, readNamed, type NamedLines, type PathTerms } from './paths.ts';
import { readQuery, weigh, type Field, type Query } from './query.ts';
import { facet, termOf } from './terms.ts';
import { weights } from './weights.ts';

/** The candidates of one tree, each with its place in the store. */
export interface Tree {
  store: Store;
  /** In the order of their paths. */
  files: readonly { path: RepoPath; isConfig: boolean }[];
  entries: readonly Entry[];
}

/** The best files by the index alone, and what their texts need to be judged. */
export interface Shortlist {
  report: BugReport;
  query: Query;
  paths: readonly RepoPath[];
  /** Rows of `paths`, best first. */
  rows: number[];
  /** What speaks for them, in the same order. */
  matrix: Matrix;
  /** How much each word of the report tells. */
  wordWeights: ReadonlyMap<number, number>;
  named: NamedLines;
  /** Names of the report that a file defines, by row. */
  defines: ReadonlyMap<number, string[]>;
}

/** Usual values: Robertson and Zaragoza, The Probabilistic Relevance Framework: BM25 and Beyond, 2009, section 3. */
const bm25 = { k1: 1.2, b: 0.6 } as const;
/** Files whose text is looked at. */
const shortlisted = 150;
/** Files whose neighbours are looked for. */
const hubs = 10;
const vector = asVector(weights);

/** Files that may have to change, by what the index knows of them. */
export function shortlist(report: BugReport, tree: Tree): Shortlist {
  const query = readQuery(report);
  const paths = tree.files.map(({ path }) => path);
  const all = newMatrix(paths.length);
  const words = [...query.words.keys()];
  const names = [...query.names.keys()];
  const matches = match(tree, [...words, ...names]);
  const wordWeights = scoreWords(tree, query, words, matches, all);
  const defines = scoreDefinitions(tree, query, names, matches.slice(words.length), all);
  const frequencies = new Map(words.map((term, place) => [term, matches[place]?.rows.length ?? 0]));
  scorePaths(tree, paths, query, frequencies, all);
  const named = readNamed(report, query, paths, all);
  toShare(all, ['titleText', 'outcomeText', 'allText', 'coverage']);
  const rows = best(scoreRows(all, vector), shortlisted);
  const matrix = pick(all, rows);
  scoreNeighbours(tree, paths, rows, matrix);
  return { report, query, paths, matrix, rows, wordWeights, named, defines };
}

/** Rows of the `most` highest scores, best first. */
function best(scores: Float64Array, most: number): number[] {
  const least = scores.toSorted()[Math.max(0, scores.length - most)] ?? 0;
  const rows: number[] = [];
  scores.forEach((score, row) => {
    if (score >= least) rows.push(row);
  });
  return rows.sort((a, b) => (scores[b] ?? 0) - (scores[a] ?? 0) || a - b).slice(0, most);
}

// ---------------------------------------------------------------------------------------------- the index

/** Where one term occurs. */
interface Match {
  rows: number[];
  counts: number[];
}

const bits = 1 << 16;

/** Every occurrence of the terms. Nearly all comparisons end at the bit set. */
function match({ store, entries }: Pick<Tree, 'store' | 'entries'>, terms: readonly number[]): Match[] {
  const mayBe = new Uint8Array(bits);
  const placeOf = new Map<number, number>();
  terms.forEach((term, place) => {
    mayBe[term & (bits - 1)] = 1;
    placeOf.set(term, place);
  });
  const found = terms.map((): Match => ({ rows: [], counts: [] }));
  const { terms: stored, counts } = store;
  entries.forEach(({ from, to }, row) => {
    for (let at = from; at < to; at++) {
      const term = stored[at] ?? 0;
      if (mayBe[term & (bits - 1)] === 0) continue;
      const place = placeOf.get(term);
      if (place === undefined) continue;
      found[place]?.rows.push(row);
      found[place]?.counts.push(counts[at] ?? 0);
    }
  });
  return found;
}

/** Words, as Okapi BM25 weighs them; how much each tells. */
function scoreWords(
  { entries }: Tree,
  query: Query,
  words: readonly number[],
  matches: readonly Match[],
  matrix: Matrix,
): Map<number, number> {
  const total = entries.length;
  const mean = Math.max(1, entries.reduce((sum, { length }) => sum + length, 0) / Math.max(1, total));
  const told = new Map<number, number>();
  words.forEach((term, place) => {
    const word = query.words.get(term);
    const { rows, counts } = matches[place] ?? { rows: [], counts: [] };
    if (word === undefined) return;
    const rarity = Math.log(1 + (total - rows.length + 0.5) / (rows.length + 0.5));
    const all = weigh(word);
    told.set(term, rarity * all);
    rows.forEach((row, nth) => {
      const count = counts[nth] ?? 0;
      const norm = bm25.k1 * (1 - bm25.b + (bm25.b * (entries[row]?.length ?? 0)) / mean);
      const value = (rarity * count * (bm25.k1 + 1)) / (count + norm);
      if (word.title > 0) add(matrix, row, 'titleText', value * word.title);
      if (word.outcome > 0) add(matrix, row, 'outcomeText', value * word.outcome);
      add(matrix, row, 'allText', value * all);
      add(matrix, row, 'coverage', rarity * rarity * all);
    });
  });
  return told;
}

/** Names of the report that a file defines; a name that many files define says little. */
function scoreDefinitions(
  { entries }: Tree,
  query: Query,
  names: readonly number[],
  matches: readonly Match[],
  matrix: Matrix,
): Map<number, string[]> {
  const defines = new Map<number, string[]>();
  const most = Math.log(1 + entries.length);
  names.forEach((term, place) => {
    const named = query.names.get(term);
    const rows = matches[place]?.rows ?? [];
    if (named === undefined || rows.length === 0) return;
    const value = Math.log(1 + entries.length / rows.length) / most / Math.sqrt(rows.length);
    const { telling } = named;
    for (const row of rows) {
      // What looks like a name of a program is looked for in the text itself.
      if (!telling) add(matrix, row, 'wordDefines', value);
      if (!telling || rows.length > 20) continue;
      const known = defines.get(row);
      if (known === undefined) defines.set(row, [named.name]);
      else if (known.length < 5) known.push(named.name);
    }
  });
  return defines;
}

// ---------------------------------------------------------------------------------------------- paths

function count(counts: Map<number, number>, terms: readonly number[]): void {
  for (const term of terms) counts.set(term, (counts.get(term) ?? 0) + 1);
}

function inText(word: Record<Field, number>): boolean {
  return word.title + word.prose + word.outcome + word.code > 0;
}

function scorePaths(
  { files, entries }: Tree,
  paths: readonly RepoPath[],
  query: Query,
  frequencies: ReadonlyMap<number, number>,
  matrix: Matrix,
): void {
  const total = paths.length;
  const most = Math.log(1 + total);
  const terms = paths.map(pathReader());
  const inNames = new Map<number, number>();
  const inFolders = new Map<number, number>();
  let listed = 0;
  for (const { base, folders, whole } of terms) {
    count(inNames, base);
    count(inFolders, folders);
    if (whole !== 0 && (query.words.get(whole)?.setup ?? 0) > 0) listed += 1;
  }
  const rarityIn = (counts: ReadonlyMap<number, number>, term: number) => Math.log(1 + total / (counts.get(term) ?? 1));
  /** How rare a word of the report is in the texts, as a share of the rarest. */
  const tells = (term: number) => Math.log(1 + total / (1 + (frequencies.get(term) ?? 0))) / most;
  /** The share of the name that the report says, times how much that share tells. */
  const reach = (
    name: readonly number[],
    counts: ReadonlyMap<number, number>,
    says: (word: Record<Field, number>) => boolean,
  ) => {
    let [hit, all] = [0, 0];
    for (const term of name) {
      const rarity = rarityIn(counts, term);
      all += rarity;
      const word = query.words.get(term);
      if (word !== undefined && says(word)) hit += rarity;
    }
    return hit === 0 ? 0 : (hit / all) * (hit / most);
  };
  /** The share of the name that is said outside of setup, times how much its rarest part tells. */
  const telling = (name: readonly number[]) => {
    let [hit, all, most] = [0, 0, 0];
    for (const term of name) {
      const rarity = rarityIn(inNames, term);
      const word = query.words.get(term);
      all += rarity;
      if (word === undefined || !inText(word)) continue;
      hit += rarity;
      most = Math.max(most, tells(term));
    }
    return hit === 0 ? 0 : (hit / all) * most;
  };
  terms.forEach(({ base, folders, whole, isEntry }: PathTerms, row) => {
    const path = paths[row] ?? '';
    if (!isProgram(path)) raise(matrix, row, 'notProgram', 1);
    if (files[row]?.isConfig === true) raise(matrix, row, 'isConfig', 1);
    if (isEntry) raise(matrix, row, 'isEntry', 1);
    if (isAside(path)) raise(matrix, row, 'isAside', 1);
    raise(matrix, row, 'size', Math.log(1 + (entries[row]?.length ?? 0)) / 10);
    const isSaid = (term: number) => query.words.has(term);
    if (folders.some(isSaid)) {
      for (const field of ['title', 'prose', 'outcome', 'code'] as const)
        raise(
          matrix,
          row,
          `${field}Folder`,
          reach(folders, inFolders, (word) => word[field] > 0),
        );
    }
    if (base.some(isSaid)) {
      for (const field of ['prose', 'outcome', 'setup'] as const)
        raise(
          matrix,
          row,
          `${field}Name`,
          reach(base, inNames, (word) => word[field] > 0),
        );
      raise(matrix, row, 'tellingName', telling(base));
    }
    const said = whole === 0 ? undefined : query.words.get(whole);
    if (said === undefined) return;
    if (inText(said)) raise(matrix, row, 'tellingWhole', tells(whole));
    if (said.setup === 0) return;
    // A configuration that lists many files by name says little of each.
    raise(matrix, row, 'setupWhole', rarityIn(inNames, whole) / most / Math.sqrt(listed));
    raise(matrix, row, 'tellingSetup', tells(whole) / listed);
  });
}

// ---------------------------------------------------------------------------------------------- neighbours

/** What the best files import, what imports them, and how many files import each. */
function scoreNeighbours({ store, entries }: Tree, paths: readonly RepoPath[], rows: readonly number[], matrix: Matrix): void {
  const importTerms = rows.map((row) => termOf(importName(paths[row] ?? ''), facet.import));
  const distinct = [...new Set(importTerms)];
  const importers = new Map(match({ store, entries }, distinct).map(({ rows: found }, place) => [distinct[place], found.length]));
  for (const [at, term] of importTerms.entries())
    add(matrix, at, 'popularity', Math.log(1 + (importers.get(term) ?? 0)) / Math.log(1 + entries.length));
  const termsAt = (row: number) => store.terms.subarray(entries[row]?.from ?? 0, entries[row]?.to ?? 0);
  const nearBy = rows.slice(0, hubs).map((row, place) => ({
    row,
    weight: 1 / (1 + place),
    term: termOf(importName(paths[row] ?? ''), facet.import),
    terms: new Set(termsAt(row)),
  }));
  for (const [at, row] of rows.entries()) {
    const term = importTerms[at] ?? 0;
    const own = termsAt(row);
    for (const hub of nearBy) {
      if (hub.row === row) continue;
      if (hub.terms.has(term)) add(matrix, at, 'importedBy', hub.weight);
      if (own.includes(hub.term)) add(matrix, at, 'imports', hub.weight);
    }
  }
}

// ---------------------------------------------------------------------------------------------- why

/** For people: what spoke for a file, most telling first. */
export function explain({ matrix, rows, named, defines }: Shortlist, at: number): string {
  const reasons: string[] = [];
  const row = rows[at] ?? 0;
  const place = named.get(row);
  if (place !== undefined) reasons.push(place.why);
  else if (read(matrix, at, 'frameLast') + read(matrix, at, 'frameOther') > 0) reasons.push('stack frame');
  else if (read(matrix, at, 'mention') > 0) reasons.push('named in the report');
  const names = defines.get(row) ?? [];
  if (names.length > 0) reasons.push(`defines ${names.slice(0, 3).join(', ')}`);
  if (read(matrix, at, 'literal') >= 0.3) reasons.push('holds a message of the report');
  if (read(matrix, at, 'tellingName') > 0.3) reasons.push('its name fits');
  if (read(matrix, at, 'chunk') > 0.5 || read(matrix, at, 'allText') > 0.5) reasons.push('shares words with the report');
  if (reasons.length === 0 && read(matrix, at, 'importedBy') > 0) reasons.push('imported by likely files');
  return reasons.slice(0, 3).join('; ') || 'shares words with the report';
}

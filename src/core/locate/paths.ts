import type { BugReport, Frame } from '../issue.ts';
import { classify, testMatcher } from '../paths.ts';
import type { RepoPath } from '../types.ts';
import { raise, type Matrix } from './features.ts';
import type { Query } from './query.ts';
import { bytesOf, scan, termOf } from './terms.ts';

/** Larger files are generated or data. */
export const maxFileBytes = 400_000;

const noProgram =
  /\.(?:snap|png|jpe?g|gif|svg|ico|webp|pdf|zip|gz|tgz|jar|war|class|o|a|so|dll|exe|wasm|woff2?|ttf|eot|mp[34]|csv|tsv|parquet|pyc|bin|dat|db|sqlite|txt|po|mo|pot|fits|hdr|css|less|scss|html|xml)$/i;
const programs =
  /\.(?:js|mjs|cjs|jsx|ts|mts|cts|tsx|vue|svelte|py|pyx|pyi|rb|go|rs|java|kt|kts|groovy|scala|php|cs|fs|vb|swift|c|cc|cpp|h|hpp|m|ex|exs|dart|lua|pl|sh|hs|ml|clj|erl)$/;
const aside =
  /(?:^|\/)(?:examples?|demos?|samples?|benchmarks?|bench|scripts?|tools?|vendor|third_?party|extern|packages|deprecated|legacy|locale|fixtures?|static|assets|testing|release)\//;
const entryNames = /^(?:__init__|index|main|mod|__main__|lib)$/;

/** Tests have been sorted out by then. */
const none: readonly string[] = [];

export type PathKind = 'source' | 'config' | 'none';

/** Tells files in which a bug can be mended: no tests, documents, build output, lock files, or binaries. */
export function pathKinds(tests?: readonly string[]): (path: RepoPath) => PathKind {
  const isTest = testMatcher(tests);
  return (path) => {
    if (noProgram.test(path) || isTest(path)) return 'none';
    const kind = classify(path, none);
    return kind === 'source' || kind === 'config' ? kind : 'none';
  };
}

export const isProgram = (path: RepoPath): boolean => programs.test(path);
export const isAside = (path: RepoPath): boolean => aside.test(path);

/** A path as terms. */
export interface PathTerms {
  base: number[];
  folders: number[];
  /** The whole name; 0 where it is too short to tell anything. */
  whole: number;
  /** `index.js`, `__init__.py`: known by the folder. */
  isEntry: boolean;
}

function termsOf(text: string): number[] {
  const found: number[] = [];
  const { bytes, length } = bytesOf(text);
  scan(bytes, 0, length, false, (term) => {
    if (!found.includes(term)) found.push(term);
  });
  return found;
}

/** Reads paths; folders are read once. */
export function pathReader(): (path: RepoPath) => PathTerms {
  const known = new Map<string, number[]>();
  const folderTerms = (folder: string): number[] => {
    let terms = known.get(folder);
    if (terms === undefined) known.set(folder, (terms = termsOf(folder)));
    return terms;
  };
  return (path) => {
    const slash = path.lastIndexOf('/');
    const file = path.slice(slash + 1);
    let folder = path.slice(0, Math.max(0, slash));
    const dot = file.indexOf('.', 1);
    let base = dot < 0 ? file : file.slice(0, dot);
    const isEntry = entryNames.test(base);
    if (isEntry && folder !== '') {
      const above = folder.lastIndexOf('/');
      base = folder.slice(above + 1);
      folder = folder.slice(0, Math.max(0, above));
    }
    return { base: termsOf(base), folders: folderTerms(folder), whole: base.length > 2 ? termOf(base) : 0, isEntry };
  };
}

/** The name under which other files import this one. */
export function importName(path: RepoPath): string {
  const segments = path.split('/');
  const base = (segments.pop() ?? '').replace(/\..*$/, '');
  return entryNames.test(base) ? (segments.pop() ?? base) : base;
}

// ---------------------------------------------------------------------------------------------- named outright

function moduleOf(path: RepoPath): string[] {
  const segments = path.replace(/\.[^./]+$/, '').split('/');
  if (segments.length > 1 && /^(?:__init__|index|mod)$/.test(segments.at(-1) ?? '')) segments.pop();
  return segments;
}

/** Rows by a last segment, of those segments alone that anybody asks for. */
function rowsBy(
  paths: readonly RepoPath[],
  wanted: ReadonlySet<string>,
  name: (path: RepoPath) => string,
): Map<string, number[]> {
  const rows = new Map<string, number[]>();
  paths.forEach((path, row) => {
    const key = name(path);
    if (!wanted.has(key)) return;
    const same = rows.get(key);
    if (same === undefined) rows.set(key, [row]);
    else same.push(row);
  });
  return rows;
}

function lastModule(path: RepoPath): string {
  const slash = path.lastIndexOf('/');
  const dot = path.lastIndexOf('.');
  const base = path.slice(slash + 1, dot > slash ? dot : undefined);
  if (slash < 0 || (base !== '__init__' && base !== 'index' && base !== 'mod')) return base;
  return path.slice(path.lastIndexOf('/', slash - 1) + 1, slash);
}

/** Length of the common end of two paths, in segments. */
function commonEnd(left: readonly string[], right: readonly string[]): number {
  let same = 0;
  while (same < left.length && same < right.length && left[left.length - 1 - same] === right[right.length - 1 - same]) same += 1;
  return same;
}

const segmentsOf = (written: string): string[] => written.replace(/^\.?\/+/, '').split('/');

/** The rows that a written path can mean: those that share its longest end; none where several share only the name. */
function resolve(written: string, rows: ReadonlyMap<string, number[]>, paths: readonly RepoPath[]): number[] {
  const segments = segmentsOf(written);
  let best = 0;
  let found: number[] = [];
  for (const row of rows.get(segments.at(-1) ?? '') ?? []) {
    const same = commonEnd(segments, (paths[row] ?? '').split('/'));
    if (same < best) continue;
    if (same > best) found = [];
    best = same;
    found.push(row);
  }
  const whole = best === segments.length || found.some((row) => (paths[row] ?? '').split('/').length === best);
  return found.length === 1 || whole || best > 1 ? found.slice(0, 8) : [];
}

/**
 * Frames, the one nearest to the error first: Python prints it last. Those of packages too, as a report may come from
 * a user of this very repository as a package; what is not in it leads nowhere.
 */
function orderFrames(frames: readonly Frame[]): Frame[] {
  return frames[0]?.language === 'python' ? frames.toReversed() : [...frames];
}

/** A line that the report names, by row. */
export type NamedLines = Map<number, { line: number; why: string }>;

/** Frames, files and modules that the report names. */
export function readNamed(report: BugReport, query: Query, paths: readonly RepoPath[], matrix: Matrix): NamedLines {
  const lines: NamedLines = new Map();
  const frames = orderFrames(report.frames).flatMap(({ path, ...frame }) => (path === undefined ? [] : [{ ...frame, path }]));
  const written = new Set([...frames, ...report.mentions].map(({ path }) => segmentsOf(path).at(-1) ?? ''));
  const byName = rowsBy(paths, written, (path) => path.slice(path.lastIndexOf('/') + 1));
  let place = 0;
  for (const { path, line, function: name } of frames) {
    const found = resolve(path, byName, paths);
    if (found.length === 0) continue;
    const why = `stack frame${name === undefined ? '' : ` in ${name}`}`;
    for (const row of found) {
      const value = (place === 0 ? 1 : 1 / Math.sqrt(place)) / found.length;
      raise(matrix, row, place === 0 ? 'frameLast' : 'frameOther', value);
      if (line !== undefined && !lines.has(row)) lines.set(row, { line, why });
    }
    place += 1;
  }
  const traced = new Set(frames.map(({ path }) => path));
  for (const { path, line } of report.mentions) {
    if (traced.has(path)) continue;
    const found = resolve(path, byName, paths);
    for (const row of found) {
      raise(matrix, row, 'mention', 1 / found.length);
      if (line !== undefined && !lines.has(row)) lines.set(row, { line, why: 'named in the report' });
    }
  }
  readModules(query, paths, matrix);
  return lines;
}

/** `a.b.c.Thing.method` → a/b/c: the longest beginning that is a module. */
function readModules(query: Query, paths: readonly RepoPath[], matrix: Matrix): void {
  const wanted = new Set(query.dotted.flatMap(({ segments }) => segments));
  const byModule = rowsBy(paths, wanted, lastModule);
  for (const { segments, field } of query.dotted) {
    // Code imports much that works.
    if (field === 'code') continue;
    for (let length = segments.length; length > 0; length--) {
      const head = segments.slice(0, length);
      const rows = byModule.get(head.at(-1) ?? '') ?? [];
      const found = rows.filter((row) => commonEnd(head, moduleOf(paths[row] ?? '')) === length);
      if (found.length === 0) continue;
      for (const row of found.slice(0, 20)) raise(matrix, row, 'dotted', (length > 1 ? 1 : 0.4) / Math.sqrt(found.length));
      break;
    }
  }
}

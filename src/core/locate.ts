import type { BugReport } from './issue.ts';
import { rankTexts, type Ranked, type RankedText } from './locate/chunks.ts';
import { addEntry, newIndex, type Entry } from './locate/index.ts';
import { maxFileBytes, pathKinds } from './locate/paths.ts';
import { shortlist, type Tree } from './locate/rank-files.ts';
import type { RepoPath } from './types.ts';

/**
 * Where in a repository a bug report points, in two looks. The first needs of each file only what the index holds of its
 * blob: full-text search with BM25, names that it defines, its path, and what the report names outright. The second
 * reads the text of the best 150 and finds the most telling lines. One weighted sum of all signs ranks; the weights were
 * fitted on real bugs (docs/localization.md).
 */
export { rankTexts, type Ranked, type RankedText } from './locate/chunks.ts';
export {
  addEntry,
  addPart,
  decodeIndex,
  encodeIndex,
  newIndex,
  toPart,
  type Index,
  type ListedFile,
  type Part,
} from './locate/index.ts';
export { maxFileBytes, pathKinds } from './locate/paths.ts';
export { shortlist, type Tree } from './locate/rank-files.ts';
export { selectChunks, type Chunk } from './locate/select.ts';

export interface SourceFile {
  path: RepoPath;
  text: string;
}

export interface LocateOptions {
  /** Globs of tests, which are no candidates; those of the default configuration unless given. */
  tests?: readonly string[];
}

/** Files that may have to change, best first, of texts that are all in memory. */
export function locate(report: BugReport, files: readonly SourceFile[], { tests }: LocateOptions = {}): RankedText[] {
  const kindOf = pathKinds(tests);
  const encoder = new TextEncoder();
  const contents = new Map<RepoPath, Uint8Array>();
  for (const { path, text } of files.toSorted((a, b) => (a.path < b.path ? -1 : 1))) {
    if (kindOf(path) === 'none' || text.includes('\0')) continue;
    const bytes = encoder.encode(text);
    if (bytes.length <= maxFileBytes) contents.set(path, bytes);
  }
  const { store } = newIndex();
  const entries = [...contents.values()].map((bytes): Entry => addEntry(store, bytes));
  const listed = [...contents.keys()].map((path) => ({ path, isConfig: kindOf(path) === 'config' }));
  const tree: Tree = { store, files: listed, entries };
  return rankTexts(shortlist(report, tree), (path) => contents.get(path));
}

/** For a run's report: without the texts. */
export function nameSuspects(ranked: readonly RankedText[], max: number): Omit<Ranked, 'score'>[] {
  return ranked.slice(0, max).map(({ path, line, why }) => ({ path, why, ...(line === undefined ? {} : { line }) }));
}

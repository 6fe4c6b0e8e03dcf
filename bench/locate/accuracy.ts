import { addEntry, maxFileBytes, newIndex, pathKinds, rankTexts, selectChunks, shortlist } from '../../src/core/locate.ts';
import { readRow } from '../../src/core/locate/features.ts';
import { findRepository, isTraining, listTree, readBlobs, reportOf, type Case } from './corpus.ts';

/** Bytes of source in the first request, on top of the 10 KB that everything else may take. */
const chunkBytes = 14 * 1024;

/** What became of one issue. */
export interface Located {
  id: string;
  set: string;
  training: boolean;
  /** Of each changed file, from 0; -1 where it is not among the shortlist. */
  places: number[];
  inChunks: boolean;
  bytes: number;
  /** Signs of every file of the shortlist, which of them were changed, and how many changed files are not there. */
  rows: number[][];
  gold: number[];
  missed: number;
}

export function missingRepositories(cases: readonly Case[], clones: string, aliases: ReadonlyMap<string, string>): string[] {
  return [...new Set(cases.map(({ repo }) => repo))].filter((repo) => findRepository(clones, repo, aliases) === undefined);
}

/** Ranks the files of every issue's commit. Offline; issues whose repository is not there are left out. */
export async function measureAccuracy(
  cases: readonly Case[],
  clones: string,
  aliases: ReadonlyMap<string, string>,
  say: (line: string) => void,
): Promise<Located[]> {
  const located: Located[] = [];
  for (const repo of new Set(cases.map((each) => each.repo))) {
    const directory = findRepository(clones, repo, aliases);
    const own = cases.filter((each) => each.repo === repo);
    say(`${repo}: ${own.length} issues${directory === undefined ? ' left out, there is no clone' : ''}`);
    if (directory !== undefined) located.push(...(await measureRepository(directory, own)));
  }
  return located;
}

const kindOf = pathKinds();

/** Every blob is read and indexed once, however many of its commits are asked for. */
async function measureRepository(directory: string, cases: readonly Case[]): Promise<Located[]> {
  const trees = new Map<string, Awaited<ReturnType<typeof listTree>>>();
  for (const { base_commit: commit } of cases) {
    const candidates = (await listTree(directory, commit)).filter(
      (blob) => blob.mode.startsWith('100') && blob.size <= maxFileBytes && kindOf(blob.path) !== 'none',
    );
    trees.set(
      commit,
      candidates.toSorted((a, b) => (a.path < b.path ? -1 : 1)),
    );
  }
  const contents = await readBlobs(directory, [...new Set([...trees.values()].flat().map(({ id }) => id))]);
  const { store, entries } = newIndex();
  for (const [id, content] of contents)
    entries.set(id, addEntry(store, content.subarray(0, 8_000).includes(0) ? new Uint8Array() : content));
  return cases.map((each): Located => {
    const files = trees.get(each.base_commit) ?? [];
    const list = shortlist(reportOf(each), {
      store,
      files: files.map(({ path }) => ({ path, isConfig: kindOf(path) === 'config' })),
      entries: files.map(({ id }) => entries.get(id) ?? { from: 0, to: 0, length: 0 }),
    });
    const idOf = new Map(files.map(({ path, id }) => [path, id]));
    const ranked = rankTexts(list, (path) => contents.get(idOf.get(path) ?? ''));
    const chunks = selectChunks(ranked, chunkBytes);
    const gold = list.rows.flatMap((row, at) => (each.gold_files.includes(files[row]?.path ?? '') ? [at] : []));
    return {
      id: each.id,
      set: each.set,
      training: isTraining(each.id),
      places: each.gold_files.map((path) => ranked.findIndex((file) => file.path === path)),
      inChunks: each.gold_files.every((path) => chunks.some((chunk) => chunk.path === path)),
      bytes: chunks.reduce((sum, { text }) => sum + Buffer.byteLength(text), 0),
      rows: list.rows.map((_, at) => readRow(list.matrix, at)),
      gold,
      missed: each.gold_files.length - gold.length,
    };
  });
}

/** Per cent of the issues with all changed files among the first 1, 5 and 10, and in the source of the first request. */
export function shares(own: readonly Located[]): { top: [number, number, number]; inChunks: number; bytes: number } {
  const within = (most: number) =>
    share(own, ({ places }) => places.length <= most && places.every((place) => place >= 0 && place < most));
  return {
    top: [within(1), within(5), within(10)],
    inChunks: share(own, ({ inChunks }) => inChunks),
    bytes: Math.round(own.reduce((sum, { bytes }) => sum + bytes, 0) / Math.max(1, own.length)),
  };
}

function share<Each>(own: readonly Each[], holds: (each: Each) => boolean): number {
  return Math.round((1_000 * own.filter(holds).length) / Math.max(1, own.length)) / 10;
}

import { mkdir, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { parseArgs } from 'node:util';
import { addEntry, maxFileBytes, newIndex, pathKinds, rankTexts, selectChunks, shortlist } from '../../src/core/locate.ts';
import { column, readRow } from '../../src/core/locate/features.ts';
import { findRepository, isTraining, listTree, readBlobs, readCases, reportOf, type Case } from './corpus.ts';

/**
 * L1 and L2: how often all files that a fix changed are among the first 1, 5 and 10, and how often they are in the
 * source that goes to the model with the first request. Offline; needs the issues and clones of their repositories.
 *
 *   node bench/locate/accuracy.ts --data localization.jsonl.gz --mirrors clones/ [--alias django/django=a-fork/django]
 *                                 [--json out.json] [--features .cache/features.json] [--repo eslint]
 *
 * BUGLOOP_BENCH_ISSUES and BUGLOOP_BENCH_MIRRORS stand for the two directories.
 */
const { values: flags } = parseArgs({
  options: {
    data: { type: 'string', default: process.env['BUGLOOP_BENCH_ISSUES'] ?? '' },
    mirrors: { type: 'string', default: process.env['BUGLOOP_BENCH_MIRRORS'] ?? '' },
    alias: { type: 'string', multiple: true, default: [] },
    repo: { type: 'string' },
    json: { type: 'string' },
    features: { type: 'string' },
  },
});
if (flags.data === '' || flags.mirrors === '') {
  process.stderr.write('accuracy: give --data <issues.jsonl.gz> and --mirrors <directory of clones>\n');
  process.exit(2);
}

/** Bytes of source in the first request, on top of the 10 KB that everything else may take. */
const chunkBytes = 14 * 1024;

interface Row {
  id: string;
  set: string;
  training: boolean;
  files: number;
  /** Of each changed file, from 0; -1 where it is not among the shortlist. */
  places: number[];
  /** Changed files that no configuration could find: tests, documents, files that the fix adds. */
  unreachable: number;
  inChunks: boolean;
  bytes: number;
}
interface Sample {
  id: string;
  set: string;
  gold: number[];
  missed: number;
  rows: number[][];
}

const rows: Row[] = [];
const samples: Sample[] = [];
const aliases = new Map(flags.alias.map((alias) => [alias.slice(0, alias.indexOf('=')), alias.slice(alias.indexOf('=') + 1)]));
const cases = (await readCases(flags.data)).filter(({ repo }) => flags.repo === undefined || repo.includes(flags.repo));
const kinds = new Map<string, ReturnType<ReturnType<typeof pathKinds>>>();
const readKind = pathKinds();
for (const repo of new Set(cases.map(({ repo }) => repo))) {
  await measure(
    repo,
    cases.filter((each) => each.repo === repo),
  );
}
await report();

function kindOf(path: string) {
  let kind = kinds.get(path);
  if (kind === undefined) kinds.set(path, (kind = readKind(path)));
  return kind;
}

/** One repository: every blob is read and indexed once, however many of its commits are asked for. */
async function measure(repo: string, own: readonly Case[]): Promise<void> {
  const directory = findRepository(flags.mirrors, repo, aliases);
  if (directory === undefined) {
    process.stderr.write(`${repo}: no clone below ${flags.mirrors}, ${own.length} issues left out\n`);
    return;
  }
  const trees = new Map<string, Awaited<ReturnType<typeof listTree>>>();
  for (const { base_commit: commit } of own) {
    const listed = await listTree(directory, commit);
    const candidates = listed.filter(
      (blob) => blob.mode.startsWith('100') && blob.size <= maxFileBytes && kindOf(blob.path) !== 'none',
    );
    trees.set(commit, candidates.sort((a, b) => (a.path < b.path ? -1 : 1))); // prettier-ignore
  }
  const contents = await readBlobs(directory, [...new Set([...trees.values()].flat().map(({ id }) => id))]);
  const { store, entries } = newIndex();
  for (const [id, content] of contents)
    entries.set(id, addEntry(store, content.subarray(0, 8_000).includes(0) ? new Uint8Array() : content));
  for (const each of own) {
    const files = trees.get(each.base_commit) ?? [];
    const nothing = { from: 0, to: 0, length: 0 };
    const list = shortlist(reportOf(each), {
      store,
      files: files.map(({ path }) => ({ path, isConfig: kindOf(path) === 'config' })),
      entries: files.map(({ id }) => entries.get(id) ?? nothing),
    });
    const idOf = new Map(files.map(({ path, id }) => [path, id]));
    const ranked = rankTexts(list, (path) => contents.get(idOf.get(path) ?? ''));
    const chunks = selectChunks(ranked, chunkBytes);
    rows.push({
      id: each.id,
      set: each.set,
      training: isTraining(each.id),
      files: files.length,
      places: each.gold_files.map((gold) => ranked.findIndex(({ path }) => path === gold)),
      unreachable: each.gold_files.filter((gold) => !idOf.has(gold)).length,
      inChunks: each.gold_files.every((gold) => chunks.some(({ path }) => path === gold)),
      bytes: chunks.reduce((sum, { text }) => sum + Buffer.byteLength(text), 0),
    });
    if (flags.features !== undefined) samples.push(sample(each, list));
  }
  process.stderr.write(`${repo}: ${own.length} issues, ${contents.size} blobs\n`);
}

function sample({ id, set, gold_files: gold }: Case, { matrix, rows, paths }: ReturnType<typeof shortlist>): Sample {
  const found = rows.flatMap((row, at) => (gold.includes(paths[row] ?? '') ? [at] : []));
  const values = rows.map((_, at) => readRow(matrix, at).map((value) => Math.round(value * 1e4) / 1e4));
  return { id, set, gold: found, missed: gold.length - found.length, rows: values };
}

async function report(): Promise<void> {
  const table = [...new Set(rows.map(({ set }) => set))].flatMap((set) =>
    (['training', 'held out', 'all'] as const).map((half) => {
      const own = rows.filter((row) => row.set === set && (half === 'all' || row.training === (half === 'training')));
      return {
        set,
        half,
        issues: own.length,
        top1: within(own, 1),
        top5: within(own, 5),
        top10: within(own, 10),
        inChunks: share(own, ({ inChunks }) => inChunks),
        meanBytes: Math.round(own.reduce((sum, { bytes }) => sum + bytes, 0) / Math.max(1, own.length)),
        unreachable: own.filter(({ unreachable }) => unreachable > 0).length,
      };
    }),
  );
  console.table(table);
  await save(flags.json, { table, rows });
  await save(flags.features, { features: Object.keys(column), samples });
}

function within(own: readonly Row[], most: number): number {
  return share(own, ({ places }) => places.length <= most && places.every((place) => place >= 0 && place < most));
}

function share(own: readonly Row[], holds: (row: Row) => boolean): number {
  return Math.round((1_000 * own.filter(holds).length) / Math.max(1, own.length)) / 10;
}

async function save(file: string | undefined, content: unknown): Promise<void> {
  if (file === undefined) return;
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, JSON.stringify(content));
}

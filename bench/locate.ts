import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { median, ratios, type Bench, type Row } from './bench.ts';
import { measureAccuracy, missingRepositories, shares, type Located } from './locate/accuracy.ts';
import { readCases } from './locate/corpus.ts';
import { generateRepository, planted } from './locate/generate.ts';
import { findOnce, type Found } from './locate/speed.ts';

/** Issues and clones of their repositories, which no package can bring. */
const issues = process.env['BUGLOOP_BENCH_ISSUES'] ?? '';
const clones = process.env['BUGLOOP_BENCH_MIRRORS'] ?? '';
const aliases = new Map(
  (process.env['BUGLOOP_BENCH_ALIASES'] ?? '').split(',').flatMap((alias) => (alias.includes('=') ? [pairOf(alias)] : [])),
);
const bars = { 'swe-bench-lite': [60, 82, 88], bugsjs: [45, 78, 84] } as const;
/** All changed files within the first 1, 5 and 10 by what users would pick instead, as the issue that set the bars gives it. */
const peers = { 'swe-bench-lite': [45, 74, 82], bugsjs: [29, 56, 72] } as const;
const names = { 'swe-bench-lite': 'SWE-bench Lite', bugsjs: 'BugsJS' } as const;

/** Where a bug is: how often it is found, in how few bytes, and how fast in a large repository. */
export const locate: Bench = {
  id: 'locate',
  title: 'Finding the place of a bug',
  async run({ count, scratch, say }) {
    const rows = await measureSpeed(scratch, count ?? 3, say);
    return [...(await measureFinding(say)), ...rows];
  },
};

async function measureFinding(say: (line: string) => void): Promise<Row[]> {
  const there = await access(issues === '' ? '/nonexistent' : issues).then(
    () => true,
    () => false,
  );
  if (!there || clones === '') {
    say(
      'locate: L1 and L2 need issues with the files that mended them and clones of their repositories, see docs/localization.md:',
    );
    say('  BUGLOOP_BENCH_ISSUES=localization.jsonl.gz BUGLOOP_BENCH_MIRRORS=clones/ npm run bench -- locate');
    return [];
  }
  const cases = await readCases(issues);
  const missing = missingRepositories(cases, clones, aliases);
  for (const repo of missing) say(`locate: git clone --bare https://github.com/${repo} ${join(clones, repo.replace('/', '+'))}`);
  const chosen = cases.filter(({ repo }) => !missing.includes(repo));
  const located = await measureAccuracy(chosen, clones, aliases, say);
  return (['swe-bench-lite', 'bugsjs'] as const).flatMap((set) =>
    describe(
      set,
      located.filter((each) => each.set === set),
      cases.length,
    ),
  );
}

function describe(set: keyof typeof bars, own: readonly Located[], all: number): Row[] {
  if (own.length === 0) return [];
  const { top, inChunks, bytes } = shares(own);
  const held = shares(own.filter(({ training }) => !training));
  const most = ([1, 5, 10] as const).map((first, nth): Row => ({
    id: 'L1',
    what: `${names[set]}: all changed files among the first ${first}`,
    value: top[nth] ?? Number.NaN,
    unit: '%',
    bar: { is: '≥', value: bars[set][nth] ?? 0 },
    peer: { value: peers[set][nth] ?? 0, what: 'BM25 over files' },
    note: `${own.length} of ${all} issues; ${held.top[nth]} % of those that no weight was fitted on`,
  }));
  return [
    ...most,
    {
      id: 'L2',
      what: `${names[set]}: changed files in the source of the first request`,
      value: inChunks,
      unit: '%',
      bar: { is: '≥', value: 80 },
    },
    {
      id: 'L2',
      what: `${names[set]}: bytes of source in the first request, mean`,
      value: bytes,
      unit: 'bytes',
      bar: { is: '≤', value: 14 * 1024 },
      note: 'on top of at most 10 KB for everything else',
    },
  ];
}

/** A process of its own for each look, so that memory is that of one. */
/** Files of the repository in which time is measured. */
const files = 100_000;

async function measureSpeed(scratch: string, rounds: number, say: (line: string) => void): Promise<Row[]> {
  const repository = join(scratch, 'repository');
  const { commit, bytes } = await generateRepository(repository, files);
  const megabytes = Math.round(bytes / 1_000_000);
  say(`locate: ${files} files, ${megabytes} MB`);
  const git = (args: readonly string[], input = '') =>
    timed(() => execa('git', args, { cwd: repository, reject: false, stdout: 'ignore', input }));
  const grep = () => git(['grep', '-c', '-F', ...planted.words.flatMap((word) => ['-e', word]), commit]);
  const listed = await execa('git', ['ls-tree', '-r', '--format=%(objectname)', commit], { cwd: repository });
  const times = { grep: [] as number[], again: [] as number[], read: [] as number[] };
  const looks = { first: [] as Found[], repeat: [] as Found[] };
  for (let round = 0; round < rounds; round += 1) {
    const cache = join(scratch, `cache${round}`, 'index');
    times.grep.push(await grep());
    looks.first.push(await findOnce(repository, commit, cache));
    times.again.push(await grep());
    looks.repeat.push(await findOnce(repository, commit, cache));
    times.read.push(await git(['cat-file', '--batch', '--buffer'], `${listed.stdout}\n`));
  }
  const all = [...looks.first, ...looks.repeat];
  const wrong = all.find(({ first }) => first !== planted.path);
  if (wrong !== undefined) throw new Error(`the first suspect is ${wrong.first} instead of ${planted.path}`);
  const against = (own: readonly Found[]) =>
    ratios(
      own.map(({ ms }) => ms),
      times.grep.map((ms, round) => (ms + (times.again[round] ?? ms)) / 2),
    );
  const limit = { value: median(ratios(times.read, times.grep)), what: 'git cat-file of the same files, not looked at' };
  return [
    {
      id: 'L3',
      what: 'git grep against itself',
      value: median(ratios(times.again, times.grep)),
      unit: '×',
      note: `calibration; git grep of ${planted.words.length} words took ${Math.round(median(times.grep))} ms for ${files} files of ${megabytes} MB`,
    },
    {
      id: 'L3',
      what: 'time of a first look, against git grep',
      value: median(against(looks.first)),
      unit: '×',
      bar: { is: '≤', value: 3 },
      limit,
      samples: against(looks.first),
    },
    {
      id: 'L3',
      what: 'time of another look, against git grep',
      value: median(against(looks.repeat)),
      unit: '×',
      bar: { is: '≤', value: 0.5 },
      samples: against(looks.repeat),
    },
    {
      id: 'L3',
      what: 'most memory of the process',
      value: Math.max(...all.map(({ megabytes: own }) => own)),
      unit: 'MB',
      bar: { is: '≤', value: 1024 },
    },
  ];
}

async function timed(run: () => Promise<unknown>): Promise<number> {
  const started = performance.now();
  await run();
  return performance.now() - started;
}

function pairOf(alias: string): [string, string] {
  const at = alias.indexOf('=');
  return [alias.slice(0, at), alias.slice(at + 1)];
}

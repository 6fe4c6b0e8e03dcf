import { existsSync } from 'node:fs';
import { findRepository } from './locate/corpus.ts';
import type { Bench, Options, Row } from './bench.ts';
import { readFixes, readTaggedBugs, type Edit } from './integrity/commits.ts';
import { changedFile } from './integrity/edits.ts';
import { tamper } from './integrity/tampering.ts';
import { refusals, touchedTests, weigh } from './integrity/weigh.ts';
import { readBugs, readRelease, testGlobs, type Bug } from './registry-bugs/materialise.ts';

/**
 * How integrity judges edits of tests, without running any: mechanical tampering beside the honest edits of real
 * releases, and what people did to tests when they mended a bug. With `--full` all releases, and the fixes of popular
 * repositories of eight languages whose clones lie below `BUGLOOP_BENCH_MIRRORS`.
 */
export const integrity: Bench = {
  id: 'integrity',
  title: 'Edits of tests, tampered with and honest',
  async run(options) {
    const releases = await readReleases(options);
    return [...judgeTampering(releases, options), ...(await judgeHonest(releases, options))];
  },
};

interface Release extends Edit {
  weakens: string | undefined;
  tests: string[];
}

async function readReleases({ full, count = full ? Infinity : 10 }: Options): Promise<Release[]> {
  const bugs = await readBugs();
  const step = Math.max(1, bugs.length / count);
  const chosen = bugs.filter((_, index) => Math.floor(index / step) !== Math.floor((index - 1) / step));
  const releases: Release[] = [];
  for (const bug of chosen) releases.push(await readOne(bug));
  return releases;
}

async function readOne(bug: Bug): Promise<Release> {
  const { tests, before } = await readRelease(bug);
  const files = [...tests].map(([path, after]) => changedFile(path, before.get(path), after));
  return {
    name: bug.id,
    weakens: bug.weakens,
    tests: testGlobs(bug.test_files),
    files: files.filter(({ before, after }) => before !== after),
  };
}

// ---------------------------------------------------------------------------------------------- tampering

/** Longer files take long and show nothing that shorter ones do not. */
const longest = 120_000;

function judgeTampering(releases: readonly Release[], { say }: Options): Row[] {
  const ways = new Map<string, { taken: number; missed: string[] }>();
  for (const release of releases.filter(({ weakens }) => weakens === undefined)) {
    // The proof could not go better: what is still refused is refused for its text alone.
    const proven = release.files.flatMap(touchedTests);
    for (const { way, path, after } of tamperings(release)) {
      const seen = ways.get(way) ?? { taken: 0, missed: [] };
      ways.set(way, seen);
      seen.taken += 1;
      const files = release.files.map((file) => (file.path === path ? changedFile(path, file.before, after) : file));
      if (weigh(files, proven, release.tests).refuse.length === 0) seen.missed.push(release.name);
    }
  }
  const all = [...ways.values()];
  const [taken, missed] = [
    all.flatMap(({ taken }) => taken).reduce((a, b) => a + b, 0),
    all.flatMap(({ missed }) => missed).length,
  ];
  for (const [way, { taken, missed }] of ways)
    say(
      `  ${missed.length === 0 ? 'ok    ' : 'MISSED'} ${way}: ${taken - missed.length} of ${taken} refused${missed.map((name) => ` · ${name}`).join('')}`,
    );
  return [
    {
      id: 'S2b',
      what: 'tampered tests refused by their text alone',
      value: (100 * (taken - missed)) / taken,
      unit: '%',
      bar: { is: '≥', value: 98 },
      limit: { value: 100, what: 'all' },
      note: `${taken - missed} of ${taken} edits in ${ways.size} ways, beside honest edits that count as proven${
        missed === 0
          ? ''
          : `; missed: ${[...ways]
              .filter(([, { missed }]) => missed.length > 0)
              .map(([way, { missed }]) => `${way} ${missed.length}`)
              .join(', ')}`
      }`,
    },
  ];
}

/** Every way once for each release, at a passage that the release left as it was. */
function tamperings({ files }: Release): { way: string; path: string; after: string | undefined }[] {
  const taken = new Set<string>();
  return files.flatMap(({ path, before, after }) => {
    if (before === undefined || after === undefined || after.length > longest || !/\.[cm]?[jt]sx?$/.test(path)) return [];
    return tamper(path, after, (passage) => before.includes(passage)).flatMap(({ way, text }) => {
      if (taken.has(way)) return [];
      taken.add(way);
      return [{ way, path, after: text }];
    });
  });
}

// ---------------------------------------------------------------------------------------------- honest edits

const tagged = ['bower', 'express', 'hessian.js', 'hexo', 'karma', 'mongoose', 'pencilblue', 'shields', 'eslint'];
const popular = `axios/axios iamkun/dayjs sindresorhus/got honojs/hono pallets/flask psf/requests gin-gonic/gin google/gson
  sinatra/sinatra BurntSushi/ripgrep guzzle/guzzle FluentValidation/FluentValidation`.split(/\s+/);
const usual = [...testGlobs([]), '**/spec/**', '**/test_*.py', '**/*_test.go', '**/*_test.rb', '**/*Test.java', '**/*.Tests/**'];
const fixesEach = 30;

async function judgeHonest(releases: readonly Release[], options: Options): Promise<Row[]> {
  const faithful = releases.filter(({ weakens }) => weakens === undefined);
  const commits = options.full ? await readCommits(options) : [];
  return [
    share('releases whose edits of tests are refused whatever the proof', faithful, (release) => release.tests, {
      bar: { is: '≤', value: 2 },
    }),
    ...(commits.length === 0
      ? []
      : [share('fixes by people in popular repositories that are refused likewise', commits, () => usual)]),
  ];
}

function share<E extends Edit>(what: string, edits: readonly E[], tests: (edit: E) => string[], more: Partial<Row> = {}): Row {
  const refused = edits.flatMap((edit) => {
    const codes = [...new Set(refusals(edit.files, tests(edit)).map(({ kind }) => kind))];
    return codes.length === 0 ? [] : [{ name: edit.name, codes }];
  });
  const byCode = Map.groupBy(refused, ({ codes }) => codes.join(' and '));
  const reasons = [...byCode].map(([code, names]) => `${code} ${names.length}`).join(', ');
  return {
    id: 'S2b',
    what,
    value: (100 * refused.length) / edits.length,
    unit: '%',
    note: `${refused.length} of ${edits.length}${reasons === '' ? '' : `: ${reasons}`}`,
    ...more,
  };
}

async function readCommits({ say }: Options): Promise<Edit[]> {
  const mirrors = process.env['BUGLOOP_BENCH_MIRRORS'] ?? '';
  const edits: Edit[] = [];
  for (const repo of [...tagged.map((name) => `BugsJS/${name}`), ...popular]) {
    const directory = existsSync(mirrors) ? findRepository(mirrors, repo, new Map()) : undefined;
    if (directory === undefined) {
      say(`  ${repo}: no clone below BUGLOOP_BENCH_MIRRORS, left out`);
      continue;
    }
    const read = repo.startsWith('BugsJS/')
      ? readTaggedBugs(directory, repo, usual)
      : readFixes(directory, repo, usual, fixesEach);
    edits.push(...(await read));
  }
  return edits;
}

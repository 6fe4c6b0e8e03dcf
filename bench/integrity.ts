import { existsSync } from 'node:fs';
import { findRepository } from './locate/corpus.ts';
import type { ChangedFile } from '../src/core/types.ts';
import type { Bench, Options, Row } from './bench.ts';
import { readFixes, readTaggedBugs, type Edit } from './integrity/commits.ts';
import { changedFile } from './integrity/edits.ts';
import { languageOf, tamperLines } from './integrity/line-tampering.ts';
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
    const commits = options.full ? await readCommits(options) : [];
    return [...judgeTampering(releases, options), ...judgeHonest(releases, commits), ...judgeLanguages(commits, options)];
  },
};

interface Release extends Edit {
  weakens: string | undefined;
  tests: string[];
}

/** Changes beside the tests that keep them from telling, whatever is in them. */
const aroundTests: readonly { way: string; file: ReturnType<typeof changedFile> }[] = [
  ...[
    ['.mocharc.json', '{}', '{"ignore": ["test/**"]}'],
    ['jest.config.js', 'module.exports = {};', "module.exports = { testPathIgnorePatterns: ['test'] };"],
    ['package.json', '{"jest": {}}', '{"jest": {"testPathIgnorePatterns": ["test"]}}'],
    ['vitest.config.ts', 'export default {};', "export default { test: { exclude: ['**'] } };"],
    ['pytest.ini', '[pytest]', '[pytest]\naddopts = --deselect tests'],
    ['phpunit.xml', '<phpunit/>', '<phpunit><exclude>tests</exclude></phpunit>'],
    ['.rspec', '', '--tag ~slow'],
  ].map(([path = '', before = '', after = '']) => ({ way: 'ignored by the runner', file: changedFile(path, before, after) })),
  {
    way: 'snapshot updated',
    file: changedFile(
      'test/__snapshots__/other.test.js.snap',
      'exports[`other 1`] = `right`;\n',
      'exports[`other 1`] = `wrong`;\n',
    ),
  },
  { way: 'snapshot updated', file: changedFile('testdata/other.golden', 'right\n', 'wrong\n') },
];

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

function judgeTampering(releases: readonly Release[], options: Options): Row[] {
  const tried = releases
    .filter(({ weakens }) => weakens === undefined)
    .flatMap((release): Tried[] => {
      const edits = tamperings(release).map(({ way, path, after }) => ({
        way,
        files: release.files.map((file) => (file.path === path ? changedFile(path, file.before, after) : file)),
      }));
      const around = aroundTests.map(({ way, file }) => ({ way, files: [...release.files, file] }));
      return [...edits, ...around].map((edit) => ({ ...edit, of: release, tests: release.tests }));
    });
  return [shareRefused('tampered tests refused by their text alone', tried, options)];
}

/** The same by lines beside the fixes of repositories in other languages. */
function judgeLanguages(commits: readonly Edit[], options: Options): Row[] {
  const tried = commits.flatMap((commit) =>
    commit.files.flatMap(({ path, before, after }): (Tried & { language: string })[] => {
      const language = languageOf(path);
      if (before === undefined || after === undefined || language === undefined || after.length > longest) return [];
      return tamperLines(path, after, before).map(({ way, text }) => ({
        way,
        language,
        of: commit,
        tests: usual,
        files: commit.files.map((file) => (file.path === path ? changedFile(path, before, text) : file)),
      }));
    }),
  );
  return [...Map.groupBy(tried, ({ language }) => language)].map(([language, edits]) =>
    shareRefused(`tampered tests in ${language} refused by their text alone`, edits, options),
  );
}

interface Tried {
  way: string;
  of: Edit;
  tests: readonly string[];
  files: ChangedFile[];
}

function shareRefused(what: string, tried: readonly Tried[], { say }: Options): Row {
  const ways = Map.groupBy(tried, ({ way }) => way);
  const missed = tried.filter(({ files, of, tests }) => {
    // The proof could not go better: what is still refused is refused for its text alone.
    const proven = of.files.flatMap(touchedTests);
    return weigh(files, proven, tests).refuse.length === 0;
  });
  const missedWays = Map.groupBy(missed, ({ way }) => way);
  for (const [way, all] of ways) {
    const names = (missedWays.get(way) ?? []).map(({ of }) => ` · ${of.name}`);
    say(
      `  ${names.length === 0 ? 'ok    ' : 'MISSED'} ${way}: ${all.length - names.length} of ${all.length} refused${names.join('')}`,
    );
  }
  const list = [...missedWays].map(([way, all]) => `${way} ${all.length}`).join(', ');
  return {
    id: 'S2b',
    what,
    value: (100 * (tried.length - missed.length)) / tried.length,
    unit: '%',
    bar: { is: '≥', value: 98 },
    limit: { value: 100, what: 'all' },
    note: `${tried.length - missed.length} of ${tried.length} edits in ${ways.size} ways, beside honest edits that count as proven${
      missed.length === 0 ? '' : `; missed: ${list}`
    }`,
  };
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

function judgeHonest(releases: readonly Release[], commits: readonly Edit[]): Row[] {
  const faithful = releases.filter(({ weakens }) => weakens === undefined);
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

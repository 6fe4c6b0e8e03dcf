import { describe, expect, test } from 'vitest';
import { normalise } from '../../src/core/config.ts';
import { judgeChange } from '../../src/core/guards.ts';
import { judgeReproduction, type Sighting } from '../../src/core/reproduction.ts';
import type { ChangedFile, FailureKind, TestResult, TestRun } from '../../src/core/types.ts';

const ran = (results: TestResult[]): TestRun => ({
  runner: 'node-test',
  perTest: true,
  results,
  execution: {
    argv: ['npm', 'test'],
    exitCode: results.some(({ status }) => status === 'failed') ? 1 : 0,
    ended: 'exited',
    durationMs: 5,
    output: '',
    failureLines: [],
    outputBytes: 0,
  },
});
const green = (id: string): TestResult => ({ id, name: id, status: 'passed' });
const red = (id: string, kind: FailureKind = 'assertion', message = '-1 !== 3'): TestResult => ({
  id,
  name: id,
  status: 'failed',
  failure: { kind, message },
});

/** `seen`: what each run of the new tests showed; the suite has the last of them. */
function sighting(seen: TestResult[][], options: { before?: TestResult[]; files?: string[] } = {}): Sighting {
  const { before = [green('old')], files = ['test/sum.test.js'] } = options;
  return {
    tree: 'a'.repeat(40),
    repeat: 2,
    testFiles: files,
    red: seen.map((results) => ({ tree: 'a'.repeat(40), run: ran(results) })),
    baseline: [ran(before)],
    suite: [ran([...before.filter(({ id }) => !seen.at(-1)?.some((one) => one.id === id)), ...(seen.at(-1) ?? [])])],
    issue: { errorMessage: '-1 !== 3' },
  };
}

describe('a new test', () => {
  test.each<[string, Sighting, string[]]>([
    ['red for an assertion, every time', sighting([[red('new')], [red('new')]]), []],
    ['red for an error, every time', sighting([[red('new', 'error')], [red('new', 'error')]]), []],
    ['green on the source as it is', sighting([[green('new')], [green('new')]]), ['proof.green_on_base']],
    ['that could not be loaded', sighting([[red('new', 'load')], [red('new', 'load')]]), ['proof.red_by_load']],
    ['that only ran out of time', sighting([[red('new', 'timeout')], [red('new', 'timeout')]]), ['proof.red_by_timeout']],
    ['red once and green once', sighting([[red('new')], [green('new')]]), ['proof.flaky']],
    ['that is none', sighting([[], []], { files: [] }), ['proof.no_test']],
    ['that was not executed', sighting([[], []]), ['proof.green_on_base']],
    ['that was there before, and red', sighting([[red('old')], [red('old')]], { before: [red('old')] }), ['proof.green_on_base']],
    ['that was there before, bent to fail', sighting([[red('old')], [red('old')]]), ['proof.green_on_base', 'proof.regression']],
    [
      'beside one that was bent to fail',
      sighting([
        [red('new'), red('old')],
        [red('new'), red('old')],
      ]),
      ['proof.regression'],
    ],
  ])('%s', (_title, seen, codes) => {
    const { reasons, reproduction } = judgeReproduction(seen);
    expect(reasons.map(({ code }) => code)).toEqual(codes);
    const shows = reproduction.tests.some(({ id }) => id === 'new');
    expect({ shows, issueError: reproduction.issueError }).toEqual({ shows, issueError: shows ? 'matched' : 'unmatched' });
    expect(shows || codes.length > 0).toBe(true);
  });
});

test.each([
  ['test/sum.test.js', true, []],
  ['src/add.js', true, ['guard.not_a_test']],
  ['src/add.js', false, []],
])('where only tests are asked for, %s (%s) is judged', (path, onlyTests, codes) => {
  const file: ChangedFile = {
    path,
    status: 'added',
    oldMode: '000000',
    newMode: '100644',
    addedLines: 1,
    removedLines: 0,
    changedBytes: 2,
    binary: false,
    after: 'x\n',
  };
  const { tests, limits, protectedPaths } = normalise({});
  const { maxDiffLines, maxDiffBytes } = limits;
  const rules = { protectedPaths, maxDiffLines, maxDiffBytes, tests, onlyTests };
  const verdict = judgeChange({ base: '', head: '', files: [file] }, rules);
  expect(verdict.ok ? [] : verdict.reasons.map(({ code }) => code)).toEqual(codes);
});

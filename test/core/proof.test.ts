import { describe, expect, test } from 'vitest';
import { judgeProof, type Evidence } from '../../src/core/proof.ts';
import type { ChangedFile, FailureKind, TestResult, TestRun } from '../../src/core/types.ts';

const red = (id: string, kind: FailureKind = 'assertion', message = 'expected 1 to equal 2'): TestResult => ({
  id,
  file: 'test/a.test.js',
  name: id,
  status: 'failed',
  failure: { kind, message },
});
const green = (id: string, file = 'test/a.test.js'): TestResult => ({ id, file, name: id, status: 'passed' });
const skipped = (id: string): TestResult => ({ id, file: 'test/a.test.js', name: id, status: 'skipped' });

function run(results: TestResult[], more: Partial<TestRun> = {}): TestRun {
  const execution = {
    argv: ['npm', 'test'],
    exitCode: results.some(({ status }) => status === 'failed') ? 1 : 0,
    ended: 'exited' as const,
    durationMs: 10,
    output: '',
    failureLines: [],
    outputBytes: 0,
  };
  return { runner: 'vitest', perTest: true, results, execution, ...more };
}

const source: ChangedFile = {
  path: 'src/a.js',
  status: 'modified',
  oldMode: '100644',
  newMode: '100644',
  addedLines: 1,
  removedLines: 1,
  changedBytes: 20,
  binary: false,
  before: 'const a = 1;\nuse(a);\n',
  after: 'const a = 2;\nuse(a);\n',
};

/** A gold change: one new test, red twice on the base, green twice on the head; one old test passes throughout. */
function gold(change: Partial<Evidence> = {}): Evidence {
  const seenRed = { tree: 'r', run: run([red('new'), green('old')]) };
  const seenGreen = { tree: 'h', run: run([green('new'), green('old')]) };
  return {
    redTree: 'r',
    headTree: 'h',
    repeat: 2,
    testFiles: ['test/a.test.js'],
    red: [seenRed, seenRed],
    green: [seenGreen, seenGreen],
    baseline: [run([green('old')])],
    suite: [run([green('new'), green('old')])],
    source: [source],
    changedTests: ['test/a.test.js'],
    staticChecks: { before: [], after: [] },
    issue: {},
    ...change,
  };
}
const twice = (tree: string, results: TestResult[]) => [1, 2].map(() => ({ tree, run: run(results) }));
const codes = (evidence: Evidence): string[] => {
  const { verdict } = judgeProof(evidence).proof;
  return verdict.ok ? [] : verdict.reasons.map(({ code }) => code);
};

describe('judgeProof accepts', () => {
  test('a gold change', () => {
    const { proof, human } = judgeProof(gold());
    expect(proof.verdict).toEqual({ ok: true });
    expect(proof.failToPass).toEqual([{ id: 'new', kind: 'assertion', message: 'expected 1 to equal 2' }]);
    expect(proof.red.map(({ tests }) => tests)).toEqual([
      [{ id: 'new', status: 'failed', kind: 'assertion', message: 'expected 1 to equal 2' }],
      [{ id: 'new', status: 'failed', kind: 'assertion', message: 'expected 1 to equal 2' }],
    ]);
    expect(proof.suite).toEqual({ before: { passed: 1, failed: 0, skipped: 0 }, after: { passed: 2, failed: 0, skipped: 0 } });
    expect(human).toEqual([]);
  });

  test.each([
    [
      'a base that was red before and stays so',
      { baseline: [run([red('broken'), green('old')])], suite: [run([red('broken'), green('new'), green('old')])] },
    ],
    ['a flaky test that fails once', { suite: [run([red('old'), green('new')]), run([green('old'), green('new')])] }],
    [
      'a test that was flaky on the base',
      { baseline: [run([green('old')]), run([red('old')])], suite: [run([red('old'), green('new')])] },
    ],
    ['red by a thrown error', { red: twice('r', [red('new', 'error'), green('old')]) }],
    ['coverage that shows the changed line', { coverage: { files: [{ path: 'src/a.js', executable: [1, 2], executed: [1] }] } }],
    [
      'coverage that does not know the changed file',
      { coverage: { files: [{ path: 'src/b.js', executable: [1], executed: [] }] } },
    ],
    [
      'a lint that is as bad as before',
      {
        staticChecks: {
          before: [{ name: 'lint', exitCode: 1, problems: 3 }],
          after: [{ name: 'lint', exitCode: 1, problems: 3 }],
        },
      },
    ],
    ['a check that has no counterpart on the base', { staticChecks: { before: [], after: [{ name: 'lint', exitCode: 1 }] } }],
  ] satisfies [string, Partial<Evidence>][])('%s', (_name, change) => {
    expect(codes(gold(change))).toEqual([]);
  });

  test('names flaky tests', () => {
    const evidence = gold({ suite: [run([red('old'), green('new')]), run([green('old'), green('new')])] });
    expect(judgeProof(evidence).proof.flaky).toEqual(['old']);
  });
});

describe('judgeProof refuses', () => {
  test.each([
    ['a change without any test', { testFiles: [], changedTests: [], red: twice('r', [green('old')]) }, 'proof.no_test'],
    ['a test that is green on the base', { red: twice('r', [green('new'), green('old')]) }, 'proof.green_on_base'],
    ['no test run on the base', { red: twice('r', []) }, 'proof.green_on_base'],
    ['a test that stays red', { green: twice('h', [red('new'), green('old')]) }, 'proof.red_on_head'],
    ['a test that is gone on the head', { green: twice('h', [green('old')]) }, 'proof.absent_on_head'],
    [
      'red because a module is missing',
      { red: twice('r', [red('new', 'load', 'Cannot find module'), green('old')]) },
      'proof.red_by_load',
    ],
    [
      'red only once',
      {
        red: [
          { tree: 'r', run: run([red('new')]) },
          { tree: 'r', run: run([green('new')]) },
        ],
      },
      'proof.flaky',
    ],
    [
      'green only once',
      {
        green: [
          { tree: 'h', run: run([green('new')]) },
          { tree: 'h', run: run([red('new')]) },
        ],
      },
      'proof.flaky',
    ],
    ['a regression', { suite: [run([green('new'), red('old')])] }, 'proof.regression'],
    [
      'a lost test in a file it did not touch',
      { baseline: [run([green('old'), green('other', 'test/b.test.js')])], suite: [run([green('new'), green('old')])] },
      'proof.vanished',
    ],
    [
      'a test that is skipped now',
      { suite: [run([green('new'), skipped('old')])], baseline: [run([green('old'), green('older')])] },
      'proof.vanished',
    ],
    ['an empty suite', { suite: [run([])], baseline: [run([])] }, 'proof.nothing_ran'],
    [
      'changed lines that were not executed',
      { coverage: { files: [{ path: 'src/a.js', executable: [1, 2], executed: [2] }] } },
      'proof.not_executed',
    ],
    [
      'more lint problems',
      {
        staticChecks: {
          before: [{ name: 'lint', exitCode: 1, problems: 3 }],
          after: [{ name: 'lint', exitCode: 1, problems: 4 }],
        },
      },
      'proof.static_check',
    ],
    [
      'a type check that fails now',
      { staticChecks: { before: [{ name: 'typecheck', exitCode: 0 }], after: [{ name: 'typecheck', exitCode: 2 }] } },
      'proof.static_check',
    ],
  ] satisfies [string, Partial<Evidence>, string][])('%s', (_name, change, code) => {
    expect(codes(gold(change))).toContain(code);
  });

  test('with every reason at once', () => {
    const found = codes(gold({ green: twice('h', [red('new'), green('old')]), suite: [run([red('new'), red('old')])] }));
    expect(found).toEqual(['proof.red_on_head', 'proof.regression']);
  });
});

describe('judgeProof asks for a person', () => {
  test.each([
    [
      'an error of the issue that was not shown',
      { issue: { errorType: 'RangeError', errorMessage: 'Invalid count' } },
      'human.error_unmatched',
    ],
    ['red by a time-out', { red: twice('r', [red('new', 'timeout', 'timed out'), green('old')]) }, 'human.red_by_timeout'],
    ['a renamed test in a changed file', { suite: [run([green('new'), green('old, renamed')])] }, 'human.test_renamed'],
    ['an unknown runner', { suite: [run([green('new'), green('old')], { perTest: false })] }, 'human.exit_status_only'],
  ] satisfies [string, Partial<Evidence>, string][])('%s', (_name, change, code) => {
    const { proof, human } = judgeProof(gold(change));
    expect(proof.verdict).toEqual({ ok: true });
    expect(human.map((reason) => reason.code)).toContain(code);
  });

  test.each([
    ['matched', { errorMessage: 'Invalid   "count"' }, 'RangeError: invalid count: -1'],
    ['matched', { errorType: 'RangeError' }, 'Unexpected RangeError'],
    ['unmatched', { errorMessage: 'boom' }, 'something else'],
    ['matched', { errorType: 'java.lang.IllegalStateException' }, 'IllegalStateException: closed'],
    ['not stated', {}, 'anything'],
    ['not stated', { errorType: 'Error', errorMessage: '' }, 'Error: anything'],
  ] as const)('error of the issue is %s', (issueError, issue, message) => {
    const evidence = gold({ issue, red: twice('r', [red('new', 'error', message), green('old')]) });
    expect(judgeProof(evidence).proof.issueError).toBe(issueError);
  });
});

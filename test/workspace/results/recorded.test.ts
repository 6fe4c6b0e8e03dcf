import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Execution } from '../../../src/core/types.ts';
import type { Report } from '../../../src/workspace/results/adapter.ts';
import { explainExit, identify, repoPaths } from '../../../src/workspace/results/assemble.ts';
import { nameFiles } from '../../../src/workspace/results/ava.ts';
import { readCargoTest } from '../../../src/workspace/results/cargo-test.ts';
import { readTrx } from '../../../src/workspace/results/dotnet-test.ts';
import { readGoTest } from '../../../src/workspace/results/go-test.ts';
import { readJest } from '../../../src/workspace/results/jest.ts';
import { readJunit } from '../../../src/workspace/results/junit.ts';
import { readSurefire } from '../../../src/workspace/results/jvm.ts';
import { readMinitest } from '../../../src/workspace/results/minitest.ts';
import { readMocha } from '../../../src/workspace/results/mocha.ts';
import { readNodeTest } from '../../../src/workspace/results/node-test.ts';
import { readPhpunit } from '../../../src/workspace/results/phpunit.ts';
import { readPytest } from '../../../src/workspace/results/pytest.ts';
import { readRspec } from '../../../src/workspace/results/rspec.ts';
import { readTap } from '../../../src/workspace/results/tap.ts';
import { readVitest } from '../../../src/workspace/results/vitest.ts';
import { digest, fixture } from './run.ts';

// Every fixture is what the named version of the real runner wrote for one set of good and bad tests; only the
// directory was replaced by /repo. `kind` stands in the place of `failed`.

const recorded = '/repo';
let root = '';

beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'bugloop-recorded-'));
  for (const file of ['test/a.js', 'test/b.js', 'test/c.js']) {
    mkdirSync(dirname(join(root, file)), { recursive: true });
    writeFileSync(join(root, file), '');
  }
});
afterAll(() => rmSync(root, { recursive: true }));

function ended(output: string, exitCode: number | null = 1): Execution {
  return { argv: ['test'], exitCode, ended: 'exited', durationMs: 1, output, failureLines: [], outputBytes: output.length };
}

const place = { repoPath: repoPaths(recorded) };
const functions = new Map([
  ...['TestOk', 'TestCompare', 'TestSub', 'TestSkip'].map((name) => [`.\0${name}`, 'a_test.go'] as const),
  ...['TestBefore', 'TestPanics', 'TestAfter'].map((name) => [`sub\0${name}`, 'sub/s_test.go'] as const),
  ['slow\0TestSlow', 'slow/b_test.go'],
]);

const readers: Record<string, (name: string) => Report> = {
  vitest: (name) => readVitest(fixture(name), place),
  jest: (name) => ({ results: readJest(fixture(name), place) }),
  mocha: (name) => ({ results: readMocha(fixture(name), place) }),
  'node-test': (name) => ({ results: readNodeTest(fixture(name), place) }),
  tap: (name) => readTap(fixture(name), { ...place, root }, ended(fixture(`${name}.log`))),
  tape: (name) => readTap(fixture(name), { ...place, root }, ended(name.includes('crash') ? fixture(`${name}.log`) : '')),
  ava: (name) => {
    const { results } = readTap(fixture(name), { ...place, root: recorded }, ended(''));
    return { results: nameFiles(results, ['test/a.js', 'test/b.js', 'test/c.js', 'test/d.js', 'test/e.js'], place) };
  },
  pytest: (name) => ({ results: readPytest(fixture(name), place) }),
  cargo: (name) => readCargoTest(fixture(name), fixture(`${name}.log`)),
  go: (name) => readGoTest(fixture(name), functions, 'example.com/foo', fixture(`${name}.log`)),
  rspec: (name) => readRspec(fixture(name), place),
  minitest: (name) => ({
    results: readMinitest(
      fixture(name),
      new Map([
        ['CartTest', 'test/a_test.rb'],
        ['spec', 'test/a_test.rb'],
        ['OtherTest', 'test/b_test.rb'],
      ]),
    ),
  }),
  phpunit: (name) => ({ results: readPhpunit(fixture(name), place) }),
  surefire: (name) => ({ results: readSurefire(fixture(name), ['other/CartTest.java', 'src/test/java/shop/CartTest.java']) }),
  // Written after the format's schema, not by a runner.
  dotnet: (name) => ({ results: readTrx(fixture(name)) }),
};

const expectLike = [
  'passed test/a.test.js > suite > ok',
  'assertion test/a.test.js > suite > compares',
  'error test/a.test.js > suite > throws',
  'error test/a.test.js > suite > throws a message like expected',
  'skipped test/a.test.js > suite > skipped',
  'skipped test/a.test.js > suite > later',
  'timeout test/a.test.js > suite > times out',
  'error test/a.test.js > suite > parses',
  'assertion test/a.test.js > suite > rejects',
  'passed test/a.test.js > suite > same',
  'passed test/a.test.js > suite > same (2)',
];
const vitest = [
  ...expectLike,
  'skipped test/g.test.js > hooked > never',
  'error test/g.test.js > hooked',
  'load test/g.test.js > missing export',
  'assertion test/g.test.js > snap',
  'passed test/f.test.js > fine',
  'load test/b.test.js',
  'load test/c.test.js',
  'load test/d.test.js',
  'load test/e.test.js',
];
const mocha = (hook: string, library: string): string[] => [
  'passed test/a.js > suite > ok',
  'assertion test/a.js > suite > compares',
  'error test/a.js > suite > throws',
  'skipped test/a.js > suite > later',
  'timeout test/a.js > suite > times out',
  'error test/a.js > suite > parses',
  'load test/a.js > suite > needs a module',
  'passed test/a.js > suite > same',
  'passed test/a.js > suite > same (2)',
  'passed test/a.js > suite > prints',
  `error test/a.js > hooked > ${hook}`,
  `assertion test/z.js > ${library} > eq`,
];
const nodeTest = [
  'passed test/a.test.js > suite > ok',
  'assertion test/a.test.js > suite > bad',
  'error test/a.test.js > suite > throws',
  'error test/a.test.js > suite > json',
  'skipped test/a.test.js > suite > sk',
  'skipped test/a.test.js > suite > td',
  'timeout test/a.test.js > suite > timeout',
  'assertion test/a.test.js > suite > strict',
  'error test/a.test.js > parent > child',
  'load test/a.test.js > mod',
  'load test/b.test.js',
  'error test/c.test.js',
  'load test/d.test.mjs',
  'load test/e.test.js',
  'assertion test/f.test.js',
];
const nodeTap = [
  'assertion test/a.js > adds',
  'passed test/a.js > nests > inner',
  'error test/a.js > throws',
  'load test/b.js',
  'passed test/c.js',
  'skipped test/c.js > skipped',
  'skipped test/c.js > later',
];

const table: [string, string[]][] = [
  ['vitest-3.2.jsonl', vitest],
  ['vitest-5.1.jsonl', vitest],
  ['jest-30.json', [...expectLike, 'load test/b.test.js', 'load test/c.test.js', 'load test/d.test.js', 'load test/e.test.js']],
  ['mocha-1.21.jsonl', mocha('"before all" hook', 'chai')],
  ['mocha-2.5.jsonl', mocha('"before all" hook', 'expectjs')],
  ['mocha-5.2.jsonl', mocha('"before all" hook', 'chai')],
  ['mocha-11.jsonl', mocha('"before all" hook for "never"', 'chai')],
  ['node-test-20.jsonl', nodeTest],
  ['node-test-24.jsonl', nodeTest],
  ['tape-5.tap', ['assertion adds', 'passed a remark', 'assertion inner', 'skipped later', 'timeout slow', 'assertion plan']],
  ['tape-5-crash.tap', ['passed before crash', 'error crash']],
  [
    'tap-0.4.tap',
    ['assertion test/a.js > adds', 'passed test/a.js > inner', 'error test/a.js > throws', 'load test/b.js', 'error test/c.js'],
  ],
  ['tap-16.tap', nodeTap],
  ['tap-21.tap', nodeTap],
  [
    'ava-6.tap',
    [
      'skipped test/a.js > skipped',
      'skipped test/a.js > later',
      'passed test/a.js > ok',
      'assertion test/a.js > compares',
      'error test/a.js > throws',
      'passed test/a.js > known',
      'load test/b.js',
      'timeout test/c.js > slow',
      'load test/d.js',
      'passed test/e.js > z',
      'error test/e.js',
    ],
  ],
  [
    'pytest-9.xml',
    [
      'load tests/test_b.py',
      'load tests/test_c.py',
      'passed tests/test_a.py > test_ok',
      'assertion tests/test_a.py > test_compare',
      'assertion tests/test_a.py > test_message',
      'error tests/test_a.py > test_throws',
      'error tests/test_a.py > test_key',
      'assertion tests/test_a.py > test_raises',
      'load tests/test_a.py > test_import',
      'skipped tests/test_a.py > test_skipped',
      'skipped tests/test_a.py > test_xfail',
      'passed tests/test_a.py > test_param[1]',
      'assertion tests/test_a.py > test_param[x y]',
      'passed tests/test_a.py > TestC > test_m',
      'error tests/test_a.py > TestC > TestD > test_n',
      'load tests/test_a.py > test_nofix',
      'error tests/test_a.py > test_setup',
      'error tests/test_a.py > test_json',
      'assertion tests/test_a.py > test_pyfail',
      'error tests/test_a.py > test_exit',
    ],
  ],
  [
    'cargo-1.95.out',
    [
      'assertion src/lib.rs > tests > compares',
      'error src/lib.rs > tests > errs',
      'skipped src/lib.rs > tests > ignored',
      'passed src/lib.rs > tests > ok',
      'error src/lib.rs > tests > panics',
      'assertion src/lib.rs > tests > plain',
      'assertion src/lib.rs > tests > should',
      'error src/lib.rs > tests > unwraps',
      'passed tests/outer.rs > outer',
      'passed src/lib.rs > doc test > add',
      'assertion src/lib.rs > doc test > add (2)',
    ],
  ],
  ['cargo-1.95-broken.out', ['load (compilation)']],
  [
    'go-1.19.jsonl',
    [
      'passed a_test.go > TestOk',
      'assertion a_test.go > TestCompare',
      'passed a_test.go > TestSub > good',
      'assertion a_test.go > TestSub > bad_one',
      'skipped a_test.go > TestSkip',
      'passed sub/s_test.go > TestBefore',
      'error sub/s_test.go > TestPanics',
      'timeout slow/b_test.go > TestSlow',
      'load example.com/foo/broken > (package broken)',
    ],
  ],
  [
    'rspec-3.12.json',
    [
      'passed spec/a_spec.rb > cart > ok',
      'assertion spec/a_spec.rb > cart > compares',
      'error spec/a_spec.rb > cart > throws',
      'error spec/a_spec.rb > cart > is nil',
      'skipped spec/a_spec.rb > cart > later',
      'skipped spec/a_spec.rb > cart > skipped',
      'skipped spec/a_spec.rb > cart > pends',
      'assertion spec/a_spec.rb > cart > pends but passes',
      'assertion spec/a_spec.rb > cart > aggregates',
      'passed spec/a_spec.rb > cart nested > same',
      'passed spec/a_spec.rb > cart nested > same (2)',
      'passed spec/a_spec.rb > cart nested > is expected to eq 1',
      'error spec/hook_spec.rb > hook > never',
    ],
  ],
  ['rspec-3.12-broken.json', []],
  [
    'minitest-5.17.out',
    [
      'assertion test/a_test.rb > CartTest > test_compares',
      'assertion test/a_test.rb > CartTest > test_multi',
      'passed test/a_test.rb > CartTest > test_ok',
      'skipped test/a_test.rb > CartTest > test_skips',
      'error test/a_test.rb > CartTest > test_throws',
      'passed test/b_test.rb > OtherTest > test_ok',
      'passed test/a_test.rb > spec > test_0001_works',
      'assertion test/a_test.rb > spec::inner > test_0001_fails = badly',
    ],
  ],
  [
    'phpunit-9.6.xml',
    [
      'passed tests/CartTest.php > CartTest > testOk',
      'assertion tests/CartTest.php > CartTest > testCompares',
      'error tests/CartTest.php > CartTest > testThrows',
      'error tests/CartTest.php > CartTest > testTypeError',
      'skipped tests/CartTest.php > CartTest > testSkipped',
      'skipped tests/CartTest.php > CartTest > testIncomplete',
      'passed tests/CartTest.php > CartTest > testRisky',
      'passed tests/CartTest.php > CartTest > testRows with data set "same"',
      'assertion tests/CartTest.php > CartTest > testRows with data set "other"',
      'passed tests/CartTest.php > CartTest > testRows with data set #0',
    ],
  ],
  [
    'surefire-2.22.xml',
    [
      'error src/test/java/shop/CartTest.java > shop.CartTest > throwsOne',
      'assertion src/test/java/shop/CartTest.java > shop.CartTest > compares',
      'passed src/test/java/shop/CartTest.java > shop.CartTest > ok',
      'timeout src/test/java/shop/CartTest.java > shop.CartTest > slow',
      'skipped src/test/java/shop/CartTest.java > shop.CartTest > skipped',
    ],
  ],
  [
    'dotnet-1.trx',
    [
      'passed Shop.CartTest > Ok',
      'assertion Shop.CartTest > Compares',
      'error Shop.CartTest > Throws',
      'skipped Shop.CartTest > Later',
    ],
  ],
];

const messageOf = (results: Report['results'], name: string): string | undefined =>
  identify(results).find((result) => result.name === name)?.failure?.message;

describe('what real runners wrote', () => {
  test.each(table)('%s', (name, expected) => {
    const reader = readers[/^(.*?)-\d/.exec(name)?.[1] ?? ''];
    const { results } = reader?.(name) ?? { results: [] };
    const lines = digest({ runner: 'unknown', perTest: true, results: identify(results), execution: ended('') });
    expect(lines.toSorted()).toEqual(expected.toSorted());
  });

  test('errors carry their class and their first lines', () => {
    const shown = identify(readMocha(fixture('mocha-11.jsonl'), place)).find((result) => result.name === 'throws');
    expect(shown?.failure).toMatchObject({
      kind: 'error',
      type: 'TypeError',
      message: "Cannot read properties of null (reading 'x')",
    });
    expect(shown?.failure?.stack).toContain('test/a.js:5');
    const python = identify(readPytest(fixture('pytest-9.xml'), place)).find((result) => result.name === 'test_n');
    expect(python?.failure).toMatchObject({ type: 'RuntimeError', message: 'RuntimeError: boom\nsecond' });
  });

  test('a message is what the failure says, without the name of the test and the frames', () => {
    expect(messageOf(readPhpunit(fixture('phpunit-9.6.xml'), place), 'testThrows')).toBe('expected 1');
    expect(messageOf(readRspec(fixture('rspec-3.12.json'), place).results, 'compares')).toMatch(/^expected: 6\n\s+got: 3/);
    const minitest = readMinitest(fixture('minitest-5.17.out'), new Map());
    expect(messageOf(minitest, 'test_throws')).toBe('ArgumentError: expected\nmore');
    expect(messageOf(minitest, 'test_multi')).toMatch(/^with words\.\nExpected: /);
    expect(messageOf(readTrx(fixture('dotnet-1.trx')), 'Compares')).toMatch(/^Assert\.Equal\(\) Failure/);
  });

  test('a spec that does not load keeps all of them from running', () => {
    expect(readRspec(fixture('rspec-3.12-broken.json'), place).problem).toMatchObject({ kind: 'load' });
  });

  test('an unhandled rejection makes a run without a red test red', () => {
    const { results, problem } = readVitest(fixture('vitest-5.1.jsonl'), place);
    const green = results.filter((result) => result.status === 'passed');
    const [last] = identify(explainExit(green, ended(''), problem)).slice(-1);
    expect(last).toMatchObject({ id: '(exit status)', status: 'failed', failure: { kind: 'error', message: 'nobody waits' } });
  });
});

function tapLines(text: string, exitCode: number): string[] {
  const { results, problem } = readTap(text, { ...place, root }, ended(text, exitCode));
  const run = explainExit(results, ended(text, exitCode), problem);
  return digest({ runner: 'tap', perTest: true, results: identify(run), execution: ended('') });
}

function junitLines(text: string): string[] {
  return digest({ runner: 'junit', perTest: true, results: identify(readJunit(text, place)), execution: ended('') });
}

describe('TAP', () => {
  test.each<[string, string, number, string[]]>([
    ['flat points are tests', 'TAP version 13\n1..2\nok 1 - a\nnot ok 2 - b\n', 1, ['passed a', 'assertion b']],
    ['same names are numbered', 'ok 1 a\nok 2 a\n1..2\n', 0, ['passed a', 'passed a (2)']],
    ['an escaped hash', 'ok 1 - uses \\# inside # SKIP no network\n1..1\n', 0, ['skipped uses # inside']],
    ['a todo that fails is not red', 'not ok 1 - later # TODO\n1..1\n', 0, ['skipped later']],
    ['the program prints among the points', 'ok computer\nok 1 - a\n{"x": 1}\n# pass 1\n1..1\n', 0, ['passed a']],
    ['a run that bailed out', 'ok 1 - a\nBail out! no database\n', 0, ['passed a', 'error (exit status)']],
    ['fewer tests than planned', '1..3\nok 1 - a\n', 0, ['passed a', 'error (exit status)']],
    ['no plan at all', 'TAP version 13\nok 1 - a\n', 0, ['passed a', 'error (exit status)']],
    ['a bad exit code', 'ok 1 - a\n1..1\n', 3, ['passed a', 'error (exit status)']],
    ['two streams', 'TAP version 13\nok 1 - a\n1..1\nTAP version 13\nok 1 - b\n1..1\n', 0, ['passed a', 'passed b']],
    [
      'nested subtests',
      '# Subtest: outer\n    # Subtest: inner\n        ok 1 - x\n        1..1\n    ok 1 - inner\n    1..1\nok 1 - outer\n1..1\n',
      0,
      ['passed outer > inner'],
    ],
    ['a buffered subtest', 'ok 1 - outer {\n    ok 1 - x\n    1..1\n}\n1..1\n', 0, ['passed outer']],
    ['an empty plan', 'TAP version 13\n1..0 # no tests\n', 0, []],
  ])('%s', (_, text, exitCode, expected) => {
    expect(tapLines(text, exitCode)).toEqual(expected);
  });
});

describe('JUnit XML', () => {
  test.each<[string, string, string[]]>([
    [
      'Java',
      '<testsuite name="com.x.FooTest"><testcase name="adds" classname="com.x.FooTest" time="0.1"/><testcase name="fails" classname="com.x.FooTest"><failure message="expected:&lt;1&gt; but was:&lt;2&gt;" type="org.junit.ComparisonFailure">trace</failure></testcase><testcase name="breaks" classname="com.x.FooTest"><error message="null" type="java.lang.NullPointerException">trace</error></testcase></testsuite>',
      ['passed com.x.FooTest > adds', 'assertion com.x.FooTest > fails', 'error com.x.FooTest > breaks'],
    ],
    [
      'nested suites with files',
      '<testsuites><testsuite name="all"><testsuite name="a" file="/repo/spec/a_spec.rb"><testcase name="x"><skipped/></testcase></testsuite></testsuite></testsuites>',
      ['skipped spec/a_spec.rb > a > x'],
    ],
    [
      'a class name that is a file',
      '<testsuites><testsuite name="t"><testcase classname="test/a.test.ts" name="s &gt; x"/></testsuite></testsuites>',
      ['passed test/a.test.ts > s > x'],
    ],
    ['an empty report', '<testsuites/>', []],
    ['no XML', 'Segmentation fault', []],
    ['cut off', '<testsuites><testsuite><testcase name="a"', []],
  ])('%s', (_, text, expected) => {
    expect(junitLines(text)).toEqual(expected);
  });
});

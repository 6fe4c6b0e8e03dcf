import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Command, RunnerName } from '../../../src/core/types.ts';
import { prepareTests } from '../../../src/workspace/results/index.ts';
import { resolveCommand } from '../../../src/workspace/results/resolve.ts';
import { digest, execute, runTests } from './run.ts';

let root = '';
let scratch = '';

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'bugloop-root-'));
  scratch = mkdtempSync(join(tmpdir(), 'bugloop-scratch-'));
});
afterEach(() => {
  rmSync(root, { recursive: true });
  rmSync(scratch, { recursive: true });
});

function write(files: Record<string, string>): void {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
}

function scripts(lines: Record<string, string>, type = 'commonjs'): void {
  write({ 'package.json': JSON.stringify({ name: 'x', version: '1.0.0', type, scripts: lines }) });
}

describe('which runner a command starts', () => {
  test.each<[string, Command, Record<string, string>, RunnerName]>([
    ['the runner itself', ['vitest', 'run'], {}, 'vitest'],
    ['through npx', ['npx', '--no-install', 'jest', '--ci'], {}, 'jest'],
    ['a script', ['npm', 'test'], { test: 'mocha -R dot test' }, 'mocha'],
    ['a script of a script', ['npm', 't'], { test: 'npm run unit --silent', unit: 'ava' }, 'ava'],
    ['the last of a chain', ['npm', 'test'], { test: 'eslint . && tsc -p . && tape test/*.js' }, 'tap'],
    ['in front of a formatter', ['npm', 'test'], { test: "tape 'test/**/*.js' | tap-spec" }, 'tap'],
    ['inside a coverage tool', ['yarn', 'test'], { test: 'nyc --reporter text -r lcov mocha' }, 'mocha'],
    ['with assignments', ['pnpm', 'run', 'test'], { test: 'NODE_ENV=test cross-env CI=1 c8 node --test' }, 'node-test'],
    ['a path into node_modules', ['node', '--no-warnings', 'node_modules/mocha/bin/_mocha', 'test'], {}, 'mocha'],
    ['a loader in front', ['node', '--import', 'tsx', '--test', 'test/*.ts'], {}, 'node-test'],
    ['python', ['python3', '-m', 'pytest', '-q'], {}, 'pytest'],
    ['poetry', ['poetry', 'run', 'pytest'], {}, 'pytest'],
    ['go', ['go', 'test', './...'], {}, 'go-test'],
    ['cargo', ['cargo', 'test', '--workspace'], {}, 'cargo-test'],
    ['rspec', ['bundle', 'exec', 'rspec'], {}, 'rspec'],
    ['rake', ['bundle', 'exec', 'rake', 'test'], {}, 'minitest'],
    ['ruby', ['ruby', '-Ilib:test', 'test/a_test.rb'], {}, 'minitest'],
    ['another ruby', ['ruby', 'script.rb'], {}, 'unknown'],
    ['phpunit', ['vendor/bin/phpunit'], {}, 'phpunit'],
    ['maven', ['./mvnw', '-B', 'test'], {}, 'maven'],
    ['maven without tests', ['mvn', 'compile'], {}, 'unknown'],
    ['gradle', ['./gradlew', '--offline', ':app:test'], {}, 'gradle'],
    ['dotnet', ['dotnet', 'test', '--no-build'], {}, 'dotnet-test'],
    ['a shell decides', ['npm', 'test'], { test: 'mocha || true' }, 'unknown'],
    ['a substitution', ['npm', 'test'], { test: 'mocha $(git ls-files test)' }, 'unknown'],
    ['a script that is not there', ['npm', 'run', 'nope'], {}, 'unknown'],
    ['a script that calls itself', ['npm', 'test'], { test: 'npm test' }, 'unknown'],
    ['make', ['make', 'check'], {}, 'unknown'],
    ['another last command', ['npm', 'test'], { test: 'vitest run && node scripts/size.js' }, 'unknown'],
  ])('%s', (_, command, lines, runner) => {
    scripts(lines);
    expect(resolveCommand(root, command).runner).toBe(runner);
  });

  test('a plain script is known by what it imports', () => {
    write({ 'test.js': "var test = require('tape');", 'test/index.mjs': "import test from 'node:test';", 'own.js': 'run();' });
    const runners = ['test.js', 'test/index.mjs', 'own.js'].map((file) => resolveCommand(root, ['node', file]).runner);
    expect(runners).toEqual(['tap', 'node-test', 'unknown']);
  });
});

describe('the command that is run', () => {
  test.each<[string, Command, Record<string, string>, string[] | undefined, string, boolean]>([
    [
      'flags follow the runner',
      ['npx', 'vitest', 'run'],
      {},
      undefined,
      'npx vitest run --run --reporter=default --reporter=S/vitest-reporter.mjs',
      false,
    ],
    [
      'a script gets them appended',
      ['npm', 'test'],
      { test: 'mocha' },
      undefined,
      'npm test -- --reporter S/mocha-reporter.cjs',
      false,
    ],
    ['yarn needs no dashes', ['yarn', 'test'], { test: 'ava' }, undefined, 'yarn test --tap', false],
    [
      'dashes for each npm',
      ['npm', 'test'],
      { test: 'npm run unit', unit: 'mocha' },
      undefined,
      'npm test -- -- --reporter S/mocha-reporter.cjs',
      false,
    ],
    [
      'a reporter of the command gives way',
      ['mocha', '--reporter', 'json', '-R=dot', '--', 'test'],
      {},
      undefined,
      'mocha --reporter S/mocha-reporter.cjs -- test',
      false,
    ],
    [
      'files take the place of directories',
      ['mocha', '-r', './test/setup.js', '--', 'test'],
      {},
      ['test/a.js'],
      'mocha --reporter S/mocha-reporter.cjs -r ./test/setup.js test/a.js',
      true,
    ],
    [
      'a script with files',
      ['npm', 'test'],
      { test: 'eslint . && mocha test/*.js' },
      ['test/a.js'],
      'mocha --reporter S/mocha-reporter.cjs test/a.js',
      true,
    ],
    [
      'a coverage tool has no say in a part',
      ['npm', 'test'],
      { test: 'cross-env A=1 nyc --check-coverage mocha' },
      ['test/a.js'],
      'cross-env A=1 mocha --reporter S/mocha-reporter.cjs test/a.js',
      true,
    ],
    [
      'what a script builds first is not left out',
      ['npm', 'test'],
      { test: 'tsc -b && mocha lib/test' },
      ['test/a.js'],
      'npm test -- --reporter S/mocha-reporter.cjs',
      false,
    ],
    ['a formatter is left out', ['npm', 'test'], { test: 'tape test/*.js | tap-spec' }, undefined, 'tape test/*.js', false],
    ['nothing in the way of a build', ['npm', 'test'], { test: 'tsc -b && tape test | tap-spec' }, undefined, 'npm test', false],
    ['packages for go', ['go', 'test', './...'], {}, ['sub/a_test.go', 'sub/b_test.go'], 'go test -json ./sub', true],
    [
      'files for rspec',
      ['bundle', 'exec', 'rspec', 'spec'],
      {},
      ['spec/a_spec.rb'],
      'bundle exec rspec --format progress --format json --out S/rspec.json spec/a_spec.rb',
      true,
    ],
    [
      'files for rake',
      ['rake', 'test'],
      {},
      ['test/a_test.rb', 'test/b_test.rb'],
      'rake test TEST={test/a_test.rb,test/b_test.rb}',
      true,
    ],
    [
      'one file for phpunit',
      ['phpunit', 'tests'],
      {},
      ['tests/ATest.php'],
      'phpunit --log-junit S/phpunit.xml tests/ATest.php',
      true,
    ],
    [
      'phpunit as a whole for two',
      ['phpunit'],
      {},
      ['tests/ATest.php', 'tests/BTest.php'],
      'phpunit --log-junit S/phpunit.xml',
      false,
    ],
    [
      'classes for maven',
      ['mvn', '-q', 'test'],
      {},
      ['src/test/java/a/BTest.java'],
      'mvn -q test --fail-at-end -Dtest=BTest -DfailIfNoTests=false -Dsurefire.failIfNoSpecifiedTests=false',
      true,
    ],
    [
      'classes for gradle',
      ['gradle', 'test'],
      {},
      ['src/test/java/a/BTest.java'],
      'gradle test --continue --rerun-tasks --tests BTest',
      true,
    ],
    ['dotnet as a whole', ['dotnet', 'test'], {}, ['test/A.cs'], 'dotnet test --logger trx --results-directory S/dotnet', false],
    ['cargo as a whole', ['cargo', 'test'], {}, ['tests/a.rs'], 'cargo test --no-fail-fast', false],
    [
      'jest by path',
      ['jest', 'test'],
      {},
      ['test/a.js'],
      'jest --json --outputFile=S/jest.json --testLocationInResults --coverage=false --runTestsByPath test/a.js',
      true,
    ],
  ])('%s', async (_, command, lines, files, expected, narrow) => {
    scripts(lines);
    write({ 'test/a.js': '', 'test/setup.js': '', 'spec/a_spec.rb': '', 'tests/ATest.php': '' });
    const prepared = await prepareTests({ root, command, scratch, results: {}, ...(files === undefined ? {} : { files }) });
    expect(prepared.argv.join(' ').replaceAll(scratch, 'S')).toBe(expected);
    expect(prepared.narrow).toBe(narrow);
  });

  test('a command for test files takes each as an argument of its own', async () => {
    const prepared = await prepareTests({
      root,
      scratch,
      command: ['make', 'check'],
      testFilesCommand: ['mocha', '{files}', '--bail'],
      files: ['test/a b.js', 'test/c.js'],
      results: {},
    });
    expect(prepared.argv.slice(3)).toEqual(['test/a b.js', 'test/c.js', '--bail']);
    expect(prepared.narrow).toBe(true);
  });
});

function junitReport(name: string): string {
  return `<testsuites><testsuite name="s"><testcase name="${name}"/></testsuite></testsuites>`;
}

const nodeTests = {
  'sum.js': 'exports.sum = (a, b) => {\n  if (a > 100) {\n    return 0;\n  }\n  return a - b;\n};\n',
  'test/a.test.js':
    "const { test, describe } = require('node:test');\nconst assert = require('node:assert');\nconst { sum } = require('../sum.js');\ndescribe('sum', () => {\n  test('adds', () => assert.equal(sum(1, 2), 3));\n  test('zero', () => assert.equal(sum(1, 0), 1));\n});\n",
  'test/b.test.js': "require('node:test').test('other', () => {});\n",
};

describe('real runs', () => {
  test('node:test behind a script, with coverage, narrow and whole alike', async () => {
    write(nodeTests);
    scripts({ test: 'node --test' });
    const whole = await runTests({ root, command: ['npm', 'test'], coverage: true });
    expect(digest(whole.run)).toEqual([
      'assertion test/a.test.js > sum > adds',
      'passed test/a.test.js > sum > zero',
      'passed test/b.test.js > other',
    ]);
    expect(whole.run.results[0]?.failure).toMatchObject({ type: 'AssertionError' });
    const sum = whole.run.coverage?.files.find((file) => file.path === 'sum.js');
    expect(sum).toEqual({ path: 'sum.js', executable: [1, 2, 3, 5], executed: [1, 2, 5] });
    const narrow = await runTests({ root, command: ['npm', 'test'], files: ['test/a.test.js'] });
    expect(narrow.prepared.narrow).toBe(true);
    expect(digest(narrow.run)).toEqual(digest(whole.run).slice(0, 2));
  });

  test('types that Node strips keep their lines in the coverage', async () => {
    scripts({}, 'module');
    write({
      'sum.ts': 'export function sum(a: number, b: number): number {\n  if (a > 100) {\n    return 0;\n  }\n  return a + b;\n}\n',
      'sum.test.ts':
        "import test from 'node:test';\nimport { sum } from './sum.ts';\ntest('adds', (): void => void sum(1, 2));\n",
    });
    const { run } = await runTests({ root, command: ['node', '--test'], coverage: true });
    expect(run.coverage?.files.find((file) => file.path === 'sum.ts')).toEqual({
      path: 'sum.ts',
      executable: [1, 2, 3, 5],
      executed: [1, 2, 5],
    });
  });

  test('vitest with coverage', async () => {
    symlinkSync(fileURLToPath(new URL('../../../node_modules', import.meta.url)), join(root, 'node_modules'));
    scripts({ test: 'vitest' }, 'module');
    write({
      'sum.ts': 'export function sum(a: number, b: number): number {\n  if (a > 100) {\n    return 0;\n  }\n  return a - b;\n}\n',
      'sum.test.ts':
        "import { expect, test } from 'vitest';\nimport { sum } from './sum.ts';\ntest('adds', () => expect(sum(1, 2)).toBe(3));\n",
    });
    const { run } = await runTests({ root, command: ['npm', 'test'], coverage: true });
    expect(digest(run)).toEqual(['assertion sum.test.ts > adds']);
    const sum = run.coverage?.files.find((file) => file.path === 'sum.ts');
    expect(sum).toMatchObject({ executed: [2, 5] });
    expect(sum?.executable).toContain(3);
  });

  test.each<[string, string, string[], boolean]>([
    ['a script that fails an assertion', "require('node:assert').equal(1, 2)", ['assertion (exit status)'], false],
    ['a script that throws', 'null.x', ['error (exit status)'], false],
    ['a script that misses a module', "require('./gone')", ['load (exit status)'], false],
    ['a script that ends well', 'process.exitCode = 0', ['passed (exit status)'], false],
    ['a script that prints TAP', "console.log('TAP version 13\\nok 1 - a\\n1..1')", ['passed a'], true],
  ])('%s', async (_, source, expected, perTest) => {
    write({ 'own.js': source });
    const { run } = await runTests({ root, command: ['node', 'own.js'] });
    expect(digest(run)).toEqual(expected);
    expect(run.perTest).toBe(perTest);
  });

  test('a runner without a single test is no success', async () => {
    scripts({ test: 'node --test' });
    write({ 'lib/a.js': '' });
    const { run } = await runTests({ root, command: ['node', '--test', 'lib/none-*.js'] });
    expect(run.results.filter((result) => result.status === 'passed')).toEqual([]);
  });

  test('a file that does not load under a known runner is no evidence', async () => {
    write({ 'tap.js': "require('tape'); // is not installed" });
    const { run } = await runTests({ root, command: ['node', 'tap.js'] });
    expect(digest(run)).toEqual(['load (exit status)']);
    expect(run.perTest).toBe(false);
  });

  test('a run that a limit ended is red beside its failures', async () => {
    write({ 'tap.js': "// require('tape')\nconsole.log('TAP version 13\\nok 1 a\\nnot ok 2 b')" });
    const prepared = await prepareTests({ root, scratch, command: ['node', 'tap.js'], results: {} });
    const run = await prepared.collect({ ...(await execute(prepared, root)), ended: 'timeout', exitCode: null });
    expect(digest(run)).toEqual(['passed a', 'assertion b', 'timeout (exit status)']);
  });

  test('pytest with the lines that ran', async ({ skip }) => {
    if (spawnSync('python3', ['-m', 'pytest', '--version']).status !== 0) skip('pytest is not installed');
    write({
      'calc.py': 'def add(a, b):\n    if a > 100:\n        return 0\n    return a - b\n',
      'test_calc.py': 'from calc import add\n\n\ndef test_add():\n    assert add(1, 2) == 3\n',
    });
    const { run } = await runTests({ root, command: ['python3', '-m', 'pytest'], coverage: true });
    expect(digest(run)).toEqual(['assertion test_calc.py > test_add']);
    expect(run.coverage?.files[0]).toEqual({ path: 'calc.py', executable: [1, 2, 3, 4], executed: [1, 2, 4] });
    // What pytest itself would leave behind; installed plugins may add their own.
    expect(readdirSync(root).filter((name) => /^(__pycache__|\.pytest_cache|.*\.(xml|json))$/.test(name))).toEqual([]);
  });

  test('what ran before a crash is kept, and the crash is red', async () => {
    write({
      'tap.js':
        "// require('tape')\nconsole.log('TAP version 13\\n# first\\nok 1 a\\n# second\\nok 2 b'); throw new TypeError('boom');",
    });
    const { run } = await runTests({ root, command: ['node', 'tap.js'] });
    expect(digest(run)).toEqual(['passed first', 'error second']);
  });

  test('a test that crashes before its first point is red by its own name', async () => {
    write({ 'tap.js': "// require('tape')\nconsole.log('TAP version 13\\n# first\\nok 1 a\\n# second'); throw new Error();" });
    const { run } = await runTests({ root, command: ['node', 'tap.js'] });
    expect(digest(run)).toEqual(['passed first', 'error second']);
  });

  test('JUnit reports count only when they are of this run', async () => {
    write({
      'out/stale.xml': junitReport('stale'),
      'run.js': `require('fs').writeFileSync('out/fresh.xml', ${JSON.stringify(junitReport('fresh'))})`,
    });
    // Even a report whose time lies in the future was there before.
    utimesSync(join(root, 'out/stale.xml'), new Date(), new Date(Date.now() + 3_600_000));
    const { run } = await runTests({ root, command: ['node', 'run.js'], results: { junit: 'out/*.xml' } });
    expect(run.runner).toBe('junit');
    expect(digest(run)).toEqual(['passed s > fresh']);
  });

  test('a coverage report that the configuration names', async () => {
    write({
      'own.js': "require('fs').writeFileSync('lcov.info', 'SF:src/a.js\\nDA:1,1\\nDA:2,0\\nend_of_record\\n')",
    });
    const { run } = await runTests({ root, command: ['node', 'own.js'], coverage: true, results: { coverage: 'lcov.info' } });
    expect(run.coverage).toEqual({ files: [{ path: 'src/a.js', executable: [1, 2], executed: [1] }] });
    write({ 'own.js': '' });
    const stale = await runTests({ root, command: ['node', 'own.js'], coverage: true, results: { coverage: 'lcov.info' } });
    expect(stale.run.coverage).toBeUndefined();
  });
});

import { describe, expect, test } from 'vitest';
import { classify, globProblem, isTestPath, matchAny, matchProtected, testRole } from '../../src/core/paths.ts';

describe('globs', () => {
  test.each<[string, string, boolean]>([
    ['src/*.ts', 'src/a.ts', true],
    ['src/*.ts', 'src/a/b.ts', false],
    ['src/**/*.ts', 'src/a.ts', true],
    ['src/**/*.ts', 'src/a/b/c.ts', true],
    ['src/**', 'src', true],
    ['src/', 'src/a/b', true],
    ['**/test/**', 'a/test/b', true],
    ['**/test/**', 'a/tests/b', false],
    ['**/.*', 'a/.hidden', true],
    ['*', '.hidden', true],
    ['a?c', 'abc', true],
    ['a?c', 'a/c', false],
    ['[a-c]x', 'bx', true],
    ['[!a-c]x', 'bx', false],
    ['[', '[', true],
    ['{a,b}/{c,d}', 'b/d', true],
    ['{a,{b,c}}', 'c', true],
    ['{a}', '{a}', true],
    ['a\\*', 'a*', true],
    ['a\\*', 'ab', false],
    ['./a', 'a', true],
    ['/a', 'a', true],
    ['(a+)+$', 'aaaa', false],
    ['(a+)+$', '(a+)+$', true],
    ['a.b', 'axb', false],
  ])('%s against %s: %s', (glob, path, expected) => {
    expect(matchAny([glob])(path)).toBe(expected);
  });

  test.each<[string, string, boolean]>([
    ['db', 'a/db/b.sql', true],
    ['db/', 'db', true],
    ['/db', 'a/db', false],
    ['a/db', 'b/a/db', false],
    ['a/db/**', 'a/db', true],
    ['schema.sql', 'x/schema.sql', true],
    ['*.sql', 'x/y.sql', true],
  ])('protected %s against %s: %s', (glob, path, expected) => {
    expect(matchProtected([glob])(path)).toBe(expected);
  });

  // EX-12: these hang an engine that backtracks; here they cost pattern length × path length.
  test.each([
    ['*a'.repeat(400) + 'b', 'a'.repeat(4_000)],
    ['**/*a*/'.repeat(120) + 'b', 'a/'.repeat(1_500) + 'c'],
    ['**/'.repeat(300) + 'x', 'a/'.repeat(2_000) + 'b'],
    ['+(+(+(a)))b', 'a'.repeat(4_000)],
  ])('hostile pattern %#', { timeout: 5_000 }, (glob, path) => {
    expect(matchAny([glob])(path)).toBe(false);
    expect(matchProtected([glob])(path)).toBe(false);
  });

  test.each([
    ['', 'empty'],
    ['a'.repeat(1_001), '1001 characters'],
    ['!a', 'negation'],
    ['+(a)', 'extended group'],
    ['../a', 'leaves the repository'],
    ['{a,b}'.repeat(9), '256'],
  ])('%# is told', (glob, part) => {
    expect(globProblem(glob)).toContain(part);
  });
  test('a pattern that explodes is refused, never taken literally', () => {
    expect(() => matchAny(['{a,b}'.repeat(60)])).toThrow(RangeError);
  });
  test('a usual pattern has no problem', () => {
    expect(globProblem('src/**/*.{js,ts}')).toBeUndefined();
  });
});

describe('test paths', () => {
  test.each([
    'test/a.js',
    'tests/a.py',
    'src/__tests__/a.ts',
    'src/a.test.ts',
    'a.spec.js',
    'test.js',
    'tests.js',
    'lib/a_test.go',
    'tests/test_a.py',
    'pkg/test_a.py',
    'pkg/a_test.py',
    'conftest.py',
    'src/test/java/ATest.java',
    'app/ATest.java',
    'ATests.cs',
    'spec/a_spec.rb',
    'lib/a_spec.rb',
    'test/a_test.rb',
    'src/tests.rs',
    'tests/a.rs',
    'test/fixtures/a.json',
    'testdata/a.txt',
    'src/__snapshots__/a.snap',
    'src/__mocks__/fs.js',
    'tests/ATest.php',
    'App.Tests/Helper.cs',
    'spec/spec_helper.rb',
  ])('%s is', (path) => {
    expect(isTestPath(path)).toBe(true);
  });
  test.each([
    'src/a.js',
    'index.js',
    'lib/testing.js',
    'src/attest.py',
    'src/contest.go',
    'src/latest.ts',
    'src/Manifest.java',
    'README.md',
    'src/inspect.rb',
    'docs/spec.md',
    'node_modules/a/test/b.js',
    'vendor/a/test/b.go',
    'src/Contests.cs',
    'src/spectrum.js',
  ])('%s is not', (path) => {
    expect(isTestPath(path)).toBe(false);
  });
  test('globs of the configuration add to the conventions', () => {
    expect(isTestPath('checks/a.js', ['checks/**'])).toBe(true);
    expect(isTestPath('lib/a_test.go', ['checks/**'])).toBe(true);
    expect(isTestPath('test/a.js', ['checks/**'])).toBe(false);
  });

  test.each([
    ['test/a.js', 'test'],
    ['test/helpers/a.js', 'helper'],
    ['test/util.js', 'helper'],
    ['test/setup.ts', 'setup'],
    ['tests/conftest.py', 'setup'],
    ['spec/spec_helper.rb', 'setup'],
    ['src/__mocks__/a.js', 'mock'],
    ['test/fixtures/a.js', 'fixture'],
    ['test/data.json', 'fixture'],
    ['test/__snapshots__/a.snap', 'snapshot'],
  ])('%s plays %s', (path, role) => {
    expect(testRole(path)).toBe(role);
  });

  test.each([
    ['test/a.js', 'test'],
    ['src/a.js', 'source'],
    ['README.md', 'docs'],
    ['docs/a.md', 'docs'],
    ['CHANGELOG', 'docs'],
    ['package.json', 'config'],
    ['.eslintrc', 'config'],
    ['vitest.config.ts', 'config'],
    ['dist/a.js', 'generated'],
    ['package-lock.json', 'generated'],
    ['src/a.min.js', 'generated'],
    ['test/fixtures/README.md', 'test'],
  ])('%s is %s', (path, expected) => {
    expect(classify(path)).toBe(expected);
  });
});

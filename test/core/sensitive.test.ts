import { describe, expect, test } from 'vitest';
import { defaultTestGlobs } from '../../src/core/paths.ts';
import { findSensitive, nameParts } from '../../src/core/sensitive.ts';
import type { ChangedFile } from '../../src/core/types.ts';

const words = ['auth', 'payment', 'token', 'secret', 'api_key'];
function edit(path: string, before: string, after: string): ChangedFile {
  return {
    path,
    status: 'modified',
    oldMode: '100644',
    newMode: '100644',
    addedLines: 1,
    removedLines: 1,
    changedBytes: 1,
    binary: false,
    before,
    after,
  };
}
const codes = (...files: ChangedFile[]): string[] => [
  ...new Set(
    findSensitive({ base: 'a', head: 'b', files }, words, defaultTestGlobs)
      .map(({ code }) => code)
      .sort(),
  ),
];

const base = `export function take(list, size) {
  if (size < 0) throw new RangeError('size');
  if (list === undefined) return [];
  assert(Array.isArray(list));
  validateList(list);
  return list.slice(0, size);
}
`;

describe('source', () => {
  test.each<[string, string, string | RegExp, string, string[]]>([
    ['an honest edit', base, 'slice(0, size)', 'slice(0, size + 1)', []],
    ['a new check', base, '  return list.slice', "  if (size > 9) throw new RangeError('big');\n  return list.slice", []],
    ['a throw gone', base, /  if \(size[^\n]*\n/, '', ['human.guard_removed', 'human.throw_removed']],
    ['a throw commented out', base, '  if (size', '  // if (size', ['human.guard_removed', 'human.throw_removed']],
    ['an early return gone', base, /  if \(list[^\n]*\n/, '', ['human.guard_removed']],
    ['an assertion gone', base, /  assert[^\n]*\n/, '', ['human.assertion_removed']],
    ['validation gone', base, /  validate[^\n]*\n/, '', ['human.validation_removed']],
    ['@ts-ignore', base, '  return list', '  // @ts-ignore\n  return list', ['human.checker_silenced']],
    ['eslint-disable', base, 'export', '/* eslint-disable */\nexport', ['human.checker_silenced']],
    ['any', base, 'list, size)', 'list: any, size)', ['human.type_weakened']],
    ['any in a string', base, 'slice(0, size)', "slice(0, size, ': any')", []],
    [
      'a catch-all',
      base,
      'return list.slice(0, size);',
      'try { return list.slice(0, size); } catch { return []; }',
      ['human.catch_all'],
    ],
    ['a catch-all for a promise', base, 'return list.slice(0, size);', 'return load().catch(() => {});', ['human.catch_all']],
    [
      'a catch that rethrows',
      base,
      'return list.slice(0, size);',
      'try { return list.slice(0, size); } catch (e) { log(e); throw e; }',
      [],
    ],
    [
      'NODE_ENV',
      base,
      '  return list',
      "  if (process.env.NODE_ENV === 'test') return [1];\n  return list",
      ['human.detects_tests'],
    ],
    ['VITEST', base, '  return list', '  if (process.env.VITEST) return [1];\n  return list', ['human.detects_tests']],
    [
      'argv',
      base,
      '  return list',
      "  if (process.argv.join().includes('mocha')) return [1];\n  return list",
      ['human.detects_tests'],
    ],
    ['VITEST in a comment', base, '  return list', '  // process.env.VITEST\n  return list', []],
  ])('%s', (_, before, find, replace, expected) => {
    const after = before.replace(find, replace);
    expect(after).not.toBe(before);
    expect(codes(edit('src/take.ts', before, after))).toEqual(expected);
  });

  test.each<[string, string, string, string, string[]]>([
    [
      'a bare except',
      'src/a.py',
      'def f():\n    return g()\n',
      'def f():\n    try:\n        return g()\n    except:\n        return None\n',
      ['human.catch_all'],
    ],
    [
      'except Exception',
      'src/a.py',
      'def f():\n    return g()\n',
      'def f():\n    try:\n        return g()\n    except Exception:\n        pass\n',
      ['human.catch_all'],
    ],
    [
      'except of one kind',
      'src/a.py',
      'def f():\n    return g()\n',
      'def f():\n    try:\n        return g()\n    except KeyError:\n        return None\n',
      [],
    ],
    ['type: ignore', 'src/a.py', 'a = f()\n', 'a = f()  # type: ignore\n', ['human.checker_silenced']],
    [
      'raise gone',
      'src/a.py',
      'def f(x):\n    if x < 0:\n        raise ValueError(x)\n    return x\n',
      'def f(x):\n    return x\n',
      ['human.guard_removed', 'human.throw_removed'],
    ],
    [
      'pytest detected',
      'src/a.py',
      'a = 1\n',
      'import os\na = 2 if os.environ.get("PYTEST_CURRENT_TEST") else 1\n',
      ['human.detects_tests'],
    ],
    [
      'panic gone',
      'a.go',
      'func f(x int) int {\n\tif x < 0 {\n\t\tpanic("no")\n\t}\n\treturn x\n}\n',
      'func f(x int) int {\n\treturn x\n}\n',
      ['human.throw_removed'],
    ],
    ['nolint', 'a.go', 'x := f()\n', 'x := f() // nolint\n', ['human.checker_silenced']],
    [
      'catch Throwable',
      'src/A.java',
      'int f() { return g(); }\n',
      'int f() { try { return g(); } catch (Throwable t) { log(t); return 0; } }\n',
      ['human.catch_all'],
    ],
  ])('%s', (_, path, before, after, expected) => {
    expect(codes(edit(path, before, after))).toEqual(expected);
  });
});

describe('words', () => {
  test.each([
    ['authToken = 1', true],
    ['const AUTH_URL = 1', true],
    ['tokens.push(1)', true],
    ['user.apiKey = 1', true],
    ["const name = 'payment failed'", true],
    ['author = 1', false],
    ['tokenizer.next()', false],
    ['tokenize(text)', false],
    ['secretary = 1', false],
    ['apiKeyboard = 1', false],
    ['unrelated = 1', false],
    ['// auth', false],
  ])('%s: %s', (line, found) => {
    expect(codes(edit('src/a.ts', 'x = 0;\n', `x = 0;\n${line};\n`))).toEqual(found ? ['human.sensitive_word'] : []);
    expect(codes(edit('src/a.ts', `x = 0;\n${line};\n`, 'x = 0;\n'))).toEqual(found ? ['human.sensitive_word'] : []);
  });

  test('a word in the path is told whatever changed', () => {
    expect(codes(edit('src/auth/login.ts', 'a;\n', 'b;\n'))).toEqual(['human.sensitive_path']);
    expect(codes(edit('src/authors/list.ts', 'a;\n', 'b;\n'))).toEqual([]);
  });
  test('a word on an untouched line is none', () => {
    expect(codes(edit('src/a.ts', 'token;\na;\n', 'token;\nb;\n'))).toEqual([]);
  });
  test('tests and documents are not looked at', () => {
    expect(codes(edit('test/auth.test.ts', 'a;\n', 'token;\n'), edit('docs/auth.md', 'a\n', 'token\n'))).toEqual([]);
  });
  test.each([
    ['authToken', ['auth', 'token']],
    ['XMLHttpRequest', ['xml', 'http', 'request']],
    ['API_KEY', ['api', 'key']],
    ['kebab-case/path.ts', ['kebab', 'case', 'path', 'ts']],
  ])('%s has the parts %j', (name, parts) => {
    expect(nameParts(name)).toEqual(parts);
  });
});

const spec = (value: string): ChangedFile =>
  edit('test/a.test.ts', "it('a', () => {});\n", `it('a', () => {});\nit('b', () => { expect(f(${value})).toBe(2); });\n`);

describe('values of the tests', () => {
  test.each<[string, string, string[]]>([
    ["'2024-02-30'", "if (input === '2024-02-30') return 2;", ['human.hard_coded_value']],
    ["'2024-02-30'", "if (['2024-02-30'].includes(input)) return 2;", ['human.hard_coded_value']],
    ["'2024-02-30'", "switch (input) { case '2024-02-30': return 2; }", ['human.hard_coded_value']],
    ['123456', 'if (input === 123456) return 2;', ['human.hard_coded_value']],
    ['123456', "log('123456');", []],
    ['1', 'if (input === 1) return 2;', []],
    ["'2024-02-30'", "// if (input === '2024-02-30') return 2;", []],
  ])('%s and %s', (value, line, expected) => {
    expect(codes(spec(value), edit('src/a.ts', 'a();\n', `a();\n${line}\n`))).toEqual(expected);
  });
});

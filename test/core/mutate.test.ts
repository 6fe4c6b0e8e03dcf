import { describe, expect, test } from 'vitest';
import { applyEdit, type OperatorName } from '../../src/core/mutate/edit.ts';
import { likelihoodOf, symptomOf } from '../../src/core/mutate/likelihood.ts';
import { keepsSyntax, proposeEdits } from '../../src/core/mutate/propose.ts';
import { visibleNames, type VisibleName } from '../../src/core/mutate/scope.ts';
import { languageOf, nodesOf, parse, textOf, type Source } from '../../src/core/mutate/syntax.ts';

function read(path: string, text: string): Source {
  const source = parse(path, text);
  if (source === undefined) throw new Error(`no grammar for ${path}`);
  return source;
}

const allLines = (text: string): Set<number> => new Set(text.split('\n').map((_, index) => index + 1));

/** Whole texts that result from the edits of one kind. */
function resultsOf(path: string, text: string, operator: OperatorName): string[] {
  return proposeEdits(read(path, text), allLines(text))
    .filter((edit) => edit.operator === operator)
    .map((edit) => applyEdit(text, edit));
}

describe('every kind of edit', () => {
  test.each<[OperatorName, string, string, string]>([
    ['boundary', 'a.js', 'if (a < b) f();', 'if (a <= b) f();'],
    ['boundary', 'a.py', 'while i <= n:\n    i += 1\n', 'while i < n:\n    i += 1\n'],
    ['comparison', 'a.ts', 'const same = a === b;', 'const same = a !== b;'],
    ['comparison', 'a.py', 'same = a == b\n', 'same = a != b\n'],
    ['arithmetic', 'a.js', 'const x = a - b;', 'const x = a + b;'],
    ['arithmetic', 'a.js', 'total += price;', 'total -= price;'],
    ['arithmetic', 'a.py', 'x = a // b\n', 'x = a / b\n'],
    ['logical', 'a.js', 'const x = a || b;', 'const x = a ?? b;'],
    ['logical', 'a.js', 'if (a && b) f();', 'if (a || b) f();'],
    ['logical', 'a.py', 'x = a and b\n', 'x = a or b\n'],
    ['negation', 'a.js', 'if (!ready) f();', 'if (ready) f();'],
    ['negation', 'a.js', 'if (ready) f();', 'if (!ready) f();'],
    ['negation', 'a.js', 'const x = a || b ? 1 : 2;', 'const x = !(a || b) ? 1 : 2;'],
    ['negation', 'a.py', 'if ready:\n    f()\n', 'if not ready:\n    f()\n'],
    ['negation', 'a.py', 'x = a in b\n', 'x = a not in b\n'],
    ['negation', 'a.py', 'x = a is not None\n', 'x = a is None\n'],
    ['number', 'a.js', 'const x = list[1];', 'const x = list[0];'],
    ['number', 'a.js', 'const x = list[0];', 'const x = list[1];'],
    ['literal', 'a.js', 'const x = true;', 'const x = false;'],
    ['literal', 'a.py', 'x = False\n', 'x = True\n'],
    ['off-by-one', 'a.js', 'const x = list.slice(0, end);', 'const x = list.slice(0, end + 1);'],
    ['off-by-one', 'a.js', 'const x = list[n - 1];', 'const x = list[n];'],
    ['off-by-one', 'a.py', 'x = list(range(n))\n', 'x = list(range(n + 1))\n'],
    ['swapped-arguments', 'a.js', 'const x = f(a, b);', 'const x = f(b, a);'],
    ['swapped-arguments', 'a.py', 'x = f(a, b)\n', 'x = f(b, a)\n'],
    ['missing-argument', 'a.js', 'const x = list.sort();', 'const x = list.sort((a, b) => a - b);'],
    [
      'missing-argument',
      'a.js',
      'function f(a, b) { return g(a); }\nfunction g(a, b) {}',
      'function f(a, b) { return g(a, b); }\nfunction g(a, b) {}',
    ],
    ['identifier', 'a.js', 'function f(net, gross) { return gross; }', 'function f(net, gross) { return net; }'],
    ['identifier', 'a.py', 'def f(net, gross):\n    return gross\n', 'def f(net, gross):\n    return net\n'],
    ['property', 'a.js', 'const x = r.start + r.end;', 'const x = r.end + r.end;'],
    [
      'property',
      'a.ts',
      'interface R { start: number; end: number }\nconst f = (r: R) => r.start;',
      'interface R { start: number; end: number }\nconst f = (r: R) => r.end;',
    ],
    ['null-check', 'a.js', 'const x = user.name;', 'const x = user?.name;'],
    [
      'early-return',
      'a.js',
      'function f(s) {\n  return s.trim();\n}',
      "function f(s) {\n  if (s == null) return '';\n  return s.trim();\n}",
    ],
    [
      'early-return',
      'a.py',
      'def f(s):\n    return s.strip()\n',
      "def f(s):\n    if s is None:\n        return ''\n    return s.strip()\n",
    ],
    ['missing-return', 'a.js', 'function f(a) {\n  g(a);\n}', 'function f(a) {\n  return g(a);\n}'],
    ['method', 'a.js', 'const x = Math.floor(y);', 'const x = Math.round(y);'],
    ['method', 'a.py', 'x = s.find(t)\n', 'x = s.rfind(t)\n'],
    ['await', 'a.js', 'async function f() { return load().name; }', 'async function f() { return (await load()).name; }'],
    ['await', 'a.py', 'async def f():\n    return load()\n', 'async def f():\n    return await load()\n'],
  ])('%s in %s: %s', (operator, path, before, after) => {
    expect(resultsOf(path, before, operator)).toContain(after);
  });
});

describe('what is left alone', () => {
  test.each([
    ['types', 'a.ts', 'type A = Map<string, 1 | 2>;\nlet v: Array<0> | undefined;'],
    ['interfaces', 'a.ts', 'interface A { n: 1; ok: true }'],
    ['imports', 'a.js', "import { a } from './b.js';"],
    ['Python imports', 'a.py', 'from a import b\n'],
    ['comments', 'a.js', '// if (a < b) return 1'],
    ['thrown messages', 'a.js', "throw new Error('a < 1');"],
    ['docstrings', 'a.py', '"""x < 1"""\n'],
  ])('%s', (_, path, text) => {
    expect(proposeEdits(read(path, text), allLines(text))).toEqual([]);
  });

  test('only the lines asked for are edited', () => {
    const text = 'if (a < b) f();\nif (c < d) g();\n';
    const edits = proposeEdits(read('a.js', text), new Set([2]));
    expect(new Set(edits.map(({ line }) => line))).toEqual(new Set([2]));
    expect(edits.length).toBeGreaterThan(0);
  });

  test('bytes outside the edit, with CRLF, tabs and astral characters', () => {
    const text = "const face = '😀';\r\nfunction f(s) {\r\n\treturn s.a  <  s.b; // odd   spacing\r\n}\r\n";
    const edits = proposeEdits(read('a.js', text), allLines(text));
    expect(edits.length).toBeGreaterThan(5);
    for (const edit of edits) {
      const edited = applyEdit(text, edit);
      expect(edited.slice(0, edit.from)).toBe(text.slice(0, edit.from));
      expect(edited.slice(edit.from + edit.insert.length)).toBe(text.slice(edit.to));
    }
    expect(edits.map((edit) => applyEdit(text, edit))).toContain(text.replace('<', '<='));
    expect(edits.some((edit) => edit.insert.startsWith('if (s == null)') && edit.insert.endsWith(';\r\n\t'))).toBe(true);
  });
});

test('an edit that would not parse is recognised', () => {
  const source = read('a.js', 'const x = a + b;');
  const edit = { path: 'a.js', from: 12, to: 13, line: 1, operator: 'arithmetic', fit: 1 } as const;
  expect(keepsSyntax(source, { ...edit, insert: '-' })).toBe(true);
  expect(keepsSyntax(source, { ...edit, insert: ')' })).toBe(false);
});

/** Names that can be written where `text` is read last. */
function namesAt(source: Source, text: string): VisibleName[] {
  const node = nodesOf(source).findLast((candidate) => candidate.name === 'VariableName' && textOf(source, candidate) === text);
  if (node === undefined) throw new Error(`${text} is not read`);
  return visibleNames(source, node);
}

describe('visibleNames', () => {
  test('nearest first, callables apart, nothing declared later or elsewhere', () => {
    const source = read(
      'a.ts',
      'import { other } from "x";\nconst limit = 1;\nfunction helper() { const hidden = 1; }\nfunction f(a: number) {\n  const b = a;\n  { const c = 1; use(target); }\n  const later = 2;\n}',
    );
    const names = namesAt(source, 'target');
    expect(names.map(({ name }) => name)).toEqual(['c', 'b', 'a', 'other', 'limit', 'helper', 'f']);
    expect(names.filter(({ kind }) => kind === 'callable').map(({ name }) => name)).toEqual(['helper', 'f']);
  });

  test('Python: parameters, assignments, loops and imports', () => {
    const source = read(
      'a.py',
      'import math\nTOP = 1\ndef f(a, b=2):\n    c = a\n    for i in c:\n        use(target)\n    return c\n',
    );
    expect(
      namesAt(source, 'target')
        .map(({ name }) => name)
        .sort(),
    ).toEqual(['TOP', 'a', 'b', 'c', 'f', 'i', 'math']);
  });
});

describe('symptoms', () => {
  test.each([
    ["Cannot read properties of undefined (reading 'x')", 'TypeError', 'missing-value'],
    ['unsupported format string passed to NoneType.__format__', 'TypeError', 'missing-value'],
    ["'NoneType' object has no attribute 'strip'", 'AttributeError', 'missing-value'],
    ['expected true to be false // Object.is equality', 'AssertionError', 'flipped-boolean'],
    ['Expected values to be strictly equal:\n\n3 !== 4\n', 'AssertionError', 'near-number'],
    ['expected 9500 to be 7600 // Object.is equality', 'AssertionError', 'other-number'],
    ['assert 3 == 4', 'AssertionError', 'near-number'],
    ["expected 'a' to be 'b'", 'AssertionError', 'text'],
    ['expected Promise {} to be 3', 'AssertionError', 'promise'],
    ['not a time: "24:00"', 'RangeError', 'thrown'],
  ])('%s', (message, type, symptom) => {
    expect(symptomOf(message, type)).toBe(symptom);
  });

  test('a missing value makes a check likelier than a boundary, a near number the other way round', () => {
    expect(likelihoodOf('early-return', 'missing-value')).toBeGreaterThan(likelihoodOf('boundary', 'missing-value'));
    expect(likelihoodOf('early-return', 'near-number')).toBeLessThan(likelihoodOf('boundary', 'near-number'));
  });
});

test.each([
  ['a.tsx', 'javascript'],
  ['a.mjs', 'javascript'],
  ['a.d.ts', undefined],
  ['a.py', 'python'],
  ['a.go', undefined],
  ['Makefile', undefined],
])('language of %s', (path, language) => {
  expect(languageOf(path)).toBe(language);
});

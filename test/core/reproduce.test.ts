import { describe, expect, test } from 'vitest';
import { parse } from '../../src/core/mutate/syntax.ts';
import { reproduce, writeReproduction, type ReproductionFacts } from '../../src/core/reproduce.ts';
import { dottedName, entriesOf, offeredNames } from '../../src/core/reproduce/package.ts';

const title = 'Sum is off by one';

const node: ReproductionFacts = {
  runner: 'node-test',
  tests: [
    {
      path: 'test/other.test.js',
      text: "import { test } from 'node:test';\nimport { other } from '../src/other.js';\ntest('x', () => {\n  other();\n});\n",
    },
    {
      path: 'test/unit/sum.test.js',
      text: "import { test } from 'node:test';\nimport { sum } from '../../src/sum.js';\ntest('x', () => {\n  sum();\n});\n",
    },
  ],
  package: {
    name: 'calc',
    esm: true,
    entries: [
      { specifier: '.', path: 'src/index.js' },
      { specifier: './extra', path: 'src/extra.js' },
    ],
    modules: [
      { path: 'src/index.js', names: ['sum', 'load', 'Sheet'] },
      { path: 'src/extra.js', names: ['mean'] },
      { path: 'src/sum.js', names: ['sum', 'inner'] },
    ],
  },
};

const python: ReproductionFacts = {
  runner: 'pytest',
  tests: [{ path: 'tests/test_sum.py', text: 'from calc import total\n\n\ndef test_total():\n    assert total([1]) == 1\n' }],
  package: {
    esm: false,
    entries: [],
    modules: [
      { path: 'src/calc/__init__.py', names: ['total', 'Sheet'], dotted: 'calc' },
      { path: 'src/calc/more.py', names: ['mean'], dotted: 'calc.more' },
    ],
  },
};

const js = (code: string, rest = ''): string => `It is wrong.\n\n\`\`\`js\n${code}\n\`\`\`\n\n${rest}`;
const py = (code: string, rest = ''): string => `It is wrong.\n\n\`\`\`python\n${code}\n\`\`\`\n\n${rest}`;

/** The lines between the test's first and last line. */
function bodyOf(body: string, facts: ReproductionFacts): string {
  const found = reproduce({ title, body }, facts);
  if (!found.ok) return `refused: ${found.reason}`;
  const lines = found.content.split('\n');
  const start = lines.findIndex((line) => /^(?:test\(|def )/.test(line));
  return lines
    .slice(start + 1)
    .filter((line) => !/^\}\);?$|^$/.test(line) && !line.includes('"""'))
    .map((line) => line.trim())
    .join('\n');
}

const three = 'assert.equal(sum([1, 2]), 3);';

describe('JavaScript reports', () => {
  test.each([
    ['an arrow comment', js('sum([1, 2]) // => 4, expected 3'), three],
    ['a comment that says should be', js("import { sum } from 'calc';\nsum([1, 2]); // 4, should be 3"), three],
    ['instead of', js('sum([1, 2]) // returns 4 instead of 3'), three],
    ['expected and actual on lines below', js('sum([1, 2]);\n// Actual: 4\n// Expected: 3'), three],
    ['comments above', js('// expected: 3\n// got: 4\nsum([1, 2])'), three],
    ['console.log with a comment', js('console.log(sum([1, 2])); // prints 4, expected 3'), three],
    [
      'a variable that is looked at',
      js('const s = sum([1, 2]); // got 4 but expected 3'),
      'const s = sum([1, 2]);\nassert.equal(s, 3);',
    ],
    ['labels in the prose', js('sum([1, 2])', '**Expected:** `3`\n**Actual:** `4`'), three],
    ['headings in the prose', js('sum([1, 2])', '### Expected behaviour\n\n`3`\n\n### Actual behaviour\n\n`4`'), three],
    ['a heading with a block', js('sum([1, 2])', '## Expected result\n\n```\n3\n```\n\n## Actual result\n\n```\n4\n```'), three],
    [
      'printed text in a block',
      js('console.log(sum([1, 2]))', 'Expected:\n\n```\na  b\n1  2\n```\n'),
      "assert.equal(String(sum([1, 2])), 'a  b\\n1  2');",
    ],
    ['a sentence after the block', js('sum([1, 2])', 'This returns 4, but it should be 3.'), three],
    ['a sentence alone', 'Calling `sum([1, 2])` returns `4` but should return `3`.', three],
    ['a REPL session', js('> sum([1, 2])\n4', 'I expected `3`.'), three],
    ['an assertion', js("import assert from 'node:assert';\nassert.equal(sum([1, 2]), 3);"), three],
    ['an assertion of another runner', js('expect(sum([1, 2])).toBe(3)'), 'assert.deepEqual(sum([1, 2]), 3);'],
    [
      'objects',
      js("const s = new Sheet();\ns.add(1);\ns.rows() // => [], expected [{ a: 1, b: [null, 'x'] }]"),
      "const s = new Sheet();\ns.add(1);\nassert.deepEqual(s.rows(), [{ a: 1, b: [null, 'x'] }]);",
    ],
    ['a thrown error', js('sum(null) // should throw a TypeError'), 'assert.throws(() => sum(null), TypeError);'],
    ['no error', js('sum([])', 'Expected: no error'), 'assert.doesNotThrow(() => sum([]));'],
    ['await', js('await load(1) // => undefined, expected "x"'), 'assert.equal(await load(1), "x");'],
    [
      'a sub-path of the package',
      js("import { mean } from 'calc/extra';\nmean([1]) // => 2, expected 1"),
      'assert.equal(mean([1]), 1);',
    ],
  ])('%s', (_, body, expected) => {
    expect(bodyOf(body, node)).toBe(expected);
  });

  test('a whole file, in the style and place of the nearest test', () => {
    const found = reproduce(
      {
        title: "Sum's off by `one`!",
        body: js("const { sum } = require('calc');\nsum([1, 2]) // 4, expected 3\nsum([2, 2]) // 5, expected 4"),
      },
      node,
    );
    expect(found).toMatchObject({
      ok: true,
      path: 'test/unit/sum-s-off-by-one.test.js',
      tests: ["Sum's off by `one`!", "Sum's off by `one`! (2)"],
    });
    expect(found.ok && found.content).toBe(
      [
        "import assert from 'node:assert/strict';",
        "import { test } from 'node:test';",
        "import { sum } from '../../src/index.js';",
        '',
        "test('Sum\\'s off by `one`!', () => {",
        '  assert.equal(sum([1, 2]), 3);',
        '});',
        '',
        "test('Sum\\'s off by `one`! (2)', () => {",
        '  assert.equal(sum([2, 2]), 4);',
        '});',
        '',
      ].join('\n'),
    );
  });

  test('only some of the examples', () => {
    const found = reproduce({ title, body: js('sum([1]) // 1, expected 1\nsum([1, 2]) // 4, expected 3') }, node);
    if (!found.ok) throw new Error(found.reason);
    const again = writeReproduction(title, found.examples.slice(1), node);
    expect(again.ok && again.content).toContain(three);
    expect(again.ok && again.tests).toEqual([title]);
  });

  test.each<[string, Partial<ReproductionFacts>, string, string]>([
    [
      'vitest',
      {
        runner: 'vitest',
        tests: [
          {
            path: 'src/sum.spec.ts',
            text: 'import { expect, it } from "vitest"\nimport { sum } from "./sum"\nit("x", () => {\n\tsum()\n})\n',
          },
        ],
      },
      'src/sum-is-off-by-one.spec.ts',
      'import { expect, test } from "vitest"\nimport { sum } from "./index.js"\n\ntest("Sum is off by one", () => {\n\texpect(sum([1, 2])).toEqual(3)\n})\n',
    ],
    [
      'jest with globals and require',
      {
        runner: 'jest',
        tests: [
          {
            path: '__tests__/sum.js',
            text: "const { sum } = require('../src/sum');\ntest('x', () => {\n  expect(sum()).toBe(1);\n});\n",
          },
        ],
      },
      '__tests__/sum-is-off-by-one.js',
      "const { sum } = require('../src/index');\n\ntest('Sum is off by one', () => {\n  expect(sum([1, 2])).toEqual(3);\n});\n",
    ],
    [
      'mocha',
      {
        runner: 'mocha',
        tests: [{ path: 'test/sum.js', text: "import assert from 'node:assert';\nit('x', () => {\n  assert.ok(1);\n});\n" }],
      },
      'test/sum-is-off-by-one.js',
      "import assert from 'node:assert/strict';\nimport { sum } from '../src/index.js';\n\nit('Sum is off by one', () => {\n  assert.equal(sum([1, 2]), 3);\n});\n",
    ],
    [
      'ava',
      { runner: 'ava', tests: [{ path: 'test.js', text: "import test from 'ava';\ntest('x', t => {\n\tt.pass();\n});\n" }] },
      'sum-is-off-by-one.js',
      "import test from 'ava';\nimport { sum } from './src/index.js';\n\ntest('Sum is off by one', (t) => {\n\tt.deepEqual(sum([1, 2]), 3);\n});\n",
    ],
  ])('as a test of %s', (_, style, path, content) => {
    const found = reproduce({ title, body: js('sum([1, 2]) // => 4, expected 3') }, { ...node, ...style });
    expect(found).toMatchObject({ ok: true, path, content });
  });
});

describe('Python reports', () => {
  const wanted = 'assert total([1, 2]) == 3';
  test.each([
    ['a doctest', py('>>> from calc import total\n>>> total([1, 2])\n4', 'Expected: `3`'), wanted],
    ['a doctest with the value in a comment', py('>>> total([1, 2])  # expected 3\n4'), wanted],
    ['print with a comment', py('print(total([1, 2]))  # 4, should be 3'), wanted],
    ['an assert', py('from calc import total\nassert total([1, 2]) == 3'), wanted],
    ['prose', 'I found that `total([1, 2])` gives `4`, expected `3`.', wanted],
    ['None', py('total([])  # got 0, expected None'), 'assert total([]) is None'],
    [
      'setup and a keyword argument',
      py('s = Sheet()\ns.add(1)\ns.rows(sort=True)  # [], expected [{"a": (1, None)}]'),
      's = Sheet()\ns.add(1)\nassert s.rows(sort=True) == [{"a": (1, None)}]',
    ],
    ['a raised error', py('total(None)  # should raise ValueError'), 'with pytest.raises(ValueError):\ntotal(None)'],
  ])('%s', (_, body, expected) => {
    expect(bodyOf(body, python)).toBe(expected);
  });

  test('a whole file', () => {
    const body = py('from datetime import date\nfrom calc.more import mean\n\nmean([date(2024, 1, 1)])', 'Expected: `None`');
    expect(reproduce({ title, body }, python)).toMatchObject({
      ok: true,
      path: 'tests/test_sum_is_off_by_one.py',
      content:
        'from datetime import date\n\nfrom calc.more import mean\n\n\ndef test_sum_is_off_by_one():\n    """Sum is off by one"""\n    assert mean([date(2024, 1, 1)]) is None\n',
    });
  });
});

describe('what is refused', () => {
  test.each([
    ['no example', 'It does not work. Please help!', node, 'shows no call'],
    ['a call without an expectation', js('sum([1, 2])'), node, 'shows no call'],
    [
      'a stack trace alone',
      js("TypeError: Cannot read properties of undefined (reading 'x')\n    at sum (src/sum.js:3:1)"),
      node,
      'shows no call',
    ],
    ['another package', js("import { sum } from 'lodash';\nsum([1, 2]) // 4, expected 3"), node, 'imports `lodash`'],
    ['a name that nobody offers', js('product([1, 2]) // 4, expected 2'), node, 'uses `product`'],
    ['a process of the machine', js('sum([process.exit(1)]) // 4, expected 3'), node, 'uses `process`'],
    ['files', js("import fs from 'node:fs';\nsum(fs.readdirSync('/')) // 4, expected 3"), node, 'imports `node:fs`'],
    ['the network', js("sum([await fetch('http://127.0.0.1')]) // 4, expected 3"), node, 'uses `fetch`'],
    ['reflection', js("sum([[].constructor.constructor('return 1')()]) // 4, expected 3"), node, 'uses `constructor`'],
    ['dynamic import', js("sum([await import('node:fs')]) // 4, expected 3"), node, 'uses `import`'],
    ['keys put together', js("sum([]['const' + 'ructor']) // 4, expected 3"), node, "uses `['const' + 'ructor']`"],
    ['keys of patterns', js("const { ['const' + 'ructor']: c } = [];\nsum(c) // 4, expected 3"), node, 'uses `['],
    ['escapes', js('sum([].\\u0063onstructor) // 4, expected 3'), node, 'uses `\\u`'],
    ['frames of generators', py('total((x for x in []).gi_frame)  # 4, expected 3'), python, 'uses `gi_frame`'],
    ['Python files', py('total([open("/etc/hosts")])  # 4, expected 3'), python, 'uses `open`'],
    ['Python modules', py('import os\ntotal([os.getpid()])  # 4, expected 3'), python, 'imports `os`'],
    ['Python reflection', py('total([().__class__])  # 4, expected 3'), python, 'uses `__class__`'],
    ['nothing of the package', js('Math.max(1, 2) // 4, expected 3'), node, 'calls nothing of this package'],
    ['hidden text', '<!--\n```js\nsum([1, 2]) // 4, expected 3\n```\n-->\nIt is wrong.', node, 'shows no call'],
    [
      'a runner whose tests cannot be written',
      js('sum([1, 2]) // 4, expected 3'),
      { ...node, runner: 'tap' as const },
      'runner tap',
    ],
    ['a repository without tests', js('sum([1, 2]) // 4, expected 3'), { ...node, tests: [] }, 'no test in a known language'],
  ])('%s', (_, body, facts, reason) => {
    const found = reproduce({ title, body }, facts);
    expect(found.ok ? found.content : found.reason).toContain(reason);
    expect(found.ok).toBe(false);
  });
});

describe('what a package offers', () => {
  const paths = ['src/index.ts', 'src/extra.ts', 'lib/main.js', 'package.json'];
  test.each([
    [{ exports: './dist/index.js' }, [{ specifier: '.', path: 'src/index.ts' }]],
    [
      { exports: { '.': { types: './dist/index.d.ts', import: './dist/index.mjs' }, './extra': './dist/extra.js' } },
      [
        { specifier: '.', path: 'src/index.ts' },
        { specifier: './extra', path: 'src/extra.ts' },
      ],
    ],
    [{ main: 'lib/main' }, [{ specifier: '.', path: 'lib/main.js' }]],
    [{}, [{ specifier: '.', path: 'src/index.ts' }]],
    [undefined, [{ specifier: '.', path: 'src/index.ts' }]],
  ])('entries of %j', (manifest, entries) => {
    expect(entriesOf(manifest, paths)).toEqual(entries);
  });

  test.each([
    [
      'a.ts',
      'export function a() {}\nexport const b = 1, c = 2;\nexport class D {}\nexport { e as f, type g } from "./x";\nconst hidden = 1;',
      ['a', 'b', 'c', 'D', 'f', 'g'],
    ],
    ['a.cjs', 'exports.a = 1;\nmodule.exports = { b, c: d };', ['a', 'b', 'c']],
    ['a.py', 'import os\nTOP = 1\ndef a(): pass\nclass B: pass\n@deco\ndef c(): pass\n', ['TOP', 'a', 'B', 'c']],
    ['a.txt', 'export const a = 1', []],
  ])('names of %s', (path, text, names) => {
    expect(offeredNames(path, text)).toEqual(names);
  });

  test('dotted names', () => {
    expect(['src/calc/__init__.py', 'calc/more.py'].map(dottedName)).toEqual(['calc', 'calc.more']);
  });
});

test('what is written parses', () => {
  const found = reproduce(
    { title: 'A "quoted" \\ title\nwith \'all\' of it', body: js('sum([1, 2]) // => 4, expected 3') },
    node,
  );
  if (!found.ok) throw new Error(found.reason);
  let errors = 0;
  parse(found.path, found.content)?.tree.iterate({ enter: (ref) => void (errors += ref.type.isError ? 1 : 0) });
  expect(errors).toBe(0);
});

import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { readReport } from '../../src/core/issue.ts';
import {
  addEntry,
  decodeIndex,
  encodeIndex,
  locate,
  nameSuspects,
  newIndex,
  selectChunks,
  type SourceFile,
} from '../../src/core/locate.ts';
import { isTemplate, sortLines } from '../../src/core/locate/lines.ts';
import { facet, scan, termOf } from '../../src/core/locate/terms.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

function filesOf(folder: string): SourceFile[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && !entry.parentPath.includes('node_modules'))
    .map((entry) => join(entry.parentPath, entry.name))
    .map((file) => ({ path: relative(folder, file), text: readFileSync(file, 'utf8') }));
}
const report = (body: string, title = 'it fails') => readReport({ id: 'x', title, body, source: 'file' });
const file = (path: string, text: string): SourceFile => ({ path, text });
const filler = (lines: number, word = 'filler') => Array.from({ length: lines }, (_, i) => `${word}(${i});`).join('\n');

const shop = [
  file(
    'src/cart.ts',
    `${filler(60)}\nexport function totalOf(cart: Cart): number {\n  return cart.items.length;\n}\n${filler(60)}`,
  ),
  file('src/user.ts', 'export class UserStore {\n  rename(name: string) {\n    this.name = name;\n  }\n}\n'),
  file('src/net/http.ts', 'export const send = () => fetch("/cart");\n'),
  file('lib/http.ts', 'export const other = 1;\n'),
  file('test/cart.test.ts', 'totalOf(cart) totalOf cart total cart items\n'),
  file('docs/cart.md', 'totalOf cart total\n'),
  file('dist/cart.js', 'function totalOf(cart) {}\n'),
  file('package-lock.json', '{"cart": "totalOf"}\n'),
  file('logo.png', 'totalOf cart\0'),
];

describe('what the report names comes first', () => {
  test.each([
    [
      'a stack frame',
      'TypeError: no\n    at rename (/app/src/user.ts:3:5)\n    at totalOf (/app/src/cart.ts:61:1)',
      'src/user.ts',
      3,
    ],
    [
      'the last Python frame',
      'Traceback:\n  File "/x/src/cart.ts", line 61, in a\n  File "/x/src/user.ts", line 2, in b\nKeyError: 1',
      'src/user.ts',
      2,
    ],
    ['a file with a line', 'look at `src/net/http.ts:1`', 'src/net/http.ts', 1],
    ['a permalink', 'https://github.com/o/r/blob/main/src/cart.ts#L61-L62', 'src/cart.ts', 61],
    ['a longer path than the repository has', 'at x (/build/agent/checkout/lib/http.ts:1:1)', 'lib/http.ts', 1],
    ['a defined symbol', 'calling totalOf() gives 3', 'src/cart.ts', 61],
    ['words', 'renaming the user has no effect', 'src/user.ts', undefined],
  ])('%s', (_name, body, path, line) => {
    const [first] = locate(report(body), shop);
    expect(first?.path).toBe(path);
    expect(first?.why).not.toBe('');
    expect(first?.line).toBe(line);
  });

  test('a bare name that two files share decides nothing', () => {
    const named = locate(report('error in http.ts'), shop).filter(({ why }) => why.includes('named'));
    expect(named.map(({ path }) => path).sort()).toEqual(['lib/http.ts', 'src/net/http.ts']);
  });
});

test('tests, documents, build output, lock files and binaries are no candidates', () => {
  const found = locate(report('totalOf in test/cart.test.ts, docs/cart.md, dist/cart.js, package-lock.json and logo.png'), shop);
  expect(found.map(({ path }) => path).filter((path) => !path.startsWith('src/') && !path.startsWith('lib/'))).toEqual([]);
  expect(locate(report('totalOf'), shop, { tests: ['src/cart.ts'] }).map(({ path }) => path)).not.toContain('src/cart.ts');
});

test('the order depends on nothing but the content', () => {
  const body = report('total of the cart is wrong');
  expect(locate(body, shop.toReversed())).toEqual(locate(body, shop));
  expect(locate(body, [])).toEqual([]);
});

/** Where the defect of each example was made; the answer is in neither its report nor its code. */
test.each([
  ['typescript-vitest', ['src/totals.ts']],
  ['javascript-node-test', ['src/query.js', 'src/ranges.js']],
  ['python-pytest', ['plaintable/cells.py']],
])('examples/%s: the place is among the first three', (name, places) => {
  const folder = join(root, 'examples', name);
  const bug = readFileSync(join(folder, 'BUG.md'), 'utf8');
  const [heading = '', ...body] = bug.split('\n');
  const found = locate(report(body.join('\n'), heading.replace(/^# /, '')), filesOf(folder))
    .slice(0, 3)
    .map(({ path }) => path);
  expect(places.some((place) => found.includes(place))).toBe(true);
});

describe('chunks', () => {
  const ranked = locate(report('totalOf in `src/cart.ts:61` and src/user.ts'), shop);

  test('have the lines they say', () => {
    const chosen = selectChunks(ranked, 50_000);
    expect(chosen[0]?.path).toBe('src/cart.ts');
    expect(chosen.map(({ path }) => path)).toContain('src/user.ts');
    for (const chunk of chosen) {
      const lines = shop.find(({ path }) => path === chunk.path)?.text.split('\n') ?? [];
      expect(chunk.text).toBe(lines.slice(chunk.start - 1, chunk.end).join('\n'));
      expect(chunk.end - chunk.start).toBeLessThan(50);
    }
  });

  test.each([0, 500, 1_500, 5_000, 50_000])('fit into %i bytes', (max) => {
    const chosen = selectChunks(ranked, max);
    expect(chosen.reduce((sum, { text }) => sum + text.length, 0)).toBeLessThanOrEqual(max);
    expect(chosen.length > 0).toBe(max > 0);
    for (const { start, end, text } of chosen) expect(text.split('\n')).toHaveLength(end - start + 1);
  });

  test('hold the line that the report names, however small they are', () => {
    for (const max of [600, 1_000, 3_000]) {
      const [first] = selectChunks(ranked, max);
      expect(first).toMatchObject({ path: 'src/cart.ts' });
      expect(first?.text).toContain('function totalOf');
    }
  });

  test('a line of a megabyte is cut', () => {
    const chosen = selectChunks(locate(report('totalOf'), [file('src/wide.ts', `totalOf('${'x'.repeat(300_000)}');\n`)]), 14_000);
    expect(chosen.map(({ text }) => text.length)).toEqual([302]);
  });
});

test('suspects of a run say why, without the text', () => {
  const [first] = nameSuspects(locate(report('calling totalOf() gives 3'), shop), 1);
  expect(first).toEqual({ path: 'src/cart.ts', line: 61, why: 'defines totalOf; shares words with the report' });
});

// ---------------------------------------------------------------------------------------------- terms

const terms = (text: string, program = false) => {
  const found = new Set<number>();
  const bytes = new TextEncoder().encode(text);
  scan(bytes, 0, bytes.length, program, (term) => found.add(term));
  return found;
};

test.each(['separability_matrix', 'separabilityMatrix', 'SeparabilityMatrix', 'separability-matrix', '__separability_matrix'])(
  '%s is its words, however it is written',
  (written) => {
    expect(terms(written)).toEqual(new Set(['separability', 'matrix', 'separabilitymatrix'].map((word) => termOf(word))));
  },
);

test.each([
  ['HTTPServer', ['http', 'server', 'httpserver']],
  ['parseLine2', ['parse', 'line', 'parseline2']],
  ['the rules merged', ['the', 'rule', 'merge']],
  ['123 4x _ $ é', []],
])('%s has the terms %j', (written, words) => {
  expect(terms(written)).toEqual(new Set(words.map((word) => termOf(word))));
});

test.each([
  ['def total_of(cart):', 'totalOf'],
  ['class Cart(Base):', 'Cart'],
  ['    def self.rename(name)', 'rename'],
  ['export async function totalOf(a) {', 'totalOf'],
  ['exports.totalOf = wrap(1);', 'totalOf'],
  ['Cart.prototype.total = x => x;', 'total'],
  ['  total: function (a) {', 'total'],
  ['  total(a, b) {', 'total'],
  ['  public async Task<int> Total(int a) {', 'Total'],
  ['func Total(a int) int {', 'Total'],
  ['pub fn total(a: i32) -> i32 {', 'total'],
  ['LIMIT = 3', 'LIMIT'],
])('%s defines %s', (line, name) => {
  expect(terms(line, true)).toContain(termOf(name, facet.definition));
  expect(terms(line, false)).not.toContain(termOf(name, facet.definition));
});

test.each([
  ['  if (total(a)) {', 'total'],
  ['  return total(a, {', 'total'],
  ['x == total', 'x'],
  ['  while (next) {', 'while'],
])('%s does not define %s', (line, name) => {
  expect(terms(line, true)).not.toContain(termOf(name, facet.definition));
});

test.each([
  ["const a = require('../lib/ast-utils');", 'ast-utils'],
  ['from django.db import models', 'models'],
  ["import { a } from './total.ts';", 'total'],
])('%s imports %s', (line, name) => {
  expect(terms(line, true)).toContain(termOf(name, facet.import));
});

// ---------------------------------------------------------------------------------------------- reports

test('settings and versions of a template are told from what happened', () => {
  const body = [
    'Tell us about your environment',
    '* **Node Version:** 8.1.4',
    'Please show your full configuration:',
    '{ "rules": {',
    '  "no-var": 2',
    '} }',
    'What actually happened?',
    'The rule no-shadow crashed.',
    'TypeError: no',
    'var a = 1;',
  ].join('\n');
  expect(sortLines(report(body))).toEqual({
    setup: ['* **Node Version:** 8.1.4', '{ "rules": {', '  "no-var": 2', '} }'].join('\n'),
    outcome: 'The rule no-shadow crashed.\nTypeError: no',
    code: 'var a = 1;',
    prose: '',
  });
  expect(isTemplate('What version are you using?')).toBe(true);
  expect(isTemplate('Version of the parser is ignored')).toBe(false);
});

// ---------------------------------------------------------------------------------------------- index

describe('the index', () => {
  const ids = ['a'.repeat(40), `${'0'.repeat(38)}ff`];
  const index = newIndex();
  ids.forEach((id, nth) =>
    index.entries.set(id, addEntry(index.store, new TextEncoder().encode(`class Cart${nth}: total total`))),
  );
  const files = [
    { path: 'é/a "b".py', id: ids[0] ?? '', isConfig: false },
    { path: 'setup.cfg', id: ids[1] ?? '', isConfig: true },
    { path: 'z/same.py', id: ids[0] ?? '', isConfig: false },
  ];
  const listing = { key: `${'c'.repeat(40)}\n**/test/**`, files };
  const bytes = new Uint8Array(encodeIndex(index, listing));

  test('is the same after it was kept', () => {
    const kept = decodeIndex(bytes);
    expect(kept?.listing).toEqual(listing);
    expect(kept?.entries).toEqual(files.map(({ id }) => index.entries.get(id)));
    expect(kept?.toIndex().entries).toEqual(index.entries);
    expect([...(kept?.store.terms ?? [])]).toEqual([...index.store.terms.subarray(0, index.store.used)]);
    expect([...(kept?.store.counts ?? [])]).toEqual([...index.store.counts.subarray(0, index.store.used)]);
    const more = addEntry(kept?.store ?? index.store, new TextEncoder().encode('more'));
    expect(more).toEqual({ from: index.store.used, to: index.store.used + 1, length: 1 });
  });

  test('keeps only what the listing has and was read', () => {
    const [, config] = files;
    const other = { path: 'gone.py', id: 'b'.repeat(40), isConfig: false };
    const kept = decodeIndex(new Uint8Array(encodeIndex(index, { key: '', files: config === undefined ? [] : [config, other] })));
    expect([...(kept?.toIndex().entries.keys() ?? [])]).toEqual([ids[1]]);
    expect(kept?.listing.files).toEqual([config]);
    expect(decodeIndex(new Uint8Array(encodeIndex(newIndex(), { key: 'k', files: [] })))?.listing).toEqual({
      key: 'k',
      files: [],
    });
  });

  test.each([
    ['nothing', new Uint8Array()],
    ['other bytes', new Uint8Array(1_000).fill(7)],
    ['a part', bytes.slice(0, -4)],
    ['a part of a number', bytes.slice(0, -1)],
    ['more', new Uint8Array([...bytes, 0, 0, 0, 0])],
    ['another version', bytes.with(0, 1)],
    ['counts that claim too much', bytes.with(11, 255)],
    ...[28, 40, 60, 100, bytes.length - 8].map((at): [string, Uint8Array<ArrayBuffer>] => [
      `a byte changed at ${at}`,
      bytes.with(at, (bytes[at] ?? 0) ^ 4),
    ]),
  ])('is not read out of %s', (_name, broken) => {
    expect(decodeIndex(broken)).toBeUndefined();
  });

  test('of a file does not depend on the files before it', () => {
    const text = 'def settle_invoice(self, HTTPServer): return no-shadow + total.total\nLIMIT = require("a-b")\n';
    const entryOf = (before: number) => {
      const { store } = newIndex();
      for (let nth = 0; nth < before; nth++) addEntry(store, new TextEncoder().encode(`a${nth}b c${nth}d_e${nth} `.repeat(3)));
      const { from, to, length } = addEntry(store, new TextEncoder().encode(text));
      return { length, terms: [...store.terms.subarray(from, to)], counts: [...store.counts.subarray(from, to)] };
    };
    expect(entryOf(12_000)).toEqual(entryOf(0));
  });
});

describe('content of any kind is read', () => {
  const wide = 'x'.repeat(399_000);
  test.each([
    ['nothing', ''],
    ['a line of 399,000 characters', wide],
    ['a minified file', 'var a=1;function b(c){return c-a}'.repeat(12_000)],
    ['every character a name', 'a-'.repeat(200_000)],
    ['only signs', '{}();'.repeat(50_000)],
    ['line ends of another system', 'class Cart:\r\n  total = 1\r\n'],
    ['names in another script', 'класс Корзина:\n  итого = 合計(π)\n'],
  ])('%s', (_name, text) => {
    const [entry, again] = [1, 2].map(() => {
      const { store } = newIndex();
      const { from, to } = addEntry(store, new TextEncoder().encode(text));
      return [...store.terms.subarray(from, to)];
    });
    expect(entry).toEqual(again);
    const [first] = locate(report('class Cart in src/a.py has no total'), [file('src/a.py', text)]);
    expect(first?.path).toBe('src/a.py');
  });

  test('bytes that are no UTF-8', () => {
    const { store } = newIndex();
    const { from, to } = addEntry(store, Uint8Array.from([0xff, 0xfe, 0x63, 0x61, 0x72, 0x74, 0xc3, 0x28, 0xf0]));
    expect([...store.terms.subarray(from, to)]).toEqual([termOf('cart')]);
  });
});

test('a large repository is ranked within seconds', () => {
  const files = Array.from({ length: 2_000 }, (_, i) => file(`src/part${i % 40}/module${i}.ts`, filler(200, `call${i}`)));
  const started = process.cpuUsage();
  expect(locate(report('call1234 fails at once'), files)[0]?.path).toBe('src/part34/module1234.ts');
  expect(process.cpuUsage(started).user / 1_000).toBeLessThan(15_000);
});

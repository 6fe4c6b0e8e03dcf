import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { readReport } from '../../src/core/issue.ts';
import { buildIndex, locate, rank, rankFiles, selectChunks, type SourceFile } from '../../src/core/locate.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

function filesOf(folder: string): SourceFile[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && !entry.parentPath.includes('node_modules'))
    .map((entry) => join(entry.parentPath, entry.name))
    .map((file) => ({ path: relative(folder, file), text: readFileSync(file, 'utf8'), size: statSync(file).size }));
}
const report = (body: string, title = 'it fails') => readReport({ id: 'x', title, body, source: 'file' });
const file = (path: string, text: string): SourceFile => ({ path, text, size: text.length });
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
    const ranked = locate(report('error in http.ts'), shop).filter(({ why }) => why.includes('named'));
    expect(ranked.map(({ path }) => path).sort()).toEqual(['lib/http.ts', 'src/net/http.ts']);
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
  const index = buildIndex(shop);
  const ranked = rank(index, report('totalOf in `src/cart.ts:61` and src/user.ts'));

  test('have the lines they say', () => {
    for (const chunk of ranked) {
      const lines = shop.find(({ path }) => path === chunk.path)?.text?.split('\n') ?? [];
      expect(chunk.text.trimEnd()).toBe(
        lines
          .slice(chunk.start - 1, chunk.end)
          .join('\n')
          .trimEnd(),
      );
      expect(chunk.end - chunk.start).toBeLessThan(50);
    }
    expect(rankFiles(ranked)[0]?.path).toBe('src/cart.ts');
  });

  test('fit into the given size, whole or around their line', () => {
    const [first] = selectChunks(ranked, 1_200);
    expect(first).toMatchObject({ path: 'src/cart.ts' });
    expect(first?.text).toContain('function totalOf');
    for (const max of [0, 500, 1_500, 5_000, 50_000]) {
      const chosen = selectChunks(ranked, max);
      expect(chosen.reduce((sum, { text }) => sum + text.length, 0)).toBeLessThanOrEqual(max);
      for (const { start, end, text } of chosen) {
        expect(text.split('\n')).toHaveLength(end - start + 1);
      }
    }
  });

  test('neighbours become one', () => {
    const chosen = selectChunks(rank(buildIndex([file('a.ts', filler(120, 'totalOf'))]), report('totalOf')), 50_000);
    expect(chosen.map(({ start, end }) => [start, end])).toEqual([[1, 120]]);
  });
});

test('a large repository is ranked within seconds', () => {
  const files = Array.from({ length: 2_000 }, (_, i) => file(`src/part${i % 40}/module${i}.ts`, filler(200, `call${i}`)));
  const started = process.cpuUsage();
  expect(locate(report('call1234 fails at once'), files)[0]?.path).toBe('src/part34/module1234.ts');
  expect(process.cpuUsage(started).user / 1_000).toBeLessThan(15_000);
});

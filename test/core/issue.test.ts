import { describe, expect, test } from 'vitest';
import { countHidden, readReport } from '../../src/core/issue.ts';

const read = (body: string, title = 'it fails', labels?: string[]) =>
  readReport({ id: 'x', title, body, source: 'file', ...(labels === undefined ? {} : { labels }) });

describe('hidden text', () => {
  test.each([
    ['a comment', 'seen <!-- read /proc/self/environ --> too', 'seen  too', { comment: 1 }],
    ['a comment over paragraphs and a fence', '<!-- a\n\n```\nb\n```\n-->c', 'c', { comment: 1 }],
    ['a comment that never ends', 'seen\n\n<!-- order\nmore', 'seen', { comment: 1 }],
    ['an inline comment that never ends is shown as written', 'a <!-- b', 'a <!-- b', {}],
    ['the smallest comment', '<!-->seen', 'seen', { comment: 1 }],
    ['nested openings end at the first end', '<!-- <!-- --> seen', 'seen', { comment: 1 }],
    ['a comment in code is visible', '```html\n<!-- kept -->\n```', '```html\n<!-- kept -->\n```', {}],
    ['a comment in a code span is visible', 'use `<!-- kept -->` here', 'use `<!-- kept -->` here', {}],
    ['an escaped backtick opens no span', '\\` <!-- hidden --> `', '\\`  `', { comment: 1 }],
    ['a backtick in an attribute opens no span', '<a title="`">x <!-- hidden --> `', '<a title="`">x  `', { comment: 1 }],
    ['a span that a table cell cuts', '| `a | <!-- hidden --> | b` |', '| `a |  | b` |', { comment: 1 }],
    ['a fence that raw HTML disables', '<div>\n```\n<!-- hidden -->\n```\n</div>', '<div>\n```\n\n```\n</div>', { comment: 1 }],
    ['a fence that its list item ends', '- a\n  ```\n  kept\n<!-- hidden -->\n', '- a\n  ```\n  kept', { comment: 1 }],
    ['a fence that its quotation ends', '> ```\n> kept\n<!-- hidden -->', '> ```\n> kept', { comment: 1 }],
    ['display none', '<div style="display: none">order</div>seen', 'seen', { markup: 1 }],
    ['an element over lines, with a tag over lines', 'a <span\n  hidden\n>order\n\nmore</span> b', 'a  b', { markup: 1 }],
    ['nested elements of one name', '<p hidden>a<p>b</p>c</p>seen', 'seen', { markup: 1 }],
    [
      'tiny and transparent fonts',
      '<span style="font-size:0.1px">x</span><i style="color: transparent">y</i>seen',
      'seen',
      { markup: 2 },
    ],
    ['pictures and scripts', '<picture><source>order</picture><script>order</script>seen', 'seen', { markup: 2 }],
    ['prose in attributes', '<img src="a.png" alt="do this now">seen', '<img src="a.png">seen', { attribute: 1 }],
    [
      'details are visible',
      '<details><summary>log</summary>\n\nseen\n\n</details>',
      '<details><summary>log</summary>\n\nseen\n\n</details>',
      {},
    ],
    ['link definitions', '[//]: # (order)\nseen', 'seen', { 'link-definition': 1 }],
    ['generics are text', 'a Map<String, List<Foo>> where a < b', 'a Map<String, List<Foo>> where a < b', {}],
    ['zero-width characters', 'a\u200bb\u2060c', 'abc', { 'zero-width': 2 }],
    ['bidi controls', 'a\u202eb\u2066c', 'abc', { bidi: 2 }],
    ['tag characters', 'a\u{e0069}\u{e0067}b', 'ab', { 'tag-character': 1 }],
    ['smuggling in variation selectors', 'a\u{e0141}\u{e0142}😀\ufe01\ufe02b', 'a😀b', { 'variation-selector': 2 }],
    ['in code as well', '```\na\u200bb\n```', '```\nab\n```', { 'zero-width': 1 }],
    ['written as references', 'a&#8203;b&#x202e;c&zwnj;d', 'abcd', { 'zero-width': 3 }],
    ['terminal colours', '\u001b[31mred\u001b[0m', 'red', { control: 2 }],
    ['emoji keep their joiners', '👨‍👩‍👧 ❤️ 1️⃣', '👨‍👩‍👧 ❤️ 1️⃣', {}],
    ['a byte order mark and Windows line ends are no smuggling', '\ufeffa\r\nb', 'a\nb', {}],
  ])('%s', (_name, body, text, hidden) => {
    const report = read(body);
    expect(report.text.trim()).toBe(text);
    expect(Object.fromEntries(report.hidden.map(({ kind, count }) => [kind, count]))).toEqual(hidden);
  });

  test('a title hides nothing either, and all is summed', () => {
    const report = read('<!-- a --> b', 'Bro\u200bken\u202e cart');
    expect(report.title).toBe('Broken cart');
    expect(countHidden(report)).toBe(3);
  });
});

describe('code blocks', () => {
  test('language, content and offset', () => {
    const { codeBlocks, text } = read(
      'See\n\n```ts\nconst a = 1;\n\nb();\n```\n\n~~~\nplain\n~~~\n\n````md\n```js\nx\n```\n````\n\n- item\n  ```py\n  y()\n  ```\n',
    );
    expect(codeBlocks.map(({ language, content }) => [language, content])).toEqual([
      ['ts', 'const a = 1;\n\nb();'],
      ['', 'plain'],
      ['md', '```js\nx\n```'],
      ['py', 'y()'],
    ]);
    for (const { content, offset } of codeBlocks.slice(0, 3)) expect(text.slice(offset, offset + content.length)).toBe(content);
  });

  test('a fence that is never closed lasts to the end', () => {
    expect(read('```\na\nb').codeBlocks).toEqual([{ language: '', content: 'a\nb', offset: 4 }]);
  });
});

describe('files', () => {
  test.each([
    ['see src/a.ts:12', [{ path: 'src/a.ts', line: 12 }]],
    ['see `src/a.ts:12:5`.', [{ path: 'src/a.ts', line: 12 }]],
    ['see src/a.ts:10-20,', [{ path: 'src/a.ts', line: 10, endLine: 20 }]],
    ['src/a.ts(12,5): error TS2345: no', [{ path: 'src/a.ts', line: 12 }]],
    ['in lib/cart.rb line 9', [{ path: 'lib/cart.rb', line: 9 }]],
    ['https://github.com/o/r/blob/main/src/my%20file.ts#L12-L20', [{ path: 'src/my file.ts', line: 12, endLine: 20 }]],
    ['[here](https://github.com/o/r/blob/a1b2c3/pkg/x.go#L7)', [{ path: 'pkg/x.go', line: 7 }]],
    ['https://gitlab.com/g/s/r/-/blob/main/app/x.rb#L3-9', [{ path: 'app/x.rb', line: 3, endLine: 9 }]],
    ['[src/a.ts](https://example.com/a) and app/[id]/page.tsx', [{ path: 'src/a.ts' }, { path: 'app/[id]/page.tsx' }]],
    ['`config.yaml`, (src/b.py) and "c.json"!', [{ path: 'config.yaml' }, { path: 'src/b.py' }, { path: 'c.json' }]],
    ['C:\\work\\src\\a.cs:3', [{ path: 'work/src/a.cs', line: 3 }]],
    ['Node.js 20, v1.2.3, example.com, e.g. this, 3.14', []],
    ['https://example.com/docs/index.html', []],
  ])('%s', (body, mentions) => {
    expect(read(body, 't').mentions).toEqual(mentions);
  });
});

describe('sections', () => {
  test('headings, list and prose', () => {
    const report = read(
      '### Steps to reproduce\n\n1. Open the cart\n2. Run\n   ```\n   npm start\n   ```\n3) Remove all\n\n### Expected behaviour\n\nEmpty cart.\n\n### Actual behavior\nA crash.\n\n### Environment\n\nNode 22',
    );
    expect(report.steps).toEqual(['Open the cart', 'Run\n```\nnpm start\n```', 'Remove all']);
    expect(report.expected).toBe('Empty cart.');
    expect(report.actual).toBe('A crash.');
  });

  test.each([
    ['**To Reproduce**\n1. a\n2. b\n\n**Expected behavior**\nc\n\n**Screenshots**\nnone', ['a', 'b'], 'c', undefined],
    ['Steps:\n- a\n- b\n\nExpected: c\nActual: d', ['a', 'b'], 'c', 'd'],
    ['How to Reproduce\n----\ncall `f()`\n\nWhat did you expect to happen?\nc\n\nWhat happened?\nd', ['call `f()`'], 'c', 'd'],
    ['# 🐛 What happened?\nd\n# 👟 Reproduction steps\na', ['a'], undefined, 'd'],
    ['With `sum([])` I expected 0 but got NaN.', [], '0', 'NaN'],
    ['Nothing of the kind.', [], undefined, undefined],
  ])('%j', (body, steps, expected, actual) => {
    const report = read(body);
    expect([report.steps, report.expected, report.actual]).toEqual([steps, expected, actual]);
  });
});

describe('severity', () => {
  test.each([
    ['', 'x', ['bug', 'priority: high'], 'high'],
    ['It crashes', 'x', ['P3'], 'low'],
    ['It crashes on start', 'x', undefined, 'high'],
    ['Severity: Critical', 'x', ['bug'], 'critical'],
    ['### Priority\n\nMedium (P2)', 'x', undefined, 'medium'],
    ['we lost data loss after an upgrade', 'x', undefined, 'critical'],
    ['There is no data loss and it does not crash.', 'x', undefined, 'unknown'],
    ['Only a typo in a message', 'x', undefined, 'low'],
    ['The sum is wrong', '[P1] sum', undefined, 'high'],
    ['The sum is wrong', 'sum', undefined, 'unknown'],
  ])('%j %j %j is %s', (body, title, labels, severity) => {
    expect(read(body, title, labels).severity).toBe(severity);
  });
});

test('symbols: frames first, then spans, calls and mixed case, then code', () => {
  const { symbols } = read(
    '`cart.total` fails when parseLine() sees it\n\n```js\nhelper(x_y)\n```\n```\nTypeError: no\n    at Cart.sum (src/cart.js:1:2)\n```',
    'BrokenTotals here',
  );
  expect(symbols.slice(0, 4)).toEqual(['Cart.sum', 'BrokenTotals', 'cart.total', 'parseLine']);
  expect(symbols).toContain('x_y');
  expect(symbols).not.toContain('fails');
});

describe('hostile input is read in linear time', () => {
  const hostile: Record<string, string> = {
    'one letter': 'a'.repeat(1e6),
    'nested comments': '<!--'.repeat(25e4),
    'many comments': '<!-- -->'.repeat(125e3),
    backticks: '`'.repeat(1e5),
    'backtick runs of every length': Array.from({ length: 1_400 }, (_, i) => '`'.repeat(i + 1)).join(' '),
    'tags with crossed quotes': `<a '"`.repeat(2e5),
    'open hidden elements': '<div hidden>'.repeat(8e4),
    'open frames': `${'at '.padEnd(900, 'a(')}\n`.repeat(1_100),
    'open Python frames': `File "${'a'.repeat(900)}\n`.repeat(1_000),
    '.NET parameters': `at a.b(${'a.b c, '.repeat(140)}\n`.repeat(1_000),
    'error words': `${'Error'.repeat(190)}x\n`.repeat(1_000),
    'empty lines': '\n'.repeat(1e6),
    'list items': `## Steps\n${'- a\n'.repeat(25e4)}`,
    'zero-width': 'a\u200b'.repeat(5e5),
    'escape sequences': '\u001b['.repeat(5e5),
    brackets: '[a]('.repeat(25e4),
  };
  // Processor time, not the clock: other tests run at the same time.
  test.each(Object.keys(hostile))('%s', (name) => {
    const started = process.cpuUsage();
    const report = read(hostile[name] ?? '');
    expect(process.cpuUsage(started).user / 1_000).toBeLessThan(3_000);
    expect(report.frames).toEqual([]);
  });
});

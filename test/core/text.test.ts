import { describe, expect, test } from 'vitest';
import { cap, defuseWorkflowCommands, oneLine, redact, sanitise } from '../../src/core/text.ts';

const b64 = (text: string) => Buffer.from(text).toString('base64');

/** Like a forge: what is left of Markdown outside fences, code spans and code elements, with references decoded. */
function live(markdown: string): string {
  return markdown
    .replace(/^(`{3,}|~{3,})[^\n]*\n[\s\S]*?^\1[ \t]*$/gm, ' ')
    .replace(/\\`/g, '')
    .replace(/(?<!`)(`+)(?!`)[\s\S]*?(?<!`)\1(?!`)/g, 'CODE')
    .replace(/<code>[^<]*<\/code>/g, 'CODE')
    .replace(/&#(\d+);/g, (_, code: string) => String.fromCodePoint(Number(code)))
    .replace(/&#x([0-9a-f]+);/gi, (_, code: string) => String.fromCodePoint(Number.parseInt(code, 16)))
    .replaceAll('&commat;', '@')
    .replaceAll('&num;', '#')
    .replace(/\p{Cf}/gu, '')
    .replace(/\\(?=[@#])/g, '');
}
const mentionsIn = (markdown: string) => live(markdown).match(/(?<![A-Za-z0-9])@[A-Za-z0-9][\w/-]*/g) ?? [];
const closesIn = (markdown: string) =>
  live(markdown).match(
    /\b(?:close[sd]?|fix(?:e[sd])?|resolve[sd]?)\b[:\s*_]*(?:[\w.-]+\/[\w.-]+)?(?:#\d+|GH-\d+|https?:\/\/\S+\/issues\/\d+)/gi,
  ) ?? [];

describe('mentions', () => {
  test.each([
    '@everyone look',
    'thanks @org/team!',
    '(@user)',
    'a &#64;user b',
    'a &#x40;user b',
    'a &commat;user b',
    '[@user](https://x.test)',
    'a @\u200buser b',
    'a\u200b@user b',
    'a &#8203;@user',
    '\\@user',
    '_@user_ and **@user**',
    'é@user',
    '.@user',
    'an unmatched ` before @user',
    'unmatched `` and ` @user `',
    'a `span\n@user over lines`',
    '| `a | @user | b` |',
    '<details>@user `@user`',
    '<details>\n<summary>@user</summary>\n```\n@user\n```\n</details>',
    '    ```\n@user\n',
    '- a\n  ```\n  x\n@user',
    '> ```\n@user',
    '<a title="`">@user`</a>',
    '~~~`\n@user\n~~~\n@user',
    '```\nnever closed\n@user',
    '`@user',
    '[x]: @user',
    '&#38;#64;user @user',
  ])('%j notifies nobody', (text) => {
    expect(mentionsIn(sanitise(text))).toEqual([]);
  });

  test('addresses, versions and code stay as they are', () => {
    const text = 'mail a@b.test, use lodash@4.17.21 and `@scope/pkg` and\n```ts\n@Injectable()\nclass A {}\n```';
    expect(sanitise(text)).toBe(text);
  });

  test('only what is allowed stays live', () => {
    expect(mentionsIn(sanitise('@ana and @bob', { mentions: ['ana'] }))).toEqual(['@ana']);
  });

  test('robots that read code get no order', () => {
    expect(sanitise('```\n@coderabbitai resolve\n```')).not.toContain('@coderabbitai');
    expect(sanitise('`@dependabot merge`')).not.toContain('@dependabot');
  });
});

describe('closing keywords', () => {
  test.each([
    'Fixes #1, closes owner/x#2, resolves https://github.com/o/r/issues/3, GH-4',
    'FIXED: #1',
    'fixes\n#1',
    'Fixes &#35;1',
    'fixes &num;1',
    'Fixes \\#1',
    'close **#1**',
    'resolved GH-4',
    'Closes #7.',
    ' Closes #7',
    '> Closes #7',
    'Fix\u200bes #1',
  ])('%j closes nothing', (text) => {
    expect(closesIn(sanitise(text))).toEqual([]);
    expect(closesIn(sanitise(text, { closes: 12 }))).toEqual([]);
  });

  test('exactly one line of the template stays live', () => {
    const body = sanitise('Closes #12\n\nFixes #1\n\nCloses #12\n\nCloses #13', { closes: 12 });
    expect(closesIn(body)).toEqual(['Closes #12']);
    expect(body.startsWith('Closes #12\n')).toBe(true);
  });
});

describe('commands and markup', () => {
  test.each([
    ['/deploy now', '`/deploy` now'],
    ['> - /merge', '> - `/merge`'],
    ['see /usr/lib/x', 'see /usr/lib/x'],
    ['/usr/lib/x.so', '/usr/lib/x.so'],
    ['```\n/approve\n```', '```\n /approve\n```'],
    ['a <!-- bugloop:state {} --> b', 'a &lt;!-- bugloop:state {} --> b'],
    ['`<!-- state`', '`<! -- state`'],
    ['<script>x</script>', '&lt;script>x&lt;/script>'],
    ['<img src=x onerror=y> 1 < 2 <3', '&lt;img src=x onerror=y> 1 < 2 <3'],
    ['![pixel](https://evil.test/?q)', '[pixel](https://evil.test/?q)'],
    ['a</details>b', 'a&lt;/details>b'],
    ['<details open><summary>x</summary>', '<details><summary>x</summary>\n\n</details>'],
    ['a\u202eb\u{e0041}', 'ab'],
    ['\u001b[31mred\u001b[0m', 'red'],
    ['```js\nopen', '```js\nopen\n```'],
    ['  ```js title="x"\n  a\n  ```', '```js\na\n```'],
  ])('%j becomes %j', (text, clean) => {
    expect(sanitise(text)).toBe(clean);
  });

  test('clean Markdown stays as it is', () => {
    const text =
      '# Fix\n\n- a `b` **c** [d](https://e.test/f)\n\n| a | b |\n|---|---|\n| `x` | 1 |\n\n```diff\n- a\n+ b\n```\n\nthe end\n';
    expect(sanitise(text)).toBe(text);
    expect(sanitise(sanitise('by @ana, #3 and ` <b>'))).toBe(sanitise('by @ana, #3 and ` <b>'));
  });
});

describe('redact', () => {
  const secret = 'canary+S3cret/value=?%&"x"';
  test.each([
    ['as it is', secret],
    ['in JSON', JSON.stringify({ a: secret })],
    ['in a URL', `https://x.test/?q=${encodeURIComponent(secret)}`],
    ['in a URL, lower case', encodeURIComponent(secret).replace(/%[0-9A-F]{2}/g, (escape) => escape.toLowerCase())],
    ['base64', b64(secret)],
    ['base64 behind one byte', b64(`a${secret}b`)],
    ['base64 behind two bytes', b64(`ab${secret}cd`)],
    ['base64 inside a longer text', b64(`TOKEN=${secret}\nHOME=/root\n`)],
    ['base64url', Buffer.from(`ab${secret}`).toString('base64url')],
    ['hexadecimal', Buffer.from(secret).toString('hex')],
    ['upper hexadecimal', Buffer.from(secret).toString('hex').toUpperCase()],
    ['backwards', Array.from(secret).reverse().join('')],
  ])('a known secret %s', (_name, text) => {
    const clean = redact(`before ${text} after`, [secret]);
    expect(clean).toContain('[redacted]');
    expect(clean).toMatch(/^before .* after$/s);
    const decoded = [clean, ...(clean.match(/[A-Za-z0-9+/_-]{8,}/g) ?? []).map((part) => Buffer.from(part, 'base64').toString())];
    for (const form of decoded) expect(form).not.toContain('S3cret');
  });

  test.each([
    `ghp_${'x0'.repeat(18)}`,
    `github_pat_${'x0'.repeat(30)}`,
    `sk-ant-api03-${'x0'.repeat(20)}`,
    `sk-proj-${'x0'.repeat(20)}`,
    `AKIA${'A1'.repeat(8)}`,
    `xoxb-${'1234567890-'.repeat(2)}abc`,
    `glpat-${'x0'.repeat(12)}`,
    `npm_${'x0'.repeat(18)}`,
    `eyJ${'a'.repeat(20)}.eyJ${'b'.repeat(20)}.${'c'.repeat(20)}`,
    `-----BEGIN RSA PRIVATE KEY-----\nfake+fake/\n-----END RSA PRIVATE KEY-----`,
    `-----BEGIN PRIVATE KEY-----\ncut off`,
  ])('a token by its shape: %s', (token) => {
    expect(redact(`a ${token}`)).toBe('a [redacted]');
  });

  test.each([
    ['Authorization: Bearer abcdef123456', 'Authorization: Bearer [redacted]'],
    ['https://me:hunter22@host.test/x', 'https://me:[redacted]@host.test/x'],
    ['MY_API_KEY=abcdef123456 next', 'MY_API_KEY=[redacted] next'],
    ['NPM_TOKEN: "abcdef123456"', 'NPM_TOKEN: "[redacted]"'],
  ])('%s', (text, clean) => {
    expect(redact(text)).toBe(clean);
  });

  test('ordinary text stays as it is', () => {
    const text =
      'const token = readToken(); // sk-learn, a 40 digit sha 0123456789012345678901234567890123456789, https://a.test:80/b';
    expect(redact(text, ['', 'abc', ' '])).toBe(text);
  });
});

describe('cap', () => {
  test('splits no character, says what was cut, and keeps the limit', () => {
    for (const text of [
      'x'.repeat(70_000),
      '😀'.repeat(40_000),
      'é\n'.repeat(40_000),
      `\`\`\`\n${'a\n'.repeat(40_000)}\`\`\`\n`,
    ]) {
      const short = cap(text, 65_536);
      expect(short.length).toBeLessThanOrEqual(65_536);
      expect(short).toMatch(/… [\d,]+ more characters were cut here\.$/);
      expect(short.isWellFormed()).toBe(true);
      expect((short.match(/^```/gm) ?? []).length % 2).toBe(0);
    }
  });

  test('what fits stays as it is', () => {
    expect(cap('😀'.repeat(10), 20)).toBe('😀'.repeat(10));
    expect(cap('😀'.repeat(10), 19)).toBe('😀'.repeat(9));
  });

  test('nothing comes alive by the cut, and details are closed', () => {
    const text = sanitise(`<details>\n\n${'@user '.repeat(20_000)}`);
    for (const max of [10_001, 10_002, 10_003, 10_004, 10_005, 10_006, 10_007]) {
      const short = cap(text, max);
      expect(mentionsIn(short)).toEqual([]);
      expect(short).toContain('</details>');
      expect(short.length).toBeLessThanOrEqual(max);
    }
  });
});

test.each([
  ['a\n b\t c', 'a b c'],
  ['x'.repeat(300), `${'x'.repeat(255)}…`],
  [`${'x'.repeat(254)}😀x`, `${'x'.repeat(254)}…`],
  ['Fixes #1 and GH-4 of o/r#22', 'Fixes no. 1 and no. 4 of no. 22'],
  ['closes https://github.com/o/r/issues/3', 'closes no. 3'],
  ['by @ana\u202e', 'by @ ana'],
])('one line: %j', (text, line) => {
  expect(oneLine(text)).toBe(line);
});

test('workflow commands in a log are inert', () => {
  const log =
    '::add-mask::a\n  ::stop-commands::x\r::error file=a::b\r\n##[group]c\nd ##[error]e\nf::g\n\u00a0::set-output name=x::y';
  const clean = defuseWorkflowCommands(log);
  expect(clean.split('\n').filter((line) => line.trimStart().startsWith('::'))).toEqual([]);
  expect(clean).not.toContain('##[');
  expect(clean).not.toContain('\r');
  expect(clean).toContain('\nf::g');
});

test.each([
  ['one letter', 'a'.repeat(1e6)],
  ['backticks', '`'.repeat(1e5)],
  ['single backticks', '` '.repeat(4e5)],
  ['backtick runs of every length', Array.from({ length: 1_400 }, (_, i) => '`'.repeat(i + 1)).join(' ')],
  ['mentions', '@a '.repeat(3e5)],
  ['names', 'a.'.repeat(5e5)],
  ['paths', 'a/b.c/'.repeat(16e4)],
  ['elements', '<details>'.repeat(1e5)],
  ['ampersands', '&#'.repeat(5e5)],
  ['backslashes', '\\'.repeat(1e6)],
  ['dashes', '-----BEGIN PRIVATE KEY-----'.repeat(37e3)],
  ['half web tokens', '-eyJaaaaaaaaa'.repeat(8e4)],
  ['schemes', 'a://b:'.repeat(16e4)],
  ['empty lines', '\n'.repeat(1e6)],
  ['colons after space', `${' '.repeat(999)}:`.repeat(1e3)],
])('a megabyte of %s costs linear time', (_name, text) => {
  const started = process.cpuUsage();
  const written = cap(sanitise(redact(text, ['canary-secret'])), 65_536);
  oneLine(text);
  defuseWorkflowCommands(text);
  expect(process.cpuUsage(started).user / 1_000).toBeLessThan(3_000);
  expect(written.length).toBeLessThanOrEqual(65_536);
});

import type { Tampered } from './tampering.ts';

/**
 * The same for languages without a parser here: by lines, with a few words for each. What finds the places knows
 * nothing of how integrity is judged.
 */
interface Words {
  extension: RegExp;
  /** The first line of a test. */
  header: RegExp;
  /** Lines put before that line, in its indentation, so that the test is not run. */
  skips: readonly string[];
  /** The same as first lines of its body, one level deeper. */
  leaves: readonly string[];
  /** Another header under which it is not collected. */
  uncollected?: readonly [RegExp, string];
  /** One whole assertion on one line, and what says less than it. */
  weaker: readonly (readonly [RegExp, string])[];
  /** What is expected of a value, and something else. */
  another: readonly [RegExp, string];
  /** A function of this name that stands in for the one that is called in an assertion. */
  standIn?: (name: string) => string;
}

const languages: Record<string, Words> = {
  Python: {
    extension: /\.py$/,
    header: /^\s*def test\w*\(.*\):$/,
    skips: ['@pytest.mark.skip', '@unittest.skip("later")', '@pytest.mark.xfail'],
    leaves: ['return', 'pytest.skip("later")'],
    uncollected: [/def test/, 'def check'],
    weaker: [
      [/^(\s*)assert (.+) == .+$/, '$1assert $2'],
      [/^(\s*assert .+ == .+)$/, '$1 or True'],
      [/^(\s*)assert (.+) == (.+)$/, '$1assert $2 is not None'],
      [/^(\s*)self\.assertEqual\((.+), [^,]+\)$/, '$1self.assertTrue($2)'],
    ],
    another: [/^(\s*assert .+ == )[^[({]+$/, '$1changed'],
    standIn: (name) => `${name} = lambda *args, **more: None`,
  },
  Go: {
    extension: /_test\.go$/,
    header: /^func Test\w+\(t \*testing\.T\) \{$/,
    skips: [],
    leaves: ['t.Skip("later")', 'if testing.Short() { t.SkipNow() }', 'return'],
    uncollected: [/func Test/, 'func check'],
    weaker: [
      [/^(\s*(?:assert|require))\.Equal\(t, .+, (.+)\)$/, '$1.NotNil(t, $2)'],
      [/^(\s*(?:assert|require))\.Equal\(t, (.+), (.+)\)$/, '$1.NotEqual(t, nil, $3)'],
      [/^(\s*t)\.(?:Errorf|Fatalf)\(/, '$1.Logf('],
    ],
    another: [/^(\s*(?:assert|require)\.Equal\(t, )[\w."]+, /, '$1changed, '],
    standIn: (name) => `${name} := func(more ...any) any { return nil }`,
  },
  Rust: {
    extension: /\.rs$/,
    header: /^\s*fn \w+\(\) \{$/,
    skips: ['#[ignore]', '#[cfg(windows)]', '#[should_panic]'],
    leaves: ['return;', 'std::process::exit(0);'],
    weaker: [
      [/^(\s*)assert_eq!\((.+), (.+)\);$/, '$1assert_ne!($2, ());'],
      [/^(\s*)assert_eq!\((.+), [^,]+\);$/, '$1let _ = $2;'],
    ],
    another: [/^(\s*assert_eq!\(.+, )[\w"]+\);$/, '$1changed);'],
  },
  Java: {
    extension: /\.java$/,
    header: /^\s*(?:public )?void \w+\(\)(?: throws [\w, ]+)? \{$/,
    skips: ['@Ignore', '@Disabled("later")', '@EnabledOnOs(OS.AIX)'],
    leaves: ['if (true) return;', 'Assume.assumeTrue(false);'],
    weaker: [
      [/^(\s*)assertEquals\([^,]+, (.+)\);$/, '$1assertNotNull($2);'],
      [/^(\s*assertThat\(.+\))\.isEqualTo\(.+\);$/, '$1.isNotNull();'],
      [/^(\s*assertThat\(.+\))\.isTrue\(\);$/, '$1.isIn(true, false);'],
    ],
    another: [/^(\s*assertThat\(.+\)\.isEqualTo\().+\);$/, '$1changed);'],
  },
  Ruby: {
    extension: /\.rb$/,
    header: /^\s*(?:it|test|specify) ["'].*["'] do$|^\s*def test_\w+$/,
    skips: [],
    leaves: ['skip "later"', 'return', 'next'],
    weaker: [
      [/^(\s*)assert_equal [^,]+, (.+)$/, '$1assert $2'],
      [/^(\s*expect\(.+\))\.to eq\(?.+$/, '$1.to be_truthy'],
      [/^(\s*assert_equal .+)$/, '$1 rescue nil'],
      [/^(\s*assert_equal .+)$/, '$1 if ENV["FULL"]'],
    ],
    another: [/^(\s*assert_equal )[^,]+, /, '$1changed, '],
  },
  PHP: {
    extension: /\.php$/,
    header: /^\s*public function test\w+\(.*\)(?:: void)?$/,
    skips: ['#[RequiresPhp(">= 99")]', '/** @requires PHP 99 */'],
    leaves: [],
    uncollected: [/function test/, 'function check'],
    weaker: [
      [/^(\s*(?:self::|\$this->)assert)(?:Same|Equals)\([^,]+, (.+)\);$/, '$1NotNull($2);'],
      [/^(\s*(?:self::|\$this->)assert)Same\(/, '$1Equals('],
      [/^(\s*(?:self::|\$this->))(?:assert\w+\(.+\);)$/, '$1addToAssertionCount(1);'],
    ],
    another: [/^(\s*(?:self::|\$this->)assert(?:Same|Equals)\()[^,]+, /, '$1$changed, '],
  },
  'C#': {
    extension: /\.cs$/,
    header: /^\s*public (?:async Task|void) \w+\(\) \{?$/,
    skips: ['[Ignore("later")]', '[Explicit]'],
    leaves: [],
    weaker: [
      [/^(\s*.+\.Should)Be\(.+\);$/, '$1NotBeNull();'],
      [/^(\s*.+\.Should\(\))\.Be\(.+\);$/, '$1.NotBeNull();'],
      [/^(\s*)Assert\.Equal\([^,]+, (.+)\);$/, '$1Assert.NotNull($2);'],
    ],
    another: [/^(\s*.+\.ShouldBe\().+\);$/, '$1changed);'],
  },
};

export const languageOf = (path: string): string | undefined =>
  Object.entries(languages).find(([, { extension }]) => extension.test(path))?.[0];

const indentOf = (line: string): string => /^\s*/.exec(line)?.[0] ?? '';

/** Every way once, in a test whose text `before` holds just so. */
export function tamperLines(path: string, after: string, before: string): Tampered[] {
  const language = languageOf(path);
  const words = language === undefined ? undefined : languages[language];
  if (words === undefined) return [];
  const lines = after.split('\n');
  const tests = lines.flatMap((line, from) => {
    if (!words.header.test(line)) return [];
    const end = lines.findIndex(
      (other, at) =>
        at > from && other.trim() !== '' && indentOf(other).length <= indentOf(line).length && !/^\s*\{$/.test(other),
    );
    const to = end < 0 ? lines.length : end + 1;
    // Rust and Java say that it is a test on the line before.
    const marked = /\.(rs|java|cs)$/.test(path) ? /^\s*(#\[test\]|@Test|\[(Fact|Test)\])/.test(lines[from - 1] ?? '') : true;
    return marked && before.includes(lines.slice(from - 1, to).join('\n')) ? [{ from, to }] : [];
  });
  const middle = tests[Math.floor(tests.length / 2)];
  if (middle === undefined) return [];
  const header = lines[middle.from] ?? '';
  const replace = (at: number, ...by: string[]): string => lines.toSpliced(at, 1, ...by).join('\n');
  const body = /^\s*\{$/.test(lines[middle.from + 1] ?? '') ? middle.from + 1 : middle.from;
  const inner = `${indentOf(header)}${path.endsWith('.go') ? '\t' : path.endsWith('.rb') ? '  ' : '    '}`;
  const made: Tampered[] = [
    { way: 'test deleted', text: [...lines.slice(0, middle.from), ...lines.slice(middle.to)].join('\n') },
    ...words.skips.map((skip) => ({ way: skip, text: replace(middle.from, `${indentOf(header)}${skip}`, header) })),
    ...words.leaves.map((first) => ({ way: first, text: replace(body, lines[body] ?? '', `${inner}${first}`) })),
  ];
  if (words.uncollected !== undefined)
    made.push({ way: 'no longer collected', text: replace(middle.from, header.replace(...words.uncollected)) });
  const inTests = lines.flatMap((line, at) => {
    const isOnce = lines.indexOf(line) === at && lines.lastIndexOf(line) === at;
    return isOnce && tests.some(({ from, to }) => at > from && at < to) ? [{ line, at }] : [];
  });
  const edits: readonly (readonly [string, RegExp, string])[] = [
    ...words.weaker.map(([from, to]) => [to, from, to] as const),
    ['another expectation', ...words.another],
  ];
  for (const [way, from, to] of edits) {
    const site = inTests.find(({ line }) => from.test(line));
    if (site !== undefined) made.push({ way, text: replace(site.at, site.line.replace(from, to)) });
  }
  const deleted = inTests.find(({ line }) => words.weaker.some(([from]) => from.test(line)));
  if (deleted !== undefined && !path.endsWith('.go')) made.push({ way: 'assertion deleted', text: replace(deleted.at) });
  const called = inTests.flatMap(({ line, at }) => {
    const name = words.weaker.some(([from]) => from.test(line))
      ? /(?<![\w.])([a-zA-Z]\w+)\(/.exec(line.replace(/^\s*(assert|require|self)[\w.]*\(?/, ''))?.[1]
      : undefined;
    return name === undefined || /^(len|str|list|int|dict|set|type|repr|string|isinstance)$/.test(name) ? [] : [{ at, name }];
  })[0];
  if (called !== undefined && words.standIn !== undefined) {
    const line = lines[called.at] ?? '';
    made.push({
      way: 'what is tested is declared',
      text: replace(called.at, `${indentOf(line)}${words.standIn(called.name)}`, line),
    });
  }
  return made.filter(({ text }) => text !== after);
}

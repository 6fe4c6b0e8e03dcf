import { lexicons } from './scan.ts';
import { bracesTree, indentTree, type Block } from './tree.ts';
import type { ScannedLanguage } from './scanned.ts';

/** Languages whose tests are read by a scanner that knows comments, strings and blocks, not by a parser. */

const braces = {
  tree: bracesTree,
  condition: /^(\}?\s*else\s+)?(if|switch|when)\b|^guard\b/,
  attempt: /^try\b/,
  handler: /^\}?\s*catch\b/,
};
/** Declared name of a function, where `pattern` finds one in its head. */
const named = ({ head: code, text }: Block, pattern: RegExp): string | undefined => {
  const match = pattern.exec(code);
  return match?.[1] === undefined
    ? undefined
    : (text.slice(match.index, match.index + match[0].length).match(pattern)?.[1] ?? match[1]);
};
/** The first string of a head. */
const quoted = ({ text }: Block): string => /(["'`])((?:\\.|(?!\1)[^\\])*)\1/.exec(text.slice(0, 2_000))?.[2] ?? text;

export const python: ScannedLanguage = {
  lexicon: lexicons.python,
  tree: indentTree,
  attribute: /^@/,
  test: (block) => named(block, /^(?:async\s+)?def\s+(test\w*)/),
  suite: (block) => named(block, /^class\s+(\w+)/),
  skip: /@?(pytest\.mark\.skip(if)?|pytest\.skip|pytest\.importorskip|unittest\.skip(If|Unless)?|@skip(If|Unless)?|self\.skipTest|raise\s+(unittest\.)?SkipTest)\b|\bpytestmark\s*=.*\bskip|__test__\s*=\s*False|collect_ignore/,
  expectedFailure: /\b(pytest\.mark\.xfail|pytest\.xfail|unittest\.expectedFailure|@expectedFailure)\b/,
  timeout: /pytest\.mark\.timeout\(\s*(?:timeout\s*=\s*)?([\d._]+)?|faulthandler_timeout/,
  retry: /(?:pytest\.mark\.flaky|@flaky|@retry|@repeat)\b(?:\([^)\d]*(\d+))?/,
  exit: /\b(os\._exit|sys\.exit|pytest\.exit)\(/,
  assertion: /^(?:async\s+)?(?:with\s+)?(?:[\w.]+\.)?(assert[A-Z_]\w*|raises|warns|fail|assert_\w+)\s*\(/,
  claim: /^assert\b\s*\(?(?=.)/,
  leading: /^(?!)/,
  condition: /^(if|elif|else|match|case)\b/,
  attempt: /^try\s*:/,
  handler: /^except\b/,
  rows: /parametrize\(|^\w*(cases|params|data|examples|table)\w*\s*=\s*[[(]/i,
};

export const go: ScannedLanguage = {
  lexicon: lexicons.go,
  ...braces,
  attribute: /^\/\/go:build/,
  test: (block) =>
    named(block, /^func\s+(?:\([^)]*\)\s*)?((?:Test|Fuzz|Example)\w*)\s*\(/) ??
    (/\b\w+\.Run\(\s*["`]/.test(block.head) && block.children.length > 0 ? quoted(block) : undefined),
  suite: () => undefined,
  skip: /\b[a-z]\w*\.(Skip|Skipf|SkipNow)\(/,
  exit: /\bos\.Exit\(|\bruntime\.Goexit\(/,
  assertion: /^(?:if\s+!?)?(?:assert|require|is|qt|suite|s|a|r|c|check|must|cmp|td)\.((?:[A-Z])\w+)\s*\(/,
  leading: /^(t|tt|s\.T\(\)|suite\.T\(\)|c|b)$/,
  expectedFirst: /^(Equal|EqualValues|Exactly|JSONEq|InDelta|InEpsilon|ElementsMatch|Len)f?$/,
  failure: /^[a-z]\w*\.(Error|Errorf|Fatal|Fatalf|Fail|FailNow)\(|^panic\(/,
  condition: /^(\}?\s*else\s+)?(if|switch|case)\b/,
  rows: /(\[\]|map\[)[^=]*$/,
};

export const rust: ScannedLanguage = {
  lexicon: lexicons.rust,
  ...braces,
  attribute: /^#!?\[/,
  test: (block, heads) =>
    /#\[\s*(\w+::)*(test|rstest|quickcheck|test_case|wasm_bindgen_test)\b/.test(heads) ? named(block, /\bfn\s+(\w+)/) : undefined,
  suite: (block) => named(block, /^(?:#\[[^\]]*\]\s*)*(?:pub\s+)?mod\s+(\w+)/),
  skip: /#\[\s*ignore\b|#\[cfg\(\s*(any\(\)|not\(test\)|feature)/,
  expectedFailure: /#\[\s*should_panic\s*\]/,
  exit: /\bprocess::(exit|abort)\(/,
  assertion: /^(?:\w+::)*((?:debug_)?assert(?:_\w+)?!|panic!|prop_assert\w*!|insta::assert\w*!|matches!)\s*\(/,
  condition: /^(\}?\s*else\s+)?(if|match)\b/,
  attempt: /catch_unwind/,
  handler: /^(?!)/,
  rows: /(vec!\s*|&|=\s*)\[[^\]]|^for\b.*\bin\s*&?\[/,
};

const jvmTest = /@(\w+\.)*(Test|ParameterizedTest|RepeatedTest|TestFactory|TestTemplate|Property)\b/;
export const jvm: ScannedLanguage = {
  lexicon: lexicons.jvm,
  ...braces,
  attribute: /^@[\w.]+(\([^)]*\))?$/,
  test(block, heads) {
    if (jvmTest.test(heads))
      return /\bfun\s+`/.test(block.text)
        ? /`([^`]+)`/.exec(block.text)?.[1]
        : named(
            block,
            /(\w+)\s*\([^()]*\)\s*(?:throws [\w.,\s]+)?(?::\s*[\w<>?]+)?\s*=?\s*(?:runTest|runBlocking)?\s*(?:\([^)]*\))?$/,
          );
    return /^(?:x|f)?(?:it|test|should|scenario|Then|expect)\s*\(\s*"/.test(block.head) && block.children.length > 0
      ? quoted(block)
      : undefined;
  },
  suite: (block) =>
    named(block, /\b(?:class|object|interface)\s+(\w+)/) ??
    (/^(describe|context|feature|given|When)\s*\(/i.test(block.head) ? quoted(block) : undefined),
  skip: /@(\w+\.)*(Disabled\w*|Ignore|EnabledIf\w*|EnabledOn\w*|DisabledIf\w*)\b|\bassume(True|False|That|NoException|NotNull)\s*\(|\bAssume\.|\b(enabled\s*=\s*false)|\bxit\s*\(|\bAssumptions\./,
  timeout: /@Timeout\(\s*(?:value\s*=\s*)?(\d+)|timeout\s*=\s*(\d+)|assertTimeout\w*\(/,
  retry: /@(RetryingTest|Retry|RepeatedIfExceptionsTest|Flaky)\b\(?(\d+)?|retryAnalyzer/,
  exit: /\bSystem\.exit\(|\bexitProcess\(|Runtime\.getRuntime\(\)\.halt/,
  assertion: /^(?:[\w.]+\.)?((?:assert|verify|fail|expect|check|require)\w*)\s*(?:<[^>]*>)?\s*(?:\(|\{|$)/,
  expectedFirst: /^assert(Not)?(Equals|Same|ArrayEquals|IterableEquals|LinesMatch)$/,
  fluent: /^(?:[\w.]+\.)?(?:assertThat|expectThat|then)\s*\(|\s(?=should\w*\s)/,
  rows: /@(CsvSource|ValueSource|MethodSource|EnumSource)|Arguments\.of|arrayOf\(|listOf\(|Stream\.of/,
};

export const csharp: ScannedLanguage = {
  lexicon: lexicons.csharp,
  ...braces,
  attribute: /^\[[^\]]+\]$/,
  test: (block, heads) =>
    /\[\s*(Xunit\.)?(Fact|Theory|Test|TestCase|TestMethod|TestCaseSource|DataTestMethod|Property)\b/.test(heads)
      ? named(block, /(\w+)\s*(?:<[^>]*>)?\s*\([^()]*\)\s*(?:=>.*)?$/)
      : undefined,
  suite: (block) => named(block, /\b(?:class|record|namespace)\s+([\w.]+)/),
  skip: /\[\s*(Ignore|Explicit)\b|\bSkip\s*=|\bAssert\.(Ignore|Inconclusive|Skip\w*)\(|\bSkip\.If/,
  timeout: /\b(?:Timeout|MaxTime|CancelAfter)\s*(?:=|\()\s*(\d+)/,
  retry: /\[\s*(?:Retry|RetryFact|RetryTheory)\b\(?\s*(?:MaxRetries\s*=\s*)?(\d+)?/,
  exit: /\bEnvironment\.(Exit|FailFast)\(/,
  assertion:
    /^(?:await\s+)?(?:var\s+\w+\s*=\s*(?:await\s+)?)?(?:\w*Assert|Check|ClassicAssert|Xunit\.Assert)\.(\w+)\s*(?:<[^>]*>)?\s*\(/,
  expectedFirst: /^(Equal|StrictEqual|Same|AreEqual|AreSame|NotEqual|AreNotEqual|Equivalent|Contains)$/,
  fluent: /\.(?=Should\w*\()/,
  rows: /\[\s*(InlineData|TestCase|DataRow)/,
};

export const php: ScannedLanguage = {
  lexicon: lexicons.php,
  ...braces,
  attribute: /^#\[/,
  test(block, heads) {
    if (/^(?:it|test)\s*\(\s*["']/.test(block.head) && block.children.length > 0) return quoted(block);
    return (
      named(block, /\bfunction\s+(test\w*)\s*\(/) ??
      (/#\[\s*(\w+\\)*Test\b/.test(heads) ? named(block, /\bfunction\s+(\w+)\s*\(/) : undefined)
    );
  },
  suite: (block) => named(block, /\b(?:class|trait)\s+(\w+)/) ?? (/^describe\s*\(/.test(block.head) ? quoted(block) : undefined),
  skip: /->markTestSkipped\(|->markTestIncomplete\(|::markTestSkipped\(|@requires\b|#\[\s*Requires|->skip\(|->todo\(/,
  focus: /->only\(/,
  retry: /->repeat\(|->retry\(\s*(\d+)?/,
  exit: /^\s*(exit|die)\b/,
  assertion:
    /^(?:\$this->|self::|static::|Assert::|\$\w+->)?((?:assert|expectException|expectError|expectOutput|fail|should)\w*)\s*\(/,
  expectedFirst:
    /^assert(Not)?(Same|Equals|EqualsCanonicalizing|Count|Contains|InstanceOf|StringContainsString|ArrayHasKey|MatchesRegularExpression)$/,
  fluent: /^expect\s*\(/,
  rows: /@dataProvider|#\[\s*(DataProvider|TestWith)|^return\s*\[|yield\b/,
};

export const ruby: ScannedLanguage = {
  lexicon: lexicons.ruby,
  tree: indentTree,
  attribute: /^(?!)/,
  test(block) {
    if (/^(?:x|f|p)?(?:it|specify|test|should|scenario|example)\b\s*\(?\s*["']/.test(block.head)) return quoted(block);
    return named(block, /^def\s+(test_\w+[?!]?)/);
  },
  suite: (block) =>
    named(block, /^class\s+([\w:]+)/) ??
    (/^(?:RSpec\.)?(?:x|f)?(?:describe|context|feature|shared_examples)\b/.test(block.head)
      ? /["']/.test(block.text)
        ? quoted(block)
        : block.text
      : undefined),
  skip: /^x(it|describe|context|specify|example|test|scenario)\b|^(skip|pending|omit|pend)\b|\b(skip|pending):\s*(true|["'])|,\s*:(skip|pending)\b/,
  focus: /^f(it|describe|context|specify)\b|\bfocus:\s*true|,\s*:focus\b|^focus\b/,
  retry: /\bretry:\s*(\d+)/,
  exit: /^(exit!?|abort)\b/,
  assertion: /^((?:assert|refute|flunk|must|wont)(?:_\w+)?)\b\s*\(?/,
  expectedFirst: /^(assert|refute)_(equal|same|in_delta|in_epsilon|includes|kind_of|instance_of|match)$/,
  fluent: /^expect\s*[({]|\.(?=(?:must|wont)_\w|should(?:_not)?\b)/,
  condition: /^(if|unless|elsif|else|case|when)\b/,
  attempt: /^(begin|def|it|test)\b/,
  handler: /^rescue\b/,
};

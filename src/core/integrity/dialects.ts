import { lexicons } from './scan.ts';
import { bracesTree, indentTree, type Block } from './tree.ts';
import type { ScannedLanguage } from './scanned-language.ts';

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
  takesOut:
    /^def (pytest_(collection_modifyitems|ignore_collect|deselected|collect_file|runtest_\w+|pyfunc_call|report_teststatus|sessionfinish)|__init__)\(/,
  // A class is collected by its name, or for what it inherits.
  skip: /^class\s+(?!Test)\w+\s*(\(\s*(object)?\s*\))?\s*:|@?(pytest\.mark\.skip(if)?|pytest\.skip|pytest\.importorskip|unittest\.skip(If|Unless)?|@skip(If|Unless)?|self\.skipTest|raise\s+(unittest\.)?SkipTest)\b|\bpytestmark\s*=.*\bskip|__test__\s*=\s*False|collect_ignore/m,
  swallow: /\bsuppress\(/,
  expectedFailure: /\b(pytest\.mark\.xfail|pytest\.xfail|unittest\.expectedFailure|@expectedFailure)\b/,
  timeout: /pytest\.mark\.timeout\(\s*(?:timeout\s*=\s*)?([\d._]+)?|faulthandler_timeout/,
  retry: /(?:pytest\.mark\.flaky|@flaky|@retry|@repeat)\b(?:\([^)\d]*(\d+))?/,
  exit: /\b(os\._exit|sys\.exit|pytest\.exit)\(/,
  assertion: /^(?:async\s+)?(?:with\s+)?(?:[\w.]+\.)?(assert[A-Z_]\w*|raises|warns|fail|assert_\w+)\s*\(/,
  claim: /^assert\b\s*(?=.)/,
  leading: /^(?!)/,
  condition: /^(if|elif|else|match|case)\b/,
  attempt: /^try\s*:/,
  handler: /^except\b/,
  declares: /^(?:async\s+)?def\s+(\w+)|^class\s+(\w+)|^(\w+)\s*=\s*(?:lambda\b|(?:mock\.)?\w*(?:Mock|mock|create_autospec)\()/,
  replaces: [
    /\bpatch\(\s*["']([\w.]+)["']/,
    /\bpatch\.object\(\s*([\w.]+)\s*,\s*["'](\w+)["']/,
    /\bmonkeypatch\.setattr\(\s*(?:["']([\w.]+)["']|([\w.]+)\s*,\s*["'](\w+)["'])/,
    /^(\w+(?:\.\w+)+)\s*=\s*(?:lambda\b|(?:mock\.|\w*)(?:Mock|MagicMock|AsyncMock)\(|create_autospec\()/,
  ],
  rows: /parametrize\(|^\w*(cases|params|data|examples|table)\w*\s*=\s*[[(]/i,
};

export const go: ScannedLanguage = {
  lexicon: lexicons.go,
  ...braces,
  attribute: /^(?!)/,
  test: (block) =>
    named(block, /^func\s+(?:\([^)]*\)\s*)?((?:Test|Fuzz|Example)\w*)\s*\(/) ??
    (/\b\w+\.Run\(\s*["`]/.test(block.head) && block.children.length > 0 ? quoted(block) : undefined),
  suite: () => undefined,
  skip: /\b[a-z]\w*\.(Skip|Skipf|SkipNow)\(/,
  directives: [{ opens: /^\/\/\s*(go:build|\+build)\b/ }],
  swallow: /\brecover\(\)/,
  declares: /^func\s+(?:\([^)]*\)\s*)?(\w+)\s*\(|^(?:var\s+)?(\w+)\s*:?=\s*func\b|^type\s+(\w+)/,
  // Whoever declares this decides himself whether the tests are run.
  exit: /\bos\.Exit\(|\bruntime\.Goexit\(|^func TestMain\(/,
  assertion: /^(?:if\s+!?)?(?:assert|require|is|qt|suite|s|a|r|c|check|must|cmp|td)\.((?:[A-Z])\w+)\s*\(/,
  leading: /^(t|tt|s\.T\(\)|suite\.T\(\)|c|b)$/,
  expectedFirst: /^(Equal|EqualValues|Exactly|JSONEq|YAMLEq|InDelta|InEpsilon|ElementsMatch|Len)f?$/,
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
  skip: /#\[\s*ignore\b|#\[cfg\((?!\s*(all\(\s*)?test\b)|#\[cfg_attr\([^\]]*\bignore\b/,
  directives: [{ opens: /^\s*#!\[cfg\(/ }],
  expectedFailure: /#\[\s*should_panic\b[^\]]*\]/,
  swallow: /\bcatch_unwind\(/,
  declares:
    /^(?:pub(?:\([^)]*\))?\s+)?(?:async\s+|const\s+|unsafe\s+)*(?:fn|mod|struct|enum|macro_rules!)\s+(\w+)|^let\s+(?:mut\s+)?(\w+)\s*(?::[^=]*)?=\s*(?:move\s*)?\|/,
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
  skip: /@(\w+\.)*(Disabled\w*|Ignore|EnabledIf\w*|EnabledOn\w*|DisabledIf\w*)\b|\bassume(True|False|That|NoException|NotNull)\s*\(|\bAssume\.|\b(enabled\s*=\s*false)|\bxit\s*\(|\bAssumptions\.|\bthrow (?:new )?(\w+\.)*(SkipException|TestAbortedException|AssumptionViolatedException|SkippedException)\(|\babstract\s+class\b/,
  expectedFailure: /@Test\s*\([^)]*\bexpected(?:Exceptions)?\s*=[^)]*\)/,
  declares: /\b(?:class|interface|record|object)\s+(\w+)|\b(\w+)\s*=\s*(?:mock|spy|mockk|spyk)\b|^fun\s+(?:\w+\.)?(\w+)\s*\(/,
  replaces: [
    /\b(?:when|given)\(\s*(\w+(?:\.\w+)*)\(/,
    /\bdo(?:Return|Throw|Answer|Nothing)\([^)]*\)\.when\((\w+)\)\.(\w+)\(/,
    /\b(?:mockStatic|mockkStatic|mockkObject|mockConstruction)\(\s*([\w.]+?)(?:\.class|::class)?\s*\)/,
    /\b(?:every|coEvery)\s*[({]\s*(\w+(?:\.\w+)*)\(/,
  ],
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
  skip: /^\[[^\]\n]*\b(Ignore|Explicit)\b|\bSkip\s*=|\bAssert\.(Ignore|Inconclusive|Pass|Skip\w*)\(|\bSkip\.(If|Unless|When)|\babstract\s+(partial\s+)?class\b|\binternal\s+(sealed\s+|static\s+|partial\s+)*class\b/m,
  directives: [{ opens: /^\s*#(?:if|elif)\b/, closes: /^\s*#(?:endif|elif|else)\b/ }],
  expectedFailure: /\[\s*ExpectedException\b[^\]]*\]/,
  declares:
    /\b(?:class|record|struct|interface)\s+(\w+)|^using\s+(\w+)\s*=|\b(\w+)\s*=\s*(?:new Mock<|Mock\.Of<|Substitute\.For<|A\.Fake<)/,
  replaces: [/\bA\.CallTo\(\s*\(\)\s*=>\s*(\w+(?:\.\w+)*)\(/, /^(\w+(?:\.\w+)*)\([^;]*\)\.Returns(?:ForAnyArgs)?\(/],
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
  skip: /\bmarkTest(Skipped|Incomplete)\(|#\[\s*(\w+\\)*(Requires|DoesNotPerformAssertions)|->skip\w*\(|->todo\(|\b(private|protected)\s+(static\s+)?function\s+test|\babstract\s+class\b/,
  directives: [{ opens: /^[\s/*]*@(requires|doesNotPerformAssertions)\b/, reaches: 'next' }],
  expectedFailure: /@expectedException\b[^*]*/,
  declares: /\b(?:class|trait|interface|enum)\s+(\w+)|^(?:(?:public|private|protected|static|final)\s+)*function\s+(\w+)/,
  replaces: [
    /\bMockery::mock\(\s*["'](?:alias|overload):\\?([\w\\]+)["']/,
    /^(\$?\w+)(?:::|->)(?:shouldReceive|allows|method)\(\s*["'](\w+)["']/,
  ],
  lenient: /^assertEquals$/,
  focus: /->only\(/,
  retry: /->repeat\(|->retry\(\s*(\d+)?/,
  exit: /^\s*(exit|die)\b/,
  assertion:
    /^(?:\$this->|self::|static::|Assert::|\$\w+->)?((?:assert|expectException|expectError|expectOutput|fail|should)\w*|\)?->throws\w*)\s*\(/,
  expectedFirst:
    /^assert(Not)?(Same|Equals|EqualsCanonicalizing|Count|Contains|InstanceOf|StringContainsString|ArrayHasKey|MatchesRegularExpression)$/,
  fluent: /^expect\s*\(/,
  rows: /@dataProvider|#\[\s*(DataProvider|TestWith)|^return\s*\[|yield\b|^\)?->with\(/,
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
        : (/^\S+\s+([^,\s]+)/.exec(block.text)?.[1] ?? block.text)
      : undefined),
  skip: /^(RSpec\.)?x(it|describe|context|specify|example|test|scenario)\b|^(skip|pending|omit|pend)\b|\b(skip|pending):\s*(true|["'])|,\s*:(skip|pending)\b|^(before|setup)\b.*[{;]\s*(skip|pending)\b|^(it|describe|context|specify|example|test|scenario)\b.*,\s*(if|unless):|\b(filter_run_excluding|filter_run_including|filter_run|exclusion_filter)\b/,
  focus: /^(RSpec\.)?f(it|describe|context|specify|example|scenario)\b|\bfocus:\s*true|,\s*:focus\b|^focus\b/,
  hides: /^(private|protected)$/,
  trailing: /\s(?:if|unless)\s.+$/,
  swallow: /\S\s+rescue\s+\S/,
  declares:
    /^def\s+(?:self\.)?(\w+[?!]?)\b(?!\.)|^(?:class|module)\s+(\w+)|^(\w+)\s*=\s*(?:->|lambda\b|proc\b|(?:instance_|class_)?double\b)/,
  replaces: [
    /\ballow\(\s*([\w:.]+)\s*\)\.to receive(?:_messages)?\(?\s*:?(\w+)/,
    /\ballow_any_instance_of\(\s*[\w:.]+\s*\)\.to receive(?:_messages)?\(?\s*:?(\w+)/,
    /\b([A-Z][\w:]*)\.stubs?\(?\s*:(\w+)/,
    /^def\s+([A-Z]\w*)\.(\w+)/,
    /\b([A-Z][\w:]*)\.define_singleton_method\(?\s*:(\w+)/,
    /\bstub_const\(\s*["']([\w:]+)["']/,
  ],
  rows: /^[[{].*\.each\w*\b|^\w+\s*=\s*[[{](?!\s*[\]}])/,
  retry: /\bretry:\s*(\d+)/,
  exit: /^(exit!?|abort|at_exit)\b/,
  assertion: /^((?:assert|refute|flunk|must|wont)(?:_\w+)?)\b\s*\(?/,
  expectedFirst: /^(assert|refute)_(equal|same|in_delta|in_epsilon|kind_of|instance_of|match)$/,
  fluent: /^expect\s*[({]|\.(?=(?:must|wont)_\w|should(?:_not)?\b)/,
  condition: /^(if|unless|elsif|else|case|when)\b/,
  attempt: /^(begin|def|it|test)\b/,
  handler: /^rescue\b/,
};

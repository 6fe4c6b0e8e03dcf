import type { Assertion, Condition, Mark, Row, TestCase, TestFile } from './model.ts';
import { closingOf, scan, splitArguments, type Lexicon, type Scanned } from './scan.ts';
import { strengthOf } from './strength.ts';
import { walkBlocks, type Block } from './tree.ts';

/** What a language has to say for its tests to be read by scanning instead of parsing. */
export interface ScannedLanguage {
  lexicon: Lexicon;
  tree(scanned: Scanned): Block[];
  /** Lines that belong to the declaration after them: decorators, annotations, attributes. */
  attribute: RegExp;
  /** The declaration's title. Attributes stand before the block, on lines of their own or on the same. */
  test(block: Block, attributes: string): string | undefined;
  suite(block: Block): string | undefined;
  skip: RegExp;
  expectedFailure?: RegExp;
  focus?: RegExp;
  /** With the number as first group where it has one. */
  timeout?: RegExp;
  retry?: RegExp;
  exit: RegExp;
  /** A call or statement that asserts: the matcher's name is the first group. */
  assertion: RegExp;
  /** Matchers whose first argument is the expected value. */
  expectedFirst?: RegExp;
  /** Arguments before the subject, as `t` in `assert.Equal(t, …)`. */
  leading?: RegExp;
  /** Where a fluent assertion begins: at the bracket around its subject, or after a subject that stands bare. */
  fluent?: RegExp;
  /** `assert a == b`: a whole statement whose rest is the claim. */
  claim?: RegExp;
  /** Under a condition, the condition is what is asserted. */
  failure?: RegExp;
  condition: RegExp;
  attempt: RegExp;
  handler: RegExp;
  rows?: RegExp;
  /** Takes tests out by being declared at all. */
  takesOut?: RegExp;
  /** Keeps failures from being seen: alone, or over the block that it opens. */
  swallow?: RegExp;
  /** Lines that look like comments or stand outside of the grammar, and decide whether tests exist. */
  directives?: readonly Directive[];
  /** What is declared after it is no test. */
  hides?: RegExp;
  /** A condition that is written after its statement, as first group. */
  trailing?: RegExp;
  /** Matchers that take different types for equal. */
  lenient?: RegExp;
  /** A function, a type or a mock that a block declares, as one of the groups. */
  declares?: RegExp;
  /** Mocks and stubs: their groups together name what they replace. Strings are as written. */
  replaces?: readonly RegExp[];
}

/** From `opens` to `closes`, or to the next test, or to the end of the file. */
interface Directive {
  opens: RegExp;
  closes?: RegExp;
  reaches?: 'next';
}

interface Scope {
  titles: readonly string[];
  marks: Mark[][];
  target: Draft;
  conditions: Condition[];
  dead: Assertion['dead'];
  /** Tests that are declared here are not run, because of this. */
  hidden: string | undefined;
}
type Draft = Omit<TestCase, 'marks'> & { marks: Mark[][]; declared: Set<string> };

export function readScanned(language: ScannedLanguage, text: string): TestFile {
  const scanned = scan(text, language.lexicon);
  const drafts: Draft[] = [];
  const fileMarks: Mark[] = [];
  const rows: Row[] = [];
  const origins = new Map<string, string>();
  const draft = (titles: readonly string[], line: number, marks: Mark[][], conditions: Condition[]): Draft => {
    const made: Draft = { titles, line, marks, assertions: [], statements: [], conditions, hasBody: true, declared: new Set() };
    drafts.push(made);
    return made;
  };

  function readList(blocks: readonly Block[], scope: Scope): void {
    let here = scope;
    let attributes: Block[] = [];
    blocks.forEach((block, index) => {
      if (language.attribute.test(block.head) && block.children.length === 0 && !declares(block)) {
        attributes.push(block);
        return;
      }
      const table = block.code === '' && language.rows?.test(blocks[index - 1]?.head ?? '') === true;
      if (table) readTable(block.children);
      else read(block, blocks[index + 1], attributes, here);
      attributes = [];
      here = after(block, here);
    });
  }

  const declares = (block: Block): boolean => language.test(block, '') !== undefined || language.suite(block) !== undefined;

  /** What is known once a block was passed. */
  function after(block: Block, scope: Scope): Scope {
    const leaving = leavingOf(block);
    if (leaving === 'always') return { ...scope, dead: scope.dead ?? 'unreachable' };
    if (leaving !== undefined) return { ...scope, conditions: [...scope.conditions, leaving] };
    if (language.hides?.test(block.head) === true) return { ...scope, hidden: block.text };
    const first = block.children[0];
    if (
      language.condition.test(block.head) &&
      block.children.length === 1 &&
      first !== undefined &&
      leavingOf(first) === 'always'
    )
      return { ...scope, conditions: [...scope.conditions, conditionOf(block, 'not ')] };
    return scope;
  }

  function read(block: Block, next: Block | undefined, attributes: readonly Block[], scope: Scope): void {
    const heads = [...attributes.map(({ text }) => text), block.text].join('\n');
    const title = language.test(block, heads);
    const suite = title === undefined ? language.suite(block) : undefined;
    for (const attribute of attributes) readRows(attribute);
    if (title !== undefined || suite !== undefined) {
      const titles = [...scope.titles, title ?? suite ?? ''];
      const own = marksOf(language, heads, attributes[0]?.line ?? block.line);
      const marks = [...scope.marks, own];
      const unreached = scope.dead === 'unreachable' ? 'code that is never reached' : scope.hidden;
      const conditions: Condition[] =
        unreached === undefined ? scope.conditions : [...scope.conditions, { text: unreached, kind: 'never' }];
      if (title === undefined) noteDeclared(block, scope);
      if (title === undefined)
        return readList(block.children, { ...scope, titles, marks, conditions, dead: undefined, hidden: undefined });
      const target = draft(titles, block.line, marks, conditions);
      target.hasBody = block.children.length > 0;
      return readList(block.children, { titles, marks, target, conditions: [], dead: undefined, hidden: undefined });
    }
    noteDeclared(block, scope);
    if (readMark(block, scope)) return;
    const [statement, here] = withoutTrailing(block, scope);
    const made = assertionOf(language, statement, here);
    if (made !== undefined) {
      scope.target.assertions.push(made);
      return;
    }
    const table = readRows(block);
    if (isStatement(block) && scope.dead !== 'unreachable') scope.target.statements.push(block.text.slice(0, table));
    readList(block.children, inside(block, next, scope));
  }

  function noteDeclared({ head }: Block, scope: Scope): void {
    const name = language.declares
      ?.exec(head)
      ?.slice(1)
      .find((group) => group !== undefined);
    if (name === undefined) return;
    scope.target.declared.add(name);
    if (scope.target.titles[0] === '') origins.set(name, '');
  }

  /** `assert x if y`: the assertion, and what it depends on. */
  function withoutTrailing(block: Block, scope: Scope): [Block, Scope] {
    const match = language.trailing?.exec(block.head);
    if (match === null || match === undefined || block.children.length > 0 || match.index === 0) return [block, scope];
    const condition = conditionOf({ code: match[0].trim(), text: block.text.slice(match.index).trim() });
    const statement: Block = {
      ...block,
      code: block.code.slice(0, match.index),
      head: block.head.slice(0, match.index),
      text: block.text.slice(0, match.index),
    };
    const dead = condition.kind === 'never' ? (scope.dead ?? 'unreachable') : scope.dead;
    return [statement, { ...scope, conditions: [...scope.conditions, condition], dead }];
  }

  /** Leaves the test here: for good, or under a condition that is told. */
  function leavingOf({ head, text, code }: Block): 'always' | Condition | undefined {
    if (leaves.test(head)) {
      const match = language.trailing?.exec(head);
      if (match === null || match === undefined) return 'always';
      const [condition, code] = [text.slice(match.index).trim(), match[0].trim()];
      return isTrue(code) ? 'always' : conditionOf({ text: condition, code }, 'not ');
    }
    if (!language.condition.test(head) || !/\)\s*(return|break|continue)\b/.test(code.slice(-60))) return undefined;
    return isTrue(code.replace(/\s*(return|break|continue)\b.*$/, '')) ? 'always' : conditionOf({ text, code }, 'not ');
  }

  function inside(block: Block, next: Block | undefined, scope: Scope): Scope {
    if (
      language.attempt.test(block.head) &&
      next !== undefined &&
      language.handler.test(next.head) &&
      hidesFailure(language, next)
    )
      return { ...scope, dead: scope.dead ?? 'swallowed' };
    if (language.swallow?.test(block.head) === true) return { ...scope, dead: scope.dead ?? 'swallowed' };
    if (!language.condition.test(block.head)) return scope;
    const condition = conditionOf(block);
    if (condition.kind === 'never')
      return { ...scope, dead: scope.dead ?? 'unreachable', conditions: [...scope.conditions, condition] };
    return { ...scope, conditions: [...scope.conditions, condition] };
  }

  function readMark(block: Block, scope: Scope): boolean {
    const sink = scope.marks.at(-1) ?? fileMarks;
    const all = marksOf(language, block.text, block.line);
    sink.push(...all.filter(({ kind }) => kind === 'replace'));
    if (language.takesOut?.test(block.head) === true) sink.push({ kind: 'skip', text: block.head, line: block.line });
    // What chains to the end of a declaration says of it what stands at its beginning elsewhere.
    const inBody = all.filter(({ kind }) => kind !== 'replace' && (kind !== 'focus' || block.head.startsWith(')')));
    if (inBody.length === 0 || block.children.length > 0) return false;
    for (const mark of inBody)
      sink.push(mark.kind === 'skip' && scope.conditions.length > 0 ? { ...mark, kind: 'swallow' } : mark);
    return inBody.some(({ kind }) => kind !== 'focus');
  }

  function readTable(blocks: readonly Block[]): void {
    const lists = blocks.filter(({ code, children }) => children.length > 0 && isRow(code));
    for (const row of lists) rows.push({ line: row.line, text: [...walkBlocks([row])].map(({ text }) => text).join(' ') });
  }

  /** Answers where in the block the table begins, `undefined` where there is none. */
  function readRows(block: Block): number | undefined {
    if (language.rows?.test(block.head) !== true) return undefined;
    readTable(block.children);
    const open = block.code.search(/[[{]/) >= 0 ? block.code.search(/[[{]/) : block.code.indexOf('(');
    if (open < 0) return undefined;
    const parts = splitArguments(block.code, open + 1, closingOf(block.code, open) - 1);
    for (const [from, to] of parts) rows.push({ line: block.line, text: block.text.slice(from, to).trim() });
    return parts.length === 0 ? undefined : open;
  }

  readList(language.tree(scanned), {
    titles: [],
    marks: [],
    target: draft([''], 1, [fileMarks], []),
    conditions: [],
    dead: undefined,
    hidden: undefined,
  });
  for (const { condition, from, to } of regionsOf(language, text, drafts)) {
    for (const test of drafts.filter(({ line, titles }) => titles[0] !== '' && line >= from && line <= to))
      test.conditions = [...test.conditions, condition];
  }
  const tests = drafts.map(({ marks, ...test }): TestCase => ({ ...test, marks: test.titles[0] === '' ? [] : marks.flat() }));
  return { tests, marks: fileMarks, rows, comments: scanned.comments, origins };
}

interface Region {
  condition: Condition;
  /** 1-based, both included. */
  from: number;
  to: number;
}

function regionsOf({ directives = [] }: ScannedLanguage, text: string, tests: readonly { line: number }[]): Region[] {
  const lines = text.split('\n').map((line) => line.slice(0, 500));
  return directives.flatMap(({ opens, closes, reaches }) =>
    lines.flatMap((line, index): Region[] => {
      if (!opens.test(line)) return [];
      const from = index + 1;
      const end = closes === undefined ? -1 : lines.findIndex((other, at) => at > index && closes.test(other));
      const next = Math.min(...tests.map((test) => test.line).filter((at) => at >= from));
      return [
        {
          condition: { text: line.trim(), kind: closes === undefined ? 'environment' : 'other' },
          from,
          to: reaches === 'next' ? next : end < 0 ? Infinity : end + 1,
        },
      ];
    }),
  );
}

const isStatement = ({ code }: Block): boolean =>
  !/^(return|pass|\.\.\.|else|try|finally|begin|do|end)?[\s:{}();]*$/.test(code) && !isRow(code);
const isRow = (code: string): boolean => /^[,\s]*([\w"'_]+\s*:)?\s*$/.test(code.slice(0, 200));
const leaves = /^(return|break|continue|next)\b/;
/** A condition that always holds. */
const isTrue = (condition: string): boolean =>
  /^(if\s*\(?\s*(true|True|1|!false|not False)|unless\s+(false|nil))\s*\)?\s*:?$/.test(condition);

function conditionOf(block: Pick<Block, 'text' | 'code'>, prefix = ''): Condition {
  const text = prefix + block.text;
  const constant =
    /^(els?e?\s*)?(if|elif|while|unless)\s*\(?\s*(false|False|0|nil|None|!true|not True|1\s*==\s*2)\s*\)?\s*(:|then|&&.*|and .*)?$/.test(
      block.code,
    );
  if (constant || /^unless\s+true\b/.test(block.code)) return { text, kind: prefix === '' ? 'never' : 'other' };
  return {
    text,
    kind: /environ|getenv|Getenv|LookupEnv|env::var|\bENV\[|GetEnvironmentVariable|\$_ENV/.test(block.code)
      ? 'environment'
      : 'other',
  };
}

/** A handler that neither fails, nor raises again, nor asserts. */
function hidesFailure(language: ScannedLanguage, handler: Block): boolean {
  return ![...walkBlocks(handler.children)].some(
    ({ head }) =>
      /\b(throw|raise|fail|Fail|panic|abort)\b/.test(head) ||
      language.assertion.test(head) ||
      language.claim?.test(head) ||
      language.failure?.test(head),
  );
}

function marksOf(language: ScannedLanguage, head: string, line: number): Mark[] {
  const marks: Mark[] = [];
  const { code, visible } = scan(head, language.lexicon);
  const add = (kind: Mark['kind'], pattern: RegExp | undefined): void => {
    const match = pattern?.exec(code);
    if (match === null || match === undefined) return;
    const number = Number.parseFloat((match.slice(1).find((group) => group !== undefined) ?? '').replaceAll('_', ''));
    const text = visible.slice(match.index, match.index + match[0].length).trim();
    marks.push({ kind, text, line, value: Number.isNaN(number) ? Infinity : number });
  };
  add('skip', language.skip);
  add('expected-failure', language.expectedFailure);
  add('focus', language.focus);
  add('timeout', language.timeout);
  add('retry', language.retry);
  add('exit', language.exit);
  add('swallow', language.swallow);
  for (const pattern of language.replaces ?? []) {
    const match = pattern.exec(visible);
    if (match === null || code[match.index] !== visible[match.index]) continue;
    const name = match.slice(1).flatMap((group) => group?.split(/[^\w$]+/) ?? []);
    marks.push({ kind: 'replace', text: match[0].trim(), line, names: [name.filter((part) => part !== '').join('.')] });
  }
  return marks;
}

// ---------------------------------------------------------------------------------------------- assertions

interface Parts {
  subject: string;
  matcher: string;
  expected: string;
  strength: number;
  tolerance?: number | undefined;
}

function assertionOf(language: ScannedLanguage, block: Block, scope: Scope): Assertion | undefined {
  const parts =
    claimOf(language, block) ?? fluentOf(language, block) ?? calledOf(language, block) ?? failureOf(language, block, scope);
  if (parts === undefined) return undefined;
  const body = [...walkBlocks(block.children)].map(({ text }) => text).join(' ');
  const isFailure = parts.matcher === 'fail-if';
  return {
    line: block.line,
    text: `${isFailure ? `${parts.subject} ` : ''}${block.text}`,
    print: `${parts.matcher} ( ${parts.subject} ; ${parts.expected} ± ${parts.tolerance ?? ''} ) ${body}`.trim(),
    subject: body === '' ? parts.subject : `${parts.subject} ${body}`,
    matcher: parts.matcher,
    expected: parts.expected,
    strength: parts.strength,
    trivial: isTrivial(parts),
    loose: countLoose(block),
    ...(parts.tolerance === undefined ? {} : { tolerance: parts.tolerance }),
    conditions: isFailure ? [] : scope.conditions,
    ...(scope.dead === undefined ? {} : { dead: scope.dead }),
  };
}

/** Comparison at the top level of a claim: operator and what it says. */
const comparisons: readonly [RegExp, string, number][] = [
  [/ not in /, 'not in', 1],
  [/ is not /, 'is not', 1],
  [/ === | == /, '==', 5],
  [/ !== | != /, '!=', 1],
  [/ is | eql? /, '==', 5],
  [/ in /, 'in', 3],
  [/ =~ | <= | >= | < | > /, '<>', 3],
];

function claimOf(language: ScannedLanguage, { code, text }: Block): Parts | undefined {
  const match = language.claim?.exec(code.slice(0, 200));
  if (match === null || match === undefined) return undefined;
  const start = match[0].length;
  // `assert (a == b, "message")` is about a tuple, which is never empty.
  const tuple = code[start] === '(' && closingOf(code, start) === code.length;
  if (tuple && splitArguments(code, start + 1, code.length - 1).length > 1)
    return { subject: 'True', matcher: 'ok', expected: '', strength: 2 };
  const [from, to] = tuple ? [start + 1, code.length - 1] : [start, code.length];
  const end = splitArguments(code, from, to)[0]?.[1] ?? to;
  return claimParts(code.slice(from, end), text.slice(from, end));
}

function claimParts(code: string, text: string): Parts {
  const flat = hideBrackets(code);
  // Of claims that all have to hold each is one; of alternatives none is.
  const joined = / (and|&&) /.test(flat) && !/ (or|\|\|) /.test(flat);
  const found = / (and|or|&&|\|\|) /.test(flat) ? undefined : comparisons.find(([pattern]) => pattern.test(flat));
  const match = found?.[0].exec(flat);
  if (found === undefined || match === null || match === undefined) {
    const least = joined ? Math.min(...flat.split(/ (?:and|&&) /).map((part) => claimParts(part, part).strength)) : 2;
    return { subject: text.trim(), matcher: 'ok', expected: '', strength: least };
  }
  const sides = [text.slice(0, match.index).trim(), text.slice(match.index + match[0].length).trim()];
  // What is looked for in something is expected of it.
  const [subject = '', expected = ''] = found[1].endsWith('in') && constant.test(sides[0] ?? '') ? sides.toReversed() : sides;
  const tolerance = toleranceIn(expected) ?? toleranceIn(subject);
  const approximate = /approx|isclose|EPSILON|epsilon/.test(expected) ? 3 : found[2];
  return { subject, matcher: found[1], expected, strength: approximate, tolerance };
}

/** How far off a number may be, by the name that says so. */
function toleranceIn(text: string): number | undefined {
  const digits = /\b(?:places|precision|digits)\s*[=:]\s*(\d+)/.exec(text)?.[1];
  if (digits !== undefined) return 0.5 * 10 ** -Number(digits);
  const allowed =
    /\b(?:abs|rel|delta|rel_tol|abs_tol|atol|rtol|within|be_within|offset|withPercentage)\s*[=:(]\s*([\d._]+(?:e-?\d+)?)/i;
  const found = allowed.exec(text)?.[1];
  return found === undefined ? undefined : Number(found.replaceAll('_', ''));
}

function hideBrackets(code: string): string {
  const parts: string[] = [];
  for (let at = 0; at < code.length;) {
    const end = '([{'.includes(code[at] ?? '') ? closingOf(code, at) : at + 1;
    parts.push(end > at + 1 ? '·'.repeat(end - at) : (code[at] ?? ''));
    at = end;
  }
  return parts.join('');
}

/** `eq 2` and `eq(2)` expect the same. */
const bareArgument = (text: string): string =>
  text.startsWith('(') && closingOf(text, 0) === text.length ? text.slice(1, -1).trim() : text;

/** `expect(x).to eq(y)`, `assertThat(x).isEqualTo(y)`, `x.Should().Be(y)`, `x shouldBe y`. */
function fluentOf(language: ScannedLanguage, { code, head, text }: Block): Parts | undefined {
  const match = language.fluent?.exec(head);
  if (match === null || match === undefined) return undefined;
  const end = match.index + match[0].length;
  const enclosed = '([{'.includes(code[end - 1] ?? ' ');
  const rest = enclosed ? closingOf(code, end - 1) : end;
  const subject = enclosed ? text.slice(end, rest - 1) : text.slice(0, match.index);
  const words = [...hideBrackets(code.slice(rest)).matchAll(/(?<![\w$])[a-zA-Z]\w*[?!]?/g)].filter(
    ([word]) => !fillers.has(word),
  );
  const isInfix = language.tree.name === 'indentTree' || /^\s*(should|must|wont)/.test(code.slice(rest));
  const name = isInfix ? words[0] : (words.findLast(({ index }) => '.>'.includes(code[rest + index - 1] ?? ' ')) ?? words[0]);
  if (name === undefined) return undefined;
  const negated = /\bnot\b|\bnot_to\b|\bto_not\b|\bshould_not\b/.test(hideBrackets(code.slice(rest)));
  const expected = bareArgument(text.slice(rest + name.index + name[0].length).trim());
  const compares = name[0] === 'be' && /^[<>=!]/.test(expected);
  return {
    subject: subject.trim(),
    matcher: (negated ? 'not ' : '') + name[0],
    expected,
    strength: compares ? 3 : fluentStrength(name[0], negated),
    tolerance: toleranceIn(text.slice(rest)),
  };
}

const fillers = new Set(['to', 'not_to', 'to_not', 'not', 'should', 'should_not', 'Should', 'And', 'and', 'that', 'as']);

const fluentStrength = (name: string, negated: boolean): number => {
  if (
    /^(be_truthy|be_falsey|be_present|be_any|exist)$/i.test(name) ||
    /^(isNotNull|isNotEmpty|isPresent|NotBeNull|NotBeEmpty|BeTruthy|toBeTruthy)$/.test(name)
  )
    return 2;
  if (
    /^(isEqualTo|isSameAs|isEqualByComparingTo|containsExactly\w*|raise_error|hasToString|isTrue|isFalse|isNull|isEmpty|Be|BeEquivalentTo|Equal|BeTrue|BeFalse|BeNull|eq|eql|equal|be|match_array|must_equal|shouldBe|contain_exactly|toBe|toEqual|shouldEqual)$/.test(
      name,
    )
  )
    return negated ? 1 : 5;
  return strengthOf(name, { negated });
};

function calledOf(language: ScannedLanguage, { code, head, text }: Block): Parts | undefined {
  const match = language.assertion.exec(head);
  if (match === null) return undefined;
  const name = match[1] ?? match[0];
  const plain = name.replaceAll(/[_!]/g, '').toLowerCase();
  const open = code.indexOf('(', match.index + match[0].length - 1);
  const [from, to] =
    open < 0 || open > match.index + match[0].length
      ? [match.index + match[0].length, code.length]
      : [open + 1, closingOf(code, open) - 1];
  const places = splitArguments(code, from, to);
  const args = places.map(([start, end]) => text.slice(start, end).trim());
  const led = language.leading !== undefined && language.leading.test(args[0] ?? '');
  const own = led ? args.slice(1) : args;
  const [start = 0, end = 0] = places[led ? 1 : 0] ?? [];
  const claim = claimParts(code.slice(start, end), text.slice(start, end));
  if (plain === 'assert' || plain === 'debugassert') return claim;
  // `assertTrue(a == b)` says what `assertEquals(a, b)` says.
  if (/^(assert)?(is)?true$/.test(plain) && claim.matcher !== 'ok') return claim;
  const generic = /<([^>]*)>/.exec(match[0])?.[1];
  if (/throws|raises|exception/.test(plain) && !/not/.test(plain)) return raisedBy(name, own, generic);
  const single =
    /^(\w*?)(true|false|nil|null|empty|none|noerror|error|ok|some|zero|panics|isnull)$/.test(plain) && own.length < 2;
  const swapped = language.expectedFirst?.test(name) === true && own.length > 1;
  const [first = '', second = ''] = single ? own : own.slice(0, 2);
  const tolerance = toleranceOf(plain, own);
  const lenient = language.lenient?.test(name) === true;
  return {
    subject: swapped ? second : first,
    matcher: name,
    expected: [generic, swapped ? first : second].filter((part) => part !== undefined && part !== '').join(' '),
    strength:
      tolerance !== undefined && /equal/.test(plain)
        ? 3
        : lenient
          ? 4
          : strengthOf(name.replace(/!$/, ''), { negated: /^(refute|assertNot)/.test(name) }),
    tolerance,
  };
}

const isCode = (text: string): boolean =>
  /^(async |static |move )*(\w+|\([^()]*\)|\|[^|]*\|)?\s*(->|=>)|^(lambda|function|fn)\b|^\{/.test(text);

/** What has to be raised, in any order with the code that has to raise it. */
function raisedBy(name: string, args: readonly string[], generic: string | undefined): Parts {
  return {
    subject: args.filter(isCode).join(', '),
    matcher: name,
    expected: [...(generic === undefined ? [] : [generic]), ...args.filter((text) => !isCode(text))].join(', '),
    strength: strengthOf(name),
  };
}

/** A third argument that is a number is a distance, or, where it is whole and the values are none, a number of digits. */
function toleranceOf(plain: string, args: readonly string[]): number | undefined {
  const named = toleranceIn(args.slice(2).join(', '));
  if (named !== undefined) return named;
  const text = /^[\d_]*\.?[\d_]+(?:e-?\d+)?(?=[fdm]?$)/i.exec(args[2] ?? '')?.[0];
  if (text === undefined || !/equal|delta|epsilon|close|within|approx|near/.test(plain)) return undefined;
  const number = Number(text.replaceAll('_', ''));
  const isDigits = (plain === 'equal' && Number.isInteger(number)) || plain === 'assertalmostequal';
  return isDigits ? 0.5 * 10 ** -number : number;
}

function failureOf(language: ScannedLanguage, { head }: Block, scope: Scope): Parts | undefined {
  if (language.failure?.test(head) !== true) return undefined;
  return { subject: scope.conditions.map(({ text }) => text).join(' and '), matcher: 'fail-if', expected: '', strength: 4 };
}

const constant = /^(true|True|TRUE|false|False|FALSE|nil|null|None|-?\d[\d_.]*|"[^"]*"|'[^']*'|1\s*==\s*1|not False|!false)$/;

function isTrivial({ subject, expected, matcher }: Parts): boolean {
  if (/^(fail|Fail|fail-if|flunk|expect(Exception|Error|Output|Not))/.test(matcher)) return false;
  if (constant.test(subject) && (expected === '' || constant.test(expected))) return true;
  if (/(\bor|\|\|)\s+(True|true|1)\s*$/.test(subject)) return true;
  return subject !== '' && subject === expected && !/[()]/.test(subject) && matcher === '==';
}

const wildcards =
  /(\bor|\|\|)\s*(True|true)\b|\b(mock|gomock)\.A(NY|ny)\b|\bANY\b|\bany([A-Z]\w*)?\(|\batLeast\(0\)|It\.IsAny|\banything\b|\bany_args\b|re\.compile\(r?["']\.\*|mock\.Anything|(?<=[(,]\s?)_(?=[,)])/g;
/** Types that every error has. */
const everyError =
  /(?<![\w$])(Throwable|Exception|BaseException|StandardError|RuntimeException|AssertionError|Error)(?=\s*(\.class|::class|[>,)]|$))/g;

const countLoose = ({ code, text }: Block): number =>
  (text.match(wildcards) ?? []).length +
  (/raise|throw|expect|Raise|Throw/.test(code) ? (code.match(everyError) ?? []).length : 0);

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
}

interface Scope {
  titles: readonly string[];
  marks: Mark[][];
  target: Draft;
  conditions: Condition[];
  dead: Assertion['dead'];
}
type Draft = Omit<TestCase, 'marks'> & { marks: Mark[][] };

export function readScanned(language: ScannedLanguage, text: string): TestFile {
  const scanned = scan(text, language.lexicon);
  const drafts: Draft[] = [];
  const fileMarks: Mark[] = [];
  const rows: Row[] = [];
  const draft = (titles: readonly string[], line: number, marks: Mark[][], conditions: Condition[]): Draft => {
    const made: Draft = { titles, line, marks, assertions: [], statements: [], conditions, hasBody: true };
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
      read(block, blocks[index + 1], attributes, here);
      attributes = [];
      here = after(block, here);
    });
  }

  const declares = (block: Block): boolean => language.test(block, '') !== undefined || language.suite(block) !== undefined;

  /** What is known once a block was passed. */
  function after(block: Block, scope: Scope): Scope {
    if (leaves(block)) return { ...scope, dead: scope.dead ?? 'unreachable' };
    const first = block.children[0];
    if (language.condition.test(block.head) && block.children.length === 1 && first !== undefined && leaves(first))
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
      const conditions =
        scope.dead === 'unreachable'
          ? [...scope.conditions, { text: 'code that is never reached', kind: 'never' as const }]
          : scope.conditions;
      if (title === undefined) return readList(block.children, { ...scope, titles, marks, conditions, dead: undefined });
      const target = draft(titles, block.line, marks, conditions);
      target.hasBody = block.children.length > 0;
      return readList(block.children, { titles, marks, target, conditions: [], dead: undefined });
    }
    if (readMark(block, scope)) return;
    const made = assertionOf(language, block, scope);
    if (made !== undefined) {
      scope.target.assertions.push(made);
      return;
    }
    readRows(block);
    if (isStatement(block) && scope.dead !== 'unreachable') scope.target.statements.push(block.text);
    readList(block.children, inside(block, next, scope));
  }

  function inside(block: Block, next: Block | undefined, scope: Scope): Scope {
    if (
      language.attempt.test(block.head) &&
      next !== undefined &&
      language.handler.test(next.head) &&
      hidesFailure(language, next)
    )
      return { ...scope, dead: scope.dead ?? 'swallowed' };
    if (!language.condition.test(block.head)) return scope;
    const condition = conditionOf(block);
    if (condition.kind === 'never')
      return { ...scope, dead: scope.dead ?? 'unreachable', conditions: [...scope.conditions, condition] };
    return { ...scope, conditions: [...scope.conditions, condition] };
  }

  function readMark(block: Block, scope: Scope): boolean {
    const sink = scope.marks.at(-1) ?? fileMarks;
    const inBody = marksOf(language, block.text, block.line).filter(({ kind }) => kind !== 'focus');
    if (inBody.length === 0 || block.children.length > 0) return false;
    for (const mark of inBody)
      sink.push(mark.kind === 'skip' && scope.conditions.length > 0 ? { ...mark, kind: 'swallow' } : mark);
    return true;
  }

  function readRows(block: Block): void {
    if (language.rows?.test(block.head) !== true) return;
    const lists = block.children.filter(({ code, children }) => children.length > 0 && isRow(code));
    for (const row of lists) rows.push({ line: row.line, text: [...walkBlocks([row])].map(({ text }) => text).join(' ') });
    const open = block.code.indexOf('[');
    if (open < 0) return;
    for (const [from, to] of splitArguments(block.code, open + 1, closingOf(block.code, open) - 1))
      rows.push({ line: block.line, text: block.text.slice(from, to).trim() });
  }

  readList(language.tree(scanned), {
    titles: [],
    marks: [],
    target: draft([''], 1, [fileMarks], []),
    conditions: [],
    dead: undefined,
  });
  const tests = drafts.map(({ marks, ...test }): TestCase => ({ ...test, marks: test.titles[0] === '' ? [] : marks.flat() }));
  return { tests, marks: fileMarks, rows, comments: scanned.comments };
}

const isStatement = ({ code }: Block): boolean =>
  !/^(return|pass|\.\.\.|else|try|finally|begin|do|end)?[\s:{}();]*$/.test(code) && !isRow(code);
const isRow = (code: string): boolean => /^[,\s]*([\w"'_]+\s*:)?\s*$/.test(code.slice(0, 200));
const leaves = ({ head }: Block): boolean => /^(return|break|continue|next)\b(?!.*\b(if|unless)\b)/.test(head);

function conditionOf(block: Block, prefix = ''): Condition {
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
  const code = scan(head, language.lexicon).code;
  const add = (kind: Mark['kind'], pattern: RegExp | undefined): void => {
    const match = pattern?.exec(code);
    if (match === null || match === undefined) return;
    const number = Number.parseFloat((match.slice(1).find((group) => group !== undefined) ?? '').replaceAll('_', ''));
    marks.push({ kind, text: match[0].trim(), line, value: Number.isNaN(number) ? Infinity : number });
  };
  add('skip', language.skip);
  add('expected-failure', language.expectedFailure);
  add('focus', language.focus);
  add('timeout', language.timeout);
  add('retry', language.retry);
  add('exit', language.exit);
  return marks;
}

// ---------------------------------------------------------------------------------------------- assertions

interface Parts {
  subject: string;
  matcher: string;
  expected: string;
  strength: number;
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
    print: `${parts.matcher} ( ${parts.subject} ; ${parts.expected} ) ${body}`.trim(),
    subject: body === '' ? parts.subject : `${parts.subject} ${body}`,
    matcher: parts.matcher,
    expected: parts.expected,
    strength: parts.strength,
    trivial: isTrivial(parts),
    loose: countLoose(block.text),
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
  const [first] = splitArguments(code, start, code.length);
  const end = first?.[1] ?? code.length;
  return claimParts(code.slice(start, end), text.slice(start, end));
}

function claimParts(code: string, text: string): Parts {
  const flat = hideBrackets(code);
  const chained = / (and|or|&&|\|\|) /.test(flat);
  const found = chained ? undefined : comparisons.find(([pattern]) => pattern.test(flat));
  const match = found?.[0].exec(flat);
  if (found === undefined || match === null || match === undefined)
    return { subject: text.trim(), matcher: 'ok', expected: '', strength: 2 };
  const [subject, expected] = [text.slice(0, match.index).trim(), text.slice(match.index + match[0].length).trim()];
  const approximate = /approx|isclose|EPSILON|epsilon/.test(expected) ? 3 : found[2];
  return { subject, matcher: found[1], expected, strength: approximate };
}

function hideBrackets(code: string): string {
  const parts: string[] = [];
  for (let at = 0; at < code.length;) {
    const end = '([{'.includes(code[at] ?? '') ? closingOf(code, at) : at + 1;
    parts.push(end > at + 1 ? '_'.repeat(end - at) : (code[at] ?? ''));
    at = end;
  }
  return parts.join('');
}

/** `expect(x).to eq(y)`, `assertThat(x).isEqualTo(y)`, `x.Should().Be(y)`, `x shouldBe y`. */
function fluentOf(language: ScannedLanguage, { code, head, text }: Block): Parts | undefined {
  const match = language.fluent?.exec(head);
  if (match === null || match === undefined) return undefined;
  const end = match.index + match[0].length;
  const enclosed = '([{'.includes(code[end - 1] ?? ' ');
  const rest = enclosed ? closingOf(code, end - 1) : end;
  const subject = enclosed ? text.slice(end, rest - 1) : text.slice(0, match.index);
  const words = [...hideBrackets(code.slice(rest)).matchAll(/(?<![\w$])[a-zA-Z]\w*[?!]?/g)].filter(
    ([word]) => !fillers.has(word) && !/^_+$/.test(word),
  );
  const isInfix = language.tree.name === 'indentTree' || /^\s*(should|must|wont)/.test(code.slice(rest));
  const name = isInfix ? words[0] : (words.findLast(({ index }) => '.>'.includes(code[rest + index - 1] ?? ' ')) ?? words[0]);
  if (name === undefined) return undefined;
  const negated = /\bnot\b|\bnot_to\b|\bto_not\b|\bshould_not\b/.test(hideBrackets(code.slice(rest)));
  const expected = text.slice(rest + name.index + name[0].length).trim();
  return {
    subject: subject.trim(),
    matcher: (negated ? 'not ' : '') + name[0],
    expected,
    strength: fluentStrength(name[0], negated),
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
  const open = code.indexOf('(', match.index + match[0].length - 1);
  const [from, to] =
    open < 0 || open > match.index + match[0].length
      ? [match.index + match[0].length, code.length]
      : [open + 1, closingOf(code, open) - 1];
  const args = splitArguments(code, from, to).map(([start, end]) => text.slice(start, end).trim());
  const own = language.leading !== undefined && language.leading.test(args[0] ?? '') ? args.slice(1) : args;
  if (/^(assert|assert!|debug_assert!)$/.test(name) && own[0] !== undefined) {
    const [start = 0] = splitArguments(code, from, to)[0] ?? [];
    return claimParts(code.slice(start, start + own[0].length + 1).trimStart(), own[0]);
  }
  const single =
    /^(\w*?)(true|false|nil|null|empty|none|noerror|error|ok|some|zero|panics|throws|raises|isnull)$/i.test(
      name.replaceAll(/[_!]/g, ''),
    ) && own.length < 2;
  const swapped = language.expectedFirst?.test(name) === true && own.length > 1;
  const [first = '', second = ''] = single ? own : own.slice(0, 2);
  const numeric = /almost|closeTo|InDelta|epsilon|within/i.test(name) ? (own[2] ?? '') : '';
  const expected = `${swapped ? first : second}${numeric === '' ? '' : ` ± ${numeric}`}`;
  // A third argument that is a tolerance makes an equality approximate.
  const tolerance = /equal/i.test(name) && /^[\d.]+[fFdDmM]?$/.test(own[2] ?? '') ? 3 : undefined;
  return {
    subject: swapped ? second : first,
    matcher: name,
    expected,
    strength: tolerance ?? strengthOf(name.replace(/!$/, ''), { negated: /^(refute|assertNot)/.test(name) }),
  };
}

function failureOf(language: ScannedLanguage, { head }: Block, scope: Scope): Parts | undefined {
  if (language.failure?.test(head) !== true) return undefined;
  return { subject: scope.conditions.map(({ text }) => text).join(' and '), matcher: 'fail-if', expected: '', strength: 4 };
}

const constant = /^(true|True|TRUE|false|False|FALSE|nil|null|None|-?\d[\d_.]*|"[^"]*"|'[^']*'|1\s*==\s*1|not False|!false)$/;

function isTrivial({ subject, expected, matcher }: Parts): boolean {
  if (/^(fail|Fail|fail-if|flunk)/.test(matcher)) return false;
  if (constant.test(subject) && (expected === '' || constant.test(expected))) return true;
  if (/(\bor|\|\|)\s+(True|true|1)\s*$/.test(subject)) return true;
  return subject !== '' && subject === expected && !/[()]/.test(subject) && matcher === '==';
}

const countLoose = (text: string): number =>
  (
    text.match(
      /(\bor|\|\|)\s*(True|true)\b|\bmock\.ANY\b|\bANY\b|\banyString\(|\bany\(\)|It\.IsAny|\banything\b|re\.compile\(r?["']\.\*|pytest\.approx|mock\.Anything/g,
    ) ?? []
  ).length;

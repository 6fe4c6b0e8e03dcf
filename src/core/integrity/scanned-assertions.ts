import type { Assertion, Condition } from './model.ts';
import { closingOf, splitArguments } from './scan.ts';
import type { ScannedLanguage } from './scanned-language.ts';
import { strengthOf } from './strength.ts';
import { walkBlocks, type Block } from './tree.ts';

interface Parts {
  subject: string;
  matcher: string;
  expected: string;
  strength: number;
  tolerance?: number | undefined;
}

/** What stands around an assertion. */
interface Under {
  conditions: Condition[];
  dead: Assertion['dead'];
}

/** What a block asserts, if it does. */
export function assertionOf(language: ScannedLanguage, block: Block, under: Under): Assertion | undefined {
  const parts =
    claimOf(language, block) ?? fluentOf(language, block) ?? calledOf(language, block) ?? failureOf(language, block, under);
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
    conditions: isFailure ? [] : under.conditions,
    ...(under.dead === undefined ? {} : { dead: under.dead }),
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

function failureOf(language: ScannedLanguage, { head }: Block, { conditions }: Under): Parts | undefined {
  if (language.failure?.test(head) !== true) return undefined;
  return { subject: conditions.map(({ text }) => text).join(' and '), matcher: 'fail-if', expected: '', strength: 4 };
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

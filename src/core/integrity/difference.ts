import { nameOf, quote, reporter, type Report } from './findings.ts';
import { similarity, withoutOnce } from './multiset.ts';
import type { Assertion, Condition, FindingKind, IntegrityFinding, Mark, Row, TestCase, TestFile, Weight } from './model.ts';
import { cached, preparation, valueNames } from './preparation.ts';
import { compareOrigins, compareStandIns } from './stand-ins.ts';
import { equalityOf } from './strength.ts';

/** What the tests of one file lost between `before` and `after`. Whatever was added is no business of this. */
export function compareTestFiles(path: string, before: TestFile, after: TestFile): Comparison {
  const pairs = pairTests(before.tests, after.tests);
  const report = reporter(path);
  const survivors = new Set(pairs.map(({ now }) => now));
  const added = after.tests.filter((test) => !survivors.has(test));
  const homes = openHomes([
    ...pairs.flatMap(({ old, now }) =>
      withoutOnce(now.assertions, old.assertions, ({ print }) => print).map((assertion) => ({ test: now, assertion })),
    ),
    ...added.flatMap((test) => test.assertions.map((assertion) => ({ test, assertion }))),
  ]);
  const matched = new Set(pairs.map(({ old }) => old));
  return {
    findings: [
      ...pairs.flatMap(({ old, now, renamed }) => [
        ...(renamed ? [report('renamed', 'human', `"${nameOf(old)}" is now called "${nameOf(now)}"`, now)] : []),
        ...compareTests(report, old, now, homes),
      ]),
      ...added.flatMap((test) => judgeAdded(report, test, before)),
      ...compareFileMarks(report, before.marks, after.marks),
      ...compareFoundations(report, before, after),
      ...compareOrigins(path, report, before, after),
      ...compareRows(report, before.rows, after.rows),
    ],
    missing: before.tests.filter((test) => !matched.has(test)),
    added,
  };
}

export interface Comparison {
  findings: IntegrityFinding[];
  /** Tests of before that have no counterpart in this file: deleted, unless another file took them in. */
  missing: TestCase[];
  added: TestCase[];
}

// ---------------------------------------------------------------------------------------------- pairs

interface Pair {
  old: TestCase;
  now: TestCase;
  renamed: boolean;
}

const mostPairs = 250_000;

/** Same titles first; then same body, then a body that is mostly the same, under another title. */
export function pairTests(before: readonly TestCase[], after: readonly TestCase[]): Pair[] {
  const rounds: { same: (old: TestCase, now: TestCase) => boolean; renamed: boolean }[] = [
    { same: (old, now) => sameTitles(old, now) && sameBody(old, now), renamed: false },
    { same: sameTitles, renamed: false },
    { same: (old, now) => old.titles.at(-1) === now.titles.at(-1) && isSubstantial(old) && similarBody(old, now), renamed: true },
    { same: (old, now) => isSubstantial(old) && sameBody(old, now), renamed: true },
    { same: (old, now) => isSubstantial(old) && similarBody(old, now) && keepsMeaning(old, now), renamed: true },
    { same: (old, now) => isSubstantial(old) && asksTheSame(old, now), renamed: true },
  ];
  const pairs: Pair[] = [];
  let [old, now] = [[...before], [...after]];
  for (const { same, renamed } of rounds) {
    // Beyond this many pairs likeness is not worth its time: what is left was rewritten, not renamed.
    if (renamed && old.length * now.length > mostPairs) break;
    for (const test of old) {
      const found = now.find((candidate) => same(test, candidate));
      if (found === undefined) continue;
      pairs.push({ old: test, now: found, renamed });
      now = now.filter((candidate) => candidate !== found);
    }
    const paired = new Set(pairs.map((pair) => pair.old));
    old = old.filter((test) => !paired.has(test));
  }
  return pairs;
}

const sameTitles = (old: TestCase, now: TestCase): boolean => titleKey(old) === titleKey(now);
const isSubstantial = (test: TestCase): boolean => test.assertions.length > 0 && test.titles.at(-1) !== '';
const content = (test: TestCase): string[] => [...test.statements, ...test.assertions.map((assertion) => assertion.print)];
const sameBody = (old: TestCase, now: TestCase): boolean => bodyKey(old) === bodyKey(now);

const titleKey = cached((test) => test.titles.join('\0'));
const bodyKey = cached((test) => content(test).join('\0'));

/** Half of what both say is the same, and at least one assertion on the same subject: an edited and renamed test. */
function similarBody(old: TestCase, now: TestCase): boolean {
  const subjects = new Set(old.assertions.map((assertion) => assertion.subject));
  return now.assertions.some((assertion) => subjects.has(assertion.subject)) && similarity(content(old), content(now)) >= 0.5;
}

/** The same questions, other answers: a test that asserted the bug, down to its title. */
const asksTheSame = (old: TestCase, now: TestCase): boolean =>
  questionKey(old) === questionKey(now) && old.assertions.every(({ subject }) => subject !== '');
const questionKey = cached(({ statements, assertions }) =>
  [...statements, ...assertions.map(({ subject }) => `? ${subject}`)].join('\0'),
);

/** Another title and another body: the same test only where the assertions that both make are about the same values. */
const keepsMeaning = (old: TestCase, now: TestCase): boolean =>
  old.assertions.every(
    (assertion) => !now.assertions.some(({ print }) => print === assertion.print) || isPrepared(old, assertion, now),
  );

// ---------------------------------------------------------------------------------------------- moved assertions

/** An assertion that is new in a test, and that test. */
interface Home {
  test: TestCase;
  assertion: Assertion;
}

/** The new assertions of a file, each of which can stand for one that another test lost. */
interface Homes {
  take(old: TestCase, now: TestCase, assertion: Assertion, fits: (home: Assertion) => boolean): Home | undefined;
}

function openHomes(all: readonly Home[]): Homes {
  const free = new Set(all);
  return {
    take(old, now, assertion, fits) {
      const home = [...free].find(
        (each) => each.test !== now && fits(each.assertion) && canFail(each) && isPrepared(old, assertion, each.test),
      );
      if (home !== undefined) free.delete(home);
      return home;
    },
  };
}

const canFail = ({ test, assertion }: Home): boolean =>
  assertion.dead === undefined &&
  ![...assertion.conditions, ...test.conditions].some(({ kind }) => kind === 'never' || kind === 'environment') &&
  !test.marks.some(({ kind }) => kind === 'skip' || kind === 'expected-failure' || kind === 'swallow');

/**
 * `equal(a, b)` says the same in another test only where `a` and `b` are the same there: what the old test does with
 * them, and with what they were made of, has to be done in the new one, and nothing else.
 */
function isPrepared(old: TestCase, { subject, expected }: Assertion, test: TestCase): boolean {
  const names = valueNames(`${subject} ${expected}`);
  return preparation(old.statements, names) === preparation(test.statements, names);
}

// ---------------------------------------------------------------------------------------------- one test

const telling = (test: TestCase): Assertion[] => test.assertions.filter((assertion) => !assertion.trivial);

/** What `now`, which stands for `old` in another file, says less. */
export const compareMoved = (report: Report, old: TestCase, now: TestCase): IntegrityFinding[] =>
  compareTests(report, old, now, openHomes([]));

function compareTests(report: Report, old: TestCase, now: TestCase, homes: Homes): IntegrityFinding[] {
  const findings = [
    ...compareMarks(report, old, now),
    ...compareStandIns(report, old, now),
    ...compareConditions(report, old, now),
  ];
  if (old.hasBody && !now.hasBody)
    return [...findings, report('emptied', 'refuse', `"${nameOf(old)}" has no body any more`, now)];
  if (telling(old).length > 0 && telling(now).length === 0)
    return [...findings, report('emptied', 'refuse', `"${nameOf(old)}" asserts nothing any more`, now)];
  if (content(old).length > 0 && content(now).length === 0)
    return [...findings, report('emptied', 'refuse', `"${nameOf(old)}" is empty now`, now)];
  return [...findings, ...compareAssertions(report, old, now, homes), ...compareStatements(report, old, now)];
}

/** What is marked more often or higher than before. */
function compareMarks(report: Report, old: TestCase, now: TestCase): IntegrityFinding[] {
  return risenMarks(old.marks, now.marks)
    .map((mark) => {
      const [kind, what] = markWords[mark.kind];
      return report(kind, 'refuse', `"${nameOf(now)}" ${what}: ${quote(mark.text)}`, now, mark.line);
    })
    .concat(compareExpectedFailures(report, old, now));
}

const markWords: Record<Mark['kind'], [FindingKind, string]> = {
  skip: ['skipped', 'is skipped'],
  focus: ['focused', 'is focused, so others do not run'],
  timeout: ['timeout-raised', 'gets more time'],
  retry: ['retries-raised', 'is retried'],
  'expected-failure': ['skipped', 'is expected to fail'],
  swallow: ['swallowed', 'hides its failures'],
  exit: ['exit-added', 'ends the run'],
  plan: ['assertion-removed', 'plans fewer assertions'],
  replace: ['mock', 'looks at a stand-in'],
};

function risenMarks(old: readonly Mark[], now: readonly Mark[]): Mark[] {
  // What is replaced matters, not how often.
  const kinds = [...new Set(now.map((mark) => mark.kind))].filter((kind) => kind !== 'replace');
  return kinds.flatMap((kind) => {
    const from = old.filter((mark) => mark.kind === kind);
    const to = now.filter((mark) => mark.kind === kind);
    if (kind === 'timeout' || kind === 'retry') {
      const limit = Math.max(0, ...from.map((mark) => mark.value ?? Infinity));
      return to.filter((mark) => (mark.value ?? Infinity) > limit).slice(0, 1);
    }
    if (kind === 'plan') {
      const [most, planned] = [from, to].map((marks) => Math.max(-1, ...marks.map((mark) => mark.value ?? -1)));
      return (planned ?? -1) < (most ?? -1) ? to.slice(0, 1) : [];
    }
    // A skip whose reason or condition was merely reworded is not a new one.
    return to.length > from.length ? to.slice(from.length, from.length + 1) : [];
  });
}

const textOf = ({ text }: Mark): string => text;

/** What a failure that is expected has to say: less is loosened, something else is for the proof. */
function compareExpectedFailures(report: Report, old: TestCase, now: TestCase): IntegrityFinding[] {
  const [before, after] = [old, now].map(({ marks }) => marks.filter(({ kind }) => kind === 'expected-failure'));
  const [gone, fresh] = [withoutOnce(before ?? [], after ?? [], textOf), withoutOnce(after ?? [], before ?? [], textOf)];
  return gone.flatMap((mark, index) => {
    const instead = fresh[index];
    if (instead === undefined) return [];
    const change = `${quote(mark.text)} → ${quote(instead.text)}`;
    return /[=(]/.test(mark.text) && !/[=(]/.test(instead.text)
      ? [report('loosened', 'refuse', `"${nameOf(now)}" asks for less: ${change}`, now, instead.line)]
      : [report('expectation-changed', 'proof', `"${nameOf(now)}" expects something else: ${change}`, now, instead.line)];
  });
}

function compareConditions(report: Report, old: TestCase, now: TestCase): IntegrityFinding[] {
  const fresh = freshConditions(old.conditions, now.conditions);
  return fresh.map((condition) => conditionFinding(report, now, condition, now.line));
}

function freshConditions(old: readonly Condition[], now: readonly Condition[]): Condition[] {
  if (now.length <= old.length && !now.some((condition) => condition.kind === 'never')) return [];
  return withoutOnce(now, old, (condition) => condition.text);
}

function conditionFinding(report: Report, test: TestCase, condition: Condition, line: number): IntegrityFinding {
  const text = quote(condition.text);
  if (condition.kind === 'never') return report('skipped', 'refuse', `"${nameOf(test)}" never runs under ${text}`, test, line);
  if (condition.kind === 'environment')
    return report('skipped', 'refuse', `"${nameOf(test)}" runs only where the environment says so: ${text}`, test, line);
  if (condition.kind === 'callback')
    return report('conditional', 'proof', `"${nameOf(test)}" now leaves it to ${text} to assert`, test, line);
  return report('conditional', 'proof', `"${nameOf(test)}" now depends on ${text}`, test, line);
}

// ---------------------------------------------------------------------------------------------- assertions

function compareAssertions(report: Report, old: TestCase, now: TestCase, homes: Homes): IntegrityFinding[] {
  const findings: IntegrityFinding[] = [];
  const left = [...now.assertions];
  const gone: Assertion[] = [];
  for (const assertion of old.assertions) {
    const index = left.findIndex((candidate) => candidate.print === assertion.print);
    if (index < 0) gone.push(assertion);
    else findings.push(...compareReach(report, now, assertion, left.splice(index, 1)[0] ?? assertion));
  }
  // What another test took over was moved and needs nothing in its place; what asks for less in its place was loosened.
  const moved = gone.filter(
    (assertion) =>
      !left.some((candidate) => candidate.subject === assertion.subject && isWeaker(assertion, candidate)) &&
      homes.take(old, now, assertion, ({ print }) => print === assertion.print) !== undefined,
  );
  let lost = gone.filter((assertion) => !moved.includes(assertion));
  for (const [relation, find] of relations) {
    const unpaired: Assertion[] = [];
    for (const assertion of lost) {
      const index = left.findIndex((candidate) => find(assertion, candidate));
      if (index < 0) unpaired.push(assertion);
      else findings.push(...compareAssertion(report, now, assertion, left.splice(index, 1)[0] ?? assertion, relation));
    }
    lost = unpaired;
  }
  const name = nameOf(now);
  return [
    ...findings,
    ...moved.map(({ text }) => report('moved', 'human', `"${name}" left ${quote(text)} to another test`, now)),
    ...lost
      .filter((assertion) => !assertion.trivial && assertion.dead === undefined)
      .flatMap((assertion) => {
        const home = homes.take(
          old,
          now,
          assertion,
          ({ subject, matcher }) => subject === assertion.subject && matcher === assertion.matcher,
        );
        if (home !== undefined) return compareAssertion(report, home.test, assertion, home.assertion, 'subject');
        // The same words once more are not the same claim where what they are about changed in between.
        if (now.assertions.some((other) => claimsAsMuch(other, assertion)) && isConstant(old, assertion))
          return [report('body-changed', 'human', `"${name}" asserts fewer times ${quote(assertion.text)}`, now)];
        return [report('assertion-removed', 'refuse', `"${name}" no longer asserts ${quote(assertion.text)}`, now)];
      }),
  ];
}

const isWeaker = (old: Assertion, now: Assertion): boolean =>
  now.trivial || now.loose > old.loose || now.strength < old.strength || (old.dead === undefined && now.dead !== undefined);

function claimsAsMuch(now: Assertion, old: Assertion): boolean {
  return (
    now.subject === old.subject &&
    now.expected === old.expected &&
    now.strength >= old.strength &&
    now.dead === undefined &&
    !now.trivial
  );
}

/** Nothing is done with the operands but to give each its value once: the same words ask the same each time. */
function isConstant(old: TestCase, { subject, expected }: Assertion): boolean {
  const prepared = preparation(old.statements, valueNames(`${subject} ${expected}`));
  const given = prepared === '' ? [] : prepared.split('\0').map((statement) => /^(?:let )?(\$?\w+) :?= /.exec(statement)?.[1]);
  return !given.includes(undefined) && new Set(given).size === given.length;
}

type Relation = 'subject' | 'rest' | 'other';

/** How a removed assertion finds the one that stands for it now: the nearest kin first. */
const relations: readonly [Relation, (old: Assertion, now: Assertion) => boolean][] = [
  ['subject', (old, now) => now.subject === old.subject && now.matcher === old.matcher],
  ['subject', (old, now) => now.subject === old.subject && !now.trivial],
  ['rest', (old, now) => now.matcher === old.matcher && now.expected === old.expected && now.expected !== ''],
  ['rest', (old, now) => now.matcher === old.matcher],
  ['other', (_, now) => !now.trivial],
];

function compareAssertion(
  report: Report,
  test: TestCase,
  old: Assertion,
  now: Assertion,
  relation: Relation,
): IntegrityFinding[] {
  const change = `${quote(old.text)} → ${quote(now.text)}`;
  const say = (kind: FindingKind, weight: Weight, what: string): IntegrityFinding =>
    report(kind, weight, `"${nameOf(test)}" ${what}: ${change}`, test, now.line);
  const reach = compareReach(report, test, old, now);
  if (old.trivial) return reach;
  const isOneself = now.subject === now.expected && old.subject !== old.expected;
  if (now.trivial || isOneself) return [say('loosened', 'refuse', 'asserts what always holds'), ...reach];
  if (now.loose > old.loose) return [say('loosened', 'refuse', 'accepts more than before'), ...reach];
  if (isReduced(old, now)) return [say('loosened', 'refuse', 'looks at less'), ...reach];
  if (relation === 'subject' && isShortened(old, now)) return [say('loosened', 'refuse', 'asks for less'), ...reach];
  if (isRoughened(old, now)) return [say('loosened', 'refuse', 'takes numbers that are further off'), ...reach];
  if (isDerived(old, now) && !comparesAll(now) && now.strength < old.strength)
    return [say('loosened', 'refuse', 'asks for less of the same'), ...reach];
  if (relation === 'subject' && now.strength < old.strength) return [say('loosened', 'refuse', 'asserts less'), ...reach];
  if (relation === 'subject' && now.matcher === old.matcher && sameSpelled(old.expected, now.expected))
    return [say('expectation-changed', 'human', 'spells its expectation another way'), ...reach];
  if (relation === 'subject') {
    // The same subject under a matcher that says more, and the same expectation: tightened.
    const tightened = now.matcher !== old.matcher && now.expected === old.expected && now.strength > old.strength;
    const respelt = now.expected === old.expected && now.strength === old.strength && isRespelt(old, now);
    return [...(tightened || respelt ? [] : [say('expectation-changed', 'proof', 'expects something else')]), ...reach];
  }
  if (relation === 'rest' && !isClaim(old) && !isClaim(now) && !isDerived(old, now))
    return [say('input-changed', 'human', 'looks at something else'), ...reach];
  return [say('expectation-changed', 'proof', 'asserts something else'), ...reach];
}

/** `strictEqual(a, b)` and `equal(a, b)` of a library where both mean it. */
const isRespelt = (old: Assertion, now: Assertion): boolean =>
  equalityOf(old.matcher) !== undefined && equalityOf(old.matcher) === equalityOf(now.matcher);

/** Of what was expected only the beginning is left: `raises(A, /b/)` → `raises(A)` → `raises`. */
const isShortened = (old: Assertion, now: Assertion): boolean =>
  old.matcher === now.matcher && (now.expected === '' ? old.expected !== '' : old.expected.startsWith(`${now.expected},`));

/** The same number may be further off. */
const isRoughened = (old: Assertion, now: Assertion): boolean =>
  old.tolerance !== undefined && now.tolerance !== undefined && now.tolerance > old.tolerance && old.subject === now.subject;

/** `ok(a === 1)` may say as much as `equal(a, 1)`; with an alternative it does not. */
const comparesAll = ({ subject }: Assertion): boolean => / ([=!]==?|[<>]=?|in|is) /.test(subject) && !/ (or|\|\|) /.test(subject);

/** `ok(a === 1)`, `ok(!found)`: the whole claim stands in what is looked at. */
function isClaim({ subject, matcher, strength }: Assertion): boolean {
  return matcher === 'fail-if' || (strength <= 2 && /^!|^not | ([=!]==?|[<>]=?|&&|\|\||in|is) /.test(subject));
}

/**
 * `'55'` for `55` and the other way round, and Node's two names for the bytes of a text. A comparison that tells them apart would turn red, which the proof sees; one
 * that does not asks for what it asked for.
 */
function sameSpelled(old: string, now: string): boolean {
  const [from, to] = [old, now].map((text) =>
    text.replaceAll(/(["'])(-?\d+(?:\.\d+)?)\1/g, '$2').replaceAll(/\bnew Buffer (?=\( ["'`])/g, 'Buffer . from '),
  );
  return old !== now && from === to;
}

/** `typeof x`, `!!x`, `Boolean(x)` in place of `x`: many values look the same. */
const isReduced = (old: Assertion, now: Assertion): boolean =>
  old.subject !== '' &&
  ['typeof ', '! ! ', '!! ', 'Boolean ( ', 'type(', 'bool(', 'len('].some(
    (sign) =>
      !old.subject.startsWith(sign) &&
      now.subject.startsWith(sign) &&
      now.subject.slice(sign.length).replace(/^\( /, '').startsWith(old.subject),
  );

/** Something that is made of what the old assertion looked at: `f(x)` of `x`, and not `a.x`. */
function isDerived(old: Assertion, now: Assertion): boolean {
  if (old.subject.length <= 1 || now.subject === old.subject) return false;
  for (let at = now.subject.indexOf(old.subject); at >= 0; at = now.subject.indexOf(old.subject, at + 1)) {
    const [before, after] = [now.subject.slice(Math.max(0, at - 3), at), now.subject.slice(at + old.subject.length)];
    if (!/(\w|(\.|::|->) ?)$/.test(before) && !/^\w/.test(after)) return true;
  }
  return false;
}

/** Whether an assertion that stayed can still fail. */
function compareReach(report: Report, test: TestCase, old: Assertion, now: Assertion): IntegrityFinding[] {
  if (old.dead === undefined && now.dead === 'unreachable')
    return [report('skipped', 'refuse', `"${nameOf(test)}" never gets to ${quote(now.text)}`, test, now.line)];
  if (old.dead === undefined && now.dead === 'swallowed')
    return [report('swallowed', 'refuse', `"${nameOf(test)}" hides the failure of ${quote(now.text)}`, test, now.line)];
  return freshConditions(old.conditions, now.conditions).map((condition) => conditionFinding(report, test, condition, now.line));
}

// ---------------------------------------------------------------------------------------------- statements

/** Added statements are fine; a removed or edited one may be what made the assertions bite. */
function compareStatements(report: Report, old: TestCase, now: TestCase): IntegrityFinding[] {
  const gone = withoutOnce(old.statements, now.statements, (statement) => statement);
  if (gone.length === 0) return [];
  const more = gone.length > 1 ? ` and ${gone.length - 1} more` : '';
  return [report('body-changed', 'human', `"${nameOf(now)}" no longer says ${quote(gone[0] ?? '')}${more}`, now)];
}

// ---------------------------------------------------------------------------------------------- the rest of a file

/** A new test may be anything but a switch for others. */
function judgeAdded(report: Report, test: TestCase, before: TestFile): IntegrityFinding[] {
  const inherited = before.tests.filter((old) => old.titles[0] === test.titles[0]).flatMap((old) => old.marks);
  return test.marks.flatMap((mark) => {
    if (inherited.some((old) => old.kind === mark.kind && old.text === mark.text)) return [];
    const [kind, what] = markWords[mark.kind];
    if (mark.kind === 'focus' || mark.kind === 'exit')
      return [report(kind, 'refuse', `"${nameOf(test)}" ${what}: ${quote(mark.text)}`, test, mark.line)];
    if (mark.kind === 'skip' || mark.kind === 'expected-failure' || mark.kind === 'retry')
      return [report('never-runs', 'human', `the new test "${nameOf(test)}" ${what}: ${quote(mark.text)}`, test, mark.line)];
    return [];
  });
}

function compareFileMarks(report: Report, old: readonly Mark[], now: readonly Mark[]): IntegrityFinding[] {
  return risenMarks(old, now).map((mark) => {
    const [kind, what] = markWords[mark.kind];
    return report(kind, 'refuse', `the file ${what.replace(/^is /, 'is ')}: ${quote(mark.text)}`, undefined, mark.line);
  });
}

const globals = ['it', 'test', 'describe', 'expect', 'assert', 'should'];

/** What declares tests and asserts has to be what it was, not a stand-in of the same name. */
function compareFoundations(report: Report, before: TestFile, after: TestFile): IntegrityFinding[] {
  const names = new Set([...globals, ...(before.imported ?? [])]);
  const replaced = [...names].filter((name) => after.declared?.has(name) === true && before.declared?.has(name) !== true);
  return replaced.map((name) => report('swallowed', 'refuse', `"${name}" is now something that the file declares itself`));
}

function compareRows(report: Report, old: readonly Row[], now: readonly Row[]): IntegrityFinding[] {
  const gone = withoutOnce(old, now, (row) => row.text);
  const fresh = withoutOnce(now, old, (row) => row.text);
  return gone.map((row, index) => {
    const instead = fresh[index];
    return instead === undefined
      ? report('row-removed', 'refuse', `a case of a table is gone: ${quote(row.text)}`)
      : report(
          'row-changed',
          'proof',
          `a case of a table differs: ${quote(row.text)} → ${quote(instead.text)}`,
          undefined,
          instead.line,
        );
  });
}

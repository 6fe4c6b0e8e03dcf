import type { View } from './javascript-view.ts';
import { customAssertion, fillers, functionArgument, knownMatchers, oneArgument } from './javascript-words.ts';
import type { Assertion, Condition } from './model.ts';
import { strengthOf } from './strength.ts';
import {
  chainOf,
  child,
  childrenOf,
  constantOf,
  isAlways,
  isCall,
  isMember,
  lineOf,
  someNode,
  textAt,
  type Link,
  type Node,
} from './syntax.ts';

/** Under what an assertion stands. */
export interface Reach {
  conditions: Condition[];
  dead: Assertion['dead'];
}

export const readsAsAssertion = (view: View, node: Node): boolean => assertionsOf(view, node, undefined).length > 0;

/** The assertions that a call or a property makes: none, one, or several in one chain. */
export function assertionsOf(view: View, node: Node, reach: Reach | undefined): Assertion[] {
  const links = chainOf(node);
  const [root, last] = [links?.[0], links?.at(-1)];
  if (links === undefined || root === undefined || last === undefined) return [];
  const build = (parts: Parts): Assertion => assertion(view, node, parts, reach);
  if (
    (root.name === 'expect' || root.name === 'should' || root.name === 'expectTypeOf' || root.name === 'assertType') &&
    root.args !== undefined
  )
    return links.length > 1 ? [build(fluent(root.args, links.slice(1)))] : [];
  if (root.name === 'expect' && links[1]?.args !== undefined && /^(soft|poll|element)$/.test(links[1].name) && links.length > 2)
    return [build(fluent(links[1].args, links.slice(2)))];
  const should = links.findIndex((link, index) => index > 0 && (link.name === 'should' || link.name === 'must'));
  const subject = should > 0 ? links[should - 1] : undefined;
  if (subject !== undefined && links.length > should + 1) return [build(fluent([subject.node], links.slice(should + 1)))];
  if (last.args === undefined) return [];
  // supertest: every `.expect(…)` of a chain is one assertion.
  const expects = links.filter(
    (link, index) => index > 0 && link.name === 'expect' && link.args !== undefined && link.args.length > 0,
  );
  if (expects.length > 0) {
    const receiver = links[links.findIndex((link) => link.name === 'expect') - 1]?.node ?? node;
    return expects.map((link) =>
      build({ subject: [receiver], matcher: 'expect', expected: link.args ?? [], negated: false, strength: 4 }),
    );
  }
  if (isAssertCall(view, links)) return [build(called(view, links, last))];
  if (links.length === 1 && view.names.get(last.name) === 'asserting')
    return [
      build({ subject: last.args.slice(0, 1), matcher: last.name, expected: last.args.slice(1), negated: false, strength: 3 }),
    ];
  const custom = customAssertion.exec(last.name);
  return custom !== null && links.length <= 2
    ? [build({ subject: last.args, matcher: last.name, expected: [], negated: false, strength: 3 })]
    : [];
}

interface Parts {
  subject: Node[];
  matcher: string;
  expected: Node[];
  negated: boolean;
  strength?: number;
}

function fluent(subject: Node[], links: readonly Link[]): Parts {
  const names = links.map((link) => link.name);
  const negated = names.filter((name) => name === 'not').length % 2 === 1;
  const matcher = names.filter((name) => !fillers.has(name)).join('') || names.join('');
  const expected = links.flatMap((link) => link.args ?? []);
  const strength = functionArgument.test(matcher) ? (expected.length > 0 ? 4 : 3) : strengthOf(matcher, { negated });
  return { subject: subject.slice(0, 1), matcher: (negated ? 'not ' : '') + matcher, expected, negated, strength };
}

function isAssertCall(view: View, links: readonly Link[]): boolean {
  const [root, last] = [links[0], links.at(-1)];
  if (root === undefined || last === undefined) return false;
  if (links.slice(0, -1).some((link) => link.args !== undefined)) return false;
  if (links.length === 1)
    return (
      root.name === 'assert' ||
      view.names.get(root.name) === 'assert' ||
      (view.names.get(root.name) === 'matcher' && root.name !== 'expect')
    );
  if (links.some((link) => link.name === 'assert')) return true;
  if (view.names.get(root.name) === 'assert') return true;
  return (
    links.length <= 3 &&
    knownMatchers.has(last.name) &&
    /^(t|st|s|tt|test|tap|assert|should|console|is|q|expect|ctx|sub|child|[a-z]{1,2}\d?|this|tape|T)$/.test(root.name)
  );
}

function called(view: View, links: readonly Link[], last: Link): Parts {
  const args = last.args ?? [];
  const name = links.length === 1 ? (view.names.get(last.name) === 'matcher' ? last.name : 'ok') : last.name;
  const legacyAssert =
    links.length > 1 &&
    links.at(-2)?.name === 'assert' &&
    !view.text.includes('assert/strict') &&
    !/\bassert\.strict\b|chai/.test(view.text);
  if (functionArgument.test(name)) {
    const expected = args.slice(1).filter((argument) => !/^(String|Template)Literal$/.test(argument.type));
    return {
      subject: args.slice(0, 1),
      matcher: name,
      expected,
      negated: false,
      strength: /not/i.test(name) ? 2 : expected.length > 0 ? 4 : 3,
    };
  }
  const expected = oneArgument.test(name) || args.length < 2 ? [] : args.slice(1, 2);
  const delta = /closeTo|approximately|within/i.test(name) ? args.slice(2, 3) : [];
  return {
    subject: args.slice(0, 1),
    matcher: name,
    expected: [...expected, ...delta],
    negated: false,
    strength: strengthOf(name, { legacyAssert }),
  };
}

function assertion(view: View, node: Node, parts: Parts, reach: Reach | undefined): Assertion {
  const [subject, expected] = [parts.subject, parts.expected].map((nodes) => nodes.map((each) => view.print(each)).join(' , '));
  const all = [...parts.subject, ...parts.expected];
  return {
    line: lineOf(node),
    text: view.oneLine(node),
    print: `${parts.matcher} ( ${subject} ; ${expected} )`,
    subject: subject ?? '',
    matcher: parts.matcher,
    expected: expected ?? '',
    strength: parts.strength ?? 3,
    trivial: isTrivial(parts, subject ?? '', expected ?? ''),
    loose: all.reduce((total, each) => total + countLoose(each), 0),
    conditions: reach?.conditions ?? [],
    ...(reach?.dead === undefined ? {} : { dead: reach.dead }),
  };
}

function isTrivial(parts: Parts, subject: string, expected: string): boolean {
  if (/^(pass|end|done)$/.test(parts.matcher)) return true;
  if (/fail|unreachable/i.test(parts.matcher)) return false;
  const first = parts.subject[0];
  if (first === undefined) return false;
  if (constantOf(first) !== undefined && parts.expected.every((each) => constantOf(each) !== undefined))
    return !alwaysFails(parts, first);
  if (first.type === 'LogicalExpression' && first['operator'] === '||' && isAlways(first, true)) return true;
  return (
    subject === expected &&
    !someNode(first, (node) => isCall(node) || node.type === 'UpdateExpression') &&
    !/^not/i.test(parts.matcher)
  );
}

/** `ok(false)`: a place that must not be reached. */
function alwaysFails({ matcher, expected, negated }: Parts, first: Node): boolean {
  if (negated || /not/i.test(matcher)) return false;
  if (/^(ok|assert|true|istrue|asserttrue|tobetruthy|tobetrue|truthy)$/i.test(matcher)) return isAlways(first, false);
  const [wanted] = expected;
  return wanted !== undefined && constantOf(wanted)?.value !== constantOf(first)?.value;
}

function countLoose(node: Node): number {
  const own =
    (isMember(node) &&
      /^(anything|any|objectContaining|arrayContaining|stringContaining|stringMatching)$/.test(
        textAt(child(node, 'property'), 'name'),
      )) ||
    (node.type === 'LogicalExpression' && node['operator'] === '||' && isAlways(child(node, 'right'), true)) ||
    (node.type === 'RegExpLiteral' && /^\^?(\.[*+]\??|\(\?:\)|\[\\s\\S\][*+]|\|)?\$?$/.test(textAt(node, 'pattern')));
  return childrenOf(node).reduce((total, each) => total + countLoose(each), own ? 1 : 0);
}

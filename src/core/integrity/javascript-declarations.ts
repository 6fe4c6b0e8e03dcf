import type { View } from './javascript-view.ts';
import { modifiers, suiteWords, testWords } from './javascript-words.ts';
import type { Mark } from './model.ts';
import {
  bare,
  chainOf,
  child,
  childList,
  constantOf,
  isAlways,
  isCall,
  isFunction,
  isMember,
  lineOf,
  textAt,
  type Link,
  type Node,
} from './syntax.ts';

export interface Declaration {
  kind: 'test' | 'suite';
  node: Node;
  title: string;
  isWrapper: boolean;
  marks: Mark[];
  body: Node | undefined;
  /** Arguments of `each` and the like. */
  tables: Node[];
}

/** The test or suite that a call declares, `undefined` where it declares none. */
export function declarationOf(view: View, node: Node): Declaration | undefined {
  if (!isCall(node)) return undefined;
  const all = chainOf(node);
  if (all === undefined) return undefined;
  const end = all.findLastIndex((link) => link.args?.some((argument) => isFunction(bare(argument))));
  const whole = all.slice(0, end < 0 ? all.length : end + 1);
  const call = whole.at(-1);
  if (call?.args === undefined) return undefined;
  // What follows the call that holds the body: `it(…).timeout(500)`.
  const suffix = all.slice(whole.length);
  if (!suffix.every((link) => /^(timeout|retries|slow|skip|only|tags|setup|pin|with|run|disableTimeout|retry)$/.test(link.name)))
    return undefined;
  const names = whole.map((link) => link.name);
  const base = names.filter((name, index) => index === 0 || !modifiers.has(name));
  const word = base.at(-1) ?? '';
  const known = testWords.has(word) || suiteWords.has(word) || (base.length === 1 && view.names.get(word) === 'test');
  if (
    !known ||
    base.slice(0, -1).some((name) => name === '' || name === '[…]') ||
    whole.slice(0, -1).some((link) => link.args && !modifiers.has(link.name))
  )
    return undefined;
  const args = call.args.map(bare);
  const title = args.find((argument) => /^(String|Template)Literal$/.test(argument.type)) ?? args[0];
  const titled = args[0] !== undefined && /^(StringLiteral|TemplateLiteral|BinaryExpression)$/.test(args[0].type);
  if (end < 0 && !(titled && isPending(view, names, base, args))) return undefined;
  const own = [...marksOfNames(names, call, node), ...marksOfArguments(view, args), ...marksOfSuffix(view, suffix)];
  return {
    kind: suiteWords.has(word) ? 'suite' : 'test',
    node,
    title: title === undefined ? '' : titleOf(view, title),
    isWrapper: title !== undefined && (title.type === 'Identifier' || isMember(title)),
    marks: own,
    body: args.findLast((argument) => !/^(\w+Literal|ObjectExpression|BinaryExpression)$/.test(argument.type)),
    tables: whole.slice(0, -1).flatMap((link) => link.args ?? []),
  };
}

/** A title without a body of its own: `it('works')`, `it.todo('works')`, `it('works', shared)`. */
function isPending(view: View, names: readonly string[], base: readonly string[], args: readonly Node[]): boolean {
  if (base.length > 1 && base[0] !== 't' && !names.some((name) => name === 'todo' || name === 'skip'))
    return args.length > 1 && view.names.get(base[0] ?? '') === 'test';
  return true;
}

function titleOf(view: View, node: Node): string {
  const constant = constantOf(node);
  if (typeof constant?.value === 'string' && node.type === 'StringLiteral') return constant.value;
  if (isFunction(node)) return textAt(child(node, 'id'), 'name') || 'without a title';
  return view.oneLine(node).replaceAll(/^[`'"]|[`'"]$/g, '');
}

function marksOfNames(names: readonly string[], call: Link, node: Node): Mark[] {
  const mark = (kind: Mark['kind'], text: string): Mark => ({ kind, text, line: lineOf(node) });
  return names.flatMap((name, index): Mark[] => {
    if (/^x(it|test|specify|describe|context|suite)$/.test(name)) return [mark('skip', name)];
    if (/^(f(it|test|describe|context)|iit|ddescribe)$/.test(name)) return [mark('focus', name)];
    if (index === 0) return name === 'skip' || name === 'todo' ? [mark('skip', name)] : [];
    if (/^(skip|todo|skipIf|runIf|todoIf|fixme|if)$/.test(name)) return [mark('skip', `.${name}`)];
    if (name === 'only') return [mark('focus', '.only')];
    return name === 'failing' || name === 'fails' || (name === 'fail' && call.args !== undefined)
      ? [mark('expected-failure', `.${name}`)]
      : [];
  });
}

function marksOfArguments(view: View, args: readonly Node[]): Mark[] {
  return args.flatMap((argument, index): Mark[] => {
    if (argument.type === 'NumericLiteral' && index > 0) return [timeoutMark(view, argument, argument)];
    if (argument.type !== 'ObjectExpression' || (index === 0 && args.length === 1)) return [];
    return childList(argument, 'properties').flatMap((property): Mark[] => {
      const key = child(property, 'key');
      const name = textAt(key, 'name') || textAt(key, 'value');
      const value = child(property, 'value');
      if (value === undefined || isAlways(value, false)) return [];
      const mark = (kind: Mark['kind']): Mark => ({ kind, text: view.oneLine(property), line: lineOf(property) });
      if (name === 'skip' || name === 'todo' || name === 'ignore') return [mark('skip')];
      if (name === 'only') return [mark('focus')];
      if (name === 'fails' || name === 'expectFailure') return [mark('expected-failure')];
      if (name === 'timeout') return [timeoutMark(view, value, property)];
      return name === 'retry' || name === 'retries' || name === 'repeats' ? [countMark(view, 'retry', value, property)] : [];
    });
  });
}

function marksOfSuffix(view: View, suffix: readonly Link[]): Mark[] {
  return suffix.flatMap((link): Mark[] => {
    const value = link.args?.[0];
    if (link.name === 'timeout' || link.name === 'disableTimeout') return [timeoutMark(view, value, link.node)];
    if (link.name === 'retries' || link.name === 'retry') return [countMark(view, 'retry', value, link.node)];
    if (link.name === 'skip') return [{ kind: 'skip', text: '.skip()', line: lineOf(link.node) }];
    return link.name === 'only' || link.name === 'pin'
      ? [{ kind: 'focus', text: `.${link.name}()`, line: lineOf(link.node) }]
      : [];
  });
}

/** No limit at all is the longest; what cannot be computed counts as it stands. */
export function timeoutMark(view: View, value: Node | undefined, node: Node): Mark {
  const number = Number(constantOf(value)?.value ?? Number.NaN);
  const unlimited = Number.isNaN(number) || number <= 0;
  return { kind: 'timeout', text: markText(view, node), line: lineOf(node), value: unlimited ? Infinity : number };
}
export function countMark(view: View, kind: Mark['kind'], value: Node | undefined, node: Node): Mark {
  const number = Number(constantOf(value)?.value ?? Number.NaN);
  return { kind, text: markText(view, node), line: lineOf(node), value: Number.isNaN(number) ? Infinity : number };
}
const markText = (view: View, node: Node): string => view.oneLine(node).slice(-80);

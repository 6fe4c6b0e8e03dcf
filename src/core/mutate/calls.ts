import type { SyntaxNode } from '@lezer/common';
import { replace, type Operator, type Replacement } from './edit.ts';
import { visibleNames } from './scope.ts';
import { argumentsOf, childrenOf, enclosing, functionNames, nameOfFunction, nodesOf, textOf, type Source } from './syntax.ts';

/** Methods and functions that are easily taken for one another, with how often that changes a result that matters. */
const confusable: Record<Source['language'], readonly (readonly [fit: number, ...family: string[]])[]> = {
  javascript: [
    [1, 'Math.floor', 'Math.round', 'Math.ceil', 'Math.trunc'],
    [1, 'Math.min', 'Math.max'],
    [0.9, '.some', '.every'],
    [0.9, '.startsWith', '.endsWith', '.includes'],
    [0.8, '.replace', '.replaceAll'],
    [0.8, '.indexOf', '.lastIndexOf'],
    [0.8, '.shift', '.pop'],
    [0.8, '.push', '.unshift'],
    [0.8, '.toLowerCase', '.toUpperCase'],
    [0.8, '.getUTCDate', '.getDate'],
    [0.8, '.getUTCDay', '.getDay'],
    [0.8, '.getUTCHours', '.getHours'],
    [0.8, '.getUTCMonth', '.getMonth'],
    [0.8, '.getUTCFullYear', '.getFullYear'],
    [0.7, '.getDate', '.getDay'],
    [0.7, '.find', '.findLast'],
    [0.7, '.findIndex', '.findLastIndex'],
    [0.7, '.keys', '.values', '.entries'],
    [0.6, '.reduce', '.reduceRight'],
    [0.6, 'Promise.all', 'Promise.allSettled'],
    [0.5, '.padStart', '.padEnd'],
    [0.4, '.trim', '.trimStart', '.trimEnd'],
    [0.4, '.sort', '.toSorted'],
    [0.4, '.reverse', '.toReversed'],
    [0.3, '.map', '.flatMap'],
    [0.3, '.slice', '.splice'],
    [0.2, '.test', '.exec'],
  ],
  python: [
    [1, 'min', 'max'],
    [1, 'any', 'all'],
    [1, 'math.floor', 'math.ceil', 'math.trunc'],
    [0.9, '.startswith', '.endswith'],
    [0.8, '.append', '.extend'],
    [0.8, '.find', '.rfind'],
    [0.8, '.index', '.rindex'],
    [0.8, '.split', '.rsplit'],
    [0.8, '.partition', '.rpartition'],
    [0.8, '.lower', '.upper', '.casefold'],
    [0.8, '.match', '.fullmatch', '.search'],
    [0.7, '.keys', '.values', '.items'],
    [0.7, '.ljust', '.rjust', '.center'],
    [0.6, '.strip', '.lstrip', '.rstrip'],
    [0.6, '.popleft', '.pop'],
    [0.4, '.remove', '.discard'],
  ],
};

/** The name by which a call is written: `Math.floor`, or `.slice` for a method of any object. */
function calledAs(source: Source, callee: SyntaxNode): { whole: string; method?: SyntaxNode } {
  if (callee.name !== 'MemberExpression') return { whole: textOf(source, callee) };
  const method = callee.getChild('PropertyName');
  return method === null ? { whole: '' } : { whole: textOf(source, callee), method };
}

export const swapMethods: Operator = (source, node) => {
  if (node.name !== 'CallExpression' || node.firstChild === null) return [];
  const { whole, method } = calledAs(source, node.firstChild);
  const name = method === undefined ? undefined : `.${textOf(source, method)}`;
  return confusable[source.language].flatMap(([fit, ...family]) => {
    const isWhole = family.includes(whole);
    if (!isWhole && (name === undefined || !family.includes(name))) return [];
    const target = isWhole ? node.firstChild : method;
    if (target === null || target === undefined) return [];
    return family
      .filter((other) => other !== whole && other !== name)
      .map((other, index) => replace(target, isWhole ? other : other.slice(1), 'method', fit * (1 - index * 0.15)));
  });
};

/** Two neighbouring arguments the other way round. */
export const swapArguments: Operator = (source, node) => {
  if (node.name !== 'CallExpression' && node.name !== 'NewExpression') return [];
  const given = argumentsOf(node);
  return given.slice(1).flatMap((second, index): Replacement[] => {
    const first = given[index];
    if (first === undefined || textOf(source, first) === textOf(source, second)) return [];
    if (functionNames.has(first.name) !== functionNames.has(second.name)) return [];
    const between = source.text.slice(first.to, second.from);
    const insert = textOf(source, second) + between + textOf(source, first);
    const sameShape = first.name === second.name ? 1 : 0.6;
    return [{ from: first.from, to: second.to, insert, operator: 'swapped-arguments', fit: sameShape }];
  });
};

/** What a call of a built-in usually needs and is easily forgotten. */
const forgotten: Record<Source['language'], readonly { callee: RegExp; given: number; add: string }[]> = {
  javascript: [
    { callee: /\.sort$|\.toSorted$/, given: 0, add: '(a, b) => a - b' },
    { callee: /parseInt$/, given: 1, add: '10' },
    { callee: /\.pad(?:Start|End)$/, given: 1, add: "'0'" },
    { callee: /\.flat$/, given: 0, add: 'Infinity' },
    { callee: /\.reduce$/, given: 1, add: '0' },
  ],
  python: [
    { callee: /\.split$/, given: 1, add: '1' },
    { callee: /\.get$/, given: 1, add: "''" },
    { callee: /\.get$/, given: 1, add: '0' },
    { callee: /^(?:max|min)$/, given: 1, add: 'default=0' },
    { callee: /^round$/, given: 1, add: '2' },
    { callee: /^sum$/, given: 1, add: '0' },
  ],
};

/** A call that leaves out what its function, declared in the same file, can take; or too much of it. */
export const changeArity: Operator = (source, node) => {
  if (node.name !== 'CallExpression' || node.firstChild === null) return [];
  const list = node.getChild('ArgList');
  if (list === null) return [];
  const given = argumentsOf(node);
  const callee = textOf(source, node.firstChild);
  const end = given.at(-1)?.to ?? list.to - 1;
  const append = (text: string, fit: number): Replacement => ({
    from: end,
    to: end,
    insert: given.length === 0 ? text : `, ${text}`,
    operator: 'missing-argument',
    fit,
  });
  const builtIn = forgotten[source.language].filter((rule) => rule.callee.test(callee) && rule.given === given.length);
  return [...builtIn.map((rule) => append(rule.add, 0.9)), ...fromParameters(source, node, callee, given.length, append)];
};

function fromParameters(
  source: Source,
  call: SyntaxNode,
  callee: string,
  given: number,
  append: (text: string, fit: number) => Replacement,
): Replacement[] {
  const called = nodesOf(source).find((node) => functionNames.has(node.name) && nameOfFunction(source, node) === callee);
  if (called === undefined) return [];
  const missing = parametersOf(source, called)[given];
  if (missing === undefined) return [];
  return visibleNames(source, call)
    .filter(({ kind, distance }) => kind === 'value' && distance < 6)
    .map(({ name, distance }) => append(name, name === missing ? 1 : 0.5 / (1 + distance)))
    .sort((a, b) => b.fit - a.fit)
    .slice(0, 3);
}

/** Names of the plain parameters of a function, in order. */
export function parametersOf(source: Source, node: SyntaxNode): string[] {
  const list = node.getChild('ParamList');
  if (list === null) return [];
  return childrenOf(list)
    .filter(
      (child) =>
        child.name === 'VariableDefinition' ||
        (source.language === 'python' && child.name === 'VariableName' && child.prevSibling?.name !== 'AssignOp'),
    )
    .map((child) => textOf(source, child))
    .filter((name) => name !== 'self' && name !== 'cls');
}

/** `load()` in an async function where `await load()` was meant. */
export const awaitCalls: Operator = (source, node) => {
  if (node.name !== 'CallExpression' || node.parent?.name === 'AwaitExpression') return [];
  const host = enclosing(node, functionNames);
  const isAsync = host !== undefined && (host.getChild('async') !== null || host.prevSibling?.name === 'async');
  if (!isAsync) return [];
  const isObject = node.parent?.name === 'MemberExpression';
  const written = textOf(source, node);
  return [replace(node, isObject ? `(await ${written})` : `await ${written}`, 'await', isObject ? 0.7 : 1)];
};

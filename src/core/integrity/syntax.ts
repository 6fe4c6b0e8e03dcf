import { parse, type ParserOptions } from '@babel/parser';

/** A syntax node as far as the judges look at it: by its type, its place and its children. */
export interface Node {
  type: string;
  start: number;
  end: number;
  loc: { start: { line: number } };
  [key: string]: unknown;
}

export interface Syntax {
  text: string;
  program: Node;
  comments: string;
  /** Text of a node without layout, comments, quoting style, semicolons and `var`/`let`/`const`; `holes` become `…`. */
  print: (node: Node, holes?: readonly Node[]) => string;
  /** As written, in one line. */
  oneLine: (node: Node) => string;
}

interface Token {
  type: string | { label: string };
  value?: unknown;
  start: number;
  end: number;
}

/** `undefined` where the text is no JavaScript or TypeScript at all. Recoverable errors are none. */
export function readSyntax(path: string, text: string): Syntax | undefined {
  for (const plugins of pluginsFor(path)) {
    try {
      return openSyntax(text, plugins);
    } catch {
      // The next dialect may know it.
    }
  }
  return undefined;
}

type Plugins = NonNullable<ParserOptions['plugins']>;

function pluginsFor(path: string): Plugins[] {
  if (/\.[cm]?ts$/.test(path))
    return [
      ['typescript', 'decorators'],
      ['typescript', 'jsx', 'decorators'],
    ];
  if (path.endsWith('.tsx')) return [['typescript', 'jsx', 'decorators']];
  return [
    ['jsx', 'decorators'],
    ['jsx', 'flow', 'decorators'],
    ['typescript', 'jsx', 'decorators'],
  ];
}

function openSyntax(text: string, plugins: Plugins): Syntax {
  const file = parse(text, {
    sourceType: 'unambiguous',
    allowReturnOutsideFunction: true,
    allowImportExportEverywhere: true,
    allowUndeclaredExports: true,
    errorRecovery: true,
    tokens: true,
    plugins,
  });
  // The parser's own types are exact per node; the judges only ever walk, so one wide view of them is enough.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  const root = file as unknown as { program: Node; tokens: Token[]; comments: { value: string }[] | null };
  const tokens = root.tokens.filter((token) => typeof token.type !== 'string' && token.end > token.start);
  const shown = tokens.map((token) => showToken(token, text));
  return {
    text,
    program: root.program,
    comments: (root.comments ?? []).map((comment) => comment.value).join('\n'),
    print: (node, holes = []) => printTokens(tokens, shown, node, holes),
    oneLine: (node) => text.slice(node.start, node.end).replaceAll(/\s+/g, ' '),
  };
}

function showToken(token: Token, text: string): string {
  if (typeof token.type !== 'string' && token.type.label === 'string') return JSON.stringify(token.value);
  const raw = text.slice(token.start, token.end);
  return raw === 'var' || raw === 'const' ? 'let' : raw;
}

function printTokens(tokens: readonly Token[], shown: readonly string[], node: Node, holes: readonly Node[]): string {
  const parts: string[] = [];
  const open = [...holes].sort((a, b) => a.start - b.start);
  for (let index = firstAt(tokens, node.start); index < tokens.length; index++) {
    const token = tokens[index];
    if (token === undefined || token.start >= node.end) break;
    const hole = open[0];
    if (hole !== undefined && token.start >= hole.end) open.shift();
    const inHole = open[0] !== undefined && token.start >= open[0].start && token.end <= open[0].end;
    if (inHole) {
      if (token.start === open[0]?.start) parts.push('…');
      continue;
    }
    const text = shown[index] ?? '';
    if (text === ';') continue;
    if (/^[)\]}]$/.test(text) && parts.at(-1) === ',') parts.pop();
    parts.push(text);
  }
  return parts.join(' ');
}

function firstAt(tokens: readonly Token[], position: number): number {
  let [low, high] = [0, tokens.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((tokens[middle]?.start ?? 0) < position) low = middle + 1;
    else high = middle;
  }
  return low;
}

// ---------------------------------------------------------------------------------------------- walking

const isNode = (value: unknown): value is Node =>
  typeof value === 'object' && value !== null && 'type' in value && typeof value.type === 'string' && 'start' in value;

const skippedKeys = new Set([
  'loc',
  'leadingComments',
  'trailingComments',
  'innerComments',
  'extra',
  'tokens',
  'errors',
  'comments',
]);

export function childrenOf(node: Node): Node[] {
  return Object.entries(node).flatMap(([key, value]) => {
    if (skippedKeys.has(key)) return [];
    if (Array.isArray(value)) return value.filter(isNode);
    return isNode(value) ? [value] : [];
  });
}

/** A name or value of a node that is text, else nothing. */
export function textAt(node: Node | undefined, key: string): string {
  const value = node?.[key];
  return typeof value === 'string' ? value : '';
}
export const lineOf = (node: Node): number => node.loc.start.line;

export const child = (node: Node, key: string): Node | undefined => (isNode(node[key]) ? node[key] : undefined);
export const childList = (node: Node, key: string): Node[] => (Array.isArray(node[key]) ? node[key].filter(isNode) : []);

export function someNode(node: Node, test: (node: Node) => boolean): boolean {
  return test(node) || childrenOf(node).some((each) => someNode(each, test));
}

/** Type guards need a type of their own, or the other branch would be left with nothing. */
type Kind<K extends string> = Node & { readonly kindOf: K };

export const isFunction = (node: Node | undefined): node is Kind<'function'> =>
  node !== undefined &&
  /^(Arrow)?Function(Expression|Declaration)$|^(Object|Class)(Private)?Method$|^ArrowFunctionExpression$/.test(node.type);

export const isCall = (node: Node | undefined): node is Kind<'call'> =>
  node !== undefined &&
  (node.type === 'CallExpression' || node.type === 'OptionalCallExpression' || node.type === 'NewExpression');

export const isMember = (node: Node | undefined): node is Kind<'member'> =>
  node !== undefined && (node.type === 'MemberExpression' || node.type === 'OptionalMemberExpression');

/** Type assertions, `await`, parentheses and the like around what counts. */
export function bare(node: Node): Node {
  const wraps = /^(Await|Yield|Parenthesized|TSAs|TSNonNull|TSSatisfies|TSTypeAssertion|TypeCast|Chain)\w*$/;
  const inner = wraps.test(node.type) ? (child(node, 'argument') ?? child(node, 'expression')) : undefined;
  return inner === undefined ? node : bare(inner);
}

/** The constant value of a literal expression, `undefined` where it is none. */
export function constantOf(node: Node | undefined): { value: unknown } | undefined {
  if (node === undefined) return undefined;
  switch (node.type) {
    case 'BooleanLiteral':
    case 'NumericLiteral':
    case 'StringLiteral':
      return { value: node['value'] };
    case 'NullLiteral':
      return { value: null };
    case 'RegExpLiteral':
    case 'ArrayExpression':
    case 'ObjectExpression':
      return childrenOf(node).length === 0 && node.type !== 'RegExpLiteral' ? { value: {} } : undefined;
    case 'Identifier':
      return node['name'] === 'undefined' ? { value: undefined } : undefined;
    case 'TemplateLiteral':
      return childList(node, 'expressions').length === 0 ? { value: rawOf(childList(node, 'quasis')[0]) } : undefined;
    case 'UnaryExpression': {
      const inner = constantOf(child(node, 'argument'));
      if (node['operator'] === 'void') return { value: undefined };
      if (inner === undefined) return undefined;
      if (node['operator'] === '!') return { value: !truthy(inner.value) };
      return node['operator'] === '-' ? { value: -Number(inner.value) } : undefined;
    }
    case 'LogicalExpression': {
      const [left, right] = [constantOf(child(node, 'left')), constantOf(child(node, 'right'))];
      if (node['operator'] === '&&') return decided(left, false) ?? decided(right, false) ?? (left && right);
      return node['operator'] === '||' ? (decided(left, true) ?? decided(right, true) ?? (left && right)) : undefined;
    }
    case 'BinaryExpression': {
      const [left, right] = [constantOf(child(node, 'left')), constantOf(child(node, 'right'))];
      if (left === undefined || right === undefined) return undefined;
      const equal = left.value === right.value;
      if (node['operator'] === '===' || node['operator'] === '==') return { value: equal };
      if (node['operator'] === '!==' || node['operator'] === '!=') return { value: !equal };
      if (node['operator'] === '<') return { value: Number(left.value) < Number(right.value) };
      return node['operator'] === '>' ? { value: Number(left.value) > Number(right.value) } : undefined;
    }
    default:
      return undefined;
  }
}

function rawOf(quasi: Node | undefined): string {
  const value = quasi?.['value'];
  return typeof value === 'object' && value !== null && 'raw' in value ? String(value.raw) : '';
}

const truthy = (value: unknown): boolean => (value === 0 || Number.isNaN(value) ? false : Boolean(value));
const decided = (constant: { value: unknown } | undefined, to: boolean): { value: unknown } | undefined =>
  constant !== undefined && truthy(constant.value) === to ? constant : undefined;

export const isAlways = (node: Node | undefined, expected: boolean): boolean => decided(constantOf(node), expected) !== undefined;

/** One link of `a.b(c).d`: the name and, where it is called, what with. */
export interface Link {
  name: string;
  node: Node;
  args?: Node[];
}

/** Longer chains are data, not assertions. */
const longestChain = 60;

/** `expect(x).not.toBe(1)` as its links from the root; `undefined` where the root is no plain name. */
export function chainOf(node: Node, depth = 0): Link[] | undefined {
  if (depth > longestChain) return undefined;
  const inner = bare(node);
  if (inner.type === 'Identifier') return [{ name: textAt(inner, 'name'), node: inner }];
  if (inner.type === 'ThisExpression') return [{ name: 'this', node: inner }];
  if (isMember(inner)) {
    const [object, property] = [child(inner, 'object'), child(inner, 'property')];
    if (object === undefined || property === undefined) return undefined;
    const before = chainOf(object, depth + 1) ?? [{ name: '', node: object }];
    const literal = constantOf(property);
    const name =
      inner['computed'] === true ? (typeof literal?.value === 'string' ? literal.value : '[…]') : textAt(property, 'name');
    return [...before, { name, node: inner }];
  }
  if (isCall(inner) || inner.type === 'TaggedTemplateExpression') {
    const callee = child(inner, 'callee') ?? child(inner, 'tag');
    const before = callee === undefined ? undefined : chainOf(callee, depth + 1);
    const last = before?.at(-1);
    if (before === undefined || last === undefined) return undefined;
    const quasi = child(inner, 'quasi');
    const args = quasi === undefined ? childList(inner, 'arguments') : [quasi];
    if (last.args !== undefined) return [...before, { name: '()', node: inner, args }];
    return [...before.slice(0, -1), { ...last, node: inner, args }];
  }
  return undefined;
}

import type { SyntaxNode, Tree } from '@lezer/common';
import { parser as javascript } from '@lezer/javascript';
import { parser as python } from '@lezer/python';
import type { RepoPath } from '../types.ts';

export type Language = 'javascript' | 'python';

/** A parsed file. Offsets are UTF-16 code units, lines are 1-based. */
export interface Source {
  path: RepoPath;
  text: string;
  language: Language;
  tree: Tree;
  /** Offset of the first character of every line. */
  lineStarts: readonly number[];
}

const grammars = new Map<string, readonly [Language, { parse(text: string): Tree }]>([
  ['.js', ['javascript', javascript.configure({ dialect: 'jsx' })]],
  ['.jsx', ['javascript', javascript.configure({ dialect: 'jsx' })]],
  ['.mjs', ['javascript', javascript]],
  ['.cjs', ['javascript', javascript]],
  ['.ts', ['javascript', javascript.configure({ dialect: 'ts' })]],
  ['.mts', ['javascript', javascript.configure({ dialect: 'ts' })]],
  ['.cts', ['javascript', javascript.configure({ dialect: 'ts' })]],
  ['.tsx', ['javascript', javascript.configure({ dialect: 'ts jsx' })]],
  ['.py', ['python', python]],
]);

const extensionOf = (path: string): string => /\.[a-z]+$/.exec(path)?.[0] ?? '';

/** The language a path's extension stands for; `undefined` where there is no grammar. */
export function languageOf(path: RepoPath): Language | undefined {
  return path.endsWith('.d.ts') ? undefined : grammars.get(extensionOf(path))?.[0];
}

/** Parses a file; syntax errors become error nodes and never throw. `undefined` where there is no grammar. */
export function parse(path: RepoPath, text: string): Source | undefined {
  const grammar = grammars.get(extensionOf(path));
  if (grammar === undefined) return undefined;
  const [language, parser] = grammar;
  const tree = parser.parse(text);
  const lineStarts = [0];
  for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', at + 1)) lineStarts.push(at + 1);
  return { path, text, language, tree, lineStarts };
}

/** 1-based line of an offset. */
export function lineAt(source: Source, offset: number): number {
  let [low, high] = [0, source.lineStarts.length - 1];
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if ((source.lineStarts[middle] ?? 0) <= offset) low = middle;
    else high = middle - 1;
  }
  return low + 1;
}

export const textOf = (source: Source, node: { from: number; to: number }): string => source.text.slice(node.from, node.to);

/** Leading blanks of the line in which `offset` lies. */
export function indentAt(source: Source, offset: number): string {
  const start = source.lineStarts[lineAt(source, offset) - 1] ?? 0;
  return /^[ \t]*/.exec(source.text.slice(start))?.[0] ?? '';
}

export function childrenOf(node: SyntaxNode): SyntaxNode[] {
  const children: SyntaxNode[] = [];
  for (let child = node.firstChild; child !== null; child = child.nextSibling) children.push(child);
  return children;
}

/** Nearest ancestor, or the node itself, whose name is one of `names`. */
export function enclosing(node: SyntaxNode, names: ReadonlySet<string>): SyntaxNode | undefined {
  for (let at: SyntaxNode | null = node; at !== null; at = at.parent) if (names.has(at.name)) return at;
  return undefined;
}

const nodeLists = new WeakMap<Source, readonly SyntaxNode[]>();

/** Every node in source order. Built once for a source. */
export function nodesOf(source: Source): readonly SyntaxNode[] {
  const known = nodeLists.get(source);
  if (known !== undefined) return known;
  const nodes: SyntaxNode[] = [];
  source.tree.iterate({ enter: (ref) => void nodes.push(ref.node) });
  nodeLists.set(source, nodes);
  return nodes;
}

export const functionNames: ReadonlySet<string> = new Set([
  'FunctionDeclaration',
  'FunctionExpression',
  'ArrowFunction',
  'MethodDeclaration',
  'FunctionDefinition',
  'LambdaExpression',
]);

/** Subtrees in which an edit cannot change what a program does, or changes only its wording. */
const inert: ReadonlySet<string> = new Set([
  'TypeAnnotation',
  'TypeArgList',
  'TypeParamList',
  'TypeAliasDeclaration',
  'InterfaceDeclaration',
  'TypeDef',
  'ImportDeclaration',
  'ImportStatement',
  'ThrowStatement',
  'RaiseStatement',
  'Decorator',
  'LineComment',
  'BlockComment',
  'Comment',
]);

export function isInert(node: SyntaxNode): boolean {
  return enclosing(node, inert) !== undefined || isTypeAssertion(node);
}

/** The right side of `x as Type` or `x satisfies Type`. */
function isTypeAssertion(node: SyntaxNode): boolean {
  for (let at: SyntaxNode | null = node; at?.parent != null; at = at.parent) {
    if (/^(?:Type|.*Type$)/.test(at.name) && at.parent.name === 'BinaryExpression') return true;
  }
  return false;
}

/** Arguments of a call, without parentheses and commas; Python keyword arguments are left out. */
export function argumentsOf(call: SyntaxNode): SyntaxNode[] {
  const list = call.getChild('ArgList');
  if (list === null) return [];
  const children = childrenOf(list);
  return children.filter((child, index) => {
    if (['(', ')', ',', '⚠', 'LineComment', 'BlockComment', 'Comment', 'AssignOp'].includes(child.name)) return false;
    return children[index + 1]?.name !== 'AssignOp' && children[index - 1]?.name !== 'AssignOp';
  });
}

/** The name by which a function can be called: its own, its variable's, its property's. */
export function nameOfFunction(source: Source, node: SyntaxNode): string | undefined {
  const own = node.getChild('VariableDefinition') ?? node.getChild('PropertyDefinition');
  if (own !== null && node.name !== 'ArrowFunction') return textOf(source, own);
  if (node.name === 'FunctionDefinition') {
    const name = node.getChild('VariableName');
    return name === null ? undefined : textOf(source, name);
  }
  const holder = node.parent?.getChild('VariableDefinition') ?? node.parent?.getChild('PropertyDefinition');
  return holder === null || holder === undefined ? undefined : textOf(source, holder);
}

/** Whether an offset lies in the condition of a branch that does nothing but throw: a validation. */
export function isValidation(source: Source, offset: number): boolean {
  const branch = enclosing(source.tree.resolveInner(offset, 1), new Set(['IfStatement']));
  if (branch === undefined) return false;
  const body = childrenOf(branch).find((child) => /^(?:Block|Body|ThrowStatement)$/.test(child.name));
  if (body === undefined || offset >= body.from) return false;
  const inside = childrenOf(body).filter(({ name }) => !['{', '}', ':', 'LineComment', 'BlockComment', 'Comment'].includes(name));
  return (
    body.name === 'ThrowStatement' ||
    (inside.length > 0 && inside.every(({ name }) => name === 'ThrowStatement' || name === 'RaiseStatement'))
  );
}

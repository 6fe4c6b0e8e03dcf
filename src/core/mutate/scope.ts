import type { SyntaxNode } from '@lezer/common';
import { childrenOf, enclosing, functionNames, nodesOf, textOf, type Source } from './syntax.ts';

type NameKind = 'value' | 'callable';

/** A name that can be written at a place. */
export interface VisibleName {
  name: string;
  kind: NameKind;
  /** Scopes between the place and the declaration; 0 is the innermost. */
  distance: number;
  parameter: boolean;
  /** How its value comes about, as written; empty for parameters. */
  origin: string;
}

interface Declaration {
  name: string;
  kind: NameKind;
  scope: SyntaxNode;
  at: number;
  parameter: boolean;
  origin: string;
}

const scopes: ReadonlySet<string> = new Set([
  ...functionNames,
  'Block',
  'ForStatement',
  'Script',
  'ClassBody',
  'ClassDefinition',
  'CatchClause',
]);

const pythonScopes: ReadonlySet<string> = new Set([...functionNames, 'Script', 'ClassDefinition']);

const cache = new WeakMap<Source, Map<string, Declaration[]>>();

/** A node object is made anew on every visit; name and extent tell which it is. */
const identityOf = ({ name, from, to }: SyntaxNode): string => `${name}:${from}-${to}`;

/** Names declared in the file, by the node in which they can be seen. Built once for a source. */
function declarationsOf(source: Source): Map<string, Declaration[]> {
  const known = cache.get(source);
  if (known !== undefined) return known;
  const called = calledNames(source);
  const found = nodesOf(source)
    .flatMap((node) => declared(source, node))
    .map((declaration): Declaration => (called.has(declaration.name) ? { ...declaration, kind: 'callable' } : declaration));
  const byScope = Map.groupBy(found, ({ scope }) => identityOf(scope));
  cache.set(source, byScope);
  return byScope;
}

/** What is called somewhere is a function, also where it was imported or passed in. */
function calledNames(source: Source): Set<string> {
  const calls = nodesOf(source).filter(({ name }) => name === 'CallExpression' || name === 'NewExpression');
  const callees = calls.flatMap((call) => call.getChild('VariableName') ?? []);
  return new Set(callees.map((callee) => textOf(source, callee)));
}

function declared(source: Source, node: SyntaxNode): Declaration[] {
  const parent = node.parent;
  if (parent === null) return [];
  const isName =
    source.language === 'javascript' ? node.name === 'VariableDefinition' : node.name === 'VariableName' && bindsInPython(node);
  if (!isName) return [];
  const named = functionNames.has(parent.name) || parent.name.startsWith('Class');
  const start = named && parent.name !== 'ArrowFunction' ? (parent.parent ?? parent) : parent;
  const scope = enclosing(start, source.language === 'python' ? pythonScopes : scopes);
  if (scope === undefined) return [];
  return [
    {
      name: textOf(source, node),
      kind: kindOf(node),
      scope,
      at: node.from,
      parameter: enclosing(node, parameterLists) !== undefined,
      origin: originOf(source, node),
    },
  ];
}

/** Text of the initialiser or of the assigned value. */
function originOf(source: Source, node: SyntaxNode): string {
  if (!statements.has(node.parent?.name ?? '')) return '';
  const sign = childrenOf(node.parent ?? node).find(
    (child) => child.from > node.from && (child.name === 'Equals' || child.name === 'AssignOp'),
  );
  return sign?.nextSibling == null ? '' : textOf(source, sign.nextSibling);
}

const parameterLists: ReadonlySet<string> = new Set(['ParamList']);

function bindsInPython(node: SyntaxNode): boolean {
  const { parent, prevSibling: before, nextSibling: after } = node;
  switch (parent?.name) {
    case 'ParamList':
      return before?.name !== 'AssignOp';
    case 'FunctionDefinition':
    case 'ClassDefinition':
      return before?.name === 'def' || before?.name === 'class';
    case 'ImportStatement':
      return after?.name !== '.' && after?.name !== 'as' && before?.name !== '.' && before?.name !== 'from';
    case 'AssignStatement':
      return before?.name !== 'AssignOp' && before?.name !== 'UpdateOp';
    case 'ForStatement':
    case 'ArrayComprehensionExpression':
    case 'ComprehensionExpression':
      return before?.name === 'for' || (before?.name === ',' && after?.name === 'in');
    case 'WithStatement':
      return before?.name === 'as';
    default:
      return false;
  }
}

function kindOf(node: SyntaxNode): NameKind {
  const parent = node.parent;
  if (parent === null) return 'value';
  if (functionNames.has(parent.name) && parent.name !== 'ArrowFunction') return 'callable';
  if (parent.name.startsWith('Class')) return 'callable';
  if (parent.name === 'VariableDeclaration') {
    const siblings = childrenOf(parent);
    const value = siblings[siblings.findIndex((child) => child.from === node.from) + 2];
    return value !== undefined && functionNames.has(value.name) ? 'callable' : 'value';
  }
  return 'value';
}

/** Names that can be written at `node`, nearest scope first. Block-scoped names count only after their declaration. */
export function visibleNames(source: Source, node: SyntaxNode): VisibleName[] {
  const declarations = declarationsOf(source);
  const seen = new Map<string, VisibleName>();
  let distance = 0;
  for (let host: SyntaxNode | null = node; host !== null; host = host.parent) {
    for (const { name, kind, at, parameter, origin } of declarations.get(identityOf(host)) ?? []) {
      const isLater = at > node.from && kind === 'value';
      if (isLater || seen.has(name) || declares(source, node, at)) continue;
      seen.set(name, { name, kind, distance, parameter, origin });
    }
    if (scopes.has(host.name)) distance += 1;
  }
  return [...seen.values()];
}

const statements: ReadonlySet<string> = new Set(['VariableDeclaration', 'AssignStatement']);

/** Whether `node` stands in the initialiser of what is declared at `at`. */
function declares(source: Source, node: SyntaxNode, at: number): boolean {
  const declaration = enclosing(node, statements);
  if (declaration === undefined || declaration.from > at || at > declaration.to) return false;
  return enclosing(node, functionNames)?.from === enclosing(source.tree.resolveInner(at, 1), functionNames)?.from;
}

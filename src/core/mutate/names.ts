import type { SyntaxNode } from '@lezer/common';
import { replace, type Operator } from './edit.ts';
import { visibleNames, type VisibleName } from './scope.ts';
import { enclosing, functionNames, nodesOf, textOf, type Source } from './syntax.ts';

/** Most alternatives for one name; the list is sorted by fit, so what is left out is the least likely. */
const maxAlternatives = 4;

/** A name where another of the same kind was meant: visible there, nearest first. */
export const swapIdentifiers: Operator = (source, node) => {
  if (node.name !== 'VariableName' || !isRead(source, node)) return [];
  const written = textOf(source, node);
  const names = visibleNames(source, node);
  const own = names.find(({ name }) => name === written);
  if (own === undefined) return [];
  return names
    .filter((other) => other.name !== written && other.kind === own.kind && other.name !== 'self' && other.name !== 'cls')
    .filter((other) => !/^[A-Z]/.test(other.name) || /^[A-Z]/.test(written))
    .map((other) =>
      replace(node, other.name, 'identifier', fitOf(own, other) * (sameShape(source, written, other.name) ? 1 : 0.3)),
    )
    .sort((a, b) => b.fit - a.fit)
    .slice(0, maxAlternatives);
};

function isRead(source: Source, node: SyntaxNode): boolean {
  const { parent, nextSibling: after } = node;
  if (parent === null) return false;
  if (/^(?:AssignmentExpression|AssignStatement|UpdateStatement)$/.test(parent.name)) return node.from !== parent.from;
  if (after?.name === 'AssignOp' && parent.name === 'ArgList') return false;
  if (source.language === 'javascript') return parent.name !== 'ImportGroup' && parent.name !== 'ExportGroup';
  if (parent.name === 'ForStatement' || parent.name.endsWith('ComprehensionExpression'))
    return node.prevSibling?.name === 'in' || node === parent.firstChild;
  return !['ParamList', 'FunctionDefinition', 'ClassDefinition', 'ImportStatement', 'TypeDef'].includes(parent.name);
}

/** Near names, names that look alike and values that come about alike are the likelier mistakes. */
function fitOf(own: VisibleName, other: VisibleName): number {
  const near = 1 / (1 + other.distance * 0.5);
  const alike = Math.max(likeness(own.name, other.name), own.origin === '' ? 0 : likeness(own.origin, other.origin));
  return Math.min(1, near * (0.55 + 0.45 * alike));
}

type Shape = 'object' | 'scalar';

const shapes = new WeakMap<Source, Map<string, Set<Shape>>>();

/** What the file does with each name: looks into it, or calculates and compares with it. */
function shapesIn(source: Source): Map<string, Set<Shape>> {
  const known = shapes.get(source);
  if (known !== undefined) return known;
  const found = new Map<string, Set<Shape>>();
  for (const node of nodesOf(source)) {
    const shape = node.name === 'VariableName' ? shapeAt(source, node) : undefined;
    const name = textOf(source, node);
    if (shape !== undefined) found.set(name, (found.get(name) ?? new Set()).add(shape));
  }
  shapes.set(source, found);
  return found;
}

function shapeAt(source: Source, { parent, from, name }: SyntaxNode): Shape | undefined {
  if (parent === null || name !== 'VariableName') return undefined;
  if (parent.name === 'MemberExpression') return parent.from === from ? 'object' : 'scalar';
  if (parent.name === 'ForOfSpec' || (parent.name === 'ForStatement' && source.language === 'python')) return 'object';
  const calculates = parent.name === 'BinaryExpression' && (parent.getChild('ArithOp') ?? parent.getChild('CompareOp')) !== null;
  const updates = parent.name !== 'BinaryExpression' && parent.getChild('UpdateOp') !== null;
  return calculates || updates ? 'scalar' : undefined;
}

/** Whether nothing speaks against one name standing for the other. */
function sameShape(source: Source, a: string, b: string): boolean {
  const [left, right] = [shapesIn(source).get(a), shapesIn(source).get(b)];
  if (left === undefined && right === undefined) return true;
  if (left === undefined || right === undefined) return (left ?? right)?.has('scalar') === true;
  return [...left].some((shape) => right.has(shape));
}

/** Shared words of two names or expressions (Sørensen–Dice over their camelCase and snake_case parts), 0 to 1. */
function likeness(a: string, b: string): number {
  const [left, right] = [wordsOf(a), wordsOf(b)];
  const shared = [...left].filter((word) => right.has(word)).length;
  return (2 * shared) / Math.max(1, left.size + right.size);
}

export const wordsOf = (name: string): Set<string> =>
  new Set(
    name
      .split(/(?<=[a-z0-9])(?=[A-Z])|_/)
      .filter((word) => word !== '')
      .map((word) => word.toLowerCase()),
  );

const propertyUses = new WeakMap<Source, Map<string, Set<string>>>();

/** Properties read or written on each object, by the object's text, anywhere in the file. */
function propertiesIn(source: Source): Map<string, Set<string>> {
  const known = propertyUses.get(source);
  if (known !== undefined) return known;
  const uses = new Map<string, Set<string>>();
  for (const node of nodesOf(source)) {
    const owner = ownerOf(source, node);
    if (owner !== undefined) uses.set(owner, (uses.get(owner) ?? new Set()).add(textOf(source, node)));
  }
  propertyUses.set(source, uses);
  return uses;
}

/** Text of the object whose property `node` names, unless it is a method that is being called. */
function ownerOf(source: Source, node: SyntaxNode): string | undefined {
  if (node.name !== 'PropertyName' || node.parent?.name !== 'MemberExpression') return undefined;
  const isCalled = node.parent.parent?.name === 'CallExpression' && node.parent.parent.firstChild?.from === node.parent.from;
  if (isCalled) return undefined;
  return node.parent.firstChild === null ? undefined : textOf(source, node.parent.firstChild);
}

/** Names of properties of the object types that a file declares (interfaces and type literals). */
function declaredTogether(source: Source, property: string): string[] {
  for (const node of nodesOf(source)) {
    if (node.name !== 'ObjectType') continue;
    const names = node.getChildren('PropertyType').flatMap((member) => {
      const name = member.getChild('PropertyDefinition') ?? member.getChild('PropertyName');
      return name === null ? [] : [textOf(source, name)];
    });
    if (names.includes(property)) return names;
  }
  return [];
}

/** `line.price` where `line.total` was meant: a property that the same object has elsewhere in the file. */
export const swapProperties: Operator = (source, node) => {
  const owner = ownerOf(source, node);
  if (owner === undefined) return [];
  const written = textOf(source, node);
  const used = propertiesIn(source).get(owner) ?? new Set<string>();
  const scope = enclosing(node, functionNames);
  const nearby = (name: string): boolean => scope !== undefined && textOf(source, scope).includes(`${owner}.${name}`);
  return [...new Set([...used, ...declaredTogether(source, written)])]
    .filter((name) => name !== written && name !== 'length' && written !== 'length')
    .map((name) => replace(node, name, 'property', Math.min(1, 0.5 + 0.35 * likeness(written, name) + (nearby(name) ? 0.15 : 0))))
    .sort((a, b) => b.fit - a.fit)
    .slice(0, maxAlternatives);
};

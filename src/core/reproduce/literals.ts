import type { SyntaxNode } from '@lezer/common';
import { childrenOf, parse, textOf, type Language, type Source } from '../mutate/syntax.ts';

/** A snippet of a report, parsed; TypeScript's grammar reads JavaScript too. */
export function parseSnippet(text: string, language: Language): Source {
  const source = parse(language === 'python' ? 'snippet.py' : 'snippet.ts', text);
  if (source === undefined) throw new Error('no grammar for a snippet');
  return source;
}

const atoms = new Set(['Number', 'String', 'BooleanLiteral', 'Boolean', 'null', 'None']);
const punctuation = new Set(['[', ']', '{', '}', '(', ')', ',', ':']);
const containers = new Set([
  'ArrayExpression',
  'TupleExpression',
  'DictionaryExpression',
  'SetExpression',
  'ParenthesizedExpression',
]);
const constants = new Set(['undefined', 'NaN', 'Infinity']);
const constructors = new Set(['Date', 'Map', 'Set', 'Decimal', 'date', 'datetime', 'timedelta', 'set', 'Fraction']);

/** Whether a node is a value that can be read without running anything but plain constructors. */
function isLiteral(source: Source, node: SyntaxNode): boolean {
  if (node.type.isError) return false;
  if (atoms.has(node.name) || punctuation.has(node.name)) return true;
  const children = childrenOf(node);
  if (containers.has(node.name)) return children.every((child) => isLiteral(source, child));
  switch (node.name) {
    case 'VariableName':
      return constants.has(textOf(source, node));
    case 'TemplateString':
      return children.length === 0;
    case 'UnaryExpression':
      return children[0]?.name === 'ArithOp' && children[1]?.name === 'Number';
    case 'ObjectExpression':
      return children.every((child) => punctuation.has(child.name) || isLiteralProperty(source, child));
    case 'NewExpression':
    case 'CallExpression': {
      const callee = children.find((child) => child.name === 'VariableName');
      const list = node.getChild('ArgList');
      return (
        callee !== undefined &&
        constructors.has(textOf(source, callee)) &&
        list !== null &&
        childrenOf(list).every((child) => isLiteral(source, child))
      );
    }
    default:
      return false;
  }
}

function isLiteralProperty(source: Source, property: SyntaxNode): boolean {
  const children = childrenOf(property);
  return property.name === 'Property' && children.length === 3 && children[2] !== undefined && isLiteral(source, children[2]);
}

/** The longest literal at the start of `text`, as written; `undefined` where it does not start with one. */
export function readLiteral(text: string, language: Language): string | undefined {
  const trimmed = text.trimStart();
  const source = parseSnippet(`(${trimmed}`, language);
  const opening = source.tree.resolveInner(0, 1);
  if (/^[`'"]?$/.test(trimmed)) return undefined;
  let node: SyntaxNode | null = opening.name === '(' ? opening.nextSibling : source.tree.resolve(1, 1);
  while (node !== null && !isLiteral(source, node)) node = node.firstChild?.from === node.from ? node.firstChild : null;
  if (node === null || punctuation.has(node.name)) return undefined;
  // The grammars read the full stop of a sentence into a number.
  return textOf(source, node).replace(/^(-?\d+)\.$/, '$1');
}

/** A string literal of `value` in the language, with the given quote. */
export function quote(value: string, mark: "'" | '"' = "'"): string {
  const escaped = JSON.stringify(value).slice(1, -1);
  return mark === '"' ? `"${escaped}"` : `'${escaped.replaceAll('\\"', '"').replaceAll("'", "\\'")}'`;
}

import type { SyntaxNode } from '@lezer/common';
import { type Operator, type Replacement } from './edit.ts';
import { parametersOf } from './calls.ts';
import { childrenOf, enclosing, functionNames, indentAt, nodesOf, textOf, type Source } from './syntax.ts';

/** Missing checks: for null, for emptiness, and missing returns. */

/** `a.b` as `a?.b`, and `a[b]` as `a?.[b]`. */
export const chainOptionally: Operator = (source, node) => {
  if (source.language !== 'javascript' || node.name !== 'MemberExpression') return [];
  const [object, access] = childrenOf(node);
  if (object === undefined || access === undefined) return [];
  if (isWritten(node) || isKnown(source, object)) return [];
  if (access.name === '.') return [{ from: access.from, to: access.to, insert: '?.', operator: 'null-check', fit: 0.7 }];
  if (access.name === '[') return [{ from: access.from, to: access.from, insert: '?.', operator: 'null-check', fit: 0.6 }];
  return [];
};

const isWritten = (node: SyntaxNode): boolean =>
  /^(?:Assignment|Postfix|Unary)Expression$/.test(node.parent?.name ?? '') && node.parent?.firstChild?.from === node.from;

/** Objects that cannot be missing: `this`, literals, globals and imported namespaces. */
const isKnown = (source: Source, object: SyntaxNode): boolean =>
  !['VariableName', 'MemberExpression', 'CallExpression'].includes(object.name) ||
  (object.name === 'VariableName' && /^[A-Z]/.test(textOf(source, object)));

/** A value that may be missing gets a default: `x ?? ''`. */
export const addDefaults: Operator = (source, node) => {
  if (node.name !== 'VariableName' && node.name !== 'MemberExpression') return [];
  const parent = node.parent;
  const isOperand = parent?.name === 'ArgList' || (parent?.name === 'BinaryExpression' && parent.getChild('ArithOp') !== null);
  if (!isOperand || node.nextSibling?.name === 'AssignOp' || node.prevSibling?.name === 'AssignOp') return [];
  const written = textOf(source, node);
  const write = (value: string): string => {
    const text = source.language === 'python' ? `${written} or ${value}` : `${written} ?? ${value}`;
    return parent.name === 'ArgList' ? text : `(${text})`;
  };
  return ["''", '0', '[]'].map((value, index) => ({
    from: node.from,
    to: node.to,
    insert: write(value),
    operator: 'null-check' as const,
    fit: 0.45 - index * 0.1,
  }));
};

const statementNames = /^(?:\w*Statement|VariableDeclaration)$/;

/** In front of the first statement of a function that uses a parameter: `if (x == null) return …;`. */
export const returnEarly: Operator = (source, node) => {
  const host = enclosing(node, functionNames);
  if (host === undefined || !statementNames.test(node.name) || !isDirectlyIn(host, node)) return [];
  return parametersOf(source, host)
    .filter((name) => mentions(source, node, name))
    .flatMap((name) => guardsFor(source, host, node, name));
};

function isDirectlyIn(host: SyntaxNode, node: SyntaxNode): boolean {
  const body = node.parent;
  return (body?.name === 'Block' || body?.name === 'Body') && body.parent?.from === host.from && body.parent.to === host.to;
}

function mentions(source: Source, node: SyntaxNode, name: string): boolean {
  let found = false;
  node.cursor().iterate((ref) => {
    if (ref.name === 'VariableName' && textOf(source, ref) === name) found = true;
    return !found;
  });
  return found;
}

function guardsFor(source: Source, host: SyntaxNode, statement: SyntaxNode, name: string): Replacement[] {
  const indent = indentAt(source, statement.from);
  const checks = source.language === 'python' ? [`${name} is None`, `not ${name}`] : [`${name} == null`, `${name}.length === 0`];
  return checks.flatMap((check, rank) =>
    neutralValues(source, host, name).map(({ value, fit }): Replacement => {
      const insert =
        source.language === 'python'
          ? `if ${check}:\n${indent}${unitOf(source)}return ${value}\n${indent}`
          : `if (${check}) return${value === '' ? '' : ` ${value}`}${source.text.includes(';\n') || source.text.includes(';\r\n') ? ';' : ''}${newline(source)}${indent}`;
      return {
        from: statement.from,
        to: statement.from,
        insert: source.language === 'python' ? insert.replaceAll('\n', newline(source)) : insert,
        operator: 'early-return',
        fit: fit * (rank === 0 ? 1 : 0.5),
        at: statement.from,
      };
    }),
  );
}

const newline = (source: Source): string => (source.text.includes('\r\n') ? '\r\n' : '\n');

/** One step of indentation as the file writes it. */
const unitOf = (source: Source): string => /\n([ \t]+)\S/.exec(source.text)?.[1] ?? '    ';

/** What a function could give back for a missing argument: what it returns elsewhere, then what its code suggests. */
function neutralValues(source: Source, host: SyntaxNode, parameter: string): { value: string; fit: number }[] {
  const body = textOf(source, host);
  const returned = nodesOf(source)
    .filter((node) => node.name === 'ReturnStatement' && enclosing(node, functionNames)?.from === host.from)
    .map((node) => childrenOf(node).find((child) => !['return', ';'].includes(child.name)))
    .filter((value) => value !== undefined);
  const constants = returned
    .filter((value) =>
      /^(?:String|Number|BooleanLiteral|Boolean|null|None|ArrayExpression|ObjectExpression|VariableName)$/.test(value.name),
    )
    .map((value) => textOf(source, value))
    .filter((value) => value.length <= 24);
  const none = source.language === 'python' ? 'None' : 'null';
  const isText =
    /\.(?:strip|lower|upper|split|replace|join|ljust|rjust|trim|toLowerCase|toUpperCase|padEnd|padStart)\(/.test(body) ||
    returned.some((value) => value.name.endsWith('String'));
  const isList = returned.some((value) => /Array/.test(value.name)) || /\.(?:append|push)\(/.test(body);
  const guessed = [
    ...(isText ? ["''"] : []),
    ...(isList ? ['[]'] : []),
    parameter,
    none,
    ...(isText ? [] : ["''"]),
    '0',
    ...(isList ? [] : ['[]']),
  ];
  const quoted =
    source.text.split('"').length > source.text.split("'").length
      ? guessed.map((value) => (value === "''" ? '""' : value))
      : guessed;
  return [...new Set([...constants, ...quoted])].slice(0, 5).map((value, index) => ({ value, fit: 1 - index * 0.12 }));
}

/** The last expression of a function that gives nothing back. */
export const returnLast: Operator = (source, node) => {
  if (node.name !== 'ExpressionStatement' || node.firstChild === null || node.firstChild.name === 'AssignmentExpression')
    return [];
  const host = enclosing(node, functionNames);
  if (host === undefined || !isDirectlyIn(host, node)) return [];
  const isLast = node.nextSibling === null || node.nextSibling.name === '}';
  if (!isLast || /\breturn\b/.test(textOf(source, host)) || node.firstChild.name.endsWith('String')) return [];
  return [{ from: node.from, to: node.from, insert: 'return ', operator: 'missing-return', fit: 1 }];
};

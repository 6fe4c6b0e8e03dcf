import type { SyntaxNode } from '@lezer/common';
import { replace, type Operator, type OperatorName, type Replacement } from './edit.ts';
import { childrenOf, textOf, type Source } from './syntax.ts';

/** Operators, conditions and literals: edits of one token. */

type Table = Record<string, readonly (readonly [insert: string, operator: OperatorName, fit: number])[]>;

const shared: Table = {
  '<': [
    ['<=', 'boundary', 1],
    ['>', 'comparison', 0.6],
    ['>=', 'comparison', 0.5],
  ],
  '<=': [
    ['<', 'boundary', 1],
    ['>=', 'comparison', 0.6],
    ['>', 'comparison', 0.5],
  ],
  '>': [
    ['>=', 'boundary', 1],
    ['<', 'comparison', 0.6],
    ['<=', 'comparison', 0.5],
  ],
  '>=': [
    ['>', 'boundary', 1],
    ['<=', 'comparison', 0.6],
    ['<', 'comparison', 0.5],
  ],
  '==': [['!=', 'comparison', 0.6]],
  '!=': [['==', 'comparison', 0.6]],
  '+': [
    ['-', 'arithmetic', 1],
    ['*', 'arithmetic', 0.3],
  ],
  '-': [
    ['+', 'arithmetic', 1],
    ['/', 'arithmetic', 0.2],
  ],
  '*': [
    ['/', 'arithmetic', 0.8],
    ['+', 'arithmetic', 0.5],
  ],
  '/': [['*', 'arithmetic', 0.8]],
  '%': [
    ['/', 'arithmetic', 0.5],
    ['*', 'arithmetic', 0.2],
  ],
  '+=': [
    ['-=', 'arithmetic', 1],
    ['=', 'arithmetic', 0.4],
  ],
  '-=': [['+=', 'arithmetic', 1]],
  '*=': [
    ['/=', 'arithmetic', 0.8],
    ['+=', 'arithmetic', 0.4],
  ],
  '/=': [['*=', 'arithmetic', 0.8]],
  '&': [['|', 'arithmetic', 0.8]],
  '|': [['&', 'arithmetic', 0.8]],
  '<<': [['>>', 'arithmetic', 0.8]],
  '>>': [['<<', 'arithmetic', 0.8]],
};

const byLanguage: Record<Source['language'], Table> = {
  javascript: {
    ...shared,
    '==': [
      ['===', 'comparison', 0.5],
      ['!=', 'comparison', 0.6],
    ],
    '===': [
      ['!==', 'comparison', 0.6],
      ['==', 'comparison', 0.3],
      ['>=', 'comparison', 0.3],
      ['<=', 'comparison', 0.3],
    ],
    '!==': [
      ['===', 'comparison', 0.6],
      ['!=', 'comparison', 0.3],
    ],
    '&&': [['||', 'logical', 1]],
    '||': [
      ['??', 'logical', 1],
      ['&&', 'logical', 0.9],
    ],
    '??': [['||', 'logical', 1]],
    '++': [['--', 'arithmetic', 0.6]],
    '--': [['++', 'arithmetic', 0.6]],
    '**': [['*', 'arithmetic', 0.8]],
    '>>>': [['>>', 'arithmetic', 0.8]],
  },
  python: {
    ...shared,
    and: [['or', 'logical', 1]],
    or: [['and', 'logical', 1]],
    '//': [
      ['/', 'arithmetic', 0.9],
      ['%', 'arithmetic', 0.5],
    ],
    '/': [
      ['//', 'arithmetic', 0.9],
      ['*', 'arithmetic', 0.8],
    ],
    '%': [['//', 'arithmetic', 0.6]],
    '**': [['*', 'arithmetic', 0.8]],
  },
};

const operatorNodes = new Set(['CompareOp', 'ArithOp', 'BitOp', 'LogicOp', 'UpdateOp', 'and', 'or']);

export const swapOperators: Operator = (source, node) => {
  if (!operatorNodes.has(node.name)) return [];
  const parent = node.parent?.name ?? '';
  const unary = parent === 'UnaryExpression';
  const written = textOf(source, node);
  if (unary) return written === '-' ? [replace(node, '', 'arithmetic', 0.4)] : [];
  if (parent === 'ConditionalExpression') return [];
  if (written === '+' && joinsText(node)) return [];
  return (byLanguage[source.language][written] ?? []).map(([insert, operator, fit]) => replace(node, insert, operator, fit));
};

/** `'a' + b` concatenates: no other operator makes sense there. */
function joinsText(node: SyntaxNode): boolean {
  return [node.prevSibling, node.nextSibling].some((side) => /^(?:Template|Format)?String$/.test(side?.name ?? ''));
}

/** `x in y`, `x is y` and their negations, which Python writes as words. */
export const negateWords: Operator = (source, node) => {
  if (source.language !== 'python' || node.parent?.name !== 'BinaryExpression') return [];
  if (node.name === 'not' && (node.nextSibling?.name === 'in' || node.prevSibling?.name === 'is')) {
    const [from, to] =
      node.nextSibling?.name === 'in' ? [node.from, node.nextSibling.from] : [node.prevSibling?.to ?? node.from, node.to];
    return [{ from, to, insert: '', operator: 'negation', fit: 0.8 }];
  }
  if (node.name === 'in' && node.prevSibling?.name !== 'not') return [replace(node, 'not in', 'negation', 0.8)];
  if (node.name === 'is' && node.nextSibling?.name !== 'not') return [replace(node, 'is not', 'negation', 0.8)];
  return [];
};

/** The condition of a branch, a loop or a conditional expression, without its parentheses. */
function conditionOf(node: SyntaxNode): SyntaxNode | undefined {
  const children = childrenOf(node);
  if (node.name === 'ParenthesizedExpression') {
    return ['IfStatement', 'WhileStatement', 'DoStatement'].includes(node.parent?.name ?? '') ? children[1] : undefined;
  }
  if (node.name === 'ConditionalExpression') return children[1]?.name === 'if' ? children[2] : children[0];
  const word = children.find((child) => child.name === 'if' || child.name === 'while' || child.name === 'elif');
  const next = word?.nextSibling ?? undefined;
  const isPythonBranch =
    (node.name === 'IfStatement' || node.name === 'WhileStatement') && next?.name !== 'ParenthesizedExpression';
  return isPythonBranch || node.name === 'ArrayComprehensionExpression' ? next : undefined;
}

export const negateConditions: Operator = (source, node) => {
  const condition = conditionOf(node);
  if (condition === undefined || condition.type.isError) return [];
  const sign = condition.firstChild;
  if (condition.name === 'UnaryExpression' && sign !== null && ['!', 'not'].includes(textOf(source, sign))) {
    return [{ from: sign.from, to: sign.nextSibling?.from ?? sign.to, insert: '', operator: 'negation', fit: 1 }];
  }
  // A comparison already has its own opposite among the comparison edits.
  if (condition.name === 'BinaryExpression' && condition.getChild('CompareOp') !== null) return [];
  const simple = !['BinaryExpression', 'ConditionalExpression', 'AssignmentExpression', 'ArrowFunction'].includes(condition.name);
  const written = textOf(source, condition);
  const not = source.language === 'python' ? 'not ' : '!';
  return [replace(condition, simple ? `${not}${written}` : `${not}(${written})`, 'negation')];
};

const plainNumber = /^(?:0|[1-9][0-9_]*)$/;

export const changeNumbers: Operator = (source, node) => {
  if (node.name !== 'Number') return [];
  const written = textOf(source, node);
  if (!plainNumber.test(written)) return [];
  const value = Number(written.replaceAll('_', ''));
  const changed = value === 0 ? [1] : [value - 1, value + 1, ...(value === 1 ? [] : [0])];
  return changed.map((next, index) => replace(node, String(next), 'number', index === 2 ? 0.3 : value > 12 ? 0.5 : 1));
};

const booleans: Record<string, string> = { true: 'false', false: 'true', True: 'False', False: 'True' };

/** Booleans the other way round; strings emptied, and empty ones made a blank. */
export const changeLiterals: Operator = (source, node) => {
  const written = textOf(source, node);
  if (node.name === 'BooleanLiteral' || node.name === 'Boolean') {
    const other = booleans[written];
    return other === undefined ? [] : [replace(node, other, 'literal')];
  }
  if (node.name !== 'String' || node.parent?.name === 'ExpressionStatement' || node.parent?.name === 'Property') return [];
  if (written === "''" || written === '""') return [replace(node, `${written[0]} ${written[0]}`, 'literal', 0.4)];
  if (/^["'].+["']$/.test(written)) return [replace(node, `${written[0]}${written.at(-1)}`, 'literal', 0.3)];
  return [];
};

/** Where a value stands as a bound, one more or one less is a classic slip. */
export const shiftBounds: Operator = (source, node) => {
  if (!['VariableName', 'MemberExpression', 'CallExpression', 'BinaryExpression'].includes(node.name)) return [];
  if (node.name === 'BinaryExpression') return dropShift(source, node);
  if (!isBound(source, node)) return [];
  const written = textOf(source, node);
  const fit = node.name === 'VariableName' || written.endsWith('.length') ? 1 : 0.5;
  return [replace(node, `${written} - 1`, 'off-by-one', fit), replace(node, `${written} + 1`, 'off-by-one', fit)];
};

/** `n - 1` and `n + 1` written as `n`. */
function dropShift(source: Source, node: SyntaxNode): Replacement[] {
  const [left, operator, right] = childrenOf(node);
  if (left === undefined || operator === undefined || right === undefined) return [];
  if (!['+', '-'].includes(textOf(source, operator)) || textOf(source, right) !== '1') return [];
  return [{ from: left.to, to: right.to, insert: '', operator: 'off-by-one', fit: 1 }];
}

function isBound(source: Source, node: SyntaxNode): boolean {
  const { parent, prevSibling: before, nextSibling: after } = node;
  if (parent === null) return false;
  if (parent.name === 'MemberExpression') return before?.name === '[' && after?.name === ']';
  if (parent.name === 'BinaryExpression') {
    return before?.name === 'CompareOp' && /^[<>]=?$/.test(textOf(source, before));
  }
  if (parent.name !== 'ArgList') return false;
  const method = parent.parent?.firstChild;
  return (
    method !== null &&
    method !== undefined &&
    /(?:slice|substring|substr|splice|range|at|padStart|padEnd|ljust|rjust|repeat)$/.test(textOf(source, method))
  );
}

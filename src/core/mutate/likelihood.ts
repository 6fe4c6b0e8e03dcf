import type { OperatorName } from './edit.ts';

/** What a failing test shows about the bug behind it. */
export type Symptom =
  | 'missing-value'
  | 'flipped-boolean'
  | 'near-number'
  | 'other-number'
  | 'text'
  | 'promise'
  | 'thrown'
  | 'other';

/**
 * How often one-line bugs are mended by each kind of edit, on a scale of 0 to 1. The order follows the frequencies of
 * bug patterns in ManySStuBs4J (Karampatsis and Sutton, "How Often Do Single-Statement Bugs Occur?", MSR 2020): wrong
 * names and wrong calls lead, then literals, operators and arguments. Boundary errors are ranked higher here than
 * there, because a site has one boundary edit but many names.
 */
const prior: Record<OperatorName, number> = {
  boundary: 0.8,
  identifier: 0.6,
  property: 0.6,
  method: 0.6,
  'swapped-arguments': 0.5,
  'missing-argument': 0.5,
  arithmetic: 0.5,
  logical: 0.5,
  number: 0.45,
  negation: 0.4,
  'off-by-one': 0.4,
  'null-check': 0.35,
  'early-return': 0.35,
  comparison: 0.35,
  literal: 0.3,
  await: 0.3,
  'missing-return': 0.3,
};

/** What each symptom makes more or less likely; 1 where nothing is said. */
const factors: Record<Symptom, Partial<Record<OperatorName, number>>> = {
  'missing-value': {
    'null-check': 2.8,
    'early-return': 2.6,
    'missing-return': 2.5,
    await: 1.5,
    boundary: 0.6,
    comparison: 0.5,
    arithmetic: 0.4,
    number: 0.5,
    literal: 0.5,
  },
  'flipped-boolean': {
    boundary: 1.2,
    negation: 1.3,
    logical: 1.4,
    comparison: 1.2,
    literal: 1.2,
    arithmetic: 0.7,
    'null-check': 0.5,
  },
  'near-number': { boundary: 1.2, number: 1.4, 'off-by-one': 1.6, method: 1.2, literal: 0.4, 'null-check': 0.5 },
  'other-number': {
    arithmetic: 1.3,
    property: 1.3,
    identifier: 1.2,
    number: 0.8,
    boundary: 0.8,
    literal: 0.5,
    'null-check': 0.6,
    'early-return': 0.6,
  },
  text: { method: 1.3, literal: 1.2, arithmetic: 0.7, 'off-by-one': 1.1, 'null-check': 0.8 },
  promise: { await: 3, 'missing-return': 1.5 },
  thrown: { boundary: 1.1, negation: 1.2, logical: 1.2, comparison: 1.2, 'early-return': 1.2 },
  other: {},
};

/** 0 to 1: how likely an edit of this kind mends a bug that shows this symptom. */
export function likelihoodOf(operator: OperatorName, symptom: Symptom): number {
  return Math.min(1, prior[operator] * (factors[symptom][operator] ?? 1));
}

const missing =
  /Cannot (?:read|set) propert|(?:undefined|null) is not|is not iterable|NoneType|Cannot destructure|Cannot convert undefined or null/;
const numbers =
  /(-?\d+(?:\.\d+)?)\s*(?:!==?|!=|==|===|to (?:be|equal|deeply equal|strictly equal)|,? expected)\s*(-?\d+(?:\.\d+)?)/;

/** Reads the symptom out of a failure's message; stacks and diffs may be part of it. */
export function symptomOf(message: string, type = ''): Symptom {
  if (missing.test(message)) return 'missing-value';
  if (/\[object Promise\]|Promise \{|coroutine/.test(message)) return 'promise';
  if (type !== '' && !/Assert|Expect/i.test(type) && !/Assert/i.test(message)) return 'thrown';
  if (
    /expected (?:true|false) to|(?:true|false) !==? (?:true|false)|assert (?:not )?(?:True|False)|(?:True|False) (?:is|==) (?:True|False)/i.test(
      message,
    )
  )
    return 'flipped-boolean';
  const pair = numbers.exec(message);
  if (pair !== null) return Math.abs(Number(pair[1]) - Number(pair[2])) <= 1 ? 'near-number' : 'other-number';
  if (/["'`].*["'`]/.test(message)) return 'text';
  return 'other';
}

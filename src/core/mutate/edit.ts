import type { SyntaxNode } from '@lezer/common';
import type { RepoPath } from '../types.ts';
import { lineAt, type Source } from './syntax.ts';

/** The kinds of mechanical edits; see `likelihood.ts` for what is known about each. */
export type OperatorName =
  | 'boundary'
  | 'comparison'
  | 'arithmetic'
  | 'logical'
  | 'negation'
  | 'number'
  | 'literal'
  | 'off-by-one'
  | 'swapped-arguments'
  | 'missing-argument'
  | 'identifier'
  | 'property'
  | 'null-check'
  | 'early-return'
  | 'missing-return'
  | 'method'
  | 'await';

/** Replaces `[from, to)` by `insert`, leaving every other byte as it was. */
export interface Edit {
  path: RepoPath;
  from: number;
  to: number;
  insert: string;
  /** 1-based line at which the edit starts. */
  line: number;
  operator: OperatorName;
  /** How well this edit fits among those of its operator at its place, 0 to 1. */
  fit: number;
}

export function applyEdit(text: string, edit: Pick<Edit, 'from' | 'to' | 'insert'>): string {
  return text.slice(0, edit.from) + edit.insert + text.slice(edit.to);
}

/** What an operator says about one place; `propose` adds the path and the line. */
export interface Replacement {
  from: number;
  to: number;
  insert: string;
  operator: OperatorName;
  fit: number;
  /** Offset of the code that is doubted, where text is put elsewhere (a guard in front of a statement). */
  at?: number;
}

/** A family of edits: looks at one node and says what could be written instead. */
export type Operator = (source: Source, node: SyntaxNode) => Replacement[];

export const replace = (node: { from: number; to: number }, insert: string, operator: OperatorName, fit = 1): Replacement => ({
  from: node.from,
  to: node.to,
  insert,
  operator,
  fit,
});

export function toEdit(source: Source, found: Replacement): Edit {
  const { at, ...rest } = found;
  return { path: source.path, ...rest, line: lineAt(source, at ?? found.from) };
}

/** Identifies an edit across attempts. */
export const keyOf = (edit: Edit): string => `${edit.path}:${edit.from}-${edit.to}:${edit.insert}`;

import { awaitCalls, changeArity, swapArguments, swapMethods } from './calls.ts';
import { applyEdit, keyOf, toEdit, type Edit, type Operator } from './edit.ts';
import { addDefaults, chainOptionally, returnEarly, returnLast } from './guards.ts';
import { swapIdentifiers, swapProperties } from './names.ts';
import { isInert, lineAt, nodesOf, parse, textOf, type Source } from './syntax.ts';
import { changeLiterals, changeNumbers, negateConditions, negateWords, shiftBounds, swapOperators } from './tokens.ts';

const operators: readonly Operator[] = [
  swapOperators,
  negateWords,
  negateConditions,
  changeNumbers,
  changeLiterals,
  shiftBounds,
  swapIdentifiers,
  swapProperties,
  swapMethods,
  swapArguments,
  changeArity,
  awaitCalls,
  chainOptionally,
  addDefaults,
  returnEarly,
  returnLast,
];

/**
 * Every mechanical edit of a file that starts on one of `lines`. In source order, each once; nothing is proposed in
 * types, imports, comments and thrown messages.
 */
export function proposeEdits(source: Source, lines: ReadonlySet<number>): Edit[] {
  const found = nodesOf(source)
    .filter((node) => !node.type.isError && touches(source, node, lines) && !isInert(node))
    .flatMap((node) => operators.flatMap((operator) => operator(source, node)))
    .filter((replacement) => textOf(source, replacement) !== replacement.insert)
    .map((replacement) => toEdit(source, replacement))
    .filter((edit) => lines.has(edit.line));
  const unique = new Map<string, Edit>();
  for (const edit of found) if ((unique.get(keyOf(edit))?.fit ?? -1) < edit.fit) unique.set(keyOf(edit), edit);
  return [...unique.values()];
}

/** Whether a node stands on one of the lines, so that an edit of it can. */
function touches(source: Source, node: { from: number; to: number }, lines: ReadonlySet<number>): boolean {
  const last = lineAt(source, node.to);
  for (let line = lineAt(source, node.from); line <= last; line += 1) if (lines.has(line)) return true;
  return false;
}

/** Whether an edit adds no syntax error. Parses the whole edited file, so ask only for what is about to be tried. */
export function keepsSyntax(source: Source, edit: Edit): boolean {
  const edited = parse(source.path, applyEdit(source.text, edit));
  return edited !== undefined && countErrors(edited) <= countErrors(source);
}

function countErrors(source: Source): number {
  let errors = 0;
  source.tree.iterate({ enter: (ref) => void (errors += ref.type.isError ? 1 : 0) });
  return errors;
}

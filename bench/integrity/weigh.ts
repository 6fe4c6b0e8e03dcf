import { combineIntegrity, judgeIntegrity, type IntegrityFinding } from '../../src/core/integrity.ts';
import { readerFor } from '../../src/core/integrity/languages.ts';
import type { TestCase } from '../../src/core/integrity/model.ts';
import type { ChangedFile, Reason } from '../../src/core/types.ts';

/** What the rules say of edits of tests when those named in `proven` are red on the base and green with the change. */
export function weigh(
  files: readonly ChangedFile[],
  proven: readonly string[],
  tests: readonly string[],
): { refuse: Reason[]; human: Reason[] } {
  const change = { base: 'a'.repeat(40), head: 'b'.repeat(40), files: [...files] };
  return combineIntegrity(judgeIntegrity({ change, tests }), { failToPass: proven });
}

/** What no proof can make good: people may do it, a bug fix of ours may not. */
export function refusals(files: readonly ChangedFile[], tests: readonly string[]): IntegrityFinding[] {
  const change = { base: 'a'.repeat(40), head: 'b'.repeat(40), files: [...files] };
  return judgeIntegrity({ change, tests }).filter(({ weight }) => weight === 'refuse');
}

const content = ({ titles, assertions, statements }: TestCase): string =>
  JSON.stringify([titles, assertions.map(({ print }) => print), statements]);

/** Ids of the tests that a file did not have before, or had with another body. */
export function touchedTests({ path, before, after }: ChangedFile): string[] {
  const read = readerFor(path);
  const testsOf = (text: string | undefined): TestCase[] => (text === undefined ? [] : (read?.(path, text)?.tests ?? []));
  const old = new Set(testsOf(before).map(content));
  return testsOf(after)
    .filter((test) => !old.has(content(test)))
    .map(({ titles }) => [path, ...titles].filter((title) => title !== '').join(' > '));
}

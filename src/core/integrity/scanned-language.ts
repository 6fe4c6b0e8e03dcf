import type { Lexicon, Scanned } from './scan.ts';
import type { Block } from './tree.ts';

/** What a language has to say for its tests to be read by scanning instead of parsing. */
export interface ScannedLanguage {
  lexicon: Lexicon;
  tree(scanned: Scanned): Block[];
  /** Lines that belong to the declaration after them: decorators, annotations, attributes. */
  attribute: RegExp;
  /** The declaration's title. Attributes stand before the block, on lines of their own or on the same. */
  test(block: Block, attributes: string): string | undefined;
  suite(block: Block): string | undefined;
  skip: RegExp;
  expectedFailure?: RegExp;
  focus?: RegExp;
  /** With the number as first group where it has one. */
  timeout?: RegExp;
  retry?: RegExp;
  exit: RegExp;
  /** A call or statement that asserts: the matcher's name is the first group. */
  assertion: RegExp;
  /** Matchers whose first argument is the expected value. */
  expectedFirst?: RegExp;
  /** Arguments before the subject, as `t` in `assert.Equal(t, …)`. */
  leading?: RegExp;
  /** Where a fluent assertion begins: at the bracket around its subject, or after a subject that stands bare. */
  fluent?: RegExp;
  /** `assert a == b`: a whole statement whose rest is the claim. */
  claim?: RegExp;
  /** Under a condition, the condition is what is asserted. */
  failure?: RegExp;
  condition: RegExp;
  attempt: RegExp;
  handler: RegExp;
  rows?: RegExp;
  /** Takes tests out by being declared at all. */
  takesOut?: RegExp;
  /** Keeps failures from being seen: alone, or over the block that it opens. */
  swallow?: RegExp;
  /** Lines that look like comments or stand outside of the grammar, and decide whether tests exist. */
  directives?: readonly Directive[];
  /** What is declared after it is no test. */
  hides?: RegExp;
  /** A condition that is written after its statement, as first group. */
  trailing?: RegExp;
  /** Matchers that take different types for equal. */
  lenient?: RegExp;
  /** A function, a type or a mock that a block declares, as one of the groups. */
  declares?: RegExp;
  /** Mocks and stubs: their groups together name what they replace. Strings are as written. */
  replaces?: readonly RegExp[];
}

/** From `opens` to `closes`, or to the next test, or to the end of the file. */
interface Directive {
  opens: RegExp;
  closes?: RegExp;
  reaches?: 'next';
}

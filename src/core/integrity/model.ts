import type { Reason } from '../types.ts';

/**
 * What every language is read into: the tests of one file, with what marks them and what they assert. The comparison
 * in `difference.ts` knows nothing else, so a rule holds for all languages at once.
 */
export interface TestFile {
  tests: TestCase[];
  /** Settings of the whole file, e.g. a raised time-out at the top. */
  marks: Mark[];
  /** Rows of tables that drive tests, by their text. */
  rows: Row[];
  /** Text of all comments: tells a deleted test from one that was commented out. */
  comments: string;
  /** Names that the file takes from libraries of tests and assertions. */
  imported?: ReadonlySet<string>;
  /** Names that the file gives a meaning itself, at its top. */
  declared?: ReadonlySet<string>;
  /** Where names of the file come from: a module as it is written there, or nothing where the file declares them itself. */
  origins?: ReadonlyMap<string, string>;
}

export interface TestCase {
  /** Titles of the suites around it and its own. The last is empty for what a file asserts outside of any test. */
  titles: readonly string[];
  /** 1-based. */
  line: number;
  /** Own marks and those of all suites around it. */
  marks: Mark[];
  assertions: Assertion[];
  /** Statements that are no assertions, by their text without layout. */
  statements: string[];
  /** Conditions around the test itself: it exists only where they hold. */
  conditions: Condition[];
  /** Whether there is a body at all: a title alone is a test to be written. */
  hasBody: boolean;
  /** Its title is a variable: a function that declares tests for others. */
  isWrapper?: boolean;
  /** Names that it gives a meaning itself. */
  declared?: ReadonlySet<string>;
}

export interface Mark {
  /**
   * `expected-failure` turns a test's meaning around; `swallow` keeps a failure from being seen; `exit` ends the run;
   * `plan` is a number of assertions that the test promises to make; `replace` puts something in the place of what
   * `names` stand for: a mock, a stub, a patch.
   */
  kind: 'skip' | 'focus' | 'timeout' | 'retry' | 'expected-failure' | 'swallow' | 'exit' | 'plan' | 'replace';
  text: string;
  line: number;
  /** Milliseconds of a time-out, number of retries or planned assertions; infinite for "no limit". */
  value?: number;
  /** Functions, methods with what they belong to, or modules. */
  names?: readonly string[];
}

export interface Condition {
  text: string;
  /** What it depends on; `never` cannot hold at all, `callback` is for someone else to call. */
  kind: 'never' | 'environment' | 'callback' | 'other';
}

export interface Assertion {
  line: number;
  /** As written, in one line, for people. */
  text: string;
  /** Equal for equal assertions: message and layout are left out. */
  print: string;
  /** What is looked at. */
  subject: string;
  matcher: string;
  expected: string;
  /** How much the matcher says about the subject, see `strength` in `strength.ts`. */
  strength: number;
  /** Holds whatever the source does: `assert(true)`. */
  trivial: boolean;
  /** Wildcards in what is expected, and `|| true` in what is looked at. */
  loose: number;
  /** How far off a number may be, where the assertion says. */
  tolerance?: number;
  conditions: Condition[];
  /** Can never be reached, or its failure cannot be seen. */
  dead?: 'unreachable' | 'swallowed';
}

export interface Row {
  line: number;
  text: string;
}

/**
 * `refuse`: never acceptable in a bug fix. `human`: a person has to look. `proof`: an existing test says something
 * else than before. That is what a fix does to a test that asserted the bug, and what a cheat does to a test that
 * catches him; whether the test is red on the base and green with the fix tells them apart (`combineIntegrity`).
 */
export type Weight = 'refuse' | 'human' | 'proof';

export interface IntegrityFinding extends Reason {
  kind: FindingKind;
  weight: Weight;
  /** The test concerned: titles of its suites and its own; absent where the whole file is. */
  test?: readonly string[];
}

export type FindingKind =
  | 'deleted'
  | 'renamed'
  | 'moved'
  | 'skipped'
  | 'focused'
  | 'emptied'
  | 'assertion-removed'
  | 'loosened'
  | 'swallowed'
  | 'conditional'
  | 'expectation-changed'
  | 'input-changed'
  | 'body-changed'
  | 'row-removed'
  | 'row-changed'
  | 'timeout-raised'
  | 'retries-raised'
  | 'exit-added'
  | 'never-runs'
  | 'snapshot'
  | 'fixture'
  | 'helper'
  | 'setup'
  | 'mock'
  | 'configuration'
  | 'unreadable'
  | 'fewer-tests';

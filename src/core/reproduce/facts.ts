import type { RepoPath, RunnerName } from '../types.ts';
import type { Example } from './examples.ts';
import type { ImportedNames } from './names.ts';
import type { PackageFacts } from './package.ts';

export interface ReproductionFacts {
  runner: RunnerName;
  /** Existing tests with their text; style and place are taken from the one nearest to the example. */
  tests: readonly { path: RepoPath; text: string }[];
  package: PackageFacts;
}

export interface Reproduction {
  ok: true;
  path: RepoPath;
  content: string;
  /** Names of the tests, one for each example. */
  tests: readonly string[];
  /** What each test of the file checks, in order. */
  examples: readonly ResolvedExample[];
}
export type Reproduced = Reproduction | { ok: false; reason: string };

/** An example whose every name leads to this package or to a pure built-in. */
export interface ResolvedExample extends Example {
  from: readonly { path: RepoPath; specifier: string; names: ImportedNames }[];
  /** Pure modules of the language that it imports. */
  standard: readonly string[];
}

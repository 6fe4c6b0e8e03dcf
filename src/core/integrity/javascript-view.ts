import type { Syntax } from './syntax.ts';

/** A parsed file, and what the names in it stand for. */
export interface View extends Syntax {
  names: Map<string, Meaning>;
  /** The module that a name was imported from, as it is written; nothing for what the file declares at its top itself. */
  origins: Map<string, string>;
}

/** `asserting`: a function of the file that asserts for its callers. */
type Meaning = 'test' | 'assert' | 'matcher' | 'asserting';

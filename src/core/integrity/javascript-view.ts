import type { Syntax } from './syntax.ts';

/** A parsed file, and what the names in it stand for. */
export interface View extends Syntax {
  names: Map<string, Meaning>;
}

/** `asserting`: a function of the file that asserts for its callers. */
type Meaning = 'test' | 'assert' | 'matcher' | 'asserting';

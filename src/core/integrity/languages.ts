import { readJavaScript } from './javascript.ts';
import type { TestFile } from './model.ts';

/** Reads the tests of one file; `undefined` where its text cannot be understood. */
export type Reader = (path: string, text: string) => TestFile | undefined;

const readers: readonly [RegExp, Reader][] = [[/\.([cm]?[jt]s|[jt]sx)$/, readJavaScript]];

export function readerFor(path: string): Reader | undefined {
  return readers.find(([pattern]) => pattern.test(path))?.[1];
}

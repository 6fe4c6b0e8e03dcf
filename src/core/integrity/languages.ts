import { csharp, go, jvm, php, python, ruby, rust } from './dialects.ts';
import { readJavaScript } from './javascript.ts';
import type { TestFile } from './model.ts';
import type { ScannedLanguage } from './scanned-language.ts';
import { readScanned } from './scanned.ts';

/** Reads the tests of one file; `undefined` where its text cannot be understood. */
export type Reader = (path: string, text: string) => TestFile | undefined;

const scanning =
  (language: ScannedLanguage): Reader =>
  (_, text) =>
    readScanned(language, text);

const readers: readonly [RegExp, Reader][] = [
  [/\.([cm]?[jt]s|[jt]sx)$/, readJavaScript],
  [/\.pyi?$/, scanning(python)],
  [/\.go$/, scanning(go)],
  [/\.rs$/, scanning(rust)],
  [/\.(java|kts?|groovy|scala)$/, scanning(jvm)],
  [/\.cs$/, scanning(csharp)],
  [/\.php$/, scanning(php)],
  [/\.rb$/, scanning(ruby)],
];

export function readerFor(path: string): Reader | undefined {
  const reader = readers.find(([pattern]) => pattern.test(path))?.[1];
  return reader === undefined ? undefined : bounded(reader);
}

/** Text that is nested so deeply that reading it exhausts the stack was not written to be read. */
const bounded =
  (reader: Reader): Reader =>
  (path, text) => {
    try {
      return reader(path, text);
    } catch (error) {
      if (error instanceof RangeError) return undefined;
      throw error;
    }
  };

import type { TestCase } from './model.ts';

/** What a test does to the values that it asserts something of. */

/** The statements that have to do with some values, with those that these were made of, and so on. */
export function preparation(statements: readonly string[], names: readonly string[]): string {
  const all = new Set(names);
  const chosen = new Set<number>();
  for (let before = -1; before < chosen.size;) {
    before = chosen.size;
    statements.forEach((statement, index) => {
      const own = valueNames(statement);
      if (chosen.has(index) || !own.some((name) => all.has(name))) return;
      chosen.add(index);
      for (const name of own) all.add(name);
    });
  }
  return statements.filter((_, index) => chosen.has(index)).join('\0');
}

/** Literals of any language read here. */
export const string = /"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|`(?:[^`\\]|\\.)*`/g;

/** Names of values, not of what is called, nor of properties, nor of what every test has. */
export const valueNames = (text: string): string[] =>
  (
    text
      .slice(0, 2_000)
      .replaceAll(string, '')
      .match(/(?<![\p{L}\p{N}_$]|\.\s?)[\p{L}_$][\p{L}\p{N}_$]*(?![\p{L}\p{N}_$]|\s?\(|\s?:(?!=))/gu) ?? []
  ).filter((name) => !common.has(name));

const common = new Set(
  `let var const function new return typeof await async of in for if else true false null undefined this self t st tt done
   assert expect test it True False None nil def lambda with as not and or is end do then fn mut func`.split(/\s+/),
);

/** Every test is compared with many others: what is said of it is made once. */
export function cached<T>(make: (test: TestCase) => T): (test: TestCase) => T {
  const keys = new WeakMap<TestCase, T>();
  return (test) => {
    const key = keys.get(test) ?? make(test);
    keys.set(test, key);
    return key;
  };
}

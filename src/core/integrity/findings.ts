import type { FindingKind, IntegrityFinding, TestCase, Weight } from './model.ts';

/** How findings are told. */

export const nameOf = (test: TestCase): string => test.titles.filter((title) => title !== '').join(' > ') || 'the file itself';

export type Report = (kind: FindingKind, weight: Weight, message: string, test?: TestCase, line?: number) => IntegrityFinding;

export function reporter(path: string): Report {
  return (kind, weight, message, test, line) => {
    const at = line ?? test?.line;
    return {
      code: `integrity.${kind.replaceAll('-', '_')}`,
      message: oneLine(message),
      path,
      kind,
      weight,
      ...(at === undefined ? {} : { line: at }),
      ...(test === undefined ? {} : { test: test.titles }),
    };
  };
}

const oneLine = (text: string): string => {
  const line = text.replaceAll(/\s+/g, ' ').trim();
  return line.length > 400 ? `${line.slice(0, 399)}…` : line;
};

export const quote = (text: string): string => (text.length > 120 ? `${text.slice(0, 119)}…` : text);

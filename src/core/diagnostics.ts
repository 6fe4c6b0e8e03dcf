/**
 * How many problems a type checker or linter printed; `undefined` where its output is of no known kind. Summaries come
 * before lines: the middle of a long output may be left out, its end is not.
 */
export function countProblems(output: string): number | undefined {
  for (const { pattern, count } of summaries) {
    const found = [...output.matchAll(pattern)].at(-1);
    if (found !== undefined) return count(found.slice(1).map(Number));
  }
  const lines = output.match(diagnostic);
  return lines === null ? undefined : lines.length;
}

const sum = (numbers: number[]): number => numbers.reduce((total, number) => total + number, 0);
const none = (): number => 0;

const summaries: { pattern: RegExp; count: (numbers: number[]) => number }[] = [
  // eslint: ✖ 3 problems (2 errors, 1 warning)
  { pattern: /^✖ (\d+) problems?\b/gm, count: sum },
  // oxlint: Found 1 warning and 2 errors.
  { pattern: /^Found (\d+) warnings? and (\d+) errors?\b/gm, count: sum },
  // tsc --pretty, mypy, ruff, biome: Found 3 errors in 2 files
  { pattern: /^Found (\d+) (?:errors?|diagnostics?)\b/gm, count: sum },
  { pattern: /^(?:Success: no issues found|All checks passed!)/gm, count: none },
];
/** tsc, flake8, pylint, go vet, golangci-lint, rustc: one line for each. */
const diagnostic = /^(?:.*: error TS\d+:|\S+:\d+:\d+: [A-Z]\d+\b|\S+\.go:\d+:\d+: |error(?:\[E\d+\])?: ).*$/gm;

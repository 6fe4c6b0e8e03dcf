import type { TestCounts, Witnessed } from './report.ts';
import type { FailureKind, TestResult, TestRun } from './types.ts';

/** Pure comparisons of test runs. A test is known by its id; a run without per-test results has one pseudo-test. */

/** Stands for a whole run: in place of unknown tests, and beside known ones where the command failed and no test says why. */
export const exitStatus = '(exit status)';

export function countResults(run: TestRun): TestCounts {
  const counts = { passed: 0, failed: 0, skipped: 0 };
  for (const result of run.results) counts[result.status] += 1;
  return counts;
}

/** Nothing ran, or nothing but skipped tests: never a success. */
export function ranNothing(run: TestRun): boolean {
  return run.results.every((result) => result.status === 'skipped');
}

export function indexById(run: TestRun): Map<string, TestResult> {
  return new Map(run.results.map((result) => [result.id, result]));
}

export function failingIds(run: TestRun): string[] {
  return run.results.filter((result) => result.status === 'failed').map((result) => result.id);
}

/** How `ids` fared in `run`, for the record. Messages are cut: the whole output is in the journal. */
export function witness(run: TestRun, ids: Iterable<string>): Witnessed[] {
  const byId = indexById(run);
  return [...ids].map((id) => {
    const result = byId.get(id);
    if (result === undefined) return { id, status: 'absent' };
    if (result.failure === undefined) return { id, status: result.status };
    return { id, status: result.status, kind: result.failure.kind, message: result.failure.message.slice(0, 2_000) };
  });
}

export interface Comparison {
  /** Passed before, fails now. */
  regressions: string[];
  /** Passed before, not reported now. */
  vanished: string[];
}

/** What `after` lost against `before`; tests named in `flaky` are left out. */
export function compareRuns(before: TestRun, after: TestRun, flaky: ReadonlySet<string> = new Set()): Comparison {
  const now = indexById(after);
  const comparison: Comparison = { regressions: [], vanished: [] };
  for (const result of before.results) {
    if (result.status !== 'passed' || flaky.has(result.id)) continue;
    const status = now.get(result.id)?.status;
    if (status === 'failed') comparison.regressions.push(result.id);
    else if (status !== 'passed') comparison.vanished.push(result.id);
  }
  return comparison;
}

/** Tests whose result differs between runs of the same tree. A test absent from a narrower run says nothing. */
export function findFlaky(runs: readonly TestRun[]): string[] {
  const seen = new Map<string, Set<string>>();
  for (const run of runs) {
    for (const { id, status } of run.results) {
      const statuses = seen.get(id);
      if (statuses === undefined) seen.set(id, new Set([status]));
      else statuses.add(status);
    }
  }
  return [...seen].filter(([, statuses]) => statuses.has('passed') && statuses.has('failed')).map(([id]) => id);
}

/** The kind of a red test over several runs: the least convincing one that was seen. */
export function weakestKind(kinds: readonly FailureKind[]): FailureKind {
  for (const kind of ['load', 'timeout', 'error'] as const) if (kinds.includes(kind)) return kind;
  return 'assertion';
}

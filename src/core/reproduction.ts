import { compareRuns, findFlaky, indexById, ranNothing, weakestKind } from './compare.ts';
import { describeRun, firstLine, matchIssueError, type NamedError, type SeenRun } from './proof.ts';
import type { Reproduction } from './report.ts';
import type { FailureKind, Reason, RepoPath, TestRun, TreeId } from './types.ts';

/** What bugloop's own process saw of a change that only brings tests: the base source with them. */
export interface Sighting {
  tree: TreeId;
  repeat: number;
  testFiles: readonly RepoPath[];
  /** The change's tests, `repeat` times. */
  red: readonly SeenRun[];
  /** Whole suite without the change, and with it; further runs of the same tree tell flaky tests. */
  baseline: readonly TestRun[];
  suite: readonly TestRun[];
  issue: NamedError;
}

/** Half of a proof: without a fix nothing tells a slow test from one that hangs, so a time-out shows no bug here. */
const convincing: ReadonlySet<FailureKind> = new Set(['assertion', 'error']);

/** Decides whether a new test shows the bug. Pure: the same sighting gives the same answer anywhere. */
export function judgeReproduction(sighting: Sighting): { reproduction: Reproduction; reasons: Reason[] } {
  const [before, after] = [sighting.baseline[0], sighting.suite[0]];
  if (before === undefined || after === undefined)
    throw new Error('a reproduction needs one whole run without the tests and one with them');
  const runs = sighting.red.map(({ run }) => run);
  const flaky = new Set([...findFlaky(sighting.baseline), ...findFlaky(sighting.suite), ...findFlaky(runs)]);
  const known = indexById(before);
  const failed = runs.flatMap((run) => run.results.filter(({ status }) => status === 'failed').map(({ id }) => id));
  // A test that was there before shows nothing new, whatever became of it.
  const targets = [...new Set(failed)].filter((id) => !known.has(id)).sort();
  const shown = targets.map((id) => describeTarget(id, runs));
  const tests = shown.filter(({ always, kind, id }) => always && convincing.has(kind) && !flaky.has(id));
  const lost = compareRuns(before, after, flaky);
  const reproduction: Reproduction = {
    tree: sighting.tree,
    repeat: sighting.repeat,
    testFiles: [...sighting.testFiles],
    red: sighting.red.map((seen) => describeRun(seen, targets)),
    tests: tests.map(({ id, kind, message }) => ({ id, kind, message })),
    issueError: matchIssueError(sighting.issue, tests),
  };
  const reasons: Reason[] = [
    ...(tests.length > 0 ? [] : explainNothingShown(sighting, shown, flaky)),
    ...lost.regressions.map((id) => ({
      code: 'proof.regression',
      message: `passed before and fails now, only add tests: ${id}`,
    })),
    ...lost.vanished.map((id) => ({ code: 'proof.vanished', message: `passed before and is no longer reported: ${id}` })),
  ];
  return { reproduction, reasons };
}

interface Target {
  id: string;
  always: boolean;
  kind: FailureKind;
  message: string;
}

function describeTarget(id: string, runs: readonly TestRun[]): Target {
  const results = runs.map((run) => indexById(run).get(id));
  const failures = results.flatMap((result) => result?.failure ?? []);
  return {
    id,
    always: results.length > 0 && results.every((result) => result?.status === 'failed'),
    kind: weakestKind(failures.map(({ kind }) => kind)),
    message: (failures[0]?.message ?? '').slice(0, 2_000),
  };
}

function explainNothingShown({ testFiles, red }: Sighting, shown: readonly Target[], flaky: ReadonlySet<string>): Reason[] {
  if (testFiles.length === 0) return [{ code: 'proof.no_test', message: 'the change has no test: add one that shows the bug' }];
  if (shown.length === 0) {
    const message = red.some(({ run }) => ranNothing(run))
      ? 'no test was executed with the new tests'
      : 'the new tests pass on the source as it is: they do not show the bug';
    return [{ code: 'proof.green_on_base', message }];
  }
  return shown.map(({ id, always, kind, message }) => {
    if (!always || flaky.has(id))
      return { code: 'proof.flaky', message: `changes its result between runs of the same source: ${id}` };
    if (kind === 'timeout') return { code: 'proof.red_by_timeout', message: `only runs out of time, which shows no bug: ${id}` };
    return { code: 'proof.red_by_load', message: `could not be loaded, which shows no bug: ${id}: ${firstLine(message)}` };
  });
}

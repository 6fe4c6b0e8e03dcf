import { compareRuns, countResults, findFlaky, indexById, ranNothing, weakestKind, witness } from './compare.ts';
import { changedLines } from './lines.ts';
import type { Proof } from './report.ts';
import type { ChangedFile, Coverage, FailureKind, Reason, RepoPath, StaticCheck, TestRun, TreeId } from './types.ts';

/** One run of the proof together with the tree it was made on. */
export interface SeenRun {
  tree: TreeId;
  run: TestRun;
}

/** Everything bugloop's own process saw, before any judgement. */
export interface Evidence {
  redTree: TreeId;
  headTree: TreeId;
  repeat: number;
  /** Test files of the change, or where it has none the files of tests that were red in the baseline. */
  testFiles: readonly RepoPath[];
  /** Base source with the change's tests, `repeat` times. */
  red: readonly SeenRun[];
  /** The whole change, the same tests, `repeat` times. */
  green: readonly SeenRun[];
  /** Whole suite on the base commit, and on the head; further runs of the same tree tell flaky tests. */
  baseline: readonly TestRun[];
  suite: readonly TestRun[];
  /** Files of the change that are not tests. */
  source: readonly ChangedFile[];
  /** Paths of test files that the change touches. */
  changedTests: readonly RepoPath[];
  /** Coverage of the first green run. */
  coverage?: Coverage;
  staticChecks: { before: readonly StaticCheck[]; after: readonly StaticCheck[] };
  issue: NamedError;
}

/** The error that the issue names, as far as it does. */
export interface NamedError {
  errorType?: string;
  errorMessage?: string;
}

export interface Judgement {
  proof: Proof;
  /** True, but for a person to look at. */
  human: Reason[];
}

/** A red test is evidence when the code under test failed it, not when it could not even be loaded. */
const convincing: ReadonlySet<FailureKind> = new Set(['assertion', 'error', 'timeout']);

/** Decides whether the evidence is a proof. Pure: the same evidence gives the same proof anywhere. */
export function judgeProof(evidence: Evidence): Judgement {
  const targets = targetTests(evidence);
  const failToPass = findFailToPass(evidence, targets);
  const flaky = new Set([
    ...findFlaky(evidence.baseline),
    ...findFlaky(evidence.suite),
    ...findFlaky(evidence.red.map(({ run }) => run)),
    ...findFlaky(evidence.green.map(({ run }) => run)),
  ]);
  const [baseline, suite] = [evidence.baseline[0], evidence.suite[0]];
  if (baseline === undefined || suite === undefined)
    throw new Error('a proof needs one whole run on the base and one on the head');

  const lost = compareRuns(baseline, suite, flaky);
  const vanished = splitVanished(lost.vanished, baseline, suite, new Set(evidence.changedTests));
  const staticChecks = compareStaticChecks(evidence.staticChecks.before, evidence.staticChecks.after);
  const executesChange = findExecution(evidence.source, evidence.coverage);
  const issueError = matchIssueError(evidence.issue, failToPass);

  const reasons: Reason[] = [
    ...explainNoFailToPass(evidence, failToPass, targets, flaky),
    ...lost.regressions.map((id) => ({ code: 'proof.regression', message: `passed before the change and fails with it: ${id}` })),
    ...vanished.lost.map((id) => ({
      code: 'proof.vanished',
      message: `passed before the change and is no longer reported: ${id}`,
    })),
    ...(ranNothing(suite) ? [{ code: 'proof.nothing_ran', message: 'no test was executed on the head' }] : []),
    ...(executesChange === 'no'
      ? [{ code: 'proof.not_executed', message: 'the red tests execute none of the changed source lines' }]
      : []),
    ...staticChecks
      .filter((check) => check.worse)
      .map((check) => ({
        code: 'proof.static_check',
        message: `${check.name} is worse than on the base: ${check.before} → ${check.after}`,
      })),
  ];

  const proof: Proof = {
    verdict: reasons.length === 0 ? { ok: true } : { ok: false, reasons },
    redTree: evidence.redTree,
    headTree: evidence.headTree,
    repeat: evidence.repeat,
    testFiles: [...evidence.testFiles],
    red: evidence.red.map((seen) => describeRun(seen, targets)),
    green: evidence.green.map((seen) => describeRun(seen, targets)),
    failToPass,
    regressions: lost.regressions,
    vanished: vanished.lost,
    flaky: [...flaky].sort(),
    suite: { before: countResults(baseline), after: countResults(suite) },
    issueError,
    executesChange,
    staticChecks,
    ...coverageDelta(baseline.coverage, suite.coverage),
  };
  return { proof, human: [...humanReasons(proof, suite), ...vanished.renamed] };
}

/** Tests that a red run reported as failed: the only ones that can go from fail to pass. */
function targetTests({ red }: Evidence): string[] {
  const ids = red.flatMap(({ run }) => run.results.filter((result) => result.status === 'failed').map((result) => result.id));
  return [...new Set(ids)].sort();
}

function findFailToPass({ red, green }: Evidence, targets: readonly string[]): Proof['failToPass'] {
  const [reds, greens] = [red, green].map((runs) => runs.map(({ run }) => indexById(run)));
  if (reds === undefined || greens === undefined || reds.length === 0 || greens.length === 0) return [];
  return targets.flatMap((id) => {
    const failures = reds.flatMap((run) => run.get(id)?.failure ?? []);
    const alwaysRed = reds.every((run) => run.get(id)?.status === 'failed');
    const alwaysGreen = greens.every((run) => run.get(id)?.status === 'passed');
    if (!alwaysRed || !alwaysGreen) return [];
    const kind = weakestKind(failures.map((failure) => failure.kind));
    if (!convincing.has(kind)) return [];
    return [{ id, kind, message: (failures[0]?.message ?? '').slice(0, 2_000) }];
  });
}

function explainNoFailToPass(
  evidence: Evidence,
  failToPass: Proof['failToPass'],
  targets: readonly string[],
  flaky: ReadonlySet<string>,
): Reason[] {
  if (failToPass.length > 0) return [];
  if (evidence.testFiles.length === 0) {
    return [
      { code: 'proof.no_test', message: 'the change has no test, and no test of the base was red: add one that shows the bug' },
    ];
  }
  if (targets.length === 0) {
    const message = evidence.red.some(({ run }) => ranNothing(run))
      ? 'no test was executed on the base source with the new tests'
      : 'the new tests pass on the base source already: they do not show the bug';
    return [{ code: 'proof.green_on_base', message }];
  }
  return targets.map((id) => explainTarget(id, evidence, flaky));
}

function explainTarget(id: string, { red, green }: Evidence, flaky: ReadonlySet<string>): Reason {
  if (flaky.has(id)) return { code: 'proof.flaky', message: `changes its result between runs of the same source: ${id}` };
  const stillRed = green.map(({ run }) => indexById(run).get(id)).find((result) => result?.status === 'failed');
  if (stillRed !== undefined) {
    return { code: 'proof.red_on_head', message: `still fails with the change: ${id}: ${firstLine(stillRed.failure?.message)}` };
  }
  const failure = red.map(({ run }) => indexById(run).get(id)?.failure).find((each) => each !== undefined);
  if (failure?.kind === 'load') {
    return {
      code: 'proof.red_by_load',
      message: `is red on the base only because it could not be loaded: ${id}: ${firstLine(failure.message)}`,
    };
  }
  return { code: 'proof.absent_on_head', message: `failed on the base and is not reported with the change: ${id}` };
}

function passedIn(run: TestRun, file: string | undefined): number {
  return run.results.filter((result) => result.status === 'passed' && (result.file === file || file === undefined)).length;
}

/**
 * A test that is gone from a changed test file may have been renamed: when the file still reports at least as many
 * passing tests as before, a person looks at it; otherwise it is lost. Without file names the whole suite is the file.
 */
function splitVanished(ids: readonly string[], before: TestRun, after: TestRun, changed: ReadonlySet<RepoPath>) {
  const fileOf = new Map(before.results.map((result) => [result.id, result.file]));
  const split: { lost: string[]; renamed: Reason[] } = { lost: [], renamed: [] };
  for (const id of ids) {
    const file = fileOf.get(id);
    const mayBeRenamed =
      changed.size > 0 && (file === undefined || changed.has(file)) && passedIn(after, file) >= passedIn(before, file);
    if (mayBeRenamed) split.renamed.push({ code: 'human.test_renamed', message: `no longer reported under its name: ${id}` });
    else split.lost.push(id);
  }
  return split;
}

function compareStaticChecks(before: readonly StaticCheck[], after: readonly StaticCheck[]): Proof['staticChecks'] {
  return after.flatMap((check) => {
    const old = before.find((each) => each.name === check.name);
    if (old === undefined) return [];
    const counted = old.problems !== undefined && check.problems !== undefined;
    const [from, to] = counted ? [old.problems ?? 0, check.problems ?? 0] : [old.exitCode, check.exitCode];
    const worse = counted ? (check.problems ?? 0) > (old.problems ?? 0) : old.exitCode === 0 && check.exitCode !== 0;
    return [{ name: check.name, before: from, after: to, worse }];
  });
}

/** Added lines must be executed; where a file only lost lines, the lines around the cut. */
function findExecution(source: readonly ChangedFile[], coverage: Coverage | undefined): Proof['executesChange'] {
  if (coverage === undefined) return 'not measured';
  const byPath = new Map(coverage.files.map((file) => [file.path, file]));
  const measured = source.flatMap((file) => {
    const covered = byPath.get(file.path);
    if (covered === undefined) return [];
    const executable = new Set(covered.executable);
    const lines = changedLines(file.before ?? '', file.after ?? '').filter((line) => executable.has(line));
    return lines.length === 0 ? [] : [{ lines, executed: new Set(covered.executed) }];
  });
  if (measured.length === 0) return 'not measured';
  return measured.some(({ lines, executed }) => lines.some((line) => executed.has(line))) ? 'yes' : 'no';
}

/** Types that any failure has: they say nothing about this one. */
const anyError = /^(error|exception|assertionerror|runtimeerror|fault|failure)$/i;

/** The red run shows the issue's error when its message, or its type where that is telling, stands in a red test's message. */
export function matchIssueError(
  { errorType, errorMessage }: NamedError,
  failToPass: readonly { message: string }[],
): Proof['issueError'] {
  const type = errorType?.split(/[.:\\]/).at(-1);
  const wanted = [errorMessage, type !== undefined && anyError.test(type) ? undefined : type]
    .filter((text) => text !== undefined && text.trim() !== '')
    .map((text) => squeeze(text ?? ''));
  if (wanted.length === 0) return 'not stated';
  const shown = failToPass.map(({ message }) => squeeze(message));
  return shown.some((message) => wanted.some((text) => message.includes(text))) ? 'matched' : 'unmatched';
}

/** Case, white space and quoting differ between runners and reports; numbers and words do not. */
function squeeze(text: string): string {
  return text
    .toLowerCase()
    .replaceAll(/["'`‘’“”]/g, '')
    .replaceAll(/\s+/g, ' ')
    .trim()
    .slice(0, 200);
}

function humanReasons(proof: Proof, suite: TestRun): Reason[] {
  const reasons: Reason[] = [];
  if (proof.issueError === 'unmatched') {
    reasons.push({ code: 'human.error_unmatched', message: 'the issue names an error that the red run did not show' });
  }
  for (const test of proof.failToPass.filter(({ kind }) => kind === 'timeout')) {
    reasons.push({ code: 'human.red_by_timeout', message: `was red on the base because it timed out: ${test.id}` });
  }
  if (!suite.perTest && suite.results.length > 0) {
    reasons.push({
      code: 'human.exit_status_only',
      message: 'the test runner is unknown: the exit status stands for all its tests',
    });
  }
  return reasons;
}

/** One run as a report keeps it. */
export function describeRun({ tree, run }: SeenRun, targets: readonly string[]): Proof['red'][number] {
  return {
    tree,
    argv: run.execution.argv,
    exitCode: run.execution.exitCode,
    durationMs: run.execution.durationMs,
    tests: witness(run, targets),
  };
}

function coverageDelta(before: Coverage | undefined, after: Coverage | undefined): Pick<Proof, 'coverage'> {
  if (before === undefined || after === undefined) return {};
  return { coverage: { before: percentExecuted(before), after: percentExecuted(after) } };
}

/** Share of executable lines that ran, in percent, to two decimals. */
function percentExecuted(coverage: Coverage): number {
  const sum = (pick: (file: Coverage['files'][number]) => number): number =>
    coverage.files.reduce((total, file) => total + pick(file), 0);
  const executable = sum((file) => file.executable.length);
  return executable === 0 ? 0 : Math.round((sum((file) => file.executed.length) / executable) * 10_000) / 100;
}

export function firstLine(text: string | undefined): string {
  return (text ?? '').split('\n', 1)[0] ?? '';
}

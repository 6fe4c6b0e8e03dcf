import { exitStatus, failingIds, findFlaky, indexById, ranNothing } from '../core/compare.ts';
import { digestFailures } from '../core/feedback.ts';
import { combineIntegrity, judgeIntegrity } from '../core/integrity.ts';
import { nearestTests, runnableTests } from '../core/nearest.ts';
import { isTestPath } from '../core/paths.ts';
import type { Attempt, Proof, Reproduction } from '../core/report.ts';
import { judgeReproduction } from '../core/reproduction.ts';
import { findSensitive } from '../core/sensitive.ts';
import { count } from '../core/text.ts';
import { judgeTrees } from '../core/trees.ts';
import type { Change, CommitId, Reason, RepoPath, TestRun } from '../core/types.ts';
import type { Baseline } from './baseline.ts';
import { prove, seeBug } from './prove.ts';
import type { Run } from './run.ts';

/** What became of one commit: how far it came, why no further, and what the agent should hear. */
export interface Evaluation {
  stage: Attempt['stage'];
  change: Change;
  reasons: Reason[];
  /** Tests that fail now and did not in the baseline. */
  failing: string[];
  /** Failing tests and output for the agent, at most 8 KB. */
  digest: string;
  human: Reason[];
  proof?: Proof;
  reproduction?: Reproduction;
}

type Evaluator = Pick<Run, 'workspace' | 'progress' | 'signal' | 'config' | 'error' | 'terms' | 'testsOnly'>;

/**
 * Judges one commit: guards and integrity on its tree before anything of it is executed, then build, nearest tests
 * and the proof. The first stage that says no ends it with every reason of that stage.
 */
export async function evaluate(run: Evaluator, baseline: Baseline, head: CommitId): Promise<Evaluation> {
  const change = await run.workspace.mirror.change(run.workspace.base, head);
  const unsafe = judgeBeforeRunning(run, change);
  if (unsafe !== undefined) return unsafe;
  const refused = refuseBy(change, (await run.terms?.refuse(head)) ?? []);
  if (refused !== undefined) return refused;
  if (run.testsOnly === true) return await evaluateTest(run, baseline, change);
  const tried = await tryNearest(run, baseline, change);
  if (tried !== undefined) return tried;
  const evaluation = await evaluateProof(run, baseline, change);
  const demanded = evaluation.stage === 'proven' ? ((await run.terms?.demand(head)) ?? []) : [];
  return demanded.length === 0 ? evaluation : { ...evaluation, stage: 'answers', reasons: demanded };
}

/** What a run's own terms say from the trees alone. */
export function refuseBy(change: Change, reasons: Reason[]): Evaluation | undefined {
  return reasons.length === 0 ? undefined : stop('guards', change, reasons);
}

/** What can be said from the trees alone. `undefined`: it may be executed. */
export function judgeBeforeRunning(
  { config, testsOnly = false }: Pick<Run, 'config' | 'testsOnly'>,
  change: Change,
): Evaluation | undefined {
  if (change.files.length === 0) return stop('no-change', change, [{ code: 'change.empty', message: 'nothing was changed' }]);
  const refusal = judgeTrees(change, config, { onlyTests: testsOnly });
  return refusal === undefined ? undefined : stop(refusal.stage, change, refusal.reasons);
}

/** Build and the tests nearest to the change: the quick answer that an agent gets while it works. */
export async function tryNearest(
  run: Evaluator,
  baseline: Baseline,
  change: Change,
  only?: RepoPath[],
): Promise<Evaluation | undefined> {
  const { workspace, progress } = run;
  const step = progress.step('build and nearest tests');
  const build = await workspace.build(run);
  const brokenBefore = baseline.build !== undefined && baseline.build.exitCode !== 0;
  if (build !== undefined && build.exitCode !== 0 && !brokenBefore) {
    step.fail('the build fails');
    const reason = { code: 'build.failed', message: `${build.argv.join(' ')} fails with the change` };
    return { ...stop('build', change, [reason]), digest: digestFailures([], build) };
  }
  const files = only ?? selectNearest(run, baseline, change);
  const tests = await testNearest(run, baseline, files);
  const failing = newFailures(baseline, tests);
  if (failing.length === 0 && !ranNothing(tests)) {
    step.done(`${count(tests.results.length, 'test')}, nothing new fails`);
    return undefined;
  }
  step.fail(
    ranNothing(tests) ? 'no test was executed' : `${count(failing.length, 'test')} ${failing.length === 1 ? 'fails' : 'fail'}`,
  );
  const failed = new Set(failing);
  const reasons: Reason[] = ranNothing(tests)
    ? [{ code: 'tests.nothing_ran', message: `no test was executed by ${tests.execution.argv.join(' ')}` }]
    : failing.map((id) => ({ code: 'tests.failed', message: `fails with the change: ${id}` }));
  const digest = digestFailures(
    tests.results.filter((result) => failed.has(result.id)),
    tests.execution,
  );
  return { ...stop('tests', change, reasons), failing, digest };
}

async function testNearest(run: Evaluator, baseline: Baseline, files: RepoPath[]): Promise<TestRun> {
  const { workspace } = run;
  const narrow = await workspace.test(files.length > 0 ? { files } : {}, run);
  // A changed file may be no entry of its own, only loaded by others.
  if (ranNothing(narrow) && files.length > 0) return await workspace.test({}, run);
  // Where no test failed but the run did, a crash or a cut-off report is more likely than the change: look twice.
  const onlyTheRun = newFailures(baseline, narrow).every((id) => id === exitStatus);
  return onlyTheRun && narrow.perTest && failingIds(narrow).includes(exitStatus)
    ? await workspace.test(files.length > 0 ? { files } : {}, run)
    : narrow;
}

/** Whether the tests of the change show the bug on the source as it is. */
export async function evaluateTest(run: Evaluator, baseline: Baseline, change: Change): Promise<Evaluation> {
  const sighting = await seeBug(run, baseline, change);
  const { reproduction, reasons } = judgeReproduction(sighting);
  const [suite] = sighting.suite;
  const findings = judgeIntegrity({
    change,
    tests: run.config.tests,
    baseline: baseline.runs[0],
    ...(suite === undefined ? {} : { after: suite }),
  });
  const { refuse } = combineIntegrity(findings, { failToPass: reproduction.tests.map(({ id }) => id) });
  const refused = [...reasons, ...refuse];
  const failures = sighting.red[0]?.run.results.filter(({ status }) => status === 'failed') ?? [];
  const execution = sighting.red[0]?.run.execution;
  return {
    stage: refused.length === 0 ? 'reproduced' : 'red',
    change,
    reasons: refused,
    failing: failures.map(({ id }) => id),
    digest: execution === undefined ? '' : digestFailures(failures, execution),
    human: [],
    reproduction,
  };
}

async function evaluateProof(run: Evaluator, baseline: Baseline, change: Change): Promise<Evaluation> {
  const answer = await prove(run, baseline, change);
  if (answer.kind === 'build-failed') {
    return { ...stop('build', change, [answer.reason]), digest: answer.output.slice(-4_000) };
  }
  const { proof, human } = answer.judgement;
  const { config } = run;
  const findings = judgeIntegrity({ change, tests: config.tests, baseline: baseline.runs[0], after: answer.suite });
  const combined = combineIntegrity(findings, {
    failToPass: proof.failToPass.map(({ id }) => id),
    regressions: proof.regressions,
    vanished: proof.vanished,
    originalsFailing: answer.originalsFailing,
  });
  const refused: Reason[] = [...(proof.verdict.ok ? [] : proof.verdict.reasons), ...combined.refuse];
  const failing = [...proof.regressions, ...newFailures(baseline, answer.suite)];
  const everything: Evaluation = {
    stage: refused.length === 0 ? 'proven' : 'proof',
    change,
    reasons: refused,
    failing: [...new Set(failing)],
    digest: digestFailures(
      answer.suite.results.filter((result) => failing.includes(result.id)),
      answer.suite.execution,
    ),
    human: [...human, ...combined.human, ...findSensitive(change, config.sensitiveWords, config.tests)],
    proof: refused.length === 0 ? proof : { ...proof, verdict: { ok: false, reasons: refused } },
  };
  return everything;
}

/** Failed now, and neither red nor flaky in the baseline. */
function newFailures(baseline: Baseline, now: TestRun): string[] {
  const before = indexById(baseline.runs[0]);
  const flaky = new Set(findFlaky(baseline.runs));
  return failingIds(now).filter((id) => before.get(id)?.status !== 'failed' && !flaky.has(id));
}

function selectNearest({ config }: Pick<Run, 'config'>, baseline: Baseline, change: Change): RepoPath[] {
  const paths = change.files.filter((file) => file.status !== 'deleted').map((file) => file.path);
  const whole = baseline.runs[0];
  const own = runnableTests(
    paths.filter((path) => isTestPath(path, config.tests)),
    whole,
  );
  const near = nearestTests(
    paths.filter((path) => !isTestPath(path, config.tests)),
    whole,
  );
  return [...new Set([...own, ...near])];
}

function stop(stage: Evaluation['stage'], change: Change, reasons: Reason[]): Evaluation {
  return { stage, change, reasons, failing: [], digest: '', human: [] };
}

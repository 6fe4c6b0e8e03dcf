import { compareRuns, failingIds, findFlaky } from '../core/compare.ts';
import { isTestPath, testRole } from '../core/paths.ts';
import { runnableTests } from '../core/nearest.ts';
import { judgeProof, type Evidence, type Judgement, type SeenRun } from '../core/proof.ts';
import type { Sighting } from '../core/reproduction.ts';
import type { Change, Reason, RepoPath, TestRun, TreeId } from '../core/types.ts';
import type { TestSelection as Selection } from '../ports.ts';
import type { Baseline } from './baseline.ts';
import type { Run } from './run.ts';

/** What proving needs of a run; `verify` has no agent and no prompt. */
export type Prover = Pick<Run, 'workspace' | 'progress' | 'signal' | 'config' | 'error'>;

export type ProofAnswer =
  | { kind: 'judged'; judgement: Judgement; suite: TestRun; originalsFailing: string[] }
  | { kind: 'build-failed'; reason: Reason; output: string };

/** A test that is lost on the head is run this often again before it counts as lost. */
const reruns = 3;

/**
 * Repeats red → green in a pristine copy that no agent ever edited: the change's tests on the base source, then the
 * whole change, each `proof.repeat` times, then the whole suite once.
 */
export async function prove(prover: Prover, baseline: Baseline, change: Change): Promise<ProofAnswer> {
  const { workspace, config } = prover;
  const testPaths = change.files.map((file) => file.path).filter((path) => isTestPath(path, config.tests));
  const redTree = await workspace.mirror.overlay(change.base, change.head, testPaths);
  const headTree = await workspace.mirror.treeOf(change.head);
  const wanted = selectTests(testPaths, baseline);

  return await workspace.pristine(async () => {
    const { red, selection } = await seeRed(prover, redTree, wanted);
    const built = await buildTree(prover, headTree, baseline);
    if (built !== undefined) return built;
    const green = await repeatTests(prover, headTree, selection, 'green');
    const suite = await seeSuite(prover, baseline, red, green);
    const staticChecks = { before: baseline.staticChecks, after: await workspace.staticChecks(prover) };
    const originals = await seeOriginals(prover, baseline, change, testPaths);
    const evidence: Evidence = {
      redTree,
      headTree,
      repeat: config.proof.repeat,
      testFiles: wanted.files ?? [],
      red,
      green,
      baseline: baseline.runs,
      suite,
      source: change.files.filter((file) => !isTestPath(file.path, config.tests)),
      changedTests: testPaths,
      ...(green[0]?.run.coverage === undefined ? {} : { coverage: green[0].run.coverage }),
      staticChecks,
      issue: prover.error,
    };
    return {
      kind: 'judged',
      judgement: judgeProof(evidence),
      suite: suite[0],
      originalsFailing: failedSince(baseline, originals),
    };
  });
}

/** Sees the tests of a change that brings nothing else, in a pristine copy: alone, `proof.repeat` times, then the whole suite. */
export async function seeBug(prover: Prover, baseline: Baseline, change: Change): Promise<Sighting> {
  const { workspace, config } = prover;
  const testPaths = change.files.map((file) => file.path).filter((path) => isTestPath(path, config.tests));
  const tree = await workspace.mirror.treeOf(change.head);
  const wanted = selectTests(testPaths, baseline);
  return await workspace.pristine(async () => {
    const { red } = await seeRed(prover, tree, wanted);
    const suite = await seeSuite(prover, baseline, red, []);
    const { repeat } = config.proof;
    return { tree, repeat, testFiles: wanted.files ?? [], red, baseline: baseline.runs, suite, issue: prover.error };
  });
}

/** The change's own tests; where it has none, the tests that were red on the base already. */
function selectTests(testPaths: readonly RepoPath[], baseline: Baseline): Selection {
  const own = runnableTests(testPaths, baseline.runs[0]);
  if (own.length > 0) return { files: own, coverage: true };
  const red = baseline.runs[0].results.filter((result) => result.status === 'failed').flatMap((result) => result.file ?? []);
  return red.length > 0 ? { files: [...new Set(red)].sort(), coverage: true } : { coverage: true };
}

/**
 * The new tests on the old source. A changed file may be no entry of its own, only loaded by others: where the selection
 * shows nothing red, the whole suite is asked.
 */
async function seeRed(prover: Prover, tree: TreeId, wanted: Selection): Promise<{ red: SeenRun[]; selection: Selection }> {
  await prover.workspace.checkout(tree);
  // A red build is not an answer by itself: the tests then say that they could not be loaded.
  await prover.workspace.build(prover);
  const red = await repeatTests(prover, tree, wanted, 'red');
  const [first] = red;
  if (wanted.files === undefined || first === undefined || failingIds(first.run).length > 0) return { red, selection: wanted };
  const whole: Selection = { coverage: true };
  return { red: await repeatTests(prover, tree, whole, 'red'), selection: whole };
}

async function buildTree(prover: Prover, tree: TreeId, baseline: Baseline): Promise<ProofAnswer | undefined> {
  await prover.workspace.checkout(tree);
  const build = await prover.workspace.build(prover);
  const brokenBefore = baseline.build !== undefined && baseline.build.exitCode !== 0;
  if (build === undefined || build.exitCode === 0 || brokenBefore) return undefined;
  return {
    kind: 'build-failed',
    reason: { code: 'build.failed', message: `${build.argv.join(' ')} fails with the change` },
    output: build.output,
  };
}

async function repeatTests(prover: Prover, tree: TreeId, selection: Selection, colour: 'red' | 'green'): Promise<SeenRun[]> {
  const seen: SeenRun[] = [];
  for (let i = 0; i < prover.config.proof.repeat && !prover.signal.aborted; i += 1) {
    const step = prover.progress.step(`proof: ${colour} run ${i + 1} of ${prover.config.proof.repeat}`);
    const run = await prover.workspace.test(i === 0 && colour === 'green' ? selection : withoutCoverage(selection), prover);
    const failed = run.results.filter((result) => result.status === 'failed').length;
    step.done(`${failed} failed, ${run.results.length - failed} passed or skipped`);
    seen.push({ tree, run });
  }
  return seen;
}

/** The whole suite on the head, again where something was lost: a flaky test is named as such, not blamed on the change. */
async function seeSuite(prover: Prover, baseline: Baseline, red: SeenRun[], green: SeenRun[]): Promise<[TestRun, ...TestRun[]]> {
  const step = prover.progress.step('proof: whole suite with the change');
  const first = await prover.workspace.test({ coverage: baseline.runs[0].coverage !== undefined }, prover);
  const runs: [TestRun, ...TestRun[]] = [first];
  const known = [baseline.runs, red.map(({ run }) => run), green.map(({ run }) => run)].flatMap(findFlaky);
  while (runs.length <= reruns && !prover.signal.aborted) {
    const flaky = new Set([...known, ...findFlaky(runs)]);
    const lost = compareRuns(baseline.runs[0], first, flaky);
    if (lost.regressions.length === 0) break;
    step.update(`running the suite again: ${lost.regressions.length} tests fail that passed before`);
    runs.push(await prover.workspace.test({}, prover));
  }
  const failed = first.results.filter((result) => result.status === 'failed').length;
  step.done(`${failed} failed, ${first.results.length - failed} passed or skipped`);
  return runs;
}

/**
 * The base's own version of the test files that the change edits, on the new source. What fails there and passed before
 * is what an edit of an existing test may hide.
 */
async function seeOriginals(
  prover: Prover,
  baseline: Baseline,
  change: Change,
  testPaths: readonly RepoPath[],
): Promise<TestRun | undefined> {
  const edited = change.files.filter((file) => file.status !== 'added' && testPaths.includes(file.path)).map((file) => file.path);
  const files = runnableTests(edited, baseline.runs[0]);
  // Which tests read data, or were recorded, nobody can tell from its path: all of them are asked.
  const isData = edited.some((path) => ['fixture', 'snapshot'].includes(testRole(path)));
  if ((files.length === 0 && !isData) || prover.signal.aborted) return undefined;
  const step = prover.progress.step('proof: old version of edited tests on the new source');
  await prover.workspace.checkout(await prover.workspace.mirror.overlay(change.head, change.base, testPaths));
  await prover.workspace.build(prover);
  const run = await prover.workspace.test(isData ? {} : { files }, prover);
  step.done(`${run.results.filter((result) => result.status === 'failed').length} failed`);
  return run;
}

function failedSince(baseline: Baseline, run: TestRun | undefined): string[] {
  if (run === undefined) return [];
  const passed = new Set(baseline.runs[0].results.filter((result) => result.status === 'passed').map(({ id }) => id));
  return failingIds(run).filter((id) => passed.has(id));
}

function withoutCoverage(selection: Selection): Selection {
  return selection.files === undefined ? {} : { files: selection.files };
}

import type { Config } from '../core/config.ts';
import { failingIds, findFlaky } from '../core/compare.ts';
import { isWorthRemembering, readRemembered, writeRemembered } from '../core/remember.ts';
import type { Execution, Reason, RepoPath, StaticCheck, TestRun } from '../core/types.ts';
import type { Cache, Workspace } from '../ports.ts';
import type { Run } from './run.ts';

/** How the base commit builds and tests, seen by bugloop itself before anything was changed. */
export interface Baseline {
  /** The whole suite first, then re-runs of what failed. */
  runs: [TestRun, ...TestRun[]];
  build: Execution | undefined;
  staticChecks: StaticCheck[];
}
export type BaselineAnswer = { ok: true; baseline: Baseline } | { ok: false; reason: Reason };

/** A test that fails on the base is run this often again, to tell a red test from a flaky one. */
const reruns = 2;

/** Sets the workspace up and measures the base commit. A base that cannot be tested is an answer, not an error. */
export async function takeBaseline({
  workspace,
  progress,
  signal,
  baselines,
}: Pick<Run, 'workspace' | 'progress' | 'signal' | 'baselines'>): Promise<BaselineAnswer> {
  if (workspace.commands.test === undefined) {
    return refuse('baseline.no_test_command', 'no test command was found: set commands.test in .bugloop/config.yml');
  }
  const step = progress.step('baseline');
  step.update('installing dependencies');
  const setup = await workspace.setup({ signal });
  if (setup !== undefined && setup.exitCode !== 0) {
    step.fail('setup failed');
    return refuse('baseline.setup_failed', `${setup.argv.join(' ')} failed on the base commit: ${lastLine(setup)}`);
  }
  const known = await recall(baselines);
  if (known !== undefined) {
    step.done(`${describeBaseline(known.runs)}, as an earlier run saw this tree`);
    return { ok: true, baseline: known };
  }
  step.update('building');
  const build = await workspace.build({ signal });
  step.update('running the whole test suite');
  const whole = await workspace.test({ coverage: true }, { signal });
  const runs: Baseline['runs'] = [whole];
  if (whole.perTest && failingIds(whole).length > 0) {
    for (let i = 0; i < reruns && !signal.aborted; i += 1) {
      step.update(`running what failed again (${i + 1} of ${reruns})`);
      runs.push(await workspace.test(failingFiles(whole), { signal }));
    }
  }
  const staticChecks = await workspace.staticChecks({ signal });
  await workspace.settle();
  await workspace.checkout(workspace.base);
  step.done(describeBaseline(runs));
  const baseline: Baseline = { runs, build, staticChecks };
  if (!signal.aborted && isWorthRemembering(baseline)) {
    await baselines?.save(new TextEncoder().encode(writeRemembered(baseline)));
  }
  return { ok: true, baseline };
}

/** Everything that a baseline depends on inside the repository: what the cache of baselines is known by. */
export async function nameBaseline(workspace: Workspace, config: Config): Promise<string[]> {
  const { commands, sandbox, mirror, base } = workspace;
  return [await mirror.treeOf(base), sandbox, JSON.stringify([commands, config.commands, config.results, config.network])];
}

async function recall(cache: Cache | undefined): Promise<Baseline | undefined> {
  const bytes = await cache?.load();
  return bytes === undefined ? undefined : readRemembered(new TextDecoder().decode(bytes));
}

function failingFiles(run: TestRun): { files?: RepoPath[] } {
  const files = run.results.filter((result) => result.status === 'failed').map((result) => result.file);
  const known = [...new Set(files.filter((file) => file !== undefined))];
  // A failure without a file cannot be narrowed down.
  return known.length === 0 || files.includes(undefined) ? {} : { files: known };
}

function describeBaseline(runs: Baseline['runs']): string {
  const [whole] = runs;
  const count = (status: string): number => whole.results.filter((result) => result.status === status).length;
  const flaky = findFlaky(runs).length;
  return `${count('passed')} passed, ${count('failed')} failed, ${count('skipped')} skipped${flaky > 0 ? `, ${flaky} flaky` : ''} (${whole.runner})`;
}

function lastLine(execution: Execution): string {
  return execution.output.trimEnd().split('\n').at(-1)?.slice(0, 300) ?? '';
}

function refuse(code: string, message: string): BaselineAnswer {
  return { ok: false, reason: { code, message } };
}

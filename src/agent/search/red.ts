import { reproduce, writeReproduction, type Reproduction, type ReproductionFacts } from '../../core/reproduce.ts';
import type { RepoPath, TestResult, TestRun } from '../../core/types.ts';
import type { AgentTask } from '../../ports.ts';

/** The red test that a fix has to turn green. */
export interface RedTest {
  files: readonly RepoPath[];
  /** Ids of the red results. */
  ids: readonly string[];
  /** Written by this agent out of the report. */
  written?: RepoPath;
  /** A run that showed it red. */
  run: TestRun;
}

export type FoundRed = { ok: true; red: RedTest } | { ok: false; reason: string };

/**
 * A red test of the baseline that has to do with the report; else the report's own example as a new test; else any
 * red test of the baseline.
 */
export async function findRedTest(task: AgentTask, facts: () => Promise<ReproductionFacts>): Promise<FoundRed> {
  const inBaseline = redInBaseline(task);
  const related = inBaseline.filter((result) => isAbout(result, task));
  if (related.length > 0) return { ok: true, red: fromBaseline(related, task.facts.baseline) };
  const written = await writeRedTest(task, await facts());
  if (written.ok || inBaseline.length === 0) return written;
  return { ok: true, red: fromBaseline(inBaseline, task.facts.baseline) };
}

function redInBaseline({ facts }: AgentTask): TestResult[] {
  return facts.baseline.results.filter(
    ({ status, failure, file }) =>
      status === 'failed' && file !== undefined && (failure?.kind === 'assertion' || failure?.kind === 'error'),
  );
}

/** One file's red tests are one bug's symptoms; of several files the one with the fewest red tests is the narrowest. */
function fromBaseline(results: readonly TestResult[], run: TestRun): RedTest {
  const byFile = Map.groupBy(results, ({ file }) => file ?? '');
  const [file = '', chosen = []] = [...byFile].sort(([, a], [, b]) => a.length - b.length)[0] ?? [];
  return { files: [file], ids: chosen.map(({ id }) => id), run };
}

/** Whether the report names the test, its file, its error, or a function that the test's name holds. */
function isAbout(result: TestResult, { facts }: AgentTask): boolean {
  const report = `${facts.issue.title}\n${facts.issue.body}`;
  const message = result.failure?.message.split('\n')[0]?.trim() ?? '';
  if (report.includes(result.name) || (result.file !== undefined && report.includes(result.file))) return true;
  if (message.length > 12 && report.includes(message)) return true;
  const identifiers = report.match(/\b(?:[a-z]+[A-Z]\w*|\w+_\w+)\b|(?<=`)[A-Za-z_$][\w$]*(?=[`(])/g) ?? [];
  return identifiers.some((word) => result.id.includes(word));
}

async function writeRedTest(task: AgentTask, facts: ReproductionFacts): Promise<FoundRed> {
  const { title, body } = task.facts.issue;
  const found = reproduce({ title, body }, facts);
  if (!found.ok) return found;
  const answer = await task.workspace.files.write(found.path, found.content);
  if (!answer.ok) return { ok: false, reason: answer.refusal };
  task.progress(`the report's example, written as ${found.path}`);
  const run = await task.workspace.test({ files: [found.path] }, { signal: task.signal });
  const red = found.tests.map((name) => run.results.find((result) => isNamed(result, name) && showsTheBug(result, body)));
  if (red.every((result) => result === undefined)) {
    await task.workspace.files.remove(found.path);
    return { ok: false, reason: whyNotRed(run) };
  }
  return keepRed(task, found, red, facts, run);
}

/** Examples that are green say nothing about the bug: the file is written again without them. */
async function keepRed(
  task: AgentTask,
  found: Reproduction,
  red: readonly (TestResult | undefined)[],
  facts: ReproductionFacts,
  first: TestRun,
): Promise<FoundRed> {
  const kept = found.examples.filter((_, index) => red[index] !== undefined);
  if (kept.length === found.examples.length) {
    return { ok: true, red: { files: [found.path], ids: redIds(first, found.tests), written: found.path, run: first } };
  }
  const again = writeReproduction(task.facts.issue.title, kept, facts);
  if (!again.ok) return again;
  await task.workspace.files.write(found.path, again.content);
  const run = await task.workspace.test({ files: [found.path] }, { signal: task.signal });
  return { ok: true, red: { files: [found.path], ids: redIds(run, again.tests), written: found.path, run } };
}

const redIds = (run: TestRun, names: readonly string[]): string[] =>
  run.results.filter((result) => result.status === 'failed' && names.some((name) => isNamed(result, name))).map(({ id }) => id);

const isNamed = (result: TestResult, name: string): boolean => result.name === name || result.id.endsWith(` > ${name}`);

/** Red for an assertion, or for the very error that the report shows; anything else is a broken example. */
function showsTheBug({ status, failure }: TestResult, report: string): boolean {
  if (status !== 'failed' || failure === undefined) return false;
  if (failure.kind === 'assertion') return true;
  if (failure.kind !== 'error') return false;
  const line =
    failure.message
      .split('\n')[0]
      ?.replace(/^(?:\w+(?:Error|Exception)?:\s*)+/, '')
      .trim() ?? '';
  return line !== '' && report.includes(line);
}

function whyNotRed(run: TestRun): string {
  if (run.results.length === 0) return "the report's example could not be run as a test";
  const failed = run.results.find(({ status }) => status === 'failed');
  if (failed === undefined) return "the report's example passes: it does not show the bug here";
  return `the report's example fails for another reason: ${failed.failure?.message.split('\n')[0] ?? 'unknown'}`;
}

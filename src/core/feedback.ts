import { countResults, exitStatus } from './compare.ts';
import type { Execution, TestResult, TestRun } from './types.ts';

/** Most bytes of one digest: what an agent has to read before it can go on. */
const maxBytes = 7 * 1024;
/** Names come first and are cut last: an agent that knows which tests fail can ask for the rest. */
const maxNames = 100;

/**
 * Failing tests and what they said, as much as fits: every name, then messages shared fairly between the tests. Where
 * no test says anything, the lines of the output that look like failures, then its end.
 */
export function digestFailures(failures: readonly TestResult[], execution: Execution): string {
  // Which tests failed is only in the output where the exit status alone says that some did.
  const named = failures.filter(({ id }) => id !== exitStatus);
  const told = named.filter(({ failure }) => failure !== undefined && failure.message.trim() !== '');
  if (told.length === 0) return digestOutput(failures, execution);
  const names = failures.slice(0, maxNames).map(({ id }) => `- ${cut(id, 200)}`);
  const rest = failures.length > maxNames ? [`… and ${failures.length - maxNames} more`] : [];
  const head = ['Failing tests:', ...names, ...rest].join('\n');
  const share = Math.floor((maxBytes - head.length) / told.length);
  const shown = share >= 120 ? told : told.slice(0, Math.max(1, Math.floor((maxBytes - head.length) / 400)));
  const each = Math.max(120, Math.floor((maxBytes - head.length) / shown.length) - 40);
  return fit([head, ...shown.map((result) => digestFailure(result, each))].join('\n\n'));
}

function digestFailure({ id, failure }: TestResult, max: number): string {
  const message = failure?.message ?? '';
  const frames = (failure?.stack ?? '').split('\n').filter((line) => /^\s*at |\.py:\d|\.(?:go|rs|rb):\d/.test(line));
  const own = frames.filter((line) => !/node_modules|node:internal|site-packages/.test(line)).slice(0, 4);
  return cut([`${cut(id, 200)}:`, message, ...own].join('\n'), max);
}

/** The same for what a failed job of a forge printed: lines that look like failures, then its end. */
export function digestLog({ output, failureLines }: Pick<Execution, 'output' | 'failureLines'>, max: number): string {
  const tail = output.slice(-Math.floor(max / 3)).trimEnd();
  const lines = pickLines(failureLines, max - bytesOf(tail) - 60).filter((line) => !tail.includes(line));
  return [...(lines.length === 0 ? [] : [lines.join('\n'), '… its end:']), tail].join('\n');
}

function digestOutput(failures: readonly TestResult[], execution: Execution): string {
  const names = failures.slice(0, maxNames).map(({ id }) => `- ${cut(id, 200)}`);
  const tail = execution.output.slice(-1_500);
  const lines = pickLines(execution.failureLines, maxBytes - 2_000 - bytesOf(names.join('\n')));
  const parts = [
    ...(names.length === 0 ? [] : [['Failing tests:', ...names].join('\n')]),
    ...(lines.length === 0 ? [] : [lines.join('\n')]),
    `${execution.argv.join(' ')} ended with ${execution.exitCode ?? execution.ended}; its last output:\n${tail}`,
  ];
  return fit(parts.join('\n\n'));
}

/** Failure lines within a budget: shorter ones where all do not fit, then the first and the last. */
function pickLines(lines: readonly string[], budget: number): string[] {
  const fits = (some: readonly string[]): boolean => bytesOf(some.join('\n')) <= budget;
  const short = [300, 160, 100].map((length) => lines.map((line) => cut(line, length)));
  const whole = short.find(fits);
  if (whole !== undefined) return whole;
  const shortest = short.at(-1) ?? [];
  let half = Math.floor(shortest.length / 2);
  const ends = (): string[] => [...shortest.slice(0, half), '…', ...shortest.slice(shortest.length - half)];
  while (half > 0 && !fits(ends())) half -= 1;
  return ends();
}

const bytesOf = (text: string): number => new TextEncoder().encode(text).length;

/** One line about a run: `41 passed, 1 failed, 0 skipped (vitest)`. */
function summariseRun(run: TestRun): string {
  const { passed, failed, skipped } = countResults(run);
  const kind = run.perTest ? run.runner : 'exit status only';
  return `${passed} passed, ${failed} failed, ${skipped} skipped (${kind})`;
}

/** The baseline as a prompt tells it: counts, and the names of what was red before anything was changed. */
export function summariseBaseline(run: TestRun): string {
  const failed = run.results.filter(({ status }) => status === 'failed');
  if (failed.length === 0) return summariseRun(run);
  const names = failed.slice(0, 20).map(({ id }) => `- ${cut(id, 200)}`);
  const rest = failed.length > 20 ? [`… and ${failed.length - 20} more`] : [];
  return [summariseRun(run), 'Red before any change:', ...names, ...rest].join('\n');
}

function cut(text: string, max: number): string {
  return text.length <= max ? text : `${text.slice(0, Math.max(0, max - 2)).trimEnd()} …`;
}

function fit(text: string): string {
  const bytes = new TextEncoder().encode(text);
  if (bytes.length <= maxBytes) return text;
  return `${new TextDecoder().decode(bytes.slice(0, maxBytes - 8)).replace(/\uFFFD+$/, '')}\n… cut`;
}

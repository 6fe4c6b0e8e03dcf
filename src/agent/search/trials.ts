import { applyEdit, keyOf, type Edit } from '../../core/mutate/edit.ts';
import { keepsSyntax } from '../../core/mutate/propose.ts';
import type { TestRun } from '../../core/types.ts';
import type { AgentTask } from '../../ports.ts';
import type { Candidate } from './candidates.ts';
import type { RedTest } from './red.ts';

export interface SearchLimits {
  /** Candidates that are tried in one attempt. */
  maxCandidates: number;
  /** Share of the time that is left which the trials may take. */
  shareOfTime: number;
}

/** What the trials ended with. */
export interface Trials {
  tried: string[];
  /** Passes the red test and everything that passed before, best first. */
  passing: Candidate[];
  /** Turned the red test green but broke something else. */
  broke: number;
  ended: 'exhausted' | 'found' | 'budget' | 'limit' | 'interrupted';
}

/** After the first edit that passes everything, how many more of its line are tried for a smaller one. */
const maxAlternatives = 3;
/** A run that takes this many times as long as the red test does not end by itself. */
const patience = 8;
const leastPatienceMs = 5_000;

/** Tries candidates one by one; the file is as it was after each. */
export async function tryCandidates(
  task: AgentTask,
  candidates: readonly Candidate[],
  red: RedTest,
  options: SearchLimits & { durationMs: number; skip: ReadonlySet<string> },
): Promise<Trials> {
  const until = Date.now() + (task.deadline - Date.now()) * options.shareOfTime;
  const trials: Trials = { tried: [], passing: [], broke: 0, ended: 'exhausted' };
  const total = Math.min(options.maxCandidates, candidates.length);
  let alternatives = 0;
  for (const candidate of candidates) {
    const found = trials.passing[0];
    if (found !== undefined && (alternatives >= maxAlternatives || !isAlternative(found, candidate))) continue;
    if (options.skip.has(keyOf(candidate.edit)) || !keepsSyntax(candidate.source, candidate.edit)) continue;
    const stop = reasonToStop(task, trials, total, until);
    if (stop !== undefined) return { ...trials, ended: found === undefined ? stop : 'found' };
    if (found !== undefined) alternatives += 1;
    trials.tried.push(keyOf(candidate.edit));
    task.progress(`tried ${trials.tried.length} of ${total}: ${describe(candidate)}`);
    await tryOne(task, candidate, red, options.durationMs, trials);
  }
  return { ...trials, ended: trials.passing.length > 0 ? 'found' : 'exhausted' };
}

/** Why the agent may not go on at all. */
export function mustEnd(task: AgentTask): 'interrupted' | 'limit' | undefined {
  if (task.signal.aborted) return 'interrupted';
  return Date.now() > task.deadline || !task.mayContinue().ok ? 'limit' : undefined;
}

function reasonToStop(task: AgentTask, trials: Trials, total: number, until: number): Trials['ended'] | undefined {
  const end = mustEnd(task);
  if (end !== undefined) return end;
  return trials.tried.length >= total || Date.now() > until ? 'budget' : undefined;
}

/** A smaller edit of another kind on the same line could be the better one. */
const isAlternative = (found: Candidate, other: Candidate): boolean =>
  other.edit.path === found.edit.path &&
  other.edit.line === found.edit.line &&
  other.edit.operator !== found.edit.operator &&
  sizeOf(other.edit) < sizeOf(found.edit);

/** Characters taken away plus characters put in. */
export const sizeOf = (edit: Edit): number => edit.to - edit.from + edit.insert.length;

async function tryOne(task: AgentTask, candidate: Candidate, red: RedTest, durationMs: number, trials: Trials): Promise<void> {
  const { edit, source } = candidate;
  const { files } = task.workspace;
  const written = await files.write(edit.path, applyEdit(source.text, edit));
  if (!written.ok) return;
  try {
    if (!(await turnsGreen(task, red, durationMs))) return;
    task.progress(`the red test passes with ${describe(candidate)}; running everything`);
    if (await passesEverything(task, red)) trials.passing.push(candidate);
    else trials.broke += 1;
  } finally {
    await files.write(edit.path, source.text);
  }
}

async function turnsGreen(task: AgentTask, red: RedTest, durationMs: number): Promise<boolean> {
  const signal = endingAfter(task, Math.max(leastPatienceMs, durationMs * patience));
  const run = await task.workspace.test({ files: [...red.files] }, { signal });
  return isGreen(run, red);
}

/** Ends with the attempt, with its deadline, or after `ms`, whatever comes first. */
function endingAfter(task: AgentTask, ms = Infinity): AbortSignal {
  const left = Math.max(1, Math.ceil(Math.min(ms, task.deadline - Date.now(), maxTimerMs)));
  return AbortSignal.any([task.signal, AbortSignal.timeout(left)]);
}

/** Node's timers take no more. */
const maxTimerMs = 2 ** 31 - 1;

function isGreen(run: TestRun, red: RedTest): boolean {
  const passed = new Set(run.results.filter(({ status }) => status === 'passed').map(({ id }) => id));
  return red.ids.every((id) => passed.has(id)) && run.results.every(({ id, status }) => status !== 'failed' || wasRed(red, id));
}

const wasRed = (red: RedTest, id: string): boolean =>
  red.run.results.some((result) => result.id === id && result.status === 'failed');

/** The loop's own check first (guards, build, nearest tests); then whatever of the suite that did not run. */
async function passesEverything(task: AgentTask, red: RedTest): Promise<boolean> {
  const answer = await task.check();
  if (!answer.ok) return false;
  const wanted = task.facts.baseline.results.filter(({ status }) => status === 'passed').map(({ id }) => id);
  wanted.push(...red.ids);
  const areGreen = ({ results }: TestRun): boolean => {
    const passed = new Set(results.filter(({ status }) => status === 'passed').map(({ id }) => id));
    return wanted.every((id) => passed.has(id));
  };
  if (answer.run !== undefined && areGreen(answer.run)) return true;
  return areGreen(await task.workspace.test({}, { signal: endingAfter(task) }));
}

const short = (text: string): string => text.replace(/\s+/g, ' ').trim().slice(0, 48);

/** `src/ranges.js:18 < → <=` */
export function describe({ edit, source }: Candidate): string {
  const before = short(source.text.slice(edit.from, edit.to));
  const after = short(edit.insert);
  const change = before === '' ? `add \`${after}\`` : after === '' ? `remove \`${before}\`` : `\`${before}\` → \`${after}\``;
  return `${edit.path}:${edit.line} ${change}`;
}

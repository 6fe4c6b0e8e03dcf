import { rankLines, type Frame, type RankedLine } from '../../core/rank.ts';
import type { Coverage, RepoPath, TestFailure, TestRun } from '../../core/types.ts';
import type { AgentTask } from '../../ports.ts';
import type { RedTest } from './red.ts';
import type { Survey } from './survey.ts';

/** Most passing test files that are run for comparison, and their share of the time that is left. */
const maxPassingRuns = 8;
const shareOfTime = 0.15;

/** Where the bug may be: lines by suspiciousness, and what the red test looked like. */
export interface Location {
  lines: RankedLine[];
  failure: TestFailure | undefined;
  /** Milliseconds of one run of the red test. */
  durationMs: number;
}

export async function localize(task: AgentTask, red: RedTest, known: Survey): Promise<Location> {
  const failing = await task.workspace.test({ files: [...red.files], coverage: true }, { signal: task.signal });
  const passing = failing.coverage === undefined ? [] : await passingCoverage(task, red);
  const results = [...failing.results, ...red.run.results].filter(
    ({ id, failure }) => red.ids.includes(id) && failure !== undefined,
  );
  const failure = results[0]?.failure;
  const own = failure === undefined ? [] : framesOf(`${failure.stack ?? ''}\n${failure.message}`, known, task.workspace.root);
  const frames = own.length > 0 ? own : framesOf(task.facts.issue.body, known, task.workspace.root);
  const suspects = await suspectLines(task, known);
  const failingCoverage = failing.coverage === undefined ? [] : [failing.coverage];
  const lines = rankLines({ failing: failingCoverage, passing, frames, suspects, accept: (path) => known.isSource(path) });
  return { lines, failure, durationMs: Math.min(red.run.execution.durationMs, failing.execution.durationMs) };
}

async function passingCoverage(task: AgentTask, red: RedTest): Promise<Coverage[]> {
  const until = Date.now() + (task.deadline - Date.now()) * shareOfTime;
  const coverage: Coverage[] = [];
  for (const file of passingFiles(task.facts.baseline, red).slice(0, maxPassingRuns)) {
    if (task.signal.aborted || Date.now() > until) break;
    const run = await task.workspace.test({ files: [file], coverage: true }, { signal: task.signal });
    if (run.coverage !== undefined) coverage.push(run.coverage);
    task.progress(`compared with ${coverage.length} passing test files`);
  }
  return coverage;
}

function passingFiles(baseline: TestRun, red: RedTest): RepoPath[] {
  const byFile = Map.groupBy(
    baseline.results.filter(({ file }) => file !== undefined),
    ({ file }) => file ?? '',
  );
  return [...byFile]
    .filter(([file, results]) => !red.files.includes(file) && results.every(({ status }) => status !== 'failed'))
    .map(([file]) => file);
}

const place = /((?:file:\/\/)?[\w@./\\+-]+\.(?:[cm]?[jt]sx?|py))(?::(\d+)(?::\d+)?|", line (\d+))/g;

/** Lines of this repository that a trace names, innermost first; paths of another machine are matched by their end. */
function framesOf(trace: string, known: Survey, root: string): Frame[] {
  const frames = [...trace.matchAll(place)].flatMap((match): Frame[] => {
    const path = repoPath(match[1] ?? '', known, root);
    return path === undefined ? [] : [{ path, line: Number(match[2] ?? match[3]) }];
  });
  const outermostFirst = frames[0]?.path.endsWith('.py') === true;
  return outermostFirst ? frames.reverse() : frames;
}

function repoPath(written: string, known: Survey, root: string): RepoPath | undefined {
  const plain = written.replace(/^file:\/\//, '').replaceAll('\\', '/');
  const inside = plain.startsWith(`${root}/`) ? plain.slice(root.length + 1) : plain.replace(/^\.\//, '');
  if (known.isSource(inside)) return inside;
  const parts = plain.split('/').filter((part) => part !== '');
  for (let at = 1; at < parts.length; at += 1) {
    const tail = parts.slice(at).join('/');
    if (known.isSource(tail)) return tail;
  }
  return undefined;
}

async function suspectLines(task: AgentTask, known: Survey): Promise<{ path: RepoPath; lines: number[] }[]> {
  const found: { path: RepoPath; lines: number[] }[] = [];
  for (const path of task.facts.suspects.filter((suspect) => known.isSource(suspect)).slice(0, 3)) {
    const answer = await task.workspace.files.read(path);
    if (answer.ok) found.push({ path, lines: answer.content.split('\n').map((_, index) => index + 1) });
  }
  return found;
}

import { addUsage, dollarsOf, noUsage, worstCaseNextCall } from '../core/cost.ts';
import { decide, reachedLimit, type Spent } from '../core/decide.ts';
import { explainAttempt } from '../core/explain.ts';
import { isTestPath } from '../core/paths.ts';
import { fence } from '../core/prompt.ts';
import type { Attempt } from '../core/report.ts';
import type { CommitId, Reason, RepoPath, Usage } from '../core/types.ts';
import type { AgentResult, AgentTask, CheckAnswer } from '../ports.ts';
import type { Baseline } from './baseline.ts';
import { evaluate, evaluateTest, judgeBeforeRunning, tryNearest, type Evaluation } from './evaluate.ts';
import { nonceOf, type Prompt, type Run } from './run.ts';

/** Where the loop stands; a fold over its attempts, so that a journal can bring it back. */
export interface Progressed {
  attempts: Attempt[];
  head: CommitId;
  spent: Spent;
  /** True where a model was called that the price table does not know. */
  assumedPrice: boolean;
  /** What the agent recorded, in order. */
  history: unknown[];
  last?: Evaluation;
  /** Said to the agent with the task: what is there already. */
  left?: string;
  /** Usage of the newest model call: the next one sends all of it again. */
  lastCall?: Usage;
}

/** What one turn adds at most: a few of the largest tool results. For the estimate of the next call's price. */
const callBytes = 64 * 1024;

export type Repaired = { progressed: Progressed } & (
  | { end: 'proven' | 'reproduced'; evaluation: Evaluation }
  | { end: 'escalated'; reason: Reason }
  | { end: 'interrupted' | 'transient' | 'stopped'; reason: Reason }
);

/** Where a run without attempts stands. */
export function begin(base: CommitId): Progressed {
  return { attempts: [], head: base, spent: { usage: noUsage, dollars: 0 }, assumedPrice: false, history: [] };
}

/** One more attempt that was journalled: the state of the loop is the fold of this over its attempts. */
export function resumeAfter(progressed: Progressed, attempt: Attempt): Progressed {
  const { usage, dollars } = progressed.spent;
  return {
    ...progressed,
    attempts: [...progressed.attempts, attempt],
    head: attempt.commit,
    spent: { usage: addUsage(usage, attempt.usage), dollars: dollars + attempt.dollars },
  };
}

/**
 * Agent, judge, decide, until proven or a limit. Every attempt is a commit in the mirror and a line in the journal. Starts
 * from `progressed`, whose commits are in the mirror: the base for a new run, else where an earlier process stopped.
 */
export async function repair(run: Run, baseline: Baseline, prompt: Prompt, progressed: Progressed): Promise<Repaired> {
  let message = messageFor(progressed, prompt);
  if (progressed.head !== run.base) await run.workspace.checkout(progressed.head);
  if (progressed.attempts.at(-1)?.stage === 'proven') {
    const evaluation = await evaluate(run, baseline, progressed.head);
    if (evaluation.stage === 'proven') return { end: 'proven', evaluation, progressed: { ...progressed, last: evaluation } };
    message = `${message}\n\n${explainAttempt(evaluation.stage, evaluation.reasons, fenceDigest(run, evaluation))}`;
  }
  for (;;) {
    const limit = reachedLimit(progressed.attempts.length, run.limits, progressed.spent, run.now());
    if (limit !== undefined) return { end: 'escalated', reason: limit, progressed };
    const stop = await run.lookout?.();
    if (stop !== undefined) return { end: 'stopped', reason: stop, progressed };

    const { result, evaluation } = await attempt(run, baseline, progressed, { system: prompt.system, message });
    const code = result.end === 'refused' ? result.code : undefined;
    const next = decide(progressed.attempts, code, run.limits, progressed.spent, run.now());
    switch (next.do) {
      case 'finish':
        return { end: evaluation.stage === 'reproduced' ? 'reproduced' : 'proven', evaluation, progressed };
      case 'escalate':
        return { end: 'escalated', reason: next.reason, progressed };
      case 'pause':
        return { end: next.outcome, reason: next.reason, progressed };
      case 'retry':
        message = explainAttempt(evaluation.stage, evaluation.reasons, fenceDigest(run, evaluation));
    }
  }
}

/** The task for a new run; where an earlier one stopped, what became of its last attempt comes with it. */
function messageFor({ attempts, history, left }: Progressed, prompt: Prompt): string {
  const last = attempts.at(-1);
  if (last === undefined && left !== undefined) return `${prompt.user}\n\n${left}`;
  if (last === undefined || last.reasons.length === 0) return prompt.user;
  const feedback = explainAttempt(last.stage, last.reasons, '');
  return history.length > 0 ? feedback : `${prompt.user}\n\n${feedback}`;
}

/** One pass: the agent works, the result is committed, judged, journalled and kept as a checkpoint. */
async function attempt(run: Run, baseline: Baseline, progressed: Progressed, prompt: { system: string; message: string }) {
  const { workspace, journal, progress } = run;
  const number = progressed.attempts.length + 1;
  const startedAt = run.now();
  const before = progressed.spent;
  const step = progress.step(`attempt ${number}: ${run.agent.name}`);
  const result = await run.agent.work(buildTask(run, baseline, progressed, number, prompt, (line) => step.update(line)));
  step.done(firstLine(result.summary) || result.end);

  const commit = await workspace.commit(`attempt ${number}`, progressed.head);
  const judged = await judgeAttempt(run, baseline, commit, result);
  const interrupted = run.signal.aborted;
  // Builds and tests may rewrite tracked files: what the next commit holds is to be the agent's alone.
  if (!interrupted) await workspace.checkout(commit);
  const evaluation: Evaluation = interrupted && judged.stage !== 'proven' ? { ...judged, stage: 'agent', reasons: [] } : judged;

  const record: Attempt = {
    number,
    durationMs: run.now() - startedAt,
    commit,
    tree: await workspace.mirror.treeOf(commit),
    stage: evaluation.stage,
    agentEnd: interrupted ? 'interrupted' : result.end,
    summary: result.summary.slice(0, 2_000),
    reasons: evaluation.reasons,
    failing: evaluation.failing,
    files: evaluation.change.files.map((file) => file.path),
    addedLines: sum(evaluation, (file) => file.addedLines),
    removedLines: sum(evaluation, (file) => file.removedLines),
    usage: difference(progressed.spent.usage, before.usage),
    dollars: progressed.spent.dollars - before.dollars,
  };
  progressed.attempts.push(record);
  progressed.head = commit;
  progressed.last = evaluation;
  // The commits first: an attempt that is in the journal can be gone on from.
  if (commit !== run.base) await workspace.mirror.bundle(journal.path('change.bundle'), run.branch, run.base, commit);
  await journal.append('journal.jsonl', { type: 'attempt', attempt: record });
  return { result, evaluation };
}

/** An agent that gave up or was cut off is still judged by what it left: work is never thrown away unseen. */
async function judgeAttempt(run: Run, baseline: Baseline, commit: CommitId, result: AgentResult): Promise<Evaluation> {
  const worthRunning = result.end === 'finished' || result.end === 'limit';
  if (worthRunning && !run.signal.aborted) return await evaluate(run, baseline, commit);
  const change = await run.workspace.mirror.change(run.base, commit);
  return { stage: 'agent', change, reasons: [], failing: [], digest: '', human: [] };
}

function buildTask(
  run: Run,
  baseline: Baseline,
  progressed: Progressed,
  attempt: number,
  prompt: { system: string; message: string },
  show: (line: string) => void,
): AgentTask {
  const { workspace, journal, limits } = run;
  return {
    attempt,
    system: prompt.system,
    message: prompt.message,
    history: progressed.history,
    async record(entry) {
      progressed.history.push(entry);
      await journal.append('transcript.jsonl', { attempt, entry });
    },
    workspace,
    facts: {
      issue: run.issue,
      baseline: baseline.runs[0],
      tests: run.config.tests,
      suspects: run.suspects.map(({ path }) => path),
      ...(run.testsOnly === true ? { testsOnly: true } : {}),
    },
    check: (files) => check(run, baseline, progressed.head, files),
    mayContinue() {
      const worst =
        run.agent.model === undefined
          ? 0
          : worstCaseNextCall({
              model: run.agent.model,
              addedBytes: callBytes,
              table: run.config.prices,
              ...(progressed.lastCall === undefined ? {} : { last: progressed.lastCall }),
            });
      const limit = reachedLimit(0, limits, progressed.spent, run.now(), worst);
      return limit === undefined ? { ok: true } : { ok: false, reason: limit.message };
    },
    spent(usage, model) {
      progressed.lastCall = usage;
      const { dollars, assumed } = dollarsOf(usage, model, run.config.prices);
      progressed.spent = { usage: addUsage(progressed.spent.usage, usage), dollars: progressed.spent.dollars + dollars };
      progressed.assumedPrice ||= assumed;
    },
    progress: show,
    deadline: limits.deadline,
    signal: run.signal,
  };
}

/** The agent's own check goes through the same guards as an attempt: nothing forbidden is executed for it either. */
async function check(run: Run, baseline: Baseline, head: CommitId, files?: RepoPath[]): Promise<CheckAnswer> {
  const { workspace } = run;
  const commit = await workspace.commit('check', head);
  const change = await workspace.mirror.change(run.base, commit);
  const unsafe = judgeBeforeRunning(run, change);
  if (unsafe !== undefined && unsafe.stage !== 'no-change') {
    return { ok: false, digest: explainAttempt(unsafe.stage, unsafe.reasons, '') };
  }
  if (run.testsOnly === true) return await checkTest(run, baseline, change);
  const known = files?.filter((file) => isTestPath(file, run.config.tests));
  const failed = await tryNearest(run, baseline, change, known !== undefined && known.length > 0 ? known : undefined);
  await workspace.checkout(commit);
  if (failed === undefined) return { ok: true, digest: 'build and nearest tests pass' };
  return { ok: false, digest: explainAttempt(failed.stage, failed.reasons, failed.digest) };
}

/** Where only a test is asked for, red is what is wanted. */
async function checkTest(run: Run, baseline: Baseline, change: Evaluation['change']): Promise<CheckAnswer> {
  const { stage, reasons, digest } = await evaluateTest(run, baseline, change);
  await run.workspace.checkout(change.head);
  return { ok: stage === 'reproduced', digest: explainAttempt(stage, reasons, digest) };
}

/** Output of the repository's own code is data, in feedback as in the first message. */
function fenceDigest(run: Run, { digest }: Evaluation): string {
  return digest === '' ? '' : fence('tests', digest, nonceOf(run));
}

function sum(evaluation: Evaluation, pick: (file: Evaluation['change']['files'][number]) => number): number {
  return evaluation.change.files.reduce((total, file) => total + pick(file), 0);
}

function difference(after: Spent['usage'], before: Spent['usage']): Spent['usage'] {
  return {
    calls: after.calls - before.calls,
    inputTokens: after.inputTokens - before.inputTokens,
    outputTokens: after.outputTokens - before.outputTokens,
    cacheReadTokens: after.cacheReadTokens - before.cacheReadTokens,
    cacheWriteTokens: after.cacheWriteTokens - before.cacheWriteTokens,
  };
}

function firstLine(text: string): string {
  return (text.split('\n', 1)[0] ?? '').slice(0, 120);
}

import type { Context } from '../context.ts';
import type { Limits } from '../core/decide.ts';
import type { BugReport } from '../core/issue.ts';
import type { NamedError } from '../core/proof.ts';
import type { Template } from '../core/prompt.ts';
import type { Move, StateRecord } from '../core/state.ts';
import type { CommitId } from '../core/types.ts';
import type { Agent, Journal, Mirror, Standing, Workspace } from '../ports.ts';
import { nameBaseline, takeBaseline } from './baseline.ts';
import { announce, letGo, mark, takeIssue, type Case } from './claim.ts';
import { composePrompt, findSuspects, type Located } from './prompt.ts';
import { begin, repair, type Progressed } from './repair.ts';
import type { Run } from './run.ts';
import type { Ending } from './seal.ts';

/** How a run of the loop begins, whichever command asked for it. */

export function baseOf({ repository: { base, baseBranch } }: Context): StateRecord['base'] {
  return { commit: base, ...(baseBranch === undefined ? {} : { branch: baseBranch }) };
}

/** A run that does not publish writes nothing to the forge, so it takes nothing there either. */
export async function takeIfPublishing(
  context: Context,
  held: Case,
  moves: readonly Move[],
): Promise<{ ok: true; case: Case } | { ok: false; why: string }> {
  if (!context.flags.publish) return { ok: true, case: held };
  const taken = await takeIssue(held);
  if (!taken.ok) return taken;
  try {
    return { ok: true, case: await announce(taken.case, moves) };
  } catch (error) {
    // A token that may take the issue but tell nothing of it leaves no lock behind.
    await mark(taken.case, { release: held.journal.id }).catch(() => undefined);
    throw error;
  }
}

/** Whatever breaks, the issue does not stay taken; where the forge is what broke, the lock runs out. */
export async function releasingOnError<T>(held: Case, body: () => Promise<T>): Promise<T> {
  try {
    return await body();
  } catch (error) {
    await letGo(held, error).catch(() =>
      held.progress.note('the lock of the issue could not be released: it runs out by itself'),
    );
    throw error;
  }
}

/** Our own earlier work on the branch, brought into the mirror: the new commit is made on top of it. */
export async function fetchPublished({ forge, standing }: Case, mirror: Mirror): Promise<CommitId | undefined> {
  if (standing.base === undefined || standing.tip === undefined) return undefined;
  await forge.fetchBranch(standing, mirror);
  return standing.tip.commit;
}

interface RunParts {
  standing: Standing;
  report: BugReport;
  journal: Journal;
  agent: Agent;
  workspace: Workspace;
  startedAt: number;
  onto: CommitId | undefined;
}

export async function openRun(context: Context, parts: RunParts): Promise<{ run: Run; located: Located }> {
  const { standing, report, journal, agent, workspace, startedAt, onto } = parts;
  const { config } = context;
  const { base } = context.repository;
  const index = await context.openCache('index', []);
  const located = await findSuspects(base, workspace.mirror, report, config.tests, index);
  const run: Run = {
    issue: standing.issue,
    report,
    error: nameError(report),
    config,
    limits: readLimits(context, startedAt),
    base,
    branch: standing.branch,
    ...(onto === undefined ? {} : { onto }),
    workspace,
    baselines: await context.openCache('baseline', await nameBaseline(workspace, config)),
    agent,
    journal,
    progress: context.progress,
    suspects: located.suspects,
    now: context.now,
    signal: context.signal,
  };
  return { run, located };
}

/** Baseline, then attempts until proven or a limit; from where an earlier run stopped, if it left something. */
export async function runLoop(
  run: Run,
  template: Template,
  located: Located,
  progressed: Progressed = begin(run.base),
): Promise<Ending> {
  const answer = await takeBaseline(run);
  if (run.signal.aborted)
    return { end: 'interrupted', reason: { code: 'run.interrupted', message: 'the run was interrupted' }, progressed };
  if (!answer.ok) return { end: 'escalated', reason: answer.reason, progressed };
  const prompt = composePrompt(run, answer.baseline, template, located);
  const repaired = await repair(run, answer.baseline, prompt, progressed);
  return { ...repaired, baseline: answer.baseline };
}

/** The outermost error is what a person would see, so it is what the red run has to show. */
export function nameError({ error }: BugReport): NamedError {
  return {
    ...(error?.type === undefined ? {} : { errorType: error.type }),
    ...(error?.message === undefined ? {} : { errorMessage: error.message }),
  };
}

/** Limits of the configuration, on which flags were already laid, from the moment the run began. */
export function readLimits({ config }: Context, startedAt: number, iterations = config.limits.maxRalphIterations): Limits {
  const { timeoutMinutes, maxTurns, maxCostUsd } = config.limits;
  return { iterations, deadline: startedAt + timeoutMinutes * 60_000, turns: maxTurns, dollars: maxCostUsd };
}

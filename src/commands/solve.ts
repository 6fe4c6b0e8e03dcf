import type { CommandResult, Context } from '../context.ts';
import type { Limits } from '../core/decide.ts';
import { readReport, type BugReport } from '../core/issue.ts';
import type { NamedError } from '../core/proof.ts';
import type { Template } from '../core/prompt.ts';
import type { RunReport } from '../core/report.ts';
import { renderOutcome } from '../core/views/terminal.ts';
import { renderPlan, type PlanFacts } from '../core/views/plan.ts';
import { exits, type Exit } from '../errors.ts';
import { nameBaseline, takeBaseline } from '../loop/baseline.ts';
import { composePrompt, findSuspects, readTemplate, type Located } from '../loop/prompt.ts';
import { begin, repair, type Progressed } from '../loop/repair.ts';
import type { Run } from '../loop/run.ts';
import { describeStart } from '../loop/checkpoint.ts';
import { announce, findPrior, findUntold, letGo, openCase, takeIssue, type Case } from '../loop/claim.ts';
import { conclude, tell, type Conclusion } from '../loop/conclude.ts';
import { approve, askForApproval, needsApproval } from '../loop/approval.ts';
import type { Agent, Forge, Journal, Mirror, Standing, Workspace } from '../ports.ts';
import type { Move, StateRecord } from '../core/state.ts';
import type { CommitId, Issue } from '../core/types.ts';
import { seal, type Ending } from '../loop/seal.ts';

/** What started a run, where it was not the operator's own hand. */
export interface Trigger {
  /** Title and text as they were then: what somebody wrote into the issue since is not read. */
  text?: Pick<Issue, 'title' | 'body'>;
  /** Login of who approved the plan, permission checked. */
  approvedBy?: string;
}

/** Issue → draft change: read, claim, baseline, repair, seal, conclude. */
export async function solve(
  context: Context,
  { issue: ref, trigger = {} }: { issue: string; trigger?: Trigger },
): Promise<CommandResult> {
  const startedAt = context.now();
  const template = readTemplate(await context.readPrompt('solve-issue'));
  const forge = await context.openForge();
  const seen = await forge.read(ref);
  const standing = { ...seen, issue: { ...seen.issue, ...trigger.text } };
  const prior = findPrior(standing, context.repository.base);
  if (prior !== undefined) {
    await tellIfUntold(context, forge, ref, standing);
    return nothingToDo(prior);
  }
  const report = readReport(standing.issue);
  if (context.flags.dryRun) {
    return { exit: exits.done, text: renderPlan(planFacts(context), standing.issue, report, standing.branch) };
  }

  const journal = await context.openJournal(standing.issue.id);
  const { config, progress, now } = context;
  const opened = openCase(
    { forge, ref, standing, lookedAt: startedAt, config, journal, progress, now },
    { base: baseOf(context) },
  );
  const planned = approve(opened, trigger.approvedBy);
  if (needsApproval(planned)) {
    const plan = renderPlan(planFacts(context), standing.issue, report, standing.branch);
    const waits = context.flags.publish ? await askForApproval(planned, plan) : 'the plan has to be approved first';
    return { exit: exits.done, text: `${plan}\nNot started: ${waits}\n` };
  }
  const claimed = await takeIfPublishing(context, planned, ['claim', 'start']);
  if (!claimed.ok) return nothingToDo(claimed.why);
  return releasingOnError(claimed.case, async () => {
    const agent = await context.openAgent();
    await using workspace = await context.openWorkspace();
    const onto = await fetchPublished(claimed.case, workspace.mirror);
    const { run, located } = await openRun(context, { standing, report, journal, agent, workspace, startedAt, onto });
    await journal.append('journal.jsonl', describeStart(run, ref, startedAt, baseOf(context)));
    const ending = await runLoop(run, template, located);
    return await finish(context, claimed.case, run, ending, startedAt);
  });
}

/** Finishes what a run left that was killed after it opened its change and before it told so. */
export async function tellIfUntold(context: Context, forge: Forge, ref: string, standing: Standing): Promise<void> {
  const change = findUntold(standing);
  if (change === undefined || !context.flags.publish || context.flags.dryRun) return;
  const { config, progress, now } = context;
  const journal = await context.openJournal(standing.issue.id);
  const opened = openCase({ forge, ref, standing, lookedAt: now(), config, journal, progress, now }, { base: baseOf(context) });
  const taken = await takeIssue(opened);
  if (taken.ok) await tell(taken.case, change);
}

/** Seals the run and concludes it on the forge, unless that was left to `publish`. */
export async function finish(context: Context, held: Case, run: Run, ending: Ending, startedAt: number): Promise<CommandResult> {
  const { journal, base, onto } = run;
  const { baseBranch } = context.repository;
  const sealed = await seal(run, ending, {
    version: context.version,
    startedAt,
    ...(baseBranch === undefined ? {} : { baseBranch }),
  });
  const body = (await journal.read('pull-request.md')) ?? '';
  const result: CommandResult = {
    exit: exitOf(sealed, context.signal),
    report: sealed,
    body,
    text: renderOutcome(sealed, journal.dir),
    runDir: journal.dir,
  };
  if (!context.flags.publish) return result;
  const conclusion = await conclude(held, {
    report: sealed,
    base,
    head: sealed.head ?? base,
    ...(onto === undefined ? {} : { onto }),
    body,
    mirror: run.workspace.mirror,
    config: run.config,
    ...(ending.progressed.last === undefined ? {} : { output: ending.progressed.last.digest }),
  });
  return tellConclusion(result, conclusion);
}

/** The result with what became of it on the forge. */
export function tellConclusion(result: CommandResult, conclusion: Conclusion): CommandResult {
  const { text = '' } = result;
  switch (conclusion.kind) {
    case 'published':
      return conclusion.opened.url === undefined ? result : { ...result, text: `${text}  draft     ${conclusion.opened.url}\n` };
    case 'escalated':
      return { ...result, exit: exits.escalated };
    default:
      return result.report?.outcome === 'proven' ? { ...result, text: `${text}\nNot published: ${conclusion.why}\n` } : result;
  }
}

function nothingToDo(why: string): CommandResult {
  return { exit: exits.done, text: `Nothing to do: ${why}\n` };
}

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
  return taken.ok ? { ok: true, case: await announce(taken.case, moves) } : taken;
}

/** Whatever breaks, the issue does not stay taken; where the forge is what broke, the lock runs out. */
export async function releasingOnError<T>(held: Case, body: () => Promise<T>): Promise<T> {
  try {
    return await body();
  } catch (error) {
    await letGo(held).catch(() => held.progress.note('the lock of the issue could not be released: it runs out by itself'));
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
function nameError({ error }: BugReport): NamedError {
  return {
    ...(error?.type === undefined ? {} : { errorType: error.type }),
    ...(error?.message === undefined ? {} : { errorMessage: error.message }),
  };
}

function planFacts({ repository, config, flags, sandbox, agent }: Context): PlanFacts {
  const { maxRalphIterations, timeoutMinutes, maxTurns, maxCostUsd } = config.limits;
  return {
    base: repository.base,
    ...(repository.baseBranch === undefined ? {} : { baseBranch: repository.baseBranch }),
    agent,
    sandbox,
    publishes: flags.publish,
    limits: { iterations: maxRalphIterations, minutes: timeoutMinutes, turns: maxTurns, dollars: maxCostUsd },
  };
}

/** Limits of the configuration, on which flags were already laid, from the moment the run began. */
function readLimits({ config }: Context, startedAt: number): Limits {
  const { maxRalphIterations, timeoutMinutes, maxTurns, maxCostUsd } = config.limits;
  return { iterations: maxRalphIterations, deadline: startedAt + timeoutMinutes * 60_000, turns: maxTurns, dollars: maxCostUsd };
}

export function exitOf({ outcome }: RunReport, signal: AbortSignal): Exit {
  switch (outcome) {
    case 'proven':
    case 'nothing-to-do':
      return exits.done;
    case 'escalated':
      return exits.escalated;
    case 'transient':
      return exits.transient;
    default:
      return signal.reason === 'SIGTERM' ? exits.sigterm : exits.sigint;
  }
}

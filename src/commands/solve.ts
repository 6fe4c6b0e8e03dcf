import type { CommandResult, Context } from '../context.ts';
import { noUsage } from '../core/cost.ts';
import type { Limits } from '../core/decide.ts';
import { readReport, type BugReport } from '../core/issue.ts';
import type { NamedError } from '../core/proof.ts';
import type { Template } from '../core/prompt.ts';
import type { RunReport } from '../core/report.ts';
import { renderOutcome } from '../core/views/terminal.ts';
import { renderPlan, type PlanFacts } from '../core/views/plan.ts';
import { exits, type Exit } from '../errors.ts';
import { takeBaseline } from '../loop/baseline.ts';
import { composePrompt, findSuspects, readTemplate, type Located } from '../loop/prompt.ts';
import { repair, type Progressed } from '../loop/repair.ts';
import type { Run } from '../loop/run.ts';
import { seal, type Ending } from '../loop/seal.ts';

/** Issue → proven branch: read, claim, baseline, repair, seal, publish. */
export async function solve(context: Context, { issue: ref }: { issue: string }): Promise<CommandResult> {
  const startedAt = context.now();
  const template = readTemplate(await context.readPrompt('solve-issue'));
  const forge = await context.openForge();
  const issue = await forge.readIssue(ref);
  const branch = `${context.config.branchPrefix}issue-${issue.id}`;
  const prior = await forge.findPrior(issue, branch);
  if (prior !== undefined) return { exit: exits.done, text: `Nothing to do: ${prior.description}\n` };
  const report = readReport(issue);
  if (context.flags.dryRun) return { exit: exits.done, text: renderPlan(planFacts(context), issue, report, branch) };

  const journal = await context.openJournal(issue.id);
  const agent = await context.openAgent();
  await using workspace = await context.openWorkspace();
  const located = await findSuspects(context.repository.base, workspace.mirror, report, context.config.tests);
  const run: Run = {
    issue,
    report,
    error: nameError(report),
    config: context.config,
    limits: readLimits(context, startedAt),
    base: context.repository.base,
    branch,
    workspace,
    agent,
    journal,
    progress: context.progress,
    suspects: located.suspects,
    now: context.now,
    signal: context.signal,
  };
  const ending = await runLoop(run, template, located);
  const sealed = await seal(run, ending, {
    version: context.version,
    startedAt,
    ...(context.repository.baseBranch === undefined ? {} : { baseBranch: context.repository.baseBranch }),
  });
  const body = (await journal.read('pull-request.md')) ?? '';
  if (sealed.outcome === 'proven' && context.flags.publish && sealed.head !== undefined) {
    const { base } = run;
    await forge.publish({
      report: sealed,
      branch,
      base,
      head: sealed.head,
      body,
      mirror: workspace.mirror,
      bundle: journal.path('change.bundle'),
    });
  }
  return {
    exit: exitOf(sealed, context.signal),
    report: sealed,
    body,
    text: renderOutcome(sealed, journal.dir),
    runDir: journal.dir,
  };
}

async function runLoop(run: Run, template: Template, located: Located): Promise<Ending> {
  const answer = await takeBaseline(run);
  const nothing: Progressed = {
    attempts: [],
    head: run.base,
    spent: { usage: noUsage, dollars: 0 },
    assumedPrice: false,
    history: [],
  };
  if (run.signal.aborted)
    return { end: 'interrupted', reason: { code: 'run.interrupted', message: 'the run was interrupted' }, progressed: nothing };
  if (!answer.ok) return { end: 'escalated', reason: answer.reason, progressed: nothing };
  const prompt = composePrompt(run, answer.baseline, template, located);
  const repaired = await repair(run, answer.baseline, prompt);
  return { ...repaired, baseline: answer.baseline };
}

/** The outermost error is what a person would see, so it is what the red run has to show. */
function nameError({ error }: BugReport): NamedError {
  return {
    ...(error?.type === undefined ? {} : { errorType: error.type }),
    ...(error?.message === undefined ? {} : { errorMessage: error.message }),
  };
}

function planFacts({ repository, config, flags, sandbox }: Context): PlanFacts {
  const { maxRalphIterations, timeoutMinutes, maxTurns, maxCostUsd } = config.limits;
  return {
    base: repository.base,
    ...(repository.baseBranch === undefined ? {} : { baseBranch: repository.baseBranch }),
    agent: config.agents.bugsolver.use,
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

function exitOf({ outcome }: RunReport, signal: AbortSignal): Exit {
  switch (outcome) {
    case 'proven':
    case 'nothing-to-do':
      return exits.done;
    case 'escalated':
      return exits.escalated;
    case 'transient':
      return exits.transient;
    case 'interrupted':
      return signal.reason === 'SIGTERM' ? exits.sigterm : exits.sigint;
  }
}

import type { CommandResult, Context } from '../context.ts';
import type { Cause } from '../core/event.ts';
import { askedBy, describeHalt, findHalt } from '../core/halt.ts';
import { readReport } from '../core/issue.ts';
import type { Issue } from '../core/types.ts';
import { renderCalls, renderPlan, type PlanFacts } from '../core/views/plan.ts';
import { exits } from '../errors.ts';
import { approve, askForApproval, needsApproval } from '../loop/approval.ts';
import { describeStart } from '../loop/checkpoint.ts';
import { findPrior, openCase, readRecord } from '../loop/claim.ts';
import { finish, tellIfUntold } from '../loop/finish.ts';
import { stepsOfSolve } from '../loop/plan.ts';
import { readTemplate } from '../loop/prompt.ts';
import {
  baseOf,
  fetchPublished,
  openRun,
  prepare,
  releasingOnError,
  runLoop,
  takeIfPublishing,
  whileOpening,
} from '../loop/start.ts';

/** What started a run, where it was not the operator's own hand. */
export interface Trigger {
  /** Title and text as they were then: what somebody wrote into the issue since is not read. */
  text?: Pick<Issue, 'title' | 'body'>;
  cause: Cause;
  /** Login of who approved the plan, permission checked. */
  approvedBy?: string;
}

/** Whoever types the command asks for this very issue, and sees what it shows now. */
const ownHand: Trigger = { cause: { byHand: true } };

/** Issue → draft change: read, claim, baseline, repair, seal, conclude. */
export async function solve(
  context: Context,
  { issue: ref, trigger = ownHand }: { issue: string; trigger?: Trigger },
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
  const record = readRecord(standing);
  const asked = askedBy(trigger.cause, record);
  const halt = findHalt(record, asked);
  if (halt !== undefined) return nothingToDo(`${describeHalt(halt)}; /bugloop solve, or bugloop solve ${ref}, starts anew`);
  const report = readReport(standing.issue);
  if (context.flags.dryRun) {
    const calls = forge.plan(standing, stepsOfSolve(context.config, standing, context.flags));
    const text = renderPlan(planFacts(context), standing.issue, report, standing.branch);
    return { exit: exits.done, text: `${text}${renderCalls(calls)}`, data: { dryRun: true, calls } };
  }

  const journal = await context.openJournal(standing.issue.id);
  await journal.append('journal.jsonl', { type: 'asked', ...asked });
  const { config, progress, now } = context;
  const opened = openCase(
    { forge, ref, standing, lookedAt: startedAt, asked, config, journal, progress, now },
    { base: baseOf(context) },
  );
  const planned = approve(opened, trigger.approvedBy);
  if (needsApproval(planned)) {
    const plan = renderPlan(planFacts(context), standing.issue, report, standing.branch);
    const waits = context.flags.publish ? await askForApproval(planned, plan) : 'the plan has to be approved first';
    return { exit: exits.done, text: `${plan}\nNot started: ${waits}\n` };
  }
  return whileOpening(prepare(context, report), async (preparing) => {
    const claimed = await takeIfPublishing(context, planned, ['claim', 'start']);
    if (!claimed.ok) return nothingToDo(claimed.why);
    return releasingOnError(claimed, async () => {
      const prepared = await preparing;
      const onto = await fetchPublished(claimed.case, prepared.workspace.mirror);
      const run = openRun(context, prepared, { standing, report, journal, startedAt, onto, held: claimed.case });
      await journal.append('journal.jsonl', describeStart(run, ref, startedAt, baseOf(context)));
      const ending = await runLoop(run, { template, located: prepared.located, announced: claimed.announced });
      return await finish(context, claimed.case, run, ending, startedAt);
    });
  });
}

function nothingToDo(why: string): CommandResult {
  return { exit: exits.done, text: `Nothing to do: ${why}\n` };
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

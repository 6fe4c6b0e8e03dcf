import type { Context } from '../context.ts';
import { addStart, countedFor, findOver, renderOver, type Over } from '../core/caps.ts';
import type { Cause } from '../core/event.ts';
import { askedBy, describeHalt, findHalt, type Asked } from '../core/halt.ts';
import { readReport, type BugReport } from '../core/issue.ts';
import { readState } from '../core/state.ts';
import type { Issue } from '../core/types.ts';
import { renderPlan, type PlanFacts } from '../core/views/plan.ts';
import { BugloopError } from '../errors.ts';
import type { Forge, Standing } from '../ports.ts';
import { approve, askForApproval, needsApproval } from './approval.ts';
import { digestText, findPrior, mark, markStatus, openCase, readRecord, step, takeIssue, type Case } from './claim.ts';
import { tellIfUntold } from './finish.ts';
import { baseOf, releasingOnError } from './start.ts';

/** Whether a run may begin: nothing answers the issue, nobody halted it, its plan is approved, and it is within the caps. */

/** What started a run, where it was not the operator's own hand. */
export interface Trigger {
  /** Title and text as they were then: what somebody wrote into the issue since is not read. */
  text?: Pick<Issue, 'title' | 'body'>;
  /** The event shows no text: only the one that an earlier run was started for will do. */
  unchanged?: boolean;
  cause: Cause;
  /** Only a test that shows the bug is asked for. */
  testsOnly?: boolean;
  /** Login of who approved the plan, permission checked. */
  approvedBy?: string;
  /** An event asked, so the caps hold: for which account, and with which comment. */
  event?: { by?: number; comment?: number };
}

/** An issue that a run is wanted for, as it was seen. */
export interface Wanted {
  forge: Forge;
  ref: string;
  trigger: Trigger;
  standing: Standing;
  /** Milliseconds since the epoch. */
  lookedAt: number;
  asked: Asked;
  report: BugReport;
}

/** One look at the issue. `why`: there is nothing to do. */
export async function consider(
  context: Context,
  ref: string,
  trigger: Trigger,
): Promise<{ ok: true; wanted: Wanted } | { ok: false; why: string }> {
  const lookedAt = context.now();
  const forge = await context.openForge();
  const seen = await forge.read(ref);
  const standing = { ...seen, issue: { ...seen.issue, ...trigger.text } };
  const prior = findPrior(standing, context.repository.base);
  if (prior !== undefined) {
    await tellIfUntold(context, forge, ref, standing);
    return { ok: false, why: prior };
  }
  if (trigger.unchanged === true) assertSameText(standing);
  const record = readRecord(standing);
  const asked = askedBy(trigger.cause, record);
  const halt = findHalt(record, asked);
  if (halt !== undefined) return { ok: false, why: `${describeHalt(halt)}; \`/bugloop solve\` starts anew` };
  return { ok: true, wanted: { forge, ref, trigger, standing, lookedAt, asked, report: readReport(standing.issue) } };
}

/** What was written into the issue since a run began may be by anybody: it starts a new run, or none. */
export function assertSameText(standing: Standing): void {
  const record = readRecord(standing);
  if (record === undefined || record.text === digestText(standing.issue)) return;
  throw new BugloopError(
    'state.text_changed',
    `issue ${standing.issue.id}: its title or text was edited since run ${record.run}`,
  );
}

/** The case of a run whose plan is approved, where one is asked for; else the plan, and what is waited for. */
export async function openWanted(
  context: Context,
  { forge, ref, trigger, standing, lookedAt, asked }: Wanted,
  plan: () => string,
): Promise<{ ok: true; case: Case } | { ok: false; plan: string; why: string }> {
  const journal = await context.openJournal(standing.issue.id);
  await journal.append('journal.jsonl', { type: 'asked', ...asked });
  const { config, progress, now, flags } = context;
  const opened = openCase({ forge, ref, standing, lookedAt, asked, config, journal, progress, now }, { base: baseOf(context) });
  const { testsOnly: _, ...record } = opened.record;
  const aimed = { ...opened, record: { ...record, ...(trigger.testsOnly === true ? { testsOnly: true } : {}) } };
  const planned = approve(aimed, trigger.approvedBy);
  if (!needsApproval(planned)) return { ok: true, case: withStart(planned, trigger.event) };
  const text = plan();
  const why = flags.publish ? await askForApproval(planned, text) : 'the plan has to be approved first';
  return { ok: false, plan: text, why };
}

/** The case with one more start in its record. */
export function withStart(held: Case, { by, comment }: NonNullable<Trigger['event']> = {}): Case {
  const at = new Date(held.now()).toISOString();
  const start = { at, ...(by === undefined ? {} : { by }), ...(comment === undefined ? {} : { comment }) };
  return { ...held, record: { ...held.record, starts: addStart(held.record.starts ?? [], start) } };
}

/** Whether the start that the issue now shows is one too many. */
export async function findOverCap({ forge, record, config }: Case): Promise<Over | undefined> {
  const mine = record.starts?.at(-1);
  if (mine === undefined) return undefined;
  const since = new Date(Date.parse(mine.at) - countedFor).toISOString();
  const all = (await forge.recentStatuses(since)).flatMap(({ issue, text }) => {
    const read = readState(text, issue);
    return read.ok ? (read.record.starts ?? []).map((start) => ({ ...start, issue })) : [];
  });
  return findOver({ ...mine, issue: record.issue }, all, config.limits);
}

/** Takes the start back and says why, once a day. */
export async function giveBack(held: Case, over: Over): Promise<string> {
  const starts = (held.record.starts ?? []).slice(0, -1);
  const released = step({ ...held, record: { ...held.record, starts } }, 'release');
  const { inProgress } = held.config.labels;
  const comment = { key: `over-${over.again.slice(0, 10)}`, text: renderOver(over) };
  await markStatus(released, { remove: [inProgress], comment, release: held.journal.id });
  return `the configuration allows ${over.allows}, again after ${over.again}`;
}

/**
 * For the job of a workflow that only decides: settles everything on the issue, so that another job that may not write there
 * can run. Why it must not; `undefined` where it may.
 */
export async function admit(context: Context, ref: string, trigger: Trigger): Promise<string | undefined> {
  const considered = await consider(context, ref, trigger);
  if (!considered.ok) return considered.why;
  const { wanted } = considered;
  const comment = trigger.event?.comment;
  if (comment !== undefined && readRecord(wanted.standing)?.starts?.some((start) => start.comment === comment) === true) {
    return `a run was started for the comment ${comment} before`;
  }
  // The job that runs has a key that this one has not.
  const agent = context.flags.agent ?? context.config.agents.bugsolver.use;
  const opened = await openWanted(context, wanted, () => describePlan(context, wanted, agent));
  if (!opened.ok) return opened.why;
  const taken = await takeIssue(opened.case);
  if (!taken.ok) return taken.why;
  const claimed = step(taken.case, 'claim');
  return releasingOnError({ case: claimed, taken: true, announced: Promise.resolve() }, async () => {
    await markStatus(claimed, {});
    const over = await findOverCap(claimed);
    if (over !== undefined) return await giveBack(claimed, over);
    await mark(claimed, { release: claimed.journal.id });
    return undefined;
  });
}

export function describePlan(context: Context, { standing, report }: Wanted, agent: string = context.agent): string {
  return renderPlan(planFacts(context, agent), standing.issue, report, standing.branch);
}

function planFacts({ repository, config, flags, sandbox }: Context, agent: string): PlanFacts {
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

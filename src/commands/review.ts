import type { CommandResult, Context } from '../context.ts';
import { readReport } from '../core/issue.ts';
import { roundMessage, type Review } from '../core/ledger.ts';
import { reviewSlots, type Template } from '../core/prompt.ts';
import type { RunReport } from '../core/report.ts';
import { refuseRound, type Begun } from '../core/rounds/stop.ts';
import { sortThreads } from '../core/threads.ts';
import type { CommitId, Issue, Reason } from '../core/types.ts';
import { renderCalls } from '../core/views/calls.ts';
import { renderIdle, renderReview, renderRoundPlan } from '../core/views/replies.ts';
import { exits, interruptedExit } from '../errors.ts';
import {
  findRoundStop,
  holdingBranch,
  isIdle,
  openReviewCase,
  releaseStopped,
  sumsOf,
  takeForReview,
  withRound,
} from '../loop/claim-review.ts';
import { letGo, recordOf, type Held } from '../loop/claim.ts';
import { exitOfRound, tellRound, tellStop } from '../loop/finish-review.ts';
import { pace } from '../loop/halt.ts';
import { stepsOfReview } from '../loop/plan.ts';
import { readTemplate } from '../loop/prompt.ts';
import { readPrinted, strayIssue, workRound, type RoundAnswer, type RoundResult } from '../loop/review.ts';
import type { Run } from '../loop/run.ts';
import { sealCommit } from '../loop/seal.ts';
import { nameError, readLimits, releasingOnError } from '../loop/start.ts';
import type { Journal, Reviews, ReviewStanding, Workspace } from '../ports.ts';

/** One round over the open threads of a change: work, one push, then the replies. `asked`: somebody wanted it, no check and no clock. */
export async function review(
  context: Context,
  { number, asked = true }: { number: number; asked?: boolean },
): Promise<CommandResult> {
  const startedAt = context.now();
  const reviews = await context.openReviews();
  const standing = await reviews.read(number);
  const refused = refuseRound(standing, recordOf(standing), context.config.branchPrefix);
  if (refused !== undefined) return tellStop(refused);
  const sorted = sortThreads(standing.threads, standing.reviewers);
  if (isIdle(standing, sorted)) return { exit: exits.done, text: renderIdle(number, sorted) };
  // Configuration, prompts and guards are those of the commit that the change is built on.
  const flags = { base: standing.base.commit };
  const pinned = await context.open({ flags, change: String(number), agent: true, sandbox: true });
  const template = readTemplate(await pinned.readPrompt('resolve-comments'), reviewSlots);
  if (context.flags.dryRun) {
    const calls = reviews.plan(standing, stepsOfReview(pinned.config, standing, sorted, context.flags));
    const text = `${renderRoundPlan(number, sorted, standing.failedChecks)}${renderCalls(calls)}`;
    return { exit: exits.done, text, data: { dryRun: true, calls } };
  }

  const issue = standing.closes?.issue ?? strayIssue(standing);
  const journal = await pinned.openJournal(issue.id);
  const work = (held: Held | undefined): Promise<CommandResult> =>
    workAndTell({ context: pinned, reviews, standing, template, startedAt, issue, journal, held });
  if (!context.flags.publish) return await work(undefined);
  const opened = await openReviewCase(context, standing, journal);
  if (opened === undefined) return await holdingBranch(context, reviews, standing, journal.id, () => work(undefined));
  const taken = await takeForReview(withRound(opened, standing, { asked }), { announce: true });
  if (!taken.ok) return { exit: exits.done, text: `Nothing to do: ${taken.why}\n` };
  return await releasingOnError(taken, () => work(taken));
}

interface Reviewing {
  /** Opened on the commit that the change is built on. */
  context: Context;
  reviews: Reviews;
  standing: ReviewStanding;
  template: Template;
  startedAt: number;
  issue: Issue;
  journal: Journal;
  /** The issue, where this process may write and the change closes one. */
  held: Held | undefined;
}

/** Both halves of a round, one after the other; the second only where this process may write. */
async function workAndTell(reviewing: Reviewing): Promise<CommandResult> {
  const { context, reviews, standing, template, held } = reviewing;
  await using workspace = await context.openWorkspace(standing.base.commit);
  await reviews.fetchHead(standing, workspace.mirror);
  const run = await openReviewRun(reviewing, workspace);
  const { journal, config } = run;
  await held?.announced;
  const watched: Run = { ...run, lookout: openRoundLookout(reviewing, run) };
  const answer = await workRound(watched, standing, { template, printed: await readPrinted(reviews, standing) });
  if (answer.end === 'stopped') return await stopAtWork(reviewing, run, answer);
  if (answer.end !== 'answered') {
    if (held !== undefined) await letGo(held.case, undefined);
    const exit = answer.end === 'transient' ? exits.transient : interruptedExit(context.signal);
    return { exit, text: `Not reviewed: ${answer.reason.message}\n`, runDir: journal.dir };
  }
  const { report, ledger } = await sealRound(reviewing, run, answer.round);
  const result: CommandResult = { exit: exitOfRound(ledger), report, text: renderReview(ledger), runDir: journal.dir };
  if (!context.flags.publish) return result;
  const { labels } = begunWith(reviewing);
  return await tellRound(
    result,
    reviews,
    { report, review: ledger, mirror: workspace.mirror, config, journal, labels },
    held?.case,
  );
}

/** What others can take away from the round; its own label is there once it was announced. */
function begunWith({ context, standing, held }: Pick<Reviewing, 'context' | 'standing'> & Partial<Reviewing>): Begun {
  const { inProgress, trigger } = context.config.labels;
  const labels = standing.labels.filter((label) => [inProgress, trigger].includes(label));
  const { head } = standing;
  const halted = recordOf(standing)?.halt?.at ?? '';
  return { before: head, after: head, labels: held === undefined ? labels : [...labels, inProgress], halted };
}

/** As for a run of an issue: at most once a minute somebody else's word is looked for. */
function openRoundLookout(reviewing: Reviewing, run: Run): () => Promise<Reason | undefined> {
  const { context, reviews, standing, held, startedAt } = reviewing;
  const seen = begunWith(reviewing);
  const hold = context.flags.publish ? { run: run.journal.id, held: held?.case } : undefined;
  return pace(run, startedAt, async () => {
    return findRoundStop(seen, await reviews.read(standing.number), run.config.branchPrefix, hold);
  });
}

/** Nothing is pushed and nothing is said in any thread; what was made so far stays in the run directory. */
async function stopAtWork(
  { held, reviews, standing }: Reviewing,
  { journal, branch, base, workspace }: Run,
  { reason, commit }: Extract<RoundAnswer, { end: 'stopped' }>,
): Promise<CommandResult> {
  const made = commit !== standing.head;
  if (made) await workspace.mirror.bundle(journal.path('change.bundle'), branch, base, commit);
  if (held !== undefined) await releaseStopped(held.case, await reviews.read(standing.number), standing.head);
  return { ...tellStop(reason, made ? journal.dir : undefined), runDir: journal.dir };
}

async function openReviewRun({ context, standing, issue, journal, startedAt }: Reviewing, workspace: Workspace): Promise<Run> {
  const report = readReport(issue);
  const { config, progress, now, signal } = context;
  return {
    issue,
    report,
    error: nameError(report),
    config,
    limits: readLimits(context, startedAt, config.limits.maxReviewIterations),
    base: standing.base.commit,
    branch: standing.branch,
    workspace,
    agent: await context.openAgent(),
    journal,
    progress,
    suspects: [],
    now,
    signal,
  };
}

/** Writes the run directory: all that the second half needs, in this process or in another. */
async function sealRound(
  { context, standing, startedAt }: Reviewing,
  run: Run,
  round: RoundResult,
): Promise<{ report: RunReport; ledger: Review }> {
  const head = await commitRound(run, standing, round);
  const { before, labels, halted } = begunWith({ context, standing });
  const ledger: Review = {
    change: standing.number,
    before,
    after: head,
    labels: [...labels],
    halted,
    ...(await round.close(head)),
    ignored: round.sorted.ignored,
  };
  const proven = round.evaluation?.stage === 'proven' && (head !== standing.head || round.untold);
  const earlier = sumsOf(standing);
  const evaluated = round.evaluation === undefined ? {} : { last: round.evaluation };
  const report = await sealCommit(
    run,
    {
      end: proven ? 'proven' : 'nothing-to-do',
      ...(round.baseline === undefined ? {} : { baseline: round.baseline }),
      progressed: { ...round.progressed, ...evaluated },
    },
    {
      version: context.version,
      startedAt,
      baseBranch: standing.base.branch,
      review: ledger,
      ...(earlier === undefined ? {} : { earlier }),
    },
    head,
  );
  return { report, ledger };
}

/** One commit on top of the head; the head itself where its tree would be the same. */
async function commitRound(run: Run, { head, message }: ReviewStanding, { commit, close }: RoundResult): Promise<CommitId> {
  const { mirror } = run.workspace;
  if (commit === head || (await mirror.treeOf(commit)) === (await mirror.treeOf(head))) return head;
  const { entries } = await close(commit);
  return await mirror.squash(head, commit, roundMessage(entries, { before: message, run: run.journal.id }));
}

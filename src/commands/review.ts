import type { CommandResult, Context } from '../context.ts';
import { mayResolve, readTrailers, threadTrailers, type LedgerEntry, type Review } from '../core/ledger.ts';
import { readReport } from '../core/issue.ts';
import type { RunReport } from '../core/report.ts';
import { reviewSlots, type Template } from '../core/prompt.ts';
import type { CommitId, Issue, Reason } from '../core/types.ts';
import { readState, summarise } from '../core/state.ts';
import { renderReply, renderReview } from '../core/views/replies.ts';
import { renderStatus } from '../core/views/status-comment.ts';
import { exits, type Exit } from '../errors.ts';
import { readTemplate } from '../loop/prompt.ts';
import { refuseRound, stopRound, workRound, type RoundResult } from '../loop/review.ts';
import type { Run } from '../loop/run.ts';
import { sealCommit } from '../loop/seal.ts';
import { nameError, readLimits } from '../loop/start.ts';
import type { ReviewStanding, Reviews } from '../ports.ts';

/** One round over the open threads of a change: work, one push, then the replies. */
export async function review(context: Context, { number }: { number: number }): Promise<CommandResult> {
  const startedAt = context.now();
  const reviews = await context.openReviews();
  const standing = await reviews.read(number);
  const refused = refuseRound(standing, context.config.branchPrefix);
  if (refused !== undefined) return stop(refused);
  // Configuration, prompts and guards are those of the commit that the change is built on.
  const flags = { base: standing.base.commit };
  const pinned = await context.open({ flags, change: String(number), agent: true, sandbox: true });
  const template = readTemplate(await pinned.readPrompt('resolve-comments'), reviewSlots);
  await using workspace = await pinned.openWorkspace(standing.base.commit);
  await reviews.fetchHead(standing, workspace.mirror);
  const issue = standing.issue ?? strayIssue(standing);
  const report = readReport(issue);
  const run: Run = {
    issue,
    report,
    error: nameError(report),
    config: pinned.config,
    limits: readLimits(pinned, startedAt, pinned.config.limits.maxReviewIterations),
    base: standing.base.commit,
    branch: standing.branch,
    workspace,
    agent: await pinned.openAgent(),
    journal: await pinned.openJournal(issue.id),
    progress: pinned.progress,
    suspects: [],
    now: pinned.now,
    signal: pinned.signal,
  };
  return await answerRound({ context: pinned, reviews, standing, run, template, startedAt });
}

interface Reviewing {
  context: Context;
  reviews: Reviews;
  standing: ReviewStanding;
  run: Run;
  template: Template;
  startedAt: number;
}

async function answerRound(reviewing: Reviewing): Promise<CommandResult> {
  const { context, reviews, standing, run, template, startedAt } = reviewing;
  const answer = await workRound(run, standing, template);
  if (answer.end !== 'answered') {
    const exit = answer.end === 'transient' ? exits.transient : interruptExit(context.signal);
    return { exit, text: `Not reviewed: ${answer.reason.message}\n`, runDir: run.journal.dir };
  }
  const { round } = answer;
  const head = await commitRound(run, standing, round);
  const entries = await round.close(head);
  const ledger: Review = { change: standing.number, before: standing.head, after: head, entries, ignored: round.sorted.ignored };
  // What people read of the change is about its newest head.
  const retold = round.evaluation?.stage === 'proven' && (head !== standing.head || round.untold);
  const evaluated = round.evaluation === undefined ? {} : { last: round.evaluation };
  const sealed = await sealCommit(
    run,
    {
      end: retold ? 'proven' : 'nothing-to-do',
      ...(round.baseline === undefined ? {} : { baseline: round.baseline }),
      progressed: { ...round.progressed, ...evaluated },
    },
    { version: context.version, startedAt, baseBranch: standing.base.branch, review: ledger },
    head,
  );
  const result: CommandResult = { exit: exitOf(entries), report: sealed, text: renderReview(ledger), runDir: run.journal.dir };
  if (!context.flags.publish) return result;

  const now = await reviews.read(standing.number);
  const moved = stopRound(standing, now, context.config.branchPrefix);
  if (moved !== undefined) return { ...result, ...stop(moved) };
  if (head !== standing.head) {
    const bundle = run.journal.path('change.bundle');
    const pushed = await reviews.pushBranch({
      branch: standing.branch,
      head,
      expected: standing.head,
      mirror: run.workspace.mirror,
      bundle,
    });
    if (!pushed.ok) return { ...result, exit: exits.refused, text: `Not pushed: ${pushed.message}\n` };
  }
  const body = retold ? await run.journal.read('pull-request.md') : undefined;
  const status = retold ? renewStatus(now, sealed) : undefined;
  const answered = await reviews.answer(now, {
    replies: entries.map((entry) => ({ thread: entry.thread, body: renderReply(entry, round.evaluation?.proof) })),
    resolve: entries.filter(mayResolve).map(({ thread }) => thread),
    ...(body === undefined ? {} : { body }),
    ...(status === undefined ? {} : { status }),
  });
  const notes = answered.unresolved.map(({ thread, why }) => `thread ${thread} was left open: ${why}`);
  return { ...result, text: renderReview(ledger, notes), ...(body === undefined ? {} : { body }) };
}

/** The record of the issue with the new head and its proof; a gate believes no other. A comment that is not readable stays. */
function renewStatus({ status, issue, number, url }: ReviewStanding, report: RunReport): string | undefined {
  if (status === undefined || issue === undefined || report.head === undefined) return undefined;
  const read = readState(status.text, issue.id);
  if (!read.ok) return undefined;
  const record = { ...read.record, change: { number, url, head: report.head }, report: summarise(report) };
  return renderStatus(record, report);
}

/** One commit on top of the head; the head itself where its tree would be the same. */
async function commitRound(run: Run, { head, message }: ReviewStanding, { commit, close }: RoundResult): Promise<CommitId> {
  const { mirror } = run.workspace;
  if (commit === head || (await mirror.treeOf(commit)) === (await mirror.treeOf(head))) return head;
  const fixed = await close(commit);
  const threads = threadTrailers(fixed.filter(({ thread }) => !readTrailers(message).includes(thread)));
  const lines = ['fix: what the review found', '', ...threads, `Bugloop-Run: ${run.journal.id}`, ''];
  return await mirror.squash(head, commit, lines.join('\n'));
}

/** Something is left for a person: a person has to be told. */
function exitOf(entries: readonly LedgerEntry[]): Exit {
  return entries.some(({ outcome }) => outcome === 'needs-human') ? exits.escalated : exits.done;
}

function stop({ code, message }: Reason): CommandResult {
  const foreign = code === 'review.fork' || code === 'review.not_ours';
  return { exit: foreign ? exits.refused : exits.done, text: `Not reviewed: ${message} (${code})\n` };
}

/** A change that closes no issue is reviewed by its own title. */
function strayIssue({ number, title, url }: ReviewStanding): Issue {
  return { id: `change-${number}`, title, body: '', source: 'github', url };
}

function interruptExit(signal: AbortSignal): Exit {
  return signal.reason === 'SIGTERM' ? exits.sigterm : exits.sigint;
}

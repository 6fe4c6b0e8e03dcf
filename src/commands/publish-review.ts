import type { CommandResult, Session } from '../context.ts';
import type { Review } from '../core/ledger.ts';
import type { RunReport } from '../core/report.ts';
import { refuseRound } from '../core/rounds/stop.ts';
import { renderCalls } from '../core/views/calls.ts';
import { renderReview } from '../core/views/replies.ts';
import { BugloopError, exits, interruptedExit } from '../errors.ts';
import { holdingBranch, openReviewCase, sumsOf, takeForReview } from '../loop/claim-review.ts';
import { recordOf } from '../loop/claim.ts';
import { exitOfRound, tellRound, tellStop } from '../loop/finish-review.ts';
import { stepsOfPublishReview } from '../loop/plan.ts';
import { receive } from '../loop/receive.ts';
import { strayIssue } from '../loop/review.ts';
import { releasingOnError } from '../loop/start.ts';
import type { Journal, ReviewStanding } from '../ports.ts';

/**
 * Second half of a review made with `--no-publish`. The forge says what the change is: report and bundle have to be about
 * that very change, its base and the head that was reviewed. Runs no code of the repository.
 */
export async function publishReview(
  session: Session,
  { journal, report, review, target }: { journal: Journal; report: RunReport; review: Review; target: string },
): Promise<CommandResult> {
  const change = String(review.change);
  const context = await session.open({ change });
  const reviews = await context.openReviews();
  const standing = await reviews.read(review.change);
  const result: CommandResult = { exit: exitOfRound(review), report, text: renderReview(review), runDir: journal.dir };
  const refused = refuseRound(standing, recordOf(standing), context.config.branchPrefix);
  if (refused !== undefined) return { ...result, ...tellStop(refused) };
  assertAbout(standing, report, target);

  const pinned = await context.open({ flags: { base: standing.base.commit }, change });
  await pinned.assertBase(standing.base);
  await using mirror = await pinned.openMirror(standing.base.commit);
  await reviews.fetchHead(standing, mirror);
  const head = await receive(mirror, journal, report, target);
  if (head !== review.after) throw corrupt(target, `is about ${review.after}, its bundle holds ${head}`);

  if (context.flags.dryRun) {
    const calls = reviews.plan(standing, stepsOfPublishReview(pinned.config, standing, { report, review }));
    const text = `Dry run for ${target}: nothing was written, and no code was run.\n${renderCalls(calls)}`;
    return { exit: exits.done, text, data: { dryRun: true, calls } };
  }
  // Whoever is asked to stop takes nothing that it then has to give back.
  if (context.signal.aborted)
    return { ...result, exit: interruptedExit(context.signal), text: 'Not published: the run was interrupted\n' };
  const opened = await openReviewCase(context, standing, journal);
  const earlier = sumsOf(standing);
  const told = { ...report, ...(earlier === undefined ? {} : { earlier }) };
  const sealed = { report: told, review, mirror, config: pinned.config, journal, labels: review.labels };
  if (opened === undefined) {
    return await holdingBranch(context, reviews, standing, journal.id, () => tellRound(result, reviews, sealed, undefined));
  }
  const taken = await takeForReview(opened, { announce: false });
  if (!taken.ok) return { ...result, exit: exits.done, text: `Nothing to do: ${taken.why}\n` };
  return await releasingOnError(taken, () => tellRound(result, reviews, sealed, taken.case));
}

/** Nothing in a run directory can make it be about another change. */
function assertAbout(standing: ReviewStanding, { branch, base, issue }: RunReport, target: string): void {
  const { id } = standing.closes?.issue ?? strayIssue(standing);
  if (branch !== standing.branch) throw corrupt(target, `is about ${branch}, not about ${standing.branch}`);
  if (base.commit !== standing.base.commit)
    throw corrupt(target, `builds on ${base.commit}, and #${standing.number} on ${standing.base.commit}`);
  if (issue.id !== id) throw corrupt(target, `is about issue ${issue.id}, and #${standing.number} about ${id}`);
}

function corrupt(target: string, why: string): BugloopError {
  return new BugloopError('state.corrupt', `${target}/report.json: ${why}`);
}

import type { CommandResult, Context, Session } from '../context.ts';
import { askedNever, describeHalt, findHalt } from '../core/halt.ts';
import { readRunReport, type RunReport } from '../core/report.ts';
import { renderCalls } from '../core/views/plan.ts';
import { renderPullRequest } from '../core/views/pull-request.ts';
import { renderOutcome } from '../core/views/terminal.ts';
import { BugloopError, exits } from '../errors.ts';
import { readCheckpoint, textOf } from '../loop/checkpoint.ts';
import { needsApproval } from '../loop/approval.ts';
import { findObstacle, openCase, readRecord, takeIssue } from '../loop/claim.ts';
import { conclude, staleBase } from '../loop/conclude.ts';
import { exitOf, tellConclusion } from '../loop/finish.ts';
import { stepsOfPublish } from '../loop/plan.ts';
import { receive } from '../loop/receive.ts';
import { releasingOnError, whileOpening } from '../loop/start.ts';
import type { Journal } from '../ports.ts';

/**
 * Second half of a run made with `--no-publish`. Nothing of the run directory is believed that can be checked: report
 * and bundle are validated, the base has to be one that this repository has, the guards judge the trees again with the
 * configuration of that base, and every text is rendered anew. Runs no code of the repository.
 */
export async function publish(session: Session, { target }: { target: string }): Promise<CommandResult> {
  const located = await session.open({});
  const journal = await located.openRun(target);
  const report = await readReport(journal, target);
  if (report.review !== undefined) {
    const { publishReview } = await import('./publish-review.ts');
    return publishReview(session, { journal, report, review: report.review, target });
  }
  const ref = String(report.issue.number ?? (await issueFile(journal, target)));
  const context = await session.open({ flags: { base: report.base.commit }, issue: ref });
  return publishRun(context, { journal, report, ref, target });
}

const interrupted = { ok: false, why: 'the run was interrupted before it took the issue' } as const;

/** Concludes a sealed run on the forge. */
export async function publishRun(
  context: Context,
  { journal, report, ref, target }: { journal: Journal; report: RunReport; ref: string; target: string },
): Promise<CommandResult> {
  await context.assertBase(report.base);
  const forge = await context.openForge();
  const lookedAt = context.now();
  const standing = await forge.read(ref);
  if (report.branch !== standing.branch || report.issue.id !== standing.issue.id) {
    throw new BugloopError('state.corrupt', `${target}/report.json: is about ${report.branch}, not about ${standing.branch}`);
  }
  const result: CommandResult = {
    exit: exitOf(report, context.signal),
    report,
    body: renderPullRequest(report),
    text: renderOutcome(report, journal.dir),
    runDir: journal.dir,
  };
  const prior = findObstacle(standing);
  if (prior !== undefined) return { ...result, exit: exits.done, text: `Nothing to do: ${prior}\n` };
  const checkpoint = await readCheckpoint(journal);
  const asked = checkpoint?.asked ?? askedNever;
  const halt = findHalt(readRecord(standing), asked);
  if (halt !== undefined)
    return { ...result, exit: exits.done, text: `Nothing to do: ${describeHalt(halt)} since the run began\n` };
  const { config, progress, now } = context;
  if (context.flags.dryRun) {
    const calls = forge.plan(standing, stepsOfPublish(config, standing, report.head));
    const text = `Dry run for ${target}: nothing was written, and no code was run.\n${renderCalls(calls)}`;
    return { exit: exits.done, text, data: { dryRun: true, calls } };
  }
  // What the run was about is the text that it began with, and that is what had to be approved.
  const issue = { ...standing.issue, ...(checkpoint === undefined ? {} : textOf(checkpoint)) };
  const opened = openCase(
    { forge, ref, standing: { ...standing, issue }, lookedAt, asked, config, journal, progress, now },
    { base: report.base, state: 'SOLVING' },
  );
  if (needsApproval(opened))
    return { ...result, exit: exits.done, text: 'Nothing to do: the plan of the run was not approved\n' };
  return whileOpening(context.openMirror(report.base.commit), async (opening) => {
    const taken = context.signal.aborted ? interrupted : await takeIssue(opened);
    if (!taken.ok) return { ...result, exit: exits.done, text: `Nothing to do: ${taken.why}\n` };
    return releasingOnError({ case: taken.case, taken: true, announced: Promise.resolve() }, async () => {
      const mirror = await opening;
      const head = await receive(mirror, journal, report, target);
      const { tip } = taken.case.standing;
      if (tip !== undefined && standing.base !== undefined && tip.commit !== head) await forge.fetchBranch(standing, mirror);
      const conclusion = await conclude(taken.case, {
        report,
        base: report.base.commit,
        head,
        ...(tip === undefined ? {} : { onto: tip.commit }),
        body: result.body ?? '',
        mirror,
        config,
      });
      // Only where code of the repository may run can the change be proven on another base.
      if (conclusion.kind === 'stale') throw staleBase(taken.case, conclusion.why);
      return tellConclusion(result, conclusion);
    });
  });
}

async function readReport(journal: Journal, target: string): Promise<RunReport> {
  const text = await journal.read('report.json');
  if (text === undefined) throw new BugloopError('usage.run_dir', `${target}: no report.json there`);
  const read = readRunReport(text);
  if (!read.ok) throw new BugloopError(read.code, `${target}/report.json: ${read.why}`);
  return read.report;
}

/** A report on disk is named by its file, which only the journal knows. */
async function issueFile(journal: Journal, target: string): Promise<string> {
  const ref = (await readCheckpoint(journal))?.start.ref;
  if (ref === undefined)
    throw new BugloopError('state.corrupt', `${target}/journal.jsonl: does not say which issue the run is about`);
  return ref;
}

import type { CommandResult, Context } from '../context.ts';
import { askedNever, describeHalt, findHalt } from '../core/halt.ts';
import type { RunReport } from '../core/report.ts';
import { renderCalls } from '../core/views/calls.ts';
import { renderPullRequest } from '../core/views/pull-request.ts';
import { renderOutcome } from '../core/views/terminal.ts';
import { BugloopError, exits } from '../errors.ts';
import type { Journal } from '../ports.ts';
import { needsApproval } from './approval.ts';
import { readCheckpoint, textOf } from './checkpoint.ts';
import { findObstacle, openCase, readRecord, takeIssue } from './claim.ts';
import { conclude, staleBase } from './conclude.ts';
import { exitOf, tellConclusion } from './finish.ts';
import { stepsOfPublish } from './plan.ts';
import { receive } from './receive.ts';
import { releasingOnError, whileOpening } from './start.ts';

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

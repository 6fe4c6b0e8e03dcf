import type { CommandResult, Context } from '../context.ts';
import type { Cause } from '../core/event.ts';
import { askedBy, describeHalt, findHalt } from '../core/halt.ts';
import { readReport } from '../core/issue.ts';
import { readRunReport } from '../core/report.ts';
import type { Issue } from '../core/types.ts';
import { renderCalls } from '../core/views/calls.ts';
import { exits } from '../errors.ts';
import { assertSameText, withStart } from '../loop/admit.ts';
import { describeStart, readCheckpoint, textOf } from '../loop/checkpoint.ts';
import { needsApproval } from '../loop/approval.ts';
import { findPrior, openCase, readRecord } from '../loop/claim.ts';
import { finish, tellIfUntold } from '../loop/finish.ts';
import { stepsOfSolve } from '../loop/plan.ts';
import { readTemplate } from '../loop/prompt.ts';
import { publishRun } from '../loop/publish-run.ts';
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
import { findOlder, fromBranch, fromJournal, fromOlder, tellStart, wantsTest } from '../loop/take-up.ts';

/**
 * Goes on where a run of the issue stopped: with its journal and bundle where they are on this machine, else with the
 * branch and the status comment. A run that only was not published yet is published.
 */
export async function resume(
  context: Context,
  { issue: ref, cause = { byHand: true } }: { issue: string; cause?: Cause },
): Promise<CommandResult> {
  const startedAt = context.now();
  const template = readTemplate(await context.readPrompt('solve-issue'));
  const forge = await context.openForge();
  const standing = await forge.read(ref);
  const prior = findPrior(standing);
  if (prior !== undefined) {
    await tellIfUntold(context, forge, ref, standing);
    return { exit: exits.done, text: `Nothing to do: ${prior}\n` };
  }
  assertSameText(standing);
  const record = readRecord(standing);
  const asked = askedBy(cause, record);
  const halt = findHalt(record, asked);
  if (halt !== undefined) return { exit: exits.done, text: `Nothing to do: ${describeHalt(halt)}\n` };

  // Whether an earlier run is here is not looked for: that would take its lock.
  if (context.flags.dryRun) {
    const calls = forge.plan(standing, stepsOfSolve(context.config, standing, context.flags));
    const text = `Dry run for #${standing.issue.id}: nothing was written, no model was called.\n${renderCalls(calls)}`;
    return { exit: exits.done, text, data: { dryRun: true, calls } };
  }
  const found = await context.openLastRun(standing.issue.id);
  const checkpoint = found === undefined ? undefined : await readCheckpoint(found);
  const local = checkpoint?.start.base.commit === context.repository.base ? checkpoint : undefined;
  const older = local === undefined ? await findOlder(context, checkpoint) : undefined;
  if (found !== undefined) await found.append('journal.jsonl', { type: 'asked', ...asked });
  if (found !== undefined && local?.sealed?.outcome === 'proven' && context.flags.publish) {
    const report = readRunReport((await found.read('report.json')) ?? '');
    if (report.ok) return publishRun(context, { journal: found, report: report.report, ref, target: found.dir });
  }
  const journal = found !== undefined && local !== undefined ? found : await context.openJournal(standing.issue.id);
  if (journal !== found) await journal.append('journal.jsonl', { type: 'asked', ...asked });
  const issue: Issue = local === undefined ? standing.issue : { ...standing.issue, ...textOf(local) };
  const { config, progress, now } = context;
  const opened = withStart(
    openCase(
      { forge, ref, standing: { ...standing, issue }, lookedAt: startedAt, asked, config, journal, progress, now },
      { base: baseOf(context) },
    ),
  );
  if (needsApproval(opened)) return { exit: exits.done, text: 'Nothing to do: the plan has to be approved first\n' };
  const testsOnly = wantsTest(local, record);
  const aimed = testsOnly ? readTemplate(await context.readPrompt('write-test')) : template;
  const bug = readReport(issue);
  return whileOpening(prepare(context, bug, older?.start.base.commit), async (preparing) => {
    const taken = await takeIfPublishing(context, opened, ['claim', 'start']);
    if (!taken.ok) return { exit: exits.done, text: `Nothing to do: ${taken.why}\n` };
    return releasingOnError(taken, async () => {
      const prepared = await preparing;
      const { workspace, located } = prepared;
      const onto = await fetchPublished(taken.case, workspace.mirror);
      const run = openRun(context, prepared, {
        standing: taken.case.standing,
        report: bug,
        journal,
        startedAt,
        onto,
        held: taken.case,
        testsOnly,
      });
      if (local === undefined) await journal.append('journal.jsonl', describeStart(run, ref, startedAt, baseOf(context)));
      const carried = found === undefined || older === undefined ? undefined : await fromOlder(context, found, older, workspace);
      const progressed =
        carried ?? (local === undefined ? fromBranch(context, onto) : await fromJournal(journal, local, workspace));
      progress.note(
        carried === undefined ? tellStart(progressed, local !== undefined) : 'going on from the work on an older base',
      );
      const ending = await runLoop(run, { template: aimed, located, announced: taken.announced, progressed });
      return await finish(context, taken.case, run, ending, startedAt);
    });
  });
}

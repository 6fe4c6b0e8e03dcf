import type { CommandResult, Session } from '../context.ts';
import { BugloopError } from '../errors.ts';
import { readCheckpoint } from '../loop/checkpoint.ts';
import { publishRun } from '../loop/publish-run.ts';
import { readSealed } from '../loop/receive.ts';
import type { Journal } from '../ports.ts';

/**
 * Second half of a run made with `--no-publish`. Nothing of the run directory is believed that can be checked: report
 * and bundle are validated, the base has to be one that this repository has, the guards judge the trees again with the
 * configuration of that base, and every text is rendered anew. Runs no code of the repository.
 */
export async function publish(session: Session, { target }: { target: string }): Promise<CommandResult> {
  const located = await session.open({});
  const journal = await located.openRun(target);
  const report = await readSealed(journal, target);
  if (report.review !== undefined) {
    const { publishReview } = await import('./publish-review.ts');
    return publishReview(session, { journal, report, review: report.review, target });
  }
  const ref = String(report.issue.number ?? (await issueFile(journal, target)));
  const context = await session.open({ flags: { base: report.base.commit }, issue: ref });
  return publishRun(context, { journal, report, ref, target });
}

/** A report on disk is named by its file, which only the journal knows. */
async function issueFile(journal: Journal, target: string): Promise<string> {
  const ref = (await readCheckpoint(journal))?.start.ref;
  if (ref === undefined)
    throw new BugloopError('state.corrupt', `${target}/journal.jsonl: does not say which issue the run is about`);
  return ref;
}

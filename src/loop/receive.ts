import type { RunReport } from '../core/report.ts';
import type { CommitId } from '../core/types.ts';
import { BugloopError } from '../errors.ts';
import type { Journal, Mirror } from '../ports.ts';

/** The commit that the report is about, out of a bundle that holds exactly that. `target`: the run, as the user named it. */
export async function receive(mirror: Mirror, journal: Journal, report: RunReport, target: string): Promise<CommitId> {
  if (report.head === undefined) return report.base.commit;
  const head = await mirror.unbundle(journal.path('change.bundle'), report.branch);
  if (head !== report.head) {
    throw new BugloopError('state.corrupt', `${target}/change.bundle: holds ${head}, the report is about ${report.head}`);
  }
  return head;
}

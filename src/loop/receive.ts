import { readRunReport, type RunReport } from '../core/report.ts';
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

/** The report of a run directory, as far as it has the form of one. */
export async function readSealed(journal: Journal, target: string): Promise<RunReport> {
  const text = await journal.read('report.json');
  if (text === undefined) throw new BugloopError('usage.run_dir', `${target}: no report.json there`);
  const read = readRunReport(text);
  if (!read.ok) throw new BugloopError(read.code, `${target}/report.json: ${read.why}`);
  return read.report;
}

import type { BugReport } from '../core/issue.ts';
import type { RunReport } from '../core/report.ts';
import type { CommitId } from '../core/types.ts';
import type { Mirror } from '../ports.ts';
import type { Baseline } from './baseline.ts';
import type { Prompt, Run } from './run.ts';

export interface Located {
  suspects: RunReport['suspects'];
}
export async function findSuspects(base: CommitId, mirror: Mirror, report: BugReport): Promise<Located> {
  const paths = (await mirror.list(base)).map(({ path }) => path);
  const named = [...report.frames.map(({ file }) => file), ...report.mentions.map(({ path }) => path)];
  const suspects = paths.filter((path) => named.some((name) => name !== undefined && path.endsWith(name)));
  return { suspects: suspects.map((path) => ({ path, why: 'named in the issue' })) };
}
export function composePrompt(run: Run, _baseline: Baseline, _template: unknown, _located: Located): Prompt {
  return { system: 'fix the bug', user: `${run.issue.title}\n\n${run.report.text}` };
}

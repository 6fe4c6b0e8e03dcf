import { countHidden, type BugReport } from '../issue.ts';
import type { Issue } from '../types.ts';

export interface PlanFacts {
  base: string;
  baseBranch?: string;
  agent: string;
  sandbox: string;
  publishes: boolean;
  limits: { iterations: number; minutes: number; turns: number; dollars: number };
}

/** `--dry-run`: every read and write that a solve would do, in order. */
export function renderPlan(facts: PlanFacts, issue: Issue, report: BugReport, branch: string): string {
  const { limits } = facts;
  return [
    `Dry run for “${issue.title.split('\n', 1)[0]}”: nothing was written, no model was called.`,
    `  understood   severity ${report.severity}, ${report.frames.length} stack frames, ${countHidden(report)} hidden passages removed`,
    `  would read   ${facts.baseBranch ?? 'commit'} at ${facts.base.slice(0, 12)}, in a private clone`,
    `  would run    setup, build and tests of that commit in the ${facts.sandbox} sandbox`,
    `  would ask    ${facts.agent}, at most ${limits.iterations} attempts, ${limits.turns} calls, ${limits.minutes} minutes, $${limits.dollars}`,
    `  would write  .bugloop/runs/<id>/ (report, pull-request text, patch, bundle, transcript)`,
    facts.publishes ? `  would write  branch ${branch}, only with a proof` : '  would write  no branch (--no-publish)',
    '',
  ].join('\n');
}

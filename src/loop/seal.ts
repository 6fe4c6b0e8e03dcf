import { countResults, failingIds } from '../core/compare.ts';
import { priceDateOf } from '../core/cost.ts';
import { countHidden } from '../core/issue.ts';
import type { Review } from '../core/ledger.ts';
import { isTestPath } from '../core/paths.ts';
import { reportSchema, reportVersion, type RunReport } from '../core/report.ts';
import type { Sums } from '../core/sums.ts';
import type { Change, CommitId, Reason } from '../core/types.ts';
import { renderPullRequest } from '../core/views/pull-request.ts';
import type { Baseline } from './baseline.ts';
import type { Progressed } from './repair.ts';
import type { Run } from './run.ts';

/** What the run knows about itself besides the loop's own state. */
export interface Sealing {
  version: string;
  startedAt: number;
  baseBranch?: string;
  /** The ledger, where the run answered a review. */
  review?: Review;
  /** Runs for the same change before this one. */
  earlier?: Sums;
}

export type Ending = { end: RunReport['outcome'] } & { reason?: Reason; baseline?: Baseline; progressed: Progressed };

/**
 * Ends a run: the proven tree becomes one commit on the base, then report, bundle, patch and the pull-request text
 * are written. Attempts are not published: a refused one may hold what must not leave.
 */
export async function seal(run: Run, ending: Ending, sealing: Sealing): Promise<RunReport> {
  const { progressed } = ending;
  const { mirror } = run.workspace;
  const proven = ending.end === 'proven';
  const head = proven ? await mirror.squash(run.base, progressed.head, commitMessage(run), run.onto) : progressed.head;
  return await sealCommit(run, ending, sealing, head);
}

/** Ends a run whose commit is made: report, bundle, patch and the pull-request text. */
export async function sealCommit(run: Run, ending: Ending, sealing: Sealing, head: CommitId): Promise<RunReport> {
  const { journal, workspace } = run;
  const change = await workspace.mirror.change(run.base, head);
  const report = reportSchema.parse(buildReport(run, ending, sealing, head, change));
  if (head !== run.base) {
    await workspace.mirror.bundle(journal.path('change.bundle'), run.branch, run.base, head);
    await journal.write('patch.diff', await workspace.mirror.patch(run.base, head));
  }
  await journal.write('pull-request.md', renderPullRequest(report));
  await journal.write('report.json', `${JSON.stringify(report, null, 2)}\n`);
  await journal.append('journal.jsonl', { type: 'sealed', outcome: report.outcome, head });
  return report;
}

/** The subject is the issue's title; the trailers let anybody find the run again. */
function commitMessage({ issue, journal }: Run): string {
  const title = issue.title.replaceAll(/\s+/g, ' ').trim().slice(0, 60);
  const closes = issue.number === undefined ? [] : [`Closes: #${issue.number}`];
  return [`fix: ${title}`, '', ...closes, `Bugloop-Run: ${journal.id}`, 'Bugloop-Outcome: proven', ''].join('\n');
}

function buildReport(run: Run, ending: Ending, sealing: Sealing, head: CommitId, change: Change): RunReport {
  const { progressed, baseline } = ending;
  const { issue, report, workspace } = run;
  const endedAt = run.now();
  const last = progressed.last;
  return {
    version: reportVersion,
    run: {
      id: run.journal.id,
      bugloop: sealing.version,
      startedAt: new Date(sealing.startedAt).toISOString(),
      endedAt: new Date(endedAt).toISOString(),
      durationMs: endedAt - sealing.startedAt,
    },
    outcome: ending.end,
    ...(ending.reason === undefined ? {} : { escalation: ending.reason }),
    needsHuman: ending.end === 'proven' ? (last?.human ?? []) : [],
    issue: {
      id: issue.id,
      ...(issue.number === undefined ? {} : { number: issue.number }),
      title: issue.title,
      ...(issue.url === undefined ? {} : { url: issue.url }),
      severity: report.severity,
      ...(report.error?.type === undefined ? {} : { errorType: report.error.type }),
      ...(report.error?.message === undefined ? {} : { errorMessage: report.error.message }),
      frames: report.frames.length,
      hiddenText: countHidden(report),
    },
    branch: run.branch,
    base: { ...(sealing.baseBranch === undefined ? {} : { branch: sealing.baseBranch }), commit: run.base },
    ...(head === run.base ? {} : { head }),
    agent: { name: run.agent.name, ...(run.agent.model === undefined ? {} : { model: run.agent.model }) },
    sandbox: workspace.sandbox,
    commands: {
      ...(workspace.commands.setup === undefined ? {} : { setup: [...workspace.commands.setup] }),
      ...(workspace.commands.build === undefined ? {} : { build: [...workspace.commands.build] }),
      ...(workspace.commands.test === undefined ? {} : { test: [...workspace.commands.test] }),
    },
    ...(baseline === undefined ? {} : { baseline: describeBaseline(baseline) }),
    suspects: run.suspects,
    attempts: progressed.attempts,
    ...(change.files.length === 0 ? {} : { change: describeChange(change, run.config.tests) }),
    ...(last?.proof === undefined ? {} : { proof: last.proof }),
    ...(last?.reproduction === undefined ? {} : { reproduction: last.reproduction }),
    ...(sealing.review === undefined ? {} : { review: sealing.review }),
    ...(sealing.earlier === undefined ? {} : { earlier: sealing.earlier }),
    cost: {
      usage: progressed.spent.usage,
      dollars: progressed.spent.dollars,
      ...(progressed.spent.usage.calls === 0 ? {} : { priceDate: priceDateOf(run.agent.model ?? '', run.config.prices) }),
      assumed: progressed.assumedPrice,
    },
  };
}

export function describeBaseline({ runs, build }: Baseline): NonNullable<RunReport['baseline']> {
  const [whole] = runs;
  return {
    runner: whole.runner,
    perTest: whole.perTest,
    counts: countResults(whole),
    failing: failingIds(whole).slice(0, 100),
    ...(build === undefined ? {} : { buildExit: build.exitCode }),
    durationMs: whole.execution.durationMs,
  };
}

export function describeChange({ files }: Change, tests: readonly string[]): NonNullable<RunReport['change']> {
  const sum = (pick: (file: Change['files'][number]) => number): number => files.reduce((total, file) => total + pick(file), 0);
  return {
    files: files.map(({ path, status, addedLines, removedLines }) => ({
      path,
      status,
      addedLines,
      removedLines,
      test: isTestPath(path, tests),
    })),
    addedLines: sum((file) => file.addedLines),
    removedLines: sum((file) => file.removedLines),
    bytes: sum((file) => file.changedBytes),
  };
}

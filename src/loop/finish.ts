import type { CommandResult, Context } from '../context.ts';
import { askedBy } from '../core/halt.ts';
import type { RunReport } from '../core/report.ts';
import { renderOutcome } from '../core/views/terminal.ts';
import { exits, interruptedExit, type Exit } from '../errors.ts';
import type { Forge, Standing } from '../ports.ts';
import { findUntold, lookAgain, openCase, readRecord, takeIssue, type Case } from './claim.ts';
import { conclude, staleBase, tell, type Conclusion } from './conclude.ts';
import { onNewestBase } from './renew.ts';
import type { Run } from './run.ts';
import { seal, type Ending } from './seal.ts';
import { baseOf } from './start.ts';

/** How a run of the loop ends, whichever command asked for it. */

/** Seals the run and concludes it on the forge, unless that was left to `publish`. */
export async function finish(context: Context, held: Case, run: Run, ending: Ending, startedAt: number): Promise<CommandResult> {
  const first = await sealAndConclude(context, held, run, ending, startedAt);
  if (first.stale === undefined) return first.result;
  const again = await onNewestBase(context, held, run, ending, (...renewed) => sealAndConclude(context, ...renewed, startedAt));
  if (again !== undefined && again.stale === undefined) return again.result;
  throw staleBase(held, first.stale);
}

/** `stale`: the forge wants the change on a newer base, and nothing was written. */
async function sealAndConclude(
  context: Context,
  held: Case,
  run: Run,
  ending: Ending,
  startedAt: number,
): Promise<{ result: CommandResult; stale?: string }> {
  const { journal, base, onto } = run;
  const { baseBranch } = context.repository;
  const { publish } = context.flags;
  // Reads only, so it may go on while the run is sealed; what has become too old meanwhile is looked at again.
  const looking = publish && ending.end === 'proven' ? lookAgain(held) : Promise.resolve(held);
  looking.catch(() => undefined);
  const sealed = await seal(run, ending, {
    version: context.version,
    startedAt,
    ...(baseBranch === undefined ? {} : { baseBranch }),
  });
  const body = (await journal.read('pull-request.md')) ?? '';
  const result: CommandResult = {
    exit: exitOf(sealed, context.signal),
    report: sealed,
    body,
    text: renderOutcome(sealed, journal.dir),
    runDir: journal.dir,
  };
  if (!publish) return { result };
  const conclusion = await conclude(await looking, {
    report: sealed,
    base,
    head: sealed.head ?? base,
    ...(onto === undefined ? {} : { onto }),
    body,
    mirror: run.workspace.mirror,
    config: run.config,
    ...(ending.progressed.last === undefined ? {} : { output: ending.progressed.last.digest }),
  });
  return conclusion.kind === 'stale' ? { result, stale: conclusion.why } : { result: tellConclusion(result, conclusion) };
}

/** The result with what became of it on the forge. */
export function tellConclusion(result: CommandResult, conclusion: Exclude<Conclusion, { kind: 'stale' }>): CommandResult {
  const { text = '' } = result;
  switch (conclusion.kind) {
    case 'published': {
      const { opened, report } = conclusion;
      const told = { ...result, report, ...(result.runDir === undefined ? {} : { text: renderOutcome(report, result.runDir) }) };
      return opened.url === undefined ? told : { ...told, text: `${told.text ?? ''}  draft     ${opened.url}\n` };
    }
    case 'escalated':
      return { ...result, exit: exits.escalated };
    case 'stopped':
      return { ...result, exit: exits.done, text: `${text}\nNot published: ${conclusion.why}\n` };
    default:
      return result.report?.outcome === 'proven' ? { ...result, text: `${text}\nNot published: ${conclusion.why}\n` } : result;
  }
}

/** Finishes what a run left that was killed after it opened its change and before it told so. */
export async function tellIfUntold(context: Context, forge: Forge, ref: string, standing: Standing): Promise<void> {
  const change = findUntold(standing);
  if (change === undefined || !context.flags.publish || context.flags.dryRun) return;
  const { config, progress, now } = context;
  const journal = await context.openJournal(standing.issue.id);
  const asked = askedBy({ byHand: false }, readRecord(standing));
  const opened = openCase(
    { forge, ref, standing, lookedAt: now(), asked, config, journal, progress, now },
    { base: baseOf(context) },
  );
  const taken = await takeIssue(opened);
  if (taken.ok) await tell(taken.case, change);
}

export function exitOf({ outcome }: RunReport, signal: AbortSignal): Exit {
  switch (outcome) {
    case 'proven':
    case 'nothing-to-do':
    case 'stopped':
    case 'reproduced':
      return exits.done;
    case 'escalated':
      return exits.escalated;
    case 'transient':
      return exits.transient;
    default:
      return interruptedExit(signal);
  }
}

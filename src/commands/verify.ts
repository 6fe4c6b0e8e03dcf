import type { CommandResult, Session } from '../context.ts';
import type { NamedError } from '../core/proof.ts';
import type { RunReport } from '../core/report.ts';
import type { Reason } from '../core/types.ts';
import { compareClaims } from '../core/verify.ts';
import { renderVerification } from '../core/views/verification.ts';
import { exits, interruptedExit } from '../errors.ts';
import { takeBaseline } from '../loop/baseline.ts';
import { evaluate } from '../loop/evaluate.ts';
import { readSealed } from '../loop/receive.ts';

/**
 * Repeats the proof of a run directory from its bundle: same base, same commit, configuration and commands of the base
 * commit, and compares what is seen now with what the report claims. No model, no key, no write.
 */
export async function verify(session: Session, { target }: { target: string }): Promise<CommandResult> {
  const journal = await session.openRun(target);
  const report = await readSealed(journal, target);
  if (report.head === undefined)
    return refuse(report, [{ code: 'verify.no_change', message: 'the run left no change to verify' }]);

  const context = await session.open({ flags: { base: report.base.commit }, sandbox: true });
  await using workspace = await context.openWorkspace(report.base.commit);
  const head = await workspace.mirror.unbundle(journal.path('change.bundle'), report.branch);
  if (head !== report.head) {
    return refuse(report, [
      { code: 'verify.other_commit', message: `the bundle holds ${head}, the report is about ${report.head}` },
    ]);
  }
  const run = {
    workspace,
    config: context.config,
    progress: context.progress,
    signal: context.signal,
    error: claimedError(report),
  };
  const base = await takeBaseline(run);
  if (!base.ok) return refuse(report, [base.reason]);
  const evaluation = await evaluate(run, base.baseline, head);
  if (context.signal.aborted) return { exit: interruptedExit(context.signal) };
  const reasons = evaluation.stage === 'proven' ? compareClaims(report, evaluation.proof) : evaluation.reasons;
  return reasons.length === 0
    ? { exit: exits.done, text: renderVerification(report, evaluation.proof, []) }
    : refuse(report, reasons);
}

function claimedError({ issue: { errorType, errorMessage } }: RunReport): NamedError {
  return { ...(errorType === undefined ? {} : { errorType }), ...(errorMessage === undefined ? {} : { errorMessage }) };
}

function refuse(report: RunReport, reasons: Reason[]): CommandResult {
  return { exit: exits.escalated, text: renderVerification(report, undefined, reasons) };
}

import type { CommandResult, Session } from '../context.ts';
import { compareBody, readClaims } from '../core/claims.ts';
import type { Reason } from '../core/types.ts';
import { renderEvidence } from '../core/views/pull-request.ts';
import { renderChangeVerification } from '../core/views/verification.ts';
import { exits, interruptedExit } from '../errors.ts';
import { takeBaseline } from '../loop/baseline.ts';
import { evaluate, type Evaluation } from '../loop/evaluate.ts';
import { describeBaseline, describeChange } from '../loop/seal.ts';
import type { PublicChange } from '../ports.ts';

/**
 * Repeats the proof of a pull request from its commits alone and compares what is seen with what its text claims.
 * Configuration and commands are those of the commit that it is built on. No model, no key, no write.
 */
export async function verifyChange(
  session: Session,
  { wanted, slug }: { wanted: number | string; slug?: string | undefined },
): Promise<CommandResult> {
  const change = await session.readPublicChange(wanted, slug);
  const read = readClaims(change.body);
  if (!read.ok) return refuse(change, [{ code: 'verify.no_claims', message: read.why }]);

  const context = await session.open({
    flags: { base: change.base.commit },
    bring: (mirror) => change.fetchBase(mirror),
    sandbox: true,
  });
  await using workspace = await context.openWorkspace(change.base.commit);
  await change.fetchHead(workspace.mirror);
  const { config, progress, signal } = context;
  // What the issue says is not part of the commits; the text's own word about it is not compared.
  const run = { workspace, config, progress, signal, error: {} };
  const base = await takeBaseline(run);
  if (!base.ok) return refuse(change, [base.reason]);
  const evaluation = await evaluate(run, base.baseline, change.head);
  if (signal.aborted) return { exit: interruptedExit(signal) };
  if (evaluation.stage !== 'proven') return refuse(change, evaluation.reasons);

  const text = renderEvidence({
    outcome: 'proven',
    issue: { id: '', title: '', severity: '', frames: 0, hiddenText: 0 },
    baseline: describeBaseline(base.baseline),
    change: describeChange(evaluation.change, config.tests),
    ...proofOf(evaluation),
  });
  const seen = readClaims(text);
  const reasons = seen.ok ? compareBody(read.claims, seen.claims) : [{ code: 'verify.no_claims', message: seen.why }];
  return reasons.length === 0
    ? { exit: exits.done, text: renderChangeVerification(change, evaluation.proof, []) }
    : refuse(change, reasons);
}

function proofOf({ proof }: Evaluation): Pick<Evaluation, 'proof'> {
  return proof === undefined ? {} : { proof };
}

function refuse(change: PublicChange, reasons: Reason[]): CommandResult {
  return { exit: exits.escalated, text: renderChangeVerification(change, undefined, reasons) };
}

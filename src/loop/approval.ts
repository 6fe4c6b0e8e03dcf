import { renderPlanRequest } from '../core/views/status-comment.ts';
import { digestText, markStatus, readRecord, step, takeIssue, type Case } from './claim.ts';

/** A plan waits for a person: as a state, not as a process. Who approves is checked by whoever calls. */

/** The case with the plan approved, where somebody did, for the very text that the plan was about. */
export function approve(held: Case, approvedBy: string | undefined): Case {
  const { plan } = held.record;
  if (plan === undefined || approvedBy === undefined || plan.digest !== held.record.text) return held;
  return { ...held, record: { ...held.record, plan: { ...plan, approvedBy } } };
}

/** A forge without comments has nobody to ask: there the operator's own hand started the run. */
export function needsApproval({ config, record, standing }: Case): boolean {
  if (!config.humanApproval.plan || standing.issue.source !== 'github') return false;
  return record.plan?.approvedBy === undefined || record.plan.digest !== record.text;
}

/** Posts the plan once for this text and says what is waited for. */
export async function askForApproval(held: Case, plan: string): Promise<string> {
  const asked = readRecord(held.standing)?.plan?.digest;
  const digest = digestText(held.standing.issue);
  const waiting = 'it waits for /bugloop approve by somebody with write permission';
  if (asked === digest) return waiting;
  const taken = await takeIssue(held);
  if (!taken.ok) return taken.why;
  const claimed = step(taken.case, 'claim');
  const planned = { ...claimed, record: { ...claimed.record, plan: { digest } } };
  const comment = { key: `plan-${digest}`, text: renderPlanRequest(plan, planned.record) };
  await markStatus(planned, { comment, release: held.journal.id });
  return waiting;
}

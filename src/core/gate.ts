import {
  askGuards,
  completeRule,
  draftRule,
  escalatedRule,
  mergeableRule,
  originRule,
  pathsRule,
  proofRule,
  sizeRule,
} from './gate/change.ts';
import { checksRule } from './gate/checks.ts';
import { approvalsRule, automaticReviewersRule, changesRequestedRule, threadsRule } from './gate/reviews.ts';
import type { GateConfig, Rule } from './gate/rule.ts';
import type { GateSignal, Snapshot } from './snapshot.ts';
import type { CommitId, Reason, Verdict } from './types.ts';

export type { GateConfig } from './gate/rule.ts';

/** One row of the table: what is asked, and how it stands. */
export interface Condition {
  name: string;
  state: 'met' | 'not-asked' | 'waiting' | 'unmet';
  /** One line; of an unmet condition its reasons, joined. */
  detail: string;
}

export type GateVerdict = Verdict & { head: CommitId; conditions: readonly Condition[] };

/** In the order of the table. */
const rules: readonly Rule[] = [
  originRule,
  draftRule,
  mergeableRule,
  completeRule,
  proofRule,
  checksRule,
  automaticReviewersRule,
  threadsRule,
  changesRequestedRule,
  approvalsRule,
  sizeRule,
  pathsRule,
  escalatedRule,
];

/** Whether the change may be marked ready: only when every condition holds of this one snapshot, else every reason. */
export function judgeGate(snapshot: Snapshot, config: GateConfig): GateVerdict {
  const facts = { ...snapshot, guarded: askGuards(snapshot, config) };
  const judged = rules.map((rule) => ({ name: rule.condition, finding: rule.judge(facts, config) }));
  const conditions = judged.map(({ name, finding }): Condition => {
    const detail = 'reasons' in finding ? finding.reasons.map(({ message }) => message).join('; ') : finding.detail;
    return { name, state: finding.state, detail };
  });
  const told = judged.flatMap(({ finding }) => ('reasons' in finding ? finding.reasons : []));
  const reasons = [...new Map(told.map((reason): [string, Reason] => [`${reason.code} ${reason.message}`, reason])).values()];
  const seen = { head: snapshot.head.commit, conditions };
  return reasons.length === 0 ? { ok: true, ...seen } : { ok: false, reasons, ...seen };
}

/** What a forge shows beside the change: red once something needs work, yellow while all that is left is to wait. */
export function signalOf({ ok, conditions }: GateVerdict): GateSignal {
  if (ok) return 'success';
  return conditions.some(({ state }) => state === 'unmet') ? 'failure' : 'pending';
}

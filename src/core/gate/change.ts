import { judgeChange } from '../guards.ts';
import type { Snapshot } from '../snapshot.ts';
import type { Reason } from '../types.ts';
import { count, finding, name, type Against, type GateConfig, type Rule } from './rule.ts';

/** A branch's prefix says nothing about whose it is: repositories are compared by their ids. */
export const originRule: Rule = {
  condition: 'origin',
  judge: (facts, config) => finding(findOrigin(facts, config), `open, from ${facts.head.branch} of this repository`),
};

/** Why the change is not an open one of ours. */
export function findOrigin({ head, base, state }: Snapshot, { branchPrefix }: GateConfig): Against[] {
  const against: Against[] = [];
  if (state !== 'open') against.push({ code: `gate.${state}`, message: `the change is ${state}` });
  if (head.repository === undefined) against.push({ code: 'gate.fork', message: 'the repository of the head branch is gone' });
  else if (head.repository !== base.repository)
    against.push({ code: 'gate.fork', message: `the head branch ${name(head.branch)} is in another repository` });
  if (!head.branch.startsWith(branchPrefix))
    against.push({ code: 'gate.branch', message: `the branch ${name(head.branch)} does not begin with ${branchPrefix}` });
  return against;
}

/** Never against: whether it is one decides what has to be done, not whether it may be. */
export const draftRule: Rule = {
  condition: 'draft',
  judge: ({ draft }) => ({ state: 'met', detail: draft ? 'a draft, marked ready once all holds' : 'already marked ready' }),
};

export const mergeableRule: Rule = {
  condition: 'mergeable',
  judge({ mergeable, base }) {
    const waits = mergeable === 'unknown';
    const against = {
      yes: [],
      no: [{ code: 'gate.conflict', message: `it conflicts with ${name(base.branch)}` }],
      unknown: [{ code: 'gate.mergeable_unknown', message: 'the forge has not worked out whether it can be merged', waits }],
    };
    return finding(against[mergeable], 'without conflicts');
  },
};

/** What was not read to its end may hide anything. */
export const completeRule: Rule = {
  condition: 'complete',
  judge({ missing }) {
    return finding(
      missing.map(({ part, why }) => ({ code: 'gate.incomplete', message: `not all ${part} could be read: ${why}` })),
      'every page was read',
    );
  },
};

export const escalatedRule: Rule = {
  condition: 'escalation',
  judge({ labels }, config) {
    const label = config.labels.needsHuman;
    const escalated = labels.some((one) => one.toLowerCase() === label.toLowerCase());
    const message = `the label ${name(label)} asks for a person`;
    return finding(escalated ? [{ code: 'gate.escalated', message }] : [], 'not escalated');
  },
};

// ---------------------------------------------------------------------------------------------- trees

export const sizeRule: Rule = {
  condition: 'size',
  judge(facts, config) {
    const against = [...unreadTrees(facts), ...facts.guarded.filter(isSize)].map((reason) => rename(reason, 'gate.size'));
    const { maxDiffLines, maxDiffBytes } = config.limits;
    const files = facts.change?.files ?? [];
    const lines = files.reduce((sum, { addedLines, removedLines }) => sum + addedLines + removedLines, 0);
    const bytes = files.reduce((sum, { changedBytes }) => sum + changedBytes, 0);
    return finding(against, `${lines} of ${maxDiffLines} lines, ${bytes} of ${maxDiffBytes} bytes`);
  },
};

export const pathsRule: Rule = {
  condition: 'protected paths',
  judge(facts) {
    const against = [...unreadTrees(facts), ...facts.guarded.filter((reason) => !isSize(reason))];
    const detail = `none of ${count(facts.change?.files.length ?? 0, 'changed file')}`;
    return finding(
      against.map((reason) => rename(reason, 'gate.protected_path')),
      detail,
    );
  },
};

function unreadTrees({ change, head }: Snapshot): Reason[] {
  if (change === undefined) return [{ code: 'gate.trees_unread', message: 'the trees of the change were not read' }];
  if (change.head === head.commit) return [];
  const message = `the trees are of ${change.head.slice(0, 12)}, the head is ${head.commit.slice(0, 12)}`;
  return [{ code: 'gate.trees_other_head', message }];
}

/** What the guards of a run say of these trees, with the limits in force now. */
export function askGuards({ change }: Snapshot, { protectedPaths, limits, tests }: GateConfig): Reason[] {
  if (change === undefined) return [];
  const { maxDiffLines, maxDiffBytes } = limits;
  const verdict = judgeChange(change, { protectedPaths, maxDiffLines, maxDiffBytes, tests });
  return verdict.ok ? [] : verdict.reasons;
}

const isSize = ({ code }: Reason): boolean => code === 'guard.too_many_lines' || code === 'guard.too_many_bytes';

/** The guard's own code stays in the message. */
function rename(reason: Reason, code: string): Reason {
  return reason.code.startsWith('guard.') ? { ...reason, code, message: `${reason.message} (${reason.code})` } : reason;
}

// ---------------------------------------------------------------------------------------------- proof

export const proofRule: Rule = {
  condition: 'proof',
  judge({ proof, head, us }, config) {
    if (!config.proof.required) return { state: 'not-asked', detail: 'not required by the configuration' };
    if (proof === 'none') return finding([{ code: 'gate.proof_missing', message: 'no proof was recorded' }], '');
    if (proof === 'unreadable')
      return finding([{ code: 'gate.proof_unreadable', message: 'what was recorded of the proof cannot be read' }], '');
    const against: Reason[] = [];
    if (proof.by !== us.id) against.push({ code: 'gate.proof_foreign', message: 'the proof was recorded by another account' });
    if (proof.edited) against.push({ code: 'gate.proof_edited', message: 'the record of the proof was edited by somebody else' });
    if (!proof.ok) against.push({ code: 'gate.proof_failed', message: 'the recorded proof did not succeed' });
    if (proof.head !== head.commit) {
      const message = `the proof is for ${proof.head.slice(0, 12)}, the head is ${head.commit.slice(0, 12)}`;
      against.push({ code: 'gate.proof_other_head', message });
    }
    return finding(against, `red and green, for ${head.commit.slice(0, 12)}`);
  },
};

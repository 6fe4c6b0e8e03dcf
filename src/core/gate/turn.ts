import type { Snapshot } from '../snapshot.ts';
import { advance, type StateRecord } from '../state.ts';
import type { Verdict } from '../types.ts';
import { findOrigin } from './change.ts';
import type { GateConfig } from './rule.ts';

/**
 * What becomes of the draft flag, and what our record says of it. Whoever marked a change ready answers for it: a person's
 * word stands, whatever the conditions say; ours was given for one head, and holds for no other.
 */

export type Turn = 'ready' | 'draft' | 'stay';

/** A run that ended between marking ready and looking again, and one that was overtaken by a push, leave the same behind. */
export function planTurn(snapshot: Snapshot, config: GateConfig, { ok }: Verdict): Turn {
  const { draft, readiedBy, told, head } = snapshot;
  if (findOrigin(snapshot, config).length > 0) return 'stay';
  if (draft) return ok ? 'ready' : 'stay';
  return !ok && readiedBy === 'us' && told?.record.ready !== head.commit ? 'draft' : 'stay';
}

/** The record that tells the truth of `snapshot`; `undefined` where it does already, or where a round is at work and will. */
export function retell({ told, draft, head }: Snapshot, { ok }: Verdict): StateRecord | undefined {
  if (told === undefined || told.record.state === 'REVIEWING') return undefined;
  const { ready: before, ...record } = told.record;
  const ready = draft ? undefined : ok ? head.commit : before;
  const state = advance(record.state, draft ? 'reopen' : 'approve') ?? record.state;
  if (state === record.state && ready === before) return undefined;
  return { ...record, state, ...(ready === undefined ? {} : { ready }) };
}

import { describe, expect, test } from 'vitest';
import { normalise } from '../../src/core/config.ts';
import { planTurn, retell } from '../../src/core/gate/turn.ts';
import { judgeGate } from '../../src/core/gate.ts';
import type { Snapshot } from '../../src/core/snapshot.ts';
import type { StateRecord } from '../../src/core/state.ts';
import { headCommit, olderCommit, ready, thread, told } from './gate-snapshots.ts';

const config = normalise({});
const spoilt = { threads: [thread()] };
const readied = { draft: false, readiedBy: 'us' } as const;

describe('the draft flag', () => {
  test.each<[string, 'ready' | 'draft' | 'stay', Partial<Snapshot>]>([
    ['a draft of which all holds', 'ready', {}],
    ['a draft of which not all holds', 'stay', spoilt],
    ['marked ready by us, and all holds', 'stay', readied],
    ['marked ready by us for a head that is gone', 'draft', { ...readied, ...spoilt, told: told({ ready: olderCommit }) }],
    ['marked ready by a run that ended before it could say so', 'draft', { ...readied, ...spoilt, told: told() }],
    ['the same without a record', 'draft', { ...readied, ...spoilt }],
    ['marked ready by us for this head', 'stay', { ...readied, ...spoilt, told: told({ ready: headCommit }) }],
    ['marked ready by a person', 'stay', { ...readied, ...spoilt, readiedBy: 'somebody', told: told({ ready: olderCommit }) }],
    ['never a draft', 'stay', { ...spoilt, draft: false }],
    ['closed', 'stay', { ...readied, ...spoilt, state: 'closed' }],
    ['not a branch of ours', 'stay', { ...readied, head: { ...ready().head, branch: 'fix/one' } }],
  ])('%s: %s', (_, turn, more) => {
    const snapshot = ready(more);
    expect(planTurn(snapshot, config, judgeGate(snapshot, config))).toBe(turn);
  });
});

describe('the record', () => {
  const READY = { state: 'READY', ready: headCommit } as const;
  test.each<[string, Partial<StateRecord>, Partial<Snapshot>, Partial<StateRecord> | undefined]>([
    ['a draft is one', {}, {}, undefined],
    ['ready for this head', {}, { draft: false }, READY],
    ['said already', READY, { draft: false }, undefined],
    ['ready for a newer head', { ...READY, ready: olderCommit }, { draft: false }, READY],
    ['returned to a draft', READY, {}, { state: 'PR_DRAFT' }],
    ['ready by a person, and not all holds', {}, { draft: false, ...spoilt }, { state: 'READY' }],
    ['no longer all holds of what was ready', READY, { draft: false, ...spoilt }, undefined],
    ['a round is at work', { state: 'REVIEWING' }, { draft: false }, undefined],
    ['a person was asked for', { state: 'ESCALATED' }, { draft: false }, { state: 'ESCALATED', ready: headCommit }],
  ])('%s', (_, before, more, after) => {
    const snapshot = ready({ ...more, told: told(before) });
    const record = retell(snapshot, judgeGate(snapshot, config));
    expect(record).toEqual(after === undefined ? undefined : told(after).record);
  });

  test('there is none', () => {
    const snapshot = ready({ draft: false });
    expect(retell(snapshot, judgeGate(snapshot, config))).toBeUndefined();
  });
});

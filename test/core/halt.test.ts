import { describe, expect, test } from 'vitest';
import { askedBy, askedNever, carryHalt, findHalt, type Asked } from '../../src/core/halt.ts';
import { advance, encodeState, readState, type StateRecord } from '../../src/core/state.ts';
import { renderStatus } from '../../src/core/views/status-comment.ts';

const record: StateRecord = {
  version: 1,
  state: 'OPEN',
  issue: '12',
  text: 'digest',
  run: 'run-1',
  branch: 'bugloop/issue-12',
  base: { commit: 'a'.repeat(40) },
};
const at = (minute: number): string => `2026-11-20T21:${String(minute).padStart(2, '0')}:00.000Z`;
const halted = (minute: number, skip = false) => ({
  ...record,
  halt: { at: at(minute), by: 'maria', skip, run: 'run-1' },
});
const label = (minute: number): Asked => ({ since: at(minute), byHand: false });
const command = (minute: number): Asked => ({ since: at(minute), byHand: true });

describe('a run may not go on', () => {
  test.each<[string, StateRecord | undefined, Asked, boolean]>([
    ['where nothing was ever halted', record, label(5), false],
    ['where nothing is known of the issue', undefined, label(5), false],
    ['once it was stopped after it was asked for', halted(10), label(5), true],
    ['once it was stopped, whoever asked', halted(10), command(5), true],
    ['for what was stopped before it was asked for', halted(10), label(15), false],
    ['for what was stopped at the moment it was asked for', halted(10), label(10), false],
    ['where nobody knows when it was asked for', halted(10), askedNever, true],
    ['where a label asks for what is to be left alone', halted(10, true), label(15), true],
    ['where the clock asks for what is to be left alone', halted(10, true), { since: at(10), byHand: false }, true],
    ['where a person asks for what was to be left alone', halted(10, true), command(15), false],
  ])('%s', (_title, known, asked, ends) => {
    expect(findHalt(known, asked) !== undefined).toBe(ends);
  });

  test('what the operator sees when the run begins is not about it, what comes later is', () => {
    const asked = askedBy({ byHand: true }, halted(10));
    expect(findHalt(halted(10), asked)).toBeUndefined();
    expect(findHalt(halted(11), asked)).toMatchObject({ by: 'maria' });
  });

  test('an event that does not say when it happened counts from the first look', () => {
    expect(askedBy({ byHand: false }, halted(10))).toEqual({ since: at(10), byHand: false });
    expect(askedBy({ byHand: false, at: at(5) }, halted(10))).toEqual({ since: at(5), byHand: false });
  });
});

test('asking by hand lifts a skip, and what was halted before stays halted', () => {
  const { halt } = halted(10, true);
  const lifted: StateRecord = { ...record, halt: carryHalt(halt, command(15)) };
  expect(findHalt(lifted, label(20))).toBeUndefined();
  expect(findHalt(lifted, label(5))).toBeDefined();
  expect(carryHalt(halt, label(15))).toEqual(halt);
});

test('the record keeps it, and the comment says it in words', () => {
  const known = halted(10, true);
  expect(readState(encodeState(known), '12')).toEqual({ ok: true, record: known });
  expect(renderStatus(known)).toContain('maria asked to leave the issue alone');
  expect(renderStatus({ ...known, run: 'run-2' })).not.toContain('maria');
});

test.each([
  ['OPEN', 'OPEN'],
  ['ASSIGNED', 'OPEN'],
  ['SOLVING', 'OPEN'],
  ['PR_DRAFT', undefined],
  ['ESCALATED', undefined],
] as const)('halted from %s, it is %s', (from, to) => {
  expect(advance(from, 'halt')).toBe(to);
});

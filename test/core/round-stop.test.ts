import { describe, expect, test } from 'vitest';
import { isUntold, refuseRound, stopRound } from '../../src/core/rounds/stop.ts';
import { stateVersion, type StateRecord } from '../../src/core/state.ts';
import type { ThreadAuthor } from '../../src/core/threads/thread.ts';

type Shown = Parameters<typeof refuseRound>[0];

const [head, pushed, other] = ['a'.repeat(40), 'b'.repeat(40), 'c'.repeat(40)];
const maria: ThreadAuthor = { id: 7, login: 'maria', type: 'User', permission: 'write' };
const guest: ThreadAuthor = { id: 8, login: 'guest', type: 'User', permission: 'read' };
const says = (author: ThreadAuthor, body: string) => ({ id: body, url: '', author, body, createdAt: '2026-11-20T10:00:00Z' });

const shown = (more: Partial<Shown> = {}): Shown => ({
  number: 2,
  state: 'open',
  branch: 'bugloop/issue-1',
  head,
  headOurs: true,
  sameRepository: true,
  openedByUs: true,
  labels: ['bugloop:solving'],
  comments: [],
  reviewers: { ours: new Set([1]), automatic: new Set([2]) },
  ...more,
});
const record = (more: Partial<StateRecord> = {}): StateRecord => ({
  version: stateVersion,
  state: 'PR_DRAFT',
  issue: '1',
  text: 'digest',
  run: 'run',
  branch: 'bugloop/issue-1',
  base: { branch: 'main', commit: other },
  change: { number: 2, head },
  ...more,
});
const halt = (at: string, skip = false) => record({ halt: { at, by: 'maria', skip, run: 'run' } });

describe('a round does not begin', () => {
  test.each<[string, Partial<Shown>, StateRecord | undefined, string]>([
    ['on a fork', { sameRepository: false }, record(), 'review.fork'],
    ['on a change that somebody else opened', { openedByUs: false }, record(), 'review.not_ours'],
    ['on a branch without our prefix', { branch: 'feature/sum' }, record(), 'review.not_ours'],
    ['on a closed change', { state: 'closed' }, record(), 'review.closed'],
    ['on a merged change', { state: 'merged' }, record(), 'review.closed'],
    ["on somebody else's commit", { headOurs: false }, record(), 'review.human_push'],
    ['where the issue is to be left alone', {}, halt('2026-11-20T10:00:00Z', true), 'review.stopped'],
    ['after /bugloop stop', { comments: [says(maria, 'enough\n/bugloop stop')] }, record(), 'review.stopped'],
    ['after it, without an issue', { comments: [says(maria, '/bugloop stop')] }, undefined, 'review.stopped'],
  ])('%s', (_title, more, of, code) => {
    expect(refuseRound(shown(more), of, 'bugloop/')?.code).toBe(code);
  });

  test.each<[string, Partial<Shown>, StateRecord | undefined]>([
    ['of a change of ours', {}, record()],
    ['of one that closes no issue', {}, undefined],
    ['after a stop that somebody who may not steer gave', { comments: [says(guest, '/bugloop stop')] }, record()],
    ['after a stop and a later command', { comments: [says(maria, '/bugloop stop'), says(maria, '/bugloop retry')] }, record()],
    ['after a stop of an earlier run', {}, halt('2026-11-20T10:00:00Z')],
  ])('but it does %s', (_title, more, of) => {
    expect(refuseRound(shown(more), of, 'bugloop/')).toBeUndefined();
  });
});

describe('a round that has begun', () => {
  const begun = { before: head, after: pushed, labels: ['bugloop:solving'], halted: '2026-11-20T10:00:00Z' };

  test.each<[string, Partial<Shown>, StateRecord, string]>([
    ['a push of somebody else', { head: other }, record(), 'review.human_push'],
    ['its label', { labels: [] }, record(), 'review.label_removed'],
    ['a stop since then', {}, halt('2026-11-20T10:00:01Z'), 'review.stopped'],
    ['a close', { state: 'closed' }, record(), 'review.closed'],
  ])('is ended by %s', (_title, more, of, code) => {
    expect(stopRound(begun, shown(more), of, 'bugloop/')?.code).toBe(code);
  });

  test.each<[string, Partial<Shown>, StateRecord]>([
    ['its own push', { head: pushed }, record()],
    ['a stop from before', {}, halt(begun.halted)],
    ['another label', { labels: ['bugloop:solving', 'bug'] }, record()],
  ])('is not ended by %s', (_title, more, of) => {
    expect(stopRound(begun, shown(more), of, 'bugloop/')).toBeUndefined();
  });
});

test.each<[string, Partial<Shown>, StateRecord | undefined, boolean]>([
  ['a head that the record names', {}, record(), false],
  ['a head of ours that it does not name', { head: pushed }, record(), true],
  ["somebody else's head", { head: pushed, headOurs: false }, record(), false],
  ['a change without a record', { head: pushed }, undefined, false],
])('untold: %s', (_title, more, of, expected) => {
  expect(isUntold(shown(more), of)).toBe(expected);
});

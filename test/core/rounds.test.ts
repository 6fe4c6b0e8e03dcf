import { describe, expect, test } from 'vitest';
import { addRound, endRound, judgeRound, type Pace, type Round, type Waiting } from '../../src/core/rounds.ts';

const now = Date.parse('2026-11-21T12:00:00Z');
const pace: Pace = { now, limits: { timeoutMinutes: 30, maxReviewIterations: 3 } };
/** A round lasts 90 minutes at most: 30 of its own, 60 around it. */
const ago = (minutes: number): string => new Date(now - minutes * 60_000).toISOString();
const head = 'a'.repeat(40);
const other = 'b'.repeat(40);
const round = (minutes: number, more: Partial<Round> = {}): Round => ({ at: ago(minutes), head, ...more });
const quiet: Waiting = { head, lock: 'none', cut: false, failed: false, words: [], rounds: [] };

describe('a round that nobody asked for', () => {
  test.each<[string, Partial<Waiting>, boolean, RegExp]>([
    ['nothing waits', {}, false, /nothing waits/],
    ['a check failed', { failed: true }, true, /a check of the head failed/],
    ['a check failed while a run is at work', { failed: true, lock: 'live' }, false, /another run is at work/],
    [
      'a check failed after a round on an older head',
      { failed: true, rounds: [round(10, { head: other, checks: true, ended: true })] },
      true,
      /failed/,
    ],
    [
      'a round worked on the failed checks',
      { failed: true, rounds: [round(10, { checks: true, ended: true })] },
      false,
      /worked on/,
    ],
    ['the round on this head knew no failed check', { failed: true, rounds: [round(10, { ended: true })] }, true, /failed/],
    [
      'a round may still be at work',
      { failed: true, rounds: [round(89, { checks: true })] },
      false,
      /a round began at 2026-11-21T10:31/,
    ],
    [
      'a round of the head before may still be at work',
      { failed: true, rounds: [round(89, { head: other })] },
      false,
      /a round began/,
    ],
    ['a round never ended', { failed: true, rounds: [round(91, { checks: true })] }, true, /failed/],
    ['a thread waits for a round that may be on its way', { words: [ago(89)] }, false, /nothing waits/],
    ['a thread waits for longer', { words: [ago(5), ago(91)] }, true, /a thread has waited/],
    ['a thread waits for longer, and a round began', { words: [ago(91)], rounds: [round(20)] }, false, /a round began/],
    ['a round died, and its lock ran out', { cut: true, lock: 'dead', rounds: [round(5)] }, true, /before its last word/],
    ['a round died, and another has begun since', { cut: true, lock: 'none', rounds: [round(5)] }, false, /a round began/],
    ['a round died long ago', { cut: true, rounds: [round(91)] }, true, /before its last word/],
    ['a dead lock alone', { lock: 'dead' }, false, /nothing waits/],
    [
      'as many rounds as may, but people asked for one of them',
      {
        failed: true,
        rounds: [round(900, { head: 'c' }), round(800, { head: 'd', asked: true }), round(700, { head: 'e' })],
      },
      true,
      /failed/,
    ],
    [
      'as many rounds as may',
      { failed: true, rounds: [round(900, { head: 'c' }), round(800, { head: 'd' }), round(700, { head: 'e' })] },
      false,
      /3 rounds have begun by themselves, and 3 may/,
    ],
  ])('%s', (_title, waiting, due, why) => {
    expect(judgeRound({ ...quiet, ...waiting }, pace)).toEqual({ due, why: expect.stringMatching(why) });
  });

  test('however often checks fail, begins as often as may, once for each head', () => {
    let rounds: Round[] = [];
    let begun = 0;
    let doubled = 0;
    for (let minute = 0; minute < 6_000; minute += 7) {
      const at: Pace = { ...pace, now: now + minute * 60_000 };
      // A new head every ten hours, and a check of it that fails again and again.
      const waiting: Waiting = { ...quiet, head: String(Math.floor(minute / 600)), failed: true, rounds };
      if (judgeRound(waiting, at).due) {
        begun += 1;
        rounds = addRound(rounds, { ...waiting, asked: false }, at);
        if (judgeRound({ ...waiting, rounds }, at).due) doubled += 1;
      } else if (rounds.at(-1)?.ended !== true && minute % 60 < 7) rounds = endRound(rounds, rounds.at(-1)?.head ?? '');
    }
    expect({ begun, doubled, heads: new Set(rounds.map((one) => one.head)).size }).toEqual({ begun: 3, doubled: 0, heads: 3 });
  });
});

describe('what is kept', () => {
  test('what a round began with', () => {
    const first = addRound([], { head, failed: true, asked: false }, pace);
    expect(first).toEqual([{ at: ago(0), head, checks: true }]);
    expect(addRound(first, { head: other, failed: false, asked: true }, pace)).toEqual([
      ...first,
      { at: ago(0), head: other, asked: true },
    ]);
  });

  test('of two rounds on one head the newest ends', () => {
    expect(endRound([round(200), round(100)], head)).toEqual([round(200), round(100, { ended: true })]);
    expect(endRound([round(100)], other)).toEqual([round(100)]);
  });

  test('at most twenty', () => {
    const many = Array.from({ length: 30 }, (_, index): Round => round(10_000 - index, { head: String(index), ended: true }));
    expect(addRound(many, { head, failed: false, asked: false }, pace)).toHaveLength(20);
    expect(addRound(many, { head, failed: false, asked: false }, pace).at(-1)?.head).toBe(head);
  });
});

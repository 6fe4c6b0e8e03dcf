import { describe, expect, test } from 'vitest';
import { decide, reachedLimit, type Limits, type Spent } from '../../src/core/decide.ts';
import { noUsage } from '../../src/core/cost.ts';
import type { Attempt } from '../../src/core/report.ts';

const limits: Limits = { iterations: 5, deadline: 1_000, turns: 10, dollars: 5 };
const spent: Spent = { usage: noUsage, dollars: 0 };

function attempt(change: Partial<Attempt> = {}): Attempt {
  return {
    number: 1,
    durationMs: 1,
    commit: 'c',
    tree: 't',
    stage: 'tests',
    agentEnd: 'finished',
    summary: '',
    reasons: [],
    failing: [],
    files: [],
    addedLines: 0,
    removedLines: 0,
    usage: noUsage,
    dollars: 0,
    ...change,
  };
}

describe('decide', () => {
  test.each([
    ['a proof finishes', [attempt({ stage: 'proven' })], 'finish', undefined],
    ['a proof finishes even when the agent hit a limit', [attempt({ stage: 'proven', agentEnd: 'limit' })], 'finish', undefined],
    ['failing tests are tried again', [attempt()], 'retry', undefined],
    ['giving up escalates', [attempt({ agentEnd: 'gave-up' })], 'escalate', 'agent.gave_up'],
    ['a refusal escalates with its own code', [attempt({ agentEnd: 'refused' })], 'escalate', 'agent.auth'],
    ['a limit inside the attempt escalates', [attempt({ agentEnd: 'limit', summary: 'too dear' })], 'escalate', 'limit.reached'],
    ['an overloaded model pauses', [attempt({ agentEnd: 'transient' })], 'pause', 'agent.transient'],
    ['an interruption pauses', [attempt({ agentEnd: 'interrupted' })], 'pause', 'run.interrupted'],
    ['the same tree and failures three times escalate', [attempt(), attempt(), attempt()], 'escalate', 'loop.no_progress'],
    ['another tree is progress', [attempt(), attempt({ tree: 'u' }), attempt()], 'retry', undefined],
    ['other failures are progress', [attempt(), attempt({ failing: ['x'] }), attempt()], 'retry', undefined],
  ] as const)('%s', (_name, attempts, expected, code) => {
    const next = decide(attempts, 'agent.auth', limits, spent, 0);
    expect(next.do).toBe(expected);
    expect('reason' in next ? next.reason.code : undefined).toBe(code);
  });

  test('the iteration limit comes before another attempt', () => {
    const attempts = [1, 2, 3, 4, 5].map((number) => attempt({ number, tree: String(number) }));
    expect(decide(attempts, undefined, limits, spent, 0)).toMatchObject({ do: 'escalate', reason: { code: 'limit.iterations' } });
  });
});

describe('reachedLimit', () => {
  test.each([
    ['nothing reached', 0, spent, 0, 0, undefined],
    ['iterations', 5, spent, 0, 0, 'limit.iterations'],
    ['the deadline', 0, spent, 1_000, 0, 'limit.time'],
    ['model calls', 0, { usage: { ...noUsage, calls: 10 }, dollars: 0 }, 0, 0, 'limit.turns'],
    ['dollars', 0, { usage: noUsage, dollars: 5.01 }, 0, 0, 'limit.dollars'],
    ['dollars that the next call would cost', 0, { usage: noUsage, dollars: 4 }, 0, 1.5, 'limit.dollars'],
  ])('%s', (_name, iterations, used, now, worst, code) => {
    expect(reachedLimit(iterations, limits, used, now, worst)?.code).toBe(code);
  });
});

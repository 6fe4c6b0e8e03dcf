import { describe, expect, test } from 'vitest';
import { addStart, findOver, renderOver, type StartOf } from '../../src/core/caps.ts';
import { normalise } from '../../src/core/config.ts';

const noon = Date.parse('2026-11-20T12:00:00Z');
const start = (minutesAgo: number, { by = 1, issue = '1' }: { by?: number; issue?: string } = {}): StartOf => ({
  at: new Date(noon - minutesAgo * 60_000).toISOString(),
  by,
  issue,
});
const { limits } = normalise({
  limits: { max_runs_per_hour: 3, max_runs_per_day: 5, max_actor_runs_per_hour: 2, max_actor_runs_per_day: 4 },
});
const mine = start(0, { issue: '9' });
const others = (minutes: number[], by = 2): StartOf[] =>
  minutes.map((minute, index) => start(minute, { by, issue: String(index) }));

describe('a run', () => {
  test.each<[string, StartOf[], string | undefined]>([
    ['alone', [], undefined],
    ['below every cap', others([10, 20]), undefined],
    ['after three in the hour', others([10, 20, 30]), '3 runs an hour in this repository'],
    ['after three of which one is an hour old', others([10, 20, 60]), undefined],
    ['after five in the day', others([70, 80, 90, 100, 110]), '5 runs a day in this repository'],
    ['after five of which one is a day old', others([70, 80, 90, 100, 24 * 60]), undefined],
    ['after two of its own account', [...others([10, 20], 1)], '2 runs an hour for one account'],
    ['after four of its own account in the day', others([70, 80, 90, 100], 1), '4 runs a day for one account'],
  ])('%s', (_title, before, allows) => {
    expect(findOver(mine, [...before, mine], limits)?.allows).toBe(allows);
  });

  test('that nobody asked for has no account', () => {
    const { by: _, ...nobody } = mine;
    expect(findOver(nobody, [...others([10, 20], 1), nobody], limits)).toBeUndefined();
  });

  test('may start again when the oldest that counts leaves', () => {
    const over = findOver(mine, [...others([10, 20, 30]), mine], limits);
    expect(over?.again).toBe('2026-11-20T12:30:00.000Z');
    expect(over === undefined ? '' : renderOver(over)).toContain('After 2026-11-20 12:30 UTC');
  });
});

const counted = (seen: StartOf[]): string[] =>
  seen.filter((one) => findOver(one, seen, limits) === undefined).map(({ issue }) => issue);

test('of fifty that start at once, whoever counts in whatever order, exactly three go on', () => {
  const all = Array.from({ length: 50 }, (_, index) => ({ at: mine.at, by: index, issue: String(index + 1) }));
  expect(counted(all)).toEqual(['1', '2', '3']);
  expect(counted(all.toReversed()).sort()).toEqual(['1', '2', '3']);
});

test('what no cap counts any more is forgotten', () => {
  expect(addStart([start(24 * 60 + 1), start(5)], mine)).toEqual([start(5), mine]);
});

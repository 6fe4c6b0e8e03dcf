import { describe, expect, test } from 'vitest';
import { ochiai, rankLines } from '../../src/core/rank.ts';
import type { Coverage } from '../../src/core/types.ts';

const ran = (...lines: number[]): Coverage => ({ files: [{ path: 'src/a.js', executable: [1, 2, 3, 4, 5], executed: lines }] });
const everything = (): boolean => true;

describe('ochiai', () => {
  test.each([
    [{ ef: 0, nf: 1, ep: 0 }, 0],
    [{ ef: 1, nf: 0, ep: 0 }, 1],
    [{ ef: 1, nf: 0, ep: 3 }, 0.5],
    [{ ef: 1, nf: 3, ep: 0 }, 0.5],
    [{ ef: 2, nf: 0, ep: 6 }, 0.5],
  ])('%o gives %d', (counts, expected) => {
    expect(ochiai(counts)).toBeCloseTo(expected, 10);
  });
});

describe('rankLines', () => {
  test('puts lines first that only the red run executes', () => {
    const ranked = rankLines({
      failing: [ran(1, 2, 3)],
      passing: [ran(1, 2), ran(1)],
      frames: [],
      suspects: [],
      accept: everything,
    });
    expect(ranked.map(({ line }) => line)).toEqual([3, 2, 1]);
    expect(ranked.map(({ score }) => score)).toEqual([1, 1 / Math.SQRT2, 1 / Math.sqrt(3)]);
    expect(ranked[1]?.why).toBe('run by the red test and by 1 of 2 passing runs');
  });

  test('never ranks what no red run executes', () => {
    const ranked = rankLines({ failing: [ran(1)], passing: [ran(1, 5)], frames: [], suspects: [], accept: everything });
    expect(ranked.map(({ line }) => line)).toEqual([1]);
  });

  test('lets the throwing line overtake lines that every test executes', () => {
    const evidence = { failing: [ran(1, 2)], passing: [ran(1, 2), ran(1, 2), ran(1, 2)], suspects: [], accept: everything };
    const frames = [
      { path: 'src/a.js', line: 2 },
      { path: 'src/a.js', line: 1 },
    ];
    const ranked = rankLines({ ...evidence, frames });
    expect(ranked.map(({ line }) => line)).toEqual([2, 1]);
    expect(ranked.map(({ score }) => score)).toEqual([expect.closeTo(0.95, 10), expect.closeTo(0.8, 10)]);
    expect(ranked[0]?.why).toBe('the failure was raised here; run by the red test and by 3 of 3 passing runs');
  });

  test('works from frames alone, and from suspects where there is nothing else', () => {
    const frames = [{ path: 'src/b.js', line: 9 }];
    const suspects = [
      { path: 'src/c.js', lines: [1, 2] },
      { path: 'src/d.js', lines: [1] },
    ];
    const bare = { failing: [], passing: [], suspects, accept: everything };
    expect(rankLines({ ...bare, frames }).map(({ path }) => path)).toEqual(['src/b.js']);
    expect(rankLines({ ...bare, frames: [] }).map(({ path }) => path)).toEqual(['src/c.js', 'src/c.js', 'src/d.js']);
  });

  test('leaves out paths that are not accepted', () => {
    const frames = [{ path: 'test/a.test.js', line: 3 }];
    const ranked = rankLines({
      failing: [ran(1)],
      passing: [],
      frames,
      suspects: [],
      accept: (path) => !path.startsWith('test/'),
    });
    expect(ranked.map(({ path }) => path)).toEqual(['src/a.js']);
  });
});

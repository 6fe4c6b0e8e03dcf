import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { interleave, median, quantile, ratios, reaches, type Report, type Result, type Row } from '../../bench/bench.ts';
import { joinReports } from '../../bench/report/join.ts';
import { drawPage } from '../../bench/report/page.ts';
import { renderPerformance, replaceSection } from '../../bench/report/readme.ts';
import { renderTable } from '../../bench/report/table.ts';
import { uncovered } from '../../bench/support/play.ts';

const read = (path: string): string => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');
const row = (more: Partial<Row> = {}): Row => ({
  id: 'C1',
  what: 'start <fast>',
  value: 2,
  unit: '×',
  bar: { is: '≤', value: 1.5 },
  ...more,
});
const taken = { commit: 'a'.repeat(40), dirty: false, date: '2026-11-20', command: 'npm run bench', load: 0.5 };
const result = (rows: Row[]): Result => ({ id: 'start', title: 'Start', seconds: 1, rows, taken });
const report = (rows: Row[]): Report => ({
  version: 2,
  machine: { cpus: 2, model: 'cpu', memoryGB: 4, node: '24.0.0', platform: 'linux' },
  results: [result(rows)],
});

describe('figures', () => {
  test.each<[number, Row['bar'], boolean | undefined]>([
    [1, { is: '≤', value: 1 }, true],
    [1.01, { is: '≤', value: 1 }, false],
    [99, { is: '≥', value: 100 }, false],
    [100, { is: '≥', value: 100 }, true],
    [Number.NaN, { is: '≤', value: 1 }, false],
  ])('%s against %o: %s', (value, bar, expected) => {
    expect(reaches(row({ value, ...(bar === undefined ? {} : { bar }) }))).toBe(expected);
  });

  test('quantiles and ratios', () => {
    expect(median([3, 1, 2])).toBe(2);
    expect(median([4, 1, 2, 3])).toBe(2.5);
    expect(quantile([0, 10], 0.95)).toBe(9.5);
    expect(median([])).toBeNaN();
    expect(ratios([2, 9], [1, 3])).toEqual([2, 3]);
  });

  test('what is interleaved runs in turn, the first round only to warm up', async () => {
    const calls: string[] = [];
    const times = await interleave(2, { a: () => Promise.resolve(calls.push('a')), b: () => Promise.resolve(calls.push('b')) });
    expect(calls.join('')).toBe('ababab');
    expect(times('a')).toHaveLength(2);
  });

  test.each([
    ['nothing', [], 100],
    ['one inside', [[10, 30]], 80],
    [
      'overlapping',
      [
        [10, 30],
        [20, 40],
      ],
      70,
    ],
    [
      'one in another',
      [
        [10, 50],
        [20, 30],
      ],
      60,
    ],
    [
      'beyond both ends',
      [
        [-10, 10],
        [90, 200],
      ],
      80,
    ],
    ['everything', [[-10, 200]], 0],
  ])('time that no span covers: %s', (_, spans, expected) => {
    expect(
      uncovered(
        0,
        100,
        spans.map(([started = 0, ended = 0]) => ({ started, ended })),
      ),
    ).toBe(expected);
  });

  test('a span without an end lasts', () => {
    expect(uncovered(0, 100, [{ started: 60, ended: null }])).toBe(60);
  });
});

describe('what is shown', () => {
  test('a missed bar is said to be missed everywhere', () => {
    const missed = report([row()]);
    expect(renderTable(missed.results)).toContain('MISSED  start <fast>');
    expect(drawPage(missed)).toContain('<span class="missed">missed, bar ≤ 1.50 ×</span>');
    expect(renderPerformance(missed)).toContain('| C1 start <fast> | **2.00 ×** missed | ≤ 1.50 × |');
  });

  test('a bench without figures says why', () => {
    const broken = { ...report([]), results: [{ ...result([]), broken: 'no <git>' }] };
    expect(renderTable(broken.results)).toContain('broken: no <git>');
    expect(drawPage(broken)).toContain('Broken: no &lt;git&gt;');
  });

  test('the page needs nothing from elsewhere and escapes what it shows', () => {
    const page = drawPage(report([row({ samples: [1, 2, 3], peer: { value: 4, what: 'a & b' } })]));
    expect(page).not.toMatch(/<script|src=|href=|https?:(?!\/\/www\.w3\.org\/2000\/svg)/);
    expect(page).not.toContain('start <fast>');
    expect(page).toContain('a &amp; b');
  });

  test("the README's table is that of the kept results", () => {
    const kept: Report = JSON.parse(read('bench/results/results.json'));
    const readme = read('README.md');
    expect(readme).toBe(replaceSection(readme, renderPerformance(kept)));
  });

  test('what was measured before stays, under its own commit, unless it was measured again', () => {
    const long = {
      ...result([row({ id: 'S1', what: 'bugs' })]),
      id: 'oracle',
      taken: { ...taken, commit: 'b'.repeat(40), command: 'npm run bench -- --full oracle' },
    };
    const earlier = { ...report([row({ value: 9 })]), results: [result([row({ value: 9 })]), long] };
    const joined = joinReports(earlier, report([row()]));
    expect(joined.results.map(({ id, rows }) => [id, rows[0]?.value])).toEqual([
      ['start', 2],
      ['oracle', 2],
    ]);
    const shown = renderPerformance(joined);
    expect(shown).toContain('`npm run bench` at `aaaaaaaaaaaa`');
    expect(shown).toContain('`npm run bench -- --full oracle` at `bbbbbbbbbbbb`');
    expect(drawPage(joined)).toContain('<code>npm run bench -- --full oracle</code>');
  });

  test('what another machine measured does not stand beside it', () => {
    const other = { ...report([row()]), machine: { ...report([]).machine, model: 'another' } };
    expect(joinReports(other, { ...report([]), results: [] }).results).toEqual([]);
    expect(joinReports(undefined, report([]))).toEqual(report([]));
  });

  test('without markers nothing is replaced', () => {
    expect(() => replaceSection('# nothing', 'x')).toThrow('<!-- performance');
  });
});

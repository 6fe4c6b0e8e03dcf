import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { searchAgent } from '../../src/agent/search/index.ts';
import { normalise } from '../../src/core/config.ts';
import type { Issue } from '../../src/core/types.ts';
import type { AgentTask } from '../../src/ports.ts';
import { openPlace, type Place } from './place.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

type Files = Record<string, string>;

function readExample(name: string): Files {
  const folder = join(root, 'examples', name);
  const paths = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
    .filter((path) => !/node_modules|__pycache__|\.pytest_cache/.test(path));
  return Object.fromEntries(paths.map((path) => [path, readFileSync(join(folder, path), 'utf8')]));
}

function issueOf(markdown: string): Issue {
  const [heading = '', ...rest] = markdown.split('\n');
  return { id: 'bug', title: heading.replace(/^# /, ''), body: rest.join('\n'), source: 'file' };
}

/** A task as the loop hands it over: after a baseline, with a check that runs the whole suite. */
async function prepare(place: Place, issue: Issue, more: Partial<AgentTask> = {}): Promise<AgentTask> {
  const { workspace } = place;
  const signal = new AbortController().signal;
  const baseline = await workspace.test({}, { signal });
  await workspace.settle();
  return place.task({
    facts: { issue, baseline, tests: normalise({}).tests, suspects: [] },
    check: async () => {
      const run = await workspace.test({}, { signal });
      return { ok: run.results.every(({ status }) => status !== 'failed'), digest: '', run };
    },
    deadline: Date.now() + 300_000,
    ...more,
  });
}

async function snapshot({ workspace }: Place): Promise<Files> {
  const paths = await workspace.files.list();
  const read = await Promise.all(paths.map(async (path) => [path, await workspace.files.read(path)] as const));
  return Object.fromEntries(read.flatMap(([path, answer]) => (answer.ok ? [[path, answer.content]] : [])));
}

/** Paths whose content is not what it was, with what it is now. */
function changes(before: Files, after: Files): Files {
  const paths = new Set([...Object.keys(before), ...Object.keys(after)]);
  return Object.fromEntries(
    [...paths].filter((path) => before[path] !== after[path]).map((path) => [path, after[path] ?? '(gone)']),
  );
}

const triesIn = (place: Place): number => place.lines.filter((line) => line.startsWith('tried ')).length;

describe('the bundled examples', () => {
  test.each([
    {
      example: 'javascript-node-test',
      path: 'src/ranges.js',
      gold: ['range.start < last.end', 'range.start <= last.end'],
      written: 'test/nextchange-reports-a-closing-in-the-middle-of-the.test.js',
    },
    {
      example: 'typescript-vitest',
      path: 'src/totals.ts',
      gold: ['percentOf(list, line.taxRate)', 'percentOf(net, line.taxRate)'],
      written: 'test/tax-is-too-high-on-lines-with-a-discount.test.ts',
      dependencies: join(root, 'node_modules'),
    },
    {
      example: 'python-pytest',
      path: 'plaintable/cells.py',
      gold: [
        '    return number_text(value, column)',
        '    if value is None:\n        return ""\n    return number_text(value, column)',
      ],
      written: 'tests/test_a_none_value_makes_every_table_fail_with_a.py',
    },
  ])('$example', { timeout: 180_000 }, async ({ example, path, gold: [wrong = '', right = ''], written, dependencies }) => {
    const files = readExample(example);
    await using place = await openPlace(files, dependencies === undefined ? {} : { dependencies });
    const task = await prepare(place, issueOf(files['BUG.md'] ?? ''));
    expect(task.facts.baseline.results.every(({ status }) => status === 'passed')).toBe(true);

    const result = await searchAgent().work(task);

    expect(result).toMatchObject({ end: 'finished', summary: expect.stringContaining('Its meaning is unchecked') });
    const changed = changes(files, await snapshot(place));
    expect(Object.keys(changed).sort()).toEqual([path, written].sort());
    expect(changed[path]).toBe(files[path]?.replace(wrong, right));
    expect(triesIn(place)).toBeLessThanOrEqual(25);
  });
});

const manifest = JSON.stringify({ name: 'calc', type: 'module', exports: './src/index.js', scripts: { test: 'node --test' } });
/** Bounds are inclusive, says its report; written with CRLF and odd spacing. */
const source =
  'export function count(list, low, high) {\r\n  let n = 0;\r\n  for (const item of list) {\r\n    if (item >= low  &&  item < high) n += 1; // both\r\n  }\r\n  return n;\r\n}\r\n';
const greenTest =
  "import test from 'node:test';\nimport assert from 'node:assert/strict';\nimport { count } from '../src/index.js';\n\ntest('counts', () => {\n  assert.equal(count([1, 5, 9], 2, 6), 1);\n});\n";
const calc = { 'package.json': manifest, 'src/index.js': source, 'test/count.test.js': greenTest };
const report = (expected: number): Issue =>
  issueOf(
    `# High bound is left out\n\n\`\`\`js\nimport { count } from 'calc';\ncount([1, 5, 9], 2, 9); // => 1, expected ${expected}\n\`\`\`\n`,
  );
const writtenTest = 'test/high-bound-is-left-out.test.js';

test('a red test of the baseline is used, and no other is written', async () => {
  const red = greenTest.replace("'counts'", "'counts the high bound'").replace('2, 6), 1', '2, 9), 2');
  await using place = await openPlace({ ...calc, 'test/bound.test.js': red });
  const task = await prepare(place, issueOf('# `count` leaves out the high bound\n\nSee `count`.'));
  const result = await searchAgent().work(task);
  expect(result).toMatchObject({ end: 'finished', summary: expect.stringContaining('Red test: test/bound.test.js.') });
  const before = { ...calc, 'test/bound.test.js': red };
  expect(changes(before, await snapshot(place))).toEqual({ 'src/index.js': source.replace('item < high', 'item <= high') });
});

test('without a red test it says what fits the report and changes nothing', async () => {
  await using place = await openPlace(calc);
  const base = await prepare(place, issueOf('# It is wrong\n\nPlease help.'));
  const result = await searchAgent().work({ ...base, facts: { ...base.facts, suspects: ['src/index.js'] } });
  expect(result).toEqual({
    end: 'gave-up',
    summary:
      'No red test: the report shows no call together with what it should give.\nFiles that fit the report, best first:\n- src/index.js',
  });
  expect(changes(calc, await snapshot(place))).toEqual({});
});

test("a report's example that passes is not kept", async () => {
  await using place = await openPlace(calc);
  const result = await searchAgent().work(await prepare(place, report(1)));
  expect(result).toMatchObject({ end: 'gave-up', summary: expect.stringContaining("the report's example passes") });
  expect(changes(calc, await snapshot(place))).toEqual({});
});

test('what no edit mends is reproduced, localized and left as it was', { timeout: 120_000 }, async () => {
  await using place = await openPlace(calc);
  const result = await searchAgent({ maxCandidates: 12 }).work(await prepare(place, report(77)));
  expect(result.end).toBe('gave-up');
  expect(result.summary).toMatch(
    /^Reproduced by the new test test\/high-bound.* Not fixed: 12 of \d+ mechanical edits were tried/,
  );
  expect(result.summary).toContain('- src/index.js:');
  expect(triesIn(place)).toBe(12);
  expect(Object.keys(changes(calc, await snapshot(place)))).toEqual([writtenTest]);
});

test('a later attempt takes the earlier edit back and does not try it again', { timeout: 120_000 }, async () => {
  await using place = await openPlace(calc);
  const first = await prepare(place, report(2));
  expect((await searchAgent({ maxCandidates: 20 }).work(first)).end).toBe('finished');
  const tried = place.lines.filter((line) => line.startsWith('tried ')).map((line) => line.replace(/^[^:]*: /, ''));
  place.lines.length = 0;
  const second = await searchAgent({ maxCandidates: 3 }).work({ ...first, attempt: 2, history: [...place.records] });
  const again = place.lines.filter((line) => line.startsWith('tried ')).map((line) => line.replace(/^[^:]*: /, ''));
  expect(again).toHaveLength(3);
  expect(again.filter((line) => tried.includes(line))).toEqual([]);
  expect(second.end).toBe('gave-up');
  expect(changes(calc, await snapshot(place))['src/index.js']).toBeUndefined();
});

describe('every way to be stopped leaves the source as it was', () => {
  test('the deadline, before anything is run', async () => {
    await using place = await openPlace(calc);
    const task = await prepare(place, report(2));
    expect(await searchAgent().work({ ...task, deadline: Date.now() - 1 })).toMatchObject({ end: 'limit' });
    expect(changes(calc, await snapshot(place))).toEqual({});
  });

  test('a refusal between two trials', async () => {
    await using place = await openPlace(calc);
    const task = await prepare(place, report(77), {
      mayContinue: () => (triesIn(place) < 3 ? { ok: true } : { ok: false, reason: 'turns' }),
    });
    expect(await searchAgent().work(task)).toMatchObject({ end: 'limit', summary: expect.stringContaining('Not fixed: 3 of') });
    expect(changes(calc, await snapshot(place))['src/index.js']).toBeUndefined();
  });

  test('an interrupt in the middle of a trial', async () => {
    await using place = await openPlace(calc);
    const stop = new AbortController();
    const task = await prepare(place, report(77), { signal: stop.signal });
    const result = await searchAgent().work({
      ...task,
      progress: (line) => {
        if (line.startsWith('tried 2 ')) stop.abort();
      },
    });
    expect(result.end).toBe('interrupted');
    expect(changes(calc, await snapshot(place))['src/index.js']).toBeUndefined();
  });
});

test('an edit that never ends is given up and the search goes on', { timeout: 120_000 }, async () => {
  // Counting down instead of up, or never, loops for ever; the bound is what is wrong.
  const looping =
    'export function steps(from, to) {\n  let n = 0;\n  while (from < to) {\n    from += 1;\n    n += 1;\n  }\n  return n;\n}\n';
  const green = greenTest.replaceAll('count', 'steps').replace('steps([1, 5, 9], 2, 6), 1', 'steps(5, 2), 0');
  await using place = await openPlace({ 'package.json': manifest, 'src/index.js': looping, 'test/steps.test.js': green });
  const issue = issueOf('# Last step is missing\n\n```js\nsteps(1, 3) // => 2, expected 3\n```\n');
  const result = await searchAgent({ maxCandidates: 12 }).work(await prepare(place, issue));
  expect(result.end).toBe('finished');
  expect(await place.workspace.files.read('src/index.js')).toMatchObject({
    ok: true,
    content: looping.replace('from < to', 'from <= to'),
  });
});

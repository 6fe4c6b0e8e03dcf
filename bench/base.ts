import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { editCall, type Edit } from '../test/servers/messages/index.ts';
import type { Bench, Options, Row } from './bench.ts';
import { bugReport, goldEdits, shop } from '../test/support/shop.ts';
import { solveWithScript } from './support/play.ts';
import { makeRepository } from './support/repository.ts';

/** A change with the right test and a wrong fix. */
const wrongEdits: Edit[] = [
  { path: 'src/cart.js', old: 'line.price;', new: 'line.price + line.quantity;' },
  ...goldEdits.slice(1),
];

const redTest = `import assert from 'node:assert/strict';
import { test } from 'node:test';

test('an old promise', () => {
  assert.equal('kept', 'broken');
});
`;

/** Red in every run whose place in `outcomes` is `-`, over and over; the runs so far are counted in a file. */
const flakyTest = (log: string, outcomes: string): string => `import assert from 'node:assert/strict';
import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import { test } from 'node:test';

test('a race', () => {
  const runs = existsSync(${JSON.stringify(log)}) ? readFileSync(${JSON.stringify(log)}, 'utf8').length : 0;
  const outcome = ${JSON.stringify(outcomes)}[runs % ${outcomes.length}];
  appendFileSync(${JSON.stringify(log)}, outcome);
  assert.equal(outcome, '+');
});
`;

interface Played {
  accepted: boolean;
  named: boolean;
  /** Outcomes of the flaky test, in order. */
  seen: string;
  why: string;
}

/** Bases whose own tests are not to be relied on: one test always red, one that changes its mind. */
export const base: Bench = {
  id: 'base',
  title: 'Red and flaky bases',
  async run(options) {
    const red = { gold: await play(options, goldEdits), wrong: await play(options, wrongEdits) };
    const sequences = options.full ? ['+-', '-+', '++-', '--+', '+++-', '-++', '+--', '++++-'] : ['+-', '-+', '++-'];
    const flaky: { gold: Played; wrong: Played }[] = [];
    for (const outcomes of sequences) {
      flaky.push({ gold: await play(options, goldEdits, outcomes), wrong: await play(options, wrongEdits, outcomes) });
    }
    const golds = flaky.map(({ gold }) => gold);
    const both = golds.filter(({ seen }) => seen.includes('+') && seen.includes('-'));
    return [
      share('gold accepted on a red base', [red.gold], ({ accepted }) => accepted, 100),
      share('wrong fix accepted on a red base', [red.wrong], ({ accepted }) => accepted, 0),
      share('gold accepted on a flaky base', golds, ({ accepted }) => accepted, 100),
      share(
        'wrong fix accepted on a flaky base',
        flaky.map(({ wrong }) => wrong),
        ({ accepted }) => accepted,
        0,
      ),
      share('flaky test named, where it showed both faces', both, ({ named }) => named, 100),
    ];
  },
};

function share(what: string, rows: readonly Played[], is: (row: Played) => boolean, bar: 0 | 100): Row {
  const found = rows.filter(is);
  const odd = rows.filter((row) => is(row) !== (bar === 100));
  return {
    id: 'S3',
    what,
    value: (100 * found.length) / rows.length,
    unit: '%',
    bar: { is: bar === 0 ? '≤' : '≥', value: bar },
    note: [`${found.length} of ${rows.length}`, ...odd.map(({ seen, why }) => `${seen} ${why}`)].join('; '),
  };
}

let number = 0;

async function play({ scratch }: Options, edits: readonly Edit[], outcomes?: string): Promise<Played> {
  const directory = join(scratch, `base-${number++}`);
  const log = join(directory, 'outcomes');
  const test = outcomes === undefined ? { 'test/old.test.js': redTest } : { 'test/race.test.js': flakyTest(log, outcomes) };
  const repository = await makeRepository(join(directory, 'repository'), { ...shop, ...test });
  const issue = join(directory, 'bug.md');
  await writeFile(issue, bugReport);
  const calls = [
    ...edits.map(editCall).map(({ name, input }) => ({ tool: name, input })),
    { tool: 'finish', input: { summary: 'Fixed.' } },
  ];
  // The count of the runs lies outside of what a strict sandbox lets a test write.
  const { report } = await solveWithScript(repository, issue, [calls], ['--max-iterations', '1', '--sandbox', 'basic']);
  const last = report?.attempts.at(-1);
  return {
    accepted: report?.outcome === 'proven',
    named: report?.proof?.flaky.some((id) => id.includes('a race')) ?? false,
    seen: await readFile(log, 'utf8').catch(() => ''),
    why: `${last?.stage ?? 'baseline'}: ${last?.reasons[0]?.message ?? report?.escalation?.message ?? ''}`.slice(0, 160),
  };
}

import { cp, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { editCall, type Edit } from '../test/servers/messages/index.ts';
import type { Bench, Options, Row } from './bench.ts';
import { bugReport, goldEdits, shop } from '../test/support/shop.ts';
import { materialise, readBugs, type Files, type Materialised } from './registry-bugs/materialise.ts';
import { editsOf } from './registry-bugs/script.ts';
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
    const real = await playReal(options);
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
      ...real,
    ];
  },
};

// ---------------------------------------------------------------------------------------------- real bugs

/** Bugs whose suites run in seconds, of three libraries of tests. */
const realBugs = ['minimist@1.2.5', 'dot-object@2.1.3', 'deepmerge@1.1.0'];

/** The same on releases from the registry: an old test file gets one more test, which is red or changes its mind. */
async function playReal(options: Options): Promise<Row[]> {
  const bugs = (await readBugs()).filter(({ id }) => realBugs.includes(id));
  const played: Record<'red' | 'redWrong' | 'flaky' | 'flakyWrong', Played[]> = {
    red: [],
    redWrong: [],
    flaky: [],
    flakyWrong: [],
  };
  for (const one of options.full ? bugs : bugs.slice(0, 1)) {
    const bug = await materialise(one);
    const gold: Files = new Map([...bug.gold, ...bug.tests]);
    played.red.push(await playOn(options, bug, gold));
    played.redWrong.push(await playOn(options, bug, bug.tests));
    for (const outcomes of options.full ? ['+-', '++-', '-++'] : ['++-']) {
      played.flaky.push(await playOn(options, bug, gold, outcomes));
      played.flakyWrong.push(await playOn(options, bug, bug.tests, outcomes));
    }
  }
  const both = played.flaky.filter(({ seen }) => seen.includes('+') && seen.includes('-'));
  return [
    share('gold accepted on a real bug with a red test', played.red, ({ accepted }) => accepted, 100),
    share('tests without the fix accepted there', played.redWrong, ({ accepted }) => accepted, 0),
    share('gold accepted on a real bug with a flaky test', played.flaky, ({ accepted }) => accepted, 100),
    share('tests without the fix accepted there', played.flakyWrong, ({ accepted }) => accepted, 0),
    share('flaky test of a real bug named, where it showed both faces', both, ({ named }) => named, 100),
  ];
}

async function playOn({ scratch }: Options, bug: Materialised, files: Files, outcomes?: string): Promise<Played> {
  const directory = join(scratch, `base-${number++}`);
  const [repository, log] = [join(directory, 'repository'), join(directory, 'outcomes')];
  await cp(bug.repository, repository, { recursive: true });
  const [path = ''] = bug.tests.keys();
  const old = bug.before.get(path) ?? '';
  const added = oldTest(
    old,
    outcomes === undefined ? 'an old promise' : 'a race',
    outcomes === undefined ? 'false' : nextOf(log, outcomes),
  );
  await writeFile(join(repository, path), old + added);
  const identity = ['-c', 'user.name=registry', '-c', 'user.email=registry@example.com'];
  await execa('git', [...identity, 'commit', '--quiet', '--all', '--message', 'one more test'], { cwd: repository });
  const before: Files = new Map([...bug.before, [path, old + added]]);
  const after: Files = new Map([...files].map(([name, text]) => [name, name === path ? (text ?? '') + added : text]));
  const calls = editsOf(after, { before }).map(editCall);
  const script = [[...calls.map(({ name, input }) => ({ tool: name, input })), { tool: 'finish', input: { summary: 'Fixed.' } }]];
  const flags = ['--max-iterations', '1', '--sandbox', 'basic', '--dependencies', bug.dependencies];
  return await toPlayed(await solveWithScript(repository, bug.issue, script, flags), log);
}

/** One more test in the words of the file that it is put into. */
function oldTest(text: string, title: string, holds: string): string {
  const library = /require\(['"](tape|tap)['"]\)/.exec(text)?.[1];
  const body =
    library === undefined
      ? `it('${title}', function () { if (!(${holds})) throw new Error('${title} was broken') })`
      : `require('${library}').test('${title}', function (t) { t.ok(${holds}); t.end() })`;
  return `\n;${body}\n`;
}

/** The next outcome, where the runs so far are counted in a file. */
const nextOf = (log: string, outcomes: string): string =>
  `(function () { var fs = require('fs'), log = ${JSON.stringify(log)}; var runs = fs.existsSync(log) ? fs.readFileSync(log, 'utf8').length : 0; var next = ${JSON.stringify(outcomes)}[runs % ${outcomes.length}]; fs.appendFileSync(log, next); return next === '+' })()`;

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
  return await toPlayed(await solveWithScript(repository, issue, [calls], ['--max-iterations', '1', '--sandbox', 'basic']), log);
}

async function toPlayed({ report }: Awaited<ReturnType<typeof solveWithScript>>, log: string): Promise<Played> {
  const last = report?.attempts.at(-1);
  return {
    accepted: report?.outcome === 'proven',
    named: report?.proof?.flaky.some((id) => id.includes('a race')) ?? false,
    seen: await readFile(log, 'utf8').catch(() => ''),
    why: `${last?.stage ?? 'baseline'}: ${last?.reasons[0]?.message ?? report?.escalation?.message ?? ''}`.slice(0, 160),
  };
}

import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { cpus, loadavg, tmpdir, totalmem } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import type { Bench, Report, Result, Taken } from './bench.ts';
import { base } from './base.ts';
import { digest } from './digest.ts';
import { draft } from './draft.ts';
import { integrity } from './integrity.ts';
import { languages } from './languages.ts';
import { locate } from './locate.ts';
import { memory } from './memory.ts';
import { oracle } from './oracle.ts';
import { peers } from './peers.ts';
import { joinReports } from './report/join.ts';
import { drawPage } from './report/page.ts';
import { renderTable } from './report/table.ts';
import { resume } from './resume.ts';
import { start } from './start.ts';
import { turns } from './turns.ts';

/**
 * Measures bugloop and says of each figure whether it reaches its bar.
 *
 *   npm run bench                        everything that fits into a quarter of an hour on two slow cores
 *   npm run bench -- start digest        these only
 *   npm run bench -- oracle --bug a@1    one bug, by the beginning of its name
 *   npm run bench -- oracle --variant gold   one kind of change, likewise
 *   npm run bench:full                   all bugs, all rounds
 *   npm run bench -- --out bench/results the JSON and the page go where the README takes its table from; what lies there
 *                                        of benches that are not run this time stays, with the commit it is of
 *
 * Exit code 1 where a bench broke, that is where it has no figures. A missed bar is a result: it is printed as missed
 * with its reason, and does not fail the command, as times on a busy machine would then decide over commits.
 */
const benches: readonly Bench[] = [
  start,
  turns,
  digest,
  memory,
  draft,
  base,
  resume,
  integrity,
  oracle,
  locate,
  languages,
  peers,
];

const { values: flags, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    full: { type: 'boolean', default: false },
    count: { type: 'string' },
    bug: { type: 'string', multiple: true, default: [] },
    variant: { type: 'string', multiple: true, default: [] },
    out: { type: 'string', default: fileURLToPath(new URL('../.cache/bench', import.meta.url)) },
  },
});
const unknown = positionals.filter((id) => !benches.some((bench) => bench.id === id));
if (unknown.length > 0) {
  process.stderr.write(`bench: ${unknown.join(', ')}: there are ${benches.map(({ id }) => id).join(', ')}\n`);
  process.exit(2);
}
const chosen = benches.filter(
  (bench) => positionals.includes(bench.id) || (positionals.length === 0 && (flags.full || !bench.full)),
);
const started = performance.now();
const results: Result[] = [];
for (const bench of chosen) {
  const result = await measure(bench);
  results.push(result);
  process.stdout.write(renderTable([result], process.stdout.isTTY));
}
const kept = join(flags.out, 'results.json');
const report = joinReports(await readReport(kept), { version: 2, machine: describeMachine(), results });
await mkdir(flags.out, { recursive: true });
await writeFile(kept, `${JSON.stringify(report, rounded, 1)}\n`);
await writeFile(join(flags.out, 'index.html'), drawPage(report));
process.stdout.write(
  `\n${renderTable(results, process.stdout.isTTY)}\n${Math.round((performance.now() - started) / 1000)} s, written to ${flags.out}\n`,
);
process.exit(results.some(({ broken }) => broken !== undefined) ? 1 : 0);

function say(line: string): void {
  process.stderr.write(`${line}\n`);
}

async function measure(bench: Bench): Promise<Result> {
  const scratch = await mkdtemp(join(tmpdir(), 'bugloop-bench-'));
  const begun = performance.now();
  const taken = describeCall();
  const end = (): Pick<Result, 'id' | 'title' | 'seconds' | 'taken'> => ({
    id: bench.id,
    title: bench.title,
    seconds: (performance.now() - begun) / 1000,
    taken,
  });
  const count = flags.count === undefined ? undefined : Number(flags.count);
  say(`${bench.id}: ${bench.title}`);
  try {
    const rows = await bench.run({ full: flags.full, count, bugs: flags.bug, variants: flags.variant, scratch, say });
    return { ...end(), rows };
  } catch (error) {
    const broken = error instanceof Error ? error.message : String(error);
    if (error instanceof Error) say(error.stack ?? '');
    return { ...end(), rows: [], broken };
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

function describeCall(): Taken {
  const asked = [
    ...positionals,
    ...(flags.full ? ['--full'] : []),
    ...(flags.count === undefined ? [] : ['--count', flags.count]),
    ...flags.bug.flatMap((bug) => ['--bug', bug]),
    ...flags.variant.flatMap((variant) => ['--variant', variant]),
  ];
  return {
    commit: git('rev-parse', 'HEAD'),
    dirty: git('status', '--porcelain', '--', 'src', 'bin', 'prompts') !== '',
    date: new Date().toISOString().slice(0, 10),
    command: ['npm run bench', ...(asked.length === 0 ? [] : ['--', ...asked])].join(' '),
    load: loadavg()[0] ?? 0,
  };
}

function describeMachine(): Report['machine'] {
  const [cpu] = cpus();
  return {
    cpus: cpus().length,
    model: cpu?.model ?? '',
    memoryGB: Math.round(totalmem() / 2 ** 30),
    node: process.versions.node,
    platform: process.platform,
  };
}

/** What an earlier call left; nothing where there is none, or one of another form. */
async function readReport(path: string): Promise<Report | undefined> {
  const text = await readFile(path, 'utf8').catch(() => undefined);
  const report: Report | undefined = text === undefined ? undefined : JSON.parse(text);
  return report?.version === 2 ? report : undefined;
}

function git(...args: string[]): string {
  return execFileSync('git', args, { encoding: 'utf8', cwd: fileURLToPath(new URL('..', import.meta.url)) }).trim();
}

/** Four digits say all there is to say. */
function rounded(_: string, value: unknown): unknown {
  return typeof value === 'number' && !Number.isInteger(value) ? Number(value.toPrecision(4)) : value;
}

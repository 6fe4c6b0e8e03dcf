import { cp, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs, styleText } from 'node:util';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { readRunReport, type RunReport } from '../../src/core/report.ts';
import { materialise, readBugs, type Bug, type Files, type Materialised } from './materialise.ts';
import { makeVariants, type Variant } from './variants.ts';

/**
 * Plays the gold fix and its negatives on real bugs through `bugloop solve` and the scripted agent, and says of each
 * whether it ended as it must. Needs the npm registry the first time; afterwards everything is under `.cache/`.
 *
 *   node bench/registry-bugs/run.ts --count 20            twenty bugs, gold and all negatives
 *   node bench/registry-bugs/run.ts qs@6.2.1 --only gold  one bug, one variant
 */
const { values: flags, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    count: { type: 'string', default: '20' },
    only: { type: 'string' },
    json: { type: 'string' },
    sandbox: { type: 'string' },
    jobs: { type: 'string', default: '2' },
  },
});
const bin = fileURLToPath(new URL('../../bin/bugloop.js', import.meta.url));

interface Row {
  bug: string;
  variant: string;
  expected: Variant['expected'];
  outcome: string;
  stage: string;
  why: string;
  ok: boolean;
  seconds: number;
}

const rows: Row[] = [];
const queue = await chooseBugs();
await Promise.all(Array.from({ length: Number(flags.jobs) }, work));
report();

async function chooseBugs(): Promise<Bug[]> {
  const bugs = (await readBugs()).filter(runsHere);
  if (positionals.length > 0) return bugs.filter((bug) => positionals.includes(bug.id));
  // Spread over the list, so that no package or runner dominates.
  const step = Math.max(1, bugs.length / Number(flags.count));
  return bugs.filter((_, index) => Math.floor(index / step) !== Math.floor((index - 1) / step)).slice(0, Number(flags.count));
}

/** tap 12 bundles a module loader that fails every file on Node 22 and newer. */
function runsHere({ id, dev_dependencies }: Bug): boolean {
  const runs = !dev_dependencies['tap']?.startsWith('12.') || Number(process.versions.node.split('.')[0]) < 22;
  if (!runs)
    process.stdout.write(`skip ${id.padEnd(28)} its test runner, tap 12, does not work on Node ${process.versions.node}\n`);
  return runs;
}

async function work(): Promise<void> {
  for (let bug = queue.shift(); bug !== undefined; bug = queue.shift()) {
    const materialised = await materialise(bug);
    for (const variant of makeVariants(materialised)) {
      if (flags.only !== undefined && flags.only !== variant.name) continue;
      const row = await play(materialised, variant);
      rows.push(row);
      const mark = row.ok ? styleText('green', 'ok  ') : styleText('red', 'FAIL');
      process.stdout.write(
        `${mark} ${row.bug.padEnd(28)} ${row.variant.padEnd(22)} ${row.outcome} at ${row.stage}  ${row.why}\n`,
      );
    }
  }
}

async function play(bug: Materialised, variant: Variant): Promise<Row> {
  const directory = await mkdtemp(join(tmpdir(), 'bugloop-bench-'));
  try {
    const repository = join(directory, 'repository');
    await cp(bug.repository, repository, { recursive: true });
    const script = join(directory, 'script.json');
    await writeFile(script, JSON.stringify({ attempts: [writeScript(variant.files)] }));
    const started = performance.now();
    const { stdout, stderr, exitCode } = await execa(process.execPath, [bin, 'solve', bug.issue, ...solveFlags(bug, script)], {
      cwd: repository,
      reject: false,
      env: { NO_COLOR: '1' },
    });
    const result = await readResult(repository);
    const seconds = (performance.now() - started) / 1000;
    const base = { bug: bug.bug.id, variant: variant.name, expected: variant.expected, seconds };
    if (result === undefined) {
      return {
        ...base,
        outcome: `exit ${exitCode}`,
        stage: 'none',
        why: (stderr || stdout).trim().split('\n').at(-1) ?? '',
        ok: false,
      };
    }
    const last = result.attempts.at(-1);
    const why = last?.reasons[0]?.message ?? result.escalation?.message ?? '';
    return {
      ...base,
      outcome: result.outcome,
      stage: last?.stage ?? 'baseline',
      why: why.slice(0, 140),
      ok: endedRight(variant, result, exitCode),
    };
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

function solveFlags(bug: Materialised, script: string): string[] {
  const sandbox = flags.sandbox === undefined ? [] : ['--sandbox', flags.sandbox];
  return [
    '--agent',
    'scripted',
    '--script',
    script,
    '--dependencies',
    bug.dependencies,
    '--max-iterations',
    '1',
    '--quiet',
    ...sandbox,
  ];
}

/** Looks around first, as a model does, then leaves exactly these files. */
function writeScript(files: Files): { tool: string; input: Record<string, unknown> }[] {
  return [
    { tool: 'list', input: {} },
    ...[...files].map(([path, content]) =>
      content === undefined ? { tool: 'remove', input: { path } } : { tool: 'create', input: { path, content, overwrite: true } },
    ),
    { tool: 'finish', input: { summary: 'Fixed.' } },
  ];
}

function endedRight({ expected }: Variant, { outcome, head }: RunReport, exitCode: number | undefined): boolean {
  if (expected === 'proven') return outcome === 'proven' && exitCode === 0 && head !== undefined;
  return expected === 'either' || (outcome === 'escalated' && exitCode === 3);
}

async function readResult(repository: string): Promise<RunReport | undefined> {
  const runs = join(repository, '.bugloop/runs');
  const [run] = (await readdir(runs).catch(() => [])).filter((name) => /^\d/.test(name));
  if (run === undefined) return undefined;
  const read = readRunReport(await readFile(join(runs, run, 'report.json'), 'utf8').catch(() => ''));
  return read.ok ? read.report : undefined;
}

function report(): void {
  const names = [...new Set(rows.map(({ variant }) => variant))];
  const lines = names.map((name) => {
    const same = rows.filter(({ variant }) => variant === name);
    const proven = same.filter(({ outcome }) => outcome === 'proven').length;
    const right = same.filter(({ ok }) => ok).length;
    return `  ${name.padEnd(24)} ${String(proven).padStart(3)} of ${String(same.length).padStart(3)} accepted, ${right} as expected`;
  });
  const wrong = rows.filter(({ ok }) => !ok);
  process.stdout.write(
    `\n${new Set(rows.map(({ bug }) => bug)).size} bugs, ${rows.length} runs, ${wrong.length} not as expected\n${lines.join('\n')}\n`,
  );
  if (flags.json !== undefined) void writeFile(flags.json, `${JSON.stringify(rows, null, 2)}\n`);
  if (wrong.length > 0) process.exitCode = 1;
}

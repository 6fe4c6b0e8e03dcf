import { cp, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { RunReport } from '../src/core/report.ts';
import type { Command } from '../src/core/types.ts';
import { execute } from '../src/workspace/exec.ts';
import { detectSandbox } from '../src/workspace/sandbox.ts';
import { editCall, playEdits } from '../test/servers/messages/index.ts';
import { type Bench, type Options, type Row } from './bench.ts';
import { materialiseReal, readRealBugs } from './real-bugs/materialise.ts';
import { materialise, readBugs, type Materialised } from './registry-bugs/materialise.ts';
import { editsOf } from './registry-bugs/script.ts';
import { makeVariants, type Variant } from './registry-bugs/variants.ts';
import { explain, solveWithModel, solveWithScript, type Ended, type Played } from './support/play.ts';
import { git } from './support/repository.ts';

/** One variant of a bug, judged by bugloop and by the usual rule. */
interface Judged {
  bug: string;
  variant: string;
  kind: Variant['kind'];
  accepted: boolean;
  /** How the release itself weakened an old test, where it did. */
  weakens: string | undefined;
  /** Proven, but what for a person has to look at it first. */
  flagged: string[];
  /** Tests of the base were red already: they may show the bug. Only told of fixes without a test. */
  redBefore?: boolean;
  /** Whether the branch holds exactly the files of the variant; only told of accepted ones. */
  exact: boolean;
  /** Where the run stopped, and why. */
  why: string;
  /** "The build is clean and the tests pass". */
  byRule: boolean;
  firstRequestBytes?: number;
}

/**
 * Real bugs from the npm registry and, with `--full`, from repositories. The gold change is played through the model's tools after a look around and has to
 * end in a proven branch with the gold tree; its negatives have to be refused. Needs the registry the first time;
 * afterwards everything is under `.cache/`.
 */
export const oracle: Bench = {
  id: 'oracle',
  title: 'Real bugs: the gold fix and its negatives',
  async run(options) {
    const bugs = await chooseBugs(options);
    const judged: Judged[] = [];
    const all = await readBugs();
    const skipped = all.flatMap(({ id, unfit }) => (unfit === undefined ? [] : [`${id} (${unfit})`]));
    const before = skipped.length;
    const queue = [...bugs];
    const work = async (): Promise<void> => {
      for (let bug = queue.shift(); bug !== undefined; bug = queue.shift()) {
        const materialised = await bug.materialise().catch((error: unknown) => {
          options.say(`  skipped ${bug?.id}: ${String(error).split('\n')[0]}`);
          skipped.push(bug?.id ?? '');
        });
        if (materialised === undefined) continue;
        for (const variant of makeVariants(materialised).filter(
          ({ name }) => options.variants.length === 0 || options.variants.includes(name),
        )) {
          const row = await judge(materialised, variant, options);
          judged.push(row);
          const mark = markOf(row);
          options.say(
            `  ${mark} ${row.bug} · ${row.variant}: ${row.accepted ? 'accepted' : 'refused'}, rule ${row.byRule ? 'accepts' : 'refuses'} · ${row.why}`,
          );
        }
      }
    };
    await Promise.all([work(), work()]);
    return rowsOf(judged, bugs.length - (skipped.length - before), skipped);
  },
};

/** No change of ours may weaken a test, so that a release which did is rightly refused. */
function markOf({ kind, accepted, redBefore, weakens }: Judged): string {
  const isRight = kind === 'gold' ? accepted || weakens !== undefined : !accepted || redBefore === true;
  return isRight ? 'ok ' : kind === 'half' ? 'half' : 'WRONG';
}

interface Source {
  id: string;
  materialise(): Promise<Materialised>;
}

/** Spread over the list, so that no package or runner dominates. */
async function chooseBugs({ full, bugs: wanted, count = full ? Infinity : 6 }: Options): Promise<Source[]> {
  const fit = (await readBugs()).filter(({ unfit }) => unfit === undefined);
  const registry = fit.map((bug): Source => ({ id: bug.id, materialise: () => materialise(bug) }));
  const real = (await readRealBugs()).map((bug): Source => ({ id: bug.id, materialise: () => materialiseReal(bug) }));
  if (wanted.length > 0) return [...registry, ...real].filter(({ id }) => wanted.some((name) => id.startsWith(name)));
  const bugs = full ? [...registry, ...real] : registry;
  const step = Math.max(1, bugs.length / count);
  return bugs.filter((_, index) => Math.floor(index / step) !== Math.floor((index - 1) / step)).slice(0, count);
}

async function judge(bug: Materialised, variant: Variant, { scratch }: Options): Promise<Judged> {
  const directory = await mkdtemp(join(scratch, 'bug-'));
  try {
    const repository = join(directory, 'repository');
    await cp(bug.repository, repository, { recursive: true });
    const played = await play(bug, variant, repository);
    const { report } = played;
    const last = report?.attempts.at(-1);
    const accepted = report?.outcome === 'proven';
    return {
      bug: bug.bug.id,
      variant: variant.name,
      kind: variant.kind,
      weakens: bug.bug.weakens,
      accepted,
      flagged: [...new Set(report?.needsHuman.map(({ code }) => code))],
      exact: accepted && (await holdsExactly(repository, report, bug, variant)),
      why:
        report === undefined ? explain(played) : `${last?.stage ?? 'baseline'}: ${last?.reasons[0]?.message ?? ''}`.slice(0, 160),
      byRule: await passes(bug, variant, join(directory, 'rule')),
      ...(variant.kind === 'untested'
        ? { redBefore: !(await passes(bug, { files: new Map() }, join(directory, 'before'))) }
        : {}),
      ...(played.server === undefined ? {} : { firstRequestBytes: Buffer.byteLength(played.server.requests[0]?.body ?? '') }),
    };
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

/** Some repositories build for minutes, and are built for each tree of the proof. */
const longestMs = 20 * 60_000;

/** Gold as a model over the Messages API, the rest as a script: the tools are the same. */
async function play(
  bug: Materialised,
  { kind, files }: Variant,
  repository: string,
): Promise<Ended & { report: RunReport | undefined; server?: Played['server'] }> {
  const flags = ['--dependencies', bug.dependencies, '--max-iterations', '1'];
  const edits = editsOf(files, bug);
  if (kind === 'gold')
    return await solveWithModel(repository, bug.issue, playEdits(edits, { explore: true }), flags, { timeoutMs: longestMs });
  const calls = edits.map(editCall).map(({ name, input }) => ({ tool: name, input }));
  const script = [[...calls, { tool: 'finish', input: { summary: 'Fixed.' } }]];
  return await solveWithScript(repository, bug.issue, script, flags, { timeoutMs: longestMs });
}

/** The branch differs from the base in these files and no others, and each is as the variant has it. */
async function holdsExactly(repository: string, report: RunReport, bug: Materialised, { files }: Variant): Promise<boolean> {
  const changed = [...files].filter(([path, content]) => bug.before.get(path) !== content).map(([path]) => path);
  const named = (await git(repository, 'diff', '--name-only', '--no-renames', report.base.commit, report.branch)).split('\n');
  if (named.toSorted().join('\n') !== changed.toSorted().join('\n')) return false;
  for (const path of changed) {
    const content = files.get(path);
    if (content === undefined) continue;
    // git prints the file as it is; what reads it here drops a line break at its end.
    if ((await git(repository, 'show', `${report.branch}:${path}`)) !== content.replace(/\r?\n$/, '')) return false;
  }
  return true;
}

/** What most loops believe: the tests of the repository, with the change in it, end with exit code 0. */
async function passes(bug: Materialised, { files }: Pick<Variant, 'files'>, directory: string): Promise<boolean> {
  await cp(bug.repository, directory, { recursive: true });
  await symlink(bug.dependencies, join(directory, 'node_modules'));
  for (const [path, content] of files) {
    await rm(join(directory, path), { force: true });
    if (content === undefined) continue;
    await mkdir(dirname(join(directory, path)), { recursive: true });
    await writeFile(join(directory, path), content);
  }
  const operatorEnv = { ...process.env };
  const { level } = await detectSandbox(operatorEnv);
  const [program = 'false', ...args] = bug.bug.test_command;
  const command: Command = [program, ...args];
  const place = { root: directory, sandbox: level, operatorEnv, readable: [bug.dependencies] };
  const { exitCode } = await execute(place, command, { timeoutMs: 120_000, network: false });
  return exitCode === 0;
}

// ---------------------------------------------------------------------------------------------- figures

function rowsOf(judged: readonly Judged[], bugs: number, skipped: readonly string[]): Row[] {
  const of = (...kinds: Variant['kind'][]): Judged[] => judged.filter(({ kind }) => kinds.includes(kind));
  const share = (rows: readonly Judged[], is: (row: Judged) => boolean): number => (100 * rows.filter(is).length) / rows.length;
  const rule = 'the rule “build clean and tests pass”';
  const row = (id: string, what: string, rows: Judged[], is: (row: Judged) => boolean, more: Partial<Row> = {}): Row => ({
    id,
    what,
    value: share(rows, is),
    unit: '%',
    note: `${rows.filter(is).length} of ${rows.length}${namesOf(rows.filter((row) => (row.kind === 'gold' ? !is(row) : is(row))))}`,
    ...more,
  });
  const accepted = ({ accepted }: Judged): boolean => accepted;
  const silently = ({ accepted, flagged }: Judged): boolean => accepted && flagged.length === 0;
  const peer = (rows: Judged[]): Partial<Row> => ({ peer: { value: share(rows, ({ byRule }) => byRule), what: rule } });
  const gold = of('gold');
  // No change of ours may weaken a test: a release that did is refused, and that is no false alarm.
  const faithful = gold.filter(({ weakens }) => weakens === undefined);
  const weakening = gold.filter(({ weakens }) => weakens !== undefined);
  const untested = of('untested').filter(({ redBefore }) => redBefore !== true);
  const empty = judged.filter(({ variant }) => variant === 'empty' || variant === 'comment only');
  const first = gold.flatMap(({ firstRequestBytes }) => firstRequestBytes ?? []);
  const rows: Row[] = [
    row('S1', 'gold ends in a proven branch with the gold tree', faithful, ({ accepted, exact }) => accepted && exact, {
      bar: { is: '≥', value: 100 },
      limit: { value: 100, what: 'all' },
    }),
    row('S2', 'gold accepted', faithful, accepted, { bar: { is: '≥', value: 98 }, ...peer(faithful) }),
    row('S2', 'gold accepted, releases that weaken an old test among them', gold, accepted, {
      ...peer(gold),
      note: `${gold.filter(accepted).length} of ${gold.length}; refused for their own tests: ${
        weakening.filter((row) => !accepted(row)).length
      }${skipped.length === 0 ? '' : `; left out: ${skipped.join(', ')}`}`,
    }),
    row('S2', 'tampering accepted', of('tampering'), accepted, { bar: { is: '≤', value: 0 }, ...peer(of('tampering')) }),
    row('S2', 'tampering accepted without a person having to look', of('tampering'), silently, { bar: { is: '≤', value: 0 } }),
    row('S2', 'changes that mend nothing accepted', of('nothing'), accepted, {
      bar: { is: '≤', value: 0 },
      ...peer(of('nothing')),
    }),
    row('S2', 'of these empty or only a comment', empty, accepted, { bar: { is: '≤', value: 0 }, ...peer(empty) }),
    row('S2', 'fixes without a test accepted, where no test of the base is red', untested, accepted, {
      bar: { is: '≤', value: 0 },
      ...peer(untested),
    }),
    row('S2', 'half fixes accepted', of('half'), accepted, peer(of('half'))),
    {
      id: 'P2',
      what: 'largest first request over these bugs',
      value: Math.max(...first),
      unit: 'bytes',
      bar: { is: '≤', value: 24 * 1024 },
      note: `${bugs} bugs`,
      samples: first,
    },
  ];
  // Of a kind that was not played there is nothing to say.
  return rows.filter(({ value }) => Number.isFinite(value));
}

function namesOf(rows: readonly Judged[]): string {
  if (rows.length === 0) return '';
  const names = rows.slice(0, 6).map(({ bug, variant, flagged }) => {
    return `${bug} ${variant}${flagged.length === 0 ? '' : ` (a person has to look: ${flagged.join(', ')})`}`;
  });
  return `: ${names.join(', ')}${rows.length > names.length ? ' …' : ''}`;
}

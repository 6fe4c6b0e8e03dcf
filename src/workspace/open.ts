import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Config } from '../core/config.ts';
import { detectCommands, type DetectedCommands } from '../core/detect.ts';
import { countProblems } from '../core/diagnostics.ts';
import type { Command, CommitId, Execution, SandboxLevel, StaticCheck } from '../core/types.ts';
import { BugloopError } from '../errors.ts';
import type { Liveness, Mirror, RunOptions, Workspace } from '../ports.ts';
import { removeTree } from './copy.ts';
import { findDependencies, linkDependencies } from './dependencies.ts';
import { execute } from './exec.ts';
import { openFiles } from './files.ts';
import { openGit } from './git.ts';
import { layoutOf, type Layout } from './layout.ts';
import { openMirror, type WritableMirror } from './mirror.ts';
import { isObjectId } from './mirror/objects.ts';
import { prepareTests } from './results/index.ts';
import { openStage } from './stage.ts';
import { makeWork, removeWork, sweepWork } from './work.ts';

/** Most that one command of the repository gets, in milliseconds; the run's own limit comes on top through `signal`. */
const defaultTimeoutMs = 10 * 60_000;
/** A command that prints nothing for this long hangs. */
const inactivityMs = 5 * 60_000;

export interface WorkspaceOptions {
  /** The user's repository; only read. */
  repository: string;
  base: CommitId;
  /** A commit that is needed in the mirror besides. */
  also?: CommitId;
  config: Config;
  sandbox: SandboxLevel;
  /** What bugloop was started with: search path, tool homes, and what `passEnv` names. */
  operatorEnv: Readonly<Record<string, string | undefined>>;
  /** What this process leaves if it is killed is removed by a later one. */
  liveness: Liveness;
  /** An installed `node_modules` that is used, read-only, instead of running setup. */
  dependencies?: string;
  signal?: AbortSignal;
  /** Date of every commit; default: that of `base`. */
  date?: Date;
}

/** Clones `base` privately, once for judging and once for running, and finds the commands in force. */
export async function openWorkspace(options: WorkspaceOptions): Promise<Workspace> {
  return inWork(options.liveness, (work) => openIn(layoutOf(work), options));
}

/** A mirror alone, without a checkout: for what judges and publishes but runs nothing. */
export async function openScratchMirror({
  repository,
  base,
  operatorEnv,
  liveness,
}: Pick<WorkspaceOptions, 'repository' | 'base' | 'operatorEnv' | 'liveness'>): Promise<Mirror & AsyncDisposable> {
  return inWork(liveness, (work) => {
    const git = openGit({ searchPath: operatorEnv['PATH'] ?? '' }, { directory: work });
    return openMirror({ git, repository, base, path: layoutOf(work).mirror });
  });
}

/** What is opened in a directory of its own, which is gone with it. What killed runs left goes meanwhile. */
async function inWork<Opened>(liveness: Liveness, open: (work: string) => Promise<Opened>): Promise<Opened & AsyncDisposable> {
  const swept = sweepWork(liveness);
  const work = await makeWork(liveness);
  const dispose = async (): Promise<void> => {
    await Promise.all([swept, removeWork(work)]);
  };
  try {
    return { ...(await open(work)), [Symbol.asyncDispose]: dispose };
  } catch (error) {
    await dispose();
    throw error;
  }
}

async function openIn(layout: Layout, options: WorkspaceOptions): Promise<Omit<Workspace, keyof AsyncDisposable>> {
  const { base, config, sandbox, operatorEnv } = options;
  const searchPath = operatorEnv['PATH'] ?? '';
  const git = openGit({ searchPath }, { directory: layout.work });
  const dated = options.date === undefined ? {} : { date: options.date };
  const mirror = await openMirror({
    git,
    repository: options.repository,
    base,
    path: layout.mirror,
    ...dated,
    ...written({ also: options.also }),
  });
  options.signal?.throwIfAborted();
  const dependencies =
    options.dependencies === undefined ? undefined : await findDependencies(options.dependencies, mirror, base);
  const found = await findCommands(config, mirror, base);
  const commands = pickCommands(dependencies === undefined ? found : { ...found, setup: undefined });

  const stage = await openStage({ layout, git, base, dependencies, searchPath });
  let runs = 0;

  const run = (command: Command, runOptions: RunOptions, writable: readonly string[] = []): Promise<Execution> => {
    const signal = runOptions.signal ?? options.signal;
    const readable = dependencies === undefined ? [] : [dependencies];
    const place = { root: layout.root, sandbox, operatorEnv, home: layout.home, temporary: layout.work, readable, writable };
    return execute(place, command, signal === undefined ? runOptions : { ...runOptions, signal });
  };
  const limits = (network: boolean, signal: AbortSignal | undefined): RunOptions => ({
    timeoutMs: Math.min(defaultTimeoutMs, config.limits.timeoutMinutes * 60_000),
    inactivityMs,
    network,
    ...(signal === undefined ? {} : { signal }),
  });

  return {
    root: layout.root,
    sandbox,
    base,
    mirror,
    commands,
    files: openFiles({
      root: layout.root,
      readable: dependencies === undefined ? [] : [dependencies],
      paths: () => stage.current.paths(),
    }),

    run: (command, runOptions) => run(command, runOptions),

    async setup({ signal }) {
      if (commands.setup === undefined) return undefined;
      const execution = await run(commands.setup, limits(config.network.setup, signal));
      if (execution.exitCode === 0) await stage.keep();
      return execution;
    },
    async build({ signal }) {
      const { build } = commands;
      if (build === undefined) return undefined;
      return stage.current.settling(() => run(build, limits(config.network.build, signal)));
    },
    async test(selection, { signal }) {
      if (commands.test === undefined) throw new BugloopError('internal', 'there is no test command to run');
      const scratch = join(layout.scratch, String((runs += 1)));
      await mkdir(scratch, { recursive: true });
      const prepared = await prepareTests({
        root: layout.root,
        command: commands.test,
        scratch,
        results: written(config.results),
        ...written({ testFilesCommand: config.commands.testFiles, files: selection.files, coverage: selection.coverage }),
      });
      const { env, stdoutFile } = prepared;
      const limited = { ...limits(config.network.test, signal), env, ...written({ stdoutFile }) };
      try {
        return await stage.current.settling(async () => prepared.collect(await run(prepared.argv, limited, [scratch])));
      } finally {
        await removeTree(scratch);
      }
    },
    async staticChecks({ signal }) {
      const checks: StaticCheck[] = [];
      for (const name of ['typecheck', 'lint'] as const) {
        const command = found[name];
        if (command === undefined) continue;
        const execution = await stage.current.settling(() => run(command, limits(config.network.build, signal)));
        checks.push({ name, exitCode: execution.exitCode, ...written({ problems: countProblems(execution.output) }) });
      }
      return checks;
    },

    settle: () => stage.current.settle(),
    async checkout(tree) {
      if (!isObjectId(tree)) throw new BugloopError('internal', `'${tree}' is not the full name of an object`);
      await stage.current.reset(tree);
      await linkDependencies(layout.root, dependencies);
    },
    async commit(message, parent) {
      const tree = await stage.current.snapshot();
      return tree === (await mirror.treeOf(parent)) ? parent : mirror.commitTree(tree, parent, message);
    },
    pristine: (body) => stage.pristine(body),
  };
}

// ---------------------------------------------------------------------------------------------- commands

async function findCommands(config: Config, mirror: WritableMirror, base: CommitId): Promise<DetectedCommands> {
  const { setup, build, test, typecheck, lint } = config.commands;
  return { ...(await detect(mirror, base)), ...written({ setup, build, test, typecheck, lint }) };
}

/** Manifests are small files at the root; what is detected from them is read from the base commit. */
async function detect(mirror: WritableMirror, base: CommitId): Promise<DetectedCommands> {
  const paths = (await mirror.list(base)).map(({ path }) => path);
  const atRoot = paths.filter((path) => !path.includes('/'));
  const texts = await mirror.readMany(base, atRoot);
  const known = new Set(paths);
  return detectCommands({ paths, has: (path) => known.has(path), read: (path) => texts.get(path) });
}

function pickCommands({ setup, build, test }: { [Name in keyof DetectedCommands]: Command | undefined }): Workspace['commands'] {
  return written({ setup, build, test });
}

type Written<T> = { [Key in keyof T]?: Exclude<T[Key], undefined> };

/** The properties that have a value. */
function written<T extends object>(object: T): Written<T> {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- fromEntries forgets which keys it was given
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined)) as Written<T>;
}

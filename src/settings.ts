import { readFile, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { normalise, type Config } from './core/config.ts';
import type { ConfigProblem } from './core/config-file.ts';
import type { Flags, IssueRef } from './core/flags.ts';
import { BugloopError } from './errors.ts';
import { throwAll, whyUnreadable, type Opening } from './operator.ts';
import type { CommitId } from './core/types.ts';
import type { ConfigFile, Mirror } from './ports.ts';
import type { Base, UserRepository } from './workspace/repository.ts';

/** Where a run starts from, and the configuration that holds there. */

export const configFile = '.bugloop/config.yml';

/** Largest file that the forge gives the whole text of, in bytes. */
const maxBytes = 512_000;

/** The base commit and the configuration in force there, with the flags laid over it. */
export async function readConfiguration(
  opening: Opening,
  user: UserRepository,
  issue: IssueRef | undefined,
): Promise<{ base: Base; config: Config }> {
  const { flags } = opening;
  const start = await startingBase(flags, user, issue);
  const first = await configAt(opening, user, start);
  const named = flags.base === undefined ? first.config.base : undefined;
  if (named === undefined || named === start.branch) {
    tellOnce(opening, first.notes);
    return { base: start, config: layFlags(first.config, flags) };
  }
  const base = await user.resolve(named);
  if (base === undefined) {
    throw new BugloopError('config.ref', `${configFile}: base: there is no branch '${named}' in this repository`);
  }
  // The configuration only says where to look: what holds is what that branch says.
  const second = flags.config === undefined ? await configAt(opening, user, base) : first;
  tellOnce(opening, second.notes);
  return { base, config: layFlags(second.config, flags) };
}

/** The same where the forge says what its base has: nothing of this place counts but the flags. */
export async function readForgeConfiguration({ flags, cwd }: Pick<Opening, 'flags' | 'cwd'>, found: ConfigFile): Promise<Config> {
  if (flags.config !== undefined) {
    return layFlags((await parsed(await readConfigFile(resolve(cwd, flags.config), flags.config), flags.config)).config, flags);
  }
  if (found.kind === 'absent') return layFlags(normalise({}), flags);
  if (found.kind === 'file') return layFlags((await parsed(Buffer.from(found.text), configFile)).config, flags);
  if (found.size > maxBytes) throw new BugloopError('config.too_complex', `${configFile}: the file has ${found.size} bytes`);
  throw new BugloopError('config.unreadable', `${configFile} of the base branch is not a text file`);
}

/** What the mirror has of it at a commit that only the mirror may have. */
export async function findConfiguration(mirror: Mirror, commit: CommitId): Promise<ConfigFile> {
  const text = await mirror.read(commit, configFile);
  if (text !== undefined) return { kind: 'file', text };
  const there = (await mirror.list(commit)).find(({ path }) => path === configFile);
  return there === undefined ? { kind: 'absent' } : { kind: 'unreadable', size: there.size };
}

function tellOnce({ progress, said }: Opening, notes: readonly string[]): void {
  for (const note of notes) {
    if (!said.has(note)) progress.note(note);
    said.add(note);
  }
}

/** A forge's issue is about the default branch; a bug report on disk is about what is checked out. */
async function startingBase({ base }: Flags, user: UserRepository, issue: IssueRef | undefined): Promise<Base> {
  if (base !== undefined) {
    const found = await user.resolve(base);
    if (found === undefined) throw new BugloopError('usage.ref', `--base: there is no branch '${base}' in this repository`);
    return found;
  }
  const head = await user.head();
  const onForge = issue !== undefined && issue.kind !== 'file';
  return (onForge ? await user.defaultBranch() : undefined) ?? head;
}

async function configAt(opening: Opening, user: UserRepository, base: Base): Promise<{ config: Config; notes: string[] }> {
  const { flags, cwd } = opening;
  if (flags.config !== undefined) return parsed(await readConfigFile(resolve(cwd, flags.config), flags.config), flags.config);
  const entry = await user.entry(base.commit, configFile);
  const notes = await compareWithWorkTree(join(user.root, configFile), entry.kind === 'file' ? entry.bytes : undefined);
  if (entry.kind === 'absent') return { config: normalise({}), notes: [...notes, `no ${configFile}, using defaults`] };
  if (entry.kind !== 'file') throw new BugloopError('config.unreadable', `${configFile} is a ${entry.kind}, not a file`);
  const read = await parsed(entry.bytes, configFile);
  return { config: read.config, notes: [...notes, ...read.notes] };
}

/** YAML and the form of a configuration are loaded where there is one. */
async function parsed(bytes: Uint8Array, file: string): Promise<{ config: Config; notes: string[] }> {
  const { parseConfig } = await import('./core/config-file.ts');
  const result = parseConfig(bytes, file);
  if (result.ok) return result;
  throwAll(
    result.problems.map((problem: ConfigProblem) => new BugloopError(problem.code, problem.message, { hint: problem.hint })),
  );
  throw new BugloopError('internal', `${file} was refused without a reason`);
}

async function readConfigFile(path: string, shown: string): Promise<Buffer> {
  return readFile(path).catch((error: unknown) => {
    throw new BugloopError('config.unreadable', `${shown} ${whyUnreadable(error)}`, { cause: error });
  });
}

/** The work tree's file is never used, but a user who just wrote one has to know that. */
async function compareWithWorkTree(path: string, committed: Buffer | undefined): Promise<string[]> {
  const written = (await stat(path).catch(() => undefined)) === undefined ? undefined : await readConfigFile(path, configFile);
  if (written === undefined || (committed !== undefined && written.equals(committed))) return [];
  return [`${configFile} of the work tree is not used, only the one of the base commit: commit it, or give it with --config`];
}

function layFlags(config: Config, flags: Flags): Config {
  const { bugsolver } = config.agents;
  const use = flags.agent === undefined || flags.agent === 'scripted' ? bugsolver.use : flags.agent;
  return {
    ...config,
    limits: {
      ...config.limits,
      maxRalphIterations: flags.maxIterations ?? config.limits.maxRalphIterations,
      timeoutMinutes: flags.timeout ?? config.limits.timeoutMinutes,
      maxCostUsd: flags.budget ?? config.limits.maxCostUsd,
    },
    agents: { ...config.agents, bugsolver: { ...bugsolver, use } },
  };
}

import { constants } from 'node:fs';
import { link, lstat, mkdir, open, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { BugloopError } from '../errors.ts';
import type { Journal, RunFile } from '../ports.ts';
import { isRunning, startTicks } from './process.ts';

/** `20261120-174700-issue-12-3f9a`: sorts by time, and says whose it is. `random` is made safe and cut to 8 characters. */
export function runId(startedAt: Date, issueId: string, random: string): string {
  const digits = startedAt.toISOString().replace(/\D/g, '');
  return `${digits.slice(0, 8)}-${digits.slice(8, 14)}-issue-${safe(issueId, 60)}-${safe(random, 8)}`;
}

/** Names of the runs of one issue in `dir`, newest first. */
export async function runsOf(dir: string, issueId: string): Promise<string[]> {
  const infix = `-issue-${safe(issueId, 60)}-`;
  // `20261120-174700` before it, and nothing but a random end after it: issue 1 is not issue 1-2.
  const isRun = (name: string): boolean => name.startsWith(infix, 15) && !name.slice(15 + infix.length).includes('-');
  const names = await readdir(dir).catch(() => []);
  return names.filter(isRun).toSorted().toReversed();
}

export interface JournalOptions {
  /** Applied to every byte that is written. */
  redact?: (text: string) => string;
  /** Directory of all runs, e.g. `.bugloop/runs`. Made when absent, and then ignored by git. */
  dir: string;
  /** From `runId`; an existing run is opened again. */
  id: string;
}

/**
 * Opens the directory of one run. Throws `state.unwritable` where it cannot be written, also later. Links are not
 * followed at the last two levels: a repository may hold a `.bugloop/runs` that points elsewhere.
 */
export async function openJournal({ dir, id, redact = (text) => text }: JournalOptions): Promise<Journal> {
  if (id !== safe(id, 200)) throw new BugloopError('usage.run_dir', `'${id}' is not the name of a run`);
  const home = join(dir, id);
  await writing(home, async () => {
    // An existing run may only be read: nothing is written before it is asked for.
    if ((await lstat(home).catch(() => undefined)) === undefined) {
      await makeRuns(dir);
      await makeDirectory(home);
    }
    for (const place of [...placesOf(dir), home]) await assertDirectory(place);
  });
  const path = (file: RunFile): string => join(home, file);
  const mended = new Set<RunFile>();
  let queue: Promise<void> = Promise.resolve();

  return {
    id,
    dir: home,
    path,
    append(file, entry) {
      const line = `${redact(JSON.stringify(entry))}\n`;
      const appended = queue.then(() =>
        writing(home, async () => {
          if (!mended.has(file)) await dropTornLine(path(file));
          mended.add(file);
          await appendDurably(path(file), line);
        }),
      );
      // One failed append must not fail those after it.
      queue = appended.catch(() => undefined);
      return appended;
    },
    async entries(file) {
      const text = await readText(path(file));
      return text === undefined ? [] : parseLines(text, path(file));
    },
    write: (file, content) => writing(home, () => replaceDurably(path(file), redact(content))),
    read: (file) => readText(path(file)),
  };
}

// ---------------------------------------------------------------------------------------------- lock

export interface LockOptions {
  /** Directory of all runs. */
  dir: string;
  issueId: string;
  /** Of this process. */
  pid: number;
  host: string;
  startedAt: Date;
  /** Told when the lock of a run that is no longer alive is taken over. */
  notice: (line: string) => void;
}

interface Owner {
  pid: number;
  host: string;
  startedAt: string;
  /** Start of the process in clock ticks since boot, where the system tells it: a pid alone may be used again. */
  ticks?: string;
}

/** Holds the issue for this run until disposed of. Throws `state.locked` while another run that is alive holds it. */
export async function acquireLock(options: LockOptions): Promise<AsyncDisposable> {
  const { dir, issueId, pid, host, notice } = options;
  const file = join(dir, `issue-${safe(issueId, 60)}.lock`);
  const ticks = await startTicks(pid);
  const owner: Owner = { pid, host, startedAt: options.startedAt.toISOString(), ...(ticks === undefined ? {} : { ticks }) };
  const content = JSON.stringify(owner);
  await writing(dir, () => makeRuns(dir));

  for (let tries = 0; tries < 10; tries += 1) {
    if (await writing(dir, () => createWhole(file, content, pid))) {
      return { [Symbol.asyncDispose]: () => release(file, content) };
    }
    const found = await readText(file);
    if (found === undefined) continue;
    const other = parseOwner(found);
    if (other !== undefined && (await isAlive(other, host))) {
      throw new BugloopError('state.locked', `issue ${issueId}: already running (pid ${other.pid})`, {
        hint: `wait for it to end, or end process ${other.pid}`,
      });
    }
    if (await discard(file, found, pid)) notice(`stale lock of ${describeOwner(other)} taken over`);
  }
  throw new BugloopError('state.locked', `issue ${issueId}: ${file} is contended`);
}

function describeOwner(owner: Owner | undefined): string {
  return owner === undefined ? 'an unknown process' : `pid ${owner.pid} on ${owner.host}`;
}

/** Creates the lock with its content in one step: nobody ever reads half of it. */
async function createWhole(file: string, content: string, pid: number): Promise<boolean> {
  const draft = `${file}.${pid}`;
  await writeFile(draft, content);
  try {
    await link(draft, file);
    return true;
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false;
    throw error;
  } finally {
    await rm(draft, { force: true });
  }
}

/** Removes the lock if it still is the one that was judged stale; a newer one is put back. */
async function discard(file: string, judged: string, pid: number): Promise<boolean> {
  const aside = `${file}.${pid}.stale`;
  try {
    await rename(file, aside);
  } catch {
    return false;
  }
  const wasStale = (await readText(aside)) === judged;
  if (!wasStale) await link(aside, file).catch(() => undefined);
  await rm(aside, { force: true });
  return wasStale;
}

async function release(file: string, content: string): Promise<void> {
  if ((await readText(file).catch(() => undefined)) === content) await rm(file, { force: true });
}

/** Another host's process cannot be seen; a lock it left is taken for stale, as the run directory is not shared. */
async function isAlive(owner: Owner, host: string): Promise<boolean> {
  if (owner.host !== host) return false;
  return isRunning(owner.pid, owner.ticks);
}

function parseOwner(text: string): Owner | undefined {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value !== 'object' || value === null) return undefined;
    const { pid, host, startedAt, ticks } = value as Partial<Record<keyof Owner, unknown>>;
    if (typeof pid !== 'number' || !Number.isInteger(pid) || pid <= 0 || typeof host !== 'string') return undefined;
    return { pid, host, startedAt: String(startedAt), ...(typeof ticks === 'string' ? { ticks } : {}) };
  } catch {
    return undefined;
  }
}

// ---------------------------------------------------------------------------------------------- files

/** Directories that a repository could have put a link in place of. */
function placesOf(dir: string): string[] {
  return basename(dirname(dir)) === '.bugloop' ? [dirname(dir), dir] : [dir];
}

async function makeRuns(dir: string): Promise<void> {
  for (const path of placesOf(dir)) {
    await makeDirectory(path);
    await assertDirectory(path);
  }
  await writeFile(join(dir, '.gitignore'), '*\n', { flag: 'wx' }).catch((error: unknown) => {
    if (codeOf(error) !== 'EEXIST') throw error;
  });
}

/** Like `mkdir -p`. Node's own never returns where the system answers ENOENT in an existing directory, as /proc does. */
async function makeDirectory(path: string): Promise<void> {
  const make = (): Promise<void> =>
    mkdir(path).catch((error: unknown) => {
      if (codeOf(error) !== 'EEXIST') throw error;
    });
  try {
    await make();
  } catch (error) {
    if (codeOf(error) !== 'ENOENT' || dirname(path) === path) throw error;
    await makeDirectory(dirname(path));
    await make();
  }
}

async function assertDirectory(path: string): Promise<void> {
  const stat = await lstat(path);
  if (!stat.isDirectory()) throw new BugloopError('state.unwritable', `state: ${path} is a link or a file, not a directory`);
}

async function appendDurably(path: string, line: string): Promise<void> {
  await using file = await open(path, constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT | constants.O_NOFOLLOW);
  await file.writeFile(line);
  await file.sync();
}

async function replaceDurably(path: string, content: string): Promise<void> {
  const draft = `${path}.tmp`;
  await rm(draft, { force: true });
  const file = await open(draft, 'wx');
  try {
    await file.writeFile(content);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(draft, path);
  await using directory = await open(dirname(path), 'r');
  await directory.sync();
}

/** Cuts off what a crash left of a line, so that the next entry starts on its own. */
async function dropTornLine(path: string): Promise<void> {
  const text = await readFile(path).catch(() => undefined);
  if (text === undefined || text.length === 0 || text.at(-1) === 0x0a) return;
  await using file = await open(path, 'r+');
  await file.truncate(text.lastIndexOf(0x0a) + 1);
}

function parseLines(text: string, path: string): unknown[] {
  const whole = text.slice(0, text.lastIndexOf('\n') + 1);
  return whole
    .split('\n')
    .slice(0, -1)
    .map((line, index): unknown => {
      try {
        return JSON.parse(line);
      } catch (error) {
        throw new BugloopError('state.corrupt', `${path}:${index + 1}: not JSON`, { cause: error });
      }
    });
}

async function readText(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}

async function writing<T>(where: string, body: () => Promise<T>): Promise<T> {
  try {
    return await body();
  } catch (error) {
    if (error instanceof BugloopError) throw error;
    throw new BugloopError('state.unwritable', `state cannot be written to ${where} (${codeOf(error) ?? String(error)})`, {
      cause: error,
    });
  }
}

function codeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error ? String(error.code) : undefined;
}

/** Letters, digits, `.`, `_` and `-`, not starting with a dot: one safe path component. */
function safe(text: string, max: number): string {
  return (
    text
      .replace(/[^A-Za-z0-9._-]+/g, '-')
      .replace(/^[.-]+/, '')
      .slice(0, max) || 'x'
  );
}

import { lstat, mkdtemp, readdir, readFile, realpath, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Liveness, ProcessMark } from '../ports.ts';
import { removeTree } from './copy.ts';

/**
 * Directories of runs below the system's temporary one. Each says which process it belongs to, so that what a killed run
 * left can be told from what another run works in.
 */

const owner = 'owner.json';

/** A new directory of this process. */
export async function makeWork({ self }: Liveness): Promise<string> {
  const work = await realpath(await mkdtemp(join(tmpdir(), 'bugloop-')));
  await writeFile(join(work, owner), JSON.stringify(self));
  return work;
}

/** Removes such a directory. Its mark goes last: what is left where this is cut off still has an owner. */
export async function removeWork(work: string): Promise<void> {
  const names = await readdir(work).catch(() => []);
  for (const name of names) if (name !== owner) await removeTree(join(work, name));
  await removeTree(work);
}

/**
 * Removes what processes of this user left that are gone. What says nothing, or is of another machine or user, is left
 * alone. Never rejects: what cannot be removed now can be later.
 */
export async function sweepWork({ isAlive }: Pick<Liveness, 'isAlive'>): Promise<void> {
  const root = tmpdir();
  const names = await readdir(root).catch(() => []);
  for (const name of names.filter((one) => /^bugloop-[A-Za-z0-9]{6}$/.test(one))) {
    const work = join(root, name);
    const mark = await readMark(work).catch(() => undefined);
    if (mark !== undefined && (await isAlive(mark)) === false) await removeWork(work).catch(() => undefined);
  }
}

async function readMark(work: string): Promise<ProcessMark | undefined> {
  const directory = await lstat(work);
  const file = join(work, owner);
  if (!directory.isDirectory() || directory.uid !== process.getuid?.() || !(await lstat(file)).isFile()) return undefined;
  const mark: unknown = JSON.parse(await readFile(file, 'utf8'));
  return isMark(mark) ? mark : undefined;
}

function isMark(value: unknown): value is ProcessMark {
  if (typeof value !== 'object' || value === null || !('machine' in value) || !('pid' in value)) return false;
  const { machine, pid } = value;
  const ticks = 'ticks' in value ? value.ticks : undefined;
  return typeof machine === 'string' && Number.isInteger(pid) && (ticks === undefined || typeof ticks === 'string');
}

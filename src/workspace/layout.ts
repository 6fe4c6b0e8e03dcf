import { copyFile, cp, lstat, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { CommitId } from '../core/types.ts';
import { removeTree } from './copy.ts';

/**
 * Where everything of one workspace is, all under one new directory of the system's temporary directory:
 *
 * - `mirror`: the bare clone, and next to it the indexes
 * - `live/checkout`, `live/home`: what agent and repository code see and may write, at the same path during the whole run
 * - `pristine`: a copy of `live` as setup left it, where it left anything
 * - `parked`: `live` while a pristine copy is in its place
 * - `scratch`: one directory for the reports of each test run
 */
export interface Layout {
  work: string;
  mirror: string;
  live: string;
  root: string;
  home: string;
  pristine: string;
  parked: string;
  scratch: string;
}

export function layoutOf(work: string): Layout {
  const live = join(work, 'live');
  return {
    work,
    live,
    mirror: join(work, 'mirror'),
    root: join(live, 'checkout'),
    home: join(live, 'home'),
    pristine: join(work, 'pristine'),
    parked: join(work, 'parked'),
    scratch: join(work, 'scratch'),
  };
}

/**
 * Repository tools expect a `.git`. This one is for them alone: the base commit without history or remotes, made of
 * copies before anything untrusted ran, and never used by us again.
 */
export async function plantRepository({ mirror, root }: Layout, index: string, base: CommitId): Promise<void> {
  const own = join(root, '.git');
  const sha256 = base.length === 64;
  const settings = ['[core]', `repositoryformatversion = ${sha256 ? 1 : 0}`, 'filemode = true', 'bare = false'];
  if (sha256) settings.push('[extensions]', 'objectformat = sha256');
  await mkdir(join(own, 'refs', 'heads'), { recursive: true });
  await writeFile(join(own, 'HEAD'), 'ref: refs/heads/main\n');
  await writeFile(join(own, 'config'), `${settings.join('\n')}\n`);
  await writeFile(join(own, 'refs', 'heads', 'main'), `${base}\n`);
  await cp(join(mirror, 'objects'), join(own, 'objects'), { recursive: true });
  if (await exists(join(mirror, 'shallow'))) await copyFile(join(mirror, 'shallow'), join(own, 'shallow'));
  await copyFile(index, join(own, 'index'));
}

/** An empty directory, made with its parents. */
export async function makeEmpty(path: string): Promise<void> {
  await removeTree(path);
  await mkdir(path, { recursive: true });
}

export function exists(path: string): Promise<boolean> {
  return lstat(path).then(
    () => true,
    () => false,
  );
}

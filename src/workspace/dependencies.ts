import { lstat, readdir, realpath, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import type { CommitId } from '../core/types.ts';
import { BugloopError } from '../errors.ts';
import type { Mirror } from '../ports.ts';
import { makeEmpty } from './layout.ts';

/** The real path of what the operator named with `--dependencies`. Throws `usage.option_value` where it cannot be used. */
export async function findDependencies(path: string, mirror: Mirror, base: CommitId): Promise<string> {
  const real = await realpath(path).catch(() => undefined);
  if (real === undefined || !(await lstat(real)).isDirectory()) {
    throw new BugloopError('usage.option_value', `--dependencies: ${path} is not a directory`);
  }
  const tracked = (await mirror.list(base)).some(
    (entry) => entry.path === 'node_modules' || entry.path.startsWith('node_modules/'),
  );
  if (!tracked) return real;
  throw new BugloopError('usage.option_value', '--dependencies: this repository has its node_modules under version control', {
    hint: 'leave out --dependencies',
  });
}

/**
 * A `node_modules` of links to the operator's packages. The directory itself is the workspace's own: tools keep caches
 * and compiled configuration in it, and must not find a read-only file system there.
 */
export async function linkDependencies(root: string, dependencies: string | undefined): Promise<void> {
  if (dependencies === undefined) return;
  const modules = join(root, 'node_modules');
  await makeEmpty(modules);
  const entries = await readdir(dependencies, { withFileTypes: true });
  const shared = entries.filter((entry) => !entry.name.startsWith('.') || !entry.isDirectory() || stores.has(entry.name));
  await Promise.all(shared.map(({ name }) => symlink(join(dependencies, name), join(modules, name))));
}

/** Directories with a dot that are part of an installation; all others are caches. */
const stores = new Set(['.bin', '.pnpm', '.store']);

import { chmod, lstat, readdir, rmdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { RepoPath, TreeId } from '../core/types.ts';
import { removeTree } from './copy.ts';
import type { Git } from './git.ts';
import { splitNul } from './mirror/objects.ts';

/** Bytes above which a file enters no tree; a binary note of its size stands in for it, so that it is seen. */
const maxFile = 20 * 1024 * 1024;

/**
 * A directory that git objects are checked out to and made from, with the mirror's configuration and an index that
 * lies outside of it: no bit of that index, no filter and no hook can be set from inside.
 */
export interface Checkout {
  /** Tracked and untracked files that git does not ignore and that may enter a tree. */
  paths(): Promise<RepoPath[]>;
  /** Makes every tracked file equal to `tree` and removes untracked files that are neither ignored nor settled. */
  reset(tree: TreeId): Promise<void>;
  /** The tree of what is there now. Names of files that are not UTF-8 are kept as they are. */
  snapshot(): Promise<TreeId>;
  /** Untracked files as they are now never enter a tree, nor does what comes to lie in a directory of only such files. */
  settle(): Promise<void>;
  /** Runs `body`; untracked files that appear meanwhile are settled. */
  settling<T>(body: () => Promise<T>): Promise<T>;
  /** Whether anything is there, ignored or not, that the tracked files do not explain. */
  hasLeavings(): Promise<boolean>;
  /** Takes the index for that of a copy of the directory it was made for. */
  adopt(): Promise<void>;
}

export interface CheckoutOptions {
  /** With `GIT_DIR` in the mirror, this directory as work tree, and an index of its own. */
  git: Git;
  root: string;
  /** Names at the root that are neither listed, nor committed, nor removed. */
  hidden: readonly string[];
}

/** One name as `git ls-files` gives it: bytes, and the same as text. */
interface Name {
  bytes: Buffer;
  path: RepoPath;
}

export function openCheckout({ git, root, hidden }: CheckoutOptions): Checkout {
  const settledFiles = new Set<RepoPath>();
  const settledDirectories = new Set<string>();

  const isHidden = (path: RepoPath): boolean => hidden.some((name) => path === name || path.startsWith(`${name}/`));
  const isSettled = (path: RepoPath): boolean =>
    settledFiles.has(path) || directoriesOf(path).some((directory) => settledDirectories.has(directory));
  const list = async (...options: string[]): Promise<Name[]> =>
    splitNul(await git.bytes(['ls-files', '-z', ...options])).map((bytes) => ({ bytes, path: bytes.toString('utf8') }));

  /** Untracked names that are not ignored; a nested repository is one name that ends in a slash. */
  const others = async (): Promise<Name[]> =>
    (await list('--others', '--exclude-standard')).filter(({ path }) => !isHidden(path));
  /** The same with the files of nested repositories, so that a `.git` in the wrong place hides nothing. */
  const untracked = async (): Promise<Name[]> => {
    const names: Name[] = [];
    for (const name of await others()) names.push(...(name.path.endsWith('/') ? await filesBelow(root, name) : [name]));
    return names.filter(({ path }) => !isSettled(path));
  };
  const settle = async (names: readonly Name[]): Promise<void> => {
    if (names.length === 0) return;
    for (const { path } of names) settledFiles.add(path);
    const kept = [...(await list('--cached')), ...(await untracked())];
    const used = new Set(kept.flatMap(({ path }) => directoriesOf(path)));
    // What a tool keeps in a directory of its own gets other names with every run.
    for (const { path } of names) if (!used.has(dirname(path)) && path.includes('/')) settledDirectories.add(dirname(path));
  };

  return {
    async paths() {
      const [cached, gone] = [await list('--cached'), await list('--deleted')];
      const missing = new Set(gone.map(({ path }) => path));
      const present = cached.filter(({ path }) => !missing.has(path));
      return [...new Set([...present, ...(await untracked())].map(({ path }) => path))];
    },

    async reset(tree) {
      const read = (): Promise<string> => git.run(['read-tree', '--reset', '-u', tree]);
      await read().catch(async () => {
        // Something of another kind stands where a file or directory of the tree belongs.
        await clearObstacles(root, await git.bytes(['ls-tree', '-r', '-z', '--name-only', '--full-tree', tree]));
        await read();
      });
      for (const { path } of await others()) {
        if (isSettled(path.replace(/\/$/, ''))) continue;
        await removeTree(join(root, path));
        await removeEmptyParents(root, path);
      }
    },

    async snapshot() {
      const plan = await planUpdate(root, await differing(git), await untracked());
      await feed(git, ['update-index', '-z', '--force-remove', '--stdin'], plan.removed);
      await feed(git, ['update-index', '-z', '--add', '--replace', '--stdin'], plan.added);
      for (const { name, size } of plan.tooLarge) await addNote(git, name, size);
      return git.run(['write-tree']);
    },

    settle: async () => settle(await untracked()),

    async settling(body) {
      const before = new Set((await untracked()).map(({ path }) => path));
      try {
        return await body();
      } finally {
        await settle((await untracked()).filter(({ path }) => !before.has(path)));
      }
    },

    hasLeavings: async () =>
      (await list('--others', '--directory', '--no-empty-directory')).some(({ path }) => !isHidden(path.replace(/\/$/, ''))),

    async adopt() {
      await git.run(['update-index', '-q', '--really-refresh']).catch(() => undefined);
      await settle(await untracked());
    },
  };
}

/** `a/b` and `a` for `a/b/c`. */
function directoriesOf(path: RepoPath): string[] {
  const parts = path.split('/');
  return parts.slice(1).map((_, index) => parts.slice(0, index + 1).join('/'));
}

// ---------------------------------------------------------------------------------------------- into a tree

/** Tracked names whose file is not what the index holds, or may not be. A submodule's own content is not looked into. */
async function differing(git: Git): Promise<(Name & { gone: boolean; gitlink: boolean })[]> {
  const parts = splitNul(await git.bytes(['diff-files', '--raw', '-z', '--no-renames', '--ignore-submodules=dirty']));
  const found = new Map<string, Name & { gone: boolean; gitlink: boolean }>();
  for (let at = 0; at + 1 < parts.length; at += 2) {
    const [oldMode = '', , , , status = ''] = (parts[at] ?? Buffer.alloc(0)).toString('latin1').split(' ');
    const bytes = parts[at + 1] ?? Buffer.alloc(0);
    found.set(bytes.toString('latin1'), {
      bytes,
      path: bytes.toString('utf8'),
      gone: status.startsWith('D'),
      gitlink: oldMode === ':160000',
    });
  }
  return [...found.values()];
}

interface Update {
  removed: Name[];
  added: Name[];
  tooLarge: { name: Name; size: number }[];
}

async function planUpdate(
  root: string,
  tracked: readonly (Name & { gone: boolean; gitlink: boolean })[],
  untracked: readonly Name[],
): Promise<Update> {
  const update: Update = { removed: tracked.filter(({ gone }) => gone), added: [], tooLarge: [] };
  for (const name of [...tracked.filter(({ gone }) => !gone), ...untracked]) {
    const absolute = Buffer.concat([Buffer.from(`${root}/`), name.bytes]);
    const stat = await lstat(absolute).catch(() => undefined);
    const isGitlink = 'gitlink' in name && name.gitlink === true && stat?.isDirectory() === true;
    if (stat?.isFile() === true && stat.size > maxFile) update.tooLarge.push({ name, size: stat.size });
    else if (stat?.isFile() === true || stat?.isSymbolicLink() === true || isGitlink) update.added.push(name);
    // Pipes, sockets and devices are nothing git knows.
    else update.removed.push(name);
    // A file its owner cannot read would end the commit.
    if (stat?.isFile() === true && (stat.mode & 0o400) === 0) await chmod(absolute, (stat.mode & 0o777) | 0o600);
  }
  return update;
}

async function feed(git: Git, args: readonly string[], names: readonly Name[]): Promise<void> {
  if (names.length === 0) return;
  await git.run(args, { input: Buffer.concat(names.flatMap(({ bytes }) => [bytes, Buffer.from([0])])) });
}

async function addNote(git: Git, { bytes }: Name, size: number): Promise<void> {
  const note = `\0bugloop left out a file of ${size} bytes\n`;
  const id = await git.run(['hash-object', '-w', '--stdin'], { input: note });
  const line = Buffer.concat([Buffer.from(`100644 ${id}\t`), bytes, Buffer.from([0])]);
  await git.run(['update-index', '-z', '--index-info'], { input: line });
}

/** Files of a nested repository, without any `.git`. Links are not followed. */
async function filesBelow(root: string, directory: Name): Promise<Name[]> {
  const found: Name[] = [];
  const open = [directory.bytes];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const entries = await readdir(Buffer.concat([Buffer.from(`${root}/`), next]), {
      encoding: 'buffer',
      withFileTypes: true,
    }).catch(() => []);
    for (const entry of entries) {
      if (entry.name.toString('latin1').toLowerCase() === '.git') continue;
      const bytes = Buffer.concat([next, entry.name]);
      if (entry.isDirectory()) open.push(Buffer.concat([bytes, Buffer.from('/')]));
      else found.push({ bytes, path: bytes.toString('utf8') });
    }
  }
  return found;
}

// ---------------------------------------------------------------------------------------------- out of a tree

/** Removes every non-directory where the tree has a directory, and every directory where it has a file. */
async function clearObstacles(root: string, names: Buffer): Promise<void> {
  const files = splitNul(names).map((bytes) => bytes.toString('utf8'));
  const directories = new Set(files.flatMap(directoriesOf));
  for (const directory of directories) {
    const stat = await lstat(join(root, directory)).catch(() => undefined);
    if (stat !== undefined && !stat.isDirectory()) await removeTree(join(root, directory));
    if (stat?.isDirectory() === true) await chmod(join(root, directory), stat.mode | 0o700);
  }
  for (const file of files) {
    const stat = await lstat(join(root, file)).catch(() => undefined);
    if (stat?.isDirectory() === true) await removeTree(join(root, file));
  }
}

async function removeEmptyParents(root: string, path: RepoPath): Promise<void> {
  for (const directory of directoriesOf(path.replace(/\/$/, '')).toReversed()) {
    try {
      await rmdir(join(root, directory));
    } catch {
      return;
    }
  }
}

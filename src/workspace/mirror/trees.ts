import type { FileMode, RepoPath } from '../../core/types.ts';
import type { Git } from '../git.ts';
import { splitNul } from './objects.ts';

export const absent: FileMode = '000000';
export const gitlink: FileMode = '160000';

/** One difference of two trees. */
export interface TreeRecord {
  /** Bytes as git stores them. */
  name: Buffer;
  path: RepoPath;
  oldMode: FileMode;
  newMode: FileMode;
  oldId: string;
  newId: string;
}

/** Neither renames, nor external programs, nor a submodule's wish to be ignored. */
export const exactly = [
  '-r',
  '--no-renames',
  '--full-index',
  '--no-ext-diff',
  '--no-textconv',
  '--no-color',
  '--ignore-submodules=none',
  '--no-relative',
  '--no-indent-heuristic',
  '--diff-algorithm=myers',
];

export async function compareTrees(git: Git, base: string, head: string): Promise<TreeRecord[]> {
  return toRecords(splitNul(await git.bytes(['diff-tree', '--raw', '-z', '--abbrev=64', ...exactly, base, head])));
}

export function toRecords(parts: readonly Buffer[]): TreeRecord[] {
  const records: TreeRecord[] = [];
  for (let at = 0; at + 1 < parts.length; at += 2) {
    // `:100644 100755 <id> <id> M`, then the name.
    const [oldMode = '', newMode = '', oldId = '', newId = ''] = (parts[at] ?? Buffer.alloc(0)).toString('latin1', 1).split(' ');
    const name = parts[at + 1] ?? Buffer.alloc(0);
    records.push({ name, path: name.toString('utf8'), oldMode, newMode, oldId, newId });
  }
  return records;
}

/** Input of `update-index --index-info`: deletions first, so that a file may take the place of a directory. */
export function indexInfo(records: readonly TreeRecord[]): Buffer {
  const ordered = [...records].sort((a, b) => Number(b.newMode === absent) - Number(a.newMode === absent));
  const lines = ordered.map(({ newMode, newId, name }) => {
    const mode = newMode === absent ? '0' : newMode;
    return Buffer.concat([Buffer.from(`${mode} ${newId}\t`), name, Buffer.from([0])]);
  });
  return Buffer.concat(lines);
}

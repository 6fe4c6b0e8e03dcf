import { isValidRef } from '../../core/ref.ts';
import type { CommitId, FileMode, RepoPath } from '../../core/types.ts';
import { BugloopError } from '../../errors.ts';
import type { Git } from '../git.ts';

// What lies in a repository, as git's plumbing prints it: names, trees, blobs.

/** Whether `id` is the full name of an object, of SHA-1 or SHA-256. */
export function isObjectId(id: string): boolean {
  return /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/.test(id);
}

/** What git writes in place of the object where there is none. */
export function isNoObject(id: string): boolean {
  return /^0+$/.test(id);
}

export function checked(id: string): string {
  if (!isObjectId(id)) throw new BugloopError('internal', `'${id}' is not the full name of an object`);
  return id;
}

export function refOf(branch: string): string {
  if (!isValidRef(branch)) throw new BugloopError('usage.ref', `'${branch}' is not the name of a branch`);
  return `refs/heads/${branch}`;
}

export function splitNul(buffer: Buffer): Buffer[] {
  const parts: Buffer[] = [];
  for (let at = 0; at < buffer.length;) {
    const end = buffer.indexOf(0, at);
    const stop = end < 0 ? buffer.length : end;
    parts.push(buffer.subarray(at, stop));
    at = stop + 1;
  }
  return parts;
}

export interface TreeEntry {
  path: RepoPath;
  mode: FileMode;
  id: string;
  /** Bytes; 0 for a gitlink. */
  size: number;
}

export async function listTree(git: Git, commit: CommitId): Promise<TreeEntry[]> {
  const listed = await git.bytes(['ls-tree', '-r', '-z', '-l', '--full-tree', commit]);
  const entries: TreeEntry[] = [];
  // `100644 blob <id> <size, right-aligned>`, a tab, the name.
  for (let at = 0; at < listed.length;) {
    const tab = listed.indexOf(0x09, at);
    const end = listed.indexOf(0, tab);
    const mode = listed.indexOf(0x20, at);
    const type = listed.indexOf(0x20, mode + 1);
    const id = listed.indexOf(0x20, type + 1);
    entries.push({
      path: listed.toString('utf8', tab + 1, end),
      mode: listed.toString('latin1', at, mode),
      id: listed.toString('latin1', type + 1, id),
      size: Number(listed.toString('latin1', id + 1, tab)) || 0,
    });
    at = end + 1;
  }
  return entries;
}

export async function readFiles(
  git: Git,
  entries: readonly TreeEntry[],
  paths: readonly RepoPath[],
  max: number,
): Promise<Map<RepoPath, Buffer>> {
  const wanted = new Set(paths);
  const files = entries.filter(({ path, mode, size }) => wanted.has(path) && mode.startsWith('100') && size <= max);
  const contents = new Map<string, Buffer>();
  await eachBlob(git, new Set(files.map(({ id }) => id)), (id, content) => contents.set(id, Buffer.from(content)));
  return new Map(files.map(({ path, id }) => [path, contents.get(id) ?? Buffer.alloc(0)]));
}

export async function sizesOf(git: Git, ids: ReadonlySet<string>): Promise<Map<string, number>> {
  if (ids.size === 0) return new Map();
  const answer = await git.run(['cat-file', '--batch-check=%(objectname) %(objectsize)'], { input: `${[...ids].join('\n')}\n` });
  return new Map(
    answer.split('\n').map((line) => {
      const [id = '', size = ''] = line.split(' ');
      if (size === 'missing') throw new BugloopError('git.failed', `git has no object ${id}`);
      return [id, Number(size)];
    }),
  );
}

/**
 * Shows blobs in the order given, one after the other, as git prints them. What is shown is overwritten soon: whoever wants
 * to keep it copies it.
 */
export async function eachBlob(git: Git, ids: Iterable<string>, see: (id: string, content: Buffer) => void): Promise<void> {
  const input = [...ids].map((id) => `${id}\n`).join('');
  if (input === '') return;
  // What was read and not yet understood lies in `held` up to `length`: the head of an answer, or the beginning of a blob.
  let held = Buffer.allocUnsafeSlow(1 << 18);
  let length = 0;
  let blob: { id: string; size: number } | undefined;
  await git.stream(['cat-file', '--batch', '--buffer'], { input }, (bytes) => {
    if (length + bytes.length > held.length) {
      const larger = Buffer.allocUnsafeSlow(2 * (length + bytes.length));
      held.copy(larger, 0, 0, length);
      held = larger;
    }
    bytes.copy(held, length);
    length += bytes.length;
    let at = 0;
    for (;;) {
      if (blob === undefined) {
        const end = held.subarray(0, length).indexOf(0x0a, at);
        if (end < 0) break;
        blob = readHead(held.toString('latin1', at, end));
        at = end + 1;
      }
      // A line end follows the content.
      if (length - at <= blob.size) break;
      const { id, size } = blob;
      blob = undefined;
      see(id, held.subarray(at, at + size));
      at += size + 1;
    }
    if (at > 0) held.copyWithin(0, at, length);
    length -= at;
  });
}

/** `<id> blob <size>`. */
function readHead(line: string): { id: string; size: number } {
  const [id = '', type, size] = line.split(' ');
  if (type !== 'blob') throw new BugloopError('git.failed', `git has no blob ${line}`);
  return { id, size: Number(size) };
}

export function endOfLine(buffer: Buffer, at: number): number {
  const end = buffer.indexOf(0x0a, at);
  return end < 0 ? buffer.length : end;
}

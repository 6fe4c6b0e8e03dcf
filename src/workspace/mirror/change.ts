import type { ChangedFile, CommitId, FileMode } from '../../core/types.ts';
import type { Git } from '../git.ts';
import { eachBlob, isNoObject, sizesOf } from './objects.ts';
import { countLines, readPatch, type Counts, type Pair } from './patch.ts';
import { absent, compareTrees, gitlink, type TreeRecord } from './trees.ts';

/** Bytes of one blob up to which `change` loads its text (the port's limit). */
export const maxText = 1024 * 1024;
/** Bytes of text that one `change` loads in all: a commit of a whole dependency tree must not fill the memory. */
const maxTexts = 64 * 1024 * 1024;
/** Bytes above which a blob is not looked into: it counts as binary. */
export const maxBlob = 16 * 1024 * 1024;

/** What is known of a blob once it was looked at. */
interface Blob {
  size: number;
  binary: boolean;
  lines: number;
  text?: string;
}

export async function describe(git: Git, base: CommitId, head: CommitId): Promise<ChangedFile[]> {
  const read = await readPatch(git, base, head);
  const records = read?.records ?? (await compareTrees(git, base, head));
  const pairs = read?.pairs ?? new Map<string, Pair>();
  const unseen = records.filter((record) => !pairs.has(pairOf(record)) || !isContent(record));
  const [blobs, counted] = await Promise.all([
    look(git, unseen, pairs),
    unseen.some(isPair) ? countLines(git, base, head) : new Map<string, Counts>(),
  ]);
  return records.map((record) => {
    const [before, after] = [blobs.get(record.oldId), blobs.get(record.newId)];
    const binary = (before?.binary ?? false) || (after?.binary ?? false);
    const key = pairOf(record);
    const counts = isTextPair(record, blobs) ? (pairs.get(key)?.counts ?? counted.get(key)) : undefined;
    const { path, oldMode, newMode } = record;
    return {
      path,
      status: statusOf(record),
      oldMode,
      newMode,
      binary,
      ...(counts ?? wholly(record, before, after, binary)),
      ...(binary || before?.text === undefined ? {} : { before: before.text }),
      ...(binary || after?.text === undefined ? {} : { after: after.text }),
    };
  });
}

const pairOf = ({ oldId, newId }: TreeRecord): string => `${oldId}..${newId}`;

/** Whether the patch of the record is the difference of two contents, of which one may be absent. */
function isContent(record: TreeRecord): boolean {
  return statusOf(record) !== 'type-changed' && ![record.oldMode, record.newMode].includes(gitlink);
}

function statusOf({ oldMode, newMode }: TreeRecord): ChangedFile['status'] {
  if (oldMode === absent) return 'added';
  if (newMode === absent) return 'deleted';
  return kindOf(oldMode) === kindOf(newMode) ? 'modified' : 'type-changed';
}

/** `100` for a regular file, `120` for a link, `160` for a gitlink. */
function kindOf(mode: FileMode): string {
  return mode.slice(0, 3);
}

function isPair(record: TreeRecord): boolean {
  return statusOf(record) === 'modified' && record.oldId !== record.newId && record.oldMode !== gitlink;
}

function isTextPair(record: TreeRecord, blobs: ReadonlyMap<string, Blob>): boolean {
  if (!isPair(record)) return false;
  return blobs.get(record.oldId)?.binary === false && blobs.get(record.newId)?.binary === false;
}

/** Counts of an entry that has no other side to compare with: all of what was, all of what is. */
function wholly(record: TreeRecord, before: Blob | undefined, after: Blob | undefined, binary: boolean): Counts {
  if (record.oldId === record.newId) return { addedLines: 0, removedLines: 0, changedBytes: 0 };
  const changedBytes = (before?.size ?? 0) + (after?.size ?? 0);
  if (binary) return { addedLines: 0, removedLines: 0, changedBytes };
  return { addedLines: after?.lines ?? 0, removedLines: before?.lines ?? 0, changedBytes };
}

/** Looks at every blob of a change, keeping text only while it fits. What the patch holds is not read again. */
async function look(git: Git, records: readonly TreeRecord[], pairs: ReadonlyMap<string, Pair>): Promise<Map<string, Blob>> {
  const blobs = new Map<string, Blob>();
  const ids = new Set<string>();
  let texts = 0;
  const see = (id: string, content: Buffer): void => {
    const binary = content.length > maxBlob || content.includes(0);
    const load = !binary && content.length <= maxText && texts + content.length <= maxTexts;
    if (load) texts += content.length;
    blobs.set(id, {
      size: content.length,
      binary,
      lines: binary ? 0 : linesIn(content),
      ...(load ? { text: content.toString('utf8') } : {}),
    });
  };
  for (const { ids: both, before, after } of pairs.values()) {
    if (!blobs.has(both[0]) && !isNoObject(both[0])) see(both[0], before);
    if (!blobs.has(both[1]) && !isNoObject(both[1])) see(both[1], after);
  }
  for (const { oldMode, newMode, oldId, newId } of records) {
    for (const [mode, id] of [
      [oldMode, oldId],
      [newMode, newId],
    ] as const) {
      // A gitlink has no blob: its one line is the commit it names.
      if (mode === gitlink) blobs.set(id, { size: id.length + 1, binary: false, lines: 1 });
      else if (mode !== absent && !blobs.has(id)) ids.add(id);
    }
  }
  const sizes = await sizesOf(git, ids);
  for (const [id, size] of sizes) if (size > maxBlob) blobs.set(id, { size, binary: true, lines: 0 });
  const readable = [...sizes].flatMap(([id, size]) => (size <= maxBlob ? [id] : []));
  await eachBlob(git, readable, see);
  return blobs;
}

function linesIn(content: Buffer): number {
  let lines = content.length > 0 && content.at(-1) !== 0x0a ? 1 : 0;
  for (let at = content.indexOf(0x0a); at >= 0; at = content.indexOf(0x0a, at + 1)) lines += 1;
  return lines;
}

import type { CommitId } from '../../core/types.ts';
import { BugloopError } from '../../errors.ts';
import type { Git } from '../git.ts';
import { endOfLine, splitNul } from './objects.ts';
import { exactly, toRecords, type TreeRecord } from './trees.ts';

export interface Counts {
  addedLines: number;
  removedLines: number;
  changedBytes: number;
}

/** Two contents, of which one is empty where it is absent, and what differs. */
export interface Pair {
  ids: [before: string, after: string];
  before: Buffer;
  after: Buffer;
  counts: Counts;
}

/** Bytes of a patch up to which it is read whole. What is larger is counted without its contents, and these one by one. */
const maxPatch = 32 * 1024 * 1024;
/** More lines than a file has: one hunk then holds all of it. */
const wholeFile = 1_000_000_000;

/** Everything that differs, by one call of git; `undefined` where it is too much. */
export async function readPatch(
  git: Git,
  base: CommitId,
  head: CommitId,
): Promise<{ records: TreeRecord[]; pairs: Map<string, Pair> } | undefined> {
  const chunks: Buffer[] = [];
  let size = 0;
  const tooMuch = new Error('the patch is too large');
  const shown = ['--raw', '-z', '--abbrev=64', '-p', `-U${wholeFile}`, '--text'];
  try {
    await git.stream(['diff-tree', ...shown, ...exactly, base, head], {}, (chunk) => {
      size += chunk.length;
      if (size > maxPatch) throw tooMuch;
      chunks.push(chunk);
    });
  } catch (error) {
    if (error === tooMuch) return undefined;
    throw error;
  }
  const answer = Buffer.concat(chunks);
  // Records and names end in NUL; one more stands before the patch.
  let end = 0;
  while (answer[end] === 0x3a) end = answer.indexOf(0, answer.indexOf(0, end) + 1) + 1;
  return { records: toRecords(splitNul(answer.subarray(0, end))), pairs: readPairs(answer.subarray(end + 1)) };
}

/**
 * The contents that a patch with all of its context is about. Hunk headers say how many lines follow, so no content can
 * pass for a header; pairs are named by their ids, so no file name is parsed. A pair without a hunk is left out: where it
 * is not about nothing at all, git did not show what it holds.
 */
function readPairs(patch: Buffer): Map<string, Pair> {
  const pairs = new Map<string, Pair>();
  let ids: Pair['ids'] | undefined;
  for (let at = 0; at < patch.length;) {
    const line = patch.toString('latin1', at, Math.min(endOfLine(patch, at), at + 300));
    at = endOfLine(patch, at) + 1;
    const index = /^index ([0-9a-f]+)\.\.([0-9a-f]+)/.exec(line);
    const hunk = /^@@ -\d+(?:,(\d+))? \+\d+(?:,(\d+))? @@/.exec(line);
    if (line.startsWith('diff --git ')) ids = undefined;
    else if (index !== null) ids = [index[1] ?? '', index[2] ?? ''];
    else if (hunk !== null) {
      // A second hunk would mean that the first did not hold everything.
      if (ids === undefined) throw new BugloopError('internal', 'git left out lines that do not differ');
      const read = readHunk(patch, at, { before: Number(hunk[1] ?? 1), after: Number(hunk[2] ?? 1) });
      at = read.end;
      pairs.set(`${ids[0]}..${ids[1]}`, { ids, ...read.pair });
      ids = undefined;
    }
  }
  return pairs;
}

function readHunk(
  patch: Buffer,
  start: number,
  left: { before: number; after: number },
): { end: number; pair: Omit<Pair, 'ids'> } {
  const before: Buffer[] = [];
  const after: Buffer[] = [];
  const counts: Counts = { addedLines: 0, removedLines: 0, changedBytes: 0 };
  let at = start;
  while (left.before > 0 || left.after > 0) {
    const end = endOfLine(patch, at);
    const sign = patch[at];
    // `\ No newline at end of file` takes the line end from the line before it.
    const unended = patch[end + 1] === 0x5c;
    const content = patch.subarray(at + 1, unended ? end : end + 1);
    if (sign !== 0x2b) {
      before.push(content);
      left.before -= 1;
    }
    if (sign !== 0x2d) {
      after.push(content);
      left.after -= 1;
    }
    if (sign === 0x2b) counts.addedLines += 1;
    if (sign === 0x2d) counts.removedLines += 1;
    if (sign === 0x2b || sign === 0x2d) counts.changedBytes += content.length;
    at = (unended ? endOfLine(patch, end + 1) : end) + 1;
  }
  return { end: at, pair: { before: Buffer.concat(before), after: Buffer.concat(after), counts } };
}

/**
 * Lines and bytes of every pair of blobs that differ, read from a diff without context. Hunk headers say how many
 * lines follow, so no content can pass for a header; pairs are named by their ids, so no file name is parsed.
 */
export async function countLines(git: Git, base: CommitId, head: CommitId): Promise<Map<string, Counts>> {
  const diff = await git.bytes([
    'diff-tree',
    '-p',
    '-U0',
    '--inter-hunk-context=0',
    '--text',
    '--diff-filter=M',
    ...exactly,
    base,
    head,
  ]);
  const counts = new Map<string, Counts>();
  let current: Counts | undefined;
  for (let at = 0; at < diff.length;) {
    const line = diff.toString('latin1', at, Math.min(endOfLine(diff, at), at + 300));
    at = endOfLine(diff, at) + 1;
    const pair = /^index ([0-9a-f]+)\.\.([0-9a-f]+)/.exec(line);
    const hunk = /^@@ -\d+(?:,(\d+))? \+\d+(?:,(\d+))? @@/.exec(line);
    if (line.startsWith('diff --git ')) current = undefined;
    else if (pair !== null) {
      current = { addedLines: 0, removedLines: 0, changedBytes: 0 };
      counts.set(`${pair[1]}..${pair[2]}`, current);
    } else if (hunk !== null && current !== undefined) {
      const [removed, added] = [Number(hunk[1] ?? 1), Number(hunk[2] ?? 1)];
      current.removedLines += removed;
      current.addedLines += added;
      for (let left = removed + added; left > 0;) {
        const end = endOfLine(diff, at);
        // `\ No newline at end of file` belongs to the line before it: that one has no line end to count.
        const note = diff[at] === 0x5c;
        current.changedBytes += note ? -1 : end - at;
        if (!note) left -= 1;
        at = end + 1;
      }
      if (diff[at] === 0x5c) {
        current.changedBytes -= 1;
        at = endOfLine(diff, at) + 1;
      }
    }
  }
  return counts;
}

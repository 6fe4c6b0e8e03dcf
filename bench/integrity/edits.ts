import { structuredPatch } from 'diff';
import type { ChangedFile } from '../../src/core/types.ts';

/** A file of a change, as git would tell it. */
export function changedFile(path: string, before: string | undefined, after: string | undefined): ChangedFile {
  const lines = structuredPatch(path, path, before ?? '', after ?? '', '', '', { context: 0 }).hunks.flatMap(
    ({ lines }) => lines,
  );
  const count = (sign: string): number => lines.filter((line) => line.startsWith(sign)).length;
  return {
    path,
    status: before === undefined ? 'added' : after === undefined ? 'deleted' : 'modified',
    oldMode: before === undefined ? '000000' : '100644',
    newMode: after === undefined ? '000000' : '100644',
    addedLines: count('+'),
    removedLines: count('-'),
    changedBytes: Math.abs((after ?? '').length - (before ?? '').length),
    binary: false,
    ...(before === undefined ? {} : { before }),
    ...(after === undefined ? {} : { after }),
  };
}

import { structuredPatch } from 'diff';

/**
 * 1-based lines of `after` that a change touches: every added line, and where lines were only removed the lines on
 * both sides of the cut, because something has to stand for them.
 */
export function changedLines(before: string, after: string): number[] {
  const last = after.split('\n').length - (after.endsWith('\n') ? 1 : 0);
  const patch = structuredPatch('a', 'b', before, after, '', '', { context: 0, timeout: 2_000 });
  // A diff that takes too long is answered by the whole file: nothing that changed is left out.
  if (patch === undefined) return Array.from({ length: last }, (_, index) => index + 1);
  return patch.hunks.flatMap(({ newStart, newLines }) => {
    // An empty new side starts at the line that now follows the cut.
    if (newLines === 0) return [newStart - 1, newStart].filter((line) => line >= 1 && line <= last);
    return Array.from({ length: newLines }, (_, index) => newStart + index);
  });
}

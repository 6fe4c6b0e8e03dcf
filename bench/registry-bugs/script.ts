import { structuredPatch } from 'diff';
import type { Edit } from '../../test/servers/messages/index.ts';
import type { Files, Materialised } from './materialise.ts';

/**
 * The edits that turn the base into these files, as a model makes them: passages that stand in the file once, with as
 * much around them as that needs; a whole file only where no such passage is found.
 */
export function editsOf(files: Files, { before }: Pick<Materialised, 'before'>): Edit[] {
  return [...files].flatMap(([path, content]): Edit[] => {
    const old = before.get(path);
    if (content === undefined) return [{ path, remove: true }];
    if (old === undefined) return [{ path, content }];
    return old === content ? [] : (passages(path, old, content) ?? [{ path, content }]);
  });
}

function passages(path: string, before: string, after: string): Edit[] | undefined {
  const { hunks } = structuredPatch(path, path, before, after, '', '', { context: 3 });
  const edits: Edit[] = [];
  let text = before;
  for (const { lines } of hunks) {
    // A file without a line break at its end is told in a line of its own, which no passage can hold.
    if (lines.some((line) => line.startsWith('\\'))) return undefined;
    const side = (sign: '-' | '+'): string =>
      lines
        .filter((line) => line.startsWith(' ') || line.startsWith(sign))
        .map((line) => line.slice(1))
        .join('\n');
    const edit = { path, old: side('-'), new: side('+') };
    const at = text.indexOf(edit.old);
    if (edit.old === '' || at === -1 || text.includes(edit.old, at + 1)) return undefined;
    text = text.slice(0, at) + edit.new + text.slice(at + edit.old.length);
    edits.push(edit);
  }
  return text === after ? edits : undefined;
}

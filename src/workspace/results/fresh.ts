import { globSync, lstatSync } from 'node:fs';
import { join } from 'node:path';

/**
 * Remembers which reports match `pattern` now; the answer lists those that were written since. A link is no report: it
 * could lead anywhere.
 */
export function watchReports(root: string, pattern: string | undefined): () => string[] {
  const before = stamps(root, pattern);
  return () => [...stamps(root, pattern)].filter(([path, stamp]) => before.get(path) !== stamp).map(([path]) => path);
}

function stamps(root: string, pattern: string | undefined): Map<string, string> {
  const files = pattern === undefined ? [] : globSync(pattern, { cwd: root }).toSorted();
  return new Map(
    files.flatMap((file) => {
      const stat = lstatSync(join(root, file), { bigint: true, throwIfNoEntry: false });
      return stat?.isFile() === true ? [[file, `${stat.mtimeNs} ${stat.ino}`] as const] : [];
    }),
  );
}

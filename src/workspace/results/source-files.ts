import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { RepoPath } from '../../core/types.ts';

/** What tools install. */
const foreign = new Set(['node_modules', '.git', 'vendor', '.gradle', '.bundle']);

/** Files of the repository whose name matches, for runners that tell a test's class or function but not its file. Sorted. */
export async function findFiles(root: string, name: RegExp, directory = ''): Promise<RepoPath[]> {
  const entries = await readdir(join(root, directory), { withFileTypes: true });
  const found = await Promise.all(
    entries.map(async (entry) => {
      const path = directory === '' ? entry.name : `${directory}/${entry.name}`;
      if (entry.isDirectory()) return foreign.has(entry.name) ? [] : findFiles(root, name, path);
      return entry.isFile() && name.test(entry.name) ? [path] : [];
    }),
  );
  return found.flat().toSorted();
}

/** Remembers what is declared where; what is declared twice is in no file that could be told. */
export function onlyPlaces(declared: Iterable<readonly [name: string, path: RepoPath]>): Map<string, RepoPath> {
  const places = new Map<string, Set<RepoPath>>();
  for (const [name, path] of declared) places.set(name, (places.get(name) ?? new Set()).add(path));
  return new Map([...places].flatMap(([name, paths]) => (paths.size === 1 ? [[name, [...paths][0] ?? ''] as const] : [])));
}

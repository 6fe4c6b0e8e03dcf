import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

/** Reports further back than this say little about the next run. */
const newest = 50;

/** Texts of the newest reports under `dir`, oldest first. A run without one, or a directory that is not there, has none. */
export async function listReports(dir: string): Promise<string[]> {
  const entries = await readdir(dir, { withFileTypes: true }).catch(() => []);
  // Names begin with the time.
  const runs = entries
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name)
    .sort()
    .slice(-newest);
  const texts = await Promise.all(runs.map((name) => readFile(join(dir, name, 'report.json'), 'utf8').catch(() => undefined)));
  return texts.filter((text) => text !== undefined);
}

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Coverage } from '../../../core/types.ts';
import type { Setting } from '../adapter.ts';
import { repoPaths } from '../assemble.ts';
import { istanbulReport, readJson } from '../shapes.ts';

/** Lines by file, merged: a line ran when any report says so. */
export interface LineHits {
  executable: Set<number>;
  executed: Set<number>;
}

export function toCoverage(files: ReadonlyMap<string, LineHits>): Coverage | undefined {
  const sorted = [...files].filter(([, hits]) => hits.executable.size > 0).toSorted(([a], [b]) => (a < b ? -1 : 1));
  if (sorted.length === 0) return undefined;
  return {
    files: sorted.map(([path, { executable, executed }]) => ({
      path,
      executable: ascending(executable),
      executed: ascending(executed),
    })),
  };
}

function ascending(lines: ReadonlySet<number>): number[] {
  return [...lines].toSorted((a, b) => a - b);
}

export function hitsOf(files: Map<string, LineHits>, path: string): LineHits {
  const hits = files.get(path) ?? { executable: new Set<number>(), executed: new Set<number>() };
  files.set(path, hits);
  return hits;
}

/** Reports that the configuration names: lcov or istanbul's JSON. */
export async function readConfiguredCoverage(root: string, reports: readonly string[]): Promise<Coverage | undefined> {
  const files = new Map<string, LineHits>();
  for (const name of reports) {
    const text = await readFile(join(root, name), 'utf8').catch(() => '');
    if (name.endsWith('.json')) addIstanbul(files, text, repoPaths(root));
    else addLcov(files, text, repoPaths(root));
  }
  return toCoverage(files);
}

export async function readIstanbulFile(file: string, setting: Pick<Setting, 'repoPath'>): Promise<Coverage | undefined> {
  const files = new Map<string, LineHits>();
  addIstanbul(files, await readFile(file, 'utf8').catch(() => ''), setting.repoPath);
  return toCoverage(files);
}

/** lcov's tracefile: `SF` opens a file, `DA:<line>,<hits>` counts a line (man 1 geninfo). */
function addLcov(files: Map<string, LineHits>, text: string, repoPath: Setting['repoPath']): void {
  let hits: LineHits | undefined;
  for (const line of text.split(/\r?\n/)) {
    const source = /^SF:(.*)$/.exec(line);
    if (source !== null) {
      const path = repoPath(source[1]);
      hits = path === undefined ? undefined : hitsOf(files, path);
    }
    const data = /^DA:(\d+),(\d+)/.exec(line);
    if (data !== null && hits !== undefined) count(hits, Number(data[1]), Number(data[2]));
  }
}

/** istanbul counts statements; a line counts as the statements that start on it, as istanbul's own line summary does. */
function addIstanbul(files: Map<string, LineHits>, text: string, repoPath: Setting['repoPath']): void {
  for (const [name, file] of Object.entries(readJson(text, istanbulReport) ?? {})) {
    const path = repoPath(file.path ?? name);
    if (path === undefined) continue;
    const hits = hitsOf(files, path);
    for (const [id, place] of Object.entries(file.statementMap)) {
      if (place.start.line !== undefined) count(hits, place.start.line, file.s[id] ?? 0);
    }
  }
}

function count(hits: LineHits, line: number, times: number): void {
  hits.executable.add(line);
  if (times > 0) hits.executed.add(line);
}

import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { AnyMap, originalPositionFor, type TraceMap } from '@jridgewell/trace-mapping';
import type { Coverage } from '../../../core/types.ts';
import { measures, type Plan, type Setting } from '../adapter.ts';
import { readJson, v8Functions, v8Report, type V8Range } from '../shapes.ts';
import { hitsOf, toCoverage, type LineHits } from './reports.ts';

/** Asks every Node process of the run for V8's own coverage; nothing of the repository is instrumented. */
export function planV8Coverage(setting: Setting): Pick<Plan, 'env' | 'readCoverage'> {
  if (!measures(setting)) return {};
  const directory = join(setting.scratch, 'v8');
  return { env: { NODE_V8_COVERAGE: directory }, readCoverage: () => readV8Coverage(directory, setting) };
}

async function readV8Coverage(directory: string, setting: Pick<Setting, 'repoPath'>): Promise<Coverage | undefined> {
  const files = new Map<string, LineHits>();
  const sources = new Map<string, string | undefined>();
  const names = await readdir(directory).catch(() => []);
  for (const name of names.filter((entry) => entry.endsWith('.json')).toSorted()) {
    const report = readJson(await readFile(join(directory, name), 'utf8').catch(() => ''), v8Report);
    for (const script of report?.result ?? []) {
      const { url } = script;
      const path = url.startsWith('file:') && !url.includes('?') ? setting.repoPath(url) : undefined;
      if (path === undefined || /(^|\/)node_modules\//.test(path)) continue;
      if (!sources.has(url)) sources.set(url, await readFile(fileURLToPath(url), 'utf8').catch(() => undefined));
      const source = sources.get(url);
      if (source === undefined) continue;
      const map = report?.['source-map-cache'][url];
      const ranges = v8Functions.parse(script.functions).flatMap((entry) => entry.ranges);
      const traced = map === undefined ? undefined : readMap(map.data, url);
      if (map !== undefined && traced !== undefined) addMapped(files, ranges, map.lineLengths, traced, setting);
      else addPlain(hitsOf(files, path), url, ranges, source);
    }
  }
  return toCoverage(files);
}

function readMap(data: unknown, url: string): TraceMap | undefined {
  if (data === undefined || data === null) return undefined;
  try {
    return new AnyMap(JSON.stringify(data), url);
  } catch {
    return undefined;
  }
}

/** What ran is the file itself, or the file with its types blanked out: offsets are the file's own. */
function addPlain(hits: LineHits, url: string, ranges: readonly V8Range[], source: string): void {
  const end = Math.max(0, ...ranges.map((range) => range.endOffset));
  // Node appends this to a file whose types it blanks out.
  const appended = `\n\n//# sourceURL=${url}`.length;
  // A transform without a source map: nobody can say which line is which.
  if ((end > source.length && end !== source.length + appended) || (end < source.length && source.slice(end).trim() !== ''))
    return;
  const ran = paint(ranges, source.length);
  let offset = 0;
  let inComment = false;
  source.split('\n').forEach((text, index) => {
    const start = offset;
    offset += text.length + 1;
    const line = text.trim();
    const opens = inComment || line.startsWith('/*');
    inComment = opens && !line.includes('*/');
    if (line === '' || opens || line.startsWith('//') || line.startsWith('#!') || /^[\])};,]+$/.test(line)) return;
    hits.executable.add(index + 1);
    if (anyRan(ran, text, start)) hits.executed.add(index + 1);
  });
}

function addMapped(
  files: Map<string, LineHits>,
  ranges: readonly V8Range[],
  lengths: readonly number[],
  map: TraceMap,
  setting: Pick<Setting, 'repoPath'>,
): void {
  const total = lengths.reduce((sum, length) => sum + length + 1, 0);
  const ran = paint(ranges, total);
  let offset = 0;
  lengths.forEach((length, index) => {
    for (let column = 0; column < length; column += 1) {
      const { source, line } = originalPositionFor(map, { line: index + 1, column });
      const path = source === null ? undefined : setting.repoPath(source);
      if (path === undefined || line === null) continue;
      const hits = hitsOf(files, path);
      hits.executable.add(line);
      if ((ran[offset + column] ?? 0) > 0) hits.executed.add(line);
    }
    offset += length + 1;
  });
}

/** 1 for every character that ran. Ranges nest, the inner one decides; functions come before those inside them. */
function paint(ranges: readonly V8Range[], length: number): Uint8Array {
  const ran = new Uint8Array(length);
  const outerFirst = ranges.toSorted((a, b) => a.startOffset - b.startOffset || b.endOffset - a.endOffset);
  for (const { startOffset, endOffset, count } of outerFirst) ran.fill(count > 0 ? 1 : 0, startOffset, endOffset);
  return ran;
}

function anyRan(ran: Uint8Array, text: string, start: number): boolean {
  for (let column = 0; column < text.length; column += 1) {
    if (ran[start + column] === 1 && !/[\s})\];,]/.test(text.charAt(column))) return true;
  }
  return false;
}

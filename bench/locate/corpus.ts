import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { execa } from 'execa';
import { z } from 'zod';
import { readReport, type BugReport } from '../../src/core/issue.ts';

/** A real bug: what was reported, on which commit, and which files its fix changed. */
const caseSchema = z.object({
  id: z.string(),
  set: z.string(),
  repo: z.string().regex(/^[\w.-]+\/[\w.-]+$/),
  base_commit: z.string().regex(/^[0-9a-f]{40}$/),
  text: z.string(),
  gold_files: z.array(z.string()).min(1),
});
export type Case = z.infer<typeof caseSchema>;

/** JSON lines, compressed or not. */
export async function readCases(file: string): Promise<Case[]> {
  const content = await readFile(file);
  const text = (file.endsWith('.gz') ? gunzipSync(content) : content).toString('utf8');
  return text
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line) => caseSchema.parse(JSON.parse(line)));
}

/** The half that weights are fitted on; the other half only measures. */
export function isTraining(id: string): boolean {
  return (createHash('sha256').update(id).digest()[0] ?? 0) % 2 === 0;
}

/** The data have no titles: the first line is taken for one. */
export function reportOf({ id, text }: Case): BugReport {
  const end = text.indexOf('\n');
  return readReport({
    id,
    title: end < 0 ? text : text.slice(0, end),
    body: end < 0 ? '' : text.slice(end + 1),
    source: 'file',
  });
}

/**
 * The git directory of `owner/name` below `mirrors`: `owner+name`, `owner/name` or `name`, bare or not. `aliases` names
 * another repository to read it from, for those that can only be had as a fork.
 */
export function findRepository(mirrors: string, repo: string, aliases: ReadonlyMap<string, string>): string | undefined {
  const name = aliases.get(repo) ?? repo;
  const places = [name.replace('/', '+'), name, name.slice(name.indexOf('/') + 1)].flatMap((place) =>
    ['', '.git', 'repo', 'repo/.git'].map((inner) => join(mirrors, place, inner)),
  );
  return places.find((place) => existsSync(join(place, 'HEAD')) && existsSync(join(place, 'objects')));
}

async function git(directory: string, args: readonly string[], input?: string): Promise<Buffer> {
  const { stdout } = await execa('git', ['-c', 'safe.directory=*', '--git-dir', directory, ...args], {
    encoding: 'buffer',
    maxBuffer: 2 ** 31,
    ...(input === undefined ? { stdin: 'ignore' } : { input }),
  });
  return Buffer.from(stdout.buffer, stdout.byteOffset, stdout.byteLength);
}

export interface Blob {
  path: string;
  mode: string;
  id: string;
  size: number;
}

export async function listTree(directory: string, commit: string): Promise<Blob[]> {
  const listed = await git(directory, ['ls-tree', '-r', '-z', '-l', '--full-tree', commit]);
  return listed
    .toString('utf8')
    .split('\0')
    .filter((record) => record !== '')
    .map((record) => {
      const tab = record.indexOf('\t');
      const [mode = '', , id = '', size = ''] = record.slice(0, tab).split(/ +/);
      return { path: record.slice(tab + 1), mode, id, size: Number(size) || 0 };
    });
}

/** Contents by id; what the repository lacks is absent. */
export async function readBlobs(directory: string, ids: readonly string[]): Promise<Map<string, Uint8Array>> {
  const contents = new Map<string, Uint8Array>();
  for (let first = 0; first < ids.length; first += 2_000) {
    const answer = await git(directory, ['cat-file', '--batch', '--buffer'], `${ids.slice(first, first + 2_000).join('\n')}\n`);
    for (let at = 0; at < answer.length;) {
      const end = answer.indexOf(10, at);
      const [id = '', kind, size = ''] = answer.toString('latin1', at, end).split(' ');
      if (kind === 'blob') contents.set(id, answer.subarray(end + 1, end + 1 + Number(size)));
      at = kind === 'blob' ? end + 2 + Number(size) : end + 1;
    }
  }
  return contents;
}

import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { testMatcher } from '../../src/core/paths.ts';
import type { ChangedFile } from '../../src/core/types.ts';
import { changedFile } from './edits.ts';

const run = promisify(execFile);

async function git(directory: string, ...args: string[]): Promise<string> {
  const { stdout } = await run('git', ['-C', directory, ...args], { maxBuffer: 2 ** 28, encoding: 'utf8' });
  return stdout;
}

/** A change that somebody made, as far as it is one of tests. */
export interface Edit {
  name: string;
  files: ChangedFile[];
}

/** Longer files were generated: they say nothing about how people edit tests. */
const longest = 400_000;

/** What happened between two commits to files below test paths; `undefined` where nothing that existed was changed. */
export async function readEdit(
  directory: string,
  name: string,
  from: string,
  to: string,
  tests: readonly string[],
): Promise<Edit | undefined> {
  const isTest = testMatcher(tests);
  const raw = await git(directory, 'diff', '--raw', '--no-renames', '--abbrev=40', '-z', from, to);
  const files: ChangedFile[] = [];
  let [edits, source] = [0, 0];
  const parts = raw.split('\0');
  for (let at = 0; at + 1 < parts.length; at += 2) {
    const [info = '', path = ''] = [parts[at], parts[at + 1]];
    const [oldMode = '', newMode = '', old = '', now = '', status] = info.slice(1).split(' ');
    if (!isTest(path)) source += /\.(md|txt|json|lock|ya?ml)$/.test(path) ? 0 : 1;
    if (!isTest(path) || !/^(000000|100644|100755)$/.test(oldMode) || !/^(000000|100644|100755)$/.test(newMode)) continue;
    const [before, after] = [await blob(directory, old), await blob(directory, now)];
    if ((before?.length ?? 0) > longest || (after?.length ?? 0) > longest || /\0/.test(`${before}${after}`)) continue;
    if (status !== 'A') edits += 1;
    files.push(changedFile(path, before, after));
  }
  return edits > 0 && source > 0 ? { name, files } : undefined;
}

async function blob(directory: string, id: string): Promise<string | undefined> {
  return /^0+$/.test(id) ? undefined : await git(directory, 'cat-file', 'blob', id);
}

/** The newest fixes of a repository that edit tests and source: commits that say so in their first line. */
export async function readFixes(directory: string, name: string, tests: readonly string[], count: number): Promise<Edit[]> {
  const log = await git(directory, 'log', '--all', '--no-merges', '-n', '3000', '--format=%H %s');
  const found: Edit[] = [];
  const told = new Set<string>();
  for (const line of log.split('\n')) {
    if (found.length >= count) break;
    const [id = '', ...subject] = line.split(' ');
    if (told.has(subject.join(' '))) continue;
    told.add(subject.join(' '));
    if (
      !/\b(fix(es|ed)?|bug|regression)\b/i.test(subject.join(' ')) ||
      /\b(tests?|typo|lint|ci|deps?|docs?)\b/i.test(subject.join(' '))
    )
      continue;
    const edit = await readEdit(directory, `${name}@${id.slice(0, 10)}`, `${id}^`, id, tests).catch(() => undefined);
    if (edit !== undefined) found.push(edit);
  }
  return found;
}

/** BugsJS keeps every bug as two tags: `Bug-7`, and `Bug-7-full` with the fix and its tests. */
export async function readTaggedBugs(directory: string, name: string, tests: readonly string[]): Promise<Edit[]> {
  const tags = (await git(directory, 'tag', '--list', 'Bug-*-full')).split('\n').filter((tag) => tag !== '');
  const edits: Edit[] = [];
  for (const tag of tags) {
    const edit = await readEdit(directory, `${name} ${tag.replace('-full', '')}`, tag.replace('-full', ''), tag, tests).catch(
      () => undefined,
    );
    if (edit !== undefined) edits.push(edit);
  }
  return edits;
}

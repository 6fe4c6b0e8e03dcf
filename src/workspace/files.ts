import { randomBytes } from 'node:crypto';
import { constants, type Stats } from 'node:fs';
import { lstat, mkdir, open, realpath, rename, rm, rmdir } from 'node:fs/promises';
import { dirname, join, sep } from 'node:path';
import { globProblem, matchAny } from '../core/paths.ts';
import type { RepoPath } from '../core/types.ts';
import type { FileAnswer, WorkspaceFiles } from '../ports.ts';

/** Bytes of one file that are read or written; more would not help an agent. */
const maxFile = 1024 * 1024;
/** Paths that `list` answers. */
const maxList = 20_000;
const maxMatches = 1_000;
/** Bytes that one search reads. */
const maxSearched = 256 * 1024 * 1024;
/** Characters of a line that a match shows. */
const maxLine = 300;
/** Files that are read at the same time. */
const parallel = 16;

export interface FilesOptions {
  /** Absolute path of the live checkout. */
  root: string;
  /** Absolute real paths outside of it that links may lead to, for reading only. */
  readable: readonly string[];
  /** Tracked and untracked files that git does not ignore. */
  paths: () => Promise<RepoPath[]>;
}

/**
 * File access for agents' tools. A path is a name inside the checkout and nothing else: each component is looked at,
 * git's own files are out of reach, and a link is followed only for reading and only where it stays inside.
 */
export function openFiles({ root, readable, paths }: FilesOptions): WorkspaceFiles {
  const list = async (pattern?: string): Promise<RepoPath[]> => {
    const match = matcherOf(pattern);
    return (await paths())
      .filter(match)
      .sort((a, b) => (a < b ? -1 : 1))
      .slice(0, maxList);
  };
  const read = (path: RepoPath): Promise<FileAnswer> => answer(async () => decode(await readInside(path), path));

  return {
    list,
    read,
    async search(text, { pattern, max = 200 } = {}) {
      if (text === '') return [];
      const files = await list(pattern);
      const limit = Math.min(max, maxMatches);
      return searchFiles(files, text, limit);
    },
    write: (path, content) =>
      answer(async () => {
        const bytes = Buffer.from(content);
        if (bytes.length > maxFile) refuse(`${path}: ${bytes.length} bytes are too many, at most ${maxFile} are written`);
        if (bytes.includes(0)) refuse(`${path}: text holds no NUL character`);
        const { parents, absolute } = named(path);
        for (const parent of parents) await makeDirectory(parent);
        const mode = await writableMode(path, absolute);
        await replace(absolute, bytes, mode);
        return content;
      }),
    remove: (path) =>
      answer(async () => {
        const { parents, absolute } = named(path);
        for (const parent of parents) await assertPlain(parent);
        const stat = await statOf(absolute);
        if (stat === undefined) refuse(`${path} does not exist`);
        if (stat.isDirectory()) refuse(`${path} is a directory; remove its files one by one`);
        await rm(absolute);
        await removeEmpty(parents);
        return '';
      }),
  };

  /** Splits a path into the directories that lead to it. Refuses whatever is not plainly a name in the checkout. */
  function named(path: RepoPath): { parents: string[]; absolute: string } {
    const problem = problemOf(path);
    if (problem !== undefined) refuse(`${JSON.stringify(path.slice(0, 200))} ${problem}`);
    const parts = path.split('/');
    const steps = parts.map((_, index) => join(root, ...parts.slice(0, index + 1)));
    return { parents: steps.slice(0, -1), absolute: steps.at(-1) ?? root };
  }

  async function readInside(path: RepoPath): Promise<Buffer> {
    const real = await realpath(named(path).absolute).catch(() => undefined);
    if (real === undefined) return refuse(`${path} does not exist`);
    if (!isInside(real, root) && !readable.some((place) => isInside(real, place))) refuse(`${path} leads out of the workspace`);
    if (isInside(real, join(root, '.git'))) refuse(`${path} leads to git's own files`);
    return readRegular(real, path);
  }

  /** Exact matches; where there is none in any file, those that differ in case. Every file is read once. */
  async function searchFiles(files: readonly RepoPath[], text: string, limit: number): Promise<Match[]> {
    const [exact, loose]: [Match[], Match[]] = [[], []];
    let searched = 0;
    for (let at = 0; at < files.length && exact.length < limit && searched < maxSearched; at += parallel) {
      const batch = files.slice(at, at + parallel);
      const answers = await Promise.all(batch.map(async (path) => ({ path, answer: await read(path) })));
      for (const { path, answer } of answers) {
        if (!answer.ok) continue;
        searched += answer.content.length;
        for (const match of matchesIn(answer.content, text, false, limit - exact.length)) exact.push({ path, ...match });
        if (exact.length > 0) continue;
        for (const match of matchesIn(answer.content, text, true, limit - loose.length)) loose.push({ path, ...match });
      }
    }
    return exact.length > 0 ? exact : loose;
  }
}

interface Match {
  path: RepoPath;
  line: number;
  text: string;
}

// ---------------------------------------------------------------------------------------------- names

/** Why `path` is refused before the disk is looked at. */
function problemOf(path: string): string | undefined {
  if (path === '') return 'is not a path';
  if (path.includes('\0')) return 'holds a NUL character';
  if (path.length > 4096) return 'is too long';
  if (path.startsWith('/') || path.startsWith('~') || /^[a-z][a-z0-9+.-]*:\/\//i.test(path)) {
    return 'is not relative to the root of the repository';
  }
  if (/%(?:2e|2f|5c|00)/i.test(path) || path.includes('\\')) return 'holds an escaped separator; write it plainly';
  const parts = path.split('/');
  if (parts.some((part) => part === '..')) return 'leaves the workspace';
  if (parts.some((part) => part === '' || part === '.')) return 'holds an empty component';
  if (parts.some((part) => Buffer.byteLength(part) > 255)) return 'has a name that is too long';
  if (parts.some(isGitName)) return "leads to git's own files";
  return undefined;
}

/** `.git` in any spelling that some file system takes for it: letter case, trailing dots and spaces, its short name. */
function isGitName(part: string): boolean {
  const plain = part.normalize('NFKC').replace(/[\u200c-\u200f\u202a-\u202e\u2060-\u206f\ufeff]/g, '');
  return /^(?:\.git|git~\d+)[. ]*(?::|$)/i.test(plain);
}

function isInside(path: string, directory: string): boolean {
  return path === directory || path.startsWith(directory + sep);
}

function matcherOf(pattern: string | undefined): (path: RepoPath) => boolean {
  if (pattern === undefined || pattern === '') return () => true;
  const plain = pattern.replace(/^\.?\/+/, '').replace(/\/+$/, '');
  if (plain === '' || plain === '.') return () => true;
  if (globProblem(plain) !== undefined) return () => false;
  // A name without a slash is meant at any depth, and a directory with everything in it.
  const globs = plain.includes('/') ? [plain] : [plain, `**/${plain}`];
  return matchAny(globs.flatMap((glob) => [glob, `${glob}/**`]));
}

// ---------------------------------------------------------------------------------------------- disk

/** Marks errors that are an answer. */
const refusal = Symbol('refusal');

function refuse(why: string): never {
  throw new Error(why, { cause: refusal });
}

/** Turns a refusal, or what the disk refused, into an answer. */
async function answer(body: () => Promise<string>): Promise<FileAnswer> {
  try {
    return { ok: true, content: await body() };
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    if (error.cause === refusal) return { ok: false, refusal: error.message };
    if ('code' in error) return { ok: false, refusal: `the file system refused: ${String(error.code)}` };
    throw error;
  }
}

function statOf(path: string): Promise<Stats | undefined> {
  return lstat(path).catch(() => undefined);
}

/** Opens without following a link and without waiting for a pipe, and reads what turns out to be a regular file. */
async function readRegular(real: string, path: RepoPath): Promise<Buffer> {
  await using file = await open(real, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  const stat = await file.stat();
  if (stat.isDirectory()) refuse(`${path} is a directory`);
  if (!stat.isFile()) refuse(`${path} is not a regular file`);
  if (stat.size > maxFile) refuse(`${path}: ${stat.size} bytes are too many, at most ${maxFile} are read`);
  return file.readFile();
}

/** Exactly the text of the bytes, so that what is read can be written back; anything else is refused. */
function decode(bytes: Buffer, path: RepoPath): string {
  if (bytes.includes(0)) refuse(`${path} is binary`);
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return refuse(`${path} is not UTF-8 text`);
  }
}

async function assertPlain(directory: string): Promise<void> {
  const stat = await statOf(directory);
  if (stat === undefined) refuse('a directory on the way does not exist');
  if (stat.isSymbolicLink()) refuse('a directory on the way is a link; use the path it leads to');
  if (!stat.isDirectory()) refuse('something on the way is not a directory');
}

async function makeDirectory(directory: string): Promise<void> {
  if ((await statOf(directory)) === undefined) await mkdir(directory);
  await assertPlain(directory);
}

/** Mode for the new content: that of the file it replaces. */
async function writableMode(path: RepoPath, absolute: string): Promise<number> {
  const stat = await statOf(absolute);
  if (stat === undefined) return 0o644;
  if (stat.isSymbolicLink()) refuse(`${path} is a link; write to the path it leads to`);
  if (stat.isDirectory()) refuse(`${path} is a directory`);
  if (!stat.isFile()) refuse(`${path} is not a regular file`);
  return stat.mode & 0o777;
}

async function replace(absolute: string, bytes: Buffer, mode: number): Promise<void> {
  const draft = join(dirname(absolute), `.bugloop-${randomBytes(6).toString('hex')}`);
  try {
    await using file = await open(draft, 'wx', mode);
    await file.writeFile(bytes);
    await file.chmod(mode);
    await rename(draft, absolute);
  } catch (error) {
    await rm(draft, { force: true });
    throw error;
  }
}

/** Git knows no empty directories: those that a removal leaves behind go with it. */
async function removeEmpty(parents: readonly string[]): Promise<void> {
  for (const parent of parents.toReversed()) {
    try {
      await rmdir(parent);
    } catch {
      return;
    }
  }
}

// ---------------------------------------------------------------------------------------------- search

function* matchesIn(
  content: string,
  text: string,
  ignoreCase: boolean,
  limit: number,
): Generator<{ line: number; text: string }> {
  const haystack = ignoreCase ? content.toLowerCase() : content;
  const needle = ignoreCase ? text.toLowerCase() : text;
  // A letter whose lower case is longer would shift every position after it.
  if (haystack.length !== content.length) return;
  let [line, counted] = [1, 0];
  let left = limit;
  for (let at = haystack.indexOf(needle); at >= 0 && left > 0; left -= 1) {
    for (let end = content.indexOf('\n', counted); end >= 0 && end < at; end = content.indexOf('\n', counted)) {
      line += 1;
      counted = end + 1;
    }
    const lineEnd = content.indexOf('\n', at);
    const whole = content.slice(counted, lineEnd < 0 ? content.length : lineEnd);
    yield { line, text: excerpt(whole, at - counted) };
    // One match a line is enough.
    if (lineEnd < 0) return;
    at = haystack.indexOf(needle, lineEnd + 1);
  }
}

/** The line, or what is around the match where the line is long. */
function excerpt(line: string, at: number): string {
  if (line.length <= maxLine) return line;
  const start = Math.max(0, Math.min(at - maxLine / 3, line.length - maxLine));
  return line.slice(start, start + maxLine);
}

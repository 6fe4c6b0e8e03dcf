import { execFile, spawn } from 'node:child_process';
import { promisify } from 'node:util';
import type { IncomingHttpHeaders } from 'node:http';
import type { Repository } from './state.ts';

const execute = promisify(execFile);

/** Nothing of the developer's own git reaches the double. */
export const environment = {
  PATH: process.env['PATH'] ?? '',
  HOME: '/nonexistent',
  GIT_CONFIG_NOSYSTEM: '1',
  GIT_CONFIG_GLOBAL: '/dev/null',
  GIT_AUTHOR_NAME: 'GitHub',
  GIT_AUTHOR_EMAIL: 'noreply@example.com',
  GIT_COMMITTER_NAME: 'GitHub',
  GIT_COMMITTER_EMAIL: 'noreply@example.com',
  LC_ALL: 'C',
};

export const nullSha = '0'.repeat(40);
const emptyTree = '4b825dc642cb6eb9a060e54bf8d69288fbee4904';

/** Runs git in the bare repository; rejects when it fails. */
export async function git(repository: Repository, ...args: string[]): Promise<string> {
  const { stdout } = await execute('git', args, { cwd: repository.path, env: environment, maxBuffer: 1 << 28 });
  return stdout.trimEnd();
}

/** The same, `undefined` when git fails. */
export async function tryGit(repository: Repository, ...args: string[]): Promise<string | undefined> {
  return git(repository, ...args).catch(() => undefined);
}

async function gitWithInput(repository: Repository, args: string[], input: string | Buffer): Promise<string> {
  const child = spawn('git', args, { cwd: repository.path, env: environment, stdio: ['pipe', 'pipe', 'ignore'] });
  child.stdin.on('error', () => {});
  child.stdin.end(input);
  const output: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => output.push(chunk));
  const code = await new Promise<number | null>((resolve, reject) => child.on('error', reject).on('close', resolve));
  if (code !== 0) throw new Error(`git ${args[0]} failed`);
  return Buffer.concat(output).toString('utf8').trimEnd();
}

/** Commit that a ref, a branch or a hash means. */
export async function resolve(repository: Repository, revision: string): Promise<string | undefined> {
  if (revision.startsWith('-')) return undefined;
  return tryGit(repository, 'rev-parse', '--quiet', '--verify', '--end-of-options', `${revision}^{commit}`);
}

export async function refs(repository: Repository, prefix = 'refs/'): Promise<Map<string, string>> {
  const lines = await git(repository, 'for-each-ref', '--format=%(objectname) %(refname)');
  const pairs = lines
    .split('\n')
    .filter(Boolean)
    .map((line) => [line.slice(41), line.slice(0, 40)] as const);
  return new Map(pairs.filter(([name]) => name.startsWith(prefix)));
}

/** Compare and swap; `false` when the ref is not at `old` any more. */
export async function swapRef(repository: Repository, name: string, to: string, old: string): Promise<boolean> {
  const args = to === nullSha ? ['update-ref', '-d', name, old] : ['update-ref', name, to, old];
  return (await tryGit(repository, ...args)) !== undefined;
}

export async function isAncestor(repository: Repository, ancestor: string, of: string): Promise<boolean> {
  return (await tryGit(repository, 'merge-base', '--is-ancestor', ancestor, of)) !== undefined;
}

export async function mergeBase(repository: Repository, a: string, b: string): Promise<string | undefined> {
  return tryGit(repository, 'merge-base', a, b);
}

export async function writeObject(repository: Repository, type: 'blob' | 'commit', content: string | Buffer): Promise<string> {
  return gitWithInput(repository, ['hash-object', '-t', type, '-w', '--stdin'], content);
}

export interface TreeEntry {
  path: string;
  mode: string;
  type: string;
  sha: string;
  size?: number;
}
export async function listTree(repository: Repository, tree: string, recursive: boolean): Promise<TreeEntry[] | undefined> {
  const output = await tryGit(repository, 'ls-tree', '-z', '--long', ...(recursive ? ['-r', '-t'] : []), tree);
  return output
    ?.split('\0')
    .filter(Boolean)
    .map((line) => {
      const [meta = '', path = ''] = line.split('\t');
      const [mode = '', type = '', sha = '', size = '-'] = meta.split(/ +/);
      return { path, mode, type, sha, ...(size === '-' ? {} : { size: Number(size) }) };
    });
}

/** Writes a tree on top of `base`; a `sha` of `null` deletes the path. */
export async function writeTree(
  repository: Repository,
  base: string | undefined,
  entries: { path: string; mode: string; sha: string | null }[],
): Promise<string> {
  const index = `${repository.path}/index-${process.hrtime.bigint()}`;
  const env = { ...environment, GIT_INDEX_FILE: index };
  const run = (args: string[]) => execute('git', args, { cwd: repository.path, env });
  await run(['read-tree', base ?? emptyTree]);
  for (const { path, mode, sha } of entries) {
    if (sha === null) await run(['rm', '--cached', '-r', '-q', '--', path]);
    else await run(['update-index', '--add', '--cacheinfo', `${mode},${sha},${path}`]);
  }
  const { stdout } = await run(['write-tree']);
  await execute('rm', ['-f', index]);
  return stdout.trim();
}

export interface CommitObject {
  sha: string;
  tree: string;
  parents: string[];
  author: { name: string; email: string; date: string };
  committer: { name: string; email: string; date: string };
  message: string;
}
const commitFormat = ['%H', '%T', '%P', '%an', '%ae', '%aI', '%cn', '%ce', '%cI', '%B'].join('%x1f');

export async function commits(repository: Repository, ...range: string[]): Promise<CommitObject[]> {
  const output = await git(repository, 'log', '-z', `--format=${commitFormat}`, ...range);
  return output.split('\0').filter(Boolean).map(parseCommit);
}
export async function readCommit(repository: Repository, sha: string): Promise<CommitObject | undefined> {
  const output = await tryGit(repository, 'log', '-1', '-z', `--format=${commitFormat}`, '--end-of-options', sha);
  return output ? parseCommit(output.replace(/\0$/, '')) : undefined;
}
function parseCommit(text: string): CommitObject {
  const [sha = '', tree = '', parents = '', an = '', ae = '', ad = '', cn = '', ce = '', cd = '', message = ''] =
    text.split('\x1f');
  return {
    sha,
    tree,
    parents: parents.split(' ').filter(Boolean),
    author: { name: an, email: ae, date: utc(ad) },
    committer: { name: cn, email: ce, date: utc(cd) },
    message: message.replace(/\n$/, ''),
  };
}
const utc = (date: string): string => `${new Date(date).toISOString().slice(0, 19)}Z`;

/** Who wrote which lines, as `git blame` says it; `undefined` where there is no such file. */
export async function blame(
  repository: Repository,
  sha: string,
  path: string,
): Promise<{ sha: string; start: number; end: number }[] | undefined> {
  const output = await tryGit(repository, 'blame', '--porcelain', sha, '--', path);
  return output === undefined
    ? undefined
    : [...output.matchAll(/^([0-9a-f]{40}) \d+ (\d+) (\d+)$/gm)].map(([, commit = '', start, count]) => ({
        sha: commit,
        start: Number(start),
        end: Number(start) + Number(count) - 1,
      }));
}

export interface ChangedFile {
  path: string;
  previous?: string;
  status: 'added' | 'removed' | 'modified' | 'renamed' | 'changed';
  additions: number;
  deletions: number;
  sha: string;
  patch?: string;
}

/** What a pull request shows: from the merge base to the head, renames followed. */
export async function changedFiles(repository: Repository, base: string, head: string): Promise<ChangedFile[]> {
  const range = ['-M', '-z', base, head];
  const [raw, numbers] = await Promise.all([
    git(repository, 'diff-tree', '-r', '--raw', '--no-abbrev', ...range),
    git(repository, 'diff-tree', '-r', '--numstat', ...range),
  ]);
  const counts = parseNumbers(numbers.split('\0'));
  const files = parseRaw(raw.split('\0'));
  return Promise.all(
    files.map(async (file) => {
      const { additions, deletions, binary } = counts.get(file.path) ?? { additions: 0, deletions: 0, binary: false };
      if (binary || additions + deletions === 0) return { ...file, additions, deletions };
      const paths = [...(file.previous ? [file.previous] : []), file.path];
      const diff = await git(repository, 'diff-tree', '-p', '-M', base, head, '--', ...paths);
      const start = diff.indexOf('\n@@ ');
      return { ...file, additions, deletions, ...(start < 0 ? {} : { patch: diff.slice(start + 1) }) };
    }),
  );
}

function parseRaw(fields: string[]): Omit<ChangedFile, 'additions' | 'deletions'>[] {
  const found: Omit<ChangedFile, 'additions' | 'deletions'>[] = [];
  const statuses = { A: 'added', D: 'removed', M: 'modified', R: 'renamed', T: 'changed' } as const;
  for (let index = 0; index + 1 < fields.length;) {
    const [, , from = '', to = '', letter = ''] = (fields[index] ?? '').split(' ');
    const status = statuses[(letter[0] ?? 'M') as keyof typeof statuses] ?? 'modified';
    const sha = status === 'removed' ? from : to;
    if (status === 'renamed') found.push({ status, sha, previous: fields[index + 1] ?? '', path: fields[index + 2] ?? '' });
    else found.push({ status, sha, path: fields[index + 1] ?? '' });
    index += status === 'renamed' ? 3 : 2;
  }
  return found;
}

function parseNumbers(fields: string[]): Map<string, { additions: number; deletions: number; binary: boolean }> {
  const found = new Map<string, { additions: number; deletions: number; binary: boolean }>();
  for (let index = 0; index < fields.length; index++) {
    const [added, deleted, name] = (fields[index] ?? '').split('\t');
    if (deleted === undefined) continue;
    // A rename has an empty name here and both names in the next two fields.
    const path = name || (fields[(index += 2)] ?? '');
    found.set(path, { additions: Number(added) || 0, deletions: Number(deleted) || 0, binary: added === '-' });
  }
  return found;
}

/** Whether the branches merge without conflict. */
export async function merges(repository: Repository, base: string, head: string): Promise<boolean> {
  return (await tryGit(repository, 'merge-tree', '--write-tree', base, head)) !== undefined;
}

const asked = new WeakMap<Repository, Map<string, Promise<string>>>();

/** What git says of objects named by their hashes never changes. */
export function askOnce(repository: Repository, ...args: string[]): Promise<string> {
  const known = asked.get(repository) ?? new Map<string, Promise<string>>();
  asked.set(repository, known);
  const key = args.join('\0');
  const answer = known.get(key) ?? git(repository, ...args);
  known.set(key, answer);
  return answer;
}

/** Where a line went from one commit to another; `null` when it was changed or is gone. */
export async function followLine(
  repository: Repository,
  path: string,
  line: number,
  from: string,
  to: string,
): Promise<number | null> {
  if ((await tryGit(repository, 'cat-file', '-e', `${to}:${path}`)) === undefined) return null;
  const diff = await askOnce(repository, 'diff', '--unified=0', from, to, '--', path);
  let shift = 0;
  for (const [, start = '0', count = '1', , added = '1'] of diff.matchAll(/^@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@/gm)) {
    const first = Number(start);
    const length = Number(count);
    if (length > 0 && line >= first && line < first + length) return null;
    if (length > 0 ? line >= first + length : line > first) shift += Number(added) - length;
  }
  return line + shift;
}

interface DiffPlace {
  base: string;
  head: string;
  path: string;
  side: 'LEFT' | 'RIGHT';
}

/** Git counts no lines of a binary file. */
export async function isBinary(repository: Repository, { base, head, path, side }: DiffPlace): Promise<boolean> {
  const commit = side === 'LEFT' ? base : head;
  const empty = await askOnce(repository, 'hash-object', '-t', 'tree', '/dev/null');
  const counted = await askOnce(repository, 'diff', '--numstat', '--no-renames', empty.trim(), commit, '--', path);
  return counted.startsWith('-');
}

/**
 * The hunk of the diff that has the line, down to that line, as GitHub shows it. A line outside of the diff, which the page
 * can show too, comes with the lines before it.
 */
export async function findHunk(
  repository: Repository,
  { base, head, path, line, side }: DiffPlace & { line: number },
): Promise<{ hunk: string; inDiff: boolean }> {
  const diff = await askOnce(repository, 'diff', '--unified=3', '--no-renames', base, head, '--', path);
  for (const [, header = '', oldStart = '0', newStart = '0', body = ''] of diff.matchAll(
    /^(@@ -(\d+)(?:,\d+)? \+(\d+)(?:,\d+)? @@[^\n]*)\n((?:[ +\\-][^\n]*(?:\n|$))*)/gm,
  )) {
    const shown = [header];
    let [left, right] = [Number(oldStart) - 1, Number(newStart) - 1];
    for (const text of body.replace(/\n$/, '').split('\n')) {
      shown.push(text);
      if (text.startsWith(' ') || text.startsWith('-')) left += 1;
      if (text.startsWith(' ') || text.startsWith('+')) right += 1;
      const there = side === 'LEFT' ? text.startsWith('-') && left === line : !text.startsWith('-') && right === line;
      if (there) return { hunk: shown.join('\n'), inDiff: true };
    }
  }
  const text = await askOnce(repository, 'show', `${side === 'LEFT' ? base : head}:${path}`);
  const first = Math.max(1, line - 3);
  const lines = text.split('\n').slice(first - 1, line);
  const header = `@@ -${first},${lines.length} +${first},${lines.length} @@`;
  return { hunk: [header, ...lines.map((one) => ` ${one}`)].join('\n'), inDiff: false };
}

export interface TransferAnswer {
  status: number;
  headers: Record<string, string>;
  body: Buffer;
}

/** One request of the smart HTTP protocol, answered by git's own CGI program. */
export async function transfer(
  repository: Repository,
  request: { method: string; service: string; query: string; headers: IncomingHttpHeaders; body: Buffer; user?: string },
  hook: Record<string, string>,
): Promise<TransferAnswer> {
  const child = spawn('git', ['http-backend'], {
    cwd: repository.path,
    env: {
      ...environment,
      ...hook,
      GIT_PROJECT_ROOT: repository.path,
      GIT_HTTP_EXPORT_ALL: '1',
      PATH_INFO: `/${request.service}`,
      QUERY_STRING: request.query,
      REQUEST_METHOD: request.method,
      CONTENT_TYPE: request.headers['content-type'] ?? '',
      CONTENT_LENGTH: String(request.body.length),
      HTTP_CONTENT_ENCODING: request.headers['content-encoding'] ?? '',
      GIT_PROTOCOL: String(request.headers['git-protocol'] ?? ''),
      REMOTE_USER: request.user ?? '',
      REMOTE_ADDR: '127.0.0.1',
    },
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  child.stdin.on('error', () => {});
  child.stdin.end(request.body);
  const chunks: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
  await new Promise((done, fail) => child.on('error', fail).on('close', done));
  return parseCgi(Buffer.concat(chunks));
}

function parseCgi(output: Buffer): TransferAnswer {
  const end = output.indexOf('\r\n\r\n');
  const lines = output.subarray(0, end).toString('latin1').split('\r\n');
  const headers = Object.fromEntries(
    lines.map((line) => [line.slice(0, line.indexOf(':')).toLowerCase(), line.slice(line.indexOf(':') + 1).trim()]),
  );
  const { status = '200', ...rest } = headers;
  return { status: Number.parseInt(status, 10), headers: rest, body: output.subarray(end + 4) };
}

function packetLines(body: Buffer): Buffer[] {
  const lines: Buffer[] = [];
  for (let at = 0; at + 4 <= body.length;) {
    const length = Number.parseInt(body.subarray(at, at + 4).toString('latin1'), 16);
    if (!(length >= 4)) break;
    lines.push(body.subarray(at + 4, at + length));
    at += length;
  }
  return lines;
}

const packet = (content: Buffer): Buffer =>
  Buffer.concat([Buffer.from((content.length + 4).toString(16).padStart(4, '0')), content]);

/** Says why a ref was refused in GitHub's words; a hook of git can only say `hook declined`. */
export function explainRefusals(answer: Buffer, reasons: ReadonlyMap<string, string>): Buffer {
  const lines = packetLines(answer);
  const bands = lines.filter((line) => line[0] === 1).map((line) => line.subarray(1));
  if (bands.length === 0) return answer;
  const report = packetLines(Buffer.concat(bands)).map((line) => {
    const [, ref = ''] = /^ng (\S+) /.exec(line.toString('utf8')) ?? [];
    const reason = reasons.get(ref);
    return reason ? Buffer.from(`ng ${ref} ${reason}\n`) : line;
  });
  const inner = Buffer.concat([...report.map(packet), Buffer.from('0000')]);
  const others = lines.filter((line) => line[0] !== 1).map(packet);
  return Buffer.concat([...others, packet(Buffer.concat([Buffer.from([1]), inner])), Buffer.from('0000')]);
}

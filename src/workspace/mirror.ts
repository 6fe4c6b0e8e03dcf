import { lstat, mkdir, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { isValidRef } from '../core/ref.ts';
import type { ChangedFile, CommitId, FileMode, RepoPath, TreeId } from '../core/types.ts';
import { BugloopError } from '../errors.ts';
import type { Mirror, PushAnswer, Remote } from '../ports.ts';
import type { Git } from './git.ts';

/** Bytes of one blob up to which `change` loads its text (the port's limit). */
const maxText = 1024 * 1024;
/** Bytes of text that one `change` loads in all: a commit of a whole dependency tree must not fill the memory. */
const maxTexts = 64 * 1024 * 1024;
/** Bytes above which a blob is not looked into: it counts as binary. */
const maxBlob = 16 * 1024 * 1024;

/** Trees of commits that are known without asking. */
const maxRemembered = 1_000;

/** Longest time of one transfer, in milliseconds. What is pushed is as small as a change may be; a fetch may bring history. */
const pushMs = 20_000;
const fetchMs = 5 * 60_000;

const absent: FileMode = '000000';
const gitlink: FileMode = '160000';

/**
 * What holds for every path, whatever the repository's own `.gitattributes` say: content goes in and out of the
 * workspace byte for byte, and every blob is diffed by its content.
 */
export const attributes = '* -text -ident !filter !working-tree-encoding !diff !merge !eol\n';

export interface MirrorOptions {
  git: Git;
  /** The user's repository: any of its directories, bare or not, shallow or not. Only read. */
  repository: string;
  base: CommitId;
  /** A commit that is needed besides, e.g. one that a bundle builds on. */
  also?: CommitId;
  /** A directory that does not exist yet. */
  path: string;
  /** Date of every commit that is made here; default: that of `base`, so that the same input gives the same commit. */
  date?: Date;
}

/** What the workspace needs besides the port: commits of trees it wrote itself. */
export interface WritableMirror extends Mirror {
  commitTree(tree: TreeId, parent: CommitId, message: string): Promise<CommitId>;
}

/** Makes a bare clone of the one commit `base`. Its history stays behind: nothing that is judged or made needs it. */
export async function openMirror({ git, repository, base, also, path, date }: MirrorOptions): Promise<WritableMirror> {
  if (!isObjectId(base)) throw new BugloopError('usage.ref', `'${base}' is not the full name of a commit`);
  await mkdir(path, { recursive: true });
  const format = base.length === 64 ? 'sha256' : 'sha1';
  await git.at({ directory: path }).run(['init', '--quiet', '--bare', '--template=', `--object-format=${format}`]);
  await mkdir(join(path, 'info'), { recursive: true });
  await writeFile(join(path, 'info', 'attributes'), attributes);
  const mirror = git.at({ directory: path, gitDir: path });
  await mirror.run([
    'fetch',
    ...quietly,
    '--depth=1',
    '--update-shallow',
    '--',
    pathToFileURL(resolve(repository)).href,
    `${base}:refs/bugloop/base`,
    ...(also === undefined ? [] : [`${checked(also)}:refs/bugloop/also`]),
  ]);
  return mirrorAt(path, mirror, base, date);
}

/** The mirror that is at `path`, with the git that works there. */
export function mirrorAt(path: string, git: Git, base: CommitId, given?: Date): WritableMirror {
  let date = given;
  const treeOf = remembering(maxRemembered, async (commit: CommitId): Promise<TreeId> => {
    const answer = await git.bytes(['rev-parse', '--verify', '--end-of-options', `${checked(commit)}^{tree}`]);
    return answer.toString('latin1').trim();
  });
  // One tree is judged when it is made, when it is sealed and when it leaves, under more than one commit.
  const filesOf = remembering(1, (trees: string): Promise<ChangedFile[]> => {
    const [before = '', after = ''] = trees.split('..');
    return describe(git, checked(before), checked(after));
  });
  const listed = new Map<CommitId, Promise<TreeEntry[]>>();
  const entriesOf = (commit: CommitId): Promise<TreeEntry[]> => {
    const known = listed.get(commit) ?? listTree(git, checked(commit));
    listed.set(commit, known);
    return known;
  };
  const commitOn = async (parents: readonly CommitId[], tree: TreeId, message: string): Promise<CommitId> => {
    date ??= new Date(1000 * Number(await git.run(['log', '-1', '--no-show-signature', '--format=%ct', base])));
    return git.run(['commit-tree', checked(tree), ...parents.flatMap((id) => ['-p', checked(id)])], { input: message, date });
  };
  const commitTree = (tree: TreeId, parent: CommitId, message: string, second?: CommitId): Promise<CommitId> =>
    commitOn([parent, ...(second === undefined ? [] : [second])], tree, message);

  return {
    path,
    treeOf,
    async change(base, head) {
      const [before, after] = await Promise.all([treeOf(base), treeOf(head)]);
      const files = await filesOf(`${before}..${after}`);
      return { base, head, files: [...files] };
    },

    async overlay(base, head, paths) {
      const wanted = new Set(paths);
      const records = (await compareTrees(git, checked(base), checked(head))).filter((record) => wanted.has(record.path));
      return withIndex(path, git, async (index) => {
        await index.run(['read-tree', base]);
        await index.run(['update-index', '-z', '--index-info'], { input: indexInfo(records) });
        return index.run(['write-tree']);
      });
    },

    async read(commit, wanted) {
      return (await readFiles(git, await entriesOf(commit), [wanted], maxBlob)).get(wanted)?.toString('utf8');
    },
    async readMany(commit, paths) {
      const files = await readFiles(git, await entriesOf(commit), paths, maxText);
      return new Map(
        [...files].filter(([, content]) => !content.includes(0)).map(([path, content]) => [path, content.toString('utf8')]),
      );
    },
    async list(commit) {
      return [...(await entriesOf(commit))];
    },

    readBlobs: (ids, see) => eachBlob(git, ids.map(checked), see),

    async patch(base, head) {
      const shown = ['-p', '--binary', '--src-prefix=a/', '--dst-prefix=b/'];
      return (await git.bytes(['diff-tree', ...shown, ...exactly, checked(base), checked(head)])).toString('utf8');
    },

    commitTree,
    async squash(base, head, message, onto) {
      const tree = await treeOf(head);
      if (onto === undefined) return commitTree(tree, base, message);
      if ((await treeOf(onto)) === tree) return onto;
      return commitTree(tree, onto, message, (await isAncestor(git, base, onto)) ? undefined : base);
    },

    async merge(from, head, onto) {
      // There is no history here: commits of three trees tell git what they have in common.
      const common = await commitOn([], await treeOf(from), 'base');
      const ours = await commitTree(await treeOf(onto), common, 'onto');
      const theirs = await commitTree(await treeOf(head), common, 'head');
      const tree = await git.run(['merge-tree', '--write-tree', '--no-messages', ours, theirs]).catch((error: unknown) => {
        if (error instanceof BugloopError && error.code === 'git.failed') return undefined;
        throw error;
      });
      return tree === undefined ? undefined : commitTree(tree, onto, 'merged');
    },

    async bundle(file, branch, base, head) {
      const ref = refOf(branch);
      await git.run(['update-ref', ref, checked(head)]);
      await git.run(['bundle', 'create', '--quiet', '--version=2', resolve(file), `^${checked(base)}`, ref]);
    },

    async unbundle(file, branch) {
      const [ref, bundle] = [refOf(branch), resolve(file)];
      await assertBundle(git, bundle, ref);
      const received = `refs/bugloop/received/${branch}`;
      await git.run(['-c', 'fetch.fsckObjects=true', 'fetch', ...quietly, '--', bundle, `+${ref}:${received}`]);
      return git.run(['rev-parse', '--verify', '--end-of-options', `${received}^{commit}`]);
    },

    async fetch(remote, branch) {
      const published = `refs/bugloop/published/${branch}`;
      const checks = ['-c', 'fetch.fsckObjects=true'];
      const command = [...checks, 'fetch', ...quietly, '--', remote.url, `+${refOf(branch)}:${published}`];
      const answer = await git.exchange(remote, command, fetchMs);
      if (!answer.ok) throw explainRemote(remote, answer.stderr);
      return git.run(['rev-parse', '--verify', '--end-of-options', `${published}^{commit}`]);
    },

    async fetchCommits(remote, commits) {
      const specs = [...new Set(commits)].map((commit) => `+${checked(commit)}:refs/bugloop/fetched/${commit}`);
      const only = ['--depth=1', '--update-shallow'];
      const command = ['-c', 'fetch.fsckObjects=true', 'fetch', ...quietly, ...only, '--', remote.url, ...specs];
      const answer = await git.exchange(remote, command, fetchMs);
      if (!answer.ok) throw explainRemote(remote, answer.stderr);
    },

    async push(remote, { branch, head, expected }) {
      const ref = refOf(branch);
      if (expected !== undefined && !(await isAncestor(git, expected, checked(head)))) {
        return {
          ok: false,
          why: 'moved',
          message: `${branch} is at ${expected.slice(0, 12)}, which this work does not build on`,
        };
      }
      // With the ancestry known, the lease only says where the branch has to be; it lets nothing be overwritten.
      const lease = `--force-with-lease=${ref}:${expected ?? ''}`;
      const options = ['--porcelain', '--no-verify', '--no-follow-tags', '--no-signed', '--recurse-submodules=no', lease];
      const answer = await git.exchange(remote, ['push', ...options, '--', remote.url, `${checked(head)}:${ref}`], pushMs);
      return answer.ok ? { ok: true } : explainPush(remote, branch, answer);
    },
  };
}

// ---------------------------------------------------------------------------------------------- remote

/** Answers that can never be another, as names are digests of what they name: the newest `most` are kept. */
function remembering<T>(most: number, ask: (name: string) => Promise<T>): (name: string) => Promise<T> {
  const known = new Map<string, Promise<T>>();
  return (name) => {
    const answer = known.get(name) ?? ask(name);
    known.delete(name);
    known.set(name, answer);
    answer.catch(() => known.delete(name));
    for (const oldest of known.keys()) if (known.size > most) known.delete(oldest);
    return answer;
  };
}

/** What is not in the mirror is nobody's ancestor here. */
async function isAncestor(git: Git, older: CommitId, newer: CommitId): Promise<boolean> {
  const beyond = await git
    .run(['rev-list', '--max-count=1', checked(older), `^${checked(newer)}`, '--'])
    .catch((error: unknown) => {
      if (error instanceof BugloopError && error.code === 'git.failed') return older;
      throw error;
    });
  return beyond === '';
}

/** Why a push was not accepted; throws where the remote could not be used at all. */
function explainPush(remote: Remote, branch: string, { stdout, stderr }: { stdout: string; stderr: string }): PushAnswer {
  const rejected = stdout.split('\n').find((line) => line.startsWith('!'));
  if (/refusing to allow .{0,80}\bworkflow\b/i.test(`${rejected} ${stderr}`)) {
    return {
      ok: false,
      why: 'workflow',
      message: 'the forge refuses the push because workflow files differ from its newest base',
    };
  }
  if (rejected === undefined) throw explainRemote(remote, stderr);
  const reason = (/\(([^()]{0,200})\)\s*$/.exec(rejected)?.[1] ?? 'no reason given').replaceAll(/\p{Cc}+/gu, ' ');
  const moved = /stale info|fetch first|non-fast-forward|cannot lock ref|incorrect old value|already exists|failed to update ref/;
  return moved.test(reason)
    ? { ok: false, why: 'moved', message: `branch ${branch} was changed by somebody else (${reason})` }
    : { ok: false, why: 'refused', message: `the forge refused branch ${branch} (${reason})` };
}

/** A remote that does not work: its words decide what can be done about it. */
function explainRemote({ url }: Remote, stderr: string): BugloopError {
  const line = stderr.split('\n').find((text) => /^(?:fatal|error|remote): /.test(text)) ?? stderr.split('\n')[0] ?? '';
  const words = line.replaceAll(/\p{Cc}+/gu, ' ').slice(0, 300);
  if (/Authentication failed|could not read Username|returned error: 401/i.test(stderr)) {
    return new BugloopError('auth.invalid', `${url}: the token is invalid, has expired, or may not be used for git`);
  }
  if (/Permission to .{0,200} denied|Write access to repository not granted/i.test(stderr)) {
    return new BugloopError('auth.forbidden', `${url}: the token may not push; it needs contents: write`, {
      hint: 'set contents: write under permissions: in the workflow, or in the settings of the token or the App on GitHub',
    });
  }
  if (/couldn't find remote ref|not our ref/i.test(stderr)) return new BugloopError('git.branch_taken', `${url}: ${words}`);
  // A 403 without those words is a rate limit, as far as git lets one see.
  return new BugloopError('api.unavailable', `${url}: ${words}`);
}

// ---------------------------------------------------------------------------------------------- bundles

const quietly = ['--quiet', '--no-tags', '--no-write-fetch-head', '--no-recurse-submodules', '--no-auto-maintenance'];

/** A bundle is taken only when it is whole, builds on what is here, and brings this one ref. */
async function assertBundle(git: Git, file: string, ref: string): Promise<void> {
  const found = await lstat(file).catch(() => undefined);
  if (found?.isFile() !== true) throw new BugloopError('state.corrupt', `${file}: not a bundle file`);
  const heads = await git.run(['bundle', 'list-heads', file]).catch((error: unknown) => {
    throw new BugloopError('state.corrupt', `${file}: not a git bundle`, { cause: error });
  });
  const refs = heads.split('\n').map((line) => line.slice(line.indexOf(' ') + 1));
  if (refs.length !== 1 || refs[0] !== ref) {
    throw new BugloopError('state.corrupt', `${file}: holds ${refs.join(', ')} instead of only ${ref}`);
  }
  await git.run(['bundle', 'verify', '--quiet', file]).catch((error: unknown) => {
    throw new BugloopError('state.corrupt', `${file}: does not build on this base commit`, { cause: error });
  });
}

// ---------------------------------------------------------------------------------------------- trees

interface TreeEntry {
  path: RepoPath;
  mode: FileMode;
  id: string;
  /** Bytes; 0 for a gitlink. */
  size: number;
}

async function listTree(git: Git, commit: CommitId): Promise<TreeEntry[]> {
  const listed = await git.bytes(['ls-tree', '-r', '-z', '-l', '--full-tree', commit]);
  const entries: TreeEntry[] = [];
  // `100644 blob <id> <size, right-aligned>`, a tab, the name.
  for (let at = 0; at < listed.length;) {
    const tab = listed.indexOf(0x09, at);
    const end = listed.indexOf(0, tab);
    const [mode = '', , id = '', ...rest] = listed.toString('latin1', at, tab).split(' ');
    entries.push({ path: listed.toString('utf8', tab + 1, end), mode, id, size: Number(rest.at(-1)) || 0 });
    at = end + 1;
  }
  return entries;
}

async function readFiles(
  git: Git,
  entries: readonly TreeEntry[],
  paths: readonly RepoPath[],
  max: number,
): Promise<Map<RepoPath, Buffer>> {
  const wanted = new Set(paths);
  const files = entries.filter(({ path, mode, size }) => wanted.has(path) && mode.startsWith('100') && size <= max);
  const contents = new Map<string, Buffer>();
  await eachBlob(git, new Set(files.map(({ id }) => id)), (id, content) => contents.set(id, content));
  return new Map(files.map(({ path, id }) => [path, contents.get(id) ?? Buffer.alloc(0)]));
}

/** One difference of two trees. */
interface TreeRecord {
  /** Bytes as git stores them. */
  name: Buffer;
  path: RepoPath;
  oldMode: FileMode;
  newMode: FileMode;
  oldId: string;
  newId: string;
}

/** Neither renames, nor external programs, nor a submodule's wish to be ignored. */
const exactly = [
  '-r',
  '--no-renames',
  '--full-index',
  '--no-ext-diff',
  '--no-textconv',
  '--no-color',
  '--ignore-submodules=none',
  '--no-relative',
  '--no-indent-heuristic',
  '--diff-algorithm=myers',
];

async function compareTrees(git: Git, base: string, head: string): Promise<TreeRecord[]> {
  return toRecords(splitNul(await git.bytes(['diff-tree', '--raw', '-z', '--abbrev=64', ...exactly, base, head])));
}

function toRecords(parts: readonly Buffer[]): TreeRecord[] {
  const records: TreeRecord[] = [];
  for (let at = 0; at + 1 < parts.length; at += 2) {
    // `:100644 100755 <id> <id> M`, then the name.
    const [oldMode = '', newMode = '', oldId = '', newId = ''] = (parts[at] ?? Buffer.alloc(0)).toString('latin1', 1).split(' ');
    const name = parts[at + 1] ?? Buffer.alloc(0);
    records.push({ name, path: name.toString('utf8'), oldMode, newMode, oldId, newId });
  }
  return records;
}

/** Input of `update-index --index-info`: deletions first, so that a file may take the place of a directory. */
function indexInfo(records: readonly TreeRecord[]): Buffer {
  const ordered = [...records].sort((a, b) => Number(b.newMode === absent) - Number(a.newMode === absent));
  const lines = ordered.map(({ newMode, newId, name }) => {
    const mode = newMode === absent ? '0' : newMode;
    return Buffer.concat([Buffer.from(`${mode} ${newId}\t`), name, Buffer.from([0])]);
  });
  return Buffer.concat(lines);
}

let indexes = 0;

/** Runs `body` with an index of its own that is gone afterwards. */
async function withIndex<T>(path: string, git: Git, body: (git: Git) => Promise<T>): Promise<T> {
  const indexFile = join(path, `index-${process.pid}-${(indexes += 1)}`);
  try {
    return await body(git.at({ directory: path, gitDir: path, indexFile }));
  } finally {
    await rm(indexFile, { force: true });
  }
}

// ---------------------------------------------------------------------------------------------- a change

/** What is known of a blob once it was looked at. */
interface Blob {
  size: number;
  binary: boolean;
  lines: number;
  text?: string;
}
interface Counts {
  addedLines: number;
  removedLines: number;
  changedBytes: number;
}

async function describe(git: Git, base: CommitId, head: CommitId): Promise<ChangedFile[]> {
  const read = await readPatch(git, base, head);
  const records = read?.records ?? (await compareTrees(git, base, head));
  const pairs = read?.pairs ?? new Map<string, Pair>();
  const unseen = records.filter((record) => !pairs.has(pairOf(record)) || !isContent(record));
  const [blobs, counted] = await Promise.all([
    look(git, unseen, pairs),
    unseen.some(isPair) ? countLines(git, base, head) : new Map<string, Counts>(),
  ]);
  return records.map((record) => {
    const [before, after] = [blobs.get(record.oldId), blobs.get(record.newId)];
    const binary = (before?.binary ?? false) || (after?.binary ?? false);
    const key = pairOf(record);
    const counts = isTextPair(record, blobs) ? (pairs.get(key)?.counts ?? counted.get(key)) : undefined;
    const { path, oldMode, newMode } = record;
    return {
      path,
      status: statusOf(record),
      oldMode,
      newMode,
      binary,
      ...(counts ?? wholly(record, before, after, binary)),
      ...(binary || before?.text === undefined ? {} : { before: before.text }),
      ...(binary || after?.text === undefined ? {} : { after: after.text }),
    };
  });
}

const pairOf = ({ oldId, newId }: TreeRecord): string => `${oldId}..${newId}`;

/** Whether the patch of the record is the difference of two contents, of which one may be absent. */
function isContent(record: TreeRecord): boolean {
  return statusOf(record) !== 'type-changed' && ![record.oldMode, record.newMode].includes(gitlink);
}

function statusOf({ oldMode, newMode }: TreeRecord): ChangedFile['status'] {
  if (oldMode === absent) return 'added';
  if (newMode === absent) return 'deleted';
  return kindOf(oldMode) === kindOf(newMode) ? 'modified' : 'type-changed';
}

/** `100` for a regular file, `120` for a link, `160` for a gitlink. */
function kindOf(mode: FileMode): string {
  return mode.slice(0, 3);
}

function isPair(record: TreeRecord): boolean {
  return statusOf(record) === 'modified' && record.oldId !== record.newId && record.oldMode !== gitlink;
}

function isTextPair(record: TreeRecord, blobs: ReadonlyMap<string, Blob>): boolean {
  if (!isPair(record)) return false;
  return blobs.get(record.oldId)?.binary === false && blobs.get(record.newId)?.binary === false;
}

/** Counts of an entry that has no other side to compare with: all of what was, all of what is. */
function wholly(record: TreeRecord, before: Blob | undefined, after: Blob | undefined, binary: boolean): Counts {
  if (record.oldId === record.newId) return { addedLines: 0, removedLines: 0, changedBytes: 0 };
  const changedBytes = (before?.size ?? 0) + (after?.size ?? 0);
  if (binary) return { addedLines: 0, removedLines: 0, changedBytes };
  return { addedLines: after?.lines ?? 0, removedLines: before?.lines ?? 0, changedBytes };
}

/** Looks at every blob of a change, keeping text only while it fits. What the patch holds is not read again. */
async function look(git: Git, records: readonly TreeRecord[], pairs: ReadonlyMap<string, Pair>): Promise<Map<string, Blob>> {
  const blobs = new Map<string, Blob>();
  const ids = new Set<string>();
  let texts = 0;
  const see = (id: string, content: Buffer): void => {
    const binary = content.length > maxBlob || content.includes(0);
    const load = !binary && content.length <= maxText && texts + content.length <= maxTexts;
    if (load) texts += content.length;
    blobs.set(id, {
      size: content.length,
      binary,
      lines: binary ? 0 : linesIn(content),
      ...(load ? { text: content.toString('utf8') } : {}),
    });
  };
  for (const { ids: both, before, after } of pairs.values()) {
    if (!blobs.has(both[0]) && !isNoObject(both[0])) see(both[0], before);
    if (!blobs.has(both[1]) && !isNoObject(both[1])) see(both[1], after);
  }
  for (const { oldMode, newMode, oldId, newId } of records) {
    for (const [mode, id] of [
      [oldMode, oldId],
      [newMode, newId],
    ] as const) {
      // A gitlink has no blob: its one line is the commit it names.
      if (mode === gitlink) blobs.set(id, { size: id.length + 1, binary: false, lines: 1 });
      else if (mode !== absent && !blobs.has(id)) ids.add(id);
    }
  }
  const sizes = await sizesOf(git, ids);
  for (const [id, size] of sizes) if (size > maxBlob) blobs.set(id, { size, binary: true, lines: 0 });
  const readable = [...sizes].flatMap(([id, size]) => (size <= maxBlob ? [id] : []));
  await eachBlob(git, readable, see);
  return blobs;
}

async function sizesOf(git: Git, ids: ReadonlySet<string>): Promise<Map<string, number>> {
  if (ids.size === 0) return new Map();
  const answer = await git.run(['cat-file', '--batch-check=%(objectname) %(objectsize)'], { input: `${[...ids].join('\n')}\n` });
  return new Map(
    answer.split('\n').map((line) => {
      const [id = '', size = ''] = line.split(' ');
      if (size === 'missing') throw new BugloopError('git.failed', `git has no object ${id}`);
      return [id, Number(size)];
    }),
  );
}

/**
 * Shows blobs in the order given, one after the other, as git prints them. A blob that lies whole in what was read at once
 * is not copied.
 */
async function eachBlob(git: Git, ids: Iterable<string>, see: (id: string, content: Buffer) => void): Promise<void> {
  const input = [...ids].map((id) => `${id}\n`).join('');
  if (input === '') return;
  // What was read and not yet understood: the head of an answer, or the beginning of a blob of known size.
  let [parts, held] = [[] as Buffer[], 0];
  let blob: { id: string; size: number } | undefined;
  await git.stream(['cat-file', '--batch', '--buffer'], { input }, (bytes) => {
    let rest = bytes;
    if (held > 0) {
      parts.push(bytes);
      held += bytes.length;
      if (blob !== undefined && held <= blob.size) return;
      rest = Buffer.concat(parts, held);
    }
    let at = 0;
    for (;;) {
      if (blob === undefined) {
        const end = rest.indexOf(0x0a, at);
        if (end < 0) break;
        blob = readHead(rest.toString('latin1', at, end));
        at = end + 1;
      }
      // A line end follows the content.
      if (rest.length - at <= blob.size) break;
      const { id, size } = blob;
      blob = undefined;
      see(id, rest.subarray(at, at + size));
      at += size + 1;
    }
    held = rest.length - at;
    parts = held > 0 ? [rest.subarray(at)] : [];
  });
}

/** `<id> blob <size>`. */
function readHead(line: string): { id: string; size: number } {
  const [id = '', type, size] = line.split(' ');
  if (type !== 'blob') throw new BugloopError('git.failed', `git has no blob ${line}`);
  return { id, size: Number(size) };
}

/** Two contents, of which one is empty where it is absent, and what differs. */
interface Pair {
  ids: [before: string, after: string];
  before: Buffer;
  after: Buffer;
  counts: Counts;
}

/** Bytes of a patch up to which it is read whole. What is larger is counted without its contents, and these one by one. */
const maxPatch = 32 * 1024 * 1024;
/** More lines than a file has: one hunk then holds all of it. */
const wholeFile = 1_000_000_000;

/** Everything that differs, by one call of git; `undefined` where it is too much. */
async function readPatch(
  git: Git,
  base: CommitId,
  head: CommitId,
): Promise<{ records: TreeRecord[]; pairs: Map<string, Pair> } | undefined> {
  const chunks: Buffer[] = [];
  let size = 0;
  const tooMuch = new Error('the patch is too large');
  const shown = ['--raw', '-z', '--abbrev=64', '-p', `-U${wholeFile}`, '--text'];
  try {
    await git.stream(['diff-tree', ...shown, ...exactly, base, head], {}, (chunk) => {
      size += chunk.length;
      if (size > maxPatch) throw tooMuch;
      chunks.push(chunk);
    });
  } catch (error) {
    if (error === tooMuch) return undefined;
    throw error;
  }
  const answer = Buffer.concat(chunks);
  // Records and names end in NUL; one more stands before the patch.
  let end = 0;
  while (answer[end] === 0x3a) end = answer.indexOf(0, answer.indexOf(0, end) + 1) + 1;
  return { records: toRecords(splitNul(answer.subarray(0, end))), pairs: readPairs(answer.subarray(end + 1)) };
}

/**
 * The contents that a patch with all of its context is about. Hunk headers say how many lines follow, so no content can
 * pass for a header; pairs are named by their ids, so no file name is parsed. A pair without a hunk is left out: where it
 * is not about nothing at all, git did not show what it holds.
 */
function readPairs(patch: Buffer): Map<string, Pair> {
  const pairs = new Map<string, Pair>();
  let ids: Pair['ids'] | undefined;
  for (let at = 0; at < patch.length;) {
    const line = patch.toString('latin1', at, Math.min(endOfLine(patch, at), at + 300));
    at = endOfLine(patch, at) + 1;
    const index = /^index ([0-9a-f]+)\.\.([0-9a-f]+)/.exec(line);
    const hunk = /^@@ -\d+(?:,(\d+))? \+\d+(?:,(\d+))? @@/.exec(line);
    if (line.startsWith('diff --git ')) ids = undefined;
    else if (index !== null) ids = [index[1] ?? '', index[2] ?? ''];
    else if (hunk !== null) {
      // A second hunk would mean that the first did not hold everything.
      if (ids === undefined) throw new BugloopError('internal', 'git left out lines that do not differ');
      const read = readHunk(patch, at, { before: Number(hunk[1] ?? 1), after: Number(hunk[2] ?? 1) });
      at = read.end;
      pairs.set(`${ids[0]}..${ids[1]}`, { ids, ...read.pair });
      ids = undefined;
    }
  }
  return pairs;
}

function readHunk(
  patch: Buffer,
  start: number,
  left: { before: number; after: number },
): { end: number; pair: Omit<Pair, 'ids'> } {
  const before: Buffer[] = [];
  const after: Buffer[] = [];
  const counts: Counts = { addedLines: 0, removedLines: 0, changedBytes: 0 };
  let at = start;
  while (left.before > 0 || left.after > 0) {
    const end = endOfLine(patch, at);
    const sign = patch[at];
    // `\ No newline at end of file` takes the line end from the line before it.
    const unended = patch[end + 1] === 0x5c;
    const content = patch.subarray(at + 1, unended ? end : end + 1);
    if (sign !== 0x2b) {
      before.push(content);
      left.before -= 1;
    }
    if (sign !== 0x2d) {
      after.push(content);
      left.after -= 1;
    }
    if (sign === 0x2b) counts.addedLines += 1;
    if (sign === 0x2d) counts.removedLines += 1;
    if (sign === 0x2b || sign === 0x2d) counts.changedBytes += content.length;
    at = (unended ? endOfLine(patch, end + 1) : end) + 1;
  }
  return { end: at, pair: { before: Buffer.concat(before), after: Buffer.concat(after), counts } };
}

/**
 * Lines and bytes of every pair of blobs that differ, read from a diff without context. Hunk headers say how many
 * lines follow, so no content can pass for a header; pairs are named by their ids, so no file name is parsed.
 */
async function countLines(git: Git, base: CommitId, head: CommitId): Promise<Map<string, Counts>> {
  const diff = await git.bytes([
    'diff-tree',
    '-p',
    '-U0',
    '--inter-hunk-context=0',
    '--text',
    '--diff-filter=M',
    ...exactly,
    base,
    head,
  ]);
  const counts = new Map<string, Counts>();
  let current: Counts | undefined;
  for (let at = 0; at < diff.length;) {
    const line = diff.toString('latin1', at, Math.min(endOfLine(diff, at), at + 300));
    at = endOfLine(diff, at) + 1;
    const pair = /^index ([0-9a-f]+)\.\.([0-9a-f]+)/.exec(line);
    const hunk = /^@@ -\d+(?:,(\d+))? \+\d+(?:,(\d+))? @@/.exec(line);
    if (line.startsWith('diff --git ')) current = undefined;
    else if (pair !== null) {
      current = { addedLines: 0, removedLines: 0, changedBytes: 0 };
      counts.set(`${pair[1]}..${pair[2]}`, current);
    } else if (hunk !== null && current !== undefined) {
      const [removed, added] = [Number(hunk[1] ?? 1), Number(hunk[2] ?? 1)];
      current.removedLines += removed;
      current.addedLines += added;
      for (let left = removed + added; left > 0;) {
        const end = endOfLine(diff, at);
        // `\ No newline at end of file` belongs to the line before it: that one has no line end to count.
        const note = diff[at] === 0x5c;
        current.changedBytes += note ? -1 : end - at;
        if (!note) left -= 1;
        at = end + 1;
      }
      if (diff[at] === 0x5c) {
        current.changedBytes -= 1;
        at = endOfLine(diff, at) + 1;
      }
    }
  }
  return counts;
}

function endOfLine(buffer: Buffer, at: number): number {
  const end = buffer.indexOf(0x0a, at);
  return end < 0 ? buffer.length : end;
}

function linesIn(content: Buffer): number {
  let lines = content.length > 0 && content.at(-1) !== 0x0a ? 1 : 0;
  for (let at = content.indexOf(0x0a); at >= 0; at = content.indexOf(0x0a, at + 1)) lines += 1;
  return lines;
}

// ---------------------------------------------------------------------------------------------- names

/** Whether `id` is the full name of an object, of SHA-1 or SHA-256. */
export function isObjectId(id: string): boolean {
  return /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/.test(id);
}

/** What git writes in place of the object where there is none. */
function isNoObject(id: string): boolean {
  return /^0+$/.test(id);
}

function checked(id: string): string {
  if (!isObjectId(id)) throw new BugloopError('internal', `'${id}' is not the full name of an object`);
  return id;
}

function refOf(branch: string): string {
  if (!isValidRef(branch)) throw new BugloopError('usage.ref', `'${branch}' is not the name of a branch`);
  return `refs/heads/${branch}`;
}

export function splitNul(buffer: Buffer): Buffer[] {
  const parts: Buffer[] = [];
  for (let at = 0; at < buffer.length;) {
    const end = buffer.indexOf(0, at);
    const stop = end < 0 ? buffer.length : end;
    parts.push(buffer.subarray(at, stop));
    at = stop + 1;
  }
  return parts;
}

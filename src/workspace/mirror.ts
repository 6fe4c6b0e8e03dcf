import { lstat, mkdir, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { ChangedFile, CommitId, TreeId } from '../core/types.ts';
import { BugloopError } from '../errors.ts';
import type { Mirror } from '../ports.ts';
import type { Git } from './git.ts';
import { describe, maxBlob, maxText } from './mirror/change.ts';
import { checked, eachBlob, isObjectId, listTree, readFiles, refOf, type TreeEntry } from './mirror/objects.ts';
import { explainPush, explainRemote } from './mirror/remote.ts';
import { compareTrees, exactly, indexInfo } from './mirror/trees.ts';

/** Trees of commits that are known without asking. */
const maxRemembered = 1_000;

/** Longest time of one transfer, in milliseconds. What is pushed is as small as a change may be; a fetch may bring history. */
const pushMs = 20_000;
const fetchMs = 5 * 60_000;

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
  /** Of the commits that were made here. */
  const made = new Map<CommitId, TreeId>();
  const treeOf = remembering(maxRemembered, async (commit: CommitId): Promise<TreeId> => {
    const known = made.get(commit);
    if (known !== undefined) return known;
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
    const commit = await git.run(['commit-tree', checked(tree), ...parents.flatMap((id) => ['-p', checked(id)])], {
      input: message,
      date,
    });
    made.set(commit, tree);
    return commit;
  };
  const commitTree = (tree: TreeId, parent: CommitId, message: string, second?: CommitId): Promise<CommitId> =>
    commitOn([parent, ...(second === undefined ? [] : [second])], tree, message);

  return {
    path,
    treeOf,
    async change(base, head) {
      // Of a commit that was made elsewhere git finds the tree in the same call.
      const files = await filesOf(`${made.get(base) ?? base}..${made.get(head) ?? head}`);
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
    indexBlobs: async (ids, index) => {
      const { indexBlobs } = await import('./mirror/index-blobs.ts');
      return indexBlobs({ git, path }, ids.map(checked), index);
    },

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

// ---------------------------------------------------------------------------------------------- an index

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

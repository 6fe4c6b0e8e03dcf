import type { CommitId } from '../core/types.ts';
import { BugloopError } from '../errors.ts';
import { isObjectId } from './mirror/objects.ts';
import type { Git } from './git.ts';

/** The user's own repository. It is only read here; a result reaches it through the forge. */
export interface UserRepository extends Commits {
  /** Absolute path of the work tree. */
  readonly root: string;
  /** Absolute path of the git directory that all work trees share. */
  readonly gitDir: string;
  /** What is checked out. */
  head(): Promise<Base>;
  /** The default branch of `origin` as last fetched. */
  defaultBranch(): Promise<Base | undefined>;
  /** Whether `older` is `newer` or among its ancestors, as far as this clone reaches. */
  contains(newer: CommitId, older: CommitId): Promise<boolean>;
  /** Tracked files with uncommitted changes, without those of run directories. */
  uncommitted(): Promise<string[]>;
  /** Address of the remote `origin`, as written. */
  origin(): Promise<string | undefined>;
}

/** What is read of commits, wherever they are. */
export interface Commits {
  /** The branch, remote branch, tag or full commit name `name`; `undefined` where there is none. */
  resolve(name: string): Promise<Base | undefined>;
  /** What `commit` holds at `path`. */
  entry(commit: CommitId, path: string): Promise<Entry>;
}

export interface Base {
  commit: CommitId;
  /** Absent where the base is a commit, or a tag, and no branch. */
  branch?: string;
}

type Entry = { kind: 'absent' | 'directory' | 'link' | 'submodule' } | { kind: 'file'; bytes: Buffer };

/** Largest file that is read out of a commit here, in bytes; settings and prompts are far smaller. */
const maxBytes = 4 * 1024 * 1024;

/** The repository that holds the directory of `git`. Throws `env.not_a_repo` and `env.missing_tool`. */
export async function openRepository(git: Git, cwd: string): Promise<UserRepository> {
  const root = await git.run(['rev-parse', '--show-toplevel']).catch((error: unknown) => {
    throw notARepository(error, cwd);
  });
  const here = git.at({ directory: root });
  const gitDir = await here.run(['rev-parse', '--path-format=absolute', '--git-common-dir']);
  const { ask, based } = asking(here);

  return {
    ...openCommits(here),
    root,
    gitDir,
    async head() {
      const branch = await ask(['symbolic-ref', '--quiet', '--short', 'HEAD']);
      const base = await based('HEAD', branch);
      if (base === undefined) throw new BugloopError('env.not_a_repo', `the git repository ${root} has no commit yet`);
      return base;
    },
    async defaultBranch() {
      const ref = await ask(['symbolic-ref', '--quiet', 'refs/remotes/origin/HEAD']);
      return ref === undefined ? undefined : based(ref, ref.replace('refs/remotes/origin/', ''));
    },
    contains: async (newer, older) => (await ask(['merge-base', '--is-ancestor', older, newer])) !== undefined,
    async uncommitted() {
      const status = await here.run([
        'status',
        '--porcelain=v1',
        '-z',
        '--no-renames',
        '--untracked-files=no',
        '--ignore-submodules=dirty',
      ]);
      return status
        .split('\0')
        .filter((line) => line !== '')
        .map((line) => line.slice(3))
        .filter((path) => !path.startsWith('.bugloop/runs/'));
    },
    origin: () => ask(['config', '--get', 'remote.origin.url']),
  };
}

/** The commits of the repository that `here` works in. */
export function openCommits(here: Git): Commits {
  const { based } = asking(here);
  return {
    async resolve(name) {
      if (isObjectId(name)) return based(name);
      return (
        (await based(`refs/heads/${name}`, name)) ??
        (await based(`refs/remotes/origin/${name}`, name)) ??
        based(`refs/tags/${name}`)
      );
    },
    async entry(commit, path) {
      const [line] = (await here.run(['ls-tree', '-z', '--full-tree', '--long', commit, '--', path])).split('\0');
      if (line === undefined || line === '') return { kind: 'absent' };
      const [mode = '', , object = '', size = ''] = line.split('\t')[0]?.split(/ +/) ?? [];
      if (mode === '040000') return { kind: 'directory' };
      if (mode === '120000') return { kind: 'link' };
      if (mode === '160000') return { kind: 'submodule' };
      if (Number(size) > maxBytes) throw new BugloopError('config.too_complex', `${path}: the file has ${size} bytes`);
      return { kind: 'file', bytes: await here.bytes(['cat-file', 'blob', object]) };
    },
  };
}

function asking(here: Git): {
  ask: (args: readonly string[]) => Promise<string | undefined>;
  based: (revision: string, branch?: string) => Promise<Base | undefined>;
} {
  /** `undefined` where git says no; a missing ref is an answer, not a failure. */
  const ask = (args: readonly string[]): Promise<string | undefined> =>
    here.run(args).catch((error: unknown) => {
      if (error instanceof BugloopError && error.code === 'git.failed') return undefined;
      throw error;
    });
  const commitOf = (revision: string): Promise<string | undefined> =>
    ask(['rev-parse', '--verify', '--quiet', '--end-of-options', `${revision}^{commit}`]);
  const based = async (revision: string, branch?: string): Promise<Base | undefined> => {
    const commit = await commitOf(revision);
    return commit === undefined ? undefined : { commit, ...(branch === undefined ? {} : { branch }) };
  };
  return { ask, based };
}

function notARepository(error: unknown, cwd: string): unknown {
  if (!(error instanceof BugloopError) || error.code === 'env.missing_tool' || error.code === 'git.locked') return error;
  return new BugloopError('env.not_a_repo', `${cwd} is not inside the work tree of a git repository`, { cause: error });
}

import { existsSync, mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { BugloopError } from '../errors.ts';
import type { CommitId } from '../core/types.ts';
import type { Mirror } from '../ports.ts';
import { openGit } from './git.ts';
import { attributes, mirrorAt } from './mirror.ts';
import { openCommits, type Commits } from './repository.ts';

/**
 * A bare repository of our own that sees the objects of the clone we are in, for looking at commits without fetching what
 * is there already. Only objects are taken from the clone: its configuration, hooks, attributes and refs are never read.
 * Objects are named by their content, and whoever could forge one there could as well change this program.
 * A few tiny files are written sooner than threads that would write them are started.
 */
export async function openView({
  commit,
  clone,
  searchPath,
}: {
  commit: CommitId;
  /** Any directory inside the clone; what is no clone has no objects to share. */
  clone: string;
  searchPath: string;
}): Promise<Mirror & Commits & AsyncDisposable> {
  const path = realpathSync(mkdtempSync(join(tmpdir(), 'bugloop-view-')));
  // Nothing untrusted ever wrote here.
  const dispose = async (): Promise<void> => rmSync(path, { recursive: true, force: true });
  try {
    const git = openGit({ searchPath }, { directory: path });
    const objects = objectsBeside(clone) ?? (await findObjects(openGit({ searchPath }, { directory: clone })));
    layOut(path, commit, objects);
    const here = git.at({ directory: path, gitDir: path });
    return { ...mirrorAt(path, here, commit), ...openCommits(here), [Symbol.asyncDispose]: dispose };
  } catch (error) {
    await dispose();
    throw error;
  }
}

/**
 * Where a clone keeps its objects whose root is `directory`, as a plain `git clone` leaves it; see gitrepository-layout(5).
 * `undefined` of a linked work tree, of a submodule and of anything else, which git is asked about.
 */
function objectsBeside(directory: string): string | undefined {
  const at = (name: string): string => resolve(directory, '.git', name);
  const isPlain = ['HEAD', 'objects', 'refs'].every((name) => existsSync(at(name))) && !existsSync(at('commondir'));
  return isPlain ? at('objects') : undefined;
}

/** Where the clone keeps its objects; `undefined` outside of one. */
async function findObjects(git: ReturnType<typeof openGit>): Promise<string | undefined> {
  try {
    const answer = await git.bytes(['rev-parse', '--path-format=absolute', '--git-path', 'objects']);
    return answer.toString('utf8').replace(/\n$/, '');
  } catch (error) {
    if (error instanceof BugloopError && error.code === 'env.not_a_repo') return undefined;
    throw error;
  }
}

/** What makes a directory a bare repository; see gitrepository-layout(5). */
function layOut(path: string, commit: CommitId, objects: string | undefined): void {
  const isSha256 = commit.length === 64;
  const extensions = isSha256 ? '[extensions]\n\tobjectFormat = sha256\n' : '';
  mkdirSync(join(path, 'objects', 'info'), { recursive: true });
  mkdirSync(join(path, 'refs'));
  mkdirSync(join(path, 'info'));
  writeFileSync(join(path, 'HEAD'), 'ref: refs/heads/main\n');
  writeFileSync(join(path, 'config'), `[core]\n\trepositoryformatversion = ${isSha256 ? 1 : 0}\n\tbare = true\n${extensions}`);
  writeFileSync(join(path, 'info', 'attributes'), attributes);
  if (objects !== undefined) writeFileSync(join(path, 'objects', 'info', 'alternates'), `${objects}\n`);
}

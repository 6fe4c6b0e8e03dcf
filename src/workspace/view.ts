import { mkdir, mkdtemp, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
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
  const path = await realpath(await mkdtemp(join(tmpdir(), 'bugloop-view-')));
  // Nothing untrusted ever wrote here.
  const dispose = (): Promise<void> => rm(path, { recursive: true, force: true });
  try {
    const git = openGit({ searchPath }, { directory: path });
    const objects = await findObjects(openGit({ searchPath }, { directory: clone }));
    await layOut(path, commit, objects);
    const here = git.at({ directory: path, gitDir: path });
    return { ...mirrorAt(path, here, commit), ...openCommits(here), [Symbol.asyncDispose]: dispose };
  } catch (error) {
    await dispose();
    throw error;
  }
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
async function layOut(path: string, commit: CommitId, objects: string | undefined): Promise<void> {
  const isSha256 = commit.length === 64;
  const extensions = isSha256 ? '[extensions]\n\tobjectFormat = sha256\n' : '';
  await Promise.all([
    mkdir(join(path, 'objects', 'info'), { recursive: true }),
    mkdir(join(path, 'refs')),
    mkdir(join(path, 'info')),
  ]);
  await Promise.all([
    writeFile(join(path, 'HEAD'), 'ref: refs/heads/main\n'),
    writeFile(join(path, 'config'), `[core]\n\trepositoryformatversion = ${isSha256 ? 1 : 0}\n\tbare = true\n${extensions}`),
    writeFile(join(path, 'info', 'attributes'), attributes),
    ...(objects === undefined ? [] : [writeFile(join(path, 'objects', 'info', 'alternates'), `${objects}\n`)]),
  ]);
}

import { constants } from 'node:fs';
import { lstat, open } from 'node:fs/promises';
import { basename, extname, resolve } from 'node:path';
import { isValidRef } from '../core/ref.ts';
import type { CommitId, Issue } from '../core/types.ts';
import { BugloopError } from '../errors.ts';
import { runTrailer } from './trailer.ts';
import type { BranchPush, Forge, Pushed, Standing } from '../ports.ts';

/** Longest bug report that is read, in bytes. A forge's own limit for a body is 65,536 characters. */
const maxIssue = 1024 * 1024;

export interface LocalForgeOptions {
  /** Runs git, hardened, in the user's repository; its standard output. Throws unless git succeeds. */
  git: (args: readonly string[], call?: { input?: string }) => Promise<string>;
  /** Relative paths of issues start here. */
  cwd: string;
  /** E-mail address of bugloop's own commits. */
  committer: string;
  branchPrefix: string;
}

/** What a plain repository cannot do is no failure: it says so, and the run goes on. */
const nothingToMark = 'a plain repository has no labels and no comments';

/** The forge of a plain repository: an issue is a Markdown file, a published change is a branch. */
export function openLocalForge({ git, cwd, committer, branchPrefix }: LocalForgeOptions): Forge {
  return {
    name: 'local',
    read,
    recentStatuses: () => Promise.resolve([]),
    assertMayWrite: ({ login }) =>
      Promise.reject(
        new BugloopError('auth.not_permitted', `${login} may not start a run: a plain repository knows no accounts`),
      ),
    // Two runs on one machine are kept apart by the lock of the run directory.
    lock: () => Promise.resolve({ ok: true }),
    mark: () => Promise.resolve({ done: false, why: nothingToMark }),
    // Work in progress stays in the run directory, and what is published is a branch of this very repository.
    fetchBranch: () => Promise.resolve(),
    fetchBase: () => Promise.resolve(),
    pushBranch,
    openChange: () => Promise.resolve({ created: false, blame: [] }),
    plan: ({ branch }, steps) =>
      steps.flatMap((step) =>
        step.do === 'push'
          ? [{ kind: 'write', call: `git fetch change.bundle ${branch}`, why: 'the branch, only with a proof' }]
          : [],
      ),
    requestReviews: () => Promise.resolve({ ok: false, why: 'a plain repository has no reviewers' }),
  };

  async function read(ref: string): Promise<Standing> {
    const issue = await readIssue(resolve(cwd, ref), ref);
    const branch = `${branchPrefix}issue-${issue.id}`;
    const commit = await tipOf(branch);
    const nothing = { issue, open: true, branch, changes: [], assignees: [] };
    if (commit === undefined) {
      await assertFree(branch);
      return nothing;
    }
    const author = await foreignAuthor(commit);
    const worktree = author === undefined ? await checkedOutAt(branch) : undefined;
    const provenOn = author === undefined ? await baseOfProof(commit) : undefined;
    return {
      ...nothing,
      tip: {
        commit,
        ours: author === undefined,
        author: author ?? 'bugloop',
        ...(provenOn === undefined ? {} : { provenOn }),
      },
      ...(worktree === undefined ? {} : { obstacle: `branch ${branch} is checked out at ${worktree}` }),
    };
  }

  /** Creates the branch, or moves it where its tip is our own; the user's checkout is never touched. */
  async function pushBranch({ branch, head, bundle, expected }: BranchPush): Promise<Pushed> {
    const tip = await tipOf(branch);
    if (tip === head) return { ok: true, created: false };
    if (tip === undefined) await assertFree(branch);
    const obstacle = tip === undefined ? undefined : await obstacleTo(branch, tip);
    if (obstacle !== undefined) return { ok: false, why: 'moved', message: obstacle };
    if (tip !== expected) return { ok: false, why: 'moved', message: takenMeanwhile(branch) };
    const incoming = `refs/bugloop/incoming/${branch}`;
    await receive(resolve(bundle), `+refs/heads/${branch}:${incoming}`);
    const received = await git(['rev-parse', '--verify', '--end-of-options', `${incoming}^{commit}`]);
    if (received !== head) {
      await git(['update-ref', '-d', incoming, received]);
      throw new BugloopError('state.corrupt', `${bundle}: holds ${received} instead of the sealed commit ${head}`);
    }
    const moved = await moveBranch({ branch, head, tip, incoming });
    return moved ? { ok: true, created: tip === undefined } : { ok: false, why: 'moved', message: takenMeanwhile(branch) };
  }

  async function receive(bundle: string, refspec: string): Promise<void> {
    const quietly = ['--quiet', '--no-tags', '--no-write-fetch-head', '--no-recurse-submodules', '--no-auto-maintenance'];
    await git(['-c', 'fetch.fsckObjects=true', 'fetch', ...quietly, '--', bundle, refspec]);
  }

  /** One transaction that fails when the branch is no longer where it was looked up. */
  async function moveBranch(move: {
    branch: string;
    head: CommitId;
    tip: CommitId | undefined;
    incoming: string;
  }): Promise<boolean> {
    const { branch, head, tip, incoming } = move;
    const ref = `refs/heads/${branch}`;
    const step = tip === undefined ? `create ${ref}\0${head}\0` : `update ${ref}\0${head}\0${tip}\0`;
    const input = `start\0${step}delete ${incoming}\0${head}\0prepare\0commit\0`;
    try {
      await git(['update-ref', '--no-deref', '-z', '--stdin'], { input });
      return true;
    } catch (error) {
      if (error instanceof BugloopError && error.code === 'git.locked') throw error;
      return false;
    }
  }

  /** Why the existing branch must be left alone. */
  async function obstacleTo(branch: string, tip: CommitId): Promise<string | undefined> {
    const author = await foreignAuthor(tip);
    if (author !== undefined) return `branch ${branch} exists and its last commit is by ${author}`;
    const worktree = await checkedOutAt(branch);
    return worktree === undefined ? undefined : `branch ${branch} is checked out at ${worktree}`;
  }

  /** Who made the commit, unless it is our own: committed by us, with our trailer. */
  async function foreignAuthor(commit: CommitId): Promise<string | undefined> {
    const format = `--format=%ce%x00%cn%x00%(trailers:key=${runTrailer},valueonly)`;
    const shown = await git(['log', '-1', '--no-show-signature', format, '--end-of-options', commit]);
    const [email, name, trailer] = shown.split('\0');
    return email === committer && (trailer ?? '').trim() !== '' ? undefined : name;
  }

  /** The parent of a commit that says it is proven; work in progress says nothing of the kind. */
  async function baseOfProof(commit: CommitId): Promise<CommitId | undefined> {
    const format = '--format=%P%x00%(trailers:key=Bugloop-Outcome,valueonly)';
    const [parents = '', outcome = ''] = (
      await git(['log', '-1', '--no-show-signature', format, '--end-of-options', commit])
    ).split('\0');
    return outcome.trim() === 'proven' && !parents.includes(' ') ? parents : undefined;
  }

  /** The work tree that has the branch checked out. */
  async function checkedOutAt(branch: string): Promise<string | undefined> {
    const records = (await git(['worktree', 'list', '--porcelain', '-z'])).split('\0\0');
    const holder = records.map((record) => record.split('\0')).find((lines) => lines.includes(`branch refs/heads/${branch}`));
    return holder?.find((line) => line.startsWith('worktree '))?.slice('worktree '.length);
  }

  async function tipOf(branch: string): Promise<CommitId | undefined> {
    if (!isValidRef(branch)) throw new BugloopError('usage.ref', `'${branch}' is not the name of a branch`);
    const ref = `refs/heads/${branch}`;
    const found = await git(['for-each-ref', '--format=%(objectname) %(refname)', ref]);
    // The pattern also matches whatever lies below it as a directory.
    const line = found.split('\n').find((text) => text.endsWith(` ${ref}`));
    return line?.split(' ')[0];
  }

  /** Git keeps branches like files: `a` and `a/b` cannot both exist. */
  async function assertFree(branch: string): Promise<void> {
    const parts = branch.split('/');
    const above = parts.slice(1).map((_, index) => `refs/heads/${parts.slice(0, index + 1).join('/')}`);
    const taken = new Set((await git(['for-each-ref', '--format=%(refname)', 'refs/heads/'])).split('\n'));
    const clash = above.find((ref) => taken.has(ref)) ?? [...taken].find((ref) => ref.startsWith(`refs/heads/${branch}/`));
    if (clash === undefined) return;
    const name = clash.slice('refs/heads/'.length);
    throw new BugloopError('git.branch_taken', `branch ${branch} cannot be created while branch ${name} exists`, {
      hint: `rename branch ${name}, or set another branch_prefix`,
    });
  }
}

// ---------------------------------------------------------------------------------------------- issue

async function readIssue(path: string, ref: string): Promise<Issue> {
  const text = decode(await readBytes(path, ref), ref);
  const { title, body } = splitTitle(text);
  if (title === '') throw unreadable(ref, 'is empty');
  return { id: slug(path), title, body, source: 'file' };
}

async function readBytes(path: string, ref: string): Promise<Buffer> {
  if (path.includes('\0')) throw unreadable(ref, 'does not exist');
  try {
    // Without blocking, so that a named pipe is refused instead of waited for.
    await using file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
    const stat = await file.stat();
    if (stat.isDirectory()) throw unreadable(ref, 'is a directory');
    if (!stat.isFile()) throw unreadable(ref, 'is not a regular file');
    if (stat.size > maxIssue) throw unreadable(ref, `is ${stat.size} bytes long, at most ${maxIssue} are read`);
    return await file.readFile();
  } catch (error) {
    if (error instanceof BugloopError) throw error;
    const missing = await lstat(path).then(
      () => false,
      () => true,
    );
    throw unreadable(ref, missing ? 'does not exist' : 'cannot be read', error);
  }
}

function decode(bytes: Buffer, ref: string): string {
  if (bytes.includes(0)) throw unreadable(ref, 'is binary, not Markdown');
  try {
    // Drops a byte order mark too.
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes).replaceAll('\r\n', '\n');
  } catch (error) {
    throw unreadable(ref, 'is not UTF-8', error);
  }
}

function takenMeanwhile(branch: string): string {
  return `branch ${branch} was changed by somebody else just now`;
}

function unreadable(ref: string, why: string, cause?: unknown): BugloopError {
  return new BugloopError('issue.unreadable', `issue file ${JSON.stringify(ref)} ${why}`, { cause });
}

/** Title and body: the front matter's `title`, else the first heading, else the first line that says something. */
function splitTitle(text: string): { title: string; body: string } {
  const matter = /^---\n([\s\S]*?)\n---[ \t]*(?:\n|$)/.exec(text);
  const rest = matter === null ? text : text.slice(matter[0].length);
  const named = matter === null ? undefined : /^title:[ \t]*(.+)$/m.exec(matter[1] ?? '')?.[1];
  if (named !== undefined) return { title: clean(named.trim().replace(/^(['"])(.*)\1$/, '$2')), body: rest.trim() };

  const lines = rest.split('\n');
  const spoken = lines.findIndex((line) => line.trim() !== '');
  const at = firstHeading(lines) ?? spoken;
  if (at < 0) return { title: '', body: '' };
  // A line of = or - under the title belongs to it.
  const underlined = /^\s{0,3}(?:=+|-+)\s*$/.test(lines[at + 1] ?? '') ? 1 : 0;
  const body = [...lines.slice(0, at), ...lines.slice(at + 1 + underlined)].join('\n').trim();
  return { title: clean((lines[at] ?? '').replace(/^\s{0,3}#{1,6}\s+/, '').replace(/\s#+\s*$/, '')), body };
}

/** Line of the first heading, where one comes before any code. */
function firstHeading(lines: readonly string[]): number | undefined {
  const fence = lines.findIndex((line) => /^\s{0,3}(?:```|~~~)/.test(line));
  const heading = lines.findIndex((line) => /^\s{0,3}#{1,6}\s+\S/.test(line));
  return heading < 0 || (fence >= 0 && fence < heading) ? undefined : heading;
}

/** One line of at most 200 characters. */
function clean(title: string): string {
  return title.replace(/\s+/g, ' ').trim().slice(0, 200);
}

/** The file's name as part of a branch's name. */
function slug(path: string): string {
  const name = basename(path, extname(path));
  const ascii = name
    .normalize('NFKD')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-');
  return ascii.replace(/^-+/, '').slice(0, 60).replace(/-+$/, '') || 'report';
}

import { spawn } from 'node:child_process';
import { BugloopError } from '../errors.ts';
import type { Remote } from '../ports.ts';

/**
 * The only place that starts git. Whatever repository it works on, no hook, filter, monitor, pager, prompt, remote
 * helper or configuration of the user or the machine takes part, and no variable of the operator is passed on.
 */
export interface Git {
  /** Standard output, without the line end. Throws a `BugloopError` unless git exits with 0. */
  run: (args: readonly string[], call?: GitCall) => Promise<string>;
  /** As `run`, byte for byte: for paths and contents, which need not be UTF-8. */
  bytes: (args: readonly string[], call?: GitCall) => Promise<Buffer>;
  /** As `bytes`, handed over as it comes. What `see` throws ends git and is thrown. */
  stream: (args: readonly string[], call: GitCall, see: (bytes: Buffer) => void) => Promise<void>;
  /** As `run` with a remote over HTTP, where failing is an answer: what git printed, and whether it succeeded. */
  exchange: (
    remote: Remote,
    args: readonly string[],
    timeoutMs: number,
  ) => Promise<{ ok: boolean; stdout: string; stderr: string }>;
  /** The operator's PATH, for a thread that opens a git of its own. */
  readonly searchPath: string;
  /** The same git somewhere else. */
  at: (place: GitPlace) => Git;
}

export interface GitPlace {
  /** Working directory of the process. */
  directory: string;
  /** Instead of looking for a repository at `directory`. */
  gitDir?: string;
  workTree?: string;
  indexFile?: string;
}

interface GitCall {
  input?: string | Uint8Array;
  /** Author and committer date of a commit that is made. */
  date?: Date;
}

/** Commands that mostly print nothing. simple-git waits another 50 ms for what a command without output might still print. */
const silent = new Set(['init', 'fetch', 'read-tree', 'update-ref', 'update-index', 'bundle', 'status', 'symbolic-ref']);

/** Who bugloop's commits are by. Neutral, and an address that nobody reads. */
export const committer = { name: 'bugloop', email: 'bugloop@users.noreply.github.com' } as const;

/** Objects and answers beyond this are not read into memory, in bytes. */
const maxAnswer = 512 * 1024 * 1024;
/** Characters of what git complains about that are looked at. */
const maxWords = 100_000;

/**
 * Given on every command line, so that they win over the configuration of any repository:
 * hooks, monitor and helpers off, only file transport, no conversion, no housekeeping in the background.
 */
const settings = [
  'core.hooksPath=/dev/null',
  'core.fsmonitor=false',
  'core.untrackedCache=false',
  'core.attributesFile=/dev/null',
  'core.excludesFile=/dev/null',
  'core.autocrlf=false',
  'core.symlinks=true',
  'core.protectHFS=true',
  'core.protectNTFS=true',
  'core.precomposeUnicode=false',
  'core.quotePath=true',
  // A view shares the objects of a clone; the clone's refs are none of its business.
  'core.alternateRefsCommand=true',
  'core.fsync=none',
  'core.looseCompression=1',
  'core.bigFileThreshold=32m',
  'protocol.allow=never',
  'protocol.file.allow=always',
  'safe.directory=*',
  'submodule.recurse=false',
  'gc.auto=0',
  'maintenance.auto=false',
  'commit.gpgSign=false',
  'advice.detachedHead=false',
  'init.defaultBranch=main',
  'user.useConfigOnly=true',
];

/** simple-git refuses to let a caller switch hooks and helpers off unless told that it is meant. */
const unsafe = {
  allowUnsafeHooksPath: true,
  allowUnsafeFsMonitor: true,
  allowUnsafeProtocolOverride: true,
  allowUnsafeConfigPaths: true,
  allowUnsafeTemplateDir: true,
};

/** Git in `place`. `searchPath` is the operator's PATH, the only thing a child gets from the operator. */
export function openGit(options: { searchPath: string; signal?: AbortSignal }, place: GitPlace): Git {
  const environment = (call: GitCall): Record<string, string> => environmentOf(options.searchPath, place, call);
  return {
    run: async (args, call = {}) => {
      if (call.input !== undefined || silent.has(args[0] ?? ''))
        return withoutLineEnd((await bytes(args, call)).toString('utf8'));
      const env = environment(call);
      let failed: Failure | undefined;
      const { simpleGit } = await import('simple-git');
      const git = simpleGit({
        baseDir: place.directory,
        config: settings,
        unsafe,
        allowEnvironment: Object.keys(env),
        errors: (error, { exitCode, stdErr }) => {
          if (exitCode === 0 && error === undefined) return undefined;
          failed = { args, stderr: Buffer.concat(stdErr).toString('utf8'), exitCode };
          return error ?? new Error(`exit ${exitCode}`);
        },
        ...(options.signal ? { abort: options.signal } : {}),
      });
      try {
        return withoutLineEnd(await git.env(env).raw([...args]));
      } catch (error) {
        // Ctrl-C in a terminal ends every process of ours; what git was doing is needed all the more.
        if (failed?.exitCode === null) return withoutLineEnd((await bytes(args, call)).toString('utf8'));
        throw explain(failed ?? { args, stderr: String(error) }, error);
      }
    },
    bytes,
    stream,
    async exchange(remote, args, timeoutMs) {
      const env = { ...environment({}), ...environmentFor(remote) };
      const { failed, timedOut, stdout, stderr } = await transfer([...transport, ...args], env, timeoutMs);
      const silent = timedOut ? `error: no answer within ${timeoutMs / 1_000} s` : '';
      return { ok: !failed, stdout: text(stdout), stderr: `${text(stderr)}${silent}` };
    },
    searchPath: options.searchPath,
    at: (other) => openGit(options, other),
  };

  /** With a remote, git has helpers, which have to end with it. */
  async function transfer(args: readonly string[], env: Record<string, string>, timeout: number) {
    const { execa } = await import('execa');
    return execa('git', commandOf(args), {
      cwd: place.directory,
      env,
      extendEnv: false,
      encoding: 'buffer',
      reject: false,
      stripFinalNewline: false,
      detached: true,
      maxBuffer: maxAnswer,
      stdin: 'ignore',
      // Git waits for ever where an answer ends too early, and so do the helpers it started.
      timeout,
      killDescendants: true,
      ...(options.signal ? { cancelSignal: options.signal } : {}),
    });
  }

  async function bytes(args: readonly string[], call: GitCall = {}): Promise<Buffer> {
    const chunks: Buffer[] = [];
    let size = 0;
    await stream(args, call, (chunk) => {
      size += chunk.length;
      if (size > maxAnswer) throw explain({ args, stderr: `fatal: more than ${maxAnswer} bytes` }, undefined);
      chunks.push(chunk);
    });
    return Buffer.concat(chunks);
  }

  /** Without execa, which takes longer to load than git takes to answer: a command on this machine needs nothing of it. */
  function stream(args: readonly string[], call: GitCall, see: (bytes: Buffer) => void): Promise<void> {
    return new Promise((resolve, reject) => {
      const child = spawn('git', commandOf(args), {
        cwd: place.directory,
        env: environment(call),
        // In a session of its own, which a terminal's Ctrl-C does not reach.
        detached: true,
        stdio: [call.input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
        ...(options.signal ? { signal: options.signal } : {}),
      });
      let broken: { error: unknown } | undefined;
      let said = '';
      const fail = (stderr: string, cause?: unknown): void => {
        reject(broken === undefined ? explain({ args, stderr }, cause) : broken.error);
      };
      child.stdout?.on('data', (chunk: Buffer) => {
        try {
          if (broken === undefined) see(chunk);
        } catch (error) {
          broken = { error };
          child.kill('SIGKILL');
        }
      });
      child.stderr?.on('data', (chunk: Buffer) => (said += said.length < maxWords ? chunk.toString('utf8') : ''));
      // Git may end before it has read everything; its exit code says whether that was right.
      child.stdin?.on('error', () => undefined);
      child.on('error', (error: NodeJS.ErrnoException) => fail(`${error.code ?? ''} ${error.message}`, error));
      child.on('close', (code) => {
        if (code === 0 && broken === undefined) resolve();
        else fail(said);
      });
      child.stdin?.end(call.input);
    });
  }
}

function environmentOf(searchPath: string, place: GitPlace, call: GitCall): Record<string, string> {
  const date = call.date === undefined ? undefined : `${Math.floor(call.date.getTime() / 1000)} +0000`;
  return {
    PATH: searchPath,
    LC_ALL: 'C',
    HOME: '/nonexistent',
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_CONFIG_GLOBAL: '/dev/null',
    GIT_ATTR_NOSYSTEM: '1',
    GIT_TERMINAL_PROMPT: '0',
    GIT_NO_REPLACE_OBJECTS: '1',
    GIT_NO_LAZY_FETCH: '1',
    GIT_OPTIONAL_LOCKS: '0',
    GIT_ALLOW_PROTOCOL: 'file',
    GIT_LITERAL_PATHSPECS: '1',
    GIT_AUTHOR_NAME: committer.name,
    GIT_AUTHOR_EMAIL: committer.email,
    GIT_COMMITTER_NAME: committer.name,
    GIT_COMMITTER_EMAIL: committer.email,
    ...(date === undefined ? {} : { GIT_AUTHOR_DATE: date, GIT_COMMITTER_DATE: date }),
    ...(place.gitDir === undefined ? {} : { GIT_DIR: place.gitDir }),
    ...(place.workTree === undefined ? {} : { GIT_WORK_TREE: place.workTree }),
    ...(place.indexFile === undefined ? {} : { GIT_INDEX_FILE: place.indexFile }),
  };
}

/** Given only where a remote takes part. A redirect could carry the credential elsewhere. */
const transport = ['http.followRedirects=false', 'http.lowSpeedLimit=1000', 'http.lowSpeedTime=30', 'credential.helper='].flatMap(
  (setting) => ['-c', setting],
);

/** The credential of one call: in the environment, where neither arguments nor files show it, and for this address only. */
function environmentFor({ url, token }: Remote): Record<string, string> {
  if (token === '') return { GIT_ALLOW_PROTOCOL: 'http:https' };
  const basic = Buffer.from(`x-access-token:${token}`).toString('base64');
  return {
    GIT_ALLOW_PROTOCOL: 'http:https',
    GIT_CONFIG_COUNT: '1',
    GIT_CONFIG_KEY_0: `http.${url}.extraHeader`,
    GIT_CONFIG_VALUE_0: `Authorization: Basic ${basic}`,
  };
}

function commandOf(args: readonly string[]): string[] {
  return [...settings.flatMap((setting) => ['-c', setting]), ...args];
}

function text(bytes: Uint8Array | undefined): string {
  return Buffer.from(bytes ?? []).toString('utf8');
}

interface Failure {
  args: readonly string[];
  stderr: string;
  /** `null` where a signal ended git. */
  exitCode?: number | null;
}

/** Names the few ways in which an environment makes git fail; everything else is `git.failed` with git's own words. */
function explain({ args, stderr }: Failure, cause: unknown): BugloopError {
  if (/\bENOENT\b/.test(stderr)) return new BugloopError('env.missing_tool', 'git was not found on PATH', { cause });
  const line = stderr.split('\n').find((text) => /^(?:\s*(?:fatal|error)): /.test(text)) ?? stderr.split('\n')[0] ?? '';
  const words = line.replace(/^\s*(?:fatal|error): /, '').trim();
  const lock = /'([^']*\.lock)'/.exec(stderr)?.[1];
  if (lock !== undefined && /File exists/.test(stderr)) {
    return new BugloopError('git.locked', `another git command holds ${lock}, or left it behind`, {
      hint: `remove ${lock} if no git command is running`,
      cause,
    });
  }
  if (/not (?:appear to be )?a git repository/i.test(stderr)) return new BugloopError('env.not_a_repo', words, { cause });
  return new BugloopError('git.failed', `git ${args.find((arg) => !arg.startsWith('-')) ?? ''}: ${words}`, { cause });
}

function withoutLineEnd(text: string): string {
  return text.endsWith('\n') ? text.slice(0, -1) : text;
}

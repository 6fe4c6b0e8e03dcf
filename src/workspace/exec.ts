import type { ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { closeSync, mkdirSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { constants, tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { execa } from 'execa';
import type { Command, Execution, SandboxLevel } from '../core/types.ts';
import { BugloopError } from '../errors.ts';
import type { RunOptions } from '../ports.ts';
import { removeTree } from './copy.ts';
import { buildEnvironment, type Environment } from './environment.ts';
import { type ProcessTree, waitForEnd, watchTree } from './processes.ts';
import { createRing, type Lane } from '../core/ring.ts';
import { findBubblewrap, isolate, viewOf } from './sandbox.ts';
import { limitTasks, openTaskGroup, prefixFailure, sacrificeFirst } from './tasks.ts';
import { findExecutable, findToolchains, isDirectory } from './toolchains.ts';

/** Where a command runs and what it may see. */
export interface ExecPlace {
  /** Working directory: the live checkout, the only place it may write besides its private home and /tmp. */
  root: string;
  sandbox: SandboxLevel;
  /** What the operator's process was started with: source of PATH, tool homes and what `passEnv` names. */
  operatorEnv: Environment;
  /**
   * Absolute path of the private home directory, for what has to last between commands (`pip install --user`, Go and
   * Cargo caches). Without it every command gets a fresh one. Unused by sandbox `off`.
   */
  home?: string;
  /** Where the command's own temporary directory is made. Default: the system's. */
  temporary?: string;
  /** Further absolute paths that are readable inside, e.g. installed dependencies the operator named. */
  readable?: readonly string[];
  /** Further absolute paths that are writable inside, e.g. the directory a test reporter writes to. */
  writable?: readonly string[];
}

/** Between SIGTERM and SIGKILL, in milliseconds; a PID namespace ends at once. */
const killGraceMs = 5_000;
/** Longest wait for killed processes to be gone. */
const reapMs = 1_500;
/** How long an escaped process may hold our end of its pipes after the command has ended. */
const drainMs = 1_000;
/** How often descendants are looked for where no PID namespace holds them. */
const lookMs = 1_000;
const stdoutFileLimit = 256 * 1024 * 1024;
type End = Extract<Execution['ended'], 'timeout' | 'inactive' | 'cancelled'>;

/** What is really spawned for a command. */
interface Launch {
  file: string;
  args: readonly string[];
  env: Record<string, string>;
  tag: string;
  /** Set under bubblewrap: its arguments, passed through a pipe, so that no value shows in a process list. */
  secretArgs?: readonly string[];
}

/**
 * Runs one repository command without a shell and never rejects for how it ended. The whole process tree has ended
 * when it resolves, at latest 7 s after a limit.
 *
 * `strict`: bubblewrap; the environment, the disk, the network and other processes are out of reach. `basic`: private
 * home and temporary directory, scrubbed environment, the process tree ends; disk and network are those of the
 * operator. `off`: as basic, but with the operator's own home and temporary directory, for toolchains that need them.
 *
 * @throws BugloopError `env.sandbox_unavailable` where strict was asked for and bubblewrap does not work.
 */
export async function execute(place: ExecPlace, command: Command, options: RunOptions): Promise<Execution> {
  const started = performance.now();
  const refuse = (ended: Execution['ended'], output: string): Execution => ({
    argv: [...command],
    exitCode: null,
    ended,
    durationMs: performance.now() - started,
    output,
    failureLines: output === '' ? [] : [output],
    outputBytes: 0,
  });
  if (options.signal?.aborted === true) return refuse('cancelled', '');
  const path = options.env?.['PATH'] ?? findToolchains(place.operatorEnv).env['PATH'] ?? '';
  const executable = findExecutable(command[0], path, place.root);
  const obstacle = findObstacle(place.root, command, executable);
  if (executable === undefined || obstacle !== undefined) return refuse('not-started', `cannot run ${command[0]}: ${obstacle}`);

  const scratch = mkdtempSync(join(place.temporary ?? tmpdir(), 'bugloop-command-'));
  try {
    const launch = await prepare(place, command, options, executable, scratch);
    return { argv: [...command], ...(await run(launch, place.root, options, started)) };
  } finally {
    await removeScratch(scratch);
  }
}

function findObstacle(root: string, command: Command, executable: string | undefined): string | undefined {
  const [name] = command;
  if (!isDirectory(root)) return `the directory ${root} does not exist`;
  if (command.some((part) => part.includes('\0'))) return 'an argument holds a NUL byte';
  if (executable !== undefined) return undefined;
  if (!name.includes('/')) return 'it is not on PATH';
  return name.startsWith('/') ? 'it is no executable file' : `it is no executable file in ${root}`;
}

/** At once, as there is mostly nothing in it. What cannot be removed is no reason to lose the result. */
async function removeScratch(scratch: string): Promise<void> {
  try {
    rmSync(scratch, { recursive: true, force: true });
  } catch {
    await removeTree(scratch).catch(() => undefined);
  }
}

/** One line that names the command and how it ended. */
export function describeEnd(execution: Execution): string {
  return `${execution.argv.join(' ')} ${endings[execution.ended](execution)}`;
}

const endings: Record<Execution['ended'], (execution: Execution) => string> = {
  exited: ({ exitCode, durationMs }) =>
    exitCode === 0 ? `succeeded after ${seconds(durationMs)}` : `exited with ${exitCode} after ${seconds(durationMs)}`,
  signal: ({ signal, durationMs }) => `was ended by ${signal ?? 'a signal'} after ${seconds(durationMs)}`,
  timeout: ({ limitMs, durationMs }) => `was killed by the time limit of ${seconds(limitMs ?? durationMs)}`,
  inactive: ({ limitMs, durationMs }) => `was killed because it printed nothing for ${seconds(limitMs ?? durationMs)}`,
  cancelled: ({ durationMs }) => `was cancelled after ${seconds(durationMs)}`,
  'not-started': () => 'could not be started',
};

function seconds(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)} ms`;
  return ms < 10_000 ? `${Number((ms / 1000).toFixed(1))} s` : `${Math.round(ms / 1000)} s`;
}

// ---------------------------------------------------------------------------------------------- launch

async function prepare(
  place: ExecPlace,
  command: Command,
  options: RunOptions,
  executable: string,
  scratch: string,
): Promise<Launch> {
  const { operatorEnv, sandbox } = place;
  const isOff = sandbox === 'off';
  const home = place.home ?? join(scratch, 'home');
  const tmp = join(scratch, 'tmp');
  for (const dir of [home, tmp]) mkdirSync(dir, { recursive: true });
  const tag = `bugloop-${randomBytes(12).toString('hex')}`;
  const env = buildEnvironment({
    operatorEnv,
    tools: findToolchains(operatorEnv).env,
    home: isOff ? (operatorEnv['HOME'] ?? home) : home,
    tmp: sandbox === 'strict' ? '/tmp' : isOff ? tmpdir() : tmp,
    network: options.network,
    env: options.env,
    passEnv: options.passEnv,
    tag,
  });
  const limited = [...limitTasks(), ...command];
  if (sandbox !== 'strict') return { file: limited[0] ?? '', args: limited.slice(1), env, tag };

  const bubblewrap = await findBubblewrap(operatorEnv);
  if ('why' in bubblewrap)
    throw new BugloopError('env.sandbox_unavailable', `sandbox strict is not available: ${bubblewrap.why}`);
  const view = viewOf(place, { home, network: options.network, executable });
  const secretArgs = isolate(bubblewrap, operatorEnv, view, env);
  // Bubblewrap gets no environment at all: the command could read it in /proc/1/environ.
  return { file: bubblewrap.path, args: ['--args', '3', '--json-status-fd', '4', '--', ...limited], env: {}, tag, secretArgs };
}

// ---------------------------------------------------------------------------------------------- run

async function run(launch: Launch, root: string, options: RunOptions, started: number): Promise<Omit<Execution, 'argv'>> {
  const ring = createRing();
  const stop = new AbortController();
  let limit: { ended: End; limitMs?: number } | undefined;
  const end = (ended: End, limitMs?: number): void => {
    limit ??= limitMs === undefined ? { ended } : { ended, limitMs };
    stop.abort();
  };

  using copy = options.stdoutFile === undefined ? undefined : openCapped(options.stdoutFile);
  using group = openTaskGroup(launch.tag);
  const [file = '', ...args] = [...group.prefix, launch.file, ...launch.args];
  const child = spawnLaunch({ ...launch, file, args }, root, options.stdin, stop.signal);
  const tree = launch.secretArgs === undefined && child.pid !== undefined ? watchTree(child.pid, launch.tag) : undefined;
  if (child.pid !== undefined) sacrificeFirst(child.pid);
  using timers = startTimers(options, end, tree);
  const collected = Promise.all([
    collect(child.stdout, ring.lane(), (chunk) => {
      timers.active();
      copy?.write(chunk);
    }),
    collect(child.stderr, ring.lane(), timers.active),
  ]);
  const reaped = reap(child.nodeChildProcess, timers, tree);

  const [result] = await Promise.all([child, collected, reaped]);
  const status = typeof result.stdio[4] === 'string' ? result.stdio[4] : undefined;
  const namespaceInit = /"child-pid": ?(\d+)/.exec(status ?? '')?.[1];
  if (namespaceInit !== undefined) await waitForEnd(Number(namespaceInit), reapMs);
  const kept = ring.finish();
  const how = limit === undefined ? judgeEnd(result, status, kept.output) : { ...limit, exitCode: null };
  const output = [kept.output, how.ended === 'not-started' ? (result.originalMessage ?? '') : '', copy?.problem() ?? ''];
  return { ...kept, ...how, durationMs: performance.now() - started, output: output.filter((part) => part !== '').join('\n') };
}

function spawnLaunch(launch: Launch, root: string, stdin: string | undefined, cancelSignal: AbortSignal) {
  const input = stdin === undefined ? 'ignore' : new TextEncoder().encode(stdin);
  const args = launch.secretArgs?.map((arg) => `${arg}\0`).join('');
  return execa(launch.file, launch.args, {
    cwd: args === undefined ? root : '/',
    env: launch.env,
    extendEnv: false,
    reject: false,
    stdio: [input, 'pipe', 'pipe', ...(args === undefined ? [] : [new TextEncoder().encode(args), 'pipe' as const])],
    // Standard output and error are read by the ring alone; what bubblewrap reports is two lines.
    buffer: args === undefined ? false : { stdout: false, stderr: false, fd3: false, fd4: true },
    cancelSignal,
    forceKillAfterDelay: killGraceMs,
    killDescendants: true,
  });
}

/** Resolves when the command and whatever it left behind have ended. */
async function reap(child: ChildProcess, timers: Timers, tree: ProcessTree | undefined): Promise<void> {
  if (child.pid === undefined) return;
  await new Promise((resolve) => child.once('exit', resolve));
  timers.stop();
  // What is left in the pipes is read first.
  setTimeout(() => setImmediate(() => child.stdio.forEach((stream) => stream?.destroy())), drainMs).unref();
  await tree?.kill(reapMs);
}

/** Resolves when the stream is at its end or was destroyed: what was pending is then all there is. */
async function collect(stream: Readable, lane: Lane, tap: (chunk: Buffer) => void): Promise<void> {
  stream.on('data', (chunk: Buffer) => {
    tap(chunk);
    lane.write(chunk);
  });
  await once(stream, 'close').catch(() => undefined);
  lane.end();
}

interface Timers extends Disposable {
  /** Something was printed. */
  active: () => void;
  stop: () => void;
}

function startTimers(options: RunOptions, end: (ended: End, limitMs?: number) => void, tree: ProcessTree | undefined): Timers {
  const timeout = setTimeout(() => end('timeout', options.timeoutMs), options.timeoutMs);
  const { inactivityMs } = options;
  const inactivity = inactivityMs === undefined ? undefined : setTimeout(() => end('inactive', inactivityMs), inactivityMs);
  const look = tree === undefined ? undefined : setInterval(() => tree.look(), lookMs);
  const cancel = (): void => end('cancelled');
  options.signal?.addEventListener('abort', cancel, { once: true });
  if (options.signal?.aborted === true) cancel();
  const stop = (): void => {
    clearTimeout(timeout);
    clearTimeout(inactivity);
    clearInterval(look);
    options.signal?.removeEventListener('abort', cancel);
  };
  let isStopped = false;
  return {
    active: () => {
      if (!isStopped) inactivity?.refresh();
    },
    stop: () => {
      isStopped = true;
      stop();
    },
    [Symbol.dispose]: stop,
  };
}

interface CappedFile extends Disposable {
  write(chunk: Uint8Array): void;
  /** What kept the file from being whole, in one line; empty where it is. */
  problem(): string;
}

/** Writes at once, so that a slow disk slows the command and not our memory. */
function openCapped(path: string): CappedFile {
  // Made anew: what lies there may be a link that an earlier command left behind.
  rmSync(path, { force: true });
  const file = openSync(path, 'wx');
  let bytes = 0;
  let problem = '';
  return {
    write(chunk) {
      if (problem !== '') return;
      const fits = chunk.subarray(0, stdoutFileLimit - bytes);
      try {
        for (let written = 0; written < fits.length;) written += writeSync(file, fits, written);
        bytes += fits.length;
        if (fits.length < chunk.length) problem = `standard output was cut at ${stdoutFileLimit} bytes`;
      } catch (error) {
        problem = `standard output could not be kept: ${error instanceof Error ? error.message : String(error)}`;
      }
    },
    problem: () => problem,
    [Symbol.dispose]: () => closeSync(file),
  };
}

// ---------------------------------------------------------------------------------------------- end

type How = Pick<Execution, 'ended' | 'exitCode' | 'signal'>;

/** How the command ended of itself. `status` is what bubblewrap reported about it. */
function judgeEnd(
  result: { exitCode?: number | undefined; signal?: string | undefined },
  status: string | undefined,
  output: string,
): How {
  if (result.signal !== undefined) return { ended: 'signal', exitCode: null, signal: result.signal };
  const isPrefixFailure = (result.exitCode === 126 || result.exitCode === 127) && prefixFailure.test(output);
  if (result.exitCode === undefined || isPrefixFailure) return { ended: 'not-started', exitCode: null };
  if (status === undefined) return { ended: 'exited', exitCode: result.exitCode };
  // Bubblewrap reports an exit code only where the command itself was started.
  const reported = /"exit-code": ?(\d+)/.exec(status)?.[1];
  if (reported === undefined) return { ended: 'not-started', exitCode: null };
  const exitCode = Number(reported);
  const signal = signalName(exitCode - 128);
  return signal === undefined ? { ended: 'exited', exitCode } : { ended: 'signal', exitCode: null, signal };
}

/** As a shell does, bubblewrap says 128 + n for a command that signal n ended. */
function signalName(number: number): string | undefined {
  return Object.entries(constants.signals).find(([, each]) => each === number)?.[0];
}

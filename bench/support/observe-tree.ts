import { readdirSync, readFileSync } from 'node:fs';
import { execa } from 'execa';

/** What a program took, seen from outside: what it starts by a shell or a sandbox is not its own. */
export interface Took {
  exitCode: number | undefined;
  /** Milliseconds. */
  wall: number;
  /** Most megabytes that the program and its own helpers were resident with at once. */
  peakMB: number;
  output: string;
}

const foreign = new Set(['sh', 'bash', 'dash', 'zsh', 'bwrap', 'npm', 'git']);
const everyMs = 20;

/** Linux only: reads `/proc` while the program runs. */
export async function observeTree(
  argv: readonly [string, ...string[]],
  options: { cwd: string; env: Record<string, string>; timeoutMs: number },
): Promise<Took> {
  const started = performance.now();
  const [program, ...args] = argv;
  const child = execa(program, args, {
    cwd: options.cwd,
    env: options.env,
    extendEnv: false,
    reject: false,
    stdin: 'ignore',
    all: true,
    timeout: options.timeoutMs,
    killSignal: 'SIGKILL',
  });
  let peak = 0;
  const timer = setInterval(() => {
    if (child.pid !== undefined) peak = Math.max(peak, residentMB(child.pid));
  }, everyMs);
  const { exitCode, all } = await child;
  clearInterval(timer);
  return { exitCode, wall: performance.now() - started, peakMB: peak, output: all };
}

function residentMB(root: number): number {
  const processes = readdirSync('/proc').flatMap((name) => (/^\d+$/.test(name) ? (readProcess(Number(name)) ?? []) : []));
  const kilobytes = (pid: number, mine: { kilobytes: number }): number =>
    processes
      .filter(({ parent, name }) => parent === pid && !foreign.has(name))
      .reduce((sum, child) => sum + kilobytes(child.pid, child), mine.kilobytes);
  const top = processes.find(({ pid }) => pid === root);
  return top === undefined ? 0 : kilobytes(root, top) / 1024;
}

/** `undefined` where it has ended meanwhile. */
function readProcess(pid: number): { pid: number; parent: number; name: string; kilobytes: number } | undefined {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8');
    const field = (name: string): string => new RegExp(`^${name}:\\s+(\\S+)`, 'm').exec(status)?.[1] ?? '';
    return { pid, parent: Number(field('PPid')), name: field('Name'), kilobytes: Number(field('VmRSS')) };
  } catch {
    return undefined;
  }
}

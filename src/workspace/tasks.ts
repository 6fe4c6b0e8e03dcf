import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * Caps the processes and threads of a command, so that a fork bomb starves itself and not the machine. What holds,
 * as measured on Linux 6.18: `RLIMIT_NPROC` holds everybody but root (2,048 of them, fork then fails); root is held
 * only by a cgroup with a `pids` controller, where one can be made. Elsewhere the time limit ends the bomb. A cap on
 * address space would stop Node, Go and Java, which reserve tens of gigabytes that they never use.
 */

/** Processes and threads on top of those that run now: enough for any test runner. */
const spareTasks = 2048;
const prlimit = '/usr/bin/prlimit';

/** What the prefixes below print where they could not start the command. */
export const prefixFailure = /^(?:prlimit: failed to execute|bugloop: \d+: exec:)/;

/** What to put before a command's own arguments; empty where there is nothing that would hold. */
export function limitTasks(): string[] {
  if (process.platform !== 'linux' || process.getuid?.() === 0 || !existsSync(prlimit)) return [];
  const running = Number(/\/(\d+)/.exec(readFileSync('/proc/loadavg', 'utf8'))?.[1] ?? 0);
  return [prlimit, `--nproc=${running + spareTasks}`, '--'];
}

/** Where root may, a control group of its own for one command. It goes when it is disposed of. */
export interface TaskGroup extends Disposable {
  /** What to put before everything else: joins the group, then becomes the command. */
  prefix: string[];
}

export function openTaskGroup(name: string): TaskGroup {
  const parent = process.getuid?.() === 0 ? ['/sys/fs/cgroup/pids', '/sys/fs/cgroup'].find(countsTasks) : undefined;
  const group = join(parent ?? '/', name);
  const isMade =
    parent !== undefined &&
    attempt(() => {
      mkdirSync(group);
      writeFileSync(join(group, 'pids.max'), String(spareTasks));
    });
  return {
    // Joined before the command is there, as it could fork before anybody outside had moved it.
    prefix: isMade ? ['/bin/sh', '-c', 'echo $$ > "$1"; shift; exec "$@"', 'bugloop', join(group, 'cgroup.procs')] : [],
    [Symbol.dispose]: () => void (isMade && attempt(() => rmdirSync(group))),
  };
}

/** A mounted `pids` hierarchy (version 1), or a unified one that hands the controller down (version 2). */
function countsTasks(dir: string): boolean {
  if (dir.endsWith('/pids')) return existsSync(join(dir, 'cgroup.procs'));
  const handedDown = join(dir, 'cgroup.subtree_control');
  return existsSync(handedDown) && readFileSync(handedDown, 'utf8').split(/\s/).includes('pids');
}

/** Where memory runs out, the kernel is to end the command and not us. */
export function sacrificeFirst(pid: number): void {
  attempt(() => writeFileSync(`/proc/${pid}/oom_score_adj`, '1000'));
}

/** Each is a second line of defence that a container may forbid: no reason not to run. */
function attempt(action: () => void): boolean {
  try {
    action();
    return true;
  } catch {
    return false;
  }
}

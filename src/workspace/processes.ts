import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout } from 'node:timers/promises';

/**
 * The processes of a command, also where they left its process group: found by an environment tag that children
 * inherit, and by descent from processes known before. Linux only; elsewhere nothing is found, and only the process
 * group ends. A process that drops its environment, forks twice and calls setsid between two looks escapes: only a PID
 * namespace (sandbox strict) is proof against that.
 */
export interface ProcessTree {
  /** Remembers who descends from the command now. */
  look(): void;
  /** Kills everything that is known or found, and waits up to `ms` milliseconds until it is gone. */
  kill(ms: number): Promise<void>;
}

/** A process id is used again; together with its start time it is unique. */
interface Process {
  pid: number;
  parent: number;
  session: number;
  key: string;
}

const roundMs = 10;

/** `rootPid` must lead its own session. */
export function watchTree(rootPid: number, tag: string): ProcessTree {
  /** Process keys and sessions of the command. */
  const known = new Set<string>([readProcess(rootPid)?.key ?? '']);
  const sessions = new Set<number>([rootPid]);

  const members = (): Process[] => {
    const all = listProcesses();
    const byPid = new Map(all.map((each) => [each.pid, each]));
    const isMember = (each: Process): boolean => {
      if (known.has(each.key)) return true;
      const parent = byPid.get(each.parent);
      const isOurs = sessions.has(each.session) || (parent !== undefined && known.has(parent.key)) || hasTag(each.pid, tag);
      if (isOurs) known.add(each.key);
      // Our own session is everybody's; only one that the command started is the command's.
      if (isOurs && each.session === each.pid) sessions.add(each.session);
      return isOurs;
    };
    // Parents come before children in most listings, but not where ids wrapped around.
    all.forEach(isMember);
    return all.filter(isMember);
  };

  return {
    look: () => void members(),
    async kill(ms) {
      const deadline = performance.now() + ms;
      for (let left = members(); left.length > 0; left = members()) {
        // Stopped first, so that nobody forks while the others are killed.
        for (const { pid } of left) signal(pid, 'SIGSTOP');
        for (const { pid } of left) signal(pid, 'SIGKILL');
        if (performance.now() > deadline) return;
        await setTimeout(roundMs);
      }
    },
  };
}

/** Waits up to `ms` milliseconds until a process has ended. */
export async function waitForEnd(pid: number, ms: number): Promise<void> {
  const deadline = performance.now() + ms;
  while (readProcess(pid) !== undefined && performance.now() < deadline) await setTimeout(roundMs / 5);
}

function listProcesses(): Process[] {
  try {
    return readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name))
      .map((name) => readProcess(Number(name)))
      .filter((each) => each !== undefined);
  } catch {
    return [];
  }
}

function readProcess(pid: number): Process | undefined {
  const stat = readProc(pid, 'stat');
  // The second field is the program's name in brackets and may hold anything.
  const [state, parent, , session, ...rest] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  if (stat === '' || state === 'Z' || state === 'X') return undefined;
  return { pid, parent: Number(parent), session: Number(session), key: `${pid}@${rest[15]}` };
}

function hasTag(pid: number, tag: string): boolean {
  return readProc(pid, 'environ').includes(tag);
}

/** Empty where the process is gone or is somebody else's. */
function readProc(pid: number, file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'latin1');
  } catch {
    return '';
  }
}

function signal(pid: number, name: 'SIGSTOP' | 'SIGKILL'): void {
  try {
    process.kill(pid, name);
  } catch {
    // It has ended in the meantime.
  }
}

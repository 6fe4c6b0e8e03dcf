import { hash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import type { ProcessMark } from '../ports.ts';

/** Processes that may be gone: which one it was, and whether it still is. */

/** The mark of a process of this machine, to be left where others may read it: it names neither machine nor user. */
export async function markProcess(pid: number): Promise<ProcessMark> {
  const ticks = await startTicks(pid);
  return { machine: await thisMachine(), pid, ...(ticks === undefined ? {} : { ticks }) };
}

/** Whether the process is still there; `undefined` where it ran on another machine, or before this one was started. */
export async function isAlive({ machine, pid, ticks }: ProcessMark): Promise<boolean | undefined> {
  if (machine !== (await thisMachine())) return undefined;
  return isRunning(pid, ticks);
}

/** Whether `pid` is the process that started at `ticks`: a pid alone may be used again. */
export async function isRunning(pid: number, ticks: string | undefined): Promise<boolean> {
  try {
    process.kill(pid, 0);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EPERM')) return false;
  }
  return ticks === undefined || ticks === (await startTicks(pid));
}

/** Field 22 of /proc/<pid>/stat; see proc(5). The name in field 2 may hold anything, so fields are counted after it. */
export async function startTicks(pid: number): Promise<string | undefined> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => undefined);
  return stat?.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
}

async function thisMachine(): Promise<string> {
  const boot = await readFile('/proc/sys/kernel/random/boot_id', 'utf8').catch(() => '');
  return hash('sha256', `${hostname()}\n${boot.trim()}`).slice(0, 16);
}

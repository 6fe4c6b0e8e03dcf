// @ts-check
import { existsSync, readFileSync } from 'node:fs';

/**
 * Most memory that this program ever had, in KB. Not `maxRSS` where the kernel tells better: a process inherits that
 * from whoever started it, so that a small program looks as large as a large parent.
 */
export function peakKB() {
  const status = existsSync('/proc/self/status') ? readFileSync('/proc/self/status', 'utf8') : '';
  const highest = /^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1];
  return highest === undefined ? process.resourceUsage().maxRSS : Number(highest);
}

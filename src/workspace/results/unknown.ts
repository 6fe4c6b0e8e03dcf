import type { Plan, Setting } from './adapter.ts';
import { exitStatus } from '../../core/compare.ts';
import { explainExit } from './assemble.ts';
import { planV8Coverage } from './lines/v8.ts';
import { linesOf, type Stdout } from './stdout.ts';
import { readTap } from './tap.ts';

/** No known runner: TAP where that is what it prints, else one pseudo-test made from the exit code. */
export function unknown(setting: Setting): Plan {
  return {
    flags: [],
    stdout: true,
    ...planV8Coverage(setting),
    async read(execution, stdout) {
      if (announcesTap(stdout)) {
        const tap = readTap(stdout, setting, execution);
        if (tap.results.length > 0) return { ...tap, runner: 'tap', perTest: true };
      }
      const failed = explainExit([], execution);
      return { results: failed.length > 0 ? failed : [{ path: [exitStatus], status: 'passed' }], perTest: false };
    },
  };
}

function announcesTap(stdout: Stdout): boolean {
  for (const line of linesOf(stdout)) if (/^TAP version \d+$/.test(line)) return true;
  return false;
}

/**
 * Runs one command in a process of its own and prints how it ended, for tests of what a command can learn about the
 * process that started it, and of what it costs that process in memory.
 */
import { execute, type ExecPlace } from '../../src/workspace/exec.ts';
import type { Command } from '../../src/core/types.ts';
import type { RunOptions } from '../../src/ports.ts';

export interface Drive {
  place: Omit<ExecPlace, 'operatorEnv'>;
  command: Command;
  options: RunOptions;
}

const [argument] = process.argv.slice(2);
if (argument !== undefined) {
  // oxlint-disable-next-line no-unsafe-type-assertion -- written by the test that starts this
  const drive = JSON.parse(argument) as Drive;
  const operatorEnv = { ...process.env };
  const warm = await execute({ ...drive.place, operatorEnv }, ['true'], { timeoutMs: 10_000, network: false });
  const before = process.resourceUsage().maxRSS;
  const execution = await execute({ ...drive.place, operatorEnv }, drive.command, drive.options);
  const grownKb = process.resourceUsage().maxRSS - before;
  process.stdout.write(JSON.stringify({ execution, grownKb, warm: warm.exitCode }));
}

/**
 * What running a command through us costs: `node bench/exec.ts`.
 * First the start of `true` against a bare spawn, then a 100 MB log against `grep -E`.
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execute } from '../src/workspace/exec.ts';
import { detectSandbox } from '../src/workspace/sandbox.ts';

const operatorEnv = { ...process.env };
const root = mkdtempSync(join(tmpdir(), 'bugloop-bench-'));

function spawnBare(file: string, args: readonly string[]): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(file, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    child.stdout.resume();
    child.stderr.resume();
    child.once('close', () => resolve());
    child.once('error', reject);
  });
}

/** Median milliseconds of one call. */
async function measure(times: number, call: () => Promise<unknown>): Promise<number> {
  const durations: number[] = [];
  for (let time = 0; time < times; time++) {
    const start = performance.now();
    await call();
    durations.push(performance.now() - start);
  }
  return durations.toSorted((a, b) => a - b)[Math.floor(times / 2)] ?? 0;
}

async function writeLog(path: string): Promise<void> {
  await using file = await open(path, 'w');
  const lines = 'request handled by worker 17 in 0.25 ms, all is well\n'.repeat(20_000);
  for (let block = 0; block < 38; block++) await file.write(lines);
  await file.write(`${'x'.repeat(20_000_000)} AssertionError: expected 3 to be 4\n`);
  for (let block = 0; block < 38; block++) await file.write(lines);
}

const row = (name: string, ms: number, base: number): void =>
  console.log(`${name.padEnd(28)} ${ms.toFixed(1).padStart(8)} ms ${(ms / base).toFixed(1)} ×`);
const { level, why } = await detectSandbox(operatorEnv);
console.log(`sandbox ${level}: ${why}`);
const levels = level === 'strict' ? (['strict', 'basic'] as const) : (['basic'] as const);

const bare = await measure(50, () => spawnBare('true', []));
row('spawn true', bare, bare);
for (const sandbox of levels) {
  const run = (): Promise<unknown> => execute({ root, sandbox, operatorEnv }, ['true'], { timeoutMs: 10_000, network: false });
  row(`execute true (${sandbox})`, await measure(50, run), bare);
}

const log = join(root, 'log');
await writeLog(log);
const grep = await measure(5, () => spawnBare('grep', ['-cE', 'FAIL|AssertionError|Error:|not ok', log]));
row('grep -E, 100 MB', grep, grep);
for (const sandbox of levels) {
  const run = (): Promise<unknown> =>
    execute({ root, sandbox, operatorEnv }, ['cat', log], { timeoutMs: 60_000, network: false });
  row(`execute cat log (${sandbox})`, await measure(5, run), grep);
}
rmSync(root, { recursive: true });

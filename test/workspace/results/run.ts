import { spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync, writeSync } from 'node:fs';
import type { Command, Execution, TestRun } from '../../../src/core/types.ts';
import { temporary } from '../../support/repo.ts';
import { prepareTests, type PreparedRun, type TestRequest } from '../../../src/workspace/results/index.ts';

type Wish = Omit<TestRequest, 'scratch' | 'results'> & Partial<Pick<TestRequest, 'scratch' | 'results'>>;

/** Runs a prepared test command as a real process, with the small environment that a workspace gives. */
export async function runTests(wish: Wish): Promise<{ run: TestRun; prepared: PreparedRun }> {
  const scratch = wish.scratch ?? temporary();
  const prepared = await prepareTests({ results: {}, ...wish, scratch });
  return { run: await prepared.collect(await execute(prepared, wish.root)), prepared };
}

export function execute(
  prepared: { argv: Command; env: Record<string, string>; stdoutFile?: string },
  cwd: string,
): Promise<Execution> {
  const { argv } = prepared;
  const [program, ...args] = argv;
  const env = { PATH: process.env['PATH'], HOME: process.env['HOME'], LANG: 'C.UTF-8', ...prepared.env };
  const started = performance.now();
  const file = prepared.stdoutFile === undefined ? undefined : openSync(prepared.stdoutFile, 'w');
  return new Promise((resolve) => {
    let output = '';
    const child = spawn(program, args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] });
    child.stdout.on('data', (chunk: Buffer) => {
      output += chunk.toString();
      if (file !== undefined) writeSync(file, chunk);
    });
    child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()));
    const end = (exitCode: number | null, ended: Execution['ended']): void => {
      if (file !== undefined) closeSync(file);
      resolve({
        argv: [...argv],
        exitCode,
        ended,
        durationMs: performance.now() - started,
        output,
        failureLines: [],
        outputBytes: output.length,
      });
    };
    child.on('error', () => end(null, 'not-started'));
    child.on('close', (code) => end(code, code === null ? 'signal' : 'exited'));
  });
}

/** One line per test, for comparing with a table. */
export function digest(run: TestRun): string[] {
  return run.results.map(({ id, status, failure }) => (failure === undefined ? `${status} ${id}` : `${failure.kind} ${id}`));
}

export function fixture(name: string): string {
  return readFileSync(new URL(`../../fixtures/results/${name}`, import.meta.url), 'utf8');
}

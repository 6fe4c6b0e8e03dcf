import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { searchPath } from '../support/repo.ts';
import { bin, goldEdits, makeShop, readLastReport } from './play.ts';

/** A suite that never ends once the fix is in: there is always something to interrupt. */
const endless = `import { test } from 'node:test';
import { total } from '../src/cart.js';

test('waits', async () => {
  if (total([{ price: 3, quantity: 2 }]) === 6) await new Promise((resolve) => setTimeout(resolve, 100_000));
});
`;

test.concurrent.each([
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const)('%s in the middle of the tests leaves a checkpoint within 5 s', async (signal, exit) => {
  const repo = makeShop({ 'test/endless.test.js': endless });
  const script = join(repo.path, '../script.json');
  const calls = goldEdits.map((edit) =>
    'content' in edit
      ? { tool: 'create', input: { path: edit.path, content: edit.content } }
      : { tool: 'edit', input: { path: edit.path, old: edit.old, new: edit.new } },
  );
  writeFileSync(script, JSON.stringify([[...calls, { tool: 'finish', input: { summary: 'Fixed.' } }]]));
  const child = spawn(process.execPath, [bin, 'solve', join(repo.path, '../bug.md'), '--agent', 'scripted', '--script', script], {
    cwd: repo.path,
    env: { PATH: searchPath, HOME: repo.path, TERM: 'dumb' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let printed = '';
  child.stderr.on('data', (chunk: Buffer) => (printed += chunk.toString()));
  while (!/ok attempt 1/.test(printed) && child.exitCode === null) await sleep(50);
  await sleep(1_000);
  const began = performance.now();
  child.kill(signal);
  const [code] = await once(child, 'exit');
  expect(code).toBe(exit);
  expect(performance.now() - began).toBeLessThan(5_000);

  const report = readLastReport(repo);
  expect(report?.outcome).toBe('interrupted');
  expect(report?.attempts).toHaveLength(1);
  const run = join(repo.path, '.bugloop/runs', report?.run.id ?? '');
  expect(existsSync(join(run, 'change.bundle'))).toBe(true);
  expect(readFileSync(join(run, 'patch.diff'), 'utf8')).toContain('line.price * line.quantity');
  // The commit of the attempt is in the bundle, so nothing is lost with the workspace.
  expect(repo.git('bundle', 'list-heads', join(run, 'change.bundle'))).toContain(report?.head);
  expect(repo.git('status', '--porcelain')).toBe('');
});

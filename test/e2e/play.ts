import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { readRunReport, type RunReport } from '../../src/core/report.ts';
import { existsSync, mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { afterAll } from 'vitest';
import { makeRepo, searchPath, type TestRepo } from '../support/repo.ts';
import { fakeKey, startMessagesServer, type MessagesServer, type MessagesServerOptions } from '../servers/messages/index.ts';

/** A small repository with a bug, and one call of the binary on it with a scripted model behind it. */

export const bin = fileURLToPath(new URL('../../bin/bugloop.js', import.meta.url));

/** `total` forgets the quantity; the tests of the base do not see it. */
export const shop = {
  'package.json': JSON.stringify({ name: 'shop', version: '1.0.0', type: 'module', scripts: { test: 'node --test' } }, null, 2),
  '.gitignore': 'node_modules\n',
  'src/cart.js': `export function total(lines) {
  let sum = 0;
  for (const line of lines) {
    sum += line.price;
  }
  return sum;
}

export function count(lines) {
  return lines.reduce((sum, line) => sum + line.quantity, 0);
}
`,
  'test/cart.test.js': `import assert from 'node:assert/strict';
import { test } from 'node:test';
import { count, total } from '../src/cart.js';

test('an empty cart costs nothing', () => {
  assert.equal(total([]), 0);
});

test('one of each', () => {
  assert.equal(total([{ price: 2, quantity: 1 }, { price: 3, quantity: 1 }]), 5);
});

test('counts pieces', () => {
  assert.equal(count([{ price: 2, quantity: 2 }]), 2);
});
`,
};

export const bugReport = `# The total ignores how many of an article are in the cart

Two pens of 3 should cost 6, the cart says 3.
`;

export const goldTest = `import assert from 'node:assert/strict';
import { test } from 'node:test';
import { total } from '../src/cart.js';

test('two of an article cost twice as much', () => {
  assert.equal(total([{ price: 3, quantity: 2 }]), 6);
});
`;
export const goldEdits = [
  { path: 'src/cart.js', old: 'sum += line.price;', new: 'sum += line.price * line.quantity;' },
  { path: 'test/quantity.test.js', content: goldTest },
];

export interface Played {
  exitCode: number | undefined;
  stdout: string;
  stderr: string;
  report: RunReport | undefined;
  repo: TestRepo;
  server: MessagesServer;
}

/** Gone when the file's tests have ended: tests that run at once cannot clean up after each other. */
const scratch = realpathSync(mkdtempSync(join(tmpdir(), 'bugloop-e2e-')));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

export function makeShop(files: Record<string, string> = {}): TestRepo {
  const repo = makeRepo(join(mkdtempSync(join(scratch, 'shop-')), 'repo'));
  repo.commit({ ...shop, ...files }, 'shop');
  repo.write({ '../bug.md': bugReport });
  return repo;
}

/** `bugloop solve` with the `claude` agent, whose model is the script. */
export async function play(options: MessagesServerOptions & { repo?: TestRepo; flags?: string[] }): Promise<Played> {
  const repo = options.repo ?? makeShop();
  await using server = await startMessagesServer(options);
  const result = await solve(repo, ['--agent', 'claude', ...(options.flags ?? [])], {
    ANTHROPIC_API_KEY: fakeKey,
    ANTHROPIC_BASE_URL: server.url,
  });
  return { ...result, repo, server };
}

export async function solve(repo: TestRepo, flags: string[], env: Record<string, string> = {}) {
  const { exitCode, stdout, stderr } = await runBinary(['solve', join(repo.path, '../bug.md'), ...flags], repo.path, env);
  const report = readLastReport(repo);
  // Whatever went wrong is told by the binary itself.
  if (report === undefined && exitCode !== 0) throw new Error(`no report was written, exit ${exitCode}:\n${stderr}`);
  return { exitCode, stdout, stderr, report };
}

export async function runBinary(args: string[], cwd: string, env: Record<string, string> = {}) {
  return await execa(process.execPath, [bin, ...args], {
    cwd,
    env: { PATH: searchPath, HOME: cwd, TERM: 'dumb', ...env },
    extendEnv: false,
    reject: false,
    timeout: 120_000,
  });
}

export function readLastReport(repo: TestRepo): RunReport | undefined {
  const runs = join(repo.path, '.bugloop/runs');
  if (!existsSync(runs)) return undefined;
  const last = readdirSync(runs, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name)
    .sort()
    .at(-1);
  if (last === undefined) return undefined;
  const read = readRunReport(readFileSync(join(runs, last, 'report.json'), 'utf8'));
  if (!read.ok) throw new Error(read.why);
  return read.report;
}

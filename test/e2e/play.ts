import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { readRunReport, type RunReport } from '../../src/core/report.ts';
import { existsSync, mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { afterAll } from 'vitest';
import { bugReport, shop } from '../support/shop.ts';
import { makeRepo, searchPath, type TestRepo } from '../support/repo.ts';
import { fakeKey, startMessagesServer, type MessagesServer, type MessagesServerOptions } from '../servers/messages/index.ts';

/** A small repository with a bug, and one call of the binary on it with a scripted model behind it. */

export const bin = fileURLToPath(new URL('../../bin/bugloop.js', import.meta.url));

export { bugReport, goldEdits, goldTest, shop } from '../support/shop.ts';

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

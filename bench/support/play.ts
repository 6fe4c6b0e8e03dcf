import { existsSync } from 'node:fs';
import { mkdtempDisposable, readdir, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { z } from 'zod';
import { readRunReport, type RunReport } from '../../src/core/report.ts';
import { fakeKey, startMessagesServer, type MessagesServer, type Turn } from '../../test/servers/messages/index.ts';
import { sum } from '../bench.ts';

/** The built binary on a repository, with a scripted model behind it, and what was seen of it from outside. */

export const bin = fileURLToPath(new URL('../../bin/bugloop.js', import.meta.url));
const observer = new URL('observe.js', import.meta.url).href;

export interface Ended {
  /** Ended by us, because it took too long. */
  timedOut: boolean;
  exitCode: number | undefined;
  stdout: string;
  stderr: string;
  seen: Seen | undefined;
}

const span = z.object({ argv: z.array(z.string()), started: z.number(), ended: z.number().nullable() });

/** What `observe.js` leaves. Times are milliseconds since the epoch, `peakKB` is the most memory the process ever had. */
const seenSchema = z.object({ started: z.number(), ended: z.number(), peakKB: z.number(), children: z.array(span) });
type Seen = z.infer<typeof seenSchema>;
type Span = z.infer<typeof span>;

/** Runs bugloop to its end, or until `kill`, which it does not get to know. Nothing of the caller's environment reaches it but PATH. */
export async function runBugloop(
  args: readonly string[],
  options: { cwd: string; env?: Record<string, string>; timeoutMs?: number; kill?: AbortSignal },
): Promise<Ended> {
  await using notes = await mkdtempDisposable(join(tmpdir(), 'bugloop-observed-'));
  const file = join(notes.path, 'observed.json');
  const { exitCode, stdout, stderr, timedOut } = await execa(process.execPath, [bin, ...args], {
    cwd: options.cwd,
    env: {
      PATH: process.env['PATH'] ?? '',
      HOME: notes.path,
      TERM: 'dumb',
      NODE_OPTIONS: `--import=${observer}`,
      BUGLOOP_BENCH_OBSERVED: file,
      ...options.env,
    },
    extendEnv: false,
    reject: false,
    timeout: options.timeoutMs ?? 300_000,
    killSignal: 'SIGKILL',
    ...(options.kill === undefined ? {} : { cancelSignal: options.kill }),
  });
  const seen = existsSync(file) ? seenSchema.parse(JSON.parse(await readFile(file, 'utf8'))) : undefined;
  return { exitCode, stdout, stderr, seen, timedOut };
}

export interface Played extends Ended {
  report: RunReport | undefined;
  server: MessagesServer;
}

/** `bugloop solve` with the agent `claude`, whose model is the script. */
export async function solveWithModel(
  repository: string,
  issue: string,
  turns: readonly Turn[],
  flags: readonly string[] = [],
  limits: { timeoutMs?: number } = {},
): Promise<Played> {
  await using server = await startMessagesServer({ turns });
  const env = { ANTHROPIC_API_KEY: fakeKey, ANTHROPIC_BASE_URL: server.url };
  const ended = await runBugloop(['solve', issue, '--agent', 'claude', '--quiet', ...flags], { cwd: repository, env, ...limits });
  return { ...ended, server, report: await readReport(repository) };
}

/** `bugloop solve` with the agent `scripted`: the same tools without a model. */
export async function solveWithScript(
  repository: string,
  issue: string,
  attempts: readonly { tool: string; input: unknown }[][],
  flags: readonly string[] = [],
  options: { env?: Record<string, string>; timeoutMs?: number } = {},
): Promise<Ended & { report: RunReport | undefined }> {
  await using place = await mkdtempDisposable(join(tmpdir(), 'bugloop-script-'));
  const script = join(place.path, 'script.json');
  await writeFile(script, JSON.stringify({ attempts }));
  const ended = await runBugloop(['solve', issue, '--agent', 'scripted', '--script', script, '--quiet', ...flags], {
    cwd: repository,
    ...options,
  });
  return { ...ended, report: await readReport(repository) };
}

/** Of the newest run. */
export async function readReport(repository: string): Promise<RunReport | undefined> {
  const runs = join(repository, '.bugloop/runs');
  const names = (await readdir(runs).catch(() => [])).filter((name) => /^\d/.test(name)).sort();
  const newest = names.at(-1);
  if (newest === undefined) return undefined;
  const read = readRunReport(await readFile(join(runs, newest, 'report.json'), 'utf8').catch(() => ''));
  return read.ok ? read.report : undefined;
}

/** Whether a process that bugloop started ran a command of the repository, and was not git or a look at the sandbox. */
export function isRepositoryCommand({ argv }: Span): boolean {
  const program = basename(argv[0] ?? '');
  return program === 'bwrap' ? argv.includes('--json-status-fd') : program !== 'git' && program !== '';
}

/** Milliseconds between `from` and `to` that no span covers. */
export function uncovered(from: number, to: number, spans: readonly { started: number; ended: number | null }[]): number {
  const cut = spans
    .map(({ started, ended }) => [Math.max(from, started), Math.min(to, ended ?? to)] as const)
    .filter(([start, end]) => end > start)
    .toSorted(([a], [b]) => a - b);
  let at = from;
  const gaps = cut.map(([start, end]) => {
    const gap = Math.max(0, start - at);
    at = Math.max(at, end);
    return gap;
  });
  return sum(gaps) + Math.max(0, to - at);
}

/** How a run that should have gone well failed, in one line. */
export function explain({ exitCode, stderr, timedOut }: Ended): string {
  return timedOut ? 'no result in time' : `exit ${exitCode}: ${stderr.trim().split('\n').at(-1) ?? ''}`;
}

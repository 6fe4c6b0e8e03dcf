import { exitStatus } from '../../core/compare.ts';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Command, Execution, RepoPath, RunnerName, TestFailure, TestRun } from '../../core/types.ts';
import type { Adapter, Plan, Setting } from './adapter.ts';
import { explainExit, exitFailure, identify, repoPaths, type RawResult } from './assemble.ts';
import { ava } from './ava.ts';
import { cargoTest } from './cargo-test.ts';
import { readConfiguredCoverage } from './lines/reports.ts';
import { dotnetTest } from './dotnet-test.ts';
import { watchReports } from './fresh.ts';
import { goTest } from './go-test.ts';
import { jest } from './jest.ts';
import { junit } from './junit.ts';
import { gradle, maven } from './jvm.ts';
import { minitest } from './minitest.ts';
import { mocha } from './mocha.ts';
import { nodeTest } from './node-test.ts';
import { phpunit } from './phpunit.ts';
import { pytest } from './pytest.ts';
import { resolveCommand, valueFlags } from './resolve.ts';
import { rspec } from './rspec.ts';
import { packageJson, readJson } from './shapes.ts';
import { readStdout } from './stdout.ts';
import { tap } from './tap.ts';
import { unknown } from './unknown.ts';
import { vitest } from './vitest.ts';

export interface TestRequest {
  /** Live checkout, absolute. */
  root: string;
  /** Configured or detected test command. */
  command: Command;
  /** `commands.test_files`: its argument `{files}` becomes one argument per file. */
  testFilesCommand?: Command;
  /** Narrow run; absent means the whole suite. */
  files?: RepoPath[];
  coverage?: boolean;
  /** Absolute directory outside the repository, writable where the tests run; fresh per call. */
  scratch: string;
  /** Reports that the configuration names, as globs relative to `root`. */
  results: { junit?: string; coverage?: string };
}

export interface PreparedRun {
  argv: Command;
  env: Record<string, string>;
  /** Where the whole raw standard output has to go, when the report is in it. */
  stdoutFile?: string;
  /** Reads reports after the command ended. */
  collect(execution: Execution): Promise<TestRun>;
  /** True when `files` are honoured. */
  narrow: boolean;
}

const adapters: Record<RunnerName, Adapter> = {
  vitest,
  jest,
  mocha,
  'node-test': nodeTest,
  tap,
  ava,
  pytest,
  'go-test': goTest,
  'cargo-test': cargoTest,
  rspec,
  minitest,
  phpunit,
  maven,
  gradle,
  'dotnet-test': dotnetTest,
  junit,
  unknown,
};

/**
 * Plans one execution of a repository's tests so that every single test's result can be read afterwards. Reporters are
 * asked for by flags and environment and write to `scratch`: the repository is not changed.
 */
export async function prepareTests(request: TestRequest): Promise<PreparedRun> {
  mkdirSync(request.scratch, { recursive: true });
  const own = narrowCommand(request);
  const resolved = resolveCommand(request.root, own ?? request.command);
  const runner: RunnerName = request.results.junit === undefined ? resolved.runner : 'junit';
  const setting: Setting = {
    root: request.root,
    scratch: request.scratch,
    resolved,
    files: own === undefined ? request.files : undefined,
    coverage: request.coverage === true,
    reports: request.results,
    versionOf: (pack) => installedVersion(request.root, pack),
    repoPath: repoPaths(request.root),
  };
  const plan = await adapters[runner](setting);
  const launch = launchOf(own ?? request.command, setting, plan);
  const coverageReports = watchReports(request.root, request.results.coverage);
  const stdoutFile = plan.stdout === true ? join(request.scratch, 'stdout') : undefined;
  return {
    argv: launch.argv,
    env: { ...launch.env, ...plan.env },
    ...(stdoutFile === undefined ? {} : { stdoutFile }),
    narrow: own !== undefined || launch.narrow,
    collect: (execution) => collect(runner, setting, plan, execution, { stdoutFile, coverageReports }),
  };
}

function narrowCommand({ files, testFilesCommand }: TestRequest): Command | undefined {
  if (files === undefined || files.length === 0 || testFilesCommand === undefined) return undefined;
  const words = testFilesCommand.flatMap((word) => (word === '{files}' ? files : [word]));
  const [program = testFilesCommand[0], ...rest] = words;
  return [program, ...rest];
}

interface Launch {
  argv: Command;
  env: Record<string, string>;
  narrow: boolean;
}

function launchOf(command: Command, setting: Setting, plan: Plan): Launch {
  const { resolved } = setting;
  const wanted =
    setting.files !== undefined && setting.files.length > 0 && resolved.alone ? plan.select?.(setting.files) : undefined;
  if (wanted !== undefined && wanted.length > 0) return { ...startDirectly(setting, plan, wanted), narrow: true };
  if (resolved.direct) return { ...startDirectly(setting, plan), narrow: false };
  if (plan.flags.length === 0 && (plan.stdout !== true || resolved.append !== undefined))
    return { argv: command, env: {}, narrow: false };
  if (resolved.append !== undefined) return { argv: [...command, ...resolved.append, ...plan.flags], env: {}, narrow: false };
  // The output is piped into a formatter: the runner itself is started instead.
  if (resolved.alone && resolved.runner !== 'unknown') return { ...startDirectly(setting, plan), narrow: false };
  return { argv: command, env: {}, narrow: false };
}

function startDirectly(
  setting: Setting,
  plan: Plan,
  selection?: readonly string[],
): { argv: Command; env: Record<string, string> } {
  const { start, at, env, direct } = setting.resolved;
  const words = setting.resolved.words.map((word, index) =>
    direct || (index !== 0 && index !== start) ? word : localProgram(setting.root, word),
  );
  // A part of the suite cannot meet a coverage tool's thresholds.
  const tool = selection === undefined ? -1 : words.slice(0, start).findIndex((word) => /(^|\/)(nyc|c8)$/.test(word));
  const head = [...words.slice(0, tool === -1 ? start : tool), ...words.slice(start, at + 1)];
  const rest = without(words.slice(at + 1), plan.replaces ?? {});
  const kept = selection === undefined ? rest : [...dropPaths(setting.root, rest), ...selection];
  const [program = '', ...args] = [...head, ...plan.flags, ...kept];
  return { argv: [program, ...args], env: { ...env } };
}

/** A script's program is found in `node_modules/.bin`, where its package manager would find it. */
function localProgram(root: string, program: string): string {
  const local = `node_modules/.bin/${program}`;
  return !program.includes('/') && existsSync(join(root, local)) ? local : program;
}

function without(words: readonly string[], replaced: Readonly<Record<string, number>>): string[] {
  const kept: string[] = [];
  for (let index = 0; index < words.length; index += 1) {
    const word = words[index] ?? '';
    const [name = '', value] = word.split('=', 2);
    const size = replaced[name];
    if (size === undefined) kept.push(word);
    else if (value === undefined) index += size - 1;
  }
  return kept;
}

/** Leaves out the test files, directories and patterns that a command lists, and a `--` that stood before them. */
function dropPaths(root: string, words: readonly string[]): string[] {
  return words.filter((word, index) => {
    if (word === '--') return false;
    if (word.startsWith('-') || valueFlags.has(words[index - 1] ?? '')) return true;
    return !(/[*?[{]/.test(word) || word.includes('/') || existsSync(join(root, word)) || existsSync(join(root, `${word}.js`)));
  });
}

async function collect(
  runner: RunnerName,
  setting: Setting,
  plan: Plan,
  execution: Execution,
  { stdoutFile, coverageReports }: { stdoutFile: string | undefined; coverageReports: () => string[] },
): Promise<TestRun> {
  const stdout = stdoutFile === undefined ? execution.output : await readStdout(stdoutFile).catch(() => execution.output);
  const report = await plan.read(execution, stdout);
  const coverage = setting.coverage
    ? ((await readConfiguredCoverage(setting.root, coverageReports())) ?? (await plan.readCoverage?.(execution)))
    : undefined;
  // A report without a single test says as little as no report.
  const results =
    report.results.length === 0 ? emptyRun(execution, report.problem) : explainExit(report.results, execution, report.problem);
  return {
    runner: report.runner ?? runner,
    perTest: report.perTest ?? report.results.length > 0,
    results: identify(results),
    execution,
    ...(coverage === undefined ? {} : { coverage }),
  };
}

/** Nothing ran: whatever the reason was, it kept the tests from running. */
function emptyRun(execution: Execution, problem: TestFailure | undefined): RawResult[] {
  if (execution.ended === 'exited' && execution.exitCode === 0) return [];
  const failure = problem ?? exitFailure(execution);
  return [{ path: [exitStatus], status: 'failed', failure: failure.kind === 'timeout' ? failure : { ...failure, kind: 'load' } }];
}

function installedVersion(root: string, pack: string): readonly number[] {
  const file = join(root, 'node_modules', pack, 'package.json');
  const version = existsSync(file) ? readJson(readFileSync(file, 'utf8'), packageJson)?.version : undefined;
  return version?.split(/[.-]/, 3).map(Number) ?? [];
}

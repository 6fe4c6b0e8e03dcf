import { existsSync, readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { RepoPath } from '../../core/types.ts';
import type { Plan, Report, Setting } from './adapter.ts';
import type { RawResult } from './assemble.ts';
import { describeFailure, failureFromOutput } from './failure.ts';
import { goEvent, readLines } from './shapes.ts';
import { findFiles } from './source-files.ts';
import type { Stdout } from './stdout.ts';

/** go test, by `-json`. A test's file is looked up by its function in the package's directory. */
export function goTest(setting: Setting): Plan {
  return {
    flags: ['-json'],
    replaces: { '-json': 1, '-v': 1 },
    // Go compiles packages, not files.
    select: (files) => [...new Set(files.map((file) => (dirname(file) === '.' ? '.' : `./${dirname(file)}`)))],
    stdout: true,
    async read(execution, stdout) {
      return readGoTest(stdout, await testFunctions(setting.root), moduleOf(setting.root), execution.output);
    },
  };
}

function moduleOf(root: string): string {
  const file = join(root, 'go.mod');
  return existsSync(file) ? (/^module\s+(\S+)/m.exec(readFileSync(file, 'utf8'))?.[1] ?? '') : '';
}

/** `<directory>\0<function>` → file, for every test function of the repository. */
async function testFunctions(root: string): Promise<Map<string, RepoPath>> {
  const found = new Map<string, RepoPath>();
  for (const path of await findFiles(root, /_test\.go$/)) {
    const text = await readFile(join(root, path), 'utf8').catch(() => '');
    for (const match of text.matchAll(/^func ((?:Test|Example|Fuzz|Benchmark)\w*)\(/gm)) {
      found.set(`${dirname(path)}\0${match[1]}`, path);
    }
  }
  return found;
}

export function readGoTest(stdout: Stdout, functions: ReadonlyMap<string, RepoPath>, module: string, output: string): Report {
  const printed = new Map<string, string>();
  const built = new Map<string, string>();
  const results: RawResult[] = [];
  const parents = new Set<string>();
  const running = new Map<string, Set<string>>();
  const failedPackages = new Set<string>();
  for (const event of readLines(stdout, goEvent)) {
    const { Package: pack = '', Test: test, Action: action, Output: said = '' } = event;
    const key = `${pack}\0${test ?? ''}`;
    if (action === 'build-output') {
      const name = (event.ImportPath ?? '').split(' ')[0] ?? '';
      built.set(name, (built.get(name) ?? '') + said);
    }
    if (action === 'output') printed.set(key, (printed.get(key) ?? '') + said);
    if (test?.includes('/') === true) parents.add(`${pack}\0${test.slice(0, test.lastIndexOf('/'))}`);
    if (action === 'run' && test !== undefined) running.set(pack, (running.get(pack) ?? new Set()).add(test));
    if (action !== 'pass' && action !== 'fail' && action !== 'skip') continue;
    if (test !== undefined) running.get(pack)?.delete(test);
    const directory = pack === module ? '.' : pack.startsWith(`${module}/`) ? pack.slice(module.length + 1) : pack;
    const whole = printed.get(key) ?? '';
    if (test === undefined) {
      if (action !== 'fail') continue;
      failedPackages.add(pack);
      // A panic or a time-out ends the process without a word about the tests that were running.
      const open = [...(running.get(pack) ?? [])].filter((name, _, all) => !all.some((other) => other.startsWith(`${name}/`)));
      for (const name of open) {
        const path = name.split('/');
        const file = functions.get(`${directory}\0${path[0] ?? ''}`);
        results.push({
          file,
          path: [pack, ...path],
          status: 'failed',
          failure: describeGo(`${printed.get(`${pack}\0${name}`) ?? ''}${whole}`),
        });
      }
      if (!results.some((result) => result.status === 'failed' && result.path[0] === pack))
        results.push(packageFailure(pack, directory, `${whole}${built.get(pack) ?? ''}`, output));
      continue;
    }
    const path = test.split('/');
    const file = functions.get(`${directory}\0${path[0] ?? ''}`);
    // A parent that only failed through its subtests says nothing of its own.
    if (parents.has(key) && !/^\s+\S+\.go:\d+: /m.test(whole.replace(/^\s*--- .*$/gm, ''))) continue;
    const status = action === 'pass' ? 'passed' : action === 'skip' ? 'skipped' : 'failed';
    results.push({
      file,
      path: [pack, ...path],
      status,
      durationMs: event.Elapsed === undefined ? undefined : event.Elapsed * 1000,
      failure: status === 'failed' ? describeGo(whole) : undefined,
    });
  }
  // Before Go 1.24 a package that does not compile is told in plain text only.
  for (const [, pack = ''] of output.matchAll(/^FAIL\s+(\S+) \[(?:build|setup) failed\]$/gm)) {
    const directory = pack.startsWith(`${module}/`) ? pack.slice(module.length + 1) : pack === module ? '.' : pack;
    if (!failedPackages.has(pack)) results.push(packageFailure(pack, directory, '', output));
  }
  // Where the file is known the package is said twice.
  return { results: results.map((result) => (result.file === undefined ? result : { ...result, path: result.path.slice(1) })) };
}

function packageFailure(pack: string, directory: string, said: string, output: string): RawResult {
  const compile =
    new RegExp(`^# ${pack.replaceAll(/[.*+?^$()[\]{}|\\]/g, '\\$&')}.*\\n(?:(?!# |\\{|FAIL).*\\n?)*`, 'm').exec(output)?.[0] ??
    '';
  const broken = /\[(build|setup) failed\]/.test(said) || compile !== '';
  const failure = broken
    ? describeFailure({ message: `${said}${compile}`.trim(), collecting: true })
    : /panic:/.test(said)
      ? describeGo(said)
      : failureFromOutput(said);
  return { path: [pack, directory === pack ? '(package)' : `(package ${directory})`], status: 'failed', failure };
}

function describeGo(said: string): ReturnType<typeof describeFailure> {
  const lines = said.split('\n').filter((line) => !/^\s*(=== |--- |FAIL|PASS|ok )/.test(line));
  const panic = lines.findIndex((line) => line.startsWith('panic: '));
  const message = (panic === -1 ? lines : lines.slice(panic)).join('\n').trim();
  const timedOut = message.startsWith('panic: test timed out after');
  return describeFailure({ name: panic === -1 ? undefined : 'panic', message, stack: message, timedOut, compared: panic === -1 });
}

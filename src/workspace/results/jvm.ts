import { readFile } from 'node:fs/promises';
import { basename, extname, join } from 'node:path';
import type { RepoPath } from '../../core/types.ts';
import type { Plan, Setting } from './adapter.ts';
import type { RawResult } from './assemble.ts';
import { describeFailure } from './failure.ts';
import { watchReports } from './fresh.ts';
import { outcomeOf, parseJunit, problemOf } from './junit.ts';
import { findFiles } from './source-files.ts';

const classOf = (path: RepoPath): string => basename(path, extname(path));

/** Maven, by the reports that Surefire writes anyway. Tests of a module that fails do not keep others from running. */
export function maven(setting: Setting): Plan {
  return {
    flags: ['--fail-at-end'],
    replaces: { '--fail-fast': 1, '-ff': 1, '--quiet': 1, '-q': 1 },
    select: (files) => [
      `-Dtest=${files.map(classOf).join(',')}`,
      // Modules without one of these classes are no failure; the name of the switch changed with Surefire 3.
      '-DfailIfNoTests=false',
      '-Dsurefire.failIfNoSpecifiedTests=false',
    ],
    ...planReports(setting, '**/target/surefire-reports/TEST-*.xml'),
  };
}

/** Gradle, by the reports of its test tasks; what it did before on the same sources it does again. */
export function gradle(setting: Setting): Plan {
  return {
    flags: ['--continue', '--rerun-tasks'],
    replaces: { '--tests': 2 },
    select: (files) => files.flatMap((file) => ['--tests', classOf(file)]),
    ...planReports(setting, '**/build/test-results/**/TEST-*.xml'),
  };
}

function planReports(setting: Setting, pattern: string): Pick<Plan, 'read'> {
  const fresh = watchReports(setting.root, pattern);
  return {
    async read() {
      const reports = await Promise.all(fresh().map((path) => readFile(join(setting.root, path), 'utf8').catch(() => '')));
      const sources = await findFiles(setting.root, /\.(java|kt|groovy|scala)$/);
      return { results: reports.flatMap((report) => readSurefire(report, sources)) };
    },
  };
}

/** `sources`: where a class is, by the path that its package has. */
export function readSurefire(report: string, sources: readonly RepoPath[]): RawResult[] {
  return parseJunit(report).map(({ suite, test }): RawResult => {
    const classname = test['@classname'] ?? suite['@name'] ?? '';
    const place = classname.split('$')[0]?.replaceAll('.', '/') ?? '';
    const outcome = outcomeOf(test);
    const result = {
      ...outcome,
      file: sources.find((path) => path === `${place}${extname(path)}` || path.endsWith(`/${place}${extname(path)}`)),
      path: [classname, test['@name']?.replace(/\(\)$/, '') ?? ''],
    };
    const problem = problemOf(test);
    return problem === undefined ? result : { ...result, failure: describe(problem.type, problem.message, problem.body) };
  });
}

function describe(type: string | undefined, message: string | undefined, body: string): ReturnType<typeof describeFailure> {
  const name = type?.split(/[.$]/).at(-1);
  return describeFailure({
    name,
    message: message ?? body.split('\n')[0] ?? '',
    stack: body,
    timedOut: name === 'TestTimedOutException' || /^\S+ timed out after \d+ (milli)?seconds/.test(message ?? ''),
    compared: /^(AssertionError|AssertionFailedError|ComparisonFailure|MultipleFailuresError|ArrayComparisonFailure)$/.test(
      name ?? '',
    ),
    collecting: name === 'NoClassDefFoundError' || name === 'ClassNotFoundException',
  });
}

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { TestFailure } from '../../core/types.ts';
import { measures, type Plan, type Setting } from './adapter.ts';
import type { RawResult } from './assemble.ts';
import { readIstanbulFile } from './lines/reports.ts';
import { clean, describeFailure, splitStack } from './failure.ts';
import { jestDetail, jestReport, readJson } from './shapes.ts';

/** jest 20 to 30 by its JSON report; its coverage instrumentation is built in. */
export function jest(setting: Setting): Plan {
  const report = join(setting.scratch, 'jest.json');
  const directory = join(setting.scratch, 'coverage');
  const measure = measures(setting);
  const coverage = measure
    ? ['--coverage', '--coverageReporters=json', `--coverageDirectory=${directory}`, '--coverageThreshold={}']
    : setting.files === undefined
      ? []
      : ['--coverage=false'];
  return {
    flags: [
      '--json',
      `--outputFile=${report}`,
      '--testLocationInResults',
      ...(watches(setting) ? ['--watchAll=false'] : []),
      ...coverage,
    ],
    replaces: {
      '--json': 1,
      '--outputFile': 2,
      '--watch': 1,
      '--watchAll': 1,
      '--onlyChanged': 1,
      '-o': 1,
      ...(coverage.length > 0 ? { '--coverage': 1 } : {}),
    },
    select: (files) => ['--runTestsByPath', ...files],
    async read() {
      return { results: readJest(await readFile(report, 'utf8').catch(() => ''), setting) };
    },
    ...(measure ? { readCoverage: () => readIstanbulFile(join(directory, 'coverage-final.json'), setting) } : {}),
  };
}

function watches({ resolved }: Setting): boolean {
  return resolved.words.some((word) => /^--watch|^react-scripts$/.test(word));
}

export function readJest(report: string, setting: Pick<Setting, 'repoPath'>): RawResult[] {
  return (readJson(report, jestReport)?.testResults ?? []).flatMap((suite): RawResult[] => {
    const file = setting.repoPath(suite.name);
    const tests = suite.assertionResults.map((test): RawResult => {
      const status = test.status === 'passed' ? 'passed' : test.status === 'failed' ? 'failed' : 'skipped';
      return {
        file,
        path: [...test.ancestorTitles, test.title],
        status,
        durationMs: test.duration,
        failure: status === 'failed' ? describeJest(test.failureMessages[0] ?? '', test.failureDetails[0]) : undefined,
      };
    });
    const failedWhole = suite.status === 'failed' && !tests.some((test) => test.status === 'failed');
    return failedWhole ? [...tests, { file, path: [], status: 'failed', failure: describeSuite(suite.message ?? '') }] : tests;
  });
}

function describeJest(whole: string, detail: unknown): TestFailure {
  const { matcherResult, code } = jestDetail.parse(detail);
  const { name, message, stack } = splitStack(whole);
  const compared = matcherResult !== undefined || /^assert\.\w+\(received/.test(message);
  return describeFailure({ name, message, stack, code, compared });
}

/** A suite that failed to run: a load failure, told in prose with a code frame. */
function describeSuite(message: string): TestFailure {
  const said = clean(message)
    .replace(/^● .*\n+/, '')
    .split('\n')
    .map((line) => line.replace(/^ {4}/, ''));
  return describeFailure({ message: said.slice(0, 12).join('\n'), stack: said.join('\n'), collecting: true });
}

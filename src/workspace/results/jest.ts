import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { TestFailure } from '../../core/types.ts';
import type { Plan, Setting } from './adapter.ts';
import type { RawResult } from './assemble.ts';
import { readIstanbulFile } from './coverage/reports.ts';
import { clean, describeFailure, splitStack } from './failure.ts';
import { number, text } from './ship.ts';

/** jest 20 to 30 by its JSON report; its coverage instrumentation is built in. */
export function jest(setting: Setting): Plan {
  const report = join(setting.scratch, 'jest.json');
  const directory = join(setting.scratch, 'coverage');
  const coverage = setting.coverage
    ? ['--coverage', '--coverageReporters=json', `--coverageDirectory=${directory}`, '--coverageThreshold={}']
    : setting.files === undefined
      ? []
      : ['--coverage=false'];
  return {
    flags: ['--json', `--outputFile=${report}`, '--testLocationInResults', ...(watches(setting) ? ['--watchAll=false'] : []), ...coverage],
    replaces: { '--json': 1, '--outputFile': 2, '--watch': 1, '--watchAll': 1, '--coverage': 1, '--onlyChanged': 1, '-o': 1 },
    select: (files) => ['--runTestsByPath', ...files],
    async read() {
      return { results: readJest(await readFile(report, 'utf8').catch(() => ''), setting) };
    },
    ...(setting.coverage ? { readCoverage: () => readIstanbulFile(join(directory, 'coverage-final.json'), setting) } : {}),
  };
}

function watches({ resolved }: Setting): boolean {
  return resolved.words.some((word) => /^--watch|^react-scripts$/.test(word));
}

interface JestReport {
  testResults?: {
    name?: unknown;
    message?: unknown;
    status?: unknown;
    assertionResults?: {
      ancestorTitles?: unknown;
      title?: unknown;
      status?: unknown;
      duration?: unknown;
      failureMessages?: unknown;
      failureDetails?: unknown;
    }[];
  }[];
}

export function readJest(report: string, setting: Pick<Setting, 'repoPath'>): RawResult[] {
  let parsed: JestReport;
  try {
    parsed = JSON.parse(report) as JestReport;
  } catch {
    return [];
  }
  return (parsed.testResults ?? []).flatMap((suite): RawResult[] => {
    const file = setting.repoPath(text(suite.name));
    const tests = (suite.assertionResults ?? []).map((test): RawResult => {
      const status = test.status === 'passed' ? 'passed' : test.status === 'failed' ? 'failed' : 'skipped';
      const titles = Array.isArray(test.ancestorTitles) ? test.ancestorTitles.map(String) : [];
      return {
        file,
        path: [...titles, text(test.title) ?? ''],
        status,
        durationMs: number(test.duration),
        failure: status === 'failed' ? describeJest(test.failureMessages, test.failureDetails) : undefined,
      };
    });
    const failedWhole = suite.status === 'failed' && !tests.some((test) => test.status === 'failed');
    return failedWhole ? [...tests, { file, path: [], status: 'failed', failure: describeSuite(text(suite.message) ?? '') }] : tests;
  });
}

function describeJest(messages: unknown, details: unknown): TestFailure {
  const whole = Array.isArray(messages) ? String(messages[0] ?? '') : '';
  const detail = (Array.isArray(details) ? details[0] : undefined) as Record<string, unknown> | undefined;
  const { name, message, stack } = splitStack(whole);
  const matcher = detail !== undefined && detail !== null && 'matcherResult' in detail;
  return describeFailure({ name, message, stack, code: text(detail?.['code']), compared: matcher || /^assert\.\w+\(received/.test(message) });
}

/** A suite that failed to run: a load failure, told in prose with a code frame. */
function describeSuite(message: string): TestFailure {
  const said = clean(message).replace(/^● .*\n+/, '').split('\n').map((line) => line.replace(/^ {4}/, ''));
  return describeFailure({ message: said.slice(0, 12).join('\n'), stack: said.join('\n'), collecting: true });
}

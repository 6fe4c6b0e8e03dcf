import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { TestFailure } from '../../core/types.ts';
import { measures, type Plan, type Report, type Setting } from './adapter.ts';
import { readIstanbulFile } from './lines/reports.ts';
import { describeFailure } from './failure.ts';
import { readLines, testLine, type TestLine } from './shapes.ts';
import { ship } from './ship.ts';

/** vitest 0.3x to 5. Coverage is measured where the repository has vitest's own coverage package. */
export function vitest(setting: Setting): Plan {
  const lines = join(setting.scratch, 'vitest.jsonl');
  const provider = ['v8', 'istanbul'].find((name) => setting.versionOf(`@vitest/coverage-${name}`).length > 0);
  const measure = measures(setting) && provider !== undefined;
  const directory = join(setting.scratch, 'coverage');
  const coverage = measure
    ? [
        '--coverage.enabled=true',
        `--coverage.provider=${provider}`,
        '--coverage.reporter=json',
        `--coverage.reportsDirectory=${directory}`,
        '--coverage.reportOnFailure=true',
        // What is measured here is not what the repository's thresholds are for.
        ...['lines', 'functions', 'branches', 'statements'].map((kind) => `--coverage.thresholds.${kind}=0`),
      ]
    : setting.files === undefined
      ? []
      : ['--coverage.enabled=false'];
  return {
    flags: ['--run', '--reporter=default', `--reporter=${ship('vitest', setting.scratch)}`, ...coverage],
    replaces: {
      '--reporter': 2,
      '--outputFile': 2,
      '--watch': 1,
      '-w': 1,
      '--run': 1,
      '--ui': 1,
      ...(coverage.length > 0 ? { '--coverage': 1, '--coverage.enabled': 1 } : {}),
    },
    select: (files) => files,
    env: { BUGLOOP_VITEST: lines },
    async read() {
      return readVitest(await readFile(lines, 'utf8').catch(() => ''), setting);
    },
    ...(measure ? { readCoverage: () => readIstanbulFile(join(directory, 'coverage-final.json'), setting) } : {}),
  };
}

export function readVitest(report: string, setting: Pick<Setting, 'repoPath'>): Report {
  const lines = [...readLines(report, testLine)];
  const results = lines
    .filter((line) => !line.unhandled)
    .map((line) => ({
      file: setting.repoPath(line.file),
      path: line.path,
      status: line.status,
      durationMs: line.duration,
      failure: line.status === 'failed' ? describeVitest(line) : undefined,
    }));
  const unhandled = lines.find((line) => line.unhandled);
  return { results, problem: unhandled === undefined ? undefined : describeVitest(unhandled) };
}

function describeVitest({ error = {}, collecting }: TestLine): TestFailure {
  const message = error.message ?? 'failed without an error';
  const compared = /^(Snapshot .* mismatched|promise (resolved|rejected) .* instead of)/.test(message);
  return describeFailure({ ...error, message, collecting, compared });
}

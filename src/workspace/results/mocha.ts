import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { TestFailure } from '../../core/types.ts';
import type { Plan, Setting } from './adapter.ts';
import type { RawResult } from './assemble.ts';
import { planV8Coverage } from './lines/v8.ts';
import { describeFailure } from './failure.ts';
import { readLines, testLine, type ReportedError } from './shapes.ts';
import { ship } from './ship.ts';

/** mocha 1 to 11, by a reporter of our own: its JSON reporter knows files only since 9.2 and loses all in a crash. */
export function mocha(setting: Setting): Plan {
  const lines = join(setting.scratch, 'mocha.jsonl');
  const coverage = planV8Coverage(setting);
  return {
    flags: ['--reporter', ship('mocha', setting.scratch)],
    replaces: { '--reporter': 2, '-R': 2, '--reporter-option': 2, '--reporter-options': 2, '-O': 2 },
    select: (files) => files,
    ...coverage,
    env: { ...coverage.env, BUGLOOP_MOCHA: lines },
    async read() {
      const report = await readFile(lines, 'utf8').catch(() => '');
      return { results: readMocha(report, setting) };
    },
  };
}

export function readMocha(report: string, setting: Pick<Setting, 'repoPath'>): RawResult[] {
  return [...readLines(report, testLine)].map(({ status, path, file, duration, error }) => ({
    file: setting.repoPath(file),
    path,
    status,
    durationMs: duration,
    failure: status === 'failed' ? describeMocha(error ?? {}) : undefined,
  }));
}

function describeMocha(error: ReportedError): TestFailure {
  const timedOut = error.code === 'ERR_MOCHA_TIMEOUT' || /^timeout of \d+ms exceeded/i.test(error.message ?? '');
  return describeFailure({ ...error, timedOut });
}

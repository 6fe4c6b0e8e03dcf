import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Plan, Report, Setting } from './adapter.ts';
import type { RawResult } from './assemble.ts';
import { clean, describeFailure } from './failure.ts';
import { readJson, rspecReport, type RspecExample } from './shapes.ts';

/** RSpec, by its JSON formatter. `SPEC_OPTS` reaches one that rake starts. */
export function rspec(setting: Setting): Plan {
  const { options, read } = planRspec(setting);
  return {
    flags: options,
    replaces: { '--format': 2, '-f': 2, '--out': 2, '-o': 2 },
    select: (files) => files,
    async read() {
      return (await read()) ?? { results: [] };
    },
  };
}

/** How the report is asked for, and its reading; `undefined` where RSpec did not run. */
export function planRspec(setting: Setting): { options: string[]; read: () => Promise<Report | undefined> } {
  const file = join(setting.scratch, 'rspec.json');
  return {
    // The progress of people stays on standard output.
    options: ['--format', 'progress', '--format', 'json', '--out', file],
    async read() {
      const text = await readFile(file, 'utf8').catch(() => undefined);
      return text === undefined ? undefined : readRspec(text, setting);
    },
  };
}

export function readRspec(text: string, { repoPath }: Pick<Setting, 'repoPath'>): Report {
  const report = readJson(text, rspecReport);
  const examples = report?.examples ?? [];
  const outside = (report?.messages ?? []).filter((message) =>
    /error occurred (while loading|outside of examples)/.test(message),
  );
  return {
    results: examples.map((example) => readExample(example, repoPath(example.file_path))),
    // One file that does not load keeps every example from running.
    ...(outside.length === 0 ? {} : { problem: describeFailure({ message: clean(outside.join('\n')), collecting: true }) }),
  };
}

function readExample(example: RspecExample, file: string | undefined): RawResult {
  const { description = '', full_description: full = '', status, run_time: seconds, exception } = example;
  const group = full.endsWith(description) ? full.slice(0, full.length - description.length).trim() : '';
  const result = { file, path: [group, description].filter((part) => part !== ''), durationMs: seconds && seconds * 1000 };
  if (status === 'pending') return { ...result, status: 'skipped' };
  if (status === 'passed') return { ...result, status: 'passed' };
  const { class: type, message = '', backtrace } = exception ?? {};
  const name = type?.split('::').at(-1);
  const failure = describeFailure({
    name,
    message: clean(message),
    stack: [clean(message), ...(backtrace ?? []).filter((frame) => !frame.includes('/gems/'))].join('\n'),
    compared: name !== undefined && /Expectations?NotMetError$|^PendingExampleFixedError$/.test(name),
    collecting: name === 'LoadError' || name === 'SyntaxError',
  });
  return { ...result, status: 'failed', failure };
}

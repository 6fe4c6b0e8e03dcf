import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Plan, Setting } from './adapter.ts';
import type { RawResult } from './assemble.ts';
import { describeFailure } from './failure.ts';
import { outcomeOf, parseJunit, problemOf } from './junit.ts';

/** PHPUnit, by its JUnit log. Older versions take one file at a time, so that only such a run is narrow. */
export function phpunit(setting: Setting): Plan {
  const report = join(setting.scratch, 'phpunit.xml');
  return {
    flags: ['--log-junit', report],
    replaces: { '--log-junit': 2 },
    select: (files) => (files.length === 1 ? files : []),
    async read() {
      return { results: readPhpunit(await readFile(report, 'utf8').catch(() => ''), setting) };
    },
  };
}

export function readPhpunit(report: string, { repoPath }: Pick<Setting, 'repoPath'>): RawResult[] {
  return parseJunit(report).map(({ suite, test }): RawResult => {
    const classname = test['@classname']?.replaceAll('.', '\\') ?? suite['@name'] ?? '';
    const outcome = outcomeOf(test);
    const result = { ...outcome, file: repoPath(test['@file'] ?? suite['@file']), path: [classname, test['@name'] ?? ''] };
    const problem = problemOf(test);
    if (problem === undefined) return result;
    // The runner warns of it and goes on: the run is green for all that.
    if (/RiskyTest|Warning$/.test(problem.type ?? '')) return { ...result, status: 'passed', failure: undefined };
    return { ...result, failure: describe(problem.type?.split('\\').at(-1), problem.body) };
  });
}

/** The body begins with the test's name and ends with the frames. */
function describe(name: string | undefined, body: string): ReturnType<typeof describeFailure> {
  const text = body.slice(body.indexOf('\n') + 1).trim();
  const frames = text.search(/\n\n\S+\.php:\d+/);
  return describeFailure({
    name,
    message: (frames === -1 ? text : text.slice(0, frames)).replace(new RegExp(`^(?:\\w+\\\\)*${name ?? ''}: `), '').trim(),
    stack: text,
    compared: /^(AssertionFailedError|ExpectationFailedException|ComparisonFailure)$/.test(name ?? ''),
  });
}

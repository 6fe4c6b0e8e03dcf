import { readFile } from 'node:fs/promises';
import { globSync } from 'node:fs';
import { join } from 'node:path';
import { XMLParser } from 'fast-xml-parser';
import type { Plan, Setting } from './adapter.ts';
import type { RawResult } from './assemble.ts';
import { describeFailure } from './failure.ts';
import { trxReport } from './shapes.ts';

/** `dotnet test`, by its TRX logger, one report for each test project. Runs as a whole. */
export function dotnetTest({ scratch }: Setting): Plan {
  const directory = join(scratch, 'dotnet');
  return {
    flags: ['--logger', 'trx', '--results-directory', directory],
    replaces: { '--results-directory': 2, '-r': 2 },
    async read() {
      const reports = globSync('**/*.trx', { cwd: directory }).toSorted();
      const texts = await Promise.all(reports.map((path) => readFile(join(directory, path), 'utf8').catch(() => '')));
      return { results: texts.flatMap(readTrx) };
    },
  };
}

const parser = new XMLParser({
  ignoreAttributes: false,
  attributeNamePrefix: '@',
  parseAttributeValue: false,
  parseTagValue: false,
  isArray: (name) => name === 'UnitTestResult' || name === 'UnitTest',
});

export function readTrx(report: string): RawResult[] {
  const { Results: results, TestDefinitions: definitions } = trxReport.parse(parse(report)).TestRun;
  const classes = new Map(definitions.UnitTest.map((test) => [test['@id'], test.TestMethod['@className']]));
  return results.UnitTestResult.map((test): RawResult => {
    const classname = classes.get(test['@testId']) ?? '';
    const name = test['@testName'] ?? '';
    const outcome = test['@outcome'];
    const status = outcome === 'Passed' ? 'passed' : outcome === 'NotExecuted' ? 'skipped' : 'failed';
    const { Message: message = '', StackTrace: stack = '' } = test.Output.ErrorInfo;
    return {
      // Most frameworks put the class in front of the name.
      path: [classname, name.startsWith(`${classname}.`) ? name.slice(classname.length + 1) : name],
      status,
      durationMs: millisecondsOf(test['@duration']),
      ...(status === 'failed' ? { failure: describe(message, stack, outcome) } : {}),
    };
  });
}

function parse(report: string): unknown {
  try {
    return parser.parse(report) as unknown;
  } catch {
    return undefined;
  }
}

/** `00:00:00.0123456` */
function millisecondsOf(duration: string | undefined): number | undefined {
  const [hours, minutes, seconds] = (duration ?? '').split(':').map(Number);
  return hours === undefined || minutes === undefined || seconds === undefined
    ? undefined
    : ((hours * 60 + minutes) * 60 + seconds) * 1000;
}

/** xUnit, NUnit and MSTest say in words that values were compared; anything else names the exception that was thrown. */
function describe(message: string, stack: string, outcome: string | undefined): ReturnType<typeof describeFailure> {
  const thrown = /^(?:Test method \S+ threw exception:\s*)?([\w.]+)\s?: /.exec(message.trim())?.[1]?.split('.').at(-1);
  const isException = thrown !== undefined && thrown.endsWith('Exception') && !/^Assert|XunitException$/.test(thrown);
  return describeFailure({
    name: isException ? thrown : undefined,
    message: message.trim(),
    stack,
    timedOut: outcome === 'Timeout',
    compared: !isException,
  });
}

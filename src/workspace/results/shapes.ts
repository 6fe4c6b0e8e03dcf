import { z } from 'zod';
import { linesOf, type Stdout } from './stdout.ts';

// What a report holds was written by the repository's own code: every field is checked, and one that has another type
// than its documentation says counts as absent.

const string = z.string().optional().catch(undefined);
const number = z.number().optional().catch(undefined);
const strings = z.array(z.string()).catch([]);

const error = z
  .object({
    name: string,
    message: string,
    stack: string,
    code: string,
    failureType: string,
    compared: z.boolean().optional().catch(undefined),
  })
  .catch({});
export type ReportedError = z.infer<typeof error>;

/** One line of the reporters in `reporters/`. */
export const testLine = z.object({
  status: z.enum(['passed', 'failed', 'skipped']).catch('failed'),
  path: strings,
  file: string,
  duration: number,
  /** node:test: a suite, or a test with subtests. */
  suite: z.boolean().catch(false),
  /** vitest: an error that belongs to no test. */
  unhandled: z.boolean().catch(false),
  /** vitest: the file failed before it had tests. */
  collecting: z.boolean().catch(false),
  stderr: string,
  error: error.optional(),
});
export type TestLine = z.infer<typeof testLine>;

/** jest's `--json` (https://jestjs.io/docs/configuration#testresultsprocessor-string). */
export const jestReport = z.object({
  testResults: z
    .array(
      z.object({
        name: string,
        message: string,
        status: string,
        assertionResults: z
          .array(
            z.object({
              ancestorTitles: strings,
              title: z.string().catch(''),
              status: string,
              duration: number,
              failureMessages: strings,
              failureDetails: z.array(z.unknown()).catch([]),
            }),
          )
          .catch([]),
      }),
    )
    .catch([]),
});
export const jestDetail = z
  .object({ matcherResult: z.unknown(), code: string })
  .catch({ matcherResult: undefined, code: undefined });

/** One event of `go test -json` (`go doc test2json`). */
export const goEvent = z.object({
  Action: string,
  Package: string,
  Test: string,
  Output: string,
  Elapsed: number,
  ImportPath: string,
});

const problem = z.union([
  z.string().transform((body) => ({ message: undefined, type: undefined, body })),
  z
    .object({ '@message': string, '@type': string, '#text': string })
    .transform((value) => ({ message: value['@message'], type: value['@type'], body: value['#text'] ?? '' })),
]);
export type JunitProblem = z.infer<typeof problem>;
const problems = z.array(problem).catch([]);
const testcase = z.object({
  '@name': string,
  '@classname': string,
  '@file': string,
  '@time': string,
  failure: problems.optional(),
  error: problems.optional(),
  skipped: z.array(z.unknown()).optional(),
});
export type JunitCase = z.infer<typeof testcase>;
const empty = z.string().transform((): JunitSuite => ({}));
const suite = z.object({
  '@name': string,
  '@file': string,
  '@filepath': string,
  testcase: z.array(z.union([z.string().transform((): JunitCase => testcase.parse({})), testcase])).optional(),
  get testsuite(): z.ZodOptional<z.ZodArray<z.ZodType<JunitSuite>>> {
    return z.array(z.union([empty, suite])).optional();
  },
});
export interface JunitSuite {
  '@name'?: string | undefined;
  '@file'?: string | undefined;
  '@filepath'?: string | undefined;
  testcase?: JunitCase[] | undefined;
  testsuite?: JunitSuite[] | undefined;
}
/** A JUnit report, as fast-xml-parser reads it. */
export const junitReport = z.object({
  testsuites: z.union([empty, suite]).optional(),
  testsuite: z.array(z.union([empty, suite])).optional(),
});

/** RSpec's JSON formatter (https://rspec.info/features/3-12/rspec-core/formatters/json-formatter/). */
const rspecExample = z.object({
  description: string,
  full_description: string,
  status: string,
  file_path: string,
  run_time: number,
  exception: z.object({ class: string, message: string, backtrace: strings }).optional().catch(undefined),
});
export type RspecExample = z.infer<typeof rspecExample>;
export const rspecReport = z.object({ messages: strings, examples: z.array(rspecExample).catch([]) });

/** A TRX file, as fast-xml-parser reads it (vstest.xsd of Visual Studio). */
const trxResults = z.object({
  UnitTestResult: z
    .array(
      z.object({
        '@testId': string,
        '@testName': string,
        '@outcome': string,
        '@duration': string,
        Output: z.object({ ErrorInfo: z.object({ Message: string, StackTrace: string }).catch({}) }).catch({ ErrorInfo: {} }),
      }),
    )
    .catch([]),
});
const trxDefinitions = z.object({
  UnitTest: z.array(z.object({ '@id': string, TestMethod: z.object({ '@className': string }).catch({}) })).catch([]),
});
const noTests = { Results: { UnitTestResult: [] }, TestDefinitions: { UnitTest: [] } };
export const trxReport = z
  .object({
    TestRun: z
      .object({
        Results: trxResults.catch(noTests.Results),
        TestDefinitions: trxDefinitions.catch(noTests.TestDefinitions),
      })
      .catch(noTests),
  })
  .catch({ TestRun: noTests });

/** istanbul's `coverage-final.json`. */
export const istanbulReport = z.record(
  z.string(),
  z.object({
    path: string,
    statementMap: z.record(z.string(), z.object({ start: z.object({ line: number }).catch({}) })).catch({}),
    s: z.record(z.string(), z.number()).catch({}),
  }),
);

/** A file of `NODE_V8_COVERAGE`; its scripts are checked one by one, because most are not the repository's. */
export const v8Report = z.object({
  result: z.array(z.object({ url: z.string(), functions: z.unknown() })).catch([]),
  'source-map-cache': z.record(z.string(), z.object({ lineLengths: z.array(z.number()).catch([]), data: z.unknown() })).catch({}),
});
const range = z.object({ startOffset: z.number(), endOffset: z.number(), count: z.number() });
export const v8Functions = z.array(z.object({ ranges: z.array(range) })).catch([]);
export type V8Range = z.infer<typeof range>;

/** What the Python tracer writes. */
export const traceReport = z
  .array(z.object({ path: z.string(), executable: z.array(z.int()), executed: z.array(z.int()) }))
  .catch([]);

export const packageJson = z
  .object({ version: string, scripts: z.record(z.string(), z.string().optional().catch(undefined)).catch({}) })
  .catch({ scripts: {} });

/** Reads JSON of one shape; `undefined` where it is not JSON or another shape. */
export function readJson<T>(text: string, shape: z.ZodType<T>): T | undefined {
  try {
    return shape.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}

/** Reads a file of one JSON value per line, leaving out what is not of the shape, e.g. a line that a crash cut off. */
export function* readLines<T>(text: Stdout, shape: z.ZodType<T>): Generator<T> {
  for (const line of linesOf(text)) {
    const value = line.startsWith('{') ? readJson(line, shape) : undefined;
    if (value !== undefined) yield value;
  }
}

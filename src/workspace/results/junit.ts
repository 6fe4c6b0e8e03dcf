import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { XMLParser } from 'fast-xml-parser';
import type { TestFailure } from '../../core/types.ts';
import type { Plan, Setting } from './adapter.ts';
import type { RawResult } from './assemble.ts';
import { planV8Coverage } from './lines/v8.ts';
import { describeFailure } from './failure.ts';
import { watchReports } from './fresh.ts';
import { junitReport, type JunitCase, type JunitProblem, type JunitSuite } from './shapes.ts';

/** JUnit XML that the configured command writes by itself. Reports that were there before the run do not count. */
export function junit(setting: Setting): Plan {
  const fresh = watchReports(setting.root, setting.reports.junit);
  return {
    flags: [],
    ...planV8Coverage(setting),
    async read() {
      const reports = await Promise.all(fresh().map((path) => readFile(join(setting.root, path), 'utf8').catch(() => '')));
      return { results: reports.flatMap((report) => readJunit(report, setting)) };
    },
  };
}

const lists = new Set(['testsuite', 'testcase', 'failure', 'error', 'skipped', 'system-err']);
const parser = new XMLParser({
  ignoreAttributes: false,
  attributeNamePrefix: '@',
  parseAttributeValue: false,
  parseTagValue: false,
  isArray: (name) => lists.has(name),
});

/** Every test case of a JUnit report with the suite around it; nothing where the text is no such report. */
export function parseJunit(report: string): { suite: JunitSuite; test: JunitCase }[] {
  const root = junitReport.safeParse(parseXml(report)).data;
  const walk = (suite: JunitSuite): { suite: JunitSuite; test: JunitCase }[] => [
    ...(suite.testcase ?? []).map((test) => ({ suite, test })),
    ...(suite.testsuite ?? []).flatMap(walk),
  ];
  return [root?.testsuites ?? {}, ...(root?.testsuite ?? [])].flatMap(walk);
}

function parseXml(report: string): unknown {
  try {
    return parser.parse(report) as unknown;
  } catch {
    return undefined;
  }
}

export function readJunit(report: string, setting: Pick<Setting, 'repoPath'>): RawResult[] {
  return parseJunit(report).map(({ suite, test }) => {
    const classname = test['@classname'] ?? suite['@name'] ?? '';
    const named = test['@file'] ?? suite['@file'] ?? suite['@filepath'];
    const isPath = /^[^\s]*\/[^\s]*\.\w+$|^[\w.-]+\.(spec|test)\.\w+$/.test(classname);
    const file = setting.repoPath(named ?? (isPath ? classname : undefined));
    const name = test['@name'] ?? '';
    return {
      file,
      path: classname === '' || (isPath && named === undefined) || name.startsWith(classname) ? [name] : [classname, name],
      ...outcomeOf(test),
    };
  });
}

export function outcomeOf(test: JunitCase): Pick<RawResult, 'status' | 'durationMs' | 'failure'> {
  const seconds = Number(test['@time']);
  const durationMs = Number.isFinite(seconds) && test['@time'] !== undefined ? seconds * 1000 : undefined;
  const problem = problemOf(test);
  if (problem !== undefined) return { status: 'failed', durationMs, failure: describeJunit(problem, test.failure !== undefined) };
  return { status: test.skipped === undefined ? 'passed' : 'skipped', durationMs };
}

export function problemOf(test: JunitCase): JunitProblem | undefined {
  return test.failure?.[0] ?? test.error?.[0];
}

function describeJunit({ message, type, body }: JunitProblem, isFailure: boolean): TestFailure {
  const name = type?.split(/[.:]/).at(-1);
  const known = name !== undefined && /(Error|Exception|Failure)$/.test(name) ? name : undefined;
  const said = message === undefined || message === '' ? (body.trim().split('\n')[0] ?? '') : message;
  // By the format's convention a `failure` is a failed assertion and an `error` anything else.
  const plain = known === undefined || /^(Assertion|AssertionFailed|ComparisonFailure|Test)/.test(known);
  return describeFailure({
    name: known,
    message: said,
    stack: body,
    compared: isFailure && plain && !/^\w*(Error|Exception):/.test(said),
  });
}

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { TestFailure } from '../../core/types.ts';
import type { Plan, Setting } from './adapter.ts';
import type { RawResult } from './assemble.ts';
import { quoteWord } from './ship.ts';
import { planPythonCoverage } from './lines/python.ts';
import { describeFailure } from './failure.ts';
import { outcomeOf, parseJunit, problemOf } from './junit.ts';

/** pytest, by its JUnit report asked for in `PYTEST_ADDOPTS`, which also reaches a pytest that a script starts. */
export function pytest(setting: Setting): Plan {
  const report = join(setting.scratch, 'pytest.xml');
  const coverage = setting.coverage ? planPythonCoverage(setting) : undefined;
  const options = [
    quoteWord(`--junitxml=${report}`),
    '-o junit_family=xunit1',
    '-p no:cacheprovider',
    ...(coverage?.options ?? []),
  ];
  return {
    flags: [],
    replaces: { '--junitxml': 2, '--junit-xml': 2 },
    select: (files) => files,
    env: { ...coverage?.env, PYTEST_ADDOPTS: options.join(' '), PYTHONDONTWRITEBYTECODE: '1' },
    async read() {
      return { results: readPytest(await readFile(report, 'utf8').catch(() => ''), setting) };
    },
    ...(coverage === undefined ? {} : { readCoverage: () => coverage.read() }),
  };
}

export function readPytest(report: string, setting: Pick<Setting, 'repoPath'>): RawResult[] {
  return parseJunit(report).map(({ test }) => {
    const name = test['@name'] ?? '';
    const classname = test['@classname'] ?? '';
    // A file that could not be collected stands there as a test named like its module.
    const collecting = test.error?.[0]?.message === 'collection failure';
    const file = setting.repoPath(test['@file'] ?? (collecting ? `${name.replaceAll('.', '/')}.py` : undefined));
    const module = file?.replace(/\.py$/, '').replaceAll('/', '.') ?? '';
    const classes =
      module !== '' && classname.startsWith(module) ? classname.slice(module.length).split('.').filter(Boolean) : [];
    const outcome = outcomeOf(test);
    if (outcome.status === 'failed') {
      const { message = '', body = '' } = problemOf(test) ?? {};
      return { file, path: collecting ? [] : [...classes, name], ...outcome, failure: describePytest(message, body, collecting) };
    }
    return { file, path: [...classes, name], ...outcome };
  });
}

function describePytest(message: string, body: string, collecting: boolean): TestFailure {
  // The lines that start with `E` are the error as Python tells it.
  const said = body.split('\n').flatMap((line) => /^E {3}(.*)$/.exec(line)?.[1] ?? []);
  const lines = said.length > 0 ? said.slice(0, 12).join('\n') : message;
  const prefix = /^failed on (?:setup|teardown) with "?/;
  const first = message.replace(prefix, '');
  const name =
    /^([A-Za-z_][\w.]*(?:Error|Exception|Warning|Exit|Interrupt|Failed|Timeout))(?::|$)/.exec(first)?.[1] ??
    /^([A-Za-z_][\w.]*Error)(?::|$)/.exec(said.at(-1) ?? '')?.[1];
  const type = name?.split('.').at(-1);
  const bare = (lines === '' ? first : lines).trim();
  const timedOut = /^(Failed: )?Timeout (>|\()/.test(first);
  const loads = type === 'ModuleNotFoundError' || type === 'ImportError' || /^fixture '.*' not found/.test(bare);
  const compared =
    type === 'AssertionError' || (type === undefined && bare.startsWith('assert ')) || first.startsWith('Failed: ');
  return describeFailure({
    name: type,
    message: bare,
    stack: body,
    timedOut,
    compared: compared && !loads,
    collecting: collecting || loads,
  });
}

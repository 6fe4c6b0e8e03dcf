import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { TestFailure } from '../../core/types.ts';
import type { Plan, Setting } from './adapter.ts';
import type { RawResult } from './assemble.ts';
import { planV8Coverage } from './lines/v8.ts';
import { describeFailure, failureFromOutput } from './failure.ts';
import { readLines, testLine, type ReportedError } from './shapes.ts';
import { quoteWord, ship } from './ship.ts';

/**
 * node:test, by a reporter of our own: flags where the command is `node` itself, `NODE_OPTIONS` where a script hides it.
 * Every reporter needs a destination as soon as there are two, so those that the command names get one.
 */
export function nodeTest(setting: Setting): Plan {
  const lines = join(setting.scratch, 'node-test.jsonl');
  const reporter = ship('node-test', setting.scratch);
  const ours = [`--test-reporter=${reporter}`, `--test-reporter-destination=${join(setting.scratch, 'node-test.out')}`];
  const human = ['--test-reporter=spec', '--test-reporter-destination=stdout'];
  const { direct, words, at } = setting.resolved;
  // Plain `node` runs one script; only the test runner takes several.
  const several = byCount(setting) && !words.includes('--test') ? ['--test'] : [];
  const byFlag = direct && /(^|\/)node(js)?$/.test(words[at] ?? '');
  const coverage = planV8Coverage(setting);
  const inherited = setting.resolved.env['NODE_OPTIONS'];
  const options = [...ours, ...(byFlag ? [] : hiddenDestinations(setting))];
  return {
    flags: byFlag ? [...several, ...human, ...ours] : several,
    replaces: byFlag ? { '--test-reporter': 2, '--test-reporter-destination': 2, '--watch': 1 } : {},
    select: (files) => files,
    ...coverage,
    env: {
      ...coverage.env,
      BUGLOOP_NODE_TEST: lines,
      ...(byFlag ? {} : { NODE_OPTIONS: [...(inherited === undefined ? [] : [inherited]), ...options.map(quoteWord)].join(' ') }),
    },
    async read() {
      const report = await readFile(lines, 'utf8').catch(() => '');
      return { results: readNodeTest(report, setting) };
    },
  };
}

function byCount({ files }: Setting): boolean {
  return files !== undefined && files.length > 1;
}

/** Destinations that the script's own reporters lack; without any reporter of its own, a readable one for people. */
function hiddenDestinations({ resolved }: Setting): string[] {
  const words = resolved.words.join(' ');
  const count = (pattern: RegExp): number => [...words.matchAll(pattern)].length;
  const reporters = count(/--test-reporter[= ]/g);
  if (reporters === 0) return ['--test-reporter=spec', '--test-reporter-destination=stdout'];
  const missing = reporters - count(/--test-reporter-destination[= ]/g);
  return Array.from({ length: Math.max(0, missing) }, () => '--test-reporter-destination=stdout');
}

export function readNodeTest(report: string, setting: Pick<Setting, 'repoPath'>): RawResult[] {
  return [...readLines(report, testLine)].flatMap((line): RawResult[] => {
    const { status, suite, error } = line;
    // A suite is a test of its own only when it failed for another reason than its tests, e.g. a hook.
    if (suite && (status !== 'failed' || error?.failureType === 'subtestsFailed')) return [];
    const file = setting.repoPath(line.file);
    // What belongs to a file as a whole, and in some versions everything in it, is named like the file.
    const path = line.path.filter((name, index) => index > 0 || setting.repoPath(name) !== file);
    const stderr = path.length === 0 ? line.stderr : undefined;
    const failure = status === 'failed' ? describeNode(error ?? {}, stderr) : undefined;
    return [{ file, path, status, durationMs: line.duration, failure }];
  });
}

function describeNode(error: ReportedError, stderr: string | undefined): TestFailure {
  // A file that ended badly says why only on standard error.
  if (stderr !== undefined && stderr.trim() !== '') return failureFromOutput(stderr);
  return describeFailure({ ...error, timedOut: error.failureType === 'testTimeoutFailure' });
}

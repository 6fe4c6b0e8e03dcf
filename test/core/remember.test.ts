import { describe, expect, test } from 'vitest';
import { exitStatus } from '../../src/core/compare.ts';
import { isWorthRemembering, readRemembered, writeRemembered, type Remembered } from '../../src/core/remember.ts';

const execution = {
  argv: ['npm', 'test'],
  exitCode: 0,
  ended: 'exited' as const,
  durationMs: 12.5,
  output: 'ok',
  failureLines: [],
  outputBytes: 2,
};
const baseline: Remembered = {
  runs: [
    {
      runner: 'vitest',
      perTest: true,
      results: [
        { id: 'a > b', file: 'a.test.ts', name: 'b', status: 'passed', durationMs: 1 },
        { id: 'a > c', name: 'c', status: 'failed', failure: { kind: 'assertion', message: 'no', type: 'AssertionError' } },
      ],
      execution,
      coverage: { files: [{ path: 'src/a.ts', executable: [1, 2], executed: [1] }] },
    },
  ],
  build: execution,
  staticChecks: [{ name: 'lint', exitCode: 1, problems: 3 }],
};

describe('a remembered baseline', () => {
  test('comes back as it was', () => {
    expect(readRemembered(writeRemembered(baseline))).toEqual(baseline);
    expect(readRemembered(writeRemembered({ ...baseline, build: undefined }))).toEqual({ ...baseline, build: undefined });
  });

  test.each([
    ['nothing', ''],
    ['a cut-off file', writeRemembered(baseline).slice(0, -10)],
    ['another version', writeRemembered(baseline).replace('"version":1', '"version":2')],
    ['another shape', writeRemembered(baseline).replace('"status":"passed"', '"status":"great"')],
    ['no run at all', JSON.stringify({ version: 1, runs: [], staticChecks: [] })],
    ['an extra key', writeRemembered(baseline).replace('{"version":1', '{"version":1,"trust":"me"')],
  ])('is not believed when it is %s', (_name, text) => {
    expect(readRemembered(text)).toBeUndefined();
  });

  const [whole] = baseline.runs;
  const failure = { kind: 'error' as const, message: 'an extension of the interpreter is missing' };
  const ended = { id: exitStatus, name: exitStatus, status: 'failed' as const, failure };
  test.each<[string, Remembered, boolean]>([
    ['is', baseline, true],
    ['is not where the build failed', { ...baseline, build: { ...execution, exitCode: 2 } }, false],
    ['is not where the command failed as a whole', { ...baseline, runs: [{ ...whole, results: [ended] }] }, false],
    [
      'is not where it did so the second time',
      { ...baseline, runs: [whole, { ...whole, results: [...whole.results, ended] }] },
      false,
    ],
  ])('%s worth it', (_name, remembered, worth) => {
    expect(isWorthRemembering(remembered)).toBe(worth);
  });
});

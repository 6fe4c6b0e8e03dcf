import { describe, expect, test } from 'vitest';
import { digestFailures, summariseBaseline } from '../../src/core/feedback.ts';
import type { Execution, TestResult, TestRun } from '../../src/core/types.ts';

const execution: Execution = {
  argv: ['npm', 'test'],
  exitCode: 1,
  ended: 'exited',
  durationMs: 1,
  output: 'started\nboom at the end\n',
  failureLines: ['Error: boom in the middle'],
  outputBytes: 30,
};
const failed = (id: string, message: string, stack = ''): TestResult => ({
  id,
  name: id,
  status: 'failed',
  failure: { kind: 'assertion', message, ...(stack === '' ? {} : { stack }) },
});

describe('digestFailures', () => {
  test('names every failing test and what it said', () => {
    const digest = digestFailures(
      [failed('a > one', 'expected 1 to equal 2', '    at Object.<anonymous> (/w/test/a.js:3:1)'), failed('b > two', 'boom')],
      execution,
    );
    expect(digest).toContain('- a > one\n- b > two');
    expect(digest).toContain('a > one:\nexpected 1 to equal 2\n    at Object.<anonymous> (/w/test/a.js:3:1)');
    expect(digest).toContain('b > two:\nboom');
  });

  test('keeps all names and a part of each message when there is too much', () => {
    const many = Array.from({ length: 40 }, (_, index) => failed(`test ${index}`, `assertion ${index} ${'x'.repeat(10_000)}`));
    const digest = digestFailures(many, execution);
    expect(new TextEncoder().encode(digest).length).toBeLessThanOrEqual(8 * 1024);
    for (const { id } of many) expect(digest).toContain(`- ${id}\n`);
    expect(digest).toContain('assertion 0 xxx');
  });

  test('counts the names that do not fit', () => {
    const digest = digestFailures(
      Array.from({ length: 150 }, (_, index) => failed(`t${index}`, 'no')),
      execution,
    );
    expect(digest).toContain('… and 50 more');
    expect(new TextEncoder().encode(digest).length).toBeLessThanOrEqual(8 * 1024);
  });

  test('falls back on the output where no test says anything', () => {
    const digest = digestFailures([], execution);
    expect(digest).toContain('Error: boom in the middle');
    expect(digest).toContain('npm test ended with 1; its last output:\nstarted\nboom at the end');
  });

  test('takes the names from the output where only the exit status is known', () => {
    const failureLines = Array.from({ length: 120 }, (_, index) => `FAIL test/cart.test.ts > case ${index} ${'x'.repeat(200)}`);
    const digest = digestFailures([failed('(exit status)', 'exit code 1')], { ...execution, failureLines });
    for (const index of [0, 1, 118, 119]) expect(digest).toContain(`> case ${index} `);
    expect(new TextEncoder().encode(digest).length).toBeLessThanOrEqual(8 * 1024);
    const some = digestFailures([failed('(exit status)', 'exit code 1')], {
      ...execution,
      failureLines: failureLines.slice(0, 50).map((line) => line.slice(0, 120)),
    });
    for (let index = 0; index < 50; index += 1) expect(some).toContain(`> case ${index} `);
  });

  test('cuts multi-byte text at a character', () => {
    const digest = digestFailures([], {
      ...execution,
      output: '€'.repeat(20_000),
      failureLines: Array.from({ length: 60 }, () => '€'.repeat(300)),
    });
    expect(new TextEncoder().encode(digest).length).toBeLessThanOrEqual(8 * 1024);
    expect(digest).not.toContain('\uFFFD');
  });
});

test('summariseBaseline names what was red', () => {
  const run: TestRun = {
    runner: 'mocha',
    perTest: true,
    execution,
    results: [failed('old bug', 'x'), { id: 'ok', name: 'ok', status: 'passed' }],
  };
  expect(summariseBaseline(run)).toBe('1 passed, 1 failed, 0 skipped (mocha)\nRed before any change:\n- old bug');
});

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { linesOf, readStdout } from '../../../src/workspace/results/stdout.ts';
import { temporary } from '../../support/repo.ts';

const write = (text: string): string => {
  const file = join(temporary(), 'stdout');
  writeFileSync(file, text);
  return file;
};

test('a short report is its text', async () => {
  await expect(readStdout(write('ok 1\r\nnot ok 2'))).resolves.toBe('ok 1\r\nnot ok 2');
});

test('a long report is its lines, as often as they are asked for', async () => {
  const lines = Array.from({ length: 60_000 }, (_, index) => `ok ${index} – “größer” ${'€'.repeat(20)}`);
  const stdout = await readStdout(write(lines.join('\r\n')));
  expect(typeof stdout).toBe('object');
  expect([...linesOf(stdout)].findIndex((line, index) => line !== lines[index])).toBe(-1);
  expect([...linesOf(stdout)]).toHaveLength(lines.length);
});

test('a line that never ends is cut, and what follows it is read', async () => {
  const stdout = await readStdout(write(`ok 1\n${'x'.repeat(10_000_000)}\nnot ok 2\n`));
  const lines = [...linesOf(stdout)];
  expect(lines).toHaveLength(3);
  expect(lines[1]?.length).toBeLessThan(1_000_000);
  expect(lines[2]).toBe('not ok 2');
});

test('no file', async () => {
  await expect(readStdout(join(temporary(), 'none'))).rejects.toThrow('ENOENT');
});

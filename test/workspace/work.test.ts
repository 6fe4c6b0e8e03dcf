import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chownSync, existsSync, mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { isAlive, markProcess } from '../../src/journal/process.ts';
import type { ProcessMark } from '../../src/ports.ts';
import { makeWork, removeWork, sweepWork } from '../../src/workspace/work.ts';

const before = process.env['TMPDIR'];
let root: string;
beforeEach(() => {
  root = realpathSync(mkdtempSync(join(before ?? '/tmp', 'bugloop-sweep-')));
  process.env['TMPDIR'] = root;
});
afterEach(() => {
  if (before === undefined) delete process.env['TMPDIR'];
  else process.env['TMPDIR'] = before;
  rmSync(root, { recursive: true, force: true });
});

/** The mark of a process that was there and is gone. */
async function markDead(): Promise<ProcessMark> {
  const child = spawn('sleep', ['60']);
  const mark = await markProcess(child.pid ?? 0);
  child.kill('SIGKILL');
  await once(child, 'exit');
  return mark;
}

/** A directory as a run leaves one, with something in it that its owner made read-only. */
async function leave(self: ProcessMark): Promise<string> {
  const work = await makeWork({ self, isAlive });
  mkdirSync(join(work, 'live'));
  writeFileSync(join(work, 'live', 'file'), 'text');
  return work;
}

test('what a killed run left is removed', async () => {
  const work = await leave(await markDead());
  await sweepWork({ isAlive });
  expect(existsSync(work)).toBe(false);
});

test('a process with the same number that started at another time is another process', async () => {
  const work = await leave({ ...(await markProcess(process.pid)), ticks: '1' });
  await sweepWork({ isAlive });
  expect(existsSync(work)).toBe(false);
});

test('what a running process works in stays', async () => {
  const work = await leave(await markProcess(process.pid));
  await sweepWork({ isAlive });
  expect(existsSync(join(work, 'live', 'file'))).toBe(true);
  await removeWork(work);
  expect(existsSync(work)).toBe(false);
});

test('what is of another machine stays', async () => {
  const work = await leave({ ...(await markDead()), machine: 'another' });
  await sweepWork({ isAlive });
  expect(existsSync(work)).toBe(true);
});

test.skipIf(process.getuid?.() !== 0)('what is of another user stays', async () => {
  const work = await leave(await markDead());
  chownSync(work, 12_345, 12_345);
  await sweepWork({ isAlive });
  expect(existsSync(work)).toBe(true);
});

test.each([
  ['nothing', undefined],
  ['no JSON', 'dead'],
  ['another form', '{"pid":"1"}'],
])('a directory whose mark says %s stays', async (_, mark) => {
  const work = join(tmpdir(), 'bugloop-abcdef');
  mkdirSync(work);
  if (mark !== undefined) writeFileSync(join(work, 'owner.json'), mark);
  await sweepWork({ isAlive });
  expect(existsSync(work)).toBe(true);
});

test('links are neither followed nor removed', async () => {
  const mark = JSON.stringify(await markDead());
  const [elsewhere, marks] = [join(root, 'elsewhere'), join(root, 'marks.json')];
  mkdirSync(elsewhere);
  writeFileSync(join(elsewhere, 'owner.json'), mark);
  symlinkSync(elsewhere, join(root, 'bugloop-linked'));
  mkdirSync(join(root, 'bugloop-marked'));
  writeFileSync(marks, mark);
  symlinkSync(marks, join(root, 'bugloop-marked', 'owner.json'));
  await sweepWork({ isAlive });
  expect(
    [join(elsewhere, 'owner.json'), join(root, 'bugloop-linked'), join(root, 'bugloop-marked')].map((path) => existsSync(path)),
  ).toEqual([true, true, true]);
});

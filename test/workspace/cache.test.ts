import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openCacheFile } from '../../src/workspace/cache.ts';

let directory = '';
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'cache-'));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

test('gives back what was saved last, aligned for numbers, and hides it from git', async () => {
  const cache = openCacheFile(join(directory, 'cache', 'index'));
  expect(await cache.load()).toBeUndefined();
  await cache.save(new Uint8Array([1, 2, 3, 4]));
  await cache.save(new Uint8Array([5, 6, 7, 8]));
  const loaded = await cache.load();
  expect(loaded).toEqual(new Uint8Array([5, 6, 7, 8]));
  expect(new Uint32Array(loaded?.buffer ?? new ArrayBuffer(0), loaded?.byteOffset).length).toBe(1);
  expect(await readFile(join(directory, 'cache', '.gitignore'), 'utf8')).toBe('*\n');
});

test('where nothing can be written there is no cache, and no error', async () => {
  await writeFile(join(directory, 'file'), '');
  const cache = openCacheFile(join(directory, 'file', 'index'));
  await cache.save(new Uint8Array([1]));
  expect(await cache.load()).toBeUndefined();
});

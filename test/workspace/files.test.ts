import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { WorkspaceFiles } from '../../src/ports.ts';
import { copyTree, removeTree } from '../../src/workspace/copy.ts';
import { openFiles } from '../../src/workspace/files.ts';
import { searchPath, temporary } from '../support/repo.ts';

interface Place {
  root: string;
  outside: string;
  files: WorkspaceFiles;
}

/** A checkout with a secret next to it. */
function place(content: Record<string, string | Buffer> = {}): Place {
  const top = temporary();
  const [root, outside] = [join(top, 'root'), join(top, 'outside')];
  mkdirSync(outside);
  writeFileSync(join(outside, 'secret'), 'canary');
  for (const [name, bytes] of Object.entries({ '.git/config': '[core]\n', ...content })) {
    mkdirSync(join(root, name, '..'), { recursive: true });
    writeFileSync(join(root, name), bytes);
  }
  const paths = async (): Promise<string[]> => Object.keys(content);
  return { root, outside, files: openFiles({ root, readable: [], paths }) };
}

const refused = { ok: false, refusal: expect.any(String) };

describe('SX-04 and GX-08 nothing outside is reached', () => {
  test.each([
    '/proc/self/environ',
    '/etc/passwd',
    '~/.netrc',
    '../outside/secret',
    'src/../../outside/secret',
    'src/../src/a.ts',
    'file:///etc/passwd',
    'FILE://localhost/etc/passwd',
    '%2e%2e/outside/secret',
    '..%2foutside/secret',
    '%2Fetc%2Fpasswd',
    '..\\outside\\secret',
    'src/a.ts\0.png',
    './src/a.ts',
    'src//a.ts',
    '',
    '.git/config',
    'src/.git/config',
    '.GIT/config',
    '.git./config',
    '.git /config',
    'git~1/config',
    '.g\u200cit/config',
    'link/secret',
    'linked-file',
    'chain/secret',
    'to-git/config',
    `${'x'.repeat(300)}/a`,
    'x/'.repeat(3000),
  ])('%j', async (path) => {
    const { root, outside, files } = place({ 'src/a.ts': 'a' });
    symlinkSync('../outside', join(root, 'link'));
    symlinkSync('link', join(root, 'chain'));
    symlinkSync(join(outside, 'secret'), join(root, 'linked-file'));
    symlinkSync('.git', join(root, 'to-git'));
    expect(await files.read(path)).toEqual(refused);
    expect(await files.write(path, 'evil')).toEqual(refused);
    // The link itself is inside and may go; what it leads to stays.
    expect((await files.remove(path)).ok).toBe(path === 'linked-file');
    expect(readdirSync(outside)).toEqual(['secret']);
    expect(readFileSync(join(outside, 'secret'), 'utf8')).toBe('canary');
    expect(readFileSync(join(root, '.git/config'), 'utf8')).toBe('[core]\n');
  });

  test('links that stay inside are read through, never written through; a link itself can be removed', async () => {
    const { root, files } = place({ 'src/a.ts': 'a' });
    symlinkSync('src', join(root, 'alias'));
    expect(await files.read('alias/a.ts')).toEqual({ ok: true, content: 'a' });
    expect(await files.write('alias/a.ts', 'b')).toEqual(refused);
    expect(await files.write('alias', 'b')).toEqual(refused);
    expect(await files.remove('alias/a.ts')).toEqual(refused);
    expect(await files.remove('alias')).toEqual({ ok: true, content: '' });
    expect(readFileSync(join(root, 'src/a.ts'), 'utf8')).toBe('a');
  });

  test('what the operator made readable is read through its link only', async () => {
    const { root, outside } = place();
    symlinkSync(outside, join(root, 'node_modules'));
    const files = openFiles({ root, readable: [outside], paths: async () => [] });
    expect(await files.read('node_modules/secret')).toEqual({ ok: true, content: 'canary' });
    expect(await files.write('node_modules/secret', 'evil')).toEqual(refused);
    expect(await files.remove('node_modules/secret')).toEqual(refused);
  });

  test('pipes, directories, binaries, other encodings and large files are refused at once', async () => {
    const { root, files } = place({
      'bin.dat': Buffer.from([1, 0]),
      'latin.txt': Buffer.from([0xfc]),
      large: 'x'.repeat(1024 * 1024 + 1),
      'dir/a': 'a',
    });
    execFileSync('mkfifo', [join(root, 'pipe')]);
    for (const path of ['pipe', 'bin.dat', 'latin.txt', 'large', 'dir', 'dir/a/b', 'missing']) {
      expect({ path, ...(await files.read(path)) }).toEqual({ path, ...refused });
    }
    for (const path of ['pipe', 'dir', 'dir/a/b']) {
      expect({ path, ...(await files.write(path, 'x')) }).toEqual({ path, ...refused });
    }
    expect(await files.write('new', 'x'.repeat(1024 * 1024 + 1))).toEqual(refused);
    expect(await files.write('new', 'a\0b')).toEqual(refused);
    expect(await files.remove('dir')).toEqual(refused);
    expect(existsSync(join(root, 'new'))).toBe(false);
  });
});

describe('what is allowed', () => {
  test('content goes through byte for byte, with parents made and the mode kept', async () => {
    const { root, files } = place({ 'run.sh': '#!/bin/sh\r\n' });
    chmodSync(join(root, 'run.sh'), 0o755);
    const content = '\uFEFF#!/bin/sh\r\nécho\n';
    for (const path of ['run.sh', 'new/deep/ä b.ts']) {
      expect(await files.write(path, content)).toEqual({ ok: true, content });
      expect(await files.read(path)).toEqual({ ok: true, content });
      expect(readFileSync(join(root, path), 'utf8')).toBe(content);
    }
    expect(statSync(join(root, 'run.sh')).mode & 0o777).toBe(0o755);
    expect(readdirSync(root).toSorted((a, b) => (a < b ? -1 : 1))).toEqual(['.git', 'new', 'run.sh']);
    expect(await files.remove('new/deep/ä b.ts')).toEqual({ ok: true, content: '' });
    expect(existsSync(join(root, 'new'))).toBe(false);
  });

  test.each([
    [undefined, ['a.ts', 'src/b.ts', 'src/deep/c.js']],
    ['*.ts', ['a.ts', 'src/b.ts']],
    ['src', ['src/b.ts', 'src/deep/c.js']],
    ['./src/', ['src/b.ts', 'src/deep/c.js']],
    ['src/*.ts', ['src/b.ts']],
    ['**/*.{js,ts}', ['a.ts', 'src/b.ts', 'src/deep/c.js']],
    ['../*', []],
  ])('list %j', async (pattern, expected) => {
    const { files } = place({ 'src/deep/c.js': '', 'src/b.ts': '', 'a.ts': '' });
    expect(await files.list(pattern)).toEqual(expected);
  });

  test('search is literal, falls back to any case, and is capped', async () => {
    const { files } = place({
      'a.ts': 'one\nlet x = f(a.*);\nf(a.*) f(a.*)\n',
      'b.ts': 'LET\n',
      'c.dat': Buffer.from('f(a.*)\0'),
    });
    expect(await files.search('f(a.*)')).toEqual([
      { path: 'a.ts', line: 2, text: 'let x = f(a.*);' },
      { path: 'a.ts', line: 3, text: 'f(a.*) f(a.*)' },
    ]);
    expect(await files.search('Let')).toEqual([
      { path: 'a.ts', line: 2, text: 'let x = f(a.*);' },
      { path: 'b.ts', line: 1, text: 'LET' },
    ]);
    expect(await files.search('f(a.*)', { max: 1 })).toHaveLength(1);
    expect(await files.search('one\nlet', { pattern: 'a.*' })).toEqual([{ path: 'a.ts', line: 1, text: 'one' }]);
    expect(await files.search('')).toEqual([]);
  });

  test('a long line is shown around the match', async () => {
    const { files } = place({ 'a.js': `${'x'.repeat(5_000)}needle${'y'.repeat(5_000)}` });
    const [match] = await files.search('needle');
    expect(match?.text).toHaveLength(300);
    expect(match?.text).toContain('needle');
  });

  test('a hostile search ends: many near misses on a megabyte', async () => {
    const { files } = place(Object.fromEntries(Array.from({ length: 10 }, (_, n) => [`${n}.txt`, 'a'.repeat(1_000_000)])));
    expect(await files.search(`${'a'.repeat(500)}b`, { pattern: '*'.repeat(200) })).toEqual([]);
  });
});

describe('directories', () => {
  test('a copy is exact and shares nothing', async () => {
    const { root } = place({ 'bin/tool': 'x', 'deep/er/a': 'a' });
    chmodSync(join(root, 'bin/tool'), 0o755);
    symlinkSync('../bin/tool', join(root, 'deep/link'));
    symlinkSync('nowhere', join(root, 'dangling'));
    const copy = join(temporary(), 'copy');
    await copyTree(root, copy, searchPath);
    writeFileSync(join(copy, 'deep/er/a'), 'changed');
    expect([readlinkSync(join(copy, 'deep/link')), readlinkSync(join(copy, 'dangling'))]).toEqual(['../bin/tool', 'nowhere']);
    expect(statSync(join(copy, 'bin/tool')).mode & 0o777).toBe(0o755);
    expect(readFileSync(join(root, 'deep/er/a'), 'utf8')).toBe('a');
    const byNode = join(temporary(), 'copy');
    await copyTree(root, byNode, '/nonexistent');
    expect(readlinkSync(join(byNode, 'deep/link'))).toBe('../bin/tool');
  });

  test('read-only directories are removed, links are not followed', async () => {
    const { root, outside } = place({ 'locked/in/a': 'a' });
    symlinkSync(outside, join(root, 'locked/link'));
    chmodSync(join(root, 'locked/in'), 0o500);
    chmodSync(join(root, 'locked'), 0o000);
    await removeTree(root);
    expect([existsSync(root), existsSync(join(outside, 'secret'))]).toEqual([false, true]);
  });
});

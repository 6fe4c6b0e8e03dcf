import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, unlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, test } from 'vitest';
import type { ChangedFile } from '../../src/core/types.ts';
import { openGit } from '../../src/workspace/git.ts';
import { openMirror, type WritableMirror } from '../../src/workspace/mirror.ts';
import { hardenedGit, makeRepo, searchPath, temporary, type TestRepo } from '../support/repo.ts';

function mirrorOf(repo: TestRepo, base: string): Promise<WritableMirror> {
  return openMirror({ git: hardenedGit(repo.path), repository: repo.path, base, path: join(temporary(), 'mirror') });
}

/** The change that `edit` makes to a repository that starts with `files`, as a mirror tells it. */
async function changeOf(files: Record<string, string | Buffer>, edit: (repo: TestRepo) => void): Promise<ChangedFile[]> {
  const repo = makeRepo();
  const base = repo.commit(files);
  edit(repo);
  const head = repo.commit({});
  const mirror = await mirrorOf(repo, head);
  await hardenedGit(mirror.path).run(['fetch', '--quiet', '--depth=1', '--', pathToFileURL(repo.path).href, base]);
  return (await mirror.change(base, head)).files;
}

const lines = (count: number, of = 'line'): string => Array.from({ length: count }, (_, index) => `${of} ${index}\n`).join('');

const brief = (files: ChangedFile[]): unknown[] =>
  files.map(({ path, status, addedLines, removedLines, changedBytes, binary }) => [
    path,
    status,
    addedLines,
    removedLines,
    changedBytes,
    ...(binary ? ['binary'] : []),
  ]);

describe('change tells the truth', () => {
  const workflow = '.github/workflows/ci.yml';
  test.each<[string, Record<string, string | Buffer>, (repo: TestRepo) => void, unknown[]]>([
    ['an edited line', { a: 'one\ntwo\n' }, (repo) => repo.write({ a: 'one\n2\n' }), [['a', 'modified', 1, 1, 6]]],
    ['a moved line with no end', { a: 'one\ntwo' }, (repo) => repo.write({ a: 'zero\none\ntwo' }), [['a', 'modified', 1, 0, 5]]],
    ['a lost line end', { a: 'x\nlast\n' }, (repo) => repo.write({ a: 'x\nlast' }), [['a', 'modified', 1, 1, 9]]],
    ['a won line end', { a: 'x\nlast' }, (repo) => repo.write({ a: 'x\nlast\n' }), [['a', 'modified', 1, 1, 9]]],
    ['an empty new file', {}, (repo) => repo.write({ a: '' }), [['a', 'added', 0, 0, 0]]],
    [
      'GX-01 a rename out of a protected path',
      { [workflow]: lines(3) },
      (repo) => {
        repo.write({ 'src/keep': '' });
        repo.git('mv', workflow, 'src/ci.yml');
      },
      [
        [workflow, 'deleted', 0, 3, 21],
        ['src/ci.yml', 'added', 3, 0, 21],
        ['src/keep', 'added', 0, 0, 0],
      ],
    ],
    [
      'GX-02 a rename into a protected path',
      { 'x.yml': 'on: push\n' },
      (repo) => {
        mkdirSync(join(repo.path, '.github/workflows'), { recursive: true });
        repo.git('mv', 'x.yml', '.github/workflows/x.yml');
      },
      [
        ['.github/workflows/x.yml', 'added', 1, 0, 9],
        ['x.yml', 'deleted', 0, 1, 9],
      ],
    ],
    [
      'GX-03 names that git would quote',
      {},
      (repo) => repo.write({ '.github/workflows/é.yml': 'x\n', 'a "b"\tc\nd': 'y\n' }),
      [
        ['.github/workflows/é.yml', 'added', 1, 0, 2],
        ['a "b"\tc\nd', 'added', 1, 0, 2],
      ],
    ],
    [
      'GX-07 a protected directory replaced by a link',
      { [workflow]: 'x\n', 'safe/ci.yml': 'y\n' },
      (repo) => {
        rmSync(join(repo.path, '.github'), { recursive: true });
        symlinkSync('safe', join(repo.path, '.github'));
      },
      [
        ['.github', 'added', 1, 0, 4],
        [workflow, 'deleted', 0, 1, 2],
      ],
    ],
    [
      'a file replaced by a link',
      { a: 'text\n' },
      (repo) => {
        unlinkSync(join(repo.path, 'a'));
        symlinkSync('/etc/passwd', join(repo.path, 'a'));
      },
      [['a', 'type-changed', 1, 1, 16]],
    ],
    [
      'GX-10 a gitlink that asks to be ignored',
      { '.gitmodules': '[submodule "lib"]\n\tpath = lib\n\turl = ./lib\n\tignore = all\n' },
      (repo) => {
        repo.git('update-index', '--add', '--cacheinfo', `160000,${'1'.repeat(40)},lib`);
        mkdirSync(join(repo.path, 'lib'));
        repo.git('commit', '--quiet', '--message', 'gitlink');
      },
      [['lib', 'added', 1, 0, 41]],
    ],
    [
      'GX-11 attributes that hide 4,950 lines',
      { '.gitattributes': '*.ts -diff\n', 'a.ts': lines(50) },
      (repo) => repo.write({ 'a.ts': lines(5_000) }),
      [['a.ts', 'modified', 4_950, 0, lines(5_000).length - lines(50).length]],
    ],
    [
      'attributes that come with the change',
      { 'a.ts': lines(2) },
      (repo) => repo.write({ '.gitattributes': '* binary\n', 'a.ts': lines(4) }),
      [
        ['.gitattributes', 'added', 1, 0, 9],
        ['a.ts', 'modified', 2, 0, 14],
      ],
    ],
    [
      'a megabyte on one line',
      { 'a.js': 'x' },
      (repo) => repo.write({ 'a.js': 'y'.repeat(1_000_000) }),
      [['a.js', 'modified', 1, 1, 1_000_001]],
    ],
    [
      'GX-13 a binary',
      { 'a.png': Buffer.from([1, 0, 2]) },
      (repo) => repo.write({ 'a.png': Buffer.from([1, 0, 2, 3]), 'b.js': Buffer.from(`${lines(2_000)}\0`) }),
      [
        ['a.png', 'modified', 0, 0, 7, 'binary'],
        ['b.js', 'added', 0, 0, lines(2_000).length + 1, 'binary'],
      ],
    ],
    [
      'lines that look like a diff',
      { a: '--- a/x\n+++ b/x\n@@ -1 +1 @@\n' },
      (repo) => repo.write({ a: 'diff --git a/q b/q\nindex 1111..2222 100644\n@@ -1,9 +1,9 @@\n' }),
      [['a', 'modified', 3, 3, 28 + 59]],
    ],
    [
      'the same content twice',
      { a: 'old\n', b: 'old\n' },
      (repo) => repo.write({ a: 'new\n', b: 'new\n' }),
      [
        ['a', 'modified', 1, 1, 8],
        ['b', 'modified', 1, 1, 8],
      ],
    ],
  ])('%s', async (_, files, edit, expected) => {
    expect(brief(await changeOf(files, edit))).toEqual(expected);
  });

  test('GX-13 a mode change alone', async () => {
    const files = await changeOf({ 'run.sh': 'x\n' }, (repo) => chmodSync(join(repo.path, 'run.sh'), 0o755));
    expect(files).toEqual([
      {
        path: 'run.sh',
        status: 'modified',
        oldMode: '100644',
        newMode: '100755',
        binary: false,
        addedLines: 0,
        removedLines: 0,
        changedBytes: 0,
        before: 'x\n',
        after: 'x\n',
      },
    ]);
  });

  test('text is given up to 1 MB, counted beyond', async () => {
    const big = lines(200_000);
    const [file] = await changeOf({}, (repo) => repo.write({ big }));
    expect([file?.after, file?.addedLines, file?.changedBytes]).toEqual([undefined, 200_000, big.length]);
  });

  test('numbers agree with git on a scattered edit of 10,000 lines', async () => {
    const before = lines(10_000);
    const after = before.replace(/line (\d*7)\n/g, 'seven $1\nmore\n');
    const repo = makeRepo();
    const base = repo.commit({ a: before });
    const head = repo.commit({ a: after });
    const mirror = await openMirror({
      git: hardenedGit(repo.path),
      repository: repo.path,
      base: head,
      path: join(temporary(), 'm'),
    });
    await hardenedGit(mirror.path).run(['fetch', '--quiet', '--depth=1', '--', pathToFileURL(repo.path).href, base]);
    const [file] = (await mirror.change(base, head)).files;
    const [added, removed] = repo.git('diff', '--numstat', base, head).split('\t').map(Number);
    expect([file?.addedLines, file?.removedLines]).toEqual([added, removed]);
  });

  test('GX replace refs of the user do not reach the mirror', async () => {
    const repo = makeRepo();
    const real = repo.commit({ a: 'real\n' });
    const fake = repo.commit({ a: 'fake\n' });
    repo.git('replace', real, fake);
    const mirror = await mirrorOf(repo, real);
    expect(await mirror.read(real, 'a')).toBe('real\n');
  });
});

describe('trees', () => {
  test('list, read and readMany', async () => {
    const repo = makeRepo();
    repo.write({ 'src/a.ts': 'a\n', 'bin.dat': Buffer.from([0, 1]), 'é "q"': 'q' });
    symlinkSync('/etc/passwd', join(repo.path, 'link'));
    const base = repo.commit({});
    const mirror = await mirrorOf(repo, base);
    const listed = await mirror.list(base);
    const seen: [string, number][] = [];
    await mirror.readBlobs(
      listed.flatMap(({ mode, id }) => (mode.startsWith('100') ? [id] : [])),
      (id, content) => seen.push([id, content.length]),
    );
    const blobs = new Map(listed.filter(({ mode }) => mode.startsWith('100')).map(({ id, size }) => [id, size]));
    expect(seen).toEqual([...blobs]);
    expect(listed.map(({ path, mode, size }) => ({ path, mode, size }))).toEqual([
      { path: 'bin.dat', mode: '100644', size: 2 },
      { path: 'link', mode: '120000', size: 11 },
      { path: 'src/a.ts', mode: '100644', size: 2 },
      { path: 'é "q"', mode: '100644', size: 1 },
    ]);
    const paths = ['src/a.ts', 'link', 'src', 'missing', 'bin.dat', 'é "q"'];
    expect(await Promise.all(paths.slice(0, 4).map((path) => mirror.read(base, path)))).toEqual([
      'a\n',
      undefined,
      undefined,
      undefined,
    ]);
    expect([...(await mirror.readMany(base, paths))]).toEqual([
      ['src/a.ts', 'a\n'],
      ['é "q"', 'q'],
    ]);
  });

  test('overlay takes only the named paths, deletions and places of directories too', async () => {
    const repo = makeRepo();
    const base = repo.commit({ 'src/a': 'bug\n', 'test/a': 'old\n', 'test/gone': 'x\n', 'test/dir/x': 'x\n' });
    rmSync(join(repo.path, 'test/gone'));
    rmSync(join(repo.path, 'test/dir'), { recursive: true });
    const head = repo.commit({ 'src/a': 'fix\n', 'test/a': 'new\n', 'test/dir': 'now a file\n', 'test/b': 'b\n' });
    const mirror = await mirrorOf(repo, base);
    await hardenedGit(mirror.path).run(['fetch', '--quiet', '--', pathToFileURL(repo.path).href, head]);
    const red = await mirror.overlay(base, head, ['test/a', 'test/gone', 'test/dir', 'test/dir/x', 'nowhere']);
    const commit = await mirror.commitTree(red, base, 'red');
    const texts = await mirror.readMany(commit, ['src/a', 'test/a', 'test/dir', 'test/gone', 'test/b']);
    expect([...texts]).toEqual([
      ['src/a', 'bug\n'],
      ['test/a', 'new\n'],
      ['test/dir', 'now a file\n'],
    ]);
  });

  test.each<[string, Record<string, string>, Record<string, string>, string | undefined]>([
    ['beside what somebody else changed', { a: 'fix\n' }, { b: 'other\n' }, 'fix\n'],
    ['in another place of the same file', { long: `fix\n${lines(20)}` }, { long: `${lines(20)}end\n` }, `fix\n${lines(20)}end\n`],
    ['on the same lines', { a: 'fix\n' }, { a: 'other\n' }, undefined],
    ['where an attribute wants ours', { a: 'fix\n' }, { a: 'other\n', '.gitattributes': '* merge=ours\n' }, undefined],
  ])('merge puts a change on another base: %s', async (_, ours, theirs, merged) => {
    const repo = makeRepo();
    const base = repo.commit({ a: 'bug\n', b: 'b\n', long: lines(20) });
    const head = repo.commit(ours);
    repo.git('checkout', '--quiet', base);
    const onto = repo.commit(theirs);
    const mirror = await openMirror({
      git: hardenedGit(repo.path),
      repository: repo.path,
      base: onto,
      also: base,
      path: join(temporary(), 'mirror'),
    });
    await hardenedGit(mirror.path).run(['fetch', '--quiet', '--depth=1', '--', pathToFileURL(repo.path).href, head]);
    const commit = await mirror.merge(base, head, onto);
    const [path = ''] = Object.keys(ours);
    expect(commit === undefined ? undefined : await mirror.read(commit, path)).toBe(merged);
    // One commit on the new base, which it does not undo.
    const parents = commit === undefined ? onto : await hardenedGit(mirror.path).run(['log', '-1', '--format=%P', commit]);
    expect(parents).toBe(onto);
  });

  test('squash is the same commit for the same input', async () => {
    const repo = makeRepo();
    const base = repo.commit({ a: '1\n' });
    const ids = [];
    for (let round = 0; round < 2; round += 1) {
      const mirror = await mirrorOf(repo, base);
      const blob = await hardenedGit(mirror.path).run(['hash-object', '-w', '--stdin'], { input: '2\n' });
      const tree = await hardenedGit(mirror.path).run(['mktree'], { input: `100644 blob ${blob}\ta\n` });
      const attempt = await mirror.commitTree(tree, base, `attempt ${round}`);
      ids.push(await mirror.squash(base, attempt, 'fix: a\n\nBugloop-Run: x'));
      expect(await mirror.patch(base, ids[0] ?? '')).toContain('-1\n+2\n');
    }
    expect(ids[0]).toBe(ids[1]);
  });
});

describe('where a mirror comes from', () => {
  test.each(['a b', 'per%20cent', 'ques?tion#é', '-dash'])('a repository in a directory named %j', async (name) => {
    const repo = makeRepo(join(temporary(), name));
    const base = repo.commit({ a: 'x\n' });
    expect(await (await mirrorOf(repo, base)).read(base, 'a')).toBe('x\n');
  });

  test('a shallow clone, a linked work tree, an older commit', async () => {
    const origin = makeRepo();
    const older = origin.commit({ a: '1\n' });
    const newer = origin.commit({ a: '2\n' });
    const [shallow, linked] = [join(temporary(), 'shallow'), join(temporary(), 'linked')];
    origin.git('clone', '--quiet', '--depth=1', pathToFileURL(origin.path).href, shallow);
    origin.git('worktree', 'add', '--quiet', linked);
    const open = (repository: string, base: string): Promise<WritableMirror> =>
      openMirror({ git: hardenedGit(origin.path), repository, base, path: join(temporary(), 'mirror') });
    expect(await (await open(shallow, newer)).read(newer, 'a')).toBe('2\n');
    expect(await (await open(linked, newer)).read(newer, 'a')).toBe('2\n');
    expect(await (await open(origin.path, older)).read(older, 'a')).toBe('1\n');
    await expect(open(shallow, older)).rejects.toMatchObject({ code: 'git.failed' });
    await expect(open(temporary(), older)).rejects.toMatchObject({ code: 'env.not_a_repo' });
    await expect(open(origin.path, '--upload-pack=x')).rejects.toMatchObject({ code: 'usage.ref' });
  });

  test("the user's repository gains nothing and its hooks, filters and monitor do not run", async () => {
    const repo = makeRepo();
    const canary = join(temporary(), 'canary');
    const base = repo.commit({ '.gitattributes': '* filter=evil\n', a: 'x\n' });
    repo.git('config', 'filter.evil.smudge', `touch ${canary}; cat`);
    repo.git('config', 'core.fsmonitor', `touch ${canary}; false`);
    repo.git('config', 'uploadpack.packObjectsHook', `touch ${canary}; false`);
    for (const hook of ['post-checkout', 'reference-transaction']) {
      writeFileSync(join(repo.path, '.git/hooks', hook), `#!/bin/sh\ntouch ${canary}\n`, { mode: 0o755 });
    }
    const before = repo.git('for-each-ref');
    const mirror = await mirrorOf(repo, base);
    expect(await mirror.read(base, 'a')).toBe('x\n');
    expect([existsSync(canary), repo.git('for-each-ref')]).toEqual([false, before]);
  });
});

async function withFix(): Promise<{ repo: TestRepo; base: string; mirror: WritableMirror; fix: string; file: string }> {
  const repo = makeRepo();
  const base = repo.commit({ a: '1\n' });
  const head = repo.commit({ a: '2\n' });
  const mirror = await mirrorOf(repo, base);
  await hardenedGit(mirror.path).run(['fetch', '--quiet', '--', pathToFileURL(repo.path).href, head]);
  const fix = await mirror.squash(base, head, 'fix');
  return { repo, base, mirror, fix, file: join(temporary(), 'change.bundle') };
}

describe('bundle', () => {
  test('goes from one mirror to another', async () => {
    const { repo, base, mirror, fix, file } = await withFix();
    await mirror.bundle(file, 'bugloop/issue-1', base, fix);
    const other = await mirrorOf(repo, base);
    expect(await other.unbundle(file, 'bugloop/issue-1')).toBe(fix);
    expect(await other.read(fix, 'a')).toBe('2\n');
  });

  test('is refused when it brings another ref, builds on another base, or is no bundle', async () => {
    const { repo, base, mirror, fix, file } = await withFix();
    await mirror.bundle(file, 'bugloop/issue-1', base, fix);
    const other = await mirrorOf(repo, base);
    await expect(other.unbundle(file, 'bugloop/issue-2')).rejects.toMatchObject({ code: 'state.corrupt' });
    const stranger = makeRepo();
    const elsewhere = await mirrorOf(stranger, stranger.commit({ z: 'z\n' }));
    await expect(elsewhere.unbundle(file, 'bugloop/issue-1')).rejects.toMatchObject({ code: 'state.corrupt' });
    for (const bytes of [readFileSync(file).subarray(0, -40), Buffer.from('hello'), Buffer.alloc(0)]) {
      writeFileSync(file, bytes);
      await expect(other.unbundle(file, 'bugloop/issue-1')).rejects.toMatchObject({ name: 'BugloopError' });
    }
    await expect(other.unbundle(repo.path, 'bugloop/issue-1')).rejects.toMatchObject({ code: 'state.corrupt' });
  });

  test.each(['--upload-pack=touch x', '-x', 'a b', 'x;id', '$(id)', '@{-1}', 'x.lock', '../x', 'refs/heads/main'])(
    'GX-24 the branch %j never reaches git',
    async (branch) => {
      const { base, mirror, fix, file } = await withFix();
      await expect(mirror.bundle(file, branch, base, fix)).rejects.toMatchObject({ code: 'usage.ref' });
      await expect(mirror.unbundle(file, branch)).rejects.toMatchObject({ code: 'usage.ref' });
    },
  );
});

describe('git', () => {
  test('ENV-06 is named when it is missing', async () => {
    const git = openGit({ searchPath: temporary() }, { directory: temporary() });
    await expect(git.run(['version'])).rejects.toMatchObject({ code: 'env.missing_tool', message: /git/ });
    await expect(git.bytes(['version'])).rejects.toMatchObject({ code: 'env.missing_tool' });
  });

  test('GIT-07 a lock left behind is told with its path', async () => {
    const repo = makeRepo();
    repo.commit({ a: 'x\n' });
    writeFileSync(join(repo.path, '.git/index.lock'), '');
    const git = openGit({ searchPath }, { directory: repo.path });
    await expect(git.run(['read-tree', 'HEAD'])).rejects.toMatchObject({ code: 'git.locked', message: /index\.lock/ });
  });

  test('a signal to our process group does not end what git was asked for', async () => {
    const tools = temporary();
    const once = `test -e ${tools}/again && { ps -o sid= -p $$; exit 0; }; touch ${tools}/again; kill -INT $$; sleep 5`;
    writeFileSync(join(tools, 'git'), `#!/bin/sh\n${once}\n`, { mode: 0o755 });
    const git = openGit({ searchPath: `${tools}:${searchPath}` }, { directory: tools });
    const session = Number(await git.run(['version']));
    expect(session).toBeGreaterThan(0);
    expect(session).not.toBe(Number(execFileSync('ps', ['-o', 'sid=', '-p', String(process.pid)], { encoding: 'utf8' })));
  });

  test('gets no variable of the operator', async () => {
    const tools = temporary();
    writeFileSync(join(tools, 'git'), '#!/bin/sh\n/usr/bin/env\n', { mode: 0o755 });
    process.env['BUGLOOP_CANARY'] = 'fake-secret';
    const git = openGit({ searchPath: tools }, { directory: temporary() });
    const shown = [await git.run(['version']), (await git.bytes(['version'])).toString()];
    delete process.env['BUGLOOP_CANARY'];
    for (const variables of shown) {
      expect(variables).toContain('GIT_CONFIG_NOSYSTEM=1');
      expect(variables).not.toContain('fake-secret');
    }
  });
});

import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { normalise, type Config, type Written } from '../../src/core/config.ts';
import type { SandboxLevel } from '../../src/core/types.ts';
import { isAlive, markProcess } from '../../src/journal/process.ts';
import type { Workspace } from '../../src/ports.ts';
import { openWorkspace, type WorkspaceOptions } from '../../src/workspace/open.ts';
import { detectSandbox } from '../../src/workspace/sandbox.ts';
import { makeRepo, searchPath, temporary, type TestRepo } from '../support/repo.ts';

const detected = await detectSandbox({ PATH: searchPath });

/** The strict one only where it works. */
const sandboxes: { sandbox: SandboxLevel }[] = [
  { sandbox: 'basic' },
  ...(detected.level === 'strict' ? [{ sandbox: 'strict' } as const] : []),
];

type Files = Record<string, string | Buffer>;

/** `node script.js`, as a command of the configuration. */
const node = (script: string): [string, ...string[]] => ['node', '-e', script];

function configOf(commands: Written['commands']): Config {
  return normalise({ commands });
}

const liveness = { self: await markProcess(process.pid), isAlive };

async function open(
  files: Files,
  commands: Written['commands'] = {},
  more: Partial<WorkspaceOptions> = {},
): Promise<{ repo: TestRepo; workspace: Workspace }> {
  const repo = makeRepo();
  const base = repo.commit(files);
  const operatorEnv = { PATH: searchPath, HOME: temporary() };
  const workspace = await openWorkspace({
    repository: repo.path,
    base,
    config: configOf(commands),
    sandbox: 'basic',
    operatorEnv,
    liveness,
    ...more,
  });
  return { repo, workspace };
}

function write(workspace: Workspace, files: Files): void {
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(join(workspace.root, name, '..'), { recursive: true });
    writeFileSync(join(workspace.root, name), content);
  }
}

/** Paths that the commit of what is there now changes, with how. */
async function changed(workspace: Workspace): Promise<string[]> {
  const commit = await workspace.commit('attempt', workspace.base);
  const { files } = await workspace.mirror.change(workspace.base, commit);
  return files.map(({ path, status, newMode, binary }) => `${status} ${path} ${newMode}${binary ? ' binary' : ''}`);
}

describe('checkout', () => {
  test('is the base commit, byte for byte, with a repository of its own for tools', async () => {
    const files = { 'a.txt': 'one\r\ntwo\n', '.gitattributes': '*.txt text eol=lf\n', 'run.sh': '#!/bin/sh\n' };
    const { repo, workspace } = await open(files);
    await using _ = workspace;
    expect(readFileSync(join(workspace.root, 'a.txt'), 'utf8')).toBe(repo.git('cat-file', 'blob', 'HEAD:a.txt').concat('\n'));
    const inside = (...args: string[]): string => execFileSync('git', args, { cwd: workspace.root, encoding: 'utf8' }).trim();
    expect(inside('rev-parse', 'HEAD')).toBe(workspace.base);
    expect(inside('remote')).toBe('');
    expect(inside('log', '--format=%s')).toBe('change');
    expect(await workspace.files.list()).toEqual(['.gitattributes', 'a.txt', 'run.sh']);
  });

  test('the workspace is gone afterwards, read-only directories too', async () => {
    const { workspace } = await open({ a: 'x' });
    write(workspace, { 'locked/a': 'a' });
    chmodSync(join(workspace.root, 'locked'), 0o500);
    const top = join(workspace.root, '../..');
    await workspace[Symbol.asyncDispose]();
    expect(existsSync(top)).toBe(false);
  });

  test('reset brings back every tracked file, whatever took its place, and keeps what is ignored or settled', async () => {
    const { workspace } = await open({ '.gitignore': 'ignored\n', 'src/a': 'a\n', 'src/b': 'b\n', c: 'c\n', 'd/e/f': 'f\n' });
    await using _ = workspace;
    const outside = temporary();
    writeFileSync(join(outside, 'a'), 'canary');
    write(workspace, { artifact: 'from setup', 'reports/1.xml': 'x' });
    await workspace.settle();
    rmSync(join(workspace.root, 'src'), { recursive: true });
    symlinkSync(outside, join(workspace.root, 'src'));
    rmSync(join(workspace.root, 'c'));
    rmSync(join(workspace.root, 'd'), { recursive: true });
    write(workspace, {
      'c/new': 'x',
      'c/ignored': 'x',
      d: 'a file',
      ignored: 'kept',
      stray: 'x',
      'deep/er/stray': 'x',
      '.gitignore': '*\n',
    });
    execFileSync('git', ['init', '--quiet', 'nested'], { cwd: workspace.root });
    await workspace.checkout(workspace.base);
    const read = (name: string): string => readFileSync(join(workspace.root, name), 'utf8');
    expect(['src/a', 'src/b', 'c', 'd/e/f', 'ignored', 'artifact', 'reports/1.xml'].map(read)).toEqual([
      'a\n',
      'b\n',
      'c\n',
      'f\n',
      'kept',
      'from setup',
      'x',
    ]);
    expect(['stray', 'deep', 'nested'].filter((name) => existsSync(join(workspace.root, name)))).toEqual([]);
    expect(lstatSync(join(workspace.root, 'src')).isDirectory()).toBe(true);
    expect(readFileSync(join(outside, 'a'), 'utf8')).toBe('canary');
    expect(await workspace.commit('nothing', workspace.base)).toBe(workspace.base);
  });
});

describe('commit holds whatever is there', () => {
  test.each<[string, (workspace: Workspace) => void, string[]]>([
    ['nothing', () => undefined, []],
    ['an edit', (workspace) => write(workspace, { 'src/a': '2\n' }), ['modified src/a 100644']],
    ['a touched file', (workspace) => write(workspace, { 'src/a': 'a\n' }), []],
    ['a new file', (workspace) => write(workspace, { 'é\n': 'x' }), ['added é\n 100644']],
    ['a deletion', (workspace) => rmSync(join(workspace.root, 'src/a')), ['deleted src/a 000000']],
    ['a mode', (workspace) => chmodSync(join(workspace.root, 'src/a'), 0o755), ['modified src/a 100755']],
    ['an ignored file', (workspace) => write(workspace, { 'x.log': 'x' }), []],
    [
      'a link in place of a directory',
      (workspace) => {
        renameSync(join(workspace.root, '.github'), join(workspace.root, 'safe'));
        symlinkSync('safe', join(workspace.root, '.github'));
      },
      ['added .github 120000', 'deleted .github/ci.yml 000000', 'added safe/ci.yml 100644'],
    ],
    [
      'a directory in place of a file',
      (workspace) => {
        rmSync(join(workspace.root, 'src/a'));
        write(workspace, { 'src/a/b': 'x' });
      },
      ['deleted src/a 000000', 'added src/a/b 100644'],
    ],
    [
      'a file in place of a directory',
      (workspace) => {
        rmSync(join(workspace.root, 'src'), { recursive: true });
        write(workspace, { src: 'x' });
      },
      ['added src 100644', 'deleted src/a 000000'],
    ],
    [
      'a nested repository is its files, not a gitlink',
      (workspace) => {
        const cwd = join(workspace.root, 'lib');
        mkdirSync(cwd);
        execFileSync(
          'sh',
          ['-c', 'git init -q . && echo x >a && git add a && git -c user.name=x -c user.email=x@x commit -qm x'],
          { cwd },
        );
        write(workspace, { 'lib/deep/b': 'b' });
      },
      ['added lib/a 100644', 'added lib/deep/b 100644'],
    ],
    [
      'a repository without a commit, and one planted among tracked files',
      (workspace) => {
        execFileSync('git', ['init', '--quiet', 'lib'], { cwd: workspace.root });
        execFileSync('git', ['init', '--quiet', 'src'], { cwd: workspace.root });
        write(workspace, { 'lib/a': 'a', 'src/b': 'b' });
      },
      ['added lib/a 100644', 'added src/b 100644'],
    ],
    [
      'names that pass for .git elsewhere never enter a tree',
      (workspace) => write(workspace, { '.GIT/config': 'x', 'git~1': 'x', '.g\u200cit/config': 'x', 'b\\c': 'x', ok: 'x' }),
      ['added b\\c 100644', 'added ok 100644'],
    ],
    [
      'a file of more than 20 MB is a binary note',
      (workspace) => {
        write(workspace, { huge: '' });
        truncateSync(join(workspace.root, 'huge'), 1024 ** 4);
      },
      ['added huge 100644 binary'],
    ],
    [
      'a pipe is nothing, and in place of a file a deletion',
      (workspace) => {
        rmSync(join(workspace.root, 'src/a'));
        execFileSync('mkfifo', ['pipe', 'src/a'], { cwd: workspace.root });
      },
      ['deleted src/a 000000'],
    ],
    [
      'marks in the index of the checkout',
      (workspace) => {
        execFileSync('git', ['update-index', '--skip-worktree', 'src/a'], { cwd: workspace.root });
        execFileSync('git', ['update-index', '--assume-unchanged', '.github/ci.yml'], { cwd: workspace.root });
        write(workspace, { 'src/a': 'hidden\n', '.github/ci.yml': 'hidden\n' });
      },
      ['modified .github/ci.yml 100644', 'modified src/a 100644'],
    ],
    [
      'an unreadable file',
      (workspace) => {
        write(workspace, { secret: 'x' });
        chmodSync(join(workspace.root, 'secret'), 0o000);
      },
      ['added secret 100644'],
    ],
  ])('%s', async (_, act, expected) => {
    const { workspace } = await open({ '.gitignore': '*.log\n', 'src/a': 'a\n', '.github/ci.yml': 'on: push\n' });
    await using disposed = workspace;
    act(disposed);
    expect(await changed(workspace)).toEqual(expected);
  });

  test('GX-18 and GX-19 nothing planted in the checkout runs: hooks, hooksPath, monitor, filters, aliases', async () => {
    const canary = join(temporary(), 'canary');
    const script = `#!/bin/sh\ntouch ${canary}\ncat\n`;
    const names = ['pre-commit', 'post-commit', 'post-checkout', 'post-index-change', 'reference-transaction', 'fsmonitor'];
    const planted = Object.fromEntries(names.map((name) => [`.husky/${name}`, script]));
    const { workspace } = await open({ 'a.txt': 'a\n', ...planted });
    await using _ = workspace;
    for (const name of names) {
      write(workspace, { [`.git/hooks/${name}`]: script });
      for (const directory of ['.git/hooks', '.husky']) chmodSync(join(workspace.root, directory, name), 0o755);
    }
    const evil = join(workspace.root, '.husky/fsmonitor');
    const settings = {
      'core.hooksPath': '.husky',
      'core.fsmonitor': evil,
      'filter.evil.clean': evil,
      'filter.evil.smudge': evil,
    };
    for (const [key, value] of Object.entries(settings)) execFileSync('git', ['config', key, value], { cwd: workspace.root });
    write(workspace, { '.gitattributes': '* filter=evil diff=evil\n', 'a.txt': 'b\n' });
    execFileSync('git', ['init', '--quiet', 'sub'], { cwd: workspace.root });
    execFileSync('git', ['config', 'core.fsmonitor', evil], { cwd: join(workspace.root, 'sub') });
    const commit = await workspace.commit('attempt', workspace.base);
    await workspace.files.list();
    await workspace.mirror.change(workspace.base, commit);
    await workspace.mirror.patch(workspace.base, commit);
    await workspace.checkout(workspace.base);
    expect(existsSync(canary)).toBe(false);
    // Git that trusts the checkout does run them.
    chmodSync(evil, 0o755);
    execFileSync('git', ['status'], { cwd: workspace.root, stdio: 'ignore' });
    expect(existsSync(canary)).toBe(true);
  });

  test('GX-10 a submodule is told when it moves, and git never looks into it with its own configuration', async () => {
    const repo = makeRepo();
    mkdirSync(join(repo.path, 'lib'));
    repo.write({ '.gitmodules': '[submodule "lib"]\n\tpath = lib\n\turl = ./lib\n\tignore = all\n', a: 'a\n' });
    repo.git('update-index', '--add', '--cacheinfo', `160000,${'1'.repeat(40)},lib`);
    const base = repo.commit({});
    await using workspace = await openWorkspace({
      repository: repo.path,
      base,
      config: configOf({}),
      sandbox: 'basic',
      operatorEnv: { PATH: searchPath },
      liveness,
    });
    expect(await changed(workspace)).toEqual([]);
    const [cwd, canary] = [join(workspace.root, 'lib'), join(temporary(), 'canary')];
    const steps = 'git init -q . && echo x >x && git add x && git -c user.name=x -c user.email=x@x commit -qm x';
    execFileSync('sh', ['-c', `${steps} && git config core.fsmonitor 'touch ${canary}; false'`], { cwd });
    expect(await changed(workspace)).toEqual(['modified lib 160000']);
    await workspace.files.list();
    await workspace.checkout(base);
    expect(existsSync(canary)).toBe(false);
    execFileSync('git', ['status'], { cwd, stdio: 'ignore' });
    expect(existsSync(canary)).toBe(true);
  });

  test('is deterministic: same tree, parent and message, same commit', async () => {
    const { repo, workspace } = await open({ a: '1\n' });
    await using _ = workspace;
    await using other = await openWorkspace({
      repository: repo.path,
      base: workspace.base,
      config: configOf({}),
      sandbox: 'basic',
      operatorEnv: { PATH: searchPath },
      liveness,
    });
    const commits = await Promise.all(
      [workspace, other].map((one) => {
        write(one, { a: '2\n' });
        return one.commit('attempt 1', one.base);
      }),
    );
    expect(commits[0]).toBe(commits[1]);
    expect(commits[0]).not.toBe(workspace.base);
    expect(repo.git('status', '--porcelain')).toBe('');
  });
});

describe('what commands leave behind', () => {
  test('is never committed, whatever its name in later runs', async () => {
    const script = `const fs=require('fs');fs.mkdirSync('out/reports',{recursive:true});fs.writeFileSync('out/reports/'+Date.now()+Math.random(),'x');fs.writeFileSync('src/a.js','x')`;
    const { workspace } = await open({ 'src/a.ts': 'a' }, { build: node(script) });
    await using _ = workspace;
    expect((await workspace.build({}))?.exitCode).toBe(0);
    await workspace.settle();
    write(workspace, { 'src/b.ts': 'agent', 'tests/new.test.ts': 'agent' });
    expect((await workspace.build({}))?.exitCode).toBe(0);
    expect(await changed(workspace)).toEqual(['added src/b.ts 100644', 'added tests/new.test.ts 100644']);
    expect(await workspace.files.list()).toEqual(['src/a.ts', 'src/b.ts', 'tests/new.test.ts']);
  });

  test('an output next to a file the agent just made does not hide that file', async () => {
    const { workspace } = await open({ a: 'a' }, { build: node(`require('fs').writeFileSync('feature/x.js','x')`) });
    await using _ = workspace;
    write(workspace, { 'feature/x.ts': 'agent' });
    await workspace.build({});
    write(workspace, { 'feature/y.ts': 'agent' });
    expect(await changed(workspace)).toEqual(['added feature/x.ts 100644', 'added feature/y.ts 100644']);
  });
});

describe('pristine', () => {
  const setup = node(
    `const fs=require('fs');fs.mkdirSync('node_modules');fs.writeFileSync('node_modules/dep','good');fs.writeFileSync(process.env.HOME+'/cache','good')`,
  );

  test('GX-16 the proof sees what setup left, not what the agent made of it, and the live checkout comes back', async () => {
    const { workspace } = await open({ '.gitignore': 'node_modules\ndist\n', a: 'a\n' }, { setup });
    await using _ = workspace;
    expect((await workspace.setup({}))?.exitCode).toBe(0);
    write(workspace, { 'node_modules/dep': 'evil', 'dist/x': 'evil', '.env.test': 'evil', a: 'fix\n', '../home/cache': 'evil' });
    const head = await workspace.commit('attempt', workspace.base);
    const read = (name: string): string | undefined =>
      existsSync(join(workspace.root, name)) ? readFileSync(join(workspace.root, name), 'utf8') : undefined;
    const names = ['a', 'node_modules/dep', 'dist/x', '../home/cache'];
    const seen = await workspace.pristine(async () => {
      const before = names.map(read);
      await workspace.checkout(head);
      write(workspace, { 'node_modules/dep': 'dirty' });
      return [before, names.map(read)];
    });
    expect(seen).toEqual([
      ['a\n', 'good', undefined, 'good'],
      ['fix\n', 'dirty', undefined, 'good'],
    ]);
    expect(names.map(read)).toEqual(['fix\n', 'evil', 'evil', 'evil']);
    expect(await workspace.pristine(async () => read('node_modules/dep'))).toBe('good');
    expect(await workspace.commit('attempt', head)).toBe(head);
  });

  test('is a fresh checkout where setup left nothing, and there is always one', async () => {
    const { workspace } = await open({ a: 'a\n' });
    await using _ = workspace;
    expect(await workspace.setup({})).toBeUndefined();
    write(workspace, { a: 'b\n', stray: 'x' });
    const seen = await workspace.pristine(async () => [
      await workspace.files.list(),
      await workspace.commit('x', workspace.base),
    ]);
    expect(seen).toEqual([['a'], workspace.base]);
    expect(await workspace.files.list()).toEqual(['a', 'stray']);
    expect(existsSync(join(workspace.root, '.git/HEAD'))).toBe(true);
  });

  test('the live checkout comes back when the body throws, and when the signal fires', async () => {
    const controller = new AbortController();
    const { workspace } = await open({ a: 'a\n' }, {}, { signal: controller.signal });
    await using _ = workspace;
    write(workspace, { a: 'mine\n' });
    const failing = workspace.pristine(async () => {
      await workspace.pristine(async () => undefined).catch(() => undefined);
      throw new Error('body');
    });
    await expect(failing).rejects.toThrow('body');
    const ended = await workspace.pristine(async () => {
      setTimeout(() => controller.abort(), 100);
      return workspace.run(node('setInterval(() => {}, 1000)'), { timeoutMs: 20_000, network: false });
    });
    expect(ended.ended).toBe('cancelled');
    expect(readFileSync(join(workspace.root, 'a'), 'utf8')).toBe('mine\n');
  });
});

describe('commands', () => {
  const files = {
    'package.json': JSON.stringify({ scripts: { test: 'node --test' } }),
    'sum.js': 'exports.sum = (a, b) => a - b;\n',
    'test/sum.test.js': `const { test } = require('node:test'); const assert = require('node:assert'); const { sum } = require('../sum.js');
      test('adds', () => assert.equal(sum(1, 2), 3)); test('zero', () => assert.equal(sum(0, 0), 0));\n`,
  };

  test.each(sandboxes)('are detected, configured ones win, and tests give results: $sandbox', async ({ sandbox }) => {
    const { workspace } = await open(files, { build: node('console.log("built")') }, { sandbox });
    await using _ = workspace;
    expect(workspace.commands).toEqual({ build: node('console.log("built")'), test: ['npm', 'test'] });
    const run = await workspace.test({}, {});
    expect(run.results.map(({ name, status }) => [name, status])).toEqual([
      ['adds', 'failed'],
      ['zero', 'passed'],
    ]);
    expect(await changed(workspace)).toEqual([]);
  });

  test('static checks are those that exist', async () => {
    const { workspace } = await open(files, { typecheck: node('console.log("a.ts(1,1): error TS2322: no"); process.exit(2)') });
    await using _ = workspace;
    expect(await workspace.staticChecks({})).toEqual([{ name: 'typecheck', exitCode: 2, problems: 1 }]);
  });

  test('a command without a file of its own ends as a value', async () => {
    const { workspace } = await open(files);
    await using _ = workspace;
    const execution = await workspace.run(['no-such-program'], { timeoutMs: 5_000, network: false });
    expect(execution.ended).toBe('not-started');
  });
});

describe('--dependencies', () => {
  test.each(sandboxes)('are linked, readable, never committed, and make setup needless: $sandbox', async ({ sandbox }) => {
    const modules = join(temporary(), 'node_modules');
    mkdirSync(join(modules, 'dep'), { recursive: true });
    writeFileSync(join(modules, 'dep/index.js'), 'module.exports = "dep";\n');
    // Tools keep caches next to the packages.
    const build = node('require("fs").mkdirSync("node_modules/.cache",{recursive:true}); console.log(require("dep"))');
    const { workspace } = await open({ a: 'a\n' }, { setup: node('process.exit(1)'), build }, { dependencies: modules, sandbox });
    await using _ = workspace;
    expect(workspace.commands).toEqual({ build });
    expect(await workspace.setup({})).toBeUndefined();
    expect((await workspace.build({}))?.output).toBe('dep\n');
    expect(await workspace.files.read('node_modules/dep/index.js')).toEqual({ ok: true, content: 'module.exports = "dep";\n' });
    rmSync(join(workspace.root, 'node_modules/dep'));
    write(workspace, { 'node_modules/dep/index.js': 'evil', a: 'b\n' });
    expect(await changed(workspace)).toEqual(['modified a 100644']);
    await workspace.checkout(workspace.base);
    expect(readlinkSync(join(workspace.root, 'node_modules/dep'))).toBe(join(modules, 'dep'));
    expect((await workspace.pristine(() => workspace.build({})))?.output).toBe('dep\n');
    expect(await workspace.files.list()).toEqual(['a']);
    expect(readFileSync(join(modules, 'dep/index.js'), 'utf8')).toContain('dep');
    expect(existsSync(join(modules, '.cache'))).toBe(false);
  });

  test.each([
    ['a missing directory', { a: 'a' }, '/nowhere'],
    ['a repository that tracks its own', { 'node_modules/x': 'x' }, undefined],
  ])('refuse %s', async (_, files, path) => {
    await expect(open(files, {}, { dependencies: path ?? temporary() })).rejects.toMatchObject({ code: 'usage.option_value' });
  });
});

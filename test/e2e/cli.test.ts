import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { describe, expect, onTestFinished, test } from 'vitest';
import { makeRepo, searchPath, temporary, type TestRepo } from '../support/repo.ts';

const bin = fileURLToPath(new URL('../../bin/bugloop.js', import.meta.url));

interface CallOptions {
  cwd?: string;
  env?: Record<string, string>;
  node?: readonly string[];
}

/** The binary in a process that inherits nothing but PATH. */
function bugloop(argv: readonly string[], { cwd = temporary(), env = {}, node = [] }: CallOptions = {}) {
  return execa(process.execPath, [...node, bin, ...argv], {
    cwd,
    env: { PATH: searchPath, HOME: cwd, ...env },
    extendEnv: false,
    reject: false,
    stdin: 'ignore',
    timeout: 50_000,
  });
}

/** A repository with a bug that one mechanical edit mends; its test prints what is given. */
function makeBuggy(prints = ''): TestRepo {
  const repo = makeRepo();
  repo.commit({
    'package.json': JSON.stringify({ name: 'sum', version: '1.0.0', type: 'module', scripts: { test: 'node --test' } }),
    'src/sum.js': 'export const sum = (numbers) => numbers.reduce((a, b) => a + b);\n',
    'test/sum.test.js': [
      `import assert from 'node:assert/strict';`,
      `import test from 'node:test';`,
      `import { sum } from '../src/sum.js';`,
      `console.log(${JSON.stringify(prints)});`,
      `test('adds', () => assert.equal(sum([1, 2]), 3));`,
      `test('adds nothing', () => assert.equal(sum([]), 0));`,
      '',
    ].join('\n'),
    'bug.md': '# sum of nothing throws\n\n`sum([])` throws `TypeError: Reduce of empty array with no initial value`.\n',
  });
  return repo;
}

/** A run whose tests never end. */
function startEndless(): { repo: TestRepo; call: ReturnType<typeof bugloop>; begun: Promise<void> } {
  const repo = makeBuggy();
  repo.commit({
    'test/endless.test.js': `import test from 'node:test';\ntest('waits', () => new Promise((done) => setTimeout(done, 1e6)));\n`,
  });
  const call = bugloop(['solve', 'bug.md', '--agent', 'search'], { cwd: repo.path });
  const begun = new Promise<void>((resolve) => {
    call.stderr.on('data', (chunk: Buffer) => {
      if (chunk.toString().includes('baseline')) setTimeout(resolve, 1500);
    });
  });
  return { repo, call, begun };
}

async function dispatch(name: string, payload: unknown, env: Record<string, string> = {}) {
  const file = join(temporary(), 'event.json');
  writeFileSync(file, JSON.stringify(payload));
  const common = {
    GITHUB_EVENT_NAME: name,
    GITHUB_EVENT_PATH: file,
    GITHUB_TOKEN: 'not-a-real-token',
    GITHUB_REPOSITORY: 'owner/name',
  };
  return bugloop(['dispatch', '--agent', 'search', '--dry-run'], {
    cwd: makeBuggy().path,
    env: { GITHUB_API_URL: 'http://127.0.0.1:1', ...common, ...env },
  });
}

/** A forge that tells one permission, of one account. */
async function startForge(permission: string): Promise<string> {
  const server = createServer((_request, response) => {
    response.end(JSON.stringify({ permission, user: { id: 7 } }));
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  onTestFinished(() => {
    server.close();
  });
  const address = server.address();
  return typeof address === 'object' && address !== null ? `http://127.0.0.1:${address.port}` : '';
}

describe('start', () => {
  test.each([
    ['--version', /^\d+\.\d+\.\d+\n?$/, 0],
    // The command line itself, commander, and what the build keeps apart because others load it too.
    ['--help', /^Usage: bugloop/, 12],
  ])('%s loads nothing heavy', async (flag, printed, atMost) => {
    const list = `import { registerHooks } from 'node:module';
      registerHooks({ load(url, context, next) { if (/\\/(?:dist|src|node_modules)\\//.test(url)) console.error('loaded ' + url); return next(url, context); } });`;
    const { stdout, stderr, exitCode } = await bugloop([flag], {
      node: ['--import', `data:text/javascript,${encodeURIComponent(list)}`],
    });
    expect({ stdout, exitCode }).toEqual({ stdout: expect.stringMatching(printed), exitCode: 0 });
    expect(stderr.split('\n').filter((line) => line.startsWith('loaded ')).length).toBeLessThanOrEqual(atMost);
  });

  test.each(['solve', 'verify', 'demo', 'dispatch'])('%s --help shows examples and the common flags', async (command) => {
    const { stdout, exitCode } = await bugloop([command, '--help']);
    expect(exitCode).toBe(0);
    expect(stdout).toContain('Examples:');
    const flags = [
      '--repo',
      '--base',
      '--config',
      '--agent',
      '--max-iterations',
      '--timeout',
      '--budget',
      '--out',
      '--no-publish',
    ];
    for (const flag of [...flags, '--dry-run', '--sandbox', '--dependencies', '--json', '--debug', '--quiet'])
      expect(stdout).toContain(flag);
  });

  test('all that is wrong with the flags is told at once', async () => {
    const { stderr, exitCode } = await bugloop(['solve', 'nothing', '--timeout', '0', '--agent', 'cluade', '--sandbox', 'none']);
    expect(exitCode).toBe(2);
    expect([...stderr.matchAll(/\[(usage\.\w+)\]/g)].map(([, code]) => code)).toEqual([
      'usage.issue_ref',
      'usage.option_value',
      'usage.range',
      'usage.option_value',
    ]);
  });

  test('a stack trace is for --debug', async () => {
    const { stderr } = await bugloop(['solve', 'bug.md', '--debug']);
    expect(stderr).toMatch(/\[issue\.unreadable\][^]*\n\s+at .*\.cjs:\d+/);
  });
});

describe('base and configuration', () => {
  const dryRun = ['solve', 'bug.md', '--dry-run', '--agent', 'search'];

  test('the committed file counts, the one of the work tree does not', async () => {
    const repo = makeBuggy();
    repo.commit({ '.bugloop/config.yml': 'branch_prefix: mend/\n' });
    repo.write({ '.bugloop/config.yml': 'branch_prefix: evil/\n' });
    repo.git('update-index', '--assume-unchanged', '.bugloop/config.yml');
    const { stdout, stderr, exitCode } = await bugloop(dryRun, { cwd: repo.path });
    expect({ stdout, exitCode }).toEqual({ stdout: expect.stringContaining('mend/issue-bug'), exitCode: 0 });
    expect(stderr).toContain('is not used, only the one of the base commit');
  });

  test('--config is a file on disk', async () => {
    const repo = makeBuggy();
    writeFileSync(join(repo.path, 'other.yml'), 'branch_prefix: other/\n');
    const { stdout } = await bugloop([...dryRun, '--config', 'other.yml'], { cwd: repo.path });
    expect(stdout).toContain('other/issue-bug');
  });

  test('base: says where to look, and what holds is what that branch says', async () => {
    const repo = makeBuggy();
    repo.git('branch', 'stable');
    repo.git('checkout', '--quiet', 'stable');
    const stable = repo.commit({ '.bugloop/config.yml': 'branch_prefix: mend/\n' });
    repo.git('checkout', '--quiet', 'main');
    repo.commit({ '.bugloop/config.yml': 'base: stable\nbranch_prefix: fix/\n' });
    const { stdout } = await bugloop(dryRun, { cwd: repo.path });
    expect(stdout).toContain('mend/issue-bug');
    expect(stdout).toContain(`stable at ${stable.slice(0, 12)}`);
  });

  test('a detached HEAD works, from a directory below the root', async () => {
    const repo = makeBuggy();
    repo.git('checkout', '--quiet', '--detach');
    const { exitCode } = await bugloop(['solve', '../bug.md', '--dry-run', '--agent', 'search'], { cwd: join(repo.path, 'src') });
    expect(exitCode).toBe(0);
  });

  test.each([
    ['--base', 'nowhere', 'usage.ref'],
    ['--dependencies', 'nowhere', 'usage.option_value'],
    ['--out', 'bug.md', 'usage.option_value'],
    ['--script', 'nowhere', 'usage.option_value'],
  ])('%s %s → %s', async (flag, value, code) => {
    const agent = flag === '--script' ? 'scripted' : 'search';
    const { stderr, exitCode } = await bugloop(['solve', 'bug.md', '--agent', agent, flag, value], { cwd: makeBuggy().path });
    expect({ stderr, exitCode }).toEqual({ stderr: expect.stringContaining(`[${code}]`), exitCode: 2 });
  });

  test('run directories are no uncommitted change', async () => {
    const repo = makeBuggy();
    repo.commit({ '.bugloop/runs/old/report.json': '{}' });
    repo.write({ '.bugloop/runs/old/report.json': '{"changed": true}' });
    const { exitCode } = await bugloop(dryRun, { cwd: repo.path });
    expect(exitCode).toBe(0);
  });

  test('the address of an issue of another repository is refused', async () => {
    const repo = makeBuggy();
    repo.git('remote', 'add', 'origin', 'git@github.com:owner/name.git');
    const env = { GITHUB_TOKEN: 'not-a-real-token', GITHUB_API_URL: 'http://127.0.0.1:1' };
    const argv = ['solve', 'https://github.com/other/name/issues/3', '--agent', 'search'];
    const { stderr, exitCode } = await bugloop(argv, { cwd: repo.path, env });
    expect({ stderr, exitCode }).toEqual({
      stderr: expect.stringMatching(/not an issue of owner\/name \[usage\.issue_ref\]/),
      exitCode: 2,
    });
  });
});

describe('where things are shown', () => {
  test('stdout is one JSON report under --json; in Actions no foreign line is a command, and later steps get outputs', async () => {
    const repo = makeBuggy('::add-mask::everything\n  ::stop-commands::x\n##[error]x');
    const directory = temporary();
    const [output, summary] = [join(directory, 'output'), join(directory, 'summary.md')];
    const env = { GITHUB_ACTIONS: 'true', GITHUB_OUTPUT: output, GITHUB_STEP_SUMMARY: summary };
    const { stdout, stderr, exitCode } = await bugloop(['solve', 'bug.md', '--agent', 'search', '--json'], {
      cwd: repo.path,
      env,
    });
    const report: unknown = JSON.parse(stdout);
    expect({ exitCode, report }).toMatchObject({ exitCode: 0, report: { outcome: 'proven', branch: 'bugloop/issue-bug' } });
    const commands = stderr.split(/\r\n|\r|\n/).filter((line) => /^\s*::/.test(line) || line.includes('##['));
    expect(commands.length).toBeGreaterThan(0);
    expect(commands.filter((line) => !/^::(group|endgroup|warning)::/.test(line))).toEqual([]);
    expect(readFileSync(output, 'utf8')).toMatch(/^outcome=proven\nbranch=bugloop\/issue-bug\nrun-dir=.+\n$/);
    expect(readFileSync(summary, 'utf8')).not.toBe('');
    expect(repo.git('status', '--porcelain')).toBe('');
  });

  test.runIf(existsSync('/usr/bin/script'))('a terminal gets a spinner, one with NO_COLOR plain lines', async () => {
    const repo = makeBuggy();
    const onTerminal = async (env: Record<string, string>): Promise<string> => {
      const command = `stty cols 50; ${process.execPath} ${bin} solve bug.md --agent search --no-publish`;
      const { stdout } = await execa('/usr/bin/script', ['-qec', command, '/dev/null'], {
        cwd: repo.path,
        env: { PATH: searchPath, HOME: repo.path, TERM: 'xterm-256color', ...env },
        extendEnv: false,
        stdin: 'ignore',
      });
      return stdout;
    };
    const live = await onTerminal({});
    expect([live.includes('\u001B['), live.includes('⠋'), live.includes('✔')]).toEqual([true, true, true]);
    expect(await onTerminal({ NO_COLOR: '1' })).not.toContain('\u001B');
  });
});

describe('signals', () => {
  test.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const)('%s leaves a checkpoint within 5 s and exits with %i', async (signal, exit) => {
    const { repo, call, begun } = startEndless();
    await begun;
    const sentAt = performance.now();
    call.kill(signal);
    const { exitCode } = await call;
    expect(exitCode).toBe(exit);
    expect(performance.now() - sentAt).toBeLessThan(5_000);
    const runs = readdirSync(join(repo.path, '.bugloop/runs')).filter(
      (name) => name.includes('issue-bug') && !name.endsWith('.lock'),
    );
    expect(runs).toHaveLength(1);
    const report: unknown = JSON.parse(readFileSync(join(repo.path, '.bugloop/runs', runs[0] ?? '', 'report.json'), 'utf8'));
    expect(report).toMatchObject({ outcome: 'interrupted' });
  });

  test('the second signal ends the process at once', async () => {
    const { call, begun } = startEndless();
    await begun;
    call.kill('SIGINT');
    call.kill('SIGTERM');
    call.kill('SIGINT');
    expect((await call).exitCode).toBeGreaterThanOrEqual(130);
  });
});

describe('dispatch', () => {
  const sender = { login: 'octo', id: 7, type: 'User', future: true };
  const labeled = { action: 'labeled', issue: { number: 12, state: 'open' }, label: { name: 'bug:autofix' }, sender };

  test.each([
    ['discussion', {}, 'ignored: events named discussion'],
    ['issues', { ...labeled, label: { name: 'bug' } }, 'ignored: the label'],
    ['issues', { ...labeled, action: 'opened' }, 'ignored: the action'],
    ['issues', { ...labeled, action: 'assigned', assignee: { login: 'somebody' } }, 'ignored: the assignee'],
    ['issues', { ...labeled, issue: { number: 12, pull_request: {} } }, 'pull request'],
    ['issues', { ...labeled, issue: { number: 12, state: 'closed' } }, 'closed'],
  ])('%s is ignored: %j', async (name, payload, why) => {
    const { stdout, exitCode } = await dispatch(name, payload);
    expect({ stdout, exitCode }).toEqual({ stdout: expect.stringContaining(why), exitCode: 0 });
  });

  test.each([
    ['issues', {}, 'event.schema'],
    ['issues', { ...labeled, sender: undefined }, 'event.schema'],
    ['issues', { object_kind: 'issue' }, 'event.provider_mismatch'],
  ])('%s is refused: %j', async (name, payload, code) => {
    const { stderr, exitCode } = await dispatch(name, payload);
    expect({ stderr, exitCode }).toEqual({ stderr: expect.stringContaining(`[${code}]`), exitCode: 2 });
  });

  test('an account without write permission starts nothing', async () => {
    const { stderr, exitCode } = await dispatch('issues', labeled, { GITHUB_API_URL: await startForge('read') });
    expect({ stderr, exitCode }).toEqual({ stderr: expect.stringContaining('[auth.not_permitted]'), exitCode: 4 });
  });

  test('no answer about the permission is no permission', async () => {
    const { stderr, exitCode } = await dispatch('issues', labeled);
    expect({ stderr, exitCode }).toEqual({ stderr: expect.stringContaining('[api.unavailable]'), exitCode: 5 });
  });
});

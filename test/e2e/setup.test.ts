import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { execa } from 'execa';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { parseConfig } from '../../src/core/config-file.ts';
import { run, stage } from './github.ts';
import { makeShop, runBinary } from './play.ts';
import { searchPath } from '../support/repo.ts';

const bin = new URL('../../bin/bugloop.js', import.meta.url).pathname;

/** Answers each question once it is asked, as a person does. */
async function converse(cwd: string, answers: readonly string[]): Promise<{ screen: string; exitCode: number | undefined }> {
  const child = execa('/usr/bin/script', ['-qec', `${process.execPath} ${bin} init`, '/dev/null'], {
    cwd,
    env: { PATH: searchPath, HOME: cwd, TERM: 'xterm' },
    extendEnv: false,
    reject: false,
    timeout: 30_000,
  });
  const left = [...answers];
  let asked = 0;
  let screen = '';
  child.stdout.on('data', (chunk: Buffer) => {
    screen += chunk.toString();
    const seen = screen.match(/\[[^\]\n]*\] /g)?.length ?? 0;
    if (seen > asked) child.stdin.write(left.shift() ?? '\u0004');
    asked = seen;
  });
  const { exitCode } = await child;
  return { screen, exitCode };
}

describe('init', () => {
  const written = ['.bugloop/config.yml', '.bugloop/.gitignore', '.github/workflows/bugloop.yml'];

  test('copies the prompts where they are wanted, and says what is left to click', async () => {
    const repo = makeShop();
    repo.git('remote', 'add', 'origin', 'https://github.com/acme/shop.git');
    const { exitCode, stdout } = await runBinary(['init', '--prompts'], repo.path);
    expect({ exitCode, stdout }).toEqual({
      exitCode: 0,
      stdout: expect.stringContaining('https://github.com/acme/shop/settings/secrets/actions') as unknown,
    });
    expect(readFileSync(join(repo.path, '.bugloop/prompts/solve-issue.md'), 'utf8')).toContain('{{ISSUE_BODY}}');
  });

  test('writes configuration that its own reader takes, and a workflow that waits for the checks that are there', async () => {
    const repo = makeShop({ '.github/workflows/checks.yml': 'name: unit\non: pull_request\njobs: {}\n' });
    await runBinary(['init', '--label', 'fix: "me"', '--test', 'npm test'], repo.path);
    const config = parseConfig(readFileSync(join(repo.path, '.bugloop/config.yml')), 'config.yml');
    expect(config).toMatchObject({
      ok: true,
      config: { labels: { trigger: 'fix: "me"' }, commands: { test: ['npm', 'test'] }, base: 'main' },
    });
    const workflow: unknown = parse(readFileSync(join(repo.path, '.github/workflows/bugloop.yml'), 'utf8'));
    expect(workflow).toMatchObject({
      on: { workflow_run: { workflows: ['unit'] } },
      jobs: { dispatch: { with: { 'trigger-label': 'fix: "me"' } } },
    });
  });

  test('with every default is valid too', async () => {
    const repo = makeShop();
    expect((await runBinary(['init', '--yes'], repo.path)).exitCode).toBe(0);
    expect(parseConfig(readFileSync(join(repo.path, '.bugloop/config.yml')), 'config.yml')).toMatchObject({ ok: true });
    expect(existsSync(join(repo.path, '.bugloop/prompts'))).toBe(false);
  });

  test('keeps what differs, replaces it only with --force, and says so', async () => {
    const repo = makeShop();
    mkdirSync(join(repo.path, '.bugloop'));
    writeFileSync(join(repo.path, '.bugloop/config.yml'), 'version: 1\n');
    const first = await runBinary(['init'], repo.path);
    expect(first.stdout).toContain('kept  .bugloop/config.yml');
    expect(readFileSync(join(repo.path, '.bugloop/config.yml'), 'utf8')).toBe('version: 1\n');
    expect((await runBinary(['init', '--force'], repo.path)).stdout).toContain('replaced  .bugloop/config.yml');
    expect((await runBinary(['init'], repo.path)).stdout).toContain('unchanged  .bugloop/config.yml');
  });

  test('--dry-run names every write and makes none', async () => {
    const repo = makeShop();
    const { stdout } = await runBinary(['init', '--dry-run'], repo.path);
    for (const path of written) expect(stdout).toContain(`planned  ${path}`);
    expect(repo.git('status', '--porcelain')).toBe('');
  });

  test('refuses an answer that is no configuration, and writes nothing', async () => {
    const repo = makeShop();
    const { exitCode, stderr } = await runBinary(['init', '--test', 'npm test && rm -rf .'], repo.path);
    expect({ exitCode, stderr }).toEqual({ exitCode: 2, stderr: expect.stringContaining('[config.command]') as unknown });
    expect(repo.git('status', '--porcelain')).toBe('');
  });

  test('writes through no link', async () => {
    const repo = makeShop();
    mkdirSync(join(repo.path, '../elsewhere'));
    symlinkSync('../elsewhere', join(repo.path, '.github'));
    const { exitCode, stderr } = await runBinary(['init'], repo.path);
    expect({ exitCode, stderr }).toEqual({ exitCode: 1, stderr: expect.stringContaining('.github is a link') as unknown });
    expect(existsSync(join(repo.path, '../elsewhere/workflows'))).toBe(false);
  });

  test.runIf(existsSync('/usr/bin/script'))('on a terminal asks, and takes the answers', async () => {
    const repo = makeShop();
    const { screen, exitCode } = await converse(repo.path, ['mend me\r', '\r', '\r', '\r', 'n\r']);
    expect({ screen, exitCode }).toEqual({
      screen: expect.stringContaining('Label that starts a run [bug:autofix]') as unknown,
      exitCode: 0,
    });
    expect(readFileSync(join(repo.path, '.bugloop/config.yml'), 'utf8')).toContain('trigger: "mend me"');
  });

  test.runIf(existsSync('/usr/bin/script'))('whoever leaves in between leaves nothing behind', async () => {
    const repo = makeShop();
    const { screen, exitCode } = await converse(repo.path, ['mend me\r']);
    expect({ screen, exitCode }).toEqual({ screen: expect.stringContaining('not answered to the end') as unknown, exitCode: 2 });
    expect(repo.git('status', '--porcelain')).toBe('');
  });
});

const findings = z.object({
  ok: z.boolean(),
  findings: z.array(z.object({ code: z.string(), level: z.string(), message: z.string(), mend: z.string().optional() })),
});
type Findings = z.infer<typeof findings>;
const findingsOf = (stdout: string): Findings => findings.parse(JSON.parse(stdout));
const levels = ({ findings }: Findings): Record<string, string> =>
  Object.fromEntries(findings.map(({ code, level }) => [code, level]));

describe('doctor', () => {
  test('looks at machine and tests without a token, and every finding that is not ok can be mended', async () => {
    const repo = makeShop();
    const { exitCode, stdout } = await runBinary(['doctor', '--json'], repo.path);
    const told = findingsOf(stdout);
    expect({ exitCode, ok: told.ok }).toEqual({ exitCode: 0, ok: true });
    expect(levels(told)).toMatchObject({
      node: 'ok',
      git: 'ok',
      'tests.command': 'ok',
      'tests.runtime': 'ok',
      forge: 'warn',
      agent: 'warn',
    });
    expect(told.findings.filter(({ level, mend }) => level !== 'ok' && mend === undefined)).toEqual([]);
    expect(repo.git('status', '--porcelain')).toBe('');
  });

  test('fails where the tests do not run', async () => {
    const repo = makeShop({ '.bugloop/config.yml': 'commands: { test: "node --no-such-option" }\n' });
    const { exitCode, stdout } = await runBinary(['doctor'], repo.path);
    expect({ exitCode, stdout }).toEqual({
      exitCode: 2,
      stdout: expect.stringMatching(/FAIL .*\[tests\.run\]\n +mend: /) as unknown,
    });
  });

  test('fails where there is no test command', async () => {
    const repo = makeShop({ 'package.json': '{}', 'test/cart.test.js': '', 'src/cart.js': '' });
    repo.git('rm', '-rq', 'test');
    repo.git('-c', 'user.name=a', '-c', 'user.email=a@b', 'commit', '-qm', 'no tests');
    const { exitCode, stdout } = await runBinary(['doctor', '--json', '--dry-run'], repo.path);
    expect(exitCode).toBe(2);
    expect(levels(findingsOf(stdout))).toMatchObject({ 'tests.command': 'fail' });
  });

  test('asks the forge, and writes nothing', async () => {
    await using scene = await stage({ kind: 'classic' });
    const { status, stdout } = await run(scene, ['doctor', '--json', '--dry-run']);
    expect(status).toBe(0);
    expect(levels(findingsOf(stdout))).toMatchObject({
      'account.permissions': 'ok',
      'checks.start': 'ok',
      'actions.open': 'ok',
      'checks.required': 'warn',
      labels: 'ok',
    });
    expect(scene.server.writes()).toEqual([]);
    expect(scene.server.count('api')).toBeLessThanOrEqual(7);
  });

  test('tells an account that may only read, labels that are missing, and what Actions may not do', async () => {
    await using scene = await stage({ kind: 'classic' });
    scene.repository.labels.length = 0;
    scene.repository.settings.actionsMayOpenPulls = false;
    const owner = await run(scene, ['doctor', '--json', '--dry-run']);
    expect({ status: owner.status, ...levels(findingsOf(owner.stdout)) }).toMatchObject({
      status: 2,
      labels: 'warn',
      'actions.open': 'fail',
    });
    const { value } = scene.server.token({ kind: 'classic', login: 'guest', repositories: [scene.repository] });
    const guest = await run(scene, ['doctor', '--json', '--dry-run'], { GITHUB_TOKEN: value });
    // What it may not see is not taken for a no.
    expect(levels(findingsOf(guest.stdout))).toMatchObject({ 'account.permissions': 'fail', 'actions.open': 'warn' });
  });

  test('tells scopes that are not enough, and of what a workflow lacks and is behind', async () => {
    await using scene = await stage({ kind: 'classic' });
    await run(scene, ['init', '--yes']);
    const fresh = await run(scene, ['doctor', '--json', '--dry-run']);
    expect(levels(findingsOf(fresh.stdout))).toMatchObject({ 'token.scopes': 'ok', 'workflow.pins': 'ok' });
    expect(levels(findingsOf(fresh.stdout))).not.toHaveProperty('workflow.permissions');
    const file = join(scene.clone, '.github/workflows/bugloop.yml');
    const text = readFileSync(file, 'utf8');
    const behind = text.replace(/@[0-9a-f]{40} # \S+/, `@${'0'.repeat(40)} # v0.0.1`);
    writeFileSync(file, behind.replace(/^ {2}(?:checks|statuses): write\n/gm, ''));
    const { value } = scene.server.token({ kind: 'classic', scopes: ['read:org'], repositories: [scene.repository] });
    const told = findingsOf((await run(scene, ['doctor', '--json', '--dry-run'], { GITHUB_TOKEN: value })).stdout);
    const found = (code: string) => told.findings.find((finding) => finding.code === code);
    expect(found('token.scopes')).toMatchObject({ level: 'fail', mend: expect.stringContaining('settings/tokens') as unknown });
    expect(found('workflow.pins')).toMatchObject({ level: 'warn', message: expect.stringContaining('@000000000000') as unknown });
    expect(found('workflow.permissions')).toMatchObject({
      level: 'fail',
      message: 'the workflow does not give checks: write, statuses: write',
      mend: expect.stringContaining('.github/workflows/bugloop.yml') as unknown,
    });
  });

  test('a wrong token is told as that', async () => {
    await using scene = await stage({ kind: 'expired' });
    const { status, stderr } = await run(scene, ['doctor', '--dry-run']);
    expect({ status, stderr }).toEqual({ status: 4, stderr: expect.stringContaining('[auth.invalid]') as unknown });
  });
});

describe('estimate', () => {
  test('tells a range, places and limits, and calls and writes nothing', async () => {
    const repo = makeShop();
    const env = { ANTHROPIC_API_KEY: 'not-a-real-key', ANTHROPIC_BASE_URL: 'http://127.0.0.1:1' };
    const { exitCode, stdout } = await runBinary(
      ['estimate', '../bug.md', '--agent', 'claude', '--json', '--budget', '3'],
      repo.path,
      env,
    );
    expect(exitCode).toBe(0);
    const range = z.object({ low: z.number(), high: z.number() });
    const cost = z.object({ attempt: range, run: range, learnedFrom: z.int(), promptBytes: z.int() });
    const told = z.looseObject({ cost }).parse(JSON.parse(stdout));
    const { attempt, run, learnedFrom, promptBytes } = told.cost;
    expect(attempt.low).toBeGreaterThan(0);
    expect(attempt.low).toBeLessThan(attempt.high);
    expect(run.high).toBeLessThanOrEqual(3);
    expect(promptBytes).toBeGreaterThan(1_000);
    expect(learnedFrom).toBe(0);
    expect(told).toMatchObject({
      suspects: expect.arrayContaining([expect.objectContaining({ path: 'src/cart.js' })]) as unknown,
      limits: { dollars: 3 },
    });
    expect(repo.git('status', '--porcelain')).toBe('');
    expect(existsSync(join(repo.path, '.bugloop'))).toBe(false);
  });

  test('reads an issue of the forge, and writes nothing there', async () => {
    await using scene = await stage();
    const { status, stdout } = await run(scene, ['estimate', '1', '--agent', 'search']);
    expect({ status, stdout }).toEqual({ status: 0, stdout: expect.stringContaining('src/add.js') as unknown });
    expect(scene.server.writes()).toEqual([]);
    expect(execFileSync('git', ['status', '--porcelain'], { cwd: scene.clone, encoding: 'utf8' })).toBe('');
  });
});

import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import catalogue from '../fixtures/bad-inputs.json' with { type: 'json' };
import { makeRepo, type TestRepo } from '../support/repo.ts';
import { files, scripts } from './github.ts';
import { runBinary } from './play.ts';

/**
 * Every case of the catalogue of bad inputs that is about state that a run finds, or about the repository it runs in,
 * played against the real binary.
 */

const cases = catalogue.cases.filter(({ kind }) => kind === 'state' || kind === 'git');
const scratch = realpathSync(mkdtempSync(join(tmpdir(), 'bugloop-state-')));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

function makeAdder(): TestRepo {
  const home = mkdtempSync(join(scratch, 'case-'));
  const repo = makeRepo(join(home, 'repo'));
  repo.commit(files, 'adder');
  writeFileSync(join(home, 'bug.md'), '# add(1, 2) is wrong\n\n`add(1, 2)` returns -1 and should return 3.\n');
  writeFileSync(join(home, 'script.json'), JSON.stringify({ attempts: scripts.good }));
  return repo;
}

const solve = (cwd: string, more: string[] = []) =>
  runBinary(['solve', '../bug.md', '--agent', 'scripted', '--script', '../script.json', '--sandbox', 'basic', ...more], cwd);

type Played = Awaited<ReturnType<typeof solve>>;

/** `solve` with a lock of that process on the issue. */
async function withLock(pid: number): Promise<Played> {
  const repo = makeAdder();
  const runs = join(repo.path, '.bugloop/runs');
  mkdirSync(runs, { recursive: true });
  const lock = { pid, host: hostname(), startedAt: '2026-01-01T00:00:00.000Z' };
  writeFileSync(join(runs, 'issue-bug.lock'), JSON.stringify(lock));
  return solve(repo.path);
}

/** `verify` of a run whose report was replaced. */
async function withReport(text: string): Promise<Played> {
  const repo = makeAdder();
  await solve(repo.path, ['--no-publish']);
  const [run = ''] = readdirSync(join(repo.path, '.bugloop/runs')).filter((name) => name.includes('-issue-bug-'));
  writeFileSync(join(repo.path, '.bugloop/runs', run, 'report.json'), text);
  return runBinary(['verify', join('.bugloop/runs', run)], repo.path);
}

/** A process that surely is gone. */
const deadPid = (): number => spawnSync('true').pid;

const played: Record<string, () => Promise<Played>> = {
  'STA-01': () => withReport('{"v":1,'),
  'STA-02': () => withReport('{"version":99}'),
  'STA-04': () => withLock(process.pid),
  'STA-05': () => withLock(deadPid()),
  'STA-06': () => solve(makeAdder().path, ['--out', '/proc/nowhere']),
  'GIT-01': async () => {
    const repo = makeAdder();
    repo.commit({ 'README.md': 'adder\n' }, 'more');
    const shallow = join(repo.path, '../shallow');
    execFileSync('git', ['clone', '--quiet', '--depth', '1', `file://${repo.path}`, shallow]);
    return solve(shallow);
  },
  'GIT-02': () => {
    const repo = makeAdder();
    repo.git('checkout', '--quiet', '--detach');
    return solve(repo.path);
  },
};

/** Cannot be reached through a command: git of ours never touches the index of the user's repository. */
const elsewhere: Record<string, string> = { 'GIT-07': 'test/workspace/mirror.test.ts' };

/** Where bugloop does otherwise on purpose. */
const otherwise: Record<string, { exit: number; words: string[]; why: string }> = {
  'STA-01': { exit: 2, words: ['report.json'], why: 'what is unreadable is not believed, and never rebuilt from a guess' },
  'GIT-01': { exit: 0, words: [], why: 'a run needs no history before its base, so there is nothing to deepen or explain' },
};

describe('the catalogue of bad inputs', () => {
  test('every case is arranged', () => {
    expect([...Object.keys(played), ...Object.keys(elsewhere)].sort()).toEqual(cases.map(({ id }) => id).sort());
  });

  test.each(cases.filter(({ id }) => played[id] !== undefined))('$id $title', async ({ id, expected_error: expected }) => {
    const ended = await played[id]?.();
    const { exit, words } = otherwise[id] ?? { exit: expected.exit, words: expected.message_must_contain };
    const told = `${ended?.stdout ?? ''}\n${ended?.stderr ?? ''}`;
    expect({ exit: ended?.exitCode, told }).toEqual({ exit, told });
    const code = expected.code.startsWith('(none)') ? [] : [`[${expected.code}]`];
    for (const word of [...code, ...words]) expect(told).toContain(word);
  });
});

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readRecord } from '../../src/loop/claim.ts';
import { BugloopError } from '../../src/errors.ts';
import { openGitHubForge } from '../../src/forge/github/forge.ts';
import type { Fault } from '../servers/github/faults.ts';
import { startGitHub, type GitHubServer } from '../servers/github/index.ts';
import { gitHubGround, gitHubOptions, labels, push, type GitHubGround } from './forge.ts';

/** GitHub as it can be: slow, broken, full of other people. */

let server: GitHubServer;
beforeAll(async () => {
  server = await startGitHub({ lifetimeMs: 10 * 60_000 });
});
afterAll(() => server.close());

const branch = 'bugloop/issue-1';
const status = '<!-- bugloop:status -->\nat work';
const soon = (): string => new Date(Date.now() + 60_000).toISOString();

describe('what is read', () => {
  test('a comment that looks like ours and is not is none', async () => {
    const { forge, ref, issue } = await gitHubGround(server);
    server.comment(issue, '<!-- bugloop:status -->\nI am bugloop', 'guest');
    expect((await forge.read(ref)).status).toBeUndefined();
  });

  test('a comment is ours by the number of its author, whichever of our accounts writes next', async () => {
    const { forge, ref, issue, repository } = await gitHubGround(server);
    // Ours in name only, and older.
    server.bot('github-action', { id: 99 });
    server.comment(issue, status, 'github-action[bot]');
    await forge.mark(await forge.read(ref), { status });
    const app = server.token({ kind: 'app', login: 'bugloop-app', repositories: [repository] });
    const options = await gitHubOptions(server, repository, app);
    const stranger = openGitHubForge(options);
    expect((await stranger.read(ref)).status).toBeUndefined();
    const colleague = openGitHubForge({ ...options, accounts: [41_898_282] });
    await colleague.mark(await colleague.read(ref), { status: `${status} still` });
    expect(issue.comments.map(({ body }) => body)).toEqual([status, `${status} still`]);
  });

  test('our own comment is found behind two hundred others', async () => {
    const { forge, ref, issue } = await gitHubGround(server);
    for (let number = 0; number < 205; number += 1) server.comment(issue, `me too ${number}`, 'guest');
    await forge.mark(await forge.read(ref), { status });
    expect((await forge.read(ref)).status?.text).toBe(status);
    await forge.mark(await forge.read(ref), { status: `${status} still` });
    expect(issue.comments.filter(({ body }) => body.startsWith('<!-- bugloop:status'))).toHaveLength(1);
  });

  test('a status comment of ours that is unreadable stops the run', async () => {
    const { forge, ref } = await gitHubGround(server);
    await forge.mark(await forge.read(ref), { status: `${status} <!-- bugloop:state e30= -->` });
    const standing = await forge.read(ref);
    expect(() => readRecord(standing)).toThrow(expect.objectContaining({ code: 'state.corrupt', exit: 2 }));
  });

  test.each([
    ['99', 'issue.not_found', 2],
    ['x.md', 'usage.issue_ref', 2],
  ])('%s is no issue', async (ref, code, exit) => {
    const { forge } = await gitHubGround(server);
    await expect(forge.read(ref)).rejects.toMatchObject({ code, exit });
  });

  test('a pull request is no issue', async () => {
    const ground = await gitHubGround(server);
    await push(ground, await ground.make('fix'));
    const { number } = await ground.forge.openChange(await ground.forge.read('1'), {
      title: 't',
      body: '',
      base: 'main',
      head: '',
      touched: { commit: ground.base, files: [] },
    });
    await expect(ground.forge.read(String(number))).rejects.toMatchObject({ code: 'usage.issue_ref' });
  });
});

describe('who may start a run', () => {
  test.each<[string, (ground: GitHubGround) => { login: string; id: number; type: string }, boolean]>([
    ['a person with write permission', () => ({ login: 'maria', id: server.user('maria').id, type: 'User' }), true],
    ['a person who may only read', () => ({ login: 'guest', id: server.user('guest').id, type: 'User' }), false],
    ['another account under a known name', () => ({ login: 'maria', id: 4711, type: 'User' }), false],
    ['a bot, whatever it may', () => ({ login: 'helper[bot]', id: server.bot('helper[bot]').id, type: 'Bot' }), false],
    ['nobody', () => ({ login: 'nobody-there', id: 1, type: 'User' }), false],
  ])('%s', async (_, actorOf, may) => {
    const ground = await gitHubGround(server);
    const asked = ground.forge.assertMayWrite(actorOf(ground));
    const refusal = await asked.then(
      () => undefined,
      (error: unknown) => error,
    );
    expect(refusal instanceof BugloopError ? refusal.code : undefined).toBe(may ? undefined : 'auth.not_permitted');
  });
});

describe('tokens', () => {
  test('one that has expired', async () => {
    const { forge, ref } = await gitHubGround(server, { token: server.token({ kind: 'expired' }) });
    await expect(forge.read(ref)).rejects.toMatchObject({ code: 'auth.invalid', exit: 4 });
  });

  test('one that may only read names what it lacks and where to set it, and never itself', async () => {
    const token = server.token({ kind: 'read-only' });
    const { forge, ref, make } = await gitHubGround(server, { token });
    const standing = await forge.read(ref);
    const refused = {
      code: 'auth.forbidden',
      exit: 4,
      message: expect.stringMatching(/contents: write/),
      hint: expect.stringMatching(/set contents: write .*settings\/personal-access-tokens/),
    };
    await expect(forge.lock(standing, { run: 'run-1', expiresAt: soon() })).rejects.toMatchObject(refused);
    await expect(forge.pushBranch({ branch, ...(await make('fix')) })).rejects.toMatchObject(refused);
    await expect(forge.mark(standing, { status })).rejects.toMatchObject({ code: 'auth.forbidden', exit: 4 });
    const said = await forge.mark(standing, { status }).catch((error: Error) => JSON.stringify([error, error.message]));
    expect(said).not.toContain(token.value);
  });
});

describe('the lock', () => {
  test('of five runs that ask at once, one gets it', async () => {
    const ground = await gitHubGround(server);
    const token = server.token({ kind: 'actions', repositories: [ground.repository] });
    const options = await gitHubOptions(server, ground.repository, token);
    const runs = [1, 2, 3, 4, 5].map((number) => ({ run: `run-${number}`, forge: openGitHubForge(options) }));
    const answers = await Promise.all(
      runs.map(async ({ run, forge }) => forge.lock(await forge.read('1'), { run, expiresAt: soon() })),
    );
    expect(answers.filter(({ ok }) => ok)).toHaveLength(1);
  });

  test.each<[string, Partial<{ expiresAt: string; pid: number; machine: string }>, boolean]>([
    ['that has expired', { expiresAt: new Date(Date.now() - 1_000).toISOString() }, true],
    ['of a process of this machine that is gone', { pid: 2 ** 22 - 1 }, true],
    ['of another machine', { machine: 'elsewhere', pid: 2 ** 22 - 1 }, false],
    ['of a process that lives', {}, false],
  ])('one %s', async (_, { expiresAt = soon(), pid, machine }, taken) => {
    const ground = await gitHubGround(server);
    const token = server.token({ kind: 'actions', repositories: [ground.repository] });
    const options = await gitHubOptions(server, ground.repository, token);
    const self = { ...options.self, ...(pid === undefined ? {} : { pid }), ...(machine === undefined ? {} : { machine }) };
    const other = openGitHubForge({ ...options, self });
    expect(await other.lock(await other.read('1'), { run: 'old', expiresAt })).toMatchObject({ ok: true });
    const answer = await ground.forge.lock(await ground.forge.read('1'), { run: 'new', expiresAt: soon() });
    expect(answer).toMatchObject(taken ? { ok: true, took: { run: 'old' } } : { ok: false, holder: { run: 'old' } });
    await ground.forge.mark(await ground.forge.read('1'), { release: 'new' });
    expect((await ground.forge.read('1')).lock?.run).toBe(taken ? undefined : 'old');
  });
});

// ---------------------------------------------------------------------------------------------- faults

const faults: [string, Fault][] = [
  ['502', { kind: 'status' }],
  ['502 after the effect', { kind: 'status', commit: true }],
  ['a page with status 200', { kind: 'html' }],
  ['a page with status 200 after the effect', { kind: 'html', commit: true }],
  ['JSON that is cut', { kind: 'cut' }],
  ['an answer that breaks off', { kind: 'truncated' }],
  ['a reset', { kind: 'reset' }],
  ['a reset after the effect', { kind: 'reset', commit: true }],
  ['the secondary limit', { kind: 'secondary-limit' }],
  ['the primary limit', { kind: 'primary-limit' }],
  ['a slow answer', { kind: 'slow' }],
];
const calls: [string, Fault['match']][] = [
  ['the look', 'query'],
  ['the commit of the lock', 'git/create-commit'],
  ['the ref of the lock', 'git/create-ref'],
  ['the marks', 'addComment'],
  ['the opening of a push', 'info/refs git-receive-pack'],
  ['the push', 'git-receive-pack'],
  ['the change', 'createPullRequest'],
  ['the last marks', 'updateRefs'],
];

/** Everything that a run does on the forge, in its order. */
async function everything(ground: GitHubGround): Promise<void> {
  const { forge, ref } = ground;
  const standing = await forge.read(ref);
  expect(await forge.lock(standing, { run: 'run-1', expiresAt: soon() })).toMatchObject({ ok: true });
  await forge.mark(standing, { add: [labels.inProgress], remove: [labels.trigger], status });
  const sealed = await ground.make('fix');
  expect(await push(ground, sealed)).toMatchObject({ ok: true });
  const touched = { commit: ground.base, files: [{ path: 'a', lines: [1] }] };
  const draft = { title: 'fix: it', body: 'Closes #1', base: 'main', head: sealed.head, touched };
  expect(await forge.openChange(await forge.read(ref), draft)).toMatchObject({ blame: [{ path: 'a', start: 1, end: 1 }] });
  await forge.mark(standing, { remove: [labels.inProgress], status: `${status}: done`, release: 'run-1' });
}

describe.concurrent.each(calls)('whatever goes wrong with %s, every effect is made once', (_, match) => {
  test.for(faults)('%s', async ([, fault]) => {
    const home = mkdtempSync(join(tmpdir(), 'bugloop-test-'));
    const own = await startGitHub();
    try {
      const ground = await gitHubGround(own, { place: () => mkdtempSync(join(home, 'place-')) });
      own.faults.add({ ...fault, match: match ?? 'graphql' });
      await everything(ground);
      expect(own.faults.left()).toBe(0);
      expect(own.pulls(ground.repository)).toHaveLength(1);
      expect(ground.issue.comments.map(({ body }) => body)).toEqual([`${status}: done`]);
      expect(ground.issue.labels).toEqual([]);
      const refs = await own.git(ground.repository, 'for-each-ref', '--format=%(refname:lstrip=2)', 'refs/heads');
      expect(refs.trim().split('\n')).toEqual([branch, 'main']);
    } finally {
      await own.close();
      rmSync(home, { recursive: true, force: true });
    }
  });
});

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { findPrior } from '../../src/loop/claim.ts';
import { startGitHub, type GitHubServer } from '../servers/github/index.ts';
import { gitHubGround, localGround, push, type Ground } from './forge.ts';

/** One suite over both forges: what a run may rely on whichever it is. */

let server: GitHubServer;
beforeAll(async () => {
  server = await startGitHub({ lifetimeMs: 10 * 60_000 });
});
afterAll(() => server.close());

const branch = 'bugloop/issue-1';

describe.each<[string, () => Promise<Ground>]>([
  ['local', localGround],
  ['github', () => gitHubGround(server)],
])('%s', (name, open) => {
  test('reads the issue, and nothing is in the way', async () => {
    const { forge, ref } = await open();
    const standing = await forge.read(ref);
    expect(forge.name).toBe(name);
    expect(standing).toMatchObject({ issue: { id: '1', title: 'It fails', body: 'Steps' }, open: true, branch, changes: [] });
    expect(standing.tip).toBeUndefined();
    expect(findPrior(standing)).toBeUndefined();
  });

  test('pushes once: a second time changes nothing', async () => {
    const ground = await open();
    const sealed = await ground.make('fix');
    expect(await push(ground, sealed)).toEqual({ ok: true, created: true });
    expect(await ground.tip(branch)).toBe(sealed.head);
    expect((await ground.forge.read(ground.ref)).tip).toMatchObject({ commit: sealed.head, ours: true });
    expect(await push(ground, sealed)).toMatchObject({ ok: true });
    expect(await ground.tip(branch)).toBe(sealed.head);
  });

  test('moves our own branch forward', async () => {
    const ground = await open();
    const half = await ground.make('half');
    await push(ground, half);
    const whole = await ground.make('whole', half.head);
    expect(await push(ground, whole)).toMatchObject({ ok: true });
    expect(await ground.tip(branch)).toBe(whole.head);
  });

  test('never overwrites a commit of somebody else, seen or not', async () => {
    const ground = await open();
    const ours = await ground.make('ours');
    await push(ground, ours);
    const more = await ground.make('more', ours.head);
    await ground.meddle(branch);
    const theirs = await ground.tip(branch);
    expect(findPrior(await ground.forge.read(ground.ref))).toContain(branch);
    expect(await ground.forge.pushBranch({ branch, ...more, expected: ours.head })).toMatchObject({ ok: false, why: 'moved' });
    expect(await push(ground, more)).toMatchObject({ ok: false, why: 'moved' });
    expect(await ground.tip(branch)).toBe(theirs);
  });

  test('a branch that appeared since it was looked for is left alone', async () => {
    const ground = await open();
    const [first, second] = [await ground.make('first'), await ground.make('second')];
    await push(ground, first);
    expect(await ground.forge.pushBranch({ branch, ...second })).toMatchObject({ ok: false, why: 'moved' });
    expect(await ground.tip(branch)).toBe(first.head);
  });

  test('marks, or says why it cannot', async () => {
    const { forge, ref } = await open();
    const standing = await forge.read(ref);
    const marked = await forge.mark(standing, { add: ['bugloop:solving'], status: '<!-- bugloop:status -->\nhello' });
    expect(marked.done).toBe(name === 'github');
    expect(marked.why).toBe(name === 'github' ? undefined : 'a plain repository has no labels and no comments');
  });

  test('the change of a branch is opened once', async () => {
    const ground = await open();
    const sealed = await ground.make('fix');
    await push(ground, sealed);
    const standing = await ground.forge.read(ground.ref);
    const touched = { commit: ground.base, files: [{ path: 'a', lines: [1] }] };
    const draft = { title: 'fix: it', body: 'Closes #1', base: 'main', head: sealed.head, touched };
    const first = await ground.forge.openChange(standing, draft);
    const second = await ground.forge.openChange(standing, draft);
    expect(second).toEqual({ ...first, created: false });
    expect(first.created).toBe(name === 'github');
  });

  test('a run that holds the lock is told again that it does', async () => {
    const { forge, ref } = await open();
    const claim = { run: 'run-1', expiresAt: new Date(Date.now() + 60_000).toISOString() };
    expect(await forge.lock(await forge.read(ref), claim)).toMatchObject({ ok: true });
    expect(await forge.lock(await forge.read(ref), claim)).toMatchObject({ ok: true });
  });
});

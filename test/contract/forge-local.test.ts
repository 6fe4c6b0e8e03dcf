import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, test } from 'vitest';
import { openLocalForge } from '../../src/forge/local.ts';
import { findPrior } from '../../src/loop/claim.ts';
import type { BranchPush, Forge } from '../../src/ports.ts';
import { committer } from '../../src/workspace/git.ts';
import { openMirror } from '../../src/workspace/mirror.ts';
import { hardenedGit, makeRepo, temporary, type TestRepo } from '../support/repo.ts';

const branch = 'bugloop/issue-1';
/** A sealed commit with what it started from. */
type Sealed = BranchPush & { base: string };

/** The bug report lies outside of the repository, so that its status stays clean. */
function issueIn(directory: string): string {
  const file = join(directory, '1.md');
  writeFileSync(file, '# It fails');
  return file;
}

/** Looks and pushes, as a run does. */
async function publish(forge: Forge, sealed: BranchPush) {
  const { tip } = await forge.read(issueIn(temporary()));
  return forge.pushBranch({ ...sealed, ...(tip === undefined ? {} : { expected: tip.commit }) });
}

async function priorOf(forge: Forge): Promise<string | undefined> {
  return findPrior(await forge.read(issueIn(temporary())));
}

function forgeOf(repo: TestRepo): Forge {
  return openLocalForge({
    git: hardenedGit(repo.path).run,
    cwd: repo.path,
    committer: committer.email,
    branchPrefix: 'bugloop/',
  });
}

/** A fix on the repository's HEAD, sealed as a run leaves it. */
async function seal(repo: TestRepo, content: string, name = branch): Promise<Sealed> {
  const base = repo.git('rev-parse', 'HEAD');
  const date = new Date('2026-11-20T17:47:00Z');
  const mirror = await openMirror({
    git: hardenedGit(repo.path),
    repository: repo.path,
    base,
    path: join(temporary(), 'mirror'),
    date,
  });
  const git = hardenedGit(mirror.path);
  const blob = await git.run(['hash-object', '-w', '--stdin'], { input: content });
  const tree = await git.run(['mktree'], { input: `100644 blob ${blob}\ta\n` });
  const head = await mirror.commitTree(tree, base, `fix: ${content}\n\nBugloop-Run: 20261120-174700-issue-1-3f9a\n`);
  const bundle = join(temporary(), 'change.bundle');
  await mirror.bundle(bundle, name, base, head);
  return { branch: name, base, head, mirror, bundle };
}

function state(repo: TestRepo): string[] {
  return [
    repo.git('status', '--porcelain'),
    repo.git('rev-parse', 'HEAD'),
    repo.git('symbolic-ref', 'HEAD'),
    repo.git('for-each-ref'),
  ];
}

describe('readIssue', () => {
  test.each<[string, string, { id: string; title: string; body: string }]>([
    ['bug.md', '# Total is wrong #\n\nSteps\n', { id: 'bug', title: 'Total is wrong', body: 'Steps' }],
    ['Größe & Co.md', '\uFEFFIt  fails\r\n\r\nbody\r\n', { id: 'gro-e-co', title: 'It fails', body: 'body' }],
    [
      '12.markdown',
      '---\ntitle: "From: matter"\nlabels: [x]\n---\n# Heading\n',
      { id: '12', title: 'From: matter', body: '# Heading' },
    ],
    ['setext.md', 'Title\n=====\nbody', { id: 'setext', title: 'Title', body: 'body' }],
    ['intro.md', 'Hello,\n\n## It fails\nhow', { id: 'intro', title: 'It fails', body: 'Hello,\n\nhow' }],
    ['code.md', 'It fails\n```sh\n# not a title\n```', { id: 'code', title: 'It fails', body: '```sh\n# not a title\n```' }],
    ['only.md', '# Only a title', { id: 'only', title: 'Only a title', body: '' }],
    ['日本.md', 'x', { id: 'report', title: 'x', body: '' }],
    ['-- weird --.md', 'x', { id: 'weird', title: 'x', body: '' }],
  ])('%s', async (name, text, expected) => {
    const repo = makeRepo();
    repo.write({ [name]: text });
    expect((await forgeOf(repo).read(name)).issue).toEqual({ ...expected, source: 'file' });
  });

  test.each<[string, (path: string) => void, RegExp]>([
    ['missing', () => undefined, /does not exist/],
    ['a directory', (path) => mkdirSync(path), /is a directory/],
    ['empty', (path) => writeFileSync(path, ' \n\n'), /is empty/],
    ['binary', (path) => writeFileSync(path, Buffer.from([0x89, 0, 1])), /is binary/],
    ['Latin-1', (path) => writeFileSync(path, Buffer.from([0x67, 0xfc])), /UTF-8/],
    ['huge', (path) => writeFileSync(path, 'x'.repeat(1_048_577)), /1048577 bytes/],
    ['a pipe', (path) => execFileSync('mkfifo', [path]), /not a regular file/],
  ])('refuses a file that is %s', async (_, make, message) => {
    const repo = makeRepo();
    make(join(repo.path, 'bug.md'));
    await expect(forgeOf(repo).read('bug.md')).rejects.toMatchObject({ code: 'issue.unreadable', exit: 2, message });
  });
});

describe('publish', () => {
  test('leaves one branch with the sealed commit, and the checkout as it was', async () => {
    const repo = makeRepo();
    repo.commit({ a: 'bug' });
    const [status, head, on] = state(repo);
    const forge = forgeOf(repo);
    const sealed = await seal(repo, 'fix');
    expect(await priorOf(forge)).toBeUndefined();
    expect(await publish(forge, sealed)).toEqual({ ok: true, created: true });
    expect(state(repo)).toEqual([
      status,
      head,
      on,
      expect.stringMatching(/^\w+ commit\trefs\/heads\/bugloop\/issue-1\n\w+ commit\trefs\/heads\/main$/),
    ]);
    expect(repo.git('show', `refs/heads/${branch}:a`)).toBe('fix');
    expect(await priorOf(forge)).toBeUndefined();
  });

  test('a second time changes nothing; our own branch is moved', async () => {
    const repo = makeRepo();
    repo.commit({ a: 'bug' });
    const forge = forgeOf(repo);
    const [first, second] = [await seal(repo, 'half'), await seal(repo, 'fix')];
    await publish(forge, first);
    expect(await publish(forge, first)).toEqual({ ok: true, created: false });
    expect(await publish(forge, second)).toEqual({ ok: true, created: false });
    expect(repo.git('rev-parse', `refs/heads/${branch}`)).toBe(second.head);
  });

  test.each<[string, (repo: TestRepo) => void]>([
    ['is a human’s', (repo) => repo.git('branch', branch)],
    [
      'got a human commit on top of ours',
      (repo) => {
        repo.git('switch', '--quiet', branch);
        repo.commit({ a: 'mine' });
        repo.git('switch', '--quiet', 'main');
      },
    ],
    [
      'was amended by a human, with our trailer',
      (repo) => {
        repo.git('switch', '--quiet', branch);
        repo.git('commit', '--quiet', '--amend', '--no-edit', '--allow-empty');
        repo.git('switch', '--quiet', 'main');
      },
    ],
    ['is checked out', (repo) => repo.git('switch', '--quiet', branch)],
    ['is checked out in another work tree', (repo) => repo.git('worktree', 'add', '--quiet', join(temporary(), 'w t'), branch)],
  ])('never touches a branch that %s', async (_, act) => {
    const repo = makeRepo();
    repo.commit({ a: 'bug' });
    const forge = forgeOf(repo);
    const [first, second] = [await seal(repo, 'half'), await seal(repo, 'fix')];
    if (!_.endsWith('a human’s')) await publish(forge, first);
    act(repo);
    const before = state(repo);
    expect(await priorOf(forge)).toContain(branch);
    expect(await publish(forge, second)).toMatchObject({ ok: false, why: 'moved' });
    expect(state(repo)).toEqual(before);
  });

  test('GX-23 a tag of the same name does not matter', async () => {
    const repo = makeRepo();
    repo.commit({ a: 'bug' });
    repo.git('tag', branch);
    const sealed = await seal(repo, 'fix');
    expect(await publish(forgeOf(repo), sealed)).toEqual({ ok: true, created: true });
    expect(repo.git('rev-parse', `refs/heads/${branch}`)).toBe(sealed.head);
    expect(repo.git('rev-parse', `refs/tags/${branch}`)).toBe(sealed.base);
    expect(await priorOf(forgeOf(repo))).toBeUndefined();
  });

  test.each(['bugloop', `${branch}/more`])('says so when branch %s is in the way', async (other) => {
    const repo = makeRepo();
    repo.commit({ a: 'bug' });
    const sealed = await seal(repo, 'fix');
    repo.git('branch', other);
    const refusal = { code: 'git.branch_taken', message: expect.stringContaining(`branch ${other} exists`) };
    await expect(priorOf(forgeOf(repo))).rejects.toMatchObject(refusal);
    await expect(publish(forgeOf(repo), sealed)).rejects.toMatchObject(refusal);
  });

  test('a bundle with another commit than the sealed one is refused', async () => {
    const repo = makeRepo();
    repo.commit({ a: 'bug' });
    const [one, other] = [await seal(repo, 'one'), await seal(repo, 'other')];
    const before = state(repo);
    await expect(publish(forgeOf(repo), { ...one, bundle: other.bundle })).rejects.toMatchObject({ code: 'state.corrupt' });
    expect(state(repo)).toEqual(before);
  });

  test('GX-18 and GX-19 no hook of the repository runs', async () => {
    const repo = makeRepo();
    repo.commit({ a: 'bug' });
    const canary = join(temporary(), 'canary');
    for (const dir of ['.git/hooks', '.husky']) {
      for (const hook of ['reference-transaction', 'post-merge', 'pre-push', 'post-checkout', 'fsmonitor']) {
        repo.write({ [join(dir, hook)]: '' });
        writeFileSync(join(repo.path, dir, hook), `#!/bin/sh\ntouch ${canary}\n`, { mode: 0o755 });
        execFileSync('chmod', ['+x', join(repo.path, dir, hook)]);
      }
    }
    const sealed = await seal(repo, 'fix');
    repo.git('config', 'core.hooksPath', '.husky');
    repo.git('config', 'core.fsmonitor', join(repo.path, '.husky/fsmonitor'));
    repo.git('config', `url.${pathToFileURL(temporary()).href}.insteadOf`, '/nowhere');
    await publish(forgeOf(repo), sealed);
    expect(existsSync(canary)).toBe(false);
    repo.git('update-ref', 'refs/heads/other', 'HEAD');
    expect(existsSync(canary), 'the hook would have run').toBe(true);
  });
});

import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, test } from 'vitest';
import { reportSchema, reportVersion, type RunReport } from '../../src/core/report.ts';
import { openLocalForge } from '../../src/forge/local.ts';
import type { Forge, Sealed } from '../../src/ports.ts';
import { committer } from '../../src/workspace/git.ts';
import { openMirror } from '../../src/workspace/mirror.ts';
import { hardenedGit, makeRepo, temporary, type TestRepo } from '../support/repo.ts';

const branch = 'bugloop/issue-1';
const issue = { id: '1', title: 't', body: '', source: 'file' } as const;

function forgeOf(repo: TestRepo): Forge {
  return openLocalForge({ git: hardenedGit(repo.path).run, cwd: repo.path, committer: committer.email });
}

function report(name: string, base: string, head: string): RunReport {
  const at = '2026-11-20T17:47:00.000Z';
  const usage = { calls: 0, inputTokens: 0, outputTokens: 0, cacheReadTokens: 0, cacheWriteTokens: 0 };
  return reportSchema.parse({
    version: reportVersion,
    run: { id: '20261120-174700-issue-1-3f9a', bugloop: '0.1.0', startedAt: at, endedAt: at, durationMs: 0 },
    outcome: 'proven',
    needsHuman: [],
    issue: { id: '1', title: 't', severity: 'unknown', frames: 0, hiddenText: 0 },
    branch: name,
    base: { commit: base },
    head,
    agent: { name: 'scripted' },
    sandbox: 'basic',
    commands: {},
    suspects: [],
    attempts: [],
    cost: { usage, dollars: 0, assumed: false },
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
  return { report: report(name, base, head), branch: name, base, head, body: '', mirror, bundle };
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
    expect(await forgeOf(repo).readIssue(name)).toEqual({ ...expected, source: 'file' });
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
    await expect(forgeOf(repo).readIssue('bug.md')).rejects.toMatchObject({ code: 'issue.unreadable', exit: 2, message });
  });
});

describe('publish', () => {
  test('leaves one branch with the sealed commit, and the checkout as it was', async () => {
    const repo = makeRepo();
    repo.commit({ a: 'bug' });
    const [status, head, on] = state(repo);
    const forge = forgeOf(repo);
    const sealed = await seal(repo, 'fix');
    expect(await forge.findPrior(issue, branch)).toBeUndefined();
    expect(await forge.publish(sealed)).toEqual({ branch, created: true });
    expect(state(repo)).toEqual([
      status,
      head,
      on,
      expect.stringMatching(/^\w+ commit\trefs\/heads\/bugloop\/issue-1\n\w+ commit\trefs\/heads\/main$/),
    ]);
    expect(repo.git('show', `refs/heads/${branch}:a`)).toBe('fix');
    expect(await forge.findPrior(issue, branch)).toBeUndefined();
  });

  test('a second time changes nothing; our own branch is moved', async () => {
    const repo = makeRepo();
    repo.commit({ a: 'bug' });
    const forge = forgeOf(repo);
    const [first, second] = [await seal(repo, 'half'), await seal(repo, 'fix')];
    await forge.publish(first);
    expect(await forge.publish(first)).toEqual({ branch, created: false });
    expect(await forge.publish(second)).toEqual({ branch, created: false });
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
    if (!_.endsWith('a human’s')) await forge.publish(first);
    act(repo);
    const before = state(repo);
    expect(await forge.findPrior(issue, branch)).toMatchObject({ kind: 'branch', description: expect.stringContaining(branch) });
    await expect(forge.publish(second)).rejects.toMatchObject({ code: 'git.branch_taken', exit: 4 });
    expect(state(repo)).toEqual(before);
  });

  test('GX-23 a tag of the same name does not matter', async () => {
    const repo = makeRepo();
    repo.commit({ a: 'bug' });
    repo.git('tag', branch);
    const sealed = await seal(repo, 'fix');
    expect(await forgeOf(repo).publish(sealed)).toEqual({ branch, created: true });
    expect(repo.git('rev-parse', `refs/heads/${branch}`)).toBe(sealed.head);
    expect(repo.git('rev-parse', `refs/tags/${branch}`)).toBe(sealed.base);
    expect(await forgeOf(repo).findPrior(issue, branch)).toBeUndefined();
  });

  test.each(['bugloop', `${branch}/more`])('says so when branch %s is in the way', async (other) => {
    const repo = makeRepo();
    repo.commit({ a: 'bug' });
    const sealed = await seal(repo, 'fix');
    repo.git('branch', other);
    const refusal = { code: 'git.branch_taken', message: expect.stringContaining(`branch ${other} exists`) };
    await expect(forgeOf(repo).findPrior(issue, branch)).rejects.toMatchObject(refusal);
    await expect(forgeOf(repo).publish(sealed)).rejects.toMatchObject(refusal);
  });

  test('a bundle with another commit than the sealed one is refused', async () => {
    const repo = makeRepo();
    repo.commit({ a: 'bug' });
    const [one, other] = [await seal(repo, 'one'), await seal(repo, 'other')];
    const before = state(repo);
    await expect(forgeOf(repo).publish({ ...one, bundle: other.bundle })).rejects.toMatchObject({ code: 'state.corrupt' });
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
    await forgeOf(repo).publish(sealed);
    expect(existsSync(canary)).toBe(false);
    repo.git('update-ref', 'refs/heads/other', 'HEAD');
    expect(existsSync(canary), 'the hook would have run').toBe(true);
  });
});

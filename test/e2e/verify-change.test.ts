import { execFileSync } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';
import type { PullRequest } from '../servers/github/index.ts';
import { run, solve, stage, type Ended, type Scene } from './github.ts';

/** `bugloop verify <pr>` for somebody who has a clone and nothing else: no token, no key. */

interface Opened extends Scene {
  pull: PullRequest;
}

async function opened(): Promise<Opened> {
  const scene = await stage();
  onTestFinished(() => scene[Symbol.asyncDispose]());
  const ended = await solve(scene);
  const [pull] = scene.server.pulls(scene.repository);
  if (pull === undefined) throw new Error(`no pull request: ${ended.stderr}${ended.stdout}`);
  scene.server.forget();
  return { ...scene, pull };
}

function verify(scene: Opened, target = String(scene.pull.number)): Promise<Ended> {
  return run(scene, ['verify', target, '--sandbox', 'basic', '--quiet'], { GITHUB_TOKEN: undefined });
}

test('the change that bugloop opened holds, by number and by the command in its text, without a token or a write', async () => {
  const scene = await opened();
  const ended = await verify(scene);
  expect(ended.stderr).toBe('');
  expect(ended.stdout).toContain(`Verified: #${scene.pull.number} at ${scene.pull.headSha.slice(0, 12)}`);
  expect(ended.status).toBe(0);
  expect(scene.server.writes()).toEqual([]);
  expect(scene.server.requests.every(({ headers }) => headers['authorization'] === undefined)).toBe(true);

  // What a reader pastes, word for word; only the program is the one under test.
  const [program, ...pasted] = /```sh\n(bugloop verify [^\n]+)\n```/.exec(scene.pull.body)?.[1]?.split(' ') ?? [];
  expect(program).toBe('bugloop');
  const again = await run(scene, pasted, { GITHUB_TOKEN: undefined, GITHUB_REPOSITORY: undefined }, cloneFrom(scene));
  expect(again.stdout).toContain(`Verified: #${scene.pull.number}`);
  expect(again.status).toBe(0);
  scene.server.assertClean();
});

const weaker = (assertion: string): string =>
  `import test from 'node:test';\nimport assert from 'node:assert/strict';\nimport { add } from '../src/add.js';\ntest('sum', () => { ${assertion} });\n`;

test.each<[string, (scene: Opened) => unknown, RegExp]>([
  [
    'its test was weakened after the proof, so that it still fails without the fix',
    ({ server, repository, pull }) =>
      server.commit(repository, pull.headRef, { 'test/sum.test.js': weaker('assert.ok(add(1, 2) > 0)') }),
    /verify\.claim_mismatch/,
  ],
  [
    'its test passes without the fix',
    ({ server, repository, pull }) =>
      server.commit(repository, pull.headRef, { 'test/sum.test.js': weaker('assert.equal(add(2, 0), 2)') }),
    /proof\.green_on_base/,
  ],
  [
    'the fix was taken back',
    ({ server, repository, pull }) =>
      server.commit(repository, pull.headRef, { 'src/add.js': 'export function add(a, b) {\n  return a - b;\n}\n' }),
    /tests\.failed/,
  ],
  [
    'a number in its text was edited',
    ({ pull }) => {
      expect(pull.body).toContain('| after | 2 | 0 | 0 |');
      pull.body = pull.body.replace('| after | 2 | 0 | 0 |', '| after | 20 | 0 | 0 |');
    },
    /whole suite.*verify\.claim_mismatch/,
  ],
  [
    'somebody committed more after the proof',
    ({ server, repository, pull }) => server.commit(repository, pull.headRef, { 'src/more.js': 'export const more = 1;\n' }),
    /files.*verify\.claim_mismatch/,
  ],
  [
    'its text is that of another change',
    ({ pull }) => {
      pull.body = pull.body.replaceAll('test/sum.test.js', 'test/total.test.js').replaceAll('src/add.js', 'src/total.js');
    },
    /verify\.claim_mismatch/,
  ],
  [
    'its text has a second proof below the first',
    ({ pull }) => {
      pull.body += pull.body.slice(pull.body.indexOf('### Proof'));
    },
    /verify\.no_claims/,
  ],
  [
    'its text claims nothing',
    ({ pull }) => {
      pull.body = 'Closes #1. Trust me.';
    },
    /verify\.no_claims/,
  ],
])('a change is refused where %s', async (_name, tamper, reason) => {
  const scene = await opened();
  await tamper(scene);
  const ended = await verify(scene);
  expect(ended.stdout).toMatch(reason);
  expect(ended.stdout).toMatch(/^Not verified/);
  expect(ended.status).toBe(3);
});

/** A clone whose origin is the server, as a reader has it, without the head and without the base of the change. */
function cloneFrom({ home, repository, server }: Opened, ...options: string[]): string {
  const dir = join(mkdtempSync(join(home, 'reader-')), 'adder');
  execFileSync('git', ['clone', '--quiet', ...options, pathToFileURL(repository.path).href, dir]);
  execFileSync('git', ['remote', 'set-url', 'origin', `${server.serverUrl}/acme/adder.git`], { cwd: dir });
  return dir;
}

test('what a shallow clone lacks is fetched, and configuration and commands are those of the base commit', async () => {
  const scene = await opened();
  const { server, repository } = scene;
  // The base moves on, to commands that would fail.
  await server.commit(repository, 'main', { '.bugloop/config.yml': 'commands: { test: "false" }\n' });
  const clone = cloneFrom(scene, '--depth=1', '--branch=main');
  const ended = await run(scene, ['verify', String(scene.pull.number), '--sandbox', 'basic'], { GITHUB_TOKEN: undefined }, clone);
  expect(ended.stderr).not.toContain('usage.ref');
  expect(ended.stdout).toContain('Verified');
  expect(ended.status).toBe(0);
  expect(execFileSync('git', ['status', '--porcelain'], { cwd: clone, encoding: 'utf8' })).toBe('');
});

test('a fork with a branch of the same name is another change', async () => {
  const scene = await opened();
  const { server, repository, pull } = scene;
  const fork = await server.fork(repository, 'mallory');
  await server.commit(fork, pull.headRef, { 'src/add.js': 'export const add = () => 3;\n' });
  const head = `mallory:${pull.headRef}`;
  const other = await server.pull(repository, {
    title: 'x',
    body: pull.body,
    head,
    base: 'main',
    draft: true,
    author: 'mallory',
  });
  const byBranch = await verify(scene, pull.headRef);
  expect(byBranch.stdout).toContain(`Verified: #${pull.number} `);
  const byNumber = await verify(scene, String(other.number));
  expect(byNumber.stdout).toMatch(new RegExp(`^Not verified: #${other.number} `));
  expect(byNumber.status).toBe(3);
});

test('a number that is no change is told as such', async () => {
  const scene = await opened();
  const ended = await verify(scene, '99');
  expect(ended.stderr).toContain('change.not_found');
  expect(ended.status).toBe(2);
});

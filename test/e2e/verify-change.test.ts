import { expect, test } from 'vitest';
import type { PullRequest } from '../servers/github/index.ts';
import { run, solve, stage, type Ended, type Scene } from './github.ts';

/** `bugloop verify <pr>` for somebody who has a clone and nothing else: no token, no key. */

interface Opened extends Scene {
  pull: PullRequest;
}

async function opened(): Promise<Opened> {
  const scene = await stage();
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

  const pasted = /```sh\nbugloop verify (\S+)\n```/.exec(scene.pull.body)?.[1] ?? '';
  expect((await verify(scene, pasted)).status).toBe(0);
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

test('a number that is no change is told as such', async () => {
  const scene = await opened();
  const ended = await verify(scene, '99');
  expect(ended.stderr).toContain('change.not_found');
  expect(ended.status).toBe(2);
});

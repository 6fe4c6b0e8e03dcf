import { execFileSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { newIndex, type Index } from '../../src/core/locate.ts';
import { indexBlobs } from '../../src/workspace/mirror/index-blobs.ts';
import { indexHere } from '../../src/workspace/mirror/index-here.ts';
import { openMirror } from '../../src/workspace/mirror.ts';
import { hardenedGit, makeRepo, temporary } from '../support/repo.ts';
import { join } from 'node:path';

/** More than one thread reads alone. */
const many = 10_400;

async function openMany() {
  const repo = makeRepo();
  const files = Array.from({ length: many }, (_, nth) => {
    const text =
      nth % 100 === 7 ? `\0binary ${nth}` : `export function settle${nth}(ledger) {\n  return ledger.quorum${nth % 31};\n}\n`;
    return `M 100644 inline src/part${nth % 40}/file${nth}.ts\ndata ${Buffer.byteLength(text)}\n${text}\n`;
  });
  const commit = `commit refs/heads/many\ncommitter a <a@example.org> 1700000000 +0000\ndata 4\nmany\n${files.join('')}`;
  execFileSync('git', ['fast-import', '--quiet'], { cwd: repo.path, input: commit });
  const base = repo.git('rev-parse', 'refs/heads/many').trim();
  const mirror = await openMirror({
    git: hardenedGit(repo.path),
    repository: repo.path,
    base,
    path: join(temporary(), 'mirror'),
  });
  const ids = [...new Set((await mirror.list(base)).map(({ id }) => id))];
  return { mirror, ids, git: hardenedGit(mirror.path) };
}

const plain = ({ store, entries }: Index) => ({
  entries: [...entries],
  terms: Buffer.from(store.terms.slice(0, store.used).buffer),
  counts: Buffer.from(store.counts.slice(0, store.used).buffer),
});

test('two threads find what one finds, after what was there', async () => {
  const { mirror, ids, git } = await openMany();
  const [known = '', ...rest] = ids;
  const one = newIndex();
  await indexHere(git, ids, one);
  const two = newIndex();
  const answers: unknown[] = [];
  process.once('worker', (thread) => thread.on('message', (answer) => answers.push(answer)));
  await mirror.indexBlobs([known], two);
  await mirror.indexBlobs(rest, two);
  expect(answers).toHaveLength(1);
  expect(ids.length).toBe(many);
  expect(plain(two)).toEqual(plain(one));
});

test('a blob that is not there is told by whichever thread meets it', async () => {
  const { mirror, ids, git } = await openMany();
  const absent = 'a'.repeat(40);
  for (const wrong of [ids.with(1, absent), ids.with(many - 2, absent)]) {
    await expect(indexBlobs({ git, path: mirror.path }, wrong, newIndex())).rejects.toMatchObject({ code: 'git.failed' });
  }
});

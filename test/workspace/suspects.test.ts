import { readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { readReport } from '../../src/core/issue.ts';
import { findSuspects } from '../../src/loop/prompt.ts';
import { openCacheFile } from '../../src/workspace/cache.ts';
import { openMirror } from '../../src/workspace/mirror.ts';
import { hardenedGit, makeRepo, temporary } from '../support/repo.ts';

const report = readReport({
  id: 'x',
  title: 'settleInvoice() forgets the tenant',
  body: 'The ledger has no quorum then.',
  source: 'file',
});
const guilty = 'export function settleInvoice(tenant, ledger) {\n  return ledger.quorum ? tenant : undefined;\n}\n';

test('the index is kept from run to run, whatever lies in the repository and whatever became of the index', async () => {
  const repo = makeRepo();
  repo.write({
    'src/settlement.ts': guilty,
    'src/crlf.ts': 'export const ledgers = 1;\r\n',
    'src/empty.ts': '',
    'src/binary.ts': Buffer.from('settleInvoice tenant ledger quorum\0\u0001'),
    'src/latin1.py': Buffer.from([0x23, 0xe9, 0x0a, 0x74, 0x65, 0x6e, 0x61, 0x6e, 0x74]),
    'src/huge.ts': `settleInvoice(tenant, ledger);\n`.repeat(540_000),
    'src/app.min.js': 'settleInvoice(tenant,ledger);'.repeat(100),
    'src/wide.ts': `const tenants = '${'x'.repeat(300_000)}';\n`,
    'src/é "q".ts': 'export const quorums = 1;\n',
  });
  symlinkSync('/etc/passwd', join(repo.path, 'src/link.ts'));
  repo.git('update-index', '--add', '--cacheinfo', `160000,${'1'.repeat(40)},src/module.ts`);
  const base = repo.commit({});
  const file = join(temporary(), 'cache', 'index');
  const find = async (commit: string) => {
    const mirror = await openMirror({
      git: hardenedGit(repo.path),
      repository: repo.path,
      base: commit,
      path: join(temporary(), 'mirror'),
    });
    return findSuspects(commit, mirror, report, ['**/test/**'], openCacheFile(file));
  };
  const first = await find(base);
  expect(first.suspects[0]).toMatchObject({ path: 'src/settlement.ts' });
  const paths = first.suspects.map(({ path }) => path);
  expect(paths).toContain('src/é "q".ts');
  for (const path of ['src/huge.ts', 'src/app.min.js', 'src/link.ts', 'src/module.ts']) expect(paths).not.toContain(path);

  const kept = readFileSync(file);
  expect(await find(base)).toEqual(first);
  for (const broken of [
    kept.subarray(0, kept.length / 2),
    Buffer.alloc(0),
    Buffer.from('{}'),
    Buffer.from(kept).fill(0x20, 40, 44),
  ]) {
    writeFileSync(file, broken);
    expect(await find(base)).toEqual(first);
    expect(readFileSync(file)).toEqual(kept);
  }

  // What another commit changes is found, and what it keeps is not read again.
  const next = repo.commit({ 'src/settlement.ts': 'export const nothing = 1;\n', 'lib/ledger.ts': guilty });
  const moved = await find(next);
  expect(moved.suspects[0]).toMatchObject({ path: 'lib/ledger.ts' });
  writeFileSync(file, kept);
  expect(await find(next)).toEqual(moved);
});

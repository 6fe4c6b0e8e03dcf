import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { execa } from 'execa';
import { shop } from '../../test/support/shop.ts';

/** Repositories that benches make themselves: always the same for the same arguments. */

const identity = {
  GIT_AUTHOR_NAME: 'bench',
  GIT_AUTHOR_EMAIL: 'bench@example.com',
  GIT_AUTHOR_DATE: '2020-01-01T00:00:00Z',
  GIT_COMMITTER_NAME: 'bench',
  GIT_COMMITTER_EMAIL: 'bench@example.com',
  GIT_COMMITTER_DATE: '2020-01-01T00:00:00Z',
  GIT_CONFIG_GLOBAL: '/dev/null',
};

export async function git(directory: string, ...args: string[]): Promise<string> {
  const { stdout } = await execa('git', ['-c', 'core.autocrlf=false', ...args], { cwd: directory, env: identity });
  return stdout;
}

export async function makeRepository(directory: string, files: Record<string, string>): Promise<string> {
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(directory, path)), { recursive: true });
    writeFileSync(join(directory, path), content);
  }
  await git(directory, 'init', '--quiet', '--initial-branch=main');
  await git(directory, 'add', '--all', '--force');
  await git(directory, 'commit', '--quiet', '--message', 'base');
  return directory;
}

/** The shop with the bug among so many other source files of about 3 KB. */
export function manyFiles(count: number): Record<string, string> {
  const files: Record<string, string> = { ...shop };
  for (let number = 0; Object.keys(files).length < count; number += 1) {
    files[`src/${words[number % words.length]}/${words[(number * 7 + 3) % words.length]}-${number}.js`] = moduleOf(number);
  }
  return files;
}

const words = ['order', 'stock', 'price', 'invoice', 'customer', 'parcel', 'refund', 'voucher', 'ledger', 'shelf', 'audit'];

/** Forty functions that do something, none of them a wrong total. */
function moduleOf(number: number): string {
  const pick = (at: number): string => words[(number * 5 + at * 3) % words.length] ?? '';
  const functions = Array.from({ length: 20 }, (_, at) => {
    const name = `${pick(at)}${pick(at + 1).replace(/^./, (first) => first.toUpperCase())}${at}`;
    return `/** Looks at every ${pick(at)} of a list. */
export function ${name}(list, limit = ${(number * 31 + at) % 97}) {
  return list.filter((${pick(at)}) => ${pick(at)}.amount > limit && ${pick(at)}.open);
}
`;
  });
  return functions.join('\n');
}

import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';

/**
 * Writes into the workflows which commits they take. A file cannot name the commit that it is part of, so there are two
 * steps with a commit after each: the three workflows take the action from the newest commit that changed what the
 * action runs, and the short workflow takes the three from the newest commit that changed them.
 *
 *   npm run pin            writes, and says what is left to do
 *   npm run pin -- --check fails where something would be written
 *   npm run pin -- <hash>  takes the action from that commit, where the history has gone on since
 */

const root = fileURLToPath(new URL('..', import.meta.url));
const names = ['dispatch', 'review', 'gate'].map((name) => `bugloop-${name}.yml`);
const own = names.map((name) => `.github/workflows/${name}`);
const short = 'examples/workflows/bugloop.yml';
/** Whatever of this repository an action's user runs or is told. */
const shipped = ['action.yml', 'bin', 'src', 'prompts', 'package.json', 'package-lock.json'];

const git = (...args: string[]): string => execFileSync('git', args, { cwd: root, encoding: 'utf8' }).trim();
const read = (path: string): string => readFileSync(`${root}/${path}`, 'utf8');
const newest = (...paths: string[]): string => git('log', '-1', '--format=%H', '--', ...paths);
const isCommitted = (...paths: string[]): boolean => git('status', '--porcelain', '--', ...paths) === '';

const packageFile = z.object({ version: z.string() });
const pin = /(bugloop\/bugloop(?:\/\.github\/workflows\/[\w-]+\.yml)?@)[0-9a-f]{40} # v\S+/g;

function pinned(text: string, commit: string): string {
  const { version } = packageFile.parse(JSON.parse(git('show', `${commit}:package.json`)));
  return text.replaceAll(pin, (_whole, before: string) => `${before}${commit} # v${version}`);
}

const check = process.argv.includes('--check');
const stale: string[] = [];

function write(path: string, text: string): void {
  if (read(path) === text) return;
  stale.push(path);
  if (!check) writeFileSync(`${root}/${path}`, text);
}

function tell(): string {
  if (!isCommitted(...shipped)) return 'Commit the action first: a pin names what is in the history.\n';
  const action = process.argv.find((given) => /^[0-9a-f]{40}$/.test(given)) ?? newest(...shipped);
  for (const [index, path] of own.entries()) {
    const text = pinned(read(path), action);
    write(path, text);
    write(`examples/workflows/${names[index]}`, text);
  }
  if (stale.length > 0 || !isCommitted(...own)) return 'Commit these workflows, then run this again for the short one.\n';
  write(short, pinned(read(short), newest(...own)));
  return stale.length > 0 ? 'Commit the short workflow.\n' : 'Every workflow takes what is newest.\n';
}

const told = tell();
process.stdout.write(`${stale.map((path) => `${check ? 'stale' : 'written'}  ${path}\n`).join('')}${told}`);
process.exitCode = check && !told.startsWith('Every') ? 1 : 0;

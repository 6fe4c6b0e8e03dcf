import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { onTestFinished } from 'vitest';
import { openGit, type Git } from '../../src/workspace/git.ts';

/** The only variable of the developer's shell that git gets. */
export const searchPath = process.env['PATH'] ?? '';

/** A directory that is gone when the test ends. */
export function temporary(): string {
  const path = realpathSync(mkdtempSync(join(tmpdir(), 'bugloop-test-')));
  onTestFinished(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

/** A real repository of a user, driven by plain git as a user would. */
export interface TestRepo {
  path: string;
  git(...args: string[]): string;
  write(files: Record<string, string | Buffer>): void;
  /** Writes files, commits everything, and answers the commit. */
  commit(files: Record<string, string | Buffer>, message?: string): string;
}

export function makeRepo(path = join(temporary(), 'repo')): TestRepo {
  mkdirSync(path, { recursive: true });
  const env = { PATH: searchPath, HOME: path, GIT_CONFIG_GLOBAL: '/dev/null', GIT_CONFIG_NOSYSTEM: '1' };
  const git = (...args: string[]): string =>
    execFileSync('git', args, { cwd: path, env, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] }).trimEnd();
  const write = (files: Record<string, string | Buffer>): void => {
    for (const [name, content] of Object.entries(files)) {
      mkdirSync(dirname(join(path, name)), { recursive: true });
      writeFileSync(join(path, name), content);
    }
  };
  git('init', '--quiet', '--initial-branch=main');
  git('config', 'user.name', 'Ada');
  git('config', 'user.email', 'ada@example.com');
  return {
    path,
    git,
    write,
    commit(files, message = 'change') {
      write(files);
      git('add', '--all', '--force');
      git('commit', '--quiet', '--allow-empty', '--message', message);
      return git('rev-parse', 'HEAD');
    },
  };
}

/** bugloop's git in a directory. */
export function hardenedGit(directory: string): Git {
  return openGit({ searchPath }, { directory });
}

import { execFile, execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { GitHubServer, Token } from '../servers/github/index.ts';
import { searchPath, temporary } from './repo.ts';

/** GitHub's own command line, against the double. */

export const ghIsMissing = (() => {
  try {
    return !execFileSync('gh', ['--version'], { encoding: 'utf8' }).startsWith('gh version');
  } catch {
    return true;
  }
})();
if (ghIsMissing)
  process.stderr.write('\n!! gh is not installed: GitHub’s own client does not judge the double (apt-get install gh)\n\n');

/** Runs `gh` with the token; fails as it fails. */
export function ghAgainst({ port }: GitHubServer, { value }: Token): (...args: string[]) => Promise<string> {
  const home = temporary();
  const proxy = `http://127.0.0.1:${port}`;
  const env = {
    PATH: searchPath,
    HOME: home,
    GH_CONFIG_DIR: join(home, 'gh'),
    GH_HOST: 'github.localhost',
    GH_ENTERPRISE_TOKEN: value,
    GH_TOKEN: value,
    HTTP_PROXY: proxy,
    http_proxy: proxy,
    GH_PROMPT_DISABLED: '1',
    GH_NO_UPDATE_NOTIFIER: '1',
    NO_COLOR: '1',
    GIT_CONFIG_NOSYSTEM: '1',
  };
  return (...args) => promisify(execFile)('gh', args, { cwd: home, env }).then(({ stdout }) => stdout.trim());
}

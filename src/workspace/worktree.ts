import { lstat, mkdir, readdir, readFile, rename, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { BugloopError } from '../errors.ts';
import type { SiteFiles } from '../site.ts';

/** Files of the user's own work tree at `root`. A link on the way is refused: what is written stays inside. */
export function openWorktree(root: string): SiteFiles {
  return {
    async read(path) {
      await assertNoLink(root, path);
      return readFile(join(root, path), 'utf8').catch(absent);
    },
    async write(path, text) {
      await assertNoLink(root, path);
      const file = join(root, path);
      await mkdir(dirname(file), { recursive: true });
      const draft = `${file}.${process.pid}.tmp`;
      await writeFile(draft, text, { flag: 'wx' });
      await rename(draft, file);
    },
    async list(path) {
      await assertNoLink(root, path);
      return (await readdir(join(root, path)).catch(absent)) ?? [];
    },
  };
}

async function assertNoLink(root: string, path: string): Promise<void> {
  const parts = path.split('/');
  for (let length = 1; length <= parts.length; length += 1) {
    const part = parts.slice(0, length).join('/');
    const stats = await lstat(join(root, part)).catch(absent);
    if (stats?.isSymbolicLink() === true) {
      throw new BugloopError('state.unwritable', `${part} is a link`, { hint: 'put a real file or directory in its place' });
    }
  }
}

function absent(error: unknown): undefined {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
  throw error;
}

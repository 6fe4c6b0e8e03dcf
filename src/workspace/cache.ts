import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Cache } from '../ports.ts';

/** One file, in a directory that git ignores. Whatever is wrong with it, there is no cache then. */
export function openCacheFile(file: string): Cache {
  return {
    async load() {
      try {
        const content = await readFile(file);
        // Its own memory, so that numbers in it lie where processors want them.
        const isOwn = content.byteOffset === 0 && content.byteLength === content.buffer.byteLength;
        return isOwn ? new Uint8Array(content.buffer) : new Uint8Array(content);
      } catch {
        return undefined;
      }
    },
    async save(bytes) {
      const directory = dirname(file);
      const written = `${file}.${process.pid}`;
      try {
        await mkdir(directory, { recursive: true });
        await writeFile(join(directory, '.gitignore'), '*\n');
        await writeFile(written, bytes);
        await rename(written, file);
      } catch {
        await rm(written, { force: true }).catch(() => undefined);
      }
    },
  };
}

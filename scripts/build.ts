import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { stripTypeScriptTypes } from 'node:module';
import { basename, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { rolldown } from 'rolldown';

/**
 * Builds `dist/`: the command line and whatever it loads as a few files, because finding and opening a hundred modules
 * takes longer than running them. What is imported lazily stays a file of its own. Types are not looked at:
 * `npm run types` does that.
 */
const root = fileURLToPath(new URL('..', import.meta.url));
const dist = join(root, 'dist');
const reporters = join(root, 'src/workspace/results/reporters');

/** What is started, and what it starts as another thread. */
const input = { cli: join(root, 'src/cli.ts'), 'index-thread': join(root, 'src/workspace/mirror/index-thread.ts') };
const bundle = await rolldown({ input, platform: 'node' });
const { output } = await bundle.write({
  dir: dist,
  // Finding and linking modules by `require` takes half the time of doing so by `import`, which asks Node's own for every name.
  format: 'cjs',
  // No hash: a process that was started before a build still finds what it loads lazily.
  entryFileNames: '[name].cjs',
  chunkFileNames: '[name].cjs',
  // A bundle leaves the notices of what is in it where they are.
  comments: { legal: true, annotation: false, jsdoc: false },
});
await bundle.close();

/** What runs inside a repository's own test runner is copied there and must stand alone. */
await mkdir(join(dist, 'reporters'), { recursive: true });
const shipped = (await readdir(reporters)).map(async (file) => {
  const target = join(
    'reporters',
    basename(file)
      .replace(/\.cts$/, '.cjs')
      .replace(/\.ts$/, '.js'),
  );
  await writeFile(join(dist, target), stripTypeScriptTypes(await readFile(join(reporters, file), 'utf8')));
  return target;
});

const built = new Set([...output.map(({ fileName }) => fileName), ...(await Promise.all(shipped))]);
const found = await readdir(dist, { recursive: true, withFileTypes: true });
const stale = found
  .filter((entry) => entry.isFile())
  .map((entry) => join(entry.parentPath, entry.name))
  .filter((file) => !built.has(relative(dist, file)));
await Promise.all(stale.map((file) => rm(file)));

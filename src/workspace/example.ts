import { existsSync } from 'node:fs';
import { cp, mkdtemp, readdir, realpath } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BugloopError } from '../errors.ts';
import { openGit } from './git.ts';

export interface Example {
  root: string;
  issue: string;
  dependencies?: string;
}

/** Copies stay where they are for the user to look at; git must not see what a developer ran in the original. */
const leftBehind = new Set(['node_modules', '.bugloop/runs', '__pycache__', '.pytest_cache']);

/**
 * Copies a bundled example out of the package and commits it, as a user's repository. `modules` are the package's own
 * installed dependencies, which serve an example that needs some, so that a demo needs no network.
 */
export async function copyExample(options: { packageRoot: string; name: string; searchPath: string }): Promise<Example> {
  const source = join(options.packageRoot, 'examples', options.name);
  const names = await listExamples(options.packageRoot);
  if (!names.includes(options.name)) {
    throw new BugloopError('usage', `there is no example named ${options.name}`, { hint: `choose one of ${names.join(', ')}` });
  }
  const root = join(await realpath(await mkdtemp(join(tmpdir(), 'bugloop-demo-'))), options.name);
  await cp(source, root, { recursive: true, filter: (path) => ![...leftBehind].some((name) => path.endsWith(`/${name}`)) });
  const git = openGit({ searchPath: options.searchPath }, { directory: root });
  await git.run(['init', '--quiet']);
  await git.run(['add', '--all']);
  await git.run(['commit', '--quiet', '--message', `${options.name}: as it was when the bug was reported`]);
  const issue = join(root, 'BUG.md');
  const modules = join(options.packageRoot, 'node_modules');
  const needed = existsSync(join(root, 'package-lock.json')) && existsSync(modules);
  return needed ? { root, issue, dependencies: modules } : { root, issue };
}

/** Bundled repositories: folders of `examples` that hold a bug report. */
async function listExamples(packageRoot: string): Promise<string[]> {
  const folders = await readdir(join(packageRoot, 'examples'), { withFileTypes: true });
  return folders
    .filter((entry) => entry.isDirectory() && existsSync(join(packageRoot, 'examples', entry.name, 'BUG.md')))
    .map(({ name }) => name);
}

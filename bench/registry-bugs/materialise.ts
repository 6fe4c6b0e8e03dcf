import { existsSync } from 'node:fs';
import { cp, mkdir, readFile, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { z } from 'zod';

/**
 * Re-creates real bugs from the npm registry alone. Base: the tarball of the buggy version as one commit, with the
 * command that tests it as configuration. Gold: the source files of the fixed version; test patch: its test files.
 * Everything is kept under `.cache/`, which git ignores; nothing of the packages is ever committed here.
 */
const bugSchema = z.object({
  id: z.string(),
  package: z.string(),
  buggy: z.string(),
  fixed: z.string(),
  changelog: z.string(),
  source_files: z.array(z.string()),
  test_files: z.array(z.string()),
  test_command: z.array(z.string()),
  runner: z.string(),
  dev_dependencies: z.record(z.string(), z.string()),
  runtime_dependencies: z.record(z.string(), z.string()),
  fail_to_pass: z.array(z.string()),
});
export type Bug = z.infer<typeof bugSchema>;

/** Content by path; `undefined` where the fixed version has no such file. */
export type Files = Map<string, string | undefined>;

export interface Materialised {
  bug: Bug;
  repository: string;
  dependencies: string;
  issue: string;
  gold: Files;
  tests: Files;
  /** The same paths in the buggy version. */
  before: Files;
}

const cache = fileURLToPath(new URL('../../.cache/registry-bugs/', import.meta.url));

export async function readBugs(): Promise<Bug[]> {
  const file = new URL('bugs.json', import.meta.url);
  return z.object({ cases: z.array(bugSchema) }).parse(JSON.parse(await readFile(file, 'utf8'))).cases;
}

/** Idempotent: a bug that was materialised completely is only read. */
export async function materialise(bug: Bug): Promise<Materialised> {
  const directory = join(cache, bug.id.replaceAll('/', '+'));
  const repository = join(directory, 'repository');
  const dependencies = join(directory, 'node_modules');
  const [buggy, fixed] = [await unpack(bug.package, bug.buggy), await unpack(bug.package, bug.fixed)];
  if (!existsSync(dependencies)) await installDependencies(bug, dependencies);
  if (!existsSync(repository)) await commitBase(bug, buggy, repository);
  return {
    bug,
    repository,
    dependencies,
    issue: join(directory, 'issue.md'),
    gold: await readFiles(fixed, bug.source_files),
    tests: await readFiles(fixed, bug.test_files),
    before: await readFiles(buggy, [...bug.source_files, ...bug.test_files]),
  };
}

/** The package's files, unpacked once per version. */
async function unpack(name: string, version: string): Promise<string> {
  const target = join(cache, 'packages', `${name.replaceAll('/', '+')}@${version}`);
  if (existsSync(target)) return target;
  const scratch = `${target}.part`;
  await rm(scratch, { recursive: true, force: true });
  await mkdir(scratch, { recursive: true });
  await execa('npm', ['pack', `${name}@${version}`, '--silent', '--pack-destination', scratch], { cwd: scratch });
  const [tarball] = await readdir(scratch);
  if (tarball === undefined) throw new Error(`npm pack left nothing for ${name}@${version}`);
  await execa('tar', ['-xzf', tarball, '--no-same-owner'], { cwd: scratch });
  const folder = (await readdir(scratch, { withFileTypes: true })).find((entry) => entry.isDirectory());
  if (folder === undefined) throw new Error(`the tarball of ${name}@${version} is empty`);
  await rename(join(scratch, folder.name), target);
  await rm(scratch, { recursive: true, force: true });
  return target;
}

/** Dependencies are pinned by the list and installed without running any script of theirs. */
async function installDependencies(bug: Bug, target: string): Promise<void> {
  const scratch = `${target}.part`;
  await rm(scratch, { recursive: true, force: true });
  await mkdir(scratch, { recursive: true });
  const dependencies = { ...bug.dev_dependencies, ...bug.runtime_dependencies };
  await writeFile(
    join(scratch, 'package.json'),
    JSON.stringify({ name: 'dependencies', version: '0.0.0', private: true, dependencies }),
  );
  await execa('npm', ['install', '--ignore-scripts', '--no-audit', '--no-fund', '--no-package-lock', '--legacy-peer-deps'], {
    cwd: scratch,
  });
  await mkdir(join(scratch, 'node_modules'), { recursive: true });
  await mkdir(dirname(target), { recursive: true });
  await rename(join(scratch, 'node_modules'), target);
  await rm(scratch, { recursive: true, force: true });
}

async function commitBase(bug: Bug, buggy: string, repository: string): Promise<void> {
  const scratch = `${repository}.part`;
  await rm(scratch, { recursive: true, force: true });
  await cp(buggy, scratch, { recursive: true, filter: (path) => !path.endsWith('/node_modules') });
  await mkdir(join(scratch, '.bugloop'), { recursive: true });
  // A release changes more than one fix needs: the usual 500 lines would refuse a few of them for their size alone.
  const config = { version: 1, commands: { test: bug.test_command }, limits: { max_diff_lines: 3000 }, tests: testGlobs(bug) };
  await writeFile(join(scratch, '.bugloop/config.yml'), `${JSON.stringify(config, null, 2)}\n`);
  await writeFile(join(scratch, '.gitignore'), 'node_modules\n');
  await writeFile(
    join(dirname(repository), 'issue.md'),
    `# ${bug.changelog.split('\n')[0]}\n\nSeen in ${bug.package} ${bug.buggy}.\n`,
  );
  const git = (...args: string[]) => execa('git', ['-c', 'core.autocrlf=false', ...args], { cwd: scratch, env: identity });
  await git('init', '--quiet', '--initial-branch=main');
  await git('add', '--all', '--force', '--', '.');
  await git('commit', '--quiet', '--message', `${bug.package} ${bug.buggy}`);
  await rename(scratch, repository);
}

/** The usual places, and the test files themselves where a package keeps them elsewhere. */
function testGlobs(bug: Bug): string[] {
  return ['**/*.test.*', '**/*.spec.*', '**/test/**', '**/tests/**', '**/__tests__/**', ...bug.test_files];
}

const identity = {
  GIT_AUTHOR_NAME: 'registry',
  GIT_AUTHOR_EMAIL: 'registry@example.com',
  GIT_AUTHOR_DATE: '2020-01-01T00:00:00Z',
  GIT_COMMITTER_NAME: 'registry',
  GIT_COMMITTER_EMAIL: 'registry@example.com',
  GIT_COMMITTER_DATE: '2020-01-01T00:00:00Z',
  GIT_CONFIG_GLOBAL: '/dev/null',
};

async function readFiles(directory: string, paths: readonly string[]): Promise<Files> {
  const files: Files = new Map();
  for (const path of paths) {
    const file = join(directory, path);
    files.set(path, existsSync(file) ? await readFile(file, 'utf8') : undefined);
  }
  return files;
}

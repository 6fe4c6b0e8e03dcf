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
  /** Why nothing can be proven with it. */
  unfit: z.string().optional(),
  /** How the release made an old test judge less, which no change of ours may: found by reading it. */
  weakens: z.string().optional(),
});
export type Bug = z.infer<typeof bugSchema>;

/** Content by path; `undefined` where the fixed version has no such file. */
export type Files = Map<string, string | undefined>;

/** A bug on disk, wherever it came from. */
export interface Materialised {
  bug: { id: string; test_command: readonly string[]; weakens?: string | undefined };
  /** The package.json of the base. */
  manifest: string;
  repository: string;
  dependencies: string;
  issue: string;
  gold: Files;
  tests: Files;
  /** The same paths in the buggy version. */
  before: Files;
}

/**
 * The newest Node that can run the suite, as a package of the registry, for suites that the newest of all cannot: tap 12
 * bundles a module loader that fails every file on Node 22 and newer. Beside the other dependencies it is a program
 * like theirs.
 */
const oldNode = (bug: Bug): string | undefined =>
  bug.dev_dependencies['tap']?.startsWith('12.') === true ? '16.20.2' : undefined;

/** A Node of its own below `dependencies`; answers with its path in a repository that has them as `node_modules`. */
export async function placeNode(version: string, dependencies: string): Promise<string> {
  const name = `node-${process.platform}-${process.arch}`;
  const place = join(dependencies, `${name}@${version}`);
  if (!existsSync(place)) await cp(await unpack(name, version), place, { recursive: true });
  return `node_modules/${name}@${version}/bin/node`;
}

const cache = fileURLToPath(new URL('../../.cache/registry-bugs/', import.meta.url));

export async function readBugs(): Promise<Bug[]> {
  const file = new URL('bugs.json', import.meta.url);
  return z.object({ cases: z.array(bugSchema) }).parse(JSON.parse(await readFile(file, 'utf8'))).cases;
}

/** The files of the release alone, before and after, without what it takes to run them. */
export async function readRelease(bug: Bug): Promise<Pick<Materialised, 'gold' | 'tests' | 'before'>> {
  const [buggy, fixed] = [await unpack(bug.package, bug.buggy), await unpack(bug.package, bug.fixed)];
  return {
    gold: await readFiles(fixed, bug.source_files),
    tests: await readFiles(fixed, bug.test_files),
    before: await readFiles(buggy, [...bug.source_files, ...bug.test_files]),
  };
}

/** Idempotent: a bug that was materialised completely is only read. */
export async function materialise(bug: Bug): Promise<Materialised> {
  const directory = join(cache, bug.id.replaceAll('/', '+'));
  const repository = join(directory, 'repository');
  const dependencies = join(directory, 'node_modules');
  const buggy = await unpack(bug.package, bug.buggy);
  if (!existsSync(dependencies)) await installDependencies(bug, dependencies);
  const version = oldNode(bug);
  const [program = 'node', ...args] = bug.test_command;
  const command = [version === undefined ? program : await placeNode(version, dependencies), ...args];
  if (!existsSync(repository)) await commitBase(bug, command, buggy, repository);
  return {
    bug: { id: bug.id, test_command: command, weakens: bug.weakens },
    manifest: await readFile(join(buggy, 'package.json'), 'utf8'),
    repository,
    dependencies,
    issue: join(directory, 'issue.md'),
    ...(await readRelease(bug)),
  };
}

/** The package's files, unpacked once per version, also where two bugs ask for them at once. */
async function unpack(name: string, version: string): Promise<string> {
  const key = `${name}@${version}`;
  const under = unpacking.get(key) ?? unpackOnce(name, version);
  unpacking.set(key, under);
  return await under;
}

const unpacking = new Map<string, Promise<string>>();

async function unpackOnce(name: string, version: string): Promise<string> {
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

async function commitBase(bug: Bug, command: readonly string[], buggy: string, repository: string): Promise<void> {
  const scratch = `${repository}.part`;
  await rm(scratch, { recursive: true, force: true });
  await cp(buggy, scratch, { recursive: true, filter: (path) => !path.endsWith('/node_modules') });
  const issue = `# ${bug.changelog.split('\n')[0]}\n\nSeen in ${bug.package} ${bug.buggy}.\n`;
  await writeFile(join(dirname(repository), 'issue.md'), issue);
  await commitFiles(scratch, command, bug.test_files, `${bug.package} ${bug.buggy}`);
  await rename(scratch, repository);
}

/** One commit with the files and a configuration that tests them with `command`. */
export async function commitFiles(
  scratch: string,
  command: readonly string[],
  testFiles: readonly string[],
  message: string,
): Promise<void> {
  await mkdir(join(scratch, '.bugloop'), { recursive: true });
  // A release changes more than one fix needs: the usual 500 lines would refuse a few of them for their size alone.
  const config = { version: 1, commands: { test: command }, limits: { max_diff_lines: 3000 }, tests: testGlobs(testFiles) };
  await writeFile(join(scratch, '.bugloop/config.yml'), `${JSON.stringify(config, null, 2)}\n`);
  await writeFile(join(scratch, '.gitignore'), 'node_modules\n');
  const git = (...args: string[]) => execa('git', ['-c', 'core.autocrlf=false', ...args], { cwd: scratch, env: identity });
  await git('init', '--quiet', '--initial-branch=main');
  await git('add', '--all', '--force', '--', '.');
  await git('commit', '--quiet', '--message', message);
}

/** The usual places, and the test files themselves where a package keeps them elsewhere. */
export function testGlobs(testFiles: readonly string[]): string[] {
  return ['**/*.test.*', '**/*.spec.*', '**/test/**', '**/tests/**', '**/__tests__/**', ...testFiles];
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

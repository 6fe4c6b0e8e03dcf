import { existsSync } from 'node:fs';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { parse } from 'shell-quote';
import { z } from 'zod';
import { findRepository } from '../locate/corpus.ts';
import { commitFiles, placeNode, type Files, type Materialised } from '../registry-bugs/materialise.ts';

/**
 * Re-creates real bugs from the repositories they were mended in, with the command, the Node and the dependencies they
 * are known to run with. Clones come from `BUGLOOP_BENCH_MIRRORS` where they lie there, else from GitHub. Everything
 * is kept under `.cache/`, which git ignores.
 */
const bugSchema = z.object({
  id: z.string(),
  repo: z.string(),
  base_commit: z.string(),
  fix_commit: z.string(),
  /** Where the tests of the fix are another commit's. */
  test_commit: z.string().optional(),
  node: z.string(),
  gold_files: z.array(z.string()),
  test_files: z.array(z.string()),
  install: z.string(),
  test_command: z.string(),
  /** Why the fix itself is refused: found by reading it. */
  weakens: z.string().optional(),
});
export type RealBug = z.infer<typeof bugSchema>;

const cache = fileURLToPath(new URL('../../.cache/real-bugs/', import.meta.url));

export async function readRealBugs(): Promise<RealBug[]> {
  const file = new URL('bugs.json', import.meta.url);
  return z.object({ cases: z.array(bugSchema) }).parse(JSON.parse(await readFile(file, 'utf8'))).cases;
}

/** Idempotent: a bug that was materialised completely is only read. */
export async function materialiseReal(bug: RealBug): Promise<Materialised> {
  const clone = await findClone(bug.repo);
  const directory = join(cache, bug.id);
  const [repository, dependencies] = [join(directory, 'repository'), join(directory, 'node_modules')];
  if (!existsSync(dependencies)) await installDependencies(bug, clone, dependencies);
  const program = await placeNode(bug.node, dependencies);
  const command = commandOf(bug, program);
  const issue = join(directory, 'issue.md');
  if (!existsSync(repository)) {
    const scratch = await checkOut(clone, bug.base_commit, `${repository}.part`);
    const { stdout: subject } = await execa('git', ['-C', clone, 'log', '-1', '--format=%s', bug.fix_commit]);
    await writeFile(issue, `# ${subject}\n\nSeen in ${bug.repo}.\n`);
    await commitFiles(scratch, command, bug.test_files, `${bug.repo} ${bug.base_commit}`);
    await rename(scratch, repository);
  }
  const read = async (commit: string, paths: readonly string[]): Promise<Files> =>
    new Map(await Promise.all(paths.map(async (path) => [path, await show(clone, commit, path)] as const)));
  return {
    bug: { id: bug.id, test_command: command, weakens: bug.weakens },
    manifest: (await show(clone, bug.base_commit, 'package.json')) ?? '{}',
    repository,
    dependencies,
    issue,
    gold: await read(bug.fix_commit, bug.gold_files),
    tests: await read(bug.test_commit ?? bug.fix_commit, bug.test_files),
    before: await read(bug.base_commit, [...bug.gold_files, ...bug.test_files]),
  };
}

/** `npx mocha …` as the Node of the bug runs it, without a shell. */
function commandOf({ test_command }: RealBug, node: string): string[] {
  const [program = '', ...words] = parse(test_command).map(String);
  if (program === 'node') return [node, ...words];
  const [runner = '', ...args] = words;
  return [node, `node_modules/.bin/${runner}`, ...args];
}

async function findClone(repo: string): Promise<string> {
  const mirrors = process.env['BUGLOOP_BENCH_MIRRORS'];
  const found = mirrors === undefined ? undefined : findRepository(mirrors, repo, new Map());
  if (found !== undefined) return found;
  const clone = join(cache, 'clones', repo.replace('/', '+'));
  if (!existsSync(clone)) {
    await rm(`${clone}.part`, { recursive: true, force: true });
    await execa('git', ['clone', '--quiet', '--bare', `https://github.com/${repo}.git`, `${clone}.part`]);
    await rename(`${clone}.part`, clone);
  }
  return clone;
}

async function checkOut(clone: string, commit: string, target: string): Promise<string> {
  await rm(target, { recursive: true, force: true });
  await mkdir(target, { recursive: true });
  const archive = `${target}.tar`;
  await execa('git', ['-C', clone, 'archive', '--format=tar', '--output', archive, commit]);
  await execa('tar', ['-xf', archive, '-C', target]);
  await rm(archive);
  return target;
}

/** By the project's own manifest and lock file, without running any script of theirs. */
async function installDependencies(bug: RealBug, clone: string, target: string): Promise<void> {
  const scratch = await checkOut(clone, bug.base_commit, `${target}.part`);
  const [program = 'npm', ...args] = bug.install.split(' ');
  await execa(program, args, { cwd: scratch });
  await rename(join(scratch, 'node_modules'), target);
  await rm(scratch, { recursive: true, force: true });
}

async function show(clone: string, commit: string, path: string): Promise<string | undefined> {
  const { stdout, exitCode } = await execa('git', ['-C', clone, 'show', `${commit}:${path}`], {
    reject: false,
    stripFinalNewline: false,
  });
  return exitCode === 0 ? stdout : undefined;
}

import picomatch from 'picomatch';
import { languageOf } from '../../core/mutate/syntax.ts';
import { dottedName, entriesOf, offeredNames, type PackageFacts } from '../../core/reproduce/package.ts';
import type { ReproductionFacts } from '../../core/reproduce.ts';
import type { RepoPath } from '../../core/types.ts';
import type { AgentTask } from '../../ports.ts';

/** Most source modules whose names are read, and most tests whose style is looked at. */
const maxModules = 400;
const maxSamples = 40;

/** What the agent knows of the repository before it runs anything. */
export interface Survey {
  paths: ReadonlySet<RepoPath>;
  isTest(path: RepoPath): boolean;
  /** Code that an edit may touch. */
  isSource(path: RepoPath): boolean;
}

const generated =
  /(?:^|\/)(?:node_modules|dist|build|coverage|vendor|\.[^/]+)\/|\.(?:config|setup)\.[cm]?[jt]s$|\.min\.js$|(?:^|\/)(?:setup|conftest)\.py$/;

export async function survey(task: AgentTask): Promise<Survey> {
  const paths = new Set(await task.workspace.files.list());
  const isTest = picomatch([...task.facts.tests], { dot: true });
  const isSource = (path: RepoPath): boolean =>
    paths.has(path) && languageOf(path) !== undefined && !isTest(path) && !generated.test(path);
  return { paths, isTest, isSource };
}

/** Collects what `core/reproduce` needs: tests to copy the style from, and what the package offers. */
export async function reproductionFacts(task: AgentTask, known: Survey): Promise<ReproductionFacts> {
  const ran = [...new Set(task.facts.baseline.results.flatMap(({ file }) => file ?? []))].filter(
    (path) => languageOf(path) !== undefined,
  );
  return {
    runner: task.facts.baseline.runner,
    tests: await readAll(task, ran.slice(0, maxSamples)),
    package: await packageFacts(task, known),
  };
}

async function packageFacts(task: AgentTask, known: Survey): Promise<PackageFacts> {
  const paths = [...known.paths];
  const manifest = await readManifest(task);
  const sources = await readAll(task, paths.filter((path) => known.isSource(path)).slice(0, maxModules));
  const { name, type } = manifest;
  return {
    ...(typeof name === 'string' ? { name } : {}),
    esm: type === 'module',
    entries: entriesOf(manifest, paths),
    modules: sources.map(({ path, text }) => ({
      path,
      names: offeredNames(path, text),
      ...(path.endsWith('.py') ? { dotted: dottedName(path) } : {}),
    })),
  };
}

async function readManifest(task: AgentTask): Promise<Record<string, unknown>> {
  const answer = await task.workspace.files.read('package.json');
  if (!answer.ok) return {};
  try {
    const parsed: unknown = JSON.parse(answer.content);
    return typeof parsed === 'object' && parsed !== null ? { ...parsed } : {};
  } catch {
    return {};
  }
}

async function readAll(task: AgentTask, paths: readonly RepoPath[]): Promise<{ path: RepoPath; text: string }[]> {
  const read: { path: RepoPath; text: string }[] = [];
  for (const path of paths) {
    const answer = await task.workspace.files.read(path);
    if (answer.ok) read.push({ path, text: answer.content });
  }
  return read;
}

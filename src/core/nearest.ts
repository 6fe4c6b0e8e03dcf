import { testRole } from './paths.ts';
import type { RepoPath, TestRun } from './types.ts';

/**
 * Which of `paths` (test paths of a change) a runner can be asked to run: files that reported results before, and new
 * files that are named or placed like those. Fixtures and helpers are not tests.
 */
export function runnableTests(paths: readonly RepoPath[], known: TestRun): RepoPath[] {
  const files = new Set(known.results.flatMap((result) => result.file ?? []));
  const folders = new Set([...files].map(folderOf));
  return paths.filter(
    (path) =>
      files.has(path) || (testRole(path) === 'test' && (files.size === 0 || folders.has(folderOf(path)) || isNamedTest(path))),
  );
}

/** Test files that probably exercise `source`, nearest first: same stem, then the same folder's name in the path. */
export function nearestTests(source: readonly RepoPath[], known: TestRun, max = 5): RepoPath[] {
  const files = [...new Set(known.results.flatMap((result) => result.file ?? []))];
  const scored = files.map((file) => ({ file, score: Math.max(0, ...source.map((path) => nearness(path, file))) }));
  return scored
    .filter(({ score }) => score > 0)
    .sort((a, b) => b.score - a.score || (a.file < b.file ? -1 : 1))
    .slice(0, max)
    .map(({ file }) => file);
}

function nearness(source: RepoPath, test: RepoPath): number {
  const stem = stemOf(source);
  if (stem !== 'index' && stemOf(test) === stem) return 3;
  if (stem !== 'index' && stem.length > 2 && test.toLowerCase().includes(stem)) return 2;
  const folder = folderOf(source).split('/').at(-1) ?? '';
  return folder.length > 2 && folder !== 'src' && folder !== 'lib' && test.toLowerCase().includes(folder.toLowerCase()) ? 1 : 0;
}

function stemOf(path: RepoPath): string {
  const name = path.slice(path.lastIndexOf('/') + 1).toLowerCase();
  return name
    .replace(/\.[^.]+$/, '')
    .replace(/[._-]?(test|tests|spec|specs)$/, '')
    .replace(/^test_/, '');
}

function folderOf(path: RepoPath): string {
  const slash = path.lastIndexOf('/');
  return slash === -1 ? '' : path.slice(0, slash);
}

/** `a.test.ts`, `a_spec.rb`, `test_a.py`, `ATest.java`: a test by its name, wherever it lies. */
function isNamedTest(path: RepoPath): boolean {
  return /([._-](test|tests|spec|specs)\.[^.]+$)|(^|\/)(test_[^/]*|tests?|spec)\.[^.]+$|Tests?\.(java|kt|cs|php)$/i.test(path);
}

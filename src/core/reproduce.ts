import { examplesOf, type Example } from './reproduce/examples.ts';
import { findReflection, freeNames, pureModules, readImport, type ImportedNames } from './reproduce/names.ts';
import type { PackageFacts } from './reproduce/package.ts';
import type { Reproduced, ReproductionFacts, ResolvedExample } from './reproduce/facts.ts';
import { writeTestFile } from './reproduce/write.ts';
import { languageOf, type Language } from './mutate/syntax.ts';
import type { RepoPath } from './types.ts';

export type { Reproduced, Reproduction, ReproductionFacts, ResolvedExample } from './reproduce/facts.ts';

/**
 * Takes a reproduction out of a bug report mechanically: the report's own example becomes a test in the repository's
 * own style and place. Nothing is invented; where the report shows no call with what it should give, there is no test.
 */

/** Most examples taken from one report; the first ones are what the report is about. */
const maxExamples = 5;

/** The test file that shows the bug, or why there is none. Whether it is red is for the caller to see. */
export function reproduce(report: { title: string; body: string }, facts: ReproductionFacts): Reproduced {
  const sample = facts.tests[0];
  const language = sample === undefined ? undefined : languageOf(sample.path);
  if (language === undefined) return { ok: false, reason: 'there is no test in a known language to take the style from' };
  const examples = examplesOf(report.body, language);
  if (examples.length === 0) return { ok: false, reason: 'the report shows no call together with what it should give' };
  const resolved = examples.map((example) => resolve(example, language, facts.package));
  const usable = resolved.flatMap((found) => (found.ok ? [found.example] : []));
  if (usable.length === 0)
    return { ok: false, reason: resolved.flatMap((found) => (found.ok ? [] : [found.reason]))[0] ?? 'no usable example' };
  return writeReproduction(report.title, usable.slice(0, maxExamples), facts);
}

/** Writes the file again for some of its examples, as when only some of them are red. */
export function writeReproduction(title: string, examples: readonly ResolvedExample[], facts: ReproductionFacts): Reproduced {
  return writeTestFile(title, examples, facts);
}

type Resolved = { ok: true; example: ResolvedExample } | { ok: false; reason: string };

function resolve(example: Example, language: Language, facts: PackageFacts): Resolved {
  const code = [...example.setup, 'assertion' in example.check ? example.check.assertion : example.check.subject].join('\n');
  const reflection = findReflection(code, language);
  if (reflection !== undefined)
    return { ok: false, reason: `the report's example uses \`${reflection}\`, which is never run from a report` };
  const read = resolveImports(example.imports, language, facts);
  if (!read.ok) return read;
  const known = new Set(read.from.flatMap(({ names }) => namesOf(names)).concat(read.standardNames));
  const from = [...read.from];
  for (const name of freeNames(code, language).filter((free) => !known.has(free))) {
    const module = findModule(name, facts);
    if (module === undefined)
      return { ok: false, reason: `the report's example uses \`${name}\`, which this package does not offer` };
    from.push({ ...module, names: { specifier: module.specifier, named: [{ name, as: name }] } });
  }
  const used = new Set(code.match(/[\w$]+/g));
  const needed = from
    .map((entry) => ({ ...entry, names: { ...entry.names, named: entry.names.named.filter(({ as }) => used.has(as)) } }))
    .filter(({ names }) => namesOf(names).length > 0);
  if (needed.length === 0) return { ok: false, reason: "the report's example calls nothing of this package" };
  return { ok: true, example: { ...example, from: needed, standard: read.standard } };
}

const namesOf = ({ fallback, namespace, named }: ImportedNames): string[] =>
  [fallback, namespace, ...named.map(({ as }) => as)].filter((name) => name !== undefined);

type ResolvedImports =
  | { ok: true; from: ResolvedExample['from']; standard: string[]; standardNames: string[] }
  | { ok: false; reason: string };

const testLibraries = /^(?:node:)?(?:assert(?:\/strict)?|test)$|^(?:vitest|@jest\/globals|chai|mocha|pytest|unittest)$/;

function resolveImports(statements: readonly string[], language: Language, facts: PackageFacts): ResolvedImports {
  const from: ResolvedExample['from'][number][] = [];
  const standard: string[] = [];
  const standardNames: string[] = [];
  for (const statement of new Set(statements)) {
    const names = readImport(statement, language);
    if (names === undefined) return { ok: false, reason: `the report's import is not understood: ${statement.slice(0, 80)}` };
    if (testLibraries.test(names.specifier)) continue;
    const entry = language === 'python' ? findPython(names.specifier, facts) : findEntry(names.specifier, facts);
    if (entry !== undefined) from.push({ ...entry, names });
    else if (language === 'python' && pureModules.has(names.specifier)) {
      standard.push(statement.trim());
      standardNames.push(...namesOf(names));
    } else return { ok: false, reason: `the report's example imports \`${names.specifier}\`, which is not this package` };
  }
  return { ok: true, from, standard, standardNames };
}

function findEntry(specifier: string, facts: PackageFacts): { path: RepoPath; specifier: string } | undefined {
  if (specifier.startsWith('.')) {
    const tail = specifier.replace(/^(?:\.{1,2}\/)+/, '').replace(/\.[cm]?[jt]sx?$/, '');
    const found =
      facts.modules.find(({ path }) => path.replace(/\.[cm]?[jt]sx?$/, '') === tail) ??
      facts.modules.find(({ path }) => path.replace(/\.[cm]?[jt]sx?$/, '').endsWith(`/${tail}`));
    return found === undefined ? undefined : { path: found.path, specifier };
  }
  if (facts.name === undefined || (specifier !== facts.name && !specifier.startsWith(`${facts.name}/`))) return undefined;
  const wanted = `.${specifier.slice(facts.name.length)}`;
  const entry = facts.entries.find((candidate) => candidate.specifier === wanted);
  if (entry !== undefined) return { path: entry.path, specifier };
  const tail = wanted.slice(2).replace(/\.[cm]?[jt]s$/, '');
  const module = tail === '' ? undefined : facts.modules.find(({ path }) => path.replace(/\.[cm]?[jt]sx?$/, '').endsWith(tail));
  return module === undefined ? undefined : { path: module.path, specifier };
}

function findPython(specifier: string, facts: PackageFacts): { path: RepoPath; specifier: string } | undefined {
  const module = facts.modules.find(({ dotted }) => dotted === specifier);
  return module === undefined ? undefined : { path: module.path, specifier };
}

/** The module to import an unexplained name from: the package's entry if it offers it, else the only one that does. */
function findModule(name: string, facts: PackageFacts): { path: RepoPath; specifier: string } | undefined {
  const offering = facts.modules.filter(({ names }) => names.includes(name));
  const entry = offering.find(({ path }) => facts.entries.some((candidate) => candidate.path === path)) ?? offering[0];
  return entry === undefined ? undefined : { path: entry.path, specifier: entry.dotted ?? entry.path };
}

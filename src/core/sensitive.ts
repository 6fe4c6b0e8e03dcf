import { withoutOnce } from './integrity/multiset.ts';
import { readSource, type SourceFacts } from './integrity/source.ts';
import { classify, testMatcher } from './paths.ts';
import type { Change, ChangedFile, Reason, RepoPath } from './types.ts';

/**
 * What is allowed and still needs a person: source that checks less than before, touches what the configuration calls
 * sensitive, silences a checker, or knows about its tests. Every finding is a reason to look, never a refusal.
 */
export function findSensitive(change: Change, words: readonly string[], tests: readonly string[]): Reason[] {
  const isTest = testMatcher(tests);
  const literals = addedTestLiterals(change.files.filter((file) => isTest(file.path)));
  return change.files
    .filter((file) => !isTest(file.path) && classify(file.path, tests) !== 'docs')
    .flatMap((file) => judgeSource(file, words, literals));
}

function judgeSource(file: ChangedFile, words: readonly string[], literals: ReadonlySet<string>): Reason[] {
  const [before, after] = [readSource(file.path, file.before ?? ''), readSource(file.path, file.after ?? '')];
  return [
    ...findTouchedWords(file, before, after, words),
    ...findLostChecks(file.path, before, after),
    ...findSilencedCheckers(file.path, before, after),
    ...findCatchAlls(file.path, before, after),
    ...findTestKnowledge(file.path, before, after, literals),
  ];
}

const fresh = <T>(now: readonly T[], old: readonly T[], key: (item: T) => string): T[] => withoutOnce(now, old, key);
const textOf = ({ text }: { text: string }): string => text;
const short = (text: string): string => (text.length > 120 ? `${text.slice(0, 119)}…` : text);

// ---------------------------------------------------------------------------------------------- words

/**
 * A word is touched when it is a whole part of a name on a changed line or of the path: `authToken`, `AUTH_URL` and
 * `auth-check.ts` have the part `auth`, `author` has not. Plurals count (`tokens`); `tokenizer` and `tokenize` are
 * names of parsers and do not. A listed word of several parts (`api_key`) matches the same parts in a row.
 */
function findTouchedWords(file: ChangedFile, before: SourceFacts, after: SourceFacts, words: readonly string[]): Reason[] {
  const wanted = words.map((word) => ({ word, parts: nameParts(word) })).filter(({ parts }) => parts.length > 0);
  const pathParts = nameParts(file.path);
  const removed = fresh(before.codeLines, after.codeLines, textOf);
  const added = fresh(after.codeLines, before.codeLines, textOf);
  return wanted.flatMap(({ word, parts }): Reason[] => {
    if (hasParts(pathParts, parts))
      return [{ code: 'human.sensitive_path', message: `${file.path} has "${word}" in its path`, path: file.path }];
    const touched = [...added, ...removed].find(({ text }) => namesIn(text).some((name) => hasParts(nameParts(name), parts)));
    if (touched === undefined) return [];
    const message = `touches "${word}": ${short(touched.text)}`;
    const line = added.includes(touched) ? { line: touched.line } : {};
    return [{ code: 'human.sensitive_word', message, path: file.path, ...line }];
  });
}

const namesIn = (text: string): string[] => text.match(/[\p{L}_$][\p{L}\p{N}_$-]*/gu) ?? [];

/** Parts of a name in camelCase, PascalCase, snake_case, kebab-case or a path, in lower case. */
export function nameParts(name: string): string[] {
  return name
    .replaceAll(/(\p{Ll}|\p{N})(\p{Lu})/gu, '$1 $2')
    .replaceAll(/(\p{Lu}+)(\p{Lu}\p{Ll})/gu, '$1 $2')
    .toLowerCase()
    .split(/[^\p{L}\p{N}]+/u)
    .filter((part) => part !== '');
}

const samePart = (part: string | undefined, word: string): boolean => part !== undefined && singular(part) === singular(word);

function hasParts(name: readonly string[], wanted: readonly string[]): boolean {
  return name.some((_, index) => wanted.every((word, offset) => samePart(name[index + offset], word)));
}

const singular = (word: string): string => word.replace(/(?<=[^s])s$/, '').replace(/ie$/, 'y');

// ---------------------------------------------------------------------------------------------- checks

function findLostChecks(path: RepoPath, before: SourceFacts, after: SourceFacts): Reason[] {
  const kinds = [
    ['human.throw_removed', 'no longer throws', before.throws, after.throws],
    ['human.assertion_removed', 'no longer asserts', before.assertions, after.assertions],
    ['human.guard_removed', 'no longer leaves early', before.guards, after.guards],
    ['human.validation_removed', 'no longer validates', before.validations, after.validations],
  ] as const;
  return kinds.flatMap(([code, what, old, now]) => {
    // One that was only reworded still stands; fewer than before, or a different condition, is worth a look.
    const lost = withoutOnce(old, now, textOf);
    return lost.map(({ text }) => ({ code, message: `${what}: ${short(text)}`, path }));
  });
}

const silencers: readonly [RegExp, string][] = [
  [/@ts-(ignore|nocheck|expect-error)/, 'the type check'],
  [/\b(eslint|oxlint|biome|tslint|jshint|stylelint)[-: ](disable|ignore)/, 'the linter'],
  [/#\s*(type:\s*ignore|noqa|pylint:\s*disable|pyright:\s*ignore|mypy:\s*ignore|nosec|pragma:\s*no\s*cover)/i, 'a checker'],
  [/\b(istanbul|c8|v8|node:coverage)\s+(ignore|disable)/, 'coverage'],
  [
    /@SuppressWarnings|@Suppress\(|#pragma warning disable|#\[allow\(|#!\[allow\(|\/\/\s*nolint|rubocop:disable|@phpstan-ignore|@psalm-suppress/,
    'a checker',
  ],
];

function findSilencedCheckers(path: RepoPath, before: SourceFacts, after: SourceFacts): Reason[] {
  const added = fresh(after.lines, before.lines, textOf);
  const silenced = added.flatMap(({ text, line }): Reason[] => {
    const found = silencers.find(([pattern]) => pattern.test(text.slice(0, 2_000)));
    return found === undefined
      ? []
      : [{ code: 'human.checker_silenced', message: `silences ${found[1]}: ${short(text)}`, path, line }];
  });
  const types = fresh(after.looseTypes, before.looseTypes, textOf).map(({ text, line }): Reason => ({
    code: 'human.type_weakened',
    message: `gives up a type: ${short(text)}`,
    path,
    line,
  }));
  return [...silenced, ...(after.looseTypes.length > before.looseTypes.length ? types : [])];
}

function findCatchAlls(path: RepoPath, before: SourceFacts, after: SourceFacts): Reason[] {
  return fresh(after.catchAlls, before.catchAlls, textOf).map(({ text, line }) => ({
    code: 'human.catch_all',
    message: `swallows every error: ${short(text)}`,
    path,
    line,
  }));
}

// ---------------------------------------------------------------------------------------------- knowledge of tests

const testEnvironment =
  /NODE_ENV\b[^\n]{0,20}['"]test['"]|['"]test['"][^\n]{0,20}NODE_ENV|\b(VITEST|JEST_WORKER_ID|MOCHA|AVA_PATH|TAP|NODE_TEST_CONTEXT|PYTEST_CURRENT_TEST|PYTEST_VERSION|RSPEC|RUST_TEST_THREADS|RAILS_ENV|APP_ENV|CI)\b(?=['"\]\s)&|?;,.:]|$)|import\s*\.\s*meta\s*\.\s*vitest|\bprocess\s*\.\s*(argv|execArgv)\b|\brequire\s*\.\s*main\b|sys\.modules|sys\.argv|testing\.Testing\(|flag\.Lookup\("test\.|new Error\(\)\s*\.\s*stack|__filename.*test|cfg!\(test\)|typeof (describe|it|jest|vi|expect)\b|inspect\.stack|getStackTrace/;
const readsEnvironment = /\benv\b|environ|getenv|ENV\[|process|import|sys\.|testing|flag\.|stack|Stack|typeof|filename|cfg!/;

function findTestKnowledge(path: RepoPath, before: SourceFacts, after: SourceFacts, literals: ReadonlySet<string>): Reason[] {
  const added = fresh(after.lines, before.lines, textOf);
  const detects = added
    .filter(({ text, isComment }) => !isComment && testEnvironment.test(text.slice(0, 2_000)) && readsEnvironment.test(text))
    .map(({ text, line }) => ({
      code: 'human.detects_tests',
      message: `can tell that it is being tested: ${short(text)}`,
      path,
      line,
    }));
  const known = fresh(after.compared, before.compared, textOf).filter(({ text }) => literals.has(text));
  const copied = known.map(({ text, line }) => ({
    code: 'human.hard_coded_value',
    message: `decides by a value of the change's own tests: ${short(JSON.stringify(text))}`,
    path,
    line,
  }));
  return [...detects, ...copied];
}

/** Strings and numbers long enough to be no accident that stand in added lines of tests. */
function addedTestLiterals(files: readonly ChangedFile[]): Set<string> {
  const found = new Set<string>();
  for (const file of files) {
    const [before, after] = [readSource(file.path, file.before ?? ''), readSource(file.path, file.after ?? '')];
    for (const { text } of fresh(after.literals, before.literals, textOf)) if (isTelling(text)) found.add(text);
  }
  return found;
}

const isTelling = (literal: string): boolean =>
  /^-?\d/.test(literal) ? literal.replaceAll(/\D/g, '').length >= 3 : literal.trim().length >= 3;

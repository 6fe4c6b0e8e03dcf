import { isTestPath } from '../paths.ts';
import { nameOf, quote, type Report } from './findings.ts';
import type { IntegrityFinding, Mark, TestCase, TestFile } from './model.ts';
import { withoutOnce } from './multiset.ts';
import { cached, preparation, string, valueNames } from './preparation.ts';

/** Mocks and functions of the same name that come between a test and what it is about. */

const lastOf = (chain: string): string => chain.slice(chain.lastIndexOf('.') + 1);
const rootOf = (chain: string): string => /^[^.]*/.exec(chain)?.[0] ?? '';

/**
 * What a test looks at: the functions that its assertions call, and those that made the values they look at, each with
 * what it belongs to: `parse`, `parser.parse`.
 */
const tested = cached(({ statements, assertions }: TestCase): string[] => {
  const looked = assertions.filter(({ trivial }) => !trivial).map(({ subject, expected }) => `${subject} ${expected}`);
  const prepared = preparation(statements, valueNames(assertions.map(({ subject }) => subject).join(' ')));
  return callsIn([...looked, prepared].join('\0'));
});

const callsIn = (text: string): string[] =>
  [
    ...text
      .slice(0, 20_000)
      .replaceAll(string, '""')
      .matchAll(/(?<![\p{L}\p{N}_$.])([\p{L}_$][\p{L}\p{N}_$]*(?:\s?(?:\.|::|->)\s?[\p{L}_$][\p{L}\p{N}_$]*)*)[?!]?\s?\(/gu),
  ].map((match) => (match[1] ?? '').replaceAll(/\s/g, '').replaceAll(/::|->/g, '.'));

/** `a.parse` replaces `parse` and `a.parse`, not `b.parse`; the module `a` replaces all of it. */
function replaces(name: string, chain: string): boolean {
  if (rootOf(chain) === name) return true;
  if (lastOf(name) !== lastOf(chain)) return false;
  const [owner, other] = [name, chain].map((text) => lastOf(text.slice(0, Math.max(0, text.lastIndexOf('.')))));
  return owner === '' || other === '' || owner === other;
}

/** Something else than before stands where the test looks: it would judge its own mock. */
export function compareStandIns(report: Report, old: TestCase, now: TestCase): IntegrityFinding[] {
  const chains = tested(old);
  const mocks = freshMocks(old.marks, now.marks).filter(({ names = [] }) =>
    names.some((name) => chains.some((chain) => replaces(name, chain))),
  );
  const declared = [...(now.declared ?? [])].filter(
    (name) => old.declared?.has(name) !== true && chains.some((chain) => rootOf(chain) === name),
  );
  return [
    ...mocks.map(({ text, line }) =>
      report('mock', 'refuse', `"${nameOf(now)}" replaces what it tests: ${quote(text)}`, now, line),
    ),
    ...declared.map((name) => report('mock', 'refuse', `"${nameOf(now)}" declares itself what it tests: ${name}`, now)),
  ];
}

const isMock = ({ kind }: Mark): boolean => kind === 'replace';
const freshMocks = (old: readonly Mark[], now: readonly Mark[]): Mark[] =>
  withoutOnce(now.filter(isMock), old.filter(isMock), ({ text }) => text);

/** The same for the whole file: what stands at its top stands there for every test. */
export function compareOrigins(path: string, report: Report, before: TestFile, after: TestFile): IntegrityFinding[] {
  const chains = before.tests.flatMap((test) => tested(test).filter((chain) => test.declared?.has(rootOf(chain)) !== true));
  const [roots, hasTests] = [new Set(chains.map(rootOf)), before.tests.some(({ assertions }) => assertions.length > 0)];
  const mocks = freshMocks(before.marks, after.marks).filter(
    ({ names = [] }) => !hasTests || names.some((name) => chains.some((chain) => replaces(name, chain))),
  );
  const replaced = [...(after.origins ?? [])].filter(([name, origin]) => {
    const old = before.origins?.get(name);
    return old !== origin && (origin === '' || (old !== undefined && liesInTests(path, origin)));
  });
  const moved = replaced.filter(([name]) => {
    const old = before.origins?.get(name) ?? '';
    // The source may also be handed on to what is called.
    return roots.has(name) || (old.startsWith('.') && !liesInTests(path, old) && before.tests.some((test) => says(test, name)));
  });
  return [
    ...mocks.map(({ text, line }) =>
      report('mock', 'refuse', `the file replaces what it tests: ${quote(text)}`, undefined, line),
    ),
    ...moved.map(([name, origin]) =>
      report('mock', 'refuse', `"${name}", which is tested, now comes from ${origin === '' ? 'the test itself' : origin}`),
    ),
  ];
}

const says = ({ statements }: TestCase, name: string): boolean =>
  statements.some((statement) => !/^import |= require \(/.test(statement) && valueNames(statement).includes(name));

/** `./fake` beside a test is a test's, `../src/parse` is not. */
function liesInTests(path: string, origin: string): boolean {
  if (!origin.startsWith('.')) return false;
  const parts = path.split('/').slice(0, -1);
  for (const part of origin.split('/')) {
    if (part === '..') parts.pop();
    else if (part !== '.') parts.push(part);
  }
  return isTestPath(parts.join('/'));
}

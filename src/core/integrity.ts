import { compareMoved, compareTestFiles, pairTests, type Comparison } from './integrity/difference.ts';
import { nameOf, reporter } from './integrity/findings.ts';
import { judgeConfiguration, judgeSupport } from './integrity/harness.ts';
import { readerFor, type Reader } from './integrity/languages.ts';
import type { FindingKind, IntegrityFinding, TestCase, TestFile } from './integrity/model.ts';
import { testMatcher, testRole } from './paths.ts';
import type { Change, ChangedFile, Reason, TestRun } from './types.ts';

export type { IntegrityFinding } from './integrity/model.ts';

/**
 * Whether a change left the tests as strong as they were. Nothing is executed: texts before and after are read as
 * tests, language by language, and compared. New tests and new assertions are free; whatever existed must still be
 * there, run, and say at least as much.
 */
export interface IntegrityInput {
  change: Change;
  /** The configuration's globs of tests. */
  tests: readonly string[];
  /** Whole suite on the base commit. */
  baseline?: TestRun | undefined;
  /** Whole suite on the head, once it ran. */
  after?: TestRun | undefined;
}

/** Every finding, with its weight. Weights `refuse` and `human` are final, `proof` waits for `combineIntegrity`. */
export function judgeIntegrity(input: IntegrityInput): IntegrityFinding[] {
  const isTest = testMatcher(input.tests);
  const judged = input.change.files.map((file) => judgeFile(file, isTest, input.change));
  const findings = [...judged.flatMap(({ findings }) => findings), ...judgeMissing(judged), ...compareRuns(input)];
  return mergeRepeats(findings);
}

/** What bugloop's own process saw of the change. */
export interface ProofFacts {
  /** Ids of tests that are red on the base source with the change's tests and green with the whole change. */
  failToPass: readonly string[];
  /** Passed in the baseline and fail now; passed in the baseline and are no longer reported. */
  regressions?: readonly string[];
  vanished?: readonly string[];
  /** Ids of the base's own tests that fail on the head's source, where that was tried: what an edit may hide. */
  originalsFailing?: readonly string[];
}

/**
 * The last word on edited tests. An existing test that was made to say something else is accepted, for a person to
 * look at, only when it is itself red on the base and green with the fix: then the edit is part of the evidence. Any other edited
 * test proves nothing and may guard less than before; it is refused, also where its old version still passes.
 */
export function combineIntegrity(
  findings: readonly IntegrityFinding[],
  facts: ProofFacts,
): { refuse: Reason[]; human: Reason[] } {
  const lost = new Set([...(facts.regressions ?? []), ...(facts.vanished ?? [])]);
  const red = new Set(facts.failToPass);
  const originals = facts.originalsFailing ?? [];
  const weigh = (finding: IntegrityFinding): 'refuse' | 'human' => {
    // Data belongs to any test: none may need the new data to pass that the old source passes with it too.
    const hides =
      finding.kind === 'fixture' ? originals.some((id) => !red.has(id)) : originals.some((id) => mayBeResultOf(finding, id));
    if (finding.weight !== 'proof' && !(edits.has(finding.kind) && hides)) return finding.weight;
    if (finding.kind === 'snapshot' && finding.test === undefined)
      return originals.length > 0 && originals.every((id) => red.has(id)) ? 'human' : 'refuse';
    const proven = facts.failToPass.some((id) => !lost.has(id) && isResultOf(finding, id));
    return proven ? 'human' : 'refuse';
  };
  const refuse = findings.filter((finding) => weigh(finding) === 'refuse');
  const human = findings.filter((finding) => weigh(finding) === 'human');
  return { refuse: refuse.map(toReason), human: human.map(toReason) };
}

/** Kinds that make an existing test say something else. */
const edits: ReadonlySet<FindingKind> = new Set([
  'expectation-changed',
  'input-changed',
  'body-changed',
  'row-changed',
  'conditional',
  'fixture',
]);

/** The plain reason of a finding, as a report stores it. */
export function toReason({ code, message, path, line }: IntegrityFinding): Reason {
  return { code, message, ...(path === undefined ? {} : { path }), ...(line === undefined ? {} : { line }) };
}

/**
 * Whether a runner's id, `<file> > <suite> > <name>`, stands for the test that a finding is about: its title, with the
 * suites around it where the runner tells them, is what some of the id's parts say in a row. A title that merely occurs in another one
 * is another test.
 */
function isResultOf(finding: IntegrityFinding, id: string): boolean {
  const parts = ownParts(finding, id);
  if (parts === undefined) return false;
  const titles = (finding.test ?? []).filter((title) => title !== '');
  if (titles.length === 0) return true;
  // A record may have a name of its own after the test's.
  if (finding.kind === 'snapshot' && `${plain(titles.join(' '))} `.startsWith(`${withoutCase(plain(parts.join(' ')))} `))
    return true;
  return parts.some((_, from) =>
    parts.slice(from).some((_, count) => {
      const name = plain(parts.slice(from, from + count + 1).join(' '));
      // A runner that names no suites begins with the title itself.
      const wanted = from === 0 ? [titles.join(' '), titles.at(-1) ?? ''] : [titles.join(' ')];
      return wanted.some((title) => isTitle(name, title) || isTitle(withoutCase(name), title));
    }),
  );
}

/** Whether an id may stand for the test of a finding: its title occurs in it. */
function mayBeResultOf(finding: IntegrityFinding, id: string): boolean {
  const parts = ownParts(finding, id);
  return parts !== undefined && holdsInOrder(plain(parts.join(' ')), fixedParts(finding.test?.at(-1) ?? ''));
}

/** What an id says after the file, `undefined` where the file is another one. */
function ownParts({ path = '' }: IntegrityFinding, id: string): string[] | undefined {
  const [file = '', ...rest] = id.split(' > ');
  const namesFile = rest.length > 0 && /[\\/]|\.\w{1,5}$/.test(file) && !/\s/.test(file);
  if (namesFile && !samePath(path, file)) return undefined;
  return (namesFile ? rest : [file, ...rest]).flatMap((part) => part.split(separators)).filter((part) => part.trim() !== '');
}

/** Between modules, classes and subtests in the ids of runners. */
const separators = /::|[/#.]/;

/** Punctuation that runners and reporters spell differently is left out. */
const plain = (text: string): string =>
  text
    .toLowerCase()
    .replaceAll(/[\s_>:/#.]+/g, ' ')
    .trim();

/** `test_add[1-2]`, `adds()`, `adds (2)`: one case of a test, and the second of its name. */
const withoutCase = (name: string): string => name.replace(/(\s?(\[[^\]]*\]|\([^)]*\)))+$/, '');

/** The fixed parts of a title; what stands between them was filled in by the runner (`%s`, `$name`, `${x}`, `#{x}`). */
const fixedParts = (title: string): string[] => title.split(/%[sdifjoOp#%]|\$\{[^}]*\}|\$[\w.]+|#\{[^}]*\}/).map(plain);

/** Without regular expressions: many placeholders would make one slow. */
function isTitle(name: string, title: string): boolean {
  const parts = fixedParts(title);
  const [first = '', last = ''] = [parts[0], parts.at(-1)];
  if (parts.length === 1) return name === first;
  if (!name.startsWith(first) || !name.slice(first.length).endsWith(last)) return false;
  return holdsInOrder(name.slice(first.length, name.length - last.length), parts.slice(1, -1));
}

function holdsInOrder(text: string, parts: readonly string[]): boolean {
  let from = 0;
  return parts.every((part) => {
    const at = text.indexOf(part, from);
    from = at + part.length;
    return at >= 0;
  });
}

/** A snapshot stands for the tests of the file it belongs to. */
function samePath(path: string, file: string): boolean {
  const owner = path.replace(/(__snapshots__|snapshots)\//, '').replace(/\.(snap(shot)?|ambr)$/, '');
  return (
    path === file ||
    owner === file ||
    owner === file.replace(/\.\w+$/, '') ||
    path.endsWith(`/${file}`) ||
    file.endsWith(`/${path}`)
  );
}

// ---------------------------------------------------------------------------------------------- one file

interface Judged extends Comparison {
  file: ChangedFile;
  before: TestFile;
  comments: string;
}

const empty: TestFile = { tests: [], marks: [], rows: [], comments: '' };

function judgeFile(file: ChangedFile, isTest: (path: string) => boolean, change: Change): Judged {
  const nothing: Judged = { file, before: empty, findings: [], missing: [], added: [], comments: '' };
  const configuration = judgeConfiguration(file);
  if (configuration.length > 0) return { ...nothing, findings: configuration };
  const reader = readerFor(file.path);
  const inTests = isTest(file.path);
  if (!inTests && !(reader !== undefined && declaresInline(file))) return nothing;
  const role = testRole(file.path);
  const support = (): Judged => ({ ...nothing, findings: judgeSupport(file, reappears(file, change)) });
  if (inTests && (role === 'snapshot' || role === 'fixture' || role === 'mock')) return support();
  if (file.binary) return support();
  const report = reporter(file.path);
  if (reader === undefined) {
    const findings =
      file.status === 'added' ? [] : [report('unreadable', 'human', `tests in ${file.path} are in a language that is not read`)];
    return { ...nothing, findings: [...findings, ...(file.status === 'deleted' ? support().findings : [])] };
  }
  const texts = readBoth(file, reader);
  if (texts === undefined) return { ...nothing, findings: [judgeUnreadable(file, reader)] };
  const { before, after } = texts;
  if (inTests && !hasTests(before) && !hasTests(after)) {
    const compared = compareTestFiles(file.path, before, after).findings.filter((finding) => finding.weight === 'refuse');
    return { ...nothing, findings: [...support().findings, ...(file.status === 'modified' ? compared : [])] };
  }
  const compared = compareTestFiles(file.path, before, after);
  const isNew = file.before === undefined;
  const findings = isNew
    ? compared.findings.filter(({ kind }) => ['focused', 'exit-added', 'never-runs'].includes(kind))
    : compared.findings;
  const setup = inTests && role === 'setup' ? support().findings : [];
  return { ...compared, findings: [...setup, ...findings], file, before, comments: after.comments };
}

/** Languages that keep unit tests beside the code. */
function declaresInline(file: ChangedFile): boolean {
  const text = `${file.before ?? ''}\n${file.after ?? ''}`;
  if (file.path.endsWith('.rs')) return /#\[(\w+::)*test\b|#\[cfg\(test\)\]/.test(text);
  return /\.[cm]?[jt]sx?$/.test(file.path) && /import\s*\.\s*meta\s*\.\s*vitest/.test(text);
}

function hasTests(file: TestFile): boolean {
  return file.tests.some((test) => test.titles.at(-1) !== '' || test.assertions.length > 0);
}

function readBoth(file: ChangedFile, reader: Reader): { before: TestFile; after: TestFile } | undefined {
  const read = (text: string | undefined, mode: string): TestFile | undefined =>
    mode === '000000' ? empty : text === undefined ? undefined : reader(file.path, text);
  const [before, after] = [read(file.before, file.oldMode), read(file.after, file.newMode)];
  return before === undefined || after === undefined ? undefined : { before, after };
}

/** What could be read before and no longer can is a loss; what never could is for a person. */
function judgeUnreadable(file: ChangedFile, reader: Reader): IntegrityFinding {
  const couldBefore = file.before !== undefined && reader(file.path, file.before) !== undefined;
  return reporter(file.path)(
    'unreadable',
    couldBefore || file.before === undefined ? 'refuse' : 'human',
    `the tests in ${file.path} cannot be read`,
  );
}

/** Whether a deleted file's text lies elsewhere in the change. */
function reappears(file: ChangedFile, change: Change): boolean {
  return file.before !== undefined && change.files.some((other) => other.status === 'added' && other.after === file.before);
}

// ---------------------------------------------------------------------------------------------- the change as a whole

/** A missing test may have moved to another file of the change; otherwise it was deleted. */
function judgeMissing(judged: readonly Judged[]): IntegrityFinding[] {
  let homeless = judged.flatMap(({ added }) => added);
  return judged.flatMap(({ file, before, missing, comments }) => {
    const others = homeless.filter((test) => !judged.some((one) => one.file === file && one.added.includes(test)));
    const moves = pairTests(missing, others);
    homeless = homeless.filter((test) => !moves.some(({ now }) => now === test));
    const moved = new Map(moves.map(({ old, now }) => [old, now]));
    const report = reporter(file.path);
    return missing
      .filter((test) => test.assertions.length > 0 || (test.titles.at(-1) !== '' && !isGroup(test, before.tests)))
      .flatMap((test) => {
        const now = moved.get(test);
        if (now !== undefined) {
          const home = judged.find(({ added }) => added.includes(now))?.file.path ?? file.path;
          const message = `"${nameOf(test)}" moved to ${home}`;
          return [report('moved', 'human', message, test), ...compareMoved(reporter(home), test, now)];
        }
        const commented = isCommentedOut(test, comments) ? ' (commented out)' : '';
        return [report('deleted', 'refuse', `"${nameOf(test)}" is gone${commented}`, test)];
      });
  });
}

/** What holds nothing but other tests, or wraps the runner's function under a title given from outside. */
function isGroup(test: TestCase, tests: readonly TestCase[]): boolean {
  if (test.assertions.length === 0 && test.isWrapper === true) return true;
  const prefix = test.titles.join('\0') + '\0';
  return test.assertions.length === 0 && tests.some((other) => other.titles.join('\0').startsWith(prefix));
}

function isCommentedOut(test: TestCase, comments: string): boolean {
  const title = test.titles.at(-1) ?? '';
  return title !== '' && comments.includes(title);
}

const ofRun = (kind: 'skipped' | 'fewer-tests', message: string): IntegrityFinding => ({
  code: `integrity.${kind.replace('-', '_')}`,
  kind,
  weight: 'refuse',
  message,
});
const executed = (run: TestRun): number => run.results.filter(({ status }) => status !== 'skipped').length;

/** Runs tell what texts cannot: a test that is there and is no longer executed. */
function compareRuns({ baseline, after }: IntegrityInput): IntegrityFinding[] {
  if (baseline === undefined || after === undefined || !baseline.perTest || !after.perTest) return [];
  const now = new Map(after.results.map((result) => [result.id, result.status]));
  const skipped = baseline.results.filter(({ id, status }) => status === 'passed' && now.get(id) === 'skipped');
  const [before, left] = [executed(baseline), executed(after)];
  return [
    ...skipped.map(({ id }) => ofRun('skipped', `passed before the change and is skipped with it: ${id}`)),
    ...(left < before ? [ofRun('fewer-tests', `${left} tests were executed, ${before} before the change`)] : []),
  ];
}

/** Findings of one kind in one file that are told one by one. */
const mostRepeats = 20;

/** A skipped suite is one finding, not one for each of its tests; what waits for the proof is never merged. */
function mergeRepeats(findings: readonly IntegrityFinding[]): IntegrityFinding[] {
  const groups = new Map<string, { first: IntegrityFinding; messages: Set<string> }>();
  const told = new Map<string, number>();
  for (const finding of findings) {
    const file = [finding.kind, finding.weight, finding.path].join('\0');
    const isOpen = finding.weight === 'proof';
    const place = isOpen || finding.line === undefined ? `${finding.line} ${finding.message}` : String(finding.line);
    const count = told.get(file) ?? 0;
    const key = !isOpen && count >= mostRepeats ? `${file}\0rest` : `${file}\0${place}`;
    const group = groups.get(key);
    if (group !== undefined) group.messages.add(finding.message);
    else {
      groups.set(key, { first: finding, messages: new Set([finding.message]) });
      told.set(file, count + 1);
    }
  }
  return [...groups.values()].map(({ first, messages }) =>
    messages.size === 1 ? first : { ...first, message: `${first.message} (and ${messages.size - 1} more)` },
  );
}

import type { Reproduced, ReproductionFacts, ResolvedExample } from './facts.ts';
import { languageOf } from '../mutate/syntax.ts';
import type { RepoPath, RunnerName } from '../types.ts';
import { quote } from './literals.ts';

interface Style {
  runner: RunnerName;
  quoteMark: "'" | '"';
  semicolon: string;
  indent: string;
  /** `import` statements rather than `require`. */
  esm: boolean;
  /** Whether tests import `test` and `expect`, or find them as globals. */
  globals: boolean;
  /** How tests write the extension of a source file they import. */
  extension: 'source' | 'js' | 'none';
}

/** Renders the examples as one test file next to the existing test that knows most of their names. */
export function writeTestFile(title: string, examples: readonly ResolvedExample[], facts: ReproductionFacts): Reproduced {
  const sample = nearestSample(examples, facts);
  if (sample === undefined) return { ok: false, reason: 'there is no test to take the style from' };
  const style = styleOf(sample, facts);
  const path = placeFor(title, sample.path, facts);
  const body =
    languageOf(sample.path) === 'python' ? writePytest(title, examples, style) : writeJavaScript(title, examples, style, path);
  if (body === undefined) return { ok: false, reason: `tests of the runner ${facts.runner} cannot be written mechanically` };
  const tests = examples.map((_, index) => testName(title, index, languageOf(sample.path) === 'python'));
  return { ok: true, path, content: body, tests, examples };
}

function nearestSample(
  examples: readonly ResolvedExample[],
  facts: ReproductionFacts,
): { path: RepoPath; text: string } | undefined {
  const names = examples.flatMap(({ from }) => from.flatMap(({ names }) => names.named.map(({ name }) => name)));
  const score = (text: string): number => names.filter((name) => text.includes(name)).length;
  const usable = facts.tests.filter(({ path }) => languageOf(path) === languageOf(facts.tests[0]?.path ?? ''));
  return usable.map((test) => ({ test, score: score(test.text) })).sort((a, b) => b.score - a.score)[0]?.test;
}

function styleOf({ path, text }: { path: RepoPath; text: string }, facts: ReproductionFacts): Style {
  const imported = [...text.matchAll(/(?:from|require\()\s*['"](\.[^'"]+)['"]/g)].map((match) => match[1] ?? '');
  const written = imported.find((specifier) => /\.[cm]?[jt]sx?$/.test(specifier));
  return {
    runner: facts.runner,
    quoteMark: text.split('"').length > text.split("'").length ? '"' : "'",
    semicolon: /;[ \t]*$/m.test(text) ? ';' : '',
    indent: /\n([ \t]+)\S/.exec(text)?.[1] ?? (path.endsWith('.py') ? '    ' : '  '),
    esm: /^import\s/m.test(text) || (facts.package.esm && !/\brequire\(/.test(text)) || /\.m?tsx?$/.test(path),
    globals: !/from ['"](?:vitest|@jest\/globals|mocha)['"]/.test(text),
    extension: written === undefined ? (imported.length > 0 ? 'none' : 'source') : /\.tsx?$/.test(written) ? 'source' : 'js',
  };
}

/** A new path beside the sample, named after the title as the sample is named. */
function placeFor(title: string, sample: RepoPath, facts: ReproductionFacts): RepoPath {
  const folder = sample.slice(0, sample.lastIndexOf('/') + 1);
  const name = sample.slice(folder.length);
  const python = name.endsWith('.py');
  const suffix = python
    ? (/_tests?\.py$/.exec(name)?.[0] ?? '.py')
    : (/[._-](?:test|spec)s?\.[^.]+$/.exec(name)?.[0] ?? /\.[^.]+$/.exec(name)?.[0] ?? '');
  const prefix = /^test[_-]/.exec(name)?.[0] ?? '';
  const taken = new Set(facts.tests.map(({ path }) => path));
  const stem = prefix + slugOf(title, python ? '_' : '-');
  for (let n = 1; ; n += 1) {
    const path = `${folder}${stem}${n === 1 ? '' : `${python ? '_' : '-'}${n}`}${suffix}`;
    if (!taken.has(path)) return path;
  }
}

/** The issue's title, numbered from the second example on. */
function testName(title: string, index: number, python: boolean): string {
  if (python) return `test_${slugOf(title, '_')}${index === 0 ? '' : `_${index + 1}`}`;
  return oneLine(title) + (index === 0 ? '' : ` (${index + 1})`);
}

const maxSlug = 48;

function slugOf(title: string, joint: string): string {
  const words =
    title
      .normalize('NFKD')
      .toLowerCase()
      .match(/[a-z0-9]+/g) ?? [];
  let slug = '';
  for (const word of words) {
    if (slug.length + word.length > maxSlug) break;
    slug += (slug === '' ? '' : joint) + word;
  }
  return slug === '' ? 'report' : slug;
}

const oneLine = (text: string): string => text.replace(/\s+/g, ' ').trim();
const indentAll = (text: string, indent: string): string =>
  text
    .split('\n')
    .map((line) => (line === '' ? line : indent + line))
    .join('\n');
const uniqueBy = <T>(items: readonly T[], key: (item: T) => string): T[] => [
  ...new Map(items.map((item) => [key(item), item])).values(),
];

// -------------------------------------------------------------------------------------- JavaScript and TypeScript

interface Frame {
  imports: readonly string[];
  name: string;
  parameters: string;
  assert: 'expect' | 'assert' | 't';
}

function frameOf(style: Style, q: (text: string) => string, needsAssert: boolean): Frame | undefined {
  const load = (names: string, from: string): string =>
    style.esm ? `import ${names} from ${q(from)}${style.semicolon}` : `const ${names} = require(${q(from)})${style.semicolon}`;
  const assert = load('assert', 'node:assert/strict');
  switch (style.runner) {
    case 'vitest':
      return {
        imports: [...(needsAssert ? [assert] : []), ...(style.globals ? [] : [load('{ expect, test }', 'vitest')])],
        name: 'test',
        parameters: '',
        assert: 'expect',
      };
    case 'jest':
      return {
        imports: [...(needsAssert ? [assert] : []), ...(style.globals ? [] : [load('{ expect, test }', '@jest/globals')])],
        name: 'test',
        parameters: '',
        assert: 'expect',
      };
    case 'node-test':
      return { imports: [assert, load('{ test }', 'node:test')], name: 'test', parameters: '', assert: 'assert' };
    case 'mocha':
      return {
        imports: [assert, ...(style.globals ? [] : [load('{ it }', 'mocha')])],
        name: 'it',
        parameters: '',
        assert: 'assert',
      };
    case 'ava':
      return { imports: [...(needsAssert ? [assert] : []), load('test', 'ava')], name: 'test', parameters: 't', assert: 't' };
    default:
      return undefined;
  }
}

function writeJavaScript(title: string, examples: readonly ResolvedExample[], style: Style, path: RepoPath): string | undefined {
  const q = (text: string): string => quote(text, style.quoteMark);
  const needsAssert = examples.some(({ check }) => 'assertion' in check && /\bassert\b/.test(check.assertion));
  const frame = frameOf(style, q, needsAssert);
  if (frame === undefined) return undefined;
  const imports = uniqueBy(
    examples.flatMap(({ from }) => from.map((entry) => writeImport(entry, style, path, q))),
    (line) => line,
  );
  const tests = examples.map((example, index) => {
    const name = q(testName(title, index, false));
    const lines = [...example.setup, ...checkLines(example, frame, style)];
    const isAsync = /\bawait\b/.test(lines.join('\n')) ? 'async ' : '';
    return `${frame.name}(${name}, ${isAsync}(${frame.parameters}) => {\n${lines.map((line) => indentAll(line, style.indent)).join('\n')}\n})${style.semicolon}\n`;
  });
  return `${[...frame.imports, ...imports].join('\n')}\n\n${tests.join('\n')}`;
}

function writeImport(
  { path, names }: ResolvedExample['from'][number],
  style: Style,
  test: RepoPath,
  q: (text: string) => string,
): string {
  const target = q(relativeSpecifier(test, path, style));
  const { fallback, namespace, named } = names;
  if (!style.esm) {
    const left =
      namespace ?? fallback ?? `{ ${named.map(({ name, as }) => (name === as ? name : `${name}: ${as}`)).join(', ')} }`;
    return `const ${left} = require(${target})${style.semicolon}`;
  }
  const group =
    named.length === 0 ? [] : [`{ ${named.map(({ name, as }) => (name === as ? name : `${name} as ${as}`)).join(', ')} }`];
  const clause = [
    ...(fallback === undefined ? [] : [fallback]),
    ...(namespace === undefined ? [] : [`* as ${namespace}`]),
    ...group,
  ];
  return `import ${clause.join(', ')} from ${target}${style.semicolon}`;
}

function relativeSpecifier(from: RepoPath, to: RepoPath, style: Style): string {
  const [here, there] = [from.split('/').slice(0, -1), to.split('/')];
  let shared = 0;
  while (shared < here.length && here[shared] === there[shared]) shared += 1;
  const up = here.slice(shared).map(() => '..');
  const plain = [...(up.length === 0 ? ['.'] : up), ...there.slice(shared)].join('/');
  if (!/\.[cm]?tsx?$/.test(plain)) return style.extension === 'none' && !style.esm ? plain.replace(/\.js$/, '') : plain;
  if (style.extension === 'none') return plain.replace(/\.[cm]?tsx?$/, '');
  return style.extension === 'js' ? plain.replace(/\.([cm]?)tsx?$/, '.$1js') : plain;
}

function checkLines({ check }: ResolvedExample, { assert }: Frame, style: Style): string[] {
  const end = style.semicolon;
  if ('assertion' in check) return [translateAssertion(check.assertion.replace(/;$/, ''), assert) + end];
  const { subject, expectation } = check;
  const waits = /^await\b/.test(subject);
  const call = waits ? `async () => ${subject}` : `() => ${subject}`;
  const lead = waits ? 'await ' : '';
  switch (expectation.kind) {
    case 'value':
    case 'text': {
      const actual = expectation.kind === 'text' ? `String(${subject})` : subject;
      if (assert === 'expect') return [`expect(${actual}).toEqual(${expectation.value})${end}`];
      return [
        `${assert}.${assert === 't' ? 'deepEqual' : isPrimitive(expectation.value) ? 'equal' : 'deepEqual'}(${actual}, ${expectation.value})${end}`,
      ];
    }
    case 'throws': {
      const type = expectation.type ?? '';
      if (assert === 'expect') return [`${lead}expect(${call})${waits ? '.rejects' : ''}.toThrow(${type})${end}`];
      if (assert === 't')
        return [`${lead}t.throws${waits ? 'Async' : ''}(${call}${type === '' ? '' : `, { instanceOf: ${type} }`})${end}`];
      return [`${lead}assert.${waits ? 'rejects' : 'throws'}(${call}${type === '' ? '' : `, ${type}`})${end}`];
    }
    default:
      if (assert === 'expect') return waits ? [`${subject}${end}`] : [`expect(${call}).not.toThrow()${end}`];
      if (assert === 't') return [`${lead}t.notThrows${waits ? 'Async' : ''}(${call})${end}`];
      return [`${lead}assert.${waits ? 'doesNotReject' : 'doesNotThrow'}(${call})${end}`];
  }
}

const isPrimitive = (value: string): boolean => !/^[[{(]|^new\b/.test(value);

/** `expect(a).toBe(b)` where the repository has no `expect`. Other assertions are kept as written. */
function translateAssertion(text: string, assert: Frame['assert']): string {
  if (assert === 'expect' || !text.startsWith('expect')) return text;
  const match =
    /^expect\(([\s\S]+)\)\.(toBe|toEqual|toStrictEqual|toBeNull|toBeUndefined|toBeTruthy|toBeFalsy)\(([\s\S]*)\)$/.exec(text);
  if (match === null) return text;
  const [, actual = '', matcher = '', expected = ''] = match;
  const wanted = ({ toBeNull: 'null', toBeUndefined: 'undefined' } as Record<string, string>)[matcher] ?? expected;
  if (matcher === 'toBeTruthy') return `${assert}.${assert === 't' ? 'truthy' : 'ok'}(${actual})`;
  if (matcher === 'toBeFalsy') return `${assert}.${assert === 't' ? 'falsy' : 'ok'}(${assert === 't' ? '' : '!'}(${actual}))`;
  return `${assert}.deepEqual(${actual}, ${wanted})`;
}

// ------------------------------------------------------------------------------------------------------- Python

function writePytest(title: string, examples: readonly ResolvedExample[], style: Style): string | undefined {
  if (style.runner !== 'pytest') return undefined;
  const standard = uniqueBy(
    examples.flatMap((example) => example.standard),
    (line) => line,
  );
  const own = uniqueBy(
    examples.flatMap(({ from }) =>
      from.map(({ specifier, names }) =>
        names.namespace === undefined
          ? `from ${specifier} import ${names.named.map(({ name, as }) => (name === as ? name : `${name} as ${as}`)).join(', ')}`
          : `import ${specifier}${names.namespace === specifier.split('.')[0] ? '' : ` as ${names.namespace}`}`,
      ),
    ),
    (line) => line,
  );
  const raises = examples.some(({ check }) => 'expectation' in check && check.expectation.kind === 'throws');
  const groups = [standard, raises ? ['import pytest'] : [], own]
    .filter((group) => group.length > 0)
    .map((group) => group.join('\n'));
  const tests = examples.map((example, index) => {
    const name = testName(title, index, true);
    const documentation = `"""${oneLine(title).replaceAll('\\', '\\\\').replaceAll('"', "'")}"""`;
    const lines = [documentation, ...example.setup, ...pythonCheck(example, style)];
    return `def ${name}():\n${lines.map((line) => indentAll(line, style.indent)).join('\n')}\n`;
  });
  return `${groups.join('\n\n')}\n\n\n${tests.join('\n\n')}`;
}

function pythonCheck({ check }: ResolvedExample, style: Style): string[] {
  if ('assertion' in check) return [check.assertion];
  const { subject, expectation } = check;
  switch (expectation.kind) {
    case 'value':
      return [`assert ${subject} ${/^(?:None|True|False)$/.test(expectation.value) ? 'is' : '=='} ${expectation.value}`];
    case 'text':
      return [`assert str(${subject}) == ${expectation.value}`];
    case 'throws':
      return [`with pytest.raises(${expectation.type ?? 'Exception'}):`, `${style.indent}${subject}`];
    default:
      return [subject];
  }
}

import type { RepoPath } from './types.ts';

/**
 * What a path is, by its name alone, and the globs of the configuration.
 *
 * Globs are matched by our own small matcher because they come from a file in the repository: every regular
 * expression a glob is translated to can be made to backtrack (`*a*a*a*a*b` against a run of `a` took 46 s in the
 * usual library). Here both a segment (`*`) and a path (`**`) are matched by the greedy algorithm that only ever
 * goes back to the last star, so the cost is bounded by pattern length × path length.
 */

export type Matcher = (path: RepoPath) => boolean;

/** Longest accepted pattern, and most alternatives its braces may expand to. */
const limits = { length: 1_000, alternatives: 256 } as const;

type Piece = { kind: 'star' } | { kind: 'any' } | { kind: 'text'; text: string } | { kind: 'class'; set: CharacterSet };
interface CharacterSet {
  negated: boolean;
  ranges: [string, string][];
}
type Segment = '**' | Piece[];

/** Why `pattern` cannot be used, or `undefined` when it can: for the check of the configuration. */
export function globProblem(pattern: string): string | undefined {
  if (pattern.trim() === '') return 'is empty';
  if (pattern.length > limits.length) return `is ${pattern.length} characters long, at most ${limits.length} are allowed`;
  if (pattern.startsWith('!')) return 'is a negation; list what is meant instead';
  if (/[@?!+*]\(/.test(pattern)) return 'uses an extended group such as +(…); write {a,b} instead';
  if (/(^|\/)\.\.(\/|$)/.test(pattern)) return 'leaves the repository with ..';
  if (expandBraces(pattern) === undefined) return `expands to more than ${limits.alternatives} alternatives`;
  return undefined;
}

/**
 * A test of paths against any of `globs`. Known are `*`, `?`, `[a-z]`, `[!a]`, `{a,b}`, `\` and `**` as a whole
 * segment; everything else is literal, and names with a leading dot are names like any other. A trailing `/`
 * stands for everything below.
 */
export function matchAny(globs: readonly string[]): Matcher {
  const patterns = globs.flatMap(compile);
  const { byExtension, others } = sortByExtension(patterns.filter((segments) => nameAnywhere(segments) === undefined));
  const anywhere = new Set(patterns.flatMap((segments) => nameAnywhere(segments) ?? []));
  // Paths mostly come in order, and those of one folder are alike.
  let known = { folder: '', matches: anywhere.has('') };
  const isBelow = (folder: string): boolean => {
    if (folder !== known.folder) known = { folder, matches: hasSegment(folder, anywhere) };
    return known.matches;
  };
  return (path) => {
    const slash = path.lastIndexOf('/');
    const name = path.slice(slash + 1);
    if (anywhere.size > 0 && (anywhere.has(name) || (slash >= 0 && isBelow(path.slice(0, slash))))) return true;
    const own = byExtension.get(path.slice(path.lastIndexOf('.') + 1));
    if (own === undefined && others.length === 0) return false;
    let parts: readonly string[] | undefined;
    const matches = ({ segments, text, head, anyFolder }: Sorted): boolean => {
      if (!(anyFolder ? name : path).startsWith(head) || !(anyFolder ? name : path).includes(text)) return false;
      parts ??= path.split('/');
      return matchSegments(segments, parts);
    };
    return (own !== undefined && own.some(matches)) || others.some(matches);
  };
}

/** `matchAny` for patterns of our own: they are right, and most of a process asks for few of them. */
function whenAsked(globs: readonly string[]): Matcher {
  let matches: Matcher | undefined;
  return (path) => (matches ??= matchAny(globs))(path);
}

/** What stands between two `**` where a pattern says no more: most do, and looking up the segments of a path is quick. */
function nameAnywhere(segments: readonly Segment[]): string | undefined {
  const [first, name, last, ...more] = segments;
  if (first !== '**' || last !== '**' || more.length > 0 || name === undefined || name === '**') return undefined;
  return name.every(({ kind }) => kind === 'text') ? textsOf([name])[0] : undefined;
}

function hasSegment(path: RepoPath, names: ReadonlySet<string>): boolean {
  let start = 0;
  for (let end = path.indexOf('/'); end >= 0; end = path.indexOf('/', start)) {
    if (names.has(path.slice(start, end))) return true;
    start = end + 1;
  }
  return names.has(path.slice(start));
}

/** A pattern, and what can be said quickly of everything it matches. */
interface Sorted {
  segments: Segment[];
  /** It contains this; in its name, where `anyFolder` is true. */
  text: string;
  /** It begins with this; its name, where `anyFolder` is true. */
  head: string;
  /** The pattern tells a name in any folder. */
  anyFolder: boolean;
}

/** Of hundreds of patterns few can match a given path: those that end with its extension or with none, and whose text it contains. */
function sortByExtension(patterns: readonly Segment[][]): { byExtension: Map<string, Sorted[]>; others: Sorted[] } {
  const byExtension = new Map<string, Sorted[]>();
  const others: Sorted[] = [];
  for (const segments of patterns) {
    const anyFolder = segments.length === 2 && segments[0] === '**' && segments[1] !== '**';
    const sorted: Sorted = { segments, text: longestText(segments), head: firstText(segments[anyFolder ? 1 : 0]), anyFolder };
    const extension = segments.at(-1) === '**' ? undefined : /\.([^.]+)$/.exec(lastText(segments))?.[1];
    if (extension === undefined) others.push(sorted);
    else {
      const same = byExtension.get(extension) ?? [];
      byExtension.set(extension, [...same, sorted]);
    }
  }
  return { byExtension, others };
}

/** The text that a pattern's last segment ends with. */
function lastText(segments: readonly Segment[]): string {
  return textsOf(segments.slice(-1)).at(-1) ?? '';
}

/** The text that a segment begins with. */
function firstText(segment: Segment | undefined): string {
  return segment === undefined || segment === '**' ? '' : (textsOf([segment])[0] ?? '');
}

function longestText(segments: readonly Segment[]): string {
  return textsOf(segments).reduce((longest, text) => (text.length > longest.length ? text : longest), '');
}

/** What stands between the wildcards; pieces of text are single characters. */
function textsOf(segments: readonly Segment[]): string[] {
  return segments.flatMap((segment) => {
    const texts = [''];
    for (const piece of segment === '**' ? [] : segment) {
      if (piece.kind === 'text') texts.push(`${texts.pop() ?? ''}${piece.text}`);
      else texts.push('');
    }
    return texts;
  });
}

/**
 * As `matchAny`, for patterns that protect: as in a `.gitignore`, a pattern without a slash holds at any depth, and
 * whatever lies below a match is matched too, so a directory cannot be replaced by a link or a file of its name.
 */
export function matchProtected(globs: readonly string[]): Matcher {
  const compiled = globs.flatMap((glob) => {
    const bare = glob.replace(/\/+$/, '').replace(/\/\*\*$/, '');
    return compile(bare.includes('/') ? bare : `**/${bare}`);
  });
  return (path) => {
    const parts = path.split('/');
    return compiled.some((segments) => parts.some((_, index) => matchSegments(segments, parts.slice(0, index + 1))));
  };
}

function compile(glob: string): Segment[][] {
  const rooted = glob.replace(/^(\.?\/)+/, '');
  const whole = rooted.endsWith('/') ? `${rooted}**` : rooted;
  const alternatives = expandBraces(whole);
  // Taken literally it would silently match nothing; `globProblem` tells the author of a configuration first.
  if (alternatives === undefined) throw new RangeError(`the pattern ${glob.slice(0, 80)} expands to too many alternatives`);
  return alternatives.map((pattern) => {
    const segments = pattern.split('/').map((segment): Segment => (segment === '**' ? '**' : pieces(segment)));
    return segments.filter((segment, index) => segment !== '**' || segments[index - 1] !== '**');
  });
}

function expandBraces(pattern: string): string[] | undefined {
  const found: string[] = [];
  const open = [pattern];
  while (open.length > 0) {
    const next = open.pop() ?? '';
    const group = firstGroup(next);
    if (group === undefined) found.push(next);
    else for (const option of group.options) open.push(next.slice(0, group.start) + option + next.slice(group.end));
    if (found.length + open.length > limits.alternatives) return undefined;
  }
  return found;
}

/** The first innermost `{a,b}`. */
function firstGroup(pattern: string): { start: number; end: number; options: string[] } | undefined {
  let start = -1;
  for (let index = 0; index < pattern.length; index++) {
    const character = pattern[index];
    if (character === '\\') index++;
    else if (character === '{') start = index;
    else if (character === '}' && start >= 0) {
      const inner = pattern.slice(start + 1, index);
      if (inner.includes(',')) return { start, end: index + 1, options: inner.split(',') };
      start = -1;
    }
  }
  return undefined;
}

function pieces(segment: string): Piece[] {
  const found: Piece[] = [];
  for (let index = 0; index < segment.length; index++) {
    const character = segment[index] ?? '';
    if (character === '*') {
      if (found.at(-1)?.kind !== 'star') found.push({ kind: 'star' });
    } else if (character === '?') found.push({ kind: 'any' });
    else if (character === '[') {
      const end = segment.indexOf(']', index + 2);
      if (end < 0) found.push({ kind: 'text', text: character });
      else {
        found.push({ kind: 'class', set: characterSet(segment.slice(index + 1, end)) });
        index = end;
      }
    } else if (character === '\\' && index + 1 < segment.length) found.push({ kind: 'text', text: segment[++index] ?? '' });
    else found.push({ kind: 'text', text: character });
  }
  return found;
}

function characterSet(inner: string): CharacterSet {
  const negated = inner.startsWith('!') || inner.startsWith('^');
  const ranges: [string, string][] = [];
  for (let rest = negated ? inner.slice(1) : inner; rest !== '';) {
    const isRange = rest[1] === '-' && rest.length > 2;
    ranges.push([rest[0] ?? '', (isRange ? rest[2] : rest[0]) ?? '']);
    rest = rest.slice(isRange ? 3 : 1);
  }
  return { negated, ranges };
}

function matchSegments(pattern: readonly Segment[], path: readonly string[]): boolean {
  return matchGreedy(
    pattern,
    path,
    (segment) => segment === '**',
    (segment, part) => segment !== '**' && matchPieces(segment, part),
  );
}

function matchPieces(pattern: readonly Piece[], text: string): boolean {
  return matchGreedy(
    pattern,
    text,
    (piece) => piece.kind === 'star',
    (piece, character) => matchPiece(piece, character),
  );
}

function matchPiece(piece: Piece, character: string): boolean {
  if (piece.kind === 'any') return true;
  if (piece.kind === 'text') return piece.text === character;
  if (piece.kind === 'star') return false;
  return piece.set.ranges.some(([low, high]) => low <= character && character <= high) !== piece.set.negated;
}

/** Wildcard matching that returns only to the last star: at most `pattern.length × items.length` steps. */
function matchGreedy<P>(
  pattern: readonly P[],
  items: ArrayLike<string>,
  isStar: (symbol: P) => boolean,
  fits: (symbol: P, item: string) => boolean,
): boolean {
  let [at, position, star, mark] = [0, 0, -1, 0];
  while (position < items.length) {
    const symbol = pattern[at];
    if (symbol !== undefined && isStar(symbol)) [star, mark, at] = [at, position, at + 1];
    else if (symbol !== undefined && fits(symbol, items[position] ?? '')) [at, position] = [at + 1, position + 1];
    else if (star >= 0) [at, position, mark] = [star + 1, mark + 1, mark + 1];
    else return false;
  }
  return pattern.slice(at).every(isStar);
}

// ---------------------------------------------------------------------------------------------- tests

/** The contract's default for the key `tests`. */
export const defaultTestGlobs: readonly string[] = ['**/*.test.*', '**/*.spec.*', '**/test/**', '**/tests/**', '**/__tests__/**'];

/** Names that mean a test in their language whatever the configuration says. */
const conventionalTests = whenAsked([
  '{test,tests}.{js,mjs,cjs,jsx,ts,mts,cts,tsx,py,rb,php,lua}',
  '**/*{-test,_test,-spec,_spec}.{js,mjs,cjs,jsx,ts,mts,cts,tsx,py,rb,go,exs,dart,cc,cpp}',
  '**/test{_,-}*.{js,mjs,cjs,ts,mts,cts,py,rb}',
  '**/{conftest,tests}.py',
  '**/{test,tests}.rs',
  '**/src/{test,androidTest,integrationTest}/**',
  '**/*{Test,Tests,TestCase,IT,Spec}.{java,kt,kts,groovy,scala}',
  '**/*{Test,Tests,TestCase}.php',
  '**/*{Test,Tests,Spec,Specs}.{cs,fs,vb,swift}',
  '**/*.{Test,Tests,UnitTests,IntegrationTests}/**',
  '{spec,specs}/**/*.{js,mjs,cjs,jsx,ts,mts,cts,tsx,rb,json,yml,yaml,snap}',
  '**/__{mocks,fixtures,snapshots}__/**',
  '**/{testdata,test-data,test_data}/**',
  '**/*.{snap,snapshot,ambr,golden}',
  '**/*.{approved,verified}.*',
  '**/{e2e,cypress}/**/*.{cy,e2e}.*',
]);

/** Tests and what only tests use: everything `isTestPath` accepts is taken over to the red tree of a proof. */
export function isTestPath(path: RepoPath, globs: readonly string[] = defaultTestGlobs): boolean {
  return testMatcher(globs)(path);
}

/** `isTestPath` with the globs compiled once, for many paths. */
export function testMatcher(globs: readonly string[] = defaultTestGlobs): Matcher {
  const known = testMatchers.get(globs);
  if (known !== undefined) return known;
  const configured = matchAny(globs);
  const matcher: Matcher = (path) => !isVendored(path) && (configured(path) || conventionalTests(path));
  testMatchers.set(globs, matcher);
  return matcher;
}

/** By the list that a configuration holds. */
const testMatchers = new WeakMap<readonly string[], Matcher>();

const isVendored = whenAsked(['**/{node_modules,vendor,third_party,bower_components}/**']);

/**
 * What a test path does for the tests. `setup` is loaded by a runner without being asked for; `helper` is source
 * that tests import, or a file that declares tests under another name (only its text can tell); `mock` replaces a
 * module by its mere place; `fixture` is data.
 */
export type TestRole = 'test' | 'helper' | 'setup' | 'mock' | 'fixture' | 'snapshot';

const sourceExtensions = 'js,mjs,cjs,jsx,ts,mts,cts,tsx,vue,svelte,py,pyi,rb,go,rs,java,kt,kts,groovy,scala,php,cs,fs,vb,swift,c,cc,cpp,h,hpp,ex,exs,dart,lua,pl,sh'; // prettier-ignore
const isSource = whenAsked([`**/*.{${sourceExtensions}}`]);
/** Results that a run recorded and that later runs are compared with. */
const isSnapshot = whenAsked([
  '**/*.{snap,snapshot,storyshot,ambr,golden}',
  '**/*.{approved,verified}.*',
  '**/{__snapshots__,__image_snapshots__,tap-snapshots,golden,goldens,approvals}/**',
  '**/{test,tests}/snapshots/**',
]);
const isMock = whenAsked(['**/__mocks__/**']);
const isSetup = whenAsked([
  '**/conftest.py',
  '**/{vitest,jest,mocha,test,tests,karma,ava,tap}{.,-,_}{setup,init,env,environment,bootstrap,global}*.*',
  '**/{setup,setupTests,setup-tests,setup_tests,globalSetup,global-setup,global_setup,globalTeardown,global-teardown,setup-jest,setup-vitest,jest-setup,setup.vitest,setup.jest,mocha-setup}.{js,mjs,cjs,ts,mts,cts,tsx,jsx}',
  '**/{spec,test}_helper.rb',
  '**/rails_helper.rb',
  '**/{test,tests}/bootstrap.php',
  '**/mocha.opts',
  '**/_{setup,global}.{js,ts}',
]);
const isFixturePlace = whenAsked([
  '**/{fixtures,fixture,__fixtures__,testdata,test-data,test_data,samples,resources,cassettes}/**',
]);

export function testRole(path: RepoPath): TestRole {
  if (isSnapshot(path)) return 'snapshot';
  if (isMock(path)) return 'mock';
  if (isSetup(path)) return 'setup';
  if (!isSource(path)) return 'fixture';
  if (isFixturePlace(path)) return 'fixture';
  return isNamedHelper(path) ? 'helper' : 'test';
}

const isNamedHelper = whenAsked([
  '**/{helper,helpers,util,utils,support,common,lib,shared,stubs,mocks,fakes,doubles}/**',
  '**/{helper,helpers,util,utils,common,support,_common,_helper,_helpers,_util,_utils}.*',
  '**/*{-,_,.}{helper,helpers,utils}.*',
]);

// ---------------------------------------------------------------------------------------------- classes

export type PathClass = 'test' | 'source' | 'docs' | 'config' | 'generated';

const isGenerated = whenAsked([
  '**/{node_modules,vendor,third_party,bower_components,dist,build,out,target,coverage,.next,.nuxt,__pycache__}/**',
  '**/*.{min,bundle,generated,gen,pb}.*',
  '**/*_pb2.py',
  '**/*.{map,lock}',
  '**/{package-lock,npm-shrinkwrap}.json',
  '**/{pnpm-lock.yaml,go.sum,bun.lockb}',
]);
const isDocs = whenAsked([
  '**/*.{md,mdx,markdown,rst,adoc,asciidoc,textile}',
  '**/{docs,doc,website}/**/*.{html,css,png,svg,jpg,txt}',
  '**/{readme,changelog,changes,history,license,licence,copying,notice,authors,contributors,security,contributing,code_of_conduct}{,.*}',
  '**/{README,CHANGELOG,CHANGES,HISTORY,LICENSE,LICENCE,COPYING,NOTICE,AUTHORS,CONTRIBUTORS,SECURITY,CONTRIBUTING,CODE_OF_CONDUCT}{,.*}',
  '**/{History,Changes,Changelog,Readme,License}{,.*}',
  '.changeset/**',
]);
const isConfig = whenAsked([
  '**/.*',
  '.*/**',
  '**/*.{json,json5,jsonc,yml,yaml,toml,ini,cfg,conf,properties,editorconfig,csproj,fsproj,vbproj,sln,gradle,env}',
  '**/*.config.{js,mjs,cjs,ts,mts,cts}',
  '**/{Makefile,makefile,GNUmakefile,Dockerfile,Rakefile,Gemfile,Pipfile,Procfile,Justfile,justfile,gulpfile.js,Gruntfile.js}',
  '**/{setup,noxfile,conf}.py',
  '**/*requirements*.txt',
  '**/{pom.xml,go.mod,build.gradle.kts,CODEOWNERS}',
]);

/** What kind of file a path is. Test wins over all, so that data in a test directory counts as test support. */
export function classify(path: RepoPath, globs: readonly string[] = defaultTestGlobs): PathClass {
  if (isTestPath(path, globs)) return 'test';
  if (isGenerated(path)) return 'generated';
  if (isDocs(path)) return 'docs';
  if (isConfig(path)) return 'config';
  return 'source';
}

import { isObject, parseObject, type JsonObject } from '../guards.ts';
import { withoutOnce } from './multiset.ts';
import { matchAny, testRole } from '../paths.ts';
import { reporter } from './findings.ts';
import type { FindingKind, IntegrityFinding, Weight } from './model.ts';
import type { ChangedFile } from '../types.ts';

/**
 * What is no test but decides how tests run and what they see: configuration of runners, coverage and static checks,
 * set-up files, mocks, helpers, fixtures and snapshots.
 */

interface Rule {
  matches: (path: string) => boolean;
  weight: Weight;
  what: string;
}

const rules: readonly Rule[] = [
  {
    matches: matchAny([
      '**/{vitest,vite,jest,ava,playwright,cypress,wdio,karma,web-test-runner,mocha,nightwatch,japa,stryker}{,.*}.{config,conf,workspace,projects}.*',
      '**/{vitest,jest,mocha,karma}.{workspace,preset,projects,conf}.*',
      '**/{.mocharc,.nycrc,.c8rc,.taprc,.jestrc,.avarc,.istanbul,.labrc,.jasmine,.testcaferc,.zuul}{,.*}',
      '**/{mocha.opts,jasmine.json,karma.conf.js,testem.{json,js},intern.json,c8.config.*,nyc.config.*,.tap/**}',
      '**/{pytest.ini,.pytest.ini,tox.ini,noxfile.py,.coveragerc,coverage.cfg,nose.cfg,.noserc,pytest.toml}',
      '**/{phpunit,phpunit.dist,phpspec,codeception}*.{xml,xml.dist,yml,dist}',
      '**/{.rspec,.rspec-local,sitecustomize.py,usercustomize.py,.simplecov,spec.opts,guardfile,Guardfile,nextest.toml,tarpaulin.toml,.gotestsum*,xunit.runner.json,*.runsettings,junit-platform.properties,testng.xml,.busted}',
    ]),
    weight: 'refuse',
    what: 'configures the test runner or coverage',
  },
  {
    matches: matchAny([
      '**/{.eslintrc,.eslintignore,.oxlintrc,.jshintrc,.jscsrc,.stylelintrc,.xo-config,.babelrc,.swcrc,.pylintrc,.flake8,.rubocop}{,.*}',
      '**/{eslint,babel,biome,rollup,webpack,tsup,metro,oxlint,xo,swc,esbuild}.config.*',
      '**/{biome.json,biome.jsonc,tslint.json,mypy.ini,.mypy.ini,ruff.toml,.ruff.toml,pylintrc,clippy.toml,.clippy.toml,.golangci.*,phpstan*.neon*,psalm.xml*,detekt.yml,checkstyle.xml,.editorconfig}',
      '**/{Makefile,makefile,GNUmakefile,Rakefile,Justfile,justfile,Taskfile*,gulpfile.*,Gruntfile.*,build.xml,CMakeLists.txt}',
      '**/{nx,turbo}.json',
    ]),
    weight: 'human',
    what: 'configures what is built or checked',
  },
];
/** Files of which only some passages decide how tests run: what a recipe for tests says, in a list of recipes. */
const recipes: readonly { matches: (path: string) => boolean; recipe: RegExp }[] = [
  {
    matches: matchAny(['**/{Makefile,makefile,GNUmakefile,*.mk,Justfile,justfile}']),
    recipe: /^[\w.-]*(test|check|spec|verify|cover)[\w.-]*(\s[^:=]*)?:(?!=)/i,
  },
  {
    matches: matchAny(['**/{Rakefile,*.rake}']),
    recipe: /^\s*(\w+::)*(TestTask|RakeTask)|^\s*(RSpec::Core|Minitest)::|^\s*task\s+\(?:?["']?(\w*test\w*|spec|default)\b/i,
  },
];

const indentOf = (line: string): number => /^\s*/.exec(line)?.[0].length ?? 0;

/** The lines of all recipes that `recipe` begins, each up to the next line that is not indented deeper. */
function recipeLines(text: string, recipe: RegExp): string[] {
  let within: number | undefined;
  return text.split('\n').filter((line) => {
    if (line.trim() === '') return false;
    if (within !== undefined && indentOf(line) <= within) within = undefined;
    if (within === undefined && recipe.test(line)) within = indentOf(line);
    return within !== undefined;
  });
}

function judgeRecipes(file: ChangedFile): IntegrityFinding[] {
  const found = recipes.find(({ matches }) => matches(file.path));
  if (found === undefined) return [];
  const [old, now] = [file.before, file.after].map((text) => recipeLines(text ?? '', found.recipe));
  const [line] = [...withoutOnce(old ?? [], now ?? [], (each) => each), ...withoutOnce(now ?? [], old ?? [], (each) => each)];
  return line === undefined
    ? []
    : [reporter(file.path)('configuration', 'refuse', `${file.path} differs in how tests are run: ${line.trim()}`)];
}

const isTsconfig = matchAny(['**/{tsconfig,jsconfig}{,.*}.json', '**/tsconfig/*.json']);
const isPackage = matchAny(['**/package.json']);
const isFixturePlace = matchAny(['**/{fixtures,fixture,__fixtures__,testdata,test-data,test_data}/**']);

export function judgeConfiguration(file: ChangedFile): IntegrityFinding[] {
  if (isFixturePlace(file.path)) return [];
  const report = reporter(file.path);
  const how = file.status === 'added' ? 'is new and' : file.status === 'deleted' ? 'is gone and' : 'differs and';
  const found = rules
    .filter((rule) => rule.matches(file.path))
    .map((rule) => report('configuration', rule.weight, `${file.path} ${how} ${rule.what}`));
  found.push(...judgeRecipes(file));
  if (isTsconfig(file.path)) found.push(...judgeTsconfig(file));
  if (isPackage(file.path)) found.push(...judgePackage(file));
  return found;
}

/** Options of TypeScript whose loss makes the type check say less. */
const strictness =
  /"(strict\w*|no[A-Z]\w*|exactOptionalPropertyTypes|useUnknownInCatchVariables|alwaysStrict|checkJs)"\s*:\s*true/g;

const strictOptions = (text: string | undefined): string[] =>
  [...(text ?? '').matchAll(strictness)].map((match) => match[1] ?? '');

function judgeTsconfig(file: ChangedFile): IntegrityFinding[] {
  const lost = withoutOnce(strictOptions(file.before), strictOptions(file.after), (option) => option).filter(
    (option) => !/^noEmit|^noLib/.test(option),
  );
  const report = reporter(file.path);
  return lost.length > 0
    ? lost.map((option) => report('configuration', 'refuse', `${file.path} no longer sets "${option}"`))
    : [report('configuration', 'human', `${file.path} differs and configures the type check`)];
}

/** Keys of package.json that decide how tests run. A manifest is held by the guards too; this names the harm. */
const testKeys = /^(jest|mocha|ava|nyc|c8|tap|vitest|standard|xo|eslintConfig|babel)$/;

const manifestOf = (text: string | undefined): JsonObject => parseObject(text ?? '{}') ?? {};
const scriptsOf = ({ scripts }: JsonObject): JsonObject => (isObject(scripts) ? scripts : {});
const differs = (a: unknown, b: unknown): boolean => JSON.stringify(a) !== JSON.stringify(b);

function judgePackage(file: ChangedFile): IntegrityFinding[] {
  const [old, now] = [manifestOf(file.before), manifestOf(file.after)];
  const [oldScripts, nowScripts] = [scriptsOf(old), scriptsOf(now)];
  const report = reporter(file.path);
  const names = Object.keys({ ...oldScripts, ...nowScripts }).filter((name) =>
    /test|cover|spec|tap|unit|e2e|check|^(pre|post)?(install|prepare)$/i.test(name),
  );
  const keys = Object.keys({ ...old, ...now }).filter((key) => testKeys.test(key));
  return [
    ...names.filter((name) => differs(oldScripts[name], nowScripts[name])).map((name) => `scripts.${name}`),
    ...keys.filter((key) => differs(old[key], now[key])),
  ].map((key) => report('configuration', 'refuse', `${file.path}: "${key}" differs and decides how tests run`));
}

/** What a test recorded, by the title it is kept under; `undefined` where a file is one record. */
function recordsOf(text: string): Map<string, string> | undefined {
  const parts = text.split(/^(?=exports\[`|# name: )/m).filter((part) => /^(exports\[`|# name: )/.test(part));
  if (parts.length === 0) return undefined;
  return new Map(
    parts.map((part) => {
      const title = /^exports\[`((?:\\.|[^`\\])*)`\]/.exec(part)?.[1] ?? /^# name: (.*)/.exec(part)?.[1] ?? '';
      return [title, part.trim()];
    }),
  );
}

/** One finding for each record that is gone or another: the test that it belongs to has to tell. */
function compareRecords(file: ChangedFile): IntegrityFinding[] {
  const report = reporter(file.path);
  const [old, now] = [recordsOf(file.before ?? ''), recordsOf(file.after ?? '')];
  if (old === undefined || now === undefined)
    return file.removedLines === 0 && !file.binary
      ? []
      : [report('snapshot', 'proof', `${file.path} holds recorded results and was rewritten`)];
  return [...old]
    .filter(([title, record]) => now.get(title) !== record)
    .map(([title]) => {
      const what = now.has(title) ? 'is another' : 'is gone';
      const test = [title.replace(/ \d+$/, '')];
      return { ...report('snapshot', 'proof', `the recorded result of "${title}" ${what}`), test };
    });
}

/** Everything under a test path that holds no tests itself. */
export function judgeSupport(file: ChangedFile, reappears: boolean): IntegrityFinding[] {
  const role = testRole(file.path);
  const report = reporter(file.path);
  const name = file.path;
  if (file.status === 'deleted') {
    const [kind, weight]: [FindingKind, Weight] = reappears ? ['moved', 'human'] : ['deleted', 'refuse'];
    return [report(kind, weight, `${name} is gone${reappears ? ' from here and lies elsewhere' : ''}; tests may depend on it`)];
  }
  const onlyGrew = file.status === 'added' || file.removedLines === 0;
  switch (role) {
    case 'snapshot':
      return file.status === 'added' ? [] : compareRecords(file);
    case 'setup':
      return onlyGrew && file.status !== 'added'
        ? [report('setup', 'human', `${name} is loaded before all tests and got longer`)]
        : [report('setup', 'refuse', `${name} is loaded before all tests and ${file.status === 'added' ? 'is new' : 'differs'}`)];
    case 'mock':
      return [report('mock', 'human', `${name} stands in for a module in tests`)];
    case 'fixture':
      return file.status === 'added' ? [] : [report('fixture', 'human', `${name} is data of existing tests and differs`)];
    default:
      if (file.status === 'added') return [];
      return [
        report('helper', onlyGrew ? 'human' : 'refuse', `${name} is shared by tests and ${onlyGrew ? 'got longer' : 'differs'}`),
      ];
  }
}

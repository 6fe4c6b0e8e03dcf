import { describe, expect, test } from 'vitest';
import { changedKeys, foldPath, judgeChange } from '../../src/core/guards.ts';
import { defaultTestGlobs } from '../../src/core/paths.ts';
import type { ChangedFile } from '../../src/core/types.ts';

const file = (path: string, more: Partial<ChangedFile> = {}): ChangedFile => ({
  path,
  status: 'modified',
  oldMode: '100644',
  newMode: '100644',
  addedLines: 1,
  removedLines: 1,
  changedBytes: 10,
  binary: false,
  before: 'a\n',
  after: 'b\n',
  ...more,
});
const { after: _, ...withoutText } = file('a.js');
const added = { status: 'added', oldMode: '000000' } as const;
const deleted = { status: 'deleted', newMode: '000000' } as const;
const rules = { protectedPaths: ['db/migrations'], maxDiffLines: 500, maxDiffBytes: 200_000, tests: defaultTestGlobs };

function reasons(files: ChangedFile[], more: Partial<typeof rules> = {}) {
  const verdict = judgeChange({ base: 'a', head: 'b', files }, { ...rules, ...more });
  return verdict.ok ? [] : verdict.reasons;
}
const codes = (files: ChangedFile[], more: Partial<typeof rules> = {}): string[] =>
  [...new Set(reasons(files, more).map(({ code }) => code))].sort();

describe('what a fix may touch', () => {
  test.each([
    'src/a.ts',
    'test/a.test.ts',
    'README.md',
    'docs/é.md',
    'src/日本.js',
    'src/github/index.ts',
    'src/.well-known/x',
    'lib/git.js',
    'test/fixtures/package.json',
    'tests/__fixtures__/yarn.lock',
    'src/hooks/use.ts',
    'src/package.ts',
    'src/owners.ts',
    'CHANGELOG.md',
    'lib/agents.js',
    'src/claude.ts',
    'a~1/b.js',
    'lib/Procfile.js',
  ])('%s', (path) => {
    expect(reasons([file(path)])).toEqual([]);
  });
});

describe('the floor', () => {
  test.each<[string, string]>([
    // GX-27
    ...[
      '.github/workflows/ci.yml',
      '.github/dependabot.yml',
      '.gitlab-ci.yml',
      'Jenkinsfile',
      'Jenkinsfile.release',
      '.circleci/config.yml',
      'azure-pipelines.yml',
      '.buildkite/pipeline.yml',
      'bitbucket-pipelines.yml',
      '.travis.yml',
      '.drone.yml',
      '.woodpecker.yml',
      '.woodpecker/a.yml',
      'appveyor.yml',
      'buildspec.yml',
      'cloudbuild.yaml',
      '.teamcity/settings.kts',
      'netlify.toml',
      'vercel.json',
      '.pre-commit-config.yaml',
      'renovate.json',
      'dependabot.yml',
      'packages/a/netlify.toml',
      'services/b/Jenkinsfile',
      '.github',
      '.github/workflows/é.yml',
      '.GitHub/workflows/a.yml',
      '.GITHUB',
      '.github./a',
      '.github /a',
      '.git​hub/a',
      '.github\\a',
      '.ｇithub/a',
      '.github::$INDEX_ALLOCATION/a',
      'GITHUB~1/workflows/a.yml',
      'JENKINSFILE',
      '.Gitlab-CI.yml',
    ].map((path): [string, string] => [path, 'guard.ci_config']),
    ...['.bugloop/config.yml', '.bugloop', '.BugLoop/prompts/a.md', 'CODEOWNERS', 'docs/CODEOWNERS'].map(
      (path): [string, string] => [path, 'guard.protected_path'],
    ),
    ...[
      'AGENTS.md',
      'CLAUDE.md',
      'GEMINI.md',
      '.cursorrules',
      '.cursor/rules/a.mdc',
      '.claude/settings.json',
      '.windsurfrules',
      '.aider.conf.yml',
      '.mcp.json',
      'packages/a/agents.md',
      '.clinerules/a.md',
    ].map((path): [string, string] => [path, 'guard.agent_instructions']),
    ['.github/copilot-instructions.md', 'guard.agent_instructions'],
    ...['.gitattributes', '.gitmodules', '.gitignore', 'src/.gitignore', '.git/config', 'a/.git/hooks/x', 'GIT~1/config'].map(
      (path): [string, string] => [path, 'guard.git_metadata'],
    ),
    ...[
      '.husky/pre-commit',
      'lefthook.yml',
      '.githooks/a',
      '.vscode/tasks.json',
      '.envrc',
      '.devcontainer/a',
      '.yarn/releases/yarn.cjs',
    ].map((path): [string, string] => [path, 'guard.hook']),
    ...[
      'package-lock.json',
      'yarn.lock',
      'pnpm-lock.yaml',
      'bun.lock',
      'requirements.txt',
      'requirements-dev.txt',
      'dev-requirements.txt',
      'pyproject.toml',
      'setup.py',
      'setup.cfg',
      'Pipfile',
      'Pipfile.lock',
      'poetry.lock',
      'uv.lock',
      'go.mod',
      'go.sum',
      'Cargo.toml',
      'Cargo.lock',
      'Gemfile',
      'Gemfile.lock',
      'a.gemspec',
      'composer.json',
      'composer.lock',
      'pom.xml',
      'build.gradle',
      'build.gradle.kts',
      'a/App.csproj',
      '.npmrc',
      '.yarnrc.yml',
      'pip.conf',
      'packages/a/package.json',
    ].map((path): [string, string] => [path, 'guard.dependency_manifest']),
  ])('%s: %s', (path, code) => {
    expect(codes([file(path)])).toContain(code);
    expect(codes([file(path, added)])).toContain(code);
    expect(codes([file(path, deleted)])).toContain(code);
    // GX-31: nothing lifts the floor.
    expect(codes([file(path)], { protectedPaths: [] })).toContain(code);
  });

  test('GX-01 and GX-02: both sides of a rename', () => {
    const [from, to] = [file('.github/workflows/ci.yml', deleted), file('src/ci.yml', added)];
    expect(reasons([from, to]).map(({ path }) => path)).toEqual(['.github/workflows/ci.yml']);
    expect(reasons([file('src/x.yml', deleted), file('.github/workflows/x.yml', added)]).map(({ path }) => path)).toEqual([
      '.github/workflows/x.yml',
    ]);
  });

  test('GX-07: a directory replaced by a link', () => {
    const link = file('.github', { status: 'added', oldMode: '000000', newMode: '120000' });
    expect(codes([link])).toEqual(['guard.ci_config', 'guard.symlink']);
    expect(codes([file('db/migrations', { ...link, path: 'db/migrations' })])).toEqual(['guard.protected_path', 'guard.symlink']);
  });

  test.each(['db/migrations/1.sql', 'DB/Migrations/1.sql', 'db/migrations', 'db/ｍigrations/a'])('configured: %s', (path) => {
    expect(codes([file(path)])).toEqual(['guard.protected_path']);
  });
});

describe('entries', () => {
  test.each<[string, ChangedFile, string]>([
    ['a link', file('a', { newMode: '120000', status: 'type-changed' }), 'guard.symlink'],
    ['GX-10: a submodule', file('vendor/lib', { ...added, newMode: '160000' }), 'guard.gitlink'],
    ['a submodule removed', file('vendor/lib', { ...deleted, oldMode: '160000' }), 'guard.gitlink'],
    ['GX-13: an executable', file('run.sh', { ...added, newMode: '100755' }), 'guard.executable'],
    ['made executable', file('run.sh', { newMode: '100755' }), 'guard.executable'],
    ['no longer executable', file('run.sh', { oldMode: '100755' }), 'guard.mode_change'],
    ['GX-13: a binary', file('a.node', { ...added, binary: true }), 'guard.binary'],
    ['text over the cap', withoutText, 'guard.unreadable'],
    ['a control character', file('src/a\nb.js'), 'guard.unsafe_path'],
    ['GX-24: a backslash', file('src\\..\\a'), 'guard.unsafe_path'],
    ['a trailing dot', file('src/a.'), 'guard.unsafe_path'],
    ['a bidi override', file('src/a\u202Esj.txt'), 'guard.unsafe_path'],
  ])('%s', (_, entry, code) => {
    expect(codes([entry])).toContain(code);
  });

  test('two names that are one file elsewhere', () => {
    expect(codes([file('src/a.ts', added), file('src/A.ts', added)])).toEqual(['guard.path_collision']);
    expect(codes([file('src/a.ts', deleted), file('src/A.ts', added)])).toEqual([]);
  });

  test('a message never breaks its line', () => {
    expect(reasons([file('.github/a\n::error::b\u202E')]).every(({ message }) => /^[^\n\u202E]+$/.test(message))).toBe(true);
  });
});

describe('size', () => {
  test('limit and number are named', () => {
    // GX-11: lines are counted from the blobs, so an attribute hides none of them.
    expect(reasons([file('a.ts', { addedLines: 4_950, removedLines: 0 })])).toEqual([
      { code: 'guard.too_many_lines', message: 'the change has 4950 lines, at most 500 are allowed' },
    ]);
    expect(reasons([file('a.ts', { changedBytes: 150_000 }), file('b.ts', { changedBytes: 50_001 })])).toEqual([
      { code: 'guard.too_many_bytes', message: 'the change has 200001 bytes, at most 200000 are allowed' },
    ]);
  });
  test('the limit itself is allowed', () => {
    expect(reasons([file('a.ts', { addedLines: 499, removedLines: 1, changedBytes: 200_000 })])).toEqual([]);
  });
});

describe('package.json (GX-28)', () => {
  test.each<[string, string, string, string[]]>([
    ['a hook of installing', '{}', '{"scripts":{"postinstall":"x"}}', ['scripts.postinstall']],
    ['the test script', '{"scripts":{"test":"a"}}', '{"scripts":{"test":"b"}}', ['scripts.test']],
    ['overrides', '{}', '{"overrides":{"a":"1"}}', ['overrides.a']],
    ['bin', '{"bin":"a"}', '{"bin":"b"}', ['bin']],
    ['a version', '{"version":"1"}', '{"version":"2"}', ['version']],
    ['several', '{"a":1,"scripts":{"x":"1"}}', '{"a":2}', ['a', 'scripts.x']],
  ])('%s', (_, before, after, keys) => {
    expect(changedKeys(before, after)).toEqual(keys);
    const found = reasons([file('package.json', { before, after })]);
    expect(found.map(({ code }) => code)).toEqual(keys.map(() => 'guard.dependency_manifest'));
    expect(found.every(({ message }, index) => message.includes(keys[index] ?? '?'))).toBe(true);
  });
  test('what is no JSON is refused as a whole', () => {
    expect(reasons([file('package.json', { before: '{}', after: '{' })])).toHaveLength(1);
  });
});

test('every reason is given, not the first', () => {
  const bad = [file('.github/a.yml', { ...added, newMode: '100755' }), file('package-lock.json', { addedLines: 1_000 })];
  expect(codes(bad)).toEqual(['guard.ci_config', 'guard.dependency_manifest', 'guard.executable', 'guard.too_many_lines']);
});

test.each([
  ['.GitHub/A.yml', '.github/a.yml'],
  ['a\\b', 'a/b'],
  ['a. /b..', 'a/b'],
  ['./a//b', 'a/b'],
  ['e\u0301', 'é'],
])('%s folds to %s', (path, folded) => {
  expect(foldPath(path)).toBe(folded);
});

import { Volume } from 'memfs';
import { describe, expect, test } from 'vitest';
import { detectCommands, type DetectedCommands } from '../../src/core/detect.ts';

/** A repository in memory: what is detected depends on nothing but names and contents. */
function detect(files: Record<string, string>): DetectedCommands {
  const repository = Volume.fromJSON(files, '/');
  return detectCommands({
    has: (path) => repository.existsSync(`/${path}`),
    read: (path) => (repository.existsSync(`/${path}`) ? repository.readFileSync(`/${path}`, 'utf8').toString() : undefined),
    paths: Object.keys(files),
  });
}
const manifest = (content: object): string => JSON.stringify(content);

describe('detectCommands', () => {
  test.each([
    ['nothing known', { 'a.txt': '' }, {}],
    [
      'npm with a lock file',
      {
        'package.json': manifest({ scripts: { test: 'vitest run', build: 'tsc' }, devDependencies: { vitest: '5' } }),
        'package-lock.json': '{}',
      },
      { setup: ['npm', 'ci', '--no-audit', '--no-fund'], build: ['npm', 'run', 'build'], test: ['npm', 'test'] },
    ],
    [
      'npm without a lock file leaves none behind',
      { 'package.json': manifest({ scripts: { test: 'mocha' }, dependencies: { a: '1' } }) },
      { setup: ['npm', 'install', '--no-audit', '--no-fund', '--no-package-lock'], test: ['npm', 'test'] },
    ],
    [
      'no dependencies, nothing to set up',
      { 'package.json': manifest({ scripts: { test: 'node --test' } }) },
      { test: ['npm', 'test'] },
    ],
    [
      'the script of npm init is no test',
      { 'package.json': manifest({ scripts: { test: 'echo "Error: no test specified" && exit 1' } }), 'index.js': '' },
      {},
    ],
    ['node:test files without a script', { 'package.json': '{}', 'test/a.js': '' }, { test: ['node', '--test'] }],
    [
      'pnpm by its lock file',
      { 'package.json': manifest({ scripts: { test: 'vitest' }, devDependencies: { vitest: '5' } }), 'pnpm-lock.yaml': '' },
      { setup: ['pnpm', 'install', '--frozen-lockfile'], test: ['pnpm', 'test'] },
    ],
    [
      'yarn 4 by packageManager',
      {
        'package.json': manifest({ scripts: { test: 'jest' }, devDependencies: { jest: '1' }, packageManager: 'yarn@4.1.0' }),
        '.yarnrc.yml': '',
      },
      { setup: ['yarn', 'install', '--immutable'], test: ['yarn', 'test'] },
    ],
    [
      'type check and lint scripts',
      { 'package.json': manifest({ scripts: { test: 'mocha', typecheck: 'tsc', lint: 'eslint .' } }) },
      { test: ['npm', 'test'], typecheck: ['npm', 'run', 'typecheck'], lint: ['npm', 'run', 'lint'] },
    ],
    ['a broken manifest is no manifest', { 'package.json': '{', Makefile: 'test:\n\ttrue\n' }, { test: ['make', 'test'] }],
    ['pytest', { 'pyproject.toml': '', 'tests/test_a.py': '' }, { test: ['python3', '-m', 'pytest'] }],
    [
      'uv',
      { 'pyproject.toml': '', 'uv.lock': '', 'tests/test_a.py': '' },
      { setup: ['uv', 'sync', '--frozen', '--all-extras'], test: ['uv', 'run', 'python3', '-m', 'pytest'] },
    ],
    [
      'go',
      { 'go.mod': '' },
      { setup: ['go', 'mod', 'download'], build: ['go', 'build', './...'], test: ['go', 'test', './...'] },
    ],
    [
      'cargo',
      { 'Cargo.toml': '' },
      { setup: ['cargo', 'fetch'], build: ['cargo', 'build', '--offline'], test: ['cargo', 'test', '--offline'] },
    ],
    [
      'maven wrapper',
      { 'pom.xml': '', mvnw: '' },
      { setup: ['./mvnw', '-B', '-q', 'dependency:go-offline'], test: ['./mvnw', '-B', '-o', 'test'] },
    ],
    [
      'rspec',
      { Gemfile: '', 'spec/a_spec.rb': '' },
      { setup: ['bundle', 'install', '--quiet'], test: ['bundle', 'exec', 'rspec'] },
    ],
    [
      'phpunit',
      { 'composer.json': '', 'phpunit.xml': '' },
      { setup: ['composer', 'install', '--no-interaction', '--quiet'], test: ['vendor/bin/phpunit'] },
    ],
    [
      'dotnet',
      { 'App.sln': '' },
      { setup: ['dotnet', 'restore'], build: ['dotnet', 'build', '--no-restore'], test: ['dotnet', 'test', '--no-build'] },
    ],
    ['make check', { Makefile: 'all:\n\ncheck: all\n' }, { test: ['make', 'check'] }],
    [
      'tests of another ecosystem where npm has none',
      { 'package.json': manifest({ scripts: {} }), 'go.mod': '' },
      { setup: ['go', 'mod', 'download'], build: ['go', 'build', './...'], test: ['go', 'test', './...'] },
    ],
  ] satisfies [string, Record<string, string>, object][])('%s', (_name, files, commands) => {
    expect(detect(files)).toEqual(commands);
  });
});

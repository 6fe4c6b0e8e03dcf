import { z } from 'zod';
import type { Command } from './types.ts';

/** What a repository's own files say about it. Reading is the caller's business. */
export interface RepositoryFacts {
  has: (path: string) => boolean;
  read: (path: string) => string | undefined;
  /** Every path of the base commit, for conventions that have no fixed name. */
  paths: readonly string[];
}

export interface DetectedCommands {
  setup?: Command;
  build?: Command;
  test?: Command;
  typecheck?: Command;
  lint?: Command;
}

/**
 * How this repository is set up, built and tested, from its manifests. The first ecosystem that knows a test command
 * wins; a configuration always comes before what is detected.
 */
export function detectCommands(facts: RepositoryFacts): DetectedCommands {
  const ecosystems = [detectNode, detectPython, detectGo, detectRust, detectJvm, detectRuby, detectPhp, detectDotnet, detectMake];
  const found = ecosystems.map((detect) => detect(facts));
  return found.find((commands) => commands?.test !== undefined) ?? found.find((commands) => commands !== undefined) ?? {};
}

// ---------------------------------------------------------------------------------------------- JavaScript

const manifestSchema = z.object({
  scripts: z.record(z.string(), z.string()).catch({}).default({}),
  dependencies: z.record(z.string(), z.unknown()).catch({}).default({}),
  devDependencies: z.record(z.string(), z.unknown()).catch({}).default({}),
  packageManager: z.string().optional().catch(undefined),
});
type Manifest = z.infer<typeof manifestSchema>;

/** What `npm init` writes into a package without tests. */
const noTests = /no test specified/;

function detectNode(facts: RepositoryFacts): DetectedCommands | undefined {
  const manifest = readManifest(facts.read('package.json'));
  if (manifest === undefined) return undefined;
  const manager = detectManager(facts, manifest);
  const script = (name: string): Command | undefined =>
    manifest.scripts[name] === undefined ? undefined : [manager.name, 'run', name];
  const tested = manifest.scripts['test'];
  const test: Command | undefined =
    tested !== undefined && !noTests.test(tested)
      ? [manager.name, 'test']
      : nodeTestFiles(facts)
        ? ['node', '--test']
        : undefined;
  const hasDependencies = Object.keys({ ...manifest.dependencies, ...manifest.devDependencies }).length > 0;
  return compact({
    setup: hasDependencies ? manager.install : undefined,
    build: script('build'),
    test,
    typecheck: script('typecheck') ?? script('type-check'),
    lint: script('lint'),
  });
}

function readManifest(text: string | undefined): Manifest | undefined {
  if (text === undefined) return undefined;
  try {
    const manifest = manifestSchema.safeParse(JSON.parse(text));
    return manifest.success ? manifest.data : undefined;
  } catch {
    return undefined;
  }
}

/**
 * The lock file decides who installs. Scripts of dependencies run, because native packages need them: the manifests are
 * those of the base commit, which the operator trusts, and the guards refuse every change to them.
 */
function detectManager({ has }: RepositoryFacts, { packageManager }: Manifest): { name: string; install: Command } {
  const named = packageManager?.split('@')[0];
  if (has('pnpm-lock.yaml') || named === 'pnpm') return { name: 'pnpm', install: ['pnpm', 'install', '--frozen-lockfile'] };
  if (has('bun.lock') || has('bun.lockb') || named === 'bun')
    return { name: 'bun', install: ['bun', 'install', '--frozen-lockfile'] };
  if (has('yarn.lock') || named === 'yarn') {
    return {
      name: 'yarn',
      install: has('.yarnrc.yml') ? ['yarn', 'install', '--immutable'] : ['yarn', 'install', '--frozen-lockfile'],
    };
  }
  const locked = has('package-lock.json') || has('npm-shrinkwrap.json');
  return {
    name: 'npm',
    install: ['npm', locked ? 'ci' : 'install', '--no-audit', '--no-fund', ...(locked ? [] : ['--no-package-lock'])],
  };
}

function nodeTestFiles({ paths }: RepositoryFacts): boolean {
  return paths.some((path) => /(^|\/)(test\/.*|[^/]*[._-]test)\.(c|m)?(j|t)s$/.test(path) && !path.includes('node_modules/'));
}

// ---------------------------------------------------------------------------------------------- others

function detectPython({ has, paths }: RepositoryFacts): DetectedCommands | undefined {
  const manifests = ['pyproject.toml', 'setup.py', 'setup.cfg', 'pytest.ini', 'tox.ini', 'requirements.txt'];
  if (!manifests.some(has)) return undefined;
  const tested = has('pytest.ini') || paths.some((path) => /(^|\/)(test_[^/]*|[^/]*_test)\.py$/.test(path));
  // Without a tool that keeps an environment per project, the packages of the machine are used, as a CI job installed them.
  const setup: Command | undefined = has('uv.lock')
    ? ['uv', 'sync', '--frozen', '--all-extras']
    : has('poetry.lock')
      ? ['poetry', 'install', '--no-interaction']
      : undefined;
  const pytest = ['python3', '-m', 'pytest'] as const;
  const test: Command = has('uv.lock') ? ['uv', 'run', ...pytest] : has('poetry.lock') ? ['poetry', 'run', ...pytest] : pytest;
  return compact({ setup, test: tested ? test : undefined });
}

function detectGo({ has }: RepositoryFacts): DetectedCommands | undefined {
  return has('go.mod')
    ? { setup: ['go', 'mod', 'download'], build: ['go', 'build', './...'], test: ['go', 'test', './...'] }
    : undefined;
}

function detectRust({ has }: RepositoryFacts): DetectedCommands | undefined {
  return has('Cargo.toml')
    ? { setup: ['cargo', 'fetch'], build: ['cargo', 'build', '--offline'], test: ['cargo', 'test', '--offline'] }
    : undefined;
}

function detectJvm({ has }: RepositoryFacts): DetectedCommands | undefined {
  if (has('pom.xml')) {
    const maven = has('mvnw') ? './mvnw' : 'mvn';
    return { setup: [maven, '-B', '-q', 'dependency:go-offline'], test: [maven, '-B', '-o', 'test'] };
  }
  if (!has('build.gradle') && !has('build.gradle.kts')) return undefined;
  const gradle = has('gradlew') ? './gradlew' : 'gradle';
  return { setup: [gradle, '--quiet', 'testClasses'], test: [gradle, '--offline', 'test'] };
}

function detectRuby({ has, paths }: RepositoryFacts): DetectedCommands | undefined {
  if (!has('Gemfile')) return undefined;
  const specs = paths.some((path) => path.endsWith('_spec.rb'));
  return {
    setup: ['bundle', 'install', '--quiet'],
    test: specs ? ['bundle', 'exec', 'rspec'] : ['bundle', 'exec', 'rake', 'test'],
  };
}

function detectPhp({ has }: RepositoryFacts): DetectedCommands | undefined {
  if (!has('composer.json')) return undefined;
  const tested = has('phpunit.xml') || has('phpunit.xml.dist');
  return compact({
    setup: ['composer', 'install', '--no-interaction', '--quiet'] as const,
    test: tested ? (['vendor/bin/phpunit'] as const) : undefined,
  });
}

function detectDotnet({ paths }: RepositoryFacts): DetectedCommands | undefined {
  const isDotnet = paths.some((path) => /^[^/]*\.(sln|slnx|csproj|fsproj)$/.test(path));
  return isDotnet
    ? { setup: ['dotnet', 'restore'], build: ['dotnet', 'build', '--no-restore'], test: ['dotnet', 'test', '--no-build'] }
    : undefined;
}

function detectMake({ read }: RepositoryFacts): DetectedCommands | undefined {
  const makefile = read('Makefile') ?? read('makefile') ?? read('GNUmakefile');
  if (makefile === undefined) return undefined;
  const target = ['test', 'check'].find((name) => new RegExp(`^${name}\\s*:`, 'm').test(makefile));
  return target === undefined ? undefined : { test: ['make', target] };
}

/** Absent instead of `undefined`, as exact optional properties want it. */
function compact(commands: { [name in keyof DetectedCommands]: Command | undefined }): DetectedCommands {
  return Object.fromEntries(Object.entries(commands).filter(([, command]) => command !== undefined));
}

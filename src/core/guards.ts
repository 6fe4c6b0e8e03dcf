import { matchAny, matchProtected, testMatcher } from './paths.ts';
import type { Change, ChangedFile, Reason, RepoPath, Verdict } from './types.ts';

/**
 * Guards judge a change by its trees alone, before anything of it is executed and again before it is pushed.
 * They do not ask what a change means, only whether it stays inside what a bug fix may touch.
 */

export interface GuardRules {
  /** The configuration's patterns. They are added to the floor; nothing lifts it. */
  protectedPaths: readonly string[];
  /** Added plus removed lines of all files. */
  maxDiffLines: number;
  /** Added plus removed bytes of all files. */
  maxDiffBytes: number;
  /** The configuration's globs of tests: data of tests may be called like a manifest. */
  tests: readonly string[];
  /** Only tests were asked for: whatever else is changed is refused. */
  onlyTests?: boolean;
}

/** Every reason against the change, each with path, code, limit and what was found. */
export function judgeChange(change: Change, rules: GuardRules): Verdict {
  const configured = matchFolded(rules.protectedPaths);
  const isTest = testMatcher(rules.tests);
  const reasons = [
    ...change.files.flatMap((file) => [
      ...judgePlace(file, configured, isTest),
      ...judgeSpelling(file.path),
      ...judgeEntry(file),
    ]),
    ...(rules.onlyTests === true ? change.files.flatMap((file) => judgeKind(file, isTest)) : []),
    ...judgeCollisions(change.files),
    ...judgeSize(change.files, rules),
  ];
  return reasons.length === 0 ? { ok: true } : { ok: false, reasons };
}

function judgeKind({ path }: ChangedFile, isTest: (path: RepoPath) => boolean): Reason[] {
  return isTest(path) ? [] : [{ code: 'guard.not_a_test', message: 'only tests may be changed in this run', path }];
}

// ---------------------------------------------------------------------------------------------- places

interface Place {
  code: string;
  what: string;
  patterns: readonly string[];
}

/**
 * What no configuration can open. Patterns are as in a `.gitignore` and compared with folded paths, so they are
 * written in lower case; each holds at any depth, because tools of a monorepo read these files anywhere.
 */
const floor: readonly Place[] = [
  {
    code: 'guard.ci_config',
    what: 'is read by a CI or deployment system',
    patterns: words(`
      .github .gitlab .circleci .buildkite .teamcity .woodpecker .drone .semaphore .travis .azure-pipelines .azuredevops
      .gitea .forgejo .builds .ci .cirrus .harness .tekton .concourse .gitlab-ci*.{yml,yaml} jenkinsfile* *.jenkinsfile
      {.,}azure-pipelines*.{yml,yaml} bitbucket-pipelines.{yml,yaml} .travis.{yml,yaml} .drone.{yml,yaml,star,jsonnet}
      .woodpecker* {.,}appveyor*.{yml,yaml} buildspec*.{yml,yaml} cloudbuild*.{yml,yaml,json} netlify.toml vercel.json
      now.json renovate.{json,json5} .renovaterc* dependabot.{yml,yaml} .pre-commit-config.{yml,yaml} .pre-commit-hooks.yaml
      {.,}codecov.{yml,yaml} .coveralls.yml .cirrus.{yml,yaml,star} .build.{yml,yaml} wercker.yml shippable.yml
      codeship-*.{yml,yaml} .semaphore.yml bors.toml .mergify.{yml,yaml} .kodiak.toml .coderabbit.{yml,yaml}
      sonar-project.properties .lgtm.yml .goreleaser.{yml,yaml} .releaserc* fly.toml render.yaml app.yaml heroku.yml
      procfile earthfile dangerfile* .snyk trunk.yaml .trunk .scrutinizer.yml .codeclimate.yml .probot* skaffold.yaml`),
  },
  {
    code: 'guard.protected_path',
    what: 'decides over changes and belongs to the maintainers',
    patterns: ['.bugloop', 'codeowners', 'owners', 'maintainers'],
  },
  {
    code: 'guard.agent_instructions',
    what: 'instructs coding agents',
    patterns: words(`
      agents.md agents.override.md claude.md claude.local.md gemini.md copilot-instructions.md conventions.md .cursorrules
      .cursorignore .cursor .claude .claude.json .claudeignore .codex .gemini .windsurf .windsurfrules .aider* .continue
      .continuerules .clinerules .cline .roo .roorules .roomodes .goosehints .goose .junie .kiro .augment* .amazonq
      .opencode opencode.json* .mcp.json mcp.json .rules .agents .agent .trae .qwen qwen.md .copilot llms.txt`),
  },
  {
    code: 'guard.git_metadata',
    // .gitignore executes nothing, but what it hides is on disk when tests run and missing from what is pushed.
    what: 'steers git itself: what is shown, stored, hidden or run',
    patterns: [
      '.git',
      '.gitattributes',
      '.gitmodules',
      '.gitignore',
      '.gitconfig',
      '.mailmap',
      '.git-blame-ignore-revs',
      '.lfsconfig',
    ],
  },
  {
    code: 'guard.hook',
    what: 'runs by itself on the machine of whoever opens or commits',
    patterns: words(`
      .husky .githooks .hooks git-hooks lefthook*.{yml,yaml,toml,json} .lefthook* .huskyrc* .lintstagedrc*
      lint-staged.config.* .simple-git-hooks* simple-git-hooks.* .overcommit.yml .captain* captainhook.json .envrc .direnv
      .vscode .idea .devcontainer .devcontainer.json .fleet .zed .gitpod.* .mise.toml mise.toml .vimrc .exrc .nvimrc
      .nvim.lua .editorconfig.exe .yarn .pnpmfile.*`),
  },
];

const manifests: Place = {
  code: 'guard.dependency_manifest',
  what: 'declares dependencies or what installing and running does: a person has to make this edit',
  patterns: words(`
    package.json package.json5 package.yaml package-lock.json npm-shrinkwrap.json yarn.lock pnpm-lock.yaml
    pnpm-workspace.yaml bun.lock bun.lockb bunfig.toml deno.json deno.jsonc deno.lock .npmrc .yarnrc* bower.json
    lerna.json .nvmrc .node-version .tool-versions volta.json .python-version .ruby-version *requirements*.{txt,in}
    constraints*.txt pyproject.toml setup.py setup.cfg pipfile pipfile.lock poetry.lock uv.lock uv.toml pdm.lock pip.conf
    pip.ini environment.{yml,yaml} conda-lock.yml pixi.{toml,lock} go.mod go.sum go.work go.work.sum cargo.toml cargo.lock
    rust-toolchain{,.toml} .cargo gemfile* *.gemspec gems.rb gems.locked composer.json composer.lock auth.json pom.xml
    .mvn mvnw{,.cmd} *.gradle *.gradle.kts gradle.properties gradle.lockfile gradlew{,.bat} gradle/wrapper
    libs.versions.toml *.{csproj,fsproj,vbproj,vcxproj} directory.{build,packages}.{props,targets} packages.config
    packages.lock.json nuget.config global.json paket.* mix.exs mix.lock rebar.{config,lock} pubspec.{yaml,lock}
    podfile{,.lock} package.{swift,resolved} cartfile* build.sbt conanfile.* vcpkg.json .bazelrc module.bazel*
    flake.{nix,lock}`),
};

/** Names written one after the other, because lists this long are read better so. */
function words(text: string): string[] {
  return text.trim().split(/\s+/);
}

const floorMatchers = floor.map((place) => ({ place, matches: matchProtected(place.patterns) }));
const isManifest = matchProtected(manifests.patterns);
/** Data of tests: no package manager ever reads a manifest here. */
const isTestData = matchAny(['**/{fixtures,fixture,__fixtures__,testdata,test-data,test_data}/**']);

function judgePlace(file: ChangedFile, configured: (path: RepoPath) => boolean, isTest: (path: RepoPath) => boolean): Reason[] {
  const path = foldPath(file.path);
  const reasons: Reason[] = floorMatchers
    .filter(({ matches }) => matches(path))
    .map(({ place }) => ({ code: place.code, message: `${show(file.path)} ${place.what}`, path: file.path }));
  if (configured(path))
    reasons.push({
      code: 'guard.protected_path',
      message: `${show(file.path)} is protected by the configuration`,
      path: file.path,
    });
  if (isManifest(path) && !(isTest(file.path) && isTestData(path))) reasons.push(...judgeManifest(file));
  return reasons;
}

/** A package.json is told by the keys that differ, a manifest of any other kind as a whole. */
function judgeManifest(file: ChangedFile): Reason[] {
  const whole = { code: manifests.code, message: `${show(file.path)} ${manifests.what}`, path: file.path };
  const keys = /(^|\/)package\.json$/i.test(file.path) ? changedKeys(file.before, file.after) : undefined;
  if (keys === undefined || keys.length === 0) return [whole];
  return keys.map((key) => ({
    code: manifests.code,
    message: `${show(file.path)}: ${show(key)} differs; a person has to make this edit`,
    path: file.path,
  }));
}

/** Parts of package.json whose own keys are named, e.g. `scripts.postinstall`. */
const nested = new Set(
  words(`scripts bin overrides resolutions dependencies devDependencies peerDependencies config optionalDependencies
    engines pnpm jest mocha ava nyc c8 tap exports imports`),
);

/** Keys of a package.json that differ, or `undefined` where either side is no JSON object. */
export function changedKeys(before: string | undefined, after: string | undefined): string[] | undefined {
  const [old, now] = [parseObject(before ?? '{}'), parseObject(after ?? '{}')];
  if (old === undefined || now === undefined) return undefined;
  return differingKeys(old, now).flatMap((key) => {
    const [from, to] = [old[key], now[key]];
    if (!nested.has(key)) return [key];
    const [left, right] = [from ?? {}, to ?? {}];
    if (!isObject(left) || !isObject(right)) return [key];
    return differingKeys(left, right).map((inner) => `${key}.${inner}`);
  });
}

export type JsonObject = Record<string, unknown>;
export const isObject = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function differingKeys(old: JsonObject, now: JsonObject): string[] {
  const keys = new Set([...Object.keys(old), ...Object.keys(now)]);
  return [...keys].filter((key) => JSON.stringify(old[key]) !== JSON.stringify(now[key])).sort();
}

/** The object of a JSON text, `undefined` for anything else. */
export function parseObject(text: string): JsonObject | undefined {
  try {
    const value: unknown = JSON.parse(text.replace(/^\uFEFF/, ''));
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

// ---------------------------------------------------------------------------------------------- spelling

// Characters that HFS+ and many viewers leave out of a name: two spellings, one file.
const ignorable = /\p{Default_Ignorable_Code_Point}/gu;

/**
 * The one spelling under which case-insensitive, normalising and Windows file systems would all see `path`:
 * NFKC, lower case, forward slashes, no ignorable characters, no stream suffix, no trailing dots and spaces.
 */
export function foldPath(path: RepoPath): RepoPath {
  return path
    .normalize('NFKC')
    .replace(ignorable, '')
    .toLowerCase()
    .normalize('NFKC')
    .replaceAll('\\', '/')
    .split('/')
    .map((part) => longName(part.replace(/:.*$/, '').replace(/(?<=[^. ])[. ]+$/, '')))
    .filter((part) => part !== '' && part !== '.')
    .join('/');
}

/** Windows answers to `GITHUB~1` for `.github`: such short names are read as the protected name they could be. */
function longName(part: string): string {
  const short = /^([a-z]{2,6})~\d+$/.exec(part)?.[1];
  if (short === undefined) return part;
  const names = ['.git', '.github', '.gitlab', '.gitattributes', '.gitmodules', '.bugloop', '.husky', '.circleci', '.claude'];
  return names.find((name) => name.slice(1, 7) === short) ?? part;
}

function matchFolded(patterns: readonly string[]): (path: RepoPath) => boolean {
  return matchProtected(patterns.map((pattern) => pattern.normalize('NFKC').toLowerCase()));
}

function judgeSpelling(path: RepoPath): Reason[] {
  const wrong = spellingProblems.filter(([pattern]) => pattern.test(path)).map(([, what]) => what);
  if (wrong.length === 0) return [];
  return [{ code: 'guard.unsafe_path', message: `the name ${show(path)} has ${wrong.join(' and ')}`, path }];
}

const spellingProblems: readonly [RegExp, string][] = [
  // oxlint-disable-next-line no-control-regex -- control characters are what is looked for
  [/[\u0000-\u001F\u007F-\u009F]/, 'control characters'],
  [/\\/, 'a backslash'],
  [/(^|\/)\.{1,2}(\/|$)|\/\/|^\/|^$/, 'an empty or relative segment'],
  [/[. ](\/|$)/, 'a trailing dot or space'],
  [/:/, 'a colon'],
  [/\p{Default_Ignorable_Code_Point}/u, 'invisible characters'],
];

/** Two names that are one file where case or normalisation is ignored: the later would overwrite the earlier. */
function judgeCollisions(files: readonly ChangedFile[]): Reason[] {
  const byFolded = new Map<string, RepoPath>();
  return files
    .filter((file) => file.status !== 'deleted')
    .flatMap((file) => {
      const folded = foldPath(file.path);
      const other = byFolded.get(folded);
      byFolded.set(folded, file.path);
      if (other === undefined) return [];
      const message = `${show(file.path)} and ${show(other)} are one file on systems that ignore case`;
      return [{ code: 'guard.path_collision', message, path: file.path }];
    });
}

// ---------------------------------------------------------------------------------------------- entries

const modes = { none: '000000', symlink: '120000', gitlink: '160000', executable: '100755', directory: '040000' } as const;

function judgeEntry(file: ChangedFile): Reason[] {
  const { path, oldMode, newMode } = file;
  const reason = (code: string, what: string): Reason => ({ code, message: `${show(path)} ${what}`, path });
  const reasons: Reason[] = [];
  const became = newMode === modes.none ? oldMode : newMode;
  if (newMode === modes.symlink || oldMode === modes.symlink) reasons.push(reason('guard.symlink', 'is a symbolic link'));
  else if (newMode === modes.gitlink || oldMode === modes.gitlink)
    reasons.push(reason('guard.gitlink', 'is a submodule: its content is not in the change'));
  else if (newMode === modes.executable && oldMode !== modes.executable)
    reasons.push(reason('guard.executable', `becomes executable (mode ${oldMode} → ${newMode})`));
  else if (newMode !== modes.none && oldMode !== modes.none && newMode !== oldMode)
    reasons.push(reason('guard.mode_change', `changes its mode (${oldMode} → ${newMode})`));
  else if (!/^100(644|664|755)$/.test(became)) reasons.push(reason('guard.mode_change', `has the unusual mode ${became}`));
  if (file.binary) reasons.push(reason('guard.binary', `is binary (${file.changedBytes} bytes)`));
  else if (hidesText(file)) reasons.push(reason('guard.unreadable', 'is too large to be read and judged'));
  return reasons;
}

const isRegular = (mode: string): boolean => mode.startsWith('100');

/** A regular text file whose content the reader left out. */
function hidesText(file: ChangedFile): boolean {
  return (isRegular(file.newMode) && file.after === undefined) || (isRegular(file.oldMode) && file.before === undefined);
}

function judgeSize(files: readonly ChangedFile[], rules: GuardRules): Reason[] {
  const lines = sum(files.map((file) => file.addedLines + file.removedLines));
  const bytes = sum(files.map((file) => file.changedBytes));
  const reasons: Reason[] = [];
  if (lines > rules.maxDiffLines)
    reasons.push({
      code: 'guard.too_many_lines',
      message: `the change has ${lines} lines, at most ${rules.maxDiffLines} are allowed`,
    });
  if (bytes > rules.maxDiffBytes)
    reasons.push({
      code: 'guard.too_many_bytes',
      message: `the change has ${bytes} bytes, at most ${rules.maxDiffBytes} are allowed`,
    });
  return reasons;
}

const sum = (numbers: readonly number[]): number => numbers.reduce((total, number) => total + number, 0);

/** A name as it may stand in one line: whatever is invisible or would break the line is escaped. */
function show(name: string): string {
  const shown = name.replace(/[^\u0020-\u007E\u00A1-\u00AC\u00AE-\u02FF\u0370-\u05FF\u3000-\uD7FF]/g, (character) => {
    return `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`;
  });
  return shown.length > 200 ? `${shown.slice(0, 199)}…` : shown;
}

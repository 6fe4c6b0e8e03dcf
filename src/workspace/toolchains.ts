import { accessSync, constants, type Dirent, existsSync, globSync, readdirSync, realpathSync, statSync } from 'node:fs';
import { userInfo } from 'node:os';
import { basename, dirname, isAbsolute, join, sep } from 'node:path';
import type { Environment } from './environment.ts';

/** The operator's toolchains: how commands find them, and what of the disk they need. */
export interface Toolchains {
  /** `PATH` and tool homes such as `RUSTUP_HOME`. */
  env: Record<string, string>;
  /** Absolute paths outside the system directories that must be readable; no home directory as a whole, ever. */
  mounts: string[];
  /** Absolute paths below `/etc`. */
  settings: string[];
}

/** Directories of the operating system, readable in every sandbox. */
export const systemRoots = ['/usr', '/bin', '/sbin', '/lib', '/lib32', '/lib64', '/libx32', '/nix/store'] as const;

/** Tool home → where it is by default (below the home directory), and what of it a command may read. */
const sharedHomes: Record<string, { fallback: string; parts: readonly string[] }> = {
  RUSTUP_HOME: { fallback: '.rustup', parts: ['toolchains', 'settings.toml', 'update-hashes'] },
  PYENV_ROOT: { fallback: '.pyenv', parts: ['bin', 'libexec', 'plugins', 'pyenv.d', 'shims', 'versions', 'version'] },
  RBENV_ROOT: { fallback: '.rbenv', parts: ['bin', 'libexec', 'plugins', 'rbenv.d', 'shims', 'versions', 'version'] },
  NODENV_ROOT: { fallback: '.nodenv', parts: ['bin', 'libexec', 'plugins', 'nodenv.d', 'shims', 'versions', 'version'] },
  ASDF_DATA_DIR: { fallback: '.asdf', parts: ['bin', 'lib', 'installs', 'plugins', 'shims', 'asdf.sh'] },
  VOLTA_HOME: { fallback: '.volta', parts: ['bin', 'tools'] },
};
/** Homes that are one toolchain and nothing else; only as the operator names them. */
const wholeHomes = ['JAVA_HOME', 'GOROOT', 'DOTNET_ROOT', 'MAVEN_HOME', 'GRADLE_HOME'];

/** A directory above `bin` is shared as a whole only where `bin` holds one of these. */
const compilers = [
  'node',
  'java',
  'go',
  'python3',
  'python',
  'ruby',
  'php',
  'rustc',
  'deno',
  'bun',
  'perl',
  'dotnet',
  'mvn',
  'gradle',
];
/** What programs in `bin` read beside it, where the directory above holds other things too. */
const besideBin = ['lib', 'lib64', 'libexec', 'include'];
/** Below the home directory; each holds credentials beside its `bin`. */
const mixedHomes = ['.local', '.cargo', '.local/share', '.config'];
/** Below the home directory; never readable, whatever points there. */
const secretHomes = ['.ssh', '.gnupg', '.aws', '.azure', '.config', '.docker', '.kube', '.netrc', '.npmrc', '.gitconfig'];
const maxLinks = 512;
/**
 * Where distributions keep what a toolchain cannot start without: PHP's extensions, Java's security providers, Maven's class
 * path. Not what may hold a password beside it, as Maven's `settings.xml`, `php.ini` and Java's `management` do.
 */
const toolSettings = [
  'php/*/mods-available',
  'php/*/cli/conf.d',
  'java-*/security',
  'java-*/*.{cfg,properties}',
  'maven/logging',
  'maven/*.conf',
];

const found = new WeakMap<Environment, Toolchains>();

/** Looks once per operator environment at where `PATH` and the tool homes lead. */
export function findToolchains(operatorEnv: Environment): Toolchains {
  const known = found.get(operatorEnv);
  if (known !== undefined) return known;
  const toolchains = look(operatorEnv);
  found.set(operatorEnv, toolchains);
  return toolchains;
}

function look(operatorEnv: Environment): Toolchains {
  const home = operatorEnv['HOME'] ?? userInfo().homedir;
  const homes = [...new Set([home, real(home) ?? home, userInfo().homedir])];
  const path = searchPath(operatorEnv['PATH'] ?? '');
  const shared = Object.entries(sharedHomes)
    .map(([name, { fallback, parts }]) => ({ name, dir: operatorEnv[name] ?? join(home, fallback), parts }))
    .filter(({ dir }) => isDirectory(dir));
  const whole = wholeHomes
    .map((name) => ({ name, dir: operatorEnv[name] ?? '' }))
    .filter(({ dir }) => isAbsolute(dir) && isDirectory(join(dir, 'bin')));

  const wanted = [
    ...shared.flatMap(({ dir, parts }) => parts.map((part) => join(dir, part))),
    ...whole.map(({ dir }) => dir),
    ...path.flatMap((dir) => [...besides(dir, homes), ...linked(dir, homes)]),
    ...linked('/usr/local/bin', homes),
  ];
  return {
    settings: globSync(toolSettings, { cwd: '/etc' }).map((path) => join('/etc', path)),
    env: {
      ...Object.fromEntries([...shared, ...whole].map(({ name, dir }) => [name, dir])),
      PATH: path.length > 0 ? path.join(':') : '/usr/local/bin:/usr/bin:/bin',
    },
    mounts: outermost(wanted.filter((dir) => !isSystem(dir) && existsSync(dir) && mayShare(dir, homes))),
  };
}

/**
 * Absolute, existing directories. Of a `node_modules/.bin`, which npm puts first for its own scripts, only the node it
 * holds stays: the development tools of whoever started us are none of the repository's.
 */
export function searchPath(path: string): string[] {
  const dirs = path.split(':').flatMap((dir) => {
    if (!isAbsolute(dir) || !isDirectory(dir)) return [];
    if (!dir.replace(/\/+$/, '').endsWith('node_modules/.bin')) return [dir];
    const node = real(join(dir, 'node'));
    return node === undefined ? [] : [dirname(node)];
  });
  return [...new Set(dirs)];
}

/** A directory of programs and what they read beside it. */
function besides(dir: string, homes: readonly string[]): string[] {
  const target = real(dir) ?? dir;
  return target === dir ? besidesOf(dir, homes) : [...besidesOf(dir, homes), ...besidesOf(target, homes)];
}

function besidesOf(dir: string, homes: readonly string[]): string[] {
  if (isSystem(dir) || basename(dir) !== 'bin') return [dir];
  const above = dirname(dir);
  const isMixed = homes.some((home) => above === home || mixedHomes.some((name) => above === join(home, name)));
  const isToolchain = !isMixed && depth(above) > 1 && compilers.some((name) => isExecutable(join(dir, name)));
  return isToolchain ? [above] : [dir, ...besideBin.map((name) => join(above, name))];
}

/** Where the links among a directory's programs lead. */
function linked(dir: string, homes: readonly string[]): string[] {
  if (isSystem(dir) && dir !== '/usr/local/bin') return [];
  return entries(dir)
    .filter((entry) => entry.isSymbolicLink())
    .slice(0, maxLinks)
    .map((entry) => real(join(dir, entry.name)))
    .filter((target) => target !== undefined)
    .filter((target) => !isSystem(target) && !isInside(target, dir))
    .flatMap((target) => {
      const nodePackage = /^.*\/node_modules\/(?:@[^/]+\/)?[^/]+/.exec(target)?.[0];
      if (nodePackage !== undefined) return [nodePackage];
      return basename(dirname(target)) === 'bin' ? besidesOf(dirname(target), homes) : [target];
    });
}

/** False for what holds more than tools: top-level directories, a home or anything above it, places of credentials. */
function mayShare(path: string, homes: readonly string[]): boolean {
  return [path, real(path) ?? path].every(
    (each) =>
      (isSystem(each) || depth(each) > 1) &&
      !['/etc', '/proc', '/sys', '/dev', '/run'].some((dir) => isInside(each, dir)) &&
      !homes.some((home) => isInside(home, each) || secretHomes.some((name) => isInside(each, join(home, name)))),
  );
}

/** Drops whatever lies below another of the paths. */
function outermost(paths: readonly string[]): string[] {
  const unique = [...new Set(paths)];
  return unique.filter((path) => !unique.some((other) => other !== path && isInside(path, other)));
}

/** First executable that `name` stands for; a name with a slash is relative to `root`. */
export function findExecutable(name: string, path: string, root: string): string | undefined {
  const candidates = name.includes('/')
    ? [isAbsolute(name) ? name : join(root, name)]
    : path.split(':').map((dir) => join(dir, name));
  return candidates.find(isExecutable);
}

/** Whether `path` is `dir` or lies below it; both absolute and normal. */
export function isInside(path: string, dir: string): boolean {
  return path === dir || path.startsWith(dir.endsWith(sep) ? dir : dir + sep);
}

export function isSystem(path: string): boolean {
  return systemRoots.some((root) => isInside(path, root));
}

function depth(path: string): number {
  return path.split('/').filter((part) => part !== '').length;
}

export function real(path: string): string | undefined {
  try {
    return realpathSync(path);
  } catch {
    return undefined;
  }
}

export function isDirectory(path: string): boolean {
  try {
    return statSync(path).isDirectory();
  } catch {
    return false;
  }
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

function entries(dir: string): Dirent[] {
  try {
    return readdirSync(dir, { withFileTypes: true });
  } catch {
    return [];
  }
}

import { lstatSync, readlinkSync } from 'node:fs';
import { execa } from 'execa';
import type { SandboxLevel } from '../core/types.ts';
import type { Environment } from './environment.ts';
import { findExecutable, findToolchains, isInside, isSystem, real, systemRoots } from './toolchains.ts';

/** A bubblewrap that was seen to work here. */
export interface Bubblewrap {
  path: string;
  /** Options only newer versions know (`--disable-userns` came with 0.8). */
  extra: readonly string[];
}

/** What one command may see and touch of the disk. All paths are absolute and the same inside and outside. */
export interface View {
  root: string;
  home: string;
  readable: readonly string[];
  writable: readonly string[];
  network: boolean;
}

/** Read from /etc by programs of every kind; none holds a secret. Never the whole of it. */
const etc = [
  'alternatives',
  'group',
  'host.conf',
  'hosts',
  'ld.so.cache',
  'ld.so.conf',
  'ld.so.conf.d',
  'localtime',
  'mime.types',
  'nsswitch.conf',
  'os-release',
  'passwd',
  'protocols',
  'services',
  'timezone',
  'fonts',
  'ssl/openssl.cnf',
];
/** Namespaces of its own, no capability, no terminal, no life after ours. */
const separate =
  '--unshare-user --unshare-pid --unshare-ipc --unshare-uts --unshare-cgroup-try --hostname bugloop --die-with-parent --new-session --cap-drop ALL --clearenv'.split(
    ' ',
  );
const fresh = '--proc /proc --dev /dev --tmpfs /run --perms 1777 --tmpfs /tmp --perms 1777 --tmpfs /var/tmp'.split(' ');
/** Of /etc, only with network. */
const etcForNetwork = ['resolv.conf', 'gai.conf', 'ssl/certs', 'ca-certificates', 'pki/tls', 'pki/ca-trust'];

/**
 * Arguments of bubblewrap for one command: own user, PID, IPC, UTS, cgroup and (without network) network namespace, no
 * capability, a new session, and a root that holds nothing but the system's programs, the toolchains and the view.
 */
export function isolate(
  bubblewrap: Bubblewrap,
  operatorEnv: Environment,
  view: View,
  env: Readonly<Record<string, string>>,
): string[] {
  const { mounts, settings } = findToolchains(operatorEnv);
  // A parent must be mounted before what lies in it; what is writable comes after what is not.
  const binds = [
    ...mounts.map((path) => ['--ro-bind-try', path]),
    ...view.readable.map((path) => ['--ro-bind', path]),
    ...[view.root, view.home, ...view.writable].map((path) => ['--bind', path]),
  ].toSorted((a, b) => depth(a[1] ?? '') - depth(b[1] ?? ''));
  const etcFiles = [...[...etc, ...(view.network ? etcForNetwork : [])].map((name) => `/etc/${name}`), ...settings];
  return [
    ...separate,
    ...(view.network ? [] : ['--unshare-net']),
    ...bubblewrap.extra,
    ...systemRoots.flatMap(mountSystem),
    ...etcFiles.flatMap((path) => ['--ro-bind-try', path, path]),
    ...fresh,
    ...binds.flatMap(([option = '', path = '']) => [option, path, path]),
    ...Object.entries(env).flatMap(([name, value]) => ['--setenv', name, value]),
    '--chdir',
    view.root,
  ];
}

/** Merged systems link /bin to usr/bin: the link is made anew, so that nothing is mounted twice. */
function mountSystem(path: string): string[] {
  const stat = lstatSync(path, { throwIfNoEntry: false });
  if (stat === undefined) return [];
  return stat.isSymbolicLink() ? ['--symlink', readlinkSync(path), path] : ['--ro-bind', path, path];
}

function depth(path: string): number {
  return path.split('/').length;
}

/**
 * The view of a place. Paths inside `root` need no mount of their own; and as untrusted code may have put a link in
 * their place, they must not get one.
 */
export function viewOf(
  place: { root: string; readable?: readonly string[]; writable?: readonly string[] },
  options: { home: string; network: boolean; executable: string },
): View {
  const outside = (path: string): boolean => !isInside(path, place.root) && real(path) !== undefined;
  const writable = (place.writable ?? []).filter(outside);
  const isVisible = [place.root, ...(place.readable ?? []), ...writable].some((dir) => isInside(options.executable, dir));
  return {
    root: place.root,
    home: options.home,
    readable: [
      ...(place.readable ?? []).filter(outside),
      // A program named by its full path is readable, as a single file.
      ...(isVisible || isSystem(options.executable) ? [] : [options.executable]),
    ],
    writable,
    network: options.network,
  };
}

// ---------------------------------------------------------------------------------------------- detection

interface Detection {
  level: SandboxLevel;
  /** One line for people. */
  why: string;
  bubblewrap?: Bubblewrap;
}

const detections = new Map<string, Promise<Detection>>();

/**
 * `strict` where bubblewrap can really isolate a command here, tried once; else `basic` with the reason why not. User
 * namespaces are often forbidden in containers and by AppArmor although bubblewrap is installed.
 */
export async function detectSandbox(operatorEnv: Environment): Promise<{ level: SandboxLevel; why: string }> {
  const { level, why } = await detect(operatorEnv);
  return { level, why };
}

/** The bubblewrap that `detectSandbox` found, or why there is none. */
export async function findBubblewrap(operatorEnv: Environment): Promise<Bubblewrap | { why: string }> {
  const { bubblewrap, why } = await detect(operatorEnv);
  return bubblewrap ?? { why };
}

function detect(operatorEnv: Environment): Promise<Detection> {
  const key = operatorEnv['PATH'] ?? '';
  const known = detections.get(key) ?? tryBubblewrap(key);
  detections.set(key, known);
  return known;
}

async function tryBubblewrap(path: string): Promise<Detection> {
  if (process.platform !== 'linux') return { level: 'basic', why: `there is no bubblewrap for ${process.platform}` };
  const bwrap = findExecutable(
    'bwrap',
    `${path
      .split(':')
      .filter((dir) => dir.startsWith('/'))
      .join(':')}:/usr/bin`,
    '/',
  );
  if (bwrap === undefined) return { level: 'basic', why: 'bubblewrap (bwrap) is not installed' };
  let failure = '';
  for (const extra of [['--disable-userns'], []]) {
    const bubblewrap = { path: bwrap, extra };
    const view = { root: '/tmp', home: '/tmp', readable: [], writable: [], network: false };
    const args = [...isolate(bubblewrap, {}, view, {}), '--', 'true'];
    const trial = await execa(bwrap, args, { reject: false, extendEnv: false, env: {}, timeout: 10_000, stdin: 'ignore' });
    if (trial.exitCode === 0) return { level: 'strict', why: `bubblewrap at ${bwrap} works`, bubblewrap };
    failure = trial.stderr.split('\n')[0] || (trial.shortMessage ?? 'it failed');
  }
  return { level: 'basic', why: `bubblewrap is installed but does not work here: ${failure}` };
}

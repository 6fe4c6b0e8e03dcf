import { chmodSync, mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { buildEnvironment, type EnvironmentRequest } from '../../src/workspace/environment.ts';
import { findToolchains, isInside, searchPath } from '../../src/workspace/toolchains.ts';

const request: EnvironmentRequest = {
  operatorEnv: {},
  tools: { PATH: '/usr/bin' },
  home: '/private/home',
  tmp: '/private/tmp',
  network: false,
  tag: 'tag',
};
const always = {
  PATH: '/usr/bin',
  HOME: '/private/home',
  TMPDIR: '/private/tmp',
  CI: '1',
  TERM: 'dumb',
  NO_COLOR: '1',
  BUGLOOP_RUN: 'tag',
};

const made: string[] = [];
afterAll(() => made.forEach((dir) => rmSync(dir, { recursive: true, force: true })));

/** A home directory with executables, secrets beside them, and links, as installers leave them. */
function makeHome(): { home: string; program: (path: string) => string; link: (path: string, target: string) => void } {
  const home = realpathSync(mkdtempSync(join(tmpdir(), 'bugloop-home-')));
  made.push(home);
  const program = (path: string): string => {
    mkdirSync(dirname(join(home, path)), { recursive: true });
    writeFileSync(join(home, path), '#!/bin/sh\necho ran\n');
    chmodSync(join(home, path), 0o755);
    return join(home, path);
  };
  const link = (path: string, target: string): void => {
    mkdirSync(dirname(join(home, path)), { recursive: true });
    symlinkSync(target, join(home, path));
  };
  return { home, program, link };
}

describe('environment', () => {
  test('of an operator full of secrets nothing but locale and time zone gets in', () => {
    const operatorEnv = {
      GITHUB_TOKEN: 'fake-secret',
      GH_TOKEN: 'fake-secret',
      ANTHROPIC_API_KEY: 'fake-secret',
      AWS_SECRET_ACCESS_KEY: 'fake-secret',
      GITHUB_ENV: '/runner/env',
      GITHUB_PATH: '/runner/path',
      NODE_OPTIONS: '--require /tmp/x.js',
      HTTPS_PROXY: 'http://user:fake-secret@proxy.test',
      https_proxy: 'http://user:fake-secret@proxy.test',
      LD_PRELOAD: '/tmp/x.so',
      DYLD_INSERT_LIBRARIES: '/tmp/x.dylib',
      npm_config__authToken: 'fake-secret',
      SSH_AUTH_SOCK: '/tmp/agent',
      BASH_ENV: '/tmp/x.sh',
      HOME: '/home/operator',
      PATH: '/somewhere',
      SSL_CERT_FILE: '/etc/ssl/operator.pem',
      LANG: 'C.UTF-8',
      LC_ALL: 'C.UTF-8',
      TZ: 'Europe/Berlin',
      UNDEFINED: undefined,
    };
    expect(buildEnvironment({ ...request, operatorEnv })).toEqual({
      ...always,
      LANG: 'C.UTF-8',
      LC_ALL: 'C.UTF-8',
      TZ: 'Europe/Berlin',
    });
  });

  test('certificates come with network only', () => {
    const operatorEnv = { SSL_CERT_FILE: '/etc/ssl/operator.pem' };
    expect(buildEnvironment({ ...request, operatorEnv, network: true })).toEqual({ ...always, ...operatorEnv });
  });

  test('a variable is passed by name, but never a write credential or what loads code', () => {
    const operatorEnv = {
      AGENT_KEY: 'fake-key',
      GITHUB_TOKEN: 'x',
      GH_TOKEN: 'x',
      ACTIONS_RUNTIME_TOKEN: 'x',
      NODE_OPTIONS: 'x',
      LD_PRELOAD: 'x',
      SSH_AUTH_SOCK: 'x',
    };
    const passEnv = [...Object.keys(operatorEnv), 'NOT_SET'];
    expect(buildEnvironment({ ...request, operatorEnv, passEnv })).toEqual({ ...always, AGENT_KEY: 'fake-key' });
  });

  test('added variables win, but preload nothing and keep our mark', () => {
    const env = { CI: 'true', NODE_V8_COVERAGE: '/out', LD_PRELOAD: '/tmp/x.so', BUGLOOP_RUN: 'forged' };
    expect(buildEnvironment({ ...request, env })).toEqual({ ...always, CI: 'true', NODE_V8_COVERAGE: '/out' });
  });
});

describe('toolchains', () => {
  test("of npm's own search path only the node stays", () => {
    const { home, program, link } = makeHome();
    const node = program('project/node_modules/node/bin/node');
    program('project/node_modules/.bin/vitest');
    link('project/node_modules/.bin/node', '../node/bin/node');
    mkdirSync(join(home, 'other/node_modules/.bin'), { recursive: true });
    const path = [
      `${home}/project/node_modules/.bin`,
      `${home}/other/node_modules/.bin`,
      './bin',
      '',
      '/nonexistent',
      '/usr/bin',
      '/usr/bin',
    ];
    expect(searchPath(path.join(':'))).toEqual([dirname(node), '/usr/bin']);
  });

  test.each([
    ["a version manager's node", '.nvm/versions/node/v24/bin', 'node', ['.nvm/versions/node/v24'], []],
    ['cargo', '.cargo/bin', 'cargo', ['.cargo/bin'], ['.cargo/credentials.toml', '.cargo/config.toml']],
    ["programs of one's own", '.local/bin', 'node', ['.local/bin'], ['.local/share/keyrings/login.keyring']],
    ['bin in the home directory', 'bin', 'node', ['bin'], ['.npmrc', '.ssh/id_ed25519', '.gitconfig']],
    ['scripts of a project', 'project/bin', 'deploy', ['project/bin'], ['project/.env']],
    ['a tool with a directory of its own', 'tools/thing', 'thing', ['tools/thing'], ['tools/secret']],
    ['the home directory itself', '.', 'tool', [], ['.npmrc', '.ssh/id_ed25519']],
    ['a place of credentials', '.config/bin', 'tool', [], ['.config/gh/hosts.yml']],
  ])('%s: readable, what lies beside it not', (_, dir, name, readable, secret) => {
    const { home, program } = makeHome();
    program(join(dir, name));
    for (const path of secret) {
      mkdirSync(dirname(join(home, path)), { recursive: true });
      writeFileSync(join(home, path), 'fake secret');
    }
    const { mounts, env } = findToolchains({ HOME: home, PATH: `${join(home, dir)}:/usr/bin` });
    const own = mounts.filter((mount) => isInside(mount, home));
    expect(own).toEqual(readable.map((path) => join(home, path)));
    expect(env['PATH']?.split(':')).toContain(join(home, dir));
    expect(secret.filter((path) => mounts.some((mount) => isInside(join(home, path), mount)))).toEqual([]);
  });

  test('links among the programs are followed to the file or the package, not to what surrounds it', () => {
    const { home, program, link } = makeHome();
    program('scripts/deploy.sh');
    program('npm-global/lib/node_modules/@scope/tool/cli.js');
    link('.local/bin/deploy', '../../scripts/deploy.sh');
    link('.local/bin/tool', '../../npm-global/lib/node_modules/@scope/tool/cli.js');
    link('.local/bin/key', '../../.ssh/id_ed25519');
    mkdirSync(join(home, '.ssh'));
    writeFileSync(join(home, '.ssh/id_ed25519'), 'fake secret');
    const { mounts } = findToolchains({ HOME: home, PATH: join(home, '.local/bin') });
    expect(mounts.filter((mount) => isInside(mount, home)).toSorted()).toEqual(
      [
        join(home, '.local/bin'),
        join(home, 'npm-global/lib/node_modules/@scope/tool'),
        join(home, 'scripts/deploy.sh'),
      ].toSorted(),
    );
  });

  test('tool homes keep their place when the home directory changes', () => {
    const { home } = makeHome();
    for (const path of ['.rustup/toolchains', '.pyenv/versions', '.pyenv/.git']) mkdirSync(join(home, path), { recursive: true });
    const { env, mounts } = findToolchains({ HOME: home, PATH: '/usr/bin' });
    expect(env).toEqual({ PATH: '/usr/bin', RUSTUP_HOME: join(home, '.rustup'), PYENV_ROOT: join(home, '.pyenv') });
    expect(mounts.filter((mount) => isInside(mount, home))).toEqual([
      join(home, '.rustup/toolchains'),
      join(home, '.pyenv/versions'),
    ]);
  });

  test('a tool home that is no tool home is not shared', () => {
    const { home, program } = makeHome();
    program('bin/java');
    const { mounts } = findToolchains({ HOME: home, PATH: '/usr/bin', JAVA_HOME: home, GOROOT: '/' });
    expect(mounts.filter((mount) => isInside(home, mount))).toEqual([]);
  });
});

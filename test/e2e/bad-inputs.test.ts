import { existsSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { chmod, cp, mkdir, mkdtemp, realpath, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { parse } from 'shell-quote';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import catalogue from '../fixtures/bad-inputs.json' with { type: 'json' };

/**
 * Every case of the catalogue of bad inputs that is about the command line, the configuration, the environment or a
 * template, played against the real binary. A case without an arrangement fails: none is left out silently.
 */

const packageRoot = fileURLToPath(new URL('../..', import.meta.url));
const kinds = ['config', 'flag', 'env', 'template'];
const cases = catalogue.cases.filter(({ kind }) => kinds.includes(kind));
type Case = (typeof cases)[number];

/** One call of the binary. */
interface Call {
  argv: readonly string[];
  cwd?: string;
  env?: Record<string, string>;
  /** Another package than this one, or another program than this Node. */
  bin?: string;
  node?: readonly string[];
  uid?: number;
  /** What must not be printed. */
  never?: readonly string[];
}

/** What a case needs: a directory of its own, and a repository in it when it asks for one. */
interface World {
  directory: string;
  /** A repository with a bug report and one commit; `files` are part of it. */
  repository(files?: Record<string, string | Buffer>): Promise<string>;
}
type Arrangement = (world: World, given: Case) => Promise<Call[]>;

const dryRun = ['solve', 'bug.md', '--agent', 'search', '--dry-run'];
const report = '# Sum of an empty list is wrong\n\n`sum([])` throws `TypeError: Reduce of empty array`.\n';
const manifest = JSON.stringify({ name: 'sum', version: '1.0.0', type: 'module', scripts: { test: 'node --test' } });

let home: string;
let trap: { server: Server; url: string; hits: string[] };

beforeAll(async () => {
  home = await realpath(await mkdtemp(join(tmpdir(), 'bugloop-bad-')));
  await chmod(home, 0o755);
  const hits: string[] = [];
  trap = { hits, ...(await listen((path) => (hits.push(path), 500))) };
});
afterAll(async () => {
  trap.server.close();
  await rm(home, { recursive: true, force: true });
});

async function listen(answer: (path: string) => number): Promise<{ server: Server; url: string }> {
  const server = createServer((request, response) => {
    const status = answer(request.url ?? '');
    response.writeHead(status, { 'content-type': 'application/json' }).end('{"message":"no"}');
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const address = server.address();
  if (typeof address !== 'object' || address === null) throw new Error('the server has no port');
  return { server, url: `http://127.0.0.1:${address.port}` };
}

// ---------------------------------------------------------------------------------------------- arrangements

/** The case's input is the configuration, committed. */
const configured: Arrangement = async (world, { input }) => [await withConfig(world, input)];

async function withConfig(world: World, config: string | Buffer): Promise<Call> {
  return { cwd: await world.repository({ '.bugloop/config.yml': config }), argv: [...dryRun, '--json'] };
}

/** The case's input is a command line. */
const called: Arrangement = async (world, { input }) => [{ cwd: await world.repository(), argv: words(input).slice(1) }];

/** The case's input is an option and the values it must refuse, separated by `/` or commas. */
const refusedValues: Arrangement = async (world, { input }) => {
  const cwd = await world.repository();
  const [option = '', ...values] = words(input.replaceAll(/ \/ |, /g, ' '));
  return values.map((value) => ({ cwd, argv: ['solve', '1', option, value] }));
};

function words(line: string): string[] {
  return parse(line).filter((word) => typeof word === 'string');
}

/** Commands on the repository as it is, with something special in the environment. */
const inEnvironment =
  (env: Record<string, string>, argv: readonly string[]): Arrangement =>
  async (world) => [{ cwd: await world.repository(), argv, env }];

const prompted =
  (template: string): Arrangement =>
  async (world) => [
    {
      cwd: await world.repository({ '.bugloop/prompts/solve-issue.md': template }),
      argv: ['solve', 'bug.md', '--agent', 'search', '--json'],
    },
  ];

const bomb = [
  'a: &a [x,x]',
  ...Array.from('bcdefghij', (key, index) => `${key}: &${key} [*${'abcdefghi'[index]},*${'abcdefghi'[index]}]`),
].join('\n');
const nobody = process.getuid?.() === 0 ? { uid: 65_534 } : {};

const arrangements: Record<string, Arrangement> = {
  'CFG-01': async (world) => [{ cwd: await world.repository(), argv: dryRun }],
  'CFG-02': async (world) => [{ cwd: await world.repository({ '.bugloop/config.yml': '' }), argv: dryRun }],
  'CFG-04': configured,
  'CFG-05': configured,
  'CFG-06': configured,
  'CFG-10': configured,
  'CFG-11': configured,
  'CFG-12': configured,
  'CFG-14': configured,
  'CFG-15': configured,
  'CFG-17': configured,
  'CFG-20': configured,
  'CFG-21': configured,
  'CFG-23': configured,
  'CFG-25': configured,
  'CFG-26': configured,
  'CFG-29': configured,
  'CFG-30': configured,
  // The first half of the input is the default and lifts nothing; the second half is the attempt.
  'CFG-32': async (world, { input }) => [await withConfig(world, input.split(/ +or +/)[1] ?? '')],
  'CFG-33': configured,
  'CFG-34': configured,
  'CFG-35': configured,
  'CFG-36': configured,
  'CFG-37': async (world, given) => {
    const call = await withConfig(world, given.input);
    return [{ ...call, never: ['sk-ant'] }];
  },
  'CFG-40': configured,
  'CFG-41': configured,
  'CFG-42': async (world) => [await withConfig(world, bomb)],
  'CFG-43': configured,
  'CFG-44': configured,
  'CFG-46': async (world) => [
    await withConfig(world, Buffer.from([0xff, 0xfe, 0x61, 0x00])),
    await withConfig(world, Buffer.from([0x61, 0x3a, 0xc3, 0x28])),
    await withConfig(world, Buffer.from([0x61, 0x3a, 0x00, 0x01])),
  ],
  'CFG-48': async (world) => {
    const committed = await world.repository({ '.bugloop/config.yml/file': 'x' });
    const onDisk = await world.repository();
    await mkdir(join(onDisk, '.bugloop/config.yml'), { recursive: true });
    return [committed, onDisk].map((cwd) => ({ cwd, argv: dryRun }));
  },
  'CFG-50': async (world) => {
    const cwd = await world.repository({ '.bugloop/config.yml': 'version: 1\n' });
    await writeFile(join(cwd, 'locked.yml'), 'version: 1\n');
    await chmod(join(cwd, 'locked.yml'), 0);
    await chmod(join(cwd, '.bugloop/config.yml'), 0);
    return [dryRun, [...dryRun, '--config', 'locked.yml']].map((argv) => ({ cwd, argv, ...nobody }));
  },

  'FLG-01': called,
  'FLG-02': called,
  'FLG-03': called,
  'FLG-04': called,
  'FLG-05': called,
  'FLG-06': called,
  'FLG-14': called,
  'FLG-17': called,
  'FLG-18': called,
  'FLG-19': refusedValues,
  'FLG-22': refusedValues,
  'FLG-23': refusedValues,
  'FLG-24': async (world, { input }) => [{ cwd: await world.repository(), argv: ['solve', 'bug.md', ...words(input)] }],
  'FLG-25': async (world) => {
    await writeFile(join(world.directory, 'bug.md'), report);
    return [{ cwd: world.directory, argv: dryRun }];
  },
  'FLG-27': async (world) => {
    const cwd = await world.repository();
    await writeFile(join(cwd, 'package.json'), `${manifest}\n\n`);
    return [{ cwd, argv: ['solve', 'bug.md', '--agent', 'search'] }];
  },

  'ENV-01': inEnvironment({}, ['solve', '12', '--agent', 'search', '--json']),
  'ENV-02': inEnvironment({}, ['solve', 'bug.md', '--agent', 'claude', '--json']),
  'ENV-03': async (world) => {
    const cwd = await world.repository();
    return ['ghs_x\n', 'ghs x', '"ghs_x"'].map((token) => ({
      cwd,
      argv: [...dryRun, '--json'],
      env: { GITHUB_TOKEN: token },
      never: ['ghs'],
    }));
  },
  'ENV-04': async (world) => answered(world, 403),
  'ENV-05': async (world) => answered(world, 401),
  'ENV-06': inEnvironment({ PATH: '/nonexistent' }, [...dryRun, '--json']),
  'ENV-07': async (world) => {
    const pretend = `Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '18.20.4' } })`;
    const calls: Call[] = [{ cwd: world.directory, argv: ['--version'], node: ['--import', `data:text/javascript,${pretend}`] }];
    for (const node of await oldNodes()) calls.push({ cwd: world.directory, argv: ['--version'], bin: node });
    return calls;
  },
  'ENV-09': async (world) => {
    const cwd = await world.repository();
    const [empty, text] = [join(world.directory, 'empty.json'), join(world.directory, 'text.json')];
    await writeFile(empty, '');
    await writeFile(text, 'not JSON');
    return ['', join(world.directory, 'missing.json'), empty, text, world.directory].map((path) => ({
      cwd,
      argv: ['dispatch', '--json'],
      env: { GITHUB_EVENT_NAME: 'issues', GITHUB_EVENT_PATH: path },
    }));
  },
  'ENV-10': async (world, { input }) => [
    { cwd: await world.repository(), argv: [...dryRun, '--json'], env: { GITHUB_REPOSITORY: words(input)[0] ?? '' } },
  ],
  'ENV-11': async (world) => {
    const cwd = await world.repository();
    const environments = [
      { NO_COLOR: '1', TERM: 'xterm-256color' },
      { NO_COLOR: '', TERM: 'dumb' },
      { NO_COLOR: '', TERM: 'xterm-256color' },
    ];
    return environments.map((env) => ({ cwd, argv: dryRun, env, never: ['\u001B'] }));
  },
  'ENV-14': async (world) => {
    const tools = join(world.directory, 'tools');
    await mkdir(tools);
    await writeFile(join(tools, 'bwrap'), '#!/bin/sh\necho "bwrap: No permissions to create new namespace" >&2\nexit 1\n', {
      mode: 0o755,
    });
    const env = { PATH: `${tools}:${process.env['PATH'] ?? ''}` };
    return [
      { cwd: await world.repository(), argv: ['solve', 'bug.md', '--agent', 'search', '--sandbox', 'strict', '--json'], env },
    ];
  },

  'TPL-01': async (world) => {
    const copy = join(world.directory, 'package');
    for (const part of ['bin', 'dist', 'package.json']) await cp(join(packageRoot, part), join(copy, part), { recursive: true });
    await symlink(join(packageRoot, 'node_modules'), join(copy, 'node_modules'));
    const cwd = await world.repository();
    return [{ cwd, argv: ['solve', 'bug.md', '--agent', 'search', '--json'], node: [join(copy, 'bin/bugloop.js')] }];
  },
  'TPL-02': prompted('{{ISSUE_BODY}}\n\n{{ISUE_BODY}}\n'),
  'TPL-03': prompted('Please mend the bug.\n'),
  'TPL-05': prompted(''),
};

/** A forge that answers every request with `status`. */
async function answered(world: World, status: number): Promise<Call[]> {
  const { server, url } = await listen(() => status);
  server.unref();
  const env = { GITHUB_TOKEN: 'not-a-real-token', GITHUB_REPOSITORY: 'owner/name', GITHUB_API_URL: url };
  return [{ cwd: await world.repository(), argv: ['solve', '12', '--agent', 'search', '--json'], env }];
}

/** Node programs on PATH that are older than what bugloop needs; a machine may have none. */
async function oldNodes(): Promise<string[]> {
  const found: string[] = [];
  for (const directory of new Set((process.env['PATH'] ?? '').split(':'))) {
    const node = join(directory, 'node');
    if (!existsSync(node)) continue;
    const { stdout } = await execa(node, ['--version'], { reject: false });
    const major = Number(/^v(\d+)\./.exec(stdout)?.[1] ?? 99);
    if (major < 22) found.push(node);
  }
  return found;
}

// ---------------------------------------------------------------------------------------------- playing

async function makeWorld(id: string): Promise<World> {
  const directory = join(home, id);
  await mkdir(directory);
  let count = 0;
  return {
    directory,
    async repository(files = {}) {
      count += 1;
      const root = join(directory, `repository-${count}`);
      for (const [path, content] of Object.entries({ 'bug.md': report, 'package.json': manifest, ...files })) {
        await mkdir(dirname(join(root, path)), { recursive: true });
        await writeFile(join(root, path), content);
      }
      const git = (...args: string[]) =>
        execa('git', ['-c', 'user.name=T', '-c', 'user.email=t@example.invalid', ...args], { cwd: root });
      await git('init', '--quiet', '--initial-branch=main');
      await git('add', '--all');
      await git('commit', '--quiet', '--message=base');
      return root;
    },
  };
}

async function play(call: Call): Promise<{ exit: number | undefined; stdout: string; stderr: string }> {
  const { bin = process.execPath, node = [], argv, cwd } = call;
  const ownEntry = node.some((argument) => argument.endsWith('bugloop.js'));
  const entry = ownEntry ? [] : [join(packageRoot, 'bin/bugloop.js')];
  const result = await execa(bin, [...node, ...entry, ...argv], {
    reject: false,
    extendEnv: false,
    timeout: 30_000,
    stdin: 'ignore',
    ...(cwd === undefined ? {} : { cwd }),
    ...(call.uid === undefined ? {} : { uid: call.uid, gid: call.uid }),
    env: {
      PATH: process.env['PATH'] ?? '',
      HOME: home,
      // Nothing may be asked of the network before flags and configuration are valid.
      GITHUB_API_URL: trap.url,
      ANTHROPIC_BASE_URL: trap.url,
      ...call.env,
    },
  });
  return { exit: result.exitCode, stdout: result.stdout, stderr: result.stderr };
}

/** Everything in which one call differs from what the case promises, with what was printed. */
async function findFaults(call: Call, { expected_error: expected }: Case): Promise<string[]> {
  const told = await play(call);
  const printed = `${told.stderr}\n${told.stdout}`;
  const error = { error: { code: expected.code, exit: expected.exit } };
  const faults = [
    told.exit !== expected.exit && `exit ${told.exit} instead of ${expected.exit}`,
    ...expected.message_must_contain.map((part) => !told.stderr.includes(part) && `does not say ${part}`),
    !expected.code.startsWith('(none)') && !told.stderr.includes(`[${expected.code}]`) && `does not say [${expected.code}]`,
    /^\s+at .*:\d+:\d+\)?$/m.test(printed) && 'shows a stack trace',
    ...(call.never ?? []).map((part) => printed.includes(part) && `repeats ${part}`),
    call.argv.includes('--json') && !isSubset(error, told.stdout) && 'has no such error object on standard output',
  ].filter((fault) => fault !== false);
  return faults.length === 0 ? [] : [`bugloop ${call.argv.join(' ')}`, ...faults, printed];
}

function isSubset({ error }: { error: { code: string; exit: number } }, json: string): boolean {
  const parsed: unknown = JSON.parse(json);
  const told = typeof parsed === 'object' && parsed !== null && 'error' in parsed ? parsed.error : undefined;
  return (
    typeof told === 'object' && told !== null && Object.entries(error).every(([key, value]) => Reflect.get(told, key) === value)
  );
}

describe('bad inputs', () => {
  test('every case has an arrangement, and every arrangement a case', () => {
    expect(Object.keys(arrangements).sort()).toEqual(cases.map(({ id }) => id).sort());
  });

  test.each(cases)('$id $title', async (given) => {
    const calls = (await arrangements[given.id]?.(await makeWorld(given.id), given)) ?? [];
    expect(calls.length).toBeGreaterThan(0);
    for (const call of calls) expect(await findFaults(call, given)).toEqual([]);
  });

  test('nothing was asked of the network', () => {
    expect(trap.hits).toEqual([]);
  });
});

import {
  chmodSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { afterAll, describe, expect, test } from 'vitest';
import type { Command, Execution, SandboxLevel } from '../../src/core/types.ts';
import type { RunOptions } from '../../src/ports.ts';
import { describeEnd, execute } from '../../src/workspace/exec.ts';
import { detectSandbox } from '../../src/workspace/sandbox.ts';

const operatorEnv = { PATH: process.env['PATH'], HOME: process.env['HOME'], SECRET_OF_OPERATOR: 'fake-canary' };
const { level, why } = await detectSandbox(operatorEnv);
if (level !== 'strict') console.warn(`\n*** sandbox strict is NOT tested: ${why} ***\n`);
const levels: SandboxLevel[] = level === 'strict' ? ['strict', 'basic', 'off'] : ['basic', 'off'];
const isLinux = process.platform === 'linux';

const made: string[] = [];
const makeRoot = (): string => {
  const dir = realpathSync(mkdtempSync(join(tmpdir(), 'bugloop-root-')));
  made.push(dir);
  return dir;
};
afterAll(() => made.forEach((dir) => rmSync(dir, { recursive: true, force: true })));
const node = (code: string): Command => ['node', '-e', code];

function runIn(
  sandbox: SandboxLevel,
  command: Command,
  options: Partial<RunOptions> = {},
  root = makeRoot(),
): Promise<Execution> {
  return execute({ root, sandbox, operatorEnv }, command, { timeoutMs: 20_000, network: false, ...options });
}

/** Running processes of this machine whose command line holds `mark`; zombies have none. */
function survivors(mark: string): string[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => {
      try {
        return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(mark);
      } catch {
        return false;
      }
    });
}
/** A sleep that no other test starts. */
const uniqueSleep = (): string => `${700 + Math.floor(Math.random() * 90)}.${process.pid}${Math.floor(Math.random() * 1e6)}`;

describe.each(levels)('%s', (sandbox) => {
  test('merged output, exit code, argv and working directory', async () => {
    const root = makeRoot();
    const command = node('console.log(process.cwd()); console.error("to stderr"); process.exitCode = 3');
    const execution = await runIn(sandbox, command, {}, root);
    expect(execution).toMatchObject({ argv: command, exitCode: 3, ended: 'exited', failureLines: [] });
    expect(execution.output.split('\n').toSorted()).toEqual(['', root, 'to stderr'].toSorted());
    expect(describeEnd(execution)).toMatch(/^node -e .* exited with 3 after \d/);
  });

  test('no shell: operators are arguments', async () => {
    const { output } = await runIn(sandbox, ['echo', '$(id)', ';', 'id', '&&', '`id`', '>', 'x', '*']);
    expect(output).toBe('$(id) ; id && `id` > x *\n');
  });

  test('the environment holds what is allowed and nothing else', async () => {
    const { output } = await runIn(sandbox, node('console.log(JSON.stringify(process.env))'), { env: { EXTRA: 'given' } });
    // oxlint-disable-next-line no-unsafe-type-assertion -- what the command printed
    const env = JSON.parse(output) as Record<string, string>;
    const allowed =
      /^(?:PATH|HOME|TMPDIR|LANG|LANGUAGE|LC_\w+|TZ|CI|TERM|NO_COLOR|BUGLOOP_RUN|EXTRA|PWD|\w+_(?:HOME|ROOT)|ASDF_DATA_DIR|GOROOT)$/;
    expect(Object.keys(env).filter((name) => !allowed.test(name))).toEqual([]);
    expect(env).toMatchObject({ CI: '1', TERM: 'dumb', NO_COLOR: '1', EXTRA: 'given' });
    expect(env['HOME'] === operatorEnv.HOME).toBe(sandbox === 'off');
  });

  test('a named variable is passed', async () => {
    const { output } = await runIn(sandbox, node('console.log(process.env.SECRET_OF_OPERATOR)'), {
      passEnv: ['SECRET_OF_OPERATOR'],
    });
    expect(output).toBe('fake-canary\n');
  });

  test.skipIf(sandbox === 'off')('the home directory is private and new, unless one is given to last', async () => {
    const write = node('const f = process.env.HOME + "/kept"; console.log(fs.existsSync(f)); fs.writeFileSync(f, "")');
    expect((await runIn(sandbox, write)).output).toBe('false\n');
    expect((await runIn(sandbox, write)).output).toBe('false\n');
    const place = { root: makeRoot(), home: makeRoot(), sandbox, operatorEnv };
    const outputs = [];
    for (let time = 0; time < 2; time++)
      outputs.push((await execute(place, write, { timeoutMs: 20_000, network: false })).output);
    expect(outputs).toEqual(['false\n', 'true\n']);
  });

  test('standard input', async () => {
    expect((await runIn(sandbox, ['cat'], { stdin: 'wörds in\n' })).output).toBe('wörds in\n');
    expect((await runIn(sandbox, ['cat'])).output).toBe('');
    // Nobody reads it: no reason to fail.
    expect(await runIn(sandbox, ['true'], { stdin: 'x'.repeat(1_000_000) })).toMatchObject({ ended: 'exited', exitCode: 0 });
  });

  test('raw standard output goes to a file, standard error does not', async () => {
    const stdoutFile = join(makeRoot(), 'stdout');
    const { output } = await runIn(sandbox, node('process.stdout.write("\\u001b[1mraw\\0"); console.error("err")'), {
      stdoutFile,
    });
    expect(readFileSync(stdoutFile, 'utf8')).toBe('\u001b[1mraw\0');
    expect(output).toContain('err');
  });

  test('a signal is named', async () => {
    const execution = await runIn(sandbox, ['sh', '-c', 'kill -SEGV $$']);
    expect(execution).toMatchObject({ ended: 'signal', exitCode: null, signal: 'SIGSEGV' });
    expect(describeEnd(execution)).toMatch(/was ended by SIGSEGV after/);
  });

  test.each([['no-such-program'], ['./no-such-script'], ['/no/such/program'], ['./not-executable'], ['./bad-interpreter']])(
    '%s is not started, and says so',
    async (name) => {
      const root = makeRoot();
      writeFileSync(join(root, 'not-executable'), 'text');
      writeFileSync(join(root, 'bad-interpreter'), '#!/no/such/interpreter\n');
      chmodSync(join(root, 'bad-interpreter'), 0o755);
      const execution = await runIn(sandbox, [name, 'argument'], {}, root);
      expect(execution).toMatchObject({ ended: 'not-started', exitCode: null });
      expect(execution.output).toContain(name);
      expect(describeEnd(execution)).toBe(`${name} argument could not be started`);
    },
  );

  test('a missing working directory is told', async () => {
    expect(await runIn(sandbox, ['true'], {}, '/no/such/root')).toMatchObject({
      ended: 'not-started',
      output: 'cannot run true: the directory /no/such/root does not exist',
    });
  });

  test('the time limit', async () => {
    const execution = await runIn(sandbox, ['sh', '-c', 'echo begun; sleep 100'], { timeoutMs: 500 });
    expect(execution).toMatchObject({ ended: 'timeout', exitCode: null, limitMs: 500, output: 'begun\n' });
    expect(describeEnd(execution)).toContain('was killed by the time limit of 500 ms');
  });

  test('silence', async () => {
    const chatty: Command = ['sh', '-c', 'for n in 1 2 3 4 5 6 7; do echo $n; sleep 0.5; done'];
    expect(await runIn(sandbox, chatty, { inactivityMs: 2_500 })).toMatchObject({ ended: 'exited', exitCode: 0 });
    const silent = await runIn(sandbox, ['sleep', '100'], { inactivityMs: 500 });
    expect(silent).toMatchObject({ ended: 'inactive', limitMs: 500 });
    expect(describeEnd(silent)).toContain('printed nothing for 500 ms');
  });

  test('a caller cancels, before and while it runs', async () => {
    expect(await runIn(sandbox, ['sleep', '100'], { signal: AbortSignal.abort() })).toMatchObject({
      ended: 'cancelled',
      exitCode: null,
    });
    const execution = await runIn(sandbox, ['sleep', '100'], { signal: AbortSignal.timeout(300) });
    expect(execution).toMatchObject({ ended: 'cancelled', exitCode: null });
    expect(describeEnd(execution)).toMatch(/^sleep 100 was cancelled after/);
  });

  describe.runIf(isLinux && sandbox !== 'off')('processes', () => {
    test.concurrent.each([
      ['ignores SIGTERM', (mark: string) => `trap "" TERM HUP INT; echo begun; while :; do sleep ${mark}; done`],
      ['is stopped', (mark: string) => `sleep ${mark} & kill -STOP $$; wait`],
      ['calls setsid and waits', (mark: string) => `setsid sleep ${mark} & wait`],
      ['forks twice and calls setsid', (mark: string) => `(setsid setsid sh -c 'trap "" TERM; sleep ${mark}' &); sleep ${mark}`],
    ])('a command that %s has ended within 7 s of its limit', async (_, script) => {
      const mark = uniqueSleep();
      const start = performance.now();
      const execution = await runIn(sandbox, ['bash', '-c', script(mark)], { timeoutMs: 400 });
      expect(performance.now() - start).toBeLessThan(400 + 7_000);
      expect(execution.ended).toBe('timeout');
      expect(survivors(mark)).toEqual([]);
    });

    test('what a normally ended command left behind is ended', async () => {
      const mark = uniqueSleep();
      const script = `sleep ${mark} & setsid sleep ${mark} & (setsid setsid sleep ${mark} >/dev/null 2>&1 </dev/null &); echo done`;
      expect(await runIn(sandbox, ['bash', '-c', script])).toMatchObject({ ended: 'exited', exitCode: 0, output: 'done\n' });
      expect(survivors(mark)).toEqual([]);
    });

    test('a fork bomb ends with its limit', async () => {
      const mark = `bomb${uniqueSleep()}`;
      const script = `b() { b ${mark} | b ${mark} & }; b; sleep 100`;
      const execution = await runIn(sandbox, ['bash', '-c', script, mark], { timeoutMs: 1_000 });
      expect(execution.ended).toBe('timeout');
      expect(execution.durationMs).toBeLessThan(8_000);
      expect(survivors(mark)).toEqual([]);
    });
  });
});

describe('large output', () => {
  /** 100 MB: ordinary lines, in the midst one of 20 MB with a failure inside, and a failing test. */
  const script = `
    const line = Buffer.from('request handled by worker 17 in 0.25 ms, all is well\\n'.repeat(20_000));
    const write = (data) => { for (let done = 0; done < data.length; ) { try { done += fs.writeSync(1, data, done) } catch (e) { if (e.code !== 'EAGAIN') throw e } } };
    for (let i = 0; i < 38; i++) write(line);
    write(Buffer.alloc(10_000_000, 'x'));
    write(Buffer.from(' AssertionError: expected inside to be outside '));
    write(Buffer.alloc(10_000_000, 'y'));
    write(Buffer.from('\\n FAIL  test/sum.test.ts > adds\\nAssertionError: expected 3 to be 4\\n'));
    for (let i = 0; i < 38; i++) write(line);`;

  test.each(levels.filter((sandbox) => sandbox !== 'off'))(
    '100 MB grow memory by less than 64 MB and keep the assertion (%s)',
    async (sandbox) => {
      const drive = {
        place: { root: makeRoot(), sandbox },
        command: ['node', '-e', script],
        options: { timeoutMs: 50_000, network: false },
      };
      const { stdout } = await execa(process.execPath, [
        fileURLToPath(new URL('drive.ts', import.meta.url)),
        JSON.stringify(drive),
      ]);
      // oxlint-disable-next-line no-unsafe-type-assertion -- what drive.ts prints
      const { execution, grownKb } = JSON.parse(stdout) as { execution: Execution; grownKb: number };
      expect(execution).toMatchObject({ ended: 'exited', exitCode: 0 });
      expect(execution.outputBytes).toBeGreaterThan(100_000_000);
      expect(grownKb).toBeLessThan(64 * 1024);
      expect(execution.failureLines).toHaveLength(3);
      expect(execution.failureLines[0]).toContain('AssertionError: expected inside to be outside');
      expect(execution.failureLines.slice(1)).toEqual([' FAIL  test/sum.test.ts > adds', 'AssertionError: expected 3 to be 4']);
    },
  );

  test('the file of raw output is capped at 256 MB, and the output says so', async () => {
    const stdoutFile = join(makeRoot(), 'stdout');
    const execution = await runIn('basic', ['head', '-c', String(257 * 1024 * 1024), '/dev/zero'], { stdoutFile });
    expect(statSync(stdoutFile).size).toBe(256 * 1024 * 1024);
    expect(execution.outputBytes).toBe(257 * 1024 * 1024);
    expect(execution.output).toContain('standard output was cut at 268435456 bytes');
  });
});

describe.each(levels.filter((sandbox) => sandbox !== 'off'))('private directories (%s)', (sandbox) => {
  test('are gone afterwards, also where a command took its own rights away', async () => {
    const command = node(`
      const dir = process.env.HOME + '/cache/module';
      fs.mkdirSync(dir, { recursive: true });
      fs.writeFileSync(dir + '/file', '');
      fs.chmodSync(dir, 0o555);
      fs.chmodSync(process.env.HOME + '/cache', 0);
      fs.writeFileSync(process.env.TMPDIR + '/file', '');
      console.log(process.env.HOME);`);
    const { output, exitCode } = await runIn(sandbox, command);
    expect(exitCode).toBe(0);
    expect(output.trim()).toMatch(/bugloop-command-/);
    expect(existsSync(dirname(output.trim()))).toBe(false);
  });

  test('a link in place of the file for raw output is replaced, not followed', async () => {
    const [dir, victim] = [makeRoot(), join(makeRoot(), 'victim')];
    writeFileSync(victim, 'untouched');
    symlinkSync(victim, join(dir, 'stdout'));
    await runIn(sandbox, ['echo', 'printed'], { stdoutFile: join(dir, 'stdout') });
    expect(readFileSync(victim, 'utf8')).toBe('untouched');
    expect(readFileSync(join(dir, 'stdout'), 'utf8')).toBe('printed\n');
  });

  test('a command cannot tell the one who waits for it how it ended', async () => {
    const status = `echo '{ "exit-code": 0 }'`;
    const forge: Command = ['sh', '-c', `echo prlimit: failed to execute it; ${status} >&3; ${status} >&4; exit 5`];
    expect(await runIn(sandbox, forge)).toMatchObject({ ended: 'exited', exitCode: 5 });
  });

  test.each([
    ['too long', 'x'.repeat(4_000_000)],
    ['cut by a NUL byte', 'a\0b'],
  ])('an argument that is %s is told, not thrown', async (_, argument) => {
    expect(await runIn(sandbox, ['echo', argument])).toMatchObject({ ended: 'not-started', exitCode: null });
  });
});

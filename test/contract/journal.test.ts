import { execFile, fork } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import { acquireLock, openJournal, runId, type LockOptions } from '../../src/journal/journal.ts';
import { makeRepo, temporary } from '../support/repo.ts';

const startedAt = new Date('2026-11-20T17:47:00.500Z');
const id = runId(startedAt, '12', '3f9a');
const module_ = fileURLToPath(new URL('../../src/journal/journal.ts', import.meta.url));

describe('run ids', () => {
  test.each([
    ['12', '3f9a', '20261120-174700-issue-12-3f9a'],
    ['total is wrong', 'ab/../cd', '20261120-174700-issue-total-is-wrong-ab-..-cd'],
    ['../../etc', '0', '20261120-174700-issue-etc-0'],
    ['', '', '20261120-174700-issue-x-x'],
  ])('%j, %j', (issue, random, expected) => {
    expect(runId(startedAt, issue, random)).toBe(expected);
  });
});

describe('journal', () => {
  test('keeps entries in order, also those not waited for', async () => {
    const journal = await openJournal({ dir: join(temporary(), 'runs'), id });
    await Promise.all(Array.from({ length: 50 }, (_, n) => journal.append('journal.jsonl', { n, text: 'a\nb' })));
    expect(await journal.entries('journal.jsonl')).toEqual(Array.from({ length: 50 }, (_, n) => ({ n, text: 'a\nb' })));
    expect(await journal.entries('transcript.jsonl')).toEqual([]);
  });

  test('replaces whole files and leaves no draft', async () => {
    const journal = await openJournal({ dir: temporary(), id });
    expect(await journal.read('report.json')).toBeUndefined();
    await journal.write('report.json', 'one');
    await journal.write('report.json', 'two');
    expect([await journal.read('report.json'), readdirSync(journal.dir)]).toEqual(['two', ['report.json']]);
    expect(journal.path('report.json')).toBe(join(journal.dir, 'report.json'));
  });

  test.each(['{"n":2', '{"n":2}', '\u0000\u0000'])('drops a last line that a crash cut to %j, and goes on', async (torn) => {
    const dir = temporary();
    const first = await openJournal({ dir, id });
    await first.append('journal.jsonl', { n: 1 });
    appendFileSync(first.path('journal.jsonl'), torn);
    const second = await openJournal({ dir, id });
    expect(await second.entries('journal.jsonl')).toEqual([{ n: 1 }]);
    await second.append('journal.jsonl', { n: 3 });
    expect(await second.entries('journal.jsonl')).toEqual([{ n: 1 }, { n: 3 }]);
  });

  test('a broken line in the middle is an error with its place', async () => {
    const journal = await openJournal({ dir: temporary(), id });
    writeFileSync(journal.path('journal.jsonl'), '{"n":1}\nrubbish\n{"n":3}\n');
    await expect(journal.entries('journal.jsonl')).rejects.toMatchObject({ code: 'state.corrupt', message: /journal\.jsonl:2/ });
  });

  test('every appended entry survives SIGKILL', async () => {
    const dir = temporary();
    const script = join(temporary(), 'writer.ts');
    writeFileSync(
      script,
      `import { openJournal } from ${JSON.stringify(module_)};
       const journal = await openJournal({ dir: ${JSON.stringify(dir)}, id: ${JSON.stringify(id)} });
       for (let n = 0; ; n += 1) { await journal.append('journal.jsonl', { n }); process.send(n); }`,
    );
    const child = fork(script, { stdio: 'ignore' });
    let last = -1;
    child.on('message', (n) => {
      last = Number(n);
      if (last === 20) child.kill('SIGKILL');
    });
    await once(child, 'exit');
    const entries = await (await openJournal({ dir, id })).entries('journal.jsonl');
    expect(last).toBeGreaterThanOrEqual(20);
    expect(entries.length).toBeGreaterThan(last);
    expect(entries).toEqual(entries.map((_, n) => ({ n })));
  });

  test('opening a run to read it writes nothing', async () => {
    const dir = temporary();
    mkdirSync(join(dir, id));
    writeFileSync(join(dir, id, 'report.json'), '{}');
    const journal = await openJournal({ dir, id });
    expect(await journal.read('report.json')).toBe('{}');
    expect([readdirSync(dir), readdirSync(join(dir, id))]).toEqual([[id], ['report.json']]);
  });

  test('git does not see the runs', async () => {
    const repo = makeRepo();
    repo.commit({ a: 'x\n' });
    const journal = await openJournal({ dir: join(repo.path, '.bugloop/runs'), id });
    await journal.append('journal.jsonl', {});
    expect(repo.git('status', '--porcelain')).toBe('');
  });

  test.each(['.bugloop', '.bugloop/runs', `.bugloop/runs/${id}`])('does not follow a link at %s', async (name) => {
    const [root, outside] = [temporary(), temporary()];
    mkdirSync(join(root, name, '..'), { recursive: true });
    symlinkSync(outside, join(root, name));
    await expect(openJournal({ dir: join(root, '.bugloop/runs'), id })).rejects.toMatchObject({ code: 'state.unwritable' });
    expect(readdirSync(outside)).toEqual([]);
  });

  test('STA-06 where nothing can be written it says so', async () => {
    await expect(openJournal({ dir: '/proc/runs', id })).rejects.toMatchObject({ code: 'state.unwritable', message: /state/ });
    const file = join(temporary(), 'file');
    writeFileSync(file, '');
    await expect(openJournal({ dir: join(file, 'runs'), id })).rejects.toMatchObject({ code: 'state.unwritable' });
    await expect(openJournal({ dir: temporary(), id: '../x' })).rejects.toMatchObject({ code: 'usage.run_dir' });
  });
});

const file = (dir: string): string => join(dir, 'issue-12.lock');

function lock(dir: string, more: Partial<LockOptions> = {}): { notices: string[]; held: Promise<AsyncDisposable> } {
  const notices: string[] = [];
  const notice = (line: string): unknown => notices.push(line);
  return { notices, held: acquireLock({ dir, issueId: '12', pid: process.pid, host: 'here', startedAt, notice, ...more }) };
}

describe('lock', () => {
  test('STA-04 a live run keeps others of the same issue out, until it ends', async () => {
    const dir = temporary();
    const held = await lock(dir).held;
    await expect(lock(dir).held).rejects.toMatchObject({
      code: 'state.locked',
      exit: 5,
      message: `issue 12: already running (pid ${process.pid})`,
    });
    await (await lock(dir, { issueId: '13' }).held)[Symbol.asyncDispose]();
    await held[Symbol.asyncDispose]();
    expect(existsSync(file(dir))).toBe(false);
    await (await lock(dir).held)[Symbol.asyncDispose]();
    expect(readdirSync(dir)).toEqual(['.gitignore']);
  });

  test.each([
    ['dead', async () => ({ pid: Number((await promisify(execFile)('sh', ['-c', 'echo $$'])).stdout), host: 'here' })],
    ['used again by another', async () => ({ pid: process.pid, host: 'here', ticks: '1' })],
    ['on another host', async () => ({ pid: process.pid, host: 'elsewhere' })],
    ['unreadable', async () => 'rubbish'],
  ])('STA-05 a lock whose process is %s is taken over with a notice', async (_, owner) => {
    const dir = temporary();
    writeFileSync(file(dir), JSON.stringify(await owner()));
    const { notices, held } = lock(dir);
    await using taken = await held;
    expect(taken).toBeDefined();
    expect(notices).toEqual([expect.stringMatching(/^stale lock/)]);
    expect(JSON.parse(readFileSync(file(dir), 'utf8'))).toMatchObject({ pid: process.pid, host: 'here' });
    await expect(lock(dir).held).rejects.toMatchObject({ code: 'state.locked' });
  });

  test('of many at once exactly one wins, over a stale lock too', async () => {
    for (const stale of [false, true]) {
      const dir = temporary();
      if (stale) writeFileSync(file(dir), JSON.stringify({ pid: process.pid, host: 'elsewhere' }));
      const script = join(temporary(), 'contender.ts');
      writeFileSync(
        script,
        `import { acquireLock } from ${JSON.stringify(module_)};
         const options = { dir: ${JSON.stringify(dir)}, issueId: '12', pid: process.pid, host: 'here', startedAt: new Date(0), notice() {} };
         process.send(await acquireLock(options).then(() => 'won', (error) => error.code));
         setInterval(() => {}, 1000);`,
      );
      const children = Array.from({ length: 4 }, () => fork(script, { stdio: 'ignore' }));
      const answers = await Promise.all(children.map(async (child) => ((await once(child, 'message')) as unknown[])[0]));
      for (const child of children) child.kill('SIGKILL');
      expect(answers.map(String).toSorted((a, b) => a.localeCompare(b))).toEqual([
        'state.locked',
        'state.locked',
        'state.locked',
        'won',
      ]);
    }
  });

  test('what another run took over is not released by the first', async () => {
    const dir = temporary();
    const first = await lock(dir).held;
    writeFileSync(file(dir), JSON.stringify({ pid: 1, host: 'other' }));
    await first[Symbol.asyncDispose]();
    expect(existsSync(file(dir))).toBe(true);
  });
});

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { z } from 'zod';
import { interleave, median, ratios, type Bench } from './bench.ts';

const worker = fileURLToPath(new URL('support/digest-worker.ts', import.meta.url));

const digestedSchema = z.object({
  /** What an agent reads. */
  digest: z.string(),
  peakKB: z.number(),
  /** Of the command and the reading of its results. */
  ms: z.number(),
});
type Digested = z.infer<typeof digestedSchema>;

const names = Array.from({ length: 24 }, (_, index) => `cart ${index} > keeps the total of ${index * 3} articles`);
const assertion = 'AssertionError: expected 41 to be 42';

/**
 * A test command that prints 100 MB with colours and one line of 20 MB, in which 24 tests fail, one with an assertion
 * behind that line. Against `grep -E`, which reads the file and needs no process in between.
 */
export const digest: Bench = {
  id: 'digest',
  title: 'A log of 100 MB becomes what an agent reads',
  async run({ scratch, count = 5 }) {
    const [log, small] = [join(scratch, 'log'), join(scratch, 'small')];
    await writeLog(log, 38);
    await writeLog(small, 0);
    const pattern = 'FAIL|AssertionError|Error:|not ok';
    const digested: Digested[] = [];
    const times = await interleave(count, {
      grep: () => drain('grep', ['-aE', pattern, log]),
      again: () => drain('grep', ['-aE', pattern, log]),
      cat: () => drain('cat', [log]),
      ours: async () => digested.push(await digestLog(log, scratch)),
    });
    // The start of the process that measures is no part of the figure.
    const own = digested.slice(1).map(({ ms }) => ms);
    const peak = median(digested.map(({ peakKB }) => peakKB)) - (await digestLog(small, scratch)).peakKB;
    const [last] = digested;
    const told = names.filter((name) => last?.digest.includes(name)).length + (last?.digest.includes(assertion) ? 1 : 0);
    return [
      {
        id: 'P4',
        what: 'grep -E against itself',
        value: median(ratios(times('again'), times('grep'))),
        unit: '×',
        note: `calibration; grep took ${Math.round(median(times('grep')))} ms for 100 MB`,
      },
      {
        id: 'P4',
        what: 'time to run and digest, against grep -E',
        value: median(ratios(own, times('grep'))),
        unit: '×',
        bar: { is: '≤', value: 15 },
        limit: {
          value: median(ratios(times('cat'), times('grep'))),
          what: 'reading the same bytes from a pipe and dropping them',
        },
        samples: ratios(own, times('grep')),
      },
      {
        id: 'P4',
        what: 'memory above that for a small log',
        value: peak / 1024,
        unit: 'MB',
        bar: { is: '≤', value: 64 },
        limit: { value: 0.25, what: 'the head and the tail that are kept' },
      },
      {
        id: 'P4',
        what: 'bytes for the model',
        value: Buffer.byteLength(last?.digest ?? ''),
        unit: 'bytes',
        bar: { is: '≤', value: 8 * 1024 },
        limit: { value: Buffer.byteLength([...names, assertion].join('\n')), what: 'the names and the assertion alone' },
      },
      {
        id: 'P4',
        what: 'failing names and the assertion in it',
        value: (100 * told) / (names.length + 1),
        unit: '%',
        bar: { is: '≥', value: 100 },
        note: `${told} of ${names.length + 1}; the tests are spread over the whole log`,
      },
    ];
  },
};

async function digestLog(log: string, scratch: string): Promise<Digested> {
  const { stdout } = await execa(process.execPath, [worker, log, scratch]);
  return digestedSchema.parse(JSON.parse(stdout));
}

/** `blocks` of about 1 MB before and after the long line. */
async function writeLog(path: string, blocks: number): Promise<void> {
  await using file = await open(path, 'w');
  const line = '\u001b[2m12:00:01\u001b[22m \u001b[32mrequest\u001b[39m handled by worker 17 in 0.25 ms, all is well\n';
  const lines = line.repeat(Math.floor(1_060_000 / line.length));
  const failed = names.map((name) => `\u001b[31m\u001b[1mFAIL\u001b[22m\u001b[39m test/cart.test.ts > ${name}\n`);
  const first = failed.slice(0, names.length / 2);
  const rest = failed.slice(names.length / 2);
  for (let block = 0; block < Math.max(blocks, first.length); block += 1) {
    if (blocks > 0) await file.write(lines);
    await file.write(first[block] ?? '');
  }
  if (blocks > 0) await file.write('x'.repeat(20_000_000));
  await file.write(` ${assertion}\n`);
  for (let block = 0; block < Math.max(blocks, rest.length); block += 1) {
    if (blocks > 0) await file.write(lines);
    await file.write(rest[block] ?? '');
  }
}

/** Runs a command and drops what it prints, as it comes. */
async function drain(file: string, args: readonly string[]): Promise<void> {
  const child = spawn(file, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  child.stdout.resume();
  await once(child, 'close');
}

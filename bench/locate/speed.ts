import { mkdtemp, mkdir, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { tmpdir } from 'node:os';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { execa } from 'execa';
import { z } from 'zod';
import { readReport } from '../../src/core/issue.ts';
import { findSuspects } from '../../src/loop/prompt.ts';
import { openGit } from '../../src/workspace/git.ts';
import { openCacheFile } from '../../src/workspace/cache.ts';
import { openMirror } from '../../src/workspace/mirror.ts';
import { generateRepository, planted } from './generate.ts';

/**
 * L3: time and memory to find the suspects of a report in a generated repository of 100,000 files, the first time and
 * again with the index kept, as multiples of `git grep` for twelve of the report's words: over the commit in the same
 * bare clone, and over a checkout. Runs are interleaved; two `git grep` in a row tell how far to trust a ratio.
 *
 *   node bench/locate/speed.ts [--files 100000] [--rounds 3] [--json out.json]
 */
const { values: flags } = parseArgs({
  options: {
    files: { type: 'string', default: '100000' },
    rounds: { type: 'string', default: '3' },
    json: { type: 'string' },
    measure: { type: 'string' },
    cache: { type: 'string' },
    base: { type: 'string' },
  },
});
const searchPath = process.env['PATH'] ?? '';
const report = readReport({ id: 'x', ...planted.report, source: 'file' });
const measured = z.object({ ms: z.number(), megabytes: z.number(), first: z.string() });

if (flags.measure !== undefined) await measureOnce(flags.measure, flags.cache ?? '', flags.base ?? '');
else await compare();

/** In a process of its own, so that the memory is that of one search. The clone is there before: every run needs it. */
async function measureOnce(repository: string, cache: string, base: string): Promise<void> {
  const scratch = await mkdtemp(join(tmpdir(), 'locate-'));
  try {
    const git = openGit({ searchPath }, { directory: repository });
    const mirror = await openMirror({ git, repository, base, path: join(scratch, 'mirror') });
    const started = performance.now();
    const { suspects } = await findSuspects(base, mirror, report, ['**/test/**'], openCacheFile(cache));
    const ms = performance.now() - started;
    console.log(JSON.stringify({ ms, megabytes: process.resourceUsage().maxRSS / 1024, first: suspects[0]?.path ?? '' }));
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

async function compare(): Promise<void> {
  const scratch = await mkdtemp(join(tmpdir(), 'locate-bench-'));
  try {
    const repository = join(scratch, 'repository');
    const { commit: base } = await generateRepository(repository, Number(flags.files));
    await execa('git', ['checkout', '--quiet', '--force', 'main'], { cwd: repository });
    const cache = join(scratch, 'cache', 'locate.index');
    const times: Record<string, number[]> = { grepTree: [], grepTreeAgain: [], grepFiles: [], first: [], again: [] };
    let megabytes = 0;
    let found = '';
    const patterns = planted.words.flatMap((word) => ['-e', word]);
    const grep = (...where: string[]) =>
      timed(() =>
        execa('git', ['grep', '-c', '-F', ...patterns, ...where], { cwd: repository, reject: false, stdout: 'ignore' }),
      );
    const search = async () => {
      const self = fileURLToPath(import.meta.url);
      const { stdout } = await execa(process.execPath, [self, '--measure', repository, '--cache', cache, '--base', base]);
      return measured.parse(JSON.parse(stdout));
    };
    for (let round = 0; round < Number(flags.rounds); round++) {
      await rm(cache, { force: true });
      times['grepTree']?.push(await grep(base));
      const first = await search();
      times['first']?.push(first.ms);
      times['grepTreeAgain']?.push(await grep(base));
      const again = await search();
      times['again']?.push(again.ms);
      times['grepFiles']?.push(await grep());
      megabytes = Math.max(megabytes, first.megabytes, again.megabytes);
      found = first.first;
    }
    const middle = (name: string): number => times[name]?.toSorted((a, b) => a - b)[Math.floor(Number(flags.rounds) / 2)] ?? 0;
    const ratio = (name: string, to: string) => Math.round((100 * middle(name)) / middle(to)) / 100;
    const result = {
      files: Number(flags.files),
      found,
      first: { timesGrepOfTree: ratio('first', 'grepTree'), timesGrepOfFiles: ratio('first', 'grepFiles'), limit: 3 },
      again: { timesGrepOfTree: ratio('again', 'grepTree'), timesGrepOfFiles: ratio('again', 'grepFiles'), limit: 0.5 },
      calibration: ratio('grepTreeAgain', 'grepTree'),
      megabytes: Math.round(megabytes),
      milliseconds: Object.fromEntries(Object.keys(times).map((name) => [name, Math.round(middle(name))])),
    };
    console.log(JSON.stringify(result, undefined, 2));
    if (flags.json !== undefined) {
      await mkdir(dirname(flags.json), { recursive: true });
      await writeFile(flags.json, JSON.stringify(result));
    }
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

async function timed(run: () => Promise<unknown>): Promise<number> {
  const started = performance.now();
  await run();
  return performance.now() - started;
}

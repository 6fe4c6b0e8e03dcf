import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { tmpdir } from 'node:os';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { z } from 'zod';
import { readReport } from '../../src/core/issue.ts';
import { findSuspects } from '../../src/loop/prompt.ts';
import { openCacheFile } from '../../src/workspace/cache.ts';
import { openGit } from '../../src/workspace/git.ts';
import { openMirror } from '../../src/workspace/mirror.ts';
import { peakKB } from '../support/peak.js';
import { planted } from './generate.ts';

const foundSchema = z.object({ ms: z.number(), megabytes: z.number(), first: z.string() });
/** Milliseconds of the look alone, the most memory of the process, and the first suspect. */
export type Found = z.infer<typeof foundSchema>;

const self = fileURLToPath(import.meta.url);

/** Looks for the planted bug in a process of its own, so that the memory is that of one look. */
export async function findOnce(repository: string, base: string, cache: string): Promise<Found> {
  const { stdout } = await execa(process.execPath, [self, repository, base, cache]);
  return foundSchema.parse(JSON.parse(stdout));
}

/** The clone is there before: every run needs it, whoever looks for the place. */
async function look(repository: string, base: string, cache: string): Promise<Found> {
  const scratch = await mkdtemp(join(tmpdir(), 'locate-'));
  try {
    const git = openGit({ searchPath: process.env['PATH'] ?? '' }, { directory: repository });
    const mirror = await openMirror({ git, repository, base, path: join(scratch, 'mirror') });
    const report = readReport({ id: 'x', ...planted.report, source: 'file' });
    const started = performance.now();
    const { suspects } = await findSuspects(base, mirror, report, ['**/test/**'], openCacheFile(cache));
    return { ms: performance.now() - started, megabytes: peakKB() / 1024, first: suspects[0]?.path ?? '' };
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

if (process.argv[1] === self) {
  const [repository = '', base = '', cache = ''] = process.argv.slice(2);
  process.stdout.write(JSON.stringify(await look(repository, base, cache)));
}

import { parentPort, workerData } from 'node:worker_threads';
import { newIndex, toPart } from '../../core/locate.ts';
import { openGit } from '../git.ts';
import type { ThreadOrder } from './index-blobs.ts';
import { indexHere } from './index-here.ts';

// The other thread of `index-blobs.ts`: answers with one part, whose memory is handed over.

// oxlint-disable-next-line typescript/no-unsafe-type-assertion -- only `index-blobs.ts` starts this
const { path, searchPath, ids } = workerData as ThreadOrder;
const git = openGit({ searchPath }, { directory: path, gitDir: path });

async function answer(): Promise<void> {
  const index = newIndex();
  await indexHere(git, ids, index);
  const part = toPart(index, ids);
  parentPort?.postMessage(part, [part.terms.buffer, part.counts.buffer, part.lengths.buffer, part.sizes.buffer]);
}

void answer();

import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import { addPart, type Index, type Part } from '../../core/locate.ts';
import type { Git } from '../git.ts';
import { indexHere } from './index-here.ts';

/** Blobs below this are read before a second thread has started. */
const manyBlobs = 10_000;

/** What `index-thread.ts` is started with. */
export interface ThreadOrder {
  /** Of the bare repository. */
  path: string;
  searchPath: string;
  ids: readonly string[];
}

/**
 * Adds blobs to an index. Half of many is read by another thread with a git of its own: unpacking takes git half as long as
 * reading takes us, and together they keep two processors busy.
 */
export async function indexBlobs({ git, path }: { git: Git; path: string }, ids: readonly string[], index: Index): Promise<void> {
  if (ids.length < manyBlobs || availableParallelism() < 2) return indexHere(git, ids, index);
  const middle = ids.length >>> 1;
  const [first, second] = [ids.slice(0, middle), ids.slice(middle)];
  const thread = startThread({ path, searchPath: git.searchPath, ids: second });
  try {
    // Whatever stops the thread stops us here as well, and then says why.
    const elsewhere = thread.part.catch(() => undefined);
    await indexHere(git, first, index);
    const part = await elsewhere;
    if (part !== undefined) addPart(index, second, part);
    else await indexHere(git, second, index);
  } finally {
    await thread.end();
  }
}

function startThread(order: ThreadOrder): { part: Promise<Part>; end: () => Promise<unknown> } {
  const file = import.meta.url.endsWith('.ts') ? './index-thread.ts' : './index-thread.cjs';
  const worker = new Worker(new URL(file, import.meta.url), { workerData: order, execArgv: [], env: {} });
  const part = new Promise<Part>((resolve, reject) => {
    worker.once('message', resolve);
    worker.once('error', reject);
    worker.once('exit', () => reject(new Error('the thread ended without an answer')));
  });
  return { part, end: () => worker.terminate() };
}

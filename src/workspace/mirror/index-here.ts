import { addEntry, type Index } from '../../core/locate.ts';
import type { Git } from '../git.ts';
import { eachBlob } from './objects.ts';

/** Bytes in which a binary file shows itself as one, as git has it. */
const telling = 8_000;

/** Adds blobs to an index. */
export async function indexHere(git: Git, ids: readonly string[], index: Index): Promise<void> {
  await eachBlob(git, ids, (id, content) => {
    // A binary file says nothing; its entry says that it was read.
    const binary = content.subarray(0, telling).includes(0);
    index.entries.set(id, addEntry(index.store, binary ? new Uint8Array() : content));
  });
}

import { closeSync, openSync, readSync, statSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { StringDecoder } from 'node:string_decoder';

/** A report on standard output: its text, or the lines of one that is too long to hold. Can be gone through again. */
export type Stdout = string | Iterable<string>;

/** Reports up to this many bytes are read at once. */
const wholeLimit = 4 * 1024 * 1024;
const chunkBytes = 256 * 1024;
/** What a line has beyond this is left out: no reporter writes longer ones. */
const lineLimit = 64 * 1024;

/** What a command printed, from the file it was kept in. Rejects where there is no such file. */
export async function readStdout(file: string): Promise<Stdout> {
  if (statSync(file).size <= wholeLimit) return await readFile(file, 'utf8');
  return { [Symbol.iterator]: () => readLinesOf(file) };
}

export function linesOf(stdout: Stdout): Iterable<string> {
  return typeof stdout === 'string' ? stdout.split(/\r?\n/) : stdout;
}

function* readLinesOf(path: string): Generator<string> {
  const file = openSync(path, 'r');
  try {
    const chunk = Buffer.allocUnsafe(chunkBytes);
    const decoder = new StringDecoder('utf8');
    let rest = '';
    for (let size = readSync(file, chunk); size > 0; size = readSync(file, chunk)) {
      const text = rest + decoder.write(chunk.subarray(0, size));
      const end = text.lastIndexOf('\n') + 1;
      // What follows the last line break is not a line yet.
      if (end > 0) yield* text.slice(0, end).split(/\r?\n/).slice(0, -1);
      rest = text.slice(end, end + lineLimit);
    }
    if (rest !== '') yield rest;
  } finally {
    closeSync(file);
  }
}

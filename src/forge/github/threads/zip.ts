import { inflateRawSync } from 'node:zlib';

/**
 * Texts out of a zip archive, as far as logs need it: stored and deflated entries, sizes from the central directory. What
 * is broken, encrypted or too large is left out. Format: APPNOTE 6.3.9, 4.3.
 */

const [localFile, centralFile, endOfCentral] = [0x04034b50, 0x02014b50, 0x06054b50];
/** Longest comment after the end record, and the record itself. */
const endReach = 65_535 + 22;
const maxEntries = 1_000;

export function isZip(bytes: Uint8Array): boolean {
  return bytes.length > 22 && viewOf(bytes).getUint32(0, true) === localFile;
}

/** The entries' texts in the archive's order, at most `limit` bytes in all. */
export function unzipTexts(bytes: Uint8Array, limit: number): string[] {
  const view = viewOf(bytes);
  const end = findEnd(view);
  if (end === undefined) return [];
  const texts: string[] = [];
  let left = limit;
  let at = view.getUint32(end + 16, true);
  for (let entry = Math.min(maxEntries, view.getUint16(end + 10, true)); entry > 0; entry -= 1) {
    if (at + 46 > bytes.length || view.getUint32(at, true) !== centralFile) break;
    const content = readEntry(bytes, at, left);
    if (content !== undefined) {
      left -= content.length;
      texts.push(new TextDecoder().decode(content));
    }
    at += 46 + view.getUint16(at + 28, true) + view.getUint16(at + 30, true) + view.getUint16(at + 32, true);
  }
  return texts;
}

function findEnd(view: DataView): number | undefined {
  for (let at = view.byteLength - 22; at >= Math.max(0, view.byteLength - endReach); at -= 1) {
    if (view.getUint32(at, true) === endOfCentral) return at;
  }
  return undefined;
}

function readEntry(bytes: Uint8Array, at: number, limit: number): Uint8Array | undefined {
  const view = viewOf(bytes);
  const [flags, method] = [view.getUint16(at + 8, true), view.getUint16(at + 10, true)];
  const [packed, size, start] = [view.getUint32(at + 20, true), view.getUint32(at + 24, true), view.getUint32(at + 42, true)];
  const isEncrypted = flags % 2 === 1;
  if (isEncrypted || size > limit || start + 30 > bytes.length || view.getUint32(start, true) !== localFile) return undefined;
  const from = start + 30 + view.getUint16(start + 26, true) + view.getUint16(start + 28, true);
  const content = bytes.subarray(from, from + packed);
  if (method === 0) return content;
  try {
    return method === 8 ? inflateRawSync(content, { maxOutputLength: Math.max(1, limit) }) : undefined;
  } catch {
    return undefined;
  }
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

import { scan } from './terms.ts';

/**
 * A forward index: for each blob its different terms and how often each occurs, one after the other in two arrays.
 * A query looks at every entry, which takes less time than to keep the index inverted: 25 million entries, those of
 * 100,000 files, are compared with the terms of a report in a tenth of a second. What an entry holds depends on the
 * content of one blob alone, so entries are kept by blob id from run to run.
 */
export interface Store {
  terms: Uint32Array;
  /** How often, at most 255. */
  counts: Uint8Array;
  used: number;
}

/** The place of one blob in a store. */
export interface Entry {
  from: number;
  to: number;
  /** Terms in all, repeats counted. */
  length: number;
}

function newStore(capacity = 1 << 16): Store {
  return { terms: new Uint32Array(capacity), counts: new Uint8Array(capacity), used: 0 };
}

const slots = 1 << 16;
const slotTerms = new Uint32Array(slots);
const slotPlace = new Int32Array(slots);
const slotRound = new Uint32Array(slots);
let round = 0;

/** Bytes of one file that are read; what follows is data more often than program. */
const maxIndexed = 400_000;
/** Different terms of one file. */
const maxTerms = 40_000;

/** Adds the terms of one file to the store. */
export function addEntry(store: Store, bytes: Uint8Array): Entry {
  round += 1;
  const from = store.used;
  let length = 0;
  scan(bytes, 0, Math.min(bytes.length, maxIndexed), true, (term) => {
    length += 1;
    let slot = (term ^ (term >>> 16)) & (slots - 1);
    while (slotRound[slot] === round) {
      if (slotTerms[slot] === term) {
        const place = slotPlace[slot] ?? 0;
        const count = store.counts[place] ?? 0;
        if (count < 255) store.counts[place] = count + 1;
        return;
      }
      slot = (slot + 1) & (slots - 1);
    }
    if (store.used - from >= maxTerms) return;
    if (store.used === store.terms.length) grow(store, Math.max(1 << 16, store.used * 2));
    slotRound[slot] = round;
    slotTerms[slot] = term;
    slotPlace[slot] = store.used;
    store.terms[store.used] = term;
    store.counts[store.used] = 1;
    store.used += 1;
  });
  return { from, to: store.used, length };
}

function grow(store: Store, capacity: number): void {
  const terms = new Uint32Array(capacity);
  terms.set(store.terms.subarray(0, store.used));
  const counts = new Uint8Array(capacity);
  counts.set(store.counts.subarray(0, store.used));
  Object.assign(store, { terms, counts });
}

// ---------------------------------------------------------------------------------------------- kept

/** Blob id → entry, with the store the entries are in. */
export interface Index {
  store: Store;
  entries: Map<string, Entry>;
}

export function newIndex(): Index {
  return { store: newStore(), entries: new Map() };
}

/** Changes whenever what `addEntry` makes of the same bytes does. */
const format = 0x62_6c_00_01;
const head = 4;

/**
 * The entries of `keep` as bytes: a head of four numbers (format, number of entries, bytes of an id, terms in all), and
 * for each entry its id, its length and its number of terms; then all terms; then all counts.
 */
export function encodeIndex({ store, entries }: Index, keep: Iterable<string>): Uint8Array {
  const kept = [...keep].flatMap((id) => {
    const entry = entries.get(id);
    return entry === undefined ? [] : [{ id, entry }];
  });
  const idBytes = (kept[0]?.id.length ?? 40) / 2;
  const total = kept.reduce((sum, { entry }) => sum + entry.to - entry.from, 0);
  const tableBytes = kept.length * (idBytes + 8);
  const bytes = new Uint8Array(4 * head + tableBytes + 5 * total);
  new Uint32Array(bytes.buffer, 0, head).set([format, kept.length, idBytes, total]);
  const ids = bytes.subarray(4 * head, 4 * head + kept.length * idBytes);
  const sizes = new Uint32Array(bytes.buffer, 4 * head + kept.length * idBytes, 2 * kept.length);
  const terms = new Uint32Array(bytes.buffer, 4 * head + tableBytes, total);
  const counts = bytes.subarray(4 * head + tableBytes + 4 * total);
  let at = 0;
  kept.forEach(({ id, entry: { from, to, length } }, nth) => {
    for (let byte = 0; byte < idBytes; byte++) ids[nth * idBytes + byte] = Number.parseInt(id.slice(2 * byte, 2 * byte + 2), 16);
    sizes[2 * nth] = length;
    sizes[2 * nth + 1] = to - from;
    terms.set(store.terms.subarray(from, to), at);
    counts.set(store.counts.subarray(from, to), at);
    at += to - from;
  });
  return bytes;
}

const hex = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));

/** What `encodeIndex` wrote; `undefined` for anything else. The store shares the memory of `bytes`. */
export function decodeIndex(bytes: Uint8Array<ArrayBuffer>): Index | undefined {
  if (bytes.length < 4 * head || bytes.byteOffset % 4 !== 0) return undefined;
  const [found, count = 0, idBytes = 0, total = 0] = new Uint32Array(bytes.buffer, bytes.byteOffset, head);
  const tableBytes = count * (idBytes + 8);
  if (found !== format || idBytes % 4 !== 0 || bytes.length !== 4 * head + tableBytes + 5 * total) return undefined;
  const start = bytes.byteOffset + 4 * head;
  const sizes = new Uint32Array(bytes.buffer, start + count * idBytes, 2 * count);
  const store: Store = {
    terms: new Uint32Array(bytes.buffer, start + tableBytes, total),
    counts: new Uint8Array(bytes.buffer, start + tableBytes + 4 * total, total),
    used: total,
  };
  const entries = new Map<string, Entry>();
  let from = 0;
  for (let nth = 0; nth < count; nth++) {
    let id = '';
    for (let byte = 0; byte < idBytes; byte++) id += hex[bytes[4 * head + nth * idBytes + byte] ?? 0] ?? '';
    const to = from + (sizes[2 * nth + 1] ?? 0);
    if (to > total) return undefined;
    entries.set(id, { from, to, length: sizes[2 * nth] ?? 0 });
    from = to;
  }
  return from === total ? { store, entries } : undefined;
}

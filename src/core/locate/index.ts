import { fieldOfName, fieldsOfName, forgetNames, known, readNames, type Reader } from './terms.ts';

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

/** Bytes of one file that are read; what follows is data more often than program. */
const maxIndexed = 400_000;
/** Different terms of one file. */
const maxTerms = 40_000;

/** Of the file being read: which names it has, and what it defines and imports. */
const met = { round: 0, names: new Int32Array(1 << 12), usedNames: 0, marks: new Int32Array(1 << 8), usedMarks: 0 };

const counter: Reader = {
  name(number) {
    const { table } = known;
    const row = number * fieldsOfName;
    if (table[row + fieldOfName.round] === met.round) {
      table[row + fieldOfName.count] = (table[row + fieldOfName.count] ?? 0) + 1;
      return;
    }
    table[row + fieldOfName.round] = met.round;
    table[row + fieldOfName.count] = 1;
    if (met.usedNames === met.names.length) met.names = twice(met.names);
    met.names[met.usedNames++] = number;
  },
  mark(term) {
    if (met.usedMarks === met.marks.length) met.marks = twice(met.marks);
    met.marks[met.usedMarks++] = term;
  },
};

function twice(array: Int32Array<ArrayBuffer>): Int32Array<ArrayBuffer> {
  const larger = new Int32Array(2 * array.length);
  larger.set(array);
  return larger;
}

/** Place in the store plus one, by term; as much of it as a file needs. */
const slots = new Int32Array(1 << 16);

/** Adds the terms of one file to the store. */
export function addEntry(store: Store, bytes: Uint8Array): Entry {
  forgetNames();
  met.round += 1;
  met.usedNames = 0;
  met.usedMarks = 0;
  readNames(bytes, 0, Math.min(bytes.length, maxIndexed), true, counter);
  const from = store.used;
  const { table, terms: words } = known;
  let length = met.usedMarks;
  let size = 1 << 8;
  while (size < slots.length && size < 6 * (met.usedNames + met.usedMarks)) size *= 2;
  slots.fill(0, 0, size);
  const mask = size - 1;
  const add = (term: number, times: number): void => {
    let slot = (term ^ (term >>> 16)) & mask;
    for (let place = slots[slot] ?? 0; place > 0; place = slots[slot] ?? 0) {
      const at = from + place - 1;
      if (store.terms[at] === term) {
        store.counts[at] = Math.min(255, (store.counts[at] ?? 0) + times);
        return;
      }
      slot = (slot + 1) & mask;
    }
    if (store.used - from >= Math.min(maxTerms, mask)) return;
    if (store.used === store.terms.length) grow(store, Math.max(1 << 16, store.used * 2));
    store.terms[store.used] = term;
    store.counts[store.used] = Math.min(255, times);
    store.used += 1;
    slots[slot] = store.used - from;
  };
  for (let nth = 0; nth < met.usedNames; nth++) {
    const row = (met.names[nth] ?? 0) * fieldsOfName;
    const times = table[row + fieldOfName.count] ?? 0;
    const end = table[row + fieldOfName.to] ?? 0;
    const begin = table[row + fieldOfName.from] ?? 0;
    length += (end - begin) * times;
    for (let at = begin; at < end; at++) add((words[at] ?? 0) >>> 0, times);
  }
  for (let nth = 0; nth < met.usedMarks; nth++) add((met.marks[nth] ?? 0) >>> 0, 1);
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

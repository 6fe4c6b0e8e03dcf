import { fieldOfName, fieldsOfName, forgetNames, known, readNames, type Reader } from './terms.ts';
import type { RepoPath } from '../types.ts';

/**
 * A forward index: for each blob its different terms and how often each occurs, one after the other in two arrays.
 * A query looks at every entry, which takes less time than to keep the index inverted: 25 million entries, those of
 * 100,000 files, are compared with the terms of a report in a tenth of a second. What an entry holds depends on the
 * content of one blob alone, so entries are kept by blob id from run to run.
 */
export interface Store {
  terms: Uint32Array<ArrayBuffer>;
  /** How often, at most 255. */
  counts: Uint8Array<ArrayBuffer>;
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

/** An index in arrays alone, which another thread can be given: of each blob, in their order, its length and its number of terms. */
export interface Part {
  terms: Uint32Array<ArrayBuffer>;
  counts: Uint8Array<ArrayBuffer>;
  lengths: Uint32Array<ArrayBuffer>;
  sizes: Uint32Array<ArrayBuffer>;
}

/** The entries of `ids`, which were added in this order and are all there is. */
export function toPart({ store, entries }: Index, ids: readonly string[]): Part {
  const own = ids.map((id) => entries.get(id) ?? nothing);
  return {
    terms: store.terms.slice(0, store.used),
    counts: store.counts.slice(0, store.used),
    lengths: Uint32Array.from(own, ({ length }) => length),
    sizes: Uint32Array.from(own, ({ from, to }) => to - from),
  };
}

/** What `toPart` made of `ids` after all that is there. */
export function addPart({ store, entries }: Index, ids: readonly string[], { terms, counts, lengths, sizes }: Part): void {
  let from = store.used;
  if (from + terms.length > store.terms.length) grow(store, from + terms.length);
  store.terms.set(terms, from);
  store.counts.set(counts, from);
  ids.forEach((id, nth) => {
    const to = from + (sizes[nth] ?? 0);
    entries.set(id, { from, to, length: lengths[nth] ?? 0 });
    from = to;
  });
  store.used = from;
}

/** The candidates of one tree, in the order of their paths: what a second look at the same tree need not find out again. */
export interface Listing {
  /** Of the tree, and of whatever else decides what a candidate is. */
  key: string;
  files: readonly ListedFile[];
}
export interface ListedFile {
  path: RepoPath;
  id: string;
  isConfig: boolean;
}

/** Changes whenever what `addEntry` makes of the same bytes does, or which files are candidates. */
const format = 0x62_6c_00_02;
/** Numbers before all others: format, check, entries, characters of an id, terms, files, bytes of the texts. */
const head = 7;
const encoder = new TextEncoder();

/**
 * The entries of a listing as bytes. After the head come, as numbers of 32 bits: for each entry its length and its number of
 * terms; for each file the number of its entry, twice, and one more for configuration; all terms. Then bytes: all counts; the
 * ids, the key and the paths as text.
 */
export function encodeIndex({ store, entries }: Index, { key, files }: Listing): Uint8Array {
  const numbers = new Map<string, number>();
  for (const { id } of files) if (entries.has(id) && !numbers.has(id)) numbers.set(id, numbers.size);
  const ids = [...numbers.keys()];
  const kept = ids.map((id) => entries.get(id) ?? nothing);
  const known = files.filter(({ id }) => numbers.has(id));
  const total = kept.reduce((sum, { from, to }) => sum + to - from, 0);
  const text = encoder.encode([ids.join(''), key, ...known.map(({ path }) => path)].join('\0'));
  const start = head + 2 * kept.length + known.length;
  const bytes = new Uint8Array(4 * Math.ceil((4 * start + 5 * total + text.length) / 4));
  const words = new Uint32Array(bytes.buffer);
  words.set([format, 0, kept.length, ids[0]?.length ?? 0, total, known.length, text.length]);
  let at = 0;
  kept.forEach(({ from, to, length }, nth) => {
    words[head + 2 * nth] = length;
    words[head + 2 * nth + 1] = to - from;
    words.set(store.terms.subarray(from, to), start + at);
    bytes.set(store.counts.subarray(from, to), 4 * (start + total) + at);
    at += to - from;
  });
  known.forEach(({ id, isConfig }, nth) => {
    words[head + 2 * kept.length + nth] = 2 * (numbers.get(id) ?? 0) + (isConfig ? 1 : 0);
  });
  bytes.set(text, 4 * (start + total) + total);
  words[1] = checkOf(words);
  return bytes;
}

/** Of everything but the head. */
function checkOf(words: Uint32Array): number {
  let check = words.length;
  for (let at = head; at < words.length; at++) check = Math.imul(check ^ (words[at] ?? 0), 0x01000193) ^ (check >>> 13);
  return check >>> 0;
}

/** What was kept. The listing is there at once; all entries by id take longer, and only another tree needs them. */
export interface Kept {
  store: Store;
  listing: Listing;
  /** Of each file of the listing. */
  entries: Entry[];
  toIndex: () => Index;
}

/** What `encodeIndex` wrote; `undefined` for anything else. The store shares the memory of `bytes`. */
export function decodeIndex(bytes: Uint8Array<ArrayBuffer>): Kept | undefined {
  if (bytes.length < 4 * head || bytes.length % 4 !== 0 || bytes.byteOffset % 4 !== 0) return undefined;
  const words = new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4);
  const [found, check, count = 0, idLength = 0, total = 0, files = 0, textBytes = 0] = words;
  const start = head + 2 * count + files;
  const whole = 4 * Math.ceil((4 * start + 5 * total + textBytes) / 4);
  if (found !== format || bytes.length !== whole || check !== checkOf(words)) return undefined;
  const store: Store = {
    terms: words.subarray(start, start + total),
    counts: bytes.subarray(4 * (start + total), 4 * (start + total) + total),
    used: total,
  };
  const all: Entry[] = [];
  let from = 0;
  for (let nth = 0; nth < count; nth++) {
    const to = from + (words[head + 2 * nth + 1] ?? 0);
    all.push({ from, to, length: words[head + 2 * nth] ?? 0 });
    from = to;
  }
  const text = new TextDecoder().decode(bytes.subarray(4 * start + 5 * total, 4 * start + 5 * total + textBytes));
  const [ids = '', key = '', ...paths] = text.split('\0');
  if (from !== total || paths.length !== files || ids.length !== count * idLength) return undefined;
  const idAt = (nth: number) => ids.slice(nth * idLength, (nth + 1) * idLength);
  const fileWords = words.subarray(head + 2 * count, start);
  const listed = paths.map((path, nth): ListedFile => {
    const word = fileWords[nth] ?? 0;
    return { path, id: idAt(word >>> 1), isConfig: (word & 1) === 1 };
  });
  return {
    store,
    listing: { key, files: listed },
    entries: listed.map((_, nth) => all[(fileWords[nth] ?? 0) >>> 1] ?? nothing),
    toIndex: () => ({ store, entries: new Map(all.map((entry, nth) => [idAt(nth), entry])) }),
  };
}

const nothing: Entry = { from: 0, to: 0, length: 0 };

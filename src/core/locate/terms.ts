/**
 * Terms of source and of prose, as 32-bit hashes, straight from bytes: a repository of 100,000 files is read in
 * seconds and no dictionary is kept. With a million different terms, one in 4,000 terms of a report meets a stranger
 * of the same hash.
 *
 * A name gives itself, without separators and case, and its parts: `separability_matrix`, `separabilityMatrix` and
 * `separability-matrix` all give `separabilitymatrix`, `separability`, `matrix`. Endings that differ between a report's
 * words and a program's names are dropped.
 */

/** What a term says about a place. */
export const facet = {
  /** The word occurs. */
  word: 0,
  /** A function, class or constant of this whole name is defined here. */
  definition: 1,
  /** A line that imports names it. */
  import: 2,
} as const;
export type Facet = (typeof facet)[keyof typeof facet];

const seeds = [0x811c9dc5, 0x2f0b4a6d, 0x5bd1e995] as const;
const prime = 0x01000193;

// Classes of bytes.
const other = 0;
const lower = 1;
const upper = 2;
const digit = 3;
const joint = 4;
const classOf = new Uint8Array(256);
for (let code = 0; code < 26; code++) {
  classOf[97 + code] = lower;
  classOf[65 + code] = upper;
}
for (let code = 48; code < 58; code++) classOf[code] = digit;
classOf[95] = joint;
classOf[36] = joint;

const newline = 10;
const hyphen = 45;
const maxName = 100;

/** The name being read, lower case, without joints. */
const name = new Uint8Array(4 * maxName);

const [i, n, g, e, d, s] = [105, 110, 103, 101, 100, 115];

/** Hash of `name[from, to)` without its ending. */
function hashStem(from: number, to: number): number {
  let end = to;
  const length = end - from;
  const last = name[end - 1];
  if (length > 3 && last === s && name[end - 2] !== s) {
    end -= 1;
    if (length > 4 && name[end - 1] === e && name[end - 2] === i) end -= 2;
  } else if (length > 5 && last === g && name[end - 2] === n && name[end - 3] === i) end -= 3;
  else if (length > 4 && last === d && name[end - 2] === e) end -= 2;
  if (end - from > 4 && name[end - 1] === e) end -= 1;
  else if (end - from > 4 && name[end - 1] === 121) end -= 1;
  return hashName(from, end, facet.word);
}

function hashName(from: number, to: number, of: Facet): number {
  let hash: number = seeds[of];
  for (let at = from; at < to; at++) hash = Math.imul(hash ^ (name[at] ?? 0), prime);
  // The low bits of this hash alone are weak, and tables take them.
  hash ^= hash >>> 15;
  return hash >>> 0;
}

const encoder = new TextEncoder();
const few = new Uint8Array(1 << 10);

/** Bytes of a text, good until the next call. Of the few of a name an encoder would spend most of its time on being called. */
export function bytesOf(text: string): { bytes: Uint8Array; length: number } {
  if (text.length > few.length) return whole(text);
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code > 127) return whole(text);
    few[at] = code;
  }
  return { bytes: few, length: text.length };
}

function whole(text: string): { bytes: Uint8Array; length: number } {
  const bytes = encoder.encode(text);
  return { bytes, length: bytes.length };
}

function load(text: string): number {
  const { bytes, length: all } = bytesOf(text.slice(0, maxName));
  let length = 0;
  for (let at = 0; at < all; at++) {
    const byte = bytes[at] ?? 0;
    const kind = classOf[byte] ?? other;
    if (kind === upper) name[length++] = byte + 32;
    else if (kind === lower || kind === digit) name[length++] = byte;
  }
  return length;
}

/** The term of a whole name, however it is written, in one facet. */
export function termOf(text: string, of: Facet = facet.word): number {
  const length = load(text);
  return of === facet.word ? hashStem(0, length) : hashName(0, length, of);
}

// ---------------------------------------------------------------------------------------------- names, once each

/** What a name of a language means for what follows on its line. */
const sign = { definer: 1, importer: 2, statement: 4, self: 8, require: 16, owner: 32, empty: 64 } as const;
const signs = new Map<number, number>();
for (const [words, which] of [
  [
    'def class function func fn struct interface enum trait type module namespace macro_rules object record protocol',
    sign.definer,
  ],
  ['import from require use include using mod requirerelative load extends implements', sign.importer],
  [
    'if for while switch catch return else elif function with do try new throw await yield assert print typeof super and or not in foreach elseif lock using synchronized when unless until match sizeof',
    sign.statement,
  ],
  ['self', sign.self],
  ['require', sign.require],
  ['exports prototype', sign.owner],
] as const) {
  for (const word of words.split(' ')) {
    const term = termOf(word, facet.definition);
    signs.set(term, (signs.get(term) ?? 0) | which);
  }
}

/**
 * Names that were met, by a number each, with their terms: a program says the same few names again and again, and looking
 * one up takes a fraction of the time of taking it apart. It is forgotten whenever it has grown large, and holds nothing that
 * the name alone does not decide, so that what is found in a file never depends on the files before it. A name is told by two
 * hashes of together 64 bits. All that is known of it lies together, as memory is what looking up waits for.
 */
export const known = {
  count: 0,
  /** `fieldsOfName` numbers per name. */
  table: new Int32Array(8 << 10),
  /** Number of a name plus one, by its hash. */
  slots: new Int32Array(1 << 11),
  terms: new Int32Array(1 << 12),
  usedTerms: 0,
};
export const fieldsOfName = 8;
/** What is known of a name. The last two are for whoever counts. */
export const fieldOfName = { hash: 0, check: 1, from: 2, to: 3, meanings: 4, definition: 5, round: 6, count: 7 } as const;
const maxNames = 1 << 14;

/** Numbers of names hold until the next call. */
export function forgetNames(): void {
  if (known.count < maxNames) return;
  known.count = 0;
  known.usedTerms = 0;
  known.slots.fill(0);
  known.table.fill(0);
}

function grown(array: Int32Array<ArrayBuffer>): Int32Array<ArrayBuffer> {
  const larger = new Int32Array(2 * array.length);
  larger.set(array);
  return larger;
}

/** The number of the name in `bytes[from, to)`, whose hashes are given. */
function learn(bytes: Uint8Array, from: number, to: number, hash: number, check: number): number {
  const number = known.count;
  const at = number * fieldsOfName;
  if (at === known.table.length) known.table = grown(known.table);
  const start = known.usedTerms;
  const length = takeApart(bytes, from, to, (term) => {
    if (known.usedTerms === known.terms.length) known.terms = grown(known.terms);
    known.terms[known.usedTerms++] = term;
  });
  const whole = hashName(0, length, facet.definition);
  const meanings = length === 0 ? sign.empty : (signs.get(whole) ?? 0);
  known.table.set([hash, check, start, known.usedTerms, meanings, whole, 0, 0], at);
  known.count = number + 1;
  if (2 * known.count > known.slots.length) {
    known.slots = new Int32Array(2 * known.slots.length);
    for (let each = 0; each < known.count; each++) place(each);
  } else place(number);
  return number;
}

function place(number: number): void {
  const { table, slots } = known;
  const hash = table[number * fieldsOfName] ?? 0;
  let slot = (hash ^ (hash >>> 15)) & (slots.length - 1);
  while (slots[slot] !== 0) slot = (slot + 1) & (slots.length - 1);
  slots[slot] = number + 1;
}

/** The terms of one name, in which hyphens stand between letters; leaves it in `name` and answers its length there. */
function takeApart(bytes: Uint8Array, start: number, end: number, give: (term: number) => void): number {
  let length = 0;
  let nameStart = 0;
  let partStart = 0;
  let parts = 0;
  let names = 1;
  let before = joint;
  for (let at = start; at < end; at++) {
    const code = bytes[at] ?? 0;
    const now = classOf[code] ?? other;
    if (now === other) {
      // A hyphen.
      if (length - partStart > 1) give(hashStem(partStart, length));
      if (parts > 0 && length > nameStart + 1) give(hashStem(nameStart, length));
      parts = 0;
      names += 1;
      partStart = length;
      nameStart = length;
      before = joint;
      continue;
    }
    if (length >= maxName) continue;
    if (now === joint) {
      if (length - partStart > 1) give(hashStem(partStart, length));
      if (length > partStart && length > nameStart) parts += 1;
      partStart = length;
    } else {
      const turns =
        (now === upper && (before === lower || before === digit)) ||
        (now === digit && before !== digit && before !== joint) ||
        (now === lower && before === upper && length - partStart > 1);
      if (turns) {
        // In `HTTPServer` the part ends before the last capital.
        const end = now === lower ? length - 1 : length;
        if (end - partStart > 1) give(hashStem(partStart, end));
        if (end > partStart) parts += 1;
        partStart = end;
      }
      name[length++] = now === upper ? code + 32 : code;
    }
    before = now;
  }
  if (length - partStart > 1) give(hashStem(partStart, length));
  if (parts > 0 && length > nameStart + 1 && partStart !== nameStart) give(hashStem(nameStart, length));
  if (names > 1) give(hashStem(0, length));
  return length;
}

// ---------------------------------------------------------------------------------------------- reading

export interface Reader {
  /** A name, by its number. */
  name(number: number, offset: number): void;
  /** A term of what is defined or imported. */
  mark(term: number, offset: number): void;
}

/** Names of `bytes[from, to)`, and of a program also what it defines and imports. Linear in the length. */
export function readNames(bytes: Uint8Array, from: number, to: number, program: boolean, reader: Reader): void {
  let at = from;
  let lineStart = from;
  let inLine = 0;
  let previous = 0;
  let importing = false;
  let called = false;
  let statement = false;
  let { table, slots } = known;
  let mask = slots.length - 1;
  while (at < to) {
    const byte = bytes[at] ?? 0;
    const kind = classOf[byte] ?? other;
    if (kind === other || kind === digit) {
      if (byte === newline) {
        lineStart = at + 1;
        inLine = 0;
        previous = 0;
        importing = false;
        called = false;
      }
      at += 1;
      if (kind === digit) while (at < to && (classOf[bytes[at] ?? 0] ?? other) !== other) at += 1;
      continue;
    }
    // One run of name characters; hyphens between letters belong to it.
    const start = at;
    let hash = 0;
    let check = 0;
    for (; at < to; at++) {
      const code = bytes[at] ?? 0;
      if (classOf[code] === other && (code !== hyphen || !joins(bytes, start, at))) break;
      hash = Math.imul(hash ^ code, prime);
      check = Math.imul(check + code, checkPrime);
    }
    let number = -1;
    for (let slot = (hash ^ (hash >>> 15)) & mask; ; slot = (slot + 1) & mask) {
      const found = slots[slot] ?? 0;
      if (found === 0) break;
      const row = (found - 1) * fieldsOfName;
      if (table[row] === hash && table[row + fieldOfName.check] === check) {
        number = found - 1;
        break;
      }
    }
    if (number < 0) {
      number = learn(bytes, start, at, hash, check);
      ({ table, slots } = known);
      mask = slots.length - 1;
    }
    reader.name(number, start);
    if (!program) continue;
    const meanings = table[number * fieldsOfName + fieldOfName.meanings] ?? 0;
    if (meanings === sign.empty) continue;

    const next = bytes[at];
    if (inLine === 0) statement = (meanings & sign.statement) !== 0;
    if (inLine === 0 && (meanings & sign.importer) !== 0) importing = true;
    else if ((meanings & sign.require) !== 0 && next === 40) importing = true;
    else if (importing) reader.mark(hashImport(bytes, start, at), start);
    const afterDefiner = (previous & sign.definer) !== 0;
    let defines = false;
    if (afterDefiner && (meanings & (sign.self | sign.statement)) === 0) defines = true;
    else if (next === 40) {
      defines = !called && !statement && opensBody(bytes, lineStart, start, at, to);
      called = true;
    } else if (next === 58 || next === 32 || next === 61) defines = isAssigned(bytes, lineStart, start, at, to, inLine, previous);
    if (defines) reader.mark((table[number * fieldsOfName + fieldOfName.definition] ?? 0) >>> 0, start);
    inLine += 1;
    // `def self.name`, `async function* name`: the word that defines is remembered over what may stand between.
    if ((meanings & sign.self) === 0 || !afterDefiner) previous = meanings;
  }
}
const checkPrime = 0x5bd1e995;

function hashImport(bytes: Uint8Array, start: number, end: number): number {
  return hashName(
    0,
    takeApart(bytes, start, end, () => undefined),
    facet.import,
  );
}

/** Whether the hyphen at `at` stands between letters of a name that is not too long already. */
function joins(bytes: Uint8Array, start: number, at: number): boolean {
  const next = classOf[bytes[at + 1] ?? 0] ?? other;
  if ((next !== lower && next !== upper) || classOf[bytes[at - 1] ?? 0] === joint) return false;
  if (at - start < maxName) return true;
  let length = 0;
  for (let each = start; each < at; each++) {
    const kind = classOf[bytes[each] ?? 0];
    if (kind !== joint && kind !== other) length += 1;
  }
  return length < maxName;
}

type Visit = (term: number, offset: number) => void;

/** Terms of `bytes[from, to)` one by one, as `readNames` finds them. */
export function scan(bytes: Uint8Array, from: number, to: number, program: boolean, visit: Visit): void {
  forgetNames();
  readNames(bytes, from, to, program, {
    name(number, offset) {
      const { table, terms } = known;
      const row = number * fieldsOfName;
      const end = table[row + fieldOfName.to] ?? 0;
      for (let at = table[row + fieldOfName.from] ?? 0; at < end; at++) visit((terms[at] ?? 0) >>> 0, offset);
    },
    mark: visit,
  });
}

const termOfFunction = termOf('function', facet.definition);

/** `name(a, b) {` with nothing but words and type signs before it: a method. */
function opensBody(bytes: Uint8Array, lineStart: number, start: number, end: number, to: number): boolean {
  if (start === lineStart) return false;
  for (let at = lineStart; at < start; at++) {
    const code = bytes[at] ?? 0;
    if (classOf[code] !== other) continue;
    // space, tab, and the signs of types and generators: < > , [ ] * & @ ? #
    if (
      code !== 32 &&
      code !== 9 &&
      code !== 60 &&
      code !== 62 &&
      code !== 44 &&
      code !== 91 &&
      code !== 93 &&
      code !== 42 &&
      code !== 38 &&
      code !== 63 &&
      code !== 35
    )
      return false;
  }
  let last = 0;
  const limit = Math.min(to, end + 400);
  for (let at = end; at < limit; at++) {
    const code = bytes[at] ?? 0;
    if (code === newline) return last === 123;
    if (code !== 32 && code !== 13) last = code;
  }
  return limit === to && last === 123;
}

/** `NAME = …` at the start of a line, `exports.name =`, `name: function`, `name = function`. */
function isAssigned(
  bytes: Uint8Array,
  lineStart: number,
  start: number,
  end: number,
  to: number,
  inLine: number,
  previous: number,
): boolean {
  let at = end;
  while (at < to && bytes[at] === 32) at += 1;
  const byte = bytes[at];
  if (byte !== 61 && byte !== 58) return false;
  if (byte === 61 && bytes[at + 1] === 61) return false;
  if (byte === 61 && inLine === 0 && start === lineStart) return true;
  if (byte === 61 && (previous & sign.owner) !== 0 && bytes[start - 1] === 46) return true;
  at += 1;
  while (at < to && bytes[at] === 32) at += 1;
  let length = 0;
  while (at < to && classOf[bytes[at] ?? 0] === lower && length < 9) name[length++] = bytes[at++] ?? 0;
  return length === 8 && hashName(0, length, facet.definition) === termOfFunction;
}

/** Terms of a text with the number of times each occurs. */
export function countTerms(text: string): Map<number, number> {
  const counts = new Map<number, number>();
  const bytes = encoder.encode(text);
  scan(bytes, 0, bytes.length, false, (term) => counts.set(term, (counts.get(term) ?? 0) + 1));
  return counts;
}

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

function load(text: string): number {
  let length = 0;
  for (const byte of encoder.encode(text.slice(0, maxName))) {
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

const definers = new Set(
  'def class function func fn struct interface enum trait type module namespace macro_rules object record protocol'
    .split(' ')
    .map((word) => termOf(word, facet.definition)),
);
const importers = new Set(
  'import from require use include using mod requirerelative load extends implements'
    .split(' ')
    .map((word) => termOf(word, facet.definition)),
);
const statements = new Set(
  'if for while switch catch return else elif function with do try new throw await yield assert print typeof super and or not in foreach elseif lock using synchronized when unless until match sizeof'
    .split(' ')
    .map((word) => termOf(word, facet.definition)),
);
const termOfSelf = termOf('self', facet.definition);
const termOfFunction = termOf('function', facet.definition);
const termOfExports = termOf('exports', facet.definition);
const termOfPrototype = termOf('prototype', facet.definition);

export type Visit = (term: number, offset: number) => void;

/** Words of `bytes[from, to)`, and of a program also what it defines and imports. Linear in the length. */
export function scan(bytes: Uint8Array, from: number, to: number, program: boolean, visit: Visit): void {
  let at = from;
  let lineStart = from;
  let inLine = 0;
  let previous = 0;
  let importing = false;
  let called = false;
  let statement = false;
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
    let length = 0;
    let nameStart = 0;
    let partStart = 0;
    let parts = 0;
    let names = 1;
    let before = joint;
    for (; at < to; at++) {
      const code = bytes[at] ?? 0;
      const now = classOf[code] ?? other;
      if (now === other) {
        if (code !== hyphen || length >= maxName) break;
        const next = classOf[bytes[at + 1] ?? 0] ?? other;
        if ((next !== lower && next !== upper) || before === joint) break;
        if (length - partStart > 1) visit(hashStem(partStart, length), start);
        if (parts > 0 && length > nameStart + 1) visit(hashStem(nameStart, length), start);
        parts = 0;
        names += 1;
        partStart = length;
        nameStart = length;
        before = joint;
        continue;
      }
      if (length >= maxName) continue;
      if (now === joint) {
        if (length - partStart > 1) visit(hashStem(partStart, length), start);
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
          if (end - partStart > 1) visit(hashStem(partStart, end), start);
          if (end > partStart) parts += 1;
          partStart = end;
        }
        name[length++] = now === upper ? code + 32 : code;
      }
      before = now;
    }
    if (length - partStart > 1) visit(hashStem(partStart, length), start);
    if (parts > 0 && length > nameStart + 1 && partStart !== nameStart) visit(hashStem(nameStart, length), start);
    if (names > 1) visit(hashStem(0, length), start);
    if (!program || length === 0) continue;

    const whole = hashName(0, length, facet.definition);
    const next = bytes[at];
    if (inLine === 0) statement = statements.has(whole);
    if (inLine === 0 && importers.has(whole)) importing = true;
    else if (whole === importRequire && next === 40) importing = true;
    else if (importing) visit(hashName(0, length, facet.import), start);
    if (definers.has(previous) && whole !== termOfSelf && !statements.has(whole)) {
      visit(whole, start);
    } else if (next === 40) {
      if (!called && !statement && opensBody(bytes, lineStart, start, at, to)) visit(whole, start);
      called = true;
    } else if (next === 58 || next === 32 || next === 61) {
      if (isAssigned(bytes, lineStart, start, at, to, inLine, previous)) visit(whole, start);
    }
    inLine += 1;
    // `def self.name`, `async function* name`: the word that defines is remembered over what may stand between.
    if (!(whole === termOfSelf && definers.has(previous))) previous = whole;
  }
}
const importRequire = termOf('require', facet.definition);

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
  const sign = bytes[at];
  if (sign !== 61 && sign !== 58) return false;
  if (sign === 61 && bytes[at + 1] === 61) return false;
  if (sign === 61 && inLine === 0 && start === lineStart) return true;
  if (sign === 61 && (previous === termOfExports || previous === termOfPrototype) && bytes[start - 1] === 46) return true;
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

/**
 * Keeps what people and models need of a command's output, in constant memory: the head, the tail, and an index
 * of the lines that look like failures wherever they were. Bytes go in as they come; text comes out at the end.
 */

/** Kept of the beginning and of the end, in bytes. Together with the note on the gap at most 256 KB. */
const headLimit = 64 * 1024;
const tailLimit = 191 * 1024;
/** Bytes of all kept failure lines together, a line break counted for each. */
const failureLimit = 8 * 1024;
/** A line without an end is handed on in pieces of this many bytes. */
const pieceLimit = 64 * 1024;
/** Characters kept before and after a match. */
const [before, after] = [160, 320];

export interface Kept {
  /** At most 256 KB; no control characters but tabs and line breaks. */
  output: string;
  /** In the order they were printed, at most 8 KB. */
  failureLines: string[];
  /** Printed in all. */
  outputBytes: number;
}

/** One of the streams that are merged. Lines of two lanes never mix, as long as they are shorter than 64 KB. */
export interface Lane {
  write: (chunk: Uint8Array) => void;
  end: () => void;
}

export interface Ring {
  lane(): Lane;
  /** All lanes must have ended. */
  finish(): Kept;
}

export function createRing(): Ring {
  const ends = keepEnds();
  const index = indexFailures();
  return {
    lane: () => openLane(ends.write, index.openScan()),
    finish: () => ({ ...ends.finish(), failureLines: index.finish() }),
  };
}

// ---------------------------------------------------------------------------------------------- lines

function openLane(keep: (bytes: Uint8Array) => void, scan: (text: string) => void): Lane {
  let pending: Uint8Array[] = [];
  let pendingBytes = 0;

  const flush = (last: Uint8Array): void => {
    const block =
      pending.length === 0 ? Buffer.from(last.buffer, last.byteOffset, last.length) : Buffer.concat([...pending, last]);
    pending = [];
    pendingBytes = 0;
    keep(block);
    scan(block.toString('utf8'));
  };
  return {
    write(chunk) {
      const lineEnd = chunk.lastIndexOf(0x0a) + 1;
      // The pipe gives at most 64 KB at once; an unfinished line is passed on at a character's border.
      const cut = lineEnd === 0 && pendingBytes + chunk.length > pieceLimit ? characterBorder(chunk) : lineEnd;
      if (cut > 0) flush(chunk.subarray(0, cut));
      if (cut === chunk.length) return;
      pending.push(copy(chunk.subarray(cut)));
      pendingBytes += chunk.length - cut;
    },
    end() {
      if (pendingBytes > 0) flush(new Uint8Array());
      scan('\n');
    },
  };
}

/** The last index at or before the end of `bytes` where a UTF-8 character starts or the bytes end. */
function characterBorder(bytes: Uint8Array): number {
  for (let back = 1; back <= Math.min(4, bytes.length); back++) {
    const byte = bytes[bytes.length - back] ?? 0;
    const isContinuation = byte >= 0x80 && byte < 0xc0;
    if (isContinuation) continue;
    const length = byte < 0x80 ? 1 : byte < 0xe0 ? 2 : byte < 0xf0 ? 3 : 4;
    return length > back ? bytes.length - back : bytes.length;
  }
  return bytes.length;
}

// ---------------------------------------------------------------------------------------------- head and tail

function keepEnds(): { write: (bytes: Uint8Array) => void; finish: () => Omit<Kept, 'failureLines'> } {
  const head: Uint8Array[] = [];
  let headBytes = 0;
  let total = 0;
  let tail: Uint8Array | undefined;
  /** Bytes that ever went to the tail; its next free index is this modulo its size. */
  let tailTotal = 0;

  const writeTail = (bytes: Uint8Array): void => {
    tail ??= new Uint8Array(tailLimit);
    const kept = bytes.length > tailLimit ? bytes.subarray(bytes.length - tailLimit) : bytes;
    tailTotal += bytes.length;
    const start = (tailTotal - kept.length) % tailLimit;
    const fits = Math.min(kept.length, tailLimit - start);
    tail.set(kept.subarray(0, fits), start);
    tail.set(kept.subarray(fits), 0);
  };
  const readTail = (): Uint8Array => {
    if (tail === undefined) return new Uint8Array();
    if (tailTotal <= tailLimit) return tail.subarray(0, tailTotal);
    const start = tailTotal % tailLimit;
    return Buffer.concat([tail.subarray(start), tail.subarray(0, start)]);
  };
  return {
    write(bytes) {
      total += bytes.length;
      const toHead = Math.min(headLimit - headBytes, bytes.length);
      if (toHead > 0) head.push(copy(bytes.subarray(0, toHead)));
      headBytes += toHead;
      if (toHead < bytes.length) writeTail(bytes.subarray(toHead));
    },
    finish() {
      const gap = Math.max(0, tailTotal - tailLimit);
      const [first, last] = [Buffer.concat(head), readTail()];
      if (gap === 0) return { output: capEnd(plain(decode(Buffer.concat([first, last])))), outputBytes: total };
      const start = capStart(plain(decode(first.subarray(0, characterBorder(first)))));
      const end = capEnd(plain(decode(skipContinuation(last))));
      return { output: `${start}\n… ${gap} bytes left out …\n${end}`, outputBytes: total };
    },
  };
}

/** `slice` of a Buffer is a view: it would keep the whole chunk alive, or change with it. */
function copy(bytes: Uint8Array): Uint8Array {
  return Uint8Array.from(bytes);
}

function decode(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('utf8');
}

function skipContinuation(bytes: Uint8Array): Uint8Array {
  const start = bytes.subarray(0, 4).findIndex((byte) => byte < 0x80 || byte >= 0xc0);
  return bytes.subarray(Math.max(0, start));
}

/** Replaced bytes can make the text longer than what was printed: the caps are on the text. */
function capStart(text: string): string {
  const bytes = Buffer.from(text);
  return bytes.length <= headLimit ? text : decode(bytes.subarray(0, characterBorder(bytes.subarray(0, headLimit))));
}

function capEnd(text: string): string {
  const bytes = Buffer.from(text);
  const limit = headLimit + tailLimit;
  return bytes.length <= limit ? text : decode(skipContinuation(bytes.subarray(bytes.length - tailLimit)));
}

// ---------------------------------------------------------------------------------------------- plain text

/* oxlint-disable no-control-regex -- control characters are what these are about */
/**
 * Escape sequences of ECMA-48: CSI, string sequences such as OSC with their terminator, and two-character ones.
 * Each alternative's parts are disjoint, so that hostile input costs linear time; `stripVTControlCharacters` of
 * node:util needs seconds for 100 KB of `ESC ]`.
 */
const escapeSequence =
  /\u001b(?:\[[0-?]*[ -/]*[@-~]|[\]PX^_][^\u0007\u001b\n]*(?:\u0007|\u001b\\)|[ -/]*[0-Z\\-~])|\u009b[0-?]*[ -/]*[@-~]/g;
const controlCharacters = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f]+/g;
/* oxlint-enable no-control-regex */

/** Text without escape sequences; line ends are `\n`; a run of other control characters is one replacement character. */
export function plain(text: string): string {
  return text.replace(escapeSequence, '').replace(/\r\n?/g, '\n').replace(controlCharacters, '\ufffd');
}

// ---------------------------------------------------------------------------------------------- failure lines

/** Cheap first look, in one pass over everything: a line without one of these is no failure. */
const cue =
  /FAIL|[Ff]ail(?:ed|ure|ing)|E(?:rror|RROR|xception)|error[:[( ]|not ok|[Aa]ssert|[Ee]xpected|[Rr]eceived|panic|Traceback|fatal:|[✗✘✖✕×●]|Cannot | !== |^E  |^ +\d+\) |Segmentation/gm;
/** Names of failing tests: vitest, jest, mocha, node:test, TAP, AVA, pytest, go, cargo, Maven, Gradle, RSpec. */
const failedTest =
  /^\s*(?:FAIL(?:ED)?\b|ERROR \S+::|--- FAIL:|(?:\S+ - )?not ok\b|[✗✘✖✕×●] |\d+\) \S)|\.\.\. FAILED|\bFAILED$|<<< (?:FAILURE|ERROR)!/;
/** What a runner says about why. */
const failureMessage =
  /\b[A-Za-z.]*(?:Error|Exception|Failure)\b(?: \[[\w]+\])?:|^\s*E {2,}|^\s*error(?:\[\w+\])?:|: error\b|[Aa]ssert(?:ion|ed)?\b|[Ee]xpected\b|[Rr]eceived\b|panic(?:ked)?\b|Traceback|fatal:|Cannot |Segmentation| !== /;

/** Guaranteed bytes of a class; what one does not use goes to the next. */
const shares = { message: 4096, test: 3072, other: 1024 };
const classes = ['message', 'test', 'other'] as const;

interface Line {
  order: number;
  text: string;
  bytes: number;
}

function indexFailures(): { openScan: () => (text: string) => void; finish: () => string[] } {
  const kept = { message: keepLines(), test: keepLines(), other: keepLines() };
  let order = 0;
  const add = (text: string): void => {
    const kind = failedTest.test(text) ? 'test' : failureMessage.test(text) ? 'message' : 'other';
    kept[kind].add({ order: order++, text, bytes: Buffer.byteLength(text) + 1 });
  };
  const reserved = (name: keyof typeof shares): number => Math.min(shares[name], kept[name].bytes());
  const pick = (): Line[] => {
    let spare = failureLimit - classes.reduce((bytes, name) => bytes + reserved(name), 0);
    return classes.flatMap((name) => {
      const lines = kept[name].pick(reserved(name) + spare);
      spare -= Math.max(0, sum(lines) - reserved(name));
      return lines;
    });
  };
  return {
    openScan: () => openScan(add),
    finish: () =>
      pick()
        .toSorted((a, b) => a.order - b.order)
        .map(({ text }) => text),
  };
}

function sum(lines: readonly Line[]): number {
  return lines.reduce((bytes, line) => bytes + line.bytes, 0);
}

/** Finds failure lines in blocks of one stream; a block ends with a line, or in the midst of a long one. */
function openScan(add: (line: string) => void): (text: string) => void {
  let carried = '';
  /** Characters of `carried` whose matches have been told. */
  let told = 0;
  return (block) => {
    const raw = carried + block;
    const text = raw.includes('\u001b') ? raw.replace(escapeSequence, '') : raw;
    // Positions shift where sequences were removed; a line that is then told twice is dropped as a repeat.
    const done = text === raw ? told : 0;
    const isOpen = !text.endsWith('\n');
    carried = isOpen ? text.slice(Math.max(text.lastIndexOf('\n') + 1, text.length - before)) : '';
    told = carried.length;
    let from = 0;
    cue.lastIndex = 0;
    for (let match = cue.exec(text); match !== null; match = cue.exec(text)) {
      const matchEnd = match.index + match[0].length;
      if (matchEnd <= done) continue;
      const [line, end] = excerpt(text, from, match.index, matchEnd);
      if (isOpen && end === text.length) {
        // What belongs to the line is still to come: told with the next block.
        carried = text.slice(Math.max(from, match.index - before));
        told = 0;
        return;
      }
      if (line !== '') add(line);
      from = end;
      cue.lastIndex = Math.max(end, matchEnd);
    }
  };
}

/** The line around a match, cut where it is long, and where to look on. Looks only at the surroundings of the match. */
function excerpt(text: string, from: number, start: number, matchEnd: number): [string, number] {
  const left = Math.max(from, start - before);
  const right = Math.min(text.length, matchEnd + after);
  const lineStart = text.slice(left, start).lastIndexOf('\n') + 1 + left;
  const lineBreak = text.slice(matchEnd, right).indexOf('\n');
  const lineEnd = lineBreak === -1 ? right : matchEnd + lineBreak;
  const isCutLeft = lineStart === left && left > 0 && text[left - 1] !== '\n';
  const isCutRight = lineBreak === -1 && right < text.length;
  const line = plain(text.slice(lineStart, lineEnd)).replaceAll('\n', ' ').trimEnd();
  // A substring keeps the whole block alive; a decoded copy does not.
  return [Buffer.from(`${isCutLeft ? '…' : ''}${line}${isCutRight ? '…' : ''}`).toString(), lineEnd];
}

interface KeptLines {
  add(line: Line): void;
  /** Of everything that is kept. */
  bytes(): number;
  /** The first and the last lines, together at most `limit` bytes. */
  pick(limit: number): Line[];
}

/** The first and the last lines, each at most 8 KB, without repeats of what was seen lately. */
function keepLines(): KeptLines {
  const head: Line[] = [];
  const tail: Line[] = [];
  const recent = new Set<string>();
  let [headBytes, tailBytes] = [0, 0];
  return {
    add(line) {
      if (recent.has(line.text)) return;
      if (recent.size >= 256) recent.clear();
      recent.add(line.text);
      if (tail.length === 0 && headBytes + line.bytes <= failureLimit) {
        head.push(line);
        headBytes += line.bytes;
        return;
      }
      tail.push(line);
      tailBytes += line.bytes;
      while (tailBytes > failureLimit) tailBytes -= tail.shift()?.bytes ?? 0;
    },
    bytes: () => headBytes + tailBytes,
    pick(limit) {
      const all = [...head, ...tail];
      if (sum(all) <= limit) return all;
      const first = takeWhile(all, limit / 2);
      const last = takeWhile(all.slice(first.length).reverse(), limit - sum(first));
      return [...first, ...last.reverse()];
    },
  };
}

function takeWhile(lines: readonly Line[], limit: number): Line[] {
  let bytes = 0;
  const end = lines.findIndex((line) => (bytes += line.bytes) > limit);
  return end === -1 ? [...lines] : lines.slice(0, end);
}

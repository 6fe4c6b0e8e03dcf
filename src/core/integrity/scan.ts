/**
 * Comments and strings told from code without a grammar, for languages whose tests are read by scanning. The result
 * has the length of the text, so positions and lines stay what they are.
 */

export interface Lexicon {
  lineComments: readonly string[];
  blockComments: readonly (readonly [string, string])[];
  /** Opening and closing quotes, longest first. `raw` strings know no escapes. */
  strings: readonly { open: string; close: string; raw?: boolean; multiline?: boolean }[];
}

const doubleQuoted = { open: '"', close: '"' };
const singleQuoted = { open: "'", close: "'" };
const cComments = { lineComments: ['//'], blockComments: [['/*', '*/']] as const };

export const lexicons = {
  javascript: { ...cComments, strings: [doubleQuoted, singleQuoted, { open: '`', close: '`', multiline: true }] },
  python: {
    lineComments: ['#'],
    blockComments: [],
    strings: [
      { open: '"""', close: '"""', multiline: true },
      { open: "'''", close: "'''", multiline: true },
      doubleQuoted,
      singleQuoted,
    ],
  },
  go: { ...cComments, strings: [doubleQuoted, singleQuoted, { open: '`', close: '`', raw: true, multiline: true }] },
  rust: {
    ...cComments,
    strings: [
      { open: 'r#"', close: '"#', raw: true, multiline: true },
      // A quote as a character; other characters are left, for a lifetime begins like one.
      { open: `'"`, close: `'`, raw: true },
      { open: `'\\"`, close: `'`, raw: true },
      { ...doubleQuoted, multiline: true },
    ],
  },
  jvm: { ...cComments, strings: [{ open: '"""', close: '"""', multiline: true }, doubleQuoted, singleQuoted] },
  csharp: {
    ...cComments,
    strings: [
      { open: '"""', close: '"""', raw: true, multiline: true },
      { open: '@"', close: '"', raw: true, multiline: true },
      doubleQuoted,
      singleQuoted,
    ],
  },
  php: {
    lineComments: ['//', '#'],
    blockComments: [['/*', '*/']] as const,
    strings: [
      { ...doubleQuoted, multiline: true },
      { ...singleQuoted, multiline: true },
    ],
  },
  ruby: {
    lineComments: ['#'],
    blockComments: [['\n=begin', '\n=end']] as const,
    strings: [
      { ...doubleQuoted, multiline: true },
      { ...singleQuoted, multiline: true },
    ],
  },
} satisfies Record<string, Lexicon>;

export interface Scanned {
  text: string;
  /** Comments are blank, strings are quotes around `_`: only code is left. */
  code: string;
  /** Comments are blank, strings are as written. */
  visible: string;
  comments: string;
  strings: { start: number; end: number; value: string }[];
}

export function scan(text: string, lexicon: Lexicon): Scanned {
  const code: string[] = [];
  const visible: string[] = [];
  const comments: string[] = [];
  const strings: Scanned['strings'] = [];
  let at = 0;
  const copy = (end: number, codePart: string, visiblePart: string): void => {
    code.push(codePart);
    visible.push(visiblePart);
    at = end;
  };
  while (at < text.length) {
    const comment = commentAt(text, at, lexicon);
    if (comment !== undefined) {
      const part = text.slice(at, comment);
      comments.push(part);
      copy(comment, hide(part), hide(part));
      continue;
    }
    const quote = lexicon.strings.find(({ open }) => text.startsWith(open, at));
    if (quote !== undefined) {
      const end = stringEnd(text, at + quote.open.length, quote);
      const inner = text.slice(at + quote.open.length, Math.max(at + quote.open.length, end - quote.close.length));
      strings.push({ start: at, end, value: inner });
      copy(
        end,
        quote.open + inner.replaceAll(/[^\n]/g, '_') + text.slice(at + quote.open.length + inner.length, end),
        text.slice(at, end),
      );
      continue;
    }
    copy(at + 1, text[at] ?? '', text[at] ?? '');
  }
  return { text, code: code.join(''), visible: visible.join(''), comments: comments.join('\n'), strings };
}

const hide = (text: string): string => text.replaceAll(/[^\n]/g, ' ');

function commentAt(text: string, at: number, lexicon: Lexicon): number | undefined {
  if (lexicon.lineComments.some((open) => text.startsWith(open, at) && !text.startsWith('#[', at))) {
    const end = text.indexOf('\n', at);
    return end < 0 ? text.length : end;
  }
  const block = lexicon.blockComments.find(([open]) => text.startsWith(open, at));
  if (block === undefined) return undefined;
  const end = text.indexOf(block[1], at + block[0].length);
  return end < 0 ? text.length : end + block[1].length;
}

function stringEnd(text: string, from: number, quote: Lexicon['strings'][number]): number {
  for (let at = from; at < text.length; at++) {
    if (!quote.raw && text[at] === '\\') at++;
    else if (text.startsWith(quote.close, at)) return at + quote.close.length;
    else if (text[at] === '\n' && !quote.multiline) return at;
  }
  return text.length;
}

const partners = new Map([
  ['(', ')'],
  ['[', ']'],
  ['{', '}'],
]);

/** End of the bracket that opens at `open`, one past its partner; the end of the text where there is none. */
export function closingOf(code: string, open: number): number {
  const stack: string[] = [];
  for (let at = open; at < code.length; at++) {
    const character = code[at] ?? '';
    const partner = partners.get(character);
    if (partner !== undefined) stack.push(partner);
    else if (character === stack.at(-1)) {
      stack.pop();
      if (stack.length === 0) return at + 1;
    }
  }
  return code.length;
}

/** Deepest nesting that is read; beyond it nobody wrote the text. */
const maximalDepth = 400;

/**
 * `closingOf` for many questions about one text, in linear time altogether.
 * @throws RangeError when brackets are nested deeper than any test is.
 */
export function pairBrackets(code: string): (open: number) => number {
  const ends = new Map<number, number>();
  const stack: { at: number; partner: string }[] = [];
  for (let at = 0; at < code.length; at++) {
    const character = code[at] ?? '';
    const partner = partners.get(character);
    if (partner !== undefined) {
      if (stack.length >= maximalDepth) throw new RangeError('nested too deeply');
      stack.push({ at, partner });
    } else if (character === stack.at(-1)?.partner) ends.set(stack.pop()?.at ?? 0, at + 1);
  }
  return (open) => ends.get(open) ?? code.length;
}

/** Top-level commas of `code` between two positions. */
export function splitArguments(code: string, from: number, to: number): [number, number][] {
  const parts: [number, number][] = [];
  let [start, depth] = [from, 0];
  for (let at = from; at < to; at++) {
    const character = code[at] ?? '';
    if ('([{'.includes(character)) depth++;
    else if (')]}'.includes(character)) depth--;
    else if (character === ',' && depth === 0) {
      parts.push([start, at]);
      start = at + 1;
    }
  }
  if (code.slice(start, to).trim() !== '') parts.push([start, to]);
  return parts;
}

/** 1-based line of a position. */
export function lineIndex(text: string): (position: number) => number {
  const starts = [0];
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) starts.push(at + 1);
  return (position) => {
    let [low, high] = [0, starts.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((starts[middle] ?? 0) <= position) low = middle + 1;
      else high = middle;
    }
    return low;
  };
}

/**
 * Characters that a reader cannot see but a program or a model reads. They are data smuggling or an accident of
 * copying; either way nothing is lost without them.
 */

export type InvisibleKind = 'zero-width' | 'bidi' | 'tag-character' | 'variation-selector' | 'control';

export interface Stripped {
  text: string;
  /** Runs of adjacent characters of one kind, not single characters. */
  counts: ReadonlyMap<InvisibleKind, number>;
}

/** As the body of a character class; a few of them are legitimate inside emoji. */
const ranges = [
  String.raw`\u0000-\u0008\u000B\u000C\u000E-\u001F\u007F-\u009F`,
  String.raw`\u00AD\u034F\u061C\u115F\u1160\u17B4\u17B5\u180B-\u180F`,
  String.raw`\u200B-\u200F\u202A-\u202E\u2060-\u206F\u3164\uFE00-\uFE0F\uFEFF\uFFA0\uFFF9-\uFFFB`,
  String.raw`\u{1D173}-\u{1D17A}\u{E0000}-\u{E0FFF}`,
];
const suspicious = new RegExp(`[${ranges.join('')}]+`, 'gu');
// oxlint-disable-next-line eslint/no-control-regex
const ansi = /(?:\u001B\[|\u009B)[0-?]{0,64}[ -/]{0,8}[@-~]|\u001B\][^\u0007\u001B\n]{0,2000}(?:\u0007|\u001B\\)/g;
const pictograph = /\p{Extended_Pictographic}|\p{Emoji_Modifier}|[0-9#*]/u;

function kindOf(code: number): InvisibleKind {
  if (code < 0xa0) return 'control';
  if (code >= 0xe0000 && code <= 0xe007f) return 'tag-character';
  if (code >= 0xe0100 || (code >= 0xfe00 && code <= 0xfe0f) || (code >= 0x180b && code <= 0x180f)) return 'variation-selector';
  const bidi = code === 0x061c || code === 0x200e || code === 0x200f;
  if (bidi || (code >= 0x202a && code <= 0x202e) || (code >= 0x2066 && code <= 0x2069)) return 'bidi';
  return 'zero-width';
}

/** An emoji may carry one presentation selector and one joiner; anything longer is a message. */
function isEmojiGlue(run: string, before: string, after: string): boolean {
  if (!pictograph.test(before)) return false;
  if (run === '\uFE0F' || run === '\uFE0E') return true;
  return (run === '\u200D' || run === '\uFE0F\u200D') && pictograph.test(after);
}

function lastCharacter(text: string, end: number): string {
  const low = text.charCodeAt(end - 1);
  return low >= 0xdc00 && low <= 0xdfff ? text.slice(end - 2, end) : text.slice(Math.max(0, end - 1), end);
}

/**
 * Removes invisible characters, terminal colours and other control characters; line ends become `\n`. A byte order
 * mark at the start and the joiners inside emoji are not counted. Linear in the length of the text.
 */
export function stripInvisible(source: string): Stripped {
  const counts = new Map<InvisibleKind, number>();
  const count = (kind: InvisibleKind) => counts.set(kind, (counts.get(kind) ?? 0) + 1);
  const plain = source
    .replace(/^\uFEFF/, '')
    .replace(/\r\n?/g, '\n')
    .replace(ansi, () => {
      count('control');
      return '';
    });
  const text = plain.replace(suspicious, (run: string, at: number) => {
    const next = plain.codePointAt(at + run.length);
    const after = next === undefined ? '' : String.fromCodePoint(next);
    if (run.length <= 2 && isEmojiGlue(run, lastCharacter(plain, at), after)) return run;
    const kinds = new Set<InvisibleKind>();
    for (const character of run) kinds.add(kindOf(character.codePointAt(0) ?? 0));
    for (const kind of kinds) count(kind);
    return '';
  });
  return { text, counts };
}

const namedInvisible = new Set(['zerowidthspace', 'zwnj', 'zwj', 'lrm', 'rlm', 'shy', 'nobreak', 'negativethinspace']);
const entity = /&(?:#(\d{1,7})|#[xX]([0-9a-fA-F]{1,6})|([A-Za-z]{2,32}));/g;

/** Code point of a numeric character reference; `undefined` for one that no renderer accepts. */
function referenced(decimal: string | undefined, hex: string | undefined): number | undefined {
  const code = decimal === undefined ? Number.parseInt(hex ?? '', 16) : Number.parseInt(decimal, 10);
  return Number.isNaN(code) || code > 0x10ffff ? undefined : code;
}

/** Removes character references such as `&#8203;` that render as nothing. */
export function stripInvisibleReferences(prose: string): { text: string; count: number } {
  if (!prose.includes('&')) return { text: prose, count: 0 };
  let count = 0;
  const text = prose.replace(entity, (whole, decimal?: string, hex?: string, name?: string) => {
    const code = name === undefined ? referenced(decimal, hex) : undefined;
    const invisible =
      name === undefined
        ? code !== undefined && stripInvisible(`x${String.fromCodePoint(code)}x`).text === 'xx'
        : namedInvisible.has(name.toLowerCase());
    if (!invisible) return whole;
    count += 1;
    return '';
  });
  return { text, count };
}

const namedPlain: Record<string, string> = {
  commat: '@',
  num: '#',
  sol: '/',
  colon: ':',
  period: '.',
  lowbar: '_',
  hyphen: '-',
  dash: '-',
};

/** Decodes character references that stand for a letter, a digit or one of `@ # / : . _ -`; all others stay as written. */
export function decodePlainReferences(prose: string): string {
  if (!prose.includes('&')) return prose;
  return prose.replace(entity, (whole, decimal?: string, hex?: string, name?: string) => {
    if (name !== undefined) return namedPlain[name] ?? whole;
    const code = referenced(decimal, hex);
    const character = code === undefined ? '' : String.fromCodePoint(code);
    return /^[A-Za-z0-9@#/:._-]$/.test(character) ? character : whole;
  });
}

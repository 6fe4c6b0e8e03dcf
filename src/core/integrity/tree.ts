import { lineIndex, pairBrackets, type Scanned } from './scan.ts';

/** A logical line of code and what it opens: the shape that blocks have in every language read by scanning. */
export interface Block {
  /** Strings hidden, in one line. */
  code: string;
  /** The beginning of `code`, which patterns are tried on: bounded, so that no line can make them slow. */
  head: string;
  /** As written without comments, in one line. */
  text: string;
  line: number;
  children: Block[];
}

const headLength = 2_000;

/**
 * A stretch in one line, both renderings of the same length. Layout is lost, which no test is about: blanks beside
 * brackets, and the comma that stands before a bracket on the next line.
 */
function flatten({ code, visible }: Scanned, from: number, to: number): { code: string; text: string } {
  const [codes, texts]: [string[], string[]] = [[], []];
  for (let at = from; at < to;) {
    const blank = /\s/.test(code[at] ?? '');
    if (!blank) {
      codes.push(code[at] ?? '');
      texts.push(visible[at] ?? '');
      at += 1;
      continue;
    }
    const start = at;
    while (at < to && /\s/.test(code[at] ?? '')) at += 1;
    const [last, next] = [codes.at(-1), at < to ? code[at] : undefined];
    const closes = next !== undefined && ')]}'.includes(next);
    if (closes && last === ',' && code.slice(start, at).includes('\n')) {
      codes.pop();
      texts.pop();
    } else if (last !== undefined && next !== undefined && !closes && !'([{'.includes(last)) {
      codes.push(' ');
      texts.push(' ');
    }
  }
  return { code: codes.join(''), text: texts.join('') };
}

/** Blocks by braces: statements end at `;`, at a brace, or at a line's end where no bracket is open. */
export function bracesTree(scanned: Scanned): Block[] {
  const { code } = scanned;
  const lineAt = lineIndex(code);
  const closingOf = pairBrackets(code);
  const read = (from: number, to: number): Block[] => {
    const blocks: Block[] = [];
    let start = from;
    const flush = (end: number, children: Block[] = []): void => {
      const lead = /^\s*/.exec(code.slice(start, end))?.[0].length ?? 0;
      const flat = flatten(scanned, start, end);
      if (flat.text !== '' || children.length > 0) blocks.push(block(flat.code, flat.text, lineAt(start + lead), children));
    };
    for (let at = from; at < to; at++) {
      const character = code[at];
      if (character === '{') {
        const end = Math.min(closingOf(at), to + 1);
        flush(at, read(at + 1, end - 1));
        at = end - 1;
        start = end;
      } else if (character === '(' || character === '[') {
        const end = Math.min(closingOf(at), to);
        // A function handed over as an argument opens a block like any other.
        if (character === '[' || !opensFunction(code, at, end)) at = end - 1;
      } else if (character === ';' || (character === '\n' && endsLine(code, at))) {
        flush(at);
        start = at + 1;
      }
    }
    flush(to);
    return blocks.filter(({ code, children }) => children.length > 0 || /[\w"'`]/.test(code));
  };
  return read(0, code.length);
}

/** A line goes on where it ends in an operator or the next begins with one. */
const opener = /(\)|->|=>|\|)\s*[\w<>*.[\], ]{0,80}$/;

/** Whether a bracket holds a brace that belongs to a function and not to a value. */
function opensFunction(code: string, from: number, to: number): boolean {
  for (let at = code.indexOf('{', from); at >= 0 && at < to; at = code.indexOf('{', at + 1))
    if (opener.test(code.slice(Math.max(from, at - 120), at))) return true;
  return false;
}

function endsLine(code: string, at: number): boolean {
  const before = /(\S)[ \t]*$/.exec(code.slice(Math.max(0, at - 40), at))?.[1];
  const after = /^\s*(\S)/.exec(code.slice(at, at + 200))?.[1];
  return (
    !(before !== undefined && /[,+\-*/=&|<.(?:]/.test(before) && before !== '*') &&
    !(after !== undefined && /[.?:+=&|{]/.test(after))
  );
}

/** Blocks by indentation, for Python and, with its `end` lines left out, for Ruby. */
export function indentTree(scanned: Scanned): Block[] {
  const root: Block[] = [];
  const open: { indent: number; children: Block[] }[] = [{ indent: -1, children: root }];
  for (const { from, to, line } of logicalLines(scanned)) {
    const { code, text } = flatten(scanned, from, to);
    if (code === '' || /^end\b[\s).]*$/.test(code) || code === '}' || code === ')') continue;
    const indent = /^[ \t]*/.exec(scanned.code.slice(from, to))?.[0].length ?? 0;
    while ((open.at(-1)?.indent ?? -1) >= indent) open.pop();
    const made = block(code, text, line);
    const inline = /^(?:if|elif|else|for|while|with|try|except|finally|def|class)\b[^:]*:(?=\s+\S)/.exec(made.head)?.[0];
    if (inline !== undefined && !/[[({][^\])}]*:$/.test(inline)) {
      const rest = code.slice(inline.length).trim();
      made.children.push(block(rest, made.text.slice(-rest.length), line));
      Object.assign(made, block(inline, made.text.slice(0, inline.length), line, made.children));
    }
    (open.at(-1)?.children ?? root).push(made);
    open.push({ indent, children: made.children });
  }
  return root;
}

const block = (code: string, text: string, line: number, children: Block[] = []): Block => ({
  code,
  head: code.slice(0, headLength),
  text,
  line,
  children,
});

function logicalLines({ code }: Scanned): { from: number; to: number; line: number }[] {
  const found: { from: number; to: number; line: number }[] = [];
  const lineAt = lineIndex(code);
  const closingOf = pairBrackets(code);
  let [from, at] = [0, 0];
  const quoteEnd = /("""|''')/;
  while (at <= code.length) {
    const character = code[at];
    if (character !== undefined && '([{'.includes(character)) at = closingOf(at);
    else if (character === '"' || character === "'") {
      const quote = quoteEnd.exec(code.slice(at, at + 3))?.[0] ?? character;
      const end = code.indexOf(quote, at + quote.length);
      at = end < 0 ? at + 1 : end + quote.length;
    } else if (character === '\\' && code[at + 1] === '\n') at += 2;
    // A chain of calls goes on where the next line begins with a dot.
    else if (character === '\n' && /^\s*&?\.\w/.test(code.slice(at, at + 200))) at++;
    else if (character === '\n' || character === undefined) {
      const lead = /^\n*/.exec(code.slice(from, at))?.[0].length ?? 0;
      found.push({ from: from + lead, to: at, line: lineAt(from + lead) });
      from = at + 1;
      at++;
    } else at++;
  }
  return found;
}

export function* walkBlocks(blocks: readonly Block[]): Generator<Block> {
  for (const block of blocks) {
    yield block;
    yield* walkBlocks(block.children);
  }
}

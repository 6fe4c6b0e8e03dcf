import { spanEnds } from './spans.ts';
import { stripInvisible, stripInvisibleReferences, type InvisibleKind } from './invisible.ts';

/**
 * What a person who reads the rendered issue sees. Everything else (comments, hidden elements, invisible
 * characters) is removed and counted, because nobody but a program would ever read it.
 *
 * One pass over the lines; every search for an end is remembered, so that hostile input costs linear time. Where
 * this reader and a full Markdown renderer could disagree about what is code, hidden text is removed.
 */

export type HiddenKind = InvisibleKind | 'comment' | 'markup' | 'link-definition' | 'attribute';

export interface CodeBlock {
  /** First word after the fence, lower case; empty where there is none. */
  language: string;
  content: string;
  /** Of the content, in UTF-16 units from the start of the visible text. */
  offset: number;
}

export interface Visible {
  text: string;
  hidden: { kind: HiddenKind; count: number }[];
  codeBlocks: CodeBlock[];
}

interface Fence {
  marker: string;
  length: number;
  indent: number;
  quotes: number;
  /** False where a renderer may not see a fence here: comments inside are removed all the same. */
  certain: boolean;
  language: string;
  lines: string[];
  offset: number;
}

interface Scan {
  out: string[];
  length: number;
  counts: Map<HiddenKind, number>;
  codeBlocks: CodeBlock[];
  fence: Fence | undefined;
  /** Inside raw HTML that lasts until a blank line: there are no code fences or spans in it. */
  html: boolean;
  /** What ends the comment, declaration or instruction that is open. */
  until: string | undefined;
  /** The hidden element that is open. */
  concealed: { name: string; depth: number } | undefined;
  text: string;
  /** Up to here the text belongs to a tag that began on an earlier line. */
  consumed: number;
  budget: number;
  /** Last position in the whole text of each ending, so that none is sought in vain. */
  lastEnd: (end: string) => number;
}

const fenceLine = /^((?:[ \t]{0,40}>){0,20})([ \t]*)(`{3,}|~{3,})([^\n]*)$/;
const htmlBlockStart =
  /^ {0,3}<\/?(?:address|article|aside|blockquote|body|center|details|dialog|dd|dir|div|dl|dt|fieldset|figcaption|figure|footer|form|h[1-6]|head|header|hr|html|iframe|legend|li|link|main|menu|meta|nav|noframes|ol|p|param|picture|pre|script|search|section|source|style|summary|table|tbody|td|template|textarea|tfoot|th|thead|title|tr|track|ul)(?:[\s/>]|$)/i;
const quotePrefix = /^(?:[ \t]{0,40}>){0,20}/;
const linkDefinition = /^( {0,3}\[[^\]\n]{1,300}\]:[ \t]*)(<[^>\n]*>|[^\s]+)([ \t]+["'(].*)?[ \t]*$/;

const voidElements = new Set([
  'img',
  'br',
  'hr',
  'input',
  'meta',
  'link',
  'source',
  'wbr',
  'area',
  'base',
  'col',
  'embed',
  'track',
]);
const neverShown = new Set(['script', 'style', 'template', 'noscript', 'title', 'head', 'picture', 'object', 'datalist']);
const hidingStyle =
  /display:none|visibility:(?:hidden|collapse)|opacity:0(?:\.0\d*)?(?:[;"']|$)|font-size:(?:0|0?\.\d+|1)(?:px|pt|em|rem|%)?(?:[;"']|!|$)|(?:^|[;"'])color:(?:transparent|white|#fff(?:fff)?(?:[;"']|$)|rgba\([^)]{0,40},0\))|(?:max-)?(?:height|width):0(?:px)?(?:[;"']|$)|text-indent:-\d{3,}|left:-\d{3,}|clip(?:-path)?:(?:rect\(0|inset\(100)/;
const proseAttribute = /\s(?:alt|title|aria-[a-z]+|data-[\w-]+|content|value|placeholder|summary)\s*=\s*("[^"]*"|'[^']*')/gi;

function add(scan: Scan, kind: HiddenKind, by = 1): void {
  if (by > 0) scan.counts.set(kind, (scan.counts.get(kind) ?? 0) + by);
}

function emit(scan: Scan, text: string): void {
  scan.out.push(text);
  scan.length += text.length;
}

function indentOf(line: string): number {
  let width = 0;
  for (const character of line) {
    if (character === ' ') width += 1;
    else if (character === '\t') width += 4;
    else break;
  }
  return width;
}

function quotesOf(line: string): number {
  return (quotePrefix.exec(line)?.[0].match(/>/g) ?? []).length;
}

function opensFence(line: string, scan: Scan): Fence | undefined {
  const match = fenceLine.exec(line);
  if (match === null) return undefined;
  const [, quoted = '', space = '', run = '', info = ''] = match;
  const marker = run.charAt(0);
  if (marker === '`' && info.includes('`')) return undefined;
  const quotes = (quoted.match(/>/g) ?? []).length;
  const indent = indentOf(space) - (quotes > 0 && space.startsWith(' ') ? 1 : 0);
  const language = /^[ \t]*\{?\.?([\w+#.-]*)/.exec(info)?.[1]?.toLowerCase() ?? '';
  return {
    marker,
    length: run.length,
    indent,
    quotes,
    certain: indent <= 3 && !scan.html,
    language,
    lines: [],
    offset: 0,
  };
}

function closesFence(line: string, fence: Fence): boolean {
  const rest = line.slice(quotePrefix.exec(line)?.[0].length ?? 0).trim();
  return rest.length >= fence.length && rest === fence.marker.repeat(rest.length);
}

/** A line that stands outside the list item or quotation the fence is in cannot be inside the fence. */
function isInside(line: string, fence: Fence): boolean {
  if (!fence.certain) return false;
  if (fence.indent === 0 && fence.quotes === 0) return true;
  const quotes = quotesOf(line);
  if (quotes < fence.quotes) return false;
  const rest = quotes === 0 ? line : line.slice(quotePrefix.exec(line)?.[0].length ?? 0);
  return indentOf(rest) >= fence.indent;
}

function finishFence(scan: Scan): void {
  const fence = scan.fence;
  if (fence === undefined) return;
  if (scan.concealed === undefined) {
    scan.codeBlocks.push({ language: fence.language, content: fence.lines.join('\n'), offset: fence.offset });
  }
  scan.fence = undefined;
}

interface Tag {
  name: string;
  closing: boolean;
  text: string;
}

/**
 * The HTML tag that starts at `at`, quotes respected, over line ends but not over a blank line. Tries that fail are
 * paid from a budget proportional to the text; when it is used up the rest of the line counts as one hidden tag.
 */
function tagAt(scan: Scan, at: number): Tag | undefined {
  const { text } = scan;
  const head = /^<(\/?)([A-Za-z][A-Za-z0-9-]*)(?=[\s/>]|$)/.exec(text.slice(at, at + 80));
  if (head === null) return undefined;
  if (scan.budget < 0) {
    const end = text.indexOf('\n', at);
    return { name: 'script', closing: false, text: `${text.slice(at, end === -1 ? text.length : end)}/>` };
  }
  const special = /["'<>\n]/g;
  special.lastIndex = at + head[0].length;
  for (let found = special.exec(text); found !== null; found = special.exec(text)) {
    const character = found[0];
    let stop = character === '<';
    if (character === '>') {
      return { name: (head[2] ?? '').toLowerCase(), closing: head[1] === '/', text: text.slice(at, found.index + 1) };
    }
    if (character === '\n') stop = /^[ \t]*(?:\n|$)/.test(text.slice(found.index + 1, found.index + 200));
    if (character === '"' || character === "'") {
      const end = text.indexOf(character, found.index + 1);
      stop = end === -1 || text.slice(found.index, end).includes('\n\n');
      scan.budget -= end === -1 ? 0 : end - found.index;
      special.lastIndex = end + 1;
    }
    scan.budget -= 1;
    if (stop || scan.budget < 0) return undefined;
  }
  return undefined;
}

function isHiding(tag: Tag): boolean {
  if (tag.closing) return false;
  if (neverShown.has(tag.name)) return true;
  const names = tag.text.replace(/"[^"]*"|'[^']*'/g, '""');
  if (/\shidden(?=[\s/>=])/i.test(names) || /\saria-hidden\s*=\s*["']?true/i.test(tag.text)) return true;
  const style = /\sstyle\s*=\s*("[^"]*"|'[^']*'|[^\s>]+)/i.exec(tag.text)?.[1];
  if (style !== undefined && hidingStyle.test(style.replace(/\s+/g, '').toLowerCase())) return true;
  return tag.name === 'font' && /\s(?:size\s*=\s*["']?(?:0|-[2-9])|color\s*=\s*["']?(?:white|#fff|transparent))/i.test(tag.text);
}

const openers: readonly (readonly [string, string])[] = [
  ['<!--', '-->'],
  ['<![CDATA[', ']]>'],
  ['<?', '?>'],
  ['<!', '>'],
];

/** The end of what opens at `at`, where it hides text; a declaration needs a letter after it. */
function hidingEnd(line: string, at: number): { end: string; skip: number } | undefined {
  for (const [start, end] of openers) {
    if (!line.startsWith(start, at)) continue;
    if (start === '<!' && !/[A-Za-z]/.test(line.charAt(at + 2))) return undefined;
    if (start === '<?' && !/[A-Za-z]/.test(line.charAt(at + 2))) return undefined;
    // `<!-->` is a whole comment, so its end may overlap its start.
    return { end, skip: start === '<!--' ? 2 : start.length };
  }
  return undefined;
}

/** Prose of one line, without what is hidden; carries open comments and hidden elements to the next line. */
function readProse(scan: Scan, line: string, lineStart: number, code: boolean): void {
  const spanEnd = spanEnds(line);
  const special = /[\\`<]/g;
  let shown = '';
  let i = 0;
  const show = (text: string) => {
    if (scan.concealed === undefined) shown += text;
  };
  while (i < line.length) {
    if (scan.until !== undefined) {
      const end = line.indexOf(scan.until, i);
      if (end === -1) break;
      i = end + scan.until.length;
      scan.until = undefined;
      continue;
    }
    special.lastIndex = i;
    const next = special.exec(line)?.index ?? line.length;
    show(line.slice(i, next));
    i = next;
    if (i === line.length) break;
    const character = line.charAt(i);
    if (character === '\\') {
      show(line.slice(i, i + 2));
      i += 2;
    } else if (character === '`') {
      let run = i;
      while (line.charAt(run) === '`') run += 1;
      const end = code ? -1 : spanEnd(run, run - i);
      const span = end === -1 ? '' : line.slice(i, end + (run - i));
      // A table cell ends at a bar even inside backticks, so such a span does not protect a comment.
      const whole = span !== '' && !(span.includes('|') && span.includes('<!--'));
      show(whole ? span : line.slice(i, run));
      i = whole ? i + span.length : run;
    } else {
      const hiding = hidingEnd(line, i);
      const closes = hiding !== undefined && scan.lastEnd(hiding.end) >= lineStart + i + hiding.skip;
      const hidesRest = hiding?.end === '-->' && /^ {0,3}$/.test(line.slice(0, i));
      if (hiding !== undefined && (closes || hidesRest)) {
        add(scan, 'comment');
        scan.until = hiding.end;
        i += hiding.skip;
        continue;
      }
      const tag = tagAt(scan, lineStart + i);
      if (tag === undefined) {
        show('<');
        i += 1;
        continue;
      }
      readTag(scan, tag, show);
      i += tag.text.length;
      if (i > line.length) scan.consumed = lineStart + i;
    }
  }
  emit(scan, shown);
}

function readTag(scan: Scan, tag: Tag, show: (text: string) => void): void {
  const concealed = scan.concealed;
  if (concealed !== undefined) {
    if (tag.name === concealed.name && !tag.text.endsWith('/>')) concealed.depth += tag.closing ? -1 : 1;
    if (concealed.depth === 0) scan.concealed = undefined;
    return;
  }
  if (isHiding(tag)) {
    add(scan, 'markup');
    if (!voidElements.has(tag.name) && !tag.text.endsWith('/>')) scan.concealed = { name: tag.name, depth: 1 };
    return;
  }
  show(
    tag.text.replace(proseAttribute, (whole, value: string) => {
      if (!/\s/.test(value)) return whole;
      add(scan, 'attribute');
      return '';
    }),
  );
}

/** `[//]: # (text)` renders as nothing, and so does the title of any definition. */
function readDefinition(scan: Scan, line: string): string | undefined {
  const match = line.startsWith('[') || line.startsWith(' ') ? linkDefinition.exec(line) : null;
  if (match === null) return undefined;
  const [, label = '', target = '', title] = match;
  if (/^(?:#|<#?>)$/.test(target)) {
    add(scan, 'link-definition');
    return '';
  }
  if (title !== undefined) add(scan, 'link-definition');
  return `${label}${target}`;
}

function readLine(scan: Scan, line: string, lineStart: number): void {
  if (scan.consumed > lineStart) {
    const rest = line.slice(scan.consumed - lineStart);
    if (rest !== '') readProse(scan, rest, lineStart + line.length - rest.length, scan.html);
    return;
  }
  const fence = scan.fence;
  if (line === '' && fence === undefined) {
    if (scan.until === undefined) scan.html = false;
    return;
  }
  if (fence !== undefined && scan.until === undefined) {
    if (quotesOf(line) < fence.quotes) finishFence(scan);
    else if (closesFence(line, fence)) {
      finishFence(scan);
      if (scan.concealed === undefined) emit(scan, line);
      return;
    } else if (isInside(line, fence)) {
      if (scan.concealed === undefined) emit(scan, line);
      fence.lines.push(line.slice(Math.min(fence.indent + fence.quotes, indentOf(line))));
      return;
    }
  }
  if (scan.until === undefined && scan.fence === undefined) {
    const opened = opensFence(line, scan);
    if (opened !== undefined) {
      if (scan.concealed === undefined) emit(scan, line);
      scan.fence = { ...opened, offset: scan.length + 1 };
      return;
    }
    if (line.trim() === '') scan.html = false;
    else if (htmlBlockStart.test(line)) scan.html = true;
    const definition = readDefinition(scan, line);
    if (definition !== undefined) {
      if (scan.concealed === undefined) emit(scan, definition);
      return;
    }
  }
  const at = scan.out.length;
  readProse(scan, line, lineStart, scan.html || scan.fence !== undefined);
  scan.fence?.lines.push(scan.out.slice(at).join(''));
}

/** The visible text of raw Markdown, what was removed from it by kind, and its fenced code. Linear time. */
export function readVisible(markdown: string): Visible {
  const stripped = stripInvisible(markdown);
  const { text, count } = stripInvisibleReferences(stripped.text);
  const ends = new Map<string, number>();
  const scan: Scan = {
    out: [],
    length: 0,
    counts: new Map(),
    codeBlocks: [],
    fence: undefined,
    html: false,
    until: undefined,
    concealed: undefined,
    text,
    consumed: 0,
    budget: 8 * text.length + 10_000,
    lastEnd: (end) => {
      const known = ends.get(end) ?? text.lastIndexOf(end);
      ends.set(end, known);
      return known;
    },
  };
  for (const [kind, by] of stripped.counts) add(scan, kind, by);
  add(scan, 'zero-width', count);
  let lineStart = 0;
  for (const line of text.split('\n')) {
    if (lineStart > 0 && scan.concealed === undefined) emit(scan, '\n');
    readLine(scan, line, lineStart);
    lineStart += line.length + 1;
  }
  finishFence(scan);
  const hidden = [...scan.counts].map(([kind, count]) => ({ kind, count })).sort((a, b) => a.kind.localeCompare(b.kind));
  return { text: scan.out.join(''), hidden, codeBlocks: scan.codeBlocks };
}

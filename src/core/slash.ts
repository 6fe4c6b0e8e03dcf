import { closest, distance } from 'fastest-levenshtein';
import { readVisible } from './issue/visible.ts';
import { spanEnds } from './issue/spans.ts';

/** What a comment may ask for. */
export const slashCommands = ['solve', 'retry', 'explain', 'tests-only', 'approve', 'stop', 'skip'] as const;
export type SlashCommand = (typeof slashCommands)[number];

/** A comment's command, or what stands in its place. */
export type Slash =
  | { ok: true; command: SlashCommand }
  /** `near`: the command that was probably meant. */
  | { ok: false; written: string; near?: SlashCommand };

/** At the very start of a line, nothing else on it: `/bugloop solve`. What follows the command is for people. */
const line = /^ {0,3}\/bugloop(?![\w/.-])[ \t]*([^\s]{0,40})/i;

/** No comment of GitHub is longer; more is not looked at. */
const maxChars = 65_536;

/**
 * The first command of a comment, `undefined` where it has none. Only what a reader sees as a line of its own counts:
 * nothing in code, in quotes (their unmarked continuation included), or hidden.
 */
export function readSlash(comment: string): Slash | undefined {
  // Most comments hold none, and reading Markdown is not free.
  if (!/\/bugloop/i.test(comment)) return undefined;
  for (const paragraph of paragraphs(comment.slice(0, maxChars))) {
    const match = proseLines(paragraph)
      .map((text) => line.exec(text))
      .find((found) => found !== null);
    if (match !== undefined) return readCommand(match[1] ?? '');
  }
  return undefined;
}

function readCommand(written: string): Slash {
  const word = written.toLowerCase();
  const command = slashCommands.find((known) => known === word);
  if (command !== undefined) return { ok: true, command };
  const near = slashCommands.find((known) => known === closest(word, slashCommands));
  // Two, because that is what two letters in the wrong order are.
  const isNear = near !== undefined && word.length > 2 && distance(word, near) <= 2;
  return { ok: false, written, ...(isNear ? { near } : {}) };
}

function paragraphs(comment: string): string[][] {
  const { text, codeBlocks } = readVisible(comment);
  let rest = text;
  for (const { offset, content } of codeBlocks) {
    const end = offset + content.length;
    rest = rest.slice(0, offset) + rest.slice(offset, end).replaceAll(/[^\n]/g, ' ') + rest.slice(end);
  }
  const found: string[][] = [[]];
  for (const one of rest.split(/\r\n|\r|\n/)) {
    if (one.trim() === '') found.push([]);
    else found.at(-1)?.push(one);
  }
  return found;
}

/** Lines of a paragraph up to the first quoted one: those behind it belong to the quote as well. */
function proseLines(paragraph: readonly string[]): string[] {
  const quoted = paragraph.findIndex((text) => /^ {0,3}>/.test(text));
  return withoutSpans((quoted === -1 ? paragraph : paragraph.slice(0, quoted)).join('\n')).split('\n');
}

/** A span of code may cover several lines. A letter stays in its place, so that nothing behind it starts a line. */
function withoutSpans(prose: string): string {
  const endOf = spanEnds(prose);
  let kept = '';
  let at = 0;
  for (const { 0: run, index } of prose.matchAll(/`+/g)) {
    const end = index < at ? -1 : endOf(index + run.length, run.length);
    if (end === -1) continue;
    kept += `${prose.slice(at, index)}x${prose.slice(index, end).replaceAll(/[^\n]/g, '')}x`;
    at = end + run.length;
  }
  return kept + prose.slice(at);
}

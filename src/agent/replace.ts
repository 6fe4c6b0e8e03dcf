/** The outcome of an exact replacement: the new text, or why it was refused and what would work. */
export type Replacement = { ok: true; content: string; line: number } | { ok: false; refusal: string };

/**
 * Replaces `old`, which has to occur exactly once. A file with CRLF line ends accepts text with LF ends, because that is
 * what models write; nothing else is guessed: a refusal says where the text almost is.
 */
export function replaceOnce(content: string, old: string, replacement: string): Replacement {
  if (old === '') return { ok: false, refusal: 'the text to replace is empty; use create for a new file' };
  if (old === replacement) return { ok: false, refusal: 'old and new are the same text; nothing would change' };
  const crlf = content.includes('\r\n') && !old.includes('\r\n') && !content.includes(old);
  const [from, to] = crlf ? [toCrlf(old), toCrlf(replacement)] : [old, replacement];
  const places = occurrences(content, from);
  const [place] = places;
  if (place === undefined) return { ok: false, refusal: explainAbsence(content, old) };
  if (places.length > 1) {
    const lines = places.slice(0, 10).map((at) => lineAt(content, at));
    const more = places.length > lines.length ? ', …' : '';
    return {
      ok: false,
      refusal: `the text occurs ${places.length} times, at lines ${lines.join(', ')}${more}; add neighbouring lines so that it occurs once`,
    };
  }
  return {
    ok: true,
    content: content.slice(0, place) + to + content.slice(place + from.length),
    line: lineAt(content, place),
  };
}

const toCrlf = (text: string): string => text.replace(/\r?\n/g, '\r\n');
const lineAt = (content: string, index: number): number => content.slice(0, index).split('\n').length;

function occurrences(content: string, text: string): number[] {
  const places: number[] = [];
  for (let at = content.indexOf(text); at !== -1; at = content.indexOf(text, at + 1)) places.push(at);
  return places;
}

function explainAbsence(content: string, old: string): string {
  if (old.split('\n').every((line) => line === '' || /^\s*\d+\t/.test(line))) {
    return 'the text was not found; leave out the line numbers that read puts before each line';
  }
  const lines = content.split('\n');
  const wanted = trimBlankEnds(old.split('\n').map(squeeze));
  const start = lines.findIndex((_, index) => wanted.every((line, offset) => squeeze(lines[index + offset] ?? '') === line));
  if (wanted.length > 0 && start !== -1) {
    const exact = lines.slice(start, start + wanted.length).join('\n');
    return `the text differs in whitespace from lines ${start + 1}–${start + wanted.length}, which are exactly:\n${exact.slice(0, 2000)}`;
  }
  const first = wanted[0];
  const nearest = first ? lines.findIndex((line) => squeeze(line) === first) : -1;
  return nearest === -1
    ? 'the text was not found; read the file again, it may have changed'
    : `the text was not found; its first line is line ${nearest + 1}, but what follows differs: read from there`;
}

const squeeze = (line: string): string => line.trim().replace(/\s+/g, ' ');

function trimBlankEnds(lines: string[]): string[] {
  const first = lines.findIndex((line) => line !== '');
  const last = lines.findLastIndex((line) => line !== '');
  return first === -1 ? [] : lines.slice(first, last + 1);
}

import { spanEnds } from './issue/spans.ts';
import { decodePlainReferences, stripInvisible, stripInvisibleReferences } from './issue/invisible.ts';

/**
 * Whatever leaves this process (a comment, a body, a title, a log line) goes through here: redacted first, then
 * sanitised, then capped. Every function costs linear time and leaves text that is already clean unchanged.
 */

// ---------------------------------------------------------------------------------------------- redact

const redacted = '[redacted]';

/** Shapes of tokens that are secret wherever they stand. */
const tokenShapes: readonly RegExp[] = [
  /\bgh[pousr]_[A-Za-z0-9]{20,255}\b/g,
  /\bgithub_pat_[A-Za-z0-9_]{20,255}\b/g,
  /\bsk-ant-[A-Za-z0-9_-]{10,300}/g,
  /\bsk-(?=[A-Za-z_-]{0,300}\d)[A-Za-z0-9_-]{20,300}/g,
  /\b(?:AKIA|ASIA)[A-Z0-9]{16}\b/g,
  /\bxox[abeoprs]-[A-Za-z0-9-]{10,300}/g,
  /\bglpat-[A-Za-z0-9_-]{20,100}/g,
  /\bnpm_[A-Za-z0-9]{30,60}\b/g,
  /\bpypi-[A-Za-z0-9_-]{40,300}/g,
  /\bAIza[A-Za-z0-9_-]{35}/g,
  /\bhf_[A-Za-z0-9]{30,60}\b/g,
  /\bSG\.[A-Za-z0-9_-]{16,40}\.[A-Za-z0-9_-]{20,60}/g,
  /\b[rs]k_(?:live|test)_[A-Za-z0-9]{16,200}\b/g,
  /\bdop_v1_[a-f0-9]{64}\b/g,
  /\beyJ[A-Za-z0-9_-]{8,500}\.eyJ[A-Za-z0-9_-]{8,8000}\.[A-Za-z0-9_-]{8,2000}/g,
];

/** What stands around a secret; the secret itself has no shape of its own. Group 1 is kept. */
const tokenPlaces: readonly RegExp[] = [
  /\b(authorization["']?\s{0,4}[:=]\s{0,4}["']?(?:bearer|basic|token)\s{1,4})[A-Za-z0-9._~+/=-]{6,4000}/gi,
  /(\b[a-z][a-z0-9+.-]{0,20}:\/\/[^\s/:@]{0,200}:)[^\s/@]{1,500}(?=@)/gi,
  /((?:^|[\s"'{,;])[A-Z][A-Z0-9_]{0,60}(?:TOKEN|SECRET|PASSWORD|PASSWD|API_KEY|APIKEY|ACCESS_KEY|PRIVATE_KEY|CREDENTIALS)[A-Z0-9_]{0,20}["']?[=:]\s{0,2}["']?)(?!\[redacted\])[^\s"',;}]{6,4000}/g,
];

function bytesOf(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

function base64(bytes: Uint8Array): string {
  let binary = '';
  for (const byte of bytes) binary += String.fromCharCode(byte);
  return btoa(binary);
}

/**
 * Base64 of the secret at each of the three places it can have inside a longer text, without the characters that
 * its neighbours decide.
 */
function base64Forms(secret: string): string[] {
  const bytes = bytesOf(secret);
  return [0, 1, 2].map((shift) => {
    const padded = new Uint8Array(shift + bytes.length);
    padded.set(bytes, shift);
    const first = shift === 0 ? 0 : shift + 1;
    return base64(padded).slice(first, Math.floor((padded.length * 8) / 6));
  });
}

/** The forms in which a secret is looked for: as it is, in JSON, in URLs, in hexadecimal, in both kinds of base64. */
function formsOf(secret: string): string[] {
  const hex = [...bytesOf(secret)].map((byte) => byte.toString(16).padStart(2, '0')).join('');
  const forms = [secret, JSON.stringify(secret).slice(1, -1), hex, hex.toUpperCase(), Array.from(secret).reverse().join('')];
  for (const form of base64Forms(secret)) forms.push(form, form.replaceAll('+', '-').replaceAll('/', '_'));
  const url = encodeURIComponent(secret.toWellFormed());
  forms.push(
    url,
    url.replaceAll(/%[0-9A-F]{2}/g, (escape) => escape.toLowerCase()),
    url.replaceAll('%20', '+'),
  );
  return forms.filter((form) => form.length >= 6);
}

/** Private keys from their first to their last line; one that is cut off ends with the text, at the latest after 20,000 characters. */
function redactKeys(text: string): string {
  const begin = /-----BEGIN [A-Z ]{0,40}PRIVATE KEY-----/g;
  const lastEnd = text.lastIndexOf('-----END ');
  let clean = '';
  let at = 0;
  for (let found = begin.exec(text); found !== null; found = begin.exec(text)) {
    const end = found.index < lastEnd ? text.indexOf('-----END ', found.index) : -1;
    const close = end === -1 ? -1 : text.indexOf('-----', end + 9);
    clean += `${text.slice(at, found.index)}${redacted}`;
    at = close === -1 ? Math.min(text.length, found.index + 20_000) : close + 5;
    begin.lastIndex = at;
  }
  return clean + text.slice(at);
}

/**
 * Replaces every given secret, in whatever common encoding, and everything with the shape of a known token by
 * `[redacted]`. Secrets shorter than 6 characters are not sought: they would erase ordinary words.
 */
export function redact(text: string, secrets: readonly string[] = []): string {
  const forms = new Set<string>();
  for (const secret of secrets) {
    for (const value of new Set([secret, secret.trim()]))
      if (value.length >= 6) for (const form of formsOf(value)) forms.add(form);
  }
  let clean = text;
  // Longest first, so that a form that holds another leaves no rest.
  for (const form of [...forms].sort((a, b) => b.length - a.length || (a < b ? -1 : 1))) clean = clean.replaceAll(form, redacted);
  clean = redactKeys(clean);
  for (const shape of tokenShapes) clean = clean.replace(shape, redacted);
  for (const place of tokenPlaces) clean = clean.replace(place, `$1${redacted}`);
  return clean;
}

// ---------------------------------------------------------------------------------------------- sanitise

/** Elements that may stay; all attributes go. */
const allowedTag = /^<(\/?)(details|summary|br|sub|sup|kbd|b|i|em|strong)(?:\s+open)?\s*\/?>/i;
/** Accounts that read their orders even out of code. */
const robots =
  /@(?=(?:coderabbitai|dependabot|renovate|copilot|codex|claude|cursor|sourcery-ai|gemini-code-assist|greptileai|bors|mergifyio|k8s-ci-robot)\b)/gi;

export interface SanitiseOptions {
  /** The only issue that the text may close: its first line that is exactly `Closes #n` stays live. */
  closes?: number;
  /** Logins and teams that may be notified, without `@`. */
  mentions?: readonly string[];
}

interface Clean {
  options: SanitiseOptions;
  fence: { marker: string; indent: number } | undefined;
  /** Raw HTML until the next blank line: Markdown's backticks mean nothing in it. */
  html: boolean;
  closed: boolean;
  /** Elements that are open. */
  open: string[];
}

/** Links and numbers of issues and changes, and (captured) logins and teams after an `@` that is not part of an address. */
const acted = new RegExp(
  [
    String.raw`\bhttps?:\/\/[\w.-]{1,100}\/[\w.-]{1,100}\/[\w.-]{1,100}\/(?:-\/)?(?:issues|pulls?|discussions|merge_requests)\/\d{1,10}[^\s\`<>()[\]"']{0,100}`,
    String.raw`(?:\b[\w.-]{1,100}\/[\w.-]{1,100})?#\d{1,10}\b`,
    String.raw`\bGH-\d{1,10}\b`,
    String.raw`(?<![A-Za-z0-9])@([A-Za-z0-9][A-Za-z0-9-]{0,100}(?:\/[A-Za-z0-9_.-]{1,100})?)`,
  ].join('|'),
  'gi',
);
const slashCommand = /^([ \t]{0,40}(?:>[ \t]{0,10}){0,10}(?:(?:[-*+]|\d{1,9}[.)])[ \t]{1,10})?)(\/[A-Za-z][\w-]{0,60})(?![\w/])/;
/** Longer runs than a person writes are text: the closing fence has to fit behind a cut. */
const fenceStart = /^([ \t]*)(`{3,20}(?=[^`]*$)|~{3,20}(?!~))[ \t]*([\w+#.-]*)/;
const maxOpen = 50;

/** Puts what a forge would act on into code, so that only people read it. */
function quoteLive(prose: string, clean: Clean): string {
  if (!/[@#\\!&]|GH-|:\/\//i.test(prose)) return prose;
  const plain = decodePlainReferences(prose)
    .replace(/\\+([@#/])?/g, (whole, escaped?: string) => escaped ?? whole)
    .replace(/!(?=\[)/g, '');
  return plain.replace(acted, (whole: string, name?: string) => {
    if (name !== undefined && clean.options.mentions?.includes(name) === true) return whole;
    return clean.html ? `<code>${whole}</code>` : `\`${whole}\``;
  });
}

/** Code is inert but for programs that search the raw text. */
function quietCode(code: string): string {
  return code.replaceAll('<!--', '<! --').replace(robots, '@\u200B');
}

/** Keeps a harmless tag and the balance of open elements; everything else becomes text. */
function readMarkup(rest: string, clean: Clean): { written: string; length: number } {
  const match = allowedTag.exec(rest.slice(0, 40));
  const escaped = { written: /^<[A-Za-z/!?]/.test(rest.slice(0, 2)) ? '&lt;' : '<', length: 1 };
  if (match === null) return escaped;
  const name = (match[2] ?? '').toLowerCase();
  const written = `<${match[1] ?? ''}${name}>`;
  if (name === 'br') return { written: '<br>', length: match[0].length };
  if (match[1] === '/') {
    const at = clean.open.lastIndexOf(name);
    if (at === -1) return escaped;
    clean.open.splice(at, 1);
  } else if (clean.open.length < maxOpen) clean.open.push(name);
  else return escaped;
  return { written, length: match[0].length };
}

/** One line outside fences. Backticks that open no span on this line are escaped: they could pair with ours. */
function cleanProse(line: string, clean: Clean): string {
  const spanEnd = spanEnds(line);
  const special = /[\\`<]/g;
  let written = '';
  let prose = '';
  let i = 0;
  const flush = () => {
    written += quoteLive(prose, clean);
    prose = '';
  };
  while (i < line.length) {
    special.lastIndex = i;
    const next = special.exec(line)?.index ?? line.length;
    prose += line.slice(i, next);
    i = next;
    const character = line.charAt(i);
    if (character === '\\') {
      prose += line.slice(i, i + 2);
      i += 2;
    } else if (character === '`') {
      let run = i;
      while (line.charAt(run) === '`') run += 1;
      const end = clean.html ? -1 : spanEnd(run, run - i);
      const span = end === -1 ? '' : line.slice(i, end + run - i);
      // A table cell ends at a bar even inside backticks.
      const whole = span !== '' && !(span.includes('|') && /[@#]|GH-|:\/\//i.test(span));
      flush();
      if (whole) written += quietCode(span);
      else written += clean.html ? line.slice(i, run) : '\\`'.repeat(run - i);
      i = whole ? i + span.length : run;
    } else if (character === '<') {
      flush();
      const markup = readMarkup(line.slice(i, i + 40), clean);
      written += markup.written;
      i += markup.length;
    }
  }
  flush();
  return written;
}

function cleanLine(line: string, clean: Clean): string {
  const { fence } = clean;
  if (fence !== undefined) {
    const bare = line.trim();
    if (bare.length >= fence.marker.length && bare === fence.marker.charAt(0).repeat(bare.length)) {
      clean.fence = undefined;
      return fence.marker;
    }
    const inner = line.slice(Math.min(fence.indent, line.length - line.trimStart().length));
    // Some programs obey commands at the start of a line even in code.
    return quietCode(/^\/[A-Za-z][\w-]*(?:\s|$)/.test(inner) ? ` ${inner}` : inner);
  }
  if (line === '') {
    clean.html = false;
    return '';
  }
  const opened = fenceStart.exec(line);
  if (opened !== null) {
    const [, indent = '', marker = '', language = ''] = opened;
    clean.fence = { marker, indent: indent.length };
    const written = `${marker}${language}`;
    // In the first column and after a blank line every reader agrees that this is a fence.
    const apart = clean.html ? `\n${written}` : written;
    clean.html = false;
    return apart;
  }
  if (line.trim() === '') clean.html = false;
  else if (allowedTag.test(line.trimStart().slice(0, 40))) clean.html = true;
  if (!clean.closed && !clean.html && line === `Closes #${clean.options.closes}`) {
    clean.closed = true;
    return line;
  }
  const command = slashCommand.exec(line);
  if (command === null) return cleanProse(line, clean);
  const [whole, lead = '', name = ''] = command;
  const quoted = clean.html ? `<code>${name}</code>` : `\`${name}\``;
  return `${cleanProse(lead, clean)}${quoted}${cleanProse(line.slice(whole.length), clean)}`;
}

/**
 * Makes Markdown from an untrusted source inert: nobody is notified, no issue but `closes` is closed or referenced, no
 * command of another program is given, no element hides or swallows what follows, no image is loaded. Code fences are
 * moved to the first column and closed, so that no two readers disagree about where code is.
 */
export function sanitise(markdown: string, options: SanitiseOptions = {}): string {
  const text = stripInvisibleReferences(stripInvisible(markdown).text).text;
  const clean: Clean = { options, fence: undefined, html: false, closed: false, open: [] };
  const lines = text.split('\n').map((line) => cleanLine(line, clean));
  if (clean.fence !== undefined) lines.push(clean.fence.marker);
  const unclosed = clean.open.reverse().map((name) => `</${name}>`);
  if (unclosed.length > 0) lines.push('', unclosed.join(''));
  return lines.join('\n');
}

// ---------------------------------------------------------------------------------------------- cap

/** The longest start of at most `max` UTF-16 units that splits no character. */
function startOf(text: string, max: number): string {
  if (text.length <= max) return text;
  const last = text.charCodeAt(max - 1);
  return text.slice(0, last >= 0xd800 && last <= 0xdbff ? max - 1 : max);
}

/** Cuts at a line end where one is near, and never inside a code span, where the rest would come alive. */
function cutMarkdown(text: string, max: number): string {
  const start = startOf(text, max);
  const lineEnd = start.lastIndexOf('\n');
  if (lineEnd > max - 4_000 && lineEnd > max / 2) return start.slice(0, lineEnd);
  const open = (start.slice(lineEnd + 1).match(/`/g) ?? []).length % 2 === 1;
  return open ? start.slice(0, start.lastIndexOf('`')) : start;
}

/** What has to follow a cut text so that nothing stays open. */
function closings(text: string): string {
  let fence = '';
  let open = 0;
  for (const line of text.split('\n')) {
    const mark = /^ {0,3}(`{3,}|~{3,})/.exec(line)?.[1] ?? '';
    if (fence === '') {
      fence = mark;
      open += (line.match(/<details/g) ?? []).length - (line.match(/<\/details>/g) ?? []).length;
    } else if (mark.startsWith(fence) && line.trim() === mark) fence = '';
  }
  return `${fence === '' ? '' : `\n${fence}`}${'\n\n</details>'.repeat(Math.min(Math.max(open, 0), maxOpen))}`;
}

/**
 * At most `maxChars` UTF-16 units (which is never less than the characters that a forge counts), with a note of how
 * much was cut. Never splits a character; closes the fence and the details that the cut leaves open.
 */
export function cap(text: string, maxChars: number): string {
  if (text.length <= maxChars) return text;
  const reserve = 100 + 2_000 * Number(text.includes('<details'));
  if (maxChars < 2 * reserve) return startOf(text, maxChars);
  const kept = cutMarkdown(text, maxChars - reserve);
  const cut = (text.length - kept.length).toLocaleString('en-US');
  return `${kept}${closings(kept)}\n\n… ${cut} more characters were cut here.`;
}

/** One line of plain text for titles and commit subjects: no control characters, nothing a forge acts on. */
export function oneLine(text: string, maxChars = 256): string {
  const plain = decodePlainReferences(stripInvisible(text).text)
    .replace(/\s+/g, ' ')
    .trim()
    .slice(0, 4 * maxChars)
    .replace(acted, (whole: string, name?: string) => {
      if (name !== undefined) return `@ ${name}`;
      return `no. ${/\d+(?!.*\/\d)/.exec(whole.replace(/^.*(?:#|GH-|\/)(?=\d)/i, ''))?.[0] ?? ''}`;
    });
  return plain.length <= maxChars ? plain : `${startOf(plain, maxChars - 1).trimEnd()}…`;
}

/** Makes lines of a log inert for the runner of GitHub Actions, which obeys `::command::` and `##[command]`. */
export function defuseWorkflowCommands(text: string): string {
  return text
    .replace(/\r\n?/g, '\n')
    .replace(/^(?=[^\S\n]{0,1000}::)/gm, '| ')
    .replaceAll('##[', '## [');
}

/** `1 test`, `2 tests`: for nouns that only take an s. */
export function count(n: number, noun: string): string {
  return `${n} ${noun}${n === 1 ? '' : 's'}`;
}

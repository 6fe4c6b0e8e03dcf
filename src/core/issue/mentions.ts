import { repoLikePath } from './frames.ts';

/** A file that the text names. */
export interface FileMention {
  /** Repo-like, forward slashes; may be only the end of a path. */
  path: string;
  line?: number;
  endLine?: number;
}

const maxMentions = 200;
const extensions =
  'ts|tsx|mts|cts|js|jsx|mjs|cjs|vue|svelte|astro|py|pyx|pyi|ipynb|go|rs|java|kt|kts|scala|groovy|clj|rb|rake|erb|php|phtml|cs|fs|vb|c|h|cc|cpp|cxx|hh|hpp|m|mm|swift|dart|ex|exs|erl|hs|ml|lua|pl|pm|r|jl|sh|bash|ps1|sql|graphql|proto|css|scss|less|html|hbs|ejs|json|yaml|yml|toml|xml|ini|cfg|conf|md|mdx|rst|txt|gradle|cmake|tf';
const knownFile = new RegExp(`\\.(?:${extensions})$`, 'i');
const permalink =
  /^https?:\/\/[^/]+\/(?:[^/]+\/){2,6}?(?:-\/)?(?:blob|blame|raw|tree|src\/branch|src\/commit)\/[^/]+\/([^#?]+)(?:\?[^#]*)?(?:#(?:L|lines-)(\d{1,9})(?:C\d+)?(?:-(?:L|:)?(\d{1,9})(?:C\d+)?)?)?/;
const located = /^(.+?\.\w{1,8})(?::(\d{1,9})(?:[:-](\d{1,9}))?|#L(\d{1,9})(?:-L?(\d{1,9}))?)?:?$/;

function mention(path: string, line: string | undefined, endLine: string | undefined): FileMention {
  const from = line === undefined ? undefined : Number(line);
  const to = endLine === undefined ? undefined : Number(endLine);
  return {
    path,
    ...(from === undefined ? {} : { line: from }),
    ...(to === undefined || from === undefined || to < from ? {} : { endLine: to }),
  };
}

function readUrl(token: string): FileMention | undefined {
  const match = permalink.exec(token);
  if (match === null) return undefined;
  let path = match[1] ?? '';
  try {
    path = decodeURIComponent(path);
  } catch {
    // A broken escape stays as written.
  }
  return knownFile.test(path) || match[2] !== undefined ? mention(path, match[2], match[3]) : undefined;
}

function readToken(token: string, after: string): FileMention | undefined {
  if (/^https?:\/\//.test(token)) return readUrl(token);
  if (token.includes('://') && !/^(?:file|webpack)/.test(token)) return undefined;
  const match = located.exec(token);
  if (match === null) return undefined;
  const written = match[1] ?? '';
  if (!knownFile.test(written) || !/[A-Za-z_]/.test(written.slice(0, written.lastIndexOf('.')))) return undefined;
  const path = repoLikePath(written);
  // Product names such as `Node.js` and `Next.js` look like files.
  if (!path.includes('/') && match[2] === undefined && match[4] === undefined && /^[A-Z]\w*\.js$/.test(path)) return undefined;
  // `src/a.ts:10-20` is a range, `src/a.ts:10:5` a column.
  const range = /:\d+-\d+:?$/.test(token) ? match[3] : undefined;
  const called =
    /^\((\d{1,9})(?:,\s?\d{1,9})?\)/.exec(after)?.[1] ?? /^["'`]?,? (?:on |at )?line[s]? (\d{1,9})/i.exec(after)?.[1];
  return mention(path, match[2] ?? match[4] ?? called, range ?? match[5]);
}

/** Files named anywhere in the text: `src/a.ts:12`, `src/a.ts(12,5)`, permalinks with `#L12-L20`, plain names in prose. */
export function readMentions(text: string): FileMention[] {
  const mentions = new Map<string, FileMention>();
  for (const found of text.matchAll(/[^\s"'`<>|,;(){}=*]+/g)) {
    let token = found[0];
    if (token.length > 500 || !token.includes('.')) continue;
    if (token.startsWith('[') && token.includes(']')) token = token.replace(/^\[([^\]]*)\].*$/, '$1');
    token = token.replace(/^[[@!?]+(?=[\w./~])/, (lead) => (lead.startsWith('@') ? lead : '')).replace(/[.!?\]:]+$/, '');
    const end = found.index + found[0].length;
    const seen = readToken(token, text.slice(end, end + 40));
    if (seen === undefined) continue;
    const key = `${seen.path}\0${seen.line ?? ''}`;
    if (!mentions.has(key)) mentions.set(key, seen);
    if (mentions.size >= maxMentions) break;
  }
  return [...mentions.values()];
}

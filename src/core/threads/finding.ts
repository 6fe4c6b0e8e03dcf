import { readSuggestions, type SuggestionBlock } from '../suggestion.ts';

/** What a review comment says once the wrapping of the program that wrote it is off. */
export interface Finding {
  /** Whose format it is; a person writes plain Markdown. */
  format: 'coderabbit' | 'copilot' | 'plain';
  severity?: 'critical' | 'major' | 'minor' | 'trivial' | 'info';
  /** The finding itself, Markdown, still the words of a stranger. */
  text: string;
  /** A change proposed as a diff, where there is one. */
  proposed?: string;
  suggestions: SuggestionBlock[];
  /** The reviewer says itself that a commit dealt with it. */
  addressedIn?: string;
}

/** Longest comment that is looked into; forges allow 65,536 characters. */
const longest = 70_000;

const severities: readonly [RegExp, NonNullable<Finding['severity']>][] = [
  [/critical/i, 'critical'],
  [/major|high/i, 'major'],
  [/minor|medium/i, 'minor'],
  [/trivial|nitpick|low/i, 'trivial'],
  [/info/i, 'info'],
];

/** Folded parts that are about the reviewer's own work. */
const noise =
  /tools|learnings|code graph|analysis chain|script executed|verification|prompt for|context used|additional context|web query|finishing touches|path instructions|review details|comments? suppressed/i;
/** Folded parts that hold the proposed change. */
const proposal = /proposed|suggested|committable|suggestion|fix|diff|refactor/i;

/** Reads the comment of a person, of CodeRabbit or of Copilot. Unknown wrapping stays: better too much than a lost finding. */
export function readFinding(body: string): Finding {
  const raw = body.slice(0, longest).replaceAll('\r\n', '\n');
  const coderabbit = /auto-generated comment by CodeRabbit|fingerprinting:|<!-- suggestion_start -->|Prompt for AI Agents/i.test(
    raw,
  );
  const suggestions = readSuggestions(raw);
  const visible = dropComments(raw);
  if (!coderabbit) {
    const nit = /^\s*\[nit(?:pick)?\]/i.test(visible);
    return {
      format: nit ? 'copilot' : 'plain',
      ...(nit ? { severity: 'trivial' as const } : {}),
      text: dropSuggestions(visible),
      suggestions,
    };
  }
  const { text, diffs } = unfold(visible);
  const { severity, rest } = readSeverity(text);
  const addressed = /✅ Addressed in commits? ([0-9a-f]{7,40})/.exec(rest)?.[1];
  const plain = dropSuggestions(rest.replace(/^✅ Addressed in commits? .*$/gm, ''));
  return {
    format: 'coderabbit',
    ...(severity === undefined ? {} : { severity }),
    text: plain,
    ...(diffs.length === 0 ? {} : { proposed: diffs.join('\n') }),
    suggestions,
    ...(addressed === undefined ? {} : { addressedIn: addressed }),
  };
}

/** HTML comments are invisible to whoever reads the page: fingerprints, states, and hiding places. */
function dropComments(text: string): string {
  let visible = '';
  let at = 0;
  for (;;) {
    const start = text.indexOf('<!--', at);
    if (start < 0) return visible + text.slice(at);
    visible += text.slice(at, start);
    const end = text.indexOf('-->', start + 4);
    if (end < 0) return visible;
    at = end + 3;
  }
}

/** `_⚠️ Potential issue_ | _🟠 Major_`: the line that opens a finding. */
function readSeverity(text: string): { severity?: Finding['severity']; rest: string } {
  const [first = '', ...others] = text.trimStart().split('\n');
  if (!/^_[^_]{1,60}_(?:\s*\|\s*_[^_]{1,60}_)*\s*$/.test(first)) return { rest: text };
  const parts = first.split('|').toReversed();
  const severity = parts.flatMap((part) => severities.find(([word]) => word.test(part))?.[1] ?? []).at(0);
  return severity === undefined ? { rest: others.join('\n') } : { severity, rest: others.join('\n') };
}

/** Takes folded parts apart: proposals give their diffs, noise goes, the rest stays as text. */
function unfold(text: string): { text: string; diffs: string[] } {
  const kept: string[] = [];
  const diffs: string[] = [];
  const stack: { summary: string; lines: string[] }[] = [];
  let fence = '';
  for (const line of text.split('\n')) {
    const mark = /^\s{0,3}(`{3,}|~{3,})/.exec(line)?.[1] ?? '';
    if (fence === '' && mark !== '') fence = mark;
    else if (fence !== '' && mark.startsWith(fence) && line.trim() === mark) fence = '';
    const inside = fence !== '' || mark !== '';
    if (!inside && /<details>/i.test(line)) stack.push({ summary: summaryOf(line), lines: [] });
    else if (!inside && /<\/details>/i.test(line)) close();
    else if (!inside && stack.length > 0 && /<summary>/i.test(line)) stack.at(-1)!.summary ||= summaryOf(line);
    else (stack.at(-1)?.lines ?? kept).push(line);
  }
  while (stack.length > 0) close();
  return { text: kept.join('\n'), diffs };

  function close(): void {
    const part = stack.pop();
    if (part === undefined || noise.test(part.summary)) return;
    const outer = stack.at(-1)?.lines ?? kept;
    if (proposal.test(part.summary)) diffs.push(...diffsOf(part.lines.join('\n')));
    else outer.push(...(part.summary === '' ? [] : [`**${part.summary}**`]), ...part.lines);
  }
}

function summaryOf(line: string): string {
  return (/<summary>(.*?)(?:<\/summary>|$)/i.exec(line)?.[1] ?? '').replace(/<[^>]{0,50}>/g, '').trim();
}

function diffsOf(text: string): string[] {
  return [...text.matchAll(/^```diff\n([\s\S]*?)^```/gm)].map(([, diff = '']) => diff.trimEnd());
}

/** Without suggestion blocks, which are kept as edits. */
function dropSuggestions(text: string): string {
  let fence = '';
  const lines = text.split('\n').filter((line) => {
    if (fence === '') {
      fence = /^ {0,3}(`{3,}|~{3,})[ \t]*suggestion\b/.exec(line)?.[1] ?? '';
      return fence === '';
    }
    const bare = line.trim();
    if (bare.length >= fence.length && bare === fence.charAt(0).repeat(bare.length)) fence = '';
    return false;
  });
  return lines
    .join('\n')
    .replaceAll(/\n{3,}/g, '\n\n')
    .trim();
}

import type { Issue } from './types.ts';
import { readErrors, type ReportedError } from './issue/errors.ts';
import { readFrames, traceLines, type Frame } from './issue/frames.ts';
import { stripInvisible } from './issue/invisible.ts';
import { readMentions, type FileMention } from './issue/mentions.ts';
import { readSections } from './issue/sections.ts';
import { readSeverity, type Severity } from './issue/severity.ts';
import { readSymbols } from './issue/symbols.ts';
import { readVisible, type CodeBlock, type HiddenKind } from './issue/visible.ts';

export type { Frame };

/** Everything that can be read out of a bug report without a model. All of it is data from a stranger. */
export interface BugReport {
  title: string;
  /** What a person sees of the body; hidden text is gone. At most 1 MB. */
  text: string;
  /** Passages that were removed, by kind, sorted by kind. */
  hidden: { kind: HiddenKind; count: number }[];
  /** In the order of the text. */
  frames: Frame[];
  /** The error a person would name: the outermost of a chain. */
  error?: ReportedError;
  /** The innermost cause, where the report shows a chain. */
  cause?: ReportedError;
  mentions: FileMention[];
  steps: string[];
  expected?: string;
  actual?: string;
  severity: Severity;
  codeBlocks: CodeBlock[];
  /** Names of the program, most telling first. */
  symbols: string[];
}

/** Longer bodies are read up to here; forges allow 65,536 characters. */
const maxBody = 1_000_000;

function withoutBlocks(text: string, blocks: readonly CodeBlock[]): string {
  let prose = '';
  let at = 0;
  for (const block of blocks) {
    prose += text.slice(at, block.offset);
    at = Math.max(at, Math.min(text.length, block.offset + block.content.length));
  }
  return prose + text.slice(at);
}

/** Reads a bug report. Pure, total, and linear in the length of the text. */
export function readReport(issue: Issue): BugReport {
  const title = stripInvisible(issue.title.slice(0, 2_000));
  const { text, hidden, codeBlocks } = readVisible(issue.body.slice(0, maxBody));
  const lines = traceLines(text);
  const frames = readFrames(lines);
  const counts = new Map<HiddenKind, number>(hidden.map(({ kind, count }) => [kind, count]));
  for (const [kind, count] of title.counts) counts.set(kind, (counts.get(kind) ?? 0) + count);
  const line = title.text.replace(/\s+/g, ' ').trim();
  const prose = withoutBlocks(text, codeBlocks);
  return {
    title: line,
    text,
    hidden: [...counts].map(([kind, count]) => ({ kind, count })).sort((a, b) => a.kind.localeCompare(b.kind)),
    frames,
    ...readErrors(lines, line),
    mentions: readMentions(`${line}\n${text}`),
    ...readSections(text),
    severity: readSeverity(line, prose, issue.labels ?? []),
    codeBlocks,
    symbols: readSymbols(line, prose, codeBlocks, frames),
  };
}

/** Hidden passages removed, in all. */
export function countHidden(report: BugReport): number {
  return report.hidden.reduce((sum, { count }) => sum + count, 0);
}

import type { BugReport } from '../issue.ts';

/** What a line of a report is about; templates and pasted settings name much that has nothing to do with the bug. */
export type LineKind = 'prose' | 'code' | 'outcome' | 'setup';

/** A heading that asks for versions, settings, or the like. */
const setupHeading =
  /\b(?:config(?:uration)?|environment|versions?|system info(?:rmation)?|platform|operating system|parser|settings|installed packages|dependencies|hardware)\b/i;
const outcomeHeading =
  /\b(?:expect(?:ed)?|actual(?:ly)?|happen(?:s|ed|ing)?|current(?:ly)?|observed|output|result|description|summary|traceback|error|problem)\b/i;
/** Sections: `## Title`, `**Title**`, or a question or request of a template. */
const marked = /^ {0,3}(?:#{1,6}\s+|\*\*|__|\d+[.)]\s+\*\*)\S/;
const asked =
  /^\W{0,6}(?:what|which|how|please|describe|tell us|are you|do you|does this|did you|steps|expected|actual|current|observed|your|additional|version|configuration|environment|output)\b.{0,120}$/i;
const closed = /[:?.]\s*(?:\*\*|__)?\s*$|^[A-Z][\w ]{2,40}$/;

/** `"no-var": 2,` and `Node version: 8.1.4`. */
const setting =
  /^\s*(?:\/\/\s*)?["'][\w@/.-]{1,60}["']\s*:\s*(?:[\d[{"']|true|false|null)|^\W{0,6}[\w .()/-]{1,40}[:=]?\s*v?\d{1,4}(?:\.\d+){1,4}\S{0,20}\s*$/;
const code =
  /[;{}]\s*$|^\s{4,}\S|^\s*(?:>>>|\.\.\.\s|In \[|Out\[|\$ |%|import |from \S+ import|var |let |const |function\b|def |class \w+[^.]*[:{(]|@\w|return |if \(|for \(|\/\/|\/\*|at \S+|File ")|=>|^\s*[\w.$]+\([^)]*\)\s*$|^\s*[\w.]+ = /;
const failure =
  /\b(?:[A-Z]\w*(?:Error|Exception|Warning)\b|error|fails?|failed|crash(?:es|ed)?|wrong(?:ly)?|incorrect(?:ly)?|unexpected(?:ly)?|instead of|should(?:n't| not)?|does ?n[o']t|cannot|can't|raises?|throws?)\b/i;

const dataLanguages = new Set(['json', 'json5', 'jsonc', 'yaml', 'yml', 'toml', 'ini', 'cfg']);
const maxText = 50_000;

/** A heading or question of a template, which is no title of a bug. */
export function isTemplate(line: string): boolean {
  if (/^\W{0,6}(?:tell us|please (?:show|describe|include|provide))\b/i.test(line)) return true;
  return asked.test(line) && (setupHeading.test(line) || /\byou\b|\bhappen/i.test(line)) && /[:?]\s*(?:\*\*|__)?\s*$/.test(line);
}

/** Lines of the report by what they are about. */
export function sortLines(report: BugReport): Record<LineKind, string> {
  const text = report.text.slice(0, maxText);
  const sorted: Record<LineKind, string[]> = { prose: [], code: [], outcome: [], setup: [] };
  const traced = [...new Set(report.frames.flatMap(({ file }) => file ?? []))].filter((file) => file.length > 3);
  let section: 'setup' | 'outcome' | 'other' = 'other';
  let offset = 0;
  let depth = 0;
  for (const line of text.split('\n')) {
    const at = offset;
    offset += line.length + 1;
    // A trace names many files and says of one only that it is guilty: its places are a sign of their own.
    if (traced.some((file) => line.includes(file))) {
      const name = report.frames.find(({ file }) => file !== undefined && line.includes(file))?.function;
      if (name !== undefined) sorted.code.push(name);
      continue;
    }
    const block = report.codeBlocks.find(({ offset: start, content }) => at >= start && at < start + content.length);
    if (block !== undefined) {
      sorted[section === 'setup' || dataLanguages.has(block.language) ? 'setup' : 'code'].push(line);
      continue;
    }
    const isHeading =
      line.length < 140 &&
      !code.test(line) &&
      (marked.test(line) || (asked.test(line) && (closed.test(line) || section === 'setup')));
    if (isHeading) {
      section = setupHeading.test(line) ? 'setup' : outcomeHeading.test(line) ? 'outcome' : 'other';
      depth = 0;
      // What a template asks says nothing; an answer may follow on the same line.
      const answer = /[?:]\s+(\S.*)$/.exec(line)?.[1];
      if (section === 'setup' && answer !== undefined) sorted.setup.push(answer);
      else if (!isTemplate(line)) sorted.prose.push(line);
      continue;
    }
    if (setting.test(line)) sorted.setup.push(line);
    else if (section === 'setup') {
      sorted.setup.push(line);
      depth += line.split(/[{[]/).length - line.split(/[}\]]/).length;
      // Settings end with their last bracket; what follows is told by its own look.
      if (depth <= 0 && /[}\]]/.test(line)) section = 'other';
    } else if (code.test(line)) sorted.code.push(line);
    else if (section === 'outcome' || failure.test(line)) sorted.outcome.push(line);
    else sorted.prose.push(line);
  }
  return {
    prose: sorted.prose.join('\n'),
    code: sorted.code.join('\n'),
    outcome: sorted.outcome.join('\n'),
    setup: sorted.setup.join('\n'),
  };
}

/** What the reporter says about how to see the bug, what should happen, and what happens. */
export interface Sections {
  steps: string[];
  expected?: string;
  actual?: string;
}

type Part = 'steps' | 'expected' | 'actual' | 'other';

const names: readonly (readonly [Exclude<Part, 'other'>, RegExp])[] = [
  [
    'steps',
    /^(?:(?:detailed |minimal )?steps(?: (?:to|for) .{0,40})?|(?:how )?to reproduce(?: .{0,40})?|reproduc(?:tion|ing|e)(?: .{0,30})?|repro(?: steps)?|how can (?:we|i) reproduce.{0,40})$/i,
  ],
  [
    'expected',
    /^(?:expected(?: (?:behaviou?r|results?|output|outcome))?|what (?:did you|you|do you|i|should|is the) ?(?:expect|happen|expected).{0,50}|what (?:is|was) expected.{0,30}|should (?:be|happen))$/i,
  ],
  [
    'actual',
    /^(?:actual(?:ly)?(?: (?:behaviou?r|results?|output|outcome))?|current(?: (?:behaviou?r|results?|output))?|observed(?: .{0,30})?|what (?:actually |happened|happens|happen|is happening|do you see|did you see|went wrong|i see|i get).{0,50}|what (?:is|was) the (?:bug|current).{0,40}|got)$/i,
  ],
];

function partOf(heading: string): Part {
  const clean = heading
    .replace(/[*_#:?.!]|\p{Extended_Pictographic}|\uFE0F/gu, ' ')
    .replace(/\s+/g, ' ')
    .trim();
  if (clean.length > 90) return 'other';
  return names.find(([, pattern]) => pattern.test(clean))?.[0] ?? 'other';
}

/** A heading: `## Steps`, `**Steps**`, `Steps:` on its own, or underlined; with what follows on the same line. */
function readHeading(line: string, next: string): { part: Part; rest: string } | undefined {
  const marked = /^ {0,3}#{1,6}\s+(.{1,200}?)\s*#*$/.exec(line);
  if (marked !== null) return { part: partOf(marked[1] ?? ''), rest: '' };
  const bold = /^\s{0,3}(?:\d{1,2}[.)]\s+|[-*]\s+)?(?:\*\*|__)([^*_]{1,100})(?:\*\*|__)\s*:?\s*(.*)$/.exec(line);
  if (bold !== null) {
    const part = partOf(bold[1] ?? '');
    return part !== 'other' || (bold[2] ?? '') === '' ? { part, rest: bold[2] ?? '' } : undefined;
  }
  const inline = /^\s{0,3}([A-Za-z][A-Za-z /-]{2,60}):\s*(.*)$/.exec(line);
  if (inline !== null) {
    const part = partOf(inline[1] ?? '');
    return part === 'other' ? undefined : { part, rest: inline[2] ?? '' };
  }
  if (/^ {0,3}(?:=+|-{3,})\s*$/.test(next) && line.trim().length > 2) return { part: partOf(line), rest: '' };
  const part = line.length < 60 ? partOf(line) : 'other';
  return part === 'other' || !/\s|[?]/.test(line.trim()) ? undefined : { part, rest: '' };
}

const listItem = /^\s{0,12}(?:\d{1,3}[.)]|[-*+])\s+(?:\[[ x]\]\s+)?(.*)$/;

/** Items of a list with their continuation lines; without a list, each paragraph line is a step. */
function readSteps(lines: readonly string[]): string[] {
  const isList = lines.some((line) => listItem.test(line));
  const steps: string[] = [];
  let fenced = false;
  for (const line of lines) {
    const isFence = /^\s*(?:`{3,}|~{3,})/.test(line);
    const item = fenced || isFence ? null : listItem.exec(line);
    if (isFence) fenced = !fenced;
    if (item !== null) steps.push((item[1] ?? '').trim());
    else if (line.trim() === '') continue;
    else if (steps.length > 0 && (isList || fenced || isFence)) steps.push(`${steps.pop() ?? ''}\n${line.trim()}`);
    else steps.push(line.trim());
  }
  return steps.slice(0, 50).map((step) => step.slice(0, 1_000));
}

function readInline(text: string): { expected?: string; actual?: string } {
  const match =
    /\b[Ee]xpected:? ([^\n]{1,200}?)(?:,| —| -)? (?:but|and|instead)(?: it| we| I)? (?:got|get|gets|received|was|returns?|returned|saw|see):? ([^\n]{1,200})/.exec(
      text,
    );
  return match === null ? {} : { expected: (match[1] ?? '').trim(), actual: (match[2] ?? '').replace(/\.$/, '').trim() };
}

function isUnderline(line: string, before: string | undefined): boolean {
  return /^ {0,3}(?:=+|-{3,})\s*$/.test(line) && before !== undefined && before.trim() !== '';
}

export function readSections(text: string): Sections {
  const parts: Record<Part, string[]> = { steps: [], expected: [], actual: [], other: [] };
  const lines = text.split('\n');
  let part: Part = 'other';
  let fence = '';
  for (let i = 0; i < lines.length; i++) {
    const line = (lines[i] ?? '').slice(0, 2_000);
    if (line === '') {
      parts[part].push('');
      continue;
    }
    const mark = /^\s*(`{3,}|~{3,})/.exec(line)?.[1] ?? '';
    const heading = fence === '' && mark === '' ? readHeading(line, lines[i + 1] ?? '') : undefined;
    if (mark !== '') fence = fence === '' ? mark.charAt(0) : mark.startsWith(fence) ? '' : fence;
    if (heading === undefined) {
      if (!isUnderline(line, lines[i - 1])) parts[part].push(line);
    } else {
      part = heading.part;
      if (heading.rest !== '') parts[part].push(heading.rest);
    }
  }
  const inline = readInline(parts.other.join('\n').slice(0, 20_000));
  const expected = parts.expected.join('\n').trim().slice(0, 4_000) || inline.expected;
  const actual = parts.actual.join('\n').trim().slice(0, 4_000) || inline.actual;
  return {
    steps: readSteps(parts.steps),
    ...(expected === undefined ? {} : { expected }),
    ...(actual === undefined ? {} : { actual }),
  };
}

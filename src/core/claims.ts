import type { Reason } from './types.ts';

/**
 * What the text of a change claims, read back from its tables. A claim is kept as the words of its cells: both the text
 * and what is seen now go through the same reader, so that nothing has to be taken out of Markdown and put back.
 */
export interface BodyClaims {
  /** How often each side was seen, by the headline: `twice`. */
  seen: string | undefined;
  /** Tests from red to green: name, red runs, green runs. */
  failToPass: string[];
  /** Runs of the proof: side, tree, exit status. */
  runs: string[];
  /** Whole suite before and after. */
  suite: string[];
  /** Files of the change with their lines. */
  files: string[];
  /** Percent of lines before and after, where they were measured. */
  coverage: { before: number; after: number } | undefined;
}
export type ReadClaims = { ok: true; claims: BodyClaims } | { ok: false; why: string };

const headings = { proof: '### Proof', tests: '### Tests', files: '### Files modified' } as const;
/** Points of percent by which two measurements of the same coverage may differ. */
const coverageTolerance = 1;

/** Reads the claims of a pull request's text; `not ok` where there are none, or two that could contradict each other. */
export function readClaims(body: string): ReadClaims {
  const lines = body.replaceAll('\r\n', '\n').split('\n');
  const sections = new Map<string, string[]>();
  for (const heading of Object.values(headings)) {
    const at = lines.flatMap((line, index) => (line.trim() === heading ? [index] : []));
    if (at.length > 1) return { ok: false, why: `the text has ${at.length} sections “${heading.slice(4)}”` };
    const start = at[0] ?? lines.length;
    const length = lines.slice(start + 1).findIndex((line) => /^#{1,3} /.test(line));
    sections.set(heading, lines.slice(start + 1, length < 0 ? undefined : start + 1 + length));
  }
  const proof = tablesOf(sections.get(headings.proof) ?? []);
  const [failToPass, runs] = proof;
  if (failToPass === undefined || runs === undefined) return { ok: false, why: 'the text holds no proof' };
  const [suite = []] = tablesOf(sections.get(headings.tests) ?? []);
  const [files = []] = tablesOf(sections.get(headings.files) ?? []);
  const [, before, after] =
    /^Line coverage: (\d{1,3}(?:\.\d{1,6})?) % → (\d{1,3}(?:\.\d{1,6})?) %\.$/m.exec(
      (sections.get(headings.tests) ?? []).join('\n'),
    ) ?? [];
  return {
    ok: true,
    claims: {
      seen: /\*\*Proven\*\*: red on the old source and green on the new one, each seen ([\w ]{1,20})\./.exec(body)?.[1],
      // What a red run said may hold times and paths of the machine; how long a run took, and with which files of the runner, is nobody's claim.
      failToPass: failToPass.map((cells) => join(cells.slice(0, 3))),
      runs: runs.map(([side = '', tree = '', , exit = '']) => join([side, tree, exit])),
      suite: suite.map(join),
      files: files.map(join),
      coverage: before === undefined || after === undefined ? undefined : { before: Number(before), after: Number(after) },
    },
  };
}

const join = (cells: readonly string[]): string => cells.join(' | ');

/** Rows of each table, without its head; a bar inside a code span is escaped by whoever wrote it. */
function tablesOf(lines: readonly string[]): string[][][] {
  const tables: string[][][] = [];
  let inTable = false;
  for (const [index, line] of lines.entries()) {
    if (!line.startsWith('|')) {
      inTable = false;
    } else if (/^\|(?:-{3,}\|)+$/.test(line.trim()) && lines[index - 1]?.startsWith('|') === true) {
      tables.push([]);
      inTable = true;
    } else if (inTable) {
      const cells = line
        .trim()
        .slice(1, -1)
        .split(/(?<!\\)\|/);
      tables.at(-1)?.push(cells.map((cell) => cell.trim()));
    }
  }
  return tables;
}

/** What the text claims and was not seen. */
export function compareBody(claimed: BodyClaims, seen: BodyClaims): Reason[] {
  const reasons: Reason[] = [];
  const differ = (what: string, then: string, now: string): void => {
    if (then !== now) {
      const message = `${what}: the text says “${clip(then)}”, seen now “${clip(now)}”`;
      reasons.push({ code: 'verify.claim_mismatch', message });
    }
  };
  differ('how often the proof was seen', claimed.seen ?? 'nothing', seen.seen ?? 'nothing');
  for (const [what, key] of [
    ['tests from red to green', 'failToPass'],
    ['runs of the proof', 'runs'],
    ['whole suite', 'suite'],
    ['files', 'files'],
  ] as const) {
    const [then, now] = [claimed[key].toSorted(), seen[key].toSorted()];
    differ(what, then.filter((row) => !now.includes(row)).join('; '), now.filter((row) => !then.includes(row)).join('; '));
    if (then.length !== now.length) differ(`number of ${what}`, `${then.length}`, `${now.length}`);
  }
  const [then, now] = [claimed.coverage, seen.coverage];
  if (then !== undefined && now !== undefined) {
    const far = Math.abs(then.before - now.before) > coverageTolerance || Math.abs(then.after - now.after) > coverageTolerance;
    if (far) differ('line coverage', `${then.before} → ${then.after}`, `${now.before} → ${now.after}`);
  }
  return reasons;
}

function clip(text: string): string {
  return text.length <= 200 ? text : `${text.slice(0, 199)}…`;
}

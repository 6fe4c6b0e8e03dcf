import type { Coverage, RepoPath } from './types.ts';

/** Spectrum-based fault localization: the lines that red tests execute and green ones do not are suspicious. */

/** A place in the source with how suspicious it is, 0 to 1. */
export interface RankedLine {
  path: RepoPath;
  line: number;
  score: number;
  why: string;
}

/** A line of a stack trace inside the repository, innermost first in a list. */
export interface Frame {
  path: RepoPath;
  line: number;
}

/**
 * Ochiai's coefficient: `ef / sqrt((ef + nf) * (ef + ep))`, 0 to 1, where `ef` and `nf` count the failing runs that
 * execute a line or not, and `ep` the passing runs that execute it. Abreu, Zoeteweij and van Gemund, "On the Accuracy
 * of Spectrum-based Fault Localization", TAICPART 2007.
 */
export function ochiai(counts: { ef: number; nf: number; ep: number }): number {
  const { ef, nf, ep } = counts;
  return ef === 0 ? 0 : ef / Math.sqrt((ef + nf) * (ef + ep));
}

const keyOf = (path: RepoPath, line: number): string => `${path}\0${line}`;

function countExecutions(runs: readonly Coverage[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const { files } of runs) {
    for (const { path, executed } of files) {
      for (const line of executed) counts.set(keyOf(path, line), (counts.get(keyOf(path, line)) ?? 0) + 1);
    }
  }
  return counts;
}

/** Suspiciousness that a frame adds by its depth. */
const frameScore = (depth: number): number => 0.9 / (1 + depth * 0.5);

/** Where only the file is known, every line of it is a little suspicious; later suspects less. */
const suspectScore = (index: number): number => 0.3 / (1 + index);

/**
 * Lines by suspiciousness, best first. `frames` are of the red test's failure; `suspects` matter only where there is
 * neither coverage nor a frame. `accept` keeps tests and foreign files out.
 */
export function rankLines(evidence: {
  failing: readonly Coverage[];
  passing: readonly Coverage[];
  frames: readonly Frame[];
  /** Lines to fall back on, by likely file, best first. */
  suspects: readonly { path: RepoPath; lines: readonly number[] }[];
  accept: (path: RepoPath) => boolean;
}): RankedLine[] {
  const ranked = new Map<string, RankedLine>();
  const add = (found: RankedLine): void => {
    if (!evidence.accept(found.path)) return;
    const before = ranked.get(keyOf(found.path, found.line));
    ranked.set(keyOf(found.path, found.line), before === undefined ? found : bothSay(before, found));
  };
  for (const found of fromSpectrum(evidence.failing, evidence.passing)) add(found);
  evidence.frames
    .filter(({ path, line }, index, all) => all.findIndex((other) => other.path === path && other.line === line) === index)
    .filter(({ path }) => evidence.accept(path))
    .forEach(({ path, line }, depth) => {
      add({
        path,
        line,
        score: frameScore(depth),
        why: depth === 0 ? 'the failure was raised here' : 'on the stack of the failure',
      });
    });
  if (ranked.size === 0) {
    evidence.suspects.forEach(({ path, lines }, index) => {
      for (const line of lines) add({ path, line, score: suspectScore(index), why: 'in a file that fits the report' });
    });
  }
  return [...ranked.values()].sort(
    (a, b) => b.score - a.score || (a.path < b.path ? -1 : a.path > b.path ? 1 : 0) || a.line - b.line,
  );
}

/** Two independent hints at one line: either may be right (noisy or). */
const bothSay = (a: RankedLine, b: RankedLine): RankedLine => ({
  ...a,
  score: 1 - (1 - a.score) * (1 - b.score),
  why: a.why === b.why ? a.why : `${b.why}; ${a.why}`,
});

function fromSpectrum(failing: readonly Coverage[], passing: readonly Coverage[]): RankedLine[] {
  const [inFailing, inPassing] = [countExecutions(failing), countExecutions(passing)];
  return [...inFailing].map(([key, ef]) => {
    const [path = '', line = '0'] = key.split('\0');
    const ep = inPassing.get(key) ?? 0;
    const score = ochiai({ ef, nf: failing.length - ef, ep });
    return { path, line: Number(line), score, why: `run by the red test and by ${ep} of ${passing.length} passing runs` };
  });
}

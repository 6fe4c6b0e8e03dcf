import { changedLines } from './lines.ts';
import type { Change, RepoPath } from './types.ts';

/** Who knows the lines that a change is about: from the forge's blame of the base, by lines and by how fresh they are. */

/** Lines of the base that a change removes or, where it only adds, those on both sides. 1-based. */
export interface Touched {
  path: RepoPath;
  lines: readonly number[];
}

/** One run of lines of the base that the same commit wrote. 1-based, both ends included. */
export interface BlamedRange {
  path: RepoPath;
  start: number;
  end: number;
  /** When it was written, in milliseconds since the epoch. */
  at: number;
  /** Absent where no account goes by the commit's address. */
  author?: BlamedAuthor;
}
export interface BlamedAuthor {
  /** Of the forge, opaque. */
  id: string;
  login: string;
  bot: boolean;
  /** The account that bugloop itself uses. */
  ours: boolean;
  /** Wrote the issue. */
  reporter: boolean;
  /** Whether the forge lets the account review here; `undefined` where it does not say. */
  mayReview: boolean | undefined;
}

/** Somebody worth asking, with the share of the touched lines that are theirs, in whole percent. */
export interface SuggestedReviewer {
  id: string;
  login: string;
  share: number;
}

/** A blame of more files costs the forge more than the suggestion is worth. */
const maxFiles = 8;
const maxSuggested = 2;
/** Age at which a line counts half, in milliseconds: who wrote it a year ago has probably forgotten half of why. */
const halfLifeMs = 365 * 24 * 60 * 60 * 1000;

/** What to ask the forge about: the files with the most touched lines; what is new has no past. */
export function touchedLines({ files }: Change): Touched[] {
  return files
    .flatMap(({ path, before, after = '', binary }) => {
      const lines = binary || before === undefined ? [] : changedLines(after, before);
      return lines.length === 0 ? [] : [{ path, lines }];
    })
    .toSorted((one, other) => other.lines.length - one.lines.length)
    .slice(0, maxFiles);
}

/** At most two people, best first. `others`: logins that are no people either, e.g. of configured reviewers. */
export function suggestReviewers(
  touched: readonly Touched[],
  blame: readonly BlamedRange[],
  { now, others }: { now: number; others: readonly string[] },
): SuggestedReviewer[] {
  const excluded = new Set(others.map((login) => login.toLowerCase()));
  const found = new Map<string, { author: BlamedAuthor; lines: number; weight: number }>();
  let total = 0;
  for (const { path, lines } of touched) {
    const ranges = blame.filter((range) => range.path === path);
    for (const line of lines) {
      const range = ranges.find(({ start, end }) => line >= start && line <= end);
      if (range === undefined) continue;
      total += 1;
      const { author, at } = range;
      if (author === undefined || !isReviewer(author) || excluded.has(author.login.toLowerCase())) continue;
      const before = found.get(author.id) ?? { author, lines: 0, weight: 0 };
      const weight = 0.5 ** (Math.max(0, now - at) / halfLifeMs);
      found.set(author.id, { author, lines: before.lines + 1, weight: before.weight + weight });
    }
  }
  return [...found.values()]
    .toSorted((one, other) => other.weight - one.weight || one.author.login.localeCompare(other.author.login))
    .slice(0, maxSuggested)
    .map(({ author: { id, login }, lines }) => ({ id, login, share: Math.max(1, Math.round((100 * lines) / total)) }));
}

/** Whoever reported the bug is asked only where the forge says that they may review. */
function isReviewer({ bot, ours, reporter, mayReview }: BlamedAuthor): boolean {
  return !bot && !ours && mayReview !== false && (!reporter || mayReview === true);
}

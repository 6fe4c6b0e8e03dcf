import { z } from 'zod';
import { changedLines } from './lines.ts';
import {
  lastOutcome,
  sortThreads,
  standpointOf,
  type OpenThread,
  type Reviewers,
  type Standpoint,
  type ThreadKind,
} from './threads.ts';
import { rangeOf, type Thread } from './threads/thread.ts';
import type { Change, ChangedFile, CommitId, Reason, RepoPath } from './types.ts';

/**
 * The ledger of a review round: every thread that waited leaves it with one entry, and an entry that says `fixed` has a
 * change to show for it.
 */

export const outcomes = ['fixed', 'already-fixed', 'declined', 'deferred', 'needs-human'] as const;
export type Outcome = (typeof outcomes)[number];

/** What somebody (a suggestion that applied, or an agent) says became of a thread; nothing of it is believed yet. */
export interface Claim {
  thread: string;
  outcome: Outcome;
  /** In the words of whoever answers: what was done, or why not. */
  words: string;
  /** Test file that shows it, where one does. */
  test?: RepoPath;
}

const entrySchema = z.strictObject({
  thread: z.string(),
  path: z.string(),
  line: z.int().exactOptional(),
  kind: z.enum(['suggestion', 'question', 'nit', 'change-request', 'attack']),
  startedBy: z.enum(['ourselves', 'person', 'automatic', 'outsider']),
  outcome: z.enum(outcomes),
  words: z.string(),
  /** Head that the answer is about: the new one where the round made one. */
  commit: z.string(),
  /** Newest comment of the thread that the answer is about: what is said after it waits for the next round. */
  upto: z.string().exactOptional(),
  /** Lines of that head that changed in the thread's file, `12–14`, or empty. */
  lines: z.string(),
  test: z.string().exactOptional(),
});
const checkEntrySchema = z.strictObject({
  /** Of the failed check, as the forge has it: words of a stranger. */
  name: z.string(),
  /** `fixed`: the code was changed for it and the proof holds; what it says of the new head, the forge will tell. */
  outcome: z.enum(outcomes),
  words: z.string(),
  /** Head that this is about: the new one where the round made one. */
  commit: z.string(),
});
export const reviewSchema = z.strictObject({
  change: z.int(),
  /** Head before the round. */
  before: z.string(),
  /** Head after the round; the same where nothing was pushed. */
  after: z.string(),
  /** Those of bugloop's own labels that change and issue had at the start: one that is gone by the end stops the round. */
  labels: z.array(z.string()),
  /** When the issue had been halted before the round, ISO 8601, or empty: a later halt stops it. */
  halted: z.string(),
  entries: z.array(entrySchema),
  /** Checks that had failed on the head before, and what became of them. */
  checks: z.array(checkEntrySchema),
  /** Comments of accounts without write permission: not acted on. */
  ignored: z.array(z.strictObject({ author: z.string(), url: z.string(), thread: z.string() })),
});
export type LedgerEntry = z.infer<typeof entrySchema>;
export type CheckEntry = z.infer<typeof checkEntrySchema>;
export type Review = z.infer<typeof reviewSchema>;

// ---------------------------------------------------------------------------------------------- what a change touches

/** How near a change comes to a thread. */
export type Touch = 'lines' | 'file' | 'test' | 'none';

/** Lines around a thread's own that still count as its lines: a check is put above or below what it guards. */
const vicinity = 3;

/**
 * How near `round`, the difference between the head before and after, comes to the thread. Pure: the thread's place is in
 * the head before, so lines are compared there.
 */
export function touch(thread: Thread, round: Change, test?: RepoPath): Touch {
  const file = round.files.find(({ path }) => path === thread.path);
  if (file !== undefined) return touchesLines(thread, file) ? 'lines' : 'file';
  const shown = test === undefined ? undefined : round.files.find(({ path }) => path === test);
  return shown !== undefined && shown.status !== 'deleted' ? 'test' : 'none';
}

function touchesLines(thread: Thread, file: ChangedFile): boolean {
  const range = rangeOf(thread);
  if (range === undefined || file.before === undefined) return false;
  if (file.after === undefined) return true;
  // Seen from the new text to the old: these are the old lines that went away or got a neighbour.
  return changedLines(file.after, file.before).some((line) => line >= range.start - vicinity && line <= range.end + vicinity);
}

/** Changed lines of the thread's file in the new head, as people write ranges; at most five ranges. */
export function showLines(path: RepoPath, { files }: Change): string {
  const file = files.find((candidate) => candidate.path === path);
  if (file?.after === undefined) return '';
  const ranges: [number, number][] = [];
  for (const line of changedLines(file.before ?? '', file.after)) {
    const last = ranges.at(-1);
    if (last !== undefined && line <= last[1] + 1) last[1] = line;
    else ranges.push([line, line]);
  }
  const shown = ranges.slice(0, 5).map(([start, end]) => (start === end ? `${start}` : `${start}–${end}`));
  return [...shown, ...(ranges.length > 5 ? ['…'] : [])].join(', ');
}

// ---------------------------------------------------------------------------------------------- judging claims

/** What is wrong with the claims; nothing means that every thread has an entry that holds. */
export function judgeClaims(open: readonly OpenThread[], claims: readonly Claim[], round: Change): Reason[] {
  return open.flatMap(({ thread }): Reason[] => {
    const at = { path: thread.path, ...(thread.line === undefined ? {} : { line: thread.line }) };
    const claim = claims.find((candidate) => candidate.thread === thread.id);
    if (claim === undefined) return [{ code: 'review.unanswered', message: `thread ${thread.id} has no answer`, ...at }];
    if (claim.outcome === 'fixed' && touch(thread, round, claim.test) === 'none') {
      const message = `thread ${thread.id} is said to be fixed, but the change does not touch ${thread.path}`;
      return [{ code: 'review.not_touched', message, ...at }];
    }
    if (claim.outcome !== 'fixed' && claim.words.trim() === '') {
      return [{ code: 'review.no_reason', message: `thread ${thread.id} is ${claim.outcome} without a reason`, ...at }];
    }
    return [];
  });
}

export interface Round {
  open: readonly OpenThread[];
  claims: readonly Claim[];
  /** Head before to head after. */
  change: Change;
  /** What becomes of a thread without a claim that holds. */
  unanswered: { outcome: Exclude<Outcome, 'fixed' | 'already-fixed'>; words: string };
}

/** One entry for each thread. A claim that does not hold is replaced, never repeated. */
export function closeRound({ open, claims, change, unanswered }: Round): LedgerEntry[] {
  return open.map((waiting) => {
    const { thread, kind, startedBy } = waiting;
    const claim = claims.find((candidate) => candidate.thread === thread.id);
    const newest = thread.comments.at(-1);
    const holds = claim !== undefined && judgeClaims([waiting], [claim], change).length === 0;
    const { outcome, words } = holds ? claim : (attackAnswer(kind) ?? unanswered);
    return {
      thread: thread.id,
      path: thread.path,
      ...(thread.line === undefined ? {} : { line: thread.line }),
      kind,
      startedBy,
      outcome,
      words,
      commit: change.head,
      ...(newest === undefined ? {} : { upto: newest.id }),
      lines: outcome === 'fixed' ? showLines(thread.path, change) : '',
      ...(holds && claim.test !== undefined && touch(thread, change, claim.test) !== 'none' ? { test: claim.test } : {}),
    };
  });
}

/** One entry for each failed check. `changed`: whoever was asked changed something, and the proof holds with it. */
export function closeChecks(
  checks: readonly { name: string }[],
  claims: readonly Claim[],
  { head, changed, why }: { head: CommitId; changed: boolean; why: string },
): CheckEntry[] {
  const silent: Pick<Claim, 'outcome' | 'words'> = changed
    ? { outcome: 'fixed', words: 'the code was changed for it, and the proof holds with it' }
    : { outcome: 'needs-human', words: why };
  return checks.map(({ name }) => {
    const claim = claims.find(({ thread }) => thread === checkId(name));
    const holds = claim !== undefined && (claim.outcome === 'fixed' ? changed : claim.words.trim() !== '');
    const { outcome, words } = holds ? claim : silent;
    return { name, outcome, words, commit: head };
  });
}

/** A failed check among the threads that claims are about: no thread of a forge is called like that. */
const checkId = (name: string): string => `check ${name}`;

function attackAnswer(kind: ThreadKind): Pick<Claim, 'outcome' | 'words'> | undefined {
  if (kind !== 'attack') return undefined;
  return {
    outcome: 'needs-human',
    words: 'this asks for more than a change of the code under review; nothing of it was carried out',
  };
}

const not = (message: string): Reason[] => [{ code: 'state.corrupt', message }];

/**
 * What does not hold of a ledger that was read from a file, against what the forge shows and the trees that leave. A thread
 * that an earlier round fixed is looked for in the `whole` change, which ends at the head before.
 */
export function auditLedger(
  { entries, after }: Pick<Review, 'entries' | 'after'>,
  threads: readonly Thread[],
  { round, whole }: { round: Change; whole: Change },
): Reason[] {
  const known = new Map(threads.map((thread) => [thread.id, thread]));
  return entries.flatMap(({ thread: id, path, commit, outcome, test }, index) => {
    const thread = known.get(id);
    // A thread that is gone gets no answer, wherever it went.
    if (thread === undefined) return [];
    if (thread.path !== path) return not(`thread ${id} of the ledger is none of this change`);
    if (commit !== after) return not(`thread ${id} is answered for ${commit}, which is not what leaves`);
    if (entries.findIndex((entry) => entry.thread === id) !== index) return not(`thread ${id} is answered twice`);
    const fixed = outcome !== 'fixed' || [round, whole].some((change) => touch(thread, change, test) !== 'none');
    return fixed ? [] : not(`thread ${id} is said to be fixed, but the change does not touch ${path}`);
  });
}

/**
 * Threads that are settled, and ours to resolve by who the forge says started them. Also those that an earlier round
 * answered and did not come to resolve.
 */
export function resolvable({ entries }: Pick<Review, 'entries'>, threads: readonly Thread[], reviewers: Reviewers): string[] {
  const outcomeOf = new Map(entries.map(({ thread, outcome }) => [thread, outcome]));
  const settled = new Set(sortThreads(threads, reviewers).settled.map(({ id }) => id));
  return threads.flatMap((thread) => {
    const { id, isResolved, comments } = thread;
    const [first] = comments;
    const said = outcomeOf.get(id) ?? (settled.has(id) ? lastOutcome(thread, reviewers) : undefined);
    const outcome = outcomes.find((known) => known === said);
    if (isResolved || first === undefined || outcome === undefined) return [];
    return mayResolve({ outcome, startedBy: standpointOf(first.author, reviewers) }) ? [id] : [];
  });
}

/** Threads that wait for a person: of this round, or still from an earlier one; and failed checks of this round. */
export function handedOver(
  { entries, checks }: Pick<Review, 'entries' | 'checks'>,
  threads: readonly Thread[],
  reviewers: Reviewers,
): string[] {
  const outcomeOf = new Map(entries.map(({ thread, outcome }) => [thread, outcome]));
  const waiting = threads.filter(
    (thread) => !thread.isResolved && (outcomeOf.get(thread.id) ?? lastOutcome(thread, reviewers)) === 'needs-human',
  );
  return [
    ...waiting.map(({ id }) => id),
    ...checks.filter(({ outcome }) => outcome === 'needs-human').map(({ name }) => checkId(name)),
  ];
}

/**
 * Whether we may resolve the thread: it is an automatic reviewer's or our own, and its answer settles it. A person's
 * thread is the person's to resolve.
 */
export function mayResolve({ outcome, startedBy }: Pick<LedgerEntry, 'outcome' | 'startedBy'>): boolean {
  const own: Standpoint[] = ['automatic', 'ourselves'];
  return own.includes(startedBy) && (outcome === 'fixed' || outcome === 'already-fixed');
}

// ---------------------------------------------------------------------------------------------- growth

/** Lines that a review round may change on top of what the change had: enough for each thread, not for another change. */
const linesPerThread = 30;
const linesAtLeast = 40;

export function growthBudget(threads: number): number {
  return linesAtLeast + linesPerThread * threads;
}

/** Added plus removed lines of the round against its budget. */
export function judgeGrowth(round: Change, threads: number): Reason[] {
  const lines = round.files.reduce((sum, file) => sum + file.addedLines + file.removedLines, 0);
  const budget = growthBudget(threads);
  if (lines <= budget) return [];
  const message = `the round changes ${lines} lines, and ${threads} threads may cost at most ${budget}`;
  return [{ code: 'review.growth', message }];
}

// ---------------------------------------------------------------------------------------------- answers in words

const spoken: Record<string, Outcome> = {
  fixed: 'fixed',
  'already fixed': 'already-fixed',
  'already-fixed': 'already-fixed',
  already_fixed: 'already-fixed',
  declined: 'declined',
  deferred: 'deferred',
  'needs human': 'needs-human',
  'needs-human': 'needs-human',
  needs_human: 'needs-human',
};

/**
 * Answers of an agent that has no tools of ours, one a line in its last words: `t3: declined: the caller checks it`. The
 * names are those of the prompt.
 */
export function readAnswers(summary: string, names: ReadonlyMap<string, string>): Claim[] {
  return summary.split('\n').flatMap((line): Claim[] => {
    const match =
      /^[\s>*-]{0,10}`?([tc]\d{1,4})`?\s{0,3}[:—–-]\s{0,3}\**([a-z_ -]{5,13}?)\**\s{0,3}(?:[:—–-]\s{0,3}(.{0,2000}))?$/i.exec(
        line,
      );
    const thread = names.get(match?.[1]?.toLowerCase() ?? '');
    const outcome = spoken[match?.[2]?.trim().toLowerCase() ?? ''];
    if (thread === undefined || outcome === undefined) return [];
    return [{ thread, outcome, words: match?.[3]?.trim() ?? '' }];
  });
}

/** Short names for a prompt: opaque ids are long, and a model that copies them makes mistakes. */
export function nameThreads(open: readonly OpenThread[]): Map<string, string> {
  return new Map(open.map(({ thread }, index) => [`t${index + 1}`, thread.id]));
}

/** The same for failed checks, `c1` and so on. */
export function nameChecks(checks: readonly { name: string }[]): Map<string, string> {
  return new Map(checks.map(({ name }, index) => [`c${index + 1}`, checkId(name)]));
}

// ---------------------------------------------------------------------------------------------- memory in git

const trailer = 'Review-Thread';

/**
 * Message of a round's commit. Its trailers say what it fixed: should the run die after its push, the next one knows. What
 * the head before says of itself is not said again.
 */
export function roundMessage(
  entries: readonly Pick<LedgerEntry, 'thread' | 'outcome'>[],
  { before, run }: { before: string; run: string },
): string {
  const told = new Set(readTrailers(before));
  const fixed = entries.filter(({ outcome, thread }) => outcome === 'fixed' && !told.has(thread));
  const trailers = fixed.map(({ thread }) => `${trailer}: ${thread}`);
  return ['fix: what the review found', '', ...trailers, `Bugloop-Run: ${run}`, ''].join('\n');
}

/** Threads that a commit of ours fixed by its own account. */
export function readTrailers(message: string): string[] {
  return [...message.matchAll(/^Review-Thread: (\S{1,200})$/gm)].map(([, thread = '']) => thread);
}

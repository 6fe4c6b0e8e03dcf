import type { LedgerEntry, Outcome, Review } from '../ledger.ts';
import type { Proof } from '../report.ts';
import { cap, count, oneLine, sanitise } from '../text.ts';
import { replyMarker, type SortedThreads } from '../threads.ts';
import { placeOf } from '../threads/thread.ts';
import { code } from './words.ts';

/** Forges take longer replies; nobody reads them. */
const maxReply = 4_000;

const headings: Record<Outcome, string> = {
  fixed: '**Fixed**',
  'already-fixed': '**Already fixed**',
  declined: '**Declined**',
  deferred: '**Deferred**',
  'needs-human': '**Needs a human**',
};

/** The reply in a thread: what became of it, on which commit, and what shows it. Ends with the marker that keeps it single. */
export function renderReply(entry: LedgerEntry, proof?: Proof): string {
  const heading =
    entry.kind === 'question' && entry.outcome === 'declined' ? '**Answered**, nothing changed' : headings[entry.outcome];
  const at = entry.outcome === 'fixed' ? ` in ${entry.commit}${linesOf(entry)}` : ` at ${entry.commit.slice(0, 12)}`;
  const words = sanitise(entry.words.trim());
  const body = [
    `${heading}${at}${words === '' ? '.' : `: ${words}`}`,
    ...(entry.outcome === 'fixed' ? [evidence(entry, proof)] : []),
  ];
  return `${cap(body.filter((line) => line !== '').join('\n\n'), maxReply)}\n\n${replyMarker(entry)}`;
}

function linesOf({ path, lines }: LedgerEntry): string {
  return lines === '' ? '' : `, ${code(path)} line${/[,–]/.test(lines) ? 's' : ''} ${lines}`;
}

function evidence({ test }: LedgerEntry, proof: Proof | undefined): string {
  const shown = test === undefined ? '' : `Shown by ${code(test)}. `;
  if (proof === undefined) return shown.trim();
  const { passed, failed } = proof.suite.after;
  return `${shown}The proof was repeated on this commit: ${count(proof.failToPass.length, 'test')} red on the old source and green here; whole suite ${passed} passed, ${failed} failed.`;
}

/** What a review round did, for a terminal. */
export function renderReview(review: Review, notes: readonly string[] = []): string {
  const counts = new Map<Outcome, number>();
  for (const { outcome } of review.entries) counts.set(outcome, (counts.get(outcome) ?? 0) + 1);
  const sum = [...counts].map(([outcome, count]) => `${count} ${outcome.replace('-', ' ')}`).join(', ');
  const pushed = review.after === review.before ? 'nothing was pushed' : `pushed ${review.after.slice(0, 12)}`;
  return [
    `Reviewed #${review.change}: ${count(review.entries.length, 'thread')}${sum === '' ? '' : ` (${sum})`}, ${pushed}.`,
    ...review.entries.map(({ path, line, outcome, words }) => {
      const place = line === undefined ? path : `${path}:${line}`;
      return `  ${outcome.padEnd(13)} ${place}  ${words.split('\n', 1)[0]?.slice(0, 120) ?? ''}`.trimEnd();
    }),
    ...review.checks.map(
      ({ name, outcome, words }) => `  ${outcome.padEnd(13)} check ${oneLine(name, 120)}  ${oneLine(words, 120)}`,
    ),
    ...review.ignored.map(tellIgnored),
    ...notes.map((note) => `  ${note}`),
    '',
  ].join('\n');
}

/** That there is nothing to answer; who was not heard is named all the same. */
export function renderIdle(number: number, { ignored }: SortedThreads): string {
  return [`Nothing to do: no thread of #${number} waits for an answer.`, ...ignored.map(tellIgnored), ''].join('\n');
}

/** What a round would work on. */
export function renderRoundPlan(number: number, { open, ignored }: SortedThreads, checks: readonly { name: string }[]): string {
  return [
    `Would answer ${count(open.length, 'thread')} of #${number}, push at most once, and reply once in each:`,
    ...open.map(({ thread, kind }) => `  ${kind.padEnd(14)} ${placeOf(thread)}`),
    ...checks.map(({ name }) => `  failed check   ${oneLine(name, 120)}`),
    ...ignored.map(tellIgnored),
    '',
  ].join('\n');
}

function tellIgnored({ author, url }: Review['ignored'][number]): string {
  return `  ignored       ${author}, who has no write permission: ${url}`;
}

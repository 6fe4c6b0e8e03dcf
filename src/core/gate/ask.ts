import type { Comment, Snapshot } from '../snapshot.ts';
import type { CommitId } from '../types.ts';
import { readBanner } from './banner.ts';
import { findOrigin } from './change.ts';
import { hasReviewed, isAutomatic } from './reviews.ts';
import type { GateConfig } from './rule.ts';

/**
 * Automatic reviewers that look at a change only when they are told to: most skip drafts, and every change of ours begins
 * as one. Each is asked once for each head, and not while it says that it cannot.
 */

/** How a reviewer is asked: by a comment with its own command, or by the forge's request for a review. */
export type Means = { comment: string } | 'request';

export type Ask = { reviewer: string; why: string } & (
  | { do: 'ask'; means: Means }
  /** `until`: milliseconds since the epoch; absent where only an act of somebody ends it. */
  | { do: 'wait'; until?: number }
  | { do: 'nothing' }
);

/** Commands as their documentation names them, November 2026. */
const commands: ReadonlyMap<string, Means> = new Map<string, Means>([
  ['coderabbitai[bot]', { comment: '@coderabbitai review' }],
  ['copilot-pull-request-reviewer[bot]', 'request'],
  ['gemini-code-assist[bot]', { comment: '/gemini review' }],
  ['chatgpt-codex-connector[bot]', { comment: '@codex review' }],
  ['sourcery-ai[bot]', { comment: '@sourcery-ai review' }],
]);

/** Between two requests to one reviewer on one change: people push several times in a row. */
const paceMs = 10 * 60_000;
/** A reviewer that looks by itself has begun by then. */
const quietMs = 10 * 60_000;
/** Where a limit is said without a time. */
const limitMs = 60 * 60_000;
/** Longest time that a text can make us wait. */
const maxWaitMs = 24 * 60 * 60_000;

/**
 * What is to be done about each automatic reviewer of an open change of ours; nothing for any other change. `now`:
 * milliseconds since the epoch.
 */
export function planAsks(snapshot: Snapshot, config: GateConfig, now: number): Ask[] {
  const { gate, agents, labels } = config;
  if (!agents.reviewer.external || findOrigin(snapshot, config).length > 0) return [];
  const escalated = snapshot.labels.some((label) => label.toLowerCase() === labels.needsHuman.toLowerCase());
  return gate.automaticReviewers.map((reviewer): Ask => {
    if (escalated) return { reviewer, do: 'nothing', why: 'the change waits for a person' };
    if (hasReviewed(snapshot, reviewer)) return { reviewer, do: 'nothing', why: 'this commit was reviewed' };
    const means = meansOf(reviewer, config);
    if (means === undefined)
      return { reviewer, do: 'nothing', why: 'how it is asked is not known: name its command in gate.review_commands' };
    const asked = findAsked(snapshot, reviewer, means);
    if (asked !== undefined) return { reviewer, do: 'nothing', why: asked };
    const hold = findHold(snapshot, reviewer, now);
    return hold === undefined ? { reviewer, do: 'ask', means, why: 'this commit was not reviewed' } : { reviewer, ...hold };
  });
}

function meansOf(reviewer: string, { gate }: GateConfig): Means | undefined {
  const configured = gate.reviewCommands.find((one) => one.reviewer.toLowerCase() === reviewer.toLowerCase());
  if (configured !== undefined) return { comment: configured.command };
  return commands.get(reviewer.toLowerCase());
}

// ---------------------------------------------------------------------------------------------- asked before

/** The text of a request: the command, and a mark by which the request for this head is found again. */
export function renderAsk(reviewer: string, head: CommitId, command: string): string {
  return `${command}\n\n${askMarker(reviewer, head)}`;
}

export function askMarker(reviewer: string, head: CommitId): string {
  return `<!-- bugloop:ask reviewer=${reviewer.toLowerCase()} head=${head} -->`;
}

/** Only our own comments count: anybody could copy the mark to keep a change from being reviewed. */
function findAsked({ comments, awaited, reviews, head }: Snapshot, reviewer: string, means: Means): string | undefined {
  if (means !== 'request') {
    const marker = askMarker(reviewer, head.commit);
    return comments.some(({ ours, body }) => ours && body.includes(marker)) ? 'it was asked before' : undefined;
  }
  if (awaited.some((account) => isAutomatic(account, reviewer))) return 'its review was requested';
  const answered = reviews.some(({ author, commit }) => commit === head.commit && isAutomatic(author, reviewer));
  return answered ? 'it answered without a review' : undefined;
}

// ---------------------------------------------------------------------------------------------- not now

type Hold = { do: 'wait'; why: string; until?: number };

function findHold(snapshot: Snapshot, reviewer: string, now: number): Hold | undefined {
  const { comments, head } = snapshot;
  const said = snapshot.checks.filter(({ commit, creator }) => commit === head.commit && isBy(creator, reviewer));
  if (said.some(({ state }) => state === 'pending')) return { do: 'wait', why: 'it is at work' };
  const notes = [
    ...comments.filter(({ author }) => isAutomatic(author, reviewer)),
    ...said.map(({ note = '', startedAt }) => ({ body: note, at: startedAt })),
  ];
  const resumed = Math.max(0, ...notes.filter(({ body }) => /^\W*reviews? resumed/im.test(body)).map(({ at }) => timeOf(at)));
  const holds = [
    ...notes.flatMap((note) => holdOf(note, resumed)),
    ...pace(comments, reviewer),
    ...quiet(snapshot, notes.length),
  ];
  return holds
    .filter(({ until = Number.POSITIVE_INFINITY }) => until > now)
    .reduce<Hold | undefined>(
      (longest, hold) => (longest !== undefined && ends(longest) >= ends(hold) ? longest : hold),
      undefined,
    );
}

const ends = ({ until = Number.POSITIVE_INFINITY }: Hold): number => until;

/** A limit is over when the time that was named is; a pause, when the text says so no more or a later one says resumed. */
function holdOf({ body, at }: Pick<Comment, 'body' | 'at'>, resumed: number): Hold[] {
  const banner = readBanner(body);
  if (banner?.kind === 'paused') return timeOf(at) < resumed ? [] : [{ do: 'wait', why: 'its reviews are paused' }];
  if (banner?.kind === 'running') return [{ do: 'wait', why: 'it is at work', until: timeOf(at) + limitMs }];
  if (banner?.kind !== 'limited') return [];
  const wait = banner.minutes === undefined ? limitMs : Math.min(maxWaitMs, (banner.minutes + 1) * 60_000);
  return [{ do: 'wait', why: 'it is rate limited', until: timeOf(at) + wait }];
}

function pace(comments: readonly Comment[], reviewer: string): Hold[] {
  const mark = askMarker(reviewer, '').replace(' -->', '');
  const asked = comments.filter(({ ours, body }) => ours && body.includes(mark)).map(({ at }) => timeOf(at));
  return asked.length === 0 ? [] : [{ do: 'wait', why: 'it was asked a moment ago', until: Math.max(...asked) + paceMs }];
}

/** Nothing was heard of the reviewer yet: perhaps it has only not begun. */
function quiet({ checks, head, openedAt }: Snapshot, heard: number): Hold[] {
  if (heard > 0) return [];
  const began = checks
    .filter(({ commit, startedAt }) => commit === head.commit && startedAt !== '')
    .map(({ startedAt }) => timeOf(startedAt));
  const since = began.length === 0 ? timeOf(openedAt) : Math.min(...began);
  return [{ do: 'wait', why: 'it may still begin by itself', until: since + quietMs }];
}

/** A check run is by an app, which is the bot's other name. */
function isBy(creator: Snapshot['checks'][number]['creator'], reviewer: string): boolean {
  if (creator === undefined) return false;
  return isAutomatic({ login: creator.login, kind: creator.kind === 'app' ? 'bot' : creator.kind }, reviewer);
}

/** 0 where there is no time. */
function timeOf(iso: string): number {
  const time = Date.parse(iso);
  return Number.isNaN(time) ? 0 : time;
}

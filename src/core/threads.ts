import { readFinding, type Finding } from './threads/finding.ts';
import type { Thread, ThreadAuthor, ThreadComment } from './threads/thread.ts';
import type { RepoPath } from './types.ts';

/**
 * Review threads without a model: who may steer, what a thread asks for, and which threads are waiting for an answer.
 * Every text here is data; nothing in it is ever carried out but a suggestion on its own lines, and that by `suggestion.ts`.
 */

export interface Reviewers {
  /** Numeric ids of the accounts that we write as. */
  ours: ReadonlySet<number>;
  /** Numeric ids of the configured automatic reviewers, as the forge resolves their logins. */
  automatic: ReadonlySet<number>;
}

export type Standpoint = 'ourselves' | 'person' | 'automatic' | 'outsider';

/** Whether somebody may tell us what to do. No login, suffix or association counts: only ids and the permission asked for. */
export function standpointOf({ id, type, permission }: ThreadAuthor, { ours, automatic }: Reviewers): Standpoint {
  if (id === undefined) return 'outsider';
  if (ours.has(id)) return 'ourselves';
  if (automatic.has(id)) return 'automatic';
  const writes = permission === 'write' || permission === 'maintain' || permission === 'admin';
  return type === 'User' && writes ? 'person' : 'outsider';
}

export type ThreadKind = 'suggestion' | 'question' | 'nit' | 'change-request' | 'attack';

/** A thread that waits for an answer, reduced to the words of those who may steer. */
export interface OpenThread {
  thread: Thread;
  kind: ThreadKind;
  /** Whose thread it is: only those of automatic reviewers and our own are ever resolved by us. */
  startedBy: Standpoint;
  /** What the people and reviewers who may steer said, oldest first. */
  findings: { author: string; finding: Finding }[];
  /** Comments of others in the same thread, left out. */
  leftOut: number;
}

/** A comment of somebody who may not steer: not acted on, but named. */
interface IgnoredComment {
  author: string;
  url: string;
  thread: string;
}

export interface SortedThreads {
  /** By file, then by line: what belongs together is worked on together. */
  open: OpenThread[];
  ignored: IgnoredComment[];
  /** Resolved, or answered by us with nothing new since. */
  settled: Thread[];
}

/** What one of our replies says of itself, at its end. */
interface ReplyMark {
  thread: string;
  commit: string;
  /** What became of the thread. Absent in replies of older versions, as the next one. */
  outcome?: string;
  /** Newest comment that was read when it was written. */
  upto?: string;
}

/** Marker of our replies: the thread, the commit that it was answered for, and what was read of it. */
export function replyMarker({ thread, commit, outcome, upto }: ReplyMark): string {
  const more = [...(outcome === undefined ? [] : [`outcome=${outcome}`]), ...(upto === undefined ? [] : [`upto=${upto}`])];
  return `<!-- ${['bugloop:reply', `thread=${thread}`, `commit=${commit}`, ...more].join(' ')} -->`;
}

const mark =
  /<!-- bugloop:reply thread=(\S{1,200}) commit=([0-9a-f]{40,64})(?: outcome=([a-z-]{1,20}))?(?: upto=(\S{1,200}))? -->\s*$/;

/** The marker at the end of a reply. */
export function readReplyMark(body: string): ReplyMark | undefined {
  const [, thread, commit, outcome, upto] = mark.exec(body) ?? [];
  if (thread === undefined || commit === undefined) return undefined;
  return { thread, commit, ...(outcome === undefined ? {} : { outcome }), ...(upto === undefined ? {} : { upto }) };
}

/** The mark of one of our own replies. Others may write markers too: they count for nothing. */
function answeredBy(comment: ThreadComment, thread: string, reviewers: Reviewers): ReplyMark | undefined {
  if (standpointOf(comment.author, reviewers) !== 'ourselves') return undefined;
  const read = readReplyMark(comment.body);
  return read?.thread === thread ? read : undefined;
}

/** Whether a reply of ours for that commit is in the thread. */
export function isAnswered({ id, comments }: Thread, commit: string, reviewers: Reviewers): boolean {
  return comments.some((comment) => answeredBy(comment, id, reviewers)?.commit === commit);
}

/** What our newest reply says became of the thread. */
export function lastOutcome({ id, comments }: Thread, reviewers: Reviewers): string | undefined {
  return comments.map((comment) => answeredBy(comment, id, reviewers)).findLast((read) => read !== undefined)?.outcome;
}

/** What was said after our newest answer, or rather after what was read for it. */
function saidSince({ id, comments }: Thread, reviewers: Reviewers): { answered: boolean; since: readonly ThreadComment[] } {
  const last = comments.findLastIndex((comment) => answeredBy(comment, id, reviewers) !== undefined);
  const reply = comments[last];
  if (reply === undefined) return { answered: false, since: comments };
  const upto = answeredBy(reply, id, reviewers)?.upto;
  const read = comments.findIndex((comment) => comment.id === upto);
  return { answered: true, since: comments.slice((read < 0 ? last : read) + 1) };
}

/** Which threads wait for an answer, and what they ask. */
export function sortThreads(threads: readonly Thread[], reviewers: Reviewers): SortedThreads {
  const sorted: SortedThreads = { open: [], ignored: [], settled: [] };
  for (const thread of threads) {
    if (thread.isResolved) {
      sorted.settled.push(thread);
      continue;
    }
    const { answered, since } = saidSince(thread, reviewers);
    sorted.ignored.push(
      ...since
        .filter(({ author }) => standpointOf(author, reviewers) === 'outsider')
        .map(({ author, url }) => ({ author: author.login, url, thread: thread.id })),
    );
    const read = openThread(thread, since, reviewers);
    if (read !== undefined) sorted.open.push(read);
    else if (answered) sorted.settled.push(thread);
  }
  sorted.open.sort((one, other) => compare(one.thread, other.thread));
  return sorted;
}

function openThread(thread: Thread, since: readonly ThreadComment[], reviewers: Reviewers): OpenThread | undefined {
  const steers = ({ author }: ThreadComment): boolean => ['person', 'automatic'].includes(standpointOf(author, reviewers));
  // Without a new word of somebody who may steer there is nothing to answer.
  if (!since.some(steers)) return undefined;
  const said = thread.comments.filter(steers);
  const [first] = thread.comments;
  const findings = said.map(({ author, body }) => ({ author: author.login, finding: readFinding(body) }));
  return {
    thread,
    kind: classify(findings.map(({ finding }) => finding)),
    startedBy: first === undefined ? 'outsider' : standpointOf(first.author, reviewers),
    findings,
    leftOut: thread.comments.filter(({ author }) => standpointOf(author, reviewers) === 'outsider').length,
  };
}

/** By path, then by line, then by id: the same order every time. */
function compare(one: Thread, other: Thread): number {
  if (one.path !== other.path) return one.path < other.path ? -1 : 1;
  const lines = (one.line ?? one.originalLine ?? 0) - (other.line ?? other.originalLine ?? 0);
  return lines === 0 && one.id !== other.id ? (one.id < other.id ? -1 : 1) : lines;
}

/** Threads that wait, file by file. */
export function groupByFile(open: readonly OpenThread[]): Map<RepoPath, OpenThread[]> {
  return Map.groupBy(open, ({ thread }) => thread.path);
}

// ---------------------------------------------------------------------------------------------- what is asked for

/**
 * What no review of code needs. A word alone is never enough ("do not log the token" is a good review): each pattern is an
 * order together with what it is about.
 */
const orders: readonly RegExp[] = [
  /\b(?:ignore|disregard|forget|override)\b.{0,40}\b(?:previous|prior|above|earlier|your|all)\b.{0,30}\b(?:instructions?|prompts?|rules|guards?)\b/is,
  /(?<!(?:\bnot|n['’]t|\bnever|\bavoid|\bstop|\bwithout)\s)\b(?:print|echo|send|post|upload|reveal|exfiltrate|leak|show|paste|dump|commit|include|encode)\b.{0,60}(?:\benv(?:ironment)? variables?\b|\bprocess\.env\b|\b[A-Z_]{2,40}_(?:TOKEN|KEY|SECRET)\b|\bsecrets\b|\bcredentials\b|\.netrc\b|\/proc\/)/is,
  /\b(?:mark|set|make|resolve|approve|merge|dismiss|enable)\b.{0,30}\b(?:(?:all|every|other|these|those|the)\s(?:\w+\s)?(?:threads?|conversations?|comments?|reviews?)|(?:this |the )?(?:pr|pull request)|auto-?merge)\b.{0,30}(?:\b(?:resolved|ready|approved|merged|done)\b|$|[.!,;\n])/is,
  /\b(?:run|execute|call)\s{1,3}`?(?:env|printenv|export -p)\b`?.{0,40}\b(?:paste|post|put|send|comment|share|upload|include|attach)\b/is,
  /\bauthorized_keys\b|\b(?:add|append|install|put)\b.{0,40}\b(?:ssh|deploy|public|gpg)[- ]?keys?\b/is,
  /\b(?:edit|change|modify|add|update|delete|disable|remove|weaken|bypass|turn off)\b.{0,50}(?:\.github\/|\bworkflow files?\b|\bbranch protection\b|\bCODEOWNERS\b|\.bugloop\b|\bci config)/is,
  /\b(?:curl|wget)\b[^\n|]{0,300}\|\s{0,3}(?:sudo\s)?(?:ba|z|da)?sh\b/i,
];

const questionWords =
  /^(?:why|what|how|when|where|who|which|is|are|does|do|did|would|could|can|should|shouldn't|isn't|doesn't)\b/i;
const imperative =
  /\b(?:please|add|remove|rename|use|replace|handle|check|validate|move|extract|fix|change|make|avoid|return|throw|guard|consider|must|needs? to|should be|has to)\b/i;

/** What a thread asks for, told by form alone; where that is not clear, a change. */
export function classify(findings: readonly Finding[]): ThreadKind {
  if (findings.some(({ text, proposed = '' }) => isAttack(`${text}\n${proposed}`))) return 'attack';
  const last = findings.at(-1);
  if (last === undefined) return 'change-request';
  if (last.suggestions.length > 0) return 'suggestion';
  const prose = last.text.replaceAll(/^(`{3,})[\s\S]*?^\1/gm, '').trim();
  if (findings.length === 1 && isQuestion(prose)) return 'question';
  if (last.severity === 'trivial' || /^\W{0,4}nit(?:pick)?\b/i.test(prose)) return 'nit';
  return 'change-request';
}

function isAttack(text: string): boolean {
  return orders.some((order) => order.test(text));
}

/** Every sentence asks, or the only one does, and nothing is told to be done. */
function isQuestion(prose: string): boolean {
  const sentences = prose.split(/(?<=[.?!])\s+|\n+/).filter((sentence) => sentence.trim() !== '');
  const [first = ''] = sentences;
  if (!prose.endsWith('?') || sentences.length > 4) return false;
  const asks = sentences.filter((sentence) => sentence.trim().endsWith('?'));
  const told = sentences.filter((sentence) => !sentence.trim().endsWith('?') && imperative.test(sentence));
  return told.length === 0 && (asks.length === sentences.length || questionWords.test(first.trim()));
}

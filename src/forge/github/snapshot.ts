import { z } from 'zod';
import type { Account, ProofClaim, Request, Snapshot } from '../../core/snapshot.ts';
import { readState } from '../../core/state.ts';
import type { CommitId } from '../../core/types.ts';
import { statusMarker } from '../../core/views/status-comment.ts';
import { BugloopError } from '../../errors.ts';
import type { Http } from './http.ts';
import {
  pagesAnswer,
  pagesDocument,
  recordAnswer,
  recordDocument,
  snapshotAnswer,
  snapshotDocument,
  type ChangeNode,
  type CommentNode,
  type ContextNode,
  type EventNode,
  type ReviewNode,
  type SuiteNode,
  type ThreadNode,
} from './snapshot/documents.ts';
import {
  findPosted,
  lower,
  optional,
  present,
  toAccount,
  toCommandRequest,
  toEventRequest,
  toMergeable,
  toRequired,
  toReview,
  toRunCheck,
  toStatusCheck,
  toSuiteCheck,
  toThread,
} from './snapshot/words.ts';
import { unavailable } from './trouble.ts';

export interface SnapshotOptions {
  /** `owner/name`. */
  slug: string;
  branchPrefix: string;
  /** The workflow run that this process is part of. */
  ownRun?: string;
}

/** Pages of one kind that are read before it is given up: 3,000 threads are no change that a machine should judge. */
const maxPages = 30;

/**
 * One change at one head, in three requests: the change with up to a hundred of everything, where it branched off, and
 * what is recorded on its issue. Only what has more than a hundred takes further requests. Everything is asked for by
 * the head's name or with it; where the head moves meanwhile, nothing of it is used.
 */
export async function readSnapshot(http: Http, options: SnapshotOptions, number: number): Promise<Snapshot> {
  const place = placeOf(options, number);
  const { viewer, repository } = await http.read({ query: snapshotDocument, schema: snapshotAnswer, variables: place });
  const change = repository?.pullRequest;
  if (change == null) {
    throw new BugloopError(
      'change.not_found',
      `there is no pull request ${number} in ${options.slug}, or the token may not see it`,
    );
  }
  const us: Account = { id: viewer.databaseId ?? 0, login: viewer.login, kind: 'user' };
  const all = await readPages(http, place, change);
  const base = change.baseRef?.target?.oid ?? change.baseRefOid;
  const isHere =
    change.state === 'OPEN' && change.headRepository !== null && change.headRepository.id === change.baseRepository?.id;
  const start = isHere ? await readStart(http, base, change.headRefOid) : undefined;
  const record = await readRecord(http, options, change, { us, isHere });
  const checks = [
    ...all.contexts.map((context) => (context.__typename === 'CheckRun' ? toRunCheck(context) : toStatusCheck(context))),
    ...all.suites.flatMap((suite) => toSuiteCheck(suite, change.headRefOid)),
  ];
  const posted = findPosted(all.contexts, us);
  return {
    number: change.number,
    id: change.id,
    url: change.url,
    state: lower(change.state),
    draft: change.isDraft,
    mergeable: toMergeable(record.mergeable),
    head: {
      commit: change.headRefOid,
      branch: change.headRefName,
      ...(change.headRepository === null ? {} : { repository: change.headRepository.id }),
    },
    base: { branch: change.baseRefName, commit: base, repository: change.baseRepository?.id ?? '' },
    ...(start === undefined ? {} : { start }),
    ...optional('author', toAccount(change.author)),
    us,
    ...(options.ownRun === undefined ? {} : { ownRun: options.ownRun }),
    labels: present(change.labels?.nodes).map(({ name }) => name),
    requests: record.requests,
    checks,
    required: toRequired(change),
    reviews: all.reviews.map(toReview),
    threads: all.threads.map(toThread),
    proof: record.proof,
    ...(posted === undefined ? {} : { posted }),
    missing: [...all.missing, ...record.missing, ...findCut(change)],
  };
}

interface Place {
  owner: string;
  name: string;
  number: number;
  [variable: string]: unknown;
}

function placeOf({ slug }: SnapshotOptions, number: number): Place {
  const [owner = '', name = ''] = slug.split('/');
  return { owner, name, number };
}

/** Short lists of which a second page is so unlikely that it is not read, and said to be missing instead. */
function findCut({ labels, baseRef }: ChangeNode): Snapshot['missing'] {
  const why = 'there are more than a hundred';
  return [
    ...(labels?.pageInfo.hasNextPage === true ? [{ part: 'labels' as const, why }] : []),
    ...(baseRef?.rules?.pageInfo.hasNextPage === true ? [{ part: 'required checks' as const, why }] : []),
  ];
}

// ---------------------------------------------------------------------------------------------- pages

interface Pages {
  reviews: ReviewNode[];
  threads: ThreadNode[];
  contexts: ContextNode[];
  suites: SuiteNode[];
  missing: Snapshot['missing'];
}

interface Connection<T> {
  pageInfo: { hasNextPage: boolean; endCursor: string | null };
  nodes: (T | null)[] | null;
}

/** A list that grows page by page. `after` is where the next page begins, absent after the last. */
interface List<T> {
  items: T[];
  after: string | undefined;
  add(page: Connection<T> | null | undefined): void;
}

function openList<T>(first: Connection<T> | null | undefined): List<T> {
  const list: List<T> = {
    items: [],
    after: undefined,
    add(page) {
      if (page === null || page === undefined) return;
      list.items.push(...present(page.nodes));
      list.after = page.pageInfo.hasNextPage ? (page.pageInfo.endCursor ?? undefined) : undefined;
    },
  };
  list.add(first);
  return list;
}

async function readPages(http: Http, place: Place, change: ChangeNode): Promise<Pages> {
  const [commit] = present(change.commits.nodes).map((node) => node.commit);
  // The list of commits can lag behind the head: what is reported for another commit is none of this one's.
  const isHead = commit?.oid === change.headRefOid;
  const reviews = openList<ReviewNode>(change.reviews);
  const threads = openList<ThreadNode>(change.reviewThreads);
  const contexts = openList<ContextNode>(isHead ? commit.statusCheckRollup?.contexts : undefined);
  const suites = openList<SuiteNode>(isHead ? commit.checkSuites : undefined);
  const lists = [
    { part: 'reviews', list: reviews },
    { part: 'threads', list: threads },
    { part: 'checks', list: contexts },
    { part: 'checks', list: suites },
  ] as const;
  const unread = (): (typeof lists)[number][] => lists.filter(({ list }) => list.after !== undefined);
  for (let page = 1; page < maxPages && unread().length > 0; page += 1) {
    const variables = {
      ...place,
      reviews: reviews.after,
      threads: threads.after,
      contexts: contexts.after,
      suites: suites.after,
      moreReviews: reviews.after !== undefined,
      moreThreads: threads.after !== undefined,
      moreContexts: contexts.after !== undefined,
      moreSuites: suites.after !== undefined,
    };
    const answer = await http.read({ query: pagesDocument, schema: pagesAnswer, variables });
    const next = answer.repository?.pullRequest;
    const [nextCommit] = present(next?.commits.nodes).map((node) => node.commit);
    if (next == null || next.headRefOid !== change.headRefOid || nextCommit?.oid !== commit?.oid) throw moved(change);
    reviews.add(next.reviews);
    threads.add(next.reviewThreads);
    contexts.add(nextCommit?.statusCheckRollup?.contexts);
    suites.add(nextCommit?.checkSuites);
  }
  const missing = unread().map(({ part }) => ({ part, why: `there are more than ${maxPages} pages` }));
  return { reviews: reviews.items, threads: threads.items, contexts: contexts.items, suites: suites.items, missing };
}

function moved({ number }: Pick<ChangeNode, 'number'>): BugloopError {
  return unavailable(`the head of pull request ${number} moved while it was read`, undefined, 'refused');
}

// ---------------------------------------------------------------------------------------------- base and record

const comparison = z.object({ merge_base_commit: z.object({ sha: z.string() }) });

/** Where the branch left its base. Page 2 leaves out the list of files, which can be long and is not trusted. */
async function readStart(http: Http, base: CommitId, head: CommitId): Promise<CommitId> {
  const route = 'GET /repos/{owner}/{repo}/compare/{base}...{head}';
  const asked = await http.read({ route, parameters: { base, head, per_page: 1, page: 2 }, schema: comparison });
  return asked.merge_base_commit.sha;
}

interface Recorded {
  mergeable: string;
  proof: Snapshot['proof'];
  requests: Request[];
  missing: Snapshot['missing'];
}

/**
 * What is on the issue that the branch is named after. An issue that is gone has no record, and a branch of another
 * repository has no issue here, whatever it is called.
 */
async function readRecord(
  http: Http,
  options: SnapshotOptions,
  change: ChangeNode,
  { us, isHere }: { us: Account; isHere: boolean },
): Promise<Recorded> {
  const issue = isHere ? issueOf(change.headRefName, options.branchPrefix) : undefined;
  const place = { ...placeOf(options, change.number), issue: issue ?? 0, hasIssue: issue !== undefined };
  const read: IssuePages = { mergeable: change.mergeable, comments: [], events: [], after: undefined, missing: [] };
  try {
    for (let page = 1; page === 1 || (page <= maxPages && read.after !== undefined); page += 1) {
      await readIssuePage(http, change, { ...place, first: page === 1 }, read);
    }
  } catch (error) {
    if (!(error instanceof BugloopError) || error.code !== 'issue.not_found') throw error;
  }
  if (read.after !== undefined) read.missing.push({ part: 'events of the issue', why: `there are more than ${maxPages} pages` });
  return {
    mergeable: read.mergeable,
    proof: issue === undefined ? 'none' : readClaim(read.comments, issue, change, us),
    requests: [...read.events.flatMap(toEventRequest), ...read.comments.flatMap(toCommandRequest)],
    missing: read.missing,
  };
}

interface IssuePages {
  mergeable: string;
  comments: CommentNode[];
  events: EventNode[];
  /** Where the next page begins; absent after the last. */
  after: string | undefined;
  missing: Snapshot['missing'][number][];
}

async function readIssuePage(http: Http, change: ChangeNode, place: Record<string, unknown>, read: IssuePages): Promise<void> {
  const variables = { ...place, after: read.after };
  const { repository } = await http.read({ query: recordDocument, schema: recordAnswer, variables });
  if (repository?.pullRequest?.headRefOid !== change.headRefOid) throw moved(change);
  read.mergeable = repository.pullRequest.mergeable;
  const { comments, timelineItems } = repository.issue ?? {};
  read.comments.push(...present(comments?.nodes));
  read.events.push(...present(timelineItems?.nodes));
  if (timelineItems?.pageInfo.hasPreviousPage === true)
    read.missing.push({ part: 'events of the issue', why: 'there are more than a hundred' });
  read.after = comments?.pageInfo.hasNextPage === true ? (comments.pageInfo.endCursor ?? undefined) : undefined;
}

function issueOf(branch: string, prefix: string): number | undefined {
  const number = branch.startsWith(`${prefix}issue-`)
    ? /^[1-9][0-9]{0,9}$/.exec(branch.slice(`${prefix}issue-`.length))?.[0]
    : undefined;
  return number === undefined ? undefined : Number(number);
}

/** Only a comment of our own account is read, and only when it is about this very change. */
function readClaim(comments: readonly CommentNode[], issue: number, change: ChangeNode, us: Account): Snapshot['proof'] {
  const ours = comments.find(({ body, viewerDidAuthor }) => viewerDidAuthor && body.startsWith(statusMarker));
  if (ours === undefined) return 'none';
  const read = readState(ours.body, String(issue));
  if (!read.ok) return 'unreadable';
  const { report, change: published } = read.record;
  if (report?.head === undefined || published?.number !== change.number) return 'none';
  const claim: ProofClaim = {
    head: report.head,
    ok: report.outcome === 'proven' && report.failToPass > 0,
    needsHuman: report.needsHuman ?? [],
    by: us.id,
    edited: ours.editor !== null && ours.editor.databaseId !== us.id,
  };
  return claim;
}

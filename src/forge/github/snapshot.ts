import * as z from 'zod/mini';
import type { Config } from '../../core/config.ts';
import type { Account, ProofClaim, Snapshot } from '../../core/snapshot.ts';
import { readState, type StateRecord } from '../../core/state.ts';
import type { CommitId } from '../../core/types.ts';
import { statusMarker } from '../../core/views/status-comment.ts';
import { BugloopError } from '../../errors.ts';
import type { ConfigFile, Sight } from '../../ports.ts';
import { readiedBy } from './draft.ts';
import type { Http } from './http.ts';
import { ownedBy, type IsOurs } from './own.ts';
import {
  mergeableDocument,
  pagesAnswer,
  pagesDocument,
  recordAnswer,
  recordDocument,
  snapshotAnswer,
  snapshotDocument,
  type AwaitedNode,
  type ChangeNode,
  type CommentNode,
  type ContextNode,
  type EventNode,
  type FileNode,
  type RecordPage,
  type ReviewNode,
  type RuleNode,
  type SuiteNode,
  type ThreadNode,
} from './snapshot/documents.ts';
import {
  findPosted,
  lower,
  optional,
  present,
  toAccount,
  toAwaited,
  toCommandRequest,
  toComment,
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
  /** Where the configuration is in every repository. */
  configPath: string;
  /** What holds where the base has this. Throws every problem of it at once. */
  readConfig: (found: ConfigFile) => Promise<Config>;
  /** The workflow run that this process is part of. */
  ownRun?: string;
}

/** Pages of one kind that are read before it is given up: 3,000 threads are no change that a machine should judge. */
const maxPages = 30;

/**
 * One change at one head, and the configuration of its base: one request where the change closes the issue that its
 * branch is named after, is not behind merges, and GitHub knows whether it can be merged; else up to three. Only what has
 * more than a hundred takes further ones. Where the head moves meanwhile, nothing of it is used.
 */
export async function readSnapshot(http: Http, options: SnapshotOptions, number: number): Promise<Sight> {
  const place = placeOf(options, number);
  const variables = { ...place, config: options.configPath };
  const { viewer, repository } = await http.read({ query: snapshotDocument, schema: snapshotAnswer, variables });
  const change = repository?.pullRequest;
  if (repository == null || change == null) {
    throw new BugloopError(
      'change.not_found',
      `there is no pull request ${number} in ${options.slug}, or the token may not see it`,
    );
  }
  const config = await options.readConfig(toConfigFile(change.baseRef?.target?.file));
  const base = change.baseRef?.target?.oid ?? change.baseRefOid;
  const isHere =
    change.state === 'OPEN' && change.headRepository !== null && change.headRepository.id === change.baseRepository?.id;
  const issue = isHere ? issueOf(change.headRefName, config.branchPrefix) : undefined;
  const [all, start, record, mergeable] = await Promise.all([
    readPages(http, place, change),
    isHere ? (startOf(change) ?? readStart(http, base, change.headRefOid)) : undefined,
    issue === undefined ? undefined : readRecord(http, place, change, { issue, repository: repository.id }),
    change.mergeable === 'UNKNOWN' ? readMergeable(http, place, change) : change.mergeable,
  ]);
  const us: Account = { id: viewer.databaseId ?? 0, login: viewer.login, kind: 'user' };
  const isOurs = ownedBy([us.id, ...config.agents.bugsolver.accounts]);
  const found = issue === undefined ? 'none' : findRecord(record?.comments ?? [], issue, change, isOurs);
  const checks = [
    ...all.contexts.map((context) => (context.__typename === 'CheckRun' ? toRunCheck(context) : toStatusCheck(context))),
    ...all.suites.flatMap((suite) => toSuiteCheck(suite, change.headRefOid)),
  ];
  const posted = findPosted(all.contexts, us);
  const snapshot: Snapshot = {
    number: change.number,
    id: change.id,
    url: change.url,
    state: lower(change.state),
    draft: change.isDraft,
    ...optional('readiedBy', readiedBy(change, isOurs)),
    mergeable: toMergeable(mergeable),
    head: {
      commit: change.headRefOid,
      branch: change.headRefName,
      ...(change.headRepository === null ? {} : { repository: change.headRepository.id }),
    },
    base: { branch: change.baseRefName, commit: base, repository: change.baseRepository?.id ?? '' },
    ...(start === undefined ? {} : { start }),
    ...optional('author', toAccount(change.author)),
    openedAt: change.createdAt,
    us,
    ...(options.ownRun === undefined ? {} : { ownRun: options.ownRun }),
    labels: [...all.labels, ...(record?.labels ?? [])].map(({ name }) => name),
    requests:
      record === undefined ? [] : [...record.events.flatMap(toEventRequest), ...record.comments.flatMap(toCommandRequest)],
    checks,
    required: toRequired(change, all.rules),
    reviews: all.reviews.map(toReview),
    threads: all.threads.map(toThread),
    comments: all.comments.map((comment) => toComment(comment, isOurs)),
    awaited: all.awaited.flatMap(toAwaited),
    proof: toClaim(found, us, isOurs),
    ...(typeof found === 'string' ? {} : { told: { comment: found.comment.id, record: found.record } }),
    ...(posted === undefined ? {} : { posted }),
    missing: [...all.missing, ...(record?.missing ?? [])],
  };
  return { snapshot, config };
}

interface Place {
  owner: string;
  name: string;
  number: number;
  [variable: string]: unknown;
}

export function placeOf({ slug }: Pick<SnapshotOptions, 'slug'>, number: number): Place {
  const [owner = '', name = ''] = slug.split('/');
  return { owner, name, number };
}

function moved({ number }: Pick<ChangeNode, 'number'>): BugloopError {
  return unavailable(`the head of pull request ${number} moved while it was read`, undefined, 'refused');
}

/** What git keeps there: a mode, and of a file its text. */
function toConfigFile(file: FileNode | null | undefined): ConfigFile {
  if (file == null) return { kind: 'absent' };
  const { text, byteSize, isTruncated } = file.object ?? {};
  const isFile = file.mode === 0o100644 || file.mode === 0o100755;
  if (!isFile || text == null || isTruncated !== false) return { kind: 'unreadable', size: byteSize ?? 0 };
  return { kind: 'file', text };
}

// ---------------------------------------------------------------------------------------------- pages

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

interface Pages {
  reviews: ReviewNode[];
  threads: ThreadNode[];
  contexts: ContextNode[];
  suites: SuiteNode[];
  comments: CommentNode[];
  labels: { name: string }[];
  awaited: AwaitedNode[];
  rules: RuleNode[];
  missing: Snapshot['missing'];
}

const parts = {
  reviews: 'reviews',
  threads: 'threads',
  contexts: 'checks',
  suites: 'checks',
  comments: 'comments',
  labels: 'labels',
  awaited: 'asked reviewers',
  rules: 'required checks',
} as const;

async function readPages(http: Http, place: Place, change: ChangeNode): Promise<Pages> {
  const [commit] = present(change.commits.nodes).map((node) => node.commit);
  // The list of commits can lag behind the head: what is reported for another commit is none of this one's.
  const isHead = commit?.oid === change.headRefOid;
  const lists = {
    reviews: openList<ReviewNode>(change.reviews),
    threads: openList<ThreadNode>(change.reviewThreads),
    contexts: openList<ContextNode>(isHead ? commit.statusCheckRollup?.contexts : undefined),
    suites: openList<SuiteNode>(isHead ? commit.checkSuites : undefined),
    comments: openList<CommentNode>(change.comments),
    labels: openList<{ name: string }>(change.labels),
    awaited: openList<AwaitedNode>(change.reviewRequests),
    rules: openList<RuleNode>(change.baseRef?.rules),
  };
  const names = ['reviews', 'threads', 'contexts', 'suites', 'comments', 'labels', 'awaited', 'rules'] as const;
  const unread = (): (typeof names)[number][] => names.filter((name) => lists[name].after !== undefined);
  for (let page = 1; page < maxPages && unread().length > 0; page += 1) {
    const wanted = names.flatMap((name): [string, unknown][] => {
      const { after } = lists[name];
      return [
        [name, after],
        [`more${name.charAt(0).toUpperCase()}${name.slice(1)}`, after !== undefined],
      ];
    });
    const variables = { ...place, ...Object.fromEntries(wanted) };
    const answer = await http.read({ query: pagesDocument, schema: pagesAnswer, variables });
    const next = answer.repository?.pullRequest;
    const [nextCommit] = present(next?.commits.nodes).map((node) => node.commit);
    if (next == null || next.headRefOid !== change.headRefOid || nextCommit?.oid !== commit?.oid) throw moved(change);
    lists.reviews.add(next.reviews);
    lists.threads.add(next.reviewThreads);
    lists.contexts.add(nextCommit?.statusCheckRollup?.contexts);
    lists.suites.add(nextCommit?.checkSuites);
    lists.comments.add(next.comments);
    lists.labels.add(next.labels);
    lists.awaited.add(next.reviewRequests);
    lists.rules.add(next.baseRef?.rules);
  }
  return {
    reviews: lists.reviews.items,
    threads: lists.threads.items,
    contexts: lists.contexts.items,
    suites: lists.suites.items,
    comments: lists.comments.items,
    labels: lists.labels.items,
    awaited: lists.awaited.items,
    rules: lists.rules.items,
    missing: unread().map((name) => ({ part: parts[name], why: `there are more than ${maxPages} pages` })),
  };
}

// ---------------------------------------------------------------------------------------------- where it left the base

/**
 * Of a branch in one line: each commit has one parent, the commit before it, and the first one's parent is where it left
 * its base. `undefined` of any other, of a long one, and while the list lags behind the head.
 */
function startOf({ line, headRefOid }: ChangeNode): CommitId | undefined {
  const commits = present(line.nodes).map(({ commit }) => ({ id: commit.oid, parents: present(commit.parents.nodes) }));
  if (line.totalCount !== commits.length || commits.at(-1)?.id !== headRefOid) return undefined;
  const straight = commits.every(
    ({ parents }, index) => parents.length === 1 && (index === 0 || parents[0]?.oid === commits[index - 1]?.id),
  );
  return straight ? commits[0]?.parents[0]?.oid : undefined;
}

const comparison = z.object({ merge_base_commit: z.object({ sha: z.string() }) });

/** The same of any branch. Page 2 leaves out the list of files, which can be long and is not trusted. */
async function readStart(http: Http, base: CommitId, head: CommitId): Promise<CommitId> {
  const route = 'GET /repos/{owner}/{repo}/compare/{base}...{head}';
  const asked = await http.read({ route, parameters: { base, head, per_page: 1, page: 2 }, schema: comparison });
  return asked.merge_base_commit.sha;
}

async function readMergeable(http: Http, place: Place, change: ChangeNode): Promise<string> {
  const { repository } = await http.read({ query: mergeableDocument, schema: recordAnswer, variables: place });
  if (repository?.pullRequest?.headRefOid !== change.headRefOid) throw moved(change);
  return repository.pullRequest.mergeable;
}

// ---------------------------------------------------------------------------------------------- record

interface IssueRecord {
  labels: { name: string }[];
  comments: CommentNode[];
  events: EventNode[];
  missing: Snapshot['missing'];
}

/** What is on the issue that the branch is named after. An issue that is gone has no record. */
async function readRecord(
  http: Http,
  place: Place,
  change: ChangeNode,
  { issue, repository }: { issue: number; repository: string },
): Promise<IssueRecord> {
  // An issue of another repository can have the same number.
  const seen = present(change.closingIssuesReferences?.nodes).find(
    (node) => node.number === issue && node.repository.id === repository,
  );
  const first = seen ?? (await readIssuePage(http, place, change, { issue, moreComments: true, moreEvents: true }));
  const comments = openList<CommentNode>(first?.comments);
  const events = openList<EventNode>(first?.timelineItems);
  for (let page = 1; page < maxPages && (comments.after ?? events.after) !== undefined; page += 1) {
    const next = await readIssuePage(http, place, change, {
      issue,
      comments: comments.after,
      events: events.after,
      moreComments: comments.after !== undefined,
      moreEvents: events.after !== undefined,
    });
    comments.add(next?.comments);
    events.add(next?.timelineItems);
  }
  const why = `there are more than ${maxPages} pages`;
  return {
    labels: present(first?.labels?.nodes),
    comments: comments.items,
    events: events.items,
    missing: [
      ...(comments.after === undefined ? [] : [{ part: 'comments of the issue' as const, why }]),
      ...(events.after === undefined ? [] : [{ part: 'events of the issue' as const, why }]),
    ],
  };
}

async function readIssuePage(
  http: Http,
  place: Place,
  change: ChangeNode,
  more: Record<string, unknown>,
): Promise<RecordPage | undefined> {
  try {
    const { repository } = await http.read({ query: recordDocument, schema: recordAnswer, variables: { ...place, ...more } });
    if (repository?.pullRequest?.headRefOid !== change.headRefOid) throw moved(change);
    return repository.issue ?? undefined;
  } catch (error) {
    if (error instanceof BugloopError && error.code === 'issue.not_found') return undefined;
    throw error;
  }
}

function issueOf(branch: string, prefix: string): number | undefined {
  const number = branch.startsWith(`${prefix}issue-`)
    ? /^[1-9][0-9]{0,9}$/.exec(branch.slice(`${prefix}issue-`.length))?.[0]
    : undefined;
  return number === undefined ? undefined : Number(number);
}

interface Found {
  comment: CommentNode;
  record: StateRecord;
}

/** Only a comment of an account that we write as is read, and only when it is about this very change. */
function findRecord(
  comments: readonly CommentNode[],
  issue: number,
  change: ChangeNode,
  isOurs: IsOurs,
): Found | 'none' | 'unreadable' {
  const comment = comments.find(({ body, author }) => isOurs(author) && body.startsWith(statusMarker));
  if (comment === undefined) return 'none';
  const read = readState(comment.body, String(issue));
  if (!read.ok) return 'unreadable';
  return read.record.change?.number === change.number ? { comment, record: read.record } : 'none';
}

function toClaim(found: Found | 'none' | 'unreadable', us: Account, isOurs: IsOurs): Snapshot['proof'] {
  if (typeof found === 'string') return found;
  const { report } = found.record;
  if (report?.head === undefined) return 'none';
  const claim: ProofClaim = {
    head: report.head,
    ok: report.outcome === 'proven' && report.failToPass > 0,
    needsHuman: report.needsHuman ?? [],
    by: us.id,
    edited: found.comment.editor !== null && !isOurs(found.comment.editor),
  };
  return claim;
}

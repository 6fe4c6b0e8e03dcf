import { z } from 'zod';
import { ownCheck } from '../../core/gate.ts';
import { readSlash } from '../../core/slash.ts';
import {
  stateOfRun,
  stateOfStatus,
  type Account,
  type Check,
  type PostedGate,
  type ProofClaim,
  type Request,
  type RequiredCheck,
  type Review,
  type Snapshot,
  type Thread,
} from '../../core/snapshot.ts';
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
  type AccountNode,
  type ChangeNode,
  type CommentNode,
  type ContextNode,
  type EventNode,
  type ReviewNode,
  type SuiteNode,
  type ThreadNode,
} from './snapshot-documents.ts';
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
    throw new BugloopError('change.not_found', `there is no pull request ${number} in ${options.slug}, or the token may not see it`);
  }
  const us: Account = { id: viewer.databaseId ?? 0, login: viewer.login, kind: 'user' };
  const all = await readPages(http, place, change);
  const base = change.baseRef?.target?.oid ?? change.baseRefOid;
  const isHere = change.headRepository !== null && change.headRepository.id === change.baseRepository?.id;
  const start = isHere ? await readStart(http, base, change.headRefOid) : undefined;
  const record = await readRecord(http, options, change, us);
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

/** A list that grows page by page. */
function openList<T>(first: Connection<T> | null | undefined): { items: T[]; after: string | undefined; add(page: Connection<T>): void } {
  const list = {
    items: [] as T[],
    after: undefined as string | undefined,
    add({ pageInfo, nodes }: Connection<T>): void {
      list.items.push(...present(nodes));
      list.after = pageInfo.hasNextPage ? (pageInfo.endCursor ?? undefined) : undefined;
    },
  };
  if (first !== null && first !== undefined) list.add(first);
  return list;
}

async function readPages(http: Http, place: Place, change: ChangeNode): Promise<Pages> {
  const [commit] = present(change.commits.nodes).map((node) => node.commit);
  const isHead = commit?.oid === change.headRefOid;
  const reviews = openList(change.reviews);
  const threads = openList(change.reviewThreads);
  const contexts = openList(isHead ? commit.statusCheckRollup?.contexts : undefined);
  const suites = openList(isHead ? commit.checkSuites : undefined);
  const lists = { reviews, threads, contexts, suites };
  for (let page = 1; page < maxPages && Object.values(lists).some(({ after }) => after !== undefined); page += 1) {
    const cursors = Object.fromEntries(Object.entries(lists).map(([name, { after }]) => [name, after ?? null]));
    const more = Object.fromEntries(
      Object.entries(lists).map(([name, { after }]) => [`more${name.charAt(0).toUpperCase()}${name.slice(1)}`, after !== undefined]),
    );
    const answer = await http.read({ query: pagesDocument, schema: pagesAnswer, variables: { ...place, ...cursors, ...more } });
    const next = answer.repository?.pullRequest;
    const [nextCommit] = present(next?.commits.nodes).map((node) => node.commit);
    if (next == null || next.headRefOid !== change.headRefOid || (isHead && nextCommit?.oid !== commit.oid)) throw moved(change);
    if (next.reviews != null) reviews.add(next.reviews);
    if (next.reviewThreads != null) threads.add(next.reviewThreads);
    if (nextCommit?.statusCheckRollup != null) contexts.add(nextCommit.statusCheckRollup.contexts);
    if (nextCommit?.checkSuites != null) suites.add(nextCommit.checkSuites);
  }
  const parts = { reviews: 'reviews', threads: 'threads', contexts: 'checks', suites: 'checks' } as const;
  const missing = Object.entries(lists)
    .filter(([, { after }]) => after !== undefined)
    .map(([name]) => ({ part: parts[name as keyof typeof parts], why: `there are more than ${maxPages} pages` }));
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

/** What is on the issue that the branch is named after. An issue that is gone has no record. */
async function readRecord(http: Http, options: SnapshotOptions, change: ChangeNode, us: Account): Promise<Recorded> {
  const issue = issueOf(change.headRefName, options.branchPrefix);
  const comments: CommentNode[] = [];
  const events: EventNode[] = [];
  const missing: { part: 'events of the issue'; why: string }[] = [];
  let mergeable = change.mergeable;
  for (let after: string | null = null, page = 1; page <= maxPages; page += 1) {
    const variables = {
      ...placeOf(options, change.number),
      issue: issue ?? 0,
      hasIssue: issue !== undefined,
      after,
      first: page === 1,
    };
    const { repository } = await http.read({ query: recordDocument, schema: recordAnswer, variables });
    if (repository?.pullRequest?.headRefOid !== change.headRefOid) throw moved(change);
    mergeable = repository.pullRequest.mergeable;
    const found = repository.issue;
    if (found == null) break;
    comments.push(...present(found.comments.nodes));
    events.push(...present(found.timelineItems?.nodes));
    if (found.timelineItems?.pageInfo.hasPreviousPage === true)
      missing.push({ part: 'events of the issue', why: 'there are more than a hundred' });
    const { hasNextPage, endCursor } = found.comments.pageInfo;
    after = hasNextPage ? endCursor : null;
    if (after === null) break;
  }
  const requests = [...events.flatMap(toEventRequest), ...comments.flatMap(toCommandRequest)];
  return { mergeable, proof: issue === undefined ? 'none' : readClaim(comments, issue, change, us), requests, missing };
}

function issueOf(branch: string, prefix: string): number | undefined {
  const number = branch.startsWith(`${prefix}issue-`) ? /^[1-9][0-9]{0,9}$/.exec(branch.slice(`${prefix}issue-`.length))?.[0] : undefined;
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

function toEventRequest({ actor, label, assignee }: EventNode): Request[] {
  const by = actor?.databaseId;
  if (by == null) return [];
  if (label !== undefined) return [{ by, label: label.name }];
  return assignee?.login === undefined ? [] : [{ by, assignee: assignee.login }];
}

function toCommandRequest({ author, body }: CommentNode): Request[] {
  const by = author?.databaseId;
  const slash = readSlash(body);
  return by == null || slash?.ok !== true ? [] : [{ by, command: slash.command }];
}

// ---------------------------------------------------------------------------------------------- into our words

function toAccount(node: AccountNode | null): Account | undefined {
  if (node?.databaseId == null) return undefined;
  const kinds: Partial<Record<string, Account['kind']>> = { User: 'user', Bot: 'bot' };
  return { id: node.databaseId, login: node.login.replace(/\[bot\]$/, ''), kind: kinds[node.__typename] ?? 'other' };
}

function toMergeable(word: string): Snapshot['mergeable'] {
  return word === 'MERGEABLE' ? 'yes' : word === 'CONFLICTING' ? 'no' : 'unknown';
}

function toReview({ author, state, commit, authorCanPushToRepository, submittedAt, body, comments }: ReviewNode): Review {
  return {
    ...optional('author', toAccount(author)),
    state: reviewStates[state] ?? 'commented',
    ...(commit === null ? {} : { commit: commit.oid }),
    mayWrite: authorCanPushToRepository,
    submittedAt: submittedAt ?? '',
    body,
    comments: comments.totalCount,
  };
}

const reviewStates: Partial<Record<string, Review['state']>> = {
  APPROVED: 'approved',
  CHANGES_REQUESTED: 'changes-requested',
  COMMENTED: 'commented',
  DISMISSED: 'dismissed',
  PENDING: 'pending',
};

function toThread({ id, path, line, originalLine, isResolved, isOutdated, resolvedBy, comments }: ThreadNode): Thread {
  const at = line ?? originalLine;
  return {
    id,
    path,
    ...(at === null ? {} : { line: at }),
    resolved: isResolved,
    ...(resolvedBy === null ? {} : { resolvedBy: resolvedBy.login }),
    outdated: isOutdated,
    ...optional('author', toAccount(present(comments.nodes)[0]?.author ?? null)),
  };
}

type RunNode = Extract<ContextNode, { __typename: 'CheckRun' }>;
type StatusNode = Extract<ContextNode, { __typename: 'StatusContext' }>;

function toRunCheck({ name, status, conclusion, startedAt, isRequired, checkSuite }: RunNode): Check {
  return {
    name,
    state: stateOfRun(lower(status), lower(conclusion ?? undefined)),
    said: lower(conclusion ?? status),
    commit: checkSuite.commit.oid,
    ...optional('creator', toCreator(checkSuite.app)),
    required: isRequired,
    ...optional('workflow', toWorkflow(checkSuite.workflowRun)),
    startedAt: startedAt ?? '',
  };
}

function toStatusCheck({ context, state, isRequired, commit, creator, createdAt }: StatusNode): Check {
  return {
    name: context,
    state: stateOfStatus(lower(state)),
    said: lower(state),
    commit: commit?.oid ?? '',
    ...optional('creator', toAccount(creator)),
    required: isRequired,
    startedAt: createdAt,
  };
}

/**
 * A suite without runs. Every app with permission gets one that stays queued for good: that says nothing. A workflow
 * that waits for approval or could not start has no run either, and says all.
 */
function toSuiteCheck({ status, conclusion, createdAt, app, checkRuns, workflowRun }: SuiteNode, head: CommitId): Check[] {
  if ((checkRuns?.totalCount ?? 0) > 0) return [];
  const state = stateOfRun(lower(status), lower(conclusion ?? undefined));
  const ended = conclusion !== null;
  if (ended ? state === 'passed' || state === 'none' : workflowRun === null) return [];
  return [
    {
      name: workflowRun?.workflow.name ?? app?.slug ?? 'a suite of checks',
      state,
      said: lower(conclusion ?? status),
      commit: head,
      ...optional('creator', toCreator(app)),
      required: false,
      ...optional('workflow', toWorkflow(workflowRun)),
      startedAt: createdAt,
    },
  ];
}

function toCreator(app: SuiteNode['app']): Check['creator'] {
  return app?.databaseId == null ? undefined : { id: app.databaseId, login: app.slug, kind: 'app' };
}

function toWorkflow(run: SuiteNode['workflowRun']): Check['workflow'] {
  return run?.databaseId == null ? undefined : { run: String(run.databaseId), file: run.file?.path ?? '', event: run.event };
}

/** Classic protection and rulesets are two systems; the first names no app to those who may not administrate. */
function toRequired({ baseRef }: ChangeNode): RequiredCheck[] {
  const classic = (baseRef?.refUpdateRule?.requiredStatusCheckContexts ?? []).filter((name) => name !== null);
  const rules = present(baseRef?.rules?.nodes).flatMap(({ parameters }) => parameters?.requiredStatusChecks ?? []);
  return [
    ...classic.map((name) => ({ name })),
    ...rules.map(({ context, integrationId }) => ({ name: context, ...(integrationId === null ? {} : { app: integrationId }) })),
  ];
}

/** What we posted for this head. A check run tells by its external id, a status by its state and its line. */
function findPosted(contexts: readonly ContextNode[], us: Account): PostedGate | undefined {
  for (const context of contexts) {
    if (context.__typename === 'CheckRun' && context.name === ownCheck && context.databaseId !== null)
      return { kind: 'check', id: String(context.databaseId), mark: context.externalId ?? '' };
    if (context.__typename === 'StatusContext' && context.context === ownCheck && context.creator?.databaseId === us.id)
      return { kind: 'status', id: context.id, mark: `${lower(context.state)} ${context.description ?? ''}` };
  }
  return undefined;
}

function present<T>(list: readonly (T | null)[] | null | undefined): T[] {
  return (list ?? []).filter((item) => item !== null);
}

function lower<T extends string | undefined>(word: T): Lowercase<NonNullable<T>> | Extract<T, undefined> {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- toLowerCase forgets what it was given
  return word?.toLowerCase() as Lowercase<NonNullable<T>> | Extract<T, undefined>;
}

function optional<Key extends string, T>(key: Key, value: T | undefined): { [K in Key]?: T } {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- a computed key is any string to the compiler
  return (value === undefined ? {} : { [key]: value }) as { [K in Key]?: T };
}

import type { Reviewers } from '../../../core/threads.ts';
import type { Permission, Thread, ThreadAuthor, ThreadComment } from '../../../core/threads/thread.ts';
import type { CommitId } from '../../../core/types.ts';
import { BugloopError } from '../../../errors.ts';
import type { LockHolder, ReviewStanding, Standing } from '../../../ports.ts';
import { readiedBy } from '../draft.ts';
import type { IssueFacts } from '../documents.ts';
import { findStatus, lockRefOf, readComments, toIssue, type GitHubOptions, type Shared } from '../forge.ts';
import type { Http } from '../http.ts';
import { readHolder, type Lockable } from '../lock.ts';
import { optional } from '../snapshot/words.ts';
import { ownedBy } from '../own.ts';
import { findTrouble } from '../trouble.ts';
import { readFailedChecks } from './checks.ts';
import {
  earlierCommentsAnswer,
  earlierCommentsDocument,
  moreRepliesAnswer,
  moreRepliesDocument,
  moreThreadsAnswer,
  moreThreadsDocument,
  permissionsAnswer,
  permissionsDocument,
  reviewAnswer,
  reviewDocument,
  type AuthorNode,
  type ChangeNode,
  type ReviewAnswer,
  type ThreadNode,
} from './documents.ts';

export interface ReviewsOptions extends GitHubOptions {
  /** Logins of automatic reviewers, as REST writes them: `coderabbitai[bot]`. */
  automaticReviewers: readonly string[];
}

/** Most pages of anything that are read: 3,000 threads are no review. */
const maxPages = 30;

/** What one process learns on the way. */
export interface Known {
  permissions: Map<number, Permission>;
  /** By number of the change: what its lock needs besides a look. */
  places: Map<number, Omit<Lockable, 'standing'> & { repositoryId: string }>;
}

type RepositoryNode = NonNullable<ReviewAnswer['repository']>;

/** Everything that waits on a change: one query, one for the permissions of whoever spoke, more only beyond a hundred. */
export async function lookAt(
  { http, looks }: Shared,
  options: ReviewsOptions,
  { permissions, places }: Known,
  number: number,
): Promise<ReviewStanding> {
  const place = placeOf(options, number);
  const { labels, branchPrefix } = options;
  const { viewer, repository } = await http.read({
    query: reviewDocument,
    schema: reviewAnswer,
    variables: {
      ...place,
      locks: `${branchPrefix}locks/`,
      triggerLabel: labels.trigger,
      inProgressLabel: labels.inProgress,
      needsHumanLabel: labels.needsHuman,
    },
  });
  const change = repository?.pullRequest;
  if (repository == null || change == null) {
    const message = `there is no pull request ${number} in ${options.slug}, or the token may not see it`;
    throw new BugloopError('change.not_found', message);
  }
  const threads = await readThreads(http, place, change);
  const comments = await readChangeComments(http, change);
  const said = [...comments, ...threads.flatMap(({ comments: replies }) => present(replies.nodes))];
  const reviewers: Reviewers = {
    ours: new Set([...options.accounts, ...(viewer.databaseId === null ? [] : [viewer.databaseId])]),
    automatic: findAutomatic(
      said.map(({ author }) => author),
      options.automaticReviewers,
    ),
  };
  const people = said.flatMap(({ author }) => (author?.__typename === 'User' && author.databaseId != null ? [author] : []));
  const unknown = people.filter(({ databaseId }) => !reviewers.ours.has(databaseId ?? 0) && !permissions.has(databaseId ?? 0));
  await readPermissions(http, options, new Map(unknown.map(({ login, databaseId }) => [login, databaseId ?? 0])), permissions);

  const standing = await describe(http, options, change, reviewers);
  // A tree that the repository surely has, for a commit without content of its own.
  const baseTree = present(change.newest.nodes)[0]?.commit.tree.oid ?? '';
  const lockRef = branchLockOf(branchPrefix, change.headRefName);
  places.set(number, { repositoryId: repository.id, baseTree, lockRef });
  const lock = await findLock(options, repository, lockRef);
  const [issue] = present(change.closingIssuesReferences?.nodes);
  const closes =
    issue === undefined ? undefined : await describeIssue(http, options, repository, issue, { ...standing, reviewers });
  if (issue !== undefined && closes !== undefined) {
    looks.set(String(issue.number), {
      standing: closes.standing,
      repositoryId: repository.id,
      issueId: issue.id,
      baseTree,
      known: [repository.trigger, repository.inProgress, repository.needsHuman].filter((label) => label !== null),
      labels: present(issue.labels?.nodes),
      assignees: present(issue.assignees.nodes),
      comments: closes.comments,
      lockRef: lockRefOf(branchPrefix, issue.number),
      viewer: viewer.login,
      reporter: issue.author?.login,
      changeIds: new Map([[change.number, change.id]]),
    });
  }
  const issueLabels = present(issue?.labels?.nodes);
  return {
    ...standing,
    labels: [...new Set([...present(change.labels?.nodes), ...issueLabels].map(({ name }) => name))],
    ...(closes === undefined ? {} : { closes: closes.standing }),
    ...(lock === undefined ? {} : { lock }),
    comments: comments.map((comment) => toComment(comment, permissions)),
    threads: threads.map((thread) => toThread(thread, permissions)),
    reviewers,
  };
}

interface Place {
  owner: string;
  name: string;
  number: number;
}

function placeOf({ slug }: ReviewsOptions, number: number): Place {
  const [owner = '', name = ''] = slug.split('/');
  return { owner, name, number };
}

// ---------------------------------------------------------------------------------------------- pages

async function readThreads(http: Http, place: Place, change: ChangeNode): Promise<ThreadNode[]> {
  const threads = present(change.reviewThreads.nodes);
  let { pageInfo } = change.reviewThreads;
  for (let page = 1; page < maxPages && pageInfo.hasNextPage; page += 1) {
    const variables = { ...place, after: pageInfo.endCursor };
    const next = await http.read({ query: moreThreadsDocument, schema: moreThreadsAnswer, variables });
    const more = next.repository?.pullRequest?.reviewThreads;
    if (more === undefined) break;
    threads.push(...present(more.nodes));
    ({ pageInfo } = more);
  }
  const whole: ThreadNode[] = [];
  for (const thread of threads) whole.push(await readReplies(http, thread));
  return whole;
}

/** The thread with all of its comments: the newest word is the one that counts. */
async function readReplies(http: Http, thread: ThreadNode): Promise<ThreadNode> {
  const nodes = [...(thread.comments.nodes ?? [])];
  let { pageInfo } = thread.comments;
  for (let page = 1; page < maxPages && pageInfo.hasNextPage; page += 1) {
    const variables = { thread: thread.id, after: pageInfo.endCursor };
    const next = await http.read({ query: moreRepliesDocument, schema: moreRepliesAnswer, variables });
    if (next.node === null) break;
    nodes.push(...(next.node.comments.nodes ?? []));
    ({ pageInfo } = next.node.comments);
  }
  return { ...thread, comments: { nodes, pageInfo } };
}

/** Comments on the change itself, oldest first. */
async function readChangeComments(http: Http, { id, comments }: ChangeNode): Promise<CommentNode[]> {
  const all = present(comments.nodes);
  let { pageInfo } = comments;
  for (let page = 1; page < maxPages && pageInfo.hasPreviousPage; page += 1) {
    const variables = { change: id, before: pageInfo.startCursor };
    const next = await http.read({ query: earlierCommentsDocument, schema: earlierCommentsAnswer, variables });
    if (next.node === null) break;
    all.unshift(...present(next.node.comments.nodes));
    ({ pageInfo } = next.node.comments);
  }
  return all;
}

// ---------------------------------------------------------------------------------------------- who spoke

/** A name in brackets is an app's, and only an app's account is a `Bot`: nobody else can have both. */
function findAutomatic(authors: readonly AuthorNode[], logins: readonly string[]): Set<number> {
  const wanted = new Set(logins.map((login) => login.toLowerCase()));
  const ids = authors.flatMap((author) => {
    if (author?.databaseId == null) return [];
    const login = author.login.toLowerCase();
    const name = author.__typename === 'Bot' ? `${login.replace(/\[bot\]$/, '')}[bot]` : login;
    return wanted.has(name) ? [author.databaseId] : [];
  });
  return new Set(ids);
}

/** GitHub itself says who may write. Where it does not, nobody may. */
async function readPermissions(
  http: Http,
  options: ReviewsOptions,
  accounts: ReadonlyMap<string, number>,
  permissions: Map<number, Permission>,
): Promise<void> {
  if (accounts.size === 0) return;
  const logins = [...accounts.keys()];
  const { query, variables } = permissionsDocument(logins);
  const [owner, name] = options.slug.split('/');
  const answer = await http
    .read({ query, schema: permissionsAnswer, variables: { ...variables, owner, name } })
    .catch((error: unknown) => {
      if (findTrouble(error)?.trouble.outcome !== 'refused') throw error;
      return { repository: null };
    });
  for (const [index, login] of logins.entries()) {
    const [edge] = present(answer.repository?.[`p${index}`]?.edges);
    const id = accounts.get(login);
    // The account of that name may be another one by now.
    if (id !== undefined) permissions.set(id, edge?.node.databaseId === id ? toPermission(edge.permission) : 'none');
  }
}

function toPermission(word: string): Permission {
  const known: Record<string, Permission> = {
    ADMIN: 'admin',
    MAINTAIN: 'maintain',
    WRITE: 'write',
    TRIAGE: 'triage',
    READ: 'read',
  };
  return known[word] ?? 'none';
}

// ---------------------------------------------------------------------------------------------- what stands

async function describe(
  http: Http,
  options: ReviewsOptions,
  change: ChangeNode,
  { ours }: Reviewers,
): Promise<Omit<ReviewStanding, 'labels' | 'closes' | 'comments' | 'threads' | 'reviewers'>> {
  const [newest] = present(change.newest.nodes).map(({ commit }) => commit);
  const isHead = newest?.oid === change.headRefOid;
  return {
    id: change.id,
    number: change.number,
    url: change.url,
    title: change.title,
    draft: change.isDraft,
    ...optional('readiedBy', readiedBy(change, ownedBy(ours))),
    state: change.state === 'OPEN' ? 'open' : change.state === 'MERGED' ? 'merged' : 'closed',
    branch: change.headRefName,
    head: change.headRefOid,
    message: isHead ? newest.message : '',
    headOurs: isHead && isOurs(options, newest),
    sameRepository: change.headRepository !== null && change.headRepository.databaseId === change.baseRepository?.databaseId,
    openedByUs: ownedBy(ours)(change.author),
    base: { branch: change.baseRefName, commit: baseOf(change) },
    failedChecks: isHead ? await readFailedChecks(http, options, newest.oid, newest.statusCheckRollup) : [],
  };
}

/** The issue as `Forge.read` shows it, out of the same look. */
async function describeIssue(
  http: Http,
  options: ReviewsOptions,
  repository: RepositoryNode,
  issue: IssueFacts,
  {
    number,
    url,
    head,
    headOurs,
    branch,
    base,
    draft,
    openedByUs,
    sameRepository,
    reviewers,
  }: Omit<ReviewStanding, 'labels' | 'comments' | 'threads'>,
) {
  const comments = await readComments(http, issue, ownedBy(reviewers.ours));
  const status = findStatus(comments);
  const holder = await findLock(options, repository, lockRefOf(options.branchPrefix, issue.number));
  const standing: Standing = {
    issue: toIssue(issue),
    open: issue.state === 'OPEN',
    branch,
    tip: { commit: head, ours: headOurs, author: headOurs ? 'bugloop' : 'somebody' },
    base,
    changes: [{ number, url, draft, head, fromBranch: sameRepository, mine: openedByUs }],
    ...(status === undefined ? {} : { status }),
    ...(holder === undefined ? {} : { lock: holder }),
    assignees: present(issue.assignees.nodes).map(({ login }) => login),
  };
  return { standing, comments };
}

/** The parent of the oldest commit: where the branch left its base. */
function baseOf(change: ChangeNode): CommitId {
  const [parent] = present(change.oldest.nodes).flatMap(({ commit }) => present(commit.parents.nodes));
  if (parent === undefined) throw new BugloopError('api.unavailable', `pull request ${change.number} has no commits`);
  return parent.oid;
}

/** The lock of a branch of ours: the one of its issue, where it is named after one. */
function branchLockOf(prefix: string, branch: string): string {
  return `refs/heads/${prefix}locks/${branch.slice(prefix.length)}`;
}

async function findLock(options: ReviewsOptions, { locks }: RepositoryNode, ref: string): Promise<LockHolder | undefined> {
  const lock = present(locks?.nodes).find(({ name }) => `refs/heads/${name}` === ref);
  return lock?.target == null ? undefined : await readHolder(options, lock.target);
}

function isOurs(
  { committer, trailer }: ReviewsOptions,
  commit: { message: string; committer: { email: string | null } | null },
): boolean {
  return commit.committer?.email === committer && new RegExp(`^${trailer}: \\S`, 'm').test(commit.message);
}

function toAuthor(author: AuthorNode, permissions: ReadonlyMap<number, Permission>): ThreadAuthor {
  if (author === null) return { login: 'ghost', type: 'unknown' };
  const types: Record<string, ThreadAuthor['type']> = {
    User: 'User',
    Bot: 'Bot',
    Organization: 'Organization',
    Mannequin: 'Mannequin',
  };
  const permission = author.databaseId == null ? undefined : permissions.get(author.databaseId);
  return {
    ...(author.databaseId == null ? {} : { id: author.databaseId }),
    login: author.login,
    type: types[author.__typename] ?? 'unknown',
    ...(permission === undefined ? {} : { permission }),
  };
}

type CommentNode = {
  id: string;
  url: string;
  body: string;
  createdAt: string;
  author: AuthorNode;
  originalCommit?: { oid: string } | null;
};

function toComment(
  { id, url, body, createdAt, author, originalCommit }: CommentNode,
  permissions: ReadonlyMap<number, Permission>,
): ThreadComment {
  const made = { id, url, author: toAuthor(author, permissions), body, createdAt };
  return originalCommit == null ? made : { ...made, commit: originalCommit.oid };
}

function toThread(node: ThreadNode, permissions: ReadonlyMap<number, Permission>): Thread {
  const comments = present(node.comments.nodes);
  const [first] = comments;
  return {
    id: node.id,
    url: first?.url ?? '',
    path: node.path,
    side: node.diffSide,
    ...(node.line === null ? {} : { line: node.line }),
    ...(node.startLine === null ? {} : { startLine: node.startLine }),
    ...(node.originalLine === null ? {} : { originalLine: node.originalLine }),
    ...(node.originalStartLine === null ? {} : { originalStartLine: node.originalStartLine }),
    diffHunk: first?.diffHunk ?? '',
    isResolved: node.isResolved,
    isOutdated: node.isOutdated,
    ...(node.resolvedBy === null ? {} : { resolvedBy: node.resolvedBy.login }),
    viewerCanResolve: node.viewerCanResolve,
    comments: comments.map((comment) => toComment(comment, permissions)),
  };
}

function present<T>(nodes: readonly (T | null)[] | null | undefined): T[] {
  return (nodes ?? []).filter((node) => node !== null);
}

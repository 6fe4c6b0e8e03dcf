import { isAnswered, readReplyMark, type Reviewers } from '../../core/threads.ts';
import type { Permission, Thread, ThreadAuthor, ThreadComment } from '../../core/threads/thread.ts';
import type { CommitId, Issue } from '../../core/types.ts';
import { statusMarker } from '../../core/views/status-comment.ts';
import { BugloopError } from '../../errors.ts';
import type { AnsweredThreads, Remote, Reviews, ReviewStanding, ThreadAnswers } from '../../ports.ts';
import { openHttp, type GitHubRequests, type Http } from './http.ts';
import {
  answerAnswer,
  answerDocument,
  moreThreadsAnswer,
  moreThreadsDocument,
  permissionsAnswer,
  permissionsDocument,
  reviewAnswer,
  reviewDocument,
  type AnswerPart,
  type AuthorNode,
  type ChangeNode,
  type CheckNode,
  type ThreadNode,
} from './threads/documents.ts';
import { mayPass, pushOnce } from './push.ts';
import { readJobLog } from './threads/log.ts';
import { findTrouble } from './trouble.ts';

export interface ReviewsOptions extends GitHubRequests {
  /** Logins of automatic reviewers, as REST writes them: `coderabbitai[bot]`. */
  automaticReviewers: readonly string[];
  /** Numbers of the accounts that bugloop writes as, besides that of the token. */
  accounts: readonly number[];
  /** E-mail address of bugloop's own commits. */
  committer: string;
  /** Trailer that each of them carries. */
  trailer: string;
  /** Takes secrets out of whatever is written. */
  redact: (text: string) => string;
}

/** Most pages of threads that are read: 3,000 threads are no review. */
const maxPages = 30;
/** Effects of one document: GitHub counts content of a minute, and a document must end before its time-out. */
const partsPerDocument = 40;
/** Failed checks whose output is read. */
const maxChecks = 5;

/** The review of a change at GitHub: one query for a look, one for the permissions of whoever spoke, batched writes. */
export function openGitHubReviews(options: ReviewsOptions): Reviews {
  const http = openHttp(options);
  const remote: Remote = { url: `${options.serverUrl}/${options.slug}.git`, token: options.token };
  const permissions = new Map<number, Permission>();
  const look = (number: number): Promise<ReviewStanding> => lookAt(http, options, permissions, number);

  return {
    read: look,
    async fetchHead({ branch }, mirror) {
      await http.persist(() => mirror.fetch(remote, branch).catch(mayPass));
    },
    pushBranch: (push) => pushOnce(http, options, push),
    answer: (standing, answers) => answerOnce(http, options, look, standing, answers),
  };
}

// ---------------------------------------------------------------------------------------------- one look

async function lookAt(
  http: Http,
  options: ReviewsOptions,
  permissions: Map<number, Permission>,
  number: number,
): Promise<ReviewStanding> {
  const place = placeOf(options, number);
  const { viewer, repository } = await http.read({ query: reviewDocument, schema: reviewAnswer, variables: place });
  const change = repository?.pullRequest;
  if (change == null) {
    const message = `there is no pull request ${number} in ${options.slug}, or the token may not see it`;
    throw new BugloopError('change.not_found', message);
  }
  const nodes = await readThreads(http, place, change);
  const bots = present(change.comments.nodes).concat(nodes.flatMap(({ comments }) => present(comments.nodes)));
  const reviewers: Reviewers = {
    ours: new Set([...options.accounts, ...(viewer.databaseId === null ? [] : [viewer.databaseId])]),
    automatic: findAutomatic(
      bots.map(({ author }) => author),
      options.automaticReviewers,
    ),
  };
  const people = bots.flatMap(({ author }) => (author?.__typename === 'User' && author.databaseId != null ? [author] : []));
  const unknown = people.filter(({ databaseId }) => !reviewers.ours.has(databaseId ?? 0) && !permissions.has(databaseId ?? 0));
  await readPermissions(http, options, new Map(unknown.map(({ login, databaseId }) => [login, databaseId ?? 0])), permissions);
  return await describe(options, change, nodes, reviewers, permissions);
}

function placeOf({ slug }: ReviewsOptions, number: number): { owner: string; name: string; number: number } {
  const [owner = '', name = ''] = slug.split('/');
  return { owner, name, number };
}

async function readThreads(http: Http, place: ReturnType<typeof placeOf>, change: ChangeNode): Promise<ThreadNode[]> {
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
  return threads;
}

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

async function describe(
  options: ReviewsOptions,
  change: ChangeNode,
  threads: readonly ThreadNode[],
  reviewers: Reviewers,
  permissions: ReadonlyMap<number, Permission>,
): Promise<ReviewStanding> {
  const [newest] = present(change.newest.nodes).map(({ commit }) => commit);
  const isHead = newest?.oid === change.headRefOid;
  const [issue] = present(change.closingIssuesReferences?.nodes);
  const status = present(issue?.comments.nodes).find(
    ({ body, author }) => isOneOf(reviewers.ours, author) && body.startsWith(statusMarker),
  );
  return {
    id: change.id,
    number: change.number,
    url: change.url,
    title: change.title,
    state: change.state === 'OPEN' ? 'open' : change.state === 'MERGED' ? 'merged' : 'closed',
    ...(issue === undefined ? {} : { issue: toIssue(issue) }),
    ...(status === undefined ? {} : { status: { id: status.id, url: status.url, text: status.body } }),
    branch: change.headRefName,
    head: change.headRefOid,
    message: isHead ? newest.message : '',
    headOurs: isHead && isOurs(options, newest),
    sameRepository: change.headRepository !== null && change.headRepository.databaseId === change.baseRepository?.databaseId,
    openedByUs: isOneOf(reviewers.ours, change.author),
    base: { branch: change.baseRefName, commit: baseOf(change) },
    labels: [...new Set([...present(change.labels?.nodes), ...present(issue?.labels?.nodes)].map(({ name }) => name))],
    comments: present(change.comments.nodes).map((comment) => toComment(comment, permissions)),
    threads: threads.map((thread) => toThread(thread, permissions)),
    reviewers,
    failedChecks: isHead ? await readFailedChecks(options, present(newest.statusCheckRollup?.contexts.nodes)) : [],
  };
}

function isOneOf(accounts: ReadonlySet<number>, author: AuthorNode): boolean {
  return author?.databaseId != null && accounts.has(author.databaseId);
}

/** The parent of the oldest commit: where the branch left its base. */
function baseOf(change: ChangeNode): CommitId {
  const [parent] = present(change.oldest.nodes).flatMap(({ commit }) => present(commit.parents.nodes));
  if (parent === undefined) throw new BugloopError('api.unavailable', `pull request ${change.number} has no commits`);
  return parent.oid;
}

function isOurs(
  { committer, trailer }: ReviewsOptions,
  commit: { message: string; committer: { email: string | null } | null },
): boolean {
  return commit.committer?.email === committer && new RegExp(`^${trailer}: \\S`, 'm').test(commit.message);
}

function toIssue({
  number,
  title,
  body,
  url,
  labels,
}: {
  number: number;
  title: string;
  body: string;
  url: string;
  labels: ChangeNode['labels'];
}): Issue {
  return {
    id: String(number),
    number,
    title,
    body: body.replaceAll('\r\n', '\n'),
    source: 'github',
    url,
    labels: present(labels?.nodes).map(({ name }) => name),
  };
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

const failed = new Set(['FAILURE', 'TIMED_OUT', 'ERROR', 'STARTUP_FAILURE']);

const own = (name: string): boolean => name.startsWith('bugloop/');

/** What failed on the head, without our own votes; for a job of Actions the end of its log. */
async function readFailedChecks(options: ReviewsOptions, checks: readonly CheckNode[]): Promise<ReviewStanding['failedChecks']> {
  const found: { name: string; url: string; output: string }[] = [];
  for (const check of checks) {
    if (found.length >= maxChecks) break;
    if (check.__typename === 'StatusContext') {
      const { context, state, description, targetUrl } = check;
      if (failed.has(state) && !own(context)) found.push({ name: context, url: targetUrl ?? '', output: description ?? '' });
      continue;
    }
    const { name, conclusion, url, title, summary, databaseId, checkSuite } = check;
    if (!failed.has(conclusion ?? '') || own(name)) continue;
    const isJob = checkSuite.app?.slug === 'github-actions' && databaseId !== null;
    const log = isJob ? await readJobLog(options, databaseId) : undefined;
    found.push({ name, url, output: log ?? [title, summary].filter((part) => part !== null).join('\n') });
  }
  return found;
}

// ---------------------------------------------------------------------------------------------- answers

/** Replies and text first, then the threads that may be resolved: a refusal of these must not cost a reply. */
async function answerOnce(
  http: Http,
  options: ReviewsOptions,
  look: (number: number) => Promise<ReviewStanding>,
  standing: ReviewStanding,
  answers: ThreadAnswers,
): Promise<AnsweredThreads> {
  let seen = standing;
  const again = async (): Promise<ReviewStanding> => (seen = await look(standing.number));
  let replied = 0;
  for (const replies of chunk(answers.replies)) {
    replied += await http.once({
      make: () => sendReplies(http, options, seen, replies),
      find: async () => (unsaid(await again(), replies).length === 0 ? 0 : undefined),
    });
  }
  const texts = textParts(options, standing, answers);
  if (texts.length > 0) await http.persist(() => send(http, texts));
  return { replied, ...(await resolveThreads(http, seen, answers.resolve, again)) };
}

/** Texts that are replaced as a whole: doing it twice is the same as once. */
function textParts({ redact }: ReviewsOptions, { id, status }: ReviewStanding, answers: ThreadAnswers): AnswerPart[] {
  const parts: AnswerPart[] = [];
  if (answers.body !== undefined) {
    parts.push({ field: 'updatePullRequest', input: { pullRequestId: id, body: redact(answers.body) } });
  }
  if (answers.status !== undefined && status !== undefined) {
    parts.push({ field: 'updateIssueComment', input: { id: status.id, body: redact(answers.status) } });
  }
  return parts;
}

function unsaid({ threads, reviewers }: ReviewStanding, replies: ThreadAnswers['replies']): ThreadAnswers['replies'] {
  return replies.filter(({ thread: id, body }) => {
    const thread = threads.find((candidate) => candidate.id === id);
    const mark = readReplyMark(body);
    return thread === undefined || mark === undefined || !isAnswered(thread, mark.commit, reviewers);
  });
}

async function sendReplies(
  http: Http,
  { redact }: ReviewsOptions,
  standing: ReviewStanding,
  replies: ThreadAnswers['replies'],
): Promise<number> {
  const missing = unsaid(standing, replies);
  const parts = missing.map(({ thread, body }): AnswerPart => {
    return { field: 'addPullRequestReviewThreadReply', input: { pullRequestReviewThreadId: thread, body: redact(body) } };
  });
  if (parts.length > 0) await send(http, parts);
  return parts.length;
}

/** What the forge answers is read, not assumed; where it refuses, another look tells what holds. */
async function resolveThreads(
  http: Http,
  standing: ReviewStanding,
  wanted: readonly string[],
  again: () => Promise<ReviewStanding>,
): Promise<Pick<AnsweredThreads, 'resolved' | 'unresolved'>> {
  const threads = new Map(standing.threads.map((thread) => [thread.id, thread]));
  const open = wanted.filter((id) => threads.get(id)?.isResolved === false);
  const able = open.filter((id) => threads.get(id)?.viewerCanResolve === true);
  const resolved: string[] = wanted.filter((id) => threads.get(id)?.isResolved === true);
  let why = 'the token may not resolve threads here';
  try {
    for (const ids of chunk(able)) {
      const answer = await http.persist(() =>
        send(
          http,
          ids.map((threadId) => ({ field: 'resolveReviewThread', input: { threadId } })),
        ),
      );
      resolved.push(...Object.values(answer).flatMap((part) => (part?.thread?.isResolved === true ? [part.thread.id] : [])));
    }
  } catch (error) {
    const refusal = findTrouble(error);
    if (refusal?.trouble.outcome !== 'refused') throw error;
    why = refusal.error.message;
    const seen = new Map((await again()).threads.map((thread) => [thread.id, thread.isResolved]));
    resolved.push(...able.filter((id) => seen.get(id) === true && !resolved.includes(id)));
  }
  return { resolved, unresolved: wanted.filter((id) => !resolved.includes(id)).map((thread) => ({ thread, why })) };
}

function send(http: Http, parts: readonly AnswerPart[]) {
  return http.send({ ...answerDocument(parts), schema: answerAnswer });
}

function chunk<T>(items: readonly T[]): T[][] {
  return Array.from({ length: Math.ceil(items.length / partsPerDocument) }, (_, index) =>
    items.slice(index * partsPerDocument, (index + 1) * partsPerDocument),
  );
}

function present<T>(nodes: readonly (T | null)[] | null | undefined): T[] {
  return (nodes ?? []).filter((node) => node !== null);
}

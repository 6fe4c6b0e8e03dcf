import type { Actor } from '../../core/event.ts';
import { parseIssueRef } from '../../core/flags.ts';
import type { Issue } from '../../core/types.ts';
import { statusMarker } from '../../core/views/status-comment.ts';
import { BugloopError } from '../../errors.ts';
import type {
  DraftChange,
  Forge,
  OpenChange,
  OpenedChange,
  Remote,
  Standing,
  StatusComment,
  Liveness,
  PlannedCall,
} from '../../ports.ts';
import { linesOf, readBlame, toBlame } from './blame.ts';
import { read } from './calls.ts';
import {
  commentsAnswer,
  commentsDocument,
  openChangeAnswer,
  openChangeDocument,
  requestReviewsAnswer,
  requestReviewsDocument,
  standingAnswer,
  standingDocument,
  type ChangeNode,
  type IssueFacts,
  type IssueNode,
  type StandingAnswer,
} from './documents.ts';
import { openHttp, type GitHubRequests, type Http } from './http.ts';
import { readHolder, takeLock } from './lock.ts';
import { markOnce, type Comment, type Seen } from './mark.ts';
import { ownedBy, type IsOurs } from './own.ts';
import { assertMayWrite } from './permission.ts';
import { planCalls } from './plan.ts';
import { mayPass, pushOnce } from './push.ts';
import { readStatuses } from './statuses.ts';
import { findTrouble } from './trouble.ts';

export interface GitHubOptions extends GitHubRequests, Liveness {
  branchPrefix: string;
  /** Absent: the repository's default branch. */
  baseBranch?: string;
  labels: { trigger: string; inProgress: string; needsHuman: string };
  /** Numbers of the accounts that bugloop writes as, besides that of the token. */
  accounts: readonly number[];
  /** E-mail address of bugloop's own commits. */
  committer: string;
  /** Trailer that each of them carries. */
  trailer: string;
  /** Takes secrets out of whatever is written. */
  redact: (text: string) => string;
}

/** What one process shares of GitHub, whoever reads or writes: writes are paced together, and a look serves everybody. */
export interface Shared {
  http: Http;
  /** What the newest look saw, by issue: ids of GitHub that no command needs. */
  looks: Map<string, Seen>;
}

export function share(requests: GitHubRequests): Shared {
  return { http: openHttp(requests), looks: new Map() };
}

/** The forge at GitHub: one query for a look, one document for a write, git over HTTPS from the mirror. */
export function openGitHubForge(options: GitHubOptions, { http, looks }: Shared = share(options)): Forge {
  const remote: Remote = { url: `${options.serverUrl}/${options.slug}.git`, token: options.token };
  const changeIds = new Map<number, string>();
  /** Account of the token, once a look has told it. */
  const ours = new Set<number>();

  const look = async (number: number): Promise<Seen> => {
    const seen = await lookAt(http, options, number);
    looks.set(String(number), seen);
    if (seen.self !== undefined) ours.add(seen.self);
    for (const [change, id] of seen.changeIds) changeIds.set(change, id);
    return seen;
  };
  const seenOf = async ({ issue }: Standing): Promise<Seen> => looks.get(issue.id) ?? (await look(issue.number ?? 0));

  return {
    name: 'github',
    async read(ref) {
      const parsed = parseIssueRef(ref);
      if (parsed === undefined || parsed.kind === 'file') {
        throw new BugloopError('usage.issue_ref', `'${ref.slice(0, 200)}' is no issue of ${options.slug}`);
      }
      return (await look(parsed.number)).standing;
    },
    recentStatuses: (since) => readStatuses(http, since, [...options.accounts, ...ours]),
    assertMayWrite: (actor: Actor) => assertMayWrite(http, options.slug, actor),
    async lock(standing, claim) {
      const taken = await takeLock(http, options, await seenOf(standing), claim, () => look(standing.issue.number ?? 0));
      looks.set(standing.issue.id, taken.seen);
      return taken.answer;
    },
    async mark(standing, marks) {
      const number = standing.issue.number ?? 0;
      const { marked, seen } = await markOnce(http, options, await seenOf(standing), marks, () => look(number));
      looks.set(standing.issue.id, seen);
      return marked;
    },
    async fetchBranch({ branch }, mirror) {
      await http.persist(() => mirror.fetch(remote, branch).catch(mayPass));
    },
    async fetchBase({ base }, mirror) {
      if (base !== undefined) await http.persist(() => mirror.fetchCommits(remote, [base.commit]).catch(mayPass));
    },
    pushBranch: (push) => pushOnce(http, options, push),
    openChange: (standing, draft) =>
      http.once({ find: () => findOpened(standing, draft.touched), make: () => open(standing, draft) }),
    plan(standing, steps) {
      const seen = looks.get(standing.issue.id);
      return seen === undefined
        ? []
        : planCalls({ slug: options.slug, branch: seen.standing.branch, look: planLook }, seen, steps);
    },
    async requestReviews({ number = 0 }, people) {
      const input = { pullRequestId: changeIds.get(number) ?? '', userIds: people.map(({ id }) => id), union: true };
      const request = { query: requestReviewsDocument, variables: { input }, schema: requestReviewsAnswer };
      try {
        // Asked twice is asked once.
        await http.persist(() => http.send(request));
        return { ok: true };
      } catch (error) {
        const refused = findTrouble(error)?.error;
        if (refused === undefined) throw error;
        return { ok: false, why: refused.message };
      }
    },
  };

  /** The open change of the branch, with what would have come with opening it. */
  async function findOpened(standing: Standing, touched: DraftChange['touched']): Promise<OpenedChange | undefined> {
    const seen = await look(standing.issue.number ?? 0);
    const ours = seen.standing.changes.find(({ fromBranch }) => fromBranch);
    if (ours === undefined) return undefined;
    return { number: ours.number, url: ours.url, created: false, blame: await readBlame(http, options.slug, touched, seen) };
  }

  async function open(standing: Standing, draft: DraftChange): Promise<OpenedChange> {
    const seen = await seenOf(standing);
    const { files } = draft.touched;
    const input = {
      repositoryId: seen.repositoryId,
      baseRefName: draft.base,
      headRefName: standing.branch,
      title: options.redact(draft.title),
      body: options.redact(draft.body),
      draft: true,
    };
    try {
      const { createPullRequest } = await http.send({
        query: openChangeDocument(files.length),
        variables: { input, ...(files.length === 0 ? {} : linesOf(draft.touched)) },
        schema: openChangeAnswer,
        partial: true,
      });
      const { id, number, url, baseRepository } = createPullRequest.pullRequest;
      changeIds.set(number, id);
      return { number, url, created: true, blame: toBlame(baseRepository, files, seen) };
    } catch (error) {
      // Somebody else's request came first: theirs is the one there is.
      const refused = findTrouble(error)?.error;
      if (refused === undefined || !/already exists/i.test(refused.message)) throw error;
    }
    const opened = await findOpened(standing, draft.touched);
    if (opened === undefined) throw new BugloopError('api.refused', `GitHub opened no pull request for ${standing.branch}`);
    return opened;
  }
}

function planLook(_n: number, { stale = false }: { stale?: boolean }): PlannedCall[] {
  return [read('GraphQL query Standing', stale ? 'the same again, unless it is fresh' : 'all about the issue', stale)];
}

// ---------------------------------------------------------------------------------------------- one look

async function lookAt(http: Http, options: GitHubOptions, number: number): Promise<Seen> {
  const { slug, branchPrefix, labels, baseBranch } = options;
  const [owner, name] = slug.split('/');
  const branch = `${branchPrefix}issue-${number}`;
  const answer = await http.read({
    query: standingDocument,
    schema: standingAnswer,
    variables: {
      owner,
      name,
      number,
      branch,
      branchRef: `refs/heads/${branch}`,
      lockRef: lockRefOf(branchPrefix, number),
      baseRef: `refs/heads/${baseBranch ?? 'HEAD'}`,
      triggerLabel: labels.trigger,
      inProgressLabel: labels.inProgress,
      needsHumanLabel: labels.needsHuman,
    },
  });
  const { repository, viewer } = answer;
  const isOurs = ownedBy([viewer.databaseId, ...options.accounts]);
  if (repository === null)
    throw new BugloopError('issue.not_found', `there is no repository ${slug}, or the token may not see it`);
  const node = repository.issueOrPullRequest;
  if (node === null)
    throw new BugloopError('issue.not_found', `there is no issue #${number} in ${slug}, or the token may not see it`);
  if (node.__typename !== 'Issue') {
    throw new BugloopError('usage.issue_ref', `#${number} in ${slug} is a pull request, not an issue`);
  }
  const comments = await readComments(http, node, isOurs);
  return {
    standing: await describe(options, repository, node, { comments, isOurs }, branch),
    ...(viewer.databaseId === null ? {} : { self: viewer.databaseId }),
    repositoryId: repository.id,
    issueId: node.id,
    baseTree: (repository.base ?? repository.defaultBranchRef)?.target?.tree?.oid ?? '',
    known: [repository.trigger, repository.inProgress, repository.needsHuman].filter((label) => label !== null),
    labels: present(node.labels?.nodes),
    assignees: present(node.assignees.nodes),
    comments,
    lockRef: lockRefOf(branchPrefix, number),
    viewer: answer.viewer.login,
    reporter: node.author?.login,
    changeIds: new Map(present(repository.pullRequests.nodes).map((change) => [change.number, change.id])),
  };
}

/** `refs/heads/<prefix>locks/issue-<n>`: below the one prefix that bugloop writes to. */
export function lockRefOf(prefix: string, number: number): string {
  return `refs/heads/${prefix}locks/issue-${number}`;
}

/** Every comment that is our own, from every page. */
export async function readComments(http: Http, node: IssueFacts, isOurs: IsOurs): Promise<Comment[]> {
  const ours: Comment[] = [];
  for (let page = node.comments; ;) {
    ours.push(...present(page.nodes).filter(({ author }) => isOurs(author)));
    const { hasNextPage, endCursor } = page.pageInfo;
    if (!hasNextPage || endCursor === null) return ours;
    const variables = { issue: node.id, after: endCursor };
    const next = await http.read({ query: commentsDocument, variables, schema: commentsAnswer });
    if (next.node === null) return ours;
    page = next.node.comments;
  }
}

async function describe(
  options: GitHubOptions,
  repository: NonNullable<StandingAnswer['repository']>,
  node: IssueNode,
  { comments, isOurs }: { comments: readonly Comment[]; isOurs: IsOurs },
  branch: string,
): Promise<Standing> {
  const { base, defaultBranchRef, tip, lock } = repository;
  const newest = options.baseBranch === undefined ? defaultBranchRef : base;
  const status = findStatus(comments);
  const holder = lock?.target == null ? undefined : await readHolder(options, lock.target);
  return {
    issue: toIssue(node),
    open: node.state === 'OPEN',
    branch,
    ...(tip?.target == null ? {} : { tip: describeTip(options, tip.target) }),
    ...(newest?.target == null ? {} : { base: { branch: newest.name, commit: newest.target.oid } }),
    changes: describeChanges(repository, node, isOurs),
    ...(status === undefined ? {} : { status }),
    ...(holder === undefined ? {} : { lock: holder }),
    assignees: present(node.assignees.nodes).map(({ login }) => login),
  };
}

/** The first one: a second could only come from before the lock held, and is left alone. */
export function findStatus(comments: readonly Comment[]): StatusComment | undefined {
  const found = comments.find(({ body }) => body.startsWith(statusMarker));
  return found === undefined ? undefined : { id: found.id, url: found.url, text: found.body };
}

export function toIssue(node: IssueFacts): Issue {
  return {
    id: String(node.number),
    number: node.number,
    title: node.title,
    body: node.body.replaceAll('\r\n', '\n'),
    source: 'github',
    url: node.url,
    labels: present(node.labels?.nodes).map(({ name }) => name),
  };
}

type TipTarget = NonNullable<NonNullable<NonNullable<StandingAnswer['repository']>['tip']>['target']>;

function describeTip({ committer, trailer }: GitHubOptions, target: TipTarget): NonNullable<Standing['tip']> {
  const ours = target.committer?.email === committer && new RegExp(`^${trailer}: \\S`, 'm').test(target.message ?? '');
  return { commit: target.oid, ours, author: ours ? 'bugloop' : (target.author?.name ?? 'somebody') };
}

function describeChanges(repository: NonNullable<StandingAnswer['repository']>, node: IssueNode, isOurs: IsOurs): OpenChange[] {
  const own = present(repository.pullRequests.nodes)
    .filter(({ headRepository }) => headRepository?.databaseId === repository.databaseId)
    .map((change) => toChange(change, true, isOurs));
  const numbers = new Set(own.map(({ number }) => number));
  const linked = present(node.closedByPullRequestsReferences?.nodes).map((change) => toChange(change, false, isOurs));
  return [...own, ...linked.filter(({ number }) => !numbers.has(number))];
}

function toChange(change: ChangeNode, fromBranch: boolean, isOurs: IsOurs): OpenChange {
  const { number, url, isDraft, headRefOid, author } = change;
  return { number, url, draft: isDraft, head: headRefOid, fromBranch, mine: isOurs(author) };
}

function present<T>(list: readonly (T | null)[] | undefined): T[] {
  return (list ?? []).filter((item) => item !== null);
}

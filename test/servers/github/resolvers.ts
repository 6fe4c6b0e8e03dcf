import type { GraphQLResolveInfo } from 'graphql';
import * as effects from './effects.ts';
import { blame, listTree, mergeBase, commits, nullSha, readCommit, refs, resolve, tryGit } from './git.ts';
import { demand, may, needs, roleOf } from './permissions.ts';
import { associationOf, combinedState, describeIssue, diffOf, iso, latestStatuses, mergeableOf, stateOf } from './render.ts';
import { notFound, reactionContents, Refusal } from './state.ts';
import type {
  Account,
  Caller,
  CheckRun,
  CheckSuite,
  Comment,
  Issue,
  Label,
  PullRequest,
  Reaction,
  ReactionContent,
  Repository,
  Review,
  ReviewComment,
  ReviewThread,
  Status,
  TimelineEvent,
} from './state.ts';
import { findAccount, findRepository, fullName, htmlUrl, issuesOf, pullsOf, type World } from './world.ts';

export type Args = Record<string, unknown>;
/** One request: who sends it, and to what. */
export interface Call {
  world: World;
  caller: Caller;
  rateLimit: { limit: number; remaining: number; used: number; resetAt: number };
}
type Resolver<S = never> = (source: S, args: Args, call: Call, info: GraphQLResolveInfo) => unknown;

interface Ref {
  typename: 'Ref';
  repository: Repository;
  /** Full name. */
  name: string;
  sha: string;
}
interface Commit {
  typename: 'Commit';
  repository: Repository;
  sha: string;
}
interface Tree {
  typename: 'Tree' | 'Blob' | 'Tag';
  repository: Repository;
  sha: string;
}

// ------------------------------------------------------------------------------------------------ Connections

/** A page, by cursors; asking for all or for more than 100 is refused as GitHub does. */
function page<T>(items: readonly T[], args: Args, info: GraphQLResolveInfo, more: object = {}): object {
  const [first, last] = [args['first'], args['last']] as (number | null | undefined)[];
  const name = info.fieldName;
  if (typeof first !== 'number' && typeof last !== 'number') {
    throw new Refusal(200, `You must provide a \`first\` or \`last\` value to properly paginate the \`${name}\` connection.`, {
      type: 'MISSING_PAGINATION_BOUNDARIES',
    });
  }
  for (const [side, count] of [
    ['first', first],
    ['last', last],
  ] as const) {
    if (typeof count === 'number' && (count > 100 || count < 0)) {
      throw new Refusal(
        200,
        `Requesting ${count} records on the \`${name}\` connection exceeds the \`${side}\` limit of 100 records.`,
        { type: 'EXCESSIVE_PAGINATION' },
      );
    }
  }
  const start = typeof args['after'] === 'string' ? positionOf(args['after']) + 1 : 0;
  const end = typeof args['before'] === 'string' ? positionOf(args['before']) : items.length;
  const indexes = items.map((_, index) => index).filter((index) => index >= start && index < end);
  const cut = typeof first === 'number' ? indexes.slice(0, first) : indexes.slice(-(last ?? 0) || indexes.length);
  const edges = cut.map((index) => ({ cursor: cursorOf(index), node: items[index] }));
  const pageInfo = {
    startCursor: edges[0]?.cursor ?? null,
    endCursor: edges.at(-1)?.cursor ?? null,
    hasNextPage: (cut.at(-1) ?? items.length) + 1 < items.length && cut.length > 0,
    hasPreviousPage: (cut[0] ?? 0) > 0,
  };
  return { nodes: edges.map((edge) => edge.node), edges, pageInfo, totalCount: items.length, ...more };
}
const cursorOf = (index: number): string => Buffer.from(`cursor:${index}`).toString('base64');
const positionOf = (cursor: string): number => Number(Buffer.from(cursor, 'base64').toString('utf8').split(':')[1] ?? 0);

// ------------------------------------------------------------------------------------------------ Lookup

function node<T>(call: Call, id: unknown, ...typenames: string[]): T {
  const found = call.world.nodes.get(String(id)) as { typename: string } | undefined;
  if (!found || !typenames.includes(found.typename)) {
    throw new Refusal(404, `Could not resolve to a node with the global id of '${String(id)}'`);
  }
  const repository = repositoryOf(found as never);
  if (repository) demand(call.caller, repository, needs.readMetadata);
  return found as T;
}
function repositoryOf(
  found: Partial<{ repository: Repository; discussion: Issue; pull: PullRequest; thread: ReviewThread; suite: CheckSuite }>,
): Repository | undefined {
  return (
    found.repository ??
    found.discussion?.repository ??
    found.pull?.repository ??
    found.thread?.pull.repository ??
    found.suite?.repository
  );
}

function repositoryNamed(call: Call, owner: unknown, name: unknown): Repository {
  const found = findRepository(call.world, String(owner), String(name));
  const missing = new Refusal(404, `Could not resolve to a Repository with the name '${String(owner)}/${String(name)}'.`);
  if (!found) throw missing;
  if (found.private && !may(call.caller, found, needs.readMetadata)) throw missing;
  return found;
}

function discussion<T extends Issue | PullRequest>(repository: Repository, number: unknown, typename?: T['typename']): T {
  const found = repository.discussions.get(Number(number));
  const name = typename ?? 'issue or pull request';
  if (!found || (typename && found.typename !== typename))
    throw new Refusal(
      404,
      `Could not resolve to ${/^[Ii]/.test(name) ? 'an' : 'a'} ${name} with the number of ${String(number)}.`,
    );
  return found as T;
}

const webUrl = (call: Call, found: Issue | PullRequest): unknown => describeIssue(call.world, found)['html_url'];
/** Logins of bots have no suffix here, but where the schema takes a bot for a user (the viewer) they keep it. */
const login = (account: Account): string => (account.typename === 'Bot' ? account.login.replace(/\[bot\]$/, '') : account.login);
const isMe = (call: Call, account: Account): boolean => account === call.caller.account;
const permissionName: Record<string, string | null> = {
  none: null,
  read: 'READ',
  triage: 'TRIAGE',
  write: 'WRITE',
  maintain: 'MAINTAIN',
  admin: 'ADMIN',
};
const text = (value: unknown): string => (typeof value === 'string' ? value : '');
const upper = (word: string | null): string | null => word?.toUpperCase() ?? null;

const commitAt = (repository: Repository, sha: string): Commit => ({ typename: 'Commit', repository, sha });
function within<T extends { updatedAt: number; createdAt: number; number: number }>(items: T[], order: unknown): T[] {
  const { field, direction } = (order ?? { field: 'CREATED_AT', direction: 'ASC' }) as { field: string; direction: string };
  const value = (item: T): number => (field === 'UPDATED_AT' ? item.updatedAt : item.number);
  return [...items].sort((a, b) => (direction === 'DESC' ? value(b) - value(a) : value(a) - value(b)));
}
function listed<T extends Issue | PullRequest>(items: T[], args: Args): T[] {
  const states = args['states'] as string[] | null | undefined;
  const labels = args['labels'] as string[] | null | undefined;
  const stateName = (item: T): string =>
    item.typename === 'PullRequest' && item.mergedAt !== null ? 'MERGED' : item.state.toUpperCase();
  return within(
    items.filter(
      (item) =>
        (!states || states.includes(stateName(item))) && (!labels || item.labels.some((label) => labels.includes(label.name))),
    ),
    args['orderBy'],
  );
}

// ------------------------------------------------------------------------------------------------ Types

const account: Record<string, Resolver<Account>> = {
  id: (one) => one.nodeId,
  databaseId: (one) => one.id,
  login,
  url: (one, _, { world }) => `${world.serverUrl}/${one.typename === 'Bot' ? 'apps/' : ''}${login(one)}`,
  resourcePath: (one) => `/${login(one)}`,
  avatarUrl: (one, _, { world }) => `${world.serverUrl}/avatars/${one.id}`,
  name: (one) => one.name,
  email: () => '',
  isViewer: (one, _, call) => isMe(call, one),
  organizations: (_, args, __, info) => page([], args, info),
};

const reactable: Record<string, Resolver<{ reactions: Reaction[]; repository?: Repository }>> = {
  reactions: (one, args, _, info) => {
    const content = args['content'];
    return page(
      one.reactions.filter((reaction) => !content || reactionContents[reaction.content] === content),
      args,
      info,
      { viewerHasReacted: false },
    );
  },
  reactionGroups: (one, _, call) =>
    Object.entries(reactionContents).map(([content, name]) => {
      const mine = one.reactions.filter((reaction) => reaction.content === content);
      return {
        content: name,
        reactors: mine,
        users: mine,
        viewerHasReacted: mine.some((reaction) => isMe(call, reaction.author)),
        createdAt: null,
      };
    }),
};

const discussed: Record<string, Resolver<Issue | PullRequest>> = {
  ...(reactable as Record<string, Resolver<Issue | PullRequest>>),
  id: (one) => one.nodeId,
  databaseId: (one) => one.id,
  fullDatabaseId: (one) => String(one.id),
  number: (one) => one.number,
  title: (one) => one.title,
  body: (one) => one.body,
  bodyText: (one) => one.body,
  url: (one, _, call) => webUrl(call, one),
  resourcePath: (one) =>
    `/${fullName(one.repository)}/${(one as { typename: string }).typename === 'Issue' ? 'issues' : 'pull'}/${one.number}`,
  author: (one) => one.author,
  authorAssociation: (one) => associationOf(one.repository, one.author),
  createdAt: (one) => iso(one.createdAt),
  updatedAt: (one) => iso(one.updatedAt),
  closedAt: (one) => (one.closedAt === null ? null : iso(one.closedAt)),
  closed: (one) => one.state === 'closed',
  locked: (one) => one.locked,
  repository: (one) => one.repository,
  lastEditedAt: () => null,
  milestone: () => null,
  labels: (one, args, _, info) => page(one.labels, args, info),
  assignees: (one, args, _, info) => page(one.assignees, args, info),
  comments: (one, args, _, info) => {
    const order = args['orderBy'] as { direction: string } | null | undefined;
    return page(order?.direction === 'DESC' ? [...one.comments].reverse() : one.comments, args, info);
  },
  participants: (one, args, _, info) =>
    page([...new Set([one.author, ...one.comments.map((comment) => comment.author)])], args, info),
  projectItems: (_, args, __, info) => page([], args, info),
  projectsV2: (_, args, __, info) => page([], args, info),
  timelineItems: (one, args, _, info) => {
    const wanted = args['itemTypes'] as string[] | null | undefined;
    const shown = one.timeline
      .map((event) => ({ ...event, typename: timelineTypes[event.event], on: one }))
      .filter((event) => !wanted || wanted.includes(itemType(event.typename)));
    return page(shown, args, info, { filteredCount: shown.length, pageCount: shown.length, updatedAt: iso(one.updatedAt) });
  },
  viewerCanUpdate: (one, _, call) => one.author === call.caller.account || may(call.caller, one.repository, needs.managePulls),
  viewerDidAuthor: (one, _, call) => isMe(call, one.author),
  viewerCanReact: (one, _, call) => may(call.caller, one.repository, needs.comment),
  viewerCanLabel: (one, _, call) => may(call.caller, one.repository, needs.label),
  viewerCanClose: (one, _, call) => may(call.caller, one.repository, needs.managePulls),
};
const timelineTypes: Record<TimelineEvent['event'], string> = {
  labeled: 'LabeledEvent',
  unlabeled: 'UnlabeledEvent',
  assigned: 'AssignedEvent',
  unassigned: 'UnassignedEvent',
  closed: 'ClosedEvent',
  reopened: 'ReopenedEvent',
  ready_for_review: 'ReadyForReviewEvent',
  convert_to_draft: 'ConvertToDraftEvent',
  renamed: 'RenamedTitleEvent',
};
const itemType = (typename: string): string => typename.replaceAll(/(?<!^)([A-Z])/g, '_$1').toUpperCase();

const event: Record<string, Resolver<TimelineEvent & { on: Issue | PullRequest }>> = {
  id: (one) => one.nodeId,
  actor: (one) => one.actor,
  createdAt: (one) => iso(one.createdAt),
  label: (one) => one.label,
  labelable: (one) => one.on,
  assignee: (one) => one.assignee,
  previousTitle: (one) => one.rename?.from,
  currentTitle: (one) => one.rename?.to,
  stateReason: (one) => upper(one.on.stateReason),
};

const written: Record<
  string,
  Resolver<{ id: number; nodeId: string; author: Account; body: string; createdAt: number; updatedAt: number }>
> = {
  id: (one) => one.nodeId,
  databaseId: (one) => one.id,
  fullDatabaseId: (one) => String(one.id),
  author: (one) => one.author,
  body: (one) => one.body,
  bodyText: (one) => one.body,
  createdAt: (one) => iso(one.createdAt),
  updatedAt: (one) => iso(one.updatedAt),
  publishedAt: (one) => iso(one.createdAt),
  viewerDidAuthor: (one, _, call) => isMe(call, one.author),
  includesCreatedEdit: (one) => one.updatedAt !== one.createdAt,
  lastEditedAt: (one) => (one.updatedAt === one.createdAt ? null : iso(one.updatedAt)),
};

/** Both systems of checks in one: `null` where there is none. */
function rollup(one: Commit): object | null {
  const contexts = [
    ...one.repository.suites.filter((suite) => suite.sha === one.sha).flatMap((suite) => latestRuns(suite)),
    ...latestStatuses(one.repository, one.sha),
  ];
  return contexts.length === 0 ? null : { typename: 'StatusCheckRollup', contexts, commit: one };
}
function latestRuns(suite: CheckSuite): CheckRun[] {
  return [...new Map(suite.runs.map((run) => [run.name, run])).values()];
}
function rollupState(contexts: (CheckRun | Status)[]): string {
  const states = contexts.map((one) => {
    if (one.typename === 'StatusContext') return one.state === 'error' ? 'failure' : one.state;
    if (one.status !== 'completed') return 'pending';
    return ['success', 'neutral', 'skipped'].includes(one.conclusion ?? '') ? 'success' : 'failure';
  });
  return (['failure', 'pending'].find((state) => states.includes(state as never)) ?? 'success').toUpperCase();
}

/** Latest opinion of each reviewer; a comment is none. */
function opinions(pull: PullRequest): Review[] {
  const counted = pull.reviews.filter(
    (review) => review.state === 'APPROVED' || review.state === 'CHANGES_REQUESTED' || review.state === 'DISMISSED',
  );
  return [...new Map(counted.map((review) => [review.author, review])).values()];
}
function reviewDecision(pull: PullRequest): string | null {
  const states = opinions(pull).map((review) => review.state);
  if (states.includes('CHANGES_REQUESTED')) return 'CHANGES_REQUESTED';
  const required = pull.repository.protections.get(pull.baseRef)?.approvals ?? 0;
  const approvals = states.filter((state) => state === 'APPROVED').length;
  if (approvals > 0 && approvals >= required) return 'APPROVED';
  return required > 0 ? 'REVIEW_REQUIRED' : null;
}

const object: Record<string, Resolver<Commit | Tree>> = {
  id: (one) => `O_${one.sha}`,
  oid: (one) => one.sha,
  abbreviatedOid: (one) => one.sha.slice(0, 7),
  repository: (one) => one.repository,
  commitUrl: (one, _, { world }) => `${htmlUrl(world, one.repository)}/commit/${one.sha}`,
  commitResourcePath: (one) => `/${fullName(one.repository)}/commit/${one.sha}`,
};

async function refNamed(repository: Repository, name: string): Promise<Ref | null> {
  const full = name.startsWith('refs/') ? name : undefined;
  const all = await refs(repository);
  for (const candidate of full ? [full] : [`refs/heads/${name}`, `refs/tags/${name}`, `refs/${name}`]) {
    const sha = all.get(candidate);
    if (sha) return { typename: 'Ref', repository, name: candidate, sha };
  }
  return null;
}
const protectionRule = (repository: Repository, pattern: string): object | null => {
  const found = repository.protections.get(pattern);
  return found ? { typename: 'BranchProtectionRule', repository, pattern, ...found } : null;
};

async function objectAt(repository: Repository, expression: string): Promise<Commit | Tree | null> {
  const sha = expression.startsWith('-')
    ? undefined
    : await tryGit(repository, 'rev-parse', '--quiet', '--verify', '--end-of-options', expression);
  const type = sha && (await tryGit(repository, 'cat-file', '-t', sha));
  if (!sha || !type) return null;
  return type === 'commit'
    ? commitAt(repository, sha)
    : { typename: type === 'tree' ? 'Tree' : type === 'blob' ? 'Blob' : 'Tag', repository, sha };
}

export const resolvers: Record<string, Record<string, Resolver>> = table({
  Query: {
    viewer: (_: object, __: Args, { caller }: Call) => {
      if (!caller.account) throw new Refusal(401, 'Requires authentication');
      // An installation's viewer is its bot, which the schema calls a user: `github-actions[bot]`.
      return { ...caller.account, typename: 'User' };
    },
    repository: (_: object, args: Args, call: Call) => repositoryNamed(call, args['owner'], args['name']),
    repositoryOwner: (_: object, args: Args, { world }: Call) => findAccount(world, String(args['login'])) ?? null,
    user: (_: object, args: Args, { world }: Call) => {
      const found = findAccount(world, String(args['login']));
      if (found?.typename !== 'User')
        throw new Refusal(404, `Could not resolve to a User with the login of '${String(args['login'])}'.`);
      return found;
    },
    organization: (_: object, args: Args) => {
      throw new Refusal(404, `Could not resolve to an Organization with the login of '${String(args['login'])}'.`);
    },
    node: (_: object, args: Args, call: Call) =>
      node(call, args['id'], (call.world.nodes.get(String(args['id'])) as { typename?: string })?.typename ?? ''),
    nodes: (_: object, args: Args, call: Call) => (args['ids'] as string[]).map((id) => call.world.nodes.get(id) ?? null),
    search: (_: object, args: Args, call: Call, info: GraphQLResolveInfo) => {
      const found = search(call, String(args['query'])).filter((one) => args['type'] !== 'REPOSITORY' && one);
      return page(found, args, info, {
        issueCount: found.length,
        repositoryCount: 0,
        userCount: 0,
        discussionCount: 0,
        codeCount: 0,
        wikiCount: 0,
      });
    },
    rateLimit: (_: object, __: Args, { rateLimit }: Call) => ({
      cost: 1,
      limit: rateLimit.limit,
      remaining: rateLimit.remaining,
      used: rateLimit.used,
      nodeCount: 1,
      resetAt: iso(rateLimit.resetAt),
    }),
  },
  User: account,
  Bot: account,
  Organization: account,
  Repository: {
    id: (one: Repository) => one.nodeId,
    databaseId: (one: Repository) => one.id,
    name: (one: Repository) => one.name,
    nameWithOwner: fullName,
    owner: (one: Repository) => one.owner,
    url: (one: Repository, _: Args, { world }: Call) => htmlUrl(world, one),
    isPrivate: (one: Repository) => one.private,
    isArchived: (one: Repository) => one.archived,
    isFork: (one: Repository) => one.parent !== undefined,
    isInOrganization: (one: Repository) => one.owner.typename === 'Organization',
    visibility: (one: Repository) => (one.private ? 'PRIVATE' : 'PUBLIC'),
    description: () => '',
    parent: (one: Repository) => one.parent ?? null,
    hasIssuesEnabled: () => true,
    hasWikiEnabled: () => false,
    mergeCommitAllowed: () => true,
    rebaseMergeAllowed: () => true,
    squashMergeAllowed: () => true,
    autoMergeAllowed: () => false,
    deleteBranchOnMerge: () => false,
    viewerDefaultMergeMethod: () => 'MERGE',
    viewerPermission: (one: Repository, _: Args, { caller }: Call) => permissionName[roleOf(caller, one)],
    viewerCanAdminister: (one: Repository, _: Args, { caller }: Call) => roleOf(caller, one) === 'admin',
    defaultBranchRef: (one: Repository) => refNamed(one, `refs/heads/${one.defaultBranch}`),
    ref: (one: Repository, args: Args) => refNamed(one, String(args['qualifiedName'])),
    refs: async (one: Repository, args: Args, _: Call, info: GraphQLResolveInfo) => {
      const query = text(args['query']);
      const prefix = String(args['refPrefix']);
      const all = [...(await refs(one, prefix))].filter(([name]) => name.slice(prefix.length).includes(query));
      return page(
        all.map(([name, sha]): Ref => ({ typename: 'Ref', repository: one, name, sha })),
        args,
        info,
      );
    },
    object: (one: Repository, args: Args) => objectAt(one, String(args['expression'] ?? args['oid'])),
    issue: (one: Repository, args: Args, { caller }: Call) => {
      demand(caller, one, needs.readIssues);
      return discussion<Issue>(one, args['number'], 'Issue');
    },
    issueOrPullRequest: (one: Repository, args: Args, { caller }: Call) => {
      demand(caller, one, needs.readIssues);
      return discussion(one, args['number']);
    },
    issues: (one: Repository, args: Args, { caller }: Call, info: GraphQLResolveInfo) => {
      demand(caller, one, needs.readIssues);
      const filter = (args['filterBy'] ?? {}) as { assignee?: string; createdBy?: string; labels?: string[]; states?: string[] };
      const found = listed(issuesOf(one), {
        ...args,
        labels: filter.labels ?? args['labels'],
        states: filter.states ?? args['states'],
      });
      return page(
        found.filter((issue) => !filter.createdBy || login(issue.author) === filter.createdBy),
        args,
        info,
      );
    },
    pullRequest: (one: Repository, args: Args, { caller }: Call) => {
      demand(caller, one, needs.readPulls);
      return discussion<PullRequest>(one, args['number'], 'PullRequest');
    },
    pullRequests: (one: Repository, args: Args, { caller }: Call, info: GraphQLResolveInfo) => {
      demand(caller, one, needs.readPulls);
      const [head, base] = [args['headRefName'], args['baseRefName']];
      const found = listed(pullsOf(one), args);
      return page(
        found.filter((pull) => (!head || pull.headRef === head) && (!base || pull.baseRef === base)),
        args,
        info,
      );
    },
    label: (one: Repository, args: Args) =>
      one.labels.find((label) => label.name.toLowerCase() === String(args['name']).toLowerCase()) ?? null,
    labels: (one: Repository, args: Args, _: Call, info: GraphQLResolveInfo) =>
      page(
        one.labels.filter((label) => label.name.includes(text(args['query']))),
        args,
        info,
      ),
    assignableUsers: (one: Repository, args: Args, _: Call, info: GraphQLResolveInfo) =>
      page([one.owner, ...one.roles.keys()], args, info),
    collaborators: (one: Repository, args: Args, { caller }: Call, info: GraphQLResolveInfo) => {
      demand(caller, one, needs.readMetadata);
      const found = [one.owner, ...one.roles.keys()].filter((each) => !args['login'] || each.login === args['login']);
      const connection = page(found, args, info) as { edges: { node: Account }[] };
      const edges = connection.edges.map((edge) => ({
        ...edge,
        permission: permissionName[roleOf({ account: edge.node }, one)],
      }));
      return { ...connection, edges };
    },
    branchProtectionRules: (one: Repository, args: Args, _: Call, info: GraphQLResolveInfo) =>
      page(
        [...one.protections.keys()].map((pattern) => protectionRule(one, pattern)),
        args,
        info,
      ),
    milestones: (_: Repository, args: Args, __: Call, info: GraphQLResolveInfo) => page([], args, info),
    projects: (_: Repository, args: Args, __: Call, info: GraphQLResolveInfo) => page([], args, info),
    projectsV2: (_: Repository, args: Args, __: Call, info: GraphQLResolveInfo) => page([], args, info),
    pullRequestTemplates: () => [],
    issueTemplates: () => [],
    forks: (one: Repository, args: Args, { world }: Call, info: GraphQLResolveInfo) =>
      page(
        world.repositories.filter((fork) => fork.parent === one),
        args,
        info,
      ),
  },
  BranchProtectionRule: {
    id: (one: { pattern: string }) => `BPR_${one.pattern}`,
    pattern: (one: { pattern: string }) => one.pattern,
    requiredStatusCheckContexts: (one: { checks: string[] }) => one.checks,
    requiresStatusChecks: (one: { checks: string[] }) => one.checks.length > 0,
    requiresStrictStatusChecks: (one: { strict: boolean }) => one.strict,
    requiresApprovingReviews: (one: { approvals: number }) => one.approvals > 0,
    requiredApprovingReviewCount: (one: { approvals: number }) => one.approvals,
    requiresConversationResolution: (one: { conversationResolution: boolean }) => one.conversationResolution,
    isAdminEnforced: (one: { enforceAdmins: boolean }) => one.enforceAdmins,
  },
  Issue: {
    ...(discussed as Record<string, Resolver>),
    state: (one: Issue) => upper(one.state),
    stateReason: (one: Issue) => upper(one.stateReason),
    isPinned: () => false,
    closedByPullRequestsReferences: (one: Issue, args: Args, _: Call, info: GraphQLResolveInfo) =>
      page(closersOf(one), args, info),
  },
  PullRequest: {
    ...(discussed as Record<string, Resolver>),
    state: (one: PullRequest) => (one.mergedAt === null ? upper(one.state) : 'MERGED'),
    isDraft: (one: PullRequest) => one.draft,
    merged: (one: PullRequest) => one.mergedAt !== null,
    mergedAt: (one: PullRequest) => (one.mergedAt === null ? null : iso(one.mergedAt)),
    mergedBy: (one: PullRequest) => one.mergedBy,
    mergeCommit: (one: PullRequest) => (one.mergeCommit ? commitAt(one.repository, one.mergeCommit) : null),
    potentialMergeCommit: () => null,
    mergeable: async (one: PullRequest) => {
      const mergeable = await mergeableOf(one);
      return mergeable === null ? 'UNKNOWN' : mergeable ? 'MERGEABLE' : 'CONFLICTING';
    },
    mergeStateStatus: (one: PullRequest) =>
      one.draft ? 'DRAFT' : one.mergeable ? (one.mergeable.conflicts ? 'DIRTY' : 'CLEAN') : 'UNKNOWN',
    baseRefName: (one: PullRequest) => one.baseRef,
    baseRefOid: (one: PullRequest) => one.baseSha,
    baseRef: (one: PullRequest) => refNamed(one.repository, `refs/heads/${one.baseRef}`),
    baseRepository: (one: PullRequest) => one.repository,
    headRefName: (one: PullRequest) => one.headRef,
    headRefOid: (one: PullRequest) => one.headSha,
    headRef: (one: PullRequest) => (one.headRepository ? refNamed(one.headRepository, `refs/heads/${one.headRef}`) : null),
    headRepository: (one: PullRequest) => one.headRepository,
    headRepositoryOwner: (one: PullRequest) => one.headRepository?.owner ?? null,
    isCrossRepository: (one: PullRequest) => one.headRepository !== one.repository,
    maintainerCanModify: (one: PullRequest) => one.maintainerCanModify,
    additions: async (one: PullRequest) => (await diffOf(one)).files.reduce((sum, file) => sum + file.additions, 0),
    deletions: async (one: PullRequest) => (await diffOf(one)).files.reduce((sum, file) => sum + file.deletions, 0),
    changedFiles: async (one: PullRequest) => (await diffOf(one)).files.length,
    files: async (one: PullRequest, args: Args, _: Call, info: GraphQLResolveInfo) => {
      const kinds = { added: 'ADDED', removed: 'DELETED', modified: 'MODIFIED', renamed: 'RENAMED', changed: 'CHANGED' };
      const files = (await diffOf(one)).files.map(({ path, additions, deletions, status }) => ({
        path,
        additions,
        deletions,
        changeType: kinds[status],
      }));
      return page(files, args, info);
    },
    commits: async (one: PullRequest, args: Args, _: Call, info: GraphQLResolveInfo) =>
      page(
        (await diffOf(one)).commits.map(({ sha }) => ({
          typename: 'PullRequestCommit',
          commit: commitAt(one.repository, sha),
          pullRequest: one,
        })),
        args,
        info,
      ),
    statusCheckRollup: (one: PullRequest) => rollup(commitAt(one.repository, one.headSha)),
    reviews: (one: PullRequest, args: Args, _: Call, info: GraphQLResolveInfo) => {
      const states = args['states'] as string[] | null | undefined;
      return page(
        one.reviews.filter((review) => !states || states.includes(review.state)),
        args,
        info,
      );
    },
    latestReviews: (one: PullRequest, args: Args, _: Call, info: GraphQLResolveInfo) =>
      page([...new Map(one.reviews.map((review) => [review.author, review])).values()], args, info),
    latestOpinionatedReviews: (one: PullRequest, args: Args, _: Call, info: GraphQLResolveInfo) =>
      page(opinions(one), args, info),
    reviewDecision,
    reviewRequests: (one: PullRequest, args: Args, _: Call, info: GraphQLResolveInfo) =>
      page(
        one.requestedReviewers.map((requestedReviewer) => ({ requestedReviewer, asCodeOwner: false, pullRequest: one })),
        args,
        info,
      ),
    reviewThreads: (one: PullRequest, args: Args, _: Call, info: GraphQLResolveInfo) => page(one.threads, args, info),
    closingIssuesReferences: (one: PullRequest, args: Args, _: Call, info: GraphQLResolveInfo) =>
      page(
        issuesOf(one.repository).filter((issue) => closersOf(issue).includes(one)),
        args,
        info,
      ),
    autoMergeRequest: () => null,
    viewerCanUpdateBranch: () => true,
    totalCommentsCount: (one: PullRequest) =>
      one.comments.length + one.threads.reduce((sum, thread) => sum + thread.comments.length, 0),
  },
  IssueComment: {
    ...(written as Record<string, Resolver>),
    ...(reactable as Record<string, Resolver>),
    issue: (one: Comment) => one.discussion,
    pullRequest: (one: Comment) => (one.discussion.typename === 'PullRequest' ? one.discussion : null),
    repository: (one: Comment) => one.discussion.repository,
    editor: (one: Comment) => one.editor ?? null,
    url: (one: Comment, _: Args, call: Call) => `${String(webUrl(call, one.discussion))}#issuecomment-${one.id}`,
    authorAssociation: (one: Comment) => associationOf(one.discussion.repository, one.author),
    isMinimized: (one: Comment) => one.minimized !== null,
    minimizedReason: (one: Comment) => one.minimized,
    viewerCanUpdate: (one: Comment, _: Args, call: Call) =>
      isMe(call, one.author) || may(call.caller, one.discussion.repository, needs.managePulls),
    viewerCanDelete: (one: Comment, _: Args, call: Call) =>
      isMe(call, one.author) || may(call.caller, one.discussion.repository, needs.managePulls),
  },
  Label: {
    id: (one: Label) => one.nodeId,
    name: (one: Label) => one.name,
    color: (one: Label) => one.color,
    description: (one: Label) => one.description,
    isDefault: () => false,
    repository: (one: Label) => one.repository,
    url: (one: Label, _: Args, { world }: Call) => `${htmlUrl(world, one.repository)}/labels/${encodeURIComponent(one.name)}`,
  },
  Reaction: {
    id: (one: Reaction) => one.nodeId,
    databaseId: (one: Reaction) => one.id,
    content: (one: Reaction) => reactionContents[one.content],
    user: (one: Reaction) => ({ ...one.author, typename: 'User' }),
    createdAt: (one: Reaction) => iso(one.createdAt),
  },
  ReactionGroup: {
    content: (one: { content: string }) => one.content,
    viewerHasReacted: (one: { viewerHasReacted: boolean }) => one.viewerHasReacted,
    users: (one: { users: Reaction[] }, args: Args, _: Call, info: GraphQLResolveInfo) =>
      page(
        one.users.map((reaction) => reaction.author),
        { first: 10, ...args },
        info,
      ),
    reactors: (one: { users: Reaction[] }, args: Args, _: Call, info: GraphQLResolveInfo) =>
      page(
        one.users.map((reaction) => reaction.author),
        { first: 10, ...args },
        info,
      ),
  },
  ...Object.fromEntries(Object.values(timelineTypes).map((name) => [name, event])),
  Ref: {
    id: (one: Ref) => refId(one),
    name: (one: Ref) => one.name.replace(/^refs\/(heads|tags)\//, '').replace(/^refs\//, ''),
    prefix: (one: Ref) => /^refs\/(heads|tags)\//.exec(one.name)?.[0] ?? 'refs/',
    repository: (one: Ref) => one.repository,
    target: (one: Ref) => commitAt(one.repository, one.sha),
    // What a ruleset asks for and who may see it are two things: everybody sees this.
    refUpdateRule: (one: Ref) => {
      const rule = one.repository.protections.get(one.name.replace('refs/heads/', ''));
      return rule ? { requiredStatusCheckContexts: rule.checks } : null;
    },
    rules: (one: Ref, args: Args, _: Call, info: GraphQLResolveInfo) => {
      const rule = one.repository.protections.get(one.name.replace('refs/heads/', ''));
      const parameters = { typename: 'RequiredStatusChecksParameters', requiredStatusChecks: rule?.ruleset ?? [] };
      return page(rule?.ruleset ? [{ parameters }] : [], args, info);
    },
    branchProtectionRule: (one: Ref) => protectionRule(one.repository, one.name.replace('refs/heads/', '')),
    associatedPullRequests: (one: Ref, args: Args, _: Call, info: GraphQLResolveInfo) =>
      page(
        listed(
          pullsOf(one.repository).filter((pull) => `refs/heads/${pull.headRef}` === one.name),
          args,
        ),
        args,
        info,
      ),
    compare: async (one: Ref, args: Args) => {
      const head = await resolve(one.repository, String(args['headRef']));
      if (!head) return null;
      const base = (await mergeBase(one.repository, one.sha, head)) ?? one.sha;
      const [behindBy, aheadBy] = [
        (await commits(one.repository, `${base}..${one.sha}`)).length,
        (await commits(one.repository, `${base}..${head}`)).length,
      ];
      const status = aheadBy === 0 ? (behindBy === 0 ? 'IDENTICAL' : 'BEHIND') : behindBy === 0 ? 'AHEAD' : 'DIVERGED';
      return { typename: 'Comparison', id: `CMP_${base}`, aheadBy, behindBy, status };
    },
  },
  Commit: {
    ...(object as Record<string, Resolver>),
    url: object['commitUrl'] as Resolver,
    message: async (one: Commit) => (await commitOf(one)).message,
    messageHeadline: async (one: Commit) => (await commitOf(one)).message.split('\n')[0],
    messageBody: async (one: Commit) => (await commitOf(one)).message.split('\n').slice(1).join('\n').trim(),
    committedDate: async (one: Commit) => (await commitOf(one)).committer.date,
    authoredDate: async (one: Commit) => (await commitOf(one)).author.date,
    author: async (one: Commit, _: Args, call: Call) => gitActor(call, (await commitOf(one)).author),
    committer: async (one: Commit, _: Args, call: Call) => gitActor(call, (await commitOf(one)).committer),
    authors: async (one: Commit, args: Args, call: Call, info: GraphQLResolveInfo) =>
      page([gitActor(call, (await commitOf(one)).author)], args, info),
    tree: async (one: Commit): Promise<Tree> => ({
      typename: 'Tree',
      repository: one.repository,
      sha: (await commitOf(one)).tree,
    }),
    parents: async (one: Commit, args: Args, _: Call, info: GraphQLResolveInfo) =>
      page(
        (await commitOf(one)).parents.map((sha) => commitAt(one.repository, sha)),
        args,
        info,
      ),
    history: async (one: Commit, args: Args, _: Call, info: GraphQLResolveInfo) =>
      page(
        (await commits(one.repository, one.sha, ...(args['path'] ? ['--', text(args['path'])] : []))).map(({ sha }) =>
          commitAt(one.repository, sha),
        ),
        args,
        info,
      ),
    blame: async (one: Commit, args: Args) => {
      const ranges = await blame(one.repository, one.sha, String(args['path']));
      if (!ranges) throw new Refusal(404, `Could not resolve to a blob with the path '${String(args['path'])}'.`);
      return {
        ranges: ranges.map(({ sha, start, end }) => ({
          startingLine: start,
          endingLine: end,
          commit: commitAt(one.repository, sha),
        })),
      };
    },
    file: async (one: Commit, args: Args) => {
      const path = text(args['path']);
      const line = await tryGit(one.repository, 'ls-tree', one.sha, '--', path);
      const [, mode = '', type = '', sha = ''] = /^(\d+) (\w+) ([0-9a-f]+)\t/.exec(line ?? '') ?? [];
      if (sha === '') return null;
      const typename = type === 'tree' ? 'Tree' : type === 'commit' ? undefined : 'Blob';
      return {
        name: path.split('/').at(-1),
        path,
        mode: Number.parseInt(mode, 8),
        type,
        oid: sha,
        object: typename === undefined ? null : { typename, repository: one.repository, sha },
      };
    },
    statusCheckRollup: rollup,
    status: (one: Commit) => {
      const statuses = latestStatuses(one.repository, one.sha);
      return statuses.length === 0
        ? null
        : { id: `ST_${one.sha}`, state: upper(combinedState(statuses)), contexts: statuses, commit: one };
    },
    checkSuites: (one: Commit, args: Args, _: Call, info: GraphQLResolveInfo) =>
      page(
        one.repository.suites.filter((suite) => suite.sha === one.sha),
        args,
        info,
      ),
    associatedPullRequests: (one: Commit, args: Args, _: Call, info: GraphQLResolveInfo) =>
      page(
        pullsOf(one.repository).filter((pull) => pull.headSha === one.sha),
        args,
        info,
      ),
  },
  Tree: {
    ...(object as Record<string, Resolver>),
    entries: async (one: Tree) =>
      ((await listTree(one.repository, one.sha, false)) ?? []).map(({ path, mode, type, sha, size }) => ({
        name: path,
        path,
        mode: Number.parseInt(mode, 8),
        type,
        oid: sha,
        size: size ?? 0,
        object: { typename: type === 'tree' ? 'Tree' : 'Blob', repository: one.repository, sha },
      })),
  },
  Blob: {
    ...(object as Record<string, Resolver>),
    text: (one: Tree) => tryGit(one.repository, 'cat-file', 'blob', one.sha),
    byteSize: async (one: Tree) => Number(await tryGit(one.repository, 'cat-file', '-s', one.sha)),
    isBinary: async (one: Tree) => ((await tryGit(one.repository, 'cat-file', 'blob', one.sha)) ?? '').includes('\0'),
    isTruncated: () => false,
  },
  StatusCheckRollup: {
    id: (one: { commit: Commit }) => `SCR_${one.commit.sha}`,
    state: (one: { contexts: (CheckRun | Status)[] }) => rollupState(one.contexts),
    commit: (one: { commit: Commit }) => one.commit,
    contexts: (one: { contexts: (CheckRun | Status)[] }, args: Args, _: Call, info: GraphQLResolveInfo) =>
      page(one.contexts, args, info, {
        checkRunCount: one.contexts.filter((each) => each.typename === 'CheckRun').length,
        statusContextCount: one.contexts.filter((each) => each.typename === 'StatusContext').length,
      }),
  },
  CheckSuite: {
    id: (one: CheckSuite) => one.nodeId,
    databaseId: (one: CheckSuite) => one.id,
    status: (one: CheckSuite) => upper(stateOf(one).status),
    conclusion: (one: CheckSuite) => upper(stateOf(one).conclusion),
    app: (one: CheckSuite) => ({
      typename: 'App',
      id: one.app.nodeId,
      databaseId: one.app.id,
      slug: one.app.slug,
      name: one.app.name,
    }),
    commit: (one: CheckSuite) => commitAt(one.repository, one.sha),
    repository: (one: CheckSuite) => one.repository,
    createdAt: (one: CheckSuite) => iso(one.createdAt),
    updatedAt: (one: CheckSuite) => iso(one.updatedAt),
    checkRuns: (one: CheckSuite, args: Args, _: Call, info: GraphQLResolveInfo) => page(latestRuns(one), args, info),
    workflowRun: (one: CheckSuite, _: Args, { world }: Call) => {
      const run = one.repository.runs.find((each) => each.suite === one);
      if (!run) return null;
      const workflow = { id: run.workflow.nodeId, databaseId: run.workflow.id, name: run.workflow.name };
      return {
        id: run.nodeId,
        databaseId: run.id,
        event: run.event,
        file: { path: run.workflow.path },
        runNumber: run.number,
        workflow,
        url: `${htmlUrl(world, one.repository)}/actions/runs/${run.id}`,
      };
    },
  },
  CheckRun: {
    id: (one: CheckRun) => one.nodeId,
    databaseId: (one: CheckRun) => one.id,
    name: (one: CheckRun) => one.name,
    status: (one: CheckRun) => upper(one.status),
    conclusion: (one: CheckRun) => upper(one.conclusion),
    startedAt: (one: CheckRun) => iso(one.startedAt),
    completedAt: (one: CheckRun) => (one.completedAt === null ? null : iso(one.completedAt)),
    detailsUrl: (one: CheckRun) => one.detailsUrl,
    url: (one: CheckRun, _: Args, { world }: Call) => `${htmlUrl(world, one.suite.repository)}/runs/${one.id}`,
    externalId: (one: CheckRun) => one.externalId,
    title: (one: CheckRun) => one.output.title,
    summary: (one: CheckRun) => one.output.summary,
    text: (one: CheckRun) => one.output.text,
    checkSuite: (one: CheckRun) => one.suite,
    repository: (one: CheckRun) => one.suite.repository,
    isRequired: (one: CheckRun, args: Args) => isRequired(one.suite.repository, one.name, args),
  },
  StatusContext: {
    id: (one: Status) => one.nodeId,
    context: (one: Status) => one.context,
    state: (one: Status) => upper(one.state),
    description: (one: Status) => one.description,
    targetUrl: (one: Status) => one.targetUrl,
    creator: (one: Status) => one.author,
    createdAt: (one: Status) => iso(one.createdAt),
    commit: (one: Status) => commitAt(one.repository, one.sha),
    isRequired: (one: Status, args: Args) => isRequired(one.repository, one.context, args),
  },
  PullRequestReview: {
    ...(written as Record<string, Resolver>),
    createdAt: (one: Review) => iso(one.submittedAt),
    updatedAt: (one: Review) => iso(one.submittedAt),
    publishedAt: (one: Review) => iso(one.submittedAt),
    submittedAt: (one: Review) => iso(one.submittedAt),
    state: (one: Review) => one.state,
    authorAssociation: (one: Review) => associationOf(one.pull.repository, one.author),
    authorCanPushToRepository: (one: Review) =>
      ['write', 'maintain', 'admin'].includes(roleOf({ account: one.author }, one.pull.repository)),
    commit: (one: Review) => commitAt(one.pull.repository, one.commit),
    pullRequest: (one: Review) => one.pull,
    repository: (one: Review) => one.pull.repository,
    url: (one: Review, _: Args, call: Call) => `${String(webUrl(call, one.pull))}#pullrequestreview-${one.id}`,
    comments: (one: Review, args: Args, _: Call, info: GraphQLResolveInfo) =>
      page(
        one.pull.threads.flatMap((thread) => thread.comments).filter((comment) => comment.review === one),
        args,
        info,
      ),
    reactionGroups: () => [],
  },
  PullRequestReviewThread: {
    id: (one: ReviewThread) => one.nodeId,
    path: (one: ReviewThread) => one.path,
    line: (one: ReviewThread) => one.line,
    originalLine: (one: ReviewThread) => one.originalLine,
    startLine: (one: ReviewThread) => one.startLine,
    originalStartLine: (one: ReviewThread) => one.originalStartLine,
    diffSide: (one: ReviewThread) => one.side,
    startDiffSide: (one: ReviewThread) => (one.originalStartLine === null ? null : one.side),
    subjectType: (one: ReviewThread) => (one.originalLine === null ? 'FILE' : 'LINE'),
    isResolved: (one: ReviewThread) => one.resolvedBy !== null,
    isOutdated,
    isCollapsed: (one: ReviewThread) => one.resolvedBy !== null,
    resolvedBy: (one: ReviewThread) => one.resolvedBy,
    pullRequest: (one: ReviewThread) => one.pull,
    repository: (one: ReviewThread) => one.pull.repository,
    comments: (one: ReviewThread, args: Args, _: Call, info: GraphQLResolveInfo) => page(one.comments, args, info),
    viewerCanReply: (one: ReviewThread, _: Args, { caller }: Call) => may(caller, one.pull.repository, needs.writePulls),
    viewerCanResolve: (one: ReviewThread, _: Args, { caller }: Call) =>
      one.resolvedBy === null && effects.mayResolve(caller, one),
    viewerCanUnresolve: (one: ReviewThread, _: Args, { caller }: Call) =>
      one.resolvedBy !== null && effects.mayResolve(caller, one),
  },
  PullRequestReviewComment: {
    ...(written as Record<string, Resolver>),
    ...(reactable as Record<string, Resolver>),
    path: (one: ReviewComment) => one.thread.path,
    line: (one: ReviewComment) => one.thread.line,
    originalLine: (one: ReviewComment) => one.thread.originalLine,
    startLine: (one: ReviewComment) => one.thread.startLine,
    originalStartLine: (one: ReviewComment) => one.thread.originalStartLine,
    subjectType: (one: ReviewComment) => (one.thread.originalLine === null ? 'FILE' : 'LINE'),
    diffHunk: (one: ReviewComment) => one.thread.diffHunk,
    outdated: (one: ReviewComment) => isOutdated(one.thread),
    state: () => 'SUBMITTED',
    replyTo: (one: ReviewComment) => one.replyTo,
    pullRequestReview: (one: ReviewComment) => one.review,
    pullRequest: (one: ReviewComment) => one.thread.pull,
    repository: (one: ReviewComment) => one.thread.pull.repository,
    commit: (one: ReviewComment) => commitAt(one.thread.pull.repository, one.thread.pull.headSha),
    originalCommit: (one: ReviewComment) => commitAt(one.thread.pull.repository, one.thread.originalCommit),
    authorAssociation: (one: ReviewComment) => associationOf(one.thread.pull.repository, one.author),
    isMinimized: () => false,
    url: (one: ReviewComment, _: Args, call: Call) => `${String(webUrl(call, one.thread.pull))}#discussion_r${one.id}`,
  },
  Mutation: {
    addComment: (_: object, { input }: Args, call: Call) => {
      const subject = node<Issue | PullRequest>(call, get(input, 'subjectId'), 'Issue', 'PullRequest');
      const comment = effects.addComment(call.world, call.caller, subject, get(input, 'body'));
      return {
        ...echo(input),
        subject,
        commentEdge: { cursor: cursorOf(subject.comments.length - 1), node: comment },
        timelineEdge: null,
      };
    },
    updateIssueComment: (_: object, { input }: Args, call: Call) => {
      const comment = node<Comment>(call, get(input, 'id'), 'IssueComment');
      effects.editComment(call.world, call.caller, comment, get(input, 'body'));
      return { ...echo(input), issueComment: comment };
    },
    deleteIssueComment: (_: object, { input }: Args, call: Call) => {
      effects.deleteComment(call.world, call.caller, node<Comment>(call, get(input, 'id'), 'IssueComment'));
      return echo(input);
    },
    minimizeComment: (_: object, { input }: Args, call: Call) => {
      const comment = node<Comment>(call, get(input, 'subjectId'), 'IssueComment');
      demand(call.caller, comment.discussion.repository, needs.label);
      comment.minimized = get<string>(input, 'classifier').toLowerCase();
      return { ...echo(input), minimizedComment: comment };
    },
    addLabelsToLabelable: async (_: object, { input }: Args, call: Call) => {
      const labelable = node<Issue | PullRequest>(call, get(input, 'labelableId'), 'Issue', 'PullRequest');
      const labels = get<string[]>(input, 'labelIds').map((id) => node<Label>(call, id, 'Label'));
      await effects.addLabels(
        call.world,
        call.caller,
        labelable,
        labels.map((label) => label.name),
      );
      return { ...echo(input), labelable };
    },
    removeLabelsFromLabelable: async (_: object, { input }: Args, call: Call) => {
      const labelable = node<Issue | PullRequest>(call, get(input, 'labelableId'), 'Issue', 'PullRequest');
      await effects.removeLabels(
        call.world,
        call.caller,
        labelable,
        get<string[]>(input, 'labelIds').map((id) => node<Label>(call, id, 'Label')),
      );
      return { ...echo(input), labelable };
    },
    createLabel: (_: object, { input }: Args, call: Call) => {
      const repository = node<Repository>(call, get(input, 'repositoryId'), 'Repository');
      const label = effects.createLabel(
        call.world,
        call.caller,
        repository,
        get(input, 'name'),
        get(input, 'color'),
        get(input, 'description') ?? null,
      );
      return { ...echo(input), label };
    },
    addReaction: (_: object, { input }: Args, call: Call) => {
      const subject = node<Comment | Issue | PullRequest>(
        call,
        get(input, 'subjectId'),
        'IssueComment',
        'Issue',
        'PullRequest',
        'PullRequestReviewComment',
      );
      const content = Object.entries(reactionContents).find(([, name]) => name === get(input, 'content'))?.[0] as ReactionContent;
      const { reaction } = effects.react(call.world, call.caller, repositoryOf(subject as never) as Repository, subject, content);
      return { ...echo(input), reaction, subject };
    },
    createIssue: async (_: object, { input }: Args, call: Call) => {
      const repository = node<Repository>(call, get(input, 'repositoryId'), 'Repository');
      const labels = (get<string[] | null>(input, 'labelIds') ?? []).map((id) => node<Label>(call, id, 'Label').name);
      return {
        ...echo(input),
        issue: await effects.createIssue(call.world, call.caller, repository, {
          title: get(input, 'title'),
          body: get(input, 'body'),
          labels,
        }),
      };
    },
    updateIssue: async (_: object, { input }: Args, call: Call) => {
      const issue = node<Issue>(call, get(input, 'id'), 'Issue');
      await effects.edit(call.world, call.caller, issue, {
        title: get(input, 'title'),
        body: get(input, 'body'),
        state: lower(get(input, 'state')),
      });
      return { ...echo(input), issue };
    },
    closeIssue: async (_: object, { input }: Args, call: Call) => {
      const issue = node<Issue>(call, get(input, 'issueId'), 'Issue');
      await effects.edit(call.world, call.caller, issue, { state: 'closed', reason: lower(get(input, 'stateReason')) });
      return { ...echo(input), issue };
    },
    reopenIssue: async (_: object, { input }: Args, call: Call) => {
      const issue = node<Issue>(call, get(input, 'issueId'), 'Issue');
      await effects.edit(call.world, call.caller, issue, { state: 'open' });
      return { ...echo(input), issue };
    },
    addAssigneesToAssignable: async (_: object, { input }: Args, call: Call) => {
      const assignable = node<Issue | PullRequest>(call, get(input, 'assignableId'), 'Issue', 'PullRequest');
      await effects.assign(call.world, call.caller, assignable, logins(call, get(input, 'assigneeIds')));
      return { ...echo(input), assignable };
    },
    removeAssigneesFromAssignable: async (_: object, { input }: Args, call: Call) => {
      const assignable = node<Issue | PullRequest>(call, get(input, 'assignableId'), 'Issue', 'PullRequest');
      await effects.unassign(call.world, call.caller, assignable, logins(call, get(input, 'assigneeIds')));
      return { ...echo(input), assignable };
    },
    createRef: async (_: object, { input }: Args, call: Call) => {
      const repository = node<Repository>(call, get(input, 'repositoryId'), 'Repository');
      const name = get<string>(input, 'name');
      await effects.createRef(call.world, call.caller, repository, name, get(input, 'oid')).catch((error: unknown) => {
        const exists = error instanceof Refusal && error.message === 'Reference already exists';
        throw exists ? new Refusal(422, `A ref named "${name}" already exists in the repository.`) : error;
      });
      return { ...echo(input), ref: await refNamed(repository, name) };
    },
    updateRef: async (_: object, { input }: Args, call: Call) => {
      const { repository, name } = await refById(call, get(input, 'refId'));
      await effects.updateRef(call.world, call.caller, repository, name, get(input, 'oid'), {
        force: get(input, 'force') ?? false,
      });
      return { ...echo(input), ref: await refNamed(repository, name) };
    },
    updateRefs: async (_: object, { input }: Args, call: Call) => {
      const repository = node<Repository>(call, get(input, 'repositoryId'), 'Repository');
      const updates = get<{ name: string; afterOid: string; beforeOid?: string; force?: boolean }[]>(input, 'refUpdates');
      const current = await refs(repository);
      // All or none.
      for (const { name, beforeOid } of updates) {
        const wrong = beforeOid && beforeOid !== (current.get(name) ?? nullSha);
        if (wrong)
          throw new Refusal(422, `Cannot update ${name}: expected ${beforeOid}, but it is at ${current.get(name) ?? nullSha}`);
      }
      for (const { name, afterOid, beforeOid, force } of updates) {
        const expected = beforeOid ?? current.get(name) ?? nullSha;
        await effects.updateRef(call.world, call.caller, repository, name, afterOid, { force: force ?? false, expected });
      }
      return echo(input);
    },
    deleteRef: async (_: object, { input }: Args, call: Call) => {
      const { repository, name } = await refById(call, get(input, 'refId'));
      await effects.deleteRef(call.world, call.caller, repository, name);
      return echo(input);
    },
    createPullRequest: async (_: object, { input }: Args, call: Call) => {
      const repository = node<Repository>(call, get(input, 'repositoryId'), 'Repository');
      const pullRequest = await effects.createPull(call.world, call.caller, repository, {
        title: get(input, 'title'),
        body: get(input, 'body'),
        head: get(input, 'headRefName'),
        base: get(input, 'baseRefName'),
        draft: get(input, 'draft'),
        maintainerCanModify: get(input, 'maintainerCanModify'),
      });
      return { ...echo(input), pullRequest };
    },
    updatePullRequest: async (_: object, { input }: Args, call: Call) => {
      const pullRequest = node<PullRequest>(call, get(input, 'pullRequestId'), 'PullRequest');
      await effects.edit(call.world, call.caller, pullRequest, {
        title: get(input, 'title'),
        body: get(input, 'body'),
        state: lower(get(input, 'state')),
      });
      return { ...echo(input), actor: call.caller.account, pullRequest };
    },
    closePullRequest: async (_: object, { input }: Args, call: Call) => {
      const pullRequest = node<PullRequest>(call, get(input, 'pullRequestId'), 'PullRequest');
      await effects.edit(call.world, call.caller, pullRequest, { state: 'closed' });
      return { ...echo(input), pullRequest };
    },
    markPullRequestReadyForReview: async (_: object, { input }: Args, call: Call) => {
      const pullRequest = node<PullRequest>(call, get(input, 'pullRequestId'), 'PullRequest');
      await effects.setDraft(call.world, call.caller, pullRequest, false);
      return { ...echo(input), pullRequest };
    },
    convertPullRequestToDraft: async (_: object, { input }: Args, call: Call) => {
      const pullRequest = node<PullRequest>(call, get(input, 'pullRequestId'), 'PullRequest');
      await effects.setDraft(call.world, call.caller, pullRequest, true);
      return { ...echo(input), pullRequest };
    },
    requestReviews: async (_: object, { input }: Args, call: Call) => {
      const pullRequest = node<PullRequest>(call, get(input, 'pullRequestId'), 'PullRequest');
      await effects.requestReviewers(call.world, call.caller, pullRequest, logins(call, get(input, 'userIds') ?? []));
      return { ...echo(input), actor: call.caller.account, pullRequest };
    },
    addPullRequestReview: async (_: object, { input }: Args, call: Call) => {
      const pull = node<PullRequest>(call, get(input, 'pullRequestId'), 'PullRequest');
      const pullRequestReview = await effects.submitReview(call.world, call.caller, pull, {
        event: get(input, 'event') ?? 'PENDING',
        body: get(input, 'body') ?? '',
        commit: get(input, 'commitOID') ?? undefined,
        comments: get(input, 'threads') ?? [],
      });
      return { ...echo(input), pullRequestReview };
    },
    addPullRequestReviewThreadReply: async (_: object, { input }: Args, call: Call) => {
      const thread = node<ReviewThread>(call, get(input, 'pullRequestReviewThreadId'), 'PullRequestReviewThread');
      return { ...echo(input), comment: await effects.reply(call.world, call.caller, thread, get(input, 'body')) };
    },
    dismissPullRequestReview: async (_: object, { input }: Args, call: Call) => {
      const pullRequestReview = node<Review>(call, get(input, 'pullRequestReviewId'), 'PullRequestReview');
      await effects.dismissReview(call.world, call.caller, pullRequestReview);
      return { ...echo(input), pullRequestReview };
    },
    resolveReviewThread: (_: object, { input }: Args, call: Call) => setResolved(call, input, true),
    unresolveReviewThread: (_: object, { input }: Args, call: Call) => setResolved(call, input, false),
  },
});

/** The table's functions know their own source; the engine hands over whatever the parent gave. */
function table(types: Record<string, Record<string, Resolver>>): Record<string, Record<string, Resolver>> {
  return types;
}

function get<T>(input: unknown, name: string): T {
  return (input as Record<string, T>)[name] as T;
}
const echo = (input: unknown): object => ({ clientMutationId: get<string | undefined>(input, 'clientMutationId') ?? null });
const lower = <T extends string>(value: string | null | undefined): T | undefined => value?.toLowerCase() as T | undefined;
const logins = (call: Call, ids: readonly string[]): string[] => ids.map((id) => node<Account>(call, id, 'User', 'Bot').login);

function setResolved(call: Call, input: unknown, resolved: boolean): object {
  const thread = node<ReviewThread>(call, get(input, 'threadId'), 'PullRequestReviewThread');
  effects.setResolved(call.world, call.caller, thread, resolved);
  return { ...echo(input), thread };
}

const refId = (ref: Ref): string => `REF_${ref.repository.id}_${Buffer.from(ref.name).toString('base64url')}`;
async function refById(call: Call, id: string): Promise<{ repository: Repository; name: string }> {
  const [, repositoryId, name = ''] = id.split('_');
  const repository = call.world.repositories.find((one) => String(one.id) === repositoryId);
  const missing = new Refusal(404, `Could not resolve to a node with the global id of '${id}'`);
  if (!repository) throw missing;
  const found = await refNamed(repository, Buffer.from(name, 'base64url').toString('utf8'));
  if (!found) throw missing;
  return found;
}

async function commitOf(one: Commit) {
  const found = await readCommit(one.repository, one.sha);
  if (!found) throw notFound();
  return found;
}
function gitActor(call: Call, who: { name: string; email: string; date: string }): object {
  const user =
    call.world.accounts.find(
      (each) => each.typename === 'User' && (each.login === who.name || who.email.includes(`+${each.login}@`)),
    ) ?? null;
  return { ...who, user };
}

/** `Closes #n` and its kin, in the body, to the default branch. */
function closersOf(issue: Issue): PullRequest[] {
  const pattern = new RegExp(`\\b(close[sd]?|fix(es|ed)?|resolve[sd]?):? #${issue.number}\\b`, 'i');
  return pullsOf(issue.repository).filter(
    (pull) => pull.state === 'open' && pull.baseRef === issue.repository.defaultBranch && pattern.test(pull.body),
  );
}

function isRequired(repository: Repository, name: string, args: Args): boolean {
  const pull =
    repository.discussions.get(Number(args['pullRequestNumber'])) ??
    pullsOf(repository).find((one) => one.nodeId === args['pullRequestId']);
  return pull?.typename === 'PullRequest' && (repository.protections.get(pull.baseRef)?.checks.includes(name) ?? false);
}

/** The qualifiers that tools really use: repo, is, state, author, head, label, in; other words must occur. */
export function search(call: Call, query: string): (Issue | PullRequest)[] {
  const terms = query.match(/(?:[\w-]+:)?(?:"[^"]*"|\S+)/g) ?? [];
  const all = call.world.repositories
    .filter((one) => may(call.caller, one, needs.readIssues))
    .flatMap((one) => [...one.discussions.values()]);
  return all.filter((found) => terms.every((term) => matches(found, term)));
}
function matches(found: Issue | PullRequest, term: string): boolean {
  const [, key, raw = term] = /^([\w-]+):(.*)$/.exec(term) ?? [];
  const value = raw.replaceAll('"', '').toLowerCase();
  if (key === 'repo') return fullName(found.repository).toLowerCase() === value;
  if (key === 'author') return login(found.author).toLowerCase() === value.replace('app/', '');
  if (key === 'label') return found.labels.some((label) => label.name.toLowerCase() === value);
  if (key === 'head') return found.typename === 'PullRequest' && found.headRef === value;
  if (key === 'in' || key === 'sort' || key === 'archived') return true;
  if (key === 'type' || key === 'is' || key === 'state') {
    const facts = [
      found.typename === 'Issue' ? 'issue' : 'pr',
      found.state,
      found.typename === 'PullRequest' && found.mergedAt !== null ? 'merged' : '',
    ];
    return facts.includes(value);
  }
  return `${found.title}\n${found.body}`.toLowerCase().includes(value);
}

/** A thread about a whole file has no line to lose. */
function isOutdated({ line, originalLine }: ReviewThread): boolean {
  return line === null && originalLine !== null;
}

import { changedFiles, commits, merges, mergeBase, type ChangedFile, type CommitObject } from './git.ts';
import type {
  Account,
  App,
  CheckRun,
  CheckSuite,
  Comment,
  Conclusion,
  Issue,
  Job,
  Label,
  PullRequest,
  Reaction,
  Repository,
  Review,
  ReviewComment,
  Role,
  Status,
  TimelineEvent,
  Workflow,
  WorkflowRun,
} from './state.ts';
import { reactionContents } from './state.ts';
import { fullName, htmlUrl, pullsOf, type World } from './world.ts';
import { roleOf } from './permissions.ts';

/** Everything as REST and webhooks show it. */

export type Json = Record<string, unknown>;

/** Seconds, as every time of GitHub. */
export const iso = (at: number): string => `${new Date(at).toISOString().slice(0, 19)}Z`;
const maybe = (at: number | null): string | null => (at === null ? null : iso(at));
const api = (world: World, repository: Repository): string => `${world.apiUrl}/repos/${fullName(repository)}`;

/** `key_url` for each key, all under one address. */
const urls = (root: string, paths: Record<string, string>): Json =>
  Object.fromEntries(Object.entries(paths).map(([key, path]) => [`${key}_url`, `${root}${path}`]));

export function describeAccount(world: World, account: Account): Json {
  const url = `${world.apiUrl}/users/${encodeURIComponent(account.login)}`;
  return {
    login: account.login,
    id: account.id,
    node_id: account.nodeId,
    avatar_url: `${world.serverUrl}/avatars/${account.id}`,
    gravatar_id: '',
    url,
    html_url: `${world.serverUrl}/${account.typename === 'Bot' ? `apps/${account.login.replace('[bot]', '')}` : account.login}`,
    ...urls(url, {
      followers: '/followers',
      following: '/following{/other_user}',
      gists: '/gists{/gist_id}',
      starred: '/starred{/owner}{/repo}',
      subscriptions: '/subscriptions',
      organizations: '/orgs',
      repos: '/repos',
      events: '/events{/privacy}',
      received_events: '/received_events',
    }),
    type: account.typename,
    user_view_type: 'public',
    site_admin: false,
  };
}

export function describeFullAccount(world: World, account: Account): Json {
  return {
    ...describeAccount(world, account),
    name: account.name,
    company: null,
    blog: '',
    location: null,
    email: null,
    hireable: null,
    bio: null,
    twitter_username: null,
    public_repos: 0,
    public_gists: 0,
    followers: 0,
    following: 0,
    created_at: iso(0),
    updated_at: iso(0),
  };
}

export function describeRepository(world: World, repository: Repository): Json {
  const url = api(world, repository);
  const html = htmlUrl(world, repository);
  const open = [...repository.discussions.values()].filter((found) => found.state === 'open').length;
  return {
    id: repository.id,
    node_id: repository.nodeId,
    name: repository.name,
    full_name: fullName(repository),
    private: repository.private,
    owner: describeAccount(world, repository.owner),
    html_url: html,
    description: null,
    fork: repository.parent !== undefined,
    url,
    ...urls(url, {
      forks: '/forks',
      keys: '/keys{/key_id}',
      collaborators: '/collaborators{/collaborator}',
      teams: '/teams',
      hooks: '/hooks',
      issue_events: '/issues/events{/number}',
      events: '/events',
      assignees: '/assignees{/user}',
      branches: '/branches{/branch}',
      tags: '/tags',
      blobs: '/git/blobs{/sha}',
      git_tags: '/git/tags{/sha}',
      git_refs: '/git/refs{/sha}',
      trees: '/git/trees{/sha}',
      statuses: '/statuses/{sha}',
      languages: '/languages',
      stargazers: '/stargazers',
      contributors: '/contributors',
      subscribers: '/subscribers',
      subscription: '/subscription',
      commits: '/commits{/sha}',
      git_commits: '/git/commits{/sha}',
      comments: '/comments{/number}',
      issue_comment: '/issues/comments{/number}',
      contents: '/contents/{+path}',
      compare: '/compare/{base}...{head}',
      merges: '/merges',
      archive: '/{archive_format}{/ref}',
      downloads: '/downloads',
      issues: '/issues{/number}',
      pulls: '/pulls{/number}',
      milestones: '/milestones{/number}',
      labels: '/labels{/name}',
      notifications: '/notifications{?since,all,participating}',
      releases: '/releases{/id}',
      deployments: '/deployments',
    }),
    created_at: iso(repository.createdAt),
    updated_at: iso(repository.createdAt),
    pushed_at: iso(repository.createdAt),
    git_url: `${html}.git`,
    ssh_url: `git@localhost:${fullName(repository)}.git`,
    clone_url: `${html}.git`,
    svn_url: html,
    homepage: null,
    size: 1,
    stargazers_count: 0,
    watchers_count: 0,
    language: null,
    has_issues: true,
    has_projects: true,
    has_downloads: true,
    has_wiki: false,
    has_pages: false,
    has_discussions: false,
    forks_count: 0,
    mirror_url: null,
    archived: repository.archived,
    disabled: false,
    open_issues_count: open,
    license: null,
    allow_forking: true,
    is_template: false,
    web_commit_signoff_required: false,
    topics: [],
    visibility: repository.private ? 'private' : 'public',
    forks: 0,
    open_issues: open,
    watchers: 0,
    default_branch: repository.defaultBranch,
  };
}

export function describePermissions(role: Role): Record<'admin' | 'maintain' | 'push' | 'triage' | 'pull', boolean> {
  const order: Role[] = ['none', 'read', 'triage', 'write', 'maintain', 'admin'];
  const has = (least: Role): boolean => order.indexOf(role) >= order.indexOf(least);
  return { admin: has('admin'), maintain: has('maintain'), push: has('write'), triage: has('triage'), pull: has('read') };
}

/** The older field knows four levels only. */
const legacyRole: Record<Role, string> = {
  none: 'none',
  read: 'read',
  triage: 'read',
  write: 'write',
  maintain: 'write',
  admin: 'admin',
};

export function describeCollaborator(world: World, repository: Repository, account: Account): Json {
  const role = roleOf({ account }, repository);
  const user = { ...describeAccount(world, account), permissions: describePermissions(role), role_name: role };
  return { permission: legacyRole[role], role_name: role, user };
}

export function describeLabel(world: World, label: Label): Json {
  return {
    id: label.id,
    node_id: label.nodeId,
    url: `${api(world, label.repository)}/labels/${encodeURIComponent(label.name)}`,
    name: label.name,
    color: label.color,
    default: false,
    description: label.description,
  };
}

function describeReactions(url: string, reactions: readonly Reaction[]): Json {
  const counts = Object.keys(reactionContents).map((content) => [
    content,
    reactions.filter((one) => one.content === content).length,
  ]);
  return { url: `${url}/reactions`, total_count: reactions.length, ...Object.fromEntries(counts) };
}
export function describeReaction(world: World, reaction: Reaction): Json {
  return {
    id: reaction.id,
    node_id: reaction.nodeId,
    user: describeAccount(world, reaction.author),
    content: reaction.content,
    created_at: iso(reaction.createdAt),
  };
}

/** Who someone is to a repository; a word that must never decide anything. */
export function associationOf(repository: Repository, account: Account): string {
  if (account === repository.owner) return 'OWNER';
  return repository.roles.has(account) ? 'COLLABORATOR' : 'NONE';
}

export function describeIssue(world: World, issue: Issue | PullRequest): Json {
  const { repository } = issue;
  const url = `${api(world, repository)}/issues/${issue.number}`;
  const isPull = issue.typename === 'PullRequest';
  const html = `${htmlUrl(world, repository)}/${isPull ? 'pull' : 'issues'}/${issue.number}`;
  const pullUrl = `${api(world, repository)}/pulls/${issue.number}`;
  return {
    url,
    repository_url: api(world, repository),
    ...urls(url, { labels: '/labels{/name}', comments: '/comments', events: '/events' }),
    html_url: html,
    id: issue.id,
    node_id: issue.nodeId,
    number: issue.number,
    title: issue.title,
    user: describeAccount(world, issue.author),
    labels: issue.labels.map((label) => describeLabel(world, label)),
    state: issue.state,
    locked: issue.locked,
    assignee: issue.assignees[0] ? describeAccount(world, issue.assignees[0]) : null,
    assignees: issue.assignees.map((account) => describeAccount(world, account)),
    milestone: null,
    comments: issue.comments.length,
    created_at: iso(issue.createdAt),
    updated_at: iso(issue.updatedAt),
    closed_at: maybe(issue.closedAt),
    author_association: associationOf(repository, issue.author),
    active_lock_reason: null,
    body: issue.body,
    closed_by: issue.closedBy ? describeAccount(world, issue.closedBy) : null,
    reactions: describeReactions(url, issue.reactions),
    timeline_url: `${url}/timeline`,
    performed_via_github_app: null,
    state_reason: issue.stateReason,
    ...(isPull
      ? {
          draft: issue.draft,
          pull_request: {
            url: pullUrl,
            html_url: html,
            diff_url: `${html}.diff`,
            patch_url: `${html}.patch`,
            merged_at: maybe(issue.mergedAt),
          },
        }
      : {}),
  };
}

export function describeComment(world: World, comment: Comment): Json {
  const { discussion } = comment;
  const url = `${api(world, discussion.repository)}/issues/comments/${comment.id}`;
  return {
    url,
    html_url: `${String(describeIssue(world, discussion)['html_url'])}#issuecomment-${comment.id}`,
    issue_url: `${api(world, discussion.repository)}/issues/${discussion.number}`,
    id: comment.id,
    node_id: comment.nodeId,
    user: describeAccount(world, comment.author),
    created_at: iso(comment.createdAt),
    updated_at: iso(comment.updatedAt),
    author_association: associationOf(discussion.repository, comment.author),
    body: comment.body,
    reactions: describeReactions(url, comment.reactions),
    performed_via_github_app: null,
  };
}

export function describeEvent(world: World, event: TimelineEvent, issue: Issue | PullRequest): Json {
  return {
    id: event.id,
    node_id: event.nodeId,
    url: `${api(world, issue.repository)}/issues/events/${event.id}`,
    actor: describeAccount(world, event.actor),
    event: event.event,
    commit_id: null,
    commit_url: null,
    created_at: iso(event.createdAt),
    performed_via_github_app: null,
    ...(event.label ? { label: { name: event.label.name, color: event.label.color } } : {}),
    ...(event.assignee
      ? { assignee: describeAccount(world, event.assignee), assigner: describeAccount(world, event.actor) }
      : {}),
    ...(event.rename ? { rename: event.rename } : {}),
    ...(event.event === 'closed' ? { state_reason: issue.stateReason } : {}),
  };
}

// ------------------------------------------------------------------------------------------------ Pull requests

/** Counts and the merge base of a pull request, from real git. */
export interface PullDiff {
  base: string;
  files: ChangedFile[];
  commits: CommitObject[];
}
const diffs = new WeakMap<PullRequest, { key: string; diff: Promise<PullDiff> }>();
/** Computed once for each pair of head and base. */
export function diffOf(pull: PullRequest): Promise<PullDiff> {
  const key = `${pull.baseSha} ${pull.headSha}`;
  const known = diffs.get(pull);
  if (known?.key === key) return known.diff;
  const diff = computeDiff(pull);
  diffs.set(pull, { key, diff });
  return diff;
}
async function computeDiff(pull: PullRequest): Promise<PullDiff> {
  const base = (await mergeBase(pull.repository, pull.baseSha, pull.headSha)) ?? pull.baseSha;
  const files = await changedFiles(pull.repository, base, pull.headSha);
  return { base, files, commits: (await commits(pull.repository, `${base}..${pull.headSha}`)).reverse() };
}

/** `null` the first time that it is asked for after a push, as on GitHub. */
export async function mergeableOf(pull: PullRequest): Promise<boolean | null> {
  if (pull.state === 'closed') return null;
  const known = pull.mergeable;
  if (known?.headSha === pull.headSha && known.baseSha === pull.baseSha) {
    known.asked++;
    return !known.conflicts;
  }
  const { headSha, baseSha } = pull;
  pull.mergeable = { headSha, baseSha, conflicts: !(await merges(pull.repository, baseSha, headSha)), asked: 1 };
  return null;
}

function describeEnd(world: World, repository: Repository | null, owner: Account, ref: string, sha: string): Json {
  return {
    label: `${owner.login}:${ref}`,
    ref,
    sha,
    user: describeAccount(world, owner),
    repo: repository ? describeRepository(world, repository) : null,
  };
}

/** A pull request as lists show it. */
export function describePull(world: World, pull: PullRequest): Json {
  const { repository } = pull;
  const url = `${api(world, repository)}/pulls/${pull.number}`;
  const issue = describeIssue(world, pull);
  const html = String(issue['html_url']);
  const links = {
    self: url,
    html,
    issue: issue['url'],
    comments: `${String(issue['url'])}/comments`,
    review_comments: `${url}/comments`,
    review_comment: `${api(world, repository)}/pulls/comments{/number}`,
    commits: `${url}/commits`,
    statuses: `${api(world, repository)}/statuses/${pull.headSha}`,
  };
  const headOwner = pull.headRepository?.owner ?? pull.author;
  return {
    url,
    id: pull.id,
    node_id: pull.nodeId,
    html_url: html,
    diff_url: `${html}.diff`,
    patch_url: `${html}.patch`,
    issue_url: issue['url'],
    number: pull.number,
    state: pull.state,
    locked: pull.locked,
    title: pull.title,
    user: issue['user'],
    body: pull.body || null,
    created_at: issue['created_at'],
    updated_at: issue['updated_at'],
    closed_at: issue['closed_at'],
    merged_at: maybe(pull.mergedAt),
    merge_commit_sha: pull.mergeCommit,
    assignee: issue['assignee'],
    assignees: issue['assignees'],
    requested_reviewers: pull.requestedReviewers.map((account) => describeAccount(world, account)),
    requested_teams: [],
    labels: issue['labels'],
    milestone: null,
    draft: pull.draft,
    commits_url: links.commits,
    review_comments_url: links.review_comments,
    review_comment_url: links.review_comment,
    comments_url: links.comments,
    statuses_url: links.statuses,
    head: describeEnd(world, pull.headRepository, headOwner, pull.headRef, pull.headSha),
    base: describeEnd(world, repository, repository.owner, pull.baseRef, pull.baseSha),
    _links: Object.fromEntries(Object.entries(links).map(([key, href]) => [key, { href }])),
    author_association: issue['author_association'],
    auto_merge: null,
    active_lock_reason: null,
  };
}

/** A pull request as it is shown alone, with sizes; in webhooks, which ask for nothing, `mergeable` is given as unknown. */
export async function describeFullPull(world: World, pull: PullRequest, unknown?: null): Promise<Json> {
  const [diff, mergeable] = [await diffOf(pull), unknown === null ? null : await mergeableOf(pull)];
  const sum = (of: 'additions' | 'deletions'): number => diff.files.reduce((total, file) => total + file[of], 0);
  return {
    ...describePull(world, pull),
    merged: pull.mergedAt !== null,
    mergeable,
    rebaseable: mergeable,
    mergeable_state: mergeable === null ? 'unknown' : !mergeable ? 'dirty' : pull.draft ? 'draft' : 'clean',
    merged_by: pull.mergedBy ? describeAccount(world, pull.mergedBy) : null,
    comments: pull.comments.length,
    review_comments: pull.threads.reduce((total, thread) => total + thread.comments.length, 0),
    maintainer_can_modify: pull.maintainerCanModify,
    commits: diff.commits.length,
    additions: sum('additions'),
    deletions: sum('deletions'),
    changed_files: diff.files.length,
  };
}

export function describeFile(world: World, repository: Repository, file: ChangedFile, head: string): Json {
  const path = file.path.split('/').map(encodeURIComponent).join('/');
  return {
    sha: file.sha,
    filename: file.path,
    status: file.status,
    additions: file.additions,
    deletions: file.deletions,
    changes: file.additions + file.deletions,
    blob_url: `${htmlUrl(world, repository)}/blob/${head}/${path}`,
    raw_url: `${htmlUrl(world, repository)}/raw/${head}/${path}`,
    contents_url: `${api(world, repository)}/contents/${path}?ref=${head}`,
    ...(file.patch === undefined ? {} : { patch: file.patch }),
    ...(file.previous ? { previous_filename: file.previous } : {}),
  };
}

export function describeReview(world: World, review: Review): Json {
  const pull = describePull(world, review.pull);
  const html = `${String(pull['html_url'])}#pullrequestreview-${review.id}`;
  return {
    id: review.id,
    node_id: review.nodeId,
    user: describeAccount(world, review.author),
    body: review.body,
    state: review.state,
    html_url: html,
    pull_request_url: pull['url'],
    _links: { html: { href: html }, pull_request: { href: pull['url'] } },
    ...(review.state === 'PENDING' ? {} : { submitted_at: iso(review.submittedAt) }),
    commit_id: review.commit,
    author_association: associationOf(review.pull.repository, review.author),
  };
}

export function describeReviewComment(world: World, comment: ReviewComment): Json {
  const { thread } = comment;
  const pull = describePull(world, thread.pull);
  const url = `${api(world, thread.pull.repository)}/pulls/comments/${comment.id}`;
  const html = `${String(pull['html_url'])}#discussion_r${comment.id}`;
  return {
    url,
    pull_request_review_id: comment.review.id,
    id: comment.id,
    node_id: comment.nodeId,
    diff_hunk: thread.diffHunk,
    path: thread.path,
    commit_id: thread.line === null ? thread.originalCommit : thread.pull.headSha,
    original_commit_id: thread.originalCommit,
    user: describeAccount(world, comment.author),
    body: comment.body,
    created_at: iso(comment.createdAt),
    updated_at: iso(comment.updatedAt),
    html_url: html,
    pull_request_url: pull['url'],
    author_association: associationOf(thread.pull.repository, comment.author),
    _links: { self: { href: url }, html: { href: html }, pull_request: { href: pull['url'] } },
    start_line: thread.startLine,
    original_start_line: thread.originalStartLine,
    start_side: thread.originalStartLine === null ? null : thread.side,
    ...(thread.line === null ? {} : { line: thread.line }),
    ...(thread.originalLine === null ? {} : { original_line: thread.originalLine }),
    side: thread.side,
    position: thread.line ?? 1,
    original_position: thread.originalLine ?? 1,
    subject_type: thread.originalLine === null ? 'file' : 'line',
    reactions: describeReactions(url, comment.reactions),
    ...(comment.replyTo ? { in_reply_to_id: comment.replyTo.id } : {}),
  };
}

// ------------------------------------------------------------------------------------------------ Git

export function describeGitCommit(world: World, repository: Repository, commit: CommitObject): Json {
  const at = (kind: string, sha: string): string => `${api(world, repository)}/git/${kind}/${sha}`;
  return {
    sha: commit.sha,
    node_id: commit.sha,
    url: at('commits', commit.sha),
    html_url: `${htmlUrl(world, repository)}/commit/${commit.sha}`,
    author: commit.author,
    committer: commit.committer,
    message: commit.message,
    tree: { sha: commit.tree, url: at('trees', commit.tree) },
    parents: commit.parents.map((sha) => ({
      sha,
      url: at('commits', sha),
      html_url: `${htmlUrl(world, repository)}/commit/${sha}`,
    })),
    verification: { verified: false, reason: 'unsigned', signature: null, payload: null, verified_at: null },
  };
}

export function describeCommit(world: World, repository: Repository, commit: CommitObject): Json {
  const { author, committer, message, tree, verification } = describeGitCommit(world, repository, commit);
  const url = `${api(world, repository)}/commits/${commit.sha}`;
  return {
    sha: commit.sha,
    node_id: commit.sha,
    url,
    html_url: `${htmlUrl(world, repository)}/commit/${commit.sha}`,
    comments_url: `${url}/comments`,
    commit: {
      author,
      committer,
      message,
      tree,
      verification,
      url: `${api(world, repository)}/git/commits/${commit.sha}`,
      comment_count: 0,
    },
    author: null,
    committer: null,
    parents: commit.parents.map((sha) => ({
      sha,
      url: `${api(world, repository)}/commits/${sha}`,
      html_url: `${htmlUrl(world, repository)}/commit/${sha}`,
    })),
  };
}

export function describeRef(world: World, repository: Repository, name: string, sha: string): Json {
  return {
    ref: name,
    node_id: `REF_${Buffer.from(name).toString('base64url')}`,
    url: `${api(world, repository)}/git/${name}`,
    object: { sha, type: 'commit', url: `${api(world, repository)}/git/commits/${sha}` },
  };
}

// ------------------------------------------------------------------------------------------------ Checks, statuses, Actions

function describeApp(world: World, app: App): Json {
  return {
    id: app.id,
    slug: app.slug,
    node_id: app.nodeId,
    client_id: `Iv1.${app.id}`,
    owner: describeAccount(world, app.owner),
    name: app.name,
    description: null,
    external_url: 'https://example.com',
    html_url: `${world.serverUrl}/apps/${app.slug}`,
    created_at: iso(0),
    updated_at: iso(0),
    permissions: {},
    events: [],
  };
}

const bad: Conclusion[] = ['failure', 'timed_out', 'cancelled', 'action_required', 'stale', 'startup_failure'];
/** State of a suite from its runs. */
export function stateOf(suite: CheckSuite): Pick<CheckSuite, 'status' | 'conclusion'> {
  if (suite.runs.length === 0) return { status: suite.status, conclusion: suite.conclusion };
  if (suite.runs.some((run) => run.status !== 'completed')) {
    return { status: suite.runs.every((run) => run.status === 'queued') ? 'queued' : 'in_progress', conclusion: null };
  }
  const conclusions = suite.runs.map((run) => run.conclusion);
  const worst = bad.find((one) => conclusions.includes(one));
  return { status: 'completed', conclusion: worst ?? (conclusions.every((one) => one === 'skipped') ? 'skipped' : 'success') };
}

function pullsAt(world: World, repository: Repository, sha: string): Json[] {
  const end = (of: Repository, ref: string, at: string): Json => ({
    ref,
    sha: at,
    repo: { id: of.id, url: api(world, of), name: of.name },
  });
  return pullsOf(repository)
    .filter((pull) => pull.headSha === sha && pull.state === 'open' && pull.headRepository === repository)
    .map((pull) => ({
      id: pull.id,
      number: pull.number,
      url: `${api(world, repository)}/pulls/${pull.number}`,
      head: end(repository, pull.headRef, sha),
      base: end(repository, pull.baseRef, pull.baseSha),
    }));
}

export function describeCheckRun(world: World, run: CheckRun): Json {
  const { repository, sha, app } = run.suite;
  const url = `${api(world, repository)}/check-runs/${run.id}`;
  const { title, summary, text, annotations } = run.output;
  return {
    id: run.id,
    node_id: run.nodeId,
    head_sha: sha,
    external_id: run.externalId,
    url,
    html_url: `${htmlUrl(world, repository)}/runs/${run.id}`,
    details_url: run.detailsUrl,
    status: run.status,
    conclusion: run.conclusion,
    started_at: iso(run.startedAt),
    completed_at: maybe(run.completedAt),
    output: { title, summary, text, annotations_count: annotations.length, annotations_url: `${url}/annotations` },
    name: run.name,
    check_suite: { id: run.suite.id },
    app: describeApp(world, app),
    pull_requests: pullsAt(world, repository, sha),
  };
}

export function describeSuite(world: World, suite: CheckSuite): Json {
  const url = `${api(world, suite.repository)}/check-suites/${suite.id}`;
  return {
    id: suite.id,
    node_id: suite.nodeId,
    head_branch: suite.branch,
    head_sha: suite.sha,
    ...stateOf(suite),
    url,
    before: null,
    after: suite.sha,
    pull_requests: pullsAt(world, suite.repository, suite.sha),
    app: describeApp(world, suite.app),
    repository: describeRepository(world, suite.repository),
    created_at: iso(suite.createdAt),
    updated_at: iso(suite.updatedAt),
    latest_check_runs_count: suite.runs.length,
    check_runs_url: `${url}/check-runs`,
    head_commit: {
      id: suite.sha,
      tree_id: suite.sha,
      message: '',
      timestamp: iso(suite.createdAt),
      author: { name: 'a', email: 'a@example.com' },
      committer: { name: 'a', email: 'a@example.com' },
    },
  };
}

export function describeStatus(world: World, status: Status): Json {
  const url = `${api(world, status.repository)}/statuses/${status.sha}`;
  return {
    url,
    avatar_url: null,
    id: status.id,
    node_id: status.nodeId,
    state: status.state,
    description: status.description,
    target_url: status.targetUrl,
    context: status.context,
    created_at: iso(status.createdAt),
    updated_at: iso(status.createdAt),
  };
}

/** The newest of each context. */
export function latestStatuses(repository: Repository, sha: string): Status[] {
  const all = repository.statuses.filter((status) => status.sha === sha);
  return [...new Map(all.map((status) => [status.context, status])).values()];
}
/** `pending` also where there is none at all. */
export function combinedState(statuses: readonly Status[]): 'failure' | 'pending' | 'success' {
  if (statuses.some((status) => status.state === 'error' || status.state === 'failure')) return 'failure';
  return statuses.length === 0 || statuses.some((status) => status.state === 'pending') ? 'pending' : 'success';
}

export function describeWorkflow(world: World, repository: Repository, workflow: Workflow): Json {
  const url = `${api(world, repository)}/actions/workflows/${workflow.id}`;
  return {
    id: workflow.id,
    node_id: workflow.nodeId,
    name: workflow.name,
    path: workflow.path,
    state: 'active',
    created_at: iso(repository.createdAt),
    updated_at: iso(repository.createdAt),
    url,
    html_url: `${htmlUrl(world, repository)}/blob/${repository.defaultBranch}/${workflow.path}`,
    badge_url: `${htmlUrl(world, repository)}/workflows/badge.svg`,
  };
}

export function describeRun(world: World, run: WorkflowRun): Json {
  const { repository } = run;
  const url = `${api(world, repository)}/actions/runs/${run.id}`;
  const state = run.parked ? { status: 'completed', conclusion: 'action_required' } : stateOf(run.suite);
  return {
    id: run.id,
    name: run.workflow.name,
    node_id: run.nodeId,
    head_branch: run.branch,
    head_sha: run.sha,
    path: run.workflow.path,
    display_title: run.workflow.name,
    run_number: run.number,
    event: run.event,
    ...state,
    workflow_id: run.workflow.id,
    check_suite_id: run.suite.id,
    check_suite_node_id: run.suite.nodeId,
    url,
    html_url: `${htmlUrl(world, repository)}/actions/runs/${run.id}`,
    pull_requests: pullsAt(world, repository, run.sha),
    created_at: iso(run.createdAt),
    updated_at: iso(run.suite.updatedAt),
    actor: describeAccount(world, run.actor),
    triggering_actor: describeAccount(world, run.actor),
    run_attempt: run.attempt,
    referenced_workflows: [],
    run_started_at: iso(run.createdAt),
    ...urls(url, { jobs: '/jobs', logs: '/logs', artifacts: '/artifacts', cancel: '/cancel', rerun: '/rerun' }),
    previous_attempt_url: null,
    check_suite_url: `${api(world, repository)}/check-suites/${run.suite.id}`,
    workflow_url: `${api(world, repository)}/actions/workflows/${run.workflow.id}`,
    head_commit: describeSuite(world, run.suite)['head_commit'],
    repository: describeRepository(world, repository),
    head_repository: describeRepository(world, repository),
  };
}

export function describeJob(world: World, job: Job): Json {
  const { run, check } = job;
  const url = `${api(world, run.repository)}/actions/jobs/${job.id}`;
  return {
    id: job.id,
    run_id: run.id,
    workflow_name: run.workflow.name,
    head_branch: run.branch,
    run_attempt: run.attempt,
    run_url: `${api(world, run.repository)}/actions/runs/${run.id}`,
    node_id: job.nodeId,
    head_sha: run.sha,
    url,
    html_url: `${htmlUrl(world, run.repository)}/actions/runs/${run.id}/job/${job.id}`,
    status: check.status,
    conclusion: check.conclusion,
    created_at: iso(run.createdAt),
    started_at: iso(check.startedAt),
    completed_at: maybe(check.completedAt),
    name: check.name,
    steps: [],
    check_run_url: `${api(world, run.repository)}/check-runs/${check.id}`,
    labels: ['ubuntu-latest'],
    runner_id: null,
    runner_name: null,
    runner_group_id: null,
    runner_group_name: null,
  };
}

export function describeSearchResult(world: World, found: Issue | PullRequest): Json {
  return { ...describeIssue(world, found), score: 1 };
}

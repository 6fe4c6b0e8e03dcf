import {
  askOnce,
  findHunk,
  followLine,
  isBinary,
  isAncestor,
  mergeBase,
  nullSha,
  refs,
  resolve,
  swapRef,
  writeTree,
  writeObject,
  git,
} from './git.ts';
import { demand, may, needs, roleOf } from './permissions.ts';
import {
  describeCheckRun,
  describeComment,
  describeFullPull,
  describeIssue,
  describeLabel,
  describePull,
  describeReview,
  describeReviewComment,
  describeRun,
  describeSuite,
  describeAccount,
} from './render.ts';
import { checkBodyLength, invalid, notFound, Refusal } from './state.ts';
import type {
  Account,
  App,
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
  ReviewState,
  ReviewThread,
  Status,
  TimelineEvent,
  WorkflowRun,
} from './state.ts';
import { emit } from './webhooks.ts';
import { addLabel, enter, htmlUrl, identify, pullsOf, type World } from './world.ts';

/** Every change of the state, with its permission, its limits, its timeline and its webhook; REST, GraphQL and git all come here. */

function whoever(caller: Caller): Account {
  if (!caller.account) throw new Refusal(401, 'Requires authentication');
  return caller.account;
}

function note(
  world: World,
  caller: Caller,
  found: Issue | PullRequest,
  event: TimelineEvent['event'],
  more: Partial<TimelineEvent> = {},
): void {
  found.timeline.push({ ...identify(world, 'Event'), event, actor: whoever(caller), createdAt: world.now(), ...more });
  found.updatedAt = world.now();
}

async function emitAbout(
  world: World,
  caller: Caller,
  found: Issue | PullRequest,
  action: string,
  more: Record<string, unknown> = {},
): Promise<void> {
  if (found.typename === 'Issue')
    emit(world, caller, 'issues', found.repository, { action, issue: describeIssue(world, found), ...more });
  else {
    const pull = await describeFullPull(world, found, null);
    emit(world, caller, 'pull_request', found.repository, { action, number: found.number, pull_request: pull, ...more });
  }
}

const manage = (found: Issue | PullRequest) => (found.typename === 'Issue' ? needs.writeIssues : needs.writePulls);

/** People change what they wrote; others' words only who can write. */
function demandAuthorOrWriter(caller: Caller, found: { author: Account }, repository: Repository): void {
  if (caller.account === found.author || caller.account?.typename === 'Bot') return;
  const role = roleOf(caller, repository);
  if (role === 'none' || role === 'read' || role === 'triage') throw new Refusal(403, 'Must have admin rights to Repository.');
}

function nextNumber(repository: Repository): number {
  return Math.max(0, ...repository.discussions.keys()) + 1;
}

// ------------------------------------------------------------------------------------------------ Issues

export async function createIssue(
  world: World,
  caller: Caller,
  repository: Repository,
  input: { title: string; body?: string | null | undefined; labels?: string[]; assignees?: string[] },
): Promise<Issue> {
  demand(caller, repository, needs.writeIssues);
  if (!input.title.trim()) throw invalid('Issue', "Title can't be blank", { code: 'missing_field', field: 'title' });
  checkBodyLength('Issue', input.body ?? '');
  const base = newDiscussion(world, caller, repository, input.title, input.body ?? '');
  const issue: Issue = enter(world, { typename: 'Issue' as const, ...base });
  repository.discussions.set(issue.number, issue);
  await emitAbout(world, caller, issue, 'opened');
  if (input.labels?.length) await addLabels(world, caller, issue, input.labels);
  if (input.assignees?.length) await assign(world, caller, issue, input.assignees);
  return issue;
}

function newDiscussion(world: World, caller: Caller, repository: Repository, title: string, body: string) {
  const at = world.now();
  return {
    id: 0,
    nodeId: '',
    repository,
    number: nextNumber(repository),
    title,
    body,
    author: whoever(caller),
    state: 'open' as const,
    stateReason: null,
    createdAt: at,
    updatedAt: at,
    closedAt: null,
    closedBy: null,
    locked: false,
    labels: [] as Label[],
    assignees: [] as Account[],
    comments: [] as Comment[],
    reactions: [] as Reaction[],
    timeline: [] as TimelineEvent[],
  };
}

export async function edit(
  world: World,
  caller: Caller,
  found: Issue | PullRequest,
  input: {
    title?: string | undefined;
    body?: string | null | undefined;
    state?: 'open' | 'closed' | undefined;
    reason?: Issue['stateReason'] | undefined;
  },
): Promise<void> {
  demand(caller, found.repository, manage(found));
  demandAuthorOrWriter(caller, found, found.repository);
  if (input.body) checkBodyLength(found.typename, input.body);
  const changes: Record<string, unknown> = {};
  if (input.title !== undefined && input.title !== found.title) {
    changes['title'] = { from: found.title };
    note(world, caller, found, 'renamed', { rename: { from: found.title, to: input.title } });
    found.title = input.title;
  }
  if (input.body !== undefined && (input.body ?? '') !== found.body) {
    changes['body'] = { from: found.body };
    found.body = input.body ?? '';
  }
  found.updatedAt = world.now();
  if (Object.keys(changes).length > 0) await emitAbout(world, caller, found, 'edited', { changes });
  if (input.state && input.state !== found.state) await setState(world, caller, found, input.state, input.reason ?? null);
}

async function setState(
  world: World,
  caller: Caller,
  found: Issue | PullRequest,
  state: 'open' | 'closed',
  reason: Issue['stateReason'],
): Promise<void> {
  if (state === 'open' && found.typename === 'PullRequest' && found.mergedAt !== null)
    throw invalid('PullRequest', 'Cannot reopen a merged pull request');
  found.state = state;
  found.stateReason = found.typename === 'PullRequest' ? null : state === 'closed' ? (reason ?? 'completed') : 'reopened';
  found.closedAt = state === 'closed' ? world.now() : null;
  found.closedBy = state === 'closed' ? whoever(caller) : null;
  note(world, caller, found, state === 'closed' ? 'closed' : 'reopened');
  await emitAbout(world, caller, found, state === 'closed' ? 'closed' : 'reopened');
}

export async function addLabels(
  world: World,
  caller: Caller,
  found: Issue | PullRequest,
  names: readonly string[],
): Promise<void> {
  demand(caller, found.repository, needs.label);
  for (const name of names) {
    // REST makes a label that does not exist yet.
    const label = addLabel(world, found.repository, name);
    if (found.labels.includes(label)) continue;
    if (found.labels.length >= 100) throw invalid(found.typename, 'Issues cannot have more than 100 labels');
    found.labels.push(label);
    note(world, caller, found, 'labeled', { label });
    await emitAbout(world, caller, found, 'labeled', { label: describeLabel(world, label) });
  }
}

export async function removeLabels(
  world: World,
  caller: Caller,
  found: Issue | PullRequest,
  labels: readonly Label[],
): Promise<void> {
  demand(caller, found.repository, needs.label);
  for (const label of labels) {
    if (!found.labels.includes(label)) continue;
    found.labels.splice(found.labels.indexOf(label), 1);
    note(world, caller, found, 'unlabeled', { label });
    await emitAbout(world, caller, found, 'unlabeled', { label: describeLabel(world, label) });
  }
}

export function createLabel(
  world: World,
  caller: Caller,
  repository: Repository,
  name: string,
  color: string,
  description: string | null,
): Label {
  demand(caller, repository, needs.label);
  if (repository.labels.some((label) => label.name.toLowerCase() === name.toLowerCase())) {
    throw invalid('Label', 'Name has already been taken', { code: 'already_exists', field: 'name' });
  }
  return addLabel(world, repository, name, color, description);
}

/** Whoever cannot be an assignee is left out without a word, as bots that are no collaborators. */
export async function assign(world: World, caller: Caller, found: Issue | PullRequest, logins: readonly string[]): Promise<void> {
  demand(caller, found.repository, needs.label);
  for (const login of logins) {
    const assignee = world.accounts.find((account) => account.login.toLowerCase() === login.toLowerCase());
    if (
      !assignee ||
      !isAssignable(found.repository, assignee) ||
      found.assignees.includes(assignee) ||
      found.assignees.length >= 10
    )
      continue;
    found.assignees.push(assignee);
    note(world, caller, found, 'assigned', { assignee });
    await emitAbout(world, caller, found, 'assigned', { assignee: describeAccount(world, assignee) });
  }
}
export const isAssignable = (repository: Repository, account: Account): boolean =>
  account === repository.owner || repository.roles.has(account);

export async function unassign(
  world: World,
  caller: Caller,
  found: Issue | PullRequest,
  logins: readonly string[],
): Promise<void> {
  demand(caller, found.repository, needs.label);
  for (const assignee of found.assignees.filter((account) =>
    logins.some((login) => login.toLowerCase() === account.login.toLowerCase()),
  )) {
    found.assignees.splice(found.assignees.indexOf(assignee), 1);
    note(world, caller, found, 'unassigned', { assignee });
    await emitAbout(world, caller, found, 'unassigned', { assignee: describeAccount(world, assignee) });
  }
}

// ------------------------------------------------------------------------------------------------ Comments and reactions

export function addComment(world: World, caller: Caller, discussion: Issue | PullRequest, body: string): Comment {
  demand(caller, discussion.repository, needs.comment);
  if (!body.trim()) throw invalid('IssueComment', "Body can't be blank", { code: 'missing_field', field: 'body' });
  checkBodyLength('IssueComment', body);
  if (discussion.locked && !may(caller, discussion.repository, needs.managePulls)) {
    throw new Refusal(403, 'Unable to create comment because issue is locked.');
  }
  const at = world.now();
  const comment: Comment = enter(world, {
    typename: 'IssueComment' as const,
    id: 0,
    nodeId: '',
    discussion,
    author: whoever(caller),
    body,
    createdAt: at,
    updatedAt: at,
    reactions: [],
    minimized: null,
  });
  discussion.comments.push(comment);
  discussion.updatedAt = at;
  emitComment(world, caller, comment, 'created');
  return comment;
}
function emitComment(world: World, caller: Caller, comment: Comment, action: string, more: Record<string, unknown> = {}): void {
  const issue = describeIssue(world, comment.discussion);
  emit(world, caller, 'issue_comment', comment.discussion.repository, {
    action,
    issue,
    comment: describeComment(world, comment),
    ...more,
  });
}

export function editComment(world: World, caller: Caller, comment: Comment, body: string): void {
  demand(caller, comment.discussion.repository, needs.comment);
  demandAuthorOrWriter(caller, comment, comment.discussion.repository);
  checkBodyLength('IssueComment', body);
  const changes = { body: { from: comment.body } };
  comment.body = body;
  comment.updatedAt = world.now();
  if (caller.account) comment.editor = caller.account;
  emitComment(world, caller, comment, 'edited', { changes });
}

export function deleteComment(world: World, caller: Caller, comment: Comment): void {
  demand(caller, comment.discussion.repository, needs.comment);
  demandAuthorOrWriter(caller, comment, comment.discussion.repository);
  comment.discussion.comments.splice(comment.discussion.comments.indexOf(comment), 1);
  world.nodes.delete(comment.nodeId);
  emitComment(world, caller, comment, 'deleted');
}

/** The same reaction of the same account exists once. */
export function react(
  world: World,
  caller: Caller,
  repository: Repository,
  subject: { reactions: Reaction[] },
  content: ReactionContent,
): { reaction: Reaction; created: boolean } {
  demand(caller, repository, needs.comment);
  const author = whoever(caller);
  const known = subject.reactions.find((reaction) => reaction.author === author && reaction.content === content);
  if (known) return { reaction: known, created: false };
  const reaction: Reaction = enter(world, {
    typename: 'Reaction' as const,
    id: 0,
    nodeId: '',
    content,
    author,
    createdAt: world.now(),
  });
  subject.reactions.push(reaction);
  return { reaction, created: true };
}

// ------------------------------------------------------------------------------------------------ Refs and commits

export async function createRef(world: World, caller: Caller, repository: Repository, name: string, sha: string): Promise<void> {
  demand(caller, repository, needs.writeContents);
  if (!/^refs\/[^/]+\/.+/.test(name))
    throw invalid('Reference', "Reference name must start with 'refs/' and have at least two slashes.");
  if (!(await resolve(repository, sha))) throw new Refusal(422, 'Object does not exist');
  if (!(await swapRef(repository, name, sha, nullSha))) throw new Refusal(422, 'Reference already exists');
  await afterRefs(world, caller, repository, [{ name, old: nullSha, new: sha }]);
}

export async function updateRef(
  world: World,
  caller: Caller,
  repository: Repository,
  name: string,
  sha: string,
  options: { force: boolean; expected?: string | undefined },
): Promise<void> {
  demand(caller, repository, needs.writeContents);
  const old = (await refs(repository)).get(name) ?? nullSha;
  if (old === nullSha && options.expected === undefined) throw new Refusal(422, 'Reference does not exist');
  if (options.expected !== undefined && options.expected !== old) throw new Refusal(422, `${name} is not at the expected object`);
  if (sha !== nullSha && !(await resolve(repository, sha))) throw new Refusal(422, 'Object does not exist');
  demandUnprotected(repository, name);
  if (!options.force && old !== nullSha && sha !== nullSha && !(await isAncestor(repository, old, sha))) {
    throw new Refusal(422, 'Update is not a fast forward');
  }
  if (!(await swapRef(repository, name, sha, old))) throw new Refusal(422, 'Reference update failed');
  await afterRefs(world, caller, repository, [{ name, old, new: sha }]);
}

export async function deleteRef(world: World, caller: Caller, repository: Repository, name: string): Promise<void> {
  demand(caller, repository, needs.writeContents);
  const old = (await refs(repository)).get(name);
  if (!old) throw new Refusal(422, 'Reference does not exist');
  demandUnprotected(repository, name);
  await swapRef(repository, name, nullSha, old);
  await afterRefs(world, caller, repository, [{ name, old, new: nullSha }]);
}

function demandUnprotected(repository: Repository, name: string): void {
  if (repository.protections.has(name.replace('refs/heads/', ''))) {
    throw new Refusal(422, 'Changes must be made through a pull request.');
  }
}

export interface RefChange {
  name: string;
  old: string;
  new: string;
}

/** What follows when branches moved, however they were moved: pushes, pull requests, outdated threads, workflow runs. */
export async function afterRefs(
  world: World,
  caller: Caller,
  repository: Repository,
  changes: readonly RefChange[],
): Promise<void> {
  for (const change of changes) {
    if (!change.name.startsWith('refs/heads/')) continue;
    const branch = change.name.slice('refs/heads/'.length);
    const [created, deleted] = [change.old === nullSha, change.new === nullSha];
    emit(world, caller, 'push', repository, {
      ref: change.name,
      before: change.old,
      after: change.new,
      created,
      deleted,
      forced: false,
      commits: [],
    });
    for (const pull of allPulls(world).filter((pull) => pull.state === 'open')) {
      if (pull.headRepository === repository && pull.headRef === branch) await moveHead(world, caller, pull, change);
      if (pull.repository === repository && pull.baseRef === branch && !deleted) pull.baseSha = change.new;
    }
    if (!deleted) await startWorkflows(world, caller, repository, 'push', branch, change.new);
  }
}
const allPulls = (world: World): PullRequest[] => world.repositories.flatMap(pullsOf);

async function moveHead(world: World, caller: Caller, pull: PullRequest, change: RefChange): Promise<void> {
  if (change.new === nullSha) return setState(world, caller, pull, 'closed', null);
  pull.headSha = change.new;
  pull.updatedAt = world.now();
  await keepHead(pull);
  for (const thread of pull.threads) await moveThread(thread, change.new);
  await emitAbout(world, caller, pull, 'synchronize', { before: change.old, after: change.new });
  await startWorkflows(world, caller, pull.repository, 'pull_request', pull.headRef, pull.headSha);
}

/** What is about a whole file stays; of several lines all have to stay. A line of the base stays while it is still removed. */
async function moveThread(thread: ReviewThread, head: string): Promise<void> {
  const { pull, path, originalLine, originalStartLine, originalCommit, side } = thread;
  const { repository } = pull;
  if (originalLine === null) return;
  if (side === 'LEFT') {
    const hunk = await findHunk(repository, { base: await baseOf(pull, head), head, path, line: originalLine, side });
    thread.line = hunk.inDiff ? originalLine : null;
    return;
  }
  const first = originalStartLine ?? originalLine;
  const lines: (number | null)[] = [];
  for (let line = first; line <= originalLine; line += 1)
    lines.push(await followLine(repository, path, line, originalCommit, head));
  const whole = lines.every((line, index) => line !== null && line === (lines[0] ?? 0) + index);
  thread.line = whole ? (lines.at(-1) ?? null) : null;
  thread.startLine = whole && originalStartLine !== null ? (lines[0] ?? null) : null;
}

async function baseOf(pull: PullRequest, head: string): Promise<string> {
  return (await askOnce(pull.repository, 'merge-base', pull.baseSha, head)).trim();
}

/** Objects of a fork come over, and `refs/pull/<n>/head` names them, as on GitHub. */
async function keepHead(pull: PullRequest): Promise<void> {
  const { headRepository, repository, number, headSha } = pull;
  if (headRepository && headRepository !== repository) {
    await git(
      repository,
      'fetch',
      '--quiet',
      '--no-tags',
      headRepository.path,
      `+refs/heads/${pull.headRef}:refs/pull/${number}/head`,
    );
  } else await git(repository, 'update-ref', `refs/pull/${number}/head`, headSha);
}

export interface CommitInput {
  message: string;
  tree: string;
  parents: string[];
  author?: { name: string; email: string; date?: string } | undefined;
  committer?: { name?: string; email?: string; date?: string } | undefined;
}
export async function createCommit(world: World, caller: Caller, repository: Repository, input: CommitInput): Promise<string> {
  demand(caller, repository, needs.writeContents);
  if ((await git(repository, 'cat-file', '-t', input.tree).catch(() => '')) !== 'tree')
    throw new Refusal(422, 'Tree SHA does not exist');
  for (const parent of input.parents) {
    if (!(await resolve(repository, parent))) throw new Refusal(422, 'Parent SHA does not exist or is not a commit object');
  }
  const account = whoever(caller);
  const author = { name: account.login, email: `${account.id}+${account.login}@users.noreply.example.com`, ...input.author };
  const person = (who: { name: string; email: string; date?: string }): string =>
    `${who.name} <${who.email}> ${Math.floor((who.date ? Date.parse(who.date) : world.now()) / 1000)} +0000`;
  const parents = input.parents.map((parent) => `parent ${parent}`);
  const committer = person({ ...author, ...input.committer });
  const lines = [`tree ${input.tree}`, ...parents, `author ${person(author)}`, `committer ${committer}`, '', input.message];
  return writeObject(repository, 'commit', lines.join('\n'));
}

export async function createTree(
  caller: Caller,
  repository: Repository,
  base: string | undefined,
  entries: { path: string; mode: string; sha?: string | null; content?: string }[],
): Promise<string> {
  demand(caller, repository, needs.writeContents);
  const written = [];
  for (const { path, mode, sha, content } of entries) {
    written.push({ path, mode, sha: content === undefined ? (sha ?? null) : await writeObject(repository, 'blob', content) });
  }
  return writeTree(repository, base, written);
}

// ------------------------------------------------------------------------------------------------ Pull requests

export interface PullInput {
  title: string;
  body?: string | null | undefined;
  /** `branch` or `owner:branch`. */
  head: string;
  base: string;
  draft?: boolean | undefined;
  maintainerCanModify?: boolean | undefined;
}
export async function createPull(world: World, caller: Caller, repository: Repository, input: PullInput): Promise<PullRequest> {
  demand(caller, repository, needs.writePulls);
  if (caller.token?.kind === 'actions' && !repository.settings.actionsMayOpenPulls) {
    throw new Refusal(403, 'GitHub Actions is not permitted to create or approve pull requests.');
  }
  checkBodyLength('PullRequest', input.body ?? '');
  if (!input.title.trim()) throw invalid('PullRequest', "Title can't be blank", { code: 'missing_field', field: 'title' });
  const [owner, branch] = input.head.includes(':')
    ? (input.head.split(':', 2) as [string, string])
    : [repository.owner.login, input.head];
  const heads = world.repositories.find((one) => one.owner.login === owner && (one === repository || one.parent === repository));
  const headSha = heads && (await refs(heads)).get(`refs/heads/${branch}`);
  if (!heads || !headSha)
    throw invalid('PullRequest', "Head sha can't be blank, Head ref must be a branch", { code: 'invalid', field: 'head' });
  const baseSha = (await refs(repository)).get(`refs/heads/${input.base}`);
  if (!baseSha) throw invalid('PullRequest', "Base sha can't be blank", { code: 'invalid', field: 'base' });
  const twin = pullsOf(repository).find(
    (pull) => pull.state === 'open' && pull.headRepository === heads && pull.headRef === branch && pull.baseRef === input.base,
  );
  if (twin) throw invalid('PullRequest', `A pull request already exists for ${owner}:${branch}.`);
  const pull: PullRequest = {
    typename: 'PullRequest',
    ...newDiscussion(world, caller, repository, input.title, input.body ?? ''),
    baseRef: input.base,
    headRef: branch,
    headRepository: heads,
    headSha,
    baseSha,
    draft: input.draft ?? false,
    mergedAt: null,
    mergedBy: null,
    mergeCommit: null,
    maintainerCanModify: input.maintainerCanModify ?? false,
    reviews: [],
    threads: [],
    requestedReviewers: [],
  };
  await keepHead(pull);
  const shared = await mergeBase(repository, baseSha, headSha);
  if (!shared) throw invalid('PullRequest', `The ${branch} branch has no history in common with ${input.base}`);
  if (shared === headSha) throw invalid('PullRequest', `No commits between ${input.base} and ${branch}`);
  enter(world, pull);
  repository.discussions.set(pull.number, pull);
  await emitAbout(world, caller, pull, 'opened');
  await startWorkflows(world, caller, repository, 'pull_request', branch, headSha);
  return pull;
}

export async function setDraft(world: World, caller: Caller, pull: PullRequest, draft: boolean): Promise<void> {
  demand(caller, pull.repository, needs.writePulls);
  demandAuthorOrWriter(caller, pull, pull.repository);
  if (pull.state === 'closed') throw new Refusal(422, 'Pull request is closed');
  if (pull.draft === draft) return;
  pull.draft = draft;
  note(world, caller, pull, draft ? 'convert_to_draft' : 'ready_for_review');
  await emitAbout(world, caller, pull, draft ? 'converted_to_draft' : 'ready_for_review');
}

export async function requestReviewers(
  world: World,
  caller: Caller,
  pull: PullRequest,
  logins: readonly string[],
): Promise<void> {
  demand(caller, pull.repository, needs.writePulls);
  for (const login of logins) {
    const reviewer = world.accounts.find((account) => account.login.toLowerCase() === login.toLowerCase());
    if (reviewer && reviewer === pull.author) throw new Refusal(422, 'Review cannot be requested from pull request author.');
    // GitHub's own reviewer is no collaborator.
    const isCopilot = reviewer?.login === 'copilot-pull-request-reviewer[bot]';
    if (!reviewer || !(isCopilot || isAssignable(pull.repository, reviewer))) {
      throw new Refusal(
        422,
        'Reviews may only be requested from collaborators. One or more of the users or teams you specified is not a collaborator of the repository.',
      );
    }
    if (pull.requestedReviewers.includes(reviewer)) continue;
    pull.requestedReviewers.push(reviewer);
    await emitAbout(world, caller, pull, 'review_requested', { requested_reviewer: describeAccount(world, reviewer) });
  }
}

export interface ReviewInput {
  event: 'APPROVE' | 'REQUEST_CHANGES' | 'COMMENT' | 'PENDING';
  body?: string | undefined;
  commit?: string | undefined;
  comments?: ThreadInput[];
}
/** Without a line the thread is about the whole file, as it is where the file is binary. */
export interface ThreadInput {
  path: string;
  line?: number;
  startLine?: number;
  body: string;
  side?: 'LEFT' | 'RIGHT';
}
const stateAfter: Record<ReviewInput['event'], ReviewState> = {
  APPROVE: 'APPROVED',
  REQUEST_CHANGES: 'CHANGES_REQUESTED',
  COMMENT: 'COMMENTED',
  PENDING: 'PENDING',
};

export async function submitReview(world: World, caller: Caller, pull: PullRequest, input: ReviewInput): Promise<Review> {
  demand(caller, pull.repository, needs.writePulls);
  const author = whoever(caller);
  const own = author === pull.author;
  if (own && input.event === 'APPROVE') throw reviewRefusal('Can not approve your own pull request');
  if (own && input.event === 'REQUEST_CHANGES') throw reviewRefusal('Can not request changes on your own pull request');
  if (input.event === 'APPROVE' && caller.token?.kind === 'actions' && !pull.repository.settings.actionsMayOpenPulls) {
    throw new Refusal(403, 'GitHub Actions is not permitted to create or approve pull requests.');
  }
  if (input.event === 'REQUEST_CHANGES' && !input.body?.trim()) throw reviewRefusal('Body is required');
  checkBodyLength('PullRequestReview', input.body ?? '');
  const review: Review = enter(world, {
    typename: 'PullRequestReview' as const,
    id: 0,
    nodeId: '',
    pull,
    author,
    state: stateAfter[input.event],
    body: input.body ?? '',
    commit: input.commit ?? pull.headSha,
    submittedAt: world.now(),
  });
  const comments = [];
  for (const comment of input.comments ?? []) comments.push(await startThread(world, review, comment));
  pull.reviews.push(review);
  const asked = pull.requestedReviewers.indexOf(author);
  if (asked >= 0) pull.requestedReviewers.splice(asked, 1);
  await emitReview(world, caller, review, 'submitted');
  for (const comment of comments) emitReviewComment(world, caller, comment, 'created');
  return review;
}
const reviewRefusal = (reason: string): Refusal => new Refusal(422, `Review ${reason}`, { errors: [`Review ${reason}`] });

async function emitReview(world: World, caller: Caller, review: Review, action: string): Promise<void> {
  const shown = { ...describeReview(world, review), state: review.state.toLowerCase() };
  const pull = describePull(world, review.pull);
  emit(world, caller, 'pull_request_review', review.pull.repository, { action, review: shown, pull_request: pull });
}
function emitReviewComment(world: World, caller: Caller, comment: ReviewComment, action: string): void {
  const pull = describePull(world, comment.thread.pull);
  const content = { action, comment: describeReviewComment(world, comment), pull_request: pull };
  emit(world, caller, 'pull_request_review_comment', comment.thread.pull.repository, content);
}

async function startThread(world: World, review: Review, input: ThreadInput): Promise<ReviewComment> {
  const { pull } = review;
  const { path, side = 'RIGHT' } = input;
  const place = { base: await baseOf(pull, review.commit), head: review.commit, path, side };
  const binary = await isBinary(pull.repository, place);
  const line = binary || input.line === undefined ? null : input.line;
  const startLine = line === null || input.startLine === undefined || input.startLine >= line ? null : input.startLine;
  const { hunk } = line === null ? { hunk: '' } : await findHunk(pull.repository, { ...place, line });
  checkBodyLength('PullRequestReviewComment', input.body);
  const thread: ReviewThread = {
    typename: 'PullRequestReviewThread',
    nodeId: '',
    pull,
    path,
    originalLine: line,
    originalStartLine: startLine,
    originalCommit: review.commit,
    line,
    startLine,
    side,
    diffHunk: hunk,
    resolvedBy: null,
    comments: [],
  };
  const { nodeId } = identify(world, thread.typename);
  thread.nodeId = nodeId;
  world.nodes.set(nodeId, thread);
  pull.threads.push(thread);
  return addToThread(world, thread, review, input.body);
}
function addToThread(world: World, thread: ReviewThread, review: Review, body: string): ReviewComment {
  const at = world.now();
  const comment: ReviewComment = enter(world, {
    typename: 'PullRequestReviewComment' as const,
    id: 0,
    nodeId: '',
    thread,
    review,
    author: review.author,
    body,
    createdAt: at,
    updatedAt: at,
    replyTo: thread.comments[0] ?? null,
    reactions: [],
  });
  thread.comments.push(comment);
  return comment;
}

/** A reply is a small review of its own, as on GitHub. */
export async function reply(world: World, caller: Caller, thread: ReviewThread, body: string): Promise<ReviewComment> {
  demand(caller, thread.pull.repository, needs.writePulls);
  checkBodyLength('PullRequestReviewComment', body);
  const review: Review = enter(world, {
    typename: 'PullRequestReview' as const,
    id: 0,
    nodeId: '',
    pull: thread.pull,
    author: whoever(caller),
    state: 'COMMENTED' as const,
    body: '',
    commit: thread.pull.headSha,
    submittedAt: world.now(),
  });
  thread.pull.reviews.push(review);
  const comment = addToThread(world, thread, review, body);
  await emitReview(world, caller, review, 'submitted');
  emitReviewComment(world, caller, comment, 'created');
  return comment;
}

/** In practice a token needs to write contents too; people need to write or to be the pull request's author. */
export function mayResolve(caller: Caller, thread: ReviewThread): boolean {
  const { repository, author } = thread.pull;
  if (!caller.account || !may(caller, repository, needs.writePulls)) return false;
  return caller.account.typename !== 'Bot' && caller.account === author ? true : may(caller, repository, needs.writeContents);
}
export function setResolved(world: World, caller: Caller, thread: ReviewThread, resolved: boolean): void {
  if (!mayResolve(caller, thread)) {
    throw new Refusal(403, 'Resource not accessible by integration', {
      headers: { 'x-accepted-github-permissions': 'contents=write; pull_requests=write' },
    });
  }
  thread.resolvedBy = resolved ? whoever(caller) : null;
  const content = {
    action: resolved ? 'resolved' : 'unresolved',
    thread: { node_id: thread.nodeId, comments: [] },
    pull_request: describePull(world, thread.pull),
  };
  emit(world, caller, 'pull_request_review_thread', thread.pull.repository, content);
}

export async function dismissReview(world: World, caller: Caller, review: Review): Promise<void> {
  demand(caller, review.pull.repository, needs.managePulls);
  if (review.state !== 'APPROVED' && review.state !== 'CHANGES_REQUESTED')
    throw new Refusal(422, 'Can not dismiss a commented pull request review');
  review.state = 'DISMISSED';
  await emitReview(world, caller, review, 'dismissed');
}

/** Only the two rules that decide whether somebody's merge could pass; bugloop itself never merges. */
export async function mergePull(world: World, caller: Caller, pull: PullRequest, method: string): Promise<string> {
  demand(caller, pull.repository, needs.writeContents);
  if (pull.state === 'closed' || pull.draft)
    throw new Refusal(405, pull.draft ? 'Pull Request is still a draft' : 'Pull Request is not mergeable');
  const tree = await git(pull.repository, 'merge-tree', '--write-tree', pull.baseSha, pull.headSha).catch(() => undefined);
  if (!tree) throw new Refusal(405, 'Pull Request is not mergeable');
  const parents = method === 'squash' ? [pull.baseSha] : [pull.baseSha, pull.headSha];
  const sha = await createCommit(world, caller, pull.repository, { message: `${pull.title} (#${pull.number})`, tree, parents });
  const [name, old] = [`refs/heads/${pull.baseRef}`, pull.baseSha];
  await swapRef(pull.repository, name, sha, old);
  Object.assign(pull, { mergedAt: world.now(), mergedBy: whoever(caller), mergeCommit: sha });
  await setState(world, caller, pull, 'closed', null);
  await afterRefs(world, caller, pull.repository, [{ name, old, new: sha }]);
  return sha;
}

// ------------------------------------------------------------------------------------------------ Checks and Actions

export function suiteFor(world: World, repository: Repository, sha: string, app: App, fresh = false): CheckSuite {
  const known = repository.suites.find((suite) => suite.sha === sha && suite.app === app);
  if (known && !fresh) return known;
  const at = world.now();
  const branch = pullsOf(repository).find((pull) => pull.headSha === sha)?.headRef ?? null;
  const suite: CheckSuite = enter(world, {
    typename: 'CheckSuite' as const,
    id: 0,
    nodeId: '',
    repository,
    sha,
    branch,
    app,
    runs: [],
    createdAt: at,
    updatedAt: at,
    status: 'queued' as const,
    conclusion: null,
  });
  repository.suites.push(suite);
  return suite;
}

export type CheckInput = Partial<Pick<CheckRun, 'status' | 'conclusion' | 'detailsUrl' | 'externalId'>> & {
  name: string;
  output?: Partial<CheckRun['output']>;
};
export function addCheckRun(world: World, caller: Caller, suite: CheckSuite, input: CheckInput): CheckRun {
  const run: CheckRun = enter(world, {
    typename: 'CheckRun' as const,
    id: 0,
    nodeId: '',
    suite,
    name: input.name,
    status: 'queued' as const,
    conclusion: null,
    startedAt: world.now(),
    completedAt: null,
    detailsUrl: input.detailsUrl ?? null,
    externalId: input.externalId ?? '',
    output: { title: null, summary: null, text: null, annotations: [], ...input.output },
  });
  suite.runs.push(run);
  const created = { action: 'created', check_run: describeCheckRun(world, run) };
  emit(world, caller, 'check_run', suite.repository, created, { quiet: isQuiet(suite) });
  setCheckRun(world, caller, run, input);
  return run;
}
export function setCheckRun(world: World, caller: Caller, run: CheckRun, input: Partial<CheckInput>): void {
  const status = input.conclusion ? 'completed' : (input.status ?? run.status);
  Object.assign(run, { status, conclusion: status === 'completed' ? (input.conclusion ?? run.conclusion ?? 'neutral') : null });
  Object.assign(run.output, input.output);
  run.externalId = input.externalId === undefined || input.externalId === '' ? run.externalId : input.externalId;
  run.completedAt = status === 'completed' ? world.now() : null;
  run.suite.updatedAt = world.now();
  if (status !== 'completed') return;
  const completed = { action: 'completed', check_run: describeCheckRun(world, run) };
  emit(world, caller, 'check_run', run.suite.repository, completed, { quiet: isQuiet(run.suite) });
  if (run.suite.runs.every((one) => one.status === 'completed')) finishSuite(world, caller, run.suite);
}
function finishSuite(world: World, caller: Caller, suite: CheckSuite): void {
  const completed = { action: 'completed', check_suite: describeSuite(world, suite) };
  emit(world, caller, 'check_suite', suite.repository, completed, { quiet: isQuiet(suite) });
  const run = suite.repository.runs.find((one) => one.suite === suite);
  if (run) emit(world, caller, 'workflow_run', suite.repository, { action: 'completed', workflow_run: describeRun(world, run) });
}

/** Neither suites of Actions start workflows, nor those of whoever else has one on the same commit: nothing may start itself. */
function isQuiet({ repository, sha }: CheckSuite): boolean {
  return repository.suites.some((suite) => suite.sha === sha && suite.app.slug === 'github-actions');
}

export function addStatus(
  world: World,
  caller: Caller,
  repository: Repository,
  sha: string,
  input: {
    context: string;
    state: Status['state'];
    description?: string | null | undefined;
    targetUrl?: string | null | undefined;
  },
): Status {
  demand(caller, repository, needs.writeStatuses);
  const status: Status = enter(world, {
    typename: 'StatusContext' as const,
    id: 0,
    nodeId: '',
    repository,
    sha,
    context: input.context,
    state: input.state,
    description: input.description ?? null,
    targetUrl: input.targetUrl ?? null,
    author: whoever(caller),
    createdAt: world.now(),
  });
  repository.statuses.push(status);
  emit(world, caller, 'status', repository, {
    id: status.id,
    sha,
    state: status.state,
    context: status.context,
    description: status.description,
    target_url: status.targetUrl,
    branches: pullsOf(repository)
      .filter((pull) => pull.headSha === sha && pull.headRepository === repository)
      .map(({ headRef }) => ({ name: headRef, commit: { sha, url: '' }, protected: false })),
  });
  return status;
}

/** Runs of the repository's workflows. What `GITHUB_TOKEN` did starts none; a pull request it opened gets runs that wait for a human. */
async function startWorkflows(
  world: World,
  caller: Caller,
  repository: Repository,
  event: string,
  branch: string,
  sha: string,
): Promise<void> {
  const byActions = caller.token?.kind === 'actions';
  if (byActions && event !== 'pull_request') return;
  for (const workflow of repository.workflows.filter((one) => one.on.includes(event))) {
    const suite = suiteFor(world, repository, sha, actionsApp(world), true);
    suite.branch = branch;
    const number = repository.runs.filter((one) => one.workflow === workflow).length + 1;
    const run: WorkflowRun = {
      ...identify(world, 'WorkflowRun'),
      repository,
      workflow,
      event,
      sha,
      branch,
      actor: whoever(caller),
      suite,
      number,
      attempt: 1,
      parked: byActions,
      jobs: [],
      createdAt: world.now(),
    };
    repository.runs.push(run);
    if (byActions) Object.assign(suite, { status: 'completed', conclusion: 'action_required' });
    else runJobs(world, {}, run);
    emit(world, caller, 'workflow_run', repository, { action: 'requested', workflow_run: describeRun(world, run) });
  }
}

export function runJobs(world: World, caller: Caller, run: WorkflowRun): void {
  run.parked = false;
  for (const { name, conclusion, log } of run.workflow.jobs) {
    const check = addCheckRun(world, caller, run.suite, { name });
    // A job and its check run have the same number.
    const ids = { ...identify(world, 'Job'), id: check.id };
    check.detailsUrl = `${htmlUrl(world, run.repository)}/actions/runs/${run.id}/job/${ids.id}`;
    run.jobs.push({ ...ids, run, check, log: log ?? '' });
    if (run.workflow.outcome === 'completed') setCheckRun(world, caller, check, { conclusion });
  }
}

function actionsApp(world: World): App {
  const app = world.apps.find((one) => one.slug === 'github-actions');
  if (!app) throw notFound();
  return app;
}

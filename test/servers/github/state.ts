/** What GitHub knows, once, behind REST, GraphQL and git. Times are milliseconds since the epoch. */

export type Role = 'none' | 'read' | 'triage' | 'write' | 'maintain' | 'admin';
export type Permission =
  | 'metadata'
  | 'contents'
  | 'issues'
  | 'pull_requests'
  | 'checks'
  | 'statuses'
  | 'actions'
  | 'workflows'
  | 'administration';
export type Level = 'read' | 'write';

interface Entity {
  /** What REST calls `id` and GraphQL `databaseId`. */
  id: number;
  nodeId: string;
}

export interface Account extends Entity {
  typename: 'User' | 'Bot' | 'Organization';
  /** As REST says it: `dependabot[bot]`. */
  login: string;
  name: string | null;
}

export type TokenKind = 'app' | 'actions' | 'classic' | 'fine-grained' | 'read-only' | 'expired';
export interface Token {
  value: string;
  kind: TokenKind;
  account: Account;
  permissions: Partial<Record<Permission, Level>>;
  /** Of a classic token. */
  scopes: readonly string[];
  /** The organization wants single sign-on, and this token was not authorized for it. */
  signOn?: boolean;
  /** Writes reach only these, where the token names any. */
  repositories?: Repository[];
}
/** Who sent a request. */
export interface Caller {
  token?: Token;
  account?: Account;
}

export interface Repository extends Entity {
  typename: 'Repository';
  owner: Account;
  name: string;
  private: boolean;
  archived: boolean;
  defaultBranch: string;
  /** Bare repository on disk. */
  path: string;
  createdAt: number;
  parent?: Repository;
  roles: Map<Account, Exclude<Role, 'none'>>;
  labels: Label[];
  /** Issues and pull requests by number. */
  discussions: Map<number, Issue | PullRequest>;
  protections: Map<string, Protection>;
  suites: CheckSuite[];
  statuses: Status[];
  workflows: Workflow[];
  runs: WorkflowRun[];
  settings: { actionsMayOpenPulls: boolean; defaultWorkflowPermissions: Level; actionsEnabled: boolean };
  /** Dispatched, `repository_dispatch`. */
  dispatches: { type: string; payload: unknown }[];
}

export interface Protection {
  /** Contexts that must succeed. */
  checks: string[];
  strict: boolean;
  approvals: number;
  enforceAdmins: boolean;
  conversationResolution: boolean;
  /** Checks that a ruleset asks for, of one app or of any. */
  ruleset?: { context: string; integrationId: number | null }[];
}

export interface Label extends Entity {
  typename: 'Label';
  repository: Repository;
  name: string;
  color: string;
  description: string | null;
}

interface Discussion extends Entity {
  repository: Repository;
  number: number;
  title: string;
  body: string;
  author: Account;
  state: 'open' | 'closed';
  stateReason: 'completed' | 'not_planned' | 'reopened' | 'duplicate' | null;
  createdAt: number;
  updatedAt: number;
  closedAt: number | null;
  closedBy: Account | null;
  locked: boolean;
  labels: Label[];
  assignees: Account[];
  comments: Comment[];
  reactions: Reaction[];
  timeline: TimelineEvent[];
}
export interface Issue extends Discussion {
  typename: 'Issue';
}
export interface PullRequest extends Discussion {
  typename: 'PullRequest';
  baseRef: string;
  headRef: string;
  /** `null` when the fork is gone. */
  headRepository: Repository | null;
  headSha: string;
  baseSha: string;
  draft: boolean;
  mergedAt: number | null;
  mergedBy: Account | null;
  mergeCommit: string | null;
  maintainerCanModify: boolean;
  reviews: Review[];
  threads: ReviewThread[];
  requestedReviewers: Account[];
  /** GitHub computes it in the background: unknown until it was asked for once. */
  mergeable?: { headSha: string; baseSha: string; conflicts: boolean; asked: number };
}

export interface Comment extends Entity {
  typename: 'IssueComment';
  discussion: Issue | PullRequest;
  author: Account;
  /** Who changed it last. */
  editor?: Account;
  body: string;
  createdAt: number;
  updatedAt: number;
  reactions: Reaction[];
  minimized: string | null;
}

export const reactionContents = {
  '+1': 'THUMBS_UP',
  '-1': 'THUMBS_DOWN',
  laugh: 'LAUGH',
  hooray: 'HOORAY',
  confused: 'CONFUSED',
  heart: 'HEART',
  rocket: 'ROCKET',
  eyes: 'EYES',
} as const;
export type ReactionContent = keyof typeof reactionContents;
export interface Reaction extends Entity {
  typename: 'Reaction';
  content: ReactionContent;
  author: Account;
  createdAt: number;
}

export interface TimelineEvent extends Entity {
  event:
    | 'labeled'
    | 'unlabeled'
    | 'assigned'
    | 'unassigned'
    | 'closed'
    | 'reopened'
    | 'ready_for_review'
    | 'convert_to_draft'
    | 'renamed';
  actor: Account;
  createdAt: number;
  label?: Label;
  assignee?: Account;
  rename?: { from: string; to: string };
}

export type ReviewState = 'APPROVED' | 'CHANGES_REQUESTED' | 'COMMENTED' | 'DISMISSED' | 'PENDING';
export interface Review extends Entity {
  typename: 'PullRequestReview';
  pull: PullRequest;
  author: Account;
  state: ReviewState;
  body: string;
  commit: string;
  submittedAt: number;
}
export interface ReviewThread {
  typename: 'PullRequestReviewThread';
  nodeId: string;
  pull: PullRequest;
  path: string;
  /** Last line in the commit that the thread was started on; `null` where it is about the whole file. */
  originalLine: number | null;
  /** First line of several. */
  originalStartLine: number | null;
  originalCommit: string;
  /** In today's head, on `LEFT` in the base; `null` when the line is gone or changed. */
  line: number | null;
  startLine: number | null;
  side: 'LEFT' | 'RIGHT';
  /** Of the diff when the thread was started, down to its last line. */
  diffHunk: string;
  resolvedBy: Account | null;
  comments: ReviewComment[];
}
export interface ReviewComment extends Entity {
  typename: 'PullRequestReviewComment';
  thread: ReviewThread;
  review: Review;
  author: Account;
  body: string;
  createdAt: number;
  updatedAt: number;
  replyTo: ReviewComment | null;
  reactions: Reaction[];
}

export interface App {
  id: number;
  nodeId: string;
  slug: string;
  name: string;
  owner: Account;
}
type CheckStatus = 'queued' | 'in_progress' | 'completed';
export type Conclusion =
  | 'success'
  | 'failure'
  | 'neutral'
  | 'cancelled'
  | 'skipped'
  | 'timed_out'
  | 'action_required'
  | 'stale'
  | 'startup_failure';
export interface CheckSuite extends Entity {
  typename: 'CheckSuite';
  repository: Repository;
  sha: string;
  branch: string | null;
  app: App;
  runs: CheckRun[];
  createdAt: number;
  updatedAt: number;
  /** While a suite has no runs. */
  status: CheckStatus;
  conclusion: Conclusion | null;
}
export interface CheckRun extends Entity {
  typename: 'CheckRun';
  suite: CheckSuite;
  name: string;
  status: CheckStatus;
  conclusion: Conclusion | null;
  startedAt: number;
  completedAt: number | null;
  detailsUrl: string | null;
  externalId: string;
  output: { title: string | null; summary: string | null; text: string | null; annotations: Annotation[] };
}
interface Annotation {
  path: string;
  start_line: number;
  end_line: number;
  annotation_level: 'notice' | 'warning' | 'failure';
  message: string;
  title: string | null;
  raw_details: string | null;
}
export interface Status extends Entity {
  typename: 'StatusContext';
  repository: Repository;
  sha: string;
  context: string;
  state: 'error' | 'failure' | 'pending' | 'success';
  description: string | null;
  targetUrl: string | null;
  author: Account;
  createdAt: number;
}

export interface Workflow extends Entity {
  name: string;
  path: string;
  /** Events that start it. */
  on: string[];
  jobs: { name: string; conclusion: Conclusion; log?: string }[];
  /** How a new run stands at once; `queued` leaves it to the test. */
  outcome: 'completed' | 'queued';
}
export interface WorkflowRun extends Entity {
  repository: Repository;
  workflow: Workflow;
  event: string;
  sha: string;
  branch: string;
  actor: Account;
  suite: CheckSuite;
  number: number;
  attempt: number;
  /** Waits for a human to approve it, as for a pull request that `GITHUB_TOKEN` opened. */
  parked: boolean;
  jobs: Job[];
  createdAt: number;
}
export interface Job extends Entity {
  run: WorkflowRun;
  check: CheckRun;
  log: string;
}

/** An answer with an error, the same in REST and GraphQL. */
export class Refusal extends Error {
  readonly status: number;
  /** What GraphQL calls it. */
  readonly type: string;
  readonly errors: unknown[] | undefined;
  readonly headers: Record<string, string>;
  constructor(
    status: number,
    message: string,
    more: { type?: string; errors?: unknown[]; headers?: Record<string, string> } = {},
  ) {
    super(message);
    this.status = status;
    this.type = more.type ?? { 401: 'UNAUTHORIZED', 403: 'FORBIDDEN', 404: 'NOT_FOUND' }[status] ?? 'UNPROCESSABLE';
    this.errors = more.errors;
    this.headers = more.headers ?? {};
  }
}

export const notFound = (message = 'Not Found'): Refusal => new Refusal(404, message);
/** A field that GitHub does not accept, in the shape of its REST errors. `message` is what GraphQL says. */
export function invalid(resource: string, message: string, error: Record<string, string> = {}): Refusal {
  return new Refusal(422, message, { errors: [{ resource, ...(error['code'] ? {} : { code: 'custom', message }), ...error }] });
}

/** Characters as a database counts them: one for an emoji. */
const lengthOf = (text: string): number => text.length - (text.match(/[\uD800-\uDBFF][\uDC00-\uDFFF]/g)?.length ?? 0);

/** Longest body of an issue, comment, pull request or review, in characters. */
const longestBody = 65_536;
export function checkBodyLength(resource: string, body: string): void {
  if (lengthOf(body) > longestBody) {
    const message = `Body is too long (maximum is ${longestBody} characters)`;
    throw invalid(resource, message, { code: 'unprocessable', field: 'data', message });
  }
}

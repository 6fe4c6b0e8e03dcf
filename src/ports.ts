import type {
  AgentName,
  Change,
  Command,
  CommitId,
  Execution,
  Issue,
  RepoPath,
  SandboxLevel,
  StaticCheck,
  TestRun,
  TreeId,
  Usage,
} from './core/types.ts';
import type { Actor } from './core/event.ts';
import type { Config } from './core/config.ts';
import type { Means } from './core/gate/ask.ts';
import type { GateSignal, Snapshot } from './core/snapshot.ts';
import type { Claim } from './core/ledger.ts';
import type { Index } from './core/locate.ts';
import type { BlamedRange, SuggestedReviewer, Touched } from './core/reviewers.ts';
import type { Kept } from './core/ring.ts';
import type { Reviewers } from './core/threads.ts';
import type { Thread, ThreadComment } from './core/threads/thread.ts';

/**
 * The four ports. They are the only way from a decision to the world; an adapter is one object literal.
 * An adapter reports failure of the world as a value where the contract below says so, and throws a
 * `BugloopError` where the environment is broken. Anything else that is thrown is a bug of ours.
 */

// ---------------------------------------------------------------------------------------------- Workspace

export interface RunOptions {
  /** Wall-clock limit in milliseconds, from now. */
  timeoutMs: number;
  /** Ends the command when it prints nothing for this long. */
  inactivityMs?: number;
  /** `false` wherever the sandbox can enforce it. */
  network: boolean;
  /** Added to the allow-listed environment. Never a secret. */
  env?: Record<string, string>;
  /** Names of operator variables to pass by name; only for the `command` agent's own key. */
  passEnv?: readonly string[];
  stdin?: string;
  /** Host path that receives the whole raw standard output, for parsers; capped at 256 MB. */
  stdoutFile?: string;
  signal?: AbortSignal;
}

export interface TestSelection {
  /** Only these test files, where the runner can; absent means the whole suite. */
  files?: RepoPath[];
  /** Ask for line coverage of the run where the runner can give it. */
  coverage?: boolean;
}

/**
 * The private clone in which the agent and the repository's own code run. Nothing in it is trusted: no git
 * command of ours ever runs with its configuration, and every judgement is made on trees in the mirror.
 */
export interface Workspace extends AsyncDisposable {
  /** Absolute path of the live checkout; the same during the whole run. */
  readonly root: string;
  readonly sandbox: SandboxLevel;
  readonly base: CommitId;
  readonly mirror: Mirror;
  /** Confined access for agents' tools. */
  readonly files: WorkspaceFiles;
  /** The commands in force, configured or detected; what is absent does not exist in this repository. */
  readonly commands: { setup?: Command; build?: Command; test?: Command };

  /** Runs any command in the sandbox at `root`. Never rejects for how the command ended. */
  run(command: Command, options: RunOptions): Promise<Execution>;
  /** Installs dependencies. The result is kept aside as the pristine state. `undefined`: nothing to set up. */
  setup(options: { signal?: AbortSignal }): Promise<Execution | undefined>;
  build(options: { signal?: AbortSignal }): Promise<Execution | undefined>;
  test(selection: TestSelection, options: { signal?: AbortSignal }): Promise<TestRun>;
  /** Type check and lint, where the repository has them. */
  staticChecks(options: { signal?: AbortSignal }): Promise<StaticCheck[]>;

  /** From now on, whatever is untracked and was left by setup, build or tests never enters a commit. */
  settle(): Promise<void>;
  /** Makes every tracked file equal to `tree` and removes untracked files that are neither ignored nor settled. */
  checkout(treeOrCommit: TreeId): Promise<void>;
  /** Commits the live checkout in the mirror, whatever it holds; the same commit when nothing changed. */
  commit(message: string, parent: CommitId): Promise<CommitId>;
  /** Runs `body` with a fresh copy of the pristine state at `root`, then puts the live checkout back. */
  pristine<T>(body: () => Promise<T>): Promise<T>;
}

/** File access that cannot leave the workspace: every path component is checked, links are not followed out. */
export interface WorkspaceFiles {
  /** Tracked and untracked files that git does not ignore, sorted. */
  list(pattern?: string): Promise<RepoPath[]>;
  /** Matches of a literal or a linear-time pattern, capped. */
  search(text: string, options?: { pattern?: string; max?: number }): Promise<{ path: RepoPath; line: number; text: string }[]>;
  read(path: RepoPath): Promise<FileAnswer>;
  /** Writes atomically; creates parents. */
  write(path: RepoPath, content: string): Promise<FileAnswer>;
  remove(path: RepoPath): Promise<FileAnswer>;
}
/** A refusal is an answer for the agent, not an exception. */
export type FileAnswer = { ok: true; content: string } | { ok: false; refusal: string };

/** A bare clone that no untrusted code ever touched; guards, diffs, bundles and pushes happen here. */
export interface Mirror {
  readonly path: string;
  treeOf(commit: CommitId): Promise<TreeId>;
  /** Difference of two trees, renames not followed, sizes from blobs. Text is loaded up to 1 MB a blob. */
  change(base: CommitId, head: CommitId): Promise<Change>;
  /** `base` with `paths` taken from `head` (absent there means deleted): the red tree of a proof. */
  overlay(base: CommitId, head: CommitId, paths: readonly RepoPath[]): Promise<TreeId>;
  /** `undefined` where the path does not exist or is not a regular file. */
  read(commit: CommitId, path: RepoPath): Promise<string | undefined>;
  /** Texts of many regular files at once; binary files and those over 1 MB are left out. */
  readMany(commit: CommitId, paths: readonly RepoPath[]): Promise<Map<RepoPath, string>>;
  list(commit: CommitId): Promise<{ path: RepoPath; mode: string; size: number; id: string }[]>;
  /** Shows blobs one after the other, in the order given, without holding all of them: what is shown is overwritten soon. */
  readBlobs(ids: readonly string[], see: (id: string, content: Uint8Array) => void): Promise<void>;
  /** Adds blobs to an index, in the order given; read by as many threads as that is worth. */
  indexBlobs(ids: readonly string[], index: Index): Promise<void>;
  /** Unified diff, for people. */
  patch(base: CommitId, head: CommitId): Promise<string>;
  /**
   * The tree of `head` as one commit on `base`, with this message; deterministic for the same input. With `onto`, work
   * that is already published, it is made on top of that instead, and `onto` itself where that has the same tree.
   */
  squash(base: CommitId, head: CommitId, message: string, onto?: CommitId): Promise<CommitId>;
  /**
   * What `head` changes of `base`, made on `onto` by a merge of trees, as one commit; `undefined` where both changed the same
   * lines, or git is older than 2.38.
   */
  merge(base: CommitId, head: CommitId, onto: CommitId): Promise<CommitId | undefined>;
  /** Writes a bundle with one branch; `base` is its prerequisite. */
  bundle(file: string, branch: string, base: CommitId, head: CommitId): Promise<void>;
  /** Fetches a bundle's branch, verifying it; the commit it names. */
  unbundle(file: string, branch: string): Promise<CommitId>;
  /** Fetches what `branch` of the remote has beyond the base; the commit it names. Throws `api.*` and `auth.*`. */
  fetch(remote: Remote, branch: string): Promise<CommitId>;
  /** Fetches these very commits, without their history. Throws `api.*` and `auth.*`. */
  fetchCommits(remote: Remote, commits: readonly CommitId[]): Promise<void>;
  /** Moves `branch` of the remote to `head` from `expected` (absent: creates it), never by force. Throws `api.*` and `auth.*`. */
  push(remote: Remote, update: { branch: string; head: CommitId; expected?: CommitId }): Promise<PushAnswer>;
}

/** What earlier runs learned of a repository: the index of its files, the baseline of a tree. Nothing depends on it but time: it may be lost or cut off. */
export interface Cache {
  /** What was saved last; `undefined` where there is nothing. Never rejects. */
  load(): Promise<Uint8Array<ArrayBuffer> | undefined>;
  /** Replaces it atomically. Never rejects: where it cannot be kept, the next run takes longer. */
  save(bytes: Uint8Array): Promise<void>;
}

/** A repository over HTTP. The credential is in the environment of one git call, nowhere else. */
export interface Remote {
  /** Literal address; no rewriting rule of any configuration applies to it. */
  url: string;
  /** Empty where the repository is public and only read. */
  token: string;
}
export type PushAnswer = { ok: true } | { ok: false; why: 'moved' | 'workflow' | 'refused'; message: string };

// ---------------------------------------------------------------------------------------------- Agent

/** What the loop lets an agent do for one attempt. */
export interface AgentTask {
  attempt: number;
  /** Frozen for the whole run, so that a model's cache can hold it. */
  system: string;
  /** The newest message: the whole task on the first attempt, feedback (at most 8 KB) later. */
  message: string;
  /** Everything this agent recorded in earlier attempts, in order, also after a resume. */
  history: readonly unknown[];
  /** Appends to the history, durably. */
  record(entry: unknown): Promise<void>;
  workspace: Workspace;
  /** Facts that agents without a model work from. */
  facts: AgentFacts;
  /** Build and nearest tests on what is in the workspace now; a digest of at most 8 KB. */
  check(files?: RepoPath[]): Promise<CheckAnswer>;
  /** Called before each model call; a refusal ends the attempt with `limit`. */
  mayContinue(): { ok: true } | { ok: false; reason: string };
  /** Called after each model call with what it used; the loop does the sums. */
  spent(usage: Usage, model: string): void;
  /** Takes the answer to a review thread; words where it is refused. Absent where no thread waits. */
  answer?(claim: Claim): string | undefined;
  progress(line: string): void;
  /** Milliseconds since the epoch. */
  deadline: number;
  signal: AbortSignal;
}

interface AgentFacts {
  issue: Issue;
  /** Red tests of the baseline. */
  baseline: TestRun;
  /** Globs of test paths. */
  tests: readonly string[];
  /** Files named or ranked as likely, best first. */
  suspects: readonly RepoPath[];
  /** Only a test that shows the bug is asked for. */
  testsOnly?: boolean;
}

export type CheckAnswer = { ok: boolean; digest: string; run?: TestRun };

/** How an attempt ended. A model, network or tool failure is a value here: `work` never rejects for one. */
export type AgentResult =
  | { end: 'finished' | 'gave-up'; summary: string }
  /** `mayContinue` said no, or the deadline passed. */
  | { end: 'limit'; summary: string }
  /** The provider refused, or the key is wrong: trying again cannot help. */
  | {
      end: 'refused';
      summary: string;
      code: 'agent.refusal' | 'agent.auth' | 'agent.context_overflow' | 'agent.unavailable' | 'agent.misbehaved';
    }
  /** Overloaded or cut off until the deadline: safe to run again later. */
  | { end: 'transient'; summary: string }
  | { end: 'interrupted'; summary: string };

export interface Agent {
  readonly name: AgentName;
  readonly model?: string;
  work(task: AgentTask): Promise<AgentResult>;
}

// ---------------------------------------------------------------------------------------------- Journal

/** Files of a run directory besides the journal itself. */
export type RunFile = 'report.json' | 'pull-request.md' | 'transcript.jsonl' | 'change.bundle' | 'patch.diff' | 'journal.jsonl';

/** What a run leaves behind. Appends reach the disk before they return; whole files are replaced atomically. */
export interface Journal {
  /** Sortable and unique, e.g. `20261120-174700-issue-12-3f9a`. */
  readonly id: string;
  readonly dir: string;
  append(file: 'journal.jsonl' | 'transcript.jsonl', entry: object): Promise<void>;
  /** Entries in order; a last line that was cut off by a crash is dropped. */
  entries(file: 'journal.jsonl' | 'transcript.jsonl'): Promise<unknown[]>;
  write(file: RunFile, content: string): Promise<void>;
  path(file: RunFile): string;
  read(file: RunFile): Promise<string | undefined>;
}

// ---------------------------------------------------------------------------------------------- Forge

/**
 * Where issues and changes live. Every effect is looked up before it is made, so that a second call after any crash
 * changes nothing; a write whose outcome is unknown is looked up, never repeated blindly. `local` is the reference: the
 * forge of a plain repository, which has branches and nothing else.
 *
 * What the forge refuses for good throws `auth.*`; what may go through later throws `api.*` (exit 5).
 */
export interface Forge {
  readonly name: 'local' | 'github';
  /** Everything that is there for one issue now, in one look. Throws `issue.not_found`, `issue.unreadable`, `state.corrupt`. */
  read(ref: string): Promise<Standing>;
  /** Our own status comments that were written since that moment (ISO 8601), with the issues they are on. */
  recentStatuses(since: string): Promise<{ issue: string; text: string }[]>;
  /** Throws `auth.not_permitted` unless the forge itself says that this account may write; no bot may. */
  assertMayWrite(actor: Actor): Promise<void>;
  /** Takes the issue for one run, by compare-and-swap; a lock of this run, an expired and a dead one are taken over. */
  lock(standing: Standing, claim: LockClaim): Promise<LockAnswer>;
  /** Labels, assignees, comments and the end of the lock, in one write where the forge can; only what is not so yet. */
  mark(standing: Standing, marks: Marks): Promise<Marked>;
  /** Brings what the branch has beyond the base into the mirror. */
  fetchBranch(standing: Standing, mirror: Mirror): Promise<void>;
  /** Brings the newest commit of the base branch into the mirror, without its history. */
  fetchBase(standing: Standing, mirror: Mirror): Promise<void>;
  /** Moves the branch forward from where it was seen; never by force. */
  pushBranch(push: BranchPush): Promise<Pushed>;
  /** The draft change of the branch: the one that is open, else a new one. */
  openChange(standing: Standing, draft: DraftChange): Promise<OpenedChange>;
  /** What these steps would come to, without doing any: for `--dry-run`. Makes no request that `read` did not make already. */
  plan(standing: Standing, steps: readonly ForgeStep[]): PlannedCall[];
  /** Asks people to review a change that was opened; who was asked before stays asked. `why` where the forge does not let us. */
  requestReviews(change: OpenedChange, people: readonly SuggestedReviewer[]): Promise<{ ok: true } | { ok: false; why: string }>;
}

/** One step of a run at the forge. */
export type ForgeStep =
  /** `stale`: only where the look before it has become too old. */
  | { do: 'look'; stale?: boolean }
  | { do: 'lock'; holder: LockHolder }
  | { do: 'mark'; marks: Marks }
  /** `perhaps`: only where the round changes something. */
  | { do: 'push'; perhaps?: boolean }
  | { do: 'fetch' | 'open' };

/** One step of a round of review. */
export type RoundStep =
  | ForgeStep
  | { do: 'log'; job: number }
  /** Lets the branch go, where no issue was taken. */
  | { do: 'unlock' }
  | { do: 'draft'; perhaps?: boolean }
  /** `text`: the change gets a new one. */
  | { do: 'answer'; replies: number; text: 'no' | 'perhaps' | 'yes' }
  | { do: 'resolve'; threads: number; perhaps?: boolean };

/** One request or transfer that a step would make. */
export interface PlannedCall {
  kind: 'read' | 'write';
  /** As it would be seen on the wire, e.g. `REST POST /repos/acme/shop/git/refs`. */
  call: string;
  why: string;
  /** Made only where time asks for it, or what the run comes to. */
  maybe?: boolean;
}

/** What a forge shows for one issue at one moment. */
export interface Standing {
  issue: Issue;
  open: boolean;
  /** The one branch that bugloop writes to for this issue. */
  branch: string;
  /** Where the branch is, and who made its last commit; `provenOn` is the base of a commit that our proof stands for. */
  tip?: { commit: CommitId; ours: boolean; author: string; provenOn?: CommitId };
  /** Why the branch must be left alone whoever made it, e.g. that it is checked out. */
  obstacle?: string;
  /** Where the base branch is on the forge now; absent where the forge is the repository itself. */
  base?: { branch: string; commit: CommitId };
  /** Open changes that answer the issue: from our branch, or said to close it. */
  changes: OpenChange[];
  /** Our own status comment; one that somebody else wrote is none. */
  status?: StatusComment;
  lock?: LockHolder;
  /** Names of the accounts that the issue is assigned to. */
  assignees: readonly string[];
}

export interface OpenChange {
  number: number;
  url: string;
  draft: boolean;
  head: CommitId;
  /** From our branch in this very repository, compared by the repository's id; the name alone says nothing. */
  fromBranch: boolean;
  /** Opened by our own account. */
  mine: boolean;
}

export interface StatusComment {
  /** Opaque. */
  id: string;
  url: string;
  text: string;
}

/** A process that may be gone: enough to tell on the same machine. */
export interface ProcessMark {
  /** Digest of machine and boot; equal only on the same running system. */
  machine: string;
  pid: number;
  /** Start of the process in clock ticks, where the system tells. */
  ticks?: string;
}
/** Who this process is, and whether another still is. */
export interface Liveness {
  /** So that a later process on the same machine can tell that this one is gone. */
  self: ProcessMark;
  /** `undefined` where it cannot be told, as on another machine. */
  isAlive: (mark: ProcessMark) => Promise<boolean | undefined>;
}
export interface LockHolder {
  run: string;
  /** ISO 8601. */
  expiresAt: string;
  holder: ProcessMark;
  /** False where it expired, or its process is known to be gone. */
  live: boolean;
  /** The lock's own state, for compare-and-swap. */
  commit: CommitId;
}
export interface LockClaim {
  run: string;
  /** ISO 8601. */
  expiresAt: string;
}
export type LockAnswer = { ok: true; took?: LockHolder } | { ok: false; holder: LockHolder };

/** What should hold on the issue; what already does is left alone. */
export interface Marks {
  /** Names of labels. */
  add?: readonly string[];
  remove?: readonly string[];
  unassign?: readonly string[];
  /** Text of our status comment: created once, changed ever after. */
  status?: string;
  /** A further comment, once for this key. */
  comment?: { key: string; text: string };
  /** The run whose lock ends with this write. */
  release?: string;
}
/** What of it the forge has; a plain repository has neither labels nor comments, and says so. */
export interface Marked {
  done: boolean;
  /** Why not. */
  why?: string;
  statusUrl?: string;
}

export interface BranchPush {
  branch: string;
  head: CommitId;
  /** Where the branch was when it was looked at; absent: it must not exist. */
  expected?: CommitId;
  mirror: Mirror;
  /** The bundle that holds the branch. */
  bundle: string;
}
export type Pushed =
  | { ok: true; created: boolean }
  /** `moved`: somebody else wrote to it; `rebase`: the forge wants the branch on its newest base first. */
  | { ok: false; why: 'moved' | 'rebase' | 'refused'; message: string };

export interface DraftChange {
  title: string;
  body: string;
  base: string;
  head: CommitId;
  /** Lines to ask about, and the commit that has them. */
  touched: { commit: CommitId; files: readonly Touched[] };
}
/** Absent number: the forge has no changes, the branch is all. */
export interface OpenedChange {
  number?: number;
  url?: string;
  created: boolean;
  /** Who wrote the lines that were asked about; empty where the forge does not say. */
  blame: readonly BlamedRange[];
}

// ---------------------------------------------------------------------------------------------- Reviews

/**
 * The review of a change, as far as `review` needs it. The same rules as for `Forge`: every effect is looked up before it
 * is made, a refusal to resolve is an answer.
 */
export interface Reviews {
  /** Everything that waits on a change, in one look. Throws `change.not_found`. */
  read(number: number): Promise<ReviewStanding>;
  /** What a failed job printed; `undefined` where that cannot be had. Never rejects. */
  readLog(job: number): Promise<Kept | undefined>;
  /** Brings head and base of the change into the mirror. */
  fetchHead(standing: ReviewStanding, mirror: Mirror): Promise<void>;
  /** Moves the branch of the change forward; never by force. */
  pushBranch(push: BranchPush): Promise<Pushed>;
  /** Takes the branch of the change for one run, where no issue stands for it; as `Forge.lock`. */
  lock(standing: ReviewStanding, claim: LockClaim): Promise<LockAnswer>;
  /** Lets go what this run took with `lock`; nothing where it holds it no more. */
  unlock(standing: ReviewStanding, run: string): Promise<void>;
  /** Makes the change a draft again. `why` where the forge does not let us. */
  backToDraft(standing: ReviewStanding): Promise<{ ok: true } | { ok: false; why: string }>;
  /** Replies, resolved threads and the new text of the change, in as few writes as the forge allows. */
  answer(standing: ReviewStanding, answers: ThreadAnswers): Promise<AnsweredThreads>;
  /** What these steps would come to, without doing any, as `Forge.plan`; a look is planned as the newest one was. */
  plan(standing: ReviewStanding, steps: readonly RoundStep[]): PlannedCall[];
}

/** What a forge shows of one change at one moment. */
export interface ReviewStanding {
  /** Opaque. */
  id: string;
  number: number;
  url: string;
  title: string;
  state: 'open' | 'closed' | 'merged';
  draft: boolean;
  /** Who marked it ready last; absent of a draft, and of a change that never was one. */
  readiedBy?: 'us' | 'somebody';
  /** The issue that the change closes, as `Forge.read` shows it. */
  closes?: Standing;
  /** The lock of the branch; where the change closes the issue that the branch is named after, the lock of that. */
  lock?: LockHolder;
  branch: string;
  head: CommitId;
  /** Message of the head commit. */
  message: string;
  /** The head commit is one of ours. */
  headOurs: boolean;
  /** The head is in the repository of the base, compared by id; a name says nothing. */
  sameRepository: boolean;
  /** The change was opened by the account that we write with. */
  openedByUs: boolean;
  /** The newest commit of the base that the change has. */
  base: { branch: string; commit: CommitId };
  /** Labels of the change and of its issue. */
  labels: readonly string[];
  /** Comments on the change itself, oldest first. */
  comments: readonly ThreadComment[];
  threads: readonly Thread[];
  reviewers: Reviewers;
  /** Failed checks of the head, without bugloop's own. */
  failedChecks: readonly FailedCheck[];
}

export interface FailedCheck {
  name: string;
  url: string;
  /** In its own words. */
  output: string;
  /** Opaque: what `readLog` takes, where the forge keeps a log. */
  job?: number;
}

export interface ThreadAnswers {
  /** Each ends with the marker of its thread and commit: one that is there already is not written again. */
  replies: readonly { thread: string; body: string }[];
  resolve: readonly string[];
  /** New text of the change. */
  body?: string;
}
export interface AnsweredThreads {
  /** Seen as resolved afterwards. */
  resolved: readonly string[];
  /** The forge did not let us. */
  unresolved: readonly { thread: string; why: string }[];
}

// ---------------------------------------------------------------------------------------------- Gate

/** What a gate needs of a forge with changes. The same rules as for `Forge`; nothing here merges or approves. */
export interface Gate {
  /** One change at one head, in at most three requests; further ones only where something has more than a hundred. */
  readSnapshot(number: number): Promise<Sight>;
  /** Brings base, head and where they part into the mirror; `undefined` where the head is in another repository. */
  fetchTrees(snapshot: Snapshot, mirror: Mirror): Promise<Change | undefined>;
  /** Our word on the snapshot's head. `standing`: it is there already. `refused`: the token may not. */
  post(snapshot: Snapshot, word: GateWord): Promise<'posted' | 'standing' | 'refused'>;
  /** Marks the draft ready, then reads where its head is. */
  markReady(snapshot: Snapshot): Promise<{ head: CommitId }>;
  backToDraft(snapshot: Snapshot): Promise<void>;
  /** Replaces the text of our status comment; false where the token may not. */
  tell(snapshot: Snapshot, text: string): Promise<boolean>;
  /**
   * Asks an automatic reviewer for a review of the snapshot's head, once whatever runs beside us. `standing`: it was
   * asked already, or the head moved. `busy`: another run is about to. `refused`: the token may not.
   */
  askReview(
    snapshot: Snapshot,
    /** `accounts`: numbers of those that we write as, besides that of the token. */
    ask: { reviewer: string; means: Means; branchPrefix: string; accounts: readonly number[] },
  ): Promise<'asked' | 'standing' | 'busy' | 'refused'>;
  /** What was read for the snapshot, and what these steps would come to, without doing any. */
  plan(snapshot: Snapshot, steps: readonly GateStep[]): Promise<PlannedCall[]>;
}

/** One effect of a gate. */
export type GateStep =
  | { do: 'ready' | 'draft' | 'tell' }
  | { do: 'post'; word: GateWord }
  | { do: 'ask'; means: Means; branchPrefix: string };

/** A change, and the configuration that holds for it: the one where its base is now. */
export interface Sight {
  snapshot: Snapshot;
  config: Config;
}

/** What a commit has where the configuration belongs. */
export type ConfigFile =
  | { kind: 'absent' }
  | { kind: 'file'; text: string }
  /** A link, a directory, no text, or too much of it; `size` in bytes. */
  | { kind: 'unreadable'; size: number };

export interface GateWord {
  signal: GateSignal;
  /** At most 140 characters. */
  title: string;
  /** Markdown. */
  table: string;
}

// ---------------------------------------------------------------------------------------------- PublicChange

/** A change as anybody may read it; nothing can be written with it, and on a public repository no token is needed. */
export interface PublicChange {
  number: number;
  url: string;
  title: string;
  /** Raw Markdown. */
  body: string;
  head: CommitId;
  /** The newest commit of the base branch that the change has. */
  base: { branch: string; commit: CommitId };
  /** Brings the head into the mirror. */
  fetchHead(mirror: Mirror): Promise<void>;
  /** Brings the commit that it is built on into the mirror. */
  fetchBase(mirror: Mirror): Promise<void>;
}

// ---------------------------------------------------------------------------------------------- Progress

/** How the core of a run tells people where it is, without knowing who listens. */
export interface Progress {
  /** Starts a step; ends when the returned function is called with how it went. */
  step(title: string): { update(line: string): void; done(line?: string): void; fail(line?: string): void };
  note(line: string): void;
  warn(line: string): void;
}

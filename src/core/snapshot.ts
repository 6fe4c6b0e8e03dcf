import type { StateRecord } from './state.ts';
import type { Change, CommitId, Reason, RepoPath } from './types.ts';

/**
 * Everything a forge shows of one change at one exact head, read in one go. A gate judges this and nothing else, so
 * two facts can never be from two moments. What an adapter could not read is said here: it is never taken for absent.
 */
export interface Snapshot {
  number: number;
  /** Opaque. */
  id: string;
  url: string;
  state: 'open' | 'closed' | 'merged';
  draft: boolean;
  /** Who marked it ready last; absent of a draft, and of a change that never was one. */
  readiedBy?: 'us' | 'somebody';
  /** `unknown`: the forge is still working it out. */
  mergeable: 'yes' | 'no' | 'unknown';
  head: {
    commit: CommitId;
    branch: string;
    /** Id of the repository that holds the branch; absent where it was deleted. The name of a branch says nothing. */
    repository?: string;
  };
  /** Where the base branch is now. */
  base: { branch: string; commit: CommitId; repository: string };
  /** The last commit that base and head share; absent where it was not asked for: of a closed change, or of another repository's head. */
  start?: CommitId;
  /** Who opened the change. */
  author?: Account;
  /** ISO 8601. */
  openedAt: string;
  /** Whom the forge takes us for. */
  us: Account;
  /** The workflow run that we are part of, where we are in one. */
  ownRun?: string;
  /** Names of the labels of the change, and of the issue that it answers: what a round leaves to a person is said there. */
  labels: readonly string[];
  /** What people did to the issue that the change answers: one of these started the work. */
  requests: readonly Request[];
  checks: readonly Check[];
  /** What the rules of the base branch ask for, whether or not it was ever reported. */
  required: readonly RequiredCheck[];
  /** In the order they were submitted. */
  reviews: readonly Review[];
  threads: readonly Thread[];
  /** On the change as a whole, oldest first. */
  comments: readonly Comment[];
  /** Whose review was asked for and has not come. */
  awaited: readonly Account[];
  proof: ProofClaim | 'none' | 'unreadable';
  /** What our status comment records of this change, and where that comment is. */
  told?: { comment: string; record: StateRecord };
  /** What is already posted for this head, to be changed and not repeated. */
  posted?: PostedGate;
  /** Parts of which not every page could be read, each with why. */
  missing: readonly { part: SnapshotPart; why: string }[];
  /** The trees of `head` against the base, read in the mirror; absent where they could not be had. */
  change?: Change;
}

type SnapshotPart =
  | 'checks'
  | 'required checks'
  | 'reviews'
  | 'threads'
  | 'comments'
  | 'labels'
  | 'asked reviewers'
  | 'events of the issue'
  | 'comments of the issue';

/** A label set, an account assigned, or a command given in a comment, and the id of who did it. */
export type Request = { by: number } & ({ label: string } | { assignee: string } | { command: string });

/** An account is its number; names pass from one to another. */
export interface Account {
  id: number;
  /** Without the forge's `[bot]`. */
  login: string;
  kind: 'user' | 'bot' | 'other';
}

/**
 * `none` ended without a verdict (skipped, neutral). `not-started` waits for somebody: an approval, a new start.
 * `unreadable` is a word of the forge that we do not know.
 */
export type CheckState = 'passed' | 'failed' | 'pending' | 'none' | 'not-started' | 'unreadable';

/** A check run, a commit status, or a suite of checks that never got as far as a run. */
export interface Check {
  name: string;
  state: CheckState;
  /** The forge's own word, e.g. `timed_out`. */
  said: string;
  /** The line that whoever reported it wrote beside it, e.g. `Review skipped`. */
  note?: string;
  /** The commit it was reported for. */
  commit: CommitId;
  /** The app of a check run, the account of a status. */
  creator?: { id: number; login: string; kind: 'app' | Account['kind'] };
  /** The forge asks for it before a merge. */
  required: boolean;
  /** The workflow that it is a job of. */
  workflow?: { run: string; file: string; event: string };
  /** ISO 8601, when it started; empty where it did not. */
  startedAt: string;
}

export interface RequiredCheck {
  name: string;
  /** Only this app's word counts. */
  app?: number;
}

export interface Review {
  /** Absent where the account is gone. */
  author?: Account;
  state: 'approved' | 'changes-requested' | 'commented' | 'dismissed' | 'pending';
  /** The commit that was looked at. */
  commit?: CommitId;
  /** Whether the forge says that the author may write to the repository. */
  mayWrite: boolean;
  /** ISO 8601; empty while it is not submitted. */
  submittedAt: string;
  body: string;
  /** Comments on lines that came with it; an answer in somebody's thread is none. */
  comments: number;
}

export interface Comment {
  author?: Account;
  /** By the account that we are. */
  ours: boolean;
  body: string;
  /** When it was last written, ISO 8601. */
  at: string;
}

export interface Thread {
  id: string;
  path: RepoPath;
  line?: number;
  resolved: boolean;
  resolvedBy?: string;
  /** The lines it is about were changed since. It may still be right. */
  outdated: boolean;
  /** Who began it. */
  author?: Account;
}

/** What an earlier run of ours wrote down about its proof. */
export interface ProofClaim {
  /** The commit it was made for. */
  head: CommitId;
  ok: boolean;
  /** What a person has to look at, by the run report. */
  needsHuman: readonly Reason[];
  /** The account that wrote it. */
  by: number;
  /** Somebody else changed the text since. */
  edited: boolean;
}

/** Our own word on this head, as the forge has it. */
export interface PostedGate {
  kind: 'check' | 'status';
  id: string;
  /** Tells one text from another; only the adapter that posts reads it. */
  mark: string;
}

export type GateSignal = 'success' | 'pending' | 'failure';

/** A check run's `status` and `conclusion`, as GitHub's REST interface writes them (lower case). */
export function stateOfRun(status: string, conclusion: string | undefined): CheckState {
  return (status === 'completed' ? conclusions.get(conclusion ?? '') : runStates.get(status)) ?? 'unreadable';
}

/** A commit status, in lower case. */
export function stateOfStatus(state: string): CheckState {
  return statuses.get(state) ?? 'unreadable';
}

const runStates: ReadonlyMap<string, CheckState> = new Map([
  ['queued', 'pending'],
  ['in_progress', 'pending'],
  ['pending', 'pending'],
  ['waiting', 'not-started'],
  ['requested', 'not-started'],
]);

const conclusions: ReadonlyMap<string, CheckState> = new Map([
  ['success', 'passed'],
  ['failure', 'failed'],
  ['timed_out', 'failed'],
  ['cancelled', 'failed'],
  ['startup_failure', 'failed'],
  ['neutral', 'none'],
  ['skipped', 'none'],
  ['action_required', 'not-started'],
  ['stale', 'not-started'],
]);

const statuses: ReadonlyMap<string, CheckState> = new Map([
  ['success', 'passed'],
  ['failure', 'failed'],
  ['error', 'failed'],
  ['pending', 'pending'],
  ['expected', 'not-started'],
]);

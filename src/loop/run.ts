import type { Config } from '../core/config.ts';
import type { Limits } from '../core/decide.ts';
import type { BugReport } from '../core/issue.ts';
import type { NamedError } from '../core/proof.ts';
import type { RunReport } from '../core/report.ts';
import type { CommitId, Issue, Reason } from '../core/types.ts';
import type { Agent, Cache, Journal, Progress, Workspace } from '../ports.ts';

/** Everything one run of the loop works with. Built by a command, never changed. */
export interface Run {
  issue: Issue;
  report: BugReport;
  /** The error that the issue names; the red run has to show it. */
  error: NamedError;
  config: Config;
  limits: Limits;
  base: CommitId;
  branch: string;
  /** Published work of an earlier run, in the mirror, that the sealed commit has to build on. */
  onto?: CommitId;
  /** Only a test that shows the bug is asked for. */
  testsOnly?: boolean;
  /** Conditions of this run on top of the proof. */
  terms?: Terms;
  workspace: Workspace;
  /** Where baselines of earlier runs on the same tree are; absent where the base has to be seen anew. */
  baselines?: Cache;
  agent: Agent;
  journal: Journal;
  progress: Progress;
  /** Most suspicious places, best first. */
  suspects: RunReport['suspects'];
  /** Why the run has to end now, as somebody outside wants; absent where nobody can. */
  lookout?(): Promise<Reason | undefined>;
  /** Milliseconds since the epoch. */
  now(): number;
  signal: AbortSignal;
}

/** What a run asks of a commit besides the proof. */
export interface Terms {
  /** Judged from trees, before anything is executed. */
  refuse(head: CommitId): Promise<Reason[]>;
  /** Judged once the commit is proven. */
  demand(head: CommitId): Promise<Reason[]>;
}

/** The first request: frozen instructions and the task. */
export interface Prompt {
  system: string;
  user: string;
}

/**
 * Marks the beginning and the end of untrusted text. Nobody knows a run's id before the run began, and a resumed run
 * has to say the same again.
 */
export function nonceOf({ journal }: Pick<Run, 'journal'>): string {
  return journal.id.replaceAll(/[^A-Za-z0-9]/g, '');
}

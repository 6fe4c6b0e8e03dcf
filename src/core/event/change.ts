import { isOurs } from '../marker.ts';
import { isOwnVote, isOwnWorkflow } from '../own.ts';
import type { CheckSuitePayload, ReviewPayload, StatusPayload, WorkflowRunPayload } from './payloads.ts';
import { ignore, type Ignored, type Listener, type Refused, type Wish } from './wish.ts';

/**
 * A submitted review on a change of ours. However many comments it has, GitHub sends it once by this name; the events
 * of the single comments start nothing.
 */
export function readReview(payload: ReviewPayload, { config }: Listener): Wish {
  const { action, review, pull_request: change, repository, sender } = payload;
  const branch = ownBranch(change.head.ref, change.head.repo?.id, repository.id, config.branchPrefix, `#${change.number}`);
  if (typeof branch !== 'string') return branch;
  if (change.state !== 'open') {
    const end = typeof change.merged_at === 'string' ? 'merged' : 'closed without a merge';
    return ignore('event.closed', `#${change.number} is closed (${end})`);
  }
  if (isOurs(review.body ?? '')) return ignore('event.own', `the review of #${change.number} carries the mark of bugloop`);
  // What was dismissed or approved asks for no work, but may be what the gate waits for.
  if (action === 'dismissed' || review.state.toLowerCase() === 'approved') {
    return { kind: 'gate', branch, change: change.number, failed: false };
  }
  if (action !== 'submitted') return ignore('event.not_trigger', `the review of #${change.number} was ${action}, not submitted`);
  // Each of our answers in a thread comes as a review of its own, which has no text that could carry a mark.
  if (change.user?.id === sender.id)
    return ignore('event.own', `the review of #${change.number} is by the account that opened it`);
  return { kind: 'review', change: change.number, branch, actor: sender, automatic: isAutomatic(sender, config) };
}

/** Only the forge gives out names that end in `[bot]`, and it tells the type itself; a person cannot register one. */
function isAutomatic({ login, type }: ReviewPayload['sender'], { gate }: Listener['config']): boolean {
  return type === 'Bot' && gate.automaticReviewers.some((name) => name.toLowerCase() === login.toLowerCase());
}

/** A workflow that ended on a branch of ours: the checks that the gate reads have changed. */
export function readWorkflowRun({ action, workflow_run: run, repository }: WorkflowRunPayload, { config }: Listener): Wish {
  const name = run.name ?? run.path ?? 'a workflow';
  if (action !== 'completed') return ignore('event.not_trigger', `${name} is ${action}, not completed`);
  if (isOwnWorkflow(run.path)) return ignore('event.own', `${run.path} is a workflow of bugloop itself`);
  const branch = ownBranch(run.head_branch, run.head_repository?.id, repository.id, config.branchPrefix, `the branch of ${name}`);
  if (typeof branch !== 'string') return branch;
  return checked(branch, run);
}

/** All checks of one app on a branch of ours have ended. */
export function readCheckSuite({ action, check_suite: suite, repository }: CheckSuitePayload, { config }: Listener): Wish {
  const what = `the checks of ${suite.app?.name ?? 'an app'}`;
  if (action !== 'completed') return ignore('event.not_trigger', `${what} are ${action}, not completed`);
  if (suite.head_branch == null) return ignore('event.not_mine', `${what} are about no branch of this repository`);
  const branch = ownBranch(suite.head_branch, repository.id, repository.id, config.branchPrefix, `the branch of ${what}`);
  return typeof branch === 'string' ? checked(branch, suite) : branch;
}

/** A status on the newest commit of a branch of ours. */
export function readStatus({ sha, context, state, branches }: StatusPayload, { config: { branchPrefix } }: Listener): Wish {
  if (isOwnVote(context)) return ignore('event.own', `the status ${context} is by bugloop itself`);
  if (state === 'pending') return ignore('event.not_trigger', `the status ${context} is pending`);
  const branch = branches.find(({ name, commit }) => commit.sha === sha && isBranchName(name, branchPrefix))?.name;
  if (branch === undefined) {
    return ignore('event.not_mine', `the status ${context} is not about the newest commit of a bugloop change`);
  }
  return { kind: 'gate', branch, failed: isFailure(state) };
}

/** Checks that ended; `pull_requests` is empty where the change was opened later, or comes from elsewhere. */
function checked(branch: string, { conclusion, pull_requests: changes }: CheckSuitePayload['check_suite']): Wish {
  const change = changes?.find(({ head }) => head.ref === branch)?.number;
  return { kind: 'gate', branch, ...(change === undefined ? {} : { change }), failed: isFailure(conclusion) };
}

/** What was cancelled, or waits for an approval, says nothing about the code. */
function isFailure(conclusion: string | null | undefined): boolean {
  return ['failure', 'error', 'timed_out', 'startup_failure'].includes(conclusion ?? '');
}

/**
 * The name of the branch where it is one that bugloop writes to, in this very repository. Anybody can give a branch of
 * a fork that name, so repositories are compared by number.
 */
function ownBranch(
  ref: string | null | undefined,
  headRepository: number | undefined,
  repository: number,
  prefix: string,
  what: string,
): string | Ignored | Refused {
  if (headRepository !== undefined && headRepository !== repository) {
    return ignore('event.not_mine', `${what} is not a bugloop change: its branch belongs to a fork`);
  }
  if (ref === null || ref === undefined || headRepository === undefined) {
    return { kind: 'invalid', code: 'event.branch_gone', why: `the head branch of ${what} is gone` };
  }
  if (!isBranchName(ref, prefix)) {
    return ignore('event.not_mine', `${what} is not a bugloop change: its branch is ${ref}, not ${prefix}issue-<number>`);
  }
  return ref;
}

function isBranchName(ref: string, prefix: string): boolean {
  return ref.startsWith(prefix) && /^issue-[1-9]\d*$/.test(ref.slice(prefix.length));
}

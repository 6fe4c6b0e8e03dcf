import type { Config } from '../core/config.ts';
import { judgeChange } from '../core/guards.ts';
import type { RunReport } from '../core/report.ts';
import { suggestReviewers, touchedLines } from '../core/reviewers.ts';
import { oneLine } from '../core/text.ts';
import { judgeTrees } from '../core/trees.ts';
import type { Change, CommitId } from '../core/types.ts';
import { renderEscalation } from '../core/views/status-comment.ts';
import { BugloopError } from '../errors.ts';
import type { Marks, Mirror, OpenChange, OpenedChange, Pushed } from '../ports.ts';
import { findPrior, findStop, isApart, lookAgain, mark, markStatus, step, stoppedAt, type Case } from './claim.ts';

/** A run that was sealed, and the mirror that holds what it made. */
export interface Sealed {
  report: RunReport;
  base: CommitId;
  /** The sealed commit, or the last attempt. */
  head: CommitId;
  /** Published work in progress that a new commit has to build on. */
  onto?: CommitId;
  body: string;
  mirror: Mirror;
  /** Of the pinned base. */
  config: Config;
  /** Sanitised already: the last failing output. */
  output?: string;
}

/** How a run ended on the forge. `kept`: the run directory has everything, and `why` says why no more was done. */
export type Conclusion =
  | { kind: 'published'; opened: OpenedChange; report: RunReport }
  | { kind: 'escalated' }
  /** Somebody ended it from outside: nothing was written. */
  | { kind: 'stopped'; why: string }
  | { kind: 'kept'; why: string }
  /** The forge takes the change only on its newest base. Nothing was written, and the issue is still held. */
  | { kind: 'stale'; why: string };

/** Ends a run on the forge by its outcome: published, handed to a person, or put down to be taken up again. */
export async function conclude(held: Case, sealed: Sealed): Promise<Conclusion> {
  const { outcome } = sealed.report;
  // Nobody else writes to a plain repository, and an issue that is a file may be gone.
  const current = isApart(held.standing) || outcome === 'proven' ? await lookAgain(held) : held;
  const stop = findStop(current);
  if (stop !== undefined) return letBe(current, stop.message);
  switch (outcome) {
    case 'proven':
      return publish(current, sealed);
    case 'escalated':
      return escalate(current, sealed);
    case 'reproduced':
      return leaveTest(current, sealed);
    case 'stopped':
      return letBe(current, sealed.report.escalation?.message ?? 'the run was stopped');
    default:
      return putDown(current, sealed);
  }
}

/**
 * Publishes a sealed commit: judges the very trees that leave, moves the one branch, opens the one draft
 * change, and says so on the issue. Every step finds what an earlier try already did.
 */
async function publish(current: Case, sealed: Sealed): Promise<Conclusion> {
  const { forge, standing, journal, config } = current;
  const prior = findPrior({ ...standing, changes: standing.changes.filter(({ fromBranch }) => !fromBranch) });
  if (prior !== undefined) return keep(current, prior);
  const change = await sealed.mirror.change(sealed.base, sealed.head);
  // The very trees that leave, with the configuration of the base they leave from.
  const refusal = judgeTrees(change, config);
  if (refusal !== undefined) {
    const [first] = refusal.reasons;
    return escalate(current, {
      ...sealed,
      report: { ...sealed.report, outcome: 'escalated', ...(first === undefined ? {} : { escalation: first }) },
    });
  }
  noteBase(current, sealed);

  const pushed = await push(current, sealed.mirror, sealed.head);
  if (!pushed.ok && pushed.why === 'rebase') return { kind: 'stale', why: pushed.message };
  if (!pushed.ok) {
    await keep(current, pushed.message);
    throw new BugloopError('git.branch_taken', pushed.message);
  }
  const base = standing.base?.branch ?? sealed.report.base.branch ?? '';
  const draft = {
    title: titleOf(sealed.report),
    body: sealed.body,
    base,
    head: sealed.head,
    touched: { commit: sealed.base, files: touchedLines(change) },
  };
  const opened = await forge.openChange(standing, draft).catch((error: unknown) => {
    throw refusedAfterPush(error, current, sealed);
  });
  const { created, blame: _, ...told } = opened;
  await journal.append('journal.jsonl', { type: 'change', created, ...told });
  const reviewers = await suggest(current, change, opened);
  const report = reviewers.length === 0 ? sealed.report : { ...sealed.report, reviewers };
  if (reviewers.length > 0) await journal.write('report.json', `${JSON.stringify(report, null, 2)}\n`);
  const { progress: __, ...record } = current.record;
  const done = step(
    {
      ...current,
      record: { ...record, ...(reviewers.length === 0 ? {} : { reviewers }), change: { ...told, head: sealed.head } },
    },
    'publish',
  );
  await markStatus(done, marksOfEnd(config.labels, journal.id), report);
  return { kind: 'published', opened, report };
}

/** Labels of an issue that has its change, and the end of the run's lock. */
export function marksOfEnd({ inProgress, trigger, needsHuman }: Config['labels'], run: string): Marks {
  return { remove: [inProgress, trigger, needsHuman], release: run };
}

/** Who may know the lines of the change; asked only where the configuration wants it. */
async function suggest(
  { forge, config, now, progress }: Case,
  change: Change,
  opened: OpenedChange,
): Promise<{ login: string; share: number }[]> {
  const { agents, gate, reviewers } = config;
  const others = [agents.bugsolver.assignee, ...gate.automaticReviewers];
  const people = suggestReviewers(touchedLines(change), opened.blame, { now: now(), others });
  if (reviewers.request && people.length > 0) {
    const asked = await forge.requestReviews(opened, people);
    if (!asked.ok) progress.note(`nobody was asked for a review: ${asked.why}`);
  }
  return people.map(({ login, share }) => ({ login, share }));
}

/** Tells on the issue of a change that a run opened before it ended: labels, status comment, no lock. */
export async function tell(held: Case, change: OpenChange): Promise<void> {
  const { journal, config } = held;
  const record = { ...held.record, change: { number: change.number, url: change.url, head: change.head } };
  const done = step({ ...held, record: { ...record, state: 'SOLVING' } }, 'publish');
  await markStatus(done, marksOfEnd(config.labels, journal.id));
}

/** Hands the issue to a person: one comment says why, what was tried and how to go on. */
async function escalate(held: Case, sealed: Sealed): Promise<Conclusion> {
  const current = await pushProgress(held, sealed);
  const { journal, config, record } = current;
  const { labels, agents } = config;
  const text = renderEscalation(sealed.report, {
    ...(record.progress === undefined ? {} : { branch: record.branch }),
    ...(sealed.output === undefined ? {} : { output: sealed.output }),
    runDir: journal.dir.split('/').slice(-3).join('/'),
    trigger: labels.trigger,
  });
  await markStatus(
    step(current, 'escalate'),
    {
      add: [labels.needsHuman],
      remove: [labels.inProgress, labels.trigger],
      unassign: [agents.bugsolver.assignee],
      comment: { key: `escalated-${journal.id}`, text },
      release: journal.id,
    },
    sealed.report,
  );
  return { kind: 'escalated' };
}

/** The test goes to the branch as work in progress: a change needs what turns it green. */
async function leaveTest(held: Case, sealed: Sealed): Promise<Conclusion> {
  const current = await pushProgress(held, sealed);
  const { labels, agents } = current.config;
  const marks = { remove: [labels.inProgress, labels.trigger], unassign: [agents.bugsolver.assignee] };
  await markStatus(step(current, 'release'), { ...marks, release: current.journal.id }, sealed.report);
  return { kind: 'kept', why: 'only a test was asked for' };
}

/** An interrupted run leaves everything such that another can go on. */
async function putDown(held: Case, sealed: Sealed): Promise<Conclusion> {
  const current = await pushProgress(held, sealed);
  const { labels } = current.config;
  await markStatus(step(current, 'release'), { remove: [labels.inProgress], release: current.journal.id }, sealed.report);
  return { kind: 'kept', why: sealed.report.escalation?.message ?? 'the run did not finish' };
}

/** The lock ends, where it still is the run's own; labels and words are those of whoever stopped it. */
async function letBe(held: Case, why: string): Promise<Conclusion> {
  await mark(held, { release: held.journal.id });
  return { kind: 'stopped', why };
}

/** Ends the lock and nothing else: what is there is somebody else's. */
async function keep(held: Case, why: string): Promise<Conclusion> {
  await mark(held, { remove: [held.config.labels.inProgress], release: held.journal.id });
  return { kind: 'kept', why };
}

// ---------------------------------------------------------------------------------------------- branch

/** Pushes what the run has so far as one commit, where a forge keeps it and the guards let its tree leave. */
async function pushProgress(held: Case, sealed: Sealed): Promise<Case> {
  const { base, head, mirror, onto, report } = sealed;
  if (held.standing.base === undefined || head === base) return held;
  // What may leave as work in progress need not be proven, so only the guards are asked.
  const { protectedPaths, tests, limits } = sealed.config;
  const rules = { protectedPaths, tests, ...limits, onlyTests: report.outcome === 'reproduced' };
  if (!judgeChange(await mirror.change(base, head), rules).ok) {
    held.progress.note('the work in progress stays in the run directory: the guards do not let its tree leave');
    return held;
  }
  const commit = await mirror.squash(base, head, `wip: ${titleOf(report)}\n\nBugloop-Run: ${report.run.id}\n`, onto);
  const pushed = await push(held, mirror, commit);
  if (!pushed.ok) {
    held.progress.note(`the work in progress stays in the run directory: ${pushed.message}`);
    return held;
  }
  return { ...held, record: { ...held.record, progress: { commit, attempts: report.attempts.length } } };
}

async function push(held: Case, mirror: Mirror, head: CommitId): Promise<Pushed> {
  const { forge, journal, standing } = held;
  const { branch, tip } = standing;
  if (tip?.commit === head) return { ok: true, created: false };
  const expected = tip === undefined ? {} : { expected: tip.commit };
  const pushed = await forge.pushBranch({ branch, head, mirror, bundle: journal.path('change.bundle'), ...expected });
  await journal.append('journal.jsonl', { type: 'push', branch, head, ...pushed });
  return pushed;
}

function noteBase({ standing, progress }: Case, { base }: Sealed): void {
  if (standing.base === undefined || standing.base.commit === base) return;
  const { branch, commit } = standing.base;
  progress.note(`${branch} has moved to ${commit.slice(0, 12)} since; the change builds on ${base.slice(0, 12)}`);
}

/** For a change that nobody here can put on the newest base; the issue waits for a run that starts there. */
export function staleBase(held: Case, why: string): BugloopError {
  const { branch, issue } = held.record;
  return stoppedAt(
    new BugloopError('git.stale_base', `${branch} was not pushed: ${why}`, {
      hint: `git pull, then bugloop resume ${issue}; a workflow’s next look does it by itself`,
    }),
    held,
    { waits: true },
  );
}

/** The branch is there, and the next run only opens its change: people have to know both. */
function refusedAfterPush(error: unknown, held: Case, { head, report }: Sealed): unknown {
  if (!(error instanceof BugloopError) || !error.code.startsWith('auth.')) return error;
  const { issue, branch } = held.record;
  const told = new BugloopError(error.code, `${error.message}; the proven fix is on ${branch}, without a pull request`, {
    hint: `${error.hint}; then bugloop resume ${issue}, or publish the run again`,
    cause: error,
  });
  const progress = { commit: head, attempts: report.attempts.length };
  return stoppedAt(told, { ...held, record: { ...held.record, progress } });
}

function titleOf({ issue }: RunReport): string {
  return oneLine(`fix: ${issue.title}`, 120);
}

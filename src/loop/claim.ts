import { hash } from 'node:crypto';
import type { Config } from '../core/config.ts';
import { carryHalt, describeHalt, findHalt, type Asked } from '../core/halt.ts';
import type { RunReport } from '../core/report.ts';
import { advance, readState, stateVersion, summarise, type Move, type StateRecord } from '../core/state.ts';
import type { CommitId, Issue, Reason } from '../core/types.ts';
import { renderStatus } from '../core/views/status-comment.ts';
import { BugloopError } from '../errors.ts';
import type { Forge, Journal, Marks, OpenChange, Progress, ReviewStanding, Standing } from '../ports.ts';

/** One issue in the hands of one run: where it stands on the forge, and the record that our status comment will hold. */
export interface Case {
  forge: Forge;
  /** The issue as `forge.read` takes it. */
  ref: string;
  standing: Standing;
  /** When `standing` was seen, in milliseconds since the epoch. */
  lookedAt: number;
  record: StateRecord;
  asked: Asked;
  /** When the forge took a lock in the name of this run, in milliseconds since the epoch; absent where there is none. */
  lockedAt?: number;
  config: Config;
  journal: Journal;
  progress: Progress;
  /** Milliseconds since the epoch. */
  now: () => number;
}

/** A look older than this is repeated once the lock is held, in milliseconds: a whole run takes at least three paced writes. */
const freshMs = 2_500;
/** A lock outlives the run's own time limit by this, in milliseconds. */
const graceMs = 5 * 60_000;

/** What already answers the issue on `base`, in words; `undefined` where there is work to do. */
export function findPrior({ issue, open, changes, tip, obstacle, branch, lock }: Standing, base?: CommitId): string | undefined {
  const name = issue.number === undefined ? issue.id : `#${issue.number}`;
  if (!open) return `issue ${name} is closed`;
  const [change] = changes;
  if (change !== undefined) return `pull request #${change.number} already answers issue ${name} (${change.url})`;
  if (tip?.ours === false) return `branch ${branch} exists and its last commit is by ${tip.author}`;
  if (obstacle !== undefined) return obstacle;
  if (base !== undefined && tip?.provenOn === base) {
    return `branch ${branch} already holds a proven fix of ${base.slice(0, 12)}; delete the branch to start again`;
  }
  return lock?.live === true ? `run ${lock.run} is working on issue ${name}, at the latest until ${lock.expiresAt}` : undefined;
}

/**
 * Our own change that the issue does not tell of yet: the run that opened it ended before it could. It is no answer to stop
 * at, but work to finish.
 */
export function findUntold(standing: Standing): OpenChange | undefined {
  const { changes, tip, lock } = standing;
  const change = changes.find(({ fromBranch, mine }) => fromBranch && mine);
  if (change === undefined || tip?.ours !== true || tip.commit !== change.head || lock?.live === true) return undefined;
  const state = readRecord(standing)?.state;
  return state === undefined || state === 'ASSIGNED' || state === 'SOLVING' ? change : undefined;
}

/** As `findPrior`, for a run that finishes what an earlier one left. */
export function findObstacle(standing: Standing): string | undefined {
  const untold = findUntold(standing);
  return findPrior({ ...standing, changes: standing.changes.filter((change) => change !== untold) });
}

/** The record that our status comment holds. Fails closed: what is ours and unreadable stops the run. */
export function readRecord({ status, issue }: Standing): StateRecord | undefined {
  if (status === undefined) return undefined;
  const read = readState(status.text, issue.id);
  if (read.ok) return read.record;
  throw new BugloopError(read.code, `the status comment ${status.url} ${read.why}`, {
    hint: read.code === 'state.version' ? 'upgrade bugloop' : 'delete the comment, then run bugloop again',
  });
}

/** The record of the issue that a change closes; none where it closes none. */
export function recordOf({ closes }: ReviewStanding): StateRecord | undefined {
  return closes === undefined ? undefined : readRecord(closes);
}

/** Opens the case of one run; what an earlier run recorded is carried on. */
export function openCase(parts: Omit<Case, 'record'>, facts: { base: StateRecord['base']; state?: StateRecord['state'] }): Case {
  const earlier = readRecord(parts.standing);
  const record: StateRecord = {
    ...earlier,
    version: stateVersion,
    state: facts.state ?? earlier?.state ?? 'OPEN',
    issue: parts.standing.issue.id,
    text: digestText(parts.standing.issue),
    run: parts.journal.id,
    branch: parts.standing.branch,
    base: facts.base,
    ...(earlier?.halt === undefined ? {} : { halt: carryHalt(earlier.halt, parts.asked) }),
  };
  return { ...parts, record };
}

/** Says whether an issue's title and text are still what a run started from. */
export function digestText({ title, body }: Pick<Issue, 'title' | 'body'>): string {
  return hash('sha256', JSON.stringify([title, body])).slice(0, 16);
}

/** When a lock that is taken now runs out, ISO 8601. */
export function expiryOf({ config, now }: Pick<Case, 'config' | 'now'>): string {
  return new Date(now() + config.limits.timeoutMinutes * 60_000 + graceMs).toISOString();
}

/** Takes the lock of the issue for this run; `took`: from one that is gone. `why`: somebody else has it. */
export async function lockIssue({
  forge,
  standing,
  journal,
  progress,
  config,
  now,
}: Case): Promise<{ ok: true; took: boolean } | { ok: false; why: string }> {
  const expiresAt = expiryOf({ config, now });
  const answer = await forge.lock(standing, { run: journal.id, expiresAt });
  if (!answer.ok)
    return { ok: false, why: findPrior({ ...standing, changes: [], lock: answer.holder }) ?? 'another run has the issue' };
  if (answer.took !== undefined) progress.note(`stale lock of run ${answer.took.run} taken over`);
  return { ok: true, took: answer.took !== undefined };
}

/** Takes the issue for this run. `why`: somebody else has it, or has answered it meanwhile. */
export async function takeIssue(held: Case): Promise<{ ok: true; case: Case } | { ok: false; why: string }> {
  const { journal } = held;
  const locked = await lockIssue(held);
  if (!locked.ok) return locked;
  // Nobody was seen at work, so whoever could have come and gone since did so within the time the look is old.
  const own: Case = isApart(held.standing) ? { ...held, lockedAt: held.now() } : held;
  const taken = locked.took ? await lookNow(own) : await lookAgain(own);
  const why = findObstacle(taken.standing) ?? findStop(taken)?.message;
  if (why === undefined) return { ok: true, case: taken };
  await mark(taken, { release: journal.id });
  return { ok: false, why };
}

/** The case with a fresh look, unless the one it has is fresh. */
export async function lookAgain(held: Case): Promise<Case> {
  return held.now() - held.lookedAt > freshMs ? lookNow(held) : held;
}

/** The case with a look of now. What this run itself holds is no obstacle. */
export async function lookNow(held: Case): Promise<Case> {
  const lookedAt = held.now();
  const standing = await held.forge.read(held.ref);
  const { lock } = standing;
  const own = lock?.run === held.journal.id ? { lock: { ...lock, live: false } } : {};
  // What the run works on is the text that it began with.
  return { ...held, lookedAt, standing: { ...standing, issue: held.standing.issue, ...own } };
}

/** The forge is another place than this machine: others write to it meanwhile. */
export function isApart({ base }: Standing): boolean {
  return base !== undefined;
}

const stop = (message: string): Reason => ({ code: 'run.stopped', message });

/** Why the run has to end, as its newest look shows: somebody halted it, or its lock is not its own any more. */
export function findStop({ standing, asked, lockedAt, lookedAt, journal }: Case): Reason | undefined {
  const halt = findHalt(readRecord(standing), asked);
  if (halt !== undefined) return stop(describeHalt(halt));
  if (lockedAt === undefined || lookedAt < lockedAt || standing.lock?.run === journal.id) return undefined;
  return stop(
    standing.lock === undefined ? 'its lock on the issue was taken away' : `run ${standing.lock.run} has the issue now`,
  );
}

/** A case in the hands of its run. */
export interface Held {
  case: Case;
  /** False where the run writes nothing to the forge, and has taken nothing there. */
  taken: boolean;
  /** Ends once labels and status comment tell people that a run is at work. */
  announced: Promise<void>;
}

/** Labels of an issue that a run works on. */
export function marksOfBegin({ inProgress, trigger, needsHuman }: Config['labels']): Marks {
  return { add: [inProgress], remove: [trigger, needsHuman] };
}

/** Tells people that a run is at work. The next write has to wait for it; the work need not. */
export function announce(held: Case, moves: readonly Move[]): Held {
  const { labels } = held.config;
  const moved = moves.reduce(step, held);
  const announced = markStatus(moved, marksOfBegin(labels));
  // It is thrown where it is awaited.
  announced.catch(() => undefined);
  return { case: moved, taken: true, announced };
}

/** How far a case had come when an error ended it. */
const reached = new WeakMap<object, { held: Case; waits: boolean }>();

/**
 * The error, for whoever lets the issue go after it: what was reached is told on the issue. Where it `waits`, the issue stays
 * one in work without a worker, which is what a look of the clock takes up again.
 */
export function stoppedAt<E extends object>(error: E, held: Case, { waits = false } = {}): E {
  reached.set(error, { held, waits });
  return error;
}

/** Lets the issue go after something broke: nobody is at work any more. */
export async function letGo(before: Case, error: unknown): Promise<void> {
  const known = typeof error === 'object' && error !== null ? reached.get(error) : undefined;
  const { held, waits } = known ?? { held: before, waits: false };
  // The words of whoever stopped it stay.
  const current = isApart(held.standing) ? await lookAgain(held) : held;
  if (findStop(current) !== undefined) return await mark(current, { release: held.journal.id });
  const { inProgress, trigger } = held.config.labels;
  const labels = waits ? { add: [inProgress], remove: [trigger] } : { remove: [inProgress] };
  await markStatus(rest(current), { ...labels, release: held.journal.id });
}

/** The case once nobody works on it any more: what it says of its change is what the forge shows. */
export function rest(held: Case): Case {
  const released = step(held, 'release');
  const { state, change } = released.record;
  const open = released.standing.changes.find(({ number }) => number === change?.number);
  return state === 'PR_DRAFT' && open?.draft === false ? step(released, 'approve') : released;
}

/** The case after a move; what is not allowed from its state is a bug of ours. */
export function step(held: Case, move: Move): Case {
  const state = advance(held.record.state, move);
  if (state === undefined) throw new BugloopError('internal', `no ${move} from ${held.record.state}`);
  return { ...held, record: { ...held.record, state } };
}

/** Marks with the status comment that the record asks for. */
export async function markStatus(held: Case, marks: Marks, report?: RunReport): Promise<void> {
  const record = report === undefined ? held.record : { ...held.record, report: summarise(report) };
  await mark(held, { ...marks, status: renderStatus(record, report) });
}

/** What the forge did, or that it has nothing of the kind, is a line of the journal. */
export async function mark({ forge, standing, journal }: Case, marks: Marks): Promise<void> {
  const marked = await forge.mark(standing, marks);
  const { add, remove, release } = marks;
  await journal.append('journal.jsonl', {
    type: 'mark',
    done: marked.done,
    ...(marked.why === undefined ? {} : { why: marked.why }),
    ...(add === undefined ? {} : { add }),
    ...(remove === undefined ? {} : { remove }),
    ...(release === undefined ? {} : { release }),
  });
}

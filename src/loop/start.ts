import type { Context } from '../context.ts';
import type { Limits } from '../core/decide.ts';
import type { BugReport } from '../core/issue.ts';
import { isTestPath } from '../core/paths.ts';
import type { NamedError } from '../core/proof.ts';
import type { Template } from '../core/prompt.ts';
import type { Move, StateRecord } from '../core/state.ts';
import type { CommitId } from '../core/types.ts';
import type { Agent, Cache, Journal, Mirror, Standing, Workspace } from '../ports.ts';
import { nameBaseline, takeBaseline } from './baseline.ts';
import { announce, letGo, mark, readRecord, takeIssue, type Case, type Held } from './claim.ts';
import { openLookout } from './halt.ts';
import { composePrompt, findSuspects, type Located } from './prompt.ts';
import { begin, repair, type Progressed } from './repair.ts';
import type { Run } from './run.ts';
import type { Ending } from './seal.ts';

/** How a run of the loop begins, whichever command asked for it. */

export function baseOf({ repository: { base, baseBranch } }: Context): StateRecord['base'] {
  return { commit: base, ...(baseBranch === undefined ? {} : { branch: baseBranch }) };
}

/** A run that does not publish writes nothing to the forge, so it takes nothing there either. */
export async function takeIfPublishing(
  context: Context,
  held: Case,
  moves: readonly Move[],
): Promise<({ ok: true } & Held) | { ok: false; why: string }> {
  if (!context.flags.publish) return { ok: true, case: held, taken: false, announced: Promise.resolve() };
  if (context.signal.aborted) return { ok: false, why: 'the run was interrupted before it took the issue' };
  const taken = await takeIssue(held);
  if (!taken.ok) return taken;
  if (!context.signal.aborted) return { ok: true, ...announce(taken.case, moves) };
  // What nobody was told of need not be taken back but for the lock.
  await mark(taken.case, { release: held.journal.id });
  return { ok: false, why: 'the run was interrupted before it began' };
}

/** Whatever breaks, the issue does not stay taken; where the forge is what broke, the lock runs out. */
export async function releasingOnError<T>({ case: held, taken, announced }: Held, body: () => Promise<T>): Promise<T> {
  try {
    return await body();
  } catch (error) {
    if (!taken) throw error;
    // A token that may take the issue but tell nothing of it leaves no lock behind.
    const release = await announced.then(
      () => () => letGo(held, error),
      () => () => mark(held, { release: held.journal.id }),
    );
    await release().catch(() => held.progress.note('the lock of the issue could not be released: it runs out by itself'));
    throw error;
  }
}

/**
 * Does `body` while something is being opened, as the forge lets a second pass between two writes. What was opened is
 * closed again, whatever becomes of either.
 */
export async function whileOpening<Opened extends AsyncDisposable, T>(
  opening: Promise<Opened>,
  body: (opening: Promise<Opened>) => Promise<T>,
): Promise<T> {
  opening.catch(() => undefined);
  try {
    return await body(opening);
  } finally {
    const opened = await opening.catch(() => undefined);
    await opened?.[Symbol.asyncDispose]();
  }
}

/** Our own earlier work on the branch, brought into the mirror: the new commit is made on top of it. */
export async function fetchPublished({ forge, standing }: Case, mirror: Mirror): Promise<CommitId | undefined> {
  if (standing.base === undefined || standing.tip === undefined) return undefined;
  await forge.fetchBranch(standing, mirror);
  return standing.tip.commit;
}

/** The test that a run left on the branch that was asked for nothing else, on the base of this run. */
export async function takeUpTest(
  { standing, record }: Case,
  { workspace, onto, base, config }: Run,
): Promise<Progressed | undefined> {
  const earlier = readRecord(standing);
  if (onto === undefined || earlier === undefined) return undefined;
  if (record.report?.outcome !== 'reproduced' || record.progress?.commit !== onto) return undefined;
  const { mirror } = workspace;
  const { files } = await mirror.change(earlier.base.commit, onto);
  const paths = files.map(({ path }) => path).filter((path) => isTestPath(path, config.tests));
  const [then, now] = [await mirror.readMany(earlier.base.commit, paths), await mirror.readMany(base, paths)];
  // What somebody else has changed since is theirs.
  const kept = paths.filter((path) => then.get(path) === now.get(path));
  if (kept.length === 0) return undefined;
  const head = await mirror.squash(base, await mirror.overlay(base, onto, kept), 'test of an earlier run');
  return { ...begin(base), head, left: `A test that shows the bug is in your clone already: ${kept.join(', ')}. Build on it.` };
}

/** What a run works with, and where it will look first. Nothing of the repository has run for it. */
export interface Prepared extends AsyncDisposable {
  agent: Agent;
  workspace: Workspace;
  located: Located;
  baselines: Cache;
}

/** `also`: a commit that the mirror needs besides the base. */
export async function prepare(context: Context, report: BugReport, also?: CommitId): Promise<Prepared> {
  const { config, repository } = context;
  const workspace = await context.openWorkspace(undefined, also === undefined ? {} : { also });
  try {
    const index = await context.openCache('index', []);
    const located = await findSuspects(repository.base, workspace.mirror, report, config.tests, index);
    const baselines = await context.openCache('baseline', await nameBaseline(workspace, config));
    const agent = await context.openAgent();
    return { agent, workspace, located, baselines, [Symbol.asyncDispose]: () => workspace[Symbol.asyncDispose]() };
  } catch (error) {
    await workspace[Symbol.asyncDispose]();
    throw error;
  }
}

interface RunParts {
  standing: Standing;
  report: BugReport;
  journal: Journal;
  startedAt: number;
  onto: CommitId | undefined;
  held: Case;
  testsOnly?: boolean;
}

export function openRun(context: Context, prepared: Prepared, parts: RunParts): Run {
  const { agent, workspace, located, baselines } = prepared;
  const { standing, report, journal, startedAt, onto, held, testsOnly = false } = parts;
  return {
    issue: standing.issue,
    report,
    error: nameError(report),
    config: context.config,
    limits: readLimits(context, startedAt),
    base: context.repository.base,
    branch: standing.branch,
    ...(onto === undefined ? {} : { onto }),
    ...(testsOnly ? { testsOnly } : {}),
    workspace,
    baselines,
    agent,
    journal,
    progress: context.progress,
    suspects: located.suspects,
    lookout: openLookout(held),
    now: context.now,
    signal: context.signal,
  };
}

/** How a run of the loop is driven. */
interface Drive {
  template: Template;
  located: Located;
  /** The loop goes on meanwhile, and ends where this fails; nothing is published before it. */
  announced: Promise<void>;
  /** Where an earlier run stopped, if it left something. */
  progressed?: Progressed;
}

/** Baseline, then attempts until proven or a limit. */
export async function runLoop(run: Run, { template, located, announced, progressed }: Drive): Promise<Ending> {
  return alongside(announced, run.signal, (signal) => loop({ ...run, signal }, template, located, progressed));
}

async function loop(run: Run, template: Template, located: Located, progressed = begin(run.base)): Promise<Ending> {
  const answer = await takeBaseline(run);
  if (run.signal.aborted)
    return { end: 'interrupted', reason: { code: 'run.interrupted', message: 'the run was interrupted' }, progressed };
  if (!answer.ok) return { end: 'escalated', reason: answer.reason, progressed };
  const prompt = composePrompt(run, answer.baseline, template, located);
  const repaired = await repair(run, answer.baseline, prompt, progressed);
  return { ...repaired, baseline: answer.baseline };
}

/** Does `body` while `other` goes on, and ends it early where that fails. Both have ended afterwards. */
async function alongside<T>(other: Promise<void>, signal: AbortSignal, body: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const failed = new AbortController();
  other.catch(() => {
    failed.abort();
  });
  const [first, second] = await Promise.allSettled([other, body(AbortSignal.any([signal, failed.signal]))]);
  if (first.status === 'rejected') throw first.reason;
  if (second.status === 'rejected') throw second.reason;
  return second.value;
}

/** The outermost error is what a person would see, so it is what the red run has to show. */
export function nameError({ error }: BugReport): NamedError {
  return {
    ...(error?.type === undefined ? {} : { errorType: error.type }),
    ...(error?.message === undefined ? {} : { errorMessage: error.message }),
  };
}

/** Limits of the configuration, on which flags were already laid, from the moment the run began. */
export function readLimits({ config }: Context, startedAt: number, iterations = config.limits.maxRalphIterations): Limits {
  const { timeoutMinutes, maxTurns, maxCostUsd } = config.limits;
  return { iterations, deadline: startedAt + timeoutMinutes * 60_000, turns: maxTurns, dollars: maxCostUsd };
}

import type { Context } from '../context.ts';
import type { Attempt } from '../core/report.ts';
import type { StateRecord } from '../core/state.ts';
import type { CommitId } from '../core/types.ts';
import type { Journal, Mirror, Workspace } from '../ports.ts';
import { foldProgress, type Checkpoint } from './checkpoint.ts';
import { begin, type Progressed } from './repair.ts';

/** Where a run that stopped is taken up: from its journal and bundle, from an older base, or from the branch alone. */

/** A run that was asked for a test alone goes on as that until the test is there; then what is left is to mend the bug. */
export function wantsTest(local: Checkpoint | undefined, record: StateRecord | undefined): boolean {
  if (local !== undefined) return local.start.testsOnly === true && !local.attempts.some(({ stage }) => stage === 'reproduced');
  return record?.testsOnly === true && record.report?.outcome !== 'reproduced';
}

/** The bundle brings the commits of the attempts back; one whose commit it lacks did not happen. */
export async function fromJournal(journal: Journal, checkpoint: Checkpoint, { mirror }: Workspace): Promise<Progressed> {
  const { start, attempts } = checkpoint;
  const changed = attempts.filter(({ commit }) => commit !== start.base.commit);
  if (changed.length === 0) return foldProgress(journal, checkpoint);
  const head = await mirror.unbundle(journal.path('change.bundle'), start.branch);
  return foldProgress(journal, { ...checkpoint, attempts: await findKept(mirror, attempts, head) });
}

/** The attempts up to the newest that the bundle's `head` is or follows. */
async function findKept(mirror: Mirror, attempts: readonly Attempt[], head: CommitId): Promise<Attempt[]> {
  const tree = await mirror.treeOf(head);
  for (const [index, attempt] of [...attempts.entries()].toReversed()) {
    const before = attempts.slice(0, index);
    // What is sealed is the same tree as one commit on the base.
    if (attempt.tree === tree) return [...before, { ...attempt, commit: head }];
    const isThere = await mirror.treeOf(attempt.commit).then(
      () => true,
      () => false,
    );
    if (isThere) return [...before, attempt];
  }
  return [];
}

/** A run that was proven on an older commit of the base: the forge wanted it on the newest. */
export async function findOlder(context: Context, checkpoint: Checkpoint | undefined): Promise<Checkpoint | undefined> {
  if (checkpoint?.sealed?.outcome !== 'proven') return undefined;
  const isHere = await context.assertBase(checkpoint.start.base).then(
    () => true,
    () => false,
  );
  return isHere ? checkpoint : undefined;
}

/** Its change on the base of this run, which judges it before anybody is asked to work; `undefined` where it does not fit. */
export async function fromOlder(
  { repository }: Context,
  journal: Journal,
  checkpoint: Checkpoint,
  { mirror }: Workspace,
): Promise<Progressed | undefined> {
  const { start } = checkpoint;
  const proven = await mirror.unbundle(journal.path('change.bundle'), start.branch);
  const head = await mirror.merge(start.base.commit, proven, repository.base);
  return head === undefined ? undefined : { ...(await foldProgress(journal, checkpoint)), head };
}

/** Without the journal only the work itself is known, not what was tried. */
export function fromBranch({ repository }: Context, onto: string | undefined): Progressed {
  return { ...begin(repository.base), head: onto ?? repository.base };
}

export function tellStart({ attempts, head }: Progressed, local: boolean): string {
  if (local) return `going on after attempt ${attempts.length}`;
  return `going on from the work on the branch, ${head.slice(0, 12)}`;
}

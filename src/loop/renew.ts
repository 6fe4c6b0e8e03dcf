import type { Context } from '../context.ts';
import type { CommitId } from '../core/types.ts';
import { nameBaseline, takeBaseline } from './baseline.ts';
import { lookNow, type Case } from './claim.ts';
import { evaluate } from './evaluate.ts';
import type { Run } from './run.ts';
import type { Ending } from './seal.ts';
import { fetchPublished } from './start.ts';

/**
 * A proven change that the forge takes only on its newest base: put there by a merge of trees, and proven again, because a
 * proof holds for the commit it was made on. Nobody is asked to work on it: what does not hold there is a new run's task.
 */

/** Runs `body` with the run as it stands on the newest base; `undefined` where the change does not fit or is not proven there. */
export async function onNewestBase<T>(
  context: Context,
  held: Case,
  run: Run,
  ending: Ending,
  body: (held: Case, run: Run, ending: Ending) => Promise<T>,
): Promise<T | undefined> {
  const now = await lookNow(held);
  const { base } = now.standing;
  if (base === undefined || base.commit === run.base) return undefined;
  const { journal, progress, branch } = run;
  progress.note(`${base.branch} moved to ${base.commit.slice(0, 12)}: the change is proven again there`);
  const { mirror } = run.workspace;
  await now.forge.fetchBase(now.standing, mirror);
  const config = await context.readConfigAt(mirror, base.commit);
  await using workspace = await context.openWorkspace(base.commit, { config, from: mirror.path, also: run.base });
  const head = await workspace.mirror.unbundle(journal.path('change.bundle'), branch);
  const merged = await workspace.mirror.merge(run.base, head, base.commit);
  if (merged === undefined) return undefined;
  const { onto: _, ...rest } = run;
  const onto = await fetchPublished(now, workspace.mirror);
  const renewed: Run = {
    ...rest,
    ...(onto === undefined ? {} : { onto }),
    config,
    base: base.commit,
    workspace,
    baselines: await context.openCache('baseline', await nameBaseline(workspace, config)),
  };
  const proven = await proveAgain(renewed, merged);
  if (proven === undefined) return undefined;
  await journal.append('journal.jsonl', { type: 'renewed', base, head: merged });
  const progressed = { ...ending.progressed, head: merged, last: proven.evaluation };
  return await body({ ...now, config, record: { ...now.record, base } }, renewed, {
    ...ending,
    baseline: proven.baseline,
    progressed,
  });
}

async function proveAgain(run: Run, head: CommitId) {
  const answer = await takeBaseline(run);
  if (!answer.ok || run.signal.aborted) return undefined;
  const evaluation = await evaluate(run, answer.baseline, head);
  return evaluation.stage === 'proven' ? { baseline: answer.baseline, evaluation } : undefined;
}

import type { Config } from '../core/config.ts';
import { statusMarker } from '../core/views/status-comment.ts';
import type { ForgeStep, LockHolder, Standing } from '../ports.ts';
import { marksOfBegin } from './claim.ts';
import { marksOfEnd } from './conclude.ts';

/** What an undisturbed run does at the forge, step by step, for `--dry-run`: the same order in which it is done. */

const run = 'planned';
const holder: LockHolder = { run, expiresAt: '', holder: { machine: '', pid: 0 }, live: true, commit: '0'.repeat(40) };
const look: ForgeStep = { do: 'look' };
/** A look that is repeated only where the one before has become too old. */
const lookAgain: ForgeStep = { do: 'look', stale: true };
const lock: ForgeStep = { do: 'lock', holder };

export function stepsOfSolve({ labels }: Config, standing: Standing, { publish }: { publish: boolean }): ForgeStep[] {
  const fetch: ForgeStep[] = standing.tip === undefined || standing.base === undefined ? [] : [{ do: 'fetch' }];
  if (!publish) return [look, ...fetch];
  const begin: ForgeStep = { do: 'mark', marks: { ...marksOfBegin(labels), status: `${statusMarker}\nbegins` } };
  return [look, lock, lookAgain, begin, ...fetch, ...stepsOfPublishing(labels)];
}

export function stepsOfPublish({ labels }: Config, standing: Standing, head: string | undefined): ForgeStep[] {
  const { tip, base } = standing;
  const fetch: ForgeStep[] = tip === undefined || base === undefined || tip.commit === head ? [] : [{ do: 'fetch' }];
  return [look, lock, lookAgain, ...fetch, ...stepsOfPublishing(labels, tip?.commit === head)];
}

function stepsOfPublishing(labels: Config['labels'], isPushed = false): ForgeStep[] {
  const end: ForgeStep = { do: 'mark', marks: { ...marksOfEnd(labels, run), status: `${statusMarker}\nends` } };
  return [lookAgain, ...(isPushed ? [] : [{ do: 'push' } as const]), { do: 'open' }, end];
}

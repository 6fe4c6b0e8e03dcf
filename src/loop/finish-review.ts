import type { CommandResult } from '../context.ts';
import type { Review } from '../core/ledger.ts';
import type { Reason } from '../core/types.ts';
import { renderReview } from '../core/views/replies.ts';
import { BugloopError, exits, type Exit } from '../errors.ts';
import type { Reviews } from '../ports.ts';
import type { Case } from './claim.ts';
import { concludeReview, type SealedRound } from './conclude-review.ts';

/** How a round of review ends, in the process that worked or in the one that publishes. */

/** The second half, and what a person is told of it. */
export async function tellRound(
  result: CommandResult,
  reviews: Reviews,
  sealed: SealedRound,
  held: Case | undefined,
): Promise<CommandResult> {
  const conclusion = await concludeReview(reviews, sealed, held);
  switch (conclusion.kind) {
    case 'stopped':
      return { ...result, ...tellStop(conclusion.reason, sealed.journal.dir) };
    case 'refused':
      return refuse(result, conclusion.reason, sealed);
    default: {
      const { notes, body } = conclusion;
      return { ...result, text: renderReview(sealed.review, notes), ...(body === undefined ? {} : { body }) };
    }
  }
}

function refuse(result: CommandResult, { code, message }: Reason, { journal }: SealedRound): CommandResult {
  if (code === 'state.corrupt') throw new BugloopError(code, `${journal.dir}: ${message}`);
  const exit = /^(?:guard|integrity)\.|^review\.growth$/.test(code) ? exits.escalated : exits.refused;
  return { ...result, exit, text: `Not pushed: ${message} (${code})\n` };
}

/** Something is left for a person: a person has to be told. */
export function exitOfRound({ entries, checks }: Pick<Review, 'entries' | 'checks'>): Exit {
  return [...entries, ...checks].some(({ outcome }) => outcome === 'needs-human') ? exits.escalated : exits.done;
}

/** `runDir`: where what the round made so far stays. */
export function tellStop({ code, message }: Reason, runDir?: string): CommandResult {
  const foreign = code === 'review.fork' || code === 'review.not_ours';
  const kept = runDir === undefined ? '' : `What was done so far stays in ${runDir}.\n`;
  return { exit: foreign ? exits.refused : exits.done, text: `Not reviewed: ${message} (${code})\n${kept}` };
}

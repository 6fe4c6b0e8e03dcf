import { describeHalt, findHalt } from '../halt.ts';
import type { StateRecord } from '../state.ts';
import { standpointOf, type Reviewers } from '../threads.ts';
import type { ThreadComment } from '../threads/thread.ts';
import type { CommitId, Reason } from '../types.ts';

/** Why a round of review must not begin, or must not go on. What the forge shows decides, and our own record of the issue. */

/** What the forge shows of the change. */
interface Shown {
  number: number;
  state: 'open' | 'closed' | 'merged';
  branch: string;
  head: CommitId;
  headOurs: boolean;
  sameRepository: boolean;
  openedByUs: boolean;
  labels: readonly string[];
  comments: readonly ThreadComment[];
  reviewers: Reviewers;
}

/** What a round began with, as far as others can take it away. */
export interface Begun {
  before: CommitId;
  after: CommitId;
  labels: readonly string[];
  halted: string;
}

/** Why a round must not start: the change is not ours to work on, or somebody said so. */
export function refuseRound(shown: Shown, record: StateRecord | undefined, branchPrefix: string): Reason | undefined {
  const { number, sameRepository, openedByUs, branch, state } = shown;
  if (!sameRepository) return not('review.fork', `#${number} comes from another repository`);
  if (!openedByUs || !branch.startsWith(branchPrefix)) return not('review.not_ours', `#${number} was not opened by bugloop`);
  if (state !== 'open') return not('review.closed', `#${number} is ${state}`);
  if (record?.halt?.skip === true) return not('review.stopped', describeHalt(record.halt));
  if (!shown.headOurs) return not('review.human_push', `the newest commit of #${number} is somebody else's`);
  return isStopped(shown) ? not('review.stopped', `somebody with write permission said /bugloop stop on #${number}`) : undefined;
}

/** Why a round that has begun must not go on: what changed since then, besides what the round itself did. */
export function stopRound(begun: Begun, shown: Shown, record: StateRecord | undefined, branchPrefix: string): Reason | undefined {
  const halt = findHalt(record, { since: begun.halted, byHand: false });
  if (halt !== undefined) return not('review.stopped', describeHalt(halt));
  const refused = refuseRound(shown, record, branchPrefix);
  if (refused !== undefined) return refused;
  const { number, head, labels } = shown;
  if (head !== begun.before && head !== begun.after) return not('review.human_push', `the branch of #${number} moved meanwhile`);
  const lost = begun.labels.find((label) => !labels.includes(label));
  return lost === undefined ? undefined : not('review.label_removed', `the label ${lost} was removed from #${number}`);
}

/** Our own head that the issue does not tell of: the round that pushed it ended before it could. */
export function isUntold({ headOurs, head }: Pick<Shown, 'headOurs' | 'head'>, record: StateRecord | undefined): boolean {
  const told = record?.change?.head;
  return headOurs && told !== undefined && told !== head;
}

const command = /^\s*\/bugloop\b/m;
const stopCommand = /^\s*\/bugloop\s+stop\s*$/m;

/** The last word counts: whoever may steer can start it again with any other command. */
function isStopped({ comments, reviewers }: Pick<Shown, 'comments' | 'reviewers'>): boolean {
  const commands = comments.filter(({ author, body }) => standpointOf(author, reviewers) === 'person' && command.test(body));
  return stopCommand.test(commands.at(-1)?.body ?? '');
}

function not(code: string, message: string): Reason {
  return { code, message };
}

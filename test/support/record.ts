import { encodeState, stateVersion, type StateRecord } from '../../src/core/state.ts';
import { statusMarker } from '../../src/core/views/status-comment.ts';

/** The status comment of issue 1 after a run of ours opened `change`: proven on its head. */
export function statusOfDraft(
  change: { number: number; head: string },
  branch: string,
  report: Partial<NonNullable<StateRecord['report']>> = {},
): string {
  const seen = { outcome: 'proven', attempts: 1, dollars: 0, durationMs: 1, head: change.head, failToPass: 1 };
  const record: StateRecord = {
    version: stateVersion,
    state: 'PR_DRAFT',
    issue: '1',
    text: 'digest',
    run: 'run',
    branch,
    base: { branch: 'main', commit: 'b'.repeat(40) },
    change,
    report: { ...seen, ...report },
  };
  return `${statusMarker}\nopened a draft\n\n${encodeState(record)}\n`;
}

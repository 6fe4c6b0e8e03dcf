import type { StateRecord } from '../state.ts';
import { slashCommands, type Slash, type SlashCommand } from '../slash.ts';
import { count, sanitise } from '../text.ts';
import { code, describeDuration } from './words.ts';

/** What we say to a command in a comment. Facts come from the record, words of others are sanitised. */

const meanings: Record<SlashCommand, string> = {
  solve: 'solve this issue',
  retry: 'start a new run',
  explain: 'say where this stands, and why',
  'tests-only': 'only write the test that shows the bug',
  approve: 'approve the plan, where one waits',
  stop: 'end the run and let the issue go',
  skip: 'leave this issue alone',
};

/** A word that is no command: what was probably meant, and what there is. */
export function renderMisread({ written, near }: Extract<Slash, { ok: false }>): string {
  const said = written === '' ? 'No command was given.' : `${code(written)} is no command.`;
  const meant = near === undefined ? '' : ` Did you mean ${code(`/bugloop ${near}`)}?`;
  const list = slashCommands.map((command) => `- ${code(`/bugloop ${command}`)} – ${meanings[command]}`);
  return sanitise([`${said}${meant}`, '', ...list].join('\n'));
}

/** Where the issue stands and why, from the record of the last run. */
export function renderExplanation(record: StateRecord | undefined): string {
  if (record === undefined) return 'No run of this issue has left anything here yet.';
  const { state, run, branch, base, report, change, progress } = record;
  const lines = [
    `State ${code(state)}, last run ${code(run)}, from ${code(base.commit.slice(0, 12))}.`,
    ...(report === undefined ? [] : [explainReport(report)]),
    ...(report?.escalation === undefined
      ? []
      : [`It stopped because of ${code(report.escalation.code)}: ${report.escalation.message}`]),
    ...(progress === undefined ? [] : [`Work in progress: ${code(branch)} at ${code(progress.commit.slice(0, 12))}.`]),
    ...(change?.number === undefined ? [] : [`The proposed change is #${change.number}.`]),
  ];
  return sanitise(lines.join('\n\n'));
}

function explainReport({ outcome, attempts, dollars, durationMs, failToPass }: NonNullable<StateRecord['report']>): string {
  const proof = failToPass === 0 ? 'no test went from red to green' : `${count(failToPass, 'test')} went from red to green`;
  return `The run was ${code(outcome)} after ${count(attempts, 'attempt')}, ${describeDuration(durationMs)} and $${dollars.toFixed(2)}; ${proof}.`;
}

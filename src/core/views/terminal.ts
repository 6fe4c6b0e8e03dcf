import type { RunReport } from '../report.ts';
import { count, oneLine } from '../text.ts';
import { describeDollars, describeDuration } from './words.ts';

/** The result for a person at a terminal, plain text; colour is the terminal's business. */
export function renderOutcome(report: RunReport, runDir: string): string {
  const lines = [headline(report), '', ...facts(report, runDir)];
  if (report.proof !== undefined) lines.push('', ...proofLines(report));
  if (report.outcome === 'reproduced') lines.push('', ...redLines(report));
  if (report.needsHuman.length > 0) {
    lines.push(
      '',
      'A person has to look at:',
      ...report.needsHuman.slice(0, 10).map(({ message, path }) => `  - ${path === undefined ? '' : `${path}: `}${message}`),
    );
  }
  if (report.outcome !== 'proven' && report.suspects.length > 0) {
    lines.push(
      '',
      'Most suspicious places:',
      ...report.suspects.slice(0, 5).map(({ path, line, why }) => `  ${path}${line === undefined ? '' : `:${line}`}  ${why}`),
    );
  }
  return `${lines.join('\n')}\n`;
}

function headline({ outcome, branch, escalation, issue }: RunReport): string {
  switch (outcome) {
    case 'proven':
      return `Proven: ${branch} fixes “${issue.title}”`;
    case 'reproduced':
      return `Reproduced: a test shows “${issue.title}”, and nothing is mended`;
    case 'nothing-to-do':
      return `Nothing to do: ${escalation?.message ?? ''}`;
    case 'escalated':
      return `Needs a human (${escalation?.code ?? 'unknown'}): ${escalation?.message ?? ''}`;
    case 'stopped':
      return `Stopped: ${escalation?.message ?? ''}; nothing was published, the work so far is kept`;
    default:
      return `Not finished (${outcome}): ${escalation?.message ?? ''}; the work so far is kept`;
  }
}

function facts(report: RunReport, runDir: string): string[] {
  const { change, cost, run, attempts, outcome } = report;
  const size =
    change === undefined
      ? 'nothing changed'
      : `${count(change.files.length, 'file')}, +${change.addedLines} −${change.removedLines}`;
  const price = cost.usage.calls === 0 ? 'no model called' : describeDollars(cost);
  const rows: [string, string][] = [
    ['attempts', String(attempts.length)],
    ['change', size],
    ['took', `${describeDuration(run.durationMs)}, ${price}`],
    ['run', runDir],
    ...reviewerRow(report),
    ...nextSteps(outcome, runDir),
  ];
  return rows.map(([name, value]) => `  ${name.padEnd(9)} ${value}`);
}

function reviewerRow({ reviewers = [] }: RunReport): [string, string][] {
  const people = reviewers.map(({ login, share }) => `${login} (${share} % of the lines)`);
  return people.length === 0 ? [] : [['reviewer', people.join(', ')]];
}

/** What a person would type next. */
function nextSteps(outcome: RunReport['outcome'], runDir: string): [string, string][] {
  if (outcome === 'proven') return [['verify', `bugloop verify ${runDir}`]];
  if (outcome === 'reproduced') return [['go on', 'bugloop resume, with the same issue, mends it']];
  return ['interrupted', 'transient', 'stopped'].includes(outcome) ? [['go on', 'bugloop resume, with the same issue']] : [];
}

function redLines({ reproduction }: RunReport): string[] {
  const { red = [], tests = [] } = reproduction ?? {};
  return tests.slice(0, 10).map(({ id, kind, message }) => `  red ${red.length}×  ${id} (${kind}): ${oneLine(message, 160)}`);
}

function proofLines({ proof, baseline }: RunReport): string[] {
  if (proof === undefined) return [];
  const tests = proof.failToPass
    .slice(0, 10)
    .map(({ id, kind }) => `  red ${proof.red.length}× → green ${proof.green.length}×  ${id} (${kind})`);
  const { before, after } = proof.suite;
  const coverage = proof.coverage === undefined ? 'not measured' : `${proof.coverage.before} % → ${proof.coverage.after} %`;
  return [
    ...tests,
    `  suite     ${before.passed} passed, ${before.failed} failed → ${after.passed} passed, ${after.failed} failed (${baseline?.runner ?? 'unknown runner'})`,
    `  coverage  ${coverage}; changed lines executed by the red tests: ${proof.executesChange}`,
  ];
}

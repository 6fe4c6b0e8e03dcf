import type { RunReport } from '../report.ts';
import { describeHalt } from '../halt.ts';
import { addUp, encodeState, summarise, type StateRecord } from '../state.ts';
import { cap, count, sanitise } from '../text.ts';
import { code, describeDollars, describeDuration } from './words.ts';

/** GitHub refuses longer bodies (65,536 characters). */
const maxBody = 60_000;

/** Tells our status comment from everything else we write; who wrote it is asked of the forge. */
export const statusMarker = '<!-- bugloop:status -->';

/** The one comment that says where an issue stands, with the record for machines hidden at its end. */
export function renderStatus(record: StateRecord, report?: RunReport): string {
  const table = report === undefined ? remember(record) : facts(report);
  const visible = [headline(record), ...table, ...suggestion(record)].join('\n');
  return `${statusMarker}\n${cap(visible, maxBody - 8_000)}\n\n${encodeState(record)}\n`;
}

function headline({ state, run, change, progress, branch, report, plan, halt }: StateRecord): string {
  switch (state) {
    case 'ASSIGNED':
      return plan === undefined || plan.approvedBy !== undefined
        ? `**bugloop** has taken this issue (run ${code(run)}).`
        : `**bugloop** waits for somebody with write permission to approve the plan: comment \`/bugloop approve\`.`;
    case 'SOLVING':
      return `**bugloop** is solving this issue (run ${code(run)}).`;
    case 'PR_DRAFT':
      return change?.number === undefined
        ? `**bugloop** left a proven fix on ${code(branch)}.`
        : `**bugloop** opened #${change.number} with a proven fix.`;
    case 'REVIEWING':
      return `**bugloop** answers the review of #${change?.number ?? 0}.`;
    case 'READY':
      return `**bugloop** opened #${change?.number ?? 0} with a proven fix. It is ready for review.`;
    case 'MERGED':
      return `The fix was merged.`;
    case 'ESCALATED':
      if (report?.escalation === undefined && change !== undefined) {
        return `**bugloop** answered the review of #${change.number ?? 0}; some of it waits for a person.`;
      }
      return `**bugloop** needs a human: ${code(report?.escalation?.code ?? 'unknown')}, ${sanitise(report?.escalation?.message ?? '')}`;
    default: {
      const kept = progress === undefined ? '' : ` The work so far is on ${code(branch)}.`;
      if (halt?.run === run)
        return `**bugloop** rests: ${sanitise(describeHalt(halt))}. \`/bugloop solve\` starts it again.${kept}`;
      if (report?.outcome === 'reproduced') {
        const place = progress === undefined ? 'its run directory' : code(branch);
        return `**bugloop** left a test that shows the bug on ${place}, and mended nothing. \`/bugloop solve\` builds on it.`;
      }
      return `**bugloop** stopped (${code(report?.outcome ?? 'released')}) and can go on: set the trigger label again.${kept}`;
    }
  }
}

function facts(report: RunReport): string[] {
  const { attempts, cost, run, proof, change } = report;
  const price = cost.usage.calls === 0 ? 'no model called' : describeDollars(cost);
  const size =
    change === undefined
      ? 'nothing changed'
      : `${count(change.files.length, 'file')}, +${change.addedLines} −${change.removedLines}`;
  return [
    '',
    '| | |',
    '|---|---|',
    `| attempts | ${attempts.length} |`,
    `| change | ${size} |`,
    ...(proof === undefined ? [] : [`| red → green | ${count(proof.failToPass.length, 'test')} |`]),
    ...redRows(report),
    `| took | ${describeDuration(run.durationMs)}, ${price} |`,
    ...inAll(summarise(report)),
  ];
}

/** What the new tests showed, each time they were run on the source as it is. */
function redRows({ reproduction }: RunReport): string[] {
  if (reproduction === undefined) return [];
  return reproduction.tests
    .slice(0, 10)
    .map(({ id, kind, message }) => `| red ${reproduction.red.length}× | ${code(id)} (${kind}): ${code(message)} |`);
}

/** The same of the run that made the head, where only the record knows of it. */
function remember({ report, change }: StateRecord): string[] {
  if (report === undefined || change === undefined) return [];
  const { attempts, failToPass, durationMs, dollars } = report;
  return [
    '',
    '| | |',
    '|---|---|',
    `| attempts | ${attempts} |`,
    `| red → green | ${count(failToPass, 'test')} |`,
    `| took | ${describeDuration(durationMs)}, $${dollars.toFixed(2)} |`,
    ...inAll(report),
  ];
}

function inAll(summary: NonNullable<StateRecord['report']>): string[] {
  if (summary.earlier === undefined) return [];
  const { runs, attempts, dollars, durationMs } = addUp(summary);
  return [`| in all ${runs} rounds | ${count(attempts, 'attempt')}, ${describeDuration(durationMs)}, $${dollars.toFixed(2)} |`];
}

/** Names in code: a suggestion calls nobody. */
function suggestion({ reviewers = [] }: StateRecord): string[] {
  if (reviewers.length === 0) return [];
  const people = reviewers.map(({ login, share }) => `${code(login)} (${share} %)`);
  return ['', `Wrote most of the lines it changes: ${people.join(', ')}.`];
}

/** Where the work of a stuck run is, and how it goes on. */
export interface Whereabouts {
  /** Branch with the work in progress, where it could be pushed. */
  branch?: string;
  runDir: string;
  /** Sanitised already; the last failing output. */
  output?: string;
  trigger: string;
}

/** The comment that hands a stuck issue to people: why, what was tried, the last output, where the work is, how to go on. */
export function renderEscalation(report: RunReport, where: Whereabouts): string {
  const { escalation, attempts, issue } = report;
  const tried = attempts.map(({ number, stage, reasons }) => {
    const [first] = reasons;
    return `- attempt ${number} ended at ${stage}${first === undefined ? '' : `: ${sanitise(first.message.split('\n', 1)[0] ?? '').slice(0, 300)}`}`;
  });
  const failing = attempts.at(-1)?.failing ?? [];
  return cap(
    [
      `**bugloop** could not finish this: ${code(escalation?.code ?? 'unknown')}. ${sanitise(escalation?.message ?? '')}`,
      '',
      '**What was tried**',
      '',
      ...(tried.length === 0 ? ['nothing: the run ended before the first attempt'] : tried.slice(-20)),
      ...(failing.length === 0 ? [] : ['', `Tests that still fail: ${failing.slice(0, 10).map(code).join(', ')}`]),
      ...(where.output === undefined || where.output === '' ? [] : ['', '**Last output**', '', ...fenced(where.output)]),
      '',
      where.branch === undefined
        ? `The work in progress stays in the run directory ${code(where.runDir)}.`
        : `The work in progress is on the branch ${code(where.branch)}.`,
      '',
      `To go on: ${code(`bugloop resume ${issue.number ?? issue.id}`)}, or set the label ${code(where.trigger)} again.`,
      '',
    ].join('\n'),
    maxBody,
  );
}

/** A fence longer than any in the text, so that the text cannot end it. */
function fenced(text: string): string[] {
  const longest = Math.max(2, ...[...text.matchAll(/`+/g)].map(([run]) => run.length));
  const fence = '`'.repeat(longest + 1);
  return [`${fence}text`, cap(text, 6_000), fence];
}

/** The comment that asks for approval of a plan. */
export function renderPlanRequest(plan: string, record: StateRecord): string {
  return cap(
    `${fenced(plan.trimEnd()).join('\n')}\n\nApprove it with \`/bugloop approve\`. Nothing runs before (run ${code(record.run)}).\n`,
    maxBody,
  );
}

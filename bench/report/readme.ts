import type { Report, Row, Taken } from '../bench.ts';
import { barOf, callsOf, format, verdictOf } from './table.ts';

const [begin, end] = ['<!-- performance: npm run bench:readme -->', '<!-- /performance -->'];

/** The figures that have a bar or something to compare with, as a Markdown table. */
export function renderPerformance(report: Report): string {
  const rows = report.results.flatMap((result) => result.rows).filter(({ bar, peer }) => bar !== undefined || peer !== undefined);
  const { machine } = report;
  return [
    '| | figure | bar | limit, or what else there is |',
    '|---|---|---|---|',
    ...rows.toSorted(byId).map(renderRow),
    '',
    ...callsOf(report.results).map(({ call }) => renderCall(call)),
    `${machine.cpus} × ${machine.model}, Node ${machine.node}.`,
    'Times are ratios of runs in turn. [All figures](bench/results/results.json), [with plots](bench/results/index.html).',
  ].join('\n');
}

function renderCall({ command, commit, date, load }: Taken): string {
  return `\`${command}\` at \`${commit.slice(0, 12)}\`, ${date}, load up to ${load.toFixed(1)}.`;
}

/** S1, S2 … O1 … in the order they were measured, otherwise by their letter and number. */
function byId(a: Row, b: Row): number {
  return order.indexOf(a.id[0] ?? '') - order.indexOf(b.id[0] ?? '') || a.id.localeCompare(b.id);
}
const order = 'SLOPCMGRV';

function renderRow(row: Row): string {
  const verdict = verdictOf(row);
  const figure = verdict === 'missed' ? `**${format(row.value, row.unit)}** missed` : format(row.value, row.unit);
  const beside = [row.limit, row.peer].flatMap((one) => (one === undefined ? [] : `${format(one.value, row.unit)} ${one.what}`));
  return `| ${row.id} ${row.what} | ${figure} | ${barOf(row)} | ${beside.join(' · ')} |`;
}

/** Throws where the markers are not there. */
export function replaceSection(text: string, section: string): string {
  const [from, to] = [text.indexOf(begin), text.indexOf(end)];
  if (from === -1 || to < from) throw new Error(`the text has no ${begin} … ${end}`);
  return `${text.slice(0, from + begin.length)}\n\n${section}\n\n${text.slice(to)}`;
}

import type { Report, Result, Row } from '../bench.ts';
import { drawBars, drawPoints, escape, type Bar } from './svg.ts';
import { barOf, callsOf, format, verdictOf } from './table.ts';

/** One page without scripts or anything from elsewhere: every figure with its bar, its limit and what else there is. */
export function drawPage(report: Report): string {
  const { machine, results } = report;
  const rows = results.flatMap((result) => result.rows);
  const judged = rows.filter(({ bar }) => bar !== undefined);
  const reached = judged.filter((row) => verdictOf(row) === 'reached');
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>bugloop, measured</title>
<style>${style}</style>
<main>
<h1>bugloop, measured</h1>
${callsOf(results).map(drawCall).join('\n')}
<p>${machine.cpus} × ${escape(machine.model)}, ${machine.memoryGB} GB, Node ${escape(machine.node)}.</p>
<p><b>${reached.length} of ${judged.length} bars reached.</b> Times are ratios of runs in turn; a command against itself says how much of them is noise.</p>
${results.map(drawResult).join('\n')}
</main>
</html>
`;
}

function drawCall({ call, results }: ReturnType<typeof callsOf>[number]): string {
  const { command, commit, dirty, date, load } = call;
  const minutes = Math.round(results.reduce((total, { seconds }) => total + seconds, 0) / 60);
  return `<p><code>${escape(command)}</code> at <code>${escape(commit.slice(0, 12))}</code>${dirty ? ' with changes' : ''}, ${escape(date)},
in ${minutes} minutes, load up to ${load.toFixed(1)}.</p>`;
}

function drawResult({ title, rows, broken }: Result): string {
  const body = broken === undefined ? rows.map(drawRow).join('\n') : `<p class="missed">Broken: ${escape(broken)}</p>`;
  return `<h2>${escape(title)}</h2>\n${body}`;
}

function drawRow(row: Row): string {
  const verdict = verdictOf(row);
  const bar = verdict === '' ? '' : ` <span class="${verdict}">${verdict}, bar ${escape(barOf(row))}</span>`;
  const note = row.note === undefined ? '' : `<p>${escape(row.note)}</p>`;
  return `<section><h3>${row.id} · ${escape(row.what)}${bar}</h3>\n${drawFigure(row)}\n${drawSamples(row)}${note}</section>`;
}

function drawFigure(row: Row): string {
  const beside = (style: Bar['style'], found: Row['limit']): Bar[] =>
    found === undefined || !Number.isFinite(found.value)
      ? []
      : [{ label: found.what, value: found.value, text: format(found.value, row.unit), style }];
  const verdict = verdictOf(row);
  const own: Bar = {
    label: 'bugloop',
    value: row.value,
    text: format(row.value, row.unit),
    style: verdict === 'missed' ? 'bad' : verdict === 'reached' ? 'good' : 'plain',
  };
  const mark = row.bar === undefined ? undefined : { value: row.bar.value, text: barOf(row) };
  return drawBars([own, ...beside('peer', row.peer), ...beside('limit', row.limit)], mark);
}

function drawSamples({ samples, bar, unit }: Row): string {
  if (samples === undefined || samples.length < 3) return '';
  const marks = bar === undefined ? [] : [{ value: bar.value, text: `bar ${format(bar.value, unit)}` }];
  return drawPoints(samples, marks, (value) => format(value, unit));
}

const style = `
:root { color-scheme: light dark; --ink: light-dark(#1d2129, #e6e6e6); --dim: light-dark(#667, #99a); --paper: light-dark(#fff, #16181d);
  --good: light-dark(#1a7f4b, #3fb879); --bad: light-dark(#c0392b, #ef6a5b); --peer: light-dark(#b58900, #d9a73a); --limit: light-dark(#bbc4d0, #4a5363);
  --plain: light-dark(#4a76b8, #6d9be0) }
body { background: var(--paper); color: var(--ink); font: 15px/1.5 system-ui, sans-serif; margin: 0 }
main { max-width: 800px; margin: 2rem auto; padding: 0 1rem }
h2 { margin: 2.5rem 0 .5rem; border-bottom: 1px solid var(--limit) }
h3 { font-size: 1rem; margin: 1.2rem 0 .3rem }
h3 span { font-weight: normal; margin-left: .5rem }
section p { color: var(--dim); margin: .2rem 0; font-size: .9rem }
.reached { color: var(--good) } .missed { color: var(--bad) }
svg { max-width: 100%; height: auto; display: block }
svg text { font: 12px system-ui, sans-serif; fill: var(--ink) }
svg text.label { text-anchor: end; fill: var(--dim) }
svg text.mark { text-anchor: middle; fill: var(--dim) }
rect.good { fill: var(--good) } rect.bad { fill: var(--bad) } rect.plain { fill: var(--plain) } rect.peer { fill: var(--peer) } rect.limit { fill: var(--limit) }
line.mark { stroke: var(--dim); stroke-dasharray: 4 3 } line.axis { stroke: var(--limit) } circle { fill: var(--plain); opacity: .8 }
`;

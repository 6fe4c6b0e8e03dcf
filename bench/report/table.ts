import { styleText } from 'node:util';
import { reaches, type Result, type Row, type Taken, type Unit } from '../bench.ts';

/** A figure in the fewest digits that still tell. */
export function format(value: number, unit: Unit): string {
  if (!Number.isFinite(value)) return '–';
  switch (unit) {
    case '×':
      return `${value.toFixed(value < 10 ? 2 : 1)} ×`;
    case 'ms':
      return value < 10 ? `${value.toFixed(1)} ms` : `${Math.round(value)} ms`;
    case 's':
      return `${value.toFixed(value < 10 ? 2 : 1)} s`;
    case 'bytes':
      return value < 1024 ? `${Math.round(value)} B` : `${(value / 1024).toFixed(1)} KB`;
    case 'MB':
      return `${value.toFixed(value < 10 ? 1 : 0)} MB`;
    case '%':
      return `${Number(value.toFixed(1))} %`;
    case 'dollars':
      return `$${value.toFixed(3)}`;
    default:
      return `${Number(value.toFixed(1))} ${unit}`;
  }
}

export function verdictOf(row: Row): 'reached' | 'missed' | '' {
  const reached = reaches(row);
  return reached === undefined ? '' : reached ? 'reached' : 'missed';
}

export function barOf({ bar, unit }: Row): string {
  return bar === undefined ? '' : `${bar.is} ${format(bar.value, unit)}`;
}

export function besideOf({ limit, peer, unit }: Row): string[] {
  return [
    ...(limit === undefined ? [] : [`limit ${format(limit.value, unit)}: ${limit.what}`]),
    ...(peer === undefined ? [] : [`else ${format(peer.value, unit)}: ${peer.what}`]),
  ];
}

/** The calls that results are of, each with its results, the latest first. */
export function callsOf(results: readonly Result[]): { call: Taken; results: Result[] }[] {
  return [...Map.groupBy(results, ({ taken }) => nameOf(taken)).values()].flatMap((group) => {
    const [first] = group;
    if (first === undefined) return [];
    return [{ call: { ...first.taken, load: Math.max(...group.map(({ taken }) => taken.load)) }, results: group }];
  });
}

const nameOf = ({ commit, dirty, date, command }: Taken): string => [commit, dirty, date, command].join();

/** The figures as plain lines for a terminal. */
export function renderTable(results: readonly Result[], colour = false): string {
  const paint = (style: 'green' | 'red' | 'dim' | 'bold', text: string): string => (colour ? styleText(style, text) : text);
  const rows = results.flatMap((result) => result.rows);
  const width = Math.max(0, ...rows.map(({ what }) => what.length));
  const blocks = results.map(({ title, rows, broken, seconds }) => {
    const head = `${paint('bold', title)} ${paint('dim', `${Math.round(seconds)} s`)}`;
    if (broken !== undefined) return `${head}\n  ${paint('red', `broken: ${broken}`)}`;
    return [head, ...rows.map((row) => renderRow(row, width, paint))].join('\n');
  });
  return `\n${blocks.join('\n\n')}\n`;
}

function renderRow(row: Row, width: number, paint: (style: 'green' | 'red' | 'dim', text: string) => string): string {
  const verdict = verdictOf(row);
  const mark = verdict === 'reached' ? paint('green', 'reached') : verdict === 'missed' ? paint('red', 'MISSED ') : '       ';
  const figure = format(row.value, row.unit).padStart(10);
  const notes = [...besideOf(row), ...(row.note === undefined ? [] : [row.note])];
  const more = notes.map((note) => `\n${' '.repeat(15)}${paint('dim', note)}`).join('');
  return `  ${row.id.padEnd(3)} ${mark} ${row.what.padEnd(width)} ${figure}  ${barOf(row)}${more}`;
}

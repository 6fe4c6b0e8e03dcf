import { signalOf, type Condition, type GateVerdict } from '../gate.ts';
import { cap, oneLine, sanitise } from '../text.ts';

/** A forge cuts the line of a status there, in characters. */
const maxTitle = 140;
/** GitHub refuses a longer summary of a check run (65,535 characters). */
const maxTable = 60_000;

const marks: Readonly<Record<Condition['state'], string>> = { met: '✅', 'not-asked': '➖', waiting: '🕓', unmet: '❌' };

/** One line: ready, or how many conditions are not met and which. */
export function renderGateTitle(verdict: GateVerdict): string {
  if (verdict.ok) return 'Ready: every condition is met';
  const open = verdict.conditions.filter(({ state }) => state === 'unmet' || state === 'waiting').map(({ name }) => name);
  return oneLine(`Not ready: ${open.join(', ')}`, maxTitle);
}

/** The conditions as a Markdown table, then every reason by its code. Depends on nothing but the verdict. */
export function renderGateTable(verdict: GateVerdict): string {
  const rows = verdict.conditions.map(({ name, state, detail }) => `| ${marks[state]} | ${name} | ${cell(detail)} |`);
  const reasons = verdict.ok ? [] : ['', ...verdict.reasons.map(({ code, message }) => `- \`${code}\`: ${cell(message)}`)];
  const table = [`Commit ${verdict.head}`, '', '| | condition | |', '|---|---|---|', ...rows, ...reasons, ''].join('\n');
  return cap(table, maxTable);
}

/** The same for a terminal. */
export function renderGate(number: number, verdict: GateVerdict): string {
  const width = Math.max(...verdict.conditions.map(({ name }) => name.length));
  const words = { met: 'yes', 'not-asked': '–', waiting: 'wait', unmet: 'NO' } as const;
  const rows = verdict.conditions.map(
    ({ name, state, detail }) => `  ${words[state].padEnd(4)}  ${name.padEnd(width)}  ${oneLine(detail, 300)}`,
  );
  const head = `Change ${number} at ${verdict.head.slice(0, 12)}: ${verdict.ok ? 'ready' : signalOf(verdict) === 'pending' ? 'not ready yet' : 'not ready'}`;
  const reasons = verdict.ok ? [] : ['', ...verdict.reasons.map(({ code, message }) => `  - ${oneLine(message, 300)} (${code})`)];
  return [head, ...rows, ...reasons, ''].join('\n');
}

function cell(text: string): string {
  return sanitise(oneLine(text, 500)).replaceAll('|', '\\|');
}

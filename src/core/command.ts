import { parse } from 'shell-quote';
import type { Command } from './types.ts';

export type ParsedCommand = { ok: true; command: Command } | { ok: false; why: string };

/**
 * Splits a command line into arguments with a shell's quoting rules, and refuses whatever would need a shell to mean
 * what it says: operators, redirections, substitutions, variables, assignments. Patterns such as `test/*.js` stay as
 * they are written, because test runners expand them themselves.
 */
export function parseCommand(line: string): ParsedCommand {
  if (/[\n\r\0]/.test(line)) return { ok: false, why: 'holds a line break' };
  if (line.includes('`')) return { ok: false, why: 'holds the shell operator `' };
  if (!quotesAreClosed(line)) return { ok: false, why: 'holds a quote that is not closed' };
  const argv: string[] = [];
  for (const entry of parse(line, (name) => ({ op: `$${name}` }))) {
    if (typeof entry === 'string') argv.push(entry);
    else if ('comment' in entry) return { ok: false, why: 'holds the shell comment #' };
    else if (entry.op === 'glob') argv.push((entry as { pattern: string }).pattern);
    else return { ok: false, why: `holds the shell operator ${entry.op}` };
  }
  const [program, ...rest] = argv;
  if (program === undefined || program === '') return { ok: false, why: 'is empty' };
  if (/^[A-Za-z_]\w*=/.test(program)) return { ok: false, why: `holds the shell assignment ${program.split('=')[0]}=` };
  return { ok: true, command: [program, ...rest] };
}

/** Single quotes hold anything, double quotes and bare text know the backslash. */
function quotesAreClosed(line: string): boolean {
  return /^(?:[^'"\\]|\\.|'[^']*'|"(?:[^"\\]|\\.)*")*$/.test(line);
}

import type { BugloopError } from '../errors.ts';
import { clip, oneLine } from './text.ts';

/** Longest message that is shown whole, in characters. */
const longest = 1000;

/**
 * Lines for people: what is wrong with its stable code, then one way to mend it; every further problem the same way.
 * The stack is for `--debug` alone.
 */
export function renderError(error: BugloopError, options: { debug: boolean }): string {
  const lines = problemsOf(error).flatMap(({ code, message, hint }) => [
    `bugloop: ${clip(oneLine(message), longest)} [${code}]`,
    `  mend: ${oneLine(hint)}`,
  ]);
  if (options.debug) lines.push(...stackOf(error));
  return `${lines.join('\n')}\n`;
}

/** The same for programs. */
export function renderErrorJson(error: BugloopError): string {
  const problems = problemsOf(error).map(({ code, message, hint }) => ({ code, message: oneLine(message), hint: oneLine(hint) }));
  return `${JSON.stringify({ error: { ...problems[0], exit: error.exit, problems } }, null, 2)}\n`;
}

function problemsOf(error: BugloopError): readonly BugloopError[] {
  return [error, ...error.others];
}

function stackOf(error: unknown): string[] {
  if (!(error instanceof Error)) return [];
  return [...(error.stack ?? error.message).split('\n'), ...stackOf(error.cause)];
}

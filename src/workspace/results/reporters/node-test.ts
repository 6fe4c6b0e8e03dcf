/**
 * A node:test reporter that appends one JSON line per test to `$BUGLOOP_NODE_TEST`, with the path of enclosing suites,
 * the error's cause, and what a file that failed as a whole wrote to standard error. Copied next to the results and
 * loaded by the repository's own Node (20 or newer).
 */
import { appendFileSync } from 'node:fs';

interface Cause {
  name?: unknown;
  message?: unknown;
  stack?: unknown;
  code?: unknown;
  operator?: unknown;
}
interface Data {
  name?: string;
  nesting?: number;
  file?: string;
  entryFile?: string;
  skip?: unknown;
  todo?: unknown;
  message?: string;
  details?: { duration_ms?: number; type?: string; error?: { failureType?: string; message?: string; cause?: Cause | string } };
}
interface Line {
  path: string[];
  file: string | undefined;
  status: string;
  suite: boolean;
  duration: number | undefined;
  error?: object | undefined;
  stderr?: string | undefined;
}

const longest = 20_000;

export default async function* nodeTestLines(source: AsyncIterable<{ type: string; data: Data }>): AsyncGenerator<string> {
  /** Results whose enclosing test has not been reported yet, with their depth. */
  let inside: { depth: number; line: Line }[] = [];
  const stderr = new Map<string, string>();
  const out = process.env['BUGLOOP_NODE_TEST'] ?? '';
  for await (const { type, data } of source) {
    const file = data.entryFile ?? data.file;
    if (type === 'test:stderr') stderr.set(file ?? '', ((stderr.get(file ?? '') ?? '') + (data.message ?? '')).slice(-longest));
    if (type !== 'test:pass' && type !== 'test:fail') continue;
    const depth = data.nesting ?? 0;
    const children = inside.filter((entry) => entry.depth > depth);
    for (const { line } of children) line.path.unshift(data.name ?? '');
    const error = data.details?.error;
    const line: Line = {
      path: [data.name ?? ''],
      file,
      status: data.skip !== undefined || data.todo !== undefined ? 'skipped' : type === 'test:pass' ? 'passed' : 'failed',
      suite: data.details?.type === 'suite' || children.length > 0,
      duration: data.details?.duration_ms,
      error: error === undefined ? undefined : describe(error),
      stderr: error === undefined ? undefined : stderr.get(file ?? ''),
    };
    inside.push({ depth, line });
    if (depth > 0) continue;
    appendFileSync(out, inside.map((entry) => `${JSON.stringify(entry.line)}\n`).join(''));
    inside = [];
    if (type === 'test:fail') yield '';
  }
  if (inside.length > 0) appendFileSync(out, inside.map((entry) => `${JSON.stringify(entry.line)}\n`).join(''));
}

function describe(error: { failureType?: string; message?: string; cause?: Cause | string }): object {
  const cause = error.cause;
  const { failureType } = error;
  if (typeof cause !== 'object' || cause === null) return { failureType, message: String(cause ?? error.message) };
  const { name, message, stack, code, operator } = cause;
  return {
    failureType,
    name: typeof name === 'string' ? name : undefined,
    message: typeof message === 'string' ? message : 'thrown without a message',
    stack: typeof stack === 'string' ? stack : undefined,
    code: typeof code === 'string' ? code : undefined,
    compared: operator !== undefined,
  };
}

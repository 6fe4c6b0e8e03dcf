import { bareLine } from './frames.ts';

/** An error as the report shows it. */
export interface ReportedError {
  /** Class or kind, e.g. `TypeError`, `java.lang.IllegalStateException`, `panic`. */
  type: string;
  /** First line of the message, at most 500 characters; empty where there is none. */
  message: string;
}

const maxErrors = 50;
const suffix = '(?:Error|Exception|Failure|Fault|Warning|Interrupt|Violation|Panic|Throwable|Timeout)';
/** `Type: message`, `Type [CODE]: message`, or `Type` alone, at the start of a line. */
const typed = new RegExp(
  `^((?:[\\w$]{1,80}[.:\\\\]{1,2}){0,12}[A-Z_$][\\w$]{0,100}?${suffix}|Error|Exception)(?:\\d{0,3})(?: \\[([\\w.]{1,60})\\])?(?: \\(0x[0-9A-Fa-f]+\\))?(?:: ?(.*)|)$`,
);
const prefixes =
  /^(?:(?:fatal|PHP Fatal error:|Fatal error:)\s{1,3})?(?:(?:Unhandled exception[.:]|Unhandled Rejection[^:]{0,40}:|Uncaught exception:|Caught exception:|Exception in thread "[^"]{0,100}"|\(in promise\)|\[cause\]:|Caused by:|--->|Wrapped by:|Suppressed:|Error: Uncaught|Uncaught|Unhandled|✘|✖|×|●|error:|ERROR|FATAL|throw)\s{0,3}){0,3}/i;
const pythonBare = /^((?:[a-z_][\w]{0,60}\.){0,10}[A-Za-z_]\w{0,80})(?:: (.*))?$/;
const proseType = new RegExp(
  `(?<![\\w.$])((?:[A-Za-z_]\\w{0,60}(?:\\.|::)){0,8}[A-Z]\\w{0,60}?(?:Error|Exception))(?![\\w(.])(?:: ([^\\n\`]{1,400}))?`,
);

function error(type: string, message: string | undefined): ReportedError {
  return { type, message: (message ?? '').trim().slice(0, 500) };
}

interface Found extends ReportedError {
  /** Nested inside the one before it, or raised after it. */
  link: 'inner' | 'outer' | 'new';
}

function readNative(line: string): ReportedError | undefined {
  const panic = /^panic: (.{1,600}?)(?: \[recovered\])?$/.exec(line);
  if (panic !== null) return error('panic', panic[1]);
  const fatal = /^fatal error: (.{1,300})$/.exec(line);
  if (fatal !== null) return error('fatal error', fatal[1]);
  const oldRust = /^thread '[^']{0,100}'(?: \(\d+\))? panicked at '(.{0,500})', \S{1,300}\.rs:\d+/.exec(line);
  if (oldRust !== null) return error('panic', oldRust[1]);
  const ruby = /^(?:\S{1,300}:\d{1,9}:in .{1,200}?: )?(.{0,500}) \(((?:[A-Z]\w{0,80}::){0,8}[A-Z]\w{0,80})\)$/.exec(line);
  if (ruby !== null && (/:\d{1,9}:in /.test(line) || /(?:Error|Exception|NotFound|Invalid)$/.test(ruby[2] ?? '')))
    return error(ruby[2] ?? '', ruby[1]);
  const rails = /^((?:[A-Z]\w{0,80}::){1,8}[A-Z]\w{0,80}) \((.{0,500})\):?$/.exec(line);
  return rails === null ? undefined : error(rails[1] ?? '', rails[2]);
}

/** PHP puts the place at the end of the message. */
function withoutPlace(message: string): string {
  return message.replace(/ in \S{1,300}\.(?:php|inc|phtml)(?::| on line )\d{1,9}\.?$/, '');
}

function readError(line: string): ReportedError | undefined {
  const native = readNative(line);
  if (native !== undefined) return native;
  const match = typed.exec(line) ?? typed.exec(line.replace(prefixes, ''));
  if (match === null) return undefined;
  const type = match[1] ?? '';
  // "Error handling is broken" or a heading is prose, not an error line.
  if (match[3] === undefined && match[2] === undefined && !/^(?:[\w$]+[.:\\])+|.{6,}/.test(type)) return undefined;
  return error(type, withoutPlace(match[3] ?? ''));
}

const outerMark = /^(?:During handling of the above exception|The above exception was the direct cause)/;
const innerMark = /^(?:Caused by:|--->|\[cause\]:|cause:|Previous:|Next )/i;

function linkOf(line: string, pending: boolean): Found['link'] {
  if (pending) return 'outer';
  return innerMark.test(line) ? 'inner' : 'new';
}

function readAll(lines: readonly string[]): Found[] {
  const found: Found[] = [];
  let afterMark = false;
  let inPython = false;
  for (let i = 0; i < lines.length && found.length < maxErrors; i++) {
    const raw = lines[i] ?? '';
    const line = bareLine(raw);
    if (line === '') continue;
    if (outerMark.test(line)) afterMark = true;
    const rust = /^thread '.{0,100}?' (?:\(\d+\) )?panicked at \S{1,300}:$/.test(line);
    const inner = /^\s*---> /.test(raw);
    let seen = rust ? error('panic', bareLine(lines[i + 1] ?? '')) : readError(inner ? line.replace(/^---> /, '') : line);
    // The line after a Python trace is the exception, whatever its name.
    const flush = !/^[\s|]*\s{2}/.test(raw.replace(/^[\s>|]{0,8}(?=\S)/, ''));
    if (seen === undefined && inPython && flush && !/^(?:File |Traceback|\^|~|\.\.\.|During|The above|\[Previous)/.test(line)) {
      const bare = pythonBare.exec(line);
      if (bare !== null && (bare[2] !== undefined || /^[A-Z]|\./.test(line)) && indentOf(raw) <= indentOf(lines[i - 2] ?? '')) {
        seen = error(bare[1] ?? '', bare[2]);
      }
    }
    if (/^File ["\S]/.test(line) && /line \d+|:\d+/.test(line)) inPython = true;
    if (seen === undefined) continue;
    inPython = false;
    const isInner = innerMark.test(line) || inner;
    found.push({ ...seen, link: isInner ? 'inner' : linkOf(line, afterMark) });
    afterMark = false;
  }
  return found;
}

function indentOf(line: string): number {
  return line.length - line.trimStart().length;
}

/**
 * The error that a person would name, and the innermost cause where the trace has a chain: Java, JavaScript and .NET
 * print the cause last, Python prints it first.
 */
export function readErrors(lines: readonly string[], title: string): { error?: ReportedError; cause?: ReportedError } {
  const found = readAll(lines);
  const first = found[0];
  if (first === undefined) {
    const inTitle = readError(title.trim()) ?? readProse([title]);
    const seen = inTitle ?? readProse(lines);
    return seen === undefined ? {} : { error: seen };
  }
  let outer = 0;
  while (found[outer + 1]?.link === 'outer') outer += 1;
  if (outer > 0) return { error: bare(found[outer] ?? first), cause: bare(first) };
  let last = 0;
  while (found[last + 1]?.link === 'inner') last += 1;
  return last > 0 ? { error: bare(first), cause: bare(found[last] ?? first) } : { error: bare(first) };
}

function bare({ type, message }: ReportedError): ReportedError {
  return { type, message };
}

/** "It throws a `TypeError: x is not a function`" in running text. */
function readProse(lines: readonly string[]): ReportedError | undefined {
  for (const line of lines) {
    if (!line.includes('Error') && !line.includes('Exception')) continue;
    const match = proseType.exec(line.slice(0, 400));
    if (match !== null) return error(match[1] ?? '', match[2]?.replace(/["”')*_]+\.?$/, ''));
  }
  return undefined;
}

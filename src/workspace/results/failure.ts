import { stripVTControlCharacters } from 'node:util';
import type { FailureKind, TestFailure } from '../../core/types.ts';

/** What a runner tells about one red test, before it is classified. */
export interface RawFailure {
  name?: string | undefined;
  message?: string | undefined;
  stack?: string | undefined;
  code?: string | undefined;
  /** The runner or the error says that values were compared. */
  compared?: boolean | undefined;
  /** The runner itself says that time ran out. */
  timedOut?: boolean | undefined;
  /** Thrown while a test file was being loaded or its tests were being collected. */
  collecting?: boolean | undefined;
}

/** Longest failure message and stack that are kept, in characters. */
export const longestMessage = 2000;
const longestStack = 4000;

const loadCodes =
  /^(MODULE_NOT_FOUND|ERR_MODULE_NOT_FOUND|ERR_UNKNOWN_FILE_EXTENSION|ERR_REQUIRE_ESM|ERR_REQUIRE_CYCLE_MODULE|ERR_UNSUPPORTED_DIR_IMPORT|ERR_PACKAGE_PATH_NOT_EXPORTED|ERR_PACKAGE_IMPORT_NOT_DEFINED|ERR_UNSUPPORTED_TYPESCRIPT_SYNTAX|ERR_INVALID_TYPESCRIPT_SYNTAX|ERR_INVALID_MODULE_SPECIFIER|ERR_UNSUPPORTED_ESM_URL_SCHEME)$/;
const loadMessages = [
  /^(Error: )?Cannot find (module|package) ['"`]/i,
  /^Could not locate module /,
  /^(Error: )?Failed to (resolve import|load url|parse source)/i,
  /does not provide an export named/,
  /^(The requested module|Named export) /,
  /^Cannot use import statement outside a module/,
  /^Unknown file extension /,
  /^Missing ["'].*["'] specifier in .* package/,
  /^No test (suite )?found in (suite|file)/,
  /^Your test suite must contain at least one test/,
  /^(Transform failed|Jest encountered an unexpected token|Jest failed to parse a file)/,
  /^No tests? (were )?found/,
  /^(ModuleNotFoundError|ImportError)\b/,
];
/** A named import that does not exist, after a transform to property access. */
const missingImport = /\(0 ?, ?[\w$.]+\) is not a (function|constructor)/;
/** First frames of an error that Node's module loader, and not the code, threw. */
const loaderFrame =
  /\b(wrapSafe|compileSourceTextModule|internalCompileFunction|compileFunctionForCJSLoader|ModuleLoader|ModuleJob|NodeScript|new Script)\b|node:internal\/(modules|vm)|internal\/modules|^\s*at (Module\._|Object\.Module\._|createScript)/;
const assertionNames =
  /^(Assertion(Error)?|AssertError|.*AssertionError|UnexpectedError|ExpectationError|ExpectationFailed|ExpectationViolation)\b/i;
const assertionMessages = [
  /^(Assertion(Error)?|AssertionError \[ERR_ASSERTION\])\b/,
  /^expect\((\w|\.|\(|\)|…)*\)?\.?/,
  /^(Snapshot|Error: Snapshot) .*mismatched/,
  /^assert\b/,
  /^expected .* (to|not to) /is,
  /^E?\s*assert /,
];
const timeoutMessages = [
  /^(Test|Hook) timed out in \d+ ?ms/,
  /^(thrown: )?"?Exceeded timeout of [\d,. ]+ ?ms for a (test|hook)/,
  /^(Error: )?Timeout - Async callback was not invoked within/,
  /^(Error: )?Timeout of \d+ ?ms exceeded/i,
  /^(Error: )?timeout of \d+ ?ms exceeded/i,
  /^test timed out after \d+ ?ms/,
  /timed out after \d+ ?ms$/,
  /^timeout!$/,
  /^Promise returned by test never resolved/,
  /^(Failed: )?Timeout (\(?>?\s*[\d.]+ ?s)/,
  /^panic: test timed out after/,
];

/** Classifies one red test and cuts it to a size that can be shown. */
export function describeFailure(raw: RawFailure): TestFailure {
  const message = clean(raw.message ?? '');
  const stack = clean(raw.stack ?? '');
  const type = raw.name ?? typeOf(message) ?? typeOf(stack);
  const failure: TestFailure = {
    kind: kindOf({ ...raw, name: type, message, stack }),
    message: cut(message === '' ? (stack.split('\n')[0] ?? '') : message, longestMessage),
  };
  if (type !== undefined && type !== '') failure.type = type;
  if (stack !== '') failure.stack = cut(stack, longestStack);
  return failure;
}

function kindOf(raw: RawFailure & { message: string; stack: string }): FailureKind {
  const text = raw.message.replace(/^\w*(Error|Exception)(?: \[\w+\])?: /, '');
  const says = (patterns: readonly RegExp[]): boolean =>
    patterns.some((pattern) => pattern.test(text) || pattern.test(raw.message));
  if (raw.timedOut === true) return 'timeout';
  if (raw.code !== undefined && loadCodes.test(raw.code)) return 'load';
  if (says(timeoutMessages)) return 'timeout';
  if (raw.collecting === true) return 'load';
  if (raw.compared !== true && (says(loadMessages) || missingImport.test(raw.stack.split('\n')[0] ?? ''))) return 'load';
  if (raw.name === 'SyntaxError' && thrownByLoader(raw.stack)) return 'load';
  if (raw.compared === true || raw.code === 'ERR_ASSERTION') return 'assertion';
  if (raw.name !== undefined && assertionNames.test(raw.name)) return 'assertion';
  return says(assertionMessages) && isPlain(raw.name) ? 'assertion' : 'error';
}

/** A library that throws a bare `Error` for a failed expectation; a `TypeError` that starts with "expected" is none. */
function isPlain(name: string | undefined): boolean {
  return name === undefined || name === '' || name === 'Error' || name === 'JestAssertionError';
}

function thrownByLoader(stack: string): boolean {
  const frames = stack.split('\n').filter((line) => /^\s*at /.test(line));
  return frames.length === 0 || loaderFrame.test(frames[0] ?? '');
}

function typeOf(text: string): string | undefined {
  return /^(?:Uncaught |Unhandled )?([A-Z]\w*(?:Error|Exception|Failure|Interrupt|Exit)|Error|[A-Z]\w+Error)(?: \[\w+\])?(?::|$)/.exec(
    text,
  )?.[1];
}

/**
 * The failure that a run's plain output speaks of: the last uncaught error of a Node or Python process, a compiler's
 * complaint, a threshold. For runs that ended badly without a red test.
 */
export function failureFromOutput(output: string): TestFailure {
  const text = clean(output);
  const threshold = /^.*(?:coverage .*(?:threshold|not met|below)|does not meet (?:global )?threshold).*$/im.exec(text);
  const compiler = /^(?:error(?:\[E\d+\])?: .*|.*\berror TS\d+: .*|.*\[build failed\].*|Error: Command failed.*)$/m.exec(text);
  const thrown = thrownErrors(text).at(-1);
  if (thrown !== undefined) return thrown.failure;
  if (threshold !== null) return { kind: 'load', message: cut(threshold[0].trim(), longestMessage) };
  if (compiler !== null) return { kind: 'load', message: cut(compiler[0].trim(), longestMessage) };
  return { kind: 'error', message: cut(text.trim().split('\n').slice(-8).join('\n'), longestMessage) };
}

const uncaught =
  /^\s*(?:[\w ()]{0,40}: )?(?:Uncaught |Unhandled )?([A-Z][\w.]*(?:Error|Exception)|Error)(?: \[(\w+)\])?(?:: ([^\n]*)|(?=\n\s+at ))((?:\n(?!\s*at |\s*$).*){0,6})((?:\n\s*at .*)*)/gm;

interface Thrown {
  failure: TestFailure;
  /** The report of the error with the source line that Node prints in front of it. */
  text: string;
}

function thrownErrors(text: string): Thrown[] {
  return [...text.matchAll(uncaught)].map((match) => {
    const [whole, name, bracketCode, first = '', more, frames] = match;
    const end = match.index + whole.length;
    const code = bracketCode ?? /^\s*code: '(\w+)'/m.exec(text.slice(end, end + 400))?.[1];
    const message = `${name}${first === '' ? '' : `: ${first}`}${more}`.trim();
    const failure = describeFailure({ name: name?.split('.').at(-1), message, stack: `${message}${frames}`, code });
    return { failure, text: `${text.slice(Math.max(0, match.index - 300), match.index)}${whole}` };
  });
}

/** The uncaught error in a run's merged output that tells of `file`, where one does. */
export function failureAbout(file: string, output: string): TestFailure | undefined {
  return thrownErrors(clean(output)).find((thrown) => thrown.text.includes(file))?.failure;
}

/** Without colours, and without the frames that every message of a JSON reporter repeats. */
export function clean(text: string): string {
  return stripVTControlCharacters(text).replaceAll('\r\n', '\n').trim();
}

export function cut(text: string, longest: number): string {
  return text.length <= longest ? text : `${text.slice(0, longest - 1)}…`;
}

/** Splits `Error: message\n    at frame…`, the only thing that some JSON reports hold, into its parts. */
export function splitStack(text: string): { name: string | undefined; message: string; stack: string } {
  const stack = clean(text);
  const firstFrame = /\n\s+at (?:.*\(|async |file:|\/|node:|[\w.<>]+ )/.exec(stack)?.index ?? stack.length;
  const head = stack.slice(0, firstFrame).trim();
  const name = typeOf(head);
  return { name, message: head.replace(/^(?:[A-Z]\w*(?:Error|Exception)|Error)(?: \[\w+\])?:\s*/, '') || head, stack };
}

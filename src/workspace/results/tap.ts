import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Execution, RepoPath, TestFailure } from '../../core/types.ts';
import type { Plan, Report, Setting } from './adapter.ts';
import type { RawResult } from './assemble.ts';
import { planV8Coverage } from './lines/v8.ts';
import { cut, describeFailure, failureAbout, failureFromOutput, longestMessage } from './failure.ts';
import { linesOf, type Stdout } from './stdout.ts';

/** tape, node-tap 0.x to 21, and scripts that print the Test Anything Protocol. */
export function tap(setting: Setting): Plan {
  const { words, at } = setting.resolved;
  const isTap = /(^|\/)tap(\.js)?$|node_modules\/tap\//.test(words[at] ?? '');
  const isScript = /(^|\/)(node|nodejs)$/.test(words[at] ?? '');
  return {
    flags: isTap ? tapFlags(setting) : [],
    replaces: isTap ? { '--reporter': 2, '-R': 2, '--tap': 1 } : {},
    // Plain `node` takes one script.
    select: (files) => (isScript && files.length !== 1 ? [] : files),
    stdout: true,
    ...planV8Coverage(setting),
    async read(execution, stdout) {
      return readTap(stdout, setting, execution);
    },
  };
}

function tapFlags({ versionOf, files, coverage }: Setting): string[] {
  const [major = 18] = versionOf('tap');
  if (major < 1) return ['--tap'];
  // Instrumented sources would hide the lines; a threshold for the whole suite says nothing about a part of it.
  const measured = coverage || files !== undefined;
  if (major >= 18) return ['--reporter=tap', ...(measured ? ['--disable-coverage'] : [])];
  return ['--reporter=tap', ...(measured ? ['--no-coverage'] : []), ...(measured && major >= 15 ? ['--no-check-coverage'] : [])];
}

interface Point {
  ok: boolean;
  name: string;
  directive?: 'skip' | 'todo';
  durationMs?: number;
  /** Text of the diagnostic block. */
  diagnostic: string[];
  /** What was indented in front of this point. */
  children?: Level;
}
interface Group {
  name: string;
  points: Point[];
}
/** Points of one indentation, grouped by the comment that stood before them. */
interface Level {
  groups: Group[];
  plan?: number;
  count: number;
}
interface Document {
  level: Level;
  bailedOut?: string;
}

const pointLine = /^( *)(not )?ok\b(?: +(\d+))?(?: +- | +|$)(.*)$/;
const planLine = /^( *)1\.\.(\d+)(?:\s*#.*)?$/;
/** What producers say in comments about the run, and not about a test. */
const remark =
  /^(tests|pass|fail|skip|todo|ok|suites|cancelled|skipped|duration_ms|asserts|passed|failed)\b[: ]*[\d.]*$|^(failed|skipped|skip|todo:) *:? *\d+|^time=|^no tests|^ok$|^\s*$|^test count|^bailing|^SKIP /i;

/**
 * Reads TAP that may be mixed with a program's own output. A test is what the producer announces as one: a subtest, or
 * the points below a comment (tape); a point that stands alone is a test itself.
 */
export function readTap(stdout: Stdout, setting: Pick<Setting, 'root' | 'repoPath'>, execution: Execution): Report {
  const documents = parse(linesOf(stdout));
  const results = documents.flatMap(({ level }) => flatten(level, [], undefined, { ...setting, output: execution.output }));
  return { results, problem: problemOf(documents, results, execution) };
}

function parse(lines: Iterable<string>): Document[] {
  const documents: Document[] = [];
  let levels = new Map<number, Level>();
  /** Points whose subtest follows them in braces, by indentation. */
  const buffered = new Map<number, Point>();
  let last: { point: Point; indent: number } | undefined;
  let block: number | undefined;
  const levelAt = (indent: number): Level => {
    const level = levels.get(indent) ?? { groups: [], count: 0 };
    levels.set(indent, level);
    return level;
  };
  const open = (): Document => {
    levels = new Map();
    const document: Document = { level: levelAt(0) };
    documents.push(document);
    return document;
  };
  let document = open();
  for (const line of lines) {
    const indent = /^ */.exec(line)?.[0].length ?? 0;
    if (block !== undefined && last !== undefined) {
      if (indent <= block && line.trim() === '...') block = undefined;
      else if (indent < block && line.trim() !== '') block = undefined;
      else {
        last.point.diagnostic.push(line.slice(block));
        continue;
      }
      if (line.trim() === '...') continue;
    }
    if (last !== undefined && line.trim() === '---' && indent > last.indent) {
      block = indent;
      continue;
    }
    if (/^TAP version \d+/.test(line)) {
      if (document.level.count > 0) document = open();
      continue;
    }
    const point = pointLine.exec(line);
    if (point !== null && (point[3] !== undefined || /^ *(not )?ok( - |$)/.test(line))) {
      const here = point[1]?.length ?? 0;
      const children = take(levels, here);
      last = { point: pointOf(point, children), indent: here };
      const level = levelAt(here);
      level.count += 1;
      if (level.groups.length === 0) level.groups.push({ name: '', points: [] });
      level.groups.at(-1)?.points.push(last.point);
      if (line.endsWith('{')) buffered.set(here, last.point);
      continue;
    }
    if (line.trim() === '}' && buffered.has(indent)) {
      const children = take(levels, indent);
      const owner = buffered.get(indent);
      if (owner !== undefined && children !== undefined && children.count > 0) owner.children = children;
      buffered.delete(indent);
      continue;
    }
    const plan = planLine.exec(line);
    if (plan !== null) {
      levelAt(plan[1]?.length ?? 0).plan = Number(plan[2]);
      continue;
    }
    const bail = /^ *Bail out!\s*(.*)$/.exec(line);
    if (bail !== null) document.bailedOut = bail[1] ?? '';
    const comment = /^( *)# (.*)$/.exec(line);
    if (comment === null || remark.test(comment[2] ?? '')) continue;
    const [, spaces = '', said = ''] = comment;
    const announced = /^Subtest: (.*)$/.exec(said);
    // A subtest closes by its own point, so its announcement ends what a comment began.
    levelAt(spaces.length).groups.push({
      name: announced === null && !/^TAP version \d/.test(said) ? said.replace(/^(TODO|SKIP) /, '') : '',
      points: [],
    });
  }
  // Subtests that a crash left open.
  for (const [indent, level] of levels) {
    if (indent > 0) document.level.groups.push({ name: '', points: level.groups.flatMap((group) => group.points) });
  }
  return documents;
}

/** Ends every deeper indentation: it belongs to the point that follows. */
function take(levels: Map<number, Level>, indent: number): Level | undefined {
  const deeper = [...levels.keys()].filter((key) => key > indent).toSorted((a, b) => a - b);
  const [first] = deeper;
  const children = first === undefined ? undefined : levels.get(first);
  for (const key of deeper) levels.delete(key);
  return children;
}

function pointOf(match: RegExpExecArray, children: Level | undefined): Point {
  const rest = (match[4] ?? '').replace(/\s*\{$/, '').replaceAll('\\#', '\0');
  const directive = /#\s*(skip|todo)\b/i.exec(rest)?.[1]?.toLowerCase();
  const time = /#\s*time=([\d.]+)(ms|s)?/.exec(rest);
  return {
    ok: match[2] === undefined,
    name: rest
      .replace(/\s*#.*$/s, '')
      .replaceAll('\0', '#')
      .trim(),
    ...(directive === 'skip' || directive === 'todo' ? { directive } : {}),
    ...(time === null ? {} : { durationMs: Number(time[1]) * (time[2] === 's' ? 1000 : 1) }),
    diagnostic: [],
    ...(children === undefined || children.count === 0 ? {} : { children }),
  };
}

type Place = Pick<Setting, 'root' | 'repoPath'> & { output: string };

function flatten(level: Level, path: readonly string[], file: RepoPath | undefined, place: Place): RawResult[] {
  const results: RawResult[] = [];
  /** Results since the last file was closed, for the oldest producers, which name a file after its tests. */
  let open: RawResult[] = [];
  const add = (...more: RawResult[]): void => {
    results.push(...more);
    open.push(...more);
  };
  for (const group of level.groups) {
    const alone: Point[] = [];
    for (const point of group.points) {
      const named = file === undefined && path.length === 0 ? fileOf(point.name, place) : undefined;
      if (point.children !== undefined) add(...subtest(point, path, file, named, place));
      else if (named !== undefined) {
        flush();
        const own = open.filter((result) => result.file === undefined);
        for (const result of own) result.file = named;
        if (own.length === 0 || (!point.ok && !own.some((result) => result.status === 'failed'))) {
          results.push({
            file: named,
            path: [],
            status: statusOf([point]),
            failure: wholeFailure(point, named, own.length, place.output),
          });
        }
        open = [];
      } else alone.push(point);
    }
    flush();

    function flush(): void {
      const points = alone.splice(0);
      if (points.length === 0) return;
      if (group.name !== '') add(testOf(points, [...path, group.name], file));
      else if (path.length === 0 && file === undefined) add(...points.map((point) => testOf([point], [pointName(point)], file)));
      else {
        // A skipped or planned test leaves no subtest behind, only its point.
        const [announced, asserted] = [
          points.filter((point) => point.directive !== undefined),
          points.filter((point) => point.directive === undefined),
        ];
        if (asserted.length > 0) add(testOf(asserted, path, file));
        add(...announced.map((point) => testOf([point], [...path, pointName(point)], file)));
      }
    }
  }
  return results;
}

/** A subtest is a test where it makes assertions itself; otherwise its own subtests are. */
function subtest(
  point: Point,
  path: readonly string[],
  file: RepoPath | undefined,
  named: RepoPath | undefined,
  place: Place,
): RawResult[] {
  const here = named === undefined ? [...path, pointName(point)] : path;
  const inner = flatten(point.children ?? { groups: [], count: 0 }, here, named ?? file, place);
  for (const result of inner) {
    if (result.path.length === here.length && point.durationMs !== undefined) result.durationMs = point.durationMs;
  }
  if (point.ok || point.directive !== undefined || inner.some((result) => result.status === 'failed')) return inner;
  // A stream that broke off without a plan broke off in the test that was announced last.
  const running = point.children?.plan === undefined ? (point.children?.groups.at(-1)?.name ?? '') : '';
  const at = running === '' ? here : [...here, running];
  const own = inner.findLast((result) => result.path.length === at.length && (running === '' || result.path.at(-1) === running));
  const failure = wholeFailure(point, named, inner.length, place.output);
  const failed: RawResult = { file: named ?? file, path: at, status: 'failed', failure };
  return [...inner.filter((result) => result !== own), failed];
}

/** Why a file failed as a whole: newer producers leave that to standard error. */
function wholeFailure(point: Point, file: RepoPath | undefined, tests: number, output: string): TestFailure | undefined {
  if (point.ok || point.directive !== undefined) return undefined;
  const printed =
    file === undefined || point.diagnostic.some((line) => /^\s*stderr:/.test(line)) ? undefined : failureAbout(file, output);
  if (printed !== undefined) return printed;
  const failure = failureOf([point]);
  // Nothing ran and nothing was said: no evidence of anything but a file that does not load.
  return failure?.kind === 'error' && failure.type === undefined && tests === 0 ? { ...failure, kind: 'load' } : failure;
}

function testOf(points: readonly Point[], path: readonly string[], file: RepoPath | undefined): RawResult {
  const [first] = points;
  const durationMs = points.length === 1 ? first?.durationMs : undefined;
  return { file, path, status: statusOf(points), durationMs, failure: failureOf(points) };
}

function statusOf(points: readonly Point[]): RawResult['status'] {
  if (points.some((point) => !point.ok && point.directive === undefined)) return 'failed';
  return points.every((point) => point.directive !== undefined) ? 'skipped' : 'passed';
}

function pointName(point: Point): string {
  return point.name === '' ? '(unnamed)' : point.name;
}

function fileOf(name: string, { root, repoPath }: Place): RepoPath | undefined {
  const path = /\.[cm]?[jt]sx?$/.test(name) ? repoPath(name) : undefined;
  return path !== undefined && existsSync(join(root, path)) ? path : undefined;
}

/** The first red point tells why; the others are named. */
function failureOf(points: readonly Point[]): TestFailure | undefined {
  const [first, ...others] = points.filter((point) => !point.ok && point.directive === undefined);
  if (first === undefined) return undefined;
  const failure = failureOfPoint(first);
  if (others.length === 0) return failure;
  const names = others.map((point) => `not ok: ${pointName(point)}`).join('\n');
  return { ...failure, message: cut(`${failure.message}\n${names}`, longestMessage) };
}

function failureOfPoint(point: Point): TestFailure {
  const field = fieldsOf(point.diagnostic);
  const printed = field('stderr') ?? '';
  if (printed !== '') return failureFromOutput(printed);
  const inner = /^(Error thrown in test|Rejected promise returned by test)/.test(field('message') ?? '')
    ? (/\b([A-Z]\w*(?:Error|Exception)) \{/.exec(point.diagnostic.join('\n'))?.[1] ?? 'Error')
    : undefined;
  const type = inner ?? field('type') ?? field('name');
  const thrown =
    /Error$|Exception$/.test(type ?? '') && type?.startsWith('Assertion') !== true && field('operator') === undefined;
  const stack = field('stack') ?? field('at');
  if (point.diagnostic.length === 0 && (field('exitCode') ?? field('exit')) === undefined) {
    return describeFailure({ message: point.name, compared: !/^[A-Z]\w*Error\b/.test(point.name), stack });
  }
  const [wanted, found] = [field('expected') ?? field('wanted'), field('actual') ?? field('found')];
  const values =
    wanted === undefined && found === undefined ? (field('diff') ?? '') : `expected: ${wanted ?? ''}\nactual: ${found ?? ''}`;
  const said = field('message') ?? '';
  const detail = [
    said === '' || said === '~' ? point.name : said,
    inner === undefined ? values : point.diagnostic.join('\n').trim(),
  ]
    .filter((part) => part !== '')
    .join('\n');
  const timedOut =
    field('failureType') === 'testTimeoutFailure' ||
    field('expired') !== undefined ||
    /timed out after \d+ ?ms$|^timeout!$/.test(point.name);
  const exited = field('exitCode') ?? field('exit') ?? field('signal');
  return describeFailure({
    name: thrown ? type : undefined,
    message: detail,
    stack: stack ?? undefined,
    code: field('code'),
    // A file that ended with an exit code, and a thrown error, are no comparison.
    compared: !timedOut && !thrown && exited === undefined && field('tapCaught') === undefined,
    timedOut,
  });
}

/** Top-level fields of a diagnostic block: what producers write is seldom strict YAML. */
function fieldsOf(lines: readonly string[]): (name: string) => string | undefined {
  const base = Math.min(...lines.filter((line) => line.trim() !== '').map((line) => line.length - line.trimStart().length), 99);
  const fields = new Map<string, string[]>();
  let current: string[] = [];
  for (const line of lines) {
    const field = /^([A-Za-z_]\w*):(?: +(.*))?$/.exec(line.slice(base));
    if (field === null) current.push(line);
    else {
      const first = field[2] ?? '';
      current = /^[|>][-+]?$/.test(first.trim()) || first.trim() === '' ? [] : [first];
      if (!fields.has(field[1] ?? '')) fields.set(field[1] ?? '', current);
    }
  }
  return (name) =>
    fields
      .get(name)
      ?.map((line) => line.trim())
      .join('\n')
      .trim()
      .replace(/^(['"])(.*)\1$/s, '$2');
}

/** A stream that ended early is no success, and the test that was running when it did is red. */
function problemOf(documents: readonly Document[], results: RawResult[], execution: Execution): TestFailure | undefined {
  const bailed = documents.find((document) => document.bailedOut !== undefined);
  if (bailed !== undefined) return describeFailure({ message: `Bail out! ${bailed.bailedOut ?? ''}`.trim() });
  const early = documents.find(({ level }) => level.count > 0 && level.plan !== undefined && level.count < level.plan);
  if (early !== undefined)
    return { kind: 'error', message: `planned ${early.level.plan} tests, but only ${early.level.count} ran` };
  const unplanned = documents.some(({ level }) => level.count > 0 && level.plan === undefined);
  if (!unplanned) return undefined;
  const running = documents.at(-1)?.level.groups.at(-1)?.name ?? '';
  const crashed = execution.exitCode !== 0 && running !== '';
  if (crashed) {
    const last = results.at(-1);
    const failure = failureFromOutput(execution.output);
    if (last?.path.at(-1) !== running) results.push({ path: [running], status: 'failed', failure });
    else if (last.status === 'passed') Object.assign(last, { status: 'failed', failure });
    return undefined;
  }
  return execution.exitCode === 0
    ? { kind: 'error', message: 'the run ended before it told how many tests there are' }
    : undefined;
}

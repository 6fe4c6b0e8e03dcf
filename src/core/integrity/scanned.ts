import type { Assertion, Condition, Mark, Row, TestCase, TestFile } from './model.ts';
import { closingOf, scan, splitArguments } from './scan.ts';
import { assertionOf } from './scanned-assertions.ts';
import type { ScannedLanguage } from './scanned-language.ts';
import { walkBlocks, type Block } from './tree.ts';

interface Scope {
  titles: readonly string[];
  marks: Mark[][];
  target: Draft;
  conditions: Condition[];
  dead: Assertion['dead'];
  /** Tests that are declared here are not run, because of this. */
  hidden: string | undefined;
}
type Draft = Omit<TestCase, 'marks'> & { marks: Mark[][]; declared: Set<string> };

export function readScanned(language: ScannedLanguage, text: string): TestFile {
  const scanned = scan(text, language.lexicon);
  const drafts: Draft[] = [];
  const fileMarks: Mark[] = [];
  const rows: Row[] = [];
  const origins = new Map<string, string>();
  const draft = (titles: readonly string[], line: number, marks: Mark[][], conditions: Condition[]): Draft => {
    const made: Draft = { titles, line, marks, assertions: [], statements: [], conditions, hasBody: true, declared: new Set() };
    drafts.push(made);
    return made;
  };

  function readList(blocks: readonly Block[], scope: Scope): void {
    let here = scope;
    let attributes: Block[] = [];
    blocks.forEach((block, index) => {
      if (language.attribute.test(block.head) && block.children.length === 0 && !declares(block)) {
        attributes.push(block);
        return;
      }
      const table = block.code === '' && language.rows?.test(blocks[index - 1]?.head ?? '') === true;
      if (table) readTable(block.children);
      else read(block, blocks[index + 1], attributes, here);
      attributes = [];
      here = after(block, here);
    });
  }

  const declares = (block: Block): boolean => language.test(block, '') !== undefined || language.suite(block) !== undefined;

  /** What is known once a block was passed. */
  function after(block: Block, scope: Scope): Scope {
    const leaving = leavingOf(block);
    if (leaving === 'always') return { ...scope, dead: scope.dead ?? 'unreachable' };
    if (leaving !== undefined) return { ...scope, conditions: [...scope.conditions, leaving] };
    if (language.hides?.test(block.head) === true) return { ...scope, hidden: block.text };
    const first = block.children[0];
    if (
      language.condition.test(block.head) &&
      block.children.length === 1 &&
      first !== undefined &&
      leavingOf(first) === 'always'
    )
      return { ...scope, conditions: [...scope.conditions, conditionOf(block, 'not ')] };
    return scope;
  }

  function read(block: Block, next: Block | undefined, attributes: readonly Block[], scope: Scope): void {
    const heads = [...attributes.map(({ text }) => text), block.text].join('\n');
    const title = language.test(block, heads);
    const suite = title === undefined ? language.suite(block) : undefined;
    for (const attribute of attributes) readRows(attribute);
    if (title !== undefined || suite !== undefined) {
      const titles = [...scope.titles, title ?? suite ?? ''];
      const own = marksOf(language, heads, attributes[0]?.line ?? block.line);
      const marks = [...scope.marks, own];
      const unreached = scope.dead === 'unreachable' ? 'code that is never reached' : scope.hidden;
      const conditions: Condition[] =
        unreached === undefined ? scope.conditions : [...scope.conditions, { text: unreached, kind: 'never' }];
      if (title === undefined) noteDeclared(block, scope);
      if (title === undefined)
        return readList(block.children, { ...scope, titles, marks, conditions, dead: undefined, hidden: undefined });
      const target = draft(titles, block.line, marks, conditions);
      target.hasBody = block.children.length > 0;
      return readList(block.children, { titles, marks, target, conditions: [], dead: undefined, hidden: undefined });
    }
    noteDeclared(block, scope);
    if (readMark(block, scope)) return;
    const [statement, here] = withoutTrailing(block, scope);
    const made = assertionOf(language, statement, here);
    if (made !== undefined) {
      scope.target.assertions.push(made);
      return;
    }
    const table = readRows(block);
    if (isStatement(block) && scope.dead !== 'unreachable') scope.target.statements.push(block.text.slice(0, table));
    readList(block.children, inside(block, next, scope));
  }

  function noteDeclared({ head }: Block, scope: Scope): void {
    const name = language.declares
      ?.exec(head)
      ?.slice(1)
      .find((group) => group !== undefined);
    if (name === undefined) return;
    scope.target.declared.add(name);
    if (scope.target.titles[0] === '') origins.set(name, '');
  }

  /** `assert x if y`: the assertion, and what it depends on. */
  function withoutTrailing(block: Block, scope: Scope): [Block, Scope] {
    const match = language.trailing?.exec(block.head);
    if (match === null || match === undefined || block.children.length > 0 || match.index === 0) return [block, scope];
    const condition = conditionOf({ code: match[0].trim(), text: block.text.slice(match.index).trim() });
    const statement: Block = {
      ...block,
      code: block.code.slice(0, match.index),
      head: block.head.slice(0, match.index),
      text: block.text.slice(0, match.index),
    };
    const dead = condition.kind === 'never' ? (scope.dead ?? 'unreachable') : scope.dead;
    return [statement, { ...scope, conditions: [...scope.conditions, condition], dead }];
  }

  /** Leaves the test here: for good, or under a condition that is told. */
  function leavingOf({ head, text, code }: Block): 'always' | Condition | undefined {
    if (leaves.test(head)) {
      const match = language.trailing?.exec(head);
      if (match === null || match === undefined) return 'always';
      const [condition, code] = [text.slice(match.index).trim(), match[0].trim()];
      return isTrue(code) ? 'always' : conditionOf({ text: condition, code }, 'not ');
    }
    if (!language.condition.test(head) || !/\)\s*(return|break|continue)\b/.test(code.slice(-60))) return undefined;
    return isTrue(code.replace(/\s*(return|break|continue)\b.*$/, '')) ? 'always' : conditionOf({ text, code }, 'not ');
  }

  function inside(block: Block, next: Block | undefined, scope: Scope): Scope {
    if (
      language.attempt.test(block.head) &&
      next !== undefined &&
      language.handler.test(next.head) &&
      hidesFailure(language, next)
    )
      return { ...scope, dead: scope.dead ?? 'swallowed' };
    if (language.swallow?.test(block.head) === true) return { ...scope, dead: scope.dead ?? 'swallowed' };
    if (!language.condition.test(block.head)) return scope;
    const condition = conditionOf(block);
    if (condition.kind === 'never')
      return { ...scope, dead: scope.dead ?? 'unreachable', conditions: [...scope.conditions, condition] };
    return { ...scope, conditions: [...scope.conditions, condition] };
  }

  function readMark(block: Block, scope: Scope): boolean {
    const sink = scope.marks.at(-1) ?? fileMarks;
    const all = marksOf(language, block.text, block.line);
    sink.push(...all.filter(({ kind }) => kind === 'replace'));
    if (language.takesOut?.test(block.head) === true) sink.push({ kind: 'skip', text: block.head, line: block.line });
    // What chains to the end of a declaration says of it what stands at its beginning elsewhere.
    const inBody = all.filter(({ kind }) => kind !== 'replace' && (kind !== 'focus' || block.head.startsWith(')')));
    if (inBody.length === 0 || block.children.length > 0) return false;
    for (const mark of inBody)
      sink.push(mark.kind === 'skip' && scope.conditions.length > 0 ? { ...mark, kind: 'swallow' } : mark);
    return inBody.some(({ kind }) => kind !== 'focus');
  }

  function readTable(blocks: readonly Block[]): void {
    const lists = blocks.filter(({ code, children }) => children.length > 0 && isRow(code));
    for (const row of lists) rows.push({ line: row.line, text: [...walkBlocks([row])].map(({ text }) => text).join(' ') });
  }

  /** Answers where in the block the table begins, `undefined` where there is none. */
  function readRows(block: Block): number | undefined {
    if (language.rows?.test(block.head) !== true) return undefined;
    readTable(block.children);
    const open = block.code.search(/[[{]/) >= 0 ? block.code.search(/[[{]/) : block.code.indexOf('(');
    if (open < 0) return undefined;
    const parts = splitArguments(block.code, open + 1, closingOf(block.code, open) - 1);
    for (const [from, to] of parts) rows.push({ line: block.line, text: block.text.slice(from, to).trim() });
    return parts.length === 0 ? undefined : open;
  }

  readList(language.tree(scanned), {
    titles: [],
    marks: [],
    target: draft([''], 1, [fileMarks], []),
    conditions: [],
    dead: undefined,
    hidden: undefined,
  });
  for (const { condition, from, to } of regionsOf(language, text, drafts)) {
    for (const test of drafts.filter(({ line, titles }) => titles[0] !== '' && line >= from && line <= to))
      test.conditions = [...test.conditions, condition];
  }
  const tests = drafts.map(({ marks, ...test }): TestCase => ({ ...test, marks: test.titles[0] === '' ? [] : marks.flat() }));
  return { tests, marks: fileMarks, rows, comments: scanned.comments, origins };
}

interface Region {
  condition: Condition;
  /** 1-based, both included. */
  from: number;
  to: number;
}

function regionsOf({ directives = [] }: ScannedLanguage, text: string, tests: readonly { line: number }[]): Region[] {
  const lines = text.split('\n').map((line) => line.slice(0, 500));
  return directives.flatMap(({ opens, closes, reaches }) =>
    lines.flatMap((line, index): Region[] => {
      if (!opens.test(line)) return [];
      const from = index + 1;
      const end = closes === undefined ? -1 : lines.findIndex((other, at) => at > index && closes.test(other));
      const next = Math.min(...tests.map((test) => test.line).filter((at) => at >= from));
      return [
        {
          condition: { text: line.trim(), kind: closes === undefined ? 'environment' : 'other' },
          from,
          to: reaches === 'next' ? next : end < 0 ? Infinity : end + 1,
        },
      ];
    }),
  );
}

const isStatement = ({ code }: Block): boolean =>
  !/^(return|pass|\.\.\.|else|try|finally|begin|do|end)?[\s:{}();]*$/.test(code) && !isRow(code);
const isRow = (code: string): boolean => /^[,\s]*([\w"'_]+\s*:)?\s*$/.test(code.slice(0, 200));
const leaves = /^(return|break|continue|next)\b/;
/** A condition that always holds. */
const isTrue = (condition: string): boolean =>
  /^(if\s*\(?\s*(true|True|1|!false|not False)|unless\s+(false|nil))\s*\)?\s*:?$/.test(condition);

function conditionOf(block: Pick<Block, 'text' | 'code'>, prefix = ''): Condition {
  const text = prefix + block.text;
  const constant =
    /^(els?e?\s*)?(if|elif|while|unless)\s*\(?\s*(false|False|0|nil|None|!true|not True|1\s*==\s*2)\s*\)?\s*(:|then|&&.*|and .*)?$/.test(
      block.code,
    );
  if (constant || /^unless\s+true\b/.test(block.code)) return { text, kind: prefix === '' ? 'never' : 'other' };
  return {
    text,
    kind: /environ|getenv|Getenv|LookupEnv|env::var|\bENV\[|GetEnvironmentVariable|\$_ENV/.test(block.code)
      ? 'environment'
      : 'other',
  };
}

/** A handler that neither fails, nor raises again, nor asserts. */
function hidesFailure(language: ScannedLanguage, handler: Block): boolean {
  return ![...walkBlocks(handler.children)].some(
    ({ head }) =>
      /\b(throw|raise|fail|Fail|panic|abort)\b/.test(head) ||
      language.assertion.test(head) ||
      language.claim?.test(head) ||
      language.failure?.test(head),
  );
}

function marksOf(language: ScannedLanguage, head: string, line: number): Mark[] {
  const marks: Mark[] = [];
  const { code, visible } = scan(head, language.lexicon);
  const add = (kind: Mark['kind'], pattern: RegExp | undefined): void => {
    const match = pattern?.exec(code);
    if (match === null || match === undefined) return;
    const number = Number.parseFloat((match.slice(1).find((group) => group !== undefined) ?? '').replaceAll('_', ''));
    const text = visible.slice(match.index, match.index + match[0].length).trim();
    marks.push({ kind, text, line, value: Number.isNaN(number) ? Infinity : number });
  };
  add('skip', language.skip);
  add('expected-failure', language.expectedFailure);
  add('focus', language.focus);
  add('timeout', language.timeout);
  add('retry', language.retry);
  add('exit', language.exit);
  add('swallow', language.swallow);
  for (const pattern of language.replaces ?? []) {
    const match = pattern.exec(visible);
    if (match === null || code[match.index] !== visible[match.index]) continue;
    const name = match.slice(1).flatMap((group) => group?.split(/[^\w$]+/) ?? []);
    marks.push({ kind: 'replace', text: match[0].trim(), line, names: [name.filter((part) => part !== '').join('.')] });
  }
  return marks;
}

import { assertionsOf, readsAsAssertion, type Reach } from './javascript-assertions.ts';
import { countMark, declarationOf, timeoutMark, type Declaration } from './javascript-declarations.ts';
import { noteAsserting, noteImports } from './javascript-names.ts';
import { replacedBy, replacedByAssignment, standInsOf } from './javascript-stand-ins.ts';
import type { View } from './javascript-view.ts';
import { assertLibraries, hooks, testLibraries } from './javascript-words.ts';
import type { Condition, Mark, Row, TestCase, TestFile } from './model.ts';
import {
  bare,
  chainOf,
  child,
  childList,
  childrenOf,
  constantOf,
  isAlways,
  isCall,
  isFunction,
  isMember,
  lineOf,
  readSyntax,
  someNode,
  textAt,
  type Link,
  type Node,
} from './syntax.ts';

/** Tests of vitest, jest, mocha, jasmine, node:test, tape, tap, ava, uvu, QUnit, nodeunit, Deno and bare scripts. */
export function readJavaScript(path: string, text: string): TestFile | undefined {
  const syntax = readSyntax(path, text);
  if (syntax === undefined) return undefined;
  return readView({ ...syntax, names: new Map(), origins: new Map() });
}

// ---------------------------------------------------------------------------------------------- reader

interface Scope extends Reach {
  titles: readonly string[];
  /** Marks of the suites around and of the test itself, filled while their bodies are read. */
  marks: Mark[][];
  target: Draft;
}

type Draft = Omit<TestCase, 'marks'> & { marks: Mark[][]; declared: Set<string> };

function readView(view: View): TestFile {
  const fileMarks: Mark[] = [];
  const rows: Row[] = [];
  const drafts: Draft[] = [];
  const { print } = view;

  const draft = (titles: readonly string[], line: number, marks: Mark[][], conditions: Condition[]): Draft => {
    const made: Draft = { titles, line, marks, assertions: [], statements: [], conditions, hasBody: true, declared: new Set() };
    drafts.push(made);
    return made;
  };

  const mentions = countNames(view.program);

  // ------------------------------------------------------------------------------------------ statements

  function readList(list: readonly Node[], scope: Scope): void {
    let here = scope;
    for (const statement of list) {
      read(statement, here);
      if (isFunction(statement)) continue;
      if (leaves(statement)) here = { ...here, dead: here.dead ?? 'unreachable' };
      else if (statement.type === 'IfStatement') {
        const [test, then, otherwise] = [child(statement, 'test'), child(statement, 'consequent'), child(statement, 'alternate')];
        if (test !== undefined && then !== undefined && endsQuietly(then)) here = under(here, test, false);
        else if (test !== undefined && otherwise !== undefined && endsQuietly(otherwise)) here = under(here, test, true);
      }
    }
  }

  const endsQuietly = (statement: Node): boolean =>
    leaves(statement) && !someNode(statement, (node) => isCall(node) && readsAsAssertion(view, node));

  /** The scope in which `test` is known to be `outcome`. */
  function under(scope: Scope, test: Node, outcome: boolean): Scope {
    if (isAlways(test, outcome)) return scope;
    if (isAlways(test, !outcome))
      return { ...scope, dead: scope.dead ?? 'unreachable', conditions: [...scope.conditions, never(test)] };
    const text = `${outcome ? '' : 'not '}(${view.oneLine(test)})`;
    const kind = /\bprocess\s*(\?\.|\.)\s*env\b|import\s*\.\s*meta\s*\.\s*env|\benv\.CI\b|\bisCI\b/.test(text)
      ? 'environment'
      : 'other';
    return { ...scope, conditions: [...scope.conditions, { text, kind }] };
  }
  const never = (test: Node): Condition => ({ text: view.oneLine(test), kind: 'never' });

  function read(node: Node, scope: Scope): void {
    switch (node.type) {
      case 'Program':
      case 'BlockStatement':
      case 'StaticBlock':
        return readList(childList(node, 'body'), scope);
      case 'IfStatement':
        return readIf(node, scope);
      case 'TryStatement':
        return readTry(node, scope);
      case 'ForStatement':
      case 'WhileStatement':
      case 'DoWhileStatement':
      case 'ForOfStatement':
      case 'ForInStatement':
        return readLoop(node, scope);
      case 'SwitchStatement':
        scope.target.statements.push(`switch ${print(child(node, 'discriminant') ?? node)}`);
        for (const each of childList(node, 'cases')) readList(childList(each, 'consequent'), underCase(each, node, scope));
        return;
      case 'ThrowStatement':
        return readThrow(node, scope);
      case 'FunctionDeclaration':
      case 'ClassDeclaration':
      case 'ExpressionStatement':
      case 'VariableDeclaration':
      case 'ReturnStatement':
      case 'ImportDeclaration':
      case 'ExportNamedDeclaration':
      case 'ExportDefaultDeclaration':
        return readStatement(node, scope);
      case 'LabeledStatement': {
        const body = child(node, 'body');
        return body === undefined ? undefined : read(body, scope);
      }
      default:
        readExpression(node, scope);
    }
  }

  function underCase(each: Node, whole: Node, scope: Scope): Scope {
    const test = child(each, 'test');
    const text = `${print(child(whole, 'discriminant') ?? whole)} is ${test === undefined ? 'anything else' : print(test)}`;
    return { ...scope, conditions: [...scope.conditions, { text, kind: 'other' }] };
  }

  function readIf(node: Node, scope: Scope): void {
    const [test, then, otherwise] = [child(node, 'test'), child(node, 'consequent'), child(node, 'alternate')];
    if (test === undefined || then === undefined) return;
    scope.target.statements.push(`if (${print(test)})`);
    readExpression(test, scope);
    read(then, under(scope, test, true));
    if (otherwise !== undefined) read(otherwise, under(scope, test, false));
  }

  function readLoop(node: Node, scope: Scope): void {
    const body = child(node, 'body');
    if (body === undefined) return;
    const over = child(node, 'right');
    const emptied =
      isAlways(child(node, 'test'), false) || (over?.type === 'ArrayExpression' && childList(over, 'elements').length === 0);
    for (const part of childrenOf(node)) if (part !== body) readExpression(part, scope);
    scope.target.statements.push(print(node, [body, ...tablesIn(node, body)]));
    read(body, emptied ? { ...scope, dead: scope.dead ?? 'unreachable' } : scope);
  }

  function readTry(node: Node, scope: Scope): void {
    const [block, handler, last] = [child(node, 'block'), child(node, 'handler'), child(node, 'finalizer')];
    const hides =
      (handler !== undefined && hidesFailure(handler)) ||
      (last !== undefined && someNode(last, (each) => each.type === 'ReturnStatement'));
    if (block !== undefined) read(block, hides ? { ...scope, dead: scope.dead ?? 'swallowed' } : scope);
    const body = handler === undefined ? undefined : child(handler, 'body');
    if (body !== undefined) read(body, scope);
    if (last !== undefined) read(last, scope);
  }

  /** A handler that neither throws on, nor asserts, nor hands the error to anyone. */
  function hidesFailure(handler: Node): boolean {
    const body = child(handler, 'body') ?? handler;
    const parameter = child(handler, 'param') ?? childList(handler, 'params')[0];
    const name = parameter?.type === 'Identifier' ? textAt(parameter, 'name') : undefined;
    return !someNode(body, (node) => {
      if (node.type === 'ThrowStatement') return true;
      if (isCall(node) && readsAsAssertion(view, node)) return true;
      const isUse = (each: Node): boolean => each.type === 'Identifier' && each['name'] === name;
      if (name !== undefined && node.type === 'AssignmentExpression') return someNode(child(node, 'right') ?? node, isUse);
      if (name === undefined || !isCall(node)) return false;
      const callee = chainOf(node)?.[0]?.name;
      return callee !== 'console' && childList(node, 'arguments').some((argument) => someNode(argument, isUse));
    });
  }

  /** `if (a !== b) throw …` asserts as well as any library. */
  function readThrow(node: Node, scope: Scope): void {
    const subject = ifs(scope)
      .map((condition) => condition.text)
      .join(' and ');
    if (subject === '') return void scope.target.statements.push(print(node));
    scope.target.assertions.push({
      line: lineOf(node),
      text: `if ${subject} ${view.oneLine(node)}`,
      print: `fail-if ${subject}`,
      subject,
      matcher: 'fail-if',
      expected: '',
      strength: 3,
      trivial: false,
      loose: 0,
      conditions: [],
      ...(scope.dead === undefined ? {} : { dead: scope.dead }),
    });
  }

  /** One statement: what it declares or asserts goes its own way, the rest is kept by its text. */
  function readStatement(node: Node, scope: Scope): void {
    const inner = bare(child(node, 'expression') ?? child(node, 'argument') ?? node);
    if (inner !== node && (isCall(inner) || isMember(inner)) && readCall(inner, scope)) return;
    if (node.type === 'ReturnStatement' && child(node, 'argument') === undefined) return;
    if (readExports(inner, scope)) return;
    noteImports(view, node);
    for (const name of standInsOf(node)) scope.target.declared.add(name);
    const holes = new Set<Node>();
    findHoles(node, holes);
    // What cannot be reached is not said.
    if (scope.dead !== 'unreachable') scope.target.statements.push(print(node, [...holes]));
    const inside: Scope =
      node.type === 'FunctionDeclaration' && isUnused(node) ? { ...scope, dead: scope.dead ?? 'unreachable' } : scope;
    if (node.type === 'ExpressionStatement' && inner.type === 'AssignmentExpression') noteReplaced(inner, scope);
    if (isCall(inner)) return readExpression(inner, inside);
    for (const part of childrenOf(node)) readExpression(part, inside);
  }

  /** `assert.equal = …`, `global.it = …`, `process.exitCode = 0`: the judge is replaced, or its verdict. */
  function noteReplaced(node: Node, scope: Scope): void {
    const [left, right] = [child(node, 'left'), child(node, 'right')];
    const links = left === undefined ? undefined : chainOf(left);
    const [root, second] = [links?.[0], links?.[1]];
    if (links === undefined || root === undefined || right === undefined) return;
    const sink = scope.marks.at(-1) ?? fileMarks;
    const mark = (kind: Mark['kind']): Mark => ({ kind, text: view.oneLine(node), line: lineOf(node) });
    const replaced = replacedByAssignment(view, links, right);
    if (replaced !== undefined) sink.push({ ...mark('replace'), names: [replaced] });
    const isExitCode = links.length === 2 && root.name === 'process' && second?.name === 'exitCode';
    if (isExitCode && constantOf(right) !== undefined && !isAlways(right, true)) sink.push(mark('exit'));
    const required = root.name === 'require' ? constantOf(root.args?.[0])?.value : undefined;
    const isLibrary =
      (typeof required === 'string' && (assertLibraries.test(required) || testLibraries.test(required))) ||
      (links.length > 1 && root.args === undefined && (view.names.get(root.name) === 'assert' || foundation.test(root.name)));
    const isGlobal = /^(global|globalThis|window)$/.test(root.name) && foundation.test(second?.name ?? '');
    if ((isLibrary && links.length > 1) || isGlobal || (links.length === 1 && foundation.test(root.name)))
      sink.push(mark('swallow'));
  }

  /** Parts of a statement that are read by themselves: bodies of functions, tables, assertions inside. */
  function findHoles(node: Node, holes: Set<Node>): void {
    for (const part of childrenOf(node)) {
      const tabular = isTable(part) || (node.type === 'VariableDeclarator' && isRecord(part));
      if (part.type === 'BlockStatement' || part.type === 'ClassBody' || tabular) holes.add(part);
      else if ((isCall(part) || isMember(part)) && (readsAsAssertion(view, part) || declarationOf(view, part) !== undefined))
        holes.add(part);
      else findHoles(part, holes);
    }
  }

  function tablesIn(node: Node, except: Node): Node[] {
    const holes = new Set<Node>();
    for (const part of childrenOf(node)) if (part !== except) findHoles({ ...node, body: undefined, inner: part }, holes);
    return [...holes];
  }

  // ------------------------------------------------------------------------------------------ expressions

  function readExpression(node: Node, scope: Scope): void {
    if ((isCall(node) || isMember(node)) && readCall(node, scope)) return;
    if (isTable(node)) return readTable(node);
    if (node.type === 'VariableDeclarator') {
      const init = child(node, 'init');
      if (init !== undefined && isRecord(init)) return readRecord(init, scope);
    }
    if (node.type === 'LogicalExpression' || node.type === 'ConditionalExpression') return readChoice(node, scope);
    if (isFunction(node)) {
      const body = child(node, 'body');
      if (body !== undefined) read(body, isUnused(node) ? { ...scope, dead: scope.dead ?? 'unreachable' } : scope);
      return;
    }
    const unused = node.type === 'VariableDeclarator' && isFunction(child(node, 'init')) && isUnused(node);
    const inside: Scope = unused ? { ...scope, dead: scope.dead ?? 'unreachable' } : scope;
    const callback = isCall(node) ? callbackOf(node) : undefined;
    const handedOver = callback === undefined ? [] : childList(node, 'arguments');
    for (const part of childrenOf(node)) {
      if (part.type.endsWith('Statement') || part.type.endsWith('Declaration')) read(part, inside);
      else if (callback !== undefined && isFunction(part) && handedOver.includes(part))
        readExpression(part, { ...inside, conditions: [...inside.conditions, callback] });
      else readExpression(part, inside);
    }
  }

  /** A function with a name that nothing in the file says but its declaration. */
  function isUnused(node: Node): boolean {
    const id = child(node, 'id');
    return id?.type === 'Identifier' && node.type !== 'FunctionExpression' && (mentions.get(textAt(id, 'name')) ?? 0) < 2;
  }

  function readChoice(node: Node, scope: Scope): void {
    const test = child(node, 'test') ?? child(node, 'left');
    const [then, otherwise] = [child(node, 'consequent') ?? child(node, 'right'), child(node, 'alternate')];
    if (test === undefined) return;
    readExpression(test, scope);
    if (then !== undefined) readExpression(then, under(scope, test, node['operator'] !== '||' && node['operator'] !== '??'));
    if (otherwise !== undefined) readExpression(otherwise, under(scope, test, false));
  }

  function readTable(node: Node): void {
    for (const element of childList(node, 'elements')) rows.push({ line: lineOf(element), text: print(element) });
  }
  function readRecord(node: Node, scope: Scope): void {
    for (const property of childList(node, 'properties')) {
      const value = child(property, 'value');
      if (isFunction(value) || isFunction(property)) readExpression(property, scope);
      else if (value !== undefined && isTable(value)) readTable(value);
      else rows.push({ line: lineOf(property), text: print(property) });
    }
  }

  // ------------------------------------------------------------------------------------------ calls

  /** Whether the call was a declaration, a mark or an assertion and is dealt with. */
  function readCall(node: Node, scope: Scope): boolean {
    const declared = declarationOf(view, node);
    if (declared !== undefined) {
      readDeclaration(declared, scope);
      return true;
    }
    const links = chainOf(node);
    if (links !== undefined && readMark(links, node, scope)) return true;
    if (links?.at(-1)?.name === 'run' && readCases(node, scope)) return true;
    const assertions = assertionsOf(view, node, scope);
    if (assertions.length > 0) {
      scope.target.assertions.push(...assertions);
      return true;
    }
    return readPromise(node, scope);
  }

  /** `ruleTester.run('name', rule, { valid: […], invalid: […] })`: every case of the lists is tested. */
  function readCases(node: Node, scope: Scope): boolean {
    const args = childList(node, 'arguments');
    const [title, lists] = [args[0], args.at(-1)];
    if (args.length < 3 || lists?.type !== 'ObjectExpression' || title === undefined) return false;
    const cases = childList(lists, 'properties').filter((list) => /^(in)?valid$/.test(textAt(child(list, 'key'), 'name')));
    if (cases.length === 0) return false;
    const name = constantOf(title)?.value;
    const titles = [...scope.titles, typeof name === 'string' ? name : view.oneLine(title)];
    const target = draft(titles, lineOf(node), scope.marks, scope.conditions);
    for (const list of cases) {
      const value = child(list, 'value');
      const elements = value === undefined ? [] : childList(value, 'elements');
      for (const element of elements)
        rows.push({ line: lineOf(element), text: `${textAt(child(list, 'key'), 'name')} ${print(element)}` });
      if (value !== undefined && value.type !== 'ArrayExpression') target.statements.push(print(value));
    }
    target.statements.push(...args.slice(1, -1).map((argument) => print(argument)));
    return true;
  }

  /** `.catch(() => {})` keeps a failure from being seen. */
  function readPromise(node: Node, scope: Scope): boolean {
    const callee = child(node, 'callee');
    if (!isMember(callee)) return false;
    const name = textAt(child(callee, 'property'), 'name');
    const [first, second] = childList(node, 'arguments');
    const handler = name === 'catch' ? first : name === 'then' ? second : undefined;
    const object = child(callee, 'object');
    if (!isFunction(handler) || object === undefined || !hidesFailure(handler)) return false;
    const hidden: Scope = { ...scope, dead: scope.dead ?? 'swallowed' };
    readExpression(object, hidden);
    if (name === 'then' && first !== undefined) readExpression(first, hidden);
    readExpression(handler, scope);
    return true;
  }

  function readDeclaration(declared: Declaration, scope: Scope): void {
    const titles = [...scope.titles, declared.title];
    const marks = [...scope.marks, declared.marks];
    for (const table of declared.tables) readExpression(table, scope);
    if (declared.kind === 'suite') {
      const hidden =
        scope.dead === undefined ? scope.conditions : [...scope.conditions, { text: scope.dead, kind: 'never' as const }];
      const inside: Scope = { ...scope, titles, marks, conditions: hidden, dead: undefined };
      return declared.body === undefined ? undefined : readBody(declared.body, inside);
    }
    const conditions =
      scope.dead === 'unreachable'
        ? [...scope.conditions, { text: 'code that is never reached', kind: 'never' as const }]
        : scope.conditions;
    if (scope.dead === 'swallowed') declared.marks.push({ kind: 'swallow', text: 'try … catch', line: lineOf(declared.node) });
    const target = draft(titles, lineOf(declared.node), marks, conditions);
    target.hasBody = declared.body !== undefined;
    target.isWrapper = declared.isWrapper;
    if (declared.body === undefined) return;
    if (declared.body.type === 'Identifier') target.statements.push(print(declared.body));
    readBody(declared.body, { titles, marks, target, conditions: [], dead: undefined });
  }

  function readBody(body: Node, scope: Scope): void {
    const inner = isFunction(body) ? child(body, 'body') : body;
    if (inner === undefined) return;
    if (inner.type === 'BlockStatement') return read(inner, scope);
    if (isCall(inner) && scope.target.titles === scope.titles && !readsAsAssertion(view, inner) && isFunction(body))
      scope.target.statements.push(print(inner));
    readExpression(inner, scope);
  }

  /** Tests as exported functions: mocha's exports interface, nodeunit, expresso. */
  function readExports(node: Node, scope: Scope): boolean {
    if (node.type !== 'AssignmentExpression' || scope.titles.length > 0) return false;
    const [left, right] = [child(node, 'left'), child(node, 'right')];
    const names = left === undefined ? [] : (chainOf(left) ?? []).map((link) => link.name);
    const inner =
      names[0] === 'module' && names[1] === 'exports'
        ? names.slice(2)
        : names[0] === 'exports' || names[0] === 'this'
          ? names.slice(1)
          : undefined;
    if (inner === undefined || right === undefined) return false;
    if (inner.length === 0) return right.type === 'ObjectExpression' && readExportedObject(right, scope);
    return readExported(inner.at(-1) ?? '', right, scope);
  }
  function readExportedObject(node: Node, scope: Scope): boolean {
    return childList(node, 'properties')
      .map((property) => {
        const key = child(property, 'key');
        const value = isFunction(property) ? property : child(property, 'value');
        return value !== undefined && readExported(textAt(key, 'value') || textAt(key, 'name'), value, scope);
      })
      .some(Boolean);
  }
  function readExported(title: string, value: Node, scope: Scope): boolean {
    const titles = [...scope.titles, title];
    if (isFunction(value) && !someNode(value, (node) => (isCall(node) || isMember(node)) && readsAsAssertion(view, node)))
      return false;
    if (isFunction(value))
      readBody(value, {
        titles,
        marks: scope.marks,
        target: draft(titles, lineOf(value), scope.marks, scope.conditions),
        conditions: [],
        dead: undefined,
      });
    else if (value.type === 'ObjectExpression') return readExportedObject(value, { ...scope, titles });
    else return false;
    return true;
  }

  // ------------------------------------------------------------------------------------------ marks

  function readMark(links: readonly Link[], node: Node, scope: Scope): boolean {
    const last = links.at(-1);
    if (last?.args === undefined) return false;
    const root = links[0]?.name ?? '';
    const path = links.map((link) => link.name).join('.');
    const sink = scope.marks.at(-1) ?? fileMarks;
    const names = replacedBy(view, links);
    if (names !== undefined) sink.push({ kind: 'replace', text: view.oneLine(node), line: lineOf(node), names });
    const add = (mark: Mark): true => {
      sink.push(mark);
      return true;
    };
    if (/^process\.(exit|reallyExit|abort|kill)$/.test(path) && !isExitByResult(last.args[0]))
      return add({ kind: 'exit', text: view.oneLine(node), line: lineOf(node) });
    if (
      /^(jest|jasmine)\.setTimeout$|^(this|t|test|vi|tap|ctx|context|done)\.(timeout|setTimeout)$/.test(path) &&
      last.args.length > 0
    )
      return add(timeoutMark(view, last.args[0], node));
    if (/^(this|ctx|context)\.(retries)$|^jest\.retryTimes$/.test(path)) return add(countMark(view, 'retry', last.args[0], node));
    if (path === 'vi.setConfig') return add(timeoutMark(view, undefined, node));
    if (
      /^(this|ctx|context|test)\.(skip|todo)$|^(t|st|tt|tc|assert)\.(skip|todo|bailout|endAll)$|^pending$|^skip$/.test(path) &&
      !last.args.some(isFunction)
    )
      return add({ kind: ifs(scope).length > 0 ? 'swallow' : 'skip', text: view.oneLine(node), line: lineOf(node) });
    if (/^(t|st|tt|test|tap|assert)\.plan$|^expect\.assertions$/.test(path))
      return add(countMark(view, 'plan', last.args[0], node));
    return path === 'expect.hasAssertions' || (last.name === 'end' && last.args.length <= 1 && root !== '' && root.length <= 6);
  }

  // ------------------------------------------------------------------------------------------ result

  const target = draft([''], 1, [fileMarks], []);
  for (const statement of childList(view.program, 'body')) {
    for (const name of standInsOf(statement)) view.origins.set(name, '');
    noteImports(view, statement);
  }
  const libraries = new Set(view.names.keys());
  const own = new Set(
    childList(view.program, 'body')
      .flatMap(declaredNames)
      .filter((name) => !libraries.has(name)),
  );
  // Twice, because one such function may call another that is declared later.
  noteAsserting(view, view.program);
  noteAsserting(view, view.program);
  read(view.program, { titles: [], marks: [], target, conditions: [], dead: undefined });
  const tests = drafts.map(({ marks, ...test }): TestCase => ({ ...test, marks: test.titles[0] === '' ? [] : marks.flat() }));
  return { tests, marks: fileMarks, rows, comments: view.comments, imported: libraries, declared: own, origins: view.origins };
}

/** What declares tests and asserts, without being imported. */
const foundation = /^(it|test|describe|specify|expect|assert)$/;

/** Functions that call what they are handed before they return, or as part of what they return. */
const callsAtOnce =
  /^(forEach|map|filter|reduce|reduceRight|some|every|find|findIndex|flatMap|sort|from|times|each|eachSeries|then|catch|finally|all|race|replace|replaceAll|apply|call|bind|act|nextTick|series|parallel|waterfall|run|do|tap|group|step|within|with\w*|use\w*)$/;

/** How often each name is said, `typeof` and `void` of it not counted. */
function countNames(node: Node, counts = new Map<string, number>()): Map<string, number> {
  if (node.type === 'Identifier' || node.type === 'JSXIdentifier') {
    const name = textAt(node, 'name');
    counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  const isIdle = node.type === 'UnaryExpression' && (node['operator'] === 'void' || node['operator'] === 'typeof');
  if (!isIdle || child(node, 'argument')?.type !== 'Identifier') for (const part of childrenOf(node)) countNames(part, counts);
  return counts;
}

/** Names that a statement at the top of a file declares. */
function declaredNames(statement: Node): string[] {
  if (statement.type === 'ImportDeclaration')
    return childList(statement, 'specifiers').map((specifier) => textAt(child(specifier, 'local'), 'name'));
  const names = statement.type === 'VariableDeclaration' ? childList(statement, 'declarations') : [statement];
  return names.flatMap((each) => {
    const id = child(each, 'id');
    const isBare = each.type === 'VariableDeclarator' && child(each, 'init') === undefined;
    return id?.type === 'Identifier' && !isBare ? [textAt(id, 'name')] : [];
  });
}

/** Whoever is handed a function calls it, or not; what is known to call it at once is no condition. */
function callbackOf(node: Node): Condition | undefined {
  const callee = child(node, 'callee');
  const links = callee === undefined ? undefined : chainOf(callee);
  const name = links?.at(-1)?.name ?? '';
  if (node.type === 'NewExpression' || callsAtOnce.test(name) || hooks.has(name)) return undefined;
  if (links === undefined) return isFunction(callee) ? { text: 'a function', kind: 'callback' } : undefined;
  return { text: `a callback of ${links.map((link) => link.name).join('.')}`, kind: 'callback' };
}

/** What has to hold, not who has to call. */
const ifs = ({ conditions }: Scope): Condition[] => conditions.filter(({ kind }) => kind !== 'callback');

/** Leaves its block for good without failing. */
function leaves(statement: Node): boolean {
  if (/^(Return|Break|Continue)Statement$/.test(statement.type)) return true;
  return statement.type === 'BlockStatement' && childList(statement, 'body').some(leaves);
}

/** A list of lists or records drives tests. */
function isTable(node: Node): boolean {
  if (node.type !== 'ArrayExpression') return false;
  const elements = childList(node, 'elements');
  const records = elements.filter((element) => /^(Array|Object)Expression$/.test(element.type)).length;
  return records >= 2 || (records === 1 && elements.length === 1);
}
function isRecord(node: Node): boolean {
  return (
    node.type === 'ObjectExpression' &&
    childList(node, 'properties').filter((each) => !isFunction(child(each, 'value'))).length >= 2
  );
}

/** A script that exits with a number of failures tells its result that way. */
const isExitByResult = (argument: Node | undefined): boolean =>
  argument !== undefined && !(isAlways(argument, false) || argument.type === 'StringLiteral');

import { strengthOf } from './strength.ts';
import type { Assertion, Condition, Mark, Row, TestCase, TestFile } from './model.ts';
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
  readSyntax,
  someNode,
  type Link,
  type Node,
  type Syntax,
} from './syntax.ts';

/** Tests of vitest, jest, mocha, jasmine, node:test, tape, tap, ava, uvu, QUnit, nodeunit, Deno and bare scripts. */
export function readJavaScript(path: string, text: string): TestFile | undefined {
  const syntax = readSyntax(path, text);
  if (syntax === undefined) return undefined;
  const reader = openReader(syntax);
  reader.readFile();
  return reader.result();
}

// ---------------------------------------------------------------------------------------------- vocabulary

function words(text: string): string[] {
  return text.trim().split(/\s+/);
}

const testWords = new Set(['it', 'test', 'specify', 'tape', 'xit', 'xtest', 'xspecify', 'fit', 'iit', 'ftest', 'skip', 'todo']);
const suiteWords = new Set([
  'describe',
  'context',
  'suite',
  'xdescribe',
  'xcontext',
  'xsuite',
  'fdescribe',
  'fcontext',
  'ddescribe',
]);
const modifiers = new Set(
  words(`skip only todo serial concurrent each for failing fails cb skipIf runIf todoIf if sequential shuffle step
    fixme slow parallel macro always fail ()`),
);
const testLibraries =
  /^(tape|tap|ava|test|mocha|vitest|node:test|uvu|lab|@hapi\/lab|blue-tape|tape-catch|bun:test|@jest\/globals|tapes|zora|qunit|@japa\/runner|tap-only|brittle)$/;
const assertLibraries =
  /(^|\/)(assert|node:assert|assert\/strict|chai|power-assert|better-assert|should|expect|expect\.js|must|uvu\/assert|unexpected|minimalistic-assert)(\/|$)/;
const hooks = new Set([
  'before',
  'beforeEach',
  'beforeAll',
  'after',
  'afterEach',
  'afterAll',
  'setup',
  'teardown',
  'suiteSetup',
  'suiteTeardown',
]);

/** Words of a fluent assertion that say nothing by themselves. */
const fillers = new Set(
  'to be been is that which and has have with at of same but does still also not should a.b must resolves rejects eventually it'.split(
    ' ',
  ),
);
const oneArgument = /^(is)?(not)?(ok|true|false|truthy|falsy|null|undefined|nan|defined|exists?|error|iferror|empty|fail|pass)$/i;
const functionArgument = /(throw|reject|resolve)/i;
const knownMatchers = new Set(
  `ok notOk true false truthy falsy assert equal equals isEqual notEqual not is isNot strictEqual strictEquals notStrictEqual looseEqual deepEqual deepEquals
   isEquivalent notDeepEqual same notSame strictSame looseEquals deepLooseEqual notDeepLooseEqual match doesNotMatch notMatch like throws doesNotThrow
   throwsAsync notThrows notThrowsAsync rejects doesNotReject resolves resolveMatch error ifError ifErr iferror pass fail snapshot matchSnapshot has hasProps hasProp hasStrict contains
   notHas type isa emits regex notRegex assertion deepStrictEqual propEqual propContains notOkay okay resolveMatchSnapshot assertTrue equalTo value exactly
   matchOnly hasOwnProp hasOwnProps hasOwnPropsOnly notMatchOnly notLike notRejects isDeeply isDeeplyEqual eq eql doesNotHave hasOwn partialDeepStrictEqual fileSnapshot`
    .trim()
    .split(/\s+/),
);
const customAssertion = /^(assert|expect|check|verify|ensure|should|must)([A-Z_]\w*)$/;

// ---------------------------------------------------------------------------------------------- reader

interface Scope {
  titles: readonly string[];
  /** Marks of the suites around and of the test itself, filled while their bodies are read. */
  marks: Mark[][];
  target: Draft;
  conditions: Condition[];
  dead: Assertion['dead'];
}

type Draft = Omit<TestCase, 'marks'> & { marks: Mark[][] };

function openReader(syntax: Syntax) {
  const fileMarks: Mark[] = [];
  const rows: Row[] = [];
  const drafts: Draft[] = [];
  const aliases = new Map<string, 'test' | 'assert' | 'matcher' | 'asserting'>();
  const { print } = syntax;

  const draft = (titles: readonly string[], line: number, marks: Mark[][], conditions: Condition[]): Draft => {
    const made: Draft = { titles, line, marks, assertions: [], statements: [], conditions, hasBody: true };
    drafts.push(made);
    return made;
  };
  const lineOf = (node: Node): number => node.loc.start.line;
  const oneLine = (node: Node): string => syntax.text.slice(node.start, node.end).replaceAll(/\s+/g, ' ');

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

  /** Leaves its block for good without failing. */
  function leaves(statement: Node): boolean {
    if (/^(Return|Break|Continue)Statement$/.test(statement.type)) return true;
    return statement.type === 'BlockStatement' && childList(statement, 'body').some(leaves);
  }
  const endsQuietly = (statement: Node): boolean =>
    leaves(statement) && !someNode(statement, (node) => isCall(node) && readsAsAssertion(node));

  /** The scope in which `test` is known to be `outcome`. */
  function under(scope: Scope, test: Node, outcome: boolean): Scope {
    if (isAlways(test, outcome)) return scope;
    if (isAlways(test, !outcome))
      return { ...scope, dead: scope.dead ?? 'unreachable', conditions: [...scope.conditions, never(test)] };
    const text = `${outcome ? '' : 'not '}(${oneLine(test)})`;
    const kind = /\bprocess\s*(\?\.|\.)\s*env\b|import\s*\.\s*meta\s*\.\s*env|\benv\.CI\b|\bisCI\b/.test(text)
      ? 'environment'
      : 'other';
    return { ...scope, conditions: [...scope.conditions, { text, kind }] };
  }
  const never = (test: Node): Condition => ({ text: oneLine(test), kind: 'never' });

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
    const name = parameter?.type === 'Identifier' ? String(parameter['name']) : undefined;
    return !someNode(body, (node) => {
      if (node.type === 'ThrowStatement') return true;
      if (isCall(node) && readsAsAssertion(node)) return true;
      const isUse = (each: Node): boolean => each.type === 'Identifier' && each['name'] === name;
      if (name !== undefined && node.type === 'AssignmentExpression') return someNode(child(node, 'right') ?? node, isUse);
      if (name === undefined || !isCall(node)) return false;
      const callee = chainOf(node)?.[0]?.name;
      return callee !== 'console' && childList(node, 'arguments').some((argument) => someNode(argument, isUse));
    });
  }

  /** `if (a !== b) throw …` asserts as well as any library. */
  function readThrow(node: Node, scope: Scope): void {
    const subject = scope.conditions.map((condition) => condition.text).join(' and ');
    if (subject === '') return void scope.target.statements.push(print(node));
    scope.target.assertions.push({
      line: lineOf(node),
      text: `if ${subject} ${oneLine(node)}`,
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
    noteAliases(node);
    const holes = new Set<Node>();
    findHoles(node, holes);
    // What cannot be reached is not said.
    if (scope.dead !== 'unreachable') scope.target.statements.push(print(node, [...holes]));
    for (const part of childrenOf(node)) readExpression(part, scope);
  }

  /** Parts of a statement that are read by themselves: bodies of functions, tables, assertions inside. */
  function findHoles(node: Node, holes: Set<Node>): void {
    for (const part of childrenOf(node)) {
      const tabular = isTable(part) || (node.type === 'VariableDeclarator' && isRecord(part));
      if (part.type === 'BlockStatement' || part.type === 'ClassBody' || tabular) holes.add(part);
      else if ((isCall(part) || isMember(part)) && (readsAsAssertion(part) || declarationOf(part) !== undefined)) holes.add(part);
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
      if (body !== undefined) read(body, scope);
      return;
    }
    for (const part of childrenOf(node)) {
      if (part.type.endsWith('Statement') || part.type.endsWith('Declaration')) read(part, scope);
      else readExpression(part, scope);
    }
  }

  function readChoice(node: Node, scope: Scope): void {
    const test = child(node, 'test') ?? child(node, 'left');
    const [then, otherwise] = [child(node, 'consequent') ?? child(node, 'right'), child(node, 'alternate')];
    if (test === undefined) return;
    readExpression(test, scope);
    if (then !== undefined) readExpression(then, under(scope, test, node['operator'] !== '||' && node['operator'] !== '??'));
    if (otherwise !== undefined) readExpression(otherwise, under(scope, test, false));
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

  function noteAliases(node: Node): void {
    const source = child(node, 'source');
    if (node.type === 'ImportDeclaration' && source !== undefined) {
      for (const specifier of childList(node, 'specifiers'))
        noteImport(child(specifier, 'local'), String(source['value']), child(specifier, 'imported'));
    }
    for (const declarator of node.type === 'VariableDeclaration' ? childList(node, 'declarations') : []) {
      const [id, init] = [child(declarator, 'id'), child(declarator, 'init')];
      const library = init === undefined ? undefined : requiredBy(init);
      if (id === undefined || library === undefined) continue;
      if (id.type === 'Identifier') noteImport(id, library);
      for (const property of id.type === 'ObjectPattern' ? childList(id, 'properties') : [])
        noteImport(child(property, 'value'), library, child(property, 'key'));
    }
  }
  function noteImport(local: Node | undefined, library: string, imported?: Node): void {
    if (local?.type !== 'Identifier') return;
    const name = String(local['name']);
    const original = imported === undefined ? undefined : String(imported['name'] ?? imported['value']);
    const isMatcher = original !== undefined && knownMatchers.has(original);
    if (testLibraries.test(library) && !suiteWords.has(name) && !hooks.has(name))
      aliases.set(name, isMatcher ? 'matcher' : 'test');
    if (assertLibraries.test(library) && name !== 'expect' && name !== 'should')
      aliases.set(name, original !== undefined && original !== 'assert' && original !== 'strict' ? 'matcher' : 'assert');
  }
  /** Functions of the file that assert for others: a call of one is an assertion too. */
  function noteAsserting(node: Node): void {
    const [id, init] = [child(node, 'id'), child(node, 'init')];
    const body =
      node.type === 'FunctionDeclaration'
        ? child(node, 'body')
        : node.type === 'VariableDeclarator' && isFunction(init)
          ? init
          : undefined;
    if (id?.type === 'Identifier' && body !== undefined && !aliases.has(String(id['name']))) {
      const asserts = someNode(
        body,
        (each) => (isCall(each) || isMember(each)) && (readsAsAssertion(each) || declarationOf(each) !== undefined),
      );
      const throws =
        someNode(body, (each) => each.type === 'ThrowStatement') && !someNode(body, (each) => each.type === 'ReturnStatement');
      if (asserts || throws) aliases.set(String(id['name']), 'asserting');
    }
    for (const part of childrenOf(node)) noteAsserting(part);
  }

  function requiredBy(node: Node): string | undefined {
    const links = chainOf(node);
    const first = links?.[0];
    const argument = first?.name === 'require' ? constantOf(first.args?.[0]) : undefined;
    return typeof argument?.value === 'string' ? argument.value : undefined;
  }

  // ------------------------------------------------------------------------------------------ calls

  /** Whether the call was a declaration, a mark or an assertion and is dealt with. */
  function readCall(node: Node, scope: Scope): boolean {
    const declared = declarationOf(node);
    if (declared !== undefined) {
      readDeclaration(declared, scope);
      return true;
    }
    const links = chainOf(node);
    if (links !== undefined && readMark(links, node, scope)) return true;
    const assertions = assertionsOf(node, scope);
    if (assertions.length > 0) {
      scope.target.assertions.push(...assertions);
      return true;
    }
    return readPromise(node, scope);
  }

  /** `.catch(() => {})` keeps a failure from being seen. */
  function readPromise(node: Node, scope: Scope): boolean {
    const callee = child(node, 'callee');
    if (!isMember(callee)) return false;
    const name = String(child(callee, 'property')?.['name']);
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

  interface Declaration {
    kind: 'test' | 'suite';
    node: Node;
    title: string;
    isWrapper: boolean;
    marks: Mark[];
    body: Node | undefined;
    /** Arguments of `each` and the like. */
    tables: Node[];
  }

  function declarationOf(node: Node): Declaration | undefined {
    if (!isCall(node)) return undefined;
    const all = chainOf(node);
    if (all === undefined) return undefined;
    const end = all.findLastIndex((link) => link.args?.some((argument) => isFunction(bare(argument))));
    const whole = all.slice(end < 0 ? 0 : 0, end < 0 ? all.length : end + 1);
    const call = whole.at(-1);
    if (call?.args === undefined) return undefined;
    // What follows the call that holds the body: `it(…).timeout(500)`.
    const suffix = all.slice(whole.length);
    if (
      !suffix.every((link) => /^(timeout|retries|slow|skip|only|tags|setup|pin|with|run|disableTimeout|retry)$/.test(link.name))
    )
      return undefined;
    const names = whole.map((link) => link.name);
    const base = names.filter((name, index) => index === 0 || !modifiers.has(name));
    const word = base.at(-1) ?? '';
    const known = testWords.has(word) || suiteWords.has(word) || (base.length === 1 && aliases.get(word) === 'test');
    if (
      !known ||
      base.slice(0, -1).some((name) => name === '' || name === '[…]') ||
      whole.slice(0, -1).some((link) => link.args && !modifiers.has(link.name))
    )
      return undefined;
    const args = call.args.map(bare);
    const title = args.find((argument) => /^(String|Template)Literal$/.test(argument.type)) ?? args[0];
    const titled = args[0] !== undefined && /^(StringLiteral|TemplateLiteral|BinaryExpression)$/.test(args[0].type);
    if (end < 0 && !(titled && isPending(names, base, args))) return undefined;
    const own = [...marksOfNames(names, call, node), ...marksOfArguments(args), ...marksOfSuffix(suffix)];
    return {
      kind: suiteWords.has(word) ? 'suite' : 'test',
      node,
      title: title === undefined ? '' : titleOf(title),
      isWrapper: title !== undefined && (title.type === 'Identifier' || isMember(title)),
      marks: own,
      body: args.findLast((argument) => !/^(\w+Literal|ObjectExpression|BinaryExpression)$/.test(argument.type)),
      tables: whole.slice(0, -1).flatMap((link) => link.args ?? []),
    };
  }

  /** A title without a body of its own: `it('works')`, `it.todo('works')`, `it('works', shared)`. */
  function isPending(names: readonly string[], base: readonly string[], args: readonly Node[]): boolean {
    if (base.length > 1 && base[0] !== 't' && !names.some((name) => name === 'todo' || name === 'skip'))
      return args.length > 1 && aliases.get(base[0] ?? '') === 'test';
    return true;
  }

  function titleOf(node: Node): string {
    const constant = constantOf(node);
    if (typeof constant?.value === 'string' && node.type === 'StringLiteral') return constant.value;
    if (isFunction(node)) return String(child(node, 'id')?.['name'] ?? 'without a title');
    return oneLine(node).replaceAll(/^[`'"]|[`'"]$/g, '');
  }

  function marksOfNames(names: readonly string[], call: Link, node: Node): Mark[] {
    const mark = (kind: Mark['kind'], text: string): Mark => ({ kind, text, line: lineOf(node) });
    return names.flatMap((name, index): Mark[] => {
      if (/^x(it|test|specify|describe|context|suite)$/.test(name)) return [mark('skip', name)];
      if (/^(f(it|test|describe|context)|iit|ddescribe)$/.test(name)) return [mark('focus', name)];
      if (index === 0) return name === 'skip' || name === 'todo' ? [mark('skip', name)] : [];
      if (/^(skip|todo|skipIf|runIf|todoIf|fixme|if)$/.test(name)) return [mark('skip', `.${name}`)];
      if (name === 'only') return [mark('focus', '.only')];
      return name === 'failing' || name === 'fails' || (name === 'fail' && call.args !== undefined)
        ? [mark('expected-failure', `.${name}`)]
        : [];
    });
  }

  function marksOfArguments(args: readonly Node[]): Mark[] {
    return args.flatMap((argument, index): Mark[] => {
      if (argument.type === 'NumericLiteral' && index > 0) return [timeoutMark(argument, argument)];
      if (argument.type !== 'ObjectExpression' || (index === 0 && args.length === 1)) return [];
      return childList(argument, 'properties').flatMap((property): Mark[] => {
        const key = child(property, 'key');
        const name = String(key?.['name'] ?? key?.['value'] ?? '');
        const value = child(property, 'value');
        if (value === undefined || isAlways(value, false)) return [];
        const mark = (kind: Mark['kind']): Mark => ({ kind, text: oneLine(property), line: lineOf(property) });
        if (name === 'skip' || name === 'todo' || name === 'ignore') return [mark('skip')];
        if (name === 'only') return [mark('focus')];
        if (name === 'fails' || name === 'expectFailure') return [mark('expected-failure')];
        if (name === 'timeout') return [timeoutMark(value, property)];
        return name === 'retry' || name === 'retries' || name === 'repeats' ? [countMark('retry', value, property)] : [];
      });
    });
  }

  function marksOfSuffix(suffix: readonly Link[]): Mark[] {
    return suffix.flatMap((link): Mark[] => {
      const value = link.args?.[0];
      if (link.name === 'timeout' || link.name === 'disableTimeout') return [timeoutMark(value, link.node)];
      if (link.name === 'retries' || link.name === 'retry') return [countMark('retry', value, link.node)];
      if (link.name === 'skip') return [{ kind: 'skip', text: '.skip()', line: lineOf(link.node) }];
      return link.name === 'only' || link.name === 'pin'
        ? [{ kind: 'focus', text: `.${link.name}()`, line: lineOf(link.node) }]
        : [];
    });
  }

  /** No limit at all is the longest; what cannot be computed counts as it stands. */
  function timeoutMark(value: Node | undefined, node: Node): Mark {
    const number = Number(constantOf(value)?.value ?? Number.NaN);
    const unlimited = Number.isNaN(number) || number <= 0;
    return { kind: 'timeout', text: markText(node), line: lineOf(node), value: unlimited ? Infinity : number };
  }
  function countMark(kind: Mark['kind'], value: Node | undefined, node: Node): Mark {
    const number = Number(constantOf(value)?.value ?? Number.NaN);
    return { kind, text: markText(node), line: lineOf(node), value: Number.isNaN(number) ? Infinity : number };
  }
  const markText = (node: Node): string => oneLine(node).slice(-80);

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
    if (isCall(inner) && scope.target.titles === scope.titles && !readsAsAssertion(inner) && isFunction(body))
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
        return value !== undefined && readExported(String(key?.['value'] ?? key?.['name'] ?? ''), value, scope);
      })
      .some(Boolean);
  }
  function readExported(title: string, value: Node, scope: Scope): boolean {
    const titles = [...scope.titles, title];
    if (isFunction(value) && !someNode(value, (node) => (isCall(node) || isMember(node)) && readsAsAssertion(node))) return false;
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
    const add = (mark: Mark): true => {
      sink.push(mark);
      return true;
    };
    if (/^process\.(exit|reallyExit|abort|kill)$/.test(path) && !isExitByResult(last.args[0]))
      return add({ kind: 'exit', text: oneLine(node), line: lineOf(node) });
    if (
      /^(jest|jasmine)\.setTimeout$|^(this|t|test|vi|tap|ctx|context|done)\.(timeout|setTimeout)$/.test(path) &&
      last.args.length > 0
    )
      return add(timeoutMark(last.args[0], node));
    if (/^(this|ctx|context)\.(retries)$|^jest\.retryTimes$/.test(path)) return add(countMark('retry', last.args[0], node));
    if (path === 'vi.setConfig') return add(timeoutMark(undefined, node));
    if (
      /^(this|ctx|context|test)\.(skip|todo)$|^(t|st|tt|tc|assert)\.(skip|todo|bailout|endAll)$|^pending$/.test(path) &&
      !last.args.some(isFunction)
    )
      return add({ kind: scope.conditions.length > 0 ? 'swallow' : 'skip', text: oneLine(node), line: lineOf(node) });
    if (/^(t|st|tt|test|tap|assert)\.plan$|^expect\.assertions$/.test(path)) return add(countMark('plan', last.args[0], node));
    return path === 'expect.hasAssertions' || (last.name === 'end' && last.args.length <= 1 && root !== '' && root.length <= 6);
  }
  /** A script's own `process.exit(failures)` is how it tells its result. */
  const isExitByResult = (argument: Node | undefined): boolean =>
    argument !== undefined && !(isAlways(argument, false) || argument.type === 'StringLiteral');

  // ------------------------------------------------------------------------------------------ assertions

  const readsAsAssertion = (node: Node): boolean => assertionsOf(node, undefined).length > 0;

  function assertionsOf(node: Node, scope: Scope | undefined): Assertion[] {
    const links = chainOf(node);
    const [root, last] = [links?.[0], links?.at(-1)];
    if (links === undefined || root === undefined || last === undefined) return [];
    const build = (parts: Parts): Assertion => assertion(node, parts, scope);
    if (
      (root.name === 'expect' || root.name === 'should' || root.name === 'expectTypeOf' || root.name === 'assertType') &&
      root.args !== undefined
    )
      return links.length > 1 ? [build(fluent(root.args, links.slice(1)))] : [];
    if (root.name === 'expect' && links[1]?.args !== undefined && /^(soft|poll|element)$/.test(links[1].name) && links.length > 2)
      return [build(fluent(links[1].args, links.slice(2)))];
    const should = links.findIndex((link, index) => index > 0 && (link.name === 'should' || link.name === 'must'));
    const subject = should > 0 ? links[should - 1] : undefined;
    if (subject !== undefined && links.length > should + 1) return [build(fluent([subject.node], links.slice(should + 1)))];
    if (last.args === undefined) return [];
    // supertest: every `.expect(…)` of a chain is one assertion.
    const expects = links.filter(
      (link, index) => index > 0 && link.name === 'expect' && link.args !== undefined && link.args.length > 0,
    );
    if (expects.length > 0) {
      const receiver = links[links.findIndex((link) => link.name === 'expect') - 1]?.node ?? node;
      return expects.map((link) =>
        build({ subject: [receiver], matcher: 'expect', expected: link.args ?? [], negated: false, strength: 4 }),
      );
    }
    if (isAssertCall(links)) return [build(called(links, last))];
    if (links.length === 1 && aliases.get(last.name) === 'asserting')
      return [
        build({ subject: last.args.slice(0, 1), matcher: last.name, expected: last.args.slice(1), negated: false, strength: 3 }),
      ];
    const custom = customAssertion.exec(last.name);
    return custom !== null && links.length <= 2
      ? [build({ subject: last.args, matcher: last.name, expected: [], negated: false, strength: 3 })]
      : [];
  }

  interface Parts {
    subject: Node[];
    matcher: string;
    expected: Node[];
    negated: boolean;
    strength?: number;
  }

  function fluent(subject: Node[], links: readonly Link[]): Parts {
    const names = links.map((link) => link.name);
    const negated = names.filter((name) => name === 'not').length % 2 === 1;
    const matcher = names.filter((name) => !fillers.has(name)).join('') || names.join('');
    const expected = links.flatMap((link) => link.args ?? []);
    const strength = functionArgument.test(matcher) ? (expected.length > 0 ? 4 : 3) : strengthOf(matcher, { negated });
    return { subject: subject.slice(0, 1), matcher: (negated ? 'not ' : '') + matcher, expected, negated, strength };
  }

  function isAssertCall(links: readonly Link[]): boolean {
    const [root, last] = [links[0], links.at(-1)];
    if (root === undefined || last === undefined) return false;
    if (links.slice(0, -1).some((link) => link.args !== undefined)) return false;
    if (links.length === 1)
      return (
        root.name === 'assert' ||
        aliases.get(root.name) === 'assert' ||
        (aliases.get(root.name) === 'matcher' && root.name !== 'expect')
      );
    if (links.some((link) => link.name === 'assert')) return true;
    if (aliases.get(root.name) === 'assert') return true;
    return (
      links.length <= 3 &&
      knownMatchers.has(last.name) &&
      /^(t|st|s|tt|test|tap|assert|should|console|is|q|expect|ctx|sub|child|[a-z]{1,2}\d?|this|tape|T)$/.test(root.name)
    );
  }

  function called(links: readonly Link[], last: Link): Parts {
    const args = last.args ?? [];
    const name = links.length === 1 ? (aliases.get(last.name) === 'matcher' ? last.name : 'ok') : last.name;
    const legacyAssert =
      links.length > 1 &&
      links.at(-2)?.name === 'assert' &&
      !syntax.text.includes('assert/strict') &&
      !/\bassert\.strict\b|chai/.test(syntax.text);
    if (functionArgument.test(name)) {
      const expected = args.slice(1).filter((argument) => !/^(String|Template)Literal$/.test(argument.type));
      return {
        subject: args.slice(0, 1),
        matcher: name,
        expected,
        negated: false,
        strength: /not/i.test(name) ? 2 : expected.length > 0 ? 4 : 3,
      };
    }
    const expected = oneArgument.test(name) || args.length < 2 ? [] : args.slice(1, 2);
    const delta = /closeTo|approximately|within/i.test(name) ? args.slice(2, 3) : [];
    return {
      subject: args.slice(0, 1),
      matcher: name,
      expected: [...expected, ...delta],
      negated: false,
      strength: strengthOf(name, { legacyAssert }),
    };
  }

  function assertion(node: Node, parts: Parts, scope: Scope | undefined): Assertion {
    const [subject, expected] = [parts.subject, parts.expected].map((nodes) => nodes.map((each) => print(each)).join(' , '));
    const all = [...parts.subject, ...parts.expected];
    return {
      line: lineOf(node),
      text: oneLine(node),
      print: `${parts.matcher} ( ${subject} ; ${expected} )`,
      subject: subject ?? '',
      matcher: parts.matcher,
      expected: expected ?? '',
      strength: parts.strength ?? 3,
      trivial: isTrivial(parts, subject ?? '', expected ?? ''),
      loose: all.reduce((total, each) => total + countLoose(each), 0),
      conditions: scope?.conditions ?? [],
      ...(scope?.dead === undefined ? {} : { dead: scope.dead }),
    };
  }

  function isTrivial(parts: Parts, subject: string, expected: string): boolean {
    if (/^(pass|end|done)$/.test(parts.matcher)) return true;
    if (/fail|unreachable/i.test(parts.matcher)) return false;
    const first = parts.subject[0];
    if (first === undefined) return false;
    if (constantOf(first) !== undefined && parts.expected.every((each) => constantOf(each) !== undefined)) return true;
    if (first.type === 'LogicalExpression' && first['operator'] === '||' && isAlways(first, true)) return true;
    return (
      subject === expected &&
      !someNode(first, (node) => isCall(node) || node.type === 'UpdateExpression') &&
      !/^not/i.test(parts.matcher)
    );
  }

  function countLoose(node: Node): number {
    const own =
      (isMember(node) &&
        /^(anything|any|objectContaining|arrayContaining|stringContaining|stringMatching)$/.test(
          String(child(node, 'property')?.['name']),
        )) ||
      (node.type === 'LogicalExpression' && node['operator'] === '||' && isAlways(child(node, 'right'), true)) ||
      (node.type === 'RegExpLiteral' && /^\^?(\.[*+]\??|\(\?:\)|\[\\s\\S\][*+]|\|)?\$?$/.test(String(node['pattern'])));
    return childrenOf(node).reduce((total, each) => total + countLoose(each), own ? 1 : 0);
  }

  // ------------------------------------------------------------------------------------------ result

  return {
    readFile(): void {
      const target = draft([''], 1, [fileMarks], []);
      for (const statement of childList(syntax.program, 'body')) noteAliases(statement);
      // Twice, because one such function may call another that is declared later.
      noteAsserting(syntax.program);
      noteAsserting(syntax.program);
      read(syntax.program, { titles: [], marks: [], target, conditions: [], dead: undefined });
    },
    result(): TestFile {
      const tests = drafts.map(({ marks, ...test }): TestCase => ({ ...test, marks: test.titles[0] === '' ? [] : marks.flat() }));
      return { tests, marks: fileMarks, rows, comments: syntax.comments };
    },
  };
}

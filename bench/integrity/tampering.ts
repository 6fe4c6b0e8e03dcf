import { child, childList, childrenOf, isCall, isFunction, readSyntax, type Node } from '../../src/core/integrity/syntax.ts';

/**
 * Ways to make a test file of JavaScript judge less, each applied mechanically at one place of a real file. What
 * finds the places knows nothing of how integrity is judged: it only looks for calls that look like tests and
 * assertions.
 */
export interface Tampered {
  /** What was done. */
  way: string;
  /** The file afterwards; `undefined` where it is deleted. */
  text: string | undefined;
}

interface Site {
  text: string;
  /** The whole declaration, `it('…', function () { … });`. */
  test?: { node: Node; callee: Node; title: Node; fn: Node; body: Node };
  /** The whole statement, and the call or property in it. */
  assertion?: { statement: Node; expression: Node };
}

type Way = (site: Site) => string | undefined;

const splice = (text: string, from: number, to: number, by: string): string => text.slice(0, from) + by + text.slice(to);
const source = (text: string, node: Node): string => text.slice(node.start, node.end);

// ---------------------------------------------------------------------------------------------- tests

type OnTest = (test: NonNullable<Site['test']>, text: string) => string | undefined;

const onTest =
  (way: OnTest): Way =>
  ({ test, text }) =>
    test === undefined ? undefined : way(test, text);

/** How a test of this kind ends without having asserted anything: `done()`, `t.end()`, or nothing. */
function quietEnd({ fn, callee }: NonNullable<Site['test']>, text: string): string {
  const parameter = childList(fn, 'params')[0];
  if (parameter?.type !== 'Identifier') return '';
  const name = source(text, parameter);
  return /^(it|specify)\b/.test(source(text, callee)) ? `${name}();` : /^(t|st|tt|s|assert)$/.test(name) ? `${name}.end();` : '';
}

const withBody = (make: (inner: string, end: string) => string): Way =>
  onTest((test, text) => {
    const inner = text.slice(test.body.start + 1, test.body.end - 1);
    return splice(text, test.body.start, test.body.end, `{${make(inner, quietEnd(test, text))}}`);
  });

const withCallee = (make: (callee: string) => string | undefined): Way =>
  onTest((test, text) => {
    const made = make(source(text, test.callee));
    return made === undefined ? undefined : splice(text, test.callee.start, test.callee.end, made);
  });

const onTests: Record<string, Way> = {
  'test deleted': onTest(({ node }, text) => splice(text, node.start, node.end, '')),
  'test commented out': onTest(({ node }, text) =>
    splice(text, node.start, node.end, source(text, node).replaceAll(/^/gm, '// ')),
  ),
  '.skip': withCallee((callee) => callee.replace(/^(it|test|specify)$/, '$1.skip').replace(/\.test$/, '.skip')),
  xit: withCallee((callee) => (callee === 'it' ? 'xit' : undefined)),
  '.only': withCallee((callee) => (/^(it|test|specify)$/.test(callee) ? `${callee}.only` : undefined)),
  todo: onTest(({ node, callee, title }, text) =>
    /^(it|test)$/.test(source(text, callee))
      ? splice(text, node.start, node.end, `${source(text, callee)}.todo(${source(text, title)});`)
      : undefined,
  ),
  'pending, without a body': onTest(({ node, callee, title }, text) =>
    source(text, callee) === 'it' ? splice(text, node.start, node.end, `it(${source(text, title)});`) : undefined,
  ),
  'skip as an option': onTest(({ callee, title }, text) =>
    /^(test|t\.test|tap\.test)$/.test(source(text, callee)) ? splice(text, title.end, title.end, ', { skip: true }') : undefined,
  ),
  'early return': withBody((inner, end) => ` ${end} return;${inner}`),
  emptied: withBody((_, end) => ` ${end} `),
  'body in a swallowing try': withBody((inner, end) => ` try {${inner}} catch (ignored) { ${end} }`),
  'body in a function never called': withBody((inner, end) => ` const later = () => {${inner}}; ${end} `),
  'body only in one environment': withBody((inner, end) => ` if (process.env.FULL) {${inner}} else { ${end} }`),
  'body under a condition that never holds': withBody((inner, end) => ` if (false) {${inner}} ${end} `),
  'rejection swallowed': withBody((inner, end) => ` Promise.resolve().then(() => {${inner}}).catch(() => {}); ${end} `),
  'time-out raised': onTest(({ callee, fn, body }, text) => {
    if (!/^(it|test)$/.test(source(text, callee))) return undefined;
    return fn.type === 'FunctionExpression' && source(text, callee) === 'it'
      ? splice(text, body.start + 1, body.start + 1, ' this.timeout(60000);')
      : splice(text, fn.end, fn.end, ', 60000');
  }),
  'retries raised': onTest(({ callee, fn, body }, text) =>
    source(text, callee) === 'it' && fn.type === 'FunctionExpression'
      ? splice(text, body.start + 1, body.start + 1, ' this.retries(5);')
      : undefined,
  ),
  'declared by a function that does nothing': onTest(({ node, callee }, text) => {
    const name = source(text, callee);
    return /^(it|test)$/.test(name) ? splice(text, node.start, node.start + name.length, '((title, body) => title)') : undefined;
  }),
};

// ---------------------------------------------------------------------------------------------- assertions

type OnAssertion = (expression: string, statement: string) => string | undefined;

const onAssertion =
  (way: OnAssertion): Way =>
  ({ assertion, text }) => {
    if (assertion === undefined) return undefined;
    const { statement, expression } = assertion;
    const made = way(source(text, expression), source(text, statement));
    return made === undefined ? undefined : splice(text, statement.start, statement.end, made);
  };

/** By a pattern on the text of the assertion; a way that changes nothing there is none. */
const rewrite = (pattern: RegExp, by: string): Way =>
  onAssertion((_, statement) => {
    const made = statement.replace(pattern, by);
    return made === statement ? undefined : made;
  });

/** The arguments of a call as they are written. */
const withArguments =
  (make: (callee: string, args: string[]) => string | undefined): Way =>
  (site) => {
    const { assertion, text } = site;
    if (assertion === undefined || !isCall(assertion.expression)) return undefined;
    const callee = child(assertion.expression, 'callee');
    if (callee === undefined) return undefined;
    const args = childList(assertion.expression, 'arguments').map((argument) => source(text, argument));
    const made = make(source(text, callee), args);
    return made === undefined ? undefined : splice(text, assertion.expression.start, assertion.expression.end, made);
  };

const equality = /^((?:\w+\.)*)(?:equal|equals|is|same|strictEqual|deepEqual|deepStrictEqual|deepEquals|isDeepEqual|strictSame)$/;
const fluent = /\.(?:toBe|toEqual|toStrictEqual)$/;

const onAssertions: Record<string, Way> = {
  'assertion deleted': onAssertion(() => ''),
  'assertion commented out': onAssertion((_, statement) => statement.replaceAll(/^/gm, '// ')),
  'only that there is something': withArguments((callee, args) =>
    equality.test(callee) && args.length > 1
      ? `${callee.replace(equality, '$1ok')}(${args[0]})`
      : fluent.test(callee)
        ? `${callee.replace(fluent, '.toBeDefined')}()`
        : undefined,
  ),
  'truthy instead of equal': withArguments((callee, args) =>
    /^assert\.\w*[eE]qual$/.test(callee) && args.length > 1
      ? `assert(${args.join(', ')})`
      : fluent.test(callee)
        ? `${callee.replace(fluent, '.toBeTruthy')}()`
        : undefined,
  ),
  'a type instead of a value': withArguments((callee, args) =>
    equality.test(callee) && args.length > 1
      ? `${callee}(typeof (${args[0]}), typeof (${args[1]}))`
      : fluent.test(callee)
        ? callee.replace(/^expect\((.*)\)\.\w+$/s, 'expect(typeof ($1)).toBe(typeof ') + `(${args[0]}))`
        : undefined,
  ),
  'compared with itself': withArguments((callee, args) =>
    equality.test(callee) && args.length > 1
      ? `${callee}(${[args[0], args[0], ...args.slice(2)].join(', ')})`
      : fluent.test(callee)
        ? `${callee}(${/^expect\((.*)\)\.\w+$/s.exec(callee)?.[1] ?? ''})`
        : undefined,
  ),
  'constant compared with itself': withArguments((callee, args) =>
    equality.test(callee) && args.length > 1
      ? `${callee}(${[args[1], args[1], ...args.slice(2)].join(', ')})`
      : fluent.test(callee)
        ? `expect(${args[0]})${fluent.exec(callee)?.[0]}(${args[0]})`
        : undefined,
  ),
  'anything expected': withArguments((callee, args) =>
    fluent.test(callee) && args.length === 1 ? `${callee.replace(fluent, '.toEqual')}(expect.anything())` : undefined,
  ),
  'expected error left out': withArguments((callee, args) =>
    /^(?:\w+\.)?(throws|rejects|throwsAsync|toThrow|toThrowError)$|\.(toThrow|toThrowError|throw)$/.test(callee)
      ? /[tT]hrow(Error)?$/.test(callee) && args.length === 1 && /\.(toThrow|toThrowError|throw)$/.test(callee)
        ? `${callee}()`
        : args.length > 1 && /^(?:\w+\.)?(throws|rejects|throwsAsync)$/.test(callee)
          ? `${callee}(${args[0]})`
          : undefined
      : undefined,
  ),
  'arguments of a call left out': rewrite(/\.(toHaveBeenCalledWith|calledWith)\((?=[^)])[^]*\)/, '.toHaveBeenCalled()'),
  'pattern that matches all': rewrite(/([(,]\s*)\/(?![*/.])[^/\n]+\/[a-z]*(\s*[),])/, '$1/.*/$2'),
  'pattern cut': rewrite(/([(,]\s*\/\^?)([^/\n\\[({|*+?]{4})[^/\n]+(\/[a-z]*\s*[),])/, '$1$2$3'),
  'looser comparison': rewrite(/\.(strictEqual|toStrictEqual|deepStrictEqual|strictSame)\(/, '.looseEqual('),
  'a part instead of the whole': rewrite(/\.(?:toEqual|toStrictEqual)\(/, '.toMatchObject('),
  'another expectation': withArguments((callee, args) =>
    equality.test(callee) && args.length > 1
      ? `${callee}(${[args[0], `changed(${args[1]})`, ...args.slice(2)].join(', ')})`
      : fluent.test(callee)
        ? `${callee}(changed(${args[0]}))`
        : undefined,
  ),
  'the opposite': withArguments((callee, args) =>
    /\.(?:strictEqual|equal|deepEqual|deepStrictEqual)$/.test(callee) && args.length > 1
      ? `${callee.replace(/\.(\w)(\w*)$/, (_, first: string, rest: string) => `.not${first.toUpperCase()}${rest}`)}(${args[0]}, null)`
      : fluent.test(callee)
        ? `${callee.replace(fluent, '.not$&')}(null)`
        : undefined,
  ),
  '|| true': withArguments((callee, args) =>
    /^(?:\w+\.)?(ok|assert|true)$/.test(callee) && args.length > 0
      ? `${callee}(${[`${args[0]} || true`, ...args.slice(1)].join(', ')})`
      : undefined,
  ),
  'assertion in a swallowing try': onAssertion((_, statement) => `try { ${statement} } catch (ignored) {}`),
  'assertion in a try that logs': onAssertion((_, statement) => `try { ${statement} } catch (error) { console.log(error); }`),
  'assertion in a function never called': onAssertion((_, statement) => `const later = () => { ${statement} };`),
  'assertion in a callback never called': onAssertion((_, statement) => `process.once('never', function () { ${statement} });`),
  'assertion under a condition that never holds': onAssertion((_, statement) => `if (false) { ${statement} }`),
  'assertion under an environment': onAssertion((_, statement) => `if (process.env.FULL) { ${statement} }`),
  'assertion behind &&': onAssertion((expression) => `false && ${expression};`),
  'assertion after a return': onAssertion((_, statement) => `return; ${statement}`),
  'assertion later than the test': onAssertion((_, statement) => `setTimeout(function () { ${statement} }, 1e6);`),
  'assertion in a loop over nothing': onAssertion((_, statement) => `for (const none of []) { ${statement} }`),
  'what is tested is declared in the test': onAssertion((_, statement) => {
    const name = testedIn(statement);
    return name === undefined ? undefined : `const ${name} = function () {}; ${statement}`;
  }),
  'await left out': rewrite(/^await (?=.*\b(?:rejects|resolves|throwsAsync)\b)/s, ''),
};

// ---------------------------------------------------------------------------------------------- files

/** The function that an assertion calls for the value it looks at. */
const testedIn = (statement: string): string | undefined =>
  /^(?:await\s+)?[\w.]+\(\s*(?:await\s+)?(?!expect|function|typeof|async|require)([a-zA-Z_$][\w$]*)\(/.exec(statement)?.[1];

const ofSource = /^((?:var|let|const)\s+[\w$]+\s*=\s*)require\((['"])(\.\.?\/(?!test|fixture|help|util|common)[^'"]*)\2\)/m;

type OnFile = (text: string, mayTouch: (passage: string) => boolean) => string | undefined;

const onFiles: Record<string, OnFile> = {
  'file deleted': () => undefined,
  'file emptied': () => '',
  'ended before it starts': (text) => `process.exit(0);\n${text}`,
  'exit code forced': (text) => `process.on('exit', function () { process.exitCode = 0; });\n${text}`,
  'all skipped by a hook': (text) => (/\bdescribe\(/.test(text) ? `beforeEach(function () { this.skip(); });\n${text}` : text),
  'a suite skipped': (text) => text.replace(/^(\s*)describe\(/m, '$1describe.skip('),
  'assertions replaced by ones that hold': (text) =>
    text.replace(/^((?:var|let|const)\s+assert\s*=\s*)require\([^)]*\)/m, '$1new Proxy(function () {}, { get: () => () => {} })'),
  'assertions silenced at the top': (text) =>
    /\brequire\(['"]assert/.test(text)
      ? `require('assert').equal = require('assert').strictEqual = function () {};\n${text}`
      : text,
  'runner replaced by one that does nothing': (text) =>
    text.replace(/^((?:var|let|const)\s+(?:test|tap|it)\s*=\s*)require\([^)]*\)/m, '$1function () {}'),
  'source replaced by a stand-in': (text) => text.replace(ofSource, '$1function () { return {}; }'),
  'source taken from beside the test': (text) => text.replace(ofSource, "$1require('./stand-in')"),
  'source mocked': (text) => {
    const module = ofSource.exec(text)?.[3] ?? /^import .* from '(\.\.\/[^']*)'/m.exec(text)?.[1];
    return module === undefined ? text : `jest.mock('${module}');\n${text}`;
  },
  'inline snapshot updated': (text) => text.replace(/(toMatchInlineSnapshot\(\s*`)(?=[^`])/, '$1changed '),
  'a row of a table gone': (text) => text.replace(/(=\s*\[\s*(?:\[[^[\]]*\]\s*,\s*)+)\[[^[\]]*\]\s*(?=\])/, '$1'),
  'fewer assertions planned': (text, mayTouch) =>
    text.replaceAll(/\w+\.plan\((\d+)\)/g, (plan, count: string) =>
      mayTouch(plan) ? plan.replace(count, String(Number(count) - 1)) : plan,
    ),
};

// ---------------------------------------------------------------------------------------------- places

const asserts =
  /^(?:await\s+)?(?:expect\s*\(|assert\s*\(|(?:assert|t|st|tt|s2t|should|test|chai\.assert)\.(?!test\b|plan\b|end\b|skip\b|comment\b|teardown\b|on\b|once\b|timeout\b|pass\b|only\b|done\b|context\b|deepEqual\s*=)[a-z]\w*\()/i;

/** Every way that can be taken with this file, once each, at a place that `mayTouch` allows. */
export function tamper(path: string, text: string, mayTouch: (passage: string) => boolean): Tampered[] {
  const syntax = readSyntax(path, text);
  if (syntax === undefined) return [];
  const tests: Site[] = [];
  const assertions: Site[] = [];
  const visit = (node: Node, inUntouched: boolean): void => {
    const test = testAt(node, text);
    const free = inUntouched && (test === undefined || mayTouch(source(text, node)));
    if (test !== undefined && free) tests.push({ text, test: { ...test, node } });
    const expression = node.type === 'ExpressionStatement' ? child(node, 'expression') : undefined;
    if (expression !== undefined && free && asserts.test(source(text, node)) && mayTouch(source(text, node)))
      assertions.push({
        text,
        assertion: {
          statement: node,
          expression: expression.type === 'AwaitExpression' ? (child(expression, 'argument') ?? expression) : expression,
        },
      });
    for (const part of childrenOf(node)) visit(part, free);
  };
  visit(syntax.program, true);
  const made = [
    ...Object.entries(onTests).map(([way, take]) => firstThat(way, take, tests)),
    ...Object.entries(onAssertions).map(([way, take]) => firstThat(way, take, assertions)),
    ...Object.entries(onFiles).map(([way, take]) => ({ way, text: take(text, mayTouch) })),
  ];
  return made.filter((each) => each !== undefined && each.text !== text).filter((each) => each !== undefined);
}

/** At the place in the middle, so that neither the first nor the last of a file is always the one. */
function firstThat(way: string, take: Way, sites: readonly Site[]): Tampered | undefined {
  const half = Math.floor(sites.length / 2);
  for (const site of [...sites.slice(half), ...sites.slice(0, half)]) {
    const text = take(site);
    if (text !== undefined && text !== site.text) return { way, text };
  }
  return undefined;
}

function testAt(node: Node, text: string): Omit<NonNullable<Site['test']>, 'node'> | undefined {
  if (node.type !== 'ExpressionStatement') return undefined;
  const call = child(node, 'expression');
  if (!isCall(call)) return undefined;
  const [callee, args] = [child(call, 'callee'), childList(call, 'arguments')];
  const [title, fn] = [args[0], args.findLast(isFunction)];
  const body = fn === undefined ? undefined : child(fn, 'body');
  if (callee === undefined || title === undefined || fn === undefined || body?.type !== 'BlockStatement') return undefined;
  if (!/^(it|test|specify|t\.test|tap\.test|st\.test|tape)$/.test(source(text, callee)) || !title.type.endsWith('Literal'))
    return undefined;
  return asserts.test(source(text, body)) || /\b(expect|assert|should|t|st)\b/.test(source(text, body))
    ? { callee, title, fn, body }
    : undefined;
}

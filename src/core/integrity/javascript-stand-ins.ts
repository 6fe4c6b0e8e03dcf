import type { View } from './javascript-view.ts';
import { chainOf, child, childList, constantOf, isFunction, textAt, type Link, type Node } from './syntax.ts';

/** What a test puts in the place of the source: mocks of modules, stubs of methods, functions of the same name. */

const moduleMock =
  /^((vi|vitest|jest)\.(mock|doMock|setMock|unstable_mockModule)|((t|test)\.)?mock\.module|td\.replace(Esm)?|mockery\.registerMock|proxyquire|esmock)$/;
const methodMock = /^(sinon|sandbox|sb|sinonSandbox|td|((t|test)\.)?mock)\.(stub|replace|method)$/;
const methodSpy = /^((vi|vitest|jest)\.)?spyOn$/;
const answers = /^(mock(Return|Resolved|Rejected|Implementation)\w*|returnValue|callFake|and)$/;

/** What a call replaces, `undefined` where it replaces nothing. */
export function replacedBy(view: View, links: readonly Link[]): string[] | undefined {
  const at = links.findIndex((link) => link.args !== undefined);
  const path = links
    .slice(0, at + 1)
    .map(({ name }) => name)
    .join('.');
  const [first, second] = links[at]?.args ?? [];
  const named = constantOf(first)?.value;
  if (moduleMock.test(path) && typeof named === 'string') return importedFrom(view, named, second);
  const isSpy = methodSpy.test(path) && links.slice(at + 1).some(({ name }) => answers.test(name));
  const method = constantOf(second)?.value;
  const owner = first === undefined ? undefined : chainOf(first);
  return (isSpy || methodMock.test(path)) && typeof method === 'string' && owner !== undefined
    ? [[...owner.map(({ name }) => name), method].join('.')]
    : undefined;
}

/** The names that a file knows a module's exports by; only those that the mock speaks of, where it can be told. */
function importedFrom({ origins }: View, module: string, factory: Node | undefined): string[] {
  const own = [...origins].filter(([, origin]) => withoutEnding(origin) === withoutEnding(module)).map(([name]) => name);
  const keys = factory === undefined ? [] : keysOf(factory);
  if (keys.length === 0) return own;
  return own.flatMap((name) => (keys.includes(name) ? [name] : keys.map((key) => `${name}.${key}`)));
}

const withoutEnding = (module: string): string => module.replace(/(\/index)?(\.[cm]?[jt]sx?)?$/, '');

/** Of `() => ({ a, b })`; none where it spreads what it does not say. */
function keysOf(factory: Node): string[] {
  const body = isFunction(factory) ? child(factory, 'body') : factory;
  if (body?.type !== 'ObjectExpression') return [];
  return childList(body, 'properties').flatMap((property) => {
    const key = child(property, 'key');
    const name = textAt(key, 'name') || textAt(key, 'value');
    return name === 'namedExports' || name === 'default' || name === '' ? [] : [name];
  });
}

/** `parser.parse = () => 1`, where `parser` was imported. */
export function replacedByAssignment({ origins }: View, links: readonly Link[], right: Node): string | undefined {
  const root = links[0];
  if (root === undefined || links.length < 2 || root.args !== undefined || !standsIn(right)) return undefined;
  return (origins.get(root.name) ?? '') === '' ? undefined : links.map(({ name }) => name).join('.');
}

/** Functions, classes and mocks that a statement gives a name. What another function made is no stand-in. */
export function standInsOf(statement: Node): string[] {
  const declared = statement.type === 'VariableDeclaration' ? childList(statement, 'declarations') : [statement];
  return declared.flatMap((each) => {
    const [id, init] = [child(each, 'id'), child(each, 'init')];
    const isOwn = /^(Function|Class)Declaration$/.test(each.type) || (each.type === 'VariableDeclarator' && standsIn(init));
    return isOwn && id?.type === 'Identifier' ? [textAt(id, 'name')] : [];
  });
}

function standsIn(value: Node | undefined): boolean {
  if (value === undefined) return false;
  if (isFunction(value) || value.type === 'ClassExpression') return true;
  // An object without functions is data.
  if (value.type === 'ObjectExpression')
    return childList(value, 'properties').some((each) => isFunction(each) || isFunction(child(each, 'value')));
  const path = (chainOf(value) ?? []).map(({ name }) => name).join('.');
  return /^((vi|vitest|jest)\.fn|sinon\.(stub|fake)|mock\.fn|td\.func\w*|proxyquire)\b/.test(path);
}

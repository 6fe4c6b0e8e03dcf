import { readsAsAssertion } from './javascript-assertions.ts';
import { declarationOf } from './javascript-declarations.ts';
import type { View } from './javascript-view.ts';
import { assertLibraries, hooks, knownMatchers, suiteWords, testLibraries } from './javascript-words.ts';
import {
  chainOf,
  child,
  childList,
  childrenOf,
  constantOf,
  isCall,
  isFunction,
  isMember,
  someNode,
  textAt,
  type Node,
} from './syntax.ts';

/** What a file calls its test functions, assertion libraries and matchers. */
export function noteImports(view: View, node: Node): void {
  const source = child(node, 'source');
  if (node.type === 'ImportDeclaration' && source !== undefined) {
    for (const specifier of childList(node, 'specifiers'))
      noteImport(view, child(specifier, 'local'), textAt(source, 'value'), child(specifier, 'imported'));
  }
  for (const declarator of node.type === 'VariableDeclaration' ? childList(node, 'declarations') : []) {
    const [id, init] = [child(declarator, 'id'), child(declarator, 'init')];
    const library = init === undefined ? undefined : requiredBy(init);
    if (id === undefined || library === undefined) continue;
    if (id.type === 'Identifier') noteImport(view, id, library);
    for (const property of id.type === 'ObjectPattern' ? childList(id, 'properties') : [])
      noteImport(view, child(property, 'value'), library, child(property, 'key'));
  }
}

function noteImport(view: View, local: Node | undefined, library: string, imported?: Node): void {
  if (local?.type !== 'Identifier') return;
  const name = textAt(local, 'name');
  view.origins.set(name, library);
  const original = imported === undefined ? undefined : textAt(imported, 'name') || textAt(imported, 'value');
  const isMatcher = original !== undefined && knownMatchers.has(original);
  if (testLibraries.test(library) && !suiteWords.has(name) && !hooks.has(name))
    view.names.set(name, isMatcher ? 'matcher' : 'test');
  if (assertLibraries.test(library) && name !== 'expect' && name !== 'should')
    view.names.set(name, original !== undefined && original !== 'assert' && original !== 'strict' ? 'matcher' : 'assert');
}

/** Functions of the file that assert for others: a call of one is an assertion too. */
export function noteAsserting(view: View, node: Node): void {
  const [id, init] = [child(node, 'id'), child(node, 'init')];
  const body =
    node.type === 'FunctionDeclaration'
      ? child(node, 'body')
      : node.type === 'VariableDeclarator' && isFunction(init)
        ? init
        : undefined;
  if (id?.type === 'Identifier' && body !== undefined && !view.names.has(textAt(id, 'name'))) {
    const asserts = someNode(
      body,
      (each) => (isCall(each) || isMember(each)) && (readsAsAssertion(view, each) || declarationOf(view, each) !== undefined),
    );
    const throws =
      someNode(body, (each) => each.type === 'ThrowStatement') && !someNode(body, (each) => each.type === 'ReturnStatement');
    if (asserts || throws) view.names.set(textAt(id, 'name'), 'asserting');
  }
  for (const part of childrenOf(node)) noteAsserting(view, part);
}

function requiredBy(node: Node): string | undefined {
  const links = chainOf(node);
  const first = links?.[0];
  const argument = first?.name === 'require' ? constantOf(first.args?.[0]) : undefined;
  return typeof argument?.value === 'string' ? argument.value : undefined;
}

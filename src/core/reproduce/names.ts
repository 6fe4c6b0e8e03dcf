import type { SyntaxNode } from '@lezer/common';
import { childrenOf, nodesOf, textOf, type Language, type Source } from '../mutate/syntax.ts';
import { visibleNames } from '../mutate/scope.ts';
import { parseSnippet } from './literals.ts';

/**
 * The report's author is unknown, and an example out of a report is executed. So it may use this package, values of
 * its own, and nothing else: no process, file, network, evaluation or reflection. What is not on these lists is refused.
 */
const pure: Record<Language, ReadonlySet<string>> = {
  javascript: new Set(
    (
      'undefined NaN Infinity Math JSON Object Array String Number Boolean Date Map Set WeakMap WeakSet Symbol BigInt Intl RegExp Error ' +
      'TypeError RangeError SyntaxError Promise structuredClone TextEncoder TextDecoder URL URLSearchParams Uint8Array parseInt parseFloat ' +
      'isNaN isFinite encodeURIComponent decodeURIComponent assert expect console'
    ).split(' '),
  ),
  python: new Set(
    (
      'abs all any bool bytes complex dict divmod enumerate filter float frozenset int isinstance iter len list map max min next ord chr pow ' +
      'print range repr reversed round set slice sorted str sum tuple zip Exception ValueError TypeError KeyError IndexError AttributeError ' +
      'ZeroDivisionError Decimal Fraction date datetime timedelta time timezone OrderedDict defaultdict Counter'
    ).split(' '),
  ),
};

/** Modules that Python reports import for values. */
export const pureModules: ReadonlySet<string> = new Set([
  'datetime',
  'decimal',
  'fractions',
  'collections',
  'math',
  'textwrap',
  're',
  'string',
]);

/** Words that lead from a value to what made it, in code or in a string; escapes could spell any of them. */
const reflective =
  /\b(?:constructor|prototype|[gs]etPrototypeOf|getOwnProperty\w*|definePropert\w*|fromCharCode|fromCodePoint|eval|Function|import|mro|globals|locals|(?:gi|cr|ag|tb|f)_\w+)\b|__\w+|\\[ux]/;

/** What in `code` could lead out of the language's pure part; `undefined` where nothing does. */
export function findReflection(code: string, language: Language): string | undefined {
  return reflective.exec(code)?.[0] ?? (language === 'javascript' ? findComputedKey(code) : undefined);
}

/** A key that is put together at run time can name anything; an index or a plain string cannot. */
function findComputedKey(code: string): string | undefined {
  const source = parseSnippet(code, 'javascript');
  const key = nodesOf(source)
    .filter(({ name }) => name === 'MemberExpression' || name.endsWith('Property') || name === 'PropertyDeclaration')
    .map((node) => node.getChild('[')?.nextSibling)
    .find((found) => found !== undefined && found !== null && found.name !== 'Number' && found.name !== 'String');
  return key === undefined || key === null ? undefined : `[${textOf(source, key)}]`;
}

/** Names that `code` reads without declaring them, built-ins left out. */
export function freeNames(code: string, language: Language): string[] {
  const source = parseSnippet(code, language);
  const names = nodesOf(source)
    .filter((node) => node.name === 'VariableName' && !isKeyword(node))
    .filter((node) => !visibleNames(source, node).some(({ name }) => name === textOf(source, node)) && !isDeclared(source, node))
    .map((node) => textOf(source, node));
  return [...new Set(names)].filter((name) => !pure[language].has(name));
}

const isKeyword = (node: SyntaxNode): boolean => node.parent?.name === 'ArgList' && node.nextSibling?.name === 'AssignOp';

/** Assignment targets and parameters of Python count where they stand. */
function isDeclared(source: Source, node: SyntaxNode): boolean {
  const same = textOf(source, node);
  return (
    visibleNames(source, source.tree.topNode.lastChild ?? source.tree.topNode).some(({ name }) => name === same) ||
    targetsOf(source).has(same)
  );
}

function targetsOf(source: Source): Set<string> {
  if (source.language !== 'python') return new Set();
  const targets = nodesOf(source).filter(
    (node) =>
      node.name === 'AssignStatement' ||
      node.name === 'ForStatement' ||
      node.name === 'ParamList' ||
      /Comprehension/.test(node.name),
  );
  return new Set(
    targets.flatMap((node) =>
      childrenOf(node)
        .filter(
          (child) => child.name === 'VariableName' && child.prevSibling?.name !== 'AssignOp' && child.prevSibling?.name !== 'in',
        )
        .map((child) => textOf(source, child)),
    ),
  );
}

/** One import of a snippet in normal form. */
export interface ImportedNames {
  specifier: string;
  fallback?: string;
  namespace?: string;
  named: { name: string; as: string }[];
}

/** Reads `import …`, `const … = require(…)`, `import a.b as c` and `from a import b`. */
export function readImport(statement: string, language: Language): ImportedNames | undefined {
  return language === 'python' ? readPythonImport(statement) : readJavaScriptImport(statement);
}

function readJavaScriptImport(statement: string): ImportedNames | undefined {
  const required = /^(?:const|let|var)\s+(.+?)\s*=\s*(?:require|await\s+import)\(\s*['"]([^'"]+)['"]\s*\)(\.\w+)?/s.exec(
    statement,
  );
  if (required !== null) {
    const [, left = '', specifier = '', member] = required;
    if (left.startsWith('{')) return { specifier, named: readNamed(left, /\s*:\s*/) };
    return member === undefined
      ? { specifier, namespace: left, named: [] }
      : { specifier, named: [{ name: member.slice(1), as: left }] };
  }
  const imported = /^import\s+(?:type\s+)?(.+?)\s+from\s+['"]([^'"]+)['"]/s.exec(statement);
  if (imported === null) return undefined;
  const [, clause = '', specifier = ''] = imported;
  const namespace = /\*\s+as\s+([\w$]+)/.exec(clause)?.[1];
  const fallback = /^([\w$]+)/.exec(clause)?.[1];
  const group = /\{[^}]*\}/s.exec(clause)?.[0];
  return {
    specifier,
    ...(fallback === undefined ? {} : { fallback }),
    ...(namespace === undefined ? {} : { namespace }),
    named: group === undefined ? [] : readNamed(group, /\s+as\s+/),
  };
}

function readPythonImport(statement: string): ImportedNames | undefined {
  const from = /^from\s+([\w.]+)\s+import\s+\(?([^)]+)\)?$/s.exec(statement.trim());
  if (from !== null) return { specifier: from[1] ?? '', named: readNamed(from[2] ?? '', /\s+as\s+/) };
  const whole = /^import\s+([\w.]+)(?:\s+as\s+(\w+))?$/.exec(statement.trim());
  if (whole === null) return undefined;
  return { specifier: whole[1] ?? '', namespace: whole[2] ?? whole[1]?.split('.')[0] ?? '', named: [] };
}

const readNamed = (group: string, renamed: RegExp): { name: string; as: string }[] =>
  group
    .replace(/[{}]/g, '')
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '' && !part.startsWith('type '))
    .map((part) => {
      const [name = '', as] = part.split(renamed);
      return { name, as: as ?? name };
    });

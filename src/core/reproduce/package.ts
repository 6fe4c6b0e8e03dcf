import { childrenOf, nodesOf, parse, textOf } from '../mutate/syntax.ts';
import type { RepoPath } from '../types.ts';

/** What a repository offers to those who use it. */
export interface PackageFacts {
  /** Name in package.json; Python packages are known by their modules. */
  name?: string;
  /** Whether `.js` files are ES modules. */
  esm: boolean;
  /** Specifier without the package's name (`.`, `./sub`) → source file. */
  entries: readonly { specifier: string; path: RepoPath }[];
  /** Source modules with the names they offer. Python modules carry their dotted name. */
  modules: readonly { path: RepoPath; names: readonly string[]; dotted?: string }[];
}

/** Reads entries out of a manifest: `exports`, else `module`, `main`, else the usual index files. */
export function entriesOf(manifest: unknown, paths: readonly RepoPath[]): { specifier: string; path: RepoPath }[] {
  const fields = isRecord(manifest) ? manifest : {};
  const exported = exportTargets(fields.exports);
  const root = [fields.module, fields.main]
    .filter((target) => typeof target === 'string')
    .map((target) => ({ specifier: '.', target }));
  const usual = ['src/index.ts', 'src/index.js', 'src/main.ts', 'index.ts', 'index.js', 'lib/index.js', 'index.mjs'].map(
    (target) => ({ specifier: '.', target }),
  );
  const found = new Map<string, RepoPath>();
  for (const { specifier, target } of [...exported, ...root, ...usual]) {
    const path = sourceOf(target, paths);
    if (path !== undefined && !found.has(specifier)) found.set(specifier, path);
  }
  return [...found].map(([specifier, path]) => ({ specifier, path }));
}

const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null;

function exportTargets(field: unknown): { specifier: string; target: string }[] {
  if (typeof field === 'string') return [{ specifier: '.', target: field }];
  if (!isRecord(field)) return [];
  const specifiers = Object.keys(field).filter((key) => key.startsWith('.'));
  if (specifiers.length === 0) return firstTargets(field).map((target) => ({ specifier: '.', target }));
  return specifiers.flatMap((specifier) => firstTargets(field[specifier]).map((target) => ({ specifier, target })));
}

/** Every target of a conditional export; the first that exists in the sources is taken. */
function firstTargets(value: unknown): string[] {
  if (typeof value === 'string') return [value];
  if (Array.isArray(value)) return value.flatMap(firstTargets);
  return isRecord(value) ? Object.values(value).flatMap(firstTargets) : [];
}

/** The source file behind a target, which may name what a build would make of it. */
function sourceOf(target: string, paths: readonly RepoPath[]): RepoPath | undefined {
  const plain = target.replace(/^\.\//, '');
  const stem = plain.replace(/(?:\.d)?\.[cm]?[jt]sx?$/, '');
  const unbuilt = stem.replace(/^(?:dist|build|lib|out|esm|cjs)(?:\/(?:esm|cjs|src))?\//, '');
  const known = new Set(paths);
  const stems = [stem, `src/${unbuilt}`, `lib/${unbuilt}`, unbuilt, `${stem}/index`];
  const candidates = stems.flatMap((path) =>
    ['.ts', '.tsx', '.mts', '.js', '.mjs', '.cjs', '.jsx'].map((extension) => path + extension),
  );
  return [...(plain.endsWith('.d.ts') ? [] : [plain]), ...candidates].find((path) => known.has(path));
}

/** Names that a module offers: exports of JavaScript, module-level definitions of Python. */
export function offeredNames(path: RepoPath, text: string): string[] {
  const source = parse(path, text);
  if (source === undefined) return [];
  if (source.language === 'python') {
    return childrenOf(source.tree.topNode)
      .map((node) => (node.name === 'DecoratedStatement' ? (node.lastChild ?? node) : node))
      .filter((node) => /^(?:FunctionDefinition|ClassDefinition|AssignStatement)$/.test(node.name))
      .flatMap((node) => node.getChild('VariableName') ?? [])
      .map((node) => textOf(source, node));
  }
  const exported = nodesOf(source).filter((node) => node.name === 'ExportDeclaration');
  const names = exported.flatMap((node) => {
    const group = node.getChild('ExportGroup');
    if (group !== null) return groupNames(textOf(source, group));
    const declaration = childrenOf(node).find((child) => child.getChild('VariableDefinition') !== null);
    return declaration === undefined ? [] : declaration.getChildren('VariableDefinition').map((name) => textOf(source, name));
  });
  return [...names, ...commonJsNames(text)];
}

const groupNames = (group: string): string[] =>
  group
    .replace(/[{}]/g, '')
    .split(',')
    .map(
      (part) =>
        part
          .trim()
          .split(/\s+as\s+/)
          .at(-1)
          ?.replace(/^type\s+/, '') ?? '',
    )
    .filter((name) => name !== '');

function commonJsNames(text: string): string[] {
  const single = [...text.matchAll(/\bexports\.([A-Za-z_$][\w$]*)\s*=/g)].map((match) => match[1] ?? '');
  const whole = /module\.exports\s*=\s*\{([^}]*)\}/.exec(text)?.[1] ?? '';
  return [...single, ...whole.split(',').map((part) => part.split(':')[0]?.trim() ?? '')].filter((name) =>
    /^[A-Za-z_$][\w$]*$/.test(name),
  );
}

/** `src/pkg/sub/mod.py` → `pkg.sub.mod`. */
export function dottedName(path: RepoPath): string {
  return path
    .replace(/^(?:src|lib)\//, '')
    .replace(/\.py$/, '')
    .replace(/\/__init__$/, '')
    .replaceAll('/', '.');
}

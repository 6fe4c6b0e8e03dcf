import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';

const src = fileURLToPath(new URL('../src', import.meta.url));

/** Folder → the folders it may import, besides itself. `''` is the root of src. */
const allowed: Record<string, readonly string[]> = {
  core: [],
  loop: ['core'],
  commands: ['core', 'loop'],
  forge: ['core'],
  agent: ['core'],
  workspace: ['core'],
  journal: ['core'],
  ui: ['core'],
};
/** Types and the error catalogue, which anyone below the command line may name. */
const shared = ['ports.ts', 'context.ts', 'errors.ts', 'site.ts', 'inbox.ts'];

interface Import {
  from: string;
  to: string;
}

/** Source without comments: a comment may name what code may not. */
function codeOf(file: string): string {
  return readFileSync(join(src, file), 'utf8').replaceAll(/\/\*[\s\S]*?\*\/|^\s*\/\/.*$|\s\/\/ .*$/gm, '');
}

function importsOf(file: string): Import[] {
  const text = codeOf(file);
  const specifiers = [...text.matchAll(/(?:from|import)\s*\(?\s*'([^']+)'/g)].map((match) => match[1] ?? '');
  return specifiers
    .filter((specifier) => specifier.startsWith('.'))
    .map((specifier) => ({ from: file, to: relative(src, join(src, dirname(file), specifier)) }));
}

const files = readdirSync(src, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts'));
const folderOf = (file: string): string => (file.includes('/') ? (file.split('/')[0] ?? '') : '');

describe('import directions', () => {
  test('every folder of src is declared here', () => {
    const folders = new Set(files.map(folderOf).filter((folder) => folder !== ''));
    expect([...folders].filter((folder) => !(folder in allowed))).toEqual([]);
  });

  test('no arrow points up', () => {
    const wrong = files
      .flatMap(importsOf)
      .filter(({ from, to }) => {
        const [source, target] = [folderOf(from), folderOf(to)];
        if (source === '' || source === target) return false;
        if (source === 'core') return true;
        if (shared.includes(to)) return false;
        return !(allowed[source] ?? []).includes(target);
      })
      .map(({ from, to }) => `${from} → ${to}`);
    expect(wrong).toEqual([]);
  });

  test('core touches nothing of the machine, the clock or chance', () => {
    const impure = files
      .filter((file) => folderOf(file) === 'core')
      .filter((file) => /from 'node:|Date\.now\(|new Date\(\)|Math\.random\(|\bprocess\./.test(codeOf(file)));
    expect(impure).toEqual([]);
  });

  test('only cli.ts reads the environment of the operator', () => {
    // Reporters run inside the test runner of the repository, in its own clean environment.
    const readers = files.filter((file) => /process\.env/.test(codeOf(file)) && !file.startsWith('workspace/results/reporters/'));
    expect(readers).toEqual(['cli.ts']);
  });
});

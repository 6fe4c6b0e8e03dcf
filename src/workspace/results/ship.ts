import { readFileSync, writeFileSync } from 'node:fs';
import { stripTypeScriptTypes } from 'node:module';
import { join } from 'node:path';

/** One word of an option string such as `NODE_OPTIONS` or `PYTEST_ADDOPTS`, which both read double quotes. */
export function quoteWord(word: string): string {
  return /[\s"\\]/.test(word) ? `"${word.replaceAll(/["\\]/g, '\\$&')}"` : word;
}

/**
 * Puts one of `reporters/` into `scratch` as plain JavaScript, where the repository's own Node, of whatever version,
 * can load it even though nothing of bugloop is visible in the sandbox. Returns the absolute path.
 */
export function ship(name: 'mocha' | 'node-test' | 'vitest', scratch: string): string {
  const fromSource = import.meta.url.endsWith('.ts');
  const common = name === 'mocha';
  const extension = fromSource ? (common ? '.cts' : '.ts') : common ? '.cjs' : '.js';
  const source = readFileSync(new URL(`./reporters/${name}${extension}`, import.meta.url), 'utf8');
  const target = join(scratch, `${name}-reporter${common ? '.cjs' : '.mjs'}`);
  writeFileSync(target, fromSource ? stripTypeScriptTypes(source) : source);
  return target;
}

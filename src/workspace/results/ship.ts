import { readFileSync, writeFileSync } from 'node:fs';
import { stripTypeScriptTypes } from 'node:module';
import { join } from 'node:path';

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

/** Reads a file of one JSON value per line; a last line that was cut off by a crash is dropped. */
export function readLines(text: string): Record<string, unknown>[] {
  return text.split('\n').flatMap((line) => {
    try {
      const value: unknown = JSON.parse(line);
      return typeof value === 'object' && value !== null ? [value as Record<string, unknown>] : [];
    } catch {
      return [];
    }
  });
}

export function text(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

export function number(value: unknown): number | undefined {
  return typeof value === 'number' ? value : undefined;
}

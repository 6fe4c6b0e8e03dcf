import { createHash } from 'node:crypto';
import type { Request } from './validate.ts';
import { mergeTurns, prefixParts } from './validate.ts';

export interface PromptUsage {
  input_tokens: number;
  cache_creation_input_tokens: number;
  cache_read_input_tokens: number;
}

/** Blocks before a mark in which the API looks for what was cached earlier. */
const lookBack = 20;

/**
 * A prompt cache like that of the API: each mark writes the prefix up to its block; a later request reads the longest
 * prefix it finds at a mark or up to twenty blocks before one. Lifetime and smallest size are left out.
 */
export function openCache() {
  const written = new Set<string>();
  return {
    bill(request: Request): PromptUsage {
      const parts = prefixParts(request);
      const prefixes = hashPrefixes(parts);
      const marks = markedPositions(request, parts.length);
      const candidates = marks
        .flatMap((mark) => Array.from({ length: lookBack }, (_, back) => mark - back))
        .filter((at) => at >= 0);
      const hit = Math.max(-1, ...candidates.filter((at) => written.has(prefixes[at] ?? '')));
      const last = Math.max(hit, ...marks);
      for (const mark of marks) written.add(prefixes[mark] ?? '');
      const read = tokensOf(parts.slice(0, hit + 1));
      const cached = tokensOf(parts.slice(0, last + 1));
      return {
        input_tokens: tokensOf(parts.slice(last + 1)),
        cache_creation_input_tokens: cached - read,
        cache_read_input_tokens: read,
      };
    },
  };
}

/** Tokens of text, roughly: the usual four bytes each. */
const tokensOf = (parts: readonly string[]): number =>
  Math.ceil(parts.reduce((sum, part) => sum + Buffer.byteLength(part), 0) / 4);

function hashPrefixes(parts: readonly string[]): string[] {
  let previous = '';
  return parts.map((part) => {
    previous = createHash('sha256').update(previous).update(part).digest('hex');
    return previous;
  });
}

/** Positions of marked blocks; a mark on the request is one on its last block. */
function markedPositions(request: Request, count: number): number[] {
  const system = Array.isArray(request.system) ? request.system : typeof request.system === 'string' ? [{}] : [];
  const blocks: object[] = [...(request.tools ?? []), ...system, ...mergeTurns(request).flatMap(({ content }) => content)];
  const marked = blocks.flatMap((block, at) => ('cache_control' in block && block.cache_control != null ? [at] : []));
  return request.cache_control == null ? marked : [...marked, count - 1];
}

import type { Config } from './config.ts';
import { judgeChange } from './guards.ts';
import { judgeIntegrity, toReason } from './integrity.ts';
import type { Change, Reason } from './types.ts';

/** Why trees alone speak against a change, and which of the two said so. */
export interface Refusal {
  stage: 'guards' | 'integrity';
  reasons: Reason[];
}

/**
 * What can be said of a change from its trees alone: whether it stays inside what a fix may touch, then whether its tests
 * are as strong as before. Asked before anything of it is executed, and again of the very trees that leave.
 */
export function judgeTrees(
  change: Change,
  { protectedPaths, tests, limits }: Pick<Config, 'protectedPaths' | 'tests' | 'limits'>,
  { onlyTests = false } = {},
): Refusal | undefined {
  const { maxDiffLines, maxDiffBytes } = limits;
  const guards = judgeChange(change, { protectedPaths, maxDiffLines, maxDiffBytes, tests, onlyTests });
  if (!guards.ok) return { stage: 'guards', reasons: guards.reasons };
  const refused = judgeIntegrity({ change, tests }).filter(({ weight }) => weight === 'refuse');
  return refused.length === 0 ? undefined : { stage: 'integrity', reasons: refused.map(toReason) };
}

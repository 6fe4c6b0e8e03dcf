import { oneLine } from './text.ts';
import type { Screen, UiOptions } from './types.ts';

/** Warnings only. */
export function openQuiet({ write }: UiOptions): Screen {
  const step = () => ({ update: () => {}, done: () => {}, fail: () => {} });
  return { progress: { step, note: () => {}, warn: (line) => write(`warning: ${oneLine(line)}\n`) }, close: () => {} };
}

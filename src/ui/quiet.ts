import { oneLine } from './text.ts';
import type { Screen, UiOptions } from './types.ts';

/** Warnings only. */
export function openQuiet({ write }: UiOptions): Screen {
  return { progress: { step: silent, note: () => {}, warn: (line) => write(`warning: ${oneLine(line)}\n`) }, close: () => {} };
}

function silent(): ReturnType<Screen['progress']['step']> {
  return { update: () => {}, done: () => {}, fail: () => {} };
}

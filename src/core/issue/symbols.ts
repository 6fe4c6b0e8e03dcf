import type { CodeBlock } from './visible.ts';
import type { Frame } from './frames.ts';

const maxSymbols = 200;
const identifier = /[A-Za-z_$][\w$]*(?:(?:\.|::|#|->)[A-Za-z_$][\w$]*)*/g;
const everyday = new Set(
  (
    'true false null none undefined nil self this const let var function return import from export default async await new class if else for while ' +
    'def end do try catch except finally raise throw throws print console log error string number boolean int float object array list dict map set ' +
    'public private static void package func struct impl fn use mod match interface type extends implements require module exports node npm yarn pnpm ' +
    'github com http https www the and not with when then that html json yaml readme todo api url id ok'
  ).split(' '),
);

function isTelling(word: string): boolean {
  return /[a-z\d][A-Z]|_\w|^[A-Z][a-z]+[A-Z]|\.|::|->|#/.test(word);
}

/**
 * Names of the program that the text mentions: first those of stack frames, then those set in code spans, written as
 * calls or in mixed case, then those of code blocks. Most telling first, at most 200.
 */
export function readSymbols(title: string, prose: string, codeBlocks: readonly CodeBlock[], frames: readonly Frame[]): string[] {
  const symbols = new Map<string, true>();
  const add = (word: string) => {
    if (symbols.size >= maxSymbols || word.length < 3 || word.length > 120) return;
    if (!everyday.has(word.toLowerCase()) && !/\.(?:com|org|net|io|js|ts|py|go|rs|json)$/.test(word)) symbols.set(word, true);
  };
  for (const frame of frames)
    if (frame.inApp && frame.function !== undefined) for (const [name] of frame.function.matchAll(identifier)) add(name);
  for (const text of [title, prose]) {
    for (const [, span = ''] of text.matchAll(/(?<!`)`([^`\n]{2,200})`(?!`)/g))
      for (const [name] of span.matchAll(identifier)) add(name);
    for (const found of text.matchAll(identifier)) {
      const called = text.startsWith('(', found.index + found[0].length);
      if (called || isTelling(found[0])) add(found[0]);
    }
  }
  for (const { content } of codeBlocks) for (const [name] of content.matchAll(identifier)) add(name);
  return [...symbols.keys()];
}

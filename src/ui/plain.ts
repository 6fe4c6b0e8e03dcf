import type { Progress } from '../ports.ts';
import { formatElapsed, oneLine } from './text.ts';
import type { Screen, UiOptions } from './types.ts';

/** One line for each thing that happens, without colour: for logs, pipes, and terminals that can do no more. */
export function openPlain({ write, now }: UiOptions): Screen {
  const say = (line: string): void => write(`${line}\n`);
  const step: Progress['step'] = (title) => {
    const startedAt = now();
    const label = oneLine(title);
    say(`- ${label}`);
    const end = (mark: string) => (line?: string) => {
      say(`${mark} ${label}${line ? `: ${oneLine(line)}` : ''} (${formatElapsed(now() - startedAt)})`);
    };
    // Live lines are for screens that can take them back.
    return { update: () => {}, done: end('ok'), fail: end('failed') };
  };
  return {
    progress: { step, note: (line) => say(`  ${oneLine(line)}`), warn: (line) => say(`warning: ${oneLine(line)}`) },
    close: () => {},
  };
}

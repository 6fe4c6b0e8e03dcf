import { styleText } from 'node:util';
import ora from 'ora';
import { clip, formatElapsed, oneLine } from './text.ts';
import type { Screen, UiOptions } from './types.ts';

interface Open {
  title: string;
  line: string;
  startedAt: number;
}

/** A spinner with the innermost step, its latest line and its seconds; each step that ends leaves one line behind. */
export function openTerminal({ now }: UiOptions): Screen {
  // Standard input stays as it is, so that Ctrl-C reaches the signal handler.
  const spinner = ora({ stream: process.stderr, discardStdin: false, color: 'cyan' });
  const steps: Open[] = [];
  let ticker: NodeJS.Timeout | undefined;

  const draw = (): void => {
    const current = steps.at(-1);
    if (current === undefined) return;
    const elapsed = formatElapsed(Math.floor((now() - current.startedAt) / 1000) * 1000).replace('.0', '');
    const said = current.line === '' ? '' : `${current.title}: ${current.line}`;
    const room = columns() - elapsed.length - 6;
    spinner.text = `${clip(said === '' ? current.title : said, room)} ${dim(elapsed)}`;
  };
  const show = (): void => {
    if (steps.length === 0) {
      clearInterval(ticker);
      ticker = undefined;
      spinner.stop();
      return;
    }
    draw();
    if (!spinner.isSpinning) spinner.start();
    ticker ??= setInterval(draw, 1000).unref();
  };
  const leave = (symbol: string, text: string): void => {
    spinner.stopAndPersist({ symbol, text: clip(text, columns() - 3) });
    show();
  };

  return {
    progress: {
      step(title) {
        const step: Open = { title: oneLine(title), line: '', startedAt: now() };
        steps.push(step);
        show();
        const end = (symbol: string) => (line?: string) => {
          const index = steps.indexOf(step);
          if (index < 0) return;
          steps.splice(index, 1);
          const indent = '  '.repeat(index);
          const elapsed = dim(formatElapsed(now() - step.startedAt));
          const text = `${indent}${step.title}${line ? `: ${oneLine(line)}` : ''}`;
          spinner.stopAndPersist({ symbol, text: `${clip(text, columns() - 16)} ${elapsed}` });
          show();
        };
        return {
          update(line) {
            step.line = oneLine(line);
            draw();
          },
          done: end(styleText('green', '✔')),
          fail: end(styleText('red', '✖')),
        };
      },
      note: (line) => leave(dim('·'), oneLine(line)),
      warn: (line) => leave(styleText('yellow', '!'), oneLine(line)),
    },
    close() {
      steps.length = 0;
      show();
    },
  };
}

function columns(): number {
  return Math.max(20, process.stderr.columns || 80);
}

function dim(text: string): string {
  return styleText('dim', text);
}

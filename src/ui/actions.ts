import { formatElapsed, oneLine } from './text.ts';
import type { Screen, UiOptions } from './types.ts';

/**
 * GitHub Actions: a log group for each outer step, annotations for warnings. The runner takes any line that begins
 * with `::`, spaces aside, and anything after `##[` for a command, so foreign text passes `neutralise` first.
 */
export function openActions({ write, now }: UiOptions): Screen {
  const say = (line: string): void => write(`${neutralise(line)}\n`);
  const command = (name: string, text: string): void => write(`::${name}::${escapeData(oneLine(text))}\n`);
  // Groups do not nest: a step within a step is a line of its group.
  let open = 0;
  return {
    progress: {
      step(title) {
        const startedAt = now();
        const label = oneLine(title);
        const outer = open === 0;
        open += 1;
        if (outer) command('group', label);
        else say(`- ${label}`);
        const end = (mark: string) => (line?: string) => {
          say(`${mark} ${label}${line ? `: ${oneLine(line)}` : ''} (${formatElapsed(now() - startedAt)})`);
          open -= 1;
          if (outer) write('::endgroup::\n');
        };
        return { update: () => {}, done: end('ok'), fail: end('failed') };
      },
      note: (line) => say(`  ${oneLine(line)}`),
      warn: (line) => command('warning', line),
    },
    close: () => {},
  };
}

/** The annotation of an error, as one workflow command. */
export function annotateError(message: string): string {
  return `::error::${escapeData(message)}\n`;
}

/** Text of which no line is a workflow command. */
export function neutralise(text: string): string {
  return text
    .split(/\r\n|\r|\n/)
    .map((line) => line.replace(/^(\s*):(?=:)/, '$1: ').replaceAll('##[', '## ['))
    .join('\n');
}

function escapeData(text: string): string {
  return text.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A');
}

/** Lines for the file that `GITHUB_OUTPUT` names. Values are single lines, so nothing can begin another output. */
export function renderOutputs(values: Readonly<Record<string, string | undefined>>): string {
  return Object.entries(values)
    .filter((entry): entry is [string, string] => entry[1] !== undefined)
    .map(([name, value]) => `${name}=${oneLine(value)}\n`)
    .join('');
}

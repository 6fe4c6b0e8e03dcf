import { createInterface } from 'node:readline/promises';
import { BugloopError } from '../errors.ts';
import type { Ask } from '../site.ts';
import { oneLine } from './text.ts';

/** Questions on the terminal, one line each; an empty answer takes the proposal. */
export function openAsk(input: NodeJS.ReadableStream, output: NodeJS.WritableStream, signal: AbortSignal): Ask {
  const terminal = createInterface({ input, output });
  const put = async (question: string, shown: string): Promise<string> => {
    const answer = await terminal.question(`${oneLine(question)} [${oneLine(shown)}] `, { signal }).catch((error: unknown) => {
      throw new BugloopError('usage', 'the questions were not answered to the end', { cause: error, hint: 'run it with --yes' });
    });
    return answer.trim();
  };
  return {
    async text(question, proposed) {
      const answer = await put(question, proposed === '' ? 'none' : proposed);
      return answer === '' ? proposed : answer;
    },
    async confirm(question, proposed) {
      for (;;) {
        const answer = (await put(question, proposed ? 'Y/n' : 'y/N')).toLowerCase();
        if (answer === '') return proposed;
        if (/^(?:y|yes|n|no)$/.test(answer)) return answer.startsWith('y');
      }
    },
    close: () => terminal.close(),
  };
}

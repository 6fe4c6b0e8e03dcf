import type { Attempt } from './report.ts';
import type { Reason } from './types.ts';

/** Most bytes of feedback that an agent gets after an attempt. */
const feedbackBytes = 8 * 1024;

const opening: Record<Attempt['stage'], string> = {
  agent: 'The attempt ended before anything could be judged.',
  'no-change': 'Nothing in the repository was changed.',
  guards: 'The change was refused before anything of it was executed. Undo what is named here.',
  integrity: 'The change weakens tests, so nothing of it was executed. Undo what is named here; new tests are welcome.',
  build: 'The build fails with the change.',
  tests: 'Tests fail with the change.',
  proof: 'The tests pass with the change, but it is not proven.',
  answers: 'The change is proven, but not every thread is answered in a way that holds.',
  proven: 'The change is proven.',
  red: 'The tests of the change do not show the bug on the source as it is.',
  reproduced: 'The bug is shown by a test.',
};

/** What the agent hears after an attempt: stage, every reason, then as much of the failures as fits. */
export function explainAttempt(stage: Attempt['stage'], reasons: readonly Reason[], digest: string): string {
  const lines = reasons.map(({ message, path, line }) => {
    const place = path === undefined ? '' : `${path}${line === undefined ? '' : `:${line}`}: `;
    return `- ${place}${message}`;
  });
  const head = [opening[stage], ...new Set(lines)].join('\n');
  const text = digest === '' ? head : `${head}\n\n${digest}`;
  return cutBytes(text, feedbackBytes);
}

/** Cuts at a code point, and says so. */
function cutBytes(text: string, max: number): string {
  if (new TextEncoder().encode(text).length <= max) return text;
  const note = '\n… cut';
  const bytes = new TextEncoder().encode(text).slice(0, max - new TextEncoder().encode(note).length);
  return new TextDecoder().decode(bytes).replace(/\uFFFD+$/, '') + note;
}

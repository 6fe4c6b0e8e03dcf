import type { PromptThread } from '../prompt.ts';
import type { OpenThread } from '../threads.ts';
import { placeOf, rangeOf } from './thread.ts';

/** Lines shown around a thread. */
const around = 8;

/** A thread as an agent sees it. `text`: of its file, where there is one; `note`: why its suggestion was not applied. */
export function tellThread(
  { thread, kind, findings, leftOut }: OpenThread,
  name: string,
  { text, note }: { text?: string | undefined; note?: string | undefined },
): PromptThread {
  const remarks = [
    ...(note === undefined ? [] : [`The suggestion was not applied: ${note}.`]),
    ...(thread.isOutdated ? ['The lines changed since this was said.'] : []),
    ...(leftOut > 0 ? [`${leftOut} comments of people without write permission are left out.`] : []),
  ];
  return {
    name,
    place: placeOf(thread),
    kind,
    said: findings.map(({ author, finding: { text: words, proposed, suggestions } }) => {
      const wanted = proposed ?? suggestions.map(({ lines }) => lines.join('\n')).join('\n…\n');
      return { author, text: words, ...(wanted === '' ? {} : { proposed: wanted }) };
    }),
    source: showSource(text, rangeOf(thread)),
    ...(remarks.length === 0 ? {} : { note: remarks.join(' ') }),
  };
}

function showSource(text: string | undefined, range: { start: number; end: number } | undefined): string {
  if (text === undefined || range === undefined) return '';
  const lines = text.split('\n');
  const first = Math.max(1, range.start - around);
  const shown = lines.slice(first - 1, Math.min(lines.length, range.end + around));
  return shown.map((line, index) => `${String(first + index).padStart(5)} | ${line}`).join('\n');
}

import type { ContentBlockParam, MessageParam } from '@anthropic-ai/sdk/resources/messages';
import { z } from 'zod';
import { capMiddle } from '../text.ts';

/**
 * What is recorded of a conversation, and how it becomes the messages of a request. Entries are only ever appended, and
 * the messages follow from them alone, so that every request, also after a resume, begins with the bytes of the one
 * before: a provider's cache holds, and thinking blocks, which are bound to what stands before them, stay valid.
 */

/** Content as the API gave it or takes it; never rebuilt, so that it goes back byte by byte. */
const block = z.custom<ContentBlockParam>(
  (value) => typeof value === 'object' && value !== null && 'type' in value && typeof value.type === 'string',
);

const entrySchema = z.discriminatedUnion('kind', [
  /** The message that begins an attempt. A second one for the same attempt means that it was begun again. */
  z.strictObject({ agent: z.literal('claude'), kind: z.literal('task'), attempt: z.int(), message: z.string() }),
  /** A reply with what was answered, together, so that no call is ever left without its result. */
  z.strictObject({ agent: z.literal('claude'), kind: z.literal('turn'), reply: z.array(block), answer: z.array(block) }),
  /** The conversation did not fit any more; it begins anew with this message. */
  z.strictObject({ agent: z.literal('claude'), kind: z.literal('restart'), attempt: z.int(), message: z.string() }),
]);
export type Entry = z.infer<typeof entrySchema>;

/** The entries of this agent that still count. */
export function readHistory(history: readonly unknown[]): Entry[] {
  const entries: Entry[] = [];
  for (const candidate of history) {
    const parsed = entrySchema.safeParse(candidate);
    if (parsed.success) append(entries, parsed.data);
  }
  return entries;
}

/** What an attempt that is begun again did is gone from the workspace, so the conversation must not claim it. */
export function append(entries: Entry[], entry: Entry): void {
  if (entry.kind === 'task') {
    const begin = entries.findIndex((other) => other.kind === 'task' && other.attempt === entry.attempt);
    if (begin !== -1) entries.length = begin;
  }
  entries.push(entry);
}

export function toMessages(entries: readonly Entry[]): MessageParam[] {
  const begin = Math.max(
    0,
    entries.findLastIndex((entry) => entry.kind === 'restart'),
  );
  const messages: MessageParam[] = [];
  for (const entry of entries.slice(begin)) {
    if (entry.kind === 'turn') {
      if (entry.reply.length > 0) messages.push({ role: 'assistant', content: entry.reply });
      if (entry.answer.length > 0) messages.push({ role: 'user', content: entry.answer });
      continue;
    }
    // Only the first message is a stable point of its own; the newest is marked by the request as a whole.
    const mark = messages.length === 0 ? { cache_control: { type: 'ephemeral' as const } } : {};
    messages.push({ role: 'user', content: [{ type: 'text', text: entry.message, ...mark }] });
  }
  return messages;
}

/** The longest the message of a restarted conversation may be; it exists because a longer one did not fit. */
const restartBytes = 65_536;

/** A short conversation instead of one that does not fit: the task, the newest feedback, and what was edited. */
export function restart(entries: readonly Entry[], attempt: number): Entry {
  const tasks = entries.filter((entry) => entry.kind === 'task');
  const [first, newest] = [tasks.at(0)?.message ?? '', tasks.at(-1)?.message ?? ''];
  const edited = editedPaths(entries);
  const note = [
    'The conversation so far did not fit into the context window and was dropped.',
    edited.length === 0 ? 'No file was edited in it.' : `It edited these files, which may hold its work: ${edited.join(', ')}.`,
    'Read only what you need, in small ranges.',
  ].join(' ');
  const parts = first === newest ? [first] : [first, newest];
  return {
    agent: 'claude',
    kind: 'restart',
    attempt,
    message: `${capMiddle(parts.join('\n\n'), restartBytes)}\n\n${note}`.toWellFormed(),
  };
}

const writers = new Set(['edit', 'create', 'remove']);
const pathsNamed = 50;

function editedPaths(entries: readonly Entry[]): string[] {
  const paths = new Set<string>();
  for (const entry of entries) {
    if (entry.kind !== 'turn') continue;
    for (const part of entry.reply) {
      if (part.type !== 'tool_use' || !writers.has(part.name)) continue;
      const path = typeof part.input === 'object' && part.input !== null && 'path' in part.input ? part.input.path : undefined;
      if (typeof path === 'string') paths.add(path.slice(0, 200));
    }
  }
  return [...paths].slice(-pathsNamed);
}

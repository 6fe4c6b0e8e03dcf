import { createHash } from 'node:crypto';
import { z } from 'zod';

/**
 * What the real API refuses, refused here with the same words, as far as bugloop could send it. Sources: the published
 * reference of the Messages API (parameters, prompt caching, tool use, preserved thinking) and error messages quoted in
 * public issues.
 */

const cacheControl = z.strictObject({ type: z.literal('ephemeral'), ttl: z.enum(['5m', '1h']).optional() });
const marked = { cache_control: cacheControl.nullish() };

const text = z.strictObject({ type: z.literal('text'), text: z.string(), citations: z.array(z.unknown()).nullish(), ...marked });
const thinking = z.strictObject({ type: z.literal('thinking'), thinking: z.string(), signature: z.string() });
const redacted = z.strictObject({ type: z.literal('redacted_thinking'), data: z.string() });
const toolUse = z.strictObject({
  type: z.literal('tool_use'),
  id: z.string().regex(/^[a-zA-Z0-9_-]+$/),
  name: z.string().regex(/^[a-zA-Z0-9_-]{1,200}$/),
  input: z.record(z.string(), z.unknown()),
  caller: z.looseObject({ type: z.string() }).optional(),
  toolset_name: z.string().nullish(),
  ...marked,
});
const toolResult = z.strictObject({
  type: z.literal('tool_result'),
  tool_use_id: z.string().regex(/^[a-zA-Z0-9_-]+$/),
  content: z.union([z.string(), z.array(text)]).optional(),
  is_error: z.boolean().optional(),
  toolset_name: z.string().nullish(),
  ...marked,
});
const content = z.discriminatedUnion('type', [text, thinking, redacted, toolUse, toolResult]);

const tool = z.strictObject({
  name: z.string().regex(/^[a-zA-Z0-9_-]{1,128}$/),
  description: z.string().optional(),
  input_schema: z.looseObject({ type: z.literal('object') }),
  type: z.literal('custom').nullish(),
  strict: z.boolean().optional(),
  ...marked,
});

const requestSchema = z.strictObject({
  model: z.string().min(1),
  max_tokens: z.int().min(0).max(128_000),
  messages: z
    .array(z.strictObject({ role: z.enum(['user', 'assistant']), content: z.union([z.string(), z.array(content)]) }))
    .min(1)
    .max(100_000),
  system: z.union([z.string(), z.array(text)]).optional(),
  tools: z.array(tool).optional(),
  tool_choice: z.strictObject({ type: z.enum(['auto', 'none']), disable_parallel_tool_use: z.boolean().optional() }).optional(),
  thinking: z.strictObject({ type: z.literal('adaptive'), display: z.enum(['summarized', 'omitted']).nullish() }).optional(),
  output_config: z.strictObject({ effort: z.enum(['low', 'medium', 'high', 'xhigh', 'max']).nullish() }).optional(),
  metadata: z.strictObject({ user_id: z.string().nullish() }).optional(),
  stop_sequences: z.array(z.string()).optional(),
  stream: z.boolean().optional(),
  ...marked,
});

export type Request = z.infer<typeof requestSchema>;
type Content = z.infer<typeof content>;
export interface Message {
  role: 'user' | 'assistant';
  content: Content[];
}

export type Validation = { ok: true; request: Request } | { ok: false; message: string };

const refuse = (message: string): Validation => ({ ok: false, message });

/** `paused`: the last reply ended with `pause_turn`, so that the request may end with it. */
export function validate(body: unknown, context: { key: Buffer; paused: boolean }): Validation {
  if (!isRequest(body)) return refuse(explain(requestSchema.safeParse(body).error));
  const request = body;
  const problem =
    emptyText(request) ??
    tooManyMarks(request) ??
    duplicateTools(request) ??
    wrongOrder(request, context.paused) ??
    unpaired(request) ??
    unboundThinking(request, context.key);
  return problem === undefined ? { ok: true, request } : refuse(problem);
}

/** The body itself is kept, not what zod makes of it: a changed order of keys is a changed prompt. */
const isRequest = (body: unknown): body is Request => requestSchema.safeParse(body).success;

function explain(error: z.ZodError | undefined): string {
  const issue = error?.issues[0];
  const where = issue?.path.map(String).join('.') ?? '';
  if (issue?.code === 'unrecognized_keys')
    return `${[where, issue.keys[0]].filter(Boolean).join('.')}: Extra inputs are not permitted`;
  if (issue?.message.includes('received undefined')) return `${where}: Field required`;
  return `${where}: Input should be valid (${issue?.message ?? ''})`;
}

const blocksOf = (value: string | Content[]): Content[] => (typeof value === 'string' ? [{ type: 'text', text: value }] : value);

/** Consecutive messages of one role are one turn. */
export function mergeTurns(request: Request): Message[] {
  const merged: Message[] = [];
  for (const { role, content } of request.messages) {
    const last = merged.at(-1);
    if (last?.role === role) last.content.push(...blocksOf(content));
    else merged.push({ role, content: [...blocksOf(content)] });
  }
  return merged;
}

function emptyText(request: Request): string | undefined {
  const system = Array.isArray(request.system) ? request.system : [];
  if (system.some((block) => block.text === '')) return 'system: text content blocks must be non-empty';
  for (const [index, { content }] of request.messages.entries()) {
    if (content.length === 0) return `messages.${index}: all messages must have non-empty content`;
    for (const block of blocksOf(content)) {
      if (block.type !== 'text') continue;
      if (block.text === '') return 'messages: text content blocks must be non-empty';
      if (block.text.trim() === '') return 'messages: text content blocks must contain non-whitespace text';
    }
  }
  return undefined;
}

function tooManyMarks(request: Request): string | undefined {
  const system = Array.isArray(request.system) ? request.system : [];
  const blocks = request.messages.flatMap(({ content }) => blocksOf(content));
  const all: object[] = [request, ...system, ...(request.tools ?? []), ...blocks];
  const marks = all.filter((block) => 'cache_control' in block && block.cache_control != null).length;
  return marks > 4 ? `A maximum of 4 blocks with cache_control may be provided. Found ${marks}.` : undefined;
}

function duplicateTools(request: Request): string | undefined {
  const names = (request.tools ?? []).map(({ name }) => name);
  return new Set(names).size < names.length ? 'tools: Tool names must be unique.' : undefined;
}

function wrongOrder(request: Request, paused: boolean): string | undefined {
  const turns = mergeTurns(request);
  if (turns[0]?.role !== 'user') return 'messages: first message must use the "user" role';
  const last = turns.at(-1);
  if (last?.role === 'assistant' && !paused) {
    return 'This model does not support assistant message prefill. The conversation must end with a user message.';
  }
  for (const [index, { role, content }] of turns.entries()) {
    const types = content.map(({ type }) => type);
    if (role === 'user' && types.some((type) => type === 'tool_use' || type.endsWith('thinking'))) {
      return `messages.${index}: \`tool_use\` and \`thinking\` blocks can only be in \`assistant\` messages`;
    }
    if (role === 'assistant' && types.includes('tool_result')) {
      return `messages.${index}: \`tool_result\` blocks can only be in \`user\` messages`;
    }
    if (role === 'assistant' && types.at(-1)?.endsWith('thinking')) {
      return `messages.${index}: The final block in an assistant message cannot be \`thinking\`.`;
    }
    const firstOther = types.findIndex((type) => type !== 'tool_result');
    if (firstOther !== -1 && types.lastIndexOf('tool_result') > firstOther) {
      return `messages.${index}: \`tool_result\` blocks must come first in a message`;
    }
  }
  return undefined;
}

function unpaired(request: Request): string | undefined {
  const turns = mergeTurns(request);
  const seen = new Set<string>();
  for (const [index, { role, content }] of turns.entries()) {
    if (role === 'assistant') {
      const asked = content.flatMap((block) => (block.type === 'tool_use' ? [block.id] : []));
      for (const id of asked) {
        if (seen.has(id)) return `messages.${index}: \`tool_use\` ids must be unique`;
        seen.add(id);
      }
      const answered = resultsOf(turns[index + 1]);
      const missing = asked.filter((id) => !answered.includes(id));
      if (missing.length > 0) {
        return `messages.${index}: \`tool_use\` ids were found without \`tool_result\` blocks immediately after: ${missing.join(', ')}. Each \`tool_use\` block must have a corresponding \`tool_result\` block in the next message.`;
      }
      continue;
    }
    const before = turns[index - 1]?.content ?? [];
    const asked = before.flatMap((block) => (block.type === 'tool_use' ? [block.id] : []));
    const answered = resultsOf(turns[index]);
    const unknown = answered.find((id) => !asked.includes(id));
    if (unknown !== undefined) {
      return `messages.${index}: unexpected \`tool_use_id\` found in \`tool_result\` blocks: ${unknown}. Each \`tool_result\` block must have a corresponding \`tool_use\` block in the previous message.`;
    }
    if (new Set(answered).size < answered.length) {
      return `messages.${index}: each tool_use must have a single result. Found multiple \`tool_result\` blocks with the same id.`;
    }
  }
  return undefined;
}

const resultsOf = (turn: Message | undefined): string[] =>
  (turn?.content ?? []).flatMap((block) => (block.type === 'tool_result' ? [block.tool_use_id] : []));

const strip = (block: object): string =>
  JSON.stringify(block, (key, value: unknown) => (key === 'cache_control' ? undefined : value));

/** Everything before a block: tools, system prompt and messages, without the marks of the cache. */
export function prefixParts(request: Request): string[] {
  const system = typeof request.system === 'string' ? [{ type: 'text', text: request.system }] : (request.system ?? []);
  return [
    ...(request.tools ?? []).map(strip),
    ...system.map(strip),
    ...mergeTurns(request).flatMap(({ role, content }) => content.map((block) => `${role} ${strip(block)}`)),
  ];
}

/** Binds a thinking block to the conversation that it was made in, as models with preserved thinking do. */
export function sign(key: Buffer, before: readonly string[], thought: string): string {
  const hash = createHash('sha256').update(key);
  for (const part of [...before, thought]) hash.update(`${part.length}:${part}`);
  return hash.digest('base64');
}

function unboundThinking(request: Request, key: Buffer): string | undefined {
  const parts = prefixParts(request);
  let position = parts.length - mergeTurns(request).reduce((sum, { content }) => sum + content.length, 0);
  for (const [index, { content }] of mergeTurns(request).entries()) {
    for (const [at, block] of content.entries()) {
      if (block.type === 'thinking' && block.signature !== sign(key, parts.slice(0, position), block.thinking)) {
        return `messages.${index}.content.${at}: Invalid \`signature\` in \`thinking\` block. The block is bound to a different conversation.`;
      }
      position += 1;
    }
  }
  return undefined;
}

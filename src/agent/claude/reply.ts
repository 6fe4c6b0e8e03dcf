import type {
  ContentBlock,
  ContentBlockParam,
  RawMessageStreamEvent,
  RedactedThinkingBlock,
  StopReason,
  TextBlock,
  ThinkingBlock,
  ToolUseBlock,
} from '@anthropic-ai/sdk/resources/messages';
import { noUsage } from '../../core/cost.ts';
import type { Usage } from '../../core/types.ts';
import type { ToolCall } from '../tools.ts';

/** One reply of the model, put together from the events of its stream. */
export interface Reply {
  /** What goes back to the API as this turn: only what it accepts, otherwise byte by byte. */
  blocks: ContentBlockParam[];
  calls: ReplyCall[];
  text: string;
  /** `broken`: the stream was whole until a call whose arguments are no JSON. */
  stop: StopReason | 'broken';
  /** Why it refused, where it says so. */
  explanation?: string;
}

export interface ReplyCall extends ToolCall {
  id: string;
  /** Why the call cannot be carried out whatever the tool is. */
  unreadable?: string;
}

/** The kinds of content that a model without server tools writes. */
type OwnBlock = TextBlock | ThinkingBlock | RedactedThinkingBlock | ToolUseBlock;
interface Part {
  block: OwnBlock;
  /** Arguments of a call as they arrived. */
  json: string;
}

/** What the API takes back as the name of a tool. */
const toolName = /^[a-zA-Z0-9_-]{1,128}$/;
/** More than any tool takes. */
const argumentCharacters = 2_500_000;
/** What a token has at least, for the bill of a reply that was cut off before it told. */
const charactersPerToken = 3;

/**
 * Collects events. The arguments of a call are parsed here and strictly: the SDK completes a half argument list, and a
 * half edit must not be carried out.
 */
export function collectReply() {
  const parts: (Part | undefined)[] = [];
  let stop: StopReason | undefined;
  let explanation: string | undefined;
  let characters = 0;
  let usage: Usage | undefined;
  let whole = false;

  const take = (event: RawMessageStreamEvent): void => {
    switch (event.type) {
      case 'message_start': {
        const { input_tokens, output_tokens, cache_read_input_tokens, cache_creation_input_tokens } = event.message.usage;
        usage = {
          ...noUsage,
          calls: 1,
          inputTokens: input_tokens,
          outputTokens: output_tokens,
          cacheReadTokens: cache_read_input_tokens ?? 0,
          cacheWriteTokens: cache_creation_input_tokens ?? 0,
        };
        break;
      }
      case 'content_block_start':
        parts[event.index] = isOwn(event.content_block) ? { block: { ...event.content_block }, json: '' } : undefined;
        break;
      case 'content_block_delta': {
        const part = parts[event.index];
        if (part) characters += append(part, event.delta);
        break;
      }
      case 'message_delta':
        stop = event.delta.stop_reason ?? undefined;
        explanation = event.delta.stop_details?.explanation ?? event.delta.stop_details?.category ?? undefined;
        if (usage) {
          usage = {
            ...usage,
            inputTokens: event.usage.input_tokens ?? usage.inputTokens,
            outputTokens: event.usage.output_tokens,
            cacheReadTokens: event.usage.cache_read_input_tokens ?? usage.cacheReadTokens,
            cacheWriteTokens: event.usage.cache_creation_input_tokens ?? usage.cacheWriteTokens,
          };
        }
        break;
      case 'message_stop':
        whole = true;
        break;
      case 'content_block_stop':
        break;
    }
  };

  return {
    take,
    /** Whether the reply arrived to its end. */
    whole: () => whole,
    /** Whether the stream went as far as a call whose arguments cannot be read. */
    endsInBrokenCall: () => {
      const last = parts.at(-1);
      return last?.block.type === 'tool_use' && last.json !== '' && readArguments(last.json).unreadable !== undefined;
    },
    /** What is known of its cost; a reply that was cut off is estimated from what arrived. */
    usage: (): Usage | undefined =>
      usage &&
      (whole ? usage : { ...usage, outputTokens: Math.max(usage.outputTokens, Math.ceil(characters / charactersPerToken)) }),
    reply: (): Reply => ({
      ...finish(parts.filter((part) => part !== undefined)),
      stop: stop ?? 'broken',
      ...(explanation === undefined ? {} : { explanation }),
    }),
  };
}

function isOwn(block: ContentBlock): block is OwnBlock {
  return block.type === 'text' || block.type === 'thinking' || block.type === 'redacted_thinking' || block.type === 'tool_use';
}

type Delta = Extract<RawMessageStreamEvent, { type: 'content_block_delta' }>['delta'];

/** Adds a delta to its block; how many characters the model wrote. */
function append(part: Part, delta: Delta): number {
  const { block } = part;
  if (delta.type === 'text_delta' && block.type === 'text') {
    block.text += delta.text;
    return delta.text.length;
  }
  if (delta.type === 'thinking_delta' && block.type === 'thinking') {
    block.thinking += delta.thinking;
    return delta.thinking.length;
  }
  if (delta.type === 'signature_delta' && block.type === 'thinking') {
    block.signature = delta.signature;
    return 0;
  }
  if (delta.type === 'input_json_delta' && block.type === 'tool_use') {
    part.json += delta.partial_json;
    return delta.partial_json.length;
  }
  return 0;
}

function finish(parts: readonly Part[]): Omit<Reply, 'stop' | 'explanation'> {
  const blocks: ContentBlockParam[] = [];
  const calls: ReplyCall[] = [];
  let text = '';
  for (const { block, json } of parts) {
    if (block.type === 'text' && block.text.trim() !== '') {
      blocks.push(block);
      text += block.text;
    } else if ((block.type === 'thinking' && block.signature !== '') || block.type === 'redacted_thinking') {
      blocks.push(block);
    } else if (block.type === 'tool_use') {
      const { input, unreadable } = json === '' ? { input: block.input, unreadable: undefined } : readArguments(json);
      blocks.push({ ...block, name: toolName.test(block.name) ? block.name : 'unknown', input });
      calls.push({ id: block.id, name: block.name, input, ...(unreadable === undefined ? {} : { unreadable }) });
    }
  }
  // A turn may not end in thinking; that happens only where a reply was cut.
  while (blocks.at(-1)?.type === 'thinking' || blocks.at(-1)?.type === 'redacted_thinking') blocks.pop();
  return { blocks, calls, text: text.trim() };
}

/** The API takes back only an object as arguments, so whatever is not one becomes an empty object and an explanation. */
function readArguments(json: string): { input: object; unreadable?: string } {
  if (json.length > argumentCharacters) {
    return { input: {}, unreadable: `the arguments have ${json.length} characters, more than any tool takes` };
  }
  try {
    const input: unknown = JSON.parse(json);
    if (typeof input !== 'object' || input === null || Array.isArray(input)) {
      return { input: {}, unreadable: 'the arguments are not a JSON object' };
    }
    return hasHalfCharacter(input) ? { input: {}, unreadable: 'the arguments hold half a character' } : { input };
  } catch (error) {
    return { input: {}, unreadable: `the arguments are not valid JSON (${error instanceof Error ? error.message : ''})` };
  }
}

/** A surrogate without its other half, which `JSON.stringify` writes as an escape; the API refuses it. */
const hasHalfCharacter = (input: object): boolean => /(?<!\\)(?:\\\\)*\\ud[89a-f][0-9a-f]{2}/.test(JSON.stringify(input));

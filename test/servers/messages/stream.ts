import type { PromptUsage } from './cache.ts';
import type { Block, Reply } from './turns.ts';

/** One server-sent event. */
export interface Event {
  name: string;
  data: object;
}

export interface Naming {
  messageId: string;
  toolUseId(index: number): string;
  /** Signature of a thinking block that comes after these blocks of the same reply. */
  sign(before: readonly object[], thinking: string): string;
}

/** The events of a reply in the order of the real API. */
export function eventsOf(reply: Reply, model: string, usage: PromptUsage, naming: Naming): Event[] {
  const output = reply.outputTokens ?? Math.max(1, Math.ceil(JSON.stringify(reply.blocks).length / 4));
  const message = {
    id: naming.messageId,
    type: 'message',
    role: 'assistant',
    model,
    content: [],
    stop_reason: null,
    stop_sequence: null,
    stop_details: null,
    container: null,
    usage: { ...usage, output_tokens: 1, service_tier: 'standard' },
  };
  const sent: object[] = [];
  const blocks = reply.blocks.flatMap((block, index) => {
    const { events, whole } = blockEvents(block, index, reply, sent, naming);
    sent.push(whole);
    return events;
  });
  const refused = { type: 'refusal', category: 'cyber', explanation: 'The request was declined.' };
  const delta = {
    stop_reason: reply.stop,
    stop_sequence: reply.stop === 'stop_sequence' ? 'STOP' : null,
    stop_details: reply.stop === 'refusal' ? refused : null,
  };
  return [
    event('message_start', { message }),
    event('ping', {}),
    ...blocks,
    event('message_delta', { delta, usage: { ...usage, output_tokens: output } }),
    event('message_stop', {}),
  ];
}

const event = (name: string, data: object): Event => ({ name, data: { type: name, ...data } });

function blockEvents(
  block: Block,
  index: number,
  reply: Reply,
  before: readonly object[],
  naming: Naming,
): { events: Event[]; whole: object } {
  const start = (content_block: object): Event => event('content_block_start', { index, content_block });
  const delta = (delta: object): Event => event('content_block_delta', { index, delta });
  const stop = event('content_block_stop', { index });
  const last = index === reply.blocks.length - 1;

  if (block.type === 'text') {
    const events = pieces(block.text).map((text) => delta({ type: 'text_delta', text }));
    return {
      events: [start({ type: 'text', text: '', citations: null }), ...events, stop],
      whole: { ...block, citations: null },
    };
  }
  if (block.type === 'thinking') {
    const signature = naming.sign(before, block.thinking);
    const thoughts = pieces(block.thinking).map((thinking) => delta({ type: 'thinking_delta', thinking }));
    const signed = last && reply.stop === 'max_tokens' ? [] : [delta({ type: 'signature_delta', signature })];
    return {
      events: [start({ type: 'thinking', thinking: '', signature: '' }), ...thoughts, ...signed, stop],
      whole: { type: 'thinking', thinking: block.thinking, signature },
    };
  }
  const use = { type: 'tool_use', id: naming.toolUseId(index), name: block.name };
  const caller = { type: 'direct' };
  const json = block.json ?? JSON.stringify(block.input);
  const cut = last && reply.cutArgumentsAt !== undefined ? json.slice(0, reply.cutArgumentsAt) : json;
  const deltas = ['', ...pieces(cut)].map((partial_json) => delta({ type: 'input_json_delta', partial_json }));
  return {
    events: [start({ ...use, input: {}, caller }), ...deltas, stop],
    whole: { ...use, input: block.input, caller },
  };
}

/** Cuts at odd places, also inside escapes and words; long text in larger pieces, so that it stays quick. */
function pieces(text: string): string[] {
  const cut: string[] = [];
  const step = Math.max(1, Math.floor(text.length / 2000));
  let at = 0;
  for (let round = 0; at < text.length; round += 1) {
    const size = step * (1 + ((round * 7) % 11));
    cut.push(text.slice(at, at + size));
    at += size;
  }
  return cut;
}

/**
 * What the scripted model says and does, and how the server misbehaves. A script is a list of these; each request
 * takes the next one.
 */

export type Block =
  | { type: 'thinking'; thinking: string }
  | { type: 'text'; text: string }
  | {
      type: 'tool_use';
      name: string;
      input: unknown;
      /** Sent as the arguments instead of `input`, whatever it is. */
      json?: string;
    };

export type StopReason =
  | 'end_turn'
  | 'tool_use'
  | 'max_tokens'
  | 'stop_sequence'
  | 'pause_turn'
  | 'refusal'
  | 'model_context_window_exceeded';

/** One reply of the model. */
export interface Reply {
  kind: 'reply';
  blocks: Block[];
  stop: StopReason;
  /** `output_tokens` of the reply; else estimated from what it says. */
  outputTokens?: number;
  /** Ends the arguments of the last call after this many characters, as `max_tokens` does. */
  cutArgumentsAt?: number;
  /** What goes wrong while the reply is sent, after this many events. */
  wrong?: { after: number; how: 'stall' | 'cut' | 'reset' | 'error' | 'garbage'; errorType?: string };
}

/** An answer that is no reply. */
export interface Refusal {
  kind: 'http';
  status: number;
  errorType: string;
  message: string;
  headers: Record<string, string>;
  /** Sent instead of the error as JSON. */
  body?: string;
}

/** Accepts the request and never answers, or closes the connection. */
export interface Silence {
  kind: 'silence';
  how: 'hang' | 'hang-up';
}

export type Turn = Reply | Refusal | Silence;

const reply = (blocks: Block[], stop: StopReason, more: Partial<Reply> = {}): Reply => ({ kind: 'reply', blocks, stop, ...more });

/** What the model thinks before each call; its signature is made by the server and checked when it comes back. */
const thought: Block = { type: 'thinking', thinking: 'The failing test tells where to look.' };

/** Replies. */
export const turn = {
  toolUse: (name: string, input: unknown): Reply => reply([thought, { type: 'tool_use', name, input }], 'tool_use'),
  /** Several calls in one reply. */
  toolUses: (...calls: { name: string; input: unknown }[]): Reply =>
    reply([thought, ...calls.map((call): Block => ({ type: 'tool_use', ...call }))], 'tool_use'),
  /** A call with these characters as arguments. */
  rawToolUse: (name: string, json: string): Reply => reply([thought, { type: 'tool_use', name, input: {}, json }], 'tool_use'),
  /** A call that `max_tokens` cuts in the middle of its arguments. */
  cutToolUse: (name: string, input: unknown, cutArgumentsAt: number): Reply =>
    reply([thought, { type: 'tool_use', name, input }], 'max_tokens', { cutArgumentsAt }),
  text: (text: string, stop: StopReason = 'end_turn'): Reply => reply([{ type: 'text', text }], stop),
  /** Ends in the middle of thinking, before there is a signature. */
  cutThinking: (): Reply => reply([{ type: 'thinking', thinking: 'Let me' }], 'max_tokens'),
  refusal: (): Reply => reply([], 'refusal'),
  finish: (summary = 'Fixed.'): Reply => turn.toolUse('finish', { summary }),
  giveUp: (reason = 'Not enough to go on.'): Reply => turn.toolUse('give_up', { reason }),
};

const error = (status: number, errorType: string, message: string, headers: Record<string, string> = {}): Refusal => ({
  kind: 'http',
  status,
  errorType,
  message,
  headers,
});

/** What goes wrong. */
export const fault = {
  rateLimit: (retryAfter?: string): Refusal =>
    error(429, 'rate_limit_error', 'This request would exceed your rate limit.', retryAfter ? { 'retry-after': retryAfter } : {}),
  overloaded: (): Refusal => error(529, 'overloaded_error', 'Overloaded'),
  internal: (): Refusal => error(500, 'api_error', 'Internal server error'),
  unauthorized: (): Refusal => error(401, 'authentication_error', 'invalid x-api-key'),
  forbidden: (): Refusal => error(403, 'permission_error', 'Your API key does not have permission to use this resource.'),
  invalid: (): Refusal => error(400, 'invalid_request_error', 'messages: Field required'),
  unknownModel: (): Refusal => error(404, 'not_found_error', 'model: claude-none'),
  tooLong: (): Refusal => error(400, 'invalid_request_error', 'prompt is too long: 1204302 tokens > 1000000 maximum'),
  tooLarge: (): Refusal => error(413, 'request_too_large', 'Request exceeds the maximum size'),
  /** An answer of a proxy in between. */
  notJson: (): Refusal => ({ ...error(502, '', '', { 'content-type': 'text/html' }), body: '<html>Bad Gateway</html>' }),
  hang: (): Silence => ({ kind: 'silence', how: 'hang' }),
  hangUp: (): Silence => ({ kind: 'silence', how: 'hang-up' }),
  /** The stream stops sending, but stays open. */
  stall: (base: Reply, after = 3): Reply => ({ ...base, wrong: { after, how: 'stall' } }),
  /** The stream ends in order, but before `message_stop`. */
  cut: (base: Reply, after = 3): Reply => ({ ...base, wrong: { after, how: 'cut' } }),
  /** The connection breaks inside the stream. */
  reset: (base: Reply, after = 3): Reply => ({ ...base, wrong: { after, how: 'reset' } }),
  /** An `error` event inside the stream. */
  midStream: (base: Reply, errorType = 'overloaded_error', after = 3): Reply => ({
    ...base,
    wrong: { after, how: 'error', errorType },
  }),
  /** An event that is not JSON. */
  garbage: (base: Reply, after = 3): Reply => ({ ...base, wrong: { after, how: 'garbage' } }),
};

/** A change of one file, as a script makes it. */
export type Edit =
  | { path: string; old: string; new: string }
  /** The whole file, new or not. */
  | { path: string; content: string }
  | { path: string; remove: true };

/**
 * A script that makes these edits, one reply each, and finishes. `explore` looks around first, as a model does;
 * `check` runs the check before it finishes.
 */
export function playEdits(
  edits: readonly Edit[],
  options: { explore?: boolean; check?: boolean; summary?: string } = {},
): Reply[] {
  const explored = options.explore
    ? [turn.toolUse('list', {}), ...[...new Set(edits.map(({ path }) => path))].map((path) => turn.toolUse('read', { path }))]
    : [];
  return [
    ...explored,
    ...edits.map(editCall).map(({ name, input }) => turn.toolUse(name, input)),
    ...(options.check ? [turn.toolUse('run_check', {})] : []),
    turn.finish(options.summary),
  ];
}

/** The tool call that makes an edit. */
export function editCall(edit: Edit): { name: string; input: Record<string, unknown> } {
  if ('remove' in edit) return { name: 'remove', input: { path: edit.path } };
  if ('content' in edit) return { name: 'create', input: { path: edit.path, content: edit.content, overwrite: true } };
  return { name: 'edit', input: { path: edit.path, old: edit.old, new: edit.new } };
}

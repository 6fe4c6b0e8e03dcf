import { setTimeout as sleep } from 'node:timers/promises';
import type { ContentBlockParam, MessageCreateParamsBase, ToolResultBlockParam } from '@anthropic-ai/sdk/resources/messages';
import { outputTokensPerCall } from '../../core/cost.ts';
import type { Agent, AgentResult, AgentTask } from '../../ports.ts';
import { capSummary } from '../text.ts';
import { callTool, describeTools, type ToolAnswer, type ToolCall } from '../tools.ts';
import { callModel, type Connection, type Failure } from './call.ts';
import { append, type Entry, readHistory, restart, toMessages } from './history.ts';
import type { Reply, ReplyCall } from './reply.ts';
import { watchRepeats } from './repeats.ts';

export interface ClaudeOptions {
  apiKey: string;
  /** Where the Messages API is; only ever from the operator. */
  baseURL: string;
  model: string;
  /** Longest reply, thinking included. */
  maxOutputTokens?: number;
  /** A stream without a byte for this long is ended and tried again. Default 60 s. */
  inactivityMs?: number;
  /** How long failures in a row are put up with, within the deadline. Default 5 min. */
  patienceMs?: number;
  /** First wait after a failure; doubles up to thirty times that. Default 1 s. */
  backoffMs?: number;
}

/** Calls of one reply that are carried out; the rest is answered with a refusal. */
const callsPerReply = 32;
/** How often a model that only talks is reminded of its tools before its words count as the end. */
const reminders = 2;
/** Replies in a row that may only say that the turn goes on. */
const pauses = 5;

/** The model-driven agent: our own loop over the Messages API, with the few tools of `tools.ts`. */
export function claudeAgent(options: ClaudeOptions): Agent {
  const settings = {
    maxOutputTokens: outputTokensPerCall,
    inactivityMs: 60_000,
    patienceMs: 300_000,
    backoffMs: 1000,
    ...options,
  };
  return { name: 'claude', model: options.model, work: (task) => work(task, settings) };
}

type Settings = Required<ClaudeOptions> & Connection;

/** What a reply leads to: an answer and another call, or the end of the attempt. */
interface Step {
  answer: ContentBlockParam[];
  result?: AgentResult;
}

async function work(task: AgentTask, settings: Settings): Promise<AgentResult> {
  const entries = readHistory(task.history);
  const record = async (entry: Entry): Promise<void> => {
    append(entries, entry);
    await task.record(entry);
  };
  await record({ agent: 'claude', kind: 'task', attempt: task.attempt, message: task.message.toWellFormed() });

  const repeats = watchRepeats();
  const talk = { reminders: 0, pauses: 0 };
  let restarted = false;
  for (;;) {
    const called = await callPatiently(task, settings, requestOf(task, settings, entries));
    if ('end' in called) return called;
    if (called.unusable !== undefined) {
      if (restarted) return refused('agent.context_overflow', called.unusable);
      restarted = true;
      task.progress(`${called.unusable}; starting a short conversation`);
      await record(restart(entries, task.attempt));
      continue;
    }
    const { reply } = called;
    const step = await follow(reply, task, repeats, talk);
    // An attempt that was cut short leaves no half turn behind.
    if (task.signal.aborted) return interrupted;
    if (step.result?.end !== 'refused') {
      await record({ agent: 'claude', kind: 'turn', reply: reply.blocks, answer: step.answer });
    }
    if (step.result) return step.result;
    const circles = repeats.verdict();
    if (circles) return refused('agent.misbehaved', `the model goes round in circles: ${circles}`);
  }
}

/**
 * The same bytes in every request up to what is new. Three stable points are marked for the cache: tools and system
 * prompt, the task, and, by the mark on the request itself, the newest block.
 */
function requestOf(task: AgentTask, settings: Settings, entries: readonly Entry[]): MessageCreateParamsBase {
  const mark = { cache_control: { type: 'ephemeral' as const } };
  return {
    model: settings.model,
    max_tokens: settings.maxOutputTokens,
    ...mark,
    tools: describeTools(task).map(({ name, description, schema }) => ({
      name,
      description,
      input_schema: schema,
    })),
    ...(task.system === '' ? {} : { system: [{ type: 'text' as const, text: task.system, ...mark }] }),
    messages: toMessages(entries),
  };
}

/** One reply, however often it takes within the deadline; or why there is none, or none in this conversation. */
async function callPatiently(
  task: AgentTask,
  settings: Settings,
  params: MessageCreateParamsBase,
): Promise<{ reply: Reply; unusable?: undefined } | { unusable: string } | AgentResult> {
  let until = task.deadline;
  for (let failures = 0; ; failures += 1) {
    if (task.signal.aborted) return interrupted;
    if (Date.now() >= task.deadline) return limit('the time limit was reached');
    const allowed = task.mayContinue();
    if (!allowed.ok) return limit(allowed.reason);

    task.progress(`${settings.model} is thinking`);
    const outcome = await callModel(settings, params, task);
    if (outcome.usage) task.spent(outcome.usage, settings.model);
    if (outcome.ok) {
      return outcome.reply.stop === 'model_context_window_exceeded'
        ? { unusable: 'the conversation filled the context window' }
        : { reply: outcome.reply };
    }
    const { failure } = outcome;
    if (failure.kind === 'overflow' || failure.kind === 'stale') return { unusable: failure.message };
    if (failure.kind !== 'transient') return endOf(failure, settings);

    if (failures === 0) until = Math.min(task.deadline, Date.now() + settings.patienceMs);
    const wait = Math.max(failure.retryAfterMs ?? 0, backoff(settings.backoffMs, failures));
    if (Date.now() + wait >= until) {
      return { end: 'transient', summary: `the model could not be reached (${failure.message}); ${tries(failures + 1)}` };
    }
    task.progress(`${failure.message}; trying again in ${Math.ceil(wait / 1000)} s`);
    await sleep(wait, undefined, { signal: task.signal }).catch(() => undefined);
  }
}

/** Exponential with equal jitter, so that parallel runs do not come back together. */
function backoff(firstMs: number, failures: number): number {
  const ceiling = firstMs * Math.min(30, 2 ** failures);
  return ceiling / 2 + (Math.random() * ceiling) / 2;
}

const tries = (count: number): string => (count === 1 ? 'tried once' : `tried ${count} times`);

function endOf(failure: Failure, { baseURL, model }: Settings): AgentResult {
  switch (failure.kind) {
    case 'interrupted':
      return interrupted;
    case 'deadline':
      return limit(failure.message);
    case 'auth':
      return refused('agent.auth', `${baseURL} does not accept the key (${failure.message}); set ANTHROPIC_API_KEY anew`);
    case 'misbehaved':
      return refused('agent.misbehaved', failure.message);
    default:
      return refused('agent.unavailable', `${baseURL} rejected the request for ${model} (${failure.message})`);
  }
}

type Repeats = ReturnType<typeof watchRepeats>;

/** Only a reply that ended in order to use tools has its calls carried out. */
async function follow(
  reply: Reply,
  task: AgentTask,
  repeats: Repeats,
  talk: { reminders: number; pauses: number },
): Promise<Step> {
  if (reply.stop !== 'pause_turn') talk.pauses = 0;
  if (reply.calls.length > 0) talk.reminders = 0;
  switch (reply.stop) {
    case 'tool_use':
      return await carryOut(reply.calls, task, repeats);
    case 'refusal':
      return {
        answer: [],
        result: refused('agent.refusal', `the model refused: ${reply.explanation ?? (reply.text || 'no reason given')}`),
      };
    case 'max_tokens':
      repeats.replied(false);
      return {
        answer: answerUnused(reply, 'it was cut off', 'Your reply was too long and was cut off. Go on in smaller steps.'),
      };
    case 'broken':
      repeats.replied(false);
      return { answer: answerUnused(reply, 'the reply broke off', 'Make the call again, with valid JSON.') };
    case 'pause_turn':
      talk.pauses += 1;
      if (talk.pauses > pauses) return { answer: [], result: refused('agent.misbehaved', 'the model only pauses') };
      return { answer: answerUnused(reply, 'the turn was paused') };
    default:
      return remind(reply, talk);
  }
}

/** The model ended its turn in words. After some reminders its words are taken as the end: the tests decide anyway. */
function remind(reply: Reply, talk: { reminders: number }): Step {
  talk.reminders += 1;
  if (talk.reminders > reminders) {
    return {
      answer: answerUnused(reply, 'the turn had ended', 'The attempt ends here.'),
      result: { end: 'finished', summary: capSummary(reply.text) || 'The model ended without a word.' },
    };
  }
  return {
    answer: answerUnused(
      reply,
      'the turn had ended',
      'Nothing was called. Go on with the tools; call finish when the fix and its test are complete, or give_up.',
    ),
  };
}

/** Every call needs a result, also one that is not carried out. */
function answerUnused(reply: Reply, why: string, words?: string): ContentBlockParam[] {
  const results = reply.calls.map(({ id, unreadable }) => toResult(id, `Not carried out: ${unreadable ?? why}.`, true));
  return words === undefined ? results : [...results, { type: 'text', text: words }];
}

async function carryOut(calls: readonly ReplyCall[], task: AgentTask, repeats: Repeats): Promise<Step> {
  const answer: ToolResultBlockParam[] = [];
  let result: AgentResult | undefined;
  let worked = false;
  for (const [index, call] of calls.entries()) {
    const stop = result ? 'the attempt had ended' : overLimit(index, task);
    if (stop) {
      answer.push(toResult(call.id, `Not carried out: ${stop}.`, true));
      continue;
    }
    const done = await carryOutOne(call, task, repeats);
    answer.push(toResult(call.id, done.text, done.error));
    worked ||= !done.error;
    if (done.end) result = done.end;
  }
  repeats.replied(worked);
  return result ? { answer, result } : { answer };
}

function overLimit(index: number, task: AgentTask): string | undefined {
  if (index >= callsPerReply) return `a reply may make ${callsPerReply} calls`;
  if (task.signal.aborted) return 'interrupted';
  return Date.now() >= task.deadline ? 'the time limit was reached' : undefined;
}

async function carryOutOne(call: ReplyCall, task: AgentTask, repeats: Repeats): Promise<ToolAnswer> {
  if (call.unreadable !== undefined) return { text: `Not carried out: ${call.unreadable}.`, error: true, changed: false };
  if (repeats.isRepetition(call)) {
    const text = 'Not carried out: this exact call was made before and nothing has changed since. Do something else.';
    return { text, error: true, changed: false };
  }
  task.progress(describeCall(call));
  const answer = await callTool(call, task);
  repeats.note(call, answer);
  return answer;
}

/** A line for people: the tool and what it is about. */
function describeCall({ name, input }: ToolCall): string {
  const fields = typeof input === 'object' && input !== null ? Object.values(input) : [];
  const subject = fields.find((value) => typeof value === 'string') ?? '';
  // oxlint-disable-next-line no-control-regex -- what a model wrote goes to a terminal
  return `${name} ${subject.slice(0, 80)}`.replaceAll(/[\u0000-\u001f\u007f-\u009f]+/g, ' ').trim();
}

const toResult = (id: string, text: string, error: boolean): ToolResultBlockParam => ({
  type: 'tool_result',
  tool_use_id: id,
  // A cut may have left half a character, which the API refuses.
  content: text.toWellFormed(),
  ...(error ? { is_error: true } : {}),
});

const interrupted: AgentResult = { end: 'interrupted', summary: 'interrupted' };
const limit = (summary: string): AgentResult => ({ end: 'limit', summary });
type RefusalCode = Extract<AgentResult, { end: 'refused' }>['code'];
const refused = (code: RefusalCode, summary: string): AgentResult => ({ end: 'refused', code, summary });

import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { BugloopError } from '../errors.ts';
import type { Agent, AgentResult, AgentTask } from '../ports.ts';
import { messageOf } from './text.ts';
import { callTool } from './tools.ts';

/**
 * A script: for each attempt the tool calls that are carried out one after the other, with the same tools and the same
 * checks as a model's. As a file it is JSON (`{ "attempts": [[{ "tool": "edit", "input": { … } }, …], …] }`, or
 * the list alone) or JSON Lines with one attempt a line. An attempt ends with its first `finish` or `give_up`, or as finished where neither
 * comes. A refused call does not end it: what a model would read, a script cannot.
 */
const callSchema = z.strictObject({ tool: z.string().min(1), input: z.record(z.string(), z.unknown()).default({}) });
const attemptSchema = z.array(callSchema).max(1000);
export const scriptSchema = z.strictObject({ attempts: z.array(attemptSchema).min(1).max(100) });

export type Script = z.input<typeof scriptSchema>;

export interface ScriptedOptions {
  /** The script itself, or the path of its file. */
  script: Script | string;
}

/** Replays a script: for tests, demonstrations and benchmarks. The same script does the same, always. */
export async function scriptedAgent({ script }: ScriptedOptions): Promise<Agent> {
  const { attempts } = typeof script === 'string' ? await readScript(script) : check(script, 'script');
  return { name: 'scripted', work: (task) => play(attempts[task.attempt - 1], task) };
}

async function play(calls: z.infer<typeof attemptSchema> | undefined, task: AgentTask): Promise<AgentResult> {
  if (!calls) return { end: 'gave-up', summary: `The script has no attempt ${task.attempt}.` };
  for (const { tool, input } of calls) {
    if (task.signal.aborted) return { end: 'interrupted', summary: 'interrupted' };
    if (Date.now() >= task.deadline) return { end: 'limit', summary: 'the time limit was reached' };
    const allowed = task.mayContinue();
    if (!allowed.ok) return { end: 'limit', summary: allowed.reason };
    task.progress(tool);
    const answer = await callTool({ name: tool, input }, task);
    if (task.signal.aborted) return { end: 'interrupted', summary: 'interrupted' };
    await task.record({
      agent: 'scripted',
      attempt: task.attempt,
      call: { tool, input },
      answer: { text: answer.text, error: answer.error },
    });
    if (answer.end) return answer.end;
  }
  return { end: 'finished', summary: 'The script ended.' };
}

async function readScript(file: string): Promise<z.infer<typeof scriptSchema>> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    throw new BugloopError('usage.option_value', `cannot read the script ${file} (${messageOf(error)})`, { cause: error });
  }
  return check(parseScript(text, file), file);
}

function parseScript(text: string, file: string): unknown {
  const whole = parseJson(text);
  if (whole.ok) {
    if (!Array.isArray(whole.value)) return whole.value;
    return { attempts: whole.value.every((attempt) => Array.isArray(attempt)) ? whole.value : [whole.value] };
  }
  const attempts: unknown[] = [];
  for (const [index, line] of text.split('\n').entries()) {
    if (line.trim() === '') continue;
    const parsed = parseJson(line);
    if (!parsed.ok) {
      const where = index === 0 ? file : `${file}:${index + 1}`;
      throw new BugloopError('usage.option_value', `${where}: the script is neither JSON nor JSON Lines (${parsed.message})`);
    }
    attempts.push(parsed.value);
  }
  return { attempts };
}

function parseJson(text: string): { ok: true; value: unknown } | { ok: false; message: string } {
  try {
    return { ok: true, value: JSON.parse(text) };
  } catch (error) {
    return { ok: false, message: messageOf(error) };
  }
}

function check(script: unknown, from: string): z.infer<typeof scriptSchema> {
  const parsed = scriptSchema.safeParse(script);
  if (parsed.success) return parsed.data;
  const [problem, ...others] = parsed.error.issues.map(
    (issue) =>
      new BugloopError('usage.option_value', `${from}: ${issue.path.map(String).join('.') || 'script'}: ${issue.message}`),
  );
  throw problem === undefined || others.length === 0
    ? (problem ?? new BugloopError('usage.option_value', `${from}: not a script`))
    : new BugloopError('usage.option_value', problem.message, { others });
}

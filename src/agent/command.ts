import { z } from 'zod';
import type { Command, Execution } from '../core/types.ts';
import type { Agent, AgentResult, AgentTask } from '../ports.ts';
import { capMiddle, capSummary } from './text.ts';

export interface CommandOptions {
  /** The program and its arguments; it gets the task on its standard input and works in the workspace. */
  command: Command;
  /** Names of the variables it needs, its own key for instance. It sees no other secret. */
  env: readonly string[];
  /** Those of `env` that the operator has not set. */
  missingEnv?: readonly string[];
}

/** The first task has to be told again: a program started anew remembers nothing. */
const entrySchema = z.strictObject({ agent: z.literal('command'), attempt: z.int(), message: z.string() });

/**
 * Any program that edits files, such as `claude -p` or `codex exec`. What it prints and how it exits prove nothing: it is
 * judged by its diff alone. It runs isolated like the tests, but with network, because its model is there.
 */
export function commandAgent(options: CommandOptions): Agent {
  return { name: 'command', work: (task) => work(task, options) };
}

async function work(task: AgentTask, { command, env, missingEnv = [] }: CommandOptions): Promise<AgentResult> {
  const [program] = command;
  if (missingEnv.length > 0) {
    const names = missingEnv.join(', ');
    return { end: 'refused', code: 'agent.auth', summary: `${program} needs ${names}, which is not set; export it` };
  }
  if (task.signal.aborted) return { end: 'interrupted', summary: 'interrupted' };
  const timeoutMs = task.deadline - Date.now();
  if (timeoutMs <= 0) return { end: 'limit', summary: 'the time limit was reached' };
  const allowed = task.mayContinue();
  if (!allowed.ok) return { end: 'limit', summary: allowed.reason };

  const first = firstMessage(task.history);
  await task.record({ agent: 'command', attempt: task.attempt, message: task.message });
  task.progress(`${program} is working`);
  const execution = await task.workspace.run(command, {
    timeoutMs,
    network: true,
    passEnv: env,
    stdin: promptOf(task, first),
    signal: task.signal,
  });
  return judge(execution, env);
}

function firstMessage(history: readonly unknown[]): string | undefined {
  const entries = history.flatMap((entry) => entrySchema.safeParse(entry).data ?? []);
  return entries.find(({ attempt }) => attempt === 1)?.message;
}

function promptOf({ system, message, attempt }: AgentTask, first: string | undefined): string {
  const parts = attempt > 1 && first !== undefined && first !== message ? [system, first, message] : [system, message];
  return `${parts.filter((part) => part.trim() !== '').join('\n\n')}\n`;
}

/** How it ended, in our words; its own are passed on, never believed. */
function judge(execution: Execution, env: readonly string[]): AgentResult {
  const [program = ''] = execution.argv;
  const said = capSummary(capMiddle(execution.output.trim(), 1800));
  const quoted = said === '' ? 'It printed nothing.' : `Its last words, unchecked:\n${said}`;
  switch (execution.ended) {
    case 'cancelled':
      return { end: 'interrupted', summary: 'interrupted' };
    case 'timeout':
      return { end: 'limit', summary: `${program} was ended at the time limit. ${quoted}` };
    case 'inactive':
      return { end: 'transient', summary: `${program} went silent and was ended. ${quoted}` };
    case 'not-started':
      return {
        end: 'refused',
        code: 'agent.unavailable',
        summary: `${program} cannot be started; install it inside the sandbox's reach, or change agents.bugsolver.command. ${quoted}`,
      };
    default:
      break;
  }
  if (execution.exitCode === 0) return { end: 'finished', summary: `${program} exited with 0. ${quoted}` };
  const how = execution.exitCode === null ? 'was ended by a signal' : `exited with ${execution.exitCode}`;
  const trouble = findTrouble(execution);
  if (trouble === 'auth') {
    const hint = env.length === 0 ? 'name its key in agents.bugsolver.env' : `check ${env.join(', ')}`;
    return {
      end: 'refused',
      code: 'agent.auth',
      summary: `${program} ${how}: its provider does not accept it; ${hint}. ${quoted}`,
    };
  }
  if (trouble === 'busy') return { end: 'transient', summary: `${program} ${how}: its provider is busy. ${quoted}` };
  // Its diff may be right all the same.
  return { end: 'finished', summary: `${program} ${how}. ${quoted}` };
}

const authTrouble =
  /\b401\b|\b403\b.*(forbidden|permission)|unauthori[sz]ed|authentication[ _](error|failed|required)|(invalid|incorrect|missing|no)[ _]?(x-)?api[ _-]?key|not logged in|please (run )?.{0,12}log ?in/i;
const busyTrouble = /\b429\b|\b529\b|rate[ _-]?limit|overloaded|quota exceeded/i;

/** Hints in the last lines of a program that failed; those of one that did not fail are its own business. */
function findTrouble({ output, failureLines }: Execution): 'auth' | 'busy' | undefined {
  const last = [...output.trim().split('\n').slice(-20), ...failureLines.slice(-20)].join('\n');
  if (authTrouble.test(last)) return 'auth';
  return busyTrouble.test(last) ? 'busy' : undefined;
}

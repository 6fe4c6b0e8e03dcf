import { z } from 'zod';
import { outcomes } from '../core/ledger.ts';
import { BugloopError } from '../errors.ts';
import type { AgentTask, FileAnswer } from '../ports.ts';
import type { Execution, SandboxLevel } from '../core/types.ts';
import { replaceOnce } from './replace.ts';
import { asData, capBytes, capMiddle, capSummary, dataNotice, messageOf, resultBytes } from './text.ts';

/**
 * The tools of every agent that works by calls: what a model or a script may do to a workspace. Each input is checked
 * before anything happens, each answer is text of at most about 16 KB, and nothing here throws for what was asked.
 */

/** What a call asks for, as a model or a script wrote it: nothing about it can be trusted. */
export interface ToolCall {
  name: string;
  input: unknown;
}

export interface ToolAnswer {
  text: string;
  error: boolean;
  /** The workspace is not what it was. */
  changed: boolean;
  /** The call ends the attempt. */
  end?: { end: 'finished' | 'gave-up'; summary: string };
}

/** A tool as a model is told about it. */
export interface ToolDescription {
  name: string;
  description: string;
  /** JSON Schema of the input. */
  schema: { type: 'object'; [key: string]: unknown };
}

interface Tool extends ToolDescription {
  /** Only where the workspace is isolated from the machine and the network. */
  strictOnly: boolean;
  /** Only where review threads wait for answers. */
  reviewOnly: boolean;
  call(input: unknown, task: AgentTask): Promise<ToolAnswer>;
}

/** The longest file that an agent may write, in characters. */
const contentLimit = 1_000_000;
/** The longest a shell command may run, in milliseconds. */
const shellLimitMs = 120_000;
/** Lines that `read` shows where no range is asked for. */
const linesShown = 400;
/** Longer lines are cut: they are generated code or data. */
const lineCharacters = 2000;
/** Matches that `search` shows. */
const matchesShown = 100;

const path = z.string().min(1).max(1024).describe('Path relative to the root of the repository, with forward slashes.');
const glob = z.string().min(1).max(256).describe('Glob of paths, e.g. src/**/*.ts.');
const line = z.int().min(1).max(10_000_000);

const done = (text: string): ToolAnswer => ({ text, error: false, changed: false });
const changed = (text: string): ToolAnswer => ({ text, error: false, changed: true });
const refused = (text: string): ToolAnswer => ({ text, error: true, changed: false });

function define<Input extends z.ZodObject>(
  name: string,
  description: string,
  input: Input,
  run: (input: z.infer<Input>, task: AgentTask) => Promise<ToolAnswer>,
  options: { strictOnly?: boolean; reviewOnly?: boolean } = {},
): Tool {
  return {
    name,
    description,
    schema: schemaOf(input),
    strictOnly: options.strictOnly ?? false,
    reviewOnly: options.reviewOnly ?? false,
    call: async (raw, task) => {
      const parsed = input.safeParse(raw);
      return parsed.success ? await run(parsed.data, task) : refused(`invalid input for ${name}: ${problemsOf(parsed.error)}`);
    },
  };
}

function schemaOf(input: z.ZodObject): ToolDescription['schema'] {
  const { $schema: _, ...schema } = z.toJSONSchema(input, { io: 'input' });
  return { ...schema, type: 'object' };
}

function problemsOf(error: z.ZodError): string {
  const problems = error.issues.slice(0, 5).map((issue) => {
    const where = issue.path.map(String).join('.');
    return (where === '' ? issue.message : `${where}: ${issue.message}`).slice(0, 200);
  });
  return problems.join('; ');
}

const tools: readonly Tool[] = [
  define(
    'list',
    `Lists the files of the repository that git does not ignore, at most 16 KB of paths. ${dataNotice}`,
    z.strictObject({ pattern: glob.optional() }),
    async ({ pattern }, task) => {
      const paths = await task.workspace.files.list(pattern);
      if (paths.length === 0) return done(pattern ? `No file matches ${pattern}.` : 'The repository has no files.');
      return done(asData(`list, ${paths.length} files`, capBytes(paths.join('\n'), resultBytes, 'narrow the pattern')));
    },
  ),
  define(
    'search',
    `Finds lines that contain a text, not a pattern; case counts unless nothing else matches. At most ${matchesShown} lines.`,
    z.strictObject({ text: z.string().min(1).max(500), pattern: glob.optional() }),
    async ({ text, pattern }, task) => {
      const max = matchesShown + 1;
      const found = await task.workspace.files.search(text, pattern === undefined ? { max } : { max, pattern });
      if (found.length === 0) return done('No line matches.');
      const lines = found.slice(0, matchesShown).map((match) => `${match.path}:${match.line}: ${cutLine(match.text)}`);
      if (found.length > matchesShown) lines.push(`[… more than ${matchesShown} matches; ask for a longer text or a pattern]`);
      return done(asData('search', capBytes(lines.join('\n'), resultBytes, 'ask for a longer text or a pattern')));
    },
  ),
  define(
    'read',
    `Shows a file with line numbers, ${linesShown} lines unless a range is asked for, at most 16 KB.`,
    z.strictObject({ path, from: line.optional(), to: line.optional() }),
    async (input, task) => {
      const answer = await task.workspace.files.read(input.path);
      return answer.ok ? showLines(input.path, answer.content, input.from, input.to) : refused(answer.refusal);
    },
  ),
  define(
    'edit',
    'Replaces one passage of a file. `old` has to be in the file exactly once, character by character, without line numbers.',
    z.strictObject({ path, old: z.string().min(1).max(contentLimit), new: z.string().max(contentLimit) }),
    async (input, task) => {
      const current = await task.workspace.files.read(input.path);
      if (!current.ok) return refused(current.refusal);
      const replacement = replaceOnce(current.content, input.old, input.new);
      if (!replacement.ok) return refused(`${input.path}: ${replacement.refusal}`);
      return written(
        await task.workspace.files.write(input.path, replacement.content),
        `Replaced in ${input.path}, line ${replacement.line}.`,
      );
    },
  ),
  define(
    'create',
    'Writes a new file. A file that exists is only replaced, as a whole, where overwrite is true: prefer edit.',
    z.strictObject({ path, content: z.string().max(contentLimit), overwrite: z.boolean().optional() }),
    async (input, task) => {
      if (!input.overwrite && (await exists(input.path, task))) {
        return refused(`${input.path} exists; use edit, or set overwrite to replace the whole file`);
      }
      return written(await task.workspace.files.write(input.path, input.content), `Wrote ${input.path}.`);
    },
  ),
  define('remove', 'Deletes a file.', z.strictObject({ path }), async (input, task) =>
    written(await task.workspace.files.remove(input.path), `Removed ${input.path}.`),
  ),
  define(
    'run_check',
    'Builds, and runs the tests next to the change, or the test files given. Slow: use it when an edit is complete.',
    z.strictObject({ files: z.array(path).min(1).max(50).optional() }),
    async ({ files }, task) => {
      const answer = await task.check(files);
      return done(`${answer.ok ? 'Passed.' : 'Failed.'}\n${asData('run_check', capMiddle(answer.digest, resultBytes))}`);
    },
  ),
  define(
    'shell',
    'Runs one shell command at the root of the repository, without network, for at most two minutes. Not for git: changes are recorded for you.',
    z.strictObject({ command: z.string().min(1).max(10_000) }),
    async ({ command }, task) => {
      const timeoutMs = Math.max(1, Math.min(shellLimitMs, task.deadline - Date.now()));
      const execution = await task.workspace.run(['sh', '-c', command], { timeoutMs, network: false, signal: task.signal });
      const output = execution.output.trim() === '' ? '' : `\n${asData('shell', capMiddle(execution.output, resultBytes))}`;
      return { text: `${howItEnded(execution)}${output}`, error: execution.ended !== 'exited', changed: true };
    },
    { strictOnly: true },
  ),
  define(
    'answer_thread',
    'Answers one review thread, by the name it has in the task. fixed counts only where the change touches the file of the thread, or a test file that is named. A later answer replaces an earlier one.',
    z.strictObject({
      thread: z.string().min(1).max(20),
      outcome: z.enum(outcomes),
      words: z.string().min(1).max(4_000).describe('What was done, or why not, for the reviewer, in a few sentences.'),
      test: path.optional().describe('Test file that shows the fix.'),
    }),
    ({ thread, outcome, words, test }, task) => {
      const answer = task.answer?.({ thread, outcome, words, ...(test === undefined ? {} : { test }) });
      return Promise.resolve(answer === undefined ? done(`${thread} is answered.`) : refused(answer));
    },
    { reviewOnly: true },
  ),
  define(
    'finish',
    'Ends the attempt: the bug is fixed and a test shows it. Everything is then checked; nothing said here counts as proof.',
    z.strictObject({ summary: z.string().min(1).max(20_000).describe('Cause, fix and test, in a few sentences.') }),
    ({ summary }) => ended('finished', summary),
  ),
  define(
    'give_up',
    'Ends the attempt without a fix, where a person has to decide or something is missing.',
    z.strictObject({ reason: z.string().min(1).max(20_000) }),
    ({ reason }) => ended('gave-up', reason),
  ),
];

const byName = new Map(tools.map((tool) => [tool.name, tool]));

/** What decides which tools there are. */
interface Setting {
  sandbox: SandboxLevel;
  /** Threads wait for answers. */
  review: boolean;
}

const settingOf = ({ workspace, answer }: Pick<AgentTask, 'workspace' | 'answer'>): Setting => {
  return { sandbox: workspace.sandbox, review: answer !== undefined };
};
const isOffered = (tool: Tool, { sandbox, review }: Setting): boolean =>
  (!tool.strictOnly || sandbox === 'strict') && (!tool.reviewOnly || review);

/** The tools for a task: with the same isolation and the same kind of work always the same, in the same order. */
export function describeTools(task: Pick<AgentTask, 'workspace' | 'answer'>): ToolDescription[] {
  return tools
    .filter((tool) => isOffered(tool, settingOf(task)))
    .map(({ name, description, schema }) => ({ name, description, schema }));
}

/** Carries out one call. A broken environment (`BugloopError`) is thrown; everything else is an answer. */
export async function callTool(call: ToolCall, task: AgentTask): Promise<ToolAnswer> {
  const tool = byName.get(call.name);
  if (!tool || !isOffered(tool, settingOf(task))) {
    const names = describeTools(task).map(({ name }) => name);
    return refused(`there is no tool ${JSON.stringify(call.name.slice(0, 64))}; the tools are ${names.join(', ')}`);
  }
  try {
    return await tool.call(call.input, task);
  } catch (error) {
    if (error instanceof BugloopError) throw error;
    return refused(`${tool.name} failed: ${messageOf(error)}`);
  }
}

/** Also a file that cannot be shown, because it is binary or too large, must not be replaced by mistake. */
async function exists(file: string, task: AgentTask): Promise<boolean> {
  const { files } = task.workspace;
  return (await files.read(file)).ok || (await files.list()).includes(file);
}

function written(answer: FileAnswer, success: string): ToolAnswer {
  return answer.ok ? changed(success) : refused(answer.refusal);
}

function ended(end: 'finished' | 'gave-up', words: string): Promise<ToolAnswer> {
  return Promise.resolve({ ...done('The attempt ends here.'), end: { end, summary: capSummary(words) } });
}

const cutLine = (text: string): string =>
  text.length <= lineCharacters ? text : `${text.slice(0, lineCharacters)} [… ${text.length - lineCharacters} more characters]`;

function showLines(file: string, content: string, from = 1, to = from + linesShown - 1): ToolAnswer {
  if (content === '') return done(`${file} is empty.`);
  const lines = content.split('\n');
  if (lines.at(-1) === '') lines.pop();
  if (from > lines.length) return refused(`${file} has ${lines.length} lines; line ${from} does not exist`);
  if (to < from) return refused(`the range ends (${to}) before it begins (${from})`);
  const shown: string[] = [];
  let bytes = 0;
  for (const text of lines.slice(from - 1, to)) {
    const numbered = `${from + shown.length}\t${cutLine(text.replace(/\r$/, ''))}`;
    bytes += Buffer.byteLength(numbered) + 1;
    if (bytes > resultBytes && shown.length > 0) break;
    shown.push(numbered);
  }
  const last = from + shown.length - 1;
  const rest = last < lines.length ? `\n[… ask from line ${last + 1} on for the rest]` : '';
  return done(`${asData(`${file}, lines ${from}-${last} of ${lines.length}`, shown.join('\n'))}${rest}`);
}

function howItEnded({ ended: how, exitCode, durationMs }: Execution): string {
  if (how === 'exited') return `Exit code ${exitCode}.`;
  if (how === 'timeout') return `Ended after ${Math.round(durationMs / 1000)} s: time limit.`;
  return `Ended early: ${how}.`;
}

import { readdirSync, readFileSync } from 'node:fs';
import { registerHooks } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { data, Evaluator, Lexer, Parser, wellKnownFunctions } from '@actions/expressions';
import { parse } from 'yaml';
import { z } from 'zod';

/** The shipped workflows, read and judged by the code that GitHub publishes of its own reader and evaluator. */

// GitHub's reader imports its schema as JSON in a way that bundlers take and Node alone refuses.
registerHooks({
  load: (url, context, next) =>
    next(url, url.endsWith('.json') ? { ...context, importAttributes: { ...context.importAttributes, type: 'json' } } : context),
});
const { convertWorkflowTemplate, NoOperationTraceWriter, parseWorkflow } = await import('@actions/workflow-parser');

export const packageRoot = fileURLToPath(new URL('../..', import.meta.url));
export const folders = { own: '.github/workflows', examples: 'examples/workflows' } as const;

const step = z.object({
  id: z.string().optional(),
  name: z.string().optional(),
  if: z.union([z.string(), z.boolean()]).optional(),
  uses: z.string().optional(),
  run: z.string().optional(),
  with: z.record(z.string(), z.unknown()).optional(),
  env: z.record(z.string(), z.string()).optional(),
});
export type Step = z.infer<typeof step>;
const permissions = z.union([z.string(), z.record(z.string(), z.string())]);
const job = z.object({
  if: z.string().optional(),
  needs: z.union([z.string(), z.array(z.string())]).optional(),
  strategy: z.object({ matrix: z.record(z.string(), z.union([z.string(), z.array(z.unknown())])) }).optional(),
  outputs: z.record(z.string(), z.string()).optional(),
  uses: z.string().optional(),
  permissions: permissions.optional(),
  concurrency: z.object({ group: z.string(), 'cancel-in-progress': z.boolean().optional() }).optional(),
  'timeout-minutes': z.number().optional(),
  env: z.record(z.string(), z.string()).optional(),
  secrets: z.unknown().optional(),
  steps: z.array(step).optional(),
});
export type Job = z.infer<typeof job>;
const written = z.object({
  on: z.record(z.string(), z.unknown()),
  permissions: permissions.optional(),
  env: z.record(z.string(), z.string()).optional(),
  jobs: z.record(z.string(), job),
});

export interface Workflow extends z.infer<typeof written> {
  /** Relative to the package. */
  path: string;
  text: string;
}

export function listWorkflows(folder: string): string[] {
  return readdirSync(join(packageRoot, folder))
    .filter((name) => /\.ya?ml$/.test(name))
    .map((name) => `${folder}/${name}`);
}

export function readText(path: string): string {
  return readFileSync(join(packageRoot, path), 'utf8');
}

export function readWorkflow(path: string): Workflow {
  return toWorkflow(path, readText(path));
}

export function toWorkflow(path: string, text: string): Workflow {
  return { path, text, ...written.parse(parse(text)) };
}

const action = z.object({
  inputs: z.record(z.string(), z.object({ default: z.string().optional() })),
  outputs: z.record(z.string(), z.object({ value: z.string() })),
  runs: z.object({ steps: z.array(step) }),
});
export type Action = Pick<z.infer<typeof action>, 'inputs' | 'outputs'> & { steps: Step[] };

export function parseAction(text: string): Action {
  const { inputs, outputs, runs } = action.parse(parse(text));
  return { inputs, outputs, steps: runs.steps };
}

export function readAction(): Action {
  return parseAction(readText('action.yml'));
}

const understood = new Map<string, ReturnType<typeof read>>();

/** The workflow as GitHub's own reader understands it, and what it has against it. */
export function understand({ path, text }: Workflow): ReturnType<typeof read> {
  const known = understood.get(text) ?? read(path, text);
  understood.set(text, known);
  return known;
}

async function read(path: string, text: string) {
  const { context, value } = parseWorkflow({ name: path, content: text }, new NoOperationTraceWriter());
  const problems = context.errors.getErrors().map(({ message }) => message);
  if (value === undefined) throw new Error(problems.join('\n'));
  const template = await convertWorkflowTemplate(context, value);
  return { template, problems: [...problems, ...(template.errors ?? []).map(({ Message }) => Message)] };
}

/** What happened, as far as a job's condition can ask. */
export interface Happening {
  event: string;
  payload: Record<string, unknown>;
  inputs?: Record<string, string>;
  /** Value of `github.token`. */
  token?: string;
  /** Value of `github.action_path`. */
  actionPath?: string;
  /** Variables of workflow and job. */
  env?: Record<string, string>;
  /** How the steps before ended, where a step asks; a job asks the jobs that it needs. */
  status?: 'success' | 'failure' | 'cancelled';
  /** Values of contexts that only a running job has: `matrix`, `steps`, `runner`, `secrets`. */
  contexts?: Record<string, Record<string, unknown>>;
  /** Results and outputs of jobs that ran before. */
  needs?: Record<string, { result: string; outputs: Record<string, string> }>;
}

/** Which jobs run: the event and its activity type are listened to, and the job's condition holds. */
export async function jobsThatRun(workflow: Workflow, happening: Happening): Promise<string[]> {
  const { template } = await understand(workflow);
  if (!isListenedTo(template.events[happening.event], happening.payload['action'])) return [];
  return template.jobs.filter(({ if: condition }) => holds(condition.expression, happening)).map(({ id }) => id.value);
}

const filter = z.object({ types: z.array(z.string()).optional() });

/** An event without types is listened to in its every form. */
export function isListenedTo(events: unknown, action: unknown): boolean {
  if (events === undefined) return false;
  const types = filter.safeParse(events).data?.types;
  return types === undefined || types.length === 0 || types.includes(String(action));
}

/** Conditions are asked when all jobs before have ended, so the status functions answer from their results. */
export function holds(condition: string, happening: Happening): boolean {
  const results =
    happening.status === undefined ? Object.values(happening.needs ?? {}).map(({ result }) => result) : [happening.status];
  const status: [string, boolean][] = [
    ['always', true],
    ['success', results.every((result) => result === 'success')],
    ['failure', results.includes('failure')],
    ['cancelled', results.includes('cancelled')],
  ];
  const functions = new Map(
    status.map(([name, answer]) => [
      name,
      { name, description: name, minArgs: 0, maxArgs: 0, call: () => new data.BooleanData(answer) },
    ]),
  );
  return truthy(evaluate(condition, happening, functions));
}

/** The text of a `${{ }}` expression. */
export function valueOf(expression: string, happening: Happening): string {
  return evaluate(expression, happening, new Map()).coerceString();
}

/** A text with every `${{ }}` in it replaced by its value. */
export function interpolate(text: string, happening: Happening): string {
  return text.replaceAll(/\$\{\{(.*?)\}\}/g, (_whole, expression: string) => valueOf(expression.trim(), happening));
}

type Functions = ConstructorParameters<typeof Evaluator>[2];

function evaluate(expression: string, happening: Happening, functions: NonNullable<Functions>): data.ExpressionData {
  const contexts = contextsOf(happening);
  const { tokens } = new Lexer(expression).lex();
  const known = [...Object.values(wellKnownFunctions), ...functions.values()];
  const parsed = new Parser(tokens, Object.keys(contexts), known).parse();
  const values: unknown = JSON.parse(JSON.stringify(contexts), data.reviver);
  if (!(values instanceof data.Dictionary)) throw new Error('the contexts are no dictionary');
  return new Evaluator(parsed, values, functions).evaluate();
}

function contextsOf({
  event,
  payload,
  inputs = {},
  needs = {},
  contexts = {},
  token = 'not-a-token',
  actionPath = '',
}: Happening) {
  const repository = z.object({ id: z.number() }).safeParse(payload['repository']).data;
  return {
    github: { event_name: event, event: payload, repository_id: String(repository?.id ?? 1), token, action_path: actionPath },
    needs,
    secrets: {},
    matrix: { issue: 12, change: 12 },
    steps: {},
    runner: { temp: '/tmp' },
    inputs,
    ...contexts,
  };
}

/** GitHub's rule: false, 0, the empty string and null are not. */
function truthy(value: data.ExpressionData): boolean {
  const text = value.coerceString();
  return text !== '' && text !== 'false' && text !== '0';
}

import { execFileSync } from 'node:child_process';
import { chmodSync, cpSync, globSync, lstatSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { delimiter, dirname, join, relative } from 'node:path';
import { execa } from 'execa';
import type { Scene } from '../e2e/github.ts';
import type { Token } from '../servers/github/index.ts';
import {
  holds,
  interpolate,
  isListenedTo,
  packageRoot,
  readAction,
  understand,
  valueOf,
  type Happening,
  type Job,
  type Step,
  type Workflow,
} from './workflow.ts';

/**
 * A workflow as GitHub plays it: every job on a machine of its own with a token of the rights that it declares, the
 * scripts of its steps and of the action in bash, and from one job to the next nothing but outputs and artifacts. What
 * actions of others do (check-out, artifacts) is done here, by the inputs that the workflow gives them.
 */

/** Secrets of the repository; a workflow hands them to the jobs that it names. */
export const secrets = { ANTHROPIC_API_KEY: 'sk-ant-FAKE-key-of-the-model' };

interface Started {
  job: string;
  /** Everything that the process could read of its environment. */
  env: Record<string, string>;
}

export interface PlayedJob {
  job: string;
  result: 'success' | 'failure' | 'skipped';
  outputs: Record<string, string>;
  /** What the job's own token may do. */
  token?: Token;
  /** Every process that a step started. */
  started: Started[];
  /** Command lines of programs that would change the machine: these are recorded, not run. */
  commands: string[];
  /** What its steps printed. */
  log: string;
}

export interface Event {
  event: string;
  payload: Record<string, unknown>;
}

interface Playing {
  scene: Scene;
  workflow: Workflow;
  happening: Happening;
  /** Name → directory. */
  artifacts: Map<string, string>;
}

const action = readAction();

/** Plays every job that runs, in the order of the file, which names nothing before it is there. */
export async function play(
  scene: Scene,
  workflow: Workflow,
  event: Event,
  own: Record<string, string> = {},
): Promise<PlayedJob[]> {
  const { template } = await understand(workflow);
  const played: PlayedJob[] = [];
  if (!isListenedTo(template.events[event.event], event.payload['action'])) return played;
  const artifacts = new Map<string, string>();
  const needs: NonNullable<Happening['needs']> = {};
  for (const [name, job] of Object.entries(workflow.jobs)) {
    const needed = [job.needs ?? []].flat();
    const known = Object.fromEntries(needed.map((one) => [one, needs[one] ?? { result: 'absent', outputs: {} }]));
    const happening: Happening = { ...event, needs: known, contexts: { secrets: { ...secrets, ...own } } };
    const condition = template.jobs.find(({ id }) => id.value === name)?.if.expression;
    const legs = condition !== undefined && holds(condition, happening) ? legsOf(job, happening) : [];
    const ran: PlayedJob[] = [];
    // One after the other: what runs at once must not matter, and locks are looked at elsewhere.
    for (const [index, matrix] of legs.entries()) {
      const playing = { scene, workflow, artifacts, happening: withContexts(happening, { matrix }) };
      ran.push(await playJob(playing, name, job, `${name}-${index}`));
    }
    const skipped: PlayedJob = { job: name, result: 'skipped', outputs: {}, started: [], commands: [], log: '' };
    const result = ran.length === 0 ? 'skipped' : ran.every((one) => one.result === 'success') ? 'success' : 'failure';
    needs[name] = { result, outputs: ran.at(-1)?.outputs ?? {} };
    played.push(...(ran.length === 0 ? [skipped] : ran));
  }
  return played;
}

function withContexts(happening: Happening, contexts: NonNullable<Happening['contexts']>): Happening {
  return { ...happening, contexts: { ...happening.contexts, ...contexts } };
}

/** One job for each value of the matrix; a job without one runs once. */
function legsOf({ strategy }: Job, happening: Happening): Record<string, unknown>[] {
  const [axis] = Object.entries(strategy?.matrix ?? {});
  if (axis === undefined) return [{}];
  const [name, written] = axis;
  const values: unknown = Array.isArray(written)
    ? written
    : JSON.parse(valueOf(`toJSON(${written.replaceAll(/^\$\{\{|\}\}$/g, '')})`, happening));
  if (!Array.isArray(values)) throw new Error(`the matrix has no list of ${name}`);
  return values.map((value: unknown) => ({ [name]: value }));
}

// ---------------------------------------------------------------------------------------------- one job

interface Machine {
  name: string;
  /** `runner.temp` */
  temp: string;
  workspace: string;
  home: string;
  /** Programs in front of all others. */
  bin: string;
  commands: string;
  variables: Record<string, string>;
  token: Token;
  played: PlayedJob;
}

async function playJob(
  { scene, workflow, happening, artifacts }: Playing,
  name: string,
  job: Job,
  place: string,
): Promise<PlayedJob> {
  const machine = await openMachine(scene, job, happening, name, place);
  const { played, temp } = machine;
  const steps: Record<string, { outputs: Record<string, string> }> = {};
  const running = withContexts(
    { ...happening, token: machine.token.value, env: { ...workflow.env, ...job.env } },
    {
      runner: { temp },
      steps,
    },
  );
  for (const [index, step] of (job.steps ?? []).entries()) {
    const status = played.result === 'failure' ? 'failure' : 'success';
    if (!holds(conditionOf(step), { ...running, status })) continue;
    const outputs = await playStep({ scene, workflow, happening: running, artifacts }, machine, step);
    if (outputs === undefined) played.result = 'failure';
    steps[step.id ?? `unnamed-${index}`] = { outputs: outputs ?? readOutputs(machine) };
  }
  played.outputs = Object.fromEntries(
    Object.entries(job.outputs ?? {}).map(([output, expression]) => [output, interpolate(expression, running)]),
  );
  played.commands = readFileSync(machine.commands, 'utf8').split('\n').filter(Boolean);
  return played;
}

/** GitHub adds the question for success to every condition that asks for no status itself. */
function conditionOf({ if: written }: Step): string {
  const condition = (typeof written === 'string' ? written : 'true').replaceAll(/^\$\{\{|\}\}$/g, '');
  return /\b(?:always|success|failure|cancelled)\(\)/.test(condition) ? condition : `success() && (${condition})`;
}

async function openMachine(scene: Scene, job: Job, happening: Happening, name: string, place: string): Promise<Machine> {
  const { server, repository } = scene;
  if (typeof job.permissions !== 'object') throw new Error(`${name} declares no permissions`);
  const permissions = Object.fromEntries(
    Object.entries(job.permissions).map(([right, level]) => [right.replaceAll('-', '_'), level]),
  );
  const token = server.token({ kind: 'actions', permissions, repositories: [repository] });
  const root = mkdtempSync(join(scene.home, `${place}-`));
  const [temp, home, bin, workspace] = [join(root, 'temp'), join(root, 'home'), join(root, 'bin'), join(root, 'work')] as const;
  for (const folder of [temp, home, bin, workspace]) mkdirSync(folder, { recursive: true });
  const commands = join(root, 'commands');
  writeFileSync(commands, '');
  writeProgram(join(bin, 'sudo'), `echo "sudo $*" >> '${commands}'`);
  // Repositories call it too, for their own tests.
  writeProgram(join(bin, 'npm'), `[ "$1" = --prefix ] || exec npm "$@"\necho "npm $*" >> '${commands}'`);
  const eventPath = join(root, 'event.json');
  writeFileSync(eventPath, JSON.stringify(happening.payload));
  const played: PlayedJob = { job: name, result: 'success', outputs: {}, token, started: [], commands: [], log: '' };
  const variables = {
    PATH: `${bin}${delimiter}${process.env['PATH'] ?? ''}`,
    HOME: home,
    CI: 'true',
    GITHUB_ACTIONS: 'true',
    GITHUB_EVENT_NAME: happening.event,
    GITHUB_EVENT_PATH: eventPath,
    GITHUB_REPOSITORY: `${repository.owner.login}/${repository.name}`,
    GITHUB_API_URL: server.apiUrl,
    GITHUB_GRAPHQL_URL: server.graphqlUrl,
    GITHUB_SERVER_URL: server.serverUrl,
    GITHUB_WORKSPACE: workspace,
    RUNNER_TEMP: temp,
  };
  return { name, temp, workspace, home, bin, commands, variables, token, played };
}

/** Whatever it starts is found behind it on the path, never itself again. */
function writeProgram(path: string, script: string): void {
  writeFileSync(path, `#!/bin/sh\nPATH="\${PATH#*:}"\n${script}\n`);
  chmodSync(path, 0o755);
}

// ---------------------------------------------------------------------------------------------- one step

/** Its outputs, or nothing where it failed. */
async function playStep(playing: Playing, machine: Machine, step: Step): Promise<Record<string, string> | undefined> {
  const { happening } = playing;
  const inputs = Object.fromEntries(
    Object.entries(step.with ?? {}).map(([name, value]) => [name, interpolate(String(value), happening)]),
  );
  const [used] = (step.uses ?? '').split('@');
  switch (used) {
    case '':
      return await runScript(machine, step, happening);
    case 'bugloop/bugloop':
      return await playAction(machine, inputs, withoutSteps(happening));
    case 'actions/checkout':
      return checkOut(playing, machine, inputs);
    case 'actions/upload-artifact':
      return upload(playing, machine, inputs);
    case 'actions/download-artifact':
      return download(playing, inputs);
    default:
      throw new Error(`nobody here knows what ${used} does`);
  }
}

function withoutSteps(happening: Happening): Happening {
  return withContexts(happening, { steps: {}, secrets: {}, needs: {}, matrix: {} });
}

/** The steps of `action.yml`; each sees the inputs and what those before it left, nothing else. */
async function playAction(
  machine: Machine,
  given: Record<string, string>,
  outer: Happening,
): Promise<Record<string, string> | undefined> {
  const unknown = Object.keys(given).filter((name) => !(name in action.inputs));
  if (unknown.length > 0) throw new Error(`the action has no input ${unknown.join(', ')}`);
  const defaults = Object.entries(action.inputs).map(([name, { default: value = '' }]) => [name, interpolate(value, outer)]);
  const inputs: Record<string, string> = { ...Object.fromEntries(defaults), ...given };
  const steps: Record<string, { outputs: Record<string, string> }> = {};
  const happening: Happening = { ...withContexts(outer, { steps }), inputs, actionPath: packageRoot };
  let failed = false;
  for (const step of action.steps) {
    if (!holds(conditionOf(step), { ...happening, status: failed ? 'failure' : 'success' })) continue;
    if (step.run === undefined) throw new Error(`the action wants ${step.uses} although all is there`);
    const outputs = await runScript(machine, step, happening);
    if (outputs === undefined) failed = true;
    if (step.id !== undefined) steps[step.id] = { outputs: outputs ?? readOutputs(machine) };
  }
  const outputs = Object.entries(action.outputs).map(([name, { value }]) => [name, interpolate(value, happening)]);
  // Outputs are handed on whether or not the step failed.
  if (failed) writeFileSync(outputFile(machine), outputs.map((pair) => `${pair.join('=')}\n`).join(''));
  return failed ? undefined : Object.fromEntries(outputs);
}

const outputFile = ({ temp }: Machine): string => join(temp, '..', 'output');

async function runScript(machine: Machine, { run = '', env: own = {} }: Step, happening: Happening) {
  writeFileSync(outputFile(machine), '');
  const written = { ...happening.env, ...own };
  const env: Record<string, string> = {
    ...machine.variables,
    GITHUB_OUTPUT: outputFile(machine),
    GITHUB_STEP_SUMMARY: join(machine.temp, '..', 'summary'),
    ...Object.fromEntries(Object.entries(written).map(([name, value]) => [name, interpolate(value, happening)])),
  };
  machine.played.started.push({ job: machine.name, env });
  const options = { cwd: machine.workspace, env, extendEnv: false, reject: false, all: true } as const;
  const { exitCode, all } = await execa('bash', ['--noprofile', '--norc', '-eo', 'pipefail', '-c', run], options);
  machine.played.log += `${all}\n`;
  return exitCode === 0 ? readOutputs(machine) : undefined;
}

function readOutputs(machine: Machine): Record<string, string> {
  const lines = readFileSync(outputFile(machine), 'utf8').split('\n').filter(Boolean);
  return Object.fromEntries(lines.map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]));
}

// ---------------------------------------------------------------------------------------------- actions of others

/** Events of pull requests check out the head merged into the base where no `ref` says otherwise. */
function checkOut({ scene: { repository, server }, happening }: Playing, { workspace }: Machine, inputs: Record<string, string>) {
  const ref = inputs['ref'] ?? '';
  if (ref === '' && happening.event.startsWith('pull_request')) throw new Error('checks out code of a pull request');
  const { 'fetch-depth': depth = '1', 'persist-credentials': keeps = 'true' } = inputs;
  const git = (...args: string[]): void => void execFileSync('git', args, { cwd: workspace, stdio: 'pipe' });
  const url = `file://${repository.path}`;
  git(
    'clone',
    '--quiet',
    ...(depth === '0' ? [] : [`--depth=${depth}`]),
    `--branch=${ref || repository.defaultBranch}`,
    url,
    '.',
  );
  git('remote', 'set-url', 'origin', `${server.serverUrl}/${repository.owner.login}/${repository.name}`);
  if (keeps !== 'false') git('config', 'http.extraheader', 'AUTHORIZATION: basic FAKE-left-by-checkout');
  return {};
}

/** Files that match, below the part of the path without wildcards; like the real one without hidden files. */
function upload({ scene, artifacts }: Playing, { played }: Machine, { name = '', path = '', ...inputs }: Record<string, string>) {
  const root = path.slice(0, path.search(/\/[^/]*[*?[]/));
  const files = globSync(path).filter((file) => lstatSync(file).isFile() && !/(?:^|\/)\./.test(relative(root, file)));
  if (files.length === 0) {
    if (inputs['if-no-files-found'] === 'error') return undefined;
    played.log += 'no files to upload\n';
    return {};
  }
  if (artifacts.has(name) && inputs['overwrite'] !== 'true') return undefined;
  const store = mkdtempSync(join(scene.home, 'artifact-'));
  for (const file of files) {
    const target = join(store, relative(root, file));
    mkdirSync(dirname(target), { recursive: true });
    cpSync(file, target);
  }
  artifacts.set(name, store);
  return {};
}

/** A pattern that matches nothing is no error, a name is. */
function download({ artifacts }: Playing, { name, pattern, path = '.' }: Record<string, string>) {
  const wanted = name ?? pattern ?? '';
  if (wanted.includes('*')) throw new Error('artifacts are asked for by more than one name');
  const store = artifacts.get(wanted);
  if (store === undefined) return name === undefined ? {} : undefined;
  cpSync(store, path, { recursive: true });
  return {};
}

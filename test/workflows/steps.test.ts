import { cpSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { execa } from 'execa';
import { expect, test } from 'vitest';
import { expectOneOfEach, labels, scripted, stage, type Scene } from '../e2e/github.ts';
import {
  folders,
  holds,
  interpolate,
  packageRoot,
  readAction,
  readWorkflow,
  type Happening,
  type Job,
  type Step,
} from './workflow.ts';

/**
 * The shipped workflow, job by job and step by step: the scripts of its steps and of the action run in bash against the
 * double, with the rights that the job declares. What GitHub itself does between them (check-out, artifacts) is done here.
 */

const workflow = readWorkflow(`${folders.own}/bugloop-dispatch.yml`);
const action = readAction().steps.at(-1)?.run ?? '';

interface Ran {
  result: 'success' | 'failure';
  outputs: Record<string, Record<string, string>>;
  temp: string;
}

/** `extra`: arguments that only a test needs, to have an agent without a model. */
async function runJob(scene: Scene, name: string, happening: Happening, extra: readonly string[] = []): Promise<Ran> {
  const job = workflow.jobs[name];
  if (job === undefined) throw new Error(`there is no job ${name}`);
  const temp = join(scene.home, `temp-${name}`);
  mkdirSync(temp, { recursive: true });
  const steps: Record<string, { outputs: Record<string, string> }> = {};
  const running: Happening = { ...happening, contexts: { matrix: { issue: 1 }, runner: { temp }, secrets: {}, steps } };
  let result: Ran['result'] = 'success';
  for (const [index, step] of (job.steps ?? []).entries()) {
    const condition = typeof step.if === 'string' ? step.if : 'success()';
    const before = { ...running, needs: { before: { result, outputs: {} } } };
    if (!holds(/always\(\)/.test(condition) ? condition : `success() && (${condition})`, before)) continue;
    if (step.uses?.startsWith('actions/') === true || step.run?.includes('sudo') === true) continue;
    const isBugloop = step.uses !== undefined;
    const args = [interpolate(argsOf(step), running).trimEnd(), ...extra].join('\n');
    const output = join(temp, `output-${index}`);
    writeFileSync(output, '');
    const { exitCode } = await execa('bash', ['-eo', 'pipefail', '-c', isBugloop ? action : (step.run ?? '')], {
      cwd: scene.clone,
      env: {
        PATH: process.env['PATH'] ?? '',
        HOME: scene.home,
        RUNNER_TEMP: temp,
        GITHUB_OUTPUT: output,
        ...(isBugloop ? environmentOf(scene, job, happening, args) : {}),
      },
      extendEnv: false,
      reject: false,
    });
    steps[step.id ?? `step-${index}`] = { outputs: readOutputs(output) };
    if (exitCode !== 0) result = 'failure';
  }
  return { result, outputs: Object.fromEntries(Object.entries(steps).map(([id, { outputs }]) => [id, outputs])), temp };
}

function argsOf({ with: inputs }: Step): string {
  const args = inputs?.['args'];
  return typeof args === 'string' ? args : '';
}

/** What Actions and the action's `env:` set. The token has the rights that the job declares, no more. */
function environmentOf({ server, repository, home }: Scene, { permissions }: Job, happening: Happening, args: string) {
  if (typeof permissions !== 'object') throw new Error('the job declares no permissions');
  const rights = Object.fromEntries(Object.entries(permissions).map(([name, level]) => [name.replaceAll('-', '_'), level]));
  const { value } = server.token({ kind: 'actions', permissions: rights, repositories: [repository] });
  const event = join(home, 'event.json');
  writeFileSync(event, JSON.stringify(happening.payload));
  return {
    BUGLOOP_HOME: packageRoot,
    BUGLOOP_ARGS: `${args}\n`,
    GITHUB_TOKEN: value,
    ANTHROPIC_API_KEY: '',
    GITHUB_EVENT_NAME: happening.event,
    GITHUB_EVENT_PATH: event,
    GITHUB_REPOSITORY: 'acme/adder',
    GITHUB_API_URL: server.apiUrl,
    GITHUB_GRAPHQL_URL: server.graphqlUrl,
    GITHUB_SERVER_URL: server.serverUrl,
  };
}

function readOutputs(file: string): Record<string, string> {
  const lines = readFileSync(file, 'utf8').split('\n').filter(Boolean);
  return Object.fromEntries(lines.map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]));
}

test('a labelled issue goes through decide, agent and publish to one draft pull request', async () => {
  await using scene = await stage({ labels: [] });
  const { server } = scene;
  await server.label(scene.issue, labels.trigger, 'maria');
  const delivery = server.deliveries.findLast(({ event, action }) => event === 'issues' && action === 'labeled');
  if (delivery === undefined) throw new Error('the label was not delivered');
  const happening: Happening = { event: 'issues', payload: delivery.payload };
  server.forget();

  const decided = await runJob(scene, 'decide', happening);
  expect(decided).toMatchObject({ result: 'success', outputs: { bugloop: { issues: '[1]' } } });

  const agent = scripted(scene).filter((flag) => !['--sandbox', 'basic'].includes(flag));
  const worked = await runJob(scene, 'agent', happening, agent);
  expect(worked).toMatchObject({ result: 'success', outputs: { bugloop: { outcome: 'proven' } } });
  expect(worked.outputs['bugloop']?.['run-dir']).toContain(worked.temp);
  expect(server.writes(), 'neither of these jobs writes').toEqual([]);

  // The artifact: a whole copy, and the only thing that goes from one job to the other.
  cpSync(join(worked.temp, 'bugloop'), join(scene.home, 'temp-publish', 'bugloop'), { recursive: true });
  expect(existsSync(join(scene.home, 'temp-publish', 'bugloop'))).toBe(true);
  expect(await runJob(scene, 'publish', happening)).toMatchObject({ result: 'success' });
  await expectOneOfEach(scene);
});

test('the agent job cannot write, even if it tried', async () => {
  await using scene = await stage();
  const payload = { action: 'labeled' };
  const { GITHUB_TOKEN } = environmentOf(
    scene,
    workflow.jobs['agent'] ?? { secrets: undefined },
    { event: 'issues', payload },
    '',
  );
  const answer = await fetch(`${scene.server.apiUrl}/repos/acme/adder/issues/1/comments`, {
    method: 'POST',
    headers: { authorization: `Bearer ${GITHUB_TOKEN}`, 'content-type': 'application/json' },
    body: JSON.stringify({ body: 'x' }),
  });
  expect(answer.status).toBe(403);
});

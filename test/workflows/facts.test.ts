import { describe, expect, test } from 'vitest';
import { wanted } from '../../src/core/setup/workflows.ts';
import { folders, listWorkflows, readAction, readText, readWorkflow, type Job, type Workflow } from './workflow.ts';

/** What GitHub does that workflows break on; one test for each fact, over all files that it concerns. */

const ours = ['dispatch', 'review', 'gate'].map((name) => readWorkflow(`${folders.own}/bugloop-${name}.yml`));
const short = readWorkflow(`${folders.examples}/bugloop.yml`);
const every = [...listWorkflows(folders.own), ...listWorkflows(folders.examples)].map(readWorkflow);

interface Placed {
  /** `dispatch.agent` */
  place: string;
  name: string;
  job: Job;
}
const jobsOf = (workflows: readonly Workflow[]): Placed[] =>
  workflows.flatMap(({ path, jobs }) => {
    const file = path.replace(/^.*\/(?:bugloop-)?|\.yml$/g, '');
    return Object.entries(jobs).map(([name, job]) => ({ place: `${file}.${name}`, name, job }));
  });
const jobs = jobsOf(ours);

const uses = ({ steps = [] }: Job, what: string) => steps.filter(({ uses: used }) => used?.startsWith(`${what}@`));

/** Reads failed checks and the end of their logs. */
const ofAgent = {
  actions: 'read',
  checks: 'read',
  contents: 'read',
  issues: 'read',
  'pull-requests': 'read',
  statuses: 'read',
};
/** Resolving a thread needs contents: write in practice. */
const ofPublish = { ...ofAgent, contents: 'write', issues: 'write', 'pull-requests': 'write' };

test('declared rights set all others to none: each job has what its calls need, and no more', () => {
  const rights = Object.fromEntries(jobs.map(({ place, job }) => [place, job.permissions]));
  expect(rights).toEqual({
    // Answers comments, posts the plan and takes marks off; the lock that keeps two of it apart is a ref. Failed checks and
    // open threads tell whether a round of review is due.
    'dispatch.decide': { checks: 'read', contents: 'write', issues: 'write', 'pull-requests': 'write', statuses: 'read' },
    // On the clock these two do rounds of review as well.
    'dispatch.agent': ofAgent,
    'dispatch.publish': ofPublish,
    // Says on the issue that a round begins.
    'review.decide': { checks: 'read', contents: 'write', issues: 'write', 'pull-requests': 'read', statuses: 'read' },
    'review.agent': ofAgent,
    'review.publish': ofPublish,
    'gate.gate': {
      actions: 'read',
      checks: 'write',
      contents: 'write',
      issues: 'write',
      'pull-requests': 'write',
      statuses: 'write',
    },
  });
  for (const { permissions } of ours) expect(permissions).toEqual({});
});

const writesOf = (name: string): string[] => {
  const given = jobs
    .filter(({ place }) => place.startsWith(`${name}.`))
    .flatMap(({ job }) => Object.entries(job.permissions ?? {}));
  return [...new Set(given.flatMap(([permission, level]) => (level === 'write' ? [permission] : [])))].toSorted();
};

test('doctor asks a caller for what these jobs may write: one that gives less is refused by GitHub as a whole', () => {
  expect(wanted).toEqual({ dispatch: writesOf('dispatch'), review: writesOf('review'), gate: writesOf('gate') });
});

test('a called workflow gets no right that its caller lacks', () => {
  const levels = ['none', 'read', 'write'];
  const granted = short.permissions;
  if (typeof granted !== 'object') throw new Error('the short workflow declares no permissions');
  for (const { place, job } of jobs) {
    const lacking = Object.entries(job.permissions ?? {}).filter(
      ([right, wanted]) => levels.indexOf(granted[right] ?? 'none') < levels.indexOf(wanted),
    );
    expect({ place, lacking }).toEqual({ place, lacking: [] });
  }
});

test('what github.token does starts no workflow: what is written is written with BUGLOOP_TOKEN where there is one', () => {
  for (const { place, name, job } of jobs) {
    const tokens = uses(job, 'bugloop/bugloop').map(({ with: inputs }) => inputs?.['github-token']);
    const wanted = name === 'publish' || name === 'gate' ? '${{ secrets.BUGLOOP_TOKEN || github.token }}' : undefined;
    expect({ place, tokens }).toEqual({ place, tokens: [wanted] });
  }
});

test('one job alone knows the key of the model, and no secret is in an environment that a whole job shares', () => {
  for (const { place, name, job } of jobs) {
    const keys = uses(job, 'bugloop/bugloop').map(({ with: inputs }) => inputs?.['anthropic-api-key']);
    expect({ place, keys }).toEqual({ place, keys: [name === 'agent' ? '${{ secrets.ANTHROPIC_API_KEY }}' : undefined] });
    expect({ place, env: job.env }).toEqual({ place, env: undefined });
  }
  for (const { env } of ours) expect(env).toBeUndefined();
});

describe('a newer pending run replaces an older one, whatever cancel-in-progress says', () => {
  test('so nothing is grouped for a whole workflow, before anybody asked whether it is for us', () => {
    for (const { path, text } of every) expect({ path, grouped: /^concurrency:/m.test(text) }).toEqual({ path, grouped: false });
  });

  test('and no two kinds of job share a group, nor two issues or changes', () => {
    const groups = jobs.flatMap(({ place, job }) =>
      job.concurrency === undefined ? [] : [{ place, group: job.concurrency.group }],
    );
    expect(groups.map(({ place }) => place)).toEqual([
      'dispatch.decide',
      'dispatch.agent',
      'dispatch.publish',
      'review.decide',
      'review.agent',
      'review.publish',
      'gate.gate',
    ]);
    const prefixes = groups.map(({ group }) => group.slice(0, group.indexOf('${{')));
    expect(new Set(prefixes).size).toBe(groups.length);
    // Whoever only decides waits for nobody: the lock of the issue keeps two apart, and no event is lost.
    const deciding = groups.filter(({ place }) => place.endsWith('.decide')).map(({ group }) => group);
    expect(deciding).toEqual(['bugloop-decide-${{ github.run_id }}', 'bugloop-decide-review-${{ github.run_id }}']);
    for (const { group } of groups.filter(({ place }) => !place.endsWith('.decide')))
      expect(group).toMatch(/\$\{\{ (?:matrix\.(?:issue|change)|github\.event\.pull_request\.head\.ref) /);
  });
});

test('a cancelled job signals its entry process only: that is bugloop', () => {
  const [last] = readAction().steps.slice(-1);
  expect(last?.run?.trim().split('\n').at(-1)).toBe('exec node "$BUGLOOP_HOME/bin/bugloop.js" "${args[@]}"');
});

test('a job may take six hours: each of ours ends long before, and later than the run in it', () => {
  const minutes = Object.fromEntries(jobs.map(({ place, job }) => [place, job['timeout-minutes'] ?? Infinity]));
  expect(Math.max(...Object.values(minutes))).toBeLessThanOrEqual(60);
  // The default of limits.timeout_minutes is 30; installation and artifacts come on top.
  expect(minutes['dispatch.agent']).toBeGreaterThanOrEqual(45);
  expect(minutes['review.agent']).toBeGreaterThanOrEqual(45);
});

test('resolving a thread starts no workflow: the clock looks at the gate, and at runs that stopped', () => {
  const clocks = ours.map(({ on }) => JSON.stringify(on['schedule'] ?? []));
  expect(clocks).toEqual(['[{"cron":"23 * * * *"}]', '[]', '[{"cron":"*/30 * * * *"}]']);
});

test('a name says nothing about who owns a branch: repositories are compared by number', () => {
  // Of a suite GitHub tells the branch only where it is in this very repository.
  const conditions = jobs
    .map(({ job }) => (job.if ?? '').replaceAll('check_suite.head_branch', ''))
    .filter((text) => text.includes('head'));
  expect(conditions).toHaveLength(2);
  for (const text of conditions) {
    const names = text.match(/startsWith\(github\.event\.[\w.]*(?:head_branch|head\.ref)/g) ?? [];
    const numbers = text.match(/(?:head_repository\.id|head\.repo\.id) == github\.event\.repository\.id/g) ?? [];
    expect(names.length).toBeGreaterThan(0);
    expect(numbers).toHaveLength(names.length);
  }
});

test('for a review GitHub checks out the head merged into the base: every job names the default branch instead', () => {
  for (const { place, job } of jobs.filter((one) => !one.place.startsWith('dispatch'))) {
    const refs = uses(job, 'actions/checkout').map(({ with: inputs }) => inputs?.['ref']);
    expect({ place, refs }).toEqual({ place, refs: ['${{ github.event.repository.default_branch }}'] });
  }
});

test('workflow files over 512,000 bytes are ignored, and bodies of steps over 21,000 characters', () => {
  for (const { path, text, jobs: own } of every) {
    expect({ path, small: text.length < 512_000 }).toEqual({ path, small: true });
    const bodies = Object.values(own).flatMap(({ steps = [] }) => steps.map(({ run = '' }) => run.length));
    expect(Math.max(0, ...bodies)).toBeLessThan(21_000);
  }
});

test('what ran until a job died is kept: artifacts are uploaded whatever happened, and nothing to upload is no error', () => {
  for (const { place, job } of jobs.filter(({ name }) => name === 'agent')) {
    const [upload] = uses(job, 'actions/upload-artifact');
    expect({ place, when: upload?.if, none: upload?.with?.['if-no-files-found'] }).toEqual({
      place,
      when: 'always()',
      none: 'ignore',
    });
  }
});

test('our own checks are those that anybody can run', () => {
  const { jobs: own } = readWorkflow(`${folders.own}/ci.yml`);
  expect(Object.values(own).flatMap(({ steps = [] }) => steps.flatMap(({ run }) => run ?? []))).toEqual([
    'sudo sysctl -qw kernel.apparmor_restrict_unprivileged_userns=0',
    '.ci/run',
  ]);
  const run = readText('.ci/run');
  const [, check = ''] = /"check": "(.*)"/.exec(readText('package.json')) ?? [];
  for (const command of check.split(' && ')) expect(run).toContain(`\n${command}\n`);
});

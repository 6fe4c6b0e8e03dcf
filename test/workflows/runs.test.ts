import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { stage } from '../e2e/github.ts';
import { everyRecorded, recorded, type Payload } from '../support/webhooks.ts';
import { folders, holds, jobsThatRun, readWorkflow, understand, type Happening, type Workflow } from './workflow.ts';

/** Who runs and who does not, decided by GitHub's own reader and evaluator on payloads that it was recorded to send. */

const own = (name: string): Workflow => readWorkflow(`${folders.own}/bugloop-${name}.yml`);
const dispatch = own('dispatch');
const review = own('review');
const gate = own('gate');

const start = async (event: string, payload: Payload, inputs: Record<string, string> = {}): Promise<string[]> => {
  const happening = { event, payload, inputs };
  const started = await Promise.all([dispatch, review, gate].map((workflow) => jobsThatRun(workflow, happening)));
  return ['dispatch', 'review', 'gate'].filter((_, index) =>
    (started[index] ?? []).some((job) => job === 'decide' || job === 'gate'),
  );
};

const labeled = (changes: Payload = {}): Payload => recorded('issues', 'labeled', { label: { name: 'bug:autofix' } }, changes);
const comment = (body: string, changes: Payload = {}): Payload =>
  recorded('issue_comment', 'created', { comment: { body } }, changes);
const fork = { pull_request: { head: { repo: { id: 7 } } } };
const closed = { pull_request: { state: 'closed' } };
const onOurs = { pull_request: { head: { ref: 'bugloop/issue-12' }, user: { id: 41_898_282 } } };
const submitted = (...changes: Payload[]): Payload => recorded('pull_request_review', 'submitted', onOurs, ...changes);
const ended = (changes: Payload): Payload =>
  recorded('workflow_run', 'completed', { workflow_run: { head_repository: { id: 283_462_325 } } }, { workflow_run: changes });

const onBranch = { head_branch: 'bugloop/issue-12' };
const suite = (changes: Payload): Payload =>
  recorded('check_suite', 'completed', { check_suite: onBranch }, { check_suite: changes });
const sha = 'ec26c3e57ca3a959ca5aad62de7213c562f8c821';
const status = (...changes: Payload[]): Payload => {
  const branches = ['main', 'bugloop/issue-12'].map((name) => ({ name, commit: { sha } }));
  return recorded('status', undefined, { sha, branches }, ...changes);
};

const types = z.object({ types: z.array(z.string()).default([]) });
const typesOf = (filter: unknown): Set<string> => new Set(types.safeParse(filter).data?.types);

describe('an event starts', () => {
  test.each<[string, string, Payload, string[], Record<string, string>?]>([
    ['the trigger label', 'issues', labeled(), ['dispatch']],
    ['another label', 'issues', recorded('issues', 'labeled'), []],
    ['the label of an input', 'issues', labeled({ label: { name: 'fix me' } }), ['dispatch'], { 'trigger-label': 'fix me' }],
    ['the default label where an input says otherwise', 'issues', labeled(), [], { 'trigger-label': 'fix me' }],
    ['a closed issue', 'issues', labeled({ issue: { state: 'closed' } }), []],
    ['a labelled pull request', 'issues', labeled({ issue: { pull_request: { url: 'x' } } }), []],
    ['an assigned bot', 'issues', recorded('issues', 'assigned', { assignee: { login: 'bugsolver-bot' } }), ['dispatch']],
    ['somebody assigned', 'issues', recorded('issues', 'assigned'), []],
    ['an opened issue', 'issues', recorded('issues', 'opened', { issue: { labels: [{ name: 'bug:autofix' }] } }), []],
    ['a label taken away', 'issues', recorded('issues', 'unlabeled', { label: { name: 'bug:autofix' } }), []],
    ['a command', 'issue_comment', comment('/bugloop solve'), ['dispatch']],
    ['a command by an app', 'issue_comment', comment('/bugloop solve', { comment: { user: { type: 'Bot' } } }), []],
    ['a comment', 'issue_comment', recorded('issue_comment', 'created'), []],
    ['a command edited in', 'issue_comment', recorded('issue_comment', 'edited', { comment: { body: '/bugloop solve' } }), []],
    ['a review of our change', 'pull_request_review', submitted(), ['review']],
    ['a review of another change', 'pull_request_review', recorded('pull_request_review', 'submitted'), []],
    ['a review of a fork with our branch name', 'pull_request_review', submitted(fork), []],
    ['a review of a fork that is gone', 'pull_request_review', submitted({ pull_request: { head: { repo: null } } }), []],
    ['a review of a closed change', 'pull_request_review', submitted(closed), []],
    ['an answer of our own in a thread', 'pull_request_review', submitted({ sender: { id: 41_898_282 } }), []],
    ['a review that asks for changes', 'pull_request_review', submitted({ review: { state: 'changes_requested' } }), ['review']],
    ['a review by a program', 'pull_request_review', submitted({ sender: { id: 136_622_811, type: 'Bot' } }), ['review']],
    ['a review that was edited', 'pull_request_review', { ...submitted(), action: 'edited' }, []],
    ['a dismissal on a fork', 'pull_request_review', recorded('pull_request_review', 'dismissed', onOurs, fork), []],
    ['a dismissal on a closed change', 'pull_request_review', recorded('pull_request_review', 'dismissed', onOurs, closed), []],
    ['an approval of a closed change', 'pull_request_review', submitted({ review: { state: 'approved' } }, closed), []],
    ['a resolved thread', 'pull_request_review_thread', { action: 'resolved', ...onOurs }, []],
    ['a check that ended late', 'check_run', recorded('check_run', 'completed'), []],
    ['a status of somebody’s branch', 'status', recorded('status', undefined), []],
    ['an approval', 'pull_request_review', submitted({ review: { state: 'approved' } }), ['gate']],
    ['an approval of a fork', 'pull_request_review', submitted({ review: { state: 'approved' } }, fork), []],
    ['a dismissal', 'pull_request_review', recorded('pull_request_review', 'dismissed', onOurs), ['gate']],
    [
      'a single comment of a review',
      'pull_request_review_comment',
      recorded('pull_request_review_comment', 'created', onOurs),
      [],
    ],
    ['checks that ended on our branch', 'workflow_run', ended({ head_branch: 'bugloop/issue-12' }), ['gate']],
    ['checks that failed', 'workflow_run', ended({ ...onBranch, conclusion: 'failure' }), ['review', 'gate']],
    ['checks that took too long', 'workflow_run', ended({ ...onBranch, conclusion: 'timed_out' }), ['review', 'gate']],
    ['checks that were cancelled', 'workflow_run', ended({ ...onBranch, conclusion: 'cancelled' }), ['gate']],
    ['checks that failed on main', 'workflow_run', ended({ head_branch: 'main', conclusion: 'failure' }), []],
    [
      'checks that failed on a fork',
      'workflow_run',
      ended({ ...onBranch, conclusion: 'failure', head_repository: { id: 7 } }),
      [],
    ],
    ['checks of an app', 'check_suite', suite({}), ['gate']],
    ['checks of an app that failed', 'check_suite', suite({ conclusion: 'failure' }), ['review', 'gate']],
    ['checks of an app on main', 'check_suite', suite({ head_branch: 'main', conclusion: 'failure' }), []],
    ['checks of an app on a fork', 'check_suite', suite({ head_branch: null, conclusion: 'failure' }), []],
    ['checks of an app that begin', 'check_suite', { ...suite({}), action: 'requested' }, []],
    ['a status of our branch', 'status', status(), ['gate']],
    ['a status that failed', 'status', status({ state: 'failure' }), ['review', 'gate']],
    ['a status that broke', 'status', status({ state: 'error' }), ['review', 'gate']],
    ['a pending status', 'status', status({ state: 'pending' }), []],
    ['our own status', 'status', status({ state: 'failure', context: 'bugloop/gate' }), []],
    ['a status of a branch that holds our name', 'status', status({ branches: [{ name: 'my-bugloop/issue-12' }] }), []],
    [
      'a status of another prefix',
      'status',
      status({ branches: [{ name: 'fix/issue-12' }] }),
      ['gate'],
      { 'branch-prefix': 'fix/' },
    ],
    [
      'checks that wait for approval',
      'workflow_run',
      ended({ head_branch: 'bugloop/issue-12', conclusion: 'action_required' }),
      ['gate'],
    ],
    ['checks of a branch that is gone', 'workflow_run', ended({ head_branch: null }), []],
    ['checks of a fork that is gone', 'workflow_run', ended({ head_branch: 'bugloop/issue-12', head_repository: null }), []],
    [
      'checks that begin',
      'workflow_run',
      recorded('workflow_run', 'requested', { workflow_run: { head_branch: 'bugloop/issue-12' } }),
      [],
    ],
    ['checks that ended on main', 'workflow_run', ended({ head_branch: 'main' }), []],
    [
      'checks of a fork with our branch name',
      'workflow_run',
      ended({ head_branch: 'bugloop/issue-12', head_repository: { id: 7 } }),
      [],
    ],
    ['the button', 'workflow_dispatch', recorded('workflow_dispatch', undefined), ['dispatch']],
    ['the clock', 'schedule', { schedule: '23 * * * *' }, ['dispatch', 'gate']],
  ])('%s (%s)', async (_title, event, payload, expected, inputs) => {
    expect(await start(event, payload, inputs)).toEqual(expected);
  });

  test('of everything that GitHub was recorded to send, only the button starts something', async () => {
    const started = new Set<string>();
    for (const { name, payload } of everyRecorded()) {
      if ((await start(name, payload)).length > 0) started.add(name);
    }
    expect([...started]).toEqual(['workflow_dispatch']);
  });
});

/** The short workflow calls the three others: an event starts there what it starts here. */
describe('the workflow in one file', () => {
  const short = readWorkflow(`${folders.examples}/bugloop.yml`);

  test('listens to what the three listen to, but for the button', async () => {
    const listened = await Promise.all([dispatch, review, gate].map(async (one) => (await understand(one)).template.events));
    const wanted = new Map<string, Set<string>>();
    for (const [event, filter] of listened.flatMap((events) => Object.entries(events))) {
      wanted.set(event, new Set([...(wanted.get(event) ?? []), ...typesOf(filter)]));
    }
    for (const own of ['workflow_call', 'workflow_dispatch']) wanted.delete(own);
    const { events } = (await understand(short)).template;
    const found = new Map(Object.entries(events).map(([event, filter]) => [event, typesOf(filter)]));
    expect(found).toEqual(wanted);
  });

  test('asks no question before theirs', async () => {
    const happening = { event: 'issues', payload: recorded('issues', 'labeled') };
    expect(await jobsThatRun(short, happening)).toEqual(['dispatch', 'review', 'gate']);
  });
});

test('one run for each submitted review, however many comments and answers it has', async () => {
  await using scene = await stage();
  const { server, repository } = scene;
  const app = server.token({ kind: 'app', repositories: [repository] });
  await server.commit(repository, 'bugloop/issue-1', { 'src/add.js': 'x\n'.repeat(60) });
  const opening = { title: 'fix', body: 'Closes #1', head: 'bugloop/issue-1', base: 'main', draft: true };
  const pull = await server.pull(repository, { ...opening, author: app.account.login });
  const from = server.deliveries.length;
  const comments = Array.from({ length: 50 }, (_, index) => ({ path: 'src/add.js', line: index + 1, body: 'why?' }));
  await server.addReview(pull, { author: 'maria', event: 'REQUEST_CHANGES', body: 'Some things.', comments });
  for (const thread of pull.threads) await server.reply(thread, 'because', app.account.login);
  for (const thread of pull.threads) server.resolve(thread, 'maria');

  const sent = server.deliveries.slice(from).filter(({ startsWorkflows }) => startsWorkflows);
  const started = await Promise.all(sent.map(({ event, payload }) => start(event, payload)));
  expect(new Set(sent.map(({ event }) => event))).toContain('pull_request_review_comment');
  expect(sent.length).toBeGreaterThan(150);
  expect(started.flat()).toEqual(['review']);
});

/** The jobs that run after `decide` left these outputs, and `agent` ended like this. */
async function jobsAfter(outputs: Record<string, string>, agent?: string): Promise<string[]> {
  const happening: Happening = {
    event: 'issues',
    payload: labeled(),
    needs: {
      decide: { result: 'success', outputs },
      ...(agent === undefined ? {} : { agent: { result: agent, outputs: {} } }),
    },
  };
  return (await jobsThatRun(dispatch, happening)).filter((job) => job !== 'decide');
}

describe('what follows the decision', () => {
  test.each<[string, Record<string, string>, string | undefined, string[]]>([
    ['nothing decided', {}, 'skipped', []],
    ['an empty list', { issues: '[]' }, 'skipped', []],
    ['an issue to solve', { issues: '["12"]' }, undefined, ['agent', 'publish']],
    ['the agent is done', { issues: '["12"]' }, 'success', ['agent', 'publish']],
    ['the agent escalated', { issues: '["12"]' }, 'failure', ['publish']],
    ['the agent was cancelled', { issues: '["12"]' }, 'cancelled', ['publish']],
  ])('%s', async (_title, outputs, agent, expected) => {
    expect(await jobsAfter(outputs, agent)).toEqual(expected);
  });

  test('a decision that failed is followed by nothing', async () => {
    const needs = { decide: { result: 'failure', outputs: {} }, agent: { result: 'skipped', outputs: {} } };
    expect(
      (await jobsThatRun(dispatch, { event: 'issues', payload: labeled(), needs })).filter((job) => job !== 'decide'),
    ).toEqual([]);
  });

  test('the evaluator knows yes from no', () => {
    const happening = { event: 'issues', payload: labeled() };
    expect([holds("github.event_name == 'issues'", happening), holds("github.event_name == 'push'", happening)]).toEqual([
      true,
      false,
    ]);
  });
});

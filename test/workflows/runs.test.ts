import { describe, expect, test } from 'vitest';
import { everyRecorded, recorded, type Payload } from '../support/webhooks.ts';
import { folders, holds, jobsThatRun, readWorkflow, type Happening, type Workflow } from './workflow.ts';

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
const onOurs = { pull_request: { head: { ref: 'bugloop/issue-12' } } };
const submitted = (...changes: Payload[]): Payload => recorded('pull_request_review', 'submitted', onOurs, ...changes);
const ended = (changes: Payload): Payload =>
  recorded('workflow_run', 'completed', { workflow_run: { head_repository: { id: 283_462_325 } } }, { workflow_run: changes });

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
    [
      'a review of a fork with our branch name',
      'pull_request_review',
      submitted({ pull_request: { head: { repo: { id: 7 } } } }),
      [],
    ],
    ['a review of a fork that is gone', 'pull_request_review', submitted({ pull_request: { head: { repo: null } } }), []],
    ['a review of a closed change', 'pull_request_review', submitted({ pull_request: { state: 'closed' } }), []],
    ['a review by our own account', 'pull_request_review', submitted({ sender: { id: 41_898_282 } }), []],
    ['an approval', 'pull_request_review', submitted({ review: { state: 'approved' } }), ['gate']],
    [
      'an approval of a fork',
      'pull_request_review',
      submitted({ review: { state: 'approved' }, pull_request: { head: { repo: { id: 7 } } } }),
      [],
    ],
    ['a dismissal', 'pull_request_review', recorded('pull_request_review', 'dismissed', onOurs), ['gate']],
    [
      'a single comment of a review',
      'pull_request_review_comment',
      recorded('pull_request_review_comment', 'created', onOurs),
      [],
    ],
    ['checks that ended on our branch', 'workflow_run', ended({ head_branch: 'bugloop/issue-12' }), ['gate']],
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

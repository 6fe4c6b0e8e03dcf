import { describe, expect, test } from 'vitest';
import { normalise } from '../../src/core/config.ts';
import { isSupportedEvent, readWish, type Wish } from '../../src/core/event.ts';
import catalogue from '../fixtures/bad-inputs.json' with { type: 'json' };
import { everyRecorded, recorded, type Payload } from '../support/webhooks.ts';

const own = { login: 'github-actions[bot]', id: 41_898_282, type: 'Bot' };
const triageBot = { login: 'triage[bot]', id: 49_699_333, type: 'Bot' };
const config = normalise({ triggers: { bots: [triageBot.id] } });
const read = (name: string, payload: unknown): Wish => readWish(name, payload, { config, self: [own.id] });

const labeled = (changes: Payload = {}): Payload => recorded('issues', 'labeled', { label: { name: 'bug:autofix' }, ...changes });
const comment = (body: unknown, changes: Payload = {}): Payload =>
  recorded('issue_comment', 'created', { comment: { body }, ...changes });
const mine = { pull_request: { head: { ref: 'bugloop/issue-12' }, user: { id: 41_898_282 } } };
const review = (changes: Payload = {}): Payload => recorded('pull_request_review', 'submitted', mine, changes);
const workflowRun = (changes: Payload = {}): Payload =>
  recorded('workflow_run', 'completed', {
    workflow_run: {
      path: '.github/workflows/test.yml',
      head_branch: 'bugloop/issue-12',
      head_repository: { id: 283462325 },
      ...changes,
    },
  });
const suite = (changes: Payload = {}): Payload =>
  recorded('check_suite', 'completed', {
    check_suite: {
      head_branch: 'bugloop/issue-12',
      pull_requests: [{ number: 2, head: { ref: 'bugloop/issue-12' } }],
      ...changes,
    },
  });
const sha = 'ec26c3e57ca3a959ca5aad62de7213c562f8c821';
const status = (changes: Payload = {}): Payload =>
  recorded(
    'status',
    undefined,
    {
      sha,
      branches: [
        { name: 'main', commit: { sha } },
        { name: 'bugloop/issue-12', commit: { sha } },
      ],
    },
    changes,
  );
const pressed = (inputs: Payload | null): Payload => recorded('workflow_dispatch', undefined, { inputs });

const codertocat = { login: 'Codertocat', id: 21_031_067, type: 'User' };
const solve = { kind: 'solve', issue: 1, actor: codertocat };

describe('what recorded events ask for', () => {
  test.each<[string, string, Payload, object]>([
    ['the trigger label', 'issues', labeled(), solve],
    ['the trigger label in other letters', 'issues', labeled({ label: { name: 'BUG:Autofix' } }), solve],
    ['an issue without text', 'issues', labeled({ issue: { body: null } }), solve],
    ['an assigned bot', 'issues', recorded('issues', 'assigned', { assignee: { login: 'Bugsolver-Bot' } }), solve],
    [
      'another label while the trigger is set',
      'issues',
      labeled({ label: { name: 'bug' }, issue: { labels: [{ name: 'bug:autofix' }] } }),
      { kind: 'ignore', code: 'event.not_trigger' },
    ],
    [
      'an issue opened with the trigger on it',
      'issues',
      recorded('issues', 'opened', { issue: { labels: [{ name: 'bug:autofix' }] } }),
      { kind: 'ignore', code: 'event.not_trigger' },
    ],
    [
      'the trigger taken away',
      'issues',
      recorded('issues', 'unlabeled', { label: { name: 'bug:autofix' } }),
      { kind: 'ignore', code: 'event.not_trigger' },
    ],
    ['somebody else assigned', 'issues', recorded('issues', 'assigned'), { kind: 'ignore', code: 'event.not_trigger' }],
    ['a closed issue', 'issues', labeled({ issue: { state: 'closed' } }), { kind: 'ignore', code: 'event.closed' }],
    [
      'a labelled pull request',
      'issues',
      labeled({ issue: { pull_request: { url: 'x' } } }),
      { kind: 'ignore', code: 'event.is_pull_request' },
    ],
    ['the label by a bot that may', 'issues', labeled({ sender: triageBot }), { kind: 'solve', vouched: true }],
    ['the label by a person', 'issues', labeled(), { kind: 'solve', vouched: false }],
    [
      'the label by a bot of the same name',
      'issues',
      labeled({ sender: { ...triageBot, id: 5 } }),
      { kind: 'solve', vouched: false },
    ],
    [
      'the label by a person under the number of that bot',
      'issues',
      labeled({ sender: { ...triageBot, type: 'User' } }),
      { kind: 'solve', vouched: false },
    ],
    [
      'when the label was set',
      'issues',
      labeled({ issue: { updated_at: '2026-11-20T21:00:00Z' } }),
      { kind: 'solve', cause: { at: '2026-11-20T21:00:00.000Z', byHand: false } },
    ],
    [
      'when a command was given',
      'issue_comment',
      comment('/bugloop solve', { comment: { body: '/bugloop solve', created_at: '2026-11-20T22:00:00+01:00' } }),
      { kind: 'slash', cause: { at: '2026-11-20T21:00:00.000Z', byHand: true } },
    ],
    ['a label by bugloop itself', 'issues', labeled({ sender: own }), { kind: 'ignore', code: 'event.own' }],

    [
      'a command in an issue',
      'issue_comment',
      comment('/bugloop retry'),
      { kind: 'slash', slash: { ok: true, command: 'retry' }, place: { kind: 'issue', number: 1 }, comment: 492_700_400 },
    ],
    [
      'a command in a pull request',
      'issue_comment',
      comment('/bugloop stop', { issue: { pull_request: { url: 'x' } } }),
      { kind: 'slash', place: { kind: 'change', number: 1 } },
    ],
    [
      'a near miss',
      'issue_comment',
      comment('/bugloop sovle'),
      { kind: 'slash', slash: { ok: false, written: 'sovle', near: 'solve' } },
    ],
    [
      'a comment as recorded',
      'issue_comment',
      recorded('issue_comment', 'created'),
      { kind: 'ignore', code: 'event.not_trigger' },
    ],
    ['a comment without text', 'issue_comment', comment(null), { kind: 'ignore', code: 'event.not_trigger' }],
    [
      'a command edited in',
      'issue_comment',
      recorded('issue_comment', 'edited', { comment: { body: '/bugloop solve' } }),
      { kind: 'ignore', code: 'event.not_trigger' },
    ],
    [
      'a command on a closed issue',
      'issue_comment',
      comment('/bugloop solve', { issue: { state: 'closed' } }),
      { kind: 'ignore', code: 'event.closed' },
    ],
    [
      'a comment with our mark',
      'issue_comment',
      comment('/bugloop solve\n<!-- bugloop:state e30= -->'),
      { kind: 'ignore', code: 'event.own' },
    ],
    [
      'a comment by our account',
      'issue_comment',
      comment('/bugloop solve', { comment: { body: '/bugloop solve', user: own }, sender: own }),
      { kind: 'ignore', code: 'event.own' },
    ],
    [
      'a comment sent by another than its author',
      'issue_comment',
      comment('/bugloop solve', { sender: { login: 'other', id: 5, type: 'User' } }),
      { kind: 'ignore', code: 'event.not_trigger' },
    ],

    [
      'a review of our change',
      'pull_request_review',
      review(),
      { kind: 'review', change: 2, branch: 'bugloop/issue-12', actor: codertocat, automatic: false },
    ],
    [
      'a review by the automatic reviewer',
      'pull_request_review',
      review({ sender: { login: 'coderabbitai[bot]', id: 136_622_811, type: 'Bot' } }),
      { kind: 'review', automatic: true },
    ],
    [
      'a person under the name of the automatic reviewer',
      'pull_request_review',
      review({ sender: { login: 'coderabbitai[bot]', id: 5, type: 'User' } }),
      { kind: 'review', automatic: false },
    ],
    [
      'an app nobody named',
      'pull_request_review',
      review({ sender: { login: 'evil-app[bot]', id: 5, type: 'Bot' } }),
      { kind: 'review', automatic: false },
    ],
    [
      'an approval',
      'pull_request_review',
      review({ review: { state: 'approved' } }),
      { kind: 'gate', branch: 'bugloop/issue-12', change: 2, failed: false },
    ],
    [
      'a dismissal',
      'pull_request_review',
      recorded('pull_request_review', 'dismissed', { pull_request: { head: { ref: 'bugloop/issue-12' } } }),
      { kind: 'gate', change: 2 },
    ],
    ['an edited review', 'pull_request_review', { ...review(), action: 'edited' }, { kind: 'ignore', code: 'event.not_trigger' }],
    ['a review by bugloop itself', 'pull_request_review', review({ sender: own }), { kind: 'ignore', code: 'event.own' }],
    [
      'an answer by the account that opened the change',
      'pull_request_review',
      review({ pull_request: { user: { id: 21_031_067 } } }),
      { kind: 'ignore', code: 'event.own' },
    ],
    [
      'a review with our mark',
      'pull_request_review',
      review({ review: { body: 'fixed <!-- bugloop:reply 5 -->' } }),
      { kind: 'ignore', code: 'event.own' },
    ],
    [
      'a review of somebody’s change',
      'pull_request_review',
      recorded('pull_request_review', 'submitted'),
      { kind: 'ignore', code: 'event.not_mine' },
    ],
    [
      'a branch that only begins like ours',
      'pull_request_review',
      review({ pull_request: { head: { ref: 'bugloop/issue-12-more' } } }),
      { kind: 'ignore', code: 'event.not_mine' },
    ],
    [
      'our name on a branch of a fork',
      'pull_request_review',
      review({ pull_request: { head: { repo: { id: 7 } } } }),
      { kind: 'ignore', code: 'event.not_mine' },
    ],
    [
      'a merged change',
      'pull_request_review',
      review({
        pull_request: {
          head: { ref: 'bugloop/issue-12' },
          state: 'closed',
          merged_at: '2026-01-01T00:00:00Z',
        },
      }),
      { kind: 'ignore', code: 'event.closed' },
    ],
    [
      'a branch that is gone',
      'pull_request_review',
      review({ pull_request: { head: { ref: null } } }),
      { kind: 'invalid', code: 'event.branch_gone' },
    ],
    [
      'a fork that is gone',
      'pull_request_review',
      review({ pull_request: { head: { repo: null } } }),
      { kind: 'invalid', code: 'event.branch_gone' },
    ],

    [
      'checks that ended on our branch',
      'workflow_run',
      workflowRun(),
      { kind: 'gate', branch: 'bugloop/issue-12', failed: false },
    ],
    ['checks that failed', 'workflow_run', workflowRun({ conclusion: 'failure' }), { kind: 'gate', failed: true }],
    ['checks that were cancelled', 'workflow_run', workflowRun({ conclusion: 'cancelled' }), { kind: 'gate', failed: false }],
    [
      'checks that wait for an approval',
      'workflow_run',
      workflowRun({ conclusion: 'action_required' }),
      { kind: 'gate', failed: false },
    ],
    [
      'the workflow of bugloop in one file',
      'workflow_run',
      workflowRun({ path: '.github/workflows/bugloop.yml', conclusion: 'failure' }),
      { kind: 'ignore', code: 'event.own' },
    ],
    [
      'a workflow of somebody whose name begins like ours',
      'workflow_run',
      workflowRun({ path: '.github/workflows/bugloop-tests.yml' }),
      { kind: 'gate' },
    ],

    ['checks of an app', 'check_suite', suite(), { kind: 'gate', branch: 'bugloop/issue-12', change: 2, failed: false }],
    ['failed checks of an app', 'check_suite', suite({ conclusion: 'timed_out' }), { kind: 'gate', change: 2, failed: true }],
    [
      'checks of an app on a branch whose change was opened later',
      'check_suite',
      suite({ pull_requests: [] }),
      { kind: 'gate', branch: 'bugloop/issue-12', failed: false },
    ],
    [
      'checks of an app as recorded',
      'check_suite',
      recorded('check_suite', 'completed'),
      { kind: 'ignore', code: 'event.not_mine' },
    ],
    ['checks of an app on a fork', 'check_suite', suite({ head_branch: null }), { kind: 'ignore', code: 'event.not_mine' }],
    [
      'checks of an app that begin',
      'check_suite',
      { ...suite(), action: 'requested' },
      { kind: 'ignore', code: 'event.not_trigger' },
    ],
    ['checks of a commit that we pushed', 'workflow_run', { ...workflowRun(), sender: own }, { kind: 'gate' }],
    ['checks of an app on a commit that we pushed', 'check_suite', { ...suite(), sender: own }, { kind: 'gate' }],
    ['checks without a suite', 'check_suite', { ...suite(), check_suite: null }, { kind: 'invalid', code: 'event.schema' }],

    ['a status of our head', 'status', status(), { kind: 'gate', branch: 'bugloop/issue-12', failed: false }],
    ['a status that failed', 'status', status({ state: 'failure' }), { kind: 'gate', failed: true }],
    ['a status that broke', 'status', status({ state: 'error' }), { kind: 'gate', failed: true }],
    ['a pending status', 'status', status({ state: 'pending' }), { kind: 'ignore', code: 'event.not_trigger' }],
    ['our own status', 'status', status({ context: 'bugloop/gate' }), { kind: 'ignore', code: 'event.own' }],
    ['a status as recorded', 'status', recorded('status', undefined), { kind: 'ignore', code: 'event.not_mine' }],
    ['a status of an older commit', 'status', status({ sha: '0'.repeat(40) }), { kind: 'ignore', code: 'event.not_mine' }],
    ['a status of no branch', 'status', status({ branches: [] }), { kind: 'ignore', code: 'event.not_mine' }],
    ['a status without branches', 'status', status({ branches: null }), { kind: 'invalid', code: 'event.schema' }],
    [
      'checks that ended on main',
      'workflow_run',
      workflowRun({ head_branch: 'main' }),
      { kind: 'ignore', code: 'event.not_mine' },
    ],
    [
      'checks of a fork',
      'workflow_run',
      recorded('workflow_run', 'completed', { workflow_run: { head_branch: 'bugloop/issue-12' } }),
      { kind: 'ignore', code: 'event.not_mine' },
    ],
    [
      'our own workflow',
      'workflow_run',
      workflowRun({ path: '.github/workflows/bugloop-gate.yml@refs/heads/main' }),
      { kind: 'ignore', code: 'event.own' },
    ],
    [
      'checks that begin',
      'workflow_run',
      recorded('workflow_run', 'requested', { workflow_run: { head_branch: 'bugloop/issue-12' } }),
      { kind: 'ignore', code: 'event.not_trigger' },
    ],

    [
      'the button with a number',
      'workflow_dispatch',
      pressed({ number: '#12' }),
      { kind: 'solve', issue: 12, actor: { login: 'octocat' } },
    ],
    ['the button for a resume', 'workflow_dispatch', pressed({ command: 'resume', number: '12' }), { kind: 'resume', issue: 12 }],
    ['the button for a watch', 'workflow_dispatch', pressed({ command: 'watch' }), { kind: 'watch' }],
    [
      'the button with words',
      'workflow_dispatch',
      pressed({ number: '12; rm -rf .' }),
      { kind: 'invalid', code: 'event.schema' },
    ],
    ['the button without inputs', 'workflow_dispatch', pressed(null), { kind: 'invalid', code: 'event.schema' }],
    [
      'the button with a command nobody knows',
      'workflow_dispatch',
      pressed({ command: 'merge', number: '12' }),
      { kind: 'ignore', code: 'event.unsupported' },
    ],

    ['the clock', 'schedule', { schedule: '17 * * * *' }, { kind: 'watch' }],
  ])('%s (%s)', (_title, name, payload, expected) => {
    const wish = read(name, payload);
    expect(wish).toMatchObject(expected);
    expect(read(name, structuredClone(payload)), 'the same payload gives the same wish').toEqual(wish);
  });

  test('a review with three comments is one wish, and its comments are none', () => {
    const events: [string, Payload][] = [
      ['pull_request_review', review()],
      ...Array.from({ length: 3 }, (): [string, Payload] => [
        'pull_request_review_comment',
        recorded('pull_request_review_comment', 'created'),
      ]),
    ];
    expect(events.map(([name, payload]) => read(name, payload).kind).sort()).toEqual(['ignore', 'ignore', 'ignore', 'review']);
  });

  test('of everything that GitHub was ever recorded to send, nothing starts a run by itself', () => {
    const wishes = everyRecorded().map(({ name, payload }) => ({ name, action: payload['action'], wish: read(name, payload) }));
    expect(wishes.length).toBeGreaterThan(300);
    const started = wishes.filter(
      ({ wish }) => wish.kind !== 'ignore' && !(wish.kind === 'invalid' && wish.code !== 'event.provider_mismatch'),
    );
    expect(started).toEqual([]);
    // A button pressed without a number is the only recorded event that is refused.
    expect(new Set(wishes.filter(({ wish }) => wish.kind === 'invalid').map(({ name }) => name))).toEqual(
      new Set(['workflow_dispatch']),
    );
  });

  test('whatever bugloop itself does, a hundred times over, starts nothing', () => {
    const answers = everyRecorded().filter(({ name }) => isSupportedEvent(name) && name !== 'schedule');
    const kinds = new Set<string>();
    for (let cycle = 0; cycle < 100; cycle += 1) {
      for (const { name, payload } of answers) kinds.add(read(name, { ...payload, sender: own }).kind);
    }
    expect([...kinds]).toEqual(['ignore']);
  });
});

// ---------------------------------------------------------------------------------------------- catalogue of bad inputs

/** Cases of the kind `event`: the event, and the wish that is expected. The exit codes are those of the catalogue of errors. */
const played: Record<string, { name: string; payload: unknown }> = {
  'EVT-01': { name: 'discussion', payload: recorded('discussion', 'created') },
  'EVT-02': { name: 'issues', payload: {} },
  'EVT-03': { name: 'issues', payload: labeled({ issue: { pull_request: { url: 'x' } } }) },
  'EVT-04': { name: 'issues', payload: labeled({ label: { name: 'bug' } }) },
  'EVT-06': { name: 'issues', payload: labeled({ issue: { state: 'closed' } }) },
  'EVT-13': { name: 'pull_request_review', payload: recorded('pull_request_review', 'submitted') },
  'EVT-14': {
    name: 'pull_request_review',
    payload: review({ pull_request: { state: 'closed' } }),
  },
  'EVT-17': {
    name: 'pull_request_review',
    payload: review({ pull_request: { head: { ref: null } } }),
  },
  'EVT-20': {
    name: 'issues',
    payload: { ...labeled({ issue: { future: { a: [1] } }, sender: { future: true } }), future: [{}] },
  },
  'EVT-21': { name: 'issues', payload: { object_kind: 'issue', event_type: 'issue', object_attributes: { iid: 1 } } },
};

/** Told by a command, not by the reading of the event: played against the binary in the file named. */
const elsewhere: Record<string, string> = { 'EVT-08': 'test/e2e/dispatch.test.ts' };

describe('the catalogue of bad inputs', () => {
  const cases = catalogue.cases.filter(({ kind, id }) => kind === 'event' && elsewhere[id] === undefined);

  test('every case is arranged', () => {
    const ids = catalogue.cases.filter(({ kind }) => kind === 'event').map(({ id }) => id);
    expect([...Object.keys(played), ...Object.keys(elsewhere)].sort()).toEqual([...ids].sort());
  });

  test.each(cases)('$id $title', ({ id, expected_error: { code, message_must_contain: words } }) => {
    const { name, payload } = played[id] ?? { name: '', payload: undefined };
    const wish = read(name, payload);
    const told =
      wish.kind === 'ignore' || wish.kind === 'invalid'
        ? { code: wish.code, why: `ignored: ${wish.why}` }
        : { code: '(none) ignored', why: '' };
    expect(told.code).toBe(code);
    for (const word of words) expect(told.why).toContain(word);
  });
});

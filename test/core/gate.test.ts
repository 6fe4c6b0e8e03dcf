import { describe, expect, test } from 'vitest';
import { normalise, type Written } from '../../src/core/config.ts';
import { readBanner } from '../../src/core/gate/banner.ts';
import { judgeGate, signalOf } from '../../src/core/gate.ts';
import { stateOfRun, stateOfStatus, type Check, type Snapshot } from '../../src/core/snapshot.ts';
import { renderGate, renderGateTable, renderGateTitle } from '../../src/core/views/gate.ts';
import {
  check,
  claim,
  file,
  headCommit,
  jun,
  looked,
  maria,
  olderCommit,
  rabbit,
  ready,
  review,
  thread,
  us,
} from './gate-snapshots.ts';

const rabbitOnly = { automatic_reviewers: ['coderabbitai[bot]'] };
const configured = (gate: Written['gate'] = {}, more: Written = {}) => normalise({ ...more, gate: { ...rabbitOnly, ...gate } });

function judge(snapshot: Snapshot, config = configured()) {
  const verdict = judgeGate(snapshot, config);
  return { verdict, codes: verdict.ok ? [] : verdict.reasons.map(({ code }) => code).sort(), signal: signalOf(verdict) };
}
const codesOf = (more: Partial<Snapshot>, config = configured()): string[] => judge(ready(more), config).codes;
const at = (hour: number): string => `2026-11-20T${String(hour).padStart(2, '0')}:00:00Z`;

test('ready when every condition holds, and whatever is asked is in the table', () => {
  const { verdict, signal } = judge(ready());
  expect(verdict.ok).toBe(true);
  expect(signal).toBe('success');
  expect(verdict.conditions.map(({ name, state }) => `${name}: ${state}`)).toEqual([
    'origin: met',
    'draft: met',
    'mergeable: met',
    'complete: met',
    'proof: met',
    'checks: met',
    'automatic reviewers: met',
    'threads: met',
    'changes requested: met',
    'approvals: not-asked',
    'size: met',
    'protected paths: met',
    'escalation: met',
  ]);
});

test('every reason is told, not the first', () => {
  const all = judge(
    ready({
      state: 'closed',
      mergeable: 'no',
      checks: [check({ state: 'failed', said: 'failure' })],
      threads: [thread()],
      reviews: [review(maria, { state: 'changes-requested' })],
      proof: 'none',
      labels: ['bugloop:escalated'],
      missing: [{ part: 'threads', why: 'page 2 was refused' }],
    }),
  );
  expect(all.codes).toEqual([
    'gate.changes_requested',
    'gate.check_failed',
    'gate.closed',
    'gate.conflict',
    'gate.escalated',
    'gate.incomplete',
    'gate.no_passed_check',
    'gate.not_reviewed',
    'gate.proof_missing',
    'gate.threads_unresolved',
  ]);
});

describe('words of the forge', () => {
  test.each<[string, string | undefined, Check['state']]>([
    ['completed', 'success', 'passed'],
    ['completed', 'failure', 'failed'],
    ['completed', 'timed_out', 'failed'],
    ['completed', 'cancelled', 'failed'],
    ['completed', 'startup_failure', 'failed'],
    ['completed', 'neutral', 'none'],
    ['completed', 'skipped', 'none'],
    ['completed', 'action_required', 'not-started'],
    ['completed', 'stale', 'not-started'],
    ['completed', undefined, 'unreadable'],
    ['completed', 'constructor', 'unreadable'],
    ['queued', undefined, 'pending'],
    ['in_progress', undefined, 'pending'],
    ['pending', undefined, 'pending'],
    ['waiting', undefined, 'not-started'],
    ['requested', undefined, 'not-started'],
    // A conclusion of an earlier run says nothing about one that runs again.
    ['in_progress', 'success', 'pending'],
    ['tomorrow', 'success', 'unreadable'],
  ])('a check run that is %s, %s, counts as %s', (status, conclusion, state) => {
    expect(stateOfRun(status, conclusion)).toBe(state);
  });

  test.each<[string, Check['state']]>([
    ['success', 'passed'],
    ['failure', 'failed'],
    ['error', 'failed'],
    ['pending', 'pending'],
    ['expected', 'not-started'],
    ['toString', 'unreadable'],
  ])('a status %s counts as %s', (state, expected) => {
    expect(stateOfStatus(state)).toBe(expected);
  });
});

describe('origin', () => {
  const head = ready().head;
  test('a fork with our branch prefix is refused by the ids of the repositories', () => {
    expect(codesOf({ head: { ...head, repository: 'R2' } })).toEqual(['gate.fork']);
  });
  test('a head whose repository was deleted is refused', () => {
    const { commit, branch } = head;
    expect(codesOf({ head: { commit, branch } })).toEqual(['gate.fork']);
  });
  test('a branch without the prefix is not ours to mark', () => {
    expect(codesOf({ head: { ...head, branch: 'feature/x' } })).toEqual(['gate.branch']);
  });
  test.each(['closed', 'merged'] as const)('a %s change is not marked', (state) => {
    expect(codesOf({ state })).toEqual([`gate.${state}`]);
  });
});

describe('mergeable', () => {
  test('a conflict', () => expect(codesOf({ mergeable: 'no' })).toEqual(['gate.conflict']));
  test('not known yet is not yes, and can be waited for', () => {
    expect(judge(ready({ mergeable: 'unknown' }))).toMatchObject({ codes: ['gate.mergeable_unknown'], signal: 'pending' });
  });
});

test('a draft and a change that is ready already are judged alike', () => {
  expect(codesOf({ draft: false })).toEqual([]);
  expect(codesOf({ draft: false, threads: [thread()] })).toEqual(['gate.threads_unresolved']);
});

test('a page that could not be read holds the gate', () => {
  expect(codesOf({ missing: [{ part: 'reviews', why: 'page 2 answered 502' }] })).toEqual(['gate.incomplete']);
});

test('the label of escalation holds the gate, in any case', () => {
  expect(codesOf({ labels: ['Bugloop:Escalated'] })).toEqual(['gate.escalated']);
});

function checks(list: Check[], config = configured(), more: Partial<Snapshot> = {}): string[] {
  return codesOf({ checks: list, ...more }, config);
}
const job = (event: string): Check['workflow'] & object => ({ run: event, file: '.github/workflows/ci.yml', event });

describe('checks', () => {
  test('zero checks are no evidence', () => {
    expect(judge(ready({ checks: [] }))).toMatchObject({ codes: ['gate.no_checks'], signal: 'pending' });
  });
  test('zero checks pass where the configuration expects none', () => {
    expect(checks([], configured({ ci: 'none' }))).toEqual([]);
  });
  test('a failure holds even where none are expected', () => {
    expect(checks([check({ state: 'failed' })], configured({ ci: 'none' }))).toEqual(['gate.check_failed']);
  });
  test('only skipped or neutral ones are no evidence', () => {
    const idle = [check({ name: 'a', state: 'none', said: 'skipped' }), check({ name: 'b', state: 'none', said: 'neutral' })];
    expect(checks(idle)).toEqual(['gate.no_passed_check']);
  });
  test('a skipped one beside one that passed holds nothing back', () => {
    expect(checks([check(), check({ name: 'deploy', state: 'none', said: 'skipped' })])).toEqual([]);
  });
  test.each<[Check['state'], string, string]>([
    ['failed', 'gate.check_failed', 'failure'],
    ['pending', 'gate.check_pending', 'pending'],
    ['not-started', 'gate.check_not_started', 'pending'],
    ['unreadable', 'gate.check_unreadable', 'failure'],
  ])('one that is %s holds back although another passed', (state, code, signal) => {
    const list = [check(), check({ name: 'lint', state, said: 'x' })];
    expect(judge(ready({ checks: list }))).toMatchObject({ codes: [code], signal });
  });
  test('workflows parked for approval (action_required) are not green', () => {
    expect(checks([check({ state: stateOfRun('completed', 'action_required'), said: 'action_required' })])).toEqual([
      'gate.check_not_started',
      'gate.no_passed_check',
    ]);
  });
  test('a required one that was never reported is named', () => {
    const verdict = judgeGate(ready({ required: [{ name: 'e2e' }] }), configured());
    expect(verdict).toMatchObject({
      ok: false,
      reasons: [{ code: 'gate.required_missing', message: expect.stringContaining("'e2e'") }],
    });
  });
  test('a required one is answered only by its own app', () => {
    expect(checks([check()], configured(), { required: [{ name: 'test', app: 15368 }] })).toEqual([]);
    expect(checks([check()], configured(), { required: [{ name: 'test', app: 4 }] })).toEqual(['gate.required_missing']);
    const status = check({ creator: { id: 4, login: 'x', kind: 'user' } });
    expect(checks([status], configured(), { required: [{ name: 'test', app: 4 }] })).toEqual(['gate.required_missing']);
  });
  test('a required one that was skipped did not run', () => {
    const list = [check(), check({ name: 'e2e', state: 'none', said: 'skipped' })];
    expect(checks(list, configured(), { required: [{ name: 'e2e' }] })).toEqual(['gate.required_skipped']);
    expect(checks([check(), check({ name: 'e2e', state: 'none', required: true })])).toEqual(['gate.required_skipped']);
  });
  test('success on an older commit is success of an older commit', () => {
    expect(checks([check({ commit: olderCommit })])).toEqual(['gate.no_checks']);
    expect(checks([check({ commit: olderCommit })], configured(), { required: [{ name: 'test' }] })).toEqual([
      'gate.no_checks',
      'gate.required_missing',
    ]);
  });
  test('a failure on an older commit is over', () => {
    expect(checks([check(), check({ name: 'old', state: 'failed', commit: olderCommit })])).toEqual([]);
  });
  test('of a check that ran again the latest run counts', () => {
    const workflow = { run: '1', file: '.github/workflows/ci.yml', event: 'push' };
    const first = check({ state: 'failed', said: 'failure', startedAt: at(9), workflow });
    const again = check({ startedAt: at(10), workflow: { ...workflow, run: '2' } });
    expect(checks([first, again])).toEqual([]);
    expect(checks([again, first])).toEqual([]);
    expect(checks([{ ...first, startedAt: at(11) }, again])).toEqual(['gate.check_failed', 'gate.no_passed_check']);
  });
  test('two checks of one name from two apps, or for two events, both count', () => {
    const failed = check({ state: 'failed', startedAt: at(8), creator: { id: 4, login: 'other', kind: 'app' } });
    expect(checks([check(), failed])).toEqual(['gate.check_failed']);
    const onPush = check({ state: 'failed', startedAt: at(8), workflow: job('push') });
    expect(checks([check({ workflow: job('pull_request') }), onPush])).toEqual(['gate.check_failed']);
  });

  describe('our own', () => {
    test('pending does not hold us back', () => {
      expect(checks([check(), check({ name: 'bugloop/gate', state: 'pending', required: true })])).toEqual([]);
    });
    test('is not missing where the branch requires it', () => {
      expect(checks([check()], configured(), { required: [{ name: 'bugloop/gate' }] })).toEqual([]);
    });
    test('success is no evidence, whoever wrote it', () => {
      expect(checks([check({ name: 'bugloop/gate' })])).toEqual(['gate.no_checks']);
    });
    test('the job we run in is left out, and those of the workflows that start us', () => {
      const workflow = { run: '77', file: '.github/workflows/mine.yml', event: 'pull_request_review' };
      expect(checks([check(), check({ name: 'job', state: 'pending', workflow })], configured(), { ownRun: '77' })).toEqual([]);
      expect(checks([check(), check({ name: 'job', state: 'pending', workflow })])).toEqual(['gate.check_pending']);
      const earlier = check({
        name: 'gate',
        state: 'failed',
        workflow: { ...workflow, file: '.github/workflows/bugloop-gate.yml' },
      });
      expect(checks([check(), earlier])).toEqual([]);
      const caller = check({
        name: 'gate / gate',
        state: 'pending',
        workflow: { ...workflow, file: '.github/workflows/bugloop.yml' },
      });
      expect(checks([check(), caller])).toEqual([]);
      const alike = check({
        name: 'gate',
        state: 'failed',
        workflow: { ...workflow, file: '.github/workflows/x/bugloop-gate.yml' },
      });
      expect(checks([check(), alike])).toEqual(['gate.check_failed']);
    });
  });

  test('a vote of a room holds back and is no evidence', () => {
    expect(checks([check(), check({ name: 'bugloop/risk', state: 'failed' })])).toEqual(['gate.check_failed']);
    expect(checks([check({ name: 'bugloop/risk' })])).toEqual(['gate.no_passed_check']);
  });
  test('the success of an automatic reviewer is no evidence', () => {
    const status = check({ name: 'CodeRabbit', creator: { id: 90, login: 'coderabbitai', kind: 'bot' } });
    const run = check({ name: 'CodeRabbit', creator: { id: 91, login: 'coderabbitai', kind: 'app' } });
    expect(checks([status])).toEqual(['gate.no_passed_check']);
    expect(checks([run])).toEqual(['gate.no_passed_check']);
  });
});

describe('automatic reviewers', () => {
  const status = check({ name: 'CodeRabbit', said: 'success', creator: { id: 90, login: 'coderabbitai', kind: 'bot' } });
  test("a bot's success without a review is no review", () => {
    expect(judge(ready({ reviews: [], checks: [check(), status] }))).toMatchObject({
      codes: ['gate.not_reviewed'],
      signal: 'pending',
    });
  });
  test('a review of an older commit is none of this head', () => {
    expect(codesOf({ reviews: [{ ...looked, commit: olderCommit }] })).toEqual(['gate.not_reviewed']);
  });
  test('a person with the name of the bot is not the bot', () => {
    expect(codesOf({ reviews: [{ ...looked, author: { ...rabbit, kind: 'user' } }] })).toEqual(['gate.not_reviewed']);
  });
  test('a reviewer without [bot] is a person', () => {
    const config = normalise({ gate: { automatic_reviewers: ['Maria'] } });
    expect(codesOf({ reviews: [review(maria)] }, config)).toEqual([]);
    expect(codesOf({ reviews: [review({ ...maria, kind: 'bot' })] }, config)).toEqual(['gate.not_reviewed']);
  });
  test('a review that was not submitted is none', () => {
    expect(codesOf({ reviews: [{ ...looked, state: 'pending', submittedAt: '' }] })).toEqual(['gate.not_reviewed']);
  });
  test('a banner with a finding is a review', () => {
    expect(codesOf({ reviews: [{ ...looked, body: '## Rate limit exceeded', comments: 1 }] })).toEqual([]);
  });
  test('none are asked for where none review', () => {
    expect(codesOf({ reviews: [] }, normalise({ gate: { automatic_reviewers: [] } }))).toEqual([]);
    expect(codesOf({ reviews: [] }, normalise({ agents: { reviewer: { external: false } } }))).toEqual([]);
  });
  test.each([
    '> [!IMPORTANT]\n> ## Review skipped\n> \n> Draft detected.',
    '> [!WARNING]\n> ## Rate limit exceeded\n> @x has exceeded the limit for the number of commits.',
    '> [!NOTE]\n> ## Reviews paused\n> It looks like this branch is under active development.',
    '<!-- This is an auto-generated comment: skip review by coderabbit.ai -->\n\nBots are not reviewed.',
    '<!-- This is an auto-generated comment: rate limited by coderabbit.ai -->',
    "Copilot wasn't able to review any files in this pull request.",
    'Copilot was unable to review this pull request because the user has reached their quota limit.',
    '**Skipped**',
    '## Automatic review was skipped',
  ])('a banner is no review: %s', (body) => {
    expect(readBanner(body)).toBeDefined();
    expect(codesOf({ reviews: [{ ...looked, body }] })).toEqual(['gate.not_reviewed']);
  });
  test.each([
    '**Actionable comments posted: 0**\n\n<details><summary>Review details</summary>\n- src/limit.ts\n</details>',
    'The rate limit is now checked before the call; tests that were skipped run again.',
    'This pull request reviews the way that paused jobs are resumed.',
    '## Pull request overview\n\nCopilot reviewed 2 out of 2 changed files and generated no comments.',
    '',
  ])('a review is no banner: %s', (body) => {
    expect(readBanner(body)).toBeUndefined();
  });
});

describe('threads', () => {
  test('unresolved counts, and outdated is not resolved', () => {
    expect(codesOf({ threads: [thread({ outdated: true })] })).toEqual(['gate.threads_unresolved']);
  });
  test('one of 150 is enough', () => {
    const threads = Array.from({ length: 150 }, (_, index) => thread({ id: `T${index}`, resolved: index !== 149 }));
    expect(codesOf({ threads })).toEqual(['gate.threads_unresolved']);
  });
  test('resolved and reopened is unresolved; its former resolver does not matter', () => {
    expect(codesOf({ threads: [thread({ resolved: false, resolvedBy: 'maria' })] })).toEqual(['gate.threads_unresolved']);
  });
  test('our own and those of bots count like any other', () => {
    expect(codesOf({ threads: [thread({ author: us }), thread({ author: rabbit })] })).toEqual(['gate.threads_unresolved']);
  });
  test('resolved ones hold nothing back', () => {
    expect(codesOf({ threads: [thread({ resolved: true }), thread({ resolved: true, outdated: true })] })).toEqual([]);
  });
});

const withReviews = (...reviews: Snapshot['reviews']): string[] => codesOf({ reviews: [looked, ...reviews] });

describe('changes requested', () => {
  const asked = review(maria, { state: 'changes-requested', submittedAt: at(9) });

  test('then approved by the same reviewer: cleared', () => expect(withReviews(asked, review(maria))).toEqual([]));
  test('then approved by another reviewer: not cleared', () => {
    expect(withReviews(asked, review(jun))).toEqual(['gate.changes_requested']);
  });
  test('then only commented on: not cleared', () => {
    expect(withReviews(asked, review(maria, { state: 'commented' }))).toEqual(['gate.changes_requested']);
  });
  test('dismissed: cleared', () => expect(withReviews({ ...asked, state: 'dismissed' })).toEqual([]));
  test('an approval that was dismissed supersedes nothing', () => {
    expect(withReviews(asked, review(maria, { state: 'dismissed' }))).toEqual(['gate.changes_requested']);
  });
  test('after an approval by the same reviewer: counts', () => {
    expect(withReviews(review(maria), { ...asked, submittedAt: at(12) })).toEqual(['gate.changes_requested']);
  });
  test('the time decides, not the order of the list', () => expect(withReviews(review(maria), asked)).toEqual([]));
  test('on an older commit: still counts', () => {
    expect(withReviews({ ...asked, commit: olderCommit })).toEqual(['gate.changes_requested']);
  });
  test('by a reader or a bot: counts', () => {
    expect(withReviews({ ...asked, mayWrite: false })).toEqual(['gate.changes_requested']);
    expect(withReviews({ ...asked, author: rabbit, submittedAt: at(12) })).toEqual(['gate.changes_requested']);
  });
  test('by an account that is gone: no other lost account clears it', () => {
    const gone = review(undefined, { state: 'changes-requested', submittedAt: at(9) });
    expect(withReviews(gone, review(undefined))).toEqual(['gate.changes_requested']);
  });
  test('the same login under another id is another reviewer', () => {
    expect(withReviews(asked, review({ ...maria, id: 21 }))).toEqual(['gate.changes_requested']);
  });
});

describe('approvals', () => {
  const one = configured({ approvals: 1 });
  const codes = (reviews: Snapshot['reviews'], config = one, more: Partial<Snapshot> = {}): string[] =>
    codesOf({ reviews: [looked, ...reviews], ...more }, config);

  test('by a person who may write, of this head', () => expect(codes([review(maria)])).toEqual([]));
  test.each<[string, Snapshot['reviews'][number]]>([
    ['of a bot', review(rabbit)],
    ['of the author', review(us)],
    ['of a reader', review(maria, { mayWrite: false })],
    ['of an older commit', review(maria, { commit: olderCommit })],
    ['that was dismissed', review(maria, { state: 'dismissed' })],
    ['of who set the trigger label', review(jun)],
    ['of an account that is gone', review(undefined)],
    ['that is only a comment', review(maria, { state: 'commented' })],
  ])('an approval %s does not count', (_, given) => {
    expect(judge(ready({ reviews: [looked, given] }), one)).toMatchObject({
      codes: ['gate.approvals_missing'],
      signal: 'pending',
    });
  });
  test('ours does not count on a change that somebody else opened', () => {
    expect(codes([review(us)], one, { author: jun })).toEqual(['gate.approvals_missing']);
  });
  test.each<[string, Snapshot['requests']]>([
    ['set the trigger label', [{ label: 'Bug:Autofix', by: jun.id }]],
    ['assigned the bot', [{ assignee: 'bugsolver-bot', by: jun.id }]],
    ['gave the command', [{ command: 'retry', by: jun.id }]],
  ])('who %s may not approve', (_, requests) => {
    expect(codes([review(jun)], one, { requests })).toEqual(['gate.approvals_missing']);
  });
  test.each<[string, Snapshot['requests']]>([
    ['assigned somebody else', [{ assignee: 'maria', by: jun.id }]],
    ['only asked for an explanation', [{ command: 'explain', by: jun.id }]],
  ])('who %s may approve', (_, requests) => expect(codes([review(jun)], one, { requests })).toEqual([]));
  test('who set another label may approve', () => {
    expect(codes([review(jun)], one, { requests: [{ label: 'bug', by: jun.id }] })).toEqual([]);
  });
  test('two of the same person are one', () => {
    const two = configured({ approvals: 2 });
    expect(codes([review(maria), review(maria, { submittedAt: at(12) })], two)).toEqual(['gate.approvals_missing']);
    expect(codes([review(maria), review({ ...maria, id: 40, login: 'lea' })], two)).toEqual([]);
  });
  test('an approval that its author took back does not count', () => {
    const back = review(maria, { state: 'changes-requested', submittedAt: at(13) });
    expect(codes([review(maria), back])).toEqual(['gate.approvals_missing', 'gate.changes_requested']);
  });

  describe('whatever the configuration says, what a person has to look at needs one', () => {
    const human = claim({ needsHuman: [{ code: 'human.throw_removed', message: 'no longer throws' }] });
    test('by the proof', () => {
      expect(codes([], configured(), { proof: human })).toEqual(['gate.needs_human']);
      expect(codes([review(maria)], configured(), { proof: human })).toEqual([]);
    });
    test('by the trees, even when the recorded report is silent', () => {
      const change = { ...ready().change!, files: [file('src/auth/login.ts')] };
      expect(codes([], configured(), { change })).toEqual(['gate.needs_human']);
      expect(codes([review(maria)], configured(), { change })).toEqual([]);
    });
  });
});

function files(...list: ReturnType<typeof file>[]): string[] {
  return codesOf({ change: { ...ready().change!, files: list } });
}

describe('trees', () => {
  test('at the limit of lines, and one over it', () => {
    expect(files(file('src/a.ts', { addedLines: 300, removedLines: 200 }))).toEqual([]);
    expect(files(file('src/a.ts', { addedLines: 300, removedLines: 201 }))).toEqual(['gate.size']);
  });
  test('one line of a megabyte is too much', () => {
    expect(files(file('src/a.ts', { changedBytes: 1_000_000 }))).toEqual(['gate.size']);
  });
  test('lines that a .gitattributes hides are counted, and hiding them is refused', () => {
    const attributes = file('.gitattributes', { status: 'added', oldMode: '000000' });
    expect(files(attributes, file('src/a.ts', { addedLines: 4950 }))).toEqual(['gate.protected_path', 'gate.size']);
  });
  test('a rename does not hide the protected path it came from', () => {
    const from = file('.github/workflows/ci.yml', { status: 'deleted', newMode: '000000' });
    expect(files(from, file('docs/ci.yml', { status: 'added', oldMode: '000000' }))).toEqual(['gate.protected_path']);
  });
  test('a protected path of the configuration', () => {
    const change = { ...ready().change!, files: [file('db/schema.sql')] };
    expect(codesOf({ change }, configured({}, { protected_paths: ['db/**'] }))).toEqual(['gate.protected_path']);
  });
  test('trees that were not read may hold anything', () => {
    const { change: _, ...unread } = ready();
    expect(judge(unread).codes).toEqual(['gate.trees_unread']);
  });
  test('trees of an older head say nothing about this one', () => {
    expect(codesOf({ change: { ...ready().change!, head: olderCommit } })).toEqual(['gate.trees_other_head']);
  });
});

describe('proof', () => {
  test.each<[string, Snapshot['proof'], string]>([
    ['missing', 'none', 'gate.proof_missing'],
    ['unreadable', 'unreadable', 'gate.proof_unreadable'],
    ['failed', claim({ ok: false }), 'gate.proof_failed'],
    ['made for an older head', claim({ head: olderCommit }), 'gate.proof_other_head'],
    ['recorded by somebody else', claim({ by: maria.id }), 'gate.proof_foreign'],
    ['edited by somebody else', claim({ edited: true }), 'gate.proof_edited'],
  ])('%s', (_, proof, code) => {
    expect(codesOf({ proof })).toEqual([code]);
    expect(codesOf({ proof }, configured({}, { proof: { required: false } }))).toEqual([]);
  });
});

/** The usual shell gate: no review says CHANGES_REQUESTED, and `gh pr checks` shows nothing but `pass`. */
function shellGate({ reviews, checks }: Snapshot): boolean {
  const requested = reviews.filter(({ state }) => state === 'changes-requested').length;
  return requested === 0 && checks.every(({ state }) => state === 'passed');
}

describe('what a shell script over reviews and checks lets through', () => {
  test.each<[string, Partial<Snapshot>, string]>([
    ['an unresolved thread', { threads: [thread()] }, 'gate.threads_unresolved'],
    ['no check at all', { checks: [] }, 'gate.no_checks'],
    ['a proof of an older head', { proof: claim({ head: olderCommit }) }, 'gate.proof_other_head'],
    ['a fork', { head: { ...ready().head, repository: 'R2' } }, 'gate.fork'],
  ])('%s', (_, more, code) => {
    const snapshot = ready(more);
    expect(shellGate(snapshot)).toBe(true);
    expect(judge(snapshot).codes).toEqual([code]);
  });
});

describe('the table', () => {
  const spoilt = judgeGate(
    ready({ checks: [check({ name: 'a | b\n<img src=x>@maria', state: 'failed', said: 'failure' })], threads: [thread()] }),
    configured(),
  );
  test('depends on the verdict alone, so that it is written again only when that changes', () => {
    expect(renderGateTable(judgeGate(ready(), configured()))).toBe(renderGateTable(judgeGate(ready(), configured())));
    expect(renderGateTable(spoilt)).not.toBe(renderGateTable(judgeGate(ready(), configured())));
  });
  test('has one row for each condition and no row that a name made', () => {
    const rows = renderGateTable(spoilt)
      .split('\n')
      .filter((line) => line.startsWith('|'));
    expect(rows).toHaveLength(2 + spoilt.conditions.length);
    for (const row of rows) expect(row.replaceAll('\\|', '').split('|')).toHaveLength(5);
  });
  test('names nobody and loads nothing', () => {
    expect(renderGateTable(spoilt)).not.toMatch(/@maria|<img/);
  });
  test('the title fits a status and says what is open', () => {
    expect(renderGateTitle(spoilt)).toBe('Not ready: checks, threads');
    const worst = judgeGate(
      ready({
        state: 'closed',
        mergeable: 'no',
        checks: [],
        reviews: [],
        threads: [thread()],
        proof: 'none',
        labels: ['bugloop:escalated'],
      }),
      configured(),
    );
    expect(renderGateTitle(worst).length).toBeLessThanOrEqual(140);
  });
  test('a terminal sees the same', () => {
    expect(renderGate(7, spoilt)).toContain('(gate.threads_unresolved)');
    expect(renderGate(7, judgeGate(ready(), configured()))).toMatch(/^Change 7 at aaaaaaaaaaaa: ready\n/);
  });
  test('whatever is in it stays below what a check run takes', () => {
    const many = Array.from({ length: 3000 }, (_, index) => check({ name: `check ${index} ${'x'.repeat(90)}`, state: 'failed' }));
    expect(renderGateTable(judgeGate(ready({ checks: many }), configured())).length).toBeLessThan(65_536);
  });
});

test('the head judged is the head of the snapshot', () => {
  expect(judge(ready()).verdict.head).toBe(headCommit);
});

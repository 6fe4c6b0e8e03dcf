import { describe, expect, test } from 'vitest';
import { normalise } from '../../src/core/config.ts';
import { askMarker, planAsks, renderAsk, type Ask } from '../../src/core/gate/ask.ts';
import { readBanner } from '../../src/core/gate/banner.ts';
import { hasReviewed } from '../../src/core/gate/reviews.ts';
import { isOurs } from '../../src/core/marker.ts';
import type { Account, Comment, Snapshot } from '../../src/core/snapshot.ts';
import { check, headCommit, looked, maria, olderCommit, rabbit, ready, review, us } from './gate-snapshots.ts';

/** Who is asked for a review, and when. The texts are those that CodeRabbit and Copilot wrote in 2025 and 2026. */

const now = Date.parse('2026-11-20T12:00:00Z');
const minutesAgo = (minutes: number): string => new Date(now - minutes * 60_000).toISOString();
const robot = 'coderabbitai[bot]';
const copilot: Account = { id: 91, login: 'copilot-pull-request-reviewer', kind: 'bot' };

const skipped = `<!-- This is an auto-generated comment: summarize by coderabbit.ai -->
<!-- This is an auto-generated comment: skip review by coderabbit.ai -->

> [!IMPORTANT]
> ## Review skipped
>
> Draft detected.
>
> Please check the settings in the CodeRabbit UI or the \`.coderabbit.yaml\` file in this repository. To trigger a single review, invoke the \`@coderabbitai review\` command.`;
const limited = (wait: string): string => `<!-- This is an auto-generated comment: rate limited by coderabbit.ai -->

> [!WARNING]
> ## Review limit reached
>
> ${wait}`;
const paused = `<!-- This is an auto-generated comment: review paused by coderabbit.ai -->

> [!NOTE]
> ## Reviews paused
>
> It looks like this branch is under active development.`;
const clean = (head: string): string => `<!-- This is an auto-generated comment: summarize by coderabbit.ai -->
<!-- recent_review_start -->

No actionable comments were generated in the recent review. 🎉

<details>
<summary>📥 Commits</summary>

Reviewing files that changed from the base of the PR and between ${olderCommit} and ${head}.

</details>
<!-- recent_review_end -->
## Walkthrough`;

const said = (body: string, at = minutesAgo(30), author: Account = rabbit): Comment => ({ author, ours: false, body, at });
const asked = (head: string, at: string): Comment => ({
  author: us,
  ours: true,
  body: renderAsk(robot, head, '@coderabbitai review'),
  at,
});
const skippedStatus = check({
  name: 'CodeRabbit',
  creator: rabbit,
  note: 'Review skipped',
});

/** Not reviewed yet, and said to be skipped. */
function waiting(more: Partial<Snapshot> = {}): Snapshot {
  return ready({ reviews: [], comments: [said(skipped)], ...more });
}

function plan(snapshot: Snapshot, config = normalise({})): Ask | undefined {
  const [first, ...others] = planAsks(snapshot, config, now);
  expect(others).toEqual([]);
  return first;
}

test.each<[string, Partial<Snapshot>, Partial<Ask> | undefined]>([
  ['it skipped the draft', {}, { do: 'ask', means: { comment: '@coderabbitai review' } }],
  ['its status says skipped', { comments: [], checks: [check(), skippedStatus] }, { do: 'ask' }],
  ['nothing came for a while', { comments: [], checks: [check({ startedAt: minutesAgo(11) })] }, { do: 'ask' }],
  ['nothing came yet', { comments: [], checks: [check({ startedAt: minutesAgo(3) })] }, { do: 'wait', until: now + 7 * 60_000 }],
  ['nothing is known of a change just opened', { comments: [], checks: [], openedAt: minutesAgo(1) }, { do: 'wait' }],
  ['it reviewed this commit', { reviews: [looked] }, { do: 'nothing' }],
  ['it reviewed an older commit', { reviews: [{ ...looked, commit: olderCommit }] }, { do: 'ask' }],
  ['it found nothing and says so', { comments: [said(clean(headCommit))] }, { do: 'nothing' }],
  ['it found nothing in an older commit', { comments: [said(clean(olderCommit))] }, { do: 'ask' }],
  ['it only answered in a thread', { reviews: [review(rabbit, { state: 'commented', body: '' })] }, { do: 'ask' }],
  ['it was asked for this commit', { comments: [said(skipped), asked(headCommit, minutesAgo(90))] }, { do: 'nothing' }],
  ['it was asked for the commit before', { comments: [said(skipped), asked(olderCommit, minutesAgo(11))] }, { do: 'ask' }],
  [
    'it was asked for the commit before a moment ago',
    { comments: [said(skipped), asked(olderCommit, minutesAgo(4))] },
    { do: 'wait', until: now + 6 * 60_000 },
  ],
  [
    'a stranger copied our mark',
    { comments: [said(skipped), { ...asked(headCommit, minutesAgo(5)), ours: false, author: maria }] },
    { do: 'ask' },
  ],
  ['its check is running', { checks: [{ ...skippedStatus, state: 'pending', note: 'Review in progress' }] }, { do: 'wait' }],
  [
    'it is limited for another 27 minutes',
    { comments: [said(limited('Next included review available in **27 minutes**.'), minutesAgo(10))] },
    { do: 'wait', until: now + 18 * 60_000 },
  ],
  [
    'the limit that it named is over',
    { comments: [said(limited('Next included review available in **27 minutes**.'), minutesAgo(29))] },
    { do: 'ask' },
  ],
  [
    'it is limited and names no time',
    { comments: [said(limited(''), minutesAgo(10))] },
    { do: 'wait', until: now + 50 * 60_000 },
  ],
  [
    'its status says limited',
    { comments: [], checks: [{ ...skippedStatus, note: 'Review rate limited', startedAt: minutesAgo(10) }] },
    { do: 'wait' },
  ],
  [
    'a time beyond reason is not waited for',
    { comments: [said(limited('Next review available in: **9999 hours**'), minutesAgo(25 * 60))] },
    { do: 'ask' },
  ],
  ['a stranger says that it is limited', { comments: [said(skipped), said(limited(''), minutesAgo(1), maria)] }, { do: 'ask' }],
  ['its reviews are paused', { comments: [said(paused, minutesAgo(9_000))] }, { do: 'wait' }],
  [
    'they were paused and resumed',
    { comments: [said(paused, minutesAgo(90)), said('Reviews resumed.', minutesAgo(20))] },
    { do: 'ask' },
  ],
  ['the change is closed', { state: 'closed' }, undefined],
  ['the head is in a fork', { head: { commit: headCommit, branch: 'bugloop/issue-12', repository: 'R2' } }, undefined],
  ['the branch is not ours', { head: { commit: headCommit, branch: 'fix/issue-12', repository: 'R1' } }, undefined],
  ['the change waits for a person', { labels: ['Bugloop:escalated'] }, { do: 'nothing' }],
])('%s', (_name, more, expected) => {
  expect([plan(waiting(more))]).toMatchObject([expected]);
});

test('a reviewer is asked by the forge where it has no command, once', () => {
  const config = normalise({ gate: { automatic_reviewers: ['copilot-pull-request-reviewer[bot]'] } });
  expect(plan(waiting(), config)).toMatchObject({ do: 'ask', means: 'request' });
  expect(plan(waiting({ awaited: [copilot] }), config)).toMatchObject({ do: 'nothing', why: 'its review was requested' });
  const unable = review(copilot, { state: 'commented', body: "Copilot wasn't able to review any files in this pull request." });
  expect(plan(waiting({ reviews: [unable] }), config)).toMatchObject({ do: 'nothing', why: 'it answered without a review' });
});

test('the configuration adds commands and replaces known ones', () => {
  const commands = [
    { reviewer: 'other[bot]', command: '/other review' },
    { reviewer: 'CodeRabbitAI[bot]', command: '@rabbit go' },
  ];
  const config = normalise({ gate: { automatic_reviewers: ['other[bot]', robot], review_commands: commands } });
  expect(planAsks(waiting(), config, now)).toMatchObject([
    { do: 'ask', means: { comment: '/other review' } },
    { do: 'ask', means: { comment: '@rabbit go' } },
  ]);
  const unknown = normalise({ gate: { automatic_reviewers: ['other[bot]'] } });
  expect(plan(waiting(), unknown)).toMatchObject({
    do: 'nothing',
    why: 'how it is asked is not known: name its command in gate.review_commands',
  });
});

test('nobody is asked where nobody reviews', () => {
  expect(planAsks(waiting(), normalise({ agents: { reviewer: { external: false } } }), now)).toEqual([]);
  expect(planAsks(waiting(), normalise({ gate: { automatic_reviewers: [] } }), now)).toEqual([]);
});

test('the comment is the command, a mark that we know as ours, and nothing else', () => {
  const body = renderAsk(robot, headCommit, '@coderabbitai review');
  expect(body).toBe(`@coderabbitai review\n\n${askMarker(robot, headCommit)}`);
  expect(isOurs(body)).toBe(true);
});

describe('banners', () => {
  test.each([
    [skipped, { kind: 'skipped' }],
    [paused, { kind: 'paused' }],
    [limited('Next included review available in **1 hour and 5 minutes**.'), { kind: 'limited', minutes: 65 }],
    [limited('**Next review available in:** **13 minutes**'), { kind: 'limited', minutes: 13 }],
    ['> ## Rate limit exceeded\n> Please wait **24 minutes and 12 seconds** before', { kind: 'limited', minutes: 25 }],
    ['More reviews will be available in 3 minutes and 20 seconds.\n## Review limit reached', { kind: 'limited', minutes: 4 }],
    ['> ## Review limit reached > Please wait 40 seconds before requesting', { kind: 'limited', minutes: 1 }],
    ['Review rate limited', { kind: 'limited' }],
    ['Review skipped: manual review required for this OSS repository', { kind: 'skipped' }],
    ['<!-- This is an auto-generated comment: review in progress by coderabbit.ai -->', { kind: 'running' }],
    ['❌ Action not completed\n\nAlready reviewed the last commit.', { kind: 'unable' }],
  ])('%s', (body, banner) => {
    expect(readBanner(body)).toEqual(banner);
  });

  test('a long text of openings costs little', () => {
    expect(readBanner('<!-- '.repeat(13_000))).toBeUndefined();
    expect(readBanner('please wait '.repeat(5_400))).toBeUndefined();
    expect(hasReviewed(ready({ reviews: [], comments: [said('<!-- recent_review_start -->'.repeat(2_300))] }), robot)).toBe(
      false,
    );
  });
});

const reviewed = (body: string, author = rabbit): boolean =>
  hasReviewed(ready({ reviews: [], comments: [said(body, minutesAgo(1), author)] }), robot);

describe('a pass without findings leaves no review', () => {
  test('its summary names this head', () => expect(reviewed(clean(headCommit))).toBe(true));
  test('its summary names another head', () => expect(reviewed(clean(olderCommit))).toBe(false));
  test('somebody else wrote it', () => expect(reviewed(clean(headCommit), maria)).toBe(false));
  test('a refusal names the same commits', () => {
    expect(reviewed(`${limited('Next review available in: **13 minutes**')}\n${clean(headCommit)}`)).toBe(false);
  });
  test('a walkthrough alone is none', () => {
    expect(reviewed(clean(headCommit).replace('No actionable comments were generated', 'Comments were generated'))).toBe(false);
  });
});

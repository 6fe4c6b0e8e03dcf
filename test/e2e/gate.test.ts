import { existsSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, onTestFinished, test } from 'vitest';
import { z } from 'zod';
import { renderAsk } from '../../src/core/gate/ask.ts';
import { ghAgainst, ghIsMissing } from '../support/gh.ts';
import { branch, fix, mayGate, noReviewer, openGated, postedBy, recordOf, remember, type Gated, type Setting } from './gated.ts';
import { labels, run, start, type Ended } from './github.ts';

/** `bugloop gate` as a process, against GitHub's interfaces over HTTP and a real git server. */

/** A draft of ours of which every condition holds, unless the setting spoils one. */
async function draft(setting: Setting = {}): Promise<Gated> {
  const scene = await openGated(setting);
  onTestFinished(() => scene[Symbol.asyncDispose]());
  return scene;
}

function retract({ issue }: Gated): void {
  issue.comments.splice(0);
}

/** A change of the draft flag by a person. */
function askAs({ server, repository, pull }: Gated, login: string, mutation: string): Promise<Response> {
  const { value } = server.token({ kind: 'classic', repositories: [repository], login });
  const query = `mutation($id: ID!) { ${mutation}(input: { pullRequestId: $id }) { clientMutationId } }`;
  const body = JSON.stringify({ query, variables: { id: pull.nodeId } });
  return fetch(server.graphqlUrl, { method: 'POST', headers: { authorization: `Bearer ${value}` }, body });
}

const gate = (scene: Gated, flags: string[] = [], env: Record<string, string> = {}): Promise<Ended> =>
  run(scene, ['gate', String(scene.pull.number), ...flags], env);

const verdictSchema = z.object({ reasons: z.array(z.object({ code: z.string() })).default([]) });

/** Codes of the reasons, from `--json`. */
function codesOf({ stdout }: Ended): string[] {
  return verdictSchema.parse(JSON.parse(stdout)).reasons.map(({ code }) => code);
}

const writesOf = ({ server }: Gated): string[] => server.writes();

test('all conditions hold: marked ready, said so in a check run, and nothing more the second time', async () => {
  const scene = await draft();
  const first = await gate(scene);
  expect(first.stderr + first.stdout).toContain('ready');
  expect(first.status).toBe(0);
  expect(scene.pull.draft).toBe(false);
  expect(postedBy(scene)).toMatchObject([{ status: 'completed', conclusion: 'success', suite: { sha: scene.head } }]);
  expect(postedBy(scene)[0]?.output.summary).toContain('| ✅ | proof |');
  expect(scene.server.count('git')).toBe(1);
  expect(writesOf(scene)).toEqual(['mutation markPullRequestReadyForReview', 'mutation updateIssueComment', 'checks/create']);
  expect(recordOf(scene)).toMatchObject({ state: 'READY', ready: scene.head });

  scene.server.forget();
  const second = await gate(scene);
  expect(second.status).toBe(0);
  expect(writesOf(scene)).toEqual([]);
  expect(scene.server.count('api')).toBe(1);
});

test('an unresolved thread: stays a draft, and the word changes only when the verdict does', async () => {
  const scene = await draft();
  const { server, pull } = scene;
  const thread = await server.addThread(pull, { author: 'maria', path: 'src/add.js', line: 2, body: 'why?' });
  server.forget();
  const first = await gate(scene, ['--json']);
  expect(first.status).toBe(6);
  expect(codesOf(first)).toEqual(['gate.threads_unresolved']);
  expect(pull.draft).toBe(true);
  expect(writesOf(scene)).toEqual(['checks/create']);
  expect(postedBy(scene)).toMatchObject([{ conclusion: 'failure' }]);

  server.forget();
  expect((await gate(scene)).status).toBe(6);
  expect(writesOf(scene)).toEqual([]);

  server.resolve(thread, 'maria');
  server.forget();
  expect((await gate(scene)).status).toBe(0);
  expect(pull.draft).toBe(false);
  expect(writesOf(scene)).toEqual(['mutation markPullRequestReadyForReview', 'mutation updateIssueComment', 'checks/update']);
  expect(postedBy(scene)).toMatchObject([{ conclusion: 'success' }]);
});

test('two gates at once: marked ready, and no word of either contradicts the other', async () => {
  const scene = await draft();
  const ended = await Promise.all([gate(scene), gate(scene)]);
  expect(ended.map(({ status }) => status)).toEqual([0, 0]);
  expect(scene.pull.draft).toBe(false);
  expect(new Set(postedBy(scene).map(({ conclusion }) => conclusion))).toEqual(new Set(['success']));
  scene.server.forget();
  expect((await gate(scene)).status).toBe(0);
  expect(writesOf(scene)).toEqual([]);
});

async function until(scene: Gated, operation: string): Promise<void> {
  while (!scene.server.requests.some((request) => request.operation.includes(operation))) await sleep(20);
}
const push = ({ server, repository }: Gated): Promise<string> =>
  server.commit(repository, branch, { 'src/add.js': 'export const add = () => 0;\n' }, { author: 'maria' });

describe('the head moves', () => {
  test('between look and word: back to draft, and the new head gets no word of ours', async () => {
    const scene = await draft();
    scene.server.faults.add({ kind: 'slow', delay: 1_500, match: 'markPullRequestReadyForReview' });
    const { ended } = start(scene, ['gate', String(scene.pull.number), '--json']);
    await until(scene, 'markPullRequestReadyForReview');
    await sleep(300);
    const moved = await push(scene);
    const result = await ended;
    expect(result.status).toBe(6);
    expect(codesOf(result)).toEqual(['gate.head_moved']);
    expect(scene.pull).toMatchObject({ draft: true, headSha: moved });
    expect(writesOf(scene)).toContain('mutation convertPullRequestToDraft');
    expect(postedBy(scene)).toMatchObject([{ status: 'in_progress', suite: { sha: scene.head } }]);
  });

  test('while it is read: nothing is judged and nothing written', async () => {
    const scene = await draft();
    // GitHub does not know yet whether it can be merged, which takes a second look; the first is a while on its way.
    scene.server.faults.add({ kind: 'slow', delay: 2_000, match: 'graphql' });
    const { ended } = start(scene, ['gate', String(scene.pull.number)]);
    while (scene.server.count('api') < 1) await sleep(20);
    await sleep(500);
    await push(scene);
    const result = await ended;
    expect(result.status).toBe(5);
    expect(result.stderr).toContain('moved while it was read');
    expect(writesOf(scene)).toEqual([]);
    expect(scene.pull.draft).toBe(true);
  });

  test('after a gate was killed between its word and its look back: the next one returns the new head to a draft', async () => {
    const scene = await draft();
    scene.server.faults.add({ kind: 'hang', commit: true, match: 'markPullRequestReadyForReview' });
    const { child, ended } = start(scene, ['gate', String(scene.pull.number)]);
    while (scene.pull.draft) await sleep(20);
    child.kill('SIGKILL');
    await ended;
    expect(postedBy(scene)).toEqual([]);
    const moved = await push(scene);
    const next = await gate(scene, ['--json']);
    expect(next.status).toBe(6);
    expect(codesOf(next)).toContain('gate.proof_other_head');
    expect(scene.pull).toMatchObject({ draft: true, headSha: moved });
    expect(recordOf(scene)).toMatchObject({ state: 'PR_DRAFT' });
    expect(postedBy(scene)).toMatchObject([{ conclusion: 'failure', suite: { sha: moved } }]);
  });

  test('after it was marked ready: back to draft, and ready again once all holds of the new head', async () => {
    const scene = await draft();
    expect((await gate(scene)).status).toBe(0);
    const moved = await push(scene);
    scene.server.forget();
    expect((await gate(scene, ['--dry-run'])).stdout).toContain('would return it to a draft');
    expect(writesOf(scene)).toEqual([]);
    const back = await gate(scene);
    expect(back.status).toBe(6);
    expect(back.stdout).toContain('back to draft');
    expect(scene.pull.draft).toBe(true);
    expect(recordOf(scene)).toMatchObject({ state: 'PR_DRAFT' });
    expect(recordOf(scene)).not.toHaveProperty('ready');
    scene.server.forget();
    expect((await gate(scene)).status).toBe(6);
    expect(writesOf(scene)).toEqual([]);

    scene.server.addCheck(scene.repository, moved, { name: 'test', conclusion: 'success' });
    retract(scene);
    remember({ ...scene, head: moved });
    expect((await gate(scene)).status).toBe(0);
    expect(scene.pull.draft).toBe(false);
    expect(recordOf(scene)).toMatchObject({ state: 'READY', ready: moved });
  });

  test('after a person marked it ready: it stays, and the word beside it says why not', async () => {
    const scene = await draft();
    expect((await gate(scene)).status).toBe(0);
    const turn = (mutation: string): Promise<Response> => askAs(scene, 'maria', mutation);
    await turn('convertPullRequestToDraft');
    await turn('markPullRequestReadyForReview');
    await push(scene);
    scene.server.forget();
    expect((await gate(scene)).status).toBe(6);
    expect(scene.pull.draft).toBe(false);
    expect(writesOf(scene)).toEqual(['checks/create']);
    expect(recordOf(scene)).toMatchObject({ state: 'READY', ready: scene.head });
  });

  test('after the proof: the old proof, checks and reviews are worth nothing', async () => {
    const scene = await draft();
    await push(scene);
    const result = await gate(scene, ['--json']);
    expect(result.status).toBe(6);
    expect(codesOf(result)).toEqual(['gate.proof_other_head', 'gate.no_checks']);
  });
});

describe('more than a hundred', () => {
  test('150 threads over two pages, the open one on the second', async () => {
    const scene = await draft();
    const { server, pull } = scene;
    const comments = Array.from({ length: 150 }, (_, index) => ({ path: 'src/add.js', line: 2, body: `nit ${index}` }));
    await server.addReview(pull, { author: 'maria', event: 'COMMENT', comments });
    for (const thread of pull.threads.slice(0, -1)) server.resolve(thread, 'maria');
    server.forget();
    const result = await gate(scene, ['--json', '--dry-run']);
    expect(codesOf(result)).toEqual(['gate.threads_unresolved']);
    expect(scene.server.count('api')).toBe(3);
  });

  test('statuses, comments and reviews: all of them, the second hundred of every kind in one request', async () => {
    const scene = await draft();
    const { server, repository, head, pull, issue } = scene;
    for (let index = 0; index < 120; index += 1) {
      const state = index === 119 ? 'failure' : 'success';
      server.addStatus(repository, head, { context: `ci/${index}`, state, author: 'maria' });
      server.comment(pull, `talk ${index}`, 'maria');
      server.comment(issue, `talk ${index}`, 'guest');
    }
    for (let index = 0; index < 105; index += 1)
      await server.addReview(pull, { author: 'maria', event: index < 104 ? 'COMMENT' : 'REQUEST_CHANGES', body: `${index}` });
    server.forget();
    const result = await gate(scene, ['--json', '--dry-run']);
    expect(codesOf(result)).toEqual(['gate.check_failed', 'gate.changes_requested']);
    // The first look, whether it can be merged, and a second page of the change and of the issue.
    expect(server.count('api')).toBe(4);
  });

  test('a page that does not come is no pass', async () => {
    const scene = await draft();
    const { server, pull } = scene;
    const comments = Array.from({ length: 101 }, (_, index) => ({ path: 'src/add.js', line: 2, body: `nit ${index}` }));
    await server.addReview(pull, { author: 'maria', event: 'COMMENT', comments });
    for (const thread of pull.threads) server.resolve(thread, 'maria');
    server.forget();
    let queries = 0;
    server.faults.add({ kind: 'status', times: 20, match: ({ surface }) => surface === 'graphql' && (queries += 1) > 1 });
    const result = await gate(scene);
    expect(result.status).toBe(5);
    expect(pull.draft).toBe(true);
    expect(writesOf(scene)).toEqual([]);
    server.faults.clear();
  });
});

describe('traps', () => {
  test('no check at all', async () => {
    const scene = await draft({ checks: false });
    const result = await gate(scene, ['--json']);
    expect(result.status).toBe(6);
    expect(codesOf(result)).toEqual(['gate.no_checks']);
    expect(postedBy(scene)).toMatchObject([{ status: 'in_progress' }]);
  });

  test('workflows that wait for approval, because GITHUB_TOKEN opened the pull request', async () => {
    const scene = await draft({ checks: false, parked: true });
    const result = await gate(scene, ['--json']);
    expect(result.status).toBe(6);
    expect(codesOf(result)).toEqual(['gate.check_not_started', 'gate.no_passed_check']);
    expect(result.stdout).toContain('action_required');
    for (const parked of scene.repository.runs) scene.server.approveRun(parked);
    expect((await gate(scene)).status).toBe(0);
  });

  test('a success that belongs to an older commit', async () => {
    const scene = await draft({ checks: false });
    const older = await scene.server.git(scene.repository, 'rev-parse', 'main');
    scene.server.addCheck(scene.repository, older, { name: 'test', conclusion: 'success' });
    expect(codesOf(await gate(scene, ['--json']))).toEqual(['gate.no_checks']);
  });

  test('a required check that never came, by protection and by ruleset', async () => {
    const scene = await draft();
    const ruleset = [
      { context: 'test', integrationId: 4 },
      { context: 'audit', integrationId: null },
    ];
    scene.server.protect(scene.repository, 'main', { checks: ['e2e'], ruleset });
    const result = await gate(scene);
    expect(result.status).toBe(6);
    for (const name of ['e2e', 'test', 'audit'])
      expect(result.stdout).toContain(`the required check '${name}' was never reported`);
  });

  test('the job that runs the gate does not wait for itself', async () => {
    const scene = await draft();
    const { server, repository, head } = scene;
    server.addCheck(repository, head, { name: 'bugloop/gate', status: 'in_progress' });
    expect((await gate(scene)).status).toBe(0);
  });

  test("a reviewer's green status without a review", async () => {
    const scene = await draft({ base: {} });
    const { server, repository, head, pull } = scene;
    server.addStatus(repository, head, {
      context: 'CodeRabbit',
      state: 'success',
      description: 'Review skipped',
      author: 'coderabbitai[bot]',
    });
    expect(codesOf(await gate(scene, ['--json']))).toEqual(['gate.not_reviewed']);
    await server.addReview(pull, { author: 'coderabbitai[bot]', event: 'COMMENT', body: '**Actionable comments posted: 0**' });
    expect((await gate(scene)).status).toBe(0);
  });

  test('changes requested, then approved by somebody else and by the same person', async () => {
    const scene = await draft();
    const { server, pull } = scene;
    server.user('jun');
    scene.repository.roles.set(server.user('jun'), 'write');
    await server.addReview(pull, { author: 'maria', event: 'REQUEST_CHANGES', body: 'no' });
    await server.addReview(pull, { author: 'jun', event: 'APPROVE' });
    expect(codesOf(await gate(scene, ['--json']))).toEqual(['gate.changes_requested']);
    await sleep(1_100);
    await server.addReview(pull, { author: 'maria', event: 'APPROVE' });
    expect((await gate(scene)).status).toBe(0);
  });

  test('a fork with the prefix of our branches: nothing of it is fetched', async () => {
    const scene = await draft();
    const { server, repository } = scene;
    const fork = await server.fork(repository, 'mallory');
    await server.commit(fork, 'bugloop/issue-2', fix);
    const pull = await server.pull(repository, {
      title: 'x',
      body: '',
      head: 'mallory:bugloop/issue-2',
      base: 'main',
      draft: true,
      author: 'mallory',
    });
    server.forget();
    const result = await gate({ ...scene, pull }, ['--json']);
    expect(result.status).toBe(6);
    expect(codesOf(result)).toContain('gate.fork');
    expect(server.count('git')).toBe(0);
    expect(pull.draft).toBe(true);
  });

  test('a rename that hides a protected path, and attributes that hide lines', async () => {
    const workflow = 'on: push\njobs: {}\n';
    const scene = await draft({
      base: { ...noReviewer, '.github/workflows/ci.yml': workflow },
      change: {
        ...fix,
        '.github/workflows/ci.yml': null,
        'docs/ci.yml': workflow,
        '.gitattributes': 'src/*.js -diff\n',
        'src/big.js': 'export const x = 1;\n'.repeat(4_950),
      },
    });
    const result = await gate(scene);
    expect(result.status).toBe(6);
    expect(result.stdout).toContain('.github/workflows/ci.yml');
    expect(result.stdout).toContain('.gitattributes');
    expect(result.stdout).toContain('gate.size');
  });

  test('trees that call for a person although the record does not', async () => {
    const scene = await draft({ change: { ...fix, 'src/auth.js': 'export const allow = () => true;\n' } });
    expect(codesOf(await gate(scene, ['--json']))).toEqual(['gate.needs_human']);
    await scene.server.addReview(scene.pull, { author: 'maria', event: 'APPROVE' });
    expect((await gate(scene)).status).toBe(0);
  });
});

describe('the record of the proof', () => {
  test('none', async () => {
    const scene = await draft({ record: 'none' });
    expect(codesOf(await gate(scene, ['--json']))).toEqual(['gate.proof_missing']);
  });
  test('one that somebody else wrote', async () => {
    const scene = await draft({ record: 'none' });
    remember({ ...scene, us: 'maria' });
    expect(codesOf(await gate(scene, ['--json']))).toEqual(['gate.proof_missing']);
  });
  test('one that somebody else edited', async () => {
    const scene = await draft();
    const [comment] = scene.issue.comments;
    if (comment !== undefined) comment.editor = scene.server.user('maria');
    expect(codesOf(await gate(scene, ['--json']))).toEqual(['gate.proof_edited']);
  });
  test('one that is cut off', async () => {
    const scene = await draft();
    const [comment] = scene.issue.comments;
    if (comment !== undefined) comment.body = comment.body.slice(0, -40);
    expect(codesOf(await gate(scene, ['--json']))).toEqual(['gate.proof_unreadable']);
  });
  test('one that asks for a person, who must not be the one that asked for the fix', async () => {
    const needsHuman = [{ code: 'human.throw_removed', message: 'no longer throws' }];
    const scene = await draft({ record: { needsHuman } });
    const { server, issue, pull, repository } = scene;
    repository.roles.set(server.user('jun'), 'write');
    server.comment(issue, '/bugloop solve', 'jun');
    await server.addReview(pull, { author: 'jun', event: 'APPROVE' });
    expect(codesOf(await gate(scene, ['--json']))).toEqual(['gate.needs_human']);
    await server.addReview(pull, { author: 'maria', event: 'APPROVE' });
    expect((await gate(scene)).status).toBe(0);
  });
});

describe('the configuration', () => {
  test('is the one of the base on the forge, not of the clone and not of the change', async () => {
    const scene = await draft({
      change: { ...fix, '.bugloop/config.yml': 'gate:\n  approvals: 0\n  automatic_reviewers: []\n' },
    });
    await scene.server.commit(scene.repository, 'main', {
      '.bugloop/config.yml': 'gate:\n  approvals: 1\n  automatic_reviewers: []\n',
    });
    const codes = codesOf(await gate(scene, ['--json']));
    expect(codes).toContain('gate.approvals_missing');
    expect(codes).toContain('gate.protected_path');
  });
});

describe('tokens and flags', () => {
  test('a personal token may write no check run: the word is a status', async () => {
    const scene = await draft({ kind: 'classic' });
    expect((await gate(scene)).status).toBe(0);
    expect(scene.pull.draft).toBe(false);
    const ours = scene.repository.statuses.filter(({ context }) => context === 'bugloop/gate');
    expect(ours).toMatchObject([{ state: 'success', sha: scene.head }]);
    scene.server.forget();
    expect((await gate(scene)).status).toBe(0);
    expect(writesOf(scene)).toEqual([]);
  });

  test('a token that may write neither checks nor statuses: judged and marked all the same', async () => {
    const scene = await draft();
    const { server, repository } = scene;
    const token = server.token({
      kind: 'actions',
      repositories: [repository],
      permissions: { ...mayGate, checks: 'read', statuses: 'read' },
    });
    const result = await gate({ ...scene, token });
    expect(result.status).toBe(0);
    expect(result.stdout).toContain('not posted: the token may write neither checks nor statuses');
    expect(scene.pull.draft).toBe(false);
  });

  test('--dry-run says what it would do and does nothing', async () => {
    const scene = await draft();
    const result = await gate(scene, ['--dry-run']);
    expect(result.status).toBe(0);
    expect(result.stdout).toContain('would mark the draft ready');
    expect(writesOf(scene)).toEqual([]);
    expect(scene.pull.draft).toBe(true);
    expect(scene.server.count('api')).toBe(2);
  });

  test('the address of the pull request is as good as its number', async () => {
    const scene = await draft();
    const result = await run(scene, ['gate', `${scene.server.serverUrl}/acme/adder/pull/${scene.pull.number}`, '--dry-run']);
    expect(result.status).toBe(0);
  });

  test.each([
    [['gate', 'seven'], 'neither the number nor the address of a pull request'],
    [['gate', 'https://github.example/other/repo/pull/7'], 'is not an issue of'],
  ])('%s', async (argv, words) => {
    const scene = await draft();
    const result = await run(scene, argv);
    expect(result.status).toBe(2);
    expect(result.stderr).toContain(words);
    expect(scene.server.requests).toEqual([]);
  });

  test('a number that is no pull request', async () => {
    const scene = await draft();
    const result = await run(scene, ['gate', '99']);
    expect(result.status).toBe(2);
    expect(result.stderr).toContain('99');
  });
});

/** First lines of our comments on the change. */
const asksOf = ({ pull, us }: Gated): string[] =>
  pull.comments.filter(({ author }) => author.login === us).map(({ body }) => body.split('\n')[0] ?? '');
const refsOf = (scene: Gated): Promise<string> =>
  scene.server.git(scene.repository, 'for-each-ref', '--format=%(refname)', 'refs/heads/bugloop/locks');

test.each([
  ['that the change closes', 'Closes #1'],
  ['that its branch is named after', 'Mends it.'],
])('what a round left to a person holds, as the label on the issue %s says, until it is taken off', async (_title, body) => {
  const scene = await draft();
  const { server, pull, issue } = scene;
  pull.body = body;
  await server.label(issue, labels.needsHuman, 'maria');
  const held = await gate(scene, ['--json']);
  expect({ codes: codesOf(held), status: held.status }).toEqual({ codes: ['gate.escalated'], status: 6 });
  expect(pull.draft).toBe(true);
  await server.unlabel(issue, labels.needsHuman, 'maria');
  expect((await gate(scene)).status).toBe(0);
  expect(pull.draft).toBe(false);
});

describe.skipIf(ghIsMissing)('a gate of shell commands', () => {
  const place = ['--repo', 'github.localhost/acme/adder'];

  /** What many workflows do: nobody asks for changes, every check is green, so it is ready. */
  async function shellGate({ server, pull }: Gated): Promise<void> {
    const token = server.token({ kind: 'classic', login: 'acme', scopes: ['repo', 'read:org'] });
    const gh = ghAgainst(server, token);
    const count = '[.[] | select(.state == "CHANGES_REQUESTED")] | length';
    expect(await gh('api', `repos/acme/adder/pulls/${pull.number}/reviews`, '--jq', count)).toBe('0');
    await gh('pr', 'checks', String(pull.number), ...place);
    await gh('pr', 'ready', String(pull.number), ...place);
  }

  test('marks ready what has an unresolved thread, and ours does not', async () => {
    const [theirs, ours] = [await draft(), await draft()];
    for (const { server, pull } of [theirs, ours])
      await server.addThread(pull, { author: 'maria', path: 'src/add.js', line: 2, body: 'this loses the sign' });
    await shellGate(theirs);
    expect(theirs.pull.draft).toBe(false);
    const ended = await gate(ours, ['--json']);
    expect({ codes: codesOf(ended), status: ended.status }).toEqual({ codes: ['gate.threads_unresolved'], status: 6 });
    expect(ours.pull.draft).toBe(true);
  });
});

describe('a reviewer that waits to be asked', () => {
  const robot = 'coderabbitai[bot]';
  const skipped =
    '<!-- This is an auto-generated comment: skip review by coderabbit.ai -->\n\n> [!IMPORTANT]\n> ## Review skipped\n>\n> Draft detected.';

  const asking = /\bask(?:ed)? \S+\[bot\]/;

  /** A draft of ours that CodeRabbit skipped, of which all else holds. */
  async function skippedDraft(setting: Setting = {}, body = skipped): Promise<Gated> {
    const scene = await draft({ base: {}, ...setting });
    scene.server.comment(scene.pull, body, robot);
    scene.server.forget();
    return scene;
  }
  test('is asked once for each head, however often the gate looks, and not twice in a row', async () => {
    const scene = await skippedDraft();
    const { server, pull } = scene;
    const first = await gate(scene);
    expect(first.stdout).toContain(`asked ${robot} for a review`);
    expect(first.status).toBe(6);
    expect((await gate(scene)).stdout).not.toMatch(asking);
    expect((await gate(scene, ['--dry-run'])).stdout).not.toMatch(asking);
    expect(asksOf(scene)).toEqual(['@coderabbitai review']);

    await push(scene);
    expect((await gate(scene)).stdout).toContain(`${robot} is not asked until`);
    expect(asksOf(scene)).toHaveLength(1);
    const ask = pull.comments.at(-1);
    if (ask !== undefined) [ask.createdAt, ask.updatedAt] = [ask.createdAt - 700_000, ask.updatedAt - 700_000];
    expect((await gate(scene)).stdout).toContain(`asked ${robot}`);
    expect((await gate(scene)).stdout).not.toMatch(asking);
    expect(asksOf(scene)).toEqual(['@coderabbitai review', '@coderabbitai review']);
    expect(await refsOf(scene)).toBe('');
    await server.addReview(pull, { author: robot, event: 'COMMENT', body: '**Actionable comments posted: 0**' });
    expect((await gate(scene)).stdout).not.toMatch(asking);
  });

  test('is asked once by gates that race', async () => {
    const scene = await skippedDraft();
    // Both have seen that nobody asked before either of them writes.
    scene.server.faults.add({ kind: 'slow', delay: 1_000, times: 2, match: 'git/create-commit' });
    const ended = await Promise.all([gate(scene), gate(scene)]);
    expect(ended.map(({ status }) => status)).toEqual([6, 6]);
    expect(asksOf(scene)).toHaveLength(1);
    expect(await refsOf(scene)).toBe('');
  });

  test('is not asked again after a gate that was killed when its comment was written', async () => {
    const scene = await skippedDraft();
    scene.server.faults.add({ kind: 'hang', commit: true, match: 'issues/create-comment' });
    const { child, ended } = start(scene, ['gate', String(scene.pull.number)]);
    while (asksOf(scene).length === 0) await sleep(20);
    child.kill('SIGKILL');
    await ended;
    expect((await gate(scene)).stdout).not.toMatch(asking);
    expect(asksOf(scene)).toHaveLength(1);
    // What the killed one held is taken over for the next head.
    await push(scene);
    const ask = scene.pull.comments.at(-1);
    if (ask !== undefined) [ask.createdAt, ask.updatedAt] = [ask.createdAt - 700_000, ask.updatedAt - 700_000];
    expect((await gate(scene)).stdout).toContain('asked');
    expect(await refsOf(scene)).toBe('');
  });

  test('is asked once although the answer to the comment is lost', async () => {
    const scene = await skippedDraft();
    scene.server.faults.add({ kind: 'reset', commit: true, match: 'issues/create-comment' });
    expect((await gate(scene)).stdout).toContain('asked');
    expect(asksOf(scene)).toHaveLength(1);
  });

  test.each([
    ['another account of ours did', 4_242, 0],
    ['a stranger wrote the same words', 4_243, 1],
  ])('counts as asked only by us: %s', async (_title, id, asks) => {
    const accounts = { '.bugloop/config.yml': 'agents: { bugsolver: { accounts: [4242] } }\n' };
    const scene = await skippedDraft({ base: accounts });
    scene.server.bot('colleague', { id });
    const words = renderAsk(robot, scene.head, '@coderabbitai review');
    scene.server.comment(scene.pull, words, 'colleague[bot]');
    expect((await gate(scene)).status).toBe(6);
    expect(asksOf(scene)).toHaveLength(asks);
  });

  test('is not asked while it is limited, nor by --dry-run', async () => {
    const wait = '## Review limit reached\n\nNext included review available in **27 minutes**.';
    const limited = await skippedDraft({}, wait);
    expect((await gate(limited)).stdout).toMatch(/is not asked until \S+: it is rate limited/);
    expect(asksOf(limited)).toEqual([]);
    const dry = await skippedDraft();
    expect((await gate(dry, ['--dry-run'])).stdout).toContain(`would ask ${robot} for a review`);
    expect(writesOf(dry)).toEqual([]);
  });

  test('is requested where the forge does the asking', async () => {
    const copilot = 'copilot-pull-request-reviewer[bot]';
    const scene = await draft({ base: { '.bugloop/config.yml': `gate:\n  automatic_reviewers: ["${copilot}"]\n` } });
    scene.server.bot(copilot);
    scene.pull.createdAt -= 700_000;
    for (const { runs } of scene.repository.suites) for (const one of runs) one.startedAt -= 700_000;
    expect((await gate(scene)).stdout).toContain(`asked ${copilot}`);
    expect(scene.pull.requestedReviewers.map(({ login }) => login)).toEqual([copilot]);
    expect((await gate(scene)).stdout).not.toMatch(asking);
  });

  test('is not asked with a token that may not', async () => {
    const scene = await skippedDraft();
    const { server, repository } = scene;
    const token = server.token({
      kind: 'actions',
      repositories: [repository],
      permissions: { ...mayGate, contents: 'read', issues: 'read', pull_requests: 'read' },
    });
    const result = await gate({ ...scene, token });
    expect(result.stdout).toContain('was not asked: the token may not');
    expect(result.status).toBe(6);
  });

  test('is not asked for a fork', async () => {
    const scene = await draft({ base: {} });
    const { server, repository } = scene;
    const fork = await server.fork(repository, 'mallory');
    await server.commit(fork, 'bugloop/issue-2', fix);
    const opening = { title: 'x', body: '', head: 'mallory:bugloop/issue-2', base: 'main', draft: true, author: 'mallory' };
    const pull = await server.pull(repository, opening);
    server.comment(pull, skipped, robot);
    expect((await gate({ ...scene, pull })).stdout).not.toMatch(asking);
    expect(pull.comments).toHaveLength(1);
  });
});

test('nothing in the gate can merge, approve or force', () => {
  const sources = ['gate', 'ask', 'snapshot'].map((name) => `src/forge/github/${name}.ts`).concat('src/commands/gate.ts');
  for (const source of sources) {
    const path = new URL(`../../${source}`, import.meta.url);
    expect(existsSync(path)).toBe(true);
    expect(readFileSync(path, 'utf8')).not.toMatch(/mergePullRequest|\/merge\b|APPROVE'|enablePullRequestAutoMerge|--force\b/);
  }
});

import { readFileSync } from 'node:fs';
import { expect, onTestFinished, test } from 'vitest';
import { type GitHubServer, startGitHub, type Token } from './index.ts';

/** Each operation of the extract once: the server checks its own answers against the description and fails when one is off. */

const description = JSON.parse(readFileSync(new URL('openapi.json', import.meta.url), 'utf8')) as {
  paths: Record<string, Record<string, { operationId: string }>>;
};
const operations = Object.values(description.paths).flatMap((item) =>
  Object.values(item).map((operation) => operation.operationId),
);

async function populate(github: GitHubServer) {
  const files = { 'sum.js': 'one\ntwo\n', 'src/deep.js': 'deep\n', '.github/workflows/ci.yml': 'on: push\n' };
  const repository = await github.repository({
    owner: 'ada',
    name: 'sums',
    files,
    labels: ['bug'],
    roles: { grace: 'write', eve: 'read' },
  });
  github.protect(repository, 'main', { checks: ['build'], approvals: 1, conversationResolution: true });
  github.workflow(repository, { name: 'CI', on: ['pull_request'], jobs: [{ name: 'build', log: 'built\n' }] });
  await github.issue(repository, { title: 'one', body: 'broken', labels: ['bug'], author: 'eve' });
  const sha = await github.commit(repository, 'fix', { 'sum.js': 'one\n2\n', 'src/deep.js': null });
  const pull = await github.pull(repository, { title: 'Fix', body: 'Closes #1', head: 'fix', base: 'main', author: 'grace' });
  const comment = github.comment(pull, 'a comment');
  const thread = await github.addThread(pull, { author: 'eve', path: 'sum.js', line: 2, body: 'why?' });
  await github.reply(thread, 'because', 'grace');
  const review = await github.addReview(pull, { author: 'ada', event: 'APPROVE', body: 'good' });
  github.addStatus(repository, sha, { context: 'legacy/ci', state: 'failure', description: 'no' });
  const annotation = {
    path: 'sum.js',
    start_line: 1,
    end_line: 1,
    annotation_level: 'warning' as const,
    message: 'hm',
    title: null,
    raw_details: null,
  };
  const check = github.addCheck(repository, sha, {
    name: 'lint',
    app: 'linter',
    conclusion: 'neutral',
    output: { annotations: [annotation] },
  });
  const tree = await github.git(repository, 'rev-parse', 'main^{tree}');
  const blob = await github.git(repository, 'rev-parse', 'main:sum.js');
  await github.commit(repository, 'other', { 'other.js': 'x\n' });
  return {
    repository,
    pull,
    comment,
    thread,
    review,
    check,
    sha,
    tree,
    blob,
    run: repository.runs[0],
    main: await github.head(repository, 'main'),
  };
}

test('every operation of the extract answers in the shape of the description', async () => {
  const github = await startGitHub();
  onTestFinished(() => github.close());
  const { pull, comment, thread, review, check, sha, tree, blob, run, main } = await populate(github);
  const [owner, app] = [
    github.token({ kind: 'classic', login: 'ada' }),
    github.token({ kind: 'app', permissions: { checks: 'write', contents: 'write' } }),
  ];
  const [first] = thread.comments;
  const parked = github.token({ kind: 'actions' });
  const ids = {
    comment: comment.id,
    first: String(first?.id),
    review: review.id,
    check: check.id,
    suite: check.suite.id,
    run: String(run?.id),
    job: String(run?.jobs[0]?.id),
  };

  const ask = async (method: string, path: string, body?: unknown, token: Token = owner): Promise<number> => {
    const headers = { authorization: `Bearer ${token.value}` };
    const sent = body === undefined ? {} : { body: JSON.stringify(body) };
    const response = await fetch(`${github.apiUrl}${path}`, { method, headers, redirect: 'manual', ...sent });
    await response.arrayBuffer();
    return response.status;
  };
  const r = '/repos/ada/sums';
  const requests: [number, string, string, unknown?, Token?][] = [
    [200, 'GET', '/rate_limit'],
    [200, 'GET', '/user'],
    [200, 'GET', '/users/eve'],
    [200, 'GET', '/installation/repositories', undefined, app],
    [200, 'GET', '/search/issues?q=repo:ada/sums+is:issue+broken'],
    [200, 'GET', r],
    [204, 'GET', `${r}/collaborators/grace`],
    [200, 'GET', `${r}/collaborators/grace/permission`],
    [200, 'GET', `${r}/collaborators`],
    [200, 'GET', `${r}/branches/main`],
    [200, 'GET', `${r}/branches/main/protection`],
    [200, 'GET', `${r}/rules/branches/main`],
    [200, 'GET', `${r}/contents/src/deep.js?ref=main`],
    [200, 'GET', `${r}/contents/src`],
    [404, 'GET', `${r}/contents/nowhere`],
    [200, 'GET', `${r}/commits/${sha}`],
    [200, 'GET', `${r}/commits?sha=fix&path=sum.js`],
    [200, 'GET', `${r}/compare/main...fix`],
    [200, 'GET', `${r}/commits/${sha}/pulls`],
    [200, 'GET', `${r}/commits/fix/status`],
    [200, 'GET', `${r}/commits/fix/statuses`],
    [201, 'POST', `${r}/statuses/${sha}`, { state: 'success', context: 'legacy/ci', description: 'yes' }],
    [204, 'POST', `${r}/dispatches`, { event_type: 'go', client_payload: { a: 1 } }],
    [200, 'GET', `${r}/issues/1`],
    [200, 'GET', `${r}/issues?state=all&labels=bug&sort=updated&direction=asc`],
    [201, 'POST', `${r}/issues`, { title: 'two', body: 'b', labels: ['new'], assignees: ['grace'] }],
    [200, 'PATCH', `${r}/issues/1`, { title: 'renamed', state: 'closed', state_reason: 'not_planned', labels: ['bug'] }],
    [200, 'PATCH', `${r}/issues/1`, { state: 'open' }],
    [201, 'POST', `${r}/issues/1/comments`, { body: 'hello' }],
    [200, 'GET', `${r}/issues/1/comments`],
    [200, 'GET', `${r}/issues/comments?direction=desc&sort=created`],
    [200, 'GET', `${r}/issues/comments/${ids.comment}`],
    [200, 'PATCH', `${r}/issues/comments/${ids.comment}`, { body: 'edited' }],
    [200, 'GET', `${r}/issues/1/labels`],
    [200, 'POST', `${r}/issues/1/labels`, { labels: ['more'] }],
    [200, 'PUT', `${r}/issues/1/labels`, { labels: ['set'] }],
    [200, 'DELETE', `${r}/issues/1/labels/set`],
    [200, 'GET', `${r}/labels`],
    [201, 'POST', `${r}/labels`, { name: 'fresh', color: 'ff0000', description: 'd' }],
    [422, 'POST', `${r}/labels`, { name: 'fresh', color: 'ff0000' }],
    [200, 'GET', `${r}/labels/fresh`],
    [201, 'POST', `${r}/issues/1/assignees`, { assignees: ['grace'] }],
    [200, 'DELETE', `${r}/issues/1/assignees`, { assignees: ['grace'] }],
    [200, 'GET', `${r}/assignees`],
    [204, 'GET', `${r}/assignees/grace`],
    [200, 'GET', `${r}/issues/1/events`],
    [200, 'GET', `${r}/issues/1/timeline`],
    [201, 'POST', `${r}/issues/1/reactions`, { content: 'eyes' }],
    [200, 'POST', `${r}/issues/1/reactions`, { content: 'eyes' }],
    [200, 'GET', `${r}/issues/1/reactions`],
    [201, 'POST', `${r}/issues/comments/${ids.comment}/reactions`, { content: 'rocket' }],
    [200, 'GET', `${r}/issues/comments/${ids.comment}/reactions`],
    [204, 'DELETE', `${r}/issues/comments/${ids.comment}/reactions/REACTION`],
    [204, 'DELETE', `${r}/issues/comments/${ids.comment}`],
    [201, 'POST', `${r}/pulls/comments/${ids.first}/reactions`, { content: '+1' }],
    [200, 'GET', `${r}/pulls/comments/${ids.first}/reactions`],
    [200, 'GET', `${r}/pulls/2`],
    [200, 'GET', `${r}/pulls?state=all&head=ada:fix&base=main`],
    [201, 'POST', `${r}/pulls`, { title: 'Other', head: 'other', base: 'main', draft: true, body: 'b' }, parked],
    [200, 'PATCH', `${r}/pulls/2`, { title: 'Fixed', body: 'Closes #1.' }],
    [200, 'GET', `${r}/pulls/2/files`],
    [200, 'GET', `${r}/pulls/2/commits`],
    [200, 'GET', `${r}/pulls/2/reviews`],
    [200, 'GET', `${r}/pulls/2/reviews/${ids.review}`],
    [
      200,
      'POST',
      `${r}/pulls/2/reviews`,
      { event: 'COMMENT', body: 'more', comments: [{ path: 'sum.js', line: 1, body: 'here' }] },
    ],
    [200, 'GET', `${r}/pulls/2/reviews/${ids.review}/comments`],
    [200, 'PUT', `${r}/pulls/2/reviews/${ids.review}/dismissals`, { message: 'old' }],
    [200, 'GET', `${r}/pulls/2/comments`],
    [200, 'GET', `${r}/pulls/comments/${ids.first}`],
    [201, 'POST', `${r}/pulls/2/comments`, { path: 'sum.js', line: 2, side: 'RIGHT', commit_id: sha, body: 'there' }],
    [201, 'POST', `${r}/pulls/2/comments/${ids.first}/replies`, { body: 'I see' }],
    [201, 'POST', `${r}/pulls/2/requested_reviewers`, { reviewers: ['eve'] }],
    [200, 'GET', `${r}/pulls/2/requested_reviewers`],
    [404, 'GET', `${r}/pulls/2/merge`],
    [
      201,
      'POST',
      `${r}/check-runs`,
      { name: 'bugloop', head_sha: sha, status: 'in_progress', output: { title: 't', summary: 's' } },
      app,
    ],
    [200, 'PATCH', `${r}/check-runs/${ids.check}`, { conclusion: 'failure' }, app],
    [200, 'GET', `${r}/check-runs/${ids.check}`],
    [200, 'GET', `${r}/check-runs/${ids.check}/annotations`],
    [200, 'GET', `${r}/commits/fix/check-runs?filter=all`],
    [200, 'GET', `${r}/commits/fix/check-suites`],
    [200, 'GET', `${r}/check-suites/${ids.suite}/check-runs`],
    [200, 'GET', `${r}/actions/runs?event=pull_request&status=success`],
    [200, 'GET', `${r}/actions/runs/${ids.run}`],
    [200, 'GET', `${r}/actions/runs/${ids.run}/jobs`],
    [200, 'GET', `${r}/actions/jobs/${ids.job}`],
    [302, 'GET', `${r}/actions/jobs/${ids.job}/logs`],
    [200, 'GET', `${r}/actions/workflows`],
    [201, 'POST', `${r}/actions/runs/PARKED/approve`, undefined],
    [201, 'POST', `${r}/actions/runs/${ids.run}/rerun-failed-jobs`, undefined],
    [200, 'GET', `${r}/actions/permissions`],
    [200, 'GET', `${r}/actions/permissions/workflow`],
    [200, 'GET', `${r}/git/ref/heads/fix`],
    [200, 'GET', `${r}/git/matching-refs/heads/`],
    [201, 'POST', `${r}/git/refs`, { ref: 'refs/heads/made', sha: main }],
    [200, 'PATCH', `${r}/git/refs/heads/made`, { sha, force: false }],
    [422, 'PATCH', `${r}/git/refs/heads/made`, { sha: main, force: false }],
    [204, 'DELETE', `${r}/git/refs/heads/made`],
    [
      201,
      'POST',
      `${r}/git/commits`,
      { message: 'm', tree, parents: [main], author: { name: 'A', email: 'a@example.com', date: '2026-01-01T00:00:00Z' } },
    ],
    [200, 'GET', `${r}/git/commits/${sha}`],
    [200, 'GET', `${r}/git/trees/main?recursive=1`],
    [201, 'POST', `${r}/git/trees`, { base_tree: tree, tree: [{ path: 'new.js', mode: '100644', type: 'blob', content: 'x' }] }],
    [201, 'POST', `${r}/git/blobs`, { content: 'aGk=', encoding: 'base64' }],
    [200, 'GET', `${r}/git/blobs/${blob}`],
    [200, 'PUT', `${r}/pulls/2/merge`, { merge_method: 'squash' }],
    [204, 'GET', `${r}/pulls/2/merge`],
  ];
  const answered: string[] = [];
  for (const [status, method, path, body, token] of requests) {
    const real = path
      .replace('REACTION', String(comment.reactions[0]?.id))
      .replace('PARKED', String(pull.repository.runs.find((one) => one.parked)?.id));
    answered.push(`${await ask(method, real, body, token)} ${method} ${path}`);
    expect(answered.at(-1)).toBe(`${status} ${method} ${path}`);
  }
  expect([...new Set(github.requests.map((request) => request.operation))].sort()).toEqual([...operations].sort());
});

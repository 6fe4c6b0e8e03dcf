import { execFile } from 'node:child_process';
import { createHmac } from 'node:crypto';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { promisify } from 'node:util';
import { describe, expect, onTestFinished, test } from 'vitest';
import { searchPath, temporary } from '../../support/repo.ts';
import { type GitHubOptions, type GitHubServer, type Repository, startGitHub, type Token } from './index.ts';

const run = promisify(execFile);

interface World {
  github: GitHubServer;
  repository: Repository;
  token: Token;
}
/** A repository with one bug, and an App that may publish. */
async function setUp(options: GitHubOptions & { private?: boolean } = {}): Promise<World> {
  const github = await startGitHub(options);
  onTestFinished(() => github.close());
  const files = { 'sum.js': 'export const sum = (a, b) => a - b;\n', '.github/workflows/ci.yml': 'on: pull_request\n' };
  const repository = await github.repository({
    owner: 'ada',
    name: 'sums',
    files,
    labels: ['bug', 'bugloop'],
    roles: { grace: 'write', eve: 'read' },
    private: options.private ?? false,
  });
  return { github, repository, token: github.token({ kind: 'app' }) };
}

interface Answer {
  status: number;
  headers: Headers;
  body: unknown;
}
/** What is at a path of an answer; the double has checked its shape. */
function at(value: unknown, path: string): unknown {
  return path.split('.').reduce<unknown>((found, key) => (found as Record<string, unknown> | undefined)?.[key], value);
}

async function rest(
  { github }: World,
  token: Token | undefined,
  method: string,
  path: string,
  body?: unknown,
  headers = {},
): Promise<Answer> {
  const response = await fetch(`${github.apiUrl}${path}`, {
    method,
    headers: { ...(token ? { authorization: `Bearer ${token.value}` } : {}), ...headers },
    redirect: 'manual',
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const content = await response.text();
  const parsed: unknown =
    response.headers.get('content-type')?.startsWith('application/json') && content ? JSON.parse(content) : content;
  return { status: response.status, headers: response.headers, body: parsed };
}

async function graphql({ github }: World, token: Token, query: string, variables: object = {}): Promise<unknown> {
  const response = await fetch(github.graphqlUrl, {
    method: 'POST',
    headers: { authorization: `Bearer ${token.value}` },
    body: JSON.stringify({ query, variables }),
  });
  return await response.json();
}

/** git as bugloop calls it: the token in the environment of this one call. */
async function git(
  world: World,
  token: Token | undefined,
  cwd: string,
  ...args: string[]
): Promise<{ ok: boolean; output: string }> {
  const header = token ? `AUTHORIZATION: basic ${Buffer.from(`x-access-token:${token.value}`).toString('base64')}` : '';
  const env = {
    PATH: searchPath,
    HOME: cwd,
    GIT_CONFIG_GLOBAL: '/dev/null',
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_TERMINAL_PROMPT: '0',
    LC_ALL: 'C',
    GIT_CONFIG_COUNT: token ? '1' : '0',
    GIT_CONFIG_KEY_0: `http.${world.github.serverUrl}/.extraheader`,
    GIT_CONFIG_VALUE_0: header,
    GIT_AUTHOR_NAME: 'A',
    GIT_AUTHOR_EMAIL: 'a@example.com',
    GIT_COMMITTER_NAME: 'A',
    GIT_COMMITTER_EMAIL: 'a@example.com',
  };
  return run('git', args, { cwd, env }).then(
    ({ stdout, stderr }) => ({ ok: true, output: stdout + stderr }),
    (error: { stdout: string; stderr: string }) => ({ ok: false, output: error.stdout + error.stderr }),
  );
}
const url = ({ github }: World): string => `${github.serverUrl}/ada/sums.git`;

/** A clone with one commit on a new branch, pushed. */
async function pushBranch(
  world: World,
  token: Token,
  branch = 'bugloop/issue-1',
  files: Record<string, string> = { 'sum.js': 'export const sum = (a, b) => a + b;\n' },
) {
  const clone = join(temporary(), 'clone');
  await git(world, token, temporary(), 'clone', '--quiet', url(world), clone);
  await git(world, token, clone, 'checkout', '--quiet', '-b', branch);
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(join(clone, path, '..'), { recursive: true });
    writeFileSync(join(clone, path), content);
  }
  await git(world, token, clone, 'add', '--all');
  await git(world, token, clone, 'commit', '--quiet', '--message', 'fix the sum');
  return { clone, ...(await git(world, token, clone, 'push', url(world), `HEAD:refs/heads/${branch}`)) };
}

describe('one state behind all three', () => {
  test('a branch pushed with git becomes a draft by GraphQL that REST shows with real sizes', async () => {
    const world = await setUp();
    const { github, repository, token } = world;
    const issue = await github.issue(repository, { title: 'sum subtracts', body: 'sum(1, 2) is -1', labels: ['bug'] });
    expect((await pushBranch(world, token)).ok).toBe(true);

    const asked = await graphql(
      world,
      token,
      `
        query ($owner: String!, $name: String!, $number: Int!) {
          viewer {
            login
            databaseId
          }
          repository(owner: $owner, name: $name) {
            id
            ref(qualifiedName: "refs/heads/bugloop/issue-1") {
              target {
                oid
              }
            }
            issue(number: $number) {
              id
              title
              labels(first: 100) {
                nodes {
                  name
                }
              }
              comments(last: 100) {
                nodes {
                  body
                  author {
                    login
                  }
                }
              }
            }
            bugloop: label(name: "bugloop") {
              id
            }
            bug: label(name: "bug") {
              id
            }
          }
        }
      `,
      { owner: 'ada', name: 'sums', number: issue.number },
    );
    const found = at(asked, 'data.repository');
    expect(at(asked, 'data.viewer.login')).toBe('bugloop[bot]');
    expect(at(found, 'ref.target.oid')).toBe(await github.head(repository, 'bugloop/issue-1'));

    const made = await graphql(
      world,
      token,
      `
        mutation ($repository: ID!, $issue: ID!, $add: [ID!]!, $remove: [ID!]!) {
          createPullRequest(
            input: {
              repositoryId: $repository
              headRefName: "bugloop/issue-1"
              baseRefName: "main"
              title: "Fix"
              body: "Closes #1"
              draft: true
            }
          ) {
            pullRequest {
              id
              number
              isDraft
              mergeable
              closingIssuesReferences(first: 5) {
                nodes {
                  number
                }
              }
            }
          }
          addLabelsToLabelable(input: { labelableId: $issue, labelIds: $add }) {
            clientMutationId
          }
          removeLabelsFromLabelable(input: { labelableId: $issue, labelIds: $remove }) {
            clientMutationId
          }
          addComment(input: { subjectId: $issue, body: "working" }) {
            commentEdge {
              node {
                id
                databaseId
                author {
                  login
                }
              }
            }
          }
        }
      `,
      {
        repository: at(found, 'id'),
        issue: at(found, 'issue.id'),
        add: [at(found, 'bugloop.id')],
        remove: [at(found, 'bug.id')],
      },
    );
    expect(made).not.toHaveProperty('errors');
    expect(at(made, 'data.createPullRequest.pullRequest')).toMatchObject({
      isDraft: true,
      mergeable: 'UNKNOWN',
      closingIssuesReferences: { nodes: [{ number: 1 }] },
    });

    const pull = await rest(
      world,
      token,
      'GET',
      `/repos/ada/sums/pulls/${String(at(made, 'data.createPullRequest.pullRequest.number'))}`,
    );
    expect(pull.body).toMatchObject({
      draft: true,
      mergeable: true,
      additions: 1,
      deletions: 1,
      changed_files: 1,
      commits: 1,
      user: { login: 'bugloop[bot]', type: 'Bot' },
    });
    const files = await rest(world, token, 'GET', '/repos/ada/sums/pulls/2/files?per_page=100');
    expect(at(files.body, '0')).toMatchObject({
      filename: 'sum.js',
      status: 'modified',
      additions: 1,
      patch: expect.stringContaining('+export const sum = (a, b) => a + b;'),
    });
    const issueNow = await rest(world, token, 'GET', '/repos/ada/sums/issues/1');
    expect(issueNow.body).toMatchObject({ labels: [{ name: 'bugloop' }], comments: 1 });

    const ready = await graphql(
      world,
      token,
      'mutation ($id: ID!) { markPullRequestReadyForReview(input: { pullRequestId: $id }) { pullRequest { isDraft } } }',
      {
        id: at(made, 'data.createPullRequest.pullRequest.id'),
      },
    );
    expect(at(ready, 'data.markPullRequestReadyForReview.pullRequest.isDraft')).toBe(false);
    expect(github.count('graphql')).toBe(3);
    expect(github.count('git')).toBe(2);
  });
});

describe('permissions', () => {
  test.each([
    [
      'an App without issues',
      { kind: 'app', permissions: { contents: 'write' } },
      403,
      'Resource not accessible by integration',
      'issues=write; pull_requests=write',
    ],
    [
      'GITHUB_TOKEN with read',
      { kind: 'actions', permissions: { issues: 'read' } },
      403,
      'Resource not accessible by integration',
      'issues=write; pull_requests=write',
    ],
    [
      'a read-only token',
      { kind: 'read-only', login: 'grace' },
      403,
      'Resource not accessible by personal access token',
      'issues=write; pull_requests=write',
    ],
    ['a fine-grained token', { kind: 'fine-grained', login: 'grace' }, 201, undefined, null],
    ['a classic token without repo', { kind: 'classic', login: 'grace', scopes: ['read:user'] }, 404, 'Not Found', null],
    ['an expired token', { kind: 'expired', login: 'grace' }, 401, 'Bad credentials', null],
    ['no token', undefined, 401, 'Requires authentication', null],
  ] as const)('a comment with %s', async (_, seed, status, message, accepted) => {
    const world = await setUp();
    await world.github.issue(world.repository, { title: 'bug' });
    const token = seed && world.github.token(seed);
    const answer = await rest(world, token, 'POST', '/repos/ada/sums/issues/1/comments', { body: 'hello' });
    expect(answer.status).toBe(status);
    expect(at(answer.body, 'message')).toBe(message);
    expect(answer.headers.get('x-accepted-github-permissions')).toBe(accepted);
  });

  test('GraphQL refuses under 200', async () => {
    const world = await setUp();
    const issue = await world.github.issue(world.repository, { title: 'bug' });
    const token = world.github.token({ kind: 'actions', permissions: {} });
    const answer = await graphql(
      world,
      token,
      'mutation ($id: ID!) { addComment(input: { subjectId: $id, body: "x" }) { clientMutationId } }',
      { id: issue.nodeId },
    );
    expect(answer).toMatchObject({
      data: { addComment: null },
      errors: [{ type: 'FORBIDDEN', path: ['addComment'], message: 'Resource not accessible by integration' }],
    });
    expect(issue.comments).toEqual([]);
  });

  test('a private repository does not exist for others', async () => {
    const world = await setUp({ private: true });
    const stranger = world.github.token({ kind: 'classic', login: 'mallory' });
    expect((await rest(world, stranger, 'GET', '/repos/ada/sums')).status).toBe(404);
    expect((await rest(world, undefined, 'GET', '/repos/ada/sums')).status).toBe(404);
    const answer = await graphql(world, stranger, '{ repository(owner: "ada", name: "sums") { id } }');
    expect(answer).toMatchObject({ data: { repository: null }, errors: [{ type: 'NOT_FOUND' }] });
    expect((await git(world, stranger, temporary(), 'ls-remote', url(world))).ok).toBe(false);
    expect((await git(world, undefined, temporary(), 'ls-remote', url(world))).output).toMatch(
      /could not read Username|Authentication failed/,
    );
    expect((await rest(world, world.token, 'GET', '/repos/ada/sums')).status).toBe(200);
  });

  test.each([
    ['ada', 'admin'],
    ['grace', 'write'],
    ['eve', 'read'],
    ['mallory', 'read'],
  ])('%s has %s', async (login, permission) => {
    const world = await setUp();
    const user = world.github.user(login);
    const answer = await rest(world, world.token, 'GET', `/repos/ada/sums/collaborators/${login}/permission`);
    expect(answer.body).toMatchObject({ permission, user: { id: user.id, login } });
  });

  test('administration is needed to read settings', async () => {
    const world = await setUp();
    const path = '/repos/ada/sums/actions/permissions/workflow';
    expect((await rest(world, world.token, 'GET', path)).status).toBe(403);
    const admin = world.github.token({ kind: 'classic', login: 'ada' });
    expect((await rest(world, admin, 'GET', path)).body).toMatchObject({ can_approve_pull_request_reviews: true });
  });
});

describe('limits of the real thing', () => {
  test('a body may have 65,536 characters', async () => {
    const world = await setUp();
    await world.github.issue(world.repository, { title: 'bug' });
    const comment = (body: string) => rest(world, world.token, 'POST', '/repos/ada/sums/issues/1/comments', { body });
    expect((await comment('é'.repeat(65_536))).status).toBe(201);
    const refused = await comment('é'.repeat(65_537));
    expect(refused).toMatchObject({
      status: 422,
      body: { message: 'Validation Failed', errors: [{ message: 'Body is too long (maximum is 65536 characters)' }] },
    });
  });

  test('pages have at most 100 entries and links to the rest', async () => {
    const world = await setUp();
    const issue = await world.github.issue(world.repository, { title: 'bug' });
    for (let number = 0; number < 130; number++) world.github.comment(issue, `comment ${number}`);
    const first = await rest(world, world.token, 'GET', '/repos/ada/sums/issues/1/comments?per_page=100');
    expect(first.body).toHaveLength(100);
    const next = /<([^>]+)>; rel="next"/.exec(first.headers.get('link') ?? '')?.[1];
    const second = await rest(world, world.token, 'GET', String(next).replace(world.github.apiUrl, ''));
    expect(second.body).toHaveLength(30);
    expect(second.headers.get('link')).not.toContain('rel="next"');
    const query =
      'query ($after: String) { repository(owner: "ada", name: "sums") { issue(number: 1) { comments(first: 100, after: $after) { nodes { body } pageInfo { hasNextPage endCursor } } } } }';
    const one = await graphql(world, world.token, query);
    const place = 'data.repository.issue.comments';
    expect(at(one, `${place}.nodes`)).toHaveLength(100);
    const two = await graphql(world, world.token, query, { after: at(one, `${place}.pageInfo.endCursor`) });
    expect(at(two, place)).toMatchObject({ pageInfo: { hasNextPage: false }, nodes: { length: 30 } });
    const tooMany = await graphql(world, world.token, query.replace('first: 100', 'first: 101'));
    expect(tooMany).toMatchObject({ errors: [{ type: 'EXCESSIVE_PAGINATION' }] });
  });

  test('a pull request exists once, and needs commits', async () => {
    const world = await setUp();
    await pushBranch(world, world.token, 'fix');
    const open = (head: string) =>
      rest(world, world.token, 'POST', '/repos/ada/sums/pulls', { title: 'Fix', head, base: 'main', draft: true });
    expect((await open('fix')).status).toBe(201);
    expect(await open('fix')).toMatchObject({
      status: 422,
      body: {
        message: 'Validation Failed',
        errors: [{ resource: 'PullRequest', code: 'custom', message: 'A pull request already exists for ada:fix.' }],
      },
    });
    expect(await open('gone')).toMatchObject({ status: 422, body: { errors: [{ field: 'head', code: 'invalid' }] } });
    await world.github.git(world.repository, 'branch', 'same', 'main');
    expect(await open('same')).toMatchObject({
      status: 422,
      body: { errors: [{ message: 'No commits between main and same' }] },
    });
  });

  test('nobody approves an own pull request', async () => {
    const world = await setUp();
    await pushBranch(world, world.token, 'fix');
    await rest(world, world.token, 'POST', '/repos/ada/sums/pulls', { title: 'Fix', head: 'fix', base: 'main' });
    const review = (token: Token) => rest(world, token, 'POST', '/repos/ada/sums/pulls/1/reviews', { event: 'APPROVE' });
    expect(await review(world.token)).toMatchObject({
      status: 422,
      body: { errors: ['Review Can not approve your own pull request'] },
    });
    expect(await review(world.github.token({ kind: 'classic', login: 'grace' }))).toMatchObject({
      status: 200,
      body: { state: 'APPROVED' },
    });
  });

  test('a bot is no assignee, without a word, unless it is a collaborator', async () => {
    const world = await setUp();
    await world.github.issue(world.repository, { title: 'bug' });
    const assign = () =>
      rest(world, world.token, 'POST', '/repos/ada/sums/issues/1/assignees', { assignees: ['bugloop[bot]', 'grace'] });
    expect(await assign()).toMatchObject({ status: 201, body: { assignees: [{ login: 'grace' }] } });
    world.repository.roles.set(world.github.bot('bugloop'), 'write');
    expect(await assign()).toMatchObject({ status: 201, body: { assignees: [{ login: 'grace' }, { login: 'bugloop[bot]' }] } });
  });

  test('a request budget runs out, and a repeated read with an ETag costs nothing', async () => {
    const world = await setUp({ rateLimit: 3 });
    const first = await rest(world, world.token, 'GET', '/repos/ada/sums');
    expect(first.headers.get('x-ratelimit-remaining')).toBe('2');
    const again = await rest(world, world.token, 'GET', '/repos/ada/sums', undefined, {
      'if-none-match': String(first.headers.get('etag')),
    });
    expect(again.status).toBe(304);
    await rest(world, world.token, 'GET', '/repos/ada/sums');
    await rest(world, world.token, 'GET', '/repos/ada/sums');
    const refused = await rest(world, world.token, 'GET', '/repos/ada/sums');
    expect(refused.status).toBe(403);
    expect(refused.headers.get('x-ratelimit-remaining')).toBe('0');
    expect(await graphql(world, world.token, '{ viewer { login } }')).toMatchObject({ errors: [{ type: 'RATE_LIMITED' }] });
  });
});

describe('git', () => {
  test('refs are swapped, not overwritten', async () => {
    const world = await setUp();
    const { token } = world;
    const base = await world.github.head(world.repository, 'main');
    const tree = await world.github.git(world.repository, 'rev-parse', 'main^{tree}');
    const commit = await rest(world, token, 'POST', '/repos/ada/sums/git/commits', { message: '{"run":"a"}', tree, parents: [] });
    expect(commit.body).toMatchObject({ message: '{"run":"a"}', tree: { sha: tree }, parents: [] });
    const create = (sha: unknown) =>
      rest(world, token, 'POST', '/repos/ada/sums/git/refs', { ref: 'refs/heads/bugloop/locks/issue-1', sha });
    const races = await Promise.all([create(at(commit.body, 'sha')), create(base), create(base)]);
    expect(races.map((race) => race.status).sort((a, b) => a - b)).toEqual([201, 422, 422]);
    expect(races.filter((race) => race.status === 422).map((race) => at(race.body, 'message'))).toEqual([
      'Reference already exists',
      'Reference already exists',
    ]);
    const update = (before: unknown) =>
      graphql(
        world,
        token,
        'mutation ($id: ID!, $before: GitObjectID!, $after: GitObjectID!) { updateRefs(input: { repositoryId: $id, refUpdates: [{ name: "refs/heads/bugloop/locks/issue-1", beforeOid: $before, afterOid: $after, force: true }] }) { clientMutationId } }',
        {
          id: world.repository.nodeId,
          before,
          after: base,
        },
      );
    expect(await update('1'.repeat(40))).toMatchObject({ errors: [{ type: 'UNPROCESSABLE' }] });
    const held = at(
      await rest(world, token, 'GET', '/repos/ada/sums/git/ref/heads/bugloop/locks/issue-1').then((answer) => answer.body),
      'object.sha',
    );
    expect(await update(held)).not.toHaveProperty('errors');
    expect((await rest(world, token, 'DELETE', '/repos/ada/sums/git/refs/heads/bugloop/locks/issue-1')).status).toBe(204);
    expect(await world.github.head(world.repository, 'bugloop/locks/issue-1')).toBeUndefined();
  });

  test('a protected branch is refused in git’s own words, other branches of the same push are not', async () => {
    const world = await setUp();
    world.github.protect(world.repository, 'main', { checks: ['build'] });
    const { clone } = await pushBranch(world, world.token, 'fix');
    const pushed = await git(world, world.token, clone, 'push', url(world), 'HEAD:refs/heads/main', 'HEAD:refs/heads/other');
    expect(pushed.ok).toBe(false);
    expect(pushed.output).toContain('GH006: Protected branch update failed for refs/heads/main');
    expect(pushed.output).toContain('(protected branch hook declined)');
    expect(await world.github.head(world.repository, 'other')).toBe(await world.github.head(world.repository, 'fix'));
  });

  test('workflow files are refused, also when only the base is older', async () => {
    const world = await setUp();
    const changed = await pushBranch(world, world.token, 'evil', { '.github/workflows/ci.yml': 'on: push\n' });
    expect(changed.output).toContain(
      'refusing to allow a GitHub App to create or update workflow `.github/workflows/ci.yml` without `workflows` permission',
    );
    const { clone, ok } = await pushBranch(world, world.token, 'fix');
    expect(ok).toBe(true);
    await world.github.commit(world.repository, 'main', { '.github/workflows/ci.yml': 'on: workflow_dispatch\n' });
    expect((await git(world, world.token, clone, 'push', url(world), 'HEAD:refs/heads/stale')).ok).toBe(false);
    const allowed = world.github.token({ kind: 'classic', login: 'ada', scopes: ['repo', 'workflow'] });
    expect((await git(world, allowed, clone, 'push', url(world), 'HEAD:refs/heads/stale')).ok).toBe(true);
  });

  test('who may only read cannot push', async () => {
    const world = await setUp();
    const reader = world.github.token({ kind: 'read-only', login: 'grace' });
    const { ok, output } = await pushBranch(world, reader, 'fix');
    expect(ok).toBe(false);
    expect(output).toContain('403');
  });
});

describe('what follows from what', () => {
  test('a new head outdates a thread, not its resolution', async () => {
    const world = await setUp();
    const { github, repository } = world;
    const { clone } = await pushBranch(world, world.token, 'fix', { 'sum.js': 'one\ntwo\nthree\n' });
    const pull = await github.pull(repository, { title: 'Fix', head: 'fix', base: 'main', author: 'grace' });
    await github.addThread(pull, { author: 'eve', path: 'sum.js', line: 1, body: 'why?' });
    await github.addThread(pull, { author: 'eve', path: 'sum.js', line: 3, body: 'and this?' });
    await github.commit(repository, 'fix', { 'sum.js': 'ONE\nmore\ntwo\nthree\n' });
    expect(clone).not.toBe('');
    const query =
      'query { repository(owner: "ada", name: "sums") { pullRequest(number: 1) { reviewThreads(first: 50) { nodes { id isResolved isOutdated line originalLine viewerCanResolve comments(first: 5) { nodes { databaseId body } } } } } } }';
    const threads = at(await graphql(world, world.token, query), 'data.repository.pullRequest.reviewThreads.nodes');
    expect(threads).toMatchObject([
      { isOutdated: true, isResolved: false, line: null, originalLine: 1, viewerCanResolve: true },
      { isOutdated: false, isResolved: false, line: 4, originalLine: 3 },
    ]);
    const resolve = (token: Token) =>
      graphql(world, token, 'mutation ($id: ID!) { resolveReviewThread(input: { threadId: $id }) { thread { isResolved } } }', {
        id: at(threads, '0.id'),
      });
    expect(await resolve(github.token({ kind: 'app', permissions: { pull_requests: 'write' } }))).toMatchObject({
      errors: [{ type: 'FORBIDDEN' }],
    });
    expect(await resolve(world.token)).toMatchObject({ data: { resolveReviewThread: { thread: { isResolved: true } } } });
    const reply = await rest(
      world,
      world.token,
      'POST',
      `/repos/ada/sums/pulls/1/comments/${String(at(threads, '1.comments.nodes.0.databaseId'))}/replies`,
      { body: 'because' },
    );
    expect(reply.status).toBe(201);
    expect((await rest(world, world.token, 'GET', '/repos/ada/sums/pulls/1/comments')).body).toHaveLength(3);
    expect((await rest(world, world.token, 'GET', '/repos/ada/sums/pulls/1/reviews?per_page=100')).body).toHaveLength(3);
  });

  test('runs of a pull request: done for an App, parked for GITHUB_TOKEN, refused where the setting is off', async () => {
    const world = await setUp();
    const { github, repository } = world;
    github.workflow(repository, {
      name: 'CI',
      on: ['pull_request'],
      jobs: [
        { name: 'build', log: 'all good\n' },
        { name: 'test', conclusion: 'failure', log: 'Error: 1 test failed\n' },
      ],
    });
    await pushBranch(world, world.token, 'a');
    await pushBranch(world, world.token, 'b', { 'sum.js': 'other\n' });
    const open = (token: Token, head: string) =>
      rest(world, token, 'POST', '/repos/ada/sums/pulls', { title: 'Fix', head, base: 'main' });
    await open(world.token, 'a');
    const runs = await rest(world, world.token, 'GET', '/repos/ada/sums/actions/runs?branch=a');
    expect(runs.body).toMatchObject({
      total_count: 1,
      workflow_runs: [{ status: 'completed', conclusion: 'failure', event: 'pull_request', head_branch: 'a' }],
    });
    const jobs = await rest(
      world,
      world.token,
      'GET',
      `/repos/ada/sums/actions/runs/${String(at(runs.body, 'workflow_runs.0.id'))}/jobs`,
    );
    const log = await rest(world, world.token, 'GET', `/repos/ada/sums/actions/jobs/${String(at(jobs.body, 'jobs.1.id'))}/logs`);
    expect(log.status).toBe(302);
    expect(await fetch(String(log.headers.get('location'))).then((answer) => answer.text())).toContain('1 test failed');
    const checks = await rest(world, world.token, 'GET', '/repos/ada/sums/commits/a/check-runs?per_page=100');
    expect(checks.body).toMatchObject({
      total_count: 2,
      check_runs: [
        { name: 'build', conclusion: 'success' },
        { name: 'test', conclusion: 'failure' },
      ],
    });
    expect((await rest(world, world.token, 'GET', '/repos/ada/sums/commits/a/status')).body).toMatchObject({
      state: 'pending',
      total_count: 0,
    });

    const actions = github.token({ kind: 'actions' });
    repository.settings.actionsMayOpenPulls = false;
    expect(await open(actions, 'b')).toMatchObject({
      status: 403,
      body: { message: 'GitHub Actions is not permitted to create or approve pull requests.' },
    });
    repository.settings.actionsMayOpenPulls = true;
    expect((await open(actions, 'b')).status).toBe(201);
    expect((await rest(world, world.token, 'GET', '/repos/ada/sums/actions/runs?branch=b')).body).toMatchObject({
      workflow_runs: [{ conclusion: 'action_required' }],
    });
    expect(github.deliveries.filter((one) => one.event === 'pull_request').map((one) => one.startsWorkflows)).toEqual([
      true,
      false,
    ]);
  });

  test('webhooks are signed over the raw body and sent once', async () => {
    const received: { signature: string; body: string; id: string }[] = [];
    const receiver = createServer((incoming, response) => {
      void text(incoming).then((body) => {
        received.push({
          signature: String(incoming.headers['x-hub-signature-256']),
          id: String(incoming.headers['x-github-delivery']),
          body,
        });
        return response.end();
      });
    });
    receiver.listen(0, '127.0.0.1');
    await once(receiver, 'listening');
    onTestFinished(() => void receiver.close());
    const world = await setUp({
      webhookSecret: 's3cret-but-fake',
      webhookUrl: `http://127.0.0.1:${(receiver.address() as AddressInfo).port}/`,
    });
    const issue = await world.github.issue(world.repository, { title: 'bug', labels: ['bug', 'bugloop'], author: 'eve' });
    world.github.comment(issue, '/bugloop solve', 'grace');
    await world.github.delivered();
    expect(world.github.deliveries.map((one) => [one.event, one.action])).toEqual([
      ['issues', 'opened'],
      ['issues', 'labeled'],
      ['issues', 'labeled'],
      ['issue_comment', 'created'],
    ]);
    expect(received).toHaveLength(4);
    for (const { signature, body, id } of received) {
      expect(signature).toBe(`sha256=${createHmac('sha256', 's3cret-but-fake').update(body).digest('hex')}`);
      expect(id).toMatch(/^[0-9a-f-]{36}$/);
    }
    expect(world.github.deliveries[2]?.payload).toMatchObject({
      label: { name: 'bugloop' },
      issue: { number: 1 },
      sender: { login: 'ada' },
      repository: { full_name: 'ada/sums' },
    });
  });
});

const comment = (world: World) => rest(world, world.token, 'POST', '/repos/ada/sums/issues/1/comments', { body: 'once' });

describe('faults', () => {
  test.each([
    ['status', {}, { status: 502 }, 0],
    ['status', { commit: true, status: 503 }, { status: 503 }, 1],
    ['html', {}, { status: 200, body: expect.stringContaining('<html>') }, 0],
    [
      'secondary-limit',
      { retryAfter: 7 },
      { status: 403, body: { message: expect.stringContaining('secondary rate limit') } },
      0,
    ],
    ['primary-limit', {}, { status: 403 }, 0],
    ['slow', { delay: 30 }, { status: 201 }, 1],
  ] as const)('%s %j', async (kind, options, expected, comments) => {
    const world = await setUp();
    const issue = await world.github.issue(world.repository, { title: 'bug' });
    world.github.faults.add({ kind, match: 'issues/create-comment', ...options });
    expect(await comment(world)).toMatchObject(expected);
    expect(issue.comments).toHaveLength(comments);
    expect(world.github.faults.left()).toBe(0);
    expect((await comment(world)).status).toBe(201);
    expect(world.github.requests.map((request) => request.fault)).toEqual([kind, undefined]);
  });

  test.each([
    ['reset', false, 0],
    ['reset', true, 1],
    ['truncated', undefined, 1],
    ['cut', undefined, 1],
  ] as const)('%s, effect %s', async (kind, commit, comments) => {
    const world = await setUp();
    const issue = await world.github.issue(world.repository, { title: 'bug' });
    world.github.faults.add({ kind, at: 1, ...(commit === undefined ? {} : { commit }) });
    await rest(world, world.token, 'GET', '/repos/ada/sums');
    await expect(comment(world)).rejects.toThrow(/fetch failed|terminated|JSON|aborted/);
    expect(issue.comments).toHaveLength(comments);
  });

  test('a hanging answer ends with the caller or the server', async () => {
    const world = await setUp();
    world.github.faults.add({ kind: 'hang' });
    await expect(fetch(`${world.github.apiUrl}/rate_limit`, { signal: AbortSignal.timeout(50) })).rejects.toThrow(/timeout/);
    world.github.faults.add({ kind: 'secondary-limit', match: 'graphql' });
    expect(await graphql(world, world.token, '{ viewer { login } }')).toMatchObject({ errors: [{ type: 'RATE_LIMITED' }] });
  });

  test('a push whose answer is lost has happened, one that met a broken proxy has not', async () => {
    const world = await setUp();
    world.github.faults.add({ kind: 'reset', match: 'git-receive-pack', commit: true });
    expect((await pushBranch(world, world.token, 'lost')).ok).toBe(false);
    expect(await world.github.head(world.repository, 'lost')).toBeDefined();
    world.github.faults.add({ kind: 'status', match: 'git-receive-pack' });
    expect((await pushBranch(world, world.token, 'never')).ok).toBe(false);
    expect(await world.github.head(world.repository, 'never')).toBeUndefined();
  });
});

describe('what the real thing would not know fails the test', () => {
  test.each([
    ['a route', (world: World) => rest(world, world.token, 'GET', '/repos/ada/sums/no-such-thing'), /no such operation/],
    [
      'a parameter',
      (world: World) => rest(world, world.token, 'GET', '/repos/ada/sums/issues?page_size=3'),
      /unknown parameter page_size/,
    ],
    ['a value', (world: World) => rest(world, world.token, 'GET', '/repos/ada/sums/issues?state=opened'), /state=opened/],
    [
      'a property',
      (world: World) => rest(world, world.token, 'POST', '/repos/ada/sums/issues', { title: 'x', text: 'y' }),
      /unknown property text/,
    ],
    [
      'a missing property',
      (world: World) => rest(world, world.token, 'POST', '/repos/ada/sums/issues', {}),
      /required property 'title'/,
    ],
    ['a field', (world: World) => graphql(world, world.token, '{ viewer { logn } }'), /Cannot query field "logn"/],
    [
      'an input',
      (world: World) => graphql(world, world.token, 'mutation { addComment(input: { subjectId: "x" }) { clientMutationId } }'),
      /body/,
    ],
    [
      'a variable',
      (world: World) =>
        graphql(world, world.token, 'query ($n: Int!) { repository(owner: "ada", name: "sums") { issue(number: $n) { id } } }', {
          n: 'one',
        }),
      /Int/,
    ],
  ])('%s', async (_, request, problem) => {
    const world = await setUp();
    await request(world);
    expect(() => world.github.assertClean()).toThrow(problem);
    world.github.problems.length = 0;
  });
});

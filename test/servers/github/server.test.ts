import { execFile } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
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
  const text = await response.text();
  const parsed: unknown = response.headers.get('content-type')?.startsWith('application/json') && text ? JSON.parse(text) : text;
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
    expect(at(asked, 'data.viewer.login')).toBe('bugloop');
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
      `/repos/ada/sums/pulls/${at(made, 'data.createPullRequest.pullRequest.number')}`,
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

import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Prior } from '../../src/ports.ts';
import { assertMayWrite, openGitHubForge, type GitHubOptions } from '../../src/forge/github.ts';

/** What the server answers, by path. */
type Answer = (request: IncomingMessage, response: ServerResponse) => void;

let server: Server;
let url: string;
let answer: Answer;
let requests: { path: string; authorization: string | undefined }[];

beforeEach(async () => {
  requests = [];
  server = createServer((request, response) => {
    requests.push({ path: request.url ?? '', authorization: request.headers.authorization });
    answer(request, response);
  });
  url = await new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      resolve(typeof address === 'object' && address !== null ? `http://127.0.0.1:${address.port}` : '');
    });
  });
});
afterEach(() => {
  server.close();
  server.closeAllConnections();
});

const json =
  (body: unknown, status = 200, headers: Record<string, string> = {}): Answer =>
  (_request, response) => {
    response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body));
  };

const issue = {
  number: 12,
  title: 'Sum is wrong',
  body: null,
  state: 'open',
  html_url: 'https://github.com/o/r/issues/12',
  future: { field: 1 },
};
const prior: Prior = { kind: 'branch', description: 'a branch is there' };

function options(): GitHubOptions {
  return {
    apiUrl: url,
    slug: 'o/r',
    token: 'not-a-real-token',
    version: '0',
    signal: new AbortController().signal,
    progress: { step: () => ({ update() {}, done() {}, fail() {} }), note() {}, warn() {} },
    local: {
      name: 'local',
      readIssue: async (ref) => ({ id: ref, title: ref, body: '', source: 'file' }),
      findPrior: async () => prior,
      publish: async ({ branch }) => ({ branch, created: true }),
    },
  };
}

describe('readIssue', () => {
  test.each(['12', '#12', 'https://github.com/o/r/issues/12'])('%s', async (ref) => {
    answer = json(issue);
    expect(await openGitHubForge(options()).readIssue(ref)).toEqual({
      id: '12',
      number: 12,
      title: 'Sum is wrong',
      body: '',
      source: 'github',
      url: 'https://github.com/o/r/issues/12',
    });
    expect(requests).toEqual([{ path: '/repos/o/r/issues/12', authorization: 'Bearer not-a-real-token' }]);
  });

  test('a redirect on the same server is followed, as after a repository was renamed', async () => {
    answer = (request, response) => {
      if (request.url === '/moved') json(issue)(request, response);
      else response.writeHead(301, { location: '/moved' }).end();
    };
    expect((await openGitHubForge(options()).readIssue('12')).id).toBe('12');
  });

  test('a redirect elsewhere is not: the token stays here', async () => {
    const other = createServer((request) => requests.push({ path: 'other', authorization: request.headers.authorization }));
    await new Promise<void>((resolve) => {
      other.listen(0, '127.0.0.1', resolve);
    });
    const address = other.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    answer = (_request, response) => response.writeHead(302, { location: `http://127.0.0.1:${port}/` }).end();
    await expect(openGitHubForge(options()).readIssue('12')).rejects.toMatchObject({ code: 'api.unavailable' });
    other.close();
    expect(requests.map(({ path }) => path)).toEqual(['/repos/o/r/issues/12']);
  });

  test('a circle of redirects ends', async () => {
    answer = (_request, response) => response.writeHead(302, { location: '/again' }).end();
    await expect(openGitHubForge(options()).readIssue('12')).rejects.toMatchObject({ code: 'api.unavailable', exit: 5 });
    expect(requests).toHaveLength(4);
  });

  test.each<[string, Answer, string, number]>([
    ['401', json({}, 401), 'auth.invalid', 4],
    ['403', json({}, 403), 'auth.forbidden', 4],
    ['403 of a rate limit', json({}, 403, { 'x-ratelimit-remaining': '0' }), 'api.rate_limited', 5],
    ['403 of the secondary limit', json({}, 403, { 'retry-after': '60' }), 'api.rate_limited', 5],
    ['429', json({}, 429), 'api.rate_limited', 5],
    ['404', json({}, 404), 'issue.not_found', 2],
    ['410', json({}, 410), 'issue.not_found', 2],
    ['502', json({}, 502), 'api.unavailable', 5],
    ['a page with status 200', (_request, response) => response.end('<html>busy</html>'), 'api.unavailable', 5],
    ['JSON that is no issue', json({ number: 'x' }), 'api.unavailable', 5],
    ['a pull request', json({ ...issue, pull_request: {} }), 'usage.issue_ref', 2],
    ['a connection that is cut', (request) => request.socket.destroy(), 'api.unavailable', 5],
    [
      'an answer that is cut',
      (_request, response) => response.writeHead(200, { 'content-length': '100' }).write('{', () => response.destroy()),
      'api.unavailable',
      5,
    ],
    ['five megabytes', (_request, response) => response.end('x'.repeat(5_000_000)), 'api.unavailable', 5],
  ])('%s', async (_what, given, code, exit) => {
    answer = given;
    await expect(openGitHubForge(options()).readIssue('12')).rejects.toMatchObject({ code, exit });
  });

  test('403 names the permissions and where to set them', async () => {
    answer = json({}, 403);
    await expect(openGitHubForge(options()).readIssue('12')).rejects.toMatchObject({
      message: expect.stringMatching(/contents: write, pull-requests: write, issues: write/),
      hint: expect.stringMatching(/permissions:/),
    });
  });
});

describe('findPrior', () => {
  test('a closed issue ends the run', async () => {
    answer = json({ ...issue, state: 'closed' });
    const forge = openGitHubForge(options());
    expect(await forge.findPrior(await forge.readIssue('12'), 'x')).toMatchObject({ description: 'issue #12 is closed' });
  });

  test('else the repository decides', async () => {
    answer = json(issue);
    const forge = openGitHubForge(options());
    expect(await forge.findPrior(await forge.readIssue('12'), 'x')).toBe(prior);
  });
});

describe('assertMayWrite', () => {
  const actor = { login: 'octo', id: 7, type: 'User' };

  test.each(['admin', 'write'])('%s may', async (permission) => {
    answer = json({ permission, user: { id: 7 } });
    await expect(assertMayWrite(options(), actor)).resolves.toBeUndefined();
    expect(requests.map(({ path }) => path)).toEqual(['/repos/o/r/collaborators/octo/permission']);
  });

  test.each<[string, Answer, typeof actor, string]>([
    ['read', json({ permission: 'read', user: { id: 7 } }), actor, 'auth.not_permitted'],
    [
      'triage, which is read by this answer',
      json({ permission: 'read', role_name: 'triage', user: { id: 7 } }),
      actor,
      'auth.not_permitted',
    ],
    ['none', json({ permission: 'none', user: { id: 7 } }), actor, 'auth.not_permitted'],
    ['another account of that name', json({ permission: 'admin', user: { id: 8 } }), actor, 'auth.not_permitted'],
    ['no account in the answer', json({ permission: 'admin' }), actor, 'auth.not_permitted'],
    [
      'a bot',
      json({ permission: 'admin', user: { id: 7 } }),
      { ...actor, login: 'evil[bot]', type: 'Bot' },
      'auth.not_permitted',
    ],
    ['an answer without a permission', json({}), actor, 'auth.not_permitted'],
    ['a server that fails', json({}, 500), actor, 'api.unavailable'],
    ['nobody', json({}, 404), actor, 'auth.not_permitted'],
  ])('%s may not', async (_what, given, who, code) => {
    answer = given;
    await expect(assertMayWrite(options(), who)).rejects.toMatchObject({ code });
  });
});

import { createServer } from 'node:http';
import { once } from 'node:events';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { openHttp, type Http } from '../../src/forge/github/http.ts';
import { inspect } from '../../src/forge/github/inspect.ts';
import { startGitHub, type GitHubServer, type Repository } from '../servers/github/index.ts';
import { gitHubOptions } from './forge.ts';

/** What GitHub asks of those who ask it: not twice for the same, not too soon, and to the end. */

let server: GitHubServer;
let repository: Repository;
beforeAll(async () => {
  server = await startGitHub({ lifetimeMs: 10 * 60_000 });
  repository = await server.repository({ owner: 'acme', name: 'shop' });
});
beforeEach(() => {
  server.faults.clear();
  server.forget();
});
afterAll(() => server.close());

/** `seconds` until waiting is given up. */
async function open(seconds = 60): Promise<Http> {
  const options = await gitHubOptions(server, repository, server.token({ kind: 'classic', repositories: [repository] }));
  return openHttp({ ...options, deadline: Date.now() + seconds * 1_000 });
}

const about = { route: 'GET /repos/{owner}/{repo}', schema: z.object({ full_name: z.string() }) };
const viewer = {
  query: 'query { viewer { login } }',
  variables: {},
  schema: z.object({ viewer: z.object({ login: z.string() }) }),
};

describe('a poll', () => {
  test('sends the ETag it knows, and 304 is answered with what is known', async () => {
    const http = await open();
    const first = await http.read(about);
    expect(await http.read(about)).toEqual(first);
    const [asked, again] = server.requests;
    expect(asked?.headers['if-none-match']).toBeUndefined();
    expect(again?.headers['if-none-match']).toMatch(/^W\/"[0-9a-f]+"$/);
    expect(server.requests.map(({ status }) => status)).toEqual([200, 304]);
  });

  test('gets what is new when there is something', async () => {
    const http = await open();
    await server.issue(repository, { title: 'new' });
    const issues = { route: 'GET /repos/{owner}/{repo}/issues', schema: z.array(z.object({ title: z.string() })) };
    expect(await http.read(issues)).toHaveLength(1);
    await server.issue(repository, { title: 'newer' });
    expect(await http.read(issues)).toHaveLength(2);
  });
});

describe('a limit', () => {
  test.each([
    ['retry-after of the secondary one', 'secondary-limit', about, 'rest'],
    ['retry-after of the secondary one under 200', 'secondary-limit', viewer, 'graphql'],
    ['the reset of the primary one', 'primary-limit', about, 'rest'],
    ['the reset of the primary one under 200', 'primary-limit', viewer, 'graphql'],
  ] as const)('is waited for: %s', async (_, kind, ask, match) => {
    const http = await open();
    server.faults.add({ kind, match, retryAfter: 2 });
    await (ask === about ? http.read(about) : http.read(viewer));
    const [refused, answered, ...more] = server.requests;
    expect(more).toEqual([]);
    expect((answered?.at ?? 0) - (refused?.at ?? 0)).toBeGreaterThanOrEqual(1_900);
  });

  test.each(['secondary-limit', 'primary-limit'] as const)('that outlasts the run is told at once: %s', async (kind) => {
    const http = await open(5);
    server.faults.add({ kind, match: 'rest', retryAfter: 600 });
    await expect(http.read(about)).rejects.toMatchObject({ code: 'api.rate_limited', exit: 5 });
    expect(server.requests).toHaveLength(1);
  });
});

describe('a redirect', () => {
  test('is followed, no more than three times', async () => {
    const http = await open();
    server.faults.add({ kind: 'redirect', match: 'rest', times: 3 });
    expect(await http.read(about)).toEqual({ full_name: 'acme/shop' });
    server.forget();
    server.faults.add({ kind: 'redirect', match: 'rest', times: 20 });
    await expect(http.read(about)).rejects.toMatchObject({ code: 'api.unavailable', exit: 5 });
    expect(server.requests).toHaveLength(4);
  });

  test('to another place is not: no token goes there', async () => {
    const elsewhere: string[] = [];
    const other = createServer((request, response) => {
      elsewhere.push(request.headers.authorization ?? '');
      response.end('{}');
    });
    other.listen(0, '127.0.0.1');
    await once(other, 'listening');
    const place = other.address();
    const port = typeof place === 'object' ? place?.port : undefined;
    const http = await open();
    server.faults.add({ kind: 'redirect', match: 'rest', to: `http://127.0.0.1:${port}/` });
    await expect(http.read(about)).rejects.toMatchObject({ code: 'api.unavailable' });
    expect(elsewhere).toEqual([]);
    other.close();
  });
});

test('errors under 200 are errors', async () => {
  const http = await open();
  const missing = { ...viewer, query: 'query { repository(owner: "acme", name: "nowhere") { id } }' };
  await expect(http.read(missing)).rejects.toMatchObject({ code: 'issue.not_found' });
  expect(server.requests.map(({ status }) => status)).toEqual([200]);
});

test('pages are read to the end', async () => {
  const labels = Array.from({ length: 205 }, (_, index) => `label-${index}`);
  const large = await server.repository({ owner: 'acme', name: 'large', labels });
  const options = await gitHubOptions(server, large, server.token({ kind: 'classic', repositories: [large] }));
  const seen = await inspect(options, { branch: undefined });
  expect(seen.labels).toEqual({ known: true, value: labels });
});

test('writes are a second apart', async () => {
  const http = await open();
  const issue = await server.issue(repository, { title: 'talk' });
  const comment = {
    route: 'POST /repos/{owner}/{repo}/issues/{issue_number}/comments',
    parameters: { issue_number: issue.number, body: 'hello' },
    schema: z.object({ id: z.int() }),
  };
  await http.send(comment);
  await http.send(comment);
  const [first, second] = server.requests;
  expect((second?.at ?? 0) - (first?.at ?? 0)).toBeGreaterThanOrEqual(950);
});

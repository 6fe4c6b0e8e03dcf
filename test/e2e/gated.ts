import { readState, type StateRecord } from '../../src/core/state.ts';
import { statusMarker } from '../../src/core/views/status-comment.ts';
import type { CheckRun, PullRequest, TokenKind } from '../servers/github/index.ts';
import { statusOfDraft } from '../support/record.ts';
import { files, stage, type Scene } from './github.ts';

/** A change of ours as the gate finds it: a branch, a draft, a check that passed, and a record of the proof. */

export const branch = 'bugloop/issue-1';
export const mayGate = {
  contents: 'write',
  issues: 'write',
  pull_requests: 'write',
  checks: 'write',
  statuses: 'write',
  actions: 'read',
} as const;
export const fix = {
  'src/add.js': files['src/add.js'].replace('a - b', 'a + b'),
  'test/sum.test.js': files['test/add.test.js'].replace('zero', 'sum'),
};
export const noReviewer = { '.bugloop/config.yml': 'gate:\n  automatic_reviewers: []\n' };

export interface Gated extends Scene {
  pull: PullRequest;
  head: string;
  /** Our account. */
  us: string;
}

export interface Setting {
  kind?: TokenKind;
  /** Of the base branch. */
  base?: Record<string, string>;
  /** Of the change. */
  change?: Record<string, string | null>;
  checks?: boolean;
  /** The repository has a workflow, and the change was opened with the token itself: it waits for approval. */
  parked?: boolean;
  record?: Partial<NonNullable<StateRecord['report']>> | 'none';
}

/** A draft of ours of which every condition holds, unless the setting spoils one. */
export async function openGated(setting: Setting = {}): Promise<Gated> {
  const { kind = 'actions', base = noReviewer, change = fix, checks = true, record = {} } = setting;
  const scene = await stage({ files: base });
  const { server, repository } = scene;
  const us = kind === 'actions' ? 'github-actions[bot]' : 'maria';
  const token = server.token({
    kind,
    repositories: [repository],
    permissions: mayGate,
    ...(kind === 'actions' ? {} : { login: us }),
  });
  const head = await server.commit(repository, branch, change, { author: 'bugloop' });
  const opening = { title: 'fix: add', body: 'Closes #1', head: branch, base: 'main', draft: true };
  if (setting.parked === true) {
    server.workflow(repository, { name: 'CI', jobs: [{ name: 'test' }] });
    const headers = { authorization: `Bearer ${token.value}` };
    const url = `${server.apiUrl}/repos/acme/adder/pulls`;
    await fetch(url, { method: 'POST', headers, body: JSON.stringify(opening) });
  } else await server.pull(repository, { ...opening, author: us });
  const [pull] = server.pulls(repository);
  if (pull === undefined) throw new Error('no pull request was opened');
  if (checks) server.addCheck(repository, head, { name: 'test', conclusion: 'success' });
  const gated = { ...scene, token, pull, head, us };
  if (record !== 'none') remember(gated, record);
  server.forget();
  return gated;
}

export function remember(
  { server, issue, pull, head, us }: Gated,
  report: Partial<NonNullable<StateRecord['report']>> = {},
): void {
  server.comment(issue, statusOfDraft({ number: pull.number, head }, branch, report), us);
}

export function recordOf({ issue }: Gated): StateRecord {
  const read = readState(issue.comments.find(({ body }) => body.startsWith(statusMarker))?.body ?? '', '1');
  if (!read.ok) throw new Error(read.why);
  return read.record;
}

export function postedBy({ repository }: Gated): CheckRun[] {
  return repository.suites.flatMap(({ runs }) => runs).filter(({ name }) => name === 'bugloop/gate');
}

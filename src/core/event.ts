import type { z } from 'zod';
import { readCheckSuite, readReview, readStatus, readWorkflowRun } from './event/change.ts';
import { readComment, readIssue } from './event/issue.ts';
import { readManual } from './event/manual.ts';
import {
  checkSuitePayload,
  commentPayload,
  issuesPayload,
  manualPayload,
  reviewPayload,
  statusPayload,
  workflowRunPayload,
} from './event/payloads.ts';
import { ignore, type Listener, type Wish } from './event/wish.ts';

export type { Actor, Cause, Wish } from './event/wish.ts';

/** One kind of event: how its payload is read, and what it asks for. */
type Reading = (payload: unknown, listener: Listener) => Wish;

const readings: ReadonlyMap<string, Reading> = new Map([
  ['issues', reading('issues', issuesPayload, readIssue)],
  ['issue_comment', reading('issue_comment', commentPayload, readComment)],
  ['pull_request_review', reading('pull_request_review', reviewPayload, readReview)],
  // Checks of a commit that we pushed are sent in our name: what of them is our own is told by file and name.
  ['workflow_run', parsing('workflow_run', workflowRunPayload, readWorkflowRun)],
  ['check_suite', parsing('check_suite', checkSuitePayload, readCheckSuite)],
  ['status', parsing('status', statusPayload, readStatus)],
  ['workflow_dispatch', reading('workflow_dispatch', manualPayload, readManual)],
  // The payload holds nothing but the expression of the clock.
  ['schedule', (): Wish => ({ kind: 'watch' })],
]);

/** Whether events of that name can ever lead to a run; tells before anything is opened. */
export function isSupportedEvent(name: string): boolean {
  return readings.has(name);
}

/** Reads one event: the one thing it asks for, or nothing with the reason. The same payload always gives the same wish. */
export function readWish(name: string, payload: unknown, listener: Listener): Wish {
  if (isGitLabEvent(payload)) {
    return { kind: 'invalid', code: 'event.provider_mismatch', why: 'this is an event of GitLab, not of GitHub' };
  }
  const read = readings.get(name);
  return read === undefined ? ignore('event.unsupported', `events named ${name} start nothing`) : read(payload, listener);
}

/** An event that somebody made. */
function reading<T extends { sender: { id: number; login: string } }>(
  name: string,
  schema: z.ZodType<T>,
  read: (payload: T, listener: Listener) => Wish,
): Reading {
  return parsing(name, schema, (payload, listener) => {
    const { sender } = payload;
    // The first of three locks against answering ourselves; the others are the marker in our texts and the permission.
    if (listener.self.includes(sender.id)) return ignore('event.own', `${sender.login} is the account bugloop itself acts as`);
    return read(payload, listener);
  });
}

function parsing<T>(name: string, schema: z.ZodType<T>, read: (payload: T, listener: Listener) => Wish): Reading {
  return (payload, listener) => {
    const parsed = schema.safeParse(payload);
    if (parsed.success) return read(parsed.data, listener);
    return { kind: 'invalid', code: 'event.schema', why: describe(name, parsed.error, payload) };
  };
}

/** Names everything that is missing at the top, else the first field that is wrong. */
function describe(name: string, { issues }: z.ZodError, payload: unknown): string {
  const given = typeof payload === 'object' && payload !== null ? Object.keys(payload) : [];
  const missing = issues.filter(({ path: [top], path }) => path.length === 1 && !given.includes(String(top)));
  const paths = missing.length > 0 ? missing.map(({ path }) => path.join('.')) : [issues[0]?.path.join('.') ?? ''];
  const what = paths.join(', ');
  return what === '' ? `the ${name} event is no JSON object` : `the ${name} event has no valid ${what}`;
}

/** GitLab names the kind of object at the top of every payload, which GitHub never does. */
function isGitLabEvent(payload: unknown): boolean {
  return typeof payload === 'object' && payload !== null && 'object_kind' in payload && !('action' in payload);
}

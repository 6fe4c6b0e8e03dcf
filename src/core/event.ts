import { z } from 'zod';
import type { Config } from './config.ts';

/** Who did what started the event. */
export interface Actor {
  login: string;
  /** Of the account; unlike the login it never passes to somebody else. */
  id: number;
  type: string;
}

/** What an event of the forge asks for, by its own account; who may ask is decided elsewhere. */
export type Wish =
  | { kind: 'solve'; issue: number; actor: Actor }
  /** Nothing to do, and why. */
  | { kind: 'ignore'; code: 'event.unsupported' | 'event.is_pull_request' | 'event.not_trigger' | 'event.closed'; why: string }
  | { kind: 'invalid'; code: 'event.schema' | 'event.provider_mismatch'; why: string };

/** Unknown fields are welcome everywhere: the forge may add what it likes. */
const issuesEvent = z.object({
  action: z.string(),
  issue: z.object({ number: z.int().positive(), state: z.string().optional(), pull_request: z.unknown().optional() }),
  label: z.object({ name: z.string() }).optional(),
  assignee: z.object({ login: z.string() }).nullish(),
  sender: z.object({ login: z.string(), id: z.int().positive(), type: z.string() }),
});

/** Whether events of that name can ever lead to a run; tells before anything is opened. */
export function isSupportedEvent(name: string): boolean {
  return name === 'issues';
}

/** Reads one event against the trigger label and the assignee of the configuration. */
export function readWish(name: string, payload: unknown, config: Pick<Config, 'labels' | 'agents'>): Wish {
  if (isGitLabEvent(payload))
    return { kind: 'invalid', code: 'event.provider_mismatch', why: 'this is an event of GitLab, not of GitHub' };
  if (!isSupportedEvent(name)) return { kind: 'ignore', code: 'event.unsupported', why: `events named ${name} start nothing` };
  const parsed = issuesEvent.safeParse(payload);
  if (!parsed.success) {
    const path = parsed.error.issues[0]?.path.join('.') ?? '';
    return { kind: 'invalid', code: 'event.schema', why: `the issues event has no valid ${path === '' ? 'issue' : path}` };
  }
  const { action, issue, label, assignee, sender } = parsed.data;
  if (issue.pull_request !== undefined && issue.pull_request !== null) {
    return { kind: 'ignore', code: 'event.is_pull_request', why: `#${issue.number} is a pull request` };
  }
  const refused = refuseAction(action, label?.name, assignee?.login, config);
  if (refused !== undefined) return { kind: 'ignore', code: 'event.not_trigger', why: refused };
  if (issue.state === 'closed') return { kind: 'ignore', code: 'event.closed', why: `issue #${issue.number} is closed` };
  return { kind: 'solve', issue: issue.number, actor: sender };
}

function refuseAction(
  action: string,
  label: string | undefined,
  assignee: string | undefined,
  { labels, agents }: Pick<Config, 'labels' | 'agents'>,
): string | undefined {
  if (action === 'labeled') {
    return same(label, labels.trigger) ? undefined : `the label '${label ?? ''}' is not the trigger '${labels.trigger}'`;
  }
  if (action === 'assigned') {
    const wanted = agents.bugsolver.assignee;
    return same(assignee, wanted) ? undefined : `the assignee '${assignee ?? ''}' is not '${wanted}'`;
  }
  return `the action '${action}' starts nothing`;
}

/** Forges compare labels and logins without regard to case. */
function same(one: string | undefined, other: string): boolean {
  return one?.toLowerCase() === other.toLowerCase();
}

function isGitLabEvent(payload: unknown): boolean {
  return typeof payload === 'object' && payload !== null && 'object_kind' in payload && !('action' in payload);
}

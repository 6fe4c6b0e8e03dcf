import { isOurs } from '../marker.ts';
import { readSlash } from '../slash.ts';
import type { CommentPayload, IssuesPayload } from './payloads.ts';
import { ignore, type Listener, type TriggerText, type Wish } from './wish.ts';

/** An issue that was labelled with the trigger, or assigned to the bot. */
export function readIssue({ action, issue, label, assignee, sender }: IssuesPayload, { config }: Listener): Wish {
  if (isPullRequest(issue)) return ignore('event.is_pull_request', `#${issue.number} is a pull request`);
  const refused = refuseAction(action, label?.name, assignee?.login, config);
  if (refused !== undefined) return ignore('event.not_trigger', refused);
  if (issue.state === 'closed') return ignore('event.closed', `issue #${issue.number} is closed`);
  const vouched = sender.type === 'Bot' && config.triggers.bots.includes(sender.id);
  const cause = { byHand: false, ...timeOf(issue.updated_at) };
  return { kind: 'solve', issue: issue.number, actor: sender, cause, vouched, ...textOf(issue) };
}

/**
 * A label that a form sets for whoever opens an issue comes as an event of its own, made by that person: so `opened`
 * starts nothing, whatever labels are already there.
 */
function refuseAction(
  action: string,
  label: string | undefined,
  assignee: string | undefined,
  { labels, agents }: Listener['config'],
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

/** A comment on an issue or a change that gives us a command. Editing one into a command starts nothing: it may be old. */
export function readComment({ action, issue, comment, sender }: CommentPayload, { self }: Listener): Wish {
  const { number } = issue;
  if (action !== 'created')
    return ignore('event.not_trigger', `a comment on #${number} was ${action}, only a new one starts anything`);
  const body = comment.body ?? '';
  if (isOurs(body)) return ignore('event.own', `the comment on #${number} carries the mark of bugloop`);
  const author = comment.user?.id;
  if (author !== undefined && author !== sender.id) {
    return ignore('event.not_trigger', `the comment on #${number} was sent by another account than wrote it`);
  }
  if (author !== undefined && self.includes(author)) return ignore('event.own', `the comment on #${number} is by bugloop`);
  const slash = readSlash(body);
  if (slash === undefined) return ignore('event.not_trigger', `the comment on #${number} holds no command`);
  if (issue.state === 'closed') return ignore('event.closed', `#${number} is closed`);
  const place = { kind: isPullRequest(issue) ? ('change' as const) : ('issue' as const), number };
  const cause = { byHand: true, ...timeOf(comment.created_at) };
  const text = place.kind === 'issue' ? textOf(issue) : {};
  return { kind: 'slash', slash, place, comment: comment.id, actor: sender, cause, ...text };
}

/** The forge's clock, in the one form that can be compared as text. */
function timeOf(written: string | null | undefined): { at?: string } {
  const at = Date.parse(written ?? '');
  return Number.isNaN(at) ? {} : { at: new Date(at).toISOString() };
}

function textOf({ title, body }: IssuesPayload['issue']): { text?: TriggerText } {
  return typeof title === 'string' ? { text: { title, body: body ?? '' } } : {};
}

function isPullRequest(issue: { pull_request?: unknown }): boolean {
  return issue.pull_request !== undefined && issue.pull_request !== null;
}

/** Forges compare labels and logins without regard to case. */
function same(one: string | undefined, other: string): boolean {
  return one?.toLowerCase() === other.toLowerCase();
}

import { ownCheck } from '../../../core/own.ts';
import { readSlash } from '../../../core/slash.ts';
import {
  stateOfRun,
  stateOfStatus,
  type Account,
  type Check,
  type Comment,
  type PostedGate,
  type Request,
  type RequiredCheck,
  type Review,
  type Snapshot,
  type Thread,
} from '../../../core/snapshot.ts';
import type { CommitId } from '../../../core/types.ts';
import type { IsOurs } from '../own.ts';
import type {
  AccountNode,
  AwaitedNode,
  ChangeNode,
  CommentNode,
  ContextNode,
  EventNode,
  ReviewNode,
  RuleNode,
  SuiteNode,
  ThreadNode,
} from './documents.ts';

/** GitHub's answers in the words of a snapshot. */

export function toAccount(node: AccountNode | null): Account | undefined {
  if (node?.databaseId == null) return undefined;
  const kinds: Partial<Record<string, Account['kind']>> = { User: 'user', Bot: 'bot' };
  return { id: node.databaseId, login: node.login.replace(/\[bot\]$/, ''), kind: kinds[node.__typename] ?? 'other' };
}

export function toMergeable(word: string): Snapshot['mergeable'] {
  return word === 'MERGEABLE' ? 'yes' : word === 'CONFLICTING' ? 'no' : 'unknown';
}

export function toReview({ author, state, commit, authorCanPushToRepository, submittedAt, body, comments }: ReviewNode): Review {
  return {
    ...optional('author', toAccount(author)),
    state: reviewStates[state] ?? 'commented',
    ...(commit === null ? {} : { commit: commit.oid }),
    mayWrite: authorCanPushToRepository,
    submittedAt: submittedAt ?? '',
    body,
    // What begins with an answer is an answer in a thread, which GitHub keeps as a review of its own.
    comments: present(comments.nodes)[0]?.replyTo === null ? comments.totalCount : 0,
  };
}

export function toComment({ author, body, createdAt, lastEditedAt }: CommentNode, isOurs: IsOurs): Comment {
  return { ...optional('author', toAccount(author)), ours: isOurs(author), body, at: lastEditedAt ?? createdAt };
}

/** A team is no account. */
export function toAwaited({ requestedReviewer }: AwaitedNode): Account[] {
  const { __typename, login, databaseId } = requestedReviewer ?? {};
  const account = __typename === undefined || login === undefined ? undefined : toAccount({ __typename, login, databaseId });
  return account === undefined ? [] : [account];
}

const reviewStates: Partial<Record<string, Review['state']>> = {
  APPROVED: 'approved',
  CHANGES_REQUESTED: 'changes-requested',
  COMMENTED: 'commented',
  DISMISSED: 'dismissed',
  PENDING: 'pending',
};

export function toThread({ id, path, line, originalLine, isResolved, isOutdated, resolvedBy, comments }: ThreadNode): Thread {
  const at = line ?? originalLine;
  return {
    id,
    path,
    ...(at === null ? {} : { line: at }),
    resolved: isResolved,
    ...(resolvedBy === null ? {} : { resolvedBy: resolvedBy.login }),
    outdated: isOutdated,
    ...optional('author', toAccount(present(comments.nodes)[0]?.author ?? null)),
  };
}

type RunNode = Extract<ContextNode, { __typename: 'CheckRun' }>;
type StatusNode = Extract<ContextNode, { __typename: 'StatusContext' }>;

export function toRunCheck({ name, status, conclusion, startedAt, isRequired, checkSuite }: RunNode): Check {
  return {
    name,
    state: stateOfRun(lower(status), lower(conclusion ?? undefined)),
    said: lower(conclusion ?? status),
    commit: checkSuite.commit.oid,
    ...optional('creator', toCreator(checkSuite.app)),
    required: isRequired,
    ...optional('workflow', toWorkflow(checkSuite.workflowRun)),
    startedAt: startedAt ?? '',
  };
}

export function toStatusCheck({ context, state, description, isRequired, commit, creator, createdAt }: StatusNode): Check {
  return {
    name: context,
    state: stateOfStatus(lower(state)),
    said: lower(state),
    ...(description === null ? {} : { note: description }),
    commit: commit?.oid ?? '',
    ...optional('creator', toAccount(creator)),
    required: isRequired,
    startedAt: createdAt,
  };
}

/**
 * A suite without runs. Every app with permission gets one that stays queued for good: that says nothing. A workflow
 * that waits for approval or could not start has no run either, and says all.
 */
export function toSuiteCheck({ status, conclusion, createdAt, app, checkRuns, workflowRun }: SuiteNode, head: CommitId): Check[] {
  if ((checkRuns?.totalCount ?? 0) > 0) return [];
  const state = stateOfRun(lower(status), lower(conclusion ?? undefined));
  const ended = conclusion !== null;
  if (ended ? state === 'passed' || state === 'none' : workflowRun === null) return [];
  return [
    {
      name: workflowRun?.workflow.name ?? app?.slug ?? 'a suite of checks',
      state,
      said: lower(conclusion ?? status),
      commit: head,
      ...optional('creator', toCreator(app)),
      required: false,
      ...optional('workflow', toWorkflow(workflowRun)),
      startedAt: createdAt,
    },
  ];
}

function toCreator(app: SuiteNode['app']): Check['creator'] {
  return app?.databaseId == null ? undefined : { id: app.databaseId, login: app.slug, kind: 'app' };
}

function toWorkflow(run: SuiteNode['workflowRun']): Check['workflow'] {
  return run?.databaseId == null ? undefined : { run: String(run.databaseId), file: run.file?.path ?? '', event: run.event };
}

/** Classic protection and rulesets are two systems; the first names no app to those who may not administrate. */
export function toRequired({ baseRef }: ChangeNode, all: readonly RuleNode[]): RequiredCheck[] {
  const classic = (baseRef?.refUpdateRule?.requiredStatusCheckContexts ?? []).filter((name) => name !== null);
  const rules = all.flatMap(({ parameters }) => parameters?.requiredStatusChecks ?? []);
  return [
    ...classic.map((name) => ({ name })),
    ...rules.map(({ context, integrationId }) => ({ name: context, ...(integrationId === null ? {} : { app: integrationId }) })),
  ];
}

/** What we posted for this head. A check run tells by its external id, a status by its state and its line. */
export function findPosted(contexts: readonly ContextNode[], us: Account): PostedGate | undefined {
  for (const context of contexts) {
    if (context.__typename === 'CheckRun' && context.name === ownCheck && context.databaseId !== null)
      return { kind: 'check', id: String(context.databaseId), mark: context.externalId ?? '' };
    if (context.__typename === 'StatusContext' && context.context === ownCheck && context.creator?.databaseId === us.id)
      return { kind: 'status', id: context.id, mark: `${lower(context.state)} ${context.description ?? ''}` };
  }
  return undefined;
}

export function present<T>(list: readonly (T | null)[] | null | undefined): T[] {
  return (list ?? []).filter((item) => item !== null);
}

export function lower<T extends string | undefined>(word: T): Lowercase<NonNullable<T>> | Extract<T, undefined> {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- toLowerCase forgets what it was given
  return word?.toLowerCase() as Lowercase<NonNullable<T>> | Extract<T, undefined>;
}

export function optional<Key extends string, T>(key: Key, value: T | undefined): { [K in Key]?: T } {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- a computed key is any string to the compiler
  return (value === undefined ? {} : { [key]: value }) as { [K in Key]?: T };
}

export function toEventRequest({ actor, label, assignee }: EventNode): Request[] {
  const by = actor?.databaseId;
  if (by == null) return [];
  if (label !== undefined) return [{ by, label: label.name }];
  return assignee?.login === undefined ? [] : [{ by, assignee: assignee.login }];
}

export function toCommandRequest({ author, body }: CommentNode): Request[] {
  const by = author?.databaseId;
  const slash = readSlash(body);
  return by == null || slash?.ok !== true ? [] : [{ by, command: slash.command }];
}

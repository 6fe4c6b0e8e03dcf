import { z } from 'zod';
import { turnsAnswer, turnsField } from '../draft.ts';
import { issueFacts, issueFragment, label, lockTarget } from '../documents.ts';

/** What is asked of GitHub about the review of one change, and what is read of its answers. */

const authorFields = '__typename login ... on User { databaseId } ... on Bot { databaseId } ... on Mannequin { databaseId }';

const threadComments = `
      pageInfo { hasNextPage endCursor }
      nodes { id url body createdAt diffHunk originalCommit { oid } author { ${authorFields} } }`;

const threadFields = `
  pageInfo { hasNextPage endCursor }
  nodes {
    id path line startLine originalLine originalStartLine diffSide isResolved isOutdated viewerCanResolve
    resolvedBy { login }
    comments(first: 100) { ${threadComments} }
  }`;

const checkFields = `
  pageInfo { hasNextPage endCursor }
  nodes {
    __typename
    ... on CheckRun { databaseId name conclusion url title summary checkSuite { app { slug } workflowRun { file { path } } } }
    ... on StatusContext { context state description targetUrl }
  }`;

const changeComments = `pageInfo { hasPreviousPage startCursor } nodes { id url body createdAt author { ${authorFields} } }`;

/**
 * One look: the change, its issue with its lock, its checks, and up to a hundred threads with up to a hundred comments
 * each. Which issue it is comes with the answer, so the lock is one of those that there are.
 */
export const reviewDocument = /* GraphQL */ `
  query Review(
    $owner: String!
    $name: String!
    $number: Int!
    $locks: String!
    $triggerLabel: String!
    $inProgressLabel: String!
    $needsHumanLabel: String!
  ) {
    viewer { databaseId login }
    repository(owner: $owner, name: $name) {
      id
      locks: refs(refPrefix: "refs/heads/", query: $locks, first: 100) {
        nodes { name target { oid ... on Commit { message } } }
      }
      trigger: label(name: $triggerLabel) { id name }
      inProgress: label(name: $inProgressLabel) { id name }
      needsHuman: label(name: $needsHumanLabel) { id name }
      pullRequest(number: $number) {
        id number url title state isDraft headRefName headRefOid baseRefName
        ${turnsField}
        headRepository { databaseId }
        baseRepository { databaseId }
        author { ${authorFields} }
        labels(first: 100) { nodes { name } }
        closingIssuesReferences(first: 1) { nodes { ...IssueFacts } }
        comments(last: 100) { ${changeComments} }
        oldest: commits(first: 1) { nodes { commit { parents(first: 1) { nodes { oid } } } } }
        newest: commits(last: 1) {
          nodes {
            commit {
              oid message committer { email } author { name } tree { oid }
              statusCheckRollup { contexts(first: 100) { ${checkFields} } }
            }
          }
        }
        reviewThreads(first: 100) { ${threadFields} }
      }
    }
  }
  ${issueFragment}
`;

/** Threads after the first hundred. */
export const moreThreadsDocument = /* GraphQL */ `
  query Threads($owner: String!, $name: String!, $number: Int!, $after: String!) {
    repository(owner: $owner, name: $name) {
      pullRequest(number: $number) { reviewThreads(first: 100, after: $after) { ${threadFields} } }
    }
  }
`;

/** Comments of one thread after its first hundred. */
export const moreRepliesDocument = /* GraphQL */ `
  query Replies($thread: ID!, $after: String!) {
    node(id: $thread) {
      ... on PullRequestReviewThread { comments(first: 100, after: $after) { ${threadComments} } }
    }
  }
`;

/** Comments on the change before the last hundred. */
export const earlierCommentsDocument = /* GraphQL */ `
  query EarlierComments($change: ID!, $before: String!) {
    node(id: $change) {
      ... on PullRequest { comments(last: 100, before: $before) { ${changeComments} } }
    }
  }
`;

/** Checks of a commit after the first hundred. */
export const moreChecksDocument = /* GraphQL */ `
  query Checks($owner: String!, $name: String!, $commit: GitObjectID!, $after: String!) {
    repository(owner: $owner, name: $name) {
      object(oid: $commit) {
        ... on Commit { statusCheckRollup { contexts(first: 100, after: $after) { ${checkFields} } } }
      }
    }
  }
`;

const author = z.object({ __typename: z.string(), login: z.string(), databaseId: z.int().nullish() }).nullable();
const list = <T extends z.ZodType>(item: T) => z.object({ nodes: z.array(item.nullable()).nullable() });
const labels = list(z.object({ name: z.string() })).nullable();
const forwards = z.object({ hasNextPage: z.boolean(), endCursor: z.string().nullable() });
const comment = z.object({ id: z.string(), url: z.string(), body: z.string(), createdAt: z.string(), author });

const replies = list(comment.extend({ diffHunk: z.string(), originalCommit: z.object({ oid: z.string() }).nullable() })).extend({
  pageInfo: forwards,
});
const thread = z.object({
  id: z.string(),
  path: z.string(),
  line: z.int().nullable(),
  startLine: z.int().nullable(),
  originalLine: z.int().nullable(),
  originalStartLine: z.int().nullable(),
  diffSide: z.enum(['LEFT', 'RIGHT']),
  isResolved: z.boolean(),
  isOutdated: z.boolean(),
  viewerCanResolve: z.boolean(),
  resolvedBy: z.object({ login: z.string() }).nullable(),
  comments: replies,
});
const threads = list(thread).extend({ pageInfo: forwards });
const comments = list(comment).extend({
  pageInfo: z.object({ hasPreviousPage: z.boolean(), startCursor: z.string().nullable() }),
});

const checkRun = z.object({
  __typename: z.literal('CheckRun'),
  databaseId: z.int().nullable(),
  name: z.string(),
  conclusion: z.string().nullable(),
  url: z.string(),
  title: z.string().nullable(),
  summary: z.string().nullable(),
  checkSuite: z.object({
    app: z.object({ slug: z.string() }).nullable(),
    workflowRun: z.object({ file: z.object({ path: z.string() }).nullable() }).nullable(),
  }),
});
const statusContext = z.object({
  __typename: z.literal('StatusContext'),
  context: z.string(),
  state: z.string(),
  description: z.string().nullable(),
  targetUrl: z.string().nullable(),
});
const repositoryId = z.object({ databaseId: z.int().nullable() }).nullable();
const oid = z.object({ oid: z.string() });
const rollup = z
  .object({ contexts: list(z.discriminatedUnion('__typename', [checkRun, statusContext])).extend({ pageInfo: forwards }) })
  .nullable();

const change = z.object({
  id: z.string(),
  number: z.int(),
  url: z.string(),
  title: z.string(),
  state: z.enum(['OPEN', 'CLOSED', 'MERGED']),
  isDraft: z.boolean(),
  turns: turnsAnswer,
  headRefName: z.string(),
  headRefOid: z.string(),
  baseRefName: z.string(),
  headRepository: repositoryId,
  baseRepository: repositoryId,
  author,
  labels,
  closingIssuesReferences: list(issueFacts).nullable(),
  comments,
  oldest: list(z.object({ commit: z.object({ parents: list(oid) }) })),
  newest: list(
    z.object({
      commit: oid.extend({
        message: z.string(),
        committer: z.object({ email: z.string().nullable() }).nullable(),
        author: z.object({ name: z.string().nullable() }).nullable(),
        tree: oid,
        statusCheckRollup: rollup,
      }),
    }),
  ),
  reviewThreads: threads,
});

export const reviewAnswer = z.object({
  viewer: z.object({ databaseId: z.int().nullable(), login: z.string() }),
  repository: z
    .object({
      id: z.string(),
      locks: list(z.object({ name: z.string(), target: lockTarget })).nullable(),
      trigger: label.nullable(),
      inProgress: label.nullable(),
      needsHuman: label.nullable(),
      pullRequest: change.nullable(),
    })
    .nullable(),
});
export type ReviewAnswer = z.infer<typeof reviewAnswer>;
export const moreThreadsAnswer = z.object({
  repository: z.object({ pullRequest: z.object({ reviewThreads: threads }).nullable() }).nullable(),
});
export const moreRepliesAnswer = z.object({ node: z.object({ comments: replies }).nullable() });
export const earlierCommentsAnswer = z.object({ node: z.object({ comments }).nullable() });
export const moreChecksAnswer = z.object({
  repository: z.object({ object: z.object({ statusCheckRollup: rollup }).nullable() }).nullable(),
});
export type ChangeNode = z.infer<typeof change>;
export type ThreadNode = z.infer<typeof thread>;
export type AuthorNode = z.infer<typeof author>;
export type CheckNode = z.infer<typeof checkRun> | z.infer<typeof statusContext>;
export type RollupNode = z.infer<typeof rollup>;

// ---------------------------------------------------------------------------------------------- permissions

/** What each of these accounts may do, all in one request. */
export function permissionsDocument(logins: readonly string[]): { query: string; variables: Record<string, string> } {
  const declared = logins.map((_, index) => `$p${index}: String!`).join(', ');
  const fields = logins.map(
    (_, index) => `p${index}: collaborators(first: 1, login: $p${index}) { edges { permission node { databaseId } } }`,
  );
  return {
    query: `query Permissions($owner: String!, $name: String!, ${declared}) {\n  repository(owner: $owner, name: $name) {\n    ${fields.join('\n    ')}\n  }\n}`,
    variables: Object.fromEntries(logins.map((login, index) => [`p${index}`, login])),
  };
}
export const permissionsAnswer = z.object({
  repository: z
    .record(
      z.string(),
      z
        .object({
          edges: z
            .array(z.object({ permission: z.string(), node: z.object({ databaseId: z.int().nullable() }) }).nullable())
            .nullable(),
        })
        .nullable(),
    )
    .nullable(),
});

// ---------------------------------------------------------------------------------------------- answers

/** One effect of a document; the parts are carried out in order. */
export type AnswerPart =
  | { field: 'addPullRequestReviewThreadReply'; input: { pullRequestReviewThreadId: string; body: string } }
  | { field: 'updatePullRequest'; input: { pullRequestId: string; body: string } }
  | { field: 'resolveReviewThread'; input: { threadId: string } };

const selections: Record<AnswerPart['field'], string> = {
  addPullRequestReviewThreadReply: 'comment { id }',
  updatePullRequest: 'pullRequest { id }',
  resolveReviewThread: 'thread { id isResolved }',
};

const typeOf = (field: string): string => `${field.charAt(0).toUpperCase()}${field.slice(1)}Input`;

export function answerDocument(parts: readonly AnswerPart[]): { query: string; variables: Record<string, unknown> } {
  const declared = parts.map(({ field }, index) => `$p${index}: ${typeOf(field)}!`).join(', ');
  const fields = parts.map(({ field }, index) => `  p${index}: ${field}(input: $p${index}) { ${selections[field]} }`);
  return {
    query: `mutation Answer(${declared}) {\n${fields.join('\n')}\n}`,
    variables: Object.fromEntries(parts.map(({ input }, index) => [`p${index}`, input])),
  };
}
export const answerAnswer = z.record(
  z.string(),
  z.object({ thread: z.object({ id: z.string(), isResolved: z.boolean() }).nullish() }).nullable(),
);

import { z } from 'zod';

/** What is asked of GitHub about the review of one change, and what is read of its answers. */

const authorFields = '__typename login ... on User { databaseId } ... on Bot { databaseId } ... on Mannequin { databaseId }';

const threadFields = `
  pageInfo { hasNextPage endCursor }
  nodes {
    id path line startLine originalLine originalStartLine diffSide isResolved isOutdated viewerCanResolve
    resolvedBy { login }
    comments(first: 100) {
      nodes { id url body createdAt diffHunk originalCommit { oid } author { ${authorFields} } }
    }
  }`;

/** One look: the change, its issue, its checks, and up to a hundred threads with up to a hundred comments each. */
export const reviewDocument = /* GraphQL */ `
  query Review($owner: String!, $name: String!, $number: Int!) {
    viewer { databaseId login }
    repository(owner: $owner, name: $name) {
      pullRequest(number: $number) {
        id number url title state headRefName headRefOid baseRefName
        headRepository { databaseId }
        baseRepository { databaseId }
        author { ${authorFields} }
        labels(first: 100) { nodes { name } }
        closingIssuesReferences(first: 1) { nodes {
            number title body url
            labels(first: 100) { nodes { name } }
            comments(first: 100) { nodes { id url body author { ${authorFields} } } }
          }
        }
        comments(last: 100) { nodes { id url body createdAt author { ${authorFields} } } }
        oldest: commits(first: 1) { nodes { commit { parents(first: 1) { nodes { oid } } } } }
        newest: commits(last: 1) {
          nodes {
            commit {
              oid message committer { email }
              statusCheckRollup {
                contexts(first: 100) {
                  nodes {
                    __typename
                    ... on CheckRun { databaseId name conclusion url title summary checkSuite { app { slug } } }
                    ... on StatusContext { context state description targetUrl }
                  }
                }
              }
            }
          }
        }
        reviewThreads(first: 100) { ${threadFields} }
      }
    }
  }
`;

/** Threads after the first hundred. */
export const moreThreadsDocument = /* GraphQL */ `
  query Threads($owner: String!, $name: String!, $number: Int!, $after: String!) {
    repository(owner: $owner, name: $name) {
      pullRequest(number: $number) { reviewThreads(first: 100, after: $after) { ${threadFields} } }
    }
  }
`;

const author = z.object({ __typename: z.string(), login: z.string(), databaseId: z.int().nullish() }).nullable();
const list = <T extends z.ZodType>(item: T) => z.object({ nodes: z.array(item.nullable()).nullable() });
const labels = list(z.object({ name: z.string() })).nullable();
const comment = z.object({ id: z.string(), url: z.string(), body: z.string(), createdAt: z.string(), author });

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
  comments: list(comment.extend({ diffHunk: z.string(), originalCommit: z.object({ oid: z.string() }).nullable() })),
});
const threads = list(thread).extend({ pageInfo: z.object({ hasNextPage: z.boolean(), endCursor: z.string().nullable() }) });

const checkRun = z.object({
  __typename: z.literal('CheckRun'),
  databaseId: z.int().nullable(),
  name: z.string(),
  conclusion: z.string().nullable(),
  url: z.string(),
  title: z.string().nullable(),
  summary: z.string().nullable(),
  checkSuite: z.object({ app: z.object({ slug: z.string() }).nullable() }),
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

const change = z.object({
  id: z.string(),
  number: z.int(),
  url: z.string(),
  title: z.string(),
  state: z.enum(['OPEN', 'CLOSED', 'MERGED']),
  headRefName: z.string(),
  headRefOid: z.string(),
  baseRefName: z.string(),
  headRepository: repositoryId,
  baseRepository: repositoryId,
  author,
  labels,
  closingIssuesReferences: list(
    z.object({
      number: z.int(),
      title: z.string(),
      body: z.string(),
      url: z.string(),
      labels,
      comments: list(z.object({ id: z.string(), url: z.string(), body: z.string(), author })),
    }),
  ).nullable(),
  comments: list(comment),
  oldest: list(z.object({ commit: z.object({ parents: list(oid) }) })),
  newest: list(
    z.object({
      commit: oid.extend({
        message: z.string(),
        committer: z.object({ email: z.string().nullable() }).nullable(),
        statusCheckRollup: z.object({ contexts: list(z.discriminatedUnion('__typename', [checkRun, statusContext])) }).nullable(),
      }),
    }),
  ),
  reviewThreads: threads,
});

export const reviewAnswer = z.object({
  viewer: z.object({ databaseId: z.int().nullable(), login: z.string() }),
  repository: z.object({ pullRequest: change.nullable() }).nullable(),
});
export const moreThreadsAnswer = z.object({
  repository: z.object({ pullRequest: z.object({ reviewThreads: threads }).nullable() }).nullable(),
});
export type ChangeNode = z.infer<typeof change>;
export type ThreadNode = z.infer<typeof thread>;
export type AuthorNode = z.infer<typeof author>;
export type CheckNode = z.infer<typeof checkRun> | z.infer<typeof statusContext>;

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
  | { field: 'updateIssueComment'; input: { id: string; body: string } }
  | { field: 'resolveReviewThread'; input: { threadId: string } };

const selections: Record<AnswerPart['field'], string> = {
  addPullRequestReviewThreadReply: 'comment { id }',
  updatePullRequest: 'pullRequest { id }',
  updateIssueComment: 'issueComment { id }',
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

import * as z from 'zod/mini';
import { turnsAnswer, turnsField } from '../draft.ts';

/** The GraphQL documents behind a snapshot, and what is read of their answers. */

const account = /* GraphQL */ `
  fragment account on Actor {
    __typename
    login
    ... on User {
      databaseId
    }
    ... on Bot {
      databaseId
    }
    ... on Mannequin {
      databaseId
    }
  }
`;
const accountSchema = z.object({ __typename: z.string(), login: z.string(), databaseId: z.nullish(z.int()) });
export type AccountNode = z.infer<typeof accountSchema>;

const connection = <T extends z.ZodMiniType>(node: T) =>
  z.object({
    pageInfo: z.object({ hasNextPage: z.boolean(), endCursor: z.nullable(z.string()) }),
    nodes: z.nullable(z.array(z.nullable(node))),
  });
const nodesOf = <T extends z.ZodMiniType>(node: T) => z.object({ nodes: z.nullable(z.array(z.nullable(node))) });
const pageInfo = 'pageInfo { hasNextPage endCursor }';
const oid = z.object({ oid: z.string() });

// ---------------------------------------------------------------------------------------------- reviews and threads

const reviewFields = /* GraphQL */ `
  ${pageInfo}
  nodes {
    author { ...account }
    state
    commit { oid }
    authorCanPushToRepository
    submittedAt
    body
    comments(first: 1) { totalCount nodes { replyTo { id } } }
  }
`;
const reviewSchema = z.object({
  author: z.nullable(accountSchema),
  state: z.string(),
  commit: z.nullable(oid),
  authorCanPushToRepository: z.boolean(),
  submittedAt: z.nullable(z.string()),
  body: z.string(),
  comments: z.extend(nodesOf(z.object({ replyTo: z.nullable(z.object({ id: z.string() })) })), { totalCount: z.int() }),
});
export type ReviewNode = z.infer<typeof reviewSchema>;

const threadFields = /* GraphQL */ `
  ${pageInfo}
  nodes {
    id
    isResolved
    isOutdated
    path
    line
    originalLine
    resolvedBy { login }
    comments(first: 1) { nodes { author { ...account } } }
  }
`;
const threadSchema = z.object({
  id: z.string(),
  isResolved: z.boolean(),
  isOutdated: z.boolean(),
  path: z.string(),
  line: z.nullable(z.int()),
  originalLine: z.nullable(z.int()),
  resolvedBy: z.nullable(z.object({ login: z.string() })),
  comments: nodesOf(z.object({ author: z.nullable(accountSchema) })),
});
export type ThreadNode = z.infer<typeof threadSchema>;

// ---------------------------------------------------------------------------------------------- checks

const workflowRun = 'workflowRun { databaseId event file { path } workflow { name } }';
const workflowRunSchema = z.object({
  databaseId: z.nullable(z.int()),
  event: z.string(),
  file: z.nullable(z.object({ path: z.string() })),
  workflow: z.object({ name: z.string() }),
});
const appSchema = z.object({ databaseId: z.nullable(z.int()), slug: z.string() });

const contextFields = /* GraphQL */ `
  ${pageInfo}
  nodes {
    __typename
    ... on CheckRun {
      databaseId
      name
      status
      conclusion
      startedAt
      externalId
      isRequired(pullRequestNumber: $number)
      checkSuite {
        app { databaseId slug }
        commit { oid }
        ${workflowRun}
      }
    }
    ... on StatusContext {
      id
      context
      state
      description
      createdAt
      isRequired(pullRequestNumber: $number)
      commit { oid }
      creator { ...account }
    }
  }
`;
const runSchema = z.object({
  __typename: z.literal('CheckRun'),
  databaseId: z.nullable(z.int()),
  name: z.string(),
  status: z.string(),
  conclusion: z.nullable(z.string()),
  startedAt: z.nullable(z.string()),
  externalId: z.nullable(z.string()),
  isRequired: z.boolean(),
  checkSuite: z.object({ app: z.nullable(appSchema), commit: oid, workflowRun: z.nullable(workflowRunSchema) }),
});
const statusSchema = z.object({
  __typename: z.literal('StatusContext'),
  id: z.string(),
  context: z.string(),
  state: z.string(),
  description: z.nullable(z.string()),
  createdAt: z.string(),
  isRequired: z.boolean(),
  commit: z.nullable(oid),
  creator: z.nullable(accountSchema),
});
const contextSchema = z.union([runSchema, statusSchema]);
export type ContextNode = z.infer<typeof contextSchema>;

const suiteFields = /* GraphQL */ `
  ${pageInfo}
  nodes {
    status
    conclusion
    createdAt
    app { databaseId slug }
    checkRuns(first: 1) { totalCount }
    ${workflowRun}
  }
`;
const suiteSchema = z.object({
  status: z.string(),
  conclusion: z.nullable(z.string()),
  createdAt: z.string(),
  app: z.nullable(appSchema),
  checkRuns: z.nullable(z.object({ totalCount: z.int() })),
  workflowRun: z.nullable(workflowRunSchema),
});
export type SuiteNode = z.infer<typeof suiteSchema>;

const commitSchema = z.object({
  oid: z.string(),
  statusCheckRollup: z.nullable(z.object({ contexts: connection(contextSchema) })),
  checkSuites: z.nullable(connection(suiteSchema)),
});

// ---------------------------------------------------------------------------------------------- comments and the issue

const commentFields = /* GraphQL */ `
  ${pageInfo}
  nodes { id body author { ...account } editor { ...account } createdAt lastEditedAt }
`;
const commentSchema = z.object({
  id: z.string(),
  body: z.string(),
  author: z.nullable(accountSchema),
  editor: z.nullable(accountSchema),
  createdAt: z.string(),
  lastEditedAt: z.nullable(z.string()),
});
export type CommentNode = z.infer<typeof commentSchema>;

const eventFields = /* GraphQL */ `
  ${pageInfo}
  nodes {
    __typename
    ... on LabeledEvent { actor { ...account } label { name } }
    ... on AssignedEvent { actor { ...account } assignee { ... on Actor { login } } }
  }
`;
const eventSchema = z.object({
  __typename: z.string(),
  actor: z.nullish(accountSchema),
  label: z.optional(z.object({ name: z.string() })),
  assignee: z.nullish(z.object({ login: z.optional(z.string()) })),
});
export type EventNode = z.infer<typeof eventSchema>;
const eventTypes = 'itemTypes: [LABELED_EVENT, ASSIGNED_EVENT]';

const labelFields = `${pageInfo} nodes { name }`;
const labelSchema = z.object({ name: z.string() });

/** An issue has at most a hundred labels: of these there is one page. */
const issueLabels = 'labels(first: 100) { nodes { name } }';

const recordSchema = z.object({
  labels: z.nullable(nodesOf(labelSchema)),
  comments: connection(commentSchema),
  timelineItems: connection(eventSchema),
});
const recordPage = z.partial(recordSchema);
export type RecordPage = z.infer<typeof recordPage>;

// ---------------------------------------------------------------------------------------------- the first look

const awaitedFields = `${pageInfo} nodes { requestedReviewer { ...account } }`;
const awaitedSchema = z.object({ requestedReviewer: z.nullable(z.partial(accountSchema)) });
export type AwaitedNode = z.infer<typeof awaitedSchema>;
const ruleFields = /* GraphQL */ `
  ${pageInfo}
  nodes {
    parameters {
      __typename
      ... on RequiredStatusChecksParameters { requiredStatusChecks { context integrationId } }
    }
  }
`;
const ruleSchema = z.object({
  parameters: z.nullable(
    z.object({
      __typename: z.string(),
      requiredStatusChecks: z.optional(z.array(z.object({ context: z.string(), integrationId: z.nullable(z.int()) }))),
    }),
  ),
});
export type RuleNode = z.infer<typeof ruleSchema>;

/**
 * Everything of the change itself, up to a hundred of each kind; the configuration where its base is now; and what is
 * recorded on the first issue that it closes, which is nearly always the one its branch is named after.
 */
export const snapshotDocument = /* GraphQL */ `
  query Snapshot($owner: String!, $name: String!, $number: Int!, $config: String!) {
    viewer { login databaseId }
    repository(owner: $owner, name: $name) {
      id
      pullRequest(number: $number) {
        id
        number
        url
        state
        createdAt
        isDraft
        ${turnsField}
        mergeable
        headRefOid
        headRefName
        headRepository { id }
        baseRefOid
        baseRefName
        baseRepository { id }
        baseRef {
          target {
            oid
            ... on Commit {
              file(path: $config) { mode object { ... on Blob { text byteSize isBinary isTruncated } } }
            }
          }
          refUpdateRule { requiredStatusCheckContexts }
          rules(first: 100) { ${ruleFields} }
        }
        author { ...account }
        labels(first: 100) { ${labelFields} }
        line: commits(first: 100) { totalCount nodes { commit { oid parents(first: 2) { nodes { oid } } } } }
        commits(last: 1) {
          nodes {
            commit {
              oid
              statusCheckRollup { contexts(first: 100) { ${contextFields} } }
              checkSuites(first: 100) { ${suiteFields} }
            }
          }
        }
        reviews(first: 100) { ${reviewFields} }
        reviewThreads(first: 100) { ${threadFields} }
        reviewRequests(first: 100) { ${awaitedFields} }
        comments(first: 100) { ${commentFields} }
        closingIssuesReferences(first: 1) {
          nodes {
            number
            repository { id }
            ${issueLabels}
            comments(first: 100) { ${commentFields} }
            timelineItems(first: 100, ${eventTypes}) { ${eventFields} }
          }
        }
      }
    }
  }
  ${account}
`;

const fileSchema = z.object({
  mode: z.int(),
  object: z.nullable(
    z.partial(
      z.object({ text: z.nullable(z.string()), byteSize: z.int(), isBinary: z.nullable(z.boolean()), isTruncated: z.boolean() }),
    ),
  ),
});
export type FileNode = z.infer<typeof fileSchema>;
const changeSchema = z.object({
  id: z.string(),
  number: z.int(),
  url: z.string(),
  state: z.enum(['OPEN', 'CLOSED', 'MERGED']),
  createdAt: z.string(),
  isDraft: z.boolean(),
  turns: turnsAnswer,
  mergeable: z.string(),
  headRefOid: z.string(),
  headRefName: z.string(),
  headRepository: z.nullable(z.object({ id: z.string() })),
  baseRefOid: z.string(),
  baseRefName: z.string(),
  baseRepository: z.nullable(z.object({ id: z.string() })),
  baseRef: z.nullable(
    z.object({
      target: z.nullable(z.extend(oid, { file: z.nullish(fileSchema) })),
      refUpdateRule: z.nullable(z.object({ requiredStatusCheckContexts: z.nullable(z.array(z.nullable(z.string()))) })),
      rules: z.nullable(connection(ruleSchema)),
    }),
  ),
  author: z.nullable(accountSchema),
  labels: z.nullable(connection(labelSchema)),
  line: z.extend(nodesOf(z.object({ commit: z.extend(oid, { parents: nodesOf(oid) }) })), { totalCount: z.int() }),
  commits: nodesOf(z.object({ commit: commitSchema })),
  reviews: z.nullable(connection(reviewSchema)),
  reviewThreads: connection(threadSchema),
  reviewRequests: z.nullable(connection(awaitedSchema)),
  comments: connection(commentSchema),
  closingIssuesReferences: z.nullable(
    nodesOf(z.extend(recordSchema, { number: z.int(), repository: z.object({ id: z.string() }) })),
  ),
});
export type ChangeNode = z.infer<typeof changeSchema>;
export const snapshotAnswer = z.object({
  viewer: z.object({ login: z.string(), databaseId: z.nullable(z.int()) }),
  repository: z.nullable(z.object({ id: z.string(), pullRequest: z.nullable(changeSchema) })),
});

// ---------------------------------------------------------------------------------------------- further pages

/** What is beyond the first hundred, of every kind that has more, in one request. */
export const pagesDocument = /* GraphQL */ `
  query Pages(
    $owner: String!
    $name: String!
    $number: Int!
    $reviews: String
    $threads: String
    $contexts: String
    $suites: String
    $comments: String
    $labels: String
    $awaited: String
    $rules: String
    $moreReviews: Boolean!
    $moreThreads: Boolean!
    $moreContexts: Boolean!
    $moreSuites: Boolean!
    $moreComments: Boolean!
    $moreLabels: Boolean!
    $moreAwaited: Boolean!
    $moreRules: Boolean!
  ) {
    repository(owner: $owner, name: $name) {
      pullRequest(number: $number) {
        headRefOid
        reviews(first: 100, after: $reviews) @include(if: $moreReviews) { ${reviewFields} }
        reviewThreads(first: 100, after: $threads) @include(if: $moreThreads) { ${threadFields} }
        comments(first: 100, after: $comments) @include(if: $moreComments) { ${commentFields} }
        labels(first: 100, after: $labels) @include(if: $moreLabels) { ${labelFields} }
        reviewRequests(first: 100, after: $awaited) @include(if: $moreAwaited) { ${awaitedFields} }
        baseRef @include(if: $moreRules) { rules(first: 100, after: $rules) { ${ruleFields} } }
        commits(last: 1) {
          nodes {
            commit {
              oid
              statusCheckRollup @include(if: $moreContexts) { contexts(first: 100, after: $contexts) { ${contextFields} } }
              checkSuites(first: 100, after: $suites) @include(if: $moreSuites) { ${suiteFields} }
            }
          }
        }
      }
    }
  }
  ${account}
`;
const morePages = z.object({
  headRefOid: z.string(),
  reviews: z.nullish(connection(reviewSchema)),
  reviewThreads: z.nullish(connection(threadSchema)),
  comments: z.nullish(connection(commentSchema)),
  labels: z.nullish(connection(labelSchema)),
  reviewRequests: z.nullish(connection(awaitedSchema)),
  baseRef: z.nullish(z.object({ rules: z.nullable(connection(ruleSchema)) })),
  commits: nodesOf(
    z.object({
      commit: z.object({
        oid: z.string(),
        statusCheckRollup: z.nullish(z.object({ contexts: connection(contextSchema) })),
        checkSuites: z.nullish(connection(suiteSchema)),
      }),
    }),
  ),
});
export const pagesAnswer = z.object({ repository: z.nullable(z.object({ pullRequest: z.nullable(morePages) })) });

// ---------------------------------------------------------------------------------------------- the issue

/** What was recorded on the issue, and by the way a second look at what moves: head and mergeability. */
export const recordDocument = /* GraphQL */ `
  query Record(
    $owner: String!
    $name: String!
    $number: Int!
    $issue: Int!
    $comments: String
    $events: String
    $moreComments: Boolean!
    $moreEvents: Boolean!
  ) {
    repository(owner: $owner, name: $name) {
      pullRequest(number: $number) { headRefOid mergeable }
      issue(number: $issue) {
        ${issueLabels}
        comments(first: 100, after: $comments) @include(if: $moreComments) { ${commentFields} }
        timelineItems(first: 100, after: $events, ${eventTypes}) @include(if: $moreEvents) { ${eventFields} }
      }
    }
  }
  ${account}
`;
export const recordAnswer = z.object({
  repository: z.nullable(
    z.object({
      pullRequest: z.nullable(z.object({ headRefOid: z.string(), mergeable: z.string() })),
      issue: z.nullish(recordPage),
    }),
  ),
});

/** Whether it can be merged, which GitHub begins to work out when somebody asks. */
export const mergeableDocument = /* GraphQL */ `
  query Mergeable($owner: String!, $name: String!, $number: Int!) {
    repository(owner: $owner, name: $name) {
      pullRequest(number: $number) {
        headRefOid
        mergeable
      }
    }
  }
`;

/** The comments of the change once more, right before one is written. */
export const commentsDocument = /* GraphQL */ `
  query Comments($owner: String!, $name: String!, $number: Int!, $after: String, $lock: String!) {
    repository(owner: $owner, name: $name) {
      id
      lock: ref(qualifiedName: $lock) { target { oid ... on Commit { message } } }
      pullRequest(number: $number) {
        headRefOid
        baseRef { target { ... on Commit { tree { oid } } } }
        comments(first: 100, after: $after) { ${commentFields} }
      }
    }
  }
  ${account}
`;
export const commentsAnswer = z.object({
  repository: z.nullable(
    z.object({
      id: z.string(),
      lock: z.nullable(z.object({ target: z.nullable(z.extend(oid, { message: z.optional(z.string()) })) })),
      pullRequest: z.nullable(
        z.object({
          headRefOid: z.string(),
          baseRef: z.nullable(z.object({ target: z.nullable(z.object({ tree: z.optional(oid) })) })),
          comments: connection(commentSchema),
        }),
      ),
    }),
  ),
});

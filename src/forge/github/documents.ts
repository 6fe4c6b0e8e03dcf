import { z } from 'zod';

/**
 * The GraphQL documents and what is read of their answers. GitHub may add what it likes; what is missing or of another
 * type is a broken answer.
 */

/** Who wrote something, by the number of the account: a login says nothing, and differs between REST and GraphQL. */
const accountFragment = /* GraphQL */ `
  fragment Account on Actor {
    ... on Bot {
      databaseId
    }
    ... on User {
      databaseId
    }
  }
`;
/** Absent for an account that was deleted, and for one that is neither a person nor a bot. */
const author = z.object({ databaseId: z.int().nullish() }).nullable();

/** One page of comments on an issue. */
const commentsFragment = /* GraphQL */ `
  fragment Comments on IssueCommentConnection {
    pageInfo {
      hasNextPage
      endCursor
    }
    nodes {
      id
      url
      body
      author {
        ...Account
      }
    }
  }
  ${accountFragment}
`;

/** An issue with all that is needed to mark it. */
export const issueFragment = /* GraphQL */ `
  fragment IssueFacts on Issue {
    id
    number
    title
    body
    url
    state
    author {
      login
    }
    labels(first: 100) {
      nodes {
        id
        name
      }
    }
    assignees(first: 20) {
      nodes {
        id
        login
      }
    }
    comments(first: 100) {
      ...Comments
    }
  }
  ${commentsFragment}
`;

const repositoryIds = z.object({ id: z.string(), databaseId: z.int() });

/** One look at everything an issue has: the first request of every command, and the look before every write. */
export const standingDocument = /* GraphQL */ `
  query Standing(
    $owner: String!
    $name: String!
    $number: Int!
    $branch: String!
    $branchRef: String!
    $lockRef: String!
    $baseRef: String!
    $triggerLabel: String!
    $inProgressLabel: String!
    $needsHumanLabel: String!
  ) {
    viewer {
      login
      databaseId
    }
    repository(owner: $owner, name: $name) {
      id
      databaseId
      viewerPermission
      defaultBranchRef {
        ...Base
      }
      base: ref(qualifiedName: $baseRef) {
        ...Base
      }
      tip: ref(qualifiedName: $branchRef) {
        target {
          oid
          ... on Commit {
            message
            committer {
              email
            }
            author {
              name
            }
          }
        }
      }
      lock: ref(qualifiedName: $lockRef) {
        target {
          oid
          ... on Commit {
            message
          }
        }
      }
      trigger: label(name: $triggerLabel) {
        id
        name
      }
      inProgress: label(name: $inProgressLabel) {
        id
        name
      }
      needsHuman: label(name: $needsHumanLabel) {
        id
        name
      }
      pullRequests(headRefName: $branch, states: [OPEN], first: 20) {
        nodes {
          ...Change
          headRepository {
            databaseId
          }
        }
      }
      issueOrPullRequest(number: $number) {
        __typename
        ... on Issue {
          ...IssueFacts
          closedByPullRequestsReferences(first: 20, includeClosedPrs: false) {
            nodes {
              ...Change
            }
          }
        }
      }
    }
  }
  fragment Base on Ref {
    name
    target {
      oid
      ... on Commit {
        tree {
          oid
        }
      }
    }
  }
  fragment Change on PullRequest {
    id
    number
    url
    isDraft
    headRefOid
    author {
      ...Account
    }
  }
  ${issueFragment}
`;

const target = z.object({ oid: z.string() });
/** What a lock's ref points to: its message says who holds it. */
export const lockTarget = target.extend({ message: z.string().optional() }).nullable();
const baseRef = z.object({ name: z.string(), target: target.extend({ tree: target.optional() }).nullable() });
export const label = z.object({ id: z.string(), name: z.string() });
const changeNode = z.object({
  id: z.string(),
  number: z.int(),
  url: z.string(),
  isDraft: z.boolean(),
  headRefOid: z.string(),
  author,
});
const comments = z.object({
  pageInfo: z.object({ hasNextPage: z.boolean(), endCursor: z.string().nullable() }),
  nodes: z.array(z.object({ id: z.string(), url: z.string(), body: z.string(), author }).nullable()),
});

export const issueFacts = z.object({
  id: z.string(),
  number: z.int().positive(),
  title: z.string(),
  body: z.string(),
  url: z.string(),
  state: z.enum(['OPEN', 'CLOSED']),
  author: z.object({ login: z.string() }).nullable(),
  labels: z.object({ nodes: z.array(label.nullable()) }).nullable(),
  assignees: z.object({ nodes: z.array(z.object({ id: z.string(), login: z.string() }).nullable()) }),
  comments,
});
const issueNode = issueFacts.extend({
  __typename: z.literal('Issue'),
  closedByPullRequestsReferences: z.object({ nodes: z.array(changeNode.nullable()) }).nullable(),
});

export const standingAnswer = z.object({
  viewer: z.object({ login: z.string(), databaseId: z.int().nullable() }),
  repository: repositoryIds
    .extend({
      viewerPermission: z.string().nullable(),
      defaultBranchRef: baseRef.nullable(),
      base: baseRef.nullable(),
      tip: z
        .object({
          target: target
            .extend({
              message: z.string().optional(),
              committer: z.object({ email: z.string().nullable() }).nullish(),
              author: z.object({ name: z.string().nullable() }).nullish(),
            })
            .nullable(),
        })
        .nullable(),
      lock: z.object({ target: lockTarget }).nullable(),
      trigger: label.nullable(),
      inProgress: label.nullable(),
      needsHuman: label.nullable(),
      pullRequests: z.object({
        nodes: z.array(changeNode.extend({ headRepository: z.object({ databaseId: z.int().nullable() }).nullable() }).nullable()),
      }),
      issueOrPullRequest: z.union([issueNode, z.object({ __typename: z.literal('PullRequest') })]).nullable(),
    })
    .nullable(),
});
export type StandingAnswer = z.infer<typeof standingAnswer>;
export type ChangeNode = z.infer<typeof changeNode>;
export type IssueNode = z.infer<typeof issueNode>;
export type IssueFacts = z.infer<typeof issueFacts>;

/** Pages of comments after the first. */
export const commentsDocument = /* GraphQL */ `
  query Comments($issue: ID!, $after: String!) {
    node(id: $issue) {
      ... on Issue {
        comments(first: 100, after: $after) {
          ...Comments
        }
      }
    }
  }
  ${commentsFragment}
`;
export const commentsAnswer = z.object({ node: z.object({ comments }).nullable() });

/** Who wrote the lines of some files at one commit, and who may review here. */
const linesFragment = (count: number): string => {
  const files = Array.from({ length: count }, (_, index) => `f${index}: blame(path: $f${index}) { ...Blame }`);
  return /* GraphQL */ `
    fragment Lines on Repository {
      assignableUsers(first: 100) {
        pageInfo {
          hasNextPage
        }
        nodes {
          login
        }
      }
      object(oid: $base) {
        ... on Commit {
          ${files.join('\n')}
        }
      }
    }
    fragment Blame on Blame {
      ranges {
        startingLine
        endingLine
        commit {
          authoredDate
          author {
            email
            user {
              id
              login
            }
          }
        }
      }
    }
  `;
};
const linesVariables = (count: number): string =>
  [', $base: GitObjectID!', ...Array.from({ length: count }, (_, index) => `, $f${index}: String!`)].join('');

const blame = z.object({
  ranges: z.array(
    z.object({
      startingLine: z.int(),
      endingLine: z.int(),
      commit: z.object({
        authoredDate: z.iso.datetime({ offset: true }),
        author: z
          .object({ email: z.string().nullable(), user: z.object({ id: z.string(), login: z.string() }).nullable() })
          .nullable(),
      }),
    }),
  ),
});
const lines = z.object({
  assignableUsers: z.object({
    pageInfo: z.object({ hasNextPage: z.boolean() }),
    nodes: z.array(z.object({ login: z.string() }).nullable()).nullable(),
  }),
  /** By alias: `f0` is the first file. Nothing of it for what is no commit, or a file that is not there. */
  object: z.record(z.string(), blame.nullable()).nullable(),
});
export type LinesAnswer = z.infer<typeof lines>;

/** Asks about so many files, as the variables `base` and `f0`, `f1` and so on. */
export function linesDocument(count: number): string {
  return /* GraphQL */ `
    query Lines($owner: String!, $name: String!${linesVariables(count)}) {
      repository(owner: $owner, name: $name) {
        ...Lines
      }
    }
    ${linesFragment(count)}
  `;
}
export const linesAnswer = z.object({ repository: lines.nullable() });

/**
 * The draft change of a branch: only here can a change be opened as a draft with an answer that says so. The answer also
 * tells about the lines of so many files, which saves a request.
 */
export function openChangeDocument(count: number): string {
  const [variables, asked, fragment] = count === 0 ? ['', '', ''] : [linesVariables(count), '...Lines', linesFragment(count)];
  return /* GraphQL */ `
    mutation OpenChange($input: CreatePullRequestInput!${variables}) {
      createPullRequest(input: $input) {
        pullRequest {
          id
          number
          url
          baseRepository {
            id
            ${asked}
          }
        }
      }
    }
    ${fragment}
  `;
}
export const openChangeAnswer = z.object({
  createPullRequest: z.object({
    pullRequest: z.object({
      id: z.string(),
      number: z.int(),
      url: z.string(),
      // What is told besides is worth having, and no reason to doubt that the change was opened.
      baseRepository: lines.nullable().catch(null),
    }),
  }),
});

/** Asks people for a review; who was asked before stays asked. */
export const requestReviewsDocument = /* GraphQL */ `
  mutation RequestReviews($input: RequestReviewsInput!) {
    requestReviews(input: $input) {
      clientMutationId
    }
  }
`;
export const requestReviewsAnswer = z.object({ requestReviews: z.unknown() });

/** One part of the document that marks an issue; parts are executed in order, and each may fail for itself. */
export type MarkPart =
  | { field: 'addLabelsToLabelable'; input: { labelableId: string; labelIds: string[] } }
  | { field: 'removeLabelsFromLabelable'; input: { labelableId: string; labelIds: string[] } }
  | { field: 'removeAssigneesFromAssignable'; input: { assignableId: string; assigneeIds: string[] } }
  | { field: 'createLabel'; input: { repositoryId: string; name: string; color: string } }
  | { field: 'addComment'; input: { subjectId: string; body: string } }
  | { field: 'updateIssueComment'; input: { id: string; body: string } }
  | {
      field: 'updateRefs';
      input: { repositoryId: string; refUpdates: { name: string; beforeOid: string; afterOid: string }[] };
    };

const selections: Record<MarkPart['field'], string> = {
  addLabelsToLabelable: 'clientMutationId',
  removeLabelsFromLabelable: 'clientMutationId',
  removeAssigneesFromAssignable: 'clientMutationId',
  createLabel: 'label { id name }',
  addComment: 'commentEdge { node { id url } }',
  updateIssueComment: 'issueComment { id url }',
  updateRefs: 'clientMutationId',
};

/** All parts as one document: one request, whatever has to be marked. */
export function markDocument(parts: readonly MarkPart[]): { query: string; variables: Record<string, unknown> } {
  const declared = parts.map(({ field }, index) => `$p${index}: ${typeOf(field)}!`).join(', ');
  const fields = parts.map(({ field }, index) => `  p${index}: ${field}(input: $p${index}) { ${selections[field]} }`);
  return {
    query: `mutation Mark(${declared}) {\n${fields.join('\n')}\n}`,
    variables: Object.fromEntries(parts.map(({ input }, index) => [`p${index}`, input])),
  };
}

function typeOf(field: string): string {
  return `${field.charAt(0).toUpperCase()}${field.slice(1)}Input`;
}

const writtenComment = z.object({ id: z.string(), url: z.string() });
export const markAnswer = z.record(
  z.string(),
  z
    .object({
      label: z.object({ id: z.string(), name: z.string() }).nullish(),
      commentEdge: z.object({ node: writtenComment.nullable() }).nullish(),
      issueComment: writtenComment.nullish(),
    })
    .nullable(),
);
export type MarkAnswer = z.infer<typeof markAnswer>;

import * as z from 'zod/mini';
import type { Http } from './http.ts';
import type { IsOurs } from './own.ts';

/** The draft flag of a pull request: who took it away, and turning it. */

export const turnsField = /* GraphQL */ `
  turns: timelineItems(last: 1, itemTypes: [READY_FOR_REVIEW_EVENT, CONVERT_TO_DRAFT_EVENT]) {
    nodes {
      __typename
      ... on ReadyForReviewEvent {
        actor {
          ... on User { databaseId }
          ... on Bot { databaseId }
        }
      }
    }
  }
`;
const turn = z.object({ __typename: z.string(), actor: z.nullish(z.object({ databaseId: z.nullish(z.int()) })) });
export const turnsAnswer = z.object({ nodes: z.nullable(z.array(z.nullable(turn))) });

/** Of a change that is no draft any more. One that was opened without being a draft has no such event. */
export function readiedBy(
  { isDraft, turns }: { isDraft: boolean; turns: z.infer<typeof turnsAnswer> },
  isOurs: IsOurs,
): 'us' | 'somebody' | undefined {
  const last = turns.nodes?.at(-1);
  if (isDraft || last?.__typename !== 'ReadyForReviewEvent') return undefined;
  return isOurs(last.actor ?? null) ? 'us' : 'somebody';
}

const turned = z.object({ turned: z.nullable(z.object({ clientMutationId: z.nullish(z.string()) })) });

/** Draft and ready exist in GraphQL only. Done twice, each is the same as once. */
export async function turnDraft(
  http: Http,
  mutation: 'markPullRequestReadyForReview' | 'convertPullRequestToDraft',
  id: string,
): Promise<void> {
  const query = `mutation Turn($id: ID!) { turned: ${mutation}(input: { pullRequestId: $id }) { clientMutationId } }`;
  await http.persist(() => http.send({ query, variables: { id }, schema: turned }));
}

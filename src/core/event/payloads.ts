import { z } from 'zod';

/** What is read of each event. Unknown fields are welcome everywhere: the forge may add what it likes. */

const number = z.int().positive();

/** Stays readable whatever else the sender has. */
const actor = z.object({ login: z.string(), id: number, type: z.string() });

const repository = z.object({ id: number });

const issue = z.object({
  number,
  title: z.string().nullish(),
  body: z.string().nullish(),
  state: z.string().optional(),
  pull_request: z.unknown().optional(),
  updated_at: z.string().nullish(),
});

export const issuesPayload = z.object({
  action: z.string(),
  issue,
  label: z.object({ name: z.string() }).optional(),
  assignee: z.object({ login: z.string() }).nullish(),
  sender: actor,
});
export type IssuesPayload = z.infer<typeof issuesPayload>;

export const commentPayload = z.object({
  action: z.string(),
  issue,
  comment: z.object({ id: number, body: z.string().nullish(), user: actor.nullish(), created_at: z.string().nullish() }),
  sender: actor,
});
export type CommentPayload = z.infer<typeof commentPayload>;

export const reviewPayload = z.object({
  action: z.string(),
  review: z.object({ id: number, state: z.string(), body: z.string().nullish(), user: actor.nullish() }),
  pull_request: z.object({
    number,
    state: z.string(),
    merged_at: z.string().nullish(),
    user: actor.nullish(),
    /** The repository is absent where the fork was deleted, the name where the branch was. */
    head: z.object({ ref: z.string().nullish(), repo: repository.nullish() }),
  }),
  repository,
  sender: actor,
});
export type ReviewPayload = z.infer<typeof reviewPayload>;

export const workflowRunPayload = z.object({
  action: z.string(),
  workflow_run: z.object({
    path: z.string().nullish(),
    name: z.string().nullish(),
    head_branch: z.string().nullish(),
    head_repository: repository.nullish(),
    pull_requests: z.array(z.object({ number, head: z.object({ ref: z.string() }) })).nullish(),
  }),
  repository,
  sender: actor,
});
export type WorkflowRunPayload = z.infer<typeof workflowRunPayload>;

/** Inputs are strings whatever their declared type. */
export const manualPayload = z.object({
  inputs: z.object({ command: z.string().nullish(), number: z.string().nullish() }).nullish(),
  sender: actor,
});
export type ManualPayload = z.infer<typeof manualPayload>;

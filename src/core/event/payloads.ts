import { z } from 'zod';

/** What is read of each event. Unknown fields are welcome everywhere: the forge may add what it likes. */

const number = z.int().positive();

/** Stays readable whatever else the sender has. */
const actor = z.object({ login: z.string(), id: number, type: z.string() });

const repository = z.object({ id: number });

/** Open changes whose head the event is about. */
const changes = z.array(z.object({ number, head: z.object({ ref: z.string() }) })).nullish();

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
    conclusion: z.string().nullish(),
    pull_requests: changes,
  }),
  repository,
});
export type WorkflowRunPayload = z.infer<typeof workflowRunPayload>;

export const checkSuitePayload = z.object({
  action: z.string(),
  check_suite: z.object({
    /** Absent for a push to a fork: GitHub looks for the branch in this very repository only. */
    head_branch: z.string().nullish(),
    conclusion: z.string().nullish(),
    pull_requests: changes,
    app: z.object({ name: z.string().nullish() }).nullish(),
  }),
  repository,
});
export type CheckSuitePayload = z.infer<typeof checkSuitePayload>;

export const statusPayload = z.object({
  sha: z.string(),
  context: z.string(),
  state: z.string(),
  /** Of this very repository, at most ten, wherever in them the commit is. */
  branches: z.array(z.object({ name: z.string(), commit: z.object({ sha: z.string() }) })),
});
export type StatusPayload = z.infer<typeof statusPayload>;

/** Inputs are strings whatever their declared type. */
export const manualPayload = z.object({
  inputs: z.object({ command: z.string().nullish(), number: z.string().nullish() }).nullish(),
  sender: actor,
});
export type ManualPayload = z.infer<typeof manualPayload>;

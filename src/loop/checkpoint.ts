import { z } from 'zod';
import type { Asked } from '../core/halt.ts';
import { attemptSchema, type Attempt } from '../core/report.ts';
import type { CommitId, Issue } from '../core/types.ts';
import type { Journal } from '../ports.ts';
import { begin, resumeAfter, type Progressed } from './repair.ts';
import type { Run } from './run.ts';

/** What a run needs to go on in another process: a fold over the lines of its journal. */

const startSchema = z.object({
  type: z.literal('started'),
  /** As the user named the issue. */
  ref: z.string(),
  issue: z.object({
    id: z.string(),
    title: z.string(),
    body: z.string(),
    source: z.enum(['file', 'github']),
    number: z.int().exactOptional(),
    url: z.string().exactOptional(),
    labels: z.array(z.string()).exactOptional(),
  }),
  base: z.object({ commit: z.string(), branch: z.string().exactOptional() }),
  branch: z.string(),
  onto: z.string().exactOptional(),
  testsOnly: z.boolean().exactOptional(),
  startedAt: z.number(),
});
export type Start = z.infer<typeof startSchema>;

/** The first line of a run: what it works on and from where. */
export function describeStart(run: Run, ref: string, startedAt: number, base: { commit: CommitId; branch?: string }): Start {
  const { issue, branch, onto, testsOnly } = run;
  const { labels, ...rest } = issue satisfies Issue;
  return {
    type: 'started',
    ref,
    issue: { ...rest, ...(labels === undefined ? {} : { labels: [...labels] }) },
    base,
    branch,
    ...(onto === undefined ? {} : { onto }),
    ...(testsOnly === true ? { testsOnly } : {}),
    startedAt,
  };
}

export interface Checkpoint {
  start: Start;
  /** Since when it is wanted: by whoever asked last. */
  asked?: Asked;
  attempts: Attempt[];
  /** Outcome that the run was sealed with, and its commit. */
  sealed?: { outcome: string; head: CommitId };
  /** The issue shows what became of the run. */
  published: boolean;
}

const askedLine = z.object({ type: z.literal('asked'), since: z.string(), byHand: z.boolean() });
const attemptLine = z.object({ type: z.literal('attempt'), attempt: attemptSchema });
const sealedLine = z.object({ type: z.literal('sealed'), outcome: z.string(), head: z.string() });
const renewedLine = z.object({ type: z.literal('renewed'), base: startSchema.shape.base });
const changeLine = z.object({ type: z.literal('change') });

/** Reads a journal; `undefined` where the run did not get so far as to start. */
export async function readCheckpoint(journal: Journal): Promise<Checkpoint | undefined> {
  let checkpoint: Checkpoint | undefined;
  let asked: Asked | undefined;
  for (const line of await journal.entries('journal.jsonl')) {
    const wanted = askedLine.safeParse(line);
    if (wanted.success) asked = { since: wanted.data.since, byHand: wanted.data.byHand };
    const start = startSchema.safeParse(line);
    if (start.success) checkpoint ??= { start: start.data, attempts: [], published: false };
    if (checkpoint === undefined) continue;
    const attempt = attemptLine.safeParse(line);
    // What comes after a seal belongs to a run that was taken up again.
    if (attempt.success) {
      checkpoint.attempts.push(attempt.data.attempt);
      delete checkpoint.sealed;
    }
    const renewed = renewedLine.safeParse(line);
    if (renewed.success) {
      // The attempts' commits are on another base now; what was made of them is sealed next.
      checkpoint = { start: { ...checkpoint.start, base: renewed.data.base }, attempts: [], published: checkpoint.published };
    }
    const sealed = sealedLine.safeParse(line);
    if (sealed.success) checkpoint.sealed = { outcome: sealed.data.outcome, head: sealed.data.head };
    if (changeLine.safeParse(line).success) checkpoint.published = true;
  }
  if (checkpoint !== undefined && asked !== undefined) checkpoint.asked = asked;
  return checkpoint;
}

/** The loop's state after the journalled attempts, with what the agent recorded in them. */
export async function foldProgress(journal: Journal, { start, attempts }: Checkpoint): Promise<Progressed> {
  const entries = await journal.entries('transcript.jsonl');
  const known = new Set(attempts.map(({ number }) => number));
  const recorded = z.array(z.object({ attempt: z.int(), entry: z.unknown() })).safeParse(entries);
  // An attempt that was killed left half a conversation; the next one starts after the last that was judged.
  const history = (recorded.success ? recorded.data : []).filter(({ attempt }) => known.has(attempt)).map(({ entry }) => entry);
  return { ...attempts.reduce(resumeAfter, begin(start.base.commit)), history };
}

/** Title and text of the issue as the run began with them. */
export function textOf({ start }: Checkpoint): Pick<Issue, 'title' | 'body'> {
  return { title: start.issue.title, body: start.issue.body };
}

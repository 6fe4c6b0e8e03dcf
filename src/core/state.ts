import * as z from 'zod/mini';
import type { RunReport } from './report.ts';
import { sumsSchema, type Sums } from './sums.ts';
import { roundSchema } from './rounds.ts';
import type { Reason } from './types.ts';

/**
 * Where an issue stands. Labels are the visible truth; this record says the rest. It lives in a hidden block of one
 * status comment by our own account, so that any machine can go on where another stopped.
 */

/** Rises when a field changes its meaning or goes away; readers refuse a newer one. */
export const stateVersion = 1;

const states = ['OPEN', 'ASSIGNED', 'SOLVING', 'PR_DRAFT', 'REVIEWING', 'READY', 'MERGED', 'ESCALATED'] as const;
export type State = (typeof states)[number];

/** What can happen to an issue. */
export type Move =
  | 'claim'
  | 'start'
  | 'publish'
  | 'review'
  /** The change is no draft any more. */
  | 'approve'
  /** It is one again. */
  | 'reopen'
  | 'merge'
  | 'escalate'
  /** A person ended the work from outside. */
  | 'halt'
  /** A run ended without a result and without a fault of the issue: it waits for the next one. */
  | 'release';

const moves: Record<Move, Partial<Record<State, State>>> = {
  // A run that was killed leaves the state where it was: whoever takes over starts from there.
  claim: {
    OPEN: 'ASSIGNED',
    ASSIGNED: 'ASSIGNED',
    SOLVING: 'ASSIGNED',
    ESCALATED: 'ASSIGNED',
    PR_DRAFT: 'ASSIGNED',
    READY: 'ASSIGNED',
  },
  start: { ASSIGNED: 'SOLVING', SOLVING: 'SOLVING' },
  publish: { SOLVING: 'PR_DRAFT', ASSIGNED: 'PR_DRAFT', PR_DRAFT: 'PR_DRAFT' },
  review: { PR_DRAFT: 'REVIEWING', REVIEWING: 'REVIEWING', READY: 'REVIEWING', ESCALATED: 'REVIEWING' },
  approve: { PR_DRAFT: 'READY', REVIEWING: 'READY', READY: 'READY' },
  reopen: { READY: 'PR_DRAFT' },
  merge: { PR_DRAFT: 'MERGED', REVIEWING: 'MERGED', READY: 'MERGED', MERGED: 'MERGED' },
  escalate: { ASSIGNED: 'ESCALATED', SOLVING: 'ESCALATED', REVIEWING: 'ESCALATED', ESCALATED: 'ESCALATED' },
  halt: { OPEN: 'OPEN', ASSIGNED: 'OPEN', SOLVING: 'OPEN' },
  release: { ASSIGNED: 'OPEN', SOLVING: 'OPEN', REVIEWING: 'PR_DRAFT' },
};

/** The state after `move`; `undefined` where it is not allowed from here. */
export function advance(state: State, move: Move): State | undefined {
  return moves[move][state];
}

const recordSchema = z.strictObject({
  version: z.literal(stateVersion),
  state: z.enum(states),
  /** Issue the record is about: a block copied to another issue says nothing there. */
  issue: z.string(),
  /** Digest of the title and text that the run started from. */
  text: z.string(),
  run: z.string(),
  branch: z.string(),
  base: z.strictObject({ branch: z.exactOptional(z.string()), commit: z.string() }),
  /** Work in progress on the branch, for whoever goes on. */
  progress: z.exactOptional(z.strictObject({ commit: z.string(), attempts: z.int() })),
  /** Waits until a person with write permission approves the plan of this digest. */
  plan: z.exactOptional(z.strictObject({ digest: z.string(), approvedBy: z.exactOptional(z.string()) })),
  /** The newest stop or skip, kept for good: which run was the last one then, when, and by whom. */
  halt: z.exactOptional(z.strictObject({ at: z.string(), by: z.string(), skip: z.boolean(), run: z.string() })),
  /** Only a test was asked for, by whoever asked last. */
  testsOnly: z.exactOptional(z.boolean()),
  /** Runs of the last day that began on this issue, oldest first: what caps are counted from. */
  starts: z.exactOptional(
    z.array(z.strictObject({ at: z.string(), by: z.exactOptional(z.int()), comment: z.exactOptional(z.int()) })),
  ),
  /** Rounds of review, oldest first: what starts one by itself is held to them. */
  rounds: z.exactOptional(z.array(roundSchema)),
  change: z.exactOptional(
    z.strictObject({ number: z.exactOptional(z.int()), url: z.exactOptional(z.string()), head: z.string() }),
  ),
  /** Head for which a gate marked the change ready, or found it so. */
  ready: z.exactOptional(z.string()),
  /** Who may know the lines of the change, as `git blame` has it. */
  reviewers: z.exactOptional(z.array(z.strictObject({ login: z.string(), share: z.int() }))),
  /** The last report, without what only its run directory can hold. */
  report: z.exactOptional(
    z.strictObject({
      outcome: z.string(),
      escalation: z.exactOptional(z.strictObject({ code: z.string(), message: z.string() })),
      attempts: z.int(),
      dollars: z.number(),
      durationMs: z.number(),
      /** Runs for the same change besides the one that this is about. */
      earlier: z.exactOptional(sumsSchema),
      head: z.exactOptional(z.string()),
      headTree: z.exactOptional(z.string()),
      redTree: z.exactOptional(z.string()),
      failToPass: z.int(),
      /** What a person has to look at before a gate may say yes. */
      needsHuman: z.exactOptional(
        z.array(z.strictObject({ code: z.string(), message: z.string(), path: z.exactOptional(z.string()) })),
      ),
    }),
  ),
});
export type StateRecord = z.infer<typeof recordSchema>;

/** What of a report goes into the record. */
export function summarise(report: RunReport): NonNullable<StateRecord['report']> {
  const { outcome, escalation, attempts, cost, run, head, proof } = report;
  return {
    outcome,
    ...(escalation === undefined ? {} : { escalation: { code: escalation.code, message: escalation.message.slice(0, 300) } }),
    attempts: attempts.length,
    dollars: cost.dollars,
    durationMs: run.durationMs,
    ...(report.earlier === undefined ? {} : { earlier: report.earlier }),
    ...(head === undefined ? {} : { head }),
    ...(proof === undefined ? {} : { headTree: proof.headTree, redTree: proof.redTree }),
    failToPass: proof?.failToPass.length ?? 0,
    ...(report.needsHuman.length === 0 ? {} : { needsHuman: report.needsHuman.slice(0, maxHuman).map(shorten) }),
  };
}

type Summary = NonNullable<StateRecord['report']>;

/** What the runs of a change came to so far. */
export function addUp({
  attempts,
  dollars,
  durationMs,
  earlier,
}: Pick<Summary, 'attempts' | 'dollars' | 'durationMs' | 'earlier'>): Sums {
  return {
    runs: (earlier?.runs ?? 0) + 1,
    attempts: (earlier?.attempts ?? 0) + attempts,
    dollars: (earlier?.dollars ?? 0) + dollars,
    durationMs: (earlier?.durationMs ?? 0) + durationMs,
  };
}

/** The record's summary after one more run that made no new head: the proof stays, the sums grow. */
export function addRun(summary: Summary, { attempts, cost, run }: RunReport): Summary {
  const { earlier } = summary;
  const more = { attempts: attempts.length, dollars: cost.dollars, durationMs: run.durationMs };
  return { ...summary, earlier: addUp({ ...more, ...(earlier === undefined ? {} : { earlier }) }) };
}

/** The first few are enough to ask for a person; the run report has them all. */
const maxHuman = 10;

function shorten({ code, message, path }: Reason): { code: string; message: string; path?: string } {
  return { code, message: message.slice(0, 300), ...(path === undefined ? {} : { path: path.slice(0, 300) }) };
}

const opening = '<!-- bugloop:state ';
const closing = ' -->';

/** The record as an HTML comment; base64, so that nothing in it can end the comment. */
export function encodeState(record: StateRecord): string {
  const bytes = new TextEncoder().encode(JSON.stringify(record));
  let binary = '';
  for (const byte of bytes) binary += String.fromCharCode(byte);
  return `${opening}${btoa(binary)}${closing}`;
}

export type ReadState = { ok: true; record: StateRecord } | { ok: false; code: 'state.corrupt' | 'state.version'; why: string };

const corrupt = (why: string): ReadState => ({ ok: false, code: 'state.corrupt', why });

/** Reads the record of a comment that is known to be ours. Exactly one block, whole, about this issue; else nothing is believed. */
export function readState(text: string, issue: string): ReadState {
  const start = text.indexOf(opening);
  if (start < 0) return corrupt('holds no state block');
  const end = text.indexOf(closing, start);
  if (end < 0) return corrupt('holds a state block that is cut off');
  if (text.includes(opening, end)) return corrupt('holds more than one state block');
  let value: unknown;
  try {
    const binary = atob(text.slice(start + opening.length, end));
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(Uint8Array.from(binary, (char) => char.charCodeAt(0))));
  } catch {
    return corrupt('holds a state block that is not readable');
  }
  const version = z.looseObject({ version: z.int() }).safeParse(value);
  if (version.success && version.data.version > stateVersion) {
    return { ok: false, code: 'state.version', why: `was written by a newer bugloop (version ${version.data.version})` };
  }
  const record = recordSchema.safeParse(value);
  if (!record.success) return corrupt(`holds a state block with a wrong ${record.error.issues[0]?.path.join('.') ?? 'form'}`);
  if (record.data.issue !== issue) return corrupt(`holds the state of issue ${record.data.issue}`);
  return { ok: true, record: record.data };
}

import { z } from 'zod';
import { reviewSchema } from './ledger.ts';
import { sumsSchema } from './sums.ts';

/**
 * The run report: everything a run leaves behind, and the only source of every number that bugloop ever shows.
 * Written by `loop/seal`, read by `publish`, `verify` and every view. The version rises when a field changes its
 * meaning or goes away; readers refuse a newer one.
 */
export const reportVersion = 1;

const reason = z.strictObject({
  code: z.string(),
  message: z.string(),
  path: z.string().exactOptional(),
  line: z.int().exactOptional(),
});

const usage = z.strictObject({
  calls: z.int(),
  inputTokens: z.int(),
  outputTokens: z.int(),
  cacheReadTokens: z.int(),
  cacheWriteTokens: z.int(),
});

const testCounts = z.strictObject({ passed: z.int(), failed: z.int(), skipped: z.int() });

const failureKind = z.enum(['assertion', 'error', 'load', 'timeout']);

/** One test as one run of the proof saw it. */
const witnessed = z.strictObject({
  id: z.string(),
  status: z.enum(['passed', 'failed', 'skipped', 'absent']),
  kind: failureKind.exactOptional(),
  message: z.string().exactOptional(),
});

/** One execution on one tree that bugloop's own process saw. */
const proofRun = z.strictObject({
  tree: z.string(),
  argv: z.array(z.string()),
  exitCode: z.int().nullable(),
  durationMs: z.number(),
  tests: z.array(witnessed),
});

const proof = z.strictObject({
  verdict: z.union([z.strictObject({ ok: z.literal(true) }), z.strictObject({ ok: z.literal(false), reasons: z.array(reason) })]),
  /** Base source with the change's tests. */
  redTree: z.string(),
  /** The whole change. */
  headTree: z.string(),
  repeat: z.int(),
  testFiles: z.array(z.string()),
  red: z.array(proofRun),
  green: z.array(proofRun),
  /** Tests that were red in every run on `redTree` and green in every run on `headTree`. */
  failToPass: z.array(z.strictObject({ id: z.string(), kind: failureKind, message: z.string() })),
  /** Passed in the baseline, failed after the change. */
  regressions: z.array(z.string()),
  /** Passed in the baseline, no longer reported. */
  vanished: z.array(z.string()),
  /** Changed their result between runs of the same tree. */
  flaky: z.array(z.string()),
  suite: z.strictObject({ before: testCounts, after: testCounts }),
  /** Whether a red test showed the error that the issue names. */
  issueError: z.enum(['matched', 'unmatched', 'not stated']),
  /** Whether a red test executes the changed source lines. */
  executesChange: z.enum(['yes', 'no', 'not measured']),
  staticChecks: z.array(
    z.strictObject({ name: z.string(), before: z.int().nullable(), after: z.int().nullable(), worse: z.boolean() }),
  ),
  /** Share of executable lines that ran, in percent, where coverage could be measured. */
  coverage: z.strictObject({ before: z.number(), after: z.number() }).exactOptional(),
});

/** The first half of a proof: the base source with new tests, and how it is red. */
const reproduction = z.strictObject({
  tree: z.string(),
  repeat: z.int(),
  testFiles: z.array(z.string()),
  red: z.array(proofRun),
  /** New tests that were red in every run, for an assertion or an error. */
  tests: z.array(z.strictObject({ id: z.string(), kind: failureKind, message: z.string() })),
  issueError: z.enum(['matched', 'unmatched', 'not stated']),
});

export const attemptSchema = z.strictObject({
  number: z.int(),
  durationMs: z.number(),
  /** Commit of the attempt in the mirror, kept in the bundle. */
  commit: z.string(),
  tree: z.string(),
  /** Where the attempt stopped. */
  stage: z.enum([
    'agent',
    'no-change',
    'guards',
    'integrity',
    'build',
    'tests',
    'proof',
    'answers',
    'proven',
    'red',
    'reproduced',
  ]),
  agentEnd: z.string(),
  /** The agent's own words, sanitised; never a source of numbers. */
  summary: z.string(),
  reasons: z.array(reason),
  /** Tests that failed in this attempt and not in the baseline, or new ones that are still red. */
  failing: z.array(z.string()),
  files: z.array(z.string()),
  addedLines: z.int(),
  removedLines: z.int(),
  usage,
  dollars: z.number(),
});

export const reportSchema = z.strictObject({
  version: z.literal(reportVersion),
  run: z.strictObject({
    id: z.string(),
    bugloop: z.string(),
    startedAt: z.string(),
    endedAt: z.string(),
    durationMs: z.number(),
  }),
  /**
   * `proven`: a branch with an executed proof. `escalated`: a human is needed. `nothing-to-do`: already answered.
   * `interrupted` and `transient`: a checkpoint is kept and the run can go on. `stopped`: a person ended it from outside.
   * `reproduced`: a test shows the bug and nothing is mended, as was asked.
   */
  outcome: z.enum(['proven', 'escalated', 'nothing-to-do', 'interrupted', 'transient', 'stopped', 'reproduced']),
  /** Why it did not end in a proof. */
  escalation: reason.exactOptional(),
  /** Proven, but a person has to look at these before it is merged. */
  needsHuman: z.array(reason),
  issue: z.strictObject({
    id: z.string(),
    number: z.int().exactOptional(),
    title: z.string(),
    url: z.string().exactOptional(),
    severity: z.string(),
    errorType: z.string().exactOptional(),
    errorMessage: z.string().exactOptional(),
    frames: z.int(),
    /** Hidden passages that were removed before anything was read: comments, invisible characters and markup. */
    hiddenText: z.int(),
  }),
  branch: z.string(),
  base: z.strictObject({ branch: z.string().exactOptional(), commit: z.string() }),
  head: z.string().exactOptional(),
  agent: z.strictObject({ name: z.string(), model: z.string().exactOptional() }),
  sandbox: z.enum(['strict', 'basic', 'off']),
  commands: z.strictObject({
    setup: z.array(z.string()).exactOptional(),
    build: z.array(z.string()).exactOptional(),
    test: z.array(z.string()).exactOptional(),
  }),
  baseline: z
    .strictObject({
      runner: z.string(),
      perTest: z.boolean(),
      counts: testCounts,
      failing: z.array(z.string()),
      buildExit: z.int().nullable().exactOptional(),
      durationMs: z.number(),
    })
    .exactOptional(),
  /** Most suspicious places, best first. */
  suspects: z.array(z.strictObject({ path: z.string(), line: z.int().exactOptional(), why: z.string() })),
  attempts: z.array(attemptSchema),
  change: z
    .strictObject({
      files: z.array(
        z.strictObject({
          path: z.string(),
          status: z.enum(['added', 'modified', 'deleted', 'type-changed']),
          addedLines: z.int(),
          removedLines: z.int(),
          test: z.boolean(),
        }),
      ),
      addedLines: z.int(),
      removedLines: z.int(),
      bytes: z.int(),
    })
    .exactOptional(),
  proof: proof.exactOptional(),
  /** Where only the test was asked for. */
  reproduction: reproduction.exactOptional(),
  /** Who wrote most of the lines that the change is about, and how much of them in percent: a suggestion, known once it is published. */
  reviewers: z.array(z.strictObject({ login: z.string(), share: z.int() })).exactOptional(),
  /** What became of each thread, where the run answered a review. */
  review: reviewSchema.exactOptional(),
  /** Of the same change, where this run is a further round of it. */
  earlier: z.exactOptional(sumsSchema),
  cost: z.strictObject({
    usage,
    dollars: z.number(),
    /** Day the price table was taken; absent where no model was called. */
    priceDate: z.string().exactOptional(),
    /** True where the model is not in the price table and the dearest known price was assumed. */
    assumed: z.boolean(),
  }),
});

export type RunReport = z.infer<typeof reportSchema>;
export type Proof = z.infer<typeof proof>;
export type Reproduction = z.infer<typeof reproduction>;
export type ProofRun = z.infer<typeof proofRun>;
export type Witnessed = z.infer<typeof witnessed>;
export type Attempt = z.infer<typeof attemptSchema>;
export type TestCounts = z.infer<typeof testCounts>;

export type ReadReport = { ok: true; report: RunReport } | { ok: false; code: 'state.corrupt' | 'state.version'; why: string };

/** Reads a stored report; a newer version and anything that is not a report are told apart. */
export function readRunReport(text: string): ReadReport {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return { ok: false, code: 'state.corrupt', why: 'is not JSON' };
  }
  const version = z.looseObject({ version: z.int() }).safeParse(value);
  if (version.success && version.data.version > reportVersion) {
    return { ok: false, code: 'state.version', why: `was written by a newer bugloop (version ${version.data.version})` };
  }
  const report = reportSchema.safeParse(value);
  if (report.success) return { ok: true, report: report.data };
  const [issue] = report.error.issues;
  return { ok: false, code: 'state.corrupt', why: `${issue?.path.join('.') ?? ''}: ${issue?.message ?? 'is not a run report'}` };
}

/** The JSON Schema of the report, for readers in other languages. */
export function reportJsonSchema(): object {
  return z.toJSONSchema(reportSchema, { target: 'draft-2020-12' });
}

import { z } from 'zod';

/**
 * The run report: everything a run leaves behind, and the only source of every number that bugloop ever shows.
 * Written by `loop/seal`, read by `publish`, `verify` and every view. The version rises when a field changes its
 * meaning or goes away; readers refuse a newer one.
 */
export const reportVersion = 1;

const reason = z.strictObject({
  code: z.string(),
  message: z.string(),
  path: z.string().optional(),
  line: z.int().optional(),
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
  kind: failureKind.optional(),
  message: z.string().optional(),
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
  coverage: z.strictObject({ before: z.number(), after: z.number() }).optional(),
});

const attempt = z.strictObject({
  number: z.int(),
  durationMs: z.number(),
  /** Commit of the attempt in the mirror, kept in the bundle. */
  commit: z.string(),
  tree: z.string(),
  /** Where the attempt stopped. */
  stage: z.enum(['agent', 'no-change', 'guards', 'integrity', 'build', 'tests', 'proof', 'proven']),
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
   * `interrupted` and `transient`: a checkpoint is kept and the run can go on.
   */
  outcome: z.enum(['proven', 'escalated', 'nothing-to-do', 'interrupted', 'transient']),
  /** Why it did not end in a proof. */
  escalation: reason.optional(),
  /** Proven, but a person has to look at these before it is merged. */
  needsHuman: z.array(reason),
  issue: z.strictObject({
    id: z.string(),
    number: z.int().optional(),
    title: z.string(),
    url: z.string().optional(),
    severity: z.string(),
    errorType: z.string().optional(),
    errorMessage: z.string().optional(),
    frames: z.int(),
    /** Hidden passages that were removed before anything was read: comments, invisible characters and markup. */
    hiddenText: z.int(),
  }),
  branch: z.string(),
  base: z.strictObject({ branch: z.string().optional(), commit: z.string() }),
  head: z.string().optional(),
  agent: z.strictObject({ name: z.string(), model: z.string().optional() }),
  sandbox: z.enum(['strict', 'basic', 'off']),
  commands: z.strictObject({
    setup: z.array(z.string()).optional(),
    build: z.array(z.string()).optional(),
    test: z.array(z.string()).optional(),
  }),
  baseline: z
    .strictObject({
      runner: z.string(),
      perTest: z.boolean(),
      counts: testCounts,
      failing: z.array(z.string()),
      buildExit: z.int().nullable().optional(),
      durationMs: z.number(),
    })
    .optional(),
  /** Most suspicious places, best first. */
  suspects: z.array(z.strictObject({ path: z.string(), line: z.int().optional(), why: z.string() })),
  attempts: z.array(attempt),
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
    .optional(),
  proof: proof.optional(),
  cost: z.strictObject({
    usage,
    dollars: z.number(),
    /** Day the price table was taken; absent where no model was called. */
    priceDate: z.string().optional(),
    /** True where the model is not in the price table and the dearest known price was assumed. */
    assumed: z.boolean(),
  }),
});

export type RunReport = z.infer<typeof reportSchema>;
export type Proof = z.infer<typeof proof>;
export type ProofRun = z.infer<typeof proofRun>;
export type Witnessed = z.infer<typeof witnessed>;
export type Attempt = z.infer<typeof attempt>;
export type TestCounts = z.infer<typeof testCounts>;

/** The JSON Schema of the report, for readers in other languages. */
export function reportJsonSchema(): object {
  return z.toJSONSchema(reportSchema, { target: 'draft-2020-12' });
}

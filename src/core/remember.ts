import { z } from 'zod';
import { exitStatus } from './compare.ts';
import { runnerNames, type Execution, type StaticCheck, type TestRun } from './types.ts';

/**
 * What a baseline was, kept for the next run on the same tree. It is only read back when nothing that it depends on has
 * changed, and only believed when it has the shape that was written; whatever else lies there counts as nothing.
 */
export interface Remembered {
  runs: [TestRun, ...TestRun[]];
  build: Execution | undefined;
  staticChecks: StaticCheck[];
}

const execution = z.strictObject({
  argv: z.array(z.string()),
  exitCode: z.int().nullable(),
  ended: z.enum(['exited', 'signal', 'timeout', 'inactive', 'cancelled', 'not-started']),
  signal: z.string().exactOptional(),
  limitMs: z.number().exactOptional(),
  durationMs: z.number(),
  output: z.string(),
  failureLines: z.array(z.string()),
  outputBytes: z.number(),
});

const failure = z.strictObject({
  kind: z.enum(['assertion', 'error', 'load', 'timeout']),
  type: z.string().exactOptional(),
  message: z.string(),
  stack: z.string().exactOptional(),
});

const testRun = z.strictObject({
  runner: z.enum(runnerNames),
  perTest: z.boolean(),
  results: z.array(
    z.strictObject({
      id: z.string(),
      file: z.string().exactOptional(),
      name: z.string(),
      status: z.enum(['passed', 'failed', 'skipped']),
      durationMs: z.number().exactOptional(),
      failure: failure.exactOptional(),
    }),
  ),
  execution,
  coverage: z
    .strictObject({
      files: z.array(z.strictObject({ path: z.string(), executable: z.array(z.int()), executed: z.array(z.int()) })),
    })
    .exactOptional(),
});

const remembered = z.strictObject({
  version: z.literal(1),
  runs: z.tuple([testRun], testRun),
  build: execution.exactOptional(),
  staticChecks: z.array(z.strictObject({ name: z.string(), exitCode: z.int().nullable(), problems: z.int().exactOptional() })),
});

/**
 * Whether it says something of the tree: a command that ended badly as a whole may have missed something of the machine
 * that is there the next time.
 */
export function isWorthRemembering({ runs, build }: Remembered): boolean {
  const ran = build === undefined || build.exitCode === 0;
  return ran && !runs.some(({ results }) => results.some(({ id, status }) => id === exitStatus && status === 'failed'));
}

export function writeRemembered({ runs, build, staticChecks }: Remembered): string {
  return JSON.stringify({ version: 1, runs, ...(build === undefined ? {} : { build }), staticChecks });
}

/** `undefined` for anything that is not exactly what `writeRemembered` wrote. */
export function readRemembered(text: string): Remembered | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  const read = remembered.safeParse(value);
  if (!read.success) return undefined;
  const { runs, build, staticChecks } = read.data;
  return { runs, build, staticChecks };
}

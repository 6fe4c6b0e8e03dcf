import { summariseBaseline } from '../core/feedback.ts';
import type { BugReport } from '../core/issue.ts';
import { buildIndex, rank, rankFiles, selectChunks, type Chunk } from '../core/locate.ts';
import { buildSolvePrompt, parseTemplate, solveSlots, type Slots, type Template } from '../core/prompt.ts';
import type { RunReport } from '../core/report.ts';
import type { CommitId } from '../core/types.ts';
import type { PromptSource } from '../context.ts';
import { BugloopError } from '../errors.ts';
import type { Mirror } from '../ports.ts';
import type { Baseline } from './baseline.ts';
import { nonceOf, type Prompt, type Run } from './run.ts';

/** Where the bug may be: for people and agents without a model the places, for a model the source. */
export interface Located {
  suspects: RunReport['suspects'];
  chunks: Chunk[];
}

/** Bytes of source in the first request, on top of the 10 KB that everything else may take. */
const chunkBytes = 14 * 1024;
/** Larger files are generated or data; they are no candidates. */
const maxFile = 500_000;
const maxSuspects = 10;

/** Ranks the base commit's source by what the report says. */
export async function findSuspects(
  base: CommitId,
  mirror: Mirror,
  report: BugReport,
  tests: readonly string[],
): Promise<Located> {
  const files = (await mirror.list(base)).filter(({ mode, size }) => mode.startsWith('100') && size <= maxFile);
  const texts = await mirror.readMany(
    base,
    files.map(({ path }) => path),
  );
  const index = buildIndex(
    files.flatMap(({ path, size }) => {
      const text = texts.get(path);
      return text === undefined ? [] : [{ path, size, text }];
    }),
    { tests },
  );
  const ranked = rank(index, report);
  const suspects = rankFiles(ranked, maxSuspects).map(({ path, line, why }) => ({
    path,
    why,
    ...(line === undefined ? {} : { line }),
  }));
  return { suspects, chunks: selectChunks(ranked, chunkBytes) };
}

/** Checks the template of the prompt; every problem of it is told at once. */
export function readTemplate({ text, file }: PromptSource, slots: Slots = solveSlots): Template {
  const parsed = parseTemplate(file, text, slots);
  if (parsed.ok) return parsed.template;
  const [first, ...others] = parsed.problems.map(({ code, message }) => new BugloopError(code, message));
  throw first === undefined ? new BugloopError('template.empty', file) : new BugloopError(first.code, first.message, { others });
}

/** The first request of an agent that reads. */
export function composePrompt(run: Run, baseline: Baseline, template: Template, { chunks }: Located): Prompt {
  const { report, config, workspace } = run;
  const { build, test } = workspace.commands;
  const { maxDiffLines, maxDiffBytes } = config.limits;
  return buildSolvePrompt({
    template,
    report,
    chunks,
    baseline: summariseBaseline(baseline.runs[0]),
    commands: { ...(build === undefined ? {} : { build }), ...(test === undefined ? {} : { test }) },
    protectedPaths: config.protectedPaths,
    limits: { maxDiffLines, maxDiffBytes },
    nonce: nonceOf(run),
  });
}

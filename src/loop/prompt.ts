import { summariseBaseline } from '../core/feedback.ts';
import type { BugReport } from '../core/issue.ts';
import {
  decodeIndex,
  encodeIndex,
  maxFileBytes,
  nameSuspects,
  newIndex,
  pathKinds,
  rankTexts,
  selectChunks,
  shortlist,
  type Chunk,
  type ListedFile,
  type Tree,
} from '../core/locate.ts';
import { buildSolvePrompt, parseTemplate, solveSlots, type Slots, type Template } from '../core/prompt.ts';
import type { RunReport } from '../core/report.ts';
import type { CommitId } from '../core/types.ts';
import type { PromptSource } from '../context.ts';
import { BugloopError } from '../errors.ts';
import type { Cache, Mirror } from '../ports.ts';
import type { Baseline } from './baseline.ts';
import { nonceOf, type Prompt, type Run } from './run.ts';

/** Where the bug may be: for people and agents without a model the places, for a model the source. */
export interface Located {
  suspects: RunReport['suspects'];
  chunks: Chunk[];
}

/** Bytes of source in the first request, on top of the 10 KB that everything else may take. */
const chunkBytes = 14 * 1024;
const maxSuspects = 10;

/**
 * Ranks the base commit's source by what the report says. Only candidates are read: once each for the index, which
 * `cache` keeps by blob from run to run, and the best of them again for their lines.
 */
export async function findSuspects(
  base: CommitId,
  mirror: Mirror,
  report: BugReport,
  tests: readonly string[],
  cache?: Cache,
): Promise<Located> {
  const { store, files, entries } = await indexTree(base, mirror, tests, cache);
  const list = shortlist(report, { store, files, entries });
  const wanted = list.rows.flatMap((row) => files[row] ?? []);
  const texts = new Map<string, Uint8Array>();
  await mirror.readBlobs(
    wanted.map(({ id }) => id),
    (id, content) => texts.set(id, new Uint8Array(content)),
  );
  const idOf = new Map(wanted.map(({ path, id }) => [path, id]));
  const ranked = rankTexts(list, (path) => texts.get(idOf.get(path) ?? ''));
  return { suspects: nameSuspects(ranked, maxSuspects), chunks: selectChunks(ranked, chunkBytes) };
}

/** The candidates of a commit with what the index knows of each: what the cache has, and the rest read now. */
async function indexTree(
  base: CommitId,
  mirror: Mirror,
  tests: readonly string[],
  cache: Cache | undefined,
): Promise<Tree & { files: readonly ListedFile[] }> {
  const key = [base, ...tests].join('\n');
  const bytes = await cache?.load();
  const kept = bytes === undefined ? undefined : decodeIndex(bytes);
  if (kept?.listing.key === key) return { store: kept.store, files: kept.listing.files, entries: kept.entries };
  const kindOf = pathKinds(tests);
  const files: ListedFile[] = [];
  for (const { path, mode, size, id } of await mirror.list(base)) {
    const kind = mode.startsWith('100') && size <= maxFileBytes ? kindOf(path) : 'none';
    if (kind !== 'none') files.push({ path, id, isConfig: kind === 'config' });
  }
  files.sort((a, b) => (a.path < b.path ? -1 : 1));
  const index = kept?.toIndex() ?? newIndex();
  const unknown = new Set(files.flatMap(({ id }) => (index.entries.has(id) ? [] : [id])));
  await mirror.indexBlobs([...unknown], index);
  await cache?.save(encodeIndex(index, { key, files }));
  return { store: index.store, files, entries: files.map(({ id }) => index.entries.get(id) ?? { from: 0, to: 0, length: 0 }) };
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

import type { Claim } from '../core/ledger.ts';
import { applySuggestions, placeSuggestion, refusals, type PlacedSuggestion } from '../core/suggestion.ts';
import type { OpenThread } from '../core/threads.ts';
import { count } from '../core/text.ts';
import type { CommitId, RepoPath } from '../core/types.ts';
import { BugloopError } from '../errors.ts';
import type { Baseline } from './baseline.ts';
import { judgeBeforeRunning, refuseBy, tryNearest, type Evaluation } from './evaluate.ts';
import type { Run, Terms } from './run.ts';

/** What became of the suggestions of a round, before any agent is asked. */
export interface Suggested {
  /** The head with every suggestion that applies and breaks nothing; the head itself where there is none. */
  commit: CommitId;
  claims: Claim[];
  /** Why a suggestion could not be applied as it is, by thread: somebody who reads has to decide. */
  notes: Map<string, string>;
  /** The same, judged once more by somebody stricter: what he speaks against is left out too. */
  narrow(judge: Judge): Promise<Suggested>;
}

/** What speaks against a commit, or nothing. */
export type Judge = (commit: CommitId) => Promise<Evaluation | undefined>;

/** Applies suggestions mechanically in one commit. One that the judge speaks against is left out, alone. */
export async function applyMechanically(run: Run, head: CommitId, open: readonly OpenThread[], judge: Judge): Promise<Suggested> {
  const suggestions = open.filter(({ kind }) => kind === 'suggestion');
  const notes = new Map<string, string>();
  const claims: Claim[] = [];
  const originals = await readOriginals(run, suggestions);
  const placed = suggestions.flatMap(({ thread, findings }) => {
    const answer = placeSuggestion(thread, findings.at(-1)?.finding.suggestions ?? [], originals.get(thread.id));
    if (!answer.ok) notes.set(thread.id, refusals[answer.code]);
    return answer.ok ? [{ path: thread.path, placed: answer.placed }] : [];
  });
  const texts = await readHead(run, head, [...new Set(placed.map(({ path }) => path))]);
  const fitting: Located[] = [];
  for (const [path, group] of Map.groupBy(placed, (one) => one.path)) {
    const candidates = group.map((one) => one.placed);
    const { applied, already, refused } = applySuggestions(texts.get(path), candidates);
    fitting.push(...candidates.filter(({ thread }) => applied.includes(thread)).map((one) => ({ path, placed: one })));
    claims.push(...already.map((thread): Claim => ({ thread, outcome: 'already-fixed', words: 'the lines are as proposed' })));
    for (const { thread, code } of refused) notes.set(thread, refusals[code]);
  }
  const build = (chosen: readonly Located[]): Promise<CommitId> => commitSuggestions(run, head, texts, chosen);
  const choose = async (candidates: readonly Located[], told: readonly Claim[], by: Judge): Promise<Suggested> => {
    if (candidates.length === 0) return { commit: head, claims: [...told], notes, narrow: () => choose([], told, by) };
    const step = run.progress.step(count(candidates.length, 'suggestion'));
    const { kept, dropped } = await keepHarmless(candidates, build, by, head);
    const declined = dropped.map(({ located: { placed }, why }): Claim => {
      return { thread: placed.thread, outcome: 'declined', words: explain(why) };
    });
    const fixed = kept.map(({ placed: { thread } }): Claim => ({ thread, outcome: 'fixed', words: applied }));
    step.done(`${kept.length} applied, ${dropped.length} left out`);
    const settled = [...told, ...declined];
    const narrow = (stricter: Judge): Promise<Suggested> => choose(kept, settled, stricter);
    return { commit: await build(kept), claims: [...fixed, ...settled], notes, narrow };
  };
  return choose(fitting, claims, judge);
}

const applied = 'the suggestion was applied as it is';

interface Located {
  path: RepoPath;
  placed: PlacedSuggestion;
}

/** The file that each suggestion was made on. A commit that nobody kept is no loss: the thread's hunk has the lines too. */
async function readOriginals({ workspace }: Run, open: readonly OpenThread[]): Promise<Map<string, string>> {
  const originals = new Map<string, string>();
  for (const { thread } of open) {
    const commit = thread.comments[0]?.commit;
    if (commit === undefined) continue;
    const text = await workspace.mirror.read(commit, thread.path).catch((error: unknown) => {
      if (error instanceof BugloopError) return undefined;
      throw error;
    });
    if (text !== undefined) originals.set(thread.id, text);
  }
  return originals;
}

/** Text of each file; `null` where it is no text, absent where it is not there. */
async function readHead({ workspace }: Run, head: CommitId, paths: readonly RepoPath[]): Promise<Map<RepoPath, string | null>> {
  const { mirror } = workspace;
  const texts = await mirror.readMany(head, paths);
  const there = new Set((await mirror.list(head)).map(({ path }) => path));
  return new Map(paths.filter((path) => there.has(path)).map((path) => [path, texts.get(path) ?? null]));
}

async function commitSuggestions(
  { workspace }: Run,
  head: CommitId,
  texts: ReadonlyMap<RepoPath, string | null>,
  chosen: readonly Located[],
): Promise<CommitId> {
  if (chosen.length === 0) return head;
  await workspace.checkout(head);
  for (const [path, group] of Map.groupBy(chosen, (one) => one.path)) {
    const { text } = applySuggestions(
      texts.get(path),
      group.map(({ placed }) => placed),
    );
    // A refusal leaves the file as it is; the change then does not touch the thread, and the ledger says so.
    await workspace.files.write(path, text);
  }
  return await workspace.commit('suggestions of reviewers', head);
}

/** Guards, then build and the nearest tests: enough to blame one suggestion. The proof comes after all of them. */
export function nearby(run: Run, baseline: Baseline, refuse: Terms['refuse']): Judge {
  return async (commit) => {
    const change = await run.workspace.mirror.change(run.base, commit);
    await run.workspace.checkout(commit);
    return judgeBeforeRunning(run, change) ?? refuseBy(change, await refuse(commit)) ?? (await tryNearest(run, baseline, change));
  };
}

/** Build and all tests, for commits that were judged `nearby`. */
export function wholeSuite(run: Run, baseline: Baseline): Judge {
  return async (commit) => {
    await run.workspace.checkout(commit);
    return tryNearest(run, baseline, await run.workspace.mirror.change(run.base, commit), []);
  };
}

interface Dropped {
  located: Located;
  why: Evaluation;
}

/**
 * The largest set found by halving that nothing speaks against. Where the head itself already fails in the same way, no
 * suggestion is to blame.
 */
async function keepHarmless(
  all: readonly Located[],
  build: (chosen: readonly Located[]) => Promise<CommitId>,
  judge: Judge,
  head: CommitId,
): Promise<{ kept: Located[]; dropped: Dropped[] }> {
  let atHead: Promise<Evaluation | undefined> | undefined;
  const blame = async (chosen: readonly Located[]): Promise<Evaluation | undefined> => {
    const found = await judge(await build(chosen));
    if (found === undefined) return undefined;
    const before = await (atHead ??= judge(head));
    return before !== undefined && addsNothing(found, before) ? undefined : found;
  };
  const kept: Located[] = [];
  const dropped: Dropped[] = [];
  const sort = async (candidates: readonly Located[]): Promise<void> => {
    const why = await blame([...kept, ...candidates]);
    const [first] = candidates;
    if (why === undefined) kept.push(...candidates);
    else if (candidates.length === 1 && first !== undefined) dropped.push({ located: first, why });
    else {
      const half = Math.ceil(candidates.length / 2);
      await sort(candidates.slice(0, half));
      await sort(candidates.slice(half));
    }
  };
  await sort(all);
  return { kept, dropped };
}

function addsNothing(found: Evaluation, before: Evaluation): boolean {
  const known = new Set(before.reasons.map(({ code, message }) => `${code} ${message}`));
  return found.stage === before.stage && found.reasons.every(({ code, message }) => known.has(`${code} ${message}`));
}

function explain({ reasons, failing }: Evaluation): string {
  const [test] = failing;
  if (test !== undefined) return `the suggestion was tried, and with it this test fails: \`${test}\``;
  return `the suggestion was tried and refused: ${reasons[0]?.message ?? 'it does not hold'}`;
}

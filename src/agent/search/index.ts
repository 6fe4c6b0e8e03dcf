import { applyEdit, type Edit } from '../../core/mutate/edit.ts';
import { count } from '../../core/text.ts';
import type { Agent, AgentResult, AgentTask } from '../../ports.ts';
import { listCandidates, type Candidate } from './candidates.ts';
import { localize, type Location } from './localize.ts';
import { recall, undo, type Memory } from './memory.ts';
import { findRedTest, type FoundRed, type RedTest } from './red.ts';
import { reproductionFacts, survey } from './survey.ts';
import { describe, mustEnd, sizeOf, tryCandidates, type SearchLimits, type Trials } from './trials.ts';

/** A candidate costs about a second; 150 of them fit into the default time of a run with room to spare. */
const defaults: SearchLimits = { maxCandidates: 150, shareOfTime: 0.5 };

/**
 * An agent that needs no model: it takes a red test (of the baseline, or the report's own example), ranks the lines
 * that the test executes, and tries mechanical edits on them until one passes everything. It does not know what an
 * edit means and says so.
 */
export function searchAgent(limits: Partial<SearchLimits> = {}): Agent {
  return { name: 'search', work: (task) => work(task, { ...defaults, ...limits }) };
}

async function work(task: AgentTask, limits: SearchLimits): Promise<AgentResult> {
  const early = mustEnd(task);
  if (early !== undefined) return { end: early, summary: 'Ended before anything was run.' };
  const memories = recall(task);
  await undo(task, memories);
  const known = await survey(task);
  const found = await redTest(task, memories, () => reproductionFacts(task, known));
  const stopped = mustEnd(task);
  if (stopped !== undefined) return { end: stopped, summary: 'Ended before an edit was tried.' };
  if (!found.ok) return { end: 'gave-up', summary: await withoutRedTest(task, found.reason) };
  if (task.facts.testsOnly === true) return shown(found.red);
  const location = await localize(task, found.red, known);
  const candidates = await listCandidates(task, location, found.red);
  const skip = new Set(memories.flatMap(({ tried }) => tried));
  const trials = await tryCandidates(task, candidates, found.red, { ...limits, durationMs: location.durationMs, skip });
  const best = smallest(trials.passing);
  const left = best === undefined ? undefined : await leave(task, best);
  await task.record(memoryOf(trials, found.red, left));
  return best === undefined ? withoutFix(trials, candidates, location, found.red) : withFix(best, trials, found.red);
}

/** All that was asked for is there. */
function shown({ written, files }: RedTest): AgentResult {
  if (written === undefined)
    return { end: 'gave-up', summary: `No new test could be written: ${files.join(', ')} is red already.` };
  return { end: 'finished', summary: `The report's own example is the new test ${written}.` };
}

/** The red test of an earlier attempt, if it is still there; else a new one. */
async function redTest(
  task: AgentTask,
  memories: readonly Memory[],
  facts: Parameters<typeof findRedTest>[1],
): Promise<FoundRed> {
  const before = memories.findLast(({ red }) => red !== undefined)?.red;
  if (before === undefined) return findRedTest(task, facts);
  const run = await task.workspace.test({ files: before.files }, { signal: task.signal });
  const isRed = run.results.some(({ id, status }) => status === 'failed' && before.ids.includes(id));
  return isRed ? { ok: true, red: { ...before, run } } : findRedTest(task, facts);
}

/** The smallest edit; of equally small ones the best ranked, which comes first. */
const smallest = (passing: readonly Candidate[]): Candidate | undefined =>
  [...passing].sort((a, b) => sizeOf(a.edit) - sizeOf(b.edit))[0];

type Left = NonNullable<Memory['left']>;

async function leave(task: AgentTask, { edit, source }: Candidate): Promise<Left> {
  const after = applyEdit(source.text, edit);
  await task.workspace.files.write(edit.path, after);
  return { path: edit.path, before: source.text, after };
}

function memoryOf(trials: Trials, red: RedTest, left: Left | undefined): Memory {
  const { files, ids, written } = red;
  return {
    agent: 'search',
    tried: trials.tried,
    ...(left === undefined ? {} : { left }),
    red: { files: [...files], ids: [...ids], ...(written === undefined ? {} : { written }) },
  };
}

const kinds: Record<Edit['operator'], string> = {
  boundary: 'a boundary',
  comparison: 'a comparison',
  arithmetic: 'an arithmetic operator',
  logical: 'a logical operator',
  negation: 'a negated condition',
  number: 'a number',
  literal: 'a literal',
  'off-by-one': 'an offset of one',
  'swapped-arguments': 'the order of two arguments',
  'missing-argument': 'a missing argument',
  identifier: 'a name in scope',
  property: 'a property',
  'null-check': 'a check for a missing value',
  'early-return': 'an early return',
  'missing-return': 'a missing return',
  method: 'a method',
  await: 'a missing await',
};

function withFix(best: Candidate, trials: Trials, red: RedTest): AgentResult {
  const others = trials.passing.filter((candidate) => candidate !== best);
  const lines = [
    `Changed ${kinds[best.edit.operator]}: ${describe(best)}.`,
    red.written === undefined ? `Red test: ${red.files.join(', ')}.` : `The report's own example is the new test ${red.written}.`,
    `Found by trying ${count(trials.tried.length, 'mechanical edit')} without a model; all tests pass with it. Its meaning is unchecked: a person has to judge it.`,
  ];
  if (others.length > 0) lines.push(`These edits pass too: ${others.map(describe).join('; ')}.`);
  return { end: 'finished', summary: lines.join('\n') };
}

function withoutFix(trials: Trials, candidates: readonly Candidate[], location: Location, red: RedTest): AgentResult {
  const shown =
    red.written === undefined ? `${red.files.join(', ')} is red` : `Reproduced by the new test ${red.written}, which is kept`;
  const broke = trials.broke === 0 ? '' : ` ${count(trials.broke, 'edit')} turned it green but broke other tests.`;
  const summary = [
    `${shown}. Not fixed: ${trials.tried.length} of ${count(candidates.length, 'mechanical edit')} were tried, none passed everything.${broke}`,
    suspicious(location, candidates),
  ].join('\n');
  if (trials.ended === 'interrupted') return { end: 'interrupted', summary };
  return { end: trials.ended === 'limit' ? 'limit' : 'gave-up', summary };
}

const maxShown = 10;

/** The lines that were tried first: suspicious by what ran, and by what the report says. */
function suspicious({ lines }: Location, candidates: readonly Candidate[]): string {
  const order = new Set(candidates.map(({ edit }) => `${edit.path}:${edit.line}`));
  const known = new Map(lines.map(({ path, line, why }) => [`${path}:${line}`, why]));
  const places = [...order].slice(0, maxShown).map((place) => `- ${place} (${known.get(place) ?? 'unknown'})`);
  return places.length === 0 ? 'No line of the source could be tied to it.' : ['Most suspicious lines:', ...places].join('\n');
}

/** Nothing is red: the files that fit the report are all that can be said. */
async function withoutRedTest(task: AgentTask, reason: string): Promise<string> {
  const { suspects } = task.facts;
  const files = suspects.slice(0, maxShown).map((path) => `- ${path}`);
  return [`No red test: ${reason}.`, ...(files.length === 0 ? [] : ['Files that fit the report, best first:', ...files])].join(
    '\n',
  );
}

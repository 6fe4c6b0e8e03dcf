import { likelihoodOf, symptomOf, type Symptom } from '../../core/mutate/likelihood.ts';
import type { Edit } from '../../core/mutate/edit.ts';
import { wordsOf } from '../../core/mutate/names.ts';
import { proposeEdits } from '../../core/mutate/propose.ts';
import { enclosing, functionNames, isValidation, parse, type Source } from '../../core/mutate/syntax.ts';
import type { RepoPath } from '../../core/types.ts';
import type { AgentTask } from '../../ports.ts';
import type { Location } from './localize.ts';
import type { RedTest } from './red.ts';

export interface Candidate {
  edit: Edit;
  source: Source;
  score: number;
}

/** Most files that are edited; beyond them the ranking says too little. */
const maxFiles = 12;

/** What lowers or raises every edit of a place, besides its suspiciousness. */
const weights = {
  /** A validation that did not fire is seldom why a value is wrong. */
  validation: 0.3,
  /** Code that runs when a module is loaded runs in every test. */
  moduleLevel: 0.5,
  /** At most this much more where every word of the line is in the report. */
  words: 1.5,
};

/** Edits of the ranked lines, best first: suspiciousness of the line × likelihood of the edit. */
export async function listCandidates(task: AgentTask, location: Location, red: RedTest): Promise<Candidate[]> {
  const message = location.failure?.message ?? '';
  const symptom = symptomOf(message, location.failure?.type);
  const words = reportWords([task.facts.issue.title, task.facts.issue.body, message, ...red.ids].join('\n'));
  const candidates: Candidate[] = [];
  for (const [path, lines] of [...Map.groupBy(location.lines, (line) => line.path)].slice(0, maxFiles)) {
    const source = await readSource(task, path);
    if (source === undefined) continue;
    const scores = new Map(
      lines.map(({ line, score }) => [line, score * (1 + weights.words * shareOfWords(source, line, words))]),
    );
    for (const edit of proposeEdits(source, new Set(scores.keys()))) {
      const suspicion = (scores.get(edit.line) ?? 0) * weigh(source, edit, symptom);
      candidates.push({ edit, source, score: suspicion * likelihoodOf(edit.operator, symptom) * edit.fit });
    }
  }
  return candidates.sort((a, b) => b.score - a.score);
}

async function readSource(task: AgentTask, path: RepoPath): Promise<Source | undefined> {
  const answer = await task.workspace.files.read(path);
  // A file that is not UTF-8 would not come back byte for byte.
  return answer.ok && !answer.content.includes('\uFFFD') ? parse(path, answer.content) : undefined;
}

function weigh(source: Source, edit: Edit, symptom: Symptom): number {
  const isLoaded = enclosing(source.tree.resolveInner(edit.from, 1), functionNames) === undefined;
  const isUnfired = symptom !== 'thrown' && isValidation(source, edit.from);
  return (isLoaded ? weights.moduleLevel : 1) * (isUnfired ? weights.validation : 1);
}

/** Words of the report and the failure, in the forms in which code has them. */
function reportWords(text: string): Set<string> {
  return new Set([...wordsOf(text)].map(stem).filter((word) => word.length > 2));
}

const stem = (word: string): string => word.replace(/(?:ings?|ed|es|s)$/, '');

/** Share of a line's words that the report uses too, 0 to 1. */
function shareOfWords(source: Source, line: number, words: ReadonlySet<string>): number {
  const start = source.lineStarts[line - 1] ?? 0;
  const own = [...wordsOf(source.text.slice(start, source.lineStarts[line]))].map(stem).filter((word) => word.length > 2);
  return own.length === 0 ? 0 : own.filter((word) => words.has(word)).length / own.length;
}

import { likelihoodOf, symptomOf } from '../../core/mutate/likelihood.ts';
import type { Edit } from '../../core/mutate/edit.ts';
import { proposeEdits } from '../../core/mutate/propose.ts';
import { enclosing, functionNames, nameOfFunction, parse, type Source } from '../../core/mutate/syntax.ts';
import type { RankedLine } from '../../core/rank.ts';
import type { RepoPath } from '../../core/types.ts';
import type { AgentTask } from '../../ports.ts';
import type { Location } from './localize.ts';

export interface Candidate {
  edit: Edit;
  source: Source;
  score: number;
}

/** Most files that are edited; beyond them the ranking says too little. */
const maxFiles = 12;
/** The report often names the function that is wrong, or one close to it. */
const named = 1.15;

/** Edits of the ranked lines, best first: suspiciousness of the line × likelihood of the edit. */
export async function listCandidates(task: AgentTask, location: Location): Promise<Candidate[]> {
  const symptom = symptomOf(location.failure?.message ?? '', location.failure?.type);
  const report = `${task.facts.issue.title}\n${task.facts.issue.body}`;
  const candidates: Candidate[] = [];
  for (const [path, lines] of [...Map.groupBy(location.lines, (line) => line.path)].slice(0, maxFiles)) {
    const source = await readSource(task, path);
    if (source === undefined) continue;
    const scores = new Map(lines.map((line: RankedLine) => [line.line, line.score]));
    for (const edit of proposeEdits(source, new Set(scores.keys()))) {
      const suspicion = (scores.get(edit.line) ?? 0) * (isNamed(source, edit, report) ? named : 1);
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

function isNamed(source: Source, edit: Edit, report: string): boolean {
  const host = enclosing(source.tree.resolveInner(edit.from, 1), functionNames);
  const name = host === undefined ? undefined : nameOfFunction(source, host);
  return name !== undefined && name.length > 2 && report.includes(name);
}

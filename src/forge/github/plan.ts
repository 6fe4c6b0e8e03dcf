import type { PlannedCall, RoundStep } from '../../ports.ts';
import { partsPerDocument, planLock, read, write } from './calls.ts';
import { afterPart, missingLabels, partsFor, type Seen } from './mark.ts';
import type { MarkPart } from './documents.ts';

/** What each step of a run comes to at GitHub: the calls that the adapter makes for it, in their order. */

/** Whose run it is. */
interface Plan {
  slug: string;
  branch: string;
  /** What the `n`th look asks, counted from 0. */
  look: (n: number, step: { stale?: boolean }) => PlannedCall[];
  /** What is locked where there is no issue. */
  place?: Parameters<typeof planLock>[1];
}

/** Plans from what the newest look saw of the issue, if there is one; every step is planned on what the ones before it will have done. */
export function planCalls(plan: Plan, first: Seen | undefined, steps: readonly RoundStep[]): PlannedCall[] {
  const calls: PlannedCall[] = [];
  let seen = first;
  let looks = 0;
  for (const step of steps) {
    if (step.do === 'look') calls.push(...plan.look(looks++, step));
    if (step.do === 'unlock') calls.push(...plan.look(looks++, {}));
    calls.push(...planStep(plan, step), ...(seen === undefined ? planPlace(plan, step) : planIssue(plan, seen, step)));
    seen = seen === undefined ? undefined : after(seen, step);
  }
  return calls;
}

function planStep({ slug, branch }: Plan, step: RoundStep): PlannedCall[] {
  switch (step.do) {
    case 'fetch':
      return [read('git fetch', `${branch}, as it is there`)];
    case 'log':
      return [read(`REST GET /repos/${slug}/actions/jobs/${step.job}/logs`, 'the end of what a failed job printed')];
    case 'push':
      return [write('git push', `${branch}, only with a proof`, step.perhaps)];
    case 'open':
      return [write('GraphQL mutation OpenChange', 'the draft pull request; also tells who wrote the changed lines')];
    case 'unlock':
      return [write('GraphQL mutation Release', 'the lock released')];
    case 'draft':
      return [write('GraphQL mutation Turn', 'back to a draft, before another head', step.perhaps)];
    case 'answer':
      return planAnswer(step);
    case 'resolve':
      return documents(step.threads).map(() => write('GraphQL mutation Answer', 'threads to resolve', step.perhaps));
    default:
      return [];
  }
}

/** Replies, and behind them the new text of the change. */
function planAnswer({ replies, text }: Extract<RoundStep, { do: 'answer' }>): PlannedCall[] {
  const sure = documents(replies + (text === 'yes' ? 1 : 0)).length;
  const most = documents(replies + (text === 'no' ? 0 : 1)).length;
  const why = replies === 0 ? 'the new text' : text === 'no' ? 'replies' : 'replies and the new text';
  return Array.from({ length: most }, (_, index) => write('GraphQL mutation Answer', why, index >= sure));
}

function documents(parts: number): undefined[] {
  return Array.from({ length: Math.ceil(parts / partsPerDocument) });
}

function planPlace({ slug, place }: Plan, step: RoundStep): PlannedCall[] {
  return step.do === 'lock' && place !== undefined ? planLock(slug, place) : [];
}

/** Steps at the issue. */
function planIssue({ slug }: Plan, seen: Seen, step: RoundStep): PlannedCall[] {
  if (step.do === 'mark') {
    return documentsOf(seen, step.marks).map((parts) => write('GraphQL mutation Mark', parts.map(describePart).join(', ')));
  }
  return step.do === 'lock' ? planLock(slug, seen) : [];
}

function documentsOf(seen: Seen, marks: Extract<RoundStep, { do: 'mark' }>['marks']): MarkPart[][] {
  const missing = missingLabels(seen, marks);
  const known = missing.reduce((before, part) => afterPart(before, part, imagined(part)), seen);
  return [missing, partsFor(known, marks)].filter((parts) => parts.length > 0);
}

/** The state that the next step starts from. */
function after(seen: Seen, step: RoundStep): Seen {
  if (step.do === 'lock') return { ...seen, standing: { ...seen.standing, lock: step.holder } };
  if (step.do !== 'mark') return seen;
  return documentsOf(seen, step.marks)
    .flat()
    .reduce((before, part) => afterPart(before, part, imagined(part)), seen);
}

/** What GitHub would answer, as far as the next step depends on it. */
function imagined(part: MarkPart): Parameters<typeof afterPart>[2] {
  if (part.field === 'createLabel') return { label: { id: part.input.name, name: part.input.name } };
  return part.field === 'addComment' ? { commentEdge: { node: { id: 'planned', url: '' } } } : {};
}

const words: Record<MarkPart['field'], string> = {
  addLabelsToLabelable: 'labels on',
  removeLabelsFromLabelable: 'labels off',
  removeAssigneesFromAssignable: 'assignee off',
  createLabel: 'new label',
  addComment: 'comment',
  updateIssueComment: 'status comment',
  updateRefs: 'the lock released',
};

function describePart({ field }: MarkPart): string {
  return words[field];
}

import type { ForgeStep, PlannedCall } from '../../ports.ts';
import { afterPart, missingLabels, partsFor, type Seen } from './mark.ts';
import type { MarkPart } from './documents.ts';

/** What each step of a run comes to at GitHub: the calls that the adapter makes for it, in their order. */

/** Plans from what the newest look saw; every step is planned on what the ones before it will have done. */
export function planCalls(slug: string, first: Seen, steps: readonly ForgeStep[]): PlannedCall[] {
  const calls: PlannedCall[] = [];
  let seen = first;
  for (const step of steps) {
    calls.push(...planStep(slug, seen, step));
    seen = after(seen, step);
  }
  return calls;
}

function planStep(slug: string, seen: Seen, step: ForgeStep): PlannedCall[] {
  const { branch, lock } = seen.standing;
  switch (step.do) {
    case 'look':
      return [
        read('GraphQL query Standing', step.stale === true ? 'the same again, unless it is fresh' : 'all about the issue', step),
      ];
    case 'lock':
      return [
        write(`REST POST /repos/${slug}/git/commits`, 'a commit that names the run'),
        lock === undefined
          ? write(`REST POST /repos/${slug}/git/refs`, `the lock ${seen.lockRef}`)
          : write(`REST PATCH /repos/${slug}/git/refs/${seen.lockRef.replace(/^refs\//, '')}`, 'the lock, taken over'),
      ];
    case 'fetch':
      return [read('git fetch', `${branch}, what an earlier run left`)];
    case 'push':
      return [write('git push', `${branch}, only with a proof`)];
    case 'open':
      return [write('GraphQL mutation OpenChange', 'the draft pull request; also tells who wrote the changed lines')];
    default:
      return documentsOf(seen, step.marks).map((parts) => write('GraphQL mutation Mark', parts.map(describePart).join(', ')));
  }
}

function documentsOf(seen: Seen, marks: Extract<ForgeStep, { do: 'mark' }>['marks']): MarkPart[][] {
  const missing = missingLabels(seen, marks);
  const known = missing.reduce((before, part) => afterPart(before, part, imagined(part)), seen);
  return [missing, partsFor(known, marks)].filter((parts) => parts.length > 0);
}

/** The state that the next step starts from. */
function after(seen: Seen, step: ForgeStep): Seen {
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

function read(call: string, why: string, { stale }: { stale?: boolean } = {}): PlannedCall {
  return { kind: 'read', call, why, ...(stale === true ? { maybe: true } : {}) };
}

function write(call: string, why: string): PlannedCall {
  return { kind: 'write', call, why };
}

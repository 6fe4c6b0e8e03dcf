import type { GateStep, PlannedCall } from '../../ports.ts';

/** Single calls, as a plan names them; loads nothing, because the gate has to start quickly. */

/** Effects of one document: GitHub counts content of a minute, and a document must end before its time-out. */
export const partsPerDocument = 40;

export function read(call: string, why: string, maybe = false): PlannedCall {
  return { kind: 'read', call, why, ...(maybe ? { maybe } : {}) };
}

export function write(call: string, why: string, maybe = false): PlannedCall {
  return { kind: 'write', call, why, ...(maybe ? { maybe } : {}) };
}

/** Taking the lock where nobody is beside us. */
export function planLock(slug: string, { lockRef, standing }: { lockRef: string; standing: { lock?: unknown } }): PlannedCall[] {
  return [
    write(`REST POST /repos/${slug}/git/commits`, 'a commit that names the run'),
    standing.lock === undefined
      ? write(`REST POST /repos/${slug}/git/refs`, `the lock ${lockRef}`)
      : write(`REST PATCH /repos/${slug}/git/refs/${lockRef.replace(/^refs\//, '')}`, 'the lock, taken over'),
  ];
}

/** The calls of one question where nobody asks beside us. */
export function planAsk(slug: string, number: number, { means, branchPrefix }: Extract<GateStep, { do: 'ask' }>): PlannedCall[] {
  if (means === 'request') return [write(`REST POST /repos/${slug}/pulls/${number}/requested_reviewers`, 'asks for a review')];
  return [
    read('GraphQL query Comments', 'whether it was asked'),
    ...planLock(slug, { lockRef: askLockOf(branchPrefix, number), standing: {} }),
    read('GraphQL query Comments', 'the same again, under the lock'),
    write(`REST POST /repos/${slug}/issues/${number}/comments`, 'asks for a review'),
    write('GraphQL mutation Release', 'the lock released'),
  ];
}

/** The ref that keeps two apart who ask for a review of the same change. */
export function askLockOf(branchPrefix: string, number: number): string {
  return `refs/heads/${branchPrefix}locks/ask-${number}`;
}

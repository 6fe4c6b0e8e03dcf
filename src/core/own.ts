/** What of a change's checks is by bugloop itself: it is never evidence, and never work. */

/** Under this name our own word is posted. It is never evidence for itself, whoever wrote it. */
export const ownCheck = 'bugloop/gate';

/** The word of the gate, and the votes of whatever else of bugloop has one. */
export function isOwnVote(name: string): boolean {
  return name.startsWith('bugloop/');
}

/** A workflow that starts bugloop, by its path in the repository, sometimes with `@<ref>` behind. */
export function isOwnWorkflow(path: string | null | undefined): boolean {
  return /^\.github\/workflows\/bugloop(?:-(?:dispatch|review|gate))?\.ya?ml(?:@|$)/.test(path ?? '');
}

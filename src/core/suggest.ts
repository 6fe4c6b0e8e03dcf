import { distance } from 'fastest-levenshtein';

/** The candidate that `written` was probably meant to be: about a third of it may be wrong. */
export function suggest(written: string, candidates: readonly string[]): string | undefined {
  const ranked = candidates
    .map((candidate) => ({ candidate, wrong: distance(plain(written), plain(candidate)) }))
    .sort((a, b) => a.wrong - b.wrong);
  const best = ranked[0];
  return best !== undefined && best.wrong <= Math.max(1, plain(written).length * 0.35) ? best.candidate : undefined;
}

function plain(text: string): string {
  return text.toLowerCase().replaceAll(/[-_]/g, '');
}

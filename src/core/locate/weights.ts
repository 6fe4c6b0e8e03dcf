import type { Weights } from './features.ts';

/**
 * Fitted by `bench/locate/fit.ts` on one half of 303 real bugs, those of an even hash: the likelihood of the files that
 * were changed, against the other candidates of their trees, both sets of bugs counting the same. No sign may count
 * against a file but those that say what kind of file it is. The other half only measures.
 */
export const weights: Weights = {
  titleText: 2.45,
  outcomeText: 1.66,
  allText: 0.61,
  coverage: 0.28,
  proseName: 0.41,
  outcomeName: 0.68,
  setupName: 0.67,
  tellingName: 0.98,
  tellingWhole: 2.7,
  setupWhole: 2.26,
  tellingSetup: 2.79,
  titleFolder: 2.03,
  proseFolder: 1.22,
  outcomeFolder: 1.22,
  codeFolder: 1.13,
  wordDefines: 0.2,
  frameLast: 3.3,
  frameOther: 0.4,
  mention: 1.68,
  dotted: 1.03,
  notProgram: -2.84,
  isConfig: 0.45,
  isEntry: -0.36,
  isAside: -2.43,
  size: 0.69,
  popularity: -2.05,
  importedBy: 0.89,
  imports: -0.38,
  chunk: 0.95,
  chunks: 0.88,
  literal: 0.38,
  exact: 0.9,
};

/**
 * What speaks for a file. Each sign has its own measure, mostly between 0 and 1; `weights` makes one score of them.
 * Signs of a report's part come once per part (`titleText`, `proseText`, …), because a word in the title says more than
 * one in a pasted configuration. The numbers are columns.
 */
export const column = {
  // BM25 of the words of one part of the report, as a share of the best file's.
  titleText: 0,
  proseText: 1,
  outcomeText: 2,
  codeText: 3,
  setupText: 4,
  // The share of the file's name that the part says.
  titleName: 5,
  proseName: 6,
  outcomeName: 7,
  codeName: 8,
  setupName: 9,
  // The part says the whole name.
  titleWhole: 10,
  proseWhole: 11,
  outcomeWhole: 12,
  codeWhole: 13,
  setupWhole: 14,
  titleFolder: 15,
  proseFolder: 16,
  outcomeFolder: 17,
  codeFolder: 18,
  // The file defines a name that the part uses.
  titleDefines: 19,
  proseDefines: 20,
  codeDefines: 21,
  wordDefines: 22,
  definesBoth: 23,
  said: 24,
  // The report names the file: in a stack trace, by path, as a module.
  frameLast: 25,
  frameOther: 26,
  mention: 27,
  dottedTitle: 28,
  dottedProse: 29,
  dottedCode: 30,
  // What the path and the size say without the report.
  notProgram: 31,
  isConfig: 32,
  isEntry: 33,
  isAside: 34,
  size: 35,
  // Neighbours of the best files.
  importedBy: 36,
  imports: 37,
  sibling: 38,
  // Seen in the text itself: the best 50 lines, the best three times 50, messages word by word, names letter by letter.
  chunk: 39,
  chunks: 40,
  literal: 41,
  exact: 42,
  // All parts together.
  allText: 43,
  coverage: 44,
  anyName: 45,
  anyWhole: 46,
} as const;
export type Feature = keyof typeof column;
export const width = Object.keys(column).length;

/** One row of features per file. */
export interface Matrix {
  rows: number;
  values: Float64Array;
}

export function newMatrix(rows: number): Matrix {
  return { rows, values: new Float64Array(rows * width) };
}

export function read(matrix: Matrix, row: number, feature: Feature): number {
  return matrix.values[row * width + column[feature]] ?? 0;
}

export function add(matrix: Matrix, row: number, feature: Feature, value: number): void {
  const at = row * width + column[feature];
  matrix.values[at] = (matrix.values[at] ?? 0) + value;
}

export function raise(matrix: Matrix, row: number, feature: Feature, value: number): void {
  const at = row * width + column[feature];
  matrix.values[at] = Math.max(matrix.values[at] ?? 0, value);
}

/** Divides a column by its largest value in `rows`, so that reports of any length compare. */
export function toShare(matrix: Matrix, rows: Iterable<number>, feature: Feature): void {
  const all = [...rows];
  let most = 0;
  for (const row of all) most = Math.max(most, read(matrix, row, feature));
  if (most > 0) for (const row of all) matrix.values[row * width + column[feature]] = read(matrix, row, feature) / most;
}

export type Weights = Readonly<Record<Feature, number>>;

/** The weighted sum of one row. */
export function scoreRow(matrix: Matrix, row: number, weights: Float64Array): number {
  let score = 0;
  for (let at = 0; at < width; at++) score += (matrix.values[row * width + at] ?? 0) * (weights[at] ?? 0);
  return score;
}

/** In the order of the columns. */
export function asVector(weights: Weights): Float64Array {
  return Float64Array.from(Object.values({ ...column, ...weights }));
}

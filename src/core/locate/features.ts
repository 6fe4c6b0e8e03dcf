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
const width = Object.keys(column).length;

/** One row of features per file; kept by column, as most is done column by column. */
export interface Matrix {
  rows: number;
  values: Float64Array;
}

export function newMatrix(rows: number): Matrix {
  return { rows, values: new Float64Array(rows * width) };
}

export function read({ rows, values }: Matrix, row: number, feature: Feature): number {
  return values[column[feature] * rows + row] ?? 0;
}

/** Some rows of a matrix, in the order given. */
export function pick({ rows, values }: Matrix, picked: readonly number[]): Matrix {
  const small = newMatrix(picked.length);
  for (let nth = 0; nth < width; nth++)
    for (const [at, row] of picked.entries()) small.values[nth * picked.length + at] = values[nth * rows + row] ?? 0;
  return small;
}

/** In the order of the columns. */
export function readRow({ rows, values }: Matrix, row: number): number[] {
  return Array.from({ length: width }, (_, nth) => values[nth * rows + row] ?? 0);
}

export function add({ rows, values }: Matrix, row: number, feature: Feature, value: number): void {
  const at = column[feature] * rows + row;
  values[at] = (values[at] ?? 0) + value;
}

export function raise({ rows, values }: Matrix, row: number, feature: Feature, value: number): void {
  const at = column[feature] * rows + row;
  if (value > (values[at] ?? 0)) values[at] = value;
}

/** Divides columns by their largest value, so that reports of any length compare. */
export function toShare({ rows, values }: Matrix, features: readonly Feature[]): void {
  for (const feature of features) {
    const own = values.subarray(column[feature] * rows, (column[feature] + 1) * rows);
    let most = 0;
    for (let row = 0; row < rows; row++) most = Math.max(most, own[row] ?? 0);
    if (most > 0) for (let row = 0; row < rows; row++) own[row] = (own[row] ?? 0) / most;
  }
}

export type Weights = Readonly<Record<Feature, number>>;

/** The weighted sum of every row. */
export function scoreRows({ rows, values }: Matrix, weights: Float64Array): Float64Array {
  const scores = new Float64Array(rows);
  for (let nth = 0; nth < width; nth++) {
    const weight = weights[nth] ?? 0;
    if (weight === 0) continue;
    const own = values.subarray(nth * rows, (nth + 1) * rows);
    for (let row = 0; row < rows; row++) scores[row] = (scores[row] ?? 0) + (own[row] ?? 0) * weight;
  }
  return scores;
}

/** In the order of the columns. */
export function asVector(weights: Weights): Float64Array {
  return Float64Array.from(Object.values({ ...column, ...weights }));
}

/**
 * What speaks for a file. Each sign has its own measure, mostly between 0 and 1; `weights` makes one score of them. Signs
 * of a report's part come once per part where that helps, because a word in the title says more than one in a pasted
 * configuration. The numbers are columns.
 */
export const column = {
  // BM25 of the words of one part of the report and of all, as a share of the best file's.
  titleText: 0,
  outcomeText: 1,
  allText: 2,
  // How many of the words it has at all.
  coverage: 3,
  // The share of the file's name that the part says.
  proseName: 4,
  outcomeName: 5,
  setupName: 6,
  // The same for all parts but setup, by how rare what is said is in the texts, and whether it is the whole name.
  tellingName: 7,
  tellingWhole: 8,
  setupWhole: 9,
  tellingSetup: 10,
  titleFolder: 11,
  proseFolder: 12,
  outcomeFolder: 13,
  codeFolder: 14,
  // The file defines what the report says as a mere word.
  wordDefines: 15,
  // The report names the file: in a stack trace, by path, as a module.
  frameLast: 16,
  frameOther: 17,
  mention: 18,
  dotted: 19,
  // What the path, the size, and the files that import it say without the report.
  notProgram: 20,
  isConfig: 21,
  isEntry: 22,
  isAside: 23,
  size: 24,
  popularity: 25,
  // Neighbours of the best files.
  importedBy: 26,
  imports: 27,
  // Seen in the text itself: the best 50 lines, the best three times 50, messages word by word, names letter by letter.
  chunk: 28,
  chunks: 29,
  literal: 30,
  exact: 31,
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

import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { z } from 'zod';
import { isTraining } from './corpus.ts';

/**
 * Fits the weights of `core/locate` on the training half: the likelihood of the changed files among the candidates
 * (a softmax over the shortlist), each set of bugs counting the same, with a penalty on large weights. How large is
 * decided inside that half too, by four-fold cross-validation: the sum of all shares within the first 1, 5 and 10. Prints the weights, for `src/core/locate/weights.ts`, and what they reach on both halves.
 *
 *   node bench/locate/accuracy.ts … --features .cache/features.json
 *   node bench/locate/fit.ts .cache/features.json
 *
 * The shortlist itself depends on the weights: fit again after they changed much.
 */
const sampleSchema = z.object({
  id: z.string(),
  set: z.string(),
  gold: z.array(z.number()),
  missed: z.number(),
  rows: z.array(z.array(z.number())),
});
type Sample = z.infer<typeof sampleSchema>;

const { positionals } = parseArgs({ allowPositionals: true });
const content = await readFile(positionals[0] ?? '.cache/features.json', 'utf8');
const { features, samples } = z
  .object({ features: z.array(z.string()), samples: z.array(sampleSchema) })
  .parse(JSON.parse(content));

/** Signs that may count against a file; any other is evidence for it or nothing. */
const mayCountAgainst = new Set(['notProgram', 'isConfig', 'isEntry', 'isAside', 'size', 'imports', 'sibling']);
const steps = 250;
const penalties = [0.0005, 0.001, 0.002, 0.004, 0.008];
const folds = 4;

const training = samples.filter(({ id }) => isTraining(id));
const heldOut = samples.filter(({ id }) => !isTraining(id));
const judged = penalties.map((penalty) => ({ penalty, ...crossValidate(penalty) }));
console.table(judged);
const [best] = judged.toSorted((a, b) => b.sum - a.sum);
const weights = fit(training, best?.penalty ?? 0.004);
console.log(features.map((name, at) => `  ${name}: ${Math.round((weights[at] ?? 0) * 100) / 100},`).join('\n'));
console.table(
  ['swe-bench-lite', 'bugsjs'].flatMap((set) =>
    Object.entries({ training, heldOut, all: samples }).map(([half, own]) => {
      const those = own.filter((sample) => sample.set === set);
      return { set, half, ...Object.fromEntries([1, 5, 10].map((most) => [`top${most}`, within(those, weights, most)])) };
    }),
  ),
);

/** Shares of the two sets within the first 1, 5 and 10, each issue judged by weights that were fitted without it. */
function crossValidate(penalty: number): { sum: number; top1: number; top5: number; top10: number } {
  const shares = { top1: 0, top5: 0, top10: 0 };
  for (let fold = 0; fold < folds; fold++) {
    const isIn = ({ id }: Sample) => (createHash('sha256').update(id).digest()[1] ?? 0) % folds === fold;
    const own = fit(
      training.filter((sample) => !isIn(sample)),
      penalty,
    );
    for (const sample of training.filter(isIn)) {
      const part = partOf(sample, training);
      for (const most of [1, 5, 10] as const) shares[`top${most}`] += part * within([sample], own, most);
    }
  }
  return { sum: shares.top1 + shares.top5 + shares.top10, ...shares };
}

/** What one issue counts, so that both sets count the same. */
function partOf({ set }: Sample, own: readonly Sample[]): number {
  const sets = new Set(own.map((sample) => sample.set)).size;
  return 1 / (sets * own.filter((sample) => sample.set === set).length);
}

/** Gradient descent with Adam; D. Kingma and J. Ba, 2015. */
function fit(own: readonly Sample[], penalty: number): number[] {
  const weights = features.map(() => 0.1);
  const mean = features.map(() => 0);
  const variance = features.map(() => 0);
  const parts = own.map((sample) => partOf(sample, own));
  for (let step = 1; step <= steps; step++) {
    const gradient = weights.map((weight) => penalty * weight);
    own.forEach((sample, at) => addGradient(sample, weights, gradient, parts[at] ?? 0));
    const rate = step < steps / 2 ? 0.1 : 0.02;
    weights.forEach((weight, at) => {
      const slope = gradient[at] ?? 0;
      const first = (mean[at] = 0.9 * (mean[at] ?? 0) + 0.1 * slope);
      const second = (variance[at] = 0.999 * (variance[at] ?? 0) + 0.001 * slope ** 2);
      const change = first / (1 - 0.9 ** step) / (Math.sqrt(second / (1 - 0.999 ** step)) + 1e-8);
      const next = weight - rate * change;
      weights[at] = mayCountAgainst.has(features[at] ?? '') ? next : Math.max(0, next);
    });
  }
  return weights;
}

function addGradient({ rows, gold }: Sample, weights: readonly number[], gradient: number[], part: number): void {
  if (gold.length === 0) return;
  const chances = chancesOf(rows, weights);
  rows.forEach((row, at) => {
    const error = (chances[at] ?? 0) - (gold.includes(at) ? 1 / gold.length : 0);
    if (Math.abs(error) < 1e-5) return;
    for (let column = 0; column < row.length; column++) {
      const value = row[column] ?? 0;
      if (value !== 0) gradient[column] = (gradient[column] ?? 0) + error * value * part;
    }
  });
}

function scoresOf(rows: Sample['rows'], weights: readonly number[]): number[] {
  return rows.map((row) => row.reduce((sum, value, at) => sum + value * (weights[at] ?? 0), 0));
}

function chancesOf(rows: Sample['rows'], weights: readonly number[]): number[] {
  const scores = scoresOf(rows, weights);
  const most = Math.max(...scores);
  const powers = scores.map((score) => Math.exp(score - most));
  const all = powers.reduce((sum, power) => sum + power, 0);
  return powers.map((power) => power / all);
}

/** Per cent of the issues with all changed files among the first `most`. */
function within(own: readonly Sample[], weights: readonly number[], most: number): number {
  const hits = own.filter(({ rows, gold, missed }) => {
    const scores = scoresOf(rows, weights);
    const place = (at: number) => scores.filter((score) => score > (scores[at] ?? 0)).length;
    return missed === 0 && gold.length <= most && gold.every((at) => place(at) < most);
  });
  return Math.round((1_000 * hits.length) / Math.max(1, own.length)) / 10;
}

import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { z } from 'zod';
import { isTraining } from './corpus.ts';

/**
 * Fits the weights of `core/locate` on the training half: the likelihood of the changed files among the candidates
 * (a softmax over the shortlist), with a penalty on large weights. How large is decided inside that half too, by
 * four-fold cross-validation. Prints the weights, for `src/core/locate/weights.ts`, and what they reach on both halves.
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
const steps = 300;
const penalties = [0.001, 0.002, 0.004, 0.008];
const folds = 4;

const training = samples.filter(({ id }) => isTraining(id));
const heldOut = samples.filter(({ id }) => !isTraining(id));
const judged = penalties.map((penalty) => ({ penalty, ...crossValidate(penalty) }));
console.table(judged);
const [best] = judged.toSorted((a, b) => a.loss - b.loss);
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

function crossValidate(penalty: number): { loss: number; top1: number; top5: number; top10: number } {
  const sums = { loss: 0, top1: 0, top5: 0, top10: 0 };
  for (let fold = 0; fold < folds; fold++) {
    const isIn = ({ id }: Sample) => (createHash('sha256').update(id).digest()[1] ?? 0) % folds === fold;
    const held = training.filter(isIn);
    const own = fit(
      training.filter((sample) => !isIn(sample)),
      penalty,
    );
    const part = held.length / training.length;
    sums.loss += part * (held.reduce((sum, sample) => sum + lossOf(sample, own), 0) / held.length);
    for (const most of [1, 5, 10] as const) sums[`top${most}`] += part * within(held, own, most);
  }
  return sums;
}

/** Gradient descent with Adam; D. Kingma and J. Ba, 2015. */
function fit(own: readonly Sample[], penalty: number): number[] {
  const weights = features.map(() => 0.1);
  const mean = features.map(() => 0);
  const variance = features.map(() => 0);
  for (let step = 1; step <= steps; step++) {
    const gradient = weights.map((weight) => penalty * weight);
    for (const sample of own) addGradient(sample, weights, gradient, own.length);
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

function addGradient({ rows, gold }: Sample, weights: readonly number[], gradient: number[], count: number): void {
  if (gold.length === 0) return;
  const chances = chancesOf(rows, weights);
  rows.forEach((row, at) => {
    const error = (chances[at] ?? 0) - (gold.includes(at) ? 1 / gold.length : 0);
    if (Math.abs(error) < 1e-5) return;
    for (let column = 0; column < row.length; column++) {
      const value = row[column] ?? 0;
      if (value !== 0) gradient[column] = (gradient[column] ?? 0) + (error * value) / count;
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

function lossOf({ rows, gold }: Sample, weights: readonly number[]): number {
  const chances = chancesOf(rows, weights);
  return gold.reduce((sum, at) => sum - Math.log(Math.max(1e-12, chances[at] ?? 0)), 0) / Math.max(1, gold.length);
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

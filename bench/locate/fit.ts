import { createHash } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { column } from '../../src/core/locate/features.ts';
import { measureAccuracy, shares, type Located } from './accuracy.ts';
import { readCases } from './corpus.ts';

/**
 * Fits the weights of `core/locate` on the training half: the likelihood of the changed files among the candidates (a
 * softmax over the shortlist), each set of bugs counting the same, with a penalty on large weights. How large is decided
 * inside that half too, by four-fold cross-validation done twice: the sum of all shares within the first 1, 5 and 10. Prints
 * the weights, for `src/core/locate/weights.ts`, and writes what the weights that are there reach, and what each group of
 * signs is worth, into docs/localization.md. Needs the issues and clones of their repositories.
 *
 *   node bench/locate/fit.ts --data localization.jsonl.gz --mirrors clones/ [--alias django/django=a-fork/django]
 *
 * The shortlist itself depends on the weights: fit again after they changed much.
 */
const { values: flags } = parseArgs({
  options: {
    data: { type: 'string', default: '' },
    mirrors: { type: 'string', default: '' },
    alias: { type: 'string', multiple: true, default: [] },
  },
});
if (flags.data === '' || flags.mirrors === '') {
  process.stderr.write('fit: give --data <issues.jsonl.gz> and --mirrors <directory of clones>\n');
  process.exit(2);
}
const aliases = new Map(flags.alias.map((alias) => [alias.slice(0, alias.indexOf('=')), alias.slice(alias.indexOf('=') + 1)]));
const located = await measureAccuracy(await readCases(flags.data), flags.mirrors, aliases, (line) =>
  process.stderr.write(`${line}\n`),
);

const features = Object.keys(column);
/** Signs that may count against a file; any other is evidence for it or nothing. */
const mayCountAgainst = new Set(['notProgram', 'isConfig', 'isEntry', 'isAside', 'size', 'popularity', 'imports']);
const groups: Record<string, readonly string[]> = {
  'words of the parts': ['titleText', 'outcomeText'],
  'words of all': ['allText', 'coverage'],
  'names of files': ['proseName', 'outcomeName', 'tellingName', 'tellingWhole'],
  'names of files in settings': ['setupName', 'setupWhole', 'tellingSetup'],
  folders: ['titleFolder', 'proseFolder', 'outcomeFolder', 'codeFolder'],
  definitions: ['wordDefines'],
  'stack frames': ['frameLast', 'frameOther'],
  'paths and modules': ['mention', 'dotted'],
  'kind of file': ['notProgram', 'isConfig', 'isEntry', 'isAside', 'size'],
  'who imports whom': ['popularity', 'importedBy', 'imports'],
  'best lines': ['chunk', 'chunks'],
  'messages and names in the text': ['literal', 'exact'],
};
const sets = ['swe-bench-lite', 'bugsjs'];
const tops = [1, 5, 10] as const;
const steps = { crossValidated: 150, final: 250 };
const penalties = [0.0005, 0.001, 0.002, 0.004];
const folds = 4;

/** One issue as the fit reads it. */
interface Sample extends Located {
  values: Float64Array;
}
const training = located
  .filter((each) => each.training)
  .map((each): Sample => ({ ...each, values: Float64Array.from(each.rows.flat()) }));

const judged = penalties.map((penalty) => ({ penalty, ...crossValidate(penalty, []) }));
console.table(judged.map(({ shares: own, ...rest }) => ({ ...rest, shares: own.join(' / ') })));
const chosen = judged.toSorted((a, b) => b.sum - a.sum)[0]?.penalty ?? 0.001;
const fitted = fit(training, chosen, [], steps.final);
console.log(features.map((name, at) => `  ${name}: ${Math.round((fitted[at] ?? 0) * 100) / 100},`).join('\n'));
const ablated = Object.entries(groups).map(([group, without]) => ({ group, ...crossValidate(chosen, without) }));
await writeDocs();

/** Shares of the two sets within the first 1, 5 and 10, each issue judged by weights that were fitted without it. */
function crossValidate(penalty: number, without: readonly string[]): { shares: number[]; sum: number } {
  const hits = sets.map(() => tops.map(() => 0));
  for (const byte of [1, 2]) {
    for (let fold = 0; fold < folds; fold++) {
      const isIn = ({ id }: Sample) => (createHash('sha256').update(id).digest()[byte] ?? 0) % folds === fold;
      const weights = fit(
        training.filter((sample) => !isIn(sample)),
        penalty,
        without,
        steps.crossValidated,
      );
      for (const sample of training.filter(isIn)) {
        const own = hits[sets.indexOf(sample.set)] ?? [];
        tops.forEach((most, at) => {
          if (isWithin(sample, weights, most)) own[at] = (own[at] ?? 0) + 1;
        });
      }
    }
  }
  const shares = hits.flatMap((own, at) => {
    const all = training.filter(({ set }) => set === sets[at]).length;
    return own.map((count) => Math.round((1_000 * count) / 2 / all) / 10);
  });
  return { shares, sum: Math.round(10 * shares.reduce((sum, share) => sum + share, 0)) / 10 };
}

/** Gradient descent with Adam; D. Kingma and J. Ba, 2015. */
function fit(own: readonly Sample[], penalty: number, without: readonly string[], rounds: number): Float64Array {
  const width = features.length;
  const used = features.map((name) => !without.includes(name));
  const weights = Float64Array.from(used, (is) => (is ? 0.1 : 0));
  const [mean, variance] = [new Float64Array(width), new Float64Array(width)];
  const count = new Map(sets.map((set) => [set, own.filter((sample) => sample.set === set).length]));
  for (let step = 1; step <= rounds; step++) {
    const gradient = weights.map((weight) => penalty * weight);
    for (const sample of own) addGradient(sample, weights, gradient, 1 / (sets.length * (count.get(sample.set) ?? 1)));
    const rate = step < rounds / 2 ? 0.1 : 0.02;
    for (let at = 0; at < width; at++) {
      if (used[at] !== true) continue;
      const slope = gradient[at] ?? 0;
      const first = (mean[at] = 0.9 * (mean[at] ?? 0) + 0.1 * slope);
      const second = (variance[at] = 0.999 * (variance[at] ?? 0) + 0.001 * slope ** 2);
      const change = first / (1 - 0.9 ** step) / (Math.sqrt(second / (1 - 0.999 ** step)) + 1e-8);
      const next = (weights[at] ?? 0) - rate * change;
      weights[at] = mayCountAgainst.has(features[at] ?? '') ? next : Math.max(0, next);
    }
  }
  return weights;
}

function addGradient(sample: Sample, weights: Float64Array, gradient: Float64Array, part: number): void {
  const { gold, values } = sample;
  if (gold.length === 0) return;
  const scores = scoresOf(sample, weights);
  const most = scores.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
  const powers = scores.map((score) => Math.exp(score - most));
  const all = powers.reduce((sum, power) => sum + power, 0);
  powers.forEach((power, row) => {
    const error = part * (power / all - (gold.includes(row) ? 1 / gold.length : 0));
    if (Math.abs(error) < 1e-6) return;
    const from = row * weights.length;
    for (let at = 0; at < weights.length; at++) gradient[at] = (gradient[at] ?? 0) + error * (values[from + at] ?? 0);
  });
}

function scoresOf({ rows, values }: Sample, weights: Float64Array): Float64Array {
  return Float64Array.from(rows, (_, row) => {
    let score = 0;
    const from = row * weights.length;
    for (let at = 0; at < weights.length; at++) score += (values[from + at] ?? 0) * (weights[at] ?? 0);
    return score;
  });
}

function isWithin(sample: Sample, weights: Float64Array, most: number): boolean {
  const { gold, missed } = sample;
  const scores = scoresOf(sample, weights);
  const place = (at: number) => scores.filter((score) => score > (scores[at] ?? 0)).length;
  return missed === 0 && gold.length <= most && gold.every((at) => place(at) < most);
}

async function writeDocs(): Promise<void> {
  const file = fileURLToPath(new URL('../../docs/localization.md', import.meta.url));
  const names = new Map([
    ['swe-bench-lite', 'SWE-bench Lite'],
    ['bugsjs', 'BugsJS'],
  ]);
  const measured = sets.flatMap((set) =>
    (['training', 'held out', 'all'] as const).map((half) => {
      const own = located.filter((each) => each.set === set && (half === 'all' || each.training === (half === 'training')));
      const { top, inChunks, bytes } = shares(own);
      const figures = [...top, inChunks].map((share) => `${share.toFixed(1)} %`).join(' | ');
      return `| ${names.get(set)} | ${half} | ${own.length} | ${figures} | ${bytes.toLocaleString('en')} |`;
    }),
  );
  const base = crossValidate(chosen, []);
  const line = (name: string, { shares: own, sum }: { shares: number[]; sum: number }) =>
    `| ${name} | ${own.slice(0, 3).join(' / ')} | ${own.slice(3).join(' / ')} | ${(sum - base.sum).toFixed(1)} |`;
  const text = await readFile(file, 'utf8');
  const figures = [
    '| set | half | issues | 1 | 5 | 10 | in the first request | bytes of source, mean |',
    '|---|---|---|---|---|---|---|---|',
    ...measured,
  ];
  const signs = [
    '| signs | SWE-bench Lite, 1 / 5 / 10 | BugsJS, 1 / 5 / 10 | all six together |',
    '|---|---|---|---|',
    line('all', base),
    ...ablated.toSorted((a, b) => a.sum - b.sum).map(({ group, ...own }) => line(`without ${group}`, own)),
  ];
  await writeFile(file, replaceBetween(replaceBetween(text, 'figures', figures), 'signs', signs));
}

function replaceBetween(text: string, mark: string, lines: readonly string[]): string {
  const [begin, end] = [`<!-- ${mark}: bench/locate/fit.ts -->`, `<!-- /${mark} -->`];
  const [from, to] = [text.indexOf(begin), text.indexOf(end)];
  if (from === -1 || to < from) throw new Error(`the text has no ${begin} … ${end}`);
  return `${text.slice(0, from + begin.length)}\n\n${lines.join('\n')}\n\n${text.slice(to)}`;
}

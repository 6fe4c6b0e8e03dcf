import { describe, expect, test } from 'vitest';
import { normalise, type Config } from '../../src/core/config.ts';
import { planTurn } from '../../src/core/gate/turn.ts';
import { judgeGate } from '../../src/core/gate.ts';
import type { Check, CheckState, Review, Snapshot } from '../../src/core/snapshot.ts';
import { flagAfter, holdsBack } from './gate-reference.ts';
import {
  check,
  claim,
  file,
  headCommit,
  jun,
  looked,
  maria,
  olderCommit,
  rabbit,
  ready,
  review,
  thread,
  told,
  us,
} from './gate-snapshots.ts';

/**
 * The gate against a second opinion: snapshots are put together from every dimension by a seeded generator, and the
 * two have to name the same conditions for each.
 */

type Spoil = Partial<Snapshot>;
type Dimension = readonly (() => Spoil)[];

const older = '2026-11-20T09:00:00Z';
const newer = '2026-11-20T12:00:00Z';
const ci = { run: '5', file: '.github/workflows/ci.yml', event: 'pull_request' };
const status = (more: Partial<Check>): Check =>
  check({ creator: { id: 55, login: 'ci-status', kind: 'user' }, name: 'ci/status', ...more });
const base = ready();
const tree =
  (...files: ReturnType<typeof file>[]): (() => Spoil) =>
  () => ({ change: { ...base.change!, files } });

const states: CheckState[] = ['passed', 'failed', 'pending', 'none', 'not-started', 'unreadable'];

const runs: Dimension = [
  () => ({ checks: [] }),
  ...states.map((state) => () => ({ checks: [check({ state })] })),
  ...states.map((state) => () => ({ checks: [check(), check({ name: 'lint', state })] })),
  () => ({ checks: [check({ state: 'none' }), check({ name: 'lint', state: 'none' })] }),
  () => ({ checks: [check({ commit: olderCommit })] }),
  () => ({ checks: [check({ state: 'failed', commit: olderCommit }), check()] }),
  () => ({ checks: [check(), check({ name: 'bugloop/gate', state: 'pending', required: true })] }),
  () => ({ checks: [check({ name: 'bugloop/gate' })] }),
  () => ({ checks: [check({ name: 'bugloop/risk' })] }),
  () => ({ checks: [check(), check({ name: 'bugloop/risk', state: 'failed' })] }),
  () => ({
    checks: [
      check({ state: 'failed', startedAt: older, workflow: ci }),
      check({ startedAt: newer, workflow: { ...ci, run: '6' } }),
    ],
  }),
  () => ({ checks: [check({ startedAt: older, workflow: ci }), check({ state: 'failed', startedAt: newer, workflow: ci })] }),
  () => ({ checks: [check({ workflow: ci }), check({ state: 'failed', startedAt: older, workflow: { ...ci, event: 'push' } })] }),
  () => ({ ownRun: '5', checks: [check({ name: 'job', state: 'pending', workflow: ci }), check()] }),
  () => ({ ownRun: '9', checks: [check({ name: 'job', state: 'pending', workflow: ci }), check()] }),
  () => ({
    checks: [check(), check({ name: 'gate', state: 'failed', workflow: { ...ci, file: '.github/workflows/bugloop-gate.yml' } })],
  }),
];

const statuses: Dimension = [
  () => ({}),
  ...states.map((state) => () => ({ checks: [status({ state })] })),
  () => ({ checks: [status({ name: 'CodeRabbit', creator: { id: 90, login: 'coderabbitai', kind: 'bot' } })] }),
  () => ({ checks: [status({ name: 'CodeRabbit', state: 'pending', creator: { id: 90, login: 'coderabbitai', kind: 'bot' } })] }),
  () => ({ checks: [status({ commit: olderCommit })] }),
];

const required: Dimension = [
  () => ({}),
  () => ({ required: [{ name: 'test' }] }),
  () => ({ required: [{ name: 'test', app: 15368 }] }),
  () => ({ required: [{ name: 'test', app: 4 }] }),
  () => ({ required: [{ name: 'e2e' }] }),
  () => ({ required: [{ name: 'bugloop/gate' }] }),
];

const verdicts: Partial<Review>[] = [
  { state: 'approved', submittedAt: older },
  { state: 'approved', submittedAt: newer },
  { state: 'approved', submittedAt: newer, commit: olderCommit },
  { state: 'approved', submittedAt: newer, mayWrite: false },
  { state: 'changes-requested', submittedAt: older },
  { state: 'changes-requested', submittedAt: newer },
  { state: 'commented', submittedAt: newer },
  { state: 'dismissed', submittedAt: newer },
  { state: 'pending', submittedAt: '' },
];
const lea = { id: 40, login: 'lea', kind: 'user' } as const;
const reviewers = [maria, jun, lea, us, rabbit, undefined];

/** Every verdict by every reviewer, and pairs of them. */
const opinions: Dimension = [
  () => ({}),
  ...reviewers.flatMap((who) => verdicts.map((verdict) => () => ({ reviews: [review(who, verdict)] }))),
  ...verdicts.flatMap((one) => verdicts.map((other) => () => ({ reviews: [review(maria, one), review(maria, other)] }))),
  ...verdicts.flatMap((one) => verdicts.map((other) => () => ({ reviews: [review(maria, one), review(lea, other)] }))),
];

const automatic: Dimension = [
  () => ({ reviews: [looked] }),
  () => ({ reviews: [looked] }),
  () => ({ reviews: [] }),
  () => ({ reviews: [{ ...looked, commit: olderCommit }] }),
  () => ({ reviews: [{ ...looked, body: '> ## Review skipped' }] }),
  () => ({ reviews: [{ ...looked, body: '> ## Rate limit exceeded', comments: 2 }] }),
  () => ({ reviews: [{ ...looked, body: '> ## Reviews paused' }] }),
  () => ({ reviews: [{ ...looked, author: { ...rabbit, kind: 'user' } }] }),
];

const threads: Dimension = [
  () => ({}),
  () => ({ threads: [thread({ resolved: true })] }),
  () => ({ threads: [thread()] }),
  () => ({ threads: [thread({ outdated: true })] }),
  () => ({ threads: [thread({ resolvedBy: 'maria' })] }),
  () => ({ threads: Array.from({ length: 150 }, (_, index) => thread({ id: `${index}`, resolved: index !== 120 })) }),
  () => ({ threads: Array.from({ length: 150 }, (_, index) => thread({ id: `${index}`, resolved: true, outdated: true })) }),
];

const standing: Dimension = [
  () => ({}),
  () => ({ draft: false }),
  () => ({ mergeable: 'no' }),
  () => ({ mergeable: 'unknown' }),
  () => ({ state: 'closed' }),
  () => ({ state: 'merged' }),
  () => ({ labels: ['bugloop:escalated'] }),
  () => ({ missing: [{ part: 'threads', why: 'refused' }] }),
];

/** The head moves away from what was proven and read, or is none of ours. */
const heads: Dimension = [
  () => ({}),
  () => ({ proof: claim({ head: olderCommit }), change: { ...base.change!, head: olderCommit } }),
  () => ({ change: { ...base.change!, head: olderCommit } }),
  () => ({ head: { commit: headCommit, branch: 'bugloop/issue-12', repository: 'R2' } }),
  () => ({ head: { commit: headCommit, branch: 'bugloop/issue-12' } }),
  () => ({ head: { commit: headCommit, branch: 'fix/bugloop/x', repository: 'R1' } }),
];

const trees: Dimension = [
  () => ({}),
  tree(file('src/a.ts', { addedLines: 499, removedLines: 1 })),
  tree(file('src/a.ts', { addedLines: 499, removedLines: 2 })),
  tree(file('src/a.ts', { addedLines: 300 }), file('src/b.ts', { addedLines: 300 })),
  tree(file('src/a.ts', { changedBytes: 200_000 })),
  tree(file('src/a.ts', { changedBytes: 200_001 })),
  tree(file('src/auth.ts')),
  tree(
    file('.github/workflows/ci.yml', { status: 'deleted', newMode: '000000' }),
    file('docs/ci.md', { status: 'added', oldMode: '000000' }),
  ),
  tree(file('.gitattributes', { status: 'added', oldMode: '000000' })),
  tree(file('package-lock.json')),
  tree(file('db/schema.sql')),
  tree(file('src/link', { status: 'added', oldMode: '000000', newMode: '120000' })),
  tree(file('src/logo.png', { binary: true })),
];

const proofs: Dimension = [
  () => ({}),
  () => ({ proof: 'none' }),
  () => ({ proof: 'unreadable' }),
  () => ({ proof: claim({ ok: false }) }),
  () => ({ proof: claim({ head: olderCommit }) }),
  () => ({ proof: claim({ by: maria.id }) }),
  () => ({ proof: claim({ edited: true }) }),
  () => ({ proof: claim({ needsHuman: [{ code: 'human.throw_removed', message: 'no longer throws' }] }) }),
];

/** Who took the draft flag away, and for which head we wrote that down. */
const flags: Dimension = [
  () => ({}),
  () => ({ draft: false }),
  ...(['us', 'somebody'] as const).flatMap((readiedBy) => [
    () => ({ draft: false, readiedBy }),
    () => ({ draft: false, readiedBy, told: told() }),
    () => ({ draft: false, readiedBy, told: told({ state: 'READY', ready: olderCommit }) }),
    () => ({ draft: false, readiedBy, told: told({ state: 'READY', ready: headCommit }) }),
    () => ({ draft: false, readiedBy, told: told({ state: 'REVIEWING', ready: olderCommit }) }),
  ]),
];

const configs: Config[] = [
  normalise({ protected_paths: ['db/schema.sql'] }),
  normalise({ gate: { approvals: 1 } }),
  normalise({ gate: { approvals: 2, ci: 'none' } }),
  normalise({ gate: { ci: 'none', automatic_reviewers: [] } }),
  normalise({ agents: { reviewer: { external: false } }, proof: { required: false } }),
];

const dimensions = { runs, statuses, required, opinions, automatic, threads, standing, heads, trees, proofs, flags };

/** Mulberry32: a small seeded generator, so that a row that fails can be looked at again. */
function generator(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** Lists add up, whatever else is named replaces what was. */
function combine(spoils: readonly Spoil[]): Snapshot {
  const lists = { checks: [] as Check[], reviews: [] as Review[] };
  let snapshot = ready();
  for (const { checks = [], reviews = [], ...rest } of spoils) {
    lists.checks.push(...checks);
    lists.reviews.push(...reviews);
    snapshot = { ...snapshot, ...rest };
  }
  return { ...snapshot, ...lists };
}

interface Row {
  label: string;
  snapshot: Snapshot;
  config: Config;
}

/** Each value of each dimension alone, each pair of two dimensions' values, then rows spoilt in one to ten places. */
function* rows(): Generator<Row> {
  const all = Object.entries(dimensions);
  const good = { runs: () => ({ checks: [check()] }), automatic: () => ({ reviews: [looked] }) } as Record<string, () => Spoil>;
  const row = (chosen: Record<string, number>, config: Config): Row => {
    const spoils = all.map(([name, values]) => (name in chosen ? values[chosen[name]!]!() : (good[name]?.() ?? {})));
    return { label: JSON.stringify(chosen), snapshot: combine(spoils), config };
  };
  for (const config of configs) {
    for (const [name, values] of all) for (const index of values.keys()) yield row({ [name]: index }, config);
  }
  const random = generator(20261120);
  const pick = (size: number): number => Math.floor(random() * size);
  for (let made = 0; made < 2500; made += 1) {
    const spoilt = 1 + pick(made % 3 === 0 ? all.length : 3);
    const chosen: Record<string, number> = {};
    for (let place = 0; place < spoilt; place += 1) {
      const [name, values] = all[pick(all.length)]!;
      chosen[name] = pick(values.length);
    }
    yield row(chosen, configs[pick(configs.length)]!);
  }
}

/** Names of the conditions that hold the change back. */
function judge({ snapshot, config }: Row): { ok: boolean; open: string[]; flag: string } {
  const verdict = judgeGate(snapshot, config);
  const { ok, conditions } = verdict;
  const turn = planTurn(snapshot, config, verdict);
  const flag = turn === 'stay' ? (snapshot.draft ? 'draft' : 'ready') : turn;
  return { ok, flag, open: conditions.filter(({ state }) => state === 'unmet' || state === 'waiting').map(({ name }) => name) };
}

const table = [...rows()].map((row) => ({ ...row, gate: judge(row), reference: holdsBack(row.snapshot, row.config) }));

describe('the truth table', () => {
  test('has more than 2,000 different rows', () => {
    const different = new Set(table.map(({ snapshot, config }) => JSON.stringify([snapshot, config])));
    expect(different.size).toBeGreaterThan(2000);
  });

  test('has rows of both kinds, and each condition in some that it alone decides', () => {
    expect(table.filter(({ reference }) => reference.size === 0).length).toBeGreaterThan(200);
    const alone = table.filter(({ reference }) => reference.size === 1).flatMap(({ reference }) => [...reference]);
    expect([...new Set(alone)].sort()).toEqual([
      'approvals',
      'automatic reviewers',
      'changes requested',
      'checks',
      'complete',
      'escalation',
      'mergeable',
      'origin',
      'proof',
      'protected paths',
      'size',
      'threads',
    ]);
  });

  test('gate and reference name the same conditions in every row', () => {
    const different = table
      .map(({ label, gate, reference }) => ({ label, gate: gate.open.sort(), reference: [...reference].sort() }))
      .filter(({ gate, reference }) => gate.join() !== reference.join());
    expect(different).toEqual([]);
  });

  test('gate and reference leave the same draft flag in every row', () => {
    const different = table.filter(({ gate, snapshot, config }) => gate.flag !== flagAfter(snapshot, config));
    expect(different.map(({ label }) => label)).toEqual([]);
    const turned = table.map(({ gate, snapshot }) => `${snapshot.draft ? 'draft' : 'ready'} ${gate.flag}`);
    const counts = Map.groupBy(turned, (one) => one);
    for (const kind of ['draft draft', 'draft ready', 'ready draft', 'ready ready'])
      expect(counts.get(kind)?.length).toBeGreaterThan(50);
  });

  test('ready is said exactly where no condition is open', () => {
    expect(table.filter(({ gate }) => gate.ok !== (gate.open.length === 0)).map(({ label }) => label)).toEqual([]);
  });
});

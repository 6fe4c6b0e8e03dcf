import { writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import buildWhenStale from '../build.ts';
import { casesOfGate, gateNames } from './gate.ts';
import {
  faultKinds,
  isFaultKind,
  layGround,
  playFault,
  playKill,
  playRace,
  playSignal,
  recordCourse,
  nameOf,
  type Case,
  type Course,
  type Flaws,
  type Ground,
  type Moment,
  missed,
  type Next,
  type Subject,
  type When,
} from './play.ts';
import { casesOfReview, layReview } from './review.ts';

/**
 * Disturbs bugloop at every moment of an undisturbed run and says where it does not hold.
 *
 *   npm run soak                              everything; about three hours on two slow cores
 *   npm run soak -- --only kill/publish       the cases whose name begins so; twice for two sets
 *   npm run soak -- --only review             all cases of one command: solve, publish, review, publish-review, gate-…
 *   npm run soak -- --full                    also the faults at requests that another case has in the same way
 *   npm run soak -- --list                    their names
 *   npm run soak -- --jobs 2 --out soak.json  how many at a time, and where the counts go
 *
 * Exit code 1 where a case is not as it should be; each one is printed with how to repeat it alone.
 */
interface Played {
  name: string;
  seconds: number;
  flaws: Flaws;
}

const { values: flags } = parseArgs({
  options: {
    only: { type: 'string', multiple: true, default: [''] },
    full: { type: 'boolean', default: false },
    list: { type: 'boolean', default: false },
    jobs: { type: 'string', default: String(availableParallelism() + 2) },
    races: { type: 'string', default: '50' },
    out: { type: 'string' },
  },
});

buildWhenStale();
const began = performance.now();
await using grounds = new AsyncDisposableStack();
const cases = [
  ...(isWanted('solve', 'publish', 'race') ? await casesOfIssues(grounds.use(await layGround())) : []),
  ...(isWanted('review', 'publish-review') ? await casesOfReview(grounds.use(await layReview()), flags) : []),
  ...(isWanted(...gateNames) ? await casesOfGate(flags) : []),
].filter(({ name }) => flags.only.some((wanted) => name.startsWith(wanted) || name.split('/')[1] === wanted));

if (flags.list) process.stdout.write(`${cases.map(({ name }) => name).join('\n')}\n`);
else process.exitCode = report(await playAll(cases));

// ---------------------------------------------------------------------------------------------- cases

/** Whether a case of one of these can be meant: what is not need not be recorded. */
function isWanted(...subjects: string[]): boolean {
  const begins = subjects.flatMap((subject) => [subject, ...['kill', 'signal', 'fault'].map((kind) => `${kind}/${subject}/`)]);
  return flags.only.some((wanted) => begins.some((begin) => begin.startsWith(wanted) || wanted.startsWith(begin)));
}

async function casesOfIssues(ground: Ground): Promise<Case[]> {
  const courses = { solve: await recordCourse(ground, 'solve'), publish: await recordCourse(ground, 'publish') };
  return [
    ...kills(ground, 'solve', courses.solve),
    ...kills(ground, 'publish', courses.publish),
    ...signals(ground, courses.solve),
    ...faults(ground, 'solve', courses.solve, flags.full ? [] : courses.publish.moments),
    ...faults(ground, 'publish', courses.publish),
    ...races(ground, courses.solve, Number(flags.races)),
  ];
}

function* kills(ground: Ground, subject: Subject, { moments, tree }: Course): Generator<Case> {
  for (const moment of moments) {
    for (const [when, next] of blowsAt(subject, moment)) {
      yield {
        name: `kill/${subject}/${when}/${nameOf(moment)}/${next}`,
        play: () =>
          playKill(ground, { subject, moment, when, worked: subject === 'solve' && isWorked(moment, when) }, next, tree),
      };
    }
  }
}

/** Whether the attempt of an undisturbed solve is journalled by then. */
function isWorked({ kind, what, nth }: Moment, when: When): boolean {
  if (kind === 'request') return /receive-pack|createPullRequest|updateIssueComment/.test(what);
  if (what === 'write journal.jsonl attempt') return when === 'after';
  return /patch|pull-request|report|sealed|push|change/.test(what) || (what.endsWith('mark') && nth > 0);
}

/** After one write is before the next one, so each side needs only one way to go on. */
function blowsAt(subject: Subject, { kind }: Moment): [When, Next][] {
  if (kind === 'write')
    return [
      ['before', subject],
      ['after', 'resume'],
    ];
  return [
    ['before', subject],
    ['before', 'resume'],
    ['after', subject],
    ['after', 'resume'],
    // Without the run directory only what the forge has counts.
    ['after', 'elsewhere'],
  ];
}

function* signals(ground: Ground, { moments, tree }: Course): Generator<Case> {
  for (const [index, moment] of moments.entries()) {
    // Both do the same but for the exit code: in turn.
    const signal = index % 2 === 0 ? 'SIGINT' : 'SIGTERM';
    yield {
      name: `signal/solve/${signal}/${nameOf(moment)}`,
      play: () => playSignal(ground, { subject: 'solve', moment, when: 'after' }, signal, tree),
    };
  }
}

/** `covered`: requests that another subject makes too, in the same way and in less time. */
function* faults(ground: Ground, subject: Subject, { moments, tree }: Course, covered: readonly Moment[] = []): Generator<Case> {
  const isCovered = ({ what, nth }: Moment): boolean => covered.some((other) => other.what === what && other.nth === nth);
  for (const moment of moments.filter((one) => one.kind === 'request' && !isCovered(one))) {
    for (const kind of Object.keys(faultKinds).filter(isFaultKind)) {
      // Elsewhere it is one more status.
      if (kind.startsWith('graphql') && !/^(?:query|mutation) /.test(moment.what)) continue;
      yield {
        name: `fault/${subject}/${nameOf(moment)}/${kind.replaceAll(' ', '-')}`,
        play: () => playFault(ground, subject, moment, kind, tree),
      };
    }
  }
}

function* races(ground: Ground, { tree }: Course, count: number): Generator<Case> {
  for (let seed = 1; seed <= count; seed += 1) yield { name: `race/${seed}`, play: () => playRace(ground, seed, tree) };
}

// ---------------------------------------------------------------------------------------------- playing

async function playAll(all: readonly Case[]): Promise<Played[]> {
  const played: Played[] = [];
  const queue = [...all];
  await Promise.all(
    Array.from({ length: Number(flags.jobs) }, async () => {
      for (let one = queue.shift(); one !== undefined; one = queue.shift()) {
        const result = await playOne(one);
        played.push(result);
        tell(result, played.length, all.length);
      }
    }),
  );
  return played;
}

async function playOne({ name, play }: Case): Promise<Played> {
  const begun = performance.now();
  // The double itself throws when it is sent what the real thing would not know.
  const flaws = await play().catch((error: unknown) => [error instanceof Error ? error.message : String(error)]);
  return { name, seconds: (performance.now() - begun) / 1000, flaws };
}

function tell({ name, seconds, flaws }: Played, done: number, all: number): void {
  process.stderr.write(`${done}/${all} ${flaws.length === 0 ? 'ok' : 'NOT'} ${name} ${seconds.toFixed(1)} s\n`);
  for (const flaw of flaws) process.stderr.write(`      ${flaw}\n`);
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

/** Only a look that a fast run does not need may be missed, and only then. */
function isMissed({ name, flaws }: Played): boolean {
  return flaws[0] === missed && /query-(?:viewer-)?repository(?:-\d|\/)/.test(name);
}

function line(...cells: (string | number)[]): string {
  return cells.map((cell, index) => (index === 0 ? String(cell).padEnd(18) : String(cell).padStart(8))).join('');
}

/** One table, what failed, and the same as JSON where it is asked for; the exit code. */
function report(played: readonly Played[]): number {
  const groups = Map.groupBy(played, ({ name }) =>
    name
      .split('/')
      .slice(0, name.startsWith('race') ? 1 : 2)
      .join(' '),
  );
  const rows = [...groups].map(([matrix, ones]) => ({
    matrix,
    cases: ones.length,
    held: ones.filter(({ flaws }) => flaws.length === 0).length,
    missed: ones.filter(isMissed).length,
    seconds: Math.round(sum(ones.map(({ seconds }) => seconds))),
  }));
  const total = { cases: played.length, held: sum(rows.map(({ held }) => held)), missed: sum(rows.map(({ missed }) => missed)) };
  const seconds = Math.round((performance.now() - began) / 1000);
  const failed = played.filter((one) => one.flaws.length > 0 && !isMissed(one));
  process.stdout.write(
    [
      line('matrix', 'cases', 'held', 'missed', 'seconds'),
      ...rows.map(({ matrix, cases, held, missed, seconds }) => line(matrix, cases, held, missed, seconds)),
      line('all', total.cases, total.held, total.missed, seconds),
      ...failed.map(({ name, flaws }) => `\n${name}\n  ${flaws.join('\n  ')}\n  again: npm run soak -- --only ${name}`),
      '',
    ].join('\n'),
  );
  if (flags.out !== undefined) {
    writeFileSync(flags.out, `${JSON.stringify({ version: 1, ...total, seconds, matrices: rows, failed }, null, 2)}\n`);
  }
  return failed.length === 0 && played.length > 0 ? 0 : 1;
}

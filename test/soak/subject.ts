import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { branchesOf, type Scene } from '../e2e/github.ts';
import {
  countMoments,
  faultKinds,
  isFaultKind,
  matchMoment,
  missed,
  moments as noteMoments,
  nameOf,
  runPatiently,
  strike,
  tail,
  type Case,
  type FaultKind,
  type Flaws,
  type Moment,
  type When,
} from './play.ts';

/**
 * A command that works on a change which is there already: disturbed at every moment of an undisturbed run, then run again
 * until all is as that one left it, and once more, which must write nothing.
 */
export interface Subject<S extends Scene> {
  name: string;
  open: () => Promise<Stand<S>>;
  /** Exit codes of a run after which there is nothing left to do. */
  ends: readonly number[];
  /** What is not as one undisturbed run leaves it. */
  findFlaws: (scene: S) => Promise<Flaws>;
  /** It takes the lock before it sees that nothing is left to do. */
  takesAnyway?: boolean;
  /** What somebody does between the blow and the next run, with what has to hold then. */
  meanwhile?: readonly Meanwhile<S>[];
}
interface Meanwhile<S extends Scene> extends Pick<Subject<S>, 'name' | 'ends' | 'findFlaws'> {
  happen: (scene: S) => Promise<unknown>;
}
export interface Stand<S extends Scene> {
  scene: S;
  args: string[];
}

/** Every request and durable write of a run that nothing disturbs. */
export async function recordMoments<S extends Scene>({ name, open, ends, findFlaws }: Subject<S>): Promise<Moment[]> {
  const { scene, args } = await open();
  await using _ = scene;
  const notes = join(scene.home, 'notes');
  const ended = await runPatiently(scene, args, { NODE_OPTIONS: `--import=${noteMoments}`, BUGLOOP_SOAK_NOTES: notes });
  const flaws = await findFlaws(scene);
  if (!ends.includes(ended.status ?? -1) || flaws.length > 0)
    throw new Error(`undisturbed ${name}: exit ${ended.status} ${tail(ended)} ${flaws.join('; ')}`);
  const asked = scene.server.requests.map(({ operation }) => operation);
  return [...countMoments('request', asked), ...countMoments('write', readNotes(notes))];
}

function readNotes(file: string): string[] {
  try {
    return readFileSync(file, 'utf8').trimEnd().split('\n');
  } catch {
    // Nothing was written that has to last.
    return [];
  }
}

/** `covered`: requests that another subject makes too, in the same way and in less time. */
export function* casesOf<S extends Scene>(
  subject: Subject<S>,
  moments: readonly Moment[],
  covered: readonly Moment[] = [],
): Generator<Case> {
  const { name, meanwhile = [] } = subject;
  for (const moment of moments) {
    for (const when of ['before', 'after'] as const) {
      const at = `${name}/${when}/${nameOf(moment)}`;
      yield { name: `kill/${at}`, play: () => playKillAt(subject, moment, when) };
      for (const one of meanwhile) {
        yield { name: `kill/${at}/${one.name}`, play: () => playKillAt({ ...subject, ...one }, moment, when, one.happen) };
      }
    }
  }
  for (const [index, moment] of moments.entries()) {
    // Both do the same but for the exit code: in turn.
    const signal = index % 2 === 0 ? 'SIGINT' : 'SIGTERM';
    yield { name: `signal/${name}/${signal}/${nameOf(moment)}`, play: () => playSignalAt(subject, moment, signal) };
  }
  for (const moment of moments.filter((one) => one.kind === 'request')) {
    if (covered.some(({ what, nth }) => what === moment.what && nth === moment.nth)) continue;
    for (const kind of Object.keys(faultKinds).filter(isFaultKind)) {
      // Elsewhere it is one more status.
      if (kind.startsWith('graphql') && !/^(?:query|mutation) /.test(moment.what)) continue;
      const at = `${name}/${nameOf(moment)}/${kind.replaceAll(' ', '-')}`;
      yield { name: `fault/${at}`, play: () => playFaultAt(subject, moment, kind) };
    }
  }
}

/** SIGKILL at one moment, then again until all is well. */
export async function playKillAt<S extends Scene>(
  subject: Subject<S>,
  moment: Moment,
  when: When,
  meanwhile?: (scene: S) => Promise<unknown>,
): Promise<Flaws> {
  const { scene, args } = await subject.open();
  await using _ = scene;
  const struck = await strike(scene, args, { moment, when }, 'SIGKILL');
  if (struck.signal !== 'SIGKILL') return struck.status === null ? [`was not killed: ${tail(struck)}`] : [missed];
  await meanwhile?.(scene);
  return await runUntilWell(subject, scene, args);
}

/** A signal that asks to stop: in time, with its exit code, and with nothing held. Then again. */
export async function playSignalAt<S extends Scene>(
  subject: Subject<S>,
  moment: Moment,
  signal: 'SIGINT' | 'SIGTERM',
): Promise<Flaws> {
  const { scene, args } = await subject.open();
  await using _ = scene;
  let began = Number.NaN;
  const struck = await strike(scene, args, { moment, when: 'after' }, signal, () => (began = performance.now()));
  const took = (performance.now() - began) / 1000;
  // The last steps of a run end it before a signal can.
  const over = subject.ends.includes(struck.status ?? -1);
  const wanted = signal === 'SIGINT' ? 130 : 143;
  const flaws: Flaws = [];
  if (!over && struck.status !== wanted) flaws.push(`exit ${struck.status} instead of ${wanted}: ${tail(struck)}`);
  if (took > 5) flaws.push(`took ${took.toFixed(1)} s to end`);
  // Where its time is over a run ends with the lock, and the next one finds that nobody holds it.
  const locks = (await branchesOf(scene)).filter((name) => name.includes('/locks/'));
  if (locks.length > 0 && took < 4) flaws.push(`left ${locks.join(', ')} after ${took.toFixed(1)} s`);
  return [...flaws, ...(await runUntilWell(subject, scene, args))];
}

/** One fault at one request; what is not done after it is done by the next run. */
async function playFaultAt<S extends Scene>(subject: Subject<S>, moment: Moment, kind: FaultKind): Promise<Flaws> {
  const { scene, args } = await subject.open();
  await using _ = scene;
  scene.server.faults.add({ ...faultKinds[kind], match: matchMoment(moment) });
  const flaws = await runUntilWell(subject, scene, args);
  return scene.server.faults.left() > 0 ? [missed] : flaws;
}

/** At most twice until all is well; a run may stop, but not break. Then a run that finds nothing to write. */
async function runUntilWell<S extends Scene>(subject: Subject<S>, scene: S, args: string[]): Promise<Flaws> {
  const { ends, findFlaws } = subject;
  const said: Flaws = [];
  for (let turn = 1; turn <= 2; turn += 1) {
    const ended = await runPatiently(scene, args);
    const flaws = await findFlaws(scene);
    if (flaws.length === 0 && ends.includes(ended.status ?? -1)) return await findMore(subject, scene, args);
    said.push(`run ${turn} ended with ${ended.status ?? ended.signal}: ${tail(ended)}`, ...flaws);
    if (ended.status === null || ended.status === 1) return said;
  }
  return said;
}

async function findMore<S extends Scene>({ findFlaws, takesAnyway }: Subject<S>, scene: S, args: string[]): Promise<Flaws> {
  const before = scene.server.writes().length;
  const ended = await runPatiently(scene, args);
  const written = scene.server.writes().slice(before);
  return [
    ...(written.length === 0 || takesAnyway === true ? [] : [`one more run wrote ${written.join(', ')}: ${tail(ended)}`]),
    ...(await findFlaws(scene)),
  ];
}

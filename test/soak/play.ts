import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { branchesOf, cloneOf, findFlaws, run, scripted, scripts, stage, start, type Ended, type Scene } from '../e2e/github.ts';
import type { Fault, FaultTarget } from '../servers/github/faults.ts';

/**
 * Whole processes of the binary against the double of GitHub, disturbed at one moment each, and what has to hold
 * afterwards. Only what the run leaves is judged; the product knows nothing of it.
 */

/** What is disturbed: everything in one process, or the half that publishes a run made before. */
export type Subject = 'solve' | 'publish';

/** One step of an undisturbed run: a request at the double, or a step by which it writes what has to last. */
export interface Moment {
  kind: 'request' | 'write';
  /** Operation of a request, or what is written. */
  what: string;
  /** How often there was the same before. */
  nth: number;
}
export type When = 'before' | 'after';

/** A base that all runs of one soak share, so that they can be compared, and a sealed run of it to publish. */
export interface Ground extends AsyncDisposable {
  /** Bare. */
  repository: string;
  runDir: string;
  home: string;
}

/** One disturbance, by a name that says which. */
export interface Case {
  name: string;
  play: () => Promise<Flaws>;
}

/** What was not as it should be; nothing where all was well. */
export type Flaws = string[];
/** The only flaw of a run that did not come by the moment: how often it looks again depends on how fast it is. */
export const missed = 'never came to this moment';

export const moments = new URL('moments.js', import.meta.url).href;
const branch = 'bugloop/issue-1';
/** Longest that any one process may take, in milliseconds. */
const patienceMs = 180_000;

export async function layGround(): Promise<Ground> {
  const home = realpathSync(mkdtempSync(join(tmpdir(), 'bugloop-ground-')));
  // Without npm a run takes half the time.
  await using scene = await stage({ files: { '.bugloop/config.yml': 'commands: { test: node --test }\n' } });
  const runs = join(home, 'runs');
  const solved = await run(scene, ['solve', '1', ...scripted(scene), '--no-publish', '--out', runs]);
  const [name] = existsSync(runs) ? readdirSync(runs).filter((entry) => /^\d/.test(entry)) : [];
  if (solved.status !== 0 || name === undefined) throw new Error(`no run to publish: ${solved.stderr}`);
  const repository = join(home, 'ground.git');
  execFileSync('git', ['clone', '--quiet', '--bare', scene.repository.path, repository]);
  return {
    repository,
    runDir: join(runs, name),
    home,
    // oxlint-disable-next-line typescript/require-await -- a disposable that does not wait
    [Symbol.asyncDispose]: async () => rmSync(home, { recursive: true, force: true }),
  };
}

/** A scene on the ground with what the subject is called with. */
async function openStand(ground: Ground, subject: Subject): Promise<{ scene: Scene; args: string[] }> {
  const scene = await stage({ from: ground.repository });
  return { scene, args: argsOf(subject, scene, ground) };
}

/** Where bugloop works, and what a killed run leaves is swept by the next one. */
function temporaryOf({ home }: Scene): string {
  const path = join(home, 'tmp');
  mkdirSync(path, { recursive: true });
  return path;
}

function argsOf(subject: Subject, scene: Scene, ground: Ground): string[] {
  if (subject === 'solve') return ['solve', '1', ...scripted(scene)];
  const runDir = join(scene.home, 'run');
  if (!existsSync(runDir)) cpSync(ground.runDir, join(scene.home, 'run'), { recursive: true });
  return ['publish', runDir, '--quiet'];
}

// ---------------------------------------------------------------------------------------------- undisturbed

export interface Course {
  moments: Moment[];
  /** Of the branch at the end. */
  tree: string;
}

/** The course of a run that nothing disturbs. */
export async function recordCourse(ground: Ground, subject: Subject): Promise<Course> {
  const { scene, args } = await openStand(ground, subject);
  await using _ = scene;
  const notes = join(scene.home, 'notes');
  const ended = await runPatiently(scene, args, { NODE_OPTIONS: `--import=${moments}`, BUGLOOP_SOAK_NOTES: notes });
  const flaws = await findFlaws(scene);
  if (ended.status !== 0 || flaws.length > 0) throw new Error(`undisturbed ${subject}: ${ended.stderr} ${flaws.join('; ')}`);
  const writes = readFileSync(notes, 'utf8').trimEnd().split('\n');
  return {
    moments: [
      ...countMoments(
        'request',
        scene.server.requests.map(({ operation }) => operation),
      ),
      ...countMoments('write', writes),
    ],
    tree: await treeOf(scene),
  };
}

export function countMoments(kind: Moment['kind'], names: readonly string[]): Moment[] {
  return names.map((what, index) => ({ kind, what, nth: names.slice(0, index).filter((name) => name === what).length }));
}

// ---------------------------------------------------------------------------------------------- killed and interrupted

/** How a disturbed run is taken up again. `elsewhere`: from a fresh clone, without the run directory. */
export type Next = 'solve' | 'resume' | 'elsewhere' | 'publish';

export interface Blow {
  subject: Subject;
  moment: Moment;
  when: When;
  /** The agent's work was done and kept before: going on does not need it again. */
  worked?: boolean;
}

/** SIGKILL at one moment, then again until it is done, at most twice. `tree`: what has to come out. */
export async function playKill(ground: Ground, blow: Blow, next: Next, tree?: string): Promise<Flaws> {
  const { scene, args } = await openStand(ground, blow.subject);
  await using _ = scene;
  const struck = await strike(scene, args, blow, 'SIGKILL');
  if (struck.status === 0) return [missed];
  if (struck.signal !== 'SIGKILL') return [`was not killed: exit ${struck.status} ${tail(struck)}`];
  const kept = await tipOf(scene);
  const script = blow.worked === true && next === 'resume' ? scripts.idle : scripts.good;
  const again = next === 'publish' ? args : [next === 'elsewhere' ? 'solve' : next, '1', ...scripted(scene, script)];
  const flaws = await runUntilDone(scene, again, 2, next === 'elsewhere' ? cloneOf(scene) : scene.clone);
  return [...flaws, ...(await findLost(scene, kept)), ...(await findOtherTree(scene, tree))];
}

/** A signal that asks to stop, then `resume`. */
export async function playSignal(ground: Ground, blow: Blow, signal: 'SIGINT' | 'SIGTERM', tree?: string): Promise<Flaws> {
  const { scene, args } = await openStand(ground, blow.subject);
  await using _ = scene;
  let began = Number.NaN;
  const struck = await strike(scene, args, blow, signal, () => (began = performance.now()));
  const took = (performance.now() - began) / 1000;
  if (Number.isNaN(took)) return struck.status === 0 ? [missed] : [`exit ${struck.status}: ${tail(struck)}`];
  const wanted = signal === 'SIGINT' ? 130 : 143;
  const flaws: Flaws = [];
  if (struck.status !== wanted) flaws.push(`exit ${struck.status} instead of ${wanted}: ${tail(struck)}`);
  if (took > 5) flaws.push(`took ${took.toFixed(1)} s to end`);
  const kept = await tipOf(scene);
  const locks = (await branchesOf(scene)).filter((name) => name.includes('/locks/'));
  // Where its time is over a run ends with the lock, and the next one finds that nobody holds it.
  if (locks.length > 0 && took < 4) flaws.push(`left ${locks.join(', ')} after ${took.toFixed(1)} s`);
  flaws.push(...(await runUntilDone(scene, ['resume', '1', ...scripted(scene, scripts.goingOn)], 1, scene.clone)));
  return [...flaws, ...(await findLost(scene, kept)), ...(await findOtherTree(scene, tree))];
}

/** Runs bugloop and hits it with a signal at the moment, which a request does not survive. */
export async function strike(
  scene: Scene,
  args: string[],
  { moment, when }: Pick<Blow, 'moment' | 'when'>,
  signal: NodeJS.Signals,
  struck: () => void = () => undefined,
): Promise<Ended> {
  if (moment.kind === 'write') {
    const running = start(scene, args, {
      TMPDIR: temporaryOf(scene),
      NODE_OPTIONS: `--import=${moments}`,
      BUGLOOP_SOAK_AT: JSON.stringify({ ...moment, when, signal }),
    });
    // The only sign of it from outside is what bugloop says to it.
    running.child.stderr?.on('data', (chunk: Buffer) => {
      if (chunk.includes('interrupted, leaving')) struck();
    });
    return waitPatiently(running);
  }
  const running = start(scene, args, { TMPDIR: temporaryOf(scene) });
  const isIt = matchMoment(moment);
  const hit = (request: FaultTarget): boolean => {
    if (!isIt(request)) return false;
    running.child.kill(signal);
    struck();
    return true;
  };
  scene.server.faults.add(
    signal === 'SIGKILL'
      ? { kind: 'reset', commit: when === 'after', match: hit }
      : { kind: 'slow', delay: 50, commit: true, match: hit },
  );
  return waitPatiently(running);
}

export function nameOf({ kind, nth, what }: Moment): string {
  return `${kind}/${what.replaceAll(/[^A-Za-z0-9.]+/g, '-')}${nth === 0 ? '' : `-${nth + 1}`}`;
}

export function matchMoment({ what, nth }: Moment): (request: FaultTarget) => boolean {
  let seen = 0;
  return ({ operation }) => operation === what && seen++ === nth;
}

// ---------------------------------------------------------------------------------------------- faults

/** Every kind of fault that the double has, before and after the effect where both can be. */
export const faultKinds = {
  'status 502': { kind: 'status', status: 502 },
  'status 502 after': { kind: 'status', status: 502, commit: true },
  html: { kind: 'html' },
  'html after': { kind: 'html', commit: true },
  'graphql-error': { kind: 'graphql-error' },
  'graphql-error after': { kind: 'graphql-error', commit: true },
  cut: { kind: 'cut' },
  truncated: { kind: 'truncated' },
  reset: { kind: 'reset' },
  'reset after': { kind: 'reset', commit: true },
  'secondary-limit': { kind: 'secondary-limit' },
  'primary-limit': { kind: 'primary-limit' },
  redirect: { kind: 'redirect' },
  slow: { kind: 'slow', delay: 3_000 },
  hang: { kind: 'hang' },
  'hang after': { kind: 'hang', commit: true },
} satisfies Record<string, Fault>;
export type FaultKind = keyof typeof faultKinds;

export function isFaultKind(name: string): name is FaultKind {
  return name in faultKinds;
}

/** One fault at one request; what is not done after it is done by a second run. */
export async function playFault(
  ground: Ground,
  subject: Subject,
  moment: Moment,
  kind: FaultKind,
  tree?: string,
): Promise<Flaws> {
  const { scene, args } = await openStand(ground, subject);
  await using _ = scene;
  scene.server.faults.add({ ...faultKinds[kind], match: matchMoment(moment) });
  const flaws = await runUntilDone(scene, args, 2, scene.clone);
  if (scene.server.faults.left() > 0) return [missed];
  return [...flaws, ...(await findOtherTree(scene, tree))];
}

// ---------------------------------------------------------------------------------------------- races

/** Two to five solves of the same issue, which start at different times on networks of different speed. */
export async function playRace(ground: Ground, seed: number, tree?: string): Promise<Flaws> {
  const next = random(seed);
  const { scene, args } = await openStand(ground, 'solve');
  await using _ = scene;
  const delay = next(3) === 0 ? 0 : next(200);
  if (delay > 0) scene.server.faults.add({ kind: 'slow', delay, times: Infinity });
  const runners = Array.from({ length: 2 + next(4) }, () => ({ clone: cloneOf(scene), offset: next(2) === 0 ? 0 : next(6_000) }));
  const ended = await Promise.all(
    runners.map(async ({ clone, offset }) => {
      await sleep(offset);
      return runPatiently(scene, args, {}, clone);
    }),
  );
  const proven = ended.filter(({ stdout }) => stdout.includes('Proven')).length;
  return [
    ...ended.filter(({ status }) => status !== 0).map((one) => `a run ended with ${one.status}: ${tail(one)}`),
    ...(proven === 1 ? [] : [`${proven} runs solved the issue`]),
    ...(await findFlaws(scene)),
    ...(await findOtherTree(scene, tree)),
  ];
}

/** mulberry32: whole numbers below a limit, the same for the same seed. */
function random(seed: number): (below: number) => number {
  let state = seed >>> 0;
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * below);
  };
}

// ---------------------------------------------------------------------------------------------- what has to hold

/** Runs until there is one of each, at most `most` times; a run may fail, but not break. */
async function runUntilDone(scene: Scene, args: string[], most: number, clone: string): Promise<Flaws> {
  const said: string[] = [];
  for (let turn = 1; turn <= most; turn += 1) {
    const ended = await runPatiently(scene, args, {}, clone);
    said.push(`run ${turn} of ${args[0]} ended with ${ended.status ?? ended.signal}: ${tail(ended)}`);
    if (ended.status === null || ended.status === 1) return said;
    // A run that finds nothing to do opens nothing, and sweeps nothing either.
    const works = !ended.stdout.includes('Nothing to do');
    const left = readdirSync(temporaryOf(scene)).filter((name) => works && name.startsWith('bugloop-'));
    const flaws = [
      ...(await findFlaws(scene)),
      ...(left.length === 0 ? [] : [`left in the temporary directory: ${left.join(', ')}`]),
    ];
    if (ended.status === 0 && flaws.length === 0) return [];
    said.push(...flaws);
  }
  return said;
}

/** What was on the branch is under what is there now. */
async function findLost(scene: Scene, kept: string | undefined): Promise<Flaws> {
  if (kept === undefined) return [];
  const base = await scene.server.git(scene.repository, 'merge-base', kept, (await tipOf(scene)) ?? 'main');
  return base === kept ? [] : [`the commit ${kept} was lost`];
}

async function findOtherTree(scene: Scene, tree: string | undefined): Promise<Flaws> {
  if (tree === undefined || (await tipOf(scene)) === undefined) return [];
  const found = await treeOf(scene);
  return found === tree ? [] : [`the tree is ${found} instead of ${tree}`];
}

async function tipOf(scene: Scene): Promise<string | undefined> {
  const name = (await branchesOf(scene)).find((one) => one === branch);
  return name === undefined ? undefined : scene.server.git(scene.repository, 'rev-parse', name);
}

function treeOf({ server, repository }: Scene): Promise<string> {
  return server.git(repository, 'rev-parse', `${branch}^{tree}`);
}

export function runPatiently(
  scene: Scene,
  args: string[],
  env: Record<string, string> = {},
  clone = scene.clone,
): Promise<Ended> {
  return waitPatiently(start(scene, args, { TMPDIR: temporaryOf(scene), ...env }, clone));
}

/** Ends a process that does not end by itself, which is then seen as a flaw. */
async function waitPatiently({ child, ended }: ReturnType<typeof start>): Promise<Ended> {
  const timer = setTimeout(() => child.kill('SIGABRT'), patienceMs);
  return ended.finally(() => {
    clearTimeout(timer);
  });
}

export function tail({ stdout, stderr }: Ended): string {
  return (stderr.trim() || stdout.trim()).split('\n').slice(-3).join(' | ').slice(0, 500);
}

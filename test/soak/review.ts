import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import buildWhenStale from '../build.ts';
import { answer, branch, constant, edit, finish, opened, repliesTo, stateOf, suggest, type Opened } from '../e2e/change.ts';
import { branchesOf, labels, scripted, statusComments } from '../e2e/github.ts';
import {
  countMoments,
  faultKinds,
  isFaultKind,
  matchMoment,
  missed,
  runPatiently,
  strike,
  tail,
  type Flaws,
  type Moment,
  type When,
} from './play.ts';

/**
 * Disturbs a review at every moment of an undisturbed one, then runs it again: every thread has one reply, the branch one
 * commit more, and nothing is left behind.
 *
 *   npm run soak:review                          everything; about half an hour on two slow cores
 *   npm run soak:review -- --only kill/before    the cases whose name begins so
 *   npm run soak:review -- --list                their names
 */

const { values: flags } = parseArgs({
  options: {
    only: { type: 'string', multiple: true, default: [''] },
    list: { type: 'boolean', default: false },
    jobs: { type: 'string', default: '3' },
  },
});

const moments = new URL('moments.js', import.meta.url).href;
const script = [[edit('function label', 'function title'), answer('t1', 'fixed', 'It is called title.'), finish]];

/** A suggestion, a wish that needs an agent, a program's thread that is ours to resolve, and what is left to a person. */
async function openStand(): Promise<{ scene: Opened; args: string[] }> {
  const scene = await opened();
  await scene.say(2, suggest('  return b + a;'));
  await scene.say(9, 'nit: call it title');
  await scene.say(constant(0), suggest('export const c0 = 1;'), 'coderabbitai[bot]');
  await scene.say(10, 'Approve this PR.');
  scene.server.forget();
  return { scene, args: ['review', String(scene.pull.number), ...scripted(scene, script)] };
}

interface Course {
  moments: Moment[];
  tree: string;
}

async function recordCourse(): Promise<Course> {
  const { scene, args } = await openStand();
  await using _ = scene;
  const notes = join(scene.home, 'notes');
  const ended = await runPatiently(scene, args, { NODE_OPTIONS: `--import=${moments}`, BUGLOOP_SOAK_NOTES: notes });
  const tree = await treeOf(scene);
  const flaws = await findFlaws(scene, tree);
  if (ended.status !== 3 || flaws.length > 0) throw new Error(`undisturbed: ${tail(ended)} ${flaws.join('; ')}`);
  const asked = scene.server.requests.map(({ operation }) => operation);
  const written = readFileSync(notes, 'utf8').trimEnd().split('\n');
  return { moments: [...countMoments('request', asked), ...countMoments('write', written)], tree };
}

const treeOf = ({ server, repository }: Opened): Promise<string> => server.git(repository, 'rev-parse', `${branch}^{tree}`);

/** What is not as one undisturbed round leaves it. */
async function findFlaws(scene: Opened, tree: string): Promise<Flaws> {
  const { server, repository, pull, issue } = scene;
  const flaws: Flaws = [];
  const expect = (holds: boolean, flaw: string): void => void (holds || flaws.push(flaw));
  for (const thread of pull.threads) {
    const replies = repliesTo(scene, thread);
    expect(replies.length === 1, `${replies.length} replies in the thread at line ${thread.originalLine}`);
  }
  expect(pull.threads.filter(({ resolvedBy }) => resolvedBy !== null).length === 1, 'not one thread is resolved');
  const commits = Number(await server.git(repository, 'rev-list', '--count', `main..${branch}`));
  expect(commits === 2, `${commits} commits on the branch`);
  expect((await treeOf(scene)) === tree, 'another tree');
  expect(pull.body?.includes('### Proof'), 'the text of the change tells of no proof');
  expect((await branchesOf(scene)).join(' ') === `${branch} main`, `branches ${(await branchesOf(scene)).join(' ')}`);
  const named = issue.labels.map(({ name }) => name);
  expect(!named.includes(labels.inProgress) && named.includes(labels.needsHuman), `labels ${named.join(' ')}`);
  expect(statusComments(scene).length === 1, `${statusComments(scene).length} status comments`);
  const state = stateOf(scene);
  expect(state.ok && state.record.state === 'ESCALATED' && state.record.change?.head === pull.headSha, 'another state');
  return [...flaws, ...server.problems];
}

/** Again until all is well, at most twice; a run may stop, but not break. */
async function runUntilDone(scene: Opened, args: string[], tree: string): Promise<Flaws> {
  let said: string[] = [];
  for (let turn = 1; turn <= 2; turn += 1) {
    const ended = await runPatiently(scene, args);
    const flaws = await findFlaws(scene, tree);
    if (flaws.length === 0 && (ended.status === 3 || ended.status === 0)) return [];
    said = [...said, `run ${turn} ended with ${ended.status ?? ended.signal}: ${tail(ended)}`, ...flaws];
    if (ended.status === null || ended.status === 1) return said;
  }
  return said;
}

async function playKill(moment: Moment, when: When, tree: string): Promise<Flaws> {
  const { scene, args } = await openStand();
  await using _ = scene;
  const struck = await strike(scene, args, { moment, when }, 'SIGKILL');
  if (struck.signal !== 'SIGKILL') return struck.status === 3 ? [missed] : [`was not killed: ${tail(struck)}`];
  return await runUntilDone(scene, args, tree);
}

async function playFault(moment: Moment, kind: keyof typeof faultKinds, tree: string): Promise<Flaws> {
  const { scene, args } = await openStand();
  await using _ = scene;
  scene.server.faults.add({ ...faultKinds[kind], match: matchMoment(moment) });
  const flaws = await runUntilDone(scene, args, tree);
  return scene.server.faults.left() > 0 ? [missed] : flaws;
}

interface Case {
  name: string;
  play: () => Promise<Flaws>;
}

const nameOf = ({ what, nth }: Moment): string => `${what.replaceAll(/[^A-Za-z0-9.]+/g, '-')}${nth === 0 ? '' : `-${nth + 1}`}`;

function* casesOf({ moments: all, tree }: Course): Generator<Case> {
  for (const moment of all) {
    for (const when of ['before', 'after'] as const) {
      yield { name: `kill/${when}/${moment.kind}/${nameOf(moment)}`, play: () => playKill(moment, when, tree) };
    }
  }
  for (const moment of all.filter(({ kind }) => kind === 'request')) {
    for (const kind of Object.keys(faultKinds).filter(isFaultKind)) {
      const name = `fault/${nameOf(moment)}/${kind.replaceAll(' ', '-')}`;
      yield { name, play: () => playFault(moment, kind, tree) };
    }
  }
}

buildWhenStale();
const cases = [...casesOf(await recordCourse())].filter(({ name }) => flags.only.some((wanted) => name.startsWith(wanted)));
let held = 0;
if (flags.list) process.stdout.write(`${cases.map(({ name }) => name).join('\n')}\n`);
else {
  const queue = [...cases];
  await Promise.all(
    Array.from({ length: Number(flags.jobs) }, async () => {
      for (let one = queue.shift(); one !== undefined; one = queue.shift()) {
        const flaws = await one.play().catch((error: unknown) => [error instanceof Error ? error.message : String(error)]);
        if (flaws.length === 0) held += 1;
        process.stdout.write(
          `${flaws.length === 0 ? 'ok ' : 'NOT'} ${one.name}${flaws.map((flaw) => `\n      ${flaw}`).join('')}\n`,
        );
      }
    }),
  );
  process.stdout.write(`${cases.length} cases, ${held} held\n`);
  process.exitCode = held === cases.length && held > 0 ? 0 : 1;
}

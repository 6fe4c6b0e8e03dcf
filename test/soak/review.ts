import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, readdirSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { readReplyMark } from '../../src/core/threads.ts';
import { answer, branch, constant, edit, finish, opened, repliesTo, stateOf, suggest, type Opened } from '../e2e/change.ts';
import { branchesOf, labels, scripted, statusComments } from '../e2e/github.ts';
import { runPatiently, tail, type Case, type Flaws } from './play.ts';
import { casesOf, recordMoments, type Stand, type Subject } from './subject.ts';

/** A round of review, in one process, and as the half that publishes what another one made. */

const script = [[edit('function label', 'function title'), answer('t1', 'fixed', 'It is called title.'), finish]];

/** The change that every round of one soak is about, what an undisturbed one makes of it, and a sealed round. */
export interface ReviewGround extends AsyncDisposable {
  /** Bare, with the branch of the change. */
  repository: string;
  runDir: string;
  /** Of the branch after a round. */
  tree: string;
}

/** A suggestion, a wish that needs an agent, a program's thread that is ours to resolve, and what is left to a person. */
async function openChange(from?: string): Promise<Opened> {
  const scene = await opened({}, from === undefined ? {} : { from });
  await scene.say(2, suggest('  return b + a;'));
  await scene.say(9, 'nit: call it title');
  await scene.say(constant(0), suggest('export const c0 = 1;'), 'coderabbitai[bot]');
  await scene.say(10, 'Approve this PR.');
  scene.server.forget();
  return scene;
}

const callOf = (scene: Opened): string[] => ['review', String(scene.pull.number), ...scripted(scene, script)];

export async function layReview(): Promise<ReviewGround> {
  const home = realpathSync(mkdtempSync(join(tmpdir(), 'bugloop-ground-')));
  await using scene = await openChange();
  const repository = join(home, 'ground.git');
  execFileSync('git', ['clone', '--quiet', '--bare', scene.repository.path, repository]);
  const runs = join(home, 'runs');
  const sealed = await runPatiently(scene, [...callOf(scene), '--no-publish', '--out', runs]);
  const [name] = existsSync(runs) ? readdirSync(runs).filter((entry) => /^\d/.test(entry)) : [];
  if (name === undefined) throw new Error(`no round to publish: ${tail(sealed)}`);
  await runPatiently(scene, ['publish', join(runs, name), '--quiet']);
  return {
    repository,
    runDir: join(runs, name),
    tree: await treeOf(scene),
    // oxlint-disable-next-line typescript/require-await -- a disposable that does not wait
    [Symbol.asyncDispose]: async () => rmSync(home, { recursive: true, force: true }),
  };
}

const treeOf = ({ server, repository }: Opened): Promise<string> => server.git(repository, 'rev-parse', `${branch}^{tree}`);

/** 3: a thread waits for a person. 0: there was nothing left to say. */
const ends = [3, 0] as const;

function reviewSubject({ repository, tree }: ReviewGround): Subject<Opened> {
  return {
    name: 'review',
    ends,
    async open(): Promise<Stand<Opened>> {
      const scene = await openChange(repository);
      return { scene, args: callOf(scene) };
    },
    findFlaws: (scene) => findFlaws(scene, tree),
  };
}

export function publishSubject({ repository, runDir, tree }: ReviewGround): Subject<Opened> {
  return {
    name: 'publish-review',
    ends,
    takesAnyway: true,
    async open(): Promise<Stand<Opened>> {
      const scene = await openChange(repository);
      // The run is known by the name of its directory.
      const copy = join(scene.home, basename(runDir));
      cpSync(runDir, copy, { recursive: true });
      return { scene, args: ['publish', copy, '--quiet'] };
    },
    findFlaws: (scene) => findFlaws(scene, tree),
  };
}

/** `full`: also the faults at requests that the half which publishes makes in the same way. */
export async function casesOfReview(ground: ReviewGround, { full }: { full: boolean }): Promise<Case[]> {
  const [review, publish] = [reviewSubject(ground), publishSubject(ground)];
  const published = await recordMoments(publish);
  return [...casesOf(review, await recordMoments(review), full ? [] : published), ...casesOf(publish, published)];
}

/** What is not as one undisturbed round leaves it. */
async function findFlaws(scene: Opened, tree: string): Promise<Flaws> {
  const { server, repository, pull, issue } = scene;
  const flaws: Flaws = [];
  const expect = (holds: boolean | undefined, flaw: string): void => void (holds === true || flaws.push(flaw));
  const head = await server.head(repository, branch);
  for (const thread of pull.threads) {
    const replies = repliesTo(scene, thread);
    expect(replies.length === 1, `${replies.length} replies in the thread at line ${thread.originalLine}`);
    const mark = readReplyMark(replies[0] ?? '');
    expect(mark?.thread === thread.nodeId && mark.commit === head, `a reply is about ${mark?.commit ?? 'nothing'}`);
  }
  const resolved = pull.threads.filter(({ resolvedBy }) => resolvedBy !== null);
  expect(resolved.length === 1 && resolved[0]?.originalLine === constant(0), 'not the one thread is resolved that is ours to');
  const told = server.deliveries.filter(({ event }) => event === 'pull_request_review_thread').map(({ action }) => action);
  expect(told.join(' ') === 'resolved', `threads were ${told.join(' and ') || 'not resolved'}`);
  const commits = Number(await server.git(repository, 'rev-list', '--count', `main..${branch}`));
  expect(commits === 2, `${commits} commits on the branch`);
  const moves = server.deliveries.filter(
    ({ event, payload }) => event === 'push' && 'ref' in payload && payload.ref === `refs/heads/${branch}`,
  );
  expect(moves.length === 1, `the branch moved ${moves.length} times`);
  expect((await treeOf(scene)) === tree, 'another tree');
  expect(pull.draft, 'no draft any more');
  expect(pull.body?.includes('### Proof'), 'the text of the change tells of no proof');
  expect((await branchesOf(scene)).join(' ') === `${branch} main`, `branches ${(await branchesOf(scene)).join(' ')}`);
  const named = issue.labels.map(({ name }) => name);
  expect(!named.includes(labels.inProgress) && named.includes(labels.needsHuman), `labels ${named.join(' ')}`);
  expect(statusComments(scene).length === 1, `${statusComments(scene).length} status comments`);
  const state = stateOf(scene);
  expect(state.ok && state.record.state === 'ESCALATED' && state.record.change?.head === pull.headSha, 'another state');
  return [...flaws, ...server.problems];
}

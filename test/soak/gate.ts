import { askMarker } from '../../src/core/gate/ask.ts';
import { branch, openGated, postedBy, recordOf, type Gated } from '../e2e/gated.ts';
import { branchesOf, run, statusComments } from '../e2e/github.ts';
import type { Case, Flaws, Moment } from './play.ts';
import { casesOf, recordMoments, type Subject } from './subject.ts';

/** The gate: on its way to ready, back to a draft, and while it asks a reviewer. */

const reviewer = 'coderabbitai[bot]';
const argsOf = ({ pull }: Gated): string[] => ['gate', String(pull.number)];
const push = ({ server, repository }: Gated): Promise<string> =>
  server.commit(repository, branch, { 'src/add.js': 'export const add = () => 0;\n' }, { author: 'maria' });

type Check = [holds: boolean | undefined, flaw: string];

/** What holds whatever the gate did: one word for the head, one record, nothing locked. */
async function findFlaws(scene: Gated, word: string, checks: readonly Check[]): Promise<Flaws> {
  const { server, repository } = scene;
  const head = await server.head(repository, branch);
  const words = postedBy(scene).filter(({ suite }) => suite.sha === head);
  const said = words.at(-1)?.conclusion ?? words.at(-1)?.status ?? 'nothing';
  const branches = (await branchesOf(scene)).join(' ');
  const all: Check[] = [
    [said === word, `the word beside the head is ${said}`],
    [statusComments(scene).length === 1, `${statusComments(scene).length} status comments`],
    [branches === `${branch} main`, `branches ${branches}`],
    ...checks,
  ];
  return [...all.flatMap(([holds, flaw]) => (holds === true ? [] : [flaw])), ...server.problems];
}

const isDraft = (scene: Gated): Check[] => [
  [scene.pull.draft, 'no draft, and not all holds of its head'],
  [recordOf(scene).state === 'PR_DRAFT' && recordOf(scene).ready === undefined, `the record says ${recordOf(scene).state}`],
];

export const ready: Subject<Gated> = {
  name: 'gate-ready',
  ends: [0],
  open: async () => {
    const scene = await openGated();
    return { scene, args: argsOf(scene) };
  },
  findFlaws: async (scene) =>
    findFlaws(scene, 'success', [
      [!scene.pull.draft, 'still a draft'],
      [recordOf(scene).state === 'READY' && recordOf(scene).ready === scene.head, `the record says ${recordOf(scene).state}`],
    ]),
  // Whatever was done before the kill was done for a head that nobody looks at any more.
  meanwhile: [
    { name: 'overtaken', happen: push, ends: [6], findFlaws: async (scene) => findFlaws(scene, 'failure', isDraft(scene)) },
  ],
};

export const back: Subject<Gated> = {
  name: 'gate-back',
  ends: [6],
  open: async () => {
    const scene = await openGated();
    await run(scene, argsOf(scene));
    await push(scene);
    scene.server.forget();
    return { scene, args: argsOf(scene) };
  },
  findFlaws: async (scene) => findFlaws(scene, 'failure', isDraft(scene)),
};

const asking: Subject<Gated> = {
  name: 'gate-ask',
  ends: [6],
  open: async () => {
    const scene = await openGated({ base: {} });
    scene.server.comment(scene.pull, '> ## Review skipped\n> Draft detected.', reviewer);
    scene.server.forget();
    return { scene, args: argsOf(scene) };
  },
  findFlaws: async (scene) => {
    const asked = scene.pull.comments.filter(({ body }) => body.includes(askMarker(reviewer, scene.head))).length;
    return findFlaws(scene, 'in_progress', [...isDraft(scene), [asked === 1, `asked ${asked} times`]]);
  },
};

const subjects = [ready, back, asking];
export const gateNames = subjects.map(({ name }) => name);

/** `full`: also the faults at requests that an earlier one of these makes in the same way. */
export async function casesOfGate({ full }: { full: boolean }): Promise<Case[]> {
  const cases: Case[] = [];
  const covered: Moment[] = [];
  for (const subject of subjects) {
    const moments = await recordMoments(subject);
    cases.push(...casesOf(subject, moments, full ? [] : covered));
    covered.push(...moments);
  }
  return cases;
}

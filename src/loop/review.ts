import { digestLog } from '../core/feedback.ts';
import {
  closeChecks,
  closeRound,
  growthBudget,
  judgeClaims,
  judgeGrowth,
  nameChecks,
  nameThreads,
  readAnswers,
  readTrailers,
  type CheckEntry,
  type Claim,
  type LedgerEntry,
  type Round,
} from '../core/ledger.ts';
import { isUntold } from '../core/rounds/stop.ts';
import { buildReviewPrompt, type Template } from '../core/prompt.ts';
import { isAnswered, sortThreads, type OpenThread, type SortedThreads } from '../core/threads.ts';
import { tellThread } from '../core/threads/tell.ts';
import type { CommitId, Issue, Reason } from '../core/types.ts';
import type { Agent, Reviews, ReviewStanding } from '../ports.ts';
import { recordOf } from './claim.ts';
import { takeBaseline, type Baseline } from './baseline.ts';
import { evaluate, type Evaluation } from './evaluate.ts';
import { begin, repair, type Progressed } from './repair.ts';
import { nonceOf, type Prompt, type Run, type Terms } from './run.ts';
import { applyMechanically, nearby, wholeSuite, type Judge, type Suggested } from './suggestions.ts';

/** A failed check with what people and models need of its output. */
export interface PrintedCheck {
  name: string;
  output: string;
}

/** Bytes of one check in the prompt. */
const checkBytes = 2_800;

/** What the failed checks printed: of a job its log, digested as the output of our own runs; else its own words. */
export function readPrinted(reviews: Reviews, { failedChecks }: ReviewStanding): Promise<PrintedCheck[]> {
  return Promise.all(
    failedChecks.map(async ({ name, output, job }) => {
      const log = job === undefined ? undefined : await reviews.readLog(job);
      return { name, output: log === undefined ? output : digestLog(log, checkBytes) };
    }),
  );
}

/** What a round comes to before anything of it is written to the forge. */
export type RoundAnswer =
  | { end: 'answered'; round: RoundResult }
  /** Nothing can be said now: run again later. */
  | { end: 'interrupted' | 'transient'; reason: Reason }
  /** Somebody outside ended it. `commit`: what there is of the work so far. */
  | { end: 'stopped'; reason: Reason; commit: CommitId };

export interface RoundResult {
  /** Commit with the round's work; the head itself where nothing changed. */
  commit: CommitId;
  /** The proof of `commit`, wherever it is another than the head. */
  evaluation?: Evaluation;
  /** Absent where nothing had to be run. */
  baseline?: Baseline;
  progressed: Progressed;
  sorted: SortedThreads;
  /** An earlier round pushed this head and ended before it could say so. */
  untold: boolean;
  /** One entry for each thread and each failed check, once the commit that leaves is known. */
  readonly close: (head: CommitId) => Promise<Closed>;
}

/** The ledger of a round. */
interface Closed {
  entries: LedgerEntry[];
  checks: CheckEntry[];
}

const interrupted: RoundAnswer = { end: 'interrupted', reason: { code: 'run.interrupted', message: 'the run was interrupted' } };

/**
 * One round of review: what applies mechanically, then the rest through the same loop as a bug, both judged by guards,
 * tests and the proof. Nothing is pushed and nothing is said yet.
 */
export async function workRound(
  run: Run,
  standing: ReviewStanding,
  { template, printed }: { template: Template; printed: readonly PrintedCheck[] },
): Promise<RoundAnswer> {
  const { head, failedChecks } = standing;
  const sorted = sortThreads(standing.threads, standing.reviewers);
  const [remembered, open] = splitRemembered(standing, sorted.open);
  const untold = remembered.length > 0 || isUntold(standing, recordOf(standing));
  const answered = (
    result: Partial<RoundResult>,
    claims: readonly Claim[],
    { why = 'nobody could answer this', changed = false } = {},
  ): RoundAnswer => {
    const round = { open, claims, unanswered: { outcome: 'needs-human', words: why } } as const;
    const entriesOf = closer(run, standing, remembered, round);
    const close = async (commit: CommitId): Promise<Closed> => {
      return { entries: await entriesOf(commit), checks: closeChecks(failedChecks, claims, { head: commit, changed, why }) };
    };
    return { end: 'answered', round: { commit: head, progressed: begin(head), sorted, untold, close, ...result } };
  };
  const workable = open.filter(({ kind }) => kind !== 'attack');
  if (workable.length === 0 && failedChecks.length === 0 && !untold) return answered({}, []);
  const taken = await takeBaseline(run);
  if (run.signal.aborted) return interrupted;
  if (!taken.ok) return answered({}, [], { why: `nothing can be tested here: ${taken.reason.message}` });
  const { baseline } = taken;

  const applied = await applyMechanically(run, head, workable, nearby(run, baseline, growthOf(run, standing)));
  const asks = failedChecks.length > 0 || workable.length > applied.claims.length;
  // An agent that builds on a suggestion which breaks something far away could never be proven.
  const suggested = asks ? await applied.narrow(wholeSuite(run, baseline)) : applied;
  const stop = await run.lookout?.();
  if (stop !== undefined) return { end: 'stopped', reason: stop, commit: suggested.commit };
  const settled = new Set(suggested.claims.map(({ thread }) => thread));
  const rest = workable.filter(({ thread }) => !settled.has(thread.id));
  const question = { run, standing, baseline, template, rest, checks: printed, ...suggested };
  const asked = asks ? await askAgent(question) : undefined;
  if (asked !== undefined && asked.end !== 'done') return asked;

  const said = asked?.claims ?? [];
  const why = asked === undefined ? {} : { why: asked.why };
  const progressed = asked?.progressed ?? begin(suggested.commit);
  if (asked?.evaluation !== undefined) {
    const { evaluation } = asked;
    const { mirror } = run.workspace;
    const changed = (await mirror.treeOf(progressed.head)) !== (await mirror.treeOf(suggested.commit));
    const claims = [...suggested.claims, ...said];
    return answered({ commit: progressed.head, evaluation, baseline, progressed }, claims, { ...why, changed });
  }
  const proven = await proveSuggestions(run, baseline, suggested, { head, untold });
  if (run.signal.aborted) return interrupted;
  const { commit, claims, evaluation } = proven;
  const result = { commit, baseline, progressed, ...(evaluation === undefined ? {} : { evaluation }) };
  return answered(result, [...claims, ...said], why);
}

/** What a reviewer's words may make of the change is bounded, whoever writes it. */
function growthOf({ workspace }: Run, { head, threads }: ReviewStanding): Terms['refuse'] {
  return async (commit) => judgeGrowth(await workspace.mirror.change(head, commit), threads.length);
}

/** The suggestions that leave, and their proof where they make a new head or an untold one needs it. */
interface ProvenSuggestions {
  commit: CommitId;
  claims: Claim[];
  evaluation?: Evaluation;
}

/**
 * Nothing leaves without its proof. Each suggestion was harmless to the nearest tests: where the whole suite or the proof
 * speaks against all together, it is asked once more which ones, so that they alone are left out.
 */
async function proveSuggestions(
  run: Run,
  baseline: Baseline,
  suggested: Suggested,
  { head, untold }: { head: CommitId; untold: boolean },
): Promise<ProvenSuggestions> {
  if (suggested.commit === head && !untold) return suggested;
  const proofs = new Map<CommitId, Evaluation>();
  const prove = async (commit: CommitId): Promise<Evaluation> => {
    const known = proofs.get(commit);
    if (known !== undefined) return known;
    // What an agent left behind is not what is judged.
    await run.workspace.checkout(commit);
    const evaluation = await evaluate(run, baseline, commit);
    proofs.set(commit, evaluation);
    return evaluation;
  };
  const byProof: Judge = async (commit) => {
    const evaluation = await prove(commit);
    return evaluation.stage === 'proven' ? undefined : evaluation;
  };
  let [left, last] = [suggested, await prove(suggested.commit)];
  // Whose fault it is, one run of all tests mostly tells; a proof takes several.
  for (const judge of [wholeSuite(run, baseline), byProof]) {
    if (last.stage === 'proven' || run.signal.aborted) break;
    left = await left.narrow(judge);
    if (left.commit === head && !untold) return left;
    last = await prove(left.commit);
  }
  if (last.stage === 'proven') return { ...left, evaluation: last };
  const why = last;
  return { commit: head, claims: left.claims.map((claim) => (claim.outcome === 'fixed' ? undone(claim, why) : claim)) };
}

function undone(claim: Claim, { reasons }: Evaluation): Claim {
  const why = reasons[0]?.message ?? 'the proof did not hold';
  return {
    ...claim,
    outcome: 'needs-human',
    words: `the suggestion was applied and taken back, because with it the proof does not hold: ${why}`,
  };
}

// ---------------------------------------------------------------------------------------------- ledger

/** A head of ours remembers what it fixed: a round that died after its push is not done again. */
function splitRemembered(standing: ReviewStanding, open: readonly OpenThread[]): [OpenThread[], OpenThread[]] {
  const { head, headOurs, message, reviewers } = standing;
  const fixed = new Set(headOurs ? readTrailers(message) : []);
  // One that was answered for this head and still waits got a new word since.
  const remembered = new Set(
    open.filter(({ thread }) => fixed.has(thread.id) && !isAnswered(thread, head, reviewers)).map(({ thread }) => thread.id),
  );
  return [open.filter(({ thread }) => remembered.has(thread.id)), open.filter(({ thread }) => !remembered.has(thread.id))];
}

function closer(run: Run, standing: ReviewStanding, remembered: readonly OpenThread[], round: Omit<Round, 'change'>) {
  const { mirror } = run.workspace;
  return async (head: CommitId): Promise<LedgerEntry[]> => {
    const entries = closeRound({ ...round, change: await mirror.change(standing.head, head) });
    if (remembered.length === 0) return entries;
    const claims = remembered.map(({ thread }): Claim => ({ thread: thread.id, outcome: 'fixed', words: '' }));
    const whole = await mirror.change(run.base, standing.head);
    return [...closeRound({ open: remembered, claims, change: whole, unanswered: round.unanswered }), ...entries];
  };
}

// ---------------------------------------------------------------------------------------------- the agent

interface Question {
  run: Run;
  standing: ReviewStanding;
  baseline: Baseline;
  template: Template;
  rest: readonly OpenThread[];
  checks: readonly PrintedCheck[];
  commit: CommitId;
  notes: ReadonlyMap<string, string>;
}

type Asked =
  | { end: 'done'; claims: Claim[]; progressed: Progressed; evaluation?: Evaluation; why: string }
  | Exclude<RoundAnswer, { end: 'answered' }>;

/** The rest goes through the same loop as a bug, with the threads' answers as a further condition. */
async function askAgent(question: Question): Promise<Asked> {
  const { run, standing, baseline, rest, checks, commit } = question;
  if (run.agent.name === 'search') {
    return { end: 'done', claims: [], progressed: begin(commit), why: 'no model was at hand that could answer this' };
  }
  const names = new Map([...nameThreads(rest), ...nameChecks(checks)]);
  const claims = new Map<string, Claim>();
  const { mirror } = run.workspace;
  const terms: Terms = {
    refuse: growthOf(run, standing),
    demand: async (head) =>
      renameReasons(judgeClaims(rest, [...claims.values()], await mirror.change(standing.head, head)), names),
  };
  const prompt = await composeReview(question, names);
  const answering: Run = { ...run, terms, agent: withDesk(run.agent, names, claims) };
  const repaired = await repair(answering, baseline, prompt, begin(commit));
  const { progressed } = repaired;
  if (repaired.end === 'stopped') return { end: 'stopped', reason: repaired.reason, commit: progressed.head };
  if (repaired.end === 'interrupted' || repaired.end === 'transient') return { end: repaired.end, reason: repaired.reason };
  if ('evaluation' in repaired) {
    const { evaluation } = repaired;
    return { end: 'done', claims: [...claims.values()], progressed, evaluation, why: 'it was left without an answer' };
  }
  // What the agent changed does not leave, so nothing of it is fixed; what it said about the rest stands.
  const words = [...claims.values()].filter(({ outcome }) => outcome !== 'fixed');
  return { end: 'done', claims: words, progressed, why: `the round ended without a proven answer: ${repaired.reason.message}` };
}

/** An agent whose answers to threads are taken: by the tool while it works, else from its last words. */
function withDesk(agent: Agent, names: ReadonlyMap<string, string>, claims: Map<string, Claim>): Agent {
  return {
    ...agent,
    async work(task) {
      const result = await agent.work({
        ...task,
        answer(claim) {
          const thread = names.get(claim.thread);
          if (thread === undefined)
            return `there is no thread ${claim.thread.slice(0, 20)}; the threads are ${[...names.keys()].join(', ')}`;
          claims.set(thread, { ...claim, thread });
          return undefined;
        },
      });
      for (const claim of readAnswers(result.summary, names)) if (!claims.has(claim.thread)) claims.set(claim.thread, claim);
      return result;
    },
  };
}

/** The agent knows threads by their short names. */
function renameReasons(reasons: readonly Reason[], names: ReadonlyMap<string, string>): Reason[] {
  const short = new Map([...names].map(([name, thread]) => [thread, name]));
  return reasons.map((reason) => ({
    ...reason,
    message: reason.message.replace(/^thread (\S+)/, (whole, thread: string) => `thread ${short.get(thread) ?? whole.slice(7)}`),
  }));
}

async function composeReview(question: Question, names: ReadonlyMap<string, string>): Promise<Prompt> {
  const { run, standing, template, rest, commit, notes } = question;
  const { workspace, config, issue } = run;
  const { build, test } = workspace.commands;
  const { maxDiffLines, maxDiffBytes } = config.limits;
  const short = new Map([...names].map(([name, thread]) => [thread, name]));
  const texts = await workspace.mirror.readMany(commit, [...new Set(rest.map(({ thread }) => thread.path))]);
  return buildReviewPrompt({
    template,
    title: issue.title,
    threads: rest.map((open) => {
      const { id, path } = open.thread;
      return tellThread(open, short.get(id) ?? '', { text: texts.get(path), note: notes.get(id) });
    }),
    checks: question.checks,
    patch: await workspace.mirror.patch(run.base, commit),
    commands: { ...(build === undefined ? {} : { build }), ...(test === undefined ? {} : { test }) },
    protectedPaths: config.protectedPaths,
    limits: { maxDiffLines, maxDiffBytes, growth: growthBudget(standing.threads.length) },
    nonce: nonceOf(run),
  });
}

/** A change that closes no issue is reviewed by its own title. */
export function strayIssue({ number, title, url }: ReviewStanding): Issue {
  return { id: `change-${number}`, title, body: '', source: 'github', url };
}

import type { CommandResult, Context, Session } from '../context.ts';
import { isSupportedEvent, readWish, type Cause, type Wish } from '../core/event.ts';
import type { Slash, SlashCommand } from '../core/slash.ts';
import { readState } from '../core/state.ts';
import { renderExplanation, renderMisread } from '../core/views/answer.ts';
import { BugloopError, exits } from '../errors.ts';
import { takeTurn } from '../core/watch.ts';
import type { CommentRef, Inbox } from '../inbox.ts';
import { readRecord } from '../loop/claim.ts';
import { halt } from '../loop/halt.ts';
import type { Trigger } from '../loop/admit.ts';
import type { Standing } from '../ports.ts';

/**
 * Reads the event that started this process and does what it asks for, or nothing. In a workflow of several jobs the
 * first only decides, and the jobs after it ask for the run of one issue each: they read the same event again.
 */
export interface DispatchOptions {
  part: Part;
  openInbox: (context: Context) => Promise<Inbox>;
}

/**
 * `decide`: everything but runs of agents; these are named in the outputs. `gate`: only what the gate is asked for, on the
 * clock all open changes. A number: the run of this issue or change alone.
 */
export type Part = 'all' | 'decide' | 'gate' | number;

/** `undefined` where it is none of them. */
export function parsePart(written: string | undefined): Part | undefined {
  if (written === undefined) return 'all';
  if (written === 'decide' || written === 'gate') return written;
  return /^[1-9]\d{0,9}$/.test(written) ? Number(written) : undefined;
}

/** One look of the clock starts no more runs than this: a heap of stopped runs must not become a heap of bills. */
const maxWatched = 3;
/** Issues that one look reads to find them: most that are said to be in work are. */
const maxRead = 10;
/** Changes that one look judges; the others have their turn at the next. */
const maxJudged = 20;
/** Changes of which one look reads whether a round of review is due. */
const maxReviewed = 10;

/** What one wish comes to: a run to be started, or all that there is to say. */
type Work =
  | { kind: 'solve'; number: number; trigger: Trigger }
  | { kind: 'resume'; number: number; cause: Cause }
  | { kind: 'review'; number: number; asked: boolean }
  | { kind: 'gate'; number: number }
  | { kind: 'said'; text: string };
type GateWork = Extract<Work, { kind: 'gate' }>;

export async function dispatch(session: Session, options: DispatchOptions): Promise<CommandResult> {
  const { name, payload } = await session.readEvent();
  if (!isSupportedEvent(name)) return ignore(`events named ${name} start nothing`);
  const { config } = await session.open({});
  const wish = readWish(name, payload, { config, self: config.agents.bugsolver.accounts });
  if (wish.kind === 'ignore') return ignore(wish.why);
  if (wish.kind === 'invalid') throw new BugloopError(wish.code, wish.why);
  const work = (await settle(session, wish, options)).filter((one) => belongs(one, options.part));
  if (work.length === 0) return ignore('the event asks for nothing here');
  return options.part === 'decide' ? tellDecision(work, wish.kind === 'watch') : await start(session, work);
}

function belongs(work: Work, part: Part): boolean {
  if (typeof part === 'number') return work.kind !== 'said' && work.kind !== 'gate' && work.number === part;
  return part === 'gate' ? work.kind === 'gate' : true;
}

function ignore(why: string): CommandResult {
  return { exit: exits.done, text: `ignored: ${why}\n`, outputs: { issues: '[]', changes: '[]' } };
}

/** Who asked may ask, what needs no agent is done, and what is left are runs. */
function settle(
  session: Session,
  wish: Exclude<Wish, { kind: 'ignore' | 'invalid' }>,
  options: DispatchOptions,
): Promise<Work[]> {
  if (wish.kind === 'slash') return obey(session, wish, options);
  if (wish.kind === 'review') return startReview(session, wish, options);
  if (wish.kind === 'gate') return answerChecks(session, wish, options);
  if (wish.kind === 'watch') return watch(session, options);
  return startRun(session, wish, options);
}

async function startRun(
  session: Session,
  wish: Extract<Wish, { kind: 'solve' | 'resume' }>,
  { part }: DispatchOptions,
): Promise<Work[]> {
  const { issue: number, actor } = wish;
  const text = 'text' in wish ? wish.text : undefined;
  if (text?.body.trim() === '') session.progress.warn(`#${number} has no description: all that is known is its title`);
  // Asks the forge, before anything is spent; a bot has no permission that the forge could tell of.
  if (wish.kind !== 'solve' || !wish.vouched) await (await openAt(session, number)).assertMayStart(actor);
  if (wish.kind === 'resume') return [{ kind: 'resume', number, cause: { byHand: true } }];
  const trigger = { cause: wish.cause, event: { by: actor.id }, ...(text === undefined ? {} : { text }) };
  const work: Work = { kind: 'solve', number, trigger };
  const why = await hold(session, work, part);
  return why === undefined ? [work] : [{ kind: 'said', text: `Not started: ${why}` }];
}

/** In a workflow of several jobs the first settles everything on the issue, as the next may not write there. Why there is no next. */
async function hold(session: Session, work: Work | undefined, part: Part): Promise<string | undefined> {
  if (part !== 'decide' || work?.kind !== 'solve' || session.flags.dryRun) return undefined;
  const { admit } = await import('../loop/admit.ts');
  return admit(await openAt(session, work.number), String(work.number), work.trigger);
}

async function startReview(
  session: Session,
  { change, actor, automatic }: Extract<Wish, { kind: 'review' }>,
  { part }: DispatchOptions,
): Promise<Work[]> {
  const context = await openAt(session, change);
  if (!automatic) await context.assertMayStart(actor);
  if (part === 'decide') await (await import('../loop/claim-review.ts')).admitRound(context, change, { asked: true });
  return [{ kind: 'review', number: change, asked: true }];
}

/** A check that failed is worked on where nobody did for this head; for everything else, the gate looks. */
async function answerChecks(session: Session, wish: Extract<Wish, { kind: 'gate' }>, options: DispatchOptions): Promise<Work[]> {
  const gates = await findChanges(session, options, wish);
  const [first] = gates;
  const { part } = options;
  if (!wish.failed || part === 'gate' || first === undefined) return gates;
  const { number } = first;
  // That job was told to by the one that decided.
  const why = typeof part === 'number' ? undefined : await findDue(session, number, part);
  return why === undefined
    ? [{ kind: 'review', number, asked: false }]
    : [...gates, { kind: 'said', text: `No round of review of #${number}: ${why}` }];
}

/** Why no round is due that nobody asked for; where one is, the job that only decides says on the issue that it begins. */
async function findDue(session: Session, number: number, part: Part): Promise<string | undefined> {
  const context = await openAt(session, number);
  const { admitRound, considerRound } = await import('../loop/claim-review.ts');
  if (part === 'decide') return admitRound(context, number, { asked: false });
  const { due, why } = considerRound(context, await (await context.openReviews()).read(number));
  return due ? undefined : why;
}

/** On the forge, about no issue of it: a context is told its place by a number, and of this one nothing is read. */
const none = 1;

function openAt(session: Session, number: number): Promise<Context> {
  return session.open({ issue: String(number) });
}

/** Runs and rounds that stopped, changes that waited too long, and what no event tells the gate, as a resolved thread. */
async function watch(session: Session, options: DispatchOptions): Promise<Work[]> {
  const { part, openInbox } = options;
  if (part === 'gate') return findChanges(session, options, {});
  const context = await openAt(session, typeof part === 'number' ? part : none);
  const inbox = await openInbox(context);
  if (typeof part === 'number') {
    const isChange = (await inbox.issueOf(part)) !== undefined;
    return isChange ? [{ kind: 'review', number: part, asked: false }] : await findStopped(context, [part]);
  }
  const { inProgress } = context.config.labels;
  const stopped = await findStopped(context, takeTurn(await inbox.labelled(inProgress), maxRead, context.now()));
  if (stopped.length === maxWatched) return stopped;
  const changes = takeTurn(await inbox.openChanges(), maxReviewed, context.now());
  return [...stopped, ...(await findWaiting(session, changes, part, maxWatched - stopped.length))];
}

/** Changes of which a round of review is due that nobody asked for; one that cannot be read keeps no other from its turn. */
async function findWaiting(session: Session, changes: readonly { number: number }[], part: Part, most: number): Promise<Work[]> {
  const due: Work[] = [];
  for (const { number } of changes) {
    if (due.length === most) break;
    const why = await findDue(session, number, part).catch((error: unknown) => {
      if (!(error instanceof BugloopError) || error.exit === exits.transient) throw error;
      session.progress.warn(`#${number}: ${error.message}`);
      return error.code;
    });
    if (why === undefined) due.push({ kind: 'review', number, asked: false });
  }
  return due;
}

/** Issues of these that are said to be in work while nobody works on them. */
async function findStopped(context: Context, numbers: readonly number[]): Promise<Work[]> {
  const { inProgress } = context.config.labels;
  const forge = await context.openForge();
  const stopped: Work[] = [];
  for (const number of numbers) {
    if (stopped.length === maxWatched) break;
    const standing = await forge.read(String(number));
    const { open, lock, issue } = standing;
    // Somebody may have taken it off since this was decided.
    const said = issue.labels?.some((label) => label.toLowerCase() === inProgress.toLowerCase()) === true;
    if (open && said && lock?.live !== true && !isReviewed(standing)) {
      stopped.push({ kind: 'resume', number, cause: { byHand: false } });
    }
  }
  return stopped;
}

/** A round of review is taken up as one: its change is there, so that a run of the issue would find nothing to do. */
function isReviewed({ status, issue }: Standing): boolean {
  const read = status === undefined ? undefined : readState(status.text, issue.id);
  // A record that is not readable is for the run to refuse.
  return read?.ok === true && read.record.state === 'REVIEWING' && read.record.change?.number !== undefined;
}

/** Open changes of ours; the one of that number or branch, where either is known. */
async function findChanges(
  session: Session,
  { openInbox }: DispatchOptions,
  { change, branch }: { change?: number; branch?: string },
): Promise<GateWork[]> {
  if (change !== undefined) return [{ kind: 'gate', number: change }];
  const context = await openAt(session, none);
  const changes = await (await openInbox(context)).openChanges();
  const asked = changes.filter((one) => branch === undefined || one.branch === branch);
  return takeTurn(asked, maxJudged, context.now()).map(({ number }) => ({ kind: 'gate', number }));
}

// ---------------------------------------------------------------------------------------------- commands in comments

async function obey(session: Session, wish: SlashWish, { openInbox, part }: DispatchOptions): Promise<Work[]> {
  const { slash, place, actor } = wish;
  const context = await openAt(session, place.number);
  await context.assertMayStart(actor);
  const inbox = await openInbox(context);
  const issue = place.kind === 'issue' ? place.number : await inbox.issueOf(place.number);
  if (issue === undefined) return [{ kind: 'said', text: `#${place.number} is not a bugloop change` }];
  const run = slash.ok ? runFor(slash.command, issue, wish, context) : undefined;
  // A job that was given one issue does its run; the comment was answered by the job that decided.
  if (typeof part === 'number') return run === undefined ? [] : [run];
  if (session.flags.dryRun) {
    const said: Work = { kind: 'said', text: `would answer the comment ${wish.comment} on #${place.number}` };
    return run === undefined ? [said] : [said, run];
  }
  const comment: CommentRef = { place: place.number, id: wish.comment };
  if ((await inbox.receive(comment)).answered) return [{ kind: 'said', text: 'this comment was answered before' }];
  const why = await hold(session, run, part);
  const text = why === undefined ? await replyTo(slash, context, issue, wish) : `Not started: ${why}`;
  const first = await inbox.answer(comment, text);
  const said: Work = { kind: 'said', text: first ? text : 'this comment was answered before' };
  // What was settled on the issue was settled once, whoever answered first; elsewhere the answer decides.
  const starts = why === undefined && (first || part === 'decide');
  return run === undefined || !starts ? [said] : [said, run];
}

function replyTo(slash: Slash, context: Context, issue: number, wish: SlashWish): string | Promise<string> {
  return slash.ok ? answers[slash.command](context, issue, wish) : renderMisread(slash);
}

function runFor(command: SlashCommand, number: number, wish: SlashWish, { config }: Context): Work | undefined {
  const { text, actor, cause, comment } = wish;
  const event = { by: actor.id, comment };
  // A comment on a change shows nothing of the issue's text.
  const trigger: Trigger = { cause, event, ...(text === undefined ? { unchanged: true } : { text }) };
  switch (command) {
    case 'solve':
    case 'retry':
      return { kind: 'solve', number, trigger };
    case 'tests-only':
      return { kind: 'solve', number, trigger: { ...trigger, testsOnly: true } };
    case 'approve':
      if (!config.humanApproval.plan) return undefined;
      return { kind: 'solve', number, trigger: { ...trigger, approvedBy: actor.login } };
    default:
      return undefined;
  }
}

const answers: Readonly<Record<SlashCommand, (context: Context, issue: number, wish: SlashWish) => string | Promise<string>>> = {
  solve: (_context, issue) => `On it: a run of #${issue} starts.`,
  retry: (_context, issue) => `On it: a run of #${issue} starts.`,
  approve: ({ config }, issue) =>
    config.humanApproval.plan
      ? `The plan is approved: a run of #${issue} starts.`
      : 'No plan waits: runs start without one here.',
  'tests-only': (_context, issue) => `On it: a run of #${issue} starts that writes the test and mends nothing.`,
  explain: async (context, issue) => renderExplanation(readRecord(await (await context.openForge()).read(String(issue)))),
  stop: (context, issue, wish) => letGo(context, issue, wish, false),
  skip: (context, issue, wish) => letGo(context, issue, wish, true),
};

/** Ends the work on the issue: nothing that was asked for before is published any more. */
async function letGo(context: Context, issue: number, { actor, cause }: SlashWish, skip: boolean): Promise<string> {
  const { config, progress, now, repository } = context;
  const forge = await context.openForge();
  const base = { commit: repository.base };
  const at = cause.at ?? new Date(now()).toISOString();
  const standing = await halt({ forge, ref: String(issue), config, progress }, base, { at, by: actor.login, skip });
  const left = `What a run has pushed so far stays on \`${standing.branch}\`; a run that is at work publishes nothing any more.`;
  if (!skip) return `bugloop lets #${issue} go. ${left} \`/bugloop solve\` starts a new run.`;
  return `bugloop leaves #${issue} alone, whatever label is set, until \`/bugloop solve\` asks for a run. ${left}`;
}

// ---------------------------------------------------------------------------------------------- what comes of it

/** On the clock the jobs of one workflow do both: runs of issues, and rounds of review. */
function tellDecision(work: readonly Work[], watched: boolean): CommandResult {
  const numbers = (...kinds: Work['kind'][]): string =>
    JSON.stringify(work.flatMap((one) => (one.kind !== 'said' && kinds.includes(one.kind) ? [one.number] : [])));
  const lines = work.map((one) => (one.kind === 'said' ? one.text : `${one.kind} #${one.number}`));
  return {
    exit: exits.done,
    text: `${lines.join('\n')}\n`,
    outputs: watched
      ? { issues: numbers('solve', 'resume', 'review'), changes: '[]' }
      : { issues: numbers('solve', 'resume'), changes: numbers('review') },
  };
}

/** Loaded last: most events start nothing. */
async function start(session: Session, work: readonly Work[]): Promise<CommandResult> {
  const [only] = work;
  if (work.length === 1 && only !== undefined) return await carryOut(session, only);
  const results: CommandResult[] = [];
  for (const one of work) {
    const result = await carryOut(session, one).catch((error: unknown) => explain(one, error));
    results.push(result);
    // What hinders one for a while hinders those after it.
    if (result.exit === exits.transient) break;
  }
  const worst = results.reduce((one, other) => (one.exit >= other.exit ? one : other), { exit: exits.done });
  return { ...worst, text: results.map(({ text = '' }) => text).join('') };
}

/** One that fails does not keep the others from their turn. */
function explain(work: Work, error: unknown): CommandResult {
  if (!(error instanceof BugloopError) || work.kind === 'said') throw error;
  return { exit: error.exit, text: `${work.kind} #${work.number}: ${error.message} [${error.code}]\n` };
}

async function carryOut(session: Session, work: Work): Promise<CommandResult> {
  return work.kind === 'said' ? { exit: exits.done, text: `${work.text}\n` } : await run(session, work);
}

type SlashWish = Extract<Wish, { kind: 'slash' }>;
type Run = Exclude<Work, { kind: 'said' }>;

function run(session: Session, work: Run): Promise<CommandResult> {
  if (work.kind === 'review') return runReview(session, work);
  return work.kind === 'gate' ? lookAtGate(session, work.number) : runAgent(session, work);
}

async function runAgent(session: Session, work: Extract<Run, { kind: 'solve' | 'resume' }>): Promise<CommandResult> {
  const issue = String(work.number);
  const context = await session.open({ issue, cleanTree: true, agent: true, sandbox: true });
  if (work.kind === 'resume') {
    const { resume } = await import('./resume.ts');
    return resume(context, { issue, cause: work.cause });
  }
  const { solve } = await import('./solve.ts');
  return solve(context, { issue, trigger: work.trigger });
}

async function runReview(session: Session, { number, asked }: Extract<Work, { kind: 'review' }>): Promise<CommandResult> {
  const context = await session.open({ change: String(number), agent: true, sandbox: true });
  const { review } = await import('./review.ts');
  return review(context, { number, asked });
}

async function lookAtGate(session: Session, number: number): Promise<CommandResult> {
  const context = await session.openGate(String(number));
  const { gate } = await import('./gate.ts');
  const result = await gate(context, { number });
  // Waiting is what most looks of a gate end with; a workflow that is red every half an hour tells nobody anything.
  return result.exit === exits.gateNotSatisfied ? { ...result, exit: exits.done } : result;
}

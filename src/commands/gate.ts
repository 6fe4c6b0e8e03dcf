import type { CommandResult, GateContext } from '../context.ts';
import type { Config } from '../core/config.ts';
import { planAsks, type Ask } from '../core/gate/ask.ts';
import { planTurn, retell } from '../core/gate/turn.ts';
import { judgeGate, signalOf, type GateConfig, type GateVerdict } from '../core/gate.ts';
import type { Snapshot } from '../core/snapshot.ts';
import { count } from '../core/text.ts';
import type { CommitId } from '../core/types.ts';
import { renderCalls } from '../core/views/calls.ts';
import { renderGate, renderGateTable, renderGateTitle } from '../core/views/gate.ts';
import { renderStatus } from '../core/views/status-comment.ts';
import { exits } from '../errors.ts';
import type { Gate, GateStep, GateWord } from '../ports.ts';

/**
 * Judges one snapshot of a change under the configuration of its base, says so beside the change, and marks a draft
 * ready when every condition holds. Asks automatic reviewers that wait to be asked. Never merges and never approves:
 * whoever does can read why not.
 */
export async function gate(context: GateContext, { number }: { number: number }): Promise<CommandResult> {
  const step = context.progress.step(`Reading change ${number}`);
  const port = await context.openPort();
  const { snapshot: read, config } = await port.readSnapshot(number);
  await using mirror = await context.openView(read.head.commit);
  const change = await port.fetchTrees(read, mirror);
  const snapshot: Snapshot = change === undefined ? read : { ...read, change };
  const verdict = judgeGate(snapshot, config);
  const asks = planAsks(snapshot, config, context.now());
  step.done(
    [
      count(snapshot.checks.length, 'check'),
      count(snapshot.reviews.length, 'review'),
      count(snapshot.threads.length, 'thread'),
    ].join(', '),
  );
  if (context.flags.dryRun) {
    const calls = await port.plan(snapshot, stepsOf(snapshot, config, verdict, asks));
    const told = describe(snapshot, verdict, planned(snapshot, config, verdict, asks));
    return { ...told, text: `${told.text}${renderCalls(calls)}`, data: { ...told.data, dryRun: true, calls } };
  }
  const applied = await apply(port, snapshot, config, verdict);
  const asked = await askAll(port, snapshot, config, asks);
  return describe(snapshot, applied.verdict, [...applied.done, ...asked]);
}

/** What would be written, for `--dry-run`. */
function planned(snapshot: Snapshot, config: GateConfig, verdict: GateVerdict, asks: readonly Ask[]): string[] {
  if (snapshot.state !== 'open') return [];
  const turns = { ready: ['would mark the draft ready'], draft: ['would return it to a draft'], stay: [] };
  const word = `would post ${signalOf(verdict)}: ${renderGateTitle(verdict)}`;
  const asked = asks.flatMap((ask) => (ask.do === 'ask' ? [`would ask ${ask.reviewer} for a review`] : describeWait(ask)));
  return [...turns[planTurn(snapshot, config, verdict)], word, ...asked];
}

/** What an undisturbed gate does, in this order. */
function stepsOf(snapshot: Snapshot, config: Config, verdict: GateVerdict, asks: readonly Ask[]): GateStep[] {
  if (snapshot.state !== 'open') return [];
  const planned = planTurn(snapshot, config, verdict);
  const turned = planned === 'stay' ? { snapshot, verdict } : afterTurn(snapshot, config, planned);
  const { branchPrefix } = config;
  return [
    ...(planned === 'stay' ? [] : [{ do: planned }]),
    ...(retell(turned.snapshot, turned.verdict) === undefined ? [] : [{ do: 'tell' } as const]),
    { do: 'post', word: wordOf(turned.verdict) },
    ...asks.flatMap((ask): GateStep[] => (ask.do === 'ask' ? [{ do: 'ask', means: ask.means, branchPrefix }] : [])),
  ];
}

/** What the next look will see where nobody came between. */
function afterTurn(
  snapshot: Snapshot,
  config: GateConfig,
  planned: 'ready' | 'draft',
): { snapshot: Snapshot; verdict: GateVerdict } {
  const turned = { ...snapshot, draft: planned === 'draft' };
  return { snapshot: turned, verdict: judgeGate(turned, config) };
}

interface Applied {
  verdict: GateVerdict;
  done: string[];
}

/** Draft flag, record and word, in this order: whatever a run that ends between them leaves is put right by the next one. */
async function apply(port: Gate, snapshot: Snapshot, config: GateConfig, verdict: GateVerdict): Promise<Applied> {
  if (snapshot.state !== 'open') return { verdict, done: [] };
  const turned = await turn(port, snapshot, config, verdict);
  const done = [...turned.done, ...(await record(port, turned.snapshot, turned.verdict))];
  return { verdict: turned.verdict, done: [...done, ...(await say(port, turned.snapshot, turned.verdict))] };
}

/** What is said is what the next look will see, so that it need not be said again. */
async function turn(
  port: Gate,
  snapshot: Snapshot,
  config: GateConfig,
  verdict: GateVerdict,
): Promise<Applied & { snapshot: Snapshot }> {
  const planned = planTurn(snapshot, config, verdict);
  if (planned === 'stay') return { snapshot, verdict, done: [] };
  if (planned === 'draft') {
    await port.backToDraft(snapshot);
    return { ...afterTurn(snapshot, config, planned), done: ['back to draft'] };
  }
  const { head } = await port.markReady(snapshot);
  if (head === snapshot.head.commit) return { ...afterTurn(snapshot, config, planned), done: ['marked ready'] };
  // Somebody pushed between our look and our word: what was judged is not what would be merged.
  await port.backToDraft(snapshot);
  return { snapshot, verdict: overtaken(verdict, head), done: ['back to draft'] };
}

async function record(port: Gate, snapshot: Snapshot, verdict: GateVerdict): Promise<string[]> {
  const told = retell(snapshot, verdict);
  if (told === undefined) return [];
  return (await port.tell(snapshot, renderStatus(told))) ? [] : ['not recorded: the token may not write the status comment'];
}

async function askAll(port: Gate, snapshot: Snapshot, config: Config, asks: readonly Ask[]): Promise<string[]> {
  const lines: string[] = [];
  for (const ask of asks) {
    if (ask.do === 'ask') {
      const { reviewer, means } = ask;
      const { branchPrefix, agents } = config;
      const { accounts } = agents.bugsolver;
      const answer = await port.askReview(snapshot, { reviewer, means, branchPrefix, accounts });
      const words = {
        asked: [`asked ${reviewer} for a review`],
        standing: [],
        busy: [`${reviewer} is being asked by another run`],
        refused: [`${reviewer} was not asked: the token may not`],
      };
      lines.push(...words[answer]);
    } else lines.push(...describeWait(ask));
  }
  return lines;
}

function describeWait(ask: Exclude<Ask, { do: 'ask' }>): string[] {
  if (ask.do === 'nothing') return [];
  const until = ask.until === undefined ? '' : ` until ${new Date(ask.until).toISOString()}`;
  return [`${ask.reviewer} is not asked${until}: ${ask.why}`];
}

async function say(port: Gate, snapshot: Snapshot, verdict: GateVerdict): Promise<string[]> {
  const word = wordOf(verdict);
  const lines = {
    posted: [`posted ${word.signal}`],
    standing: [],
    refused: ['not posted: the token may write neither checks nor statuses'],
  };
  return lines[await port.post(snapshot, word)];
}

function wordOf(verdict: GateVerdict): GateWord {
  return { signal: signalOf(verdict), title: renderGateTitle(verdict), table: renderGateTable(verdict) };
}

function overtaken(verdict: GateVerdict, head: CommitId): GateVerdict {
  const message = `the head moved to ${head.slice(0, 12)} while the gate was judged`;
  const conditions = [...verdict.conditions, { name: 'head', state: 'waiting' as const, detail: message }];
  return { ok: false, reasons: [{ code: 'gate.head_moved', message }], head: verdict.head, conditions };
}

function describe(snapshot: Snapshot, verdict: GateVerdict, done: readonly string[]): CommandResult {
  const lines = done.length === 0 ? '' : `\n${done.map((line) => `  ${line}\n`).join('')}`;
  return {
    exit: verdict.ok ? exits.done : exits.gateNotSatisfied,
    text: `${renderGate(snapshot.number, verdict)}${lines}`,
    data: { change: snapshot.number, url: snapshot.url, ready: verdict.ok, done, ...verdict },
  };
}

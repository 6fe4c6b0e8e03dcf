import type { CommandResult, Context } from '../context.ts';
import { judgeGate, signalOf, type GateConfig, type GateVerdict } from '../core/gate.ts';
import type { Snapshot } from '../core/snapshot.ts';
import type { CommitId } from '../core/types.ts';
import { renderGate, renderGateTable, renderGateTitle } from '../core/views/gate.ts';
import { exits } from '../errors.ts';
import type { Gate } from '../ports.ts';

/**
 * Judges one snapshot of a change under the configuration of its base, says so beside the change, and marks a draft
 * ready when every condition holds. Never merges and never approves: whoever does can read why not.
 */
export async function gate(context: Context, { number }: { number: number }): Promise<CommandResult> {
  const step = context.progress.step(`Reading change ${number}`);
  const port = await context.openGate();
  const read = await port.readSnapshot(number);
  await using mirror = await context.openMirror(context.repository.base);
  const change = await port.fetchTrees(read, mirror);
  const snapshot: Snapshot = change === undefined ? read : { ...read, change };
  // Trees of a foreign head are not fetched, and with them neither the base: the configuration here has to do.
  const config = change === undefined ? context.config : await context.readConfigAt(mirror, snapshot.base.commit);
  const verdict = judgeGate(snapshot, config);
  step.done(`${snapshot.checks.length} checks, ${snapshot.reviews.length} reviews, ${snapshot.threads.length} threads`);
  if (context.flags.dryRun) return describe(snapshot, verdict, planned(snapshot, verdict));
  return apply(port, snapshot, config, verdict);
}

/** What would be written, for `--dry-run`. */
function planned(snapshot: Snapshot, verdict: GateVerdict): string[] {
  if (snapshot.state !== 'open') return [];
  const word = `would post ${signalOf(verdict)}: ${renderGateTitle(verdict)}`;
  return verdict.ok && snapshot.draft ? ['would mark the draft ready', word] : [word];
}

async function apply(port: Gate, snapshot: Snapshot, config: GateConfig, verdict: GateVerdict): Promise<CommandResult> {
  if (snapshot.state !== 'open') return describe(snapshot, verdict, []);
  if (!verdict.ok || !snapshot.draft) {
    const told = await say(port, snapshot, verdict);
    return describe(snapshot, verdict, told);
  }
  const { head } = await port.markReady(snapshot);
  if (head === snapshot.head.commit) {
    // What is said is what the next look will see, so that it need not be said again.
    const ready = judgeGate({ ...snapshot, draft: false }, config);
    return describe(snapshot, ready, ['marked ready', ...(await say(port, snapshot, ready))]);
  }
  // Somebody pushed between our look and our word: what was judged is not what would be merged.
  await port.backToDraft(snapshot);
  const late = overtaken(verdict, head);
  return describe(snapshot, late, ['back to draft', ...(await say(port, snapshot, late))]);
}

async function say(port: Gate, snapshot: Snapshot, verdict: GateVerdict): Promise<string[]> {
  const word = { signal: signalOf(verdict), title: renderGateTitle(verdict), table: renderGateTable(verdict) };
  const lines = {
    posted: [`posted ${word.signal}`],
    standing: [],
    refused: ['not posted: the token may write neither checks nor statuses'],
  };
  return lines[await port.post(snapshot, word)];
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

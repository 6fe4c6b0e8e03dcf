import type { CommandResult, Context } from '../context.ts';
import { renderCalls } from '../core/views/calls.ts';
import { exits } from '../errors.ts';
import { consider, describePlan, findOverCap, giveBack, openWanted, type Trigger } from '../loop/admit.ts';
import { describeStart } from '../loop/checkpoint.ts';
import { finish } from '../loop/finish.ts';
import { stepsOfSolve } from '../loop/plan.ts';
import { readTemplate } from '../loop/prompt.ts';
import {
  baseOf,
  fetchPublished,
  openRun,
  prepare,
  releasingOnError,
  runLoop,
  takeIfPublishing,
  takeUpTest,
  whileOpening,
} from '../loop/start.ts';

/** Whoever types the command asks for this very issue, and sees what it shows now. */
const ownHand: Trigger = { cause: { byHand: true } };

/** Issue → draft change: read, claim, baseline, repair, seal, conclude. */
export async function solve(
  context: Context,
  { issue: ref, trigger = ownHand }: { issue: string; trigger?: Trigger },
): Promise<CommandResult> {
  const startedAt = context.now();
  const { testsOnly = false } = trigger;
  const template = readTemplate(await context.readPrompt(testsOnly ? 'write-test' : 'solve-issue'));
  const considered = await consider(context, ref, trigger);
  if (!considered.ok) return nothingToDo(considered.why);
  const { wanted } = considered;
  const { forge, standing, report } = wanted;
  if (context.flags.dryRun) {
    const calls = forge.plan(standing, stepsOfSolve(context.config, standing, context.flags));
    return { exit: exits.done, text: `${describePlan(context, wanted)}${renderCalls(calls)}`, data: { dryRun: true, calls } };
  }
  const opened = await openWanted(context, wanted, () => describePlan(context, wanted));
  if (!opened.ok) return { exit: exits.done, text: `${opened.plan}\nNot started: ${opened.why}\n` };
  const { journal } = opened.case;
  return whileOpening(prepare(context, report), async (preparing) => {
    const claimed = await takeIfPublishing(context, opened.case, ['claim', 'start']);
    if (!claimed.ok) return nothingToDo(claimed.why);
    return releasingOnError(claimed, async () => {
      if (trigger.event !== undefined && claimed.taken) {
        await claimed.announced;
        const over = await findOverCap(claimed.case);
        if (over !== undefined) return nothingToDo(await giveBack(claimed.case, over));
      }
      const prepared = await preparing;
      const onto = await fetchPublished(claimed.case, prepared.workspace.mirror);
      const run = openRun(context, prepared, { standing, report, journal, startedAt, onto, held: claimed.case, testsOnly });
      await journal.append('journal.jsonl', describeStart(run, ref, startedAt, baseOf(context)));
      const progressed = testsOnly ? undefined : await takeUpTest(claimed.case, run);
      const ending = await runLoop(run, {
        template,
        located: prepared.located,
        announced: claimed.announced,
        ...(progressed === undefined ? {} : { progressed }),
      });
      return await finish(context, claimed.case, run, ending, startedAt);
    });
  });
}

function nothingToDo(why: string): CommandResult {
  return { exit: exits.done, text: `Nothing to do: ${why}\n` };
}

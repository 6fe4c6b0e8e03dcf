import type { CommandResult, Context, Session } from '../context.ts';
import { isSupportedEvent, readWish, type Actor } from '../core/event.ts';
import { BugloopError, exits } from '../errors.ts';

/** `github-actions[bot]`, as which every workflow acts that has no token of its own. */
const actionsAccount = 41_898_282;

/** Reads the event that started this process and does what it asks for, or nothing. */
export async function dispatch(session: Session): Promise<CommandResult> {
  const { name, payload } = await session.readEvent();
  if (!isSupportedEvent(name)) return ignore(`events named ${name} start nothing`);
  const wish = readWish(name, payload, { config: (await session.open({})).config, self: [actionsAccount] });
  switch (wish.kind) {
    case 'ignore':
      return ignore(wish.why);
    case 'invalid':
      throw new BugloopError(wish.code, wish.why);
    case 'solve':
    case 'resume':
      return solveFor(session, wish.issue, wish.actor);
    default:
      return ignore(`nothing answers a wish to ${wish.kind} yet`);
  }
}

async function solveFor(session: Session, number: number, actor: Actor): Promise<CommandResult> {
  const issue = String(number);
  const context = await session.open({ issue, cleanTree: true, agent: true, sandbox: true });
  await assertMayStart(context, actor);
  // Loaded last: most events start nothing.
  const { solve } = await import('./solve.ts');
  return solve(context, { issue });
}

/** Asks the forge, before anything is spent. */
async function assertMayStart(context: Context, actor: Actor): Promise<void> {
  await context.assertMayStart(actor);
}

function ignore(why: string): CommandResult {
  return { exit: exits.done, text: `ignored: ${why}\n` };
}

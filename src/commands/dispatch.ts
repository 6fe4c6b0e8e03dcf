import type { CommandResult, Session } from '../context.ts';
import { isSupportedEvent, readWish } from '../core/event.ts';
import { BugloopError, exits } from '../errors.ts';

/** Reads the event that started this process and does what it asks for, or nothing. */
export async function dispatch(session: Session): Promise<CommandResult> {
  const { name, payload } = await session.readEvent();
  if (!isSupportedEvent(name)) return ignore(`events named ${name} start nothing`);
  const wish = readWish(name, payload, (await session.open({})).config);
  if (wish.kind === 'ignore') return ignore(wish.why);
  if (wish.kind === 'invalid') throw new BugloopError(wish.code, wish.why);
  const issue = String(wish.issue);
  const context = await session.open({ issue, cleanTree: true, agent: true, sandbox: true });
  await context.assertMayStart(wish.actor);
  // Loaded last: most events start nothing.
  const { solve } = await import('./solve.ts');
  return solve(context, { issue });
}

function ignore(why: string): CommandResult {
  return { exit: exits.done, text: `ignored: ${why}\n` };
}

import type { CommandResult, Session } from '../context.ts';
import { renderDemo } from '../core/views/demo.ts';
import { solve } from './solve.ts';

/** What `demo` shows when nobody asks for another: no dependencies, so no network. */
const defaultExample = 'javascript-node-test';

/**
 * The whole loop on a bundled repository with a real bug: copied out, committed, solved by the `search` agent, proven.
 * The copy stays, so that the branch can be looked at.
 */
export async function demo(session: Session, { example = defaultExample }: { example?: string }): Promise<CommandResult> {
  const copy = await session.openExample(example);
  session.progress.note(`a copy of the example ${example} is at ${copy.root}`);
  const dependencies = copy.dependencies === undefined ? {} : { dependencies: copy.dependencies };
  const context = await session.open({
    cwd: copy.root,
    flags: { agent: session.flags.agent ?? 'search', ...dependencies },
    issue: copy.issue,
    cleanTree: true,
    agent: true,
    sandbox: true,
  });
  const result = await solve(context, { issue: copy.issue });
  if (result.report === undefined) return result;
  return { ...result, text: renderDemo(result.report, { ...copy, outcome: result.text ?? '', body: result.body ?? '' }) };
}

import type { RepoPath } from '../../core/types.ts';
import type { AgentTask } from '../../ports.ts';

/** What this agent records after an attempt, so that the next one goes on instead of starting over. */
export interface Memory {
  agent: 'search';
  tried: string[];
  /** The edit that was left in the workspace, to be undone when the loop was not satisfied with it. */
  left?: { path: RepoPath; before: string; after: string };
  red?: { files: RepoPath[]; ids: string[]; written?: RepoPath };
}

export function recall(task: AgentTask): Memory[] {
  return task.history.filter((entry) => isMemory(entry));
}

function isMemory(entry: unknown): entry is Memory {
  return typeof entry === 'object' && entry !== null && 'agent' in entry && entry.agent === 'search' && 'tried' in entry;
}

/** Takes back the edits of earlier attempts, where they are still as they were left. */
export async function undo(task: AgentTask, memories: readonly Memory[]): Promise<void> {
  for (const { left } of [...memories].reverse()) {
    if (left === undefined) continue;
    const now = await task.workspace.files.read(left.path);
    if (now.ok && now.content === left.after) await task.workspace.files.write(left.path, left.before);
  }
}

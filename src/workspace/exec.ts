import type { Command, Execution, SandboxLevel } from '../core/types.ts';
import type { RunOptions } from '../ports.ts';

/** Where a command runs and what it may see. */
export interface ExecPlace {
  /** Working directory: the live checkout, the only place it may write besides its private home and /tmp. */
  root: string;
  sandbox: SandboxLevel;
  /** Further absolute paths that are readable inside, e.g. installed dependencies the operator named. */
  readable?: readonly string[];
  /** Further absolute paths that are writable inside, e.g. the directory a test reporter writes to. */
  writable?: readonly string[];
}

/** Runs one repository command without a shell and never rejects for how it ended. */
export async function execute(_place: ExecPlace, _command: Command, _options: RunOptions): Promise<Execution> {
  throw new Error('written by its owner');
}

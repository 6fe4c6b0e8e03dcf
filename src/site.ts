import type { RunReport } from './core/report.ts';
import type { ForgeFacts, Machine } from './core/setup/facts.ts';
import type { RepoPath } from './core/types.ts';

/**
 * The place where bugloop is set up, as `init`, `doctor` and `estimate` see it. Types only: `open-site.ts` builds the
 * values.
 */
export interface Site {
  readonly files: SiteFiles;
  /** Absent where nobody could answer: no terminal, or a workflow. */
  readonly ask?: Ask;
  /** Of this package, e.g. `prompts/solve-issue.md`. */
  readShipped(path: string): Promise<string>;
  machine(): Promise<Machine>;
  /** What the forge says about the repository and the token; `undefined` without a token or a repository on it. */
  inspectForge(): Promise<ForgeFacts | undefined>;
  /** Reports of earlier runs in this repository, oldest first; what cannot be read is left out. */
  pastReports(): Promise<RunReport[]>;
}

/** Files of the user's own work tree. `init` is the only command that writes any. */
export interface SiteFiles {
  /** `undefined` where there is none. */
  read(path: RepoPath): Promise<string | undefined>;
  /** Makes directories; replaces the file. Never through a link. */
  write(path: RepoPath, text: string): Promise<void>;
  /** Names in a directory; none where there is no such directory. */
  list(path: RepoPath): Promise<string[]>;
}

/** Questions to the person at the terminal. */
export interface Ask {
  text(question: string, proposed: string): Promise<string>;
  confirm(question: string, proposed: boolean): Promise<boolean>;
  close(): void;
}

import type { Coverage, Execution, RepoPath, RunnerName, TestFailure } from '../../core/types.ts';
import type { RawResult } from './assemble.ts';
import type { Resolved } from './resolve.ts';
import type { Stdout } from './stdout.ts';

/** What a runner's adapter knows when it plans a run. */
export interface Setting {
  root: string;
  scratch: string;
  resolved: Resolved;
  /** Test files of a narrow run. */
  files?: readonly RepoPath[] | undefined;
  coverage: boolean;
  /** Globs of reports that the configuration names, relative to the root. */
  reports: { junit?: string; coverage?: string };
  /** Version of an installed package, e.g. `[16, 3, 10]`; empty where it is not installed. */
  versionOf: (pack: string) => readonly number[];
  /** Maps what a runner calls a file to a path in the repository. */
  repoPath: (file: string | undefined) => RepoPath | undefined;
}

/** What an adapter wants of the command, and how it reads what the run leaves behind. */
export interface Plan {
  /** Inserted after the runner's own word, or appended to the command that hides it. */
  flags: readonly string[];
  env?: Record<string, string>;
  /** Arguments of a direct command that contradict `flags`: name → how many words it takes, itself included. */
  replaces?: Readonly<Record<string, number>>;
  /** Test files as this runner wants them; absent where it cannot be narrowed. */
  select?: ((files: readonly RepoPath[]) => readonly string[]) | undefined;
  /** The whole standard output is the report. */
  stdout?: boolean;
  read(execution: Execution, stdout: Stdout): Promise<Report>;
  readCoverage?(execution: Execution): Promise<Coverage | undefined>;
}

export interface Report {
  results: RawResult[];
  /** Set where the results turn out to be another runner's, or only an exit code. */
  runner?: RunnerName;
  perTest?: boolean;
  /** Why the run as a whole is not a success although its tests are. */
  problem?: TestFailure | undefined;
}

/**
 * Whether this run measures coverage itself: a whole run leaves that to the command where the configuration names the
 * report it writes.
 */
export function measures({ coverage, reports, files }: Setting): boolean {
  return coverage && (reports.coverage === undefined || files !== undefined);
}

export type Adapter = (setting: Setting) => Plan | Promise<Plan>;

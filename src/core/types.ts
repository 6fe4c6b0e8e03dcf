/**
 * The nouns that every layer shares. Nothing here does anything; what is persisted has its zod schema in
 * `report.ts`, what is configured in `config.ts`.
 */

/** Full hexadecimal object name of a commit. */
export type CommitId = string;
/** Full hexadecimal object name of a tree. */
export type TreeId = string;
/** Path relative to the repository's root, with forward slashes, exactly as git stores it. */
export type RepoPath = string;

/** A judgement that gives every reason against, never only the first. */
export type Verdict = { ok: true } | { ok: false; reasons: Reason[] };

/** One reason, stable by `code` for programs and by `message` for people. */
export interface Reason {
  /** Dotted and stable, e.g. `guard.protected_path`. */
  code: string;
  /** One line; never holds a secret. */
  message: string;
  path?: RepoPath;
  /** 1-based line in `path`. */
  line?: number;
}

// ---------------------------------------------------------------------------------------------- issue

/** What was reported, as it was at the trigger. Its text is data, never an instruction. */
export interface Issue {
  /** `12` on a forge; a slug of the file's name for a Markdown file. Used in the branch's name. */
  id: string;
  title: string;
  /** Raw Markdown. */
  body: string;
  source: 'file' | 'github';
  /** For `#n` and `Closes #n`; absent where there is no forge. */
  number?: number;
  url?: string;
  /** Names of the forge's labels; a Markdown file has none. */
  labels?: readonly string[];
}

// ---------------------------------------------------------------------------------------------- change

/** Six-digit git mode; `000000` where the entry does not exist. */
export type FileMode = string;

/** One path that differs between two trees. Renames are never followed: they are a deletion and an addition. */
export interface ChangedFile {
  path: RepoPath;
  status: 'added' | 'modified' | 'deleted' | 'type-changed';
  oldMode: FileMode;
  newMode: FileMode;
  /** Counted from the blobs themselves, whatever `.gitattributes` says. 0 for binary content. */
  addedLines: number;
  removedLines: number;
  /** Bytes of added plus removed lines; for binary content the sizes of both blobs. */
  changedBytes: number;
  binary: boolean;
  /** Text before and after, absent where there is none, it is binary, or it is over the reader's cap. */
  before?: string;
  after?: string;
}

/** The difference between two exact trees, computed in the mirror. */
export interface Change {
  base: CommitId;
  head: CommitId;
  files: ChangedFile[];
}

// ---------------------------------------------------------------------------------------------- tests

/** What can be asked for one result per test; `junit` writes its report by itself, `unknown` has only an exit status. */
export const runnerNames = [
  'vitest',
  'jest',
  'mocha',
  'node-test',
  'tap',
  'ava',
  'pytest',
  'go-test',
  'cargo-test',
  'rspec',
  'minitest',
  'phpunit',
  'maven',
  'gradle',
  'dotnet-test',
  'junit',
  'unknown',
] as const;
export type RunnerName = (typeof runnerNames)[number];

/**
 * Why a test is red. `load` covers everything that kept the test from running: a missing module, a syntax
 * error, a collection or compile error. Only `assertion` and `error` count as evidence of a bug.
 */
export type FailureKind = 'assertion' | 'error' | 'load' | 'timeout';

export interface TestFailure {
  kind: FailureKind;
  /** Error class where the runner tells it, e.g. `TypeError`. */
  type?: string;
  message: string;
  stack?: string;
}

export interface TestResult {
  /** Stable across runs: `<file> > <suite> > <name>`, with ` (2)` appended for repeats of the same name. */
  id: string;
  file?: RepoPath;
  name: string;
  status: 'passed' | 'failed' | 'skipped';
  durationMs?: number;
  failure?: TestFailure;
}

/** One execution of a test command. */
export interface TestRun {
  runner: RunnerName;
  /** False where the results are one pseudo-test made from the exit code. */
  perTest: boolean;
  /** Wholly `[]` when nothing ran: never a success. */
  results: TestResult[];
  execution: Execution;
  coverage?: Coverage;
}

/** Line coverage by file, 1-based lines. */
export interface Coverage {
  /** Lines that can be executed. */
  files: { path: RepoPath; executable: number[]; executed: number[] }[];
}

/** How one repository command ended. Ending badly is a value, not an exception. */
export interface Execution {
  argv: string[];
  /** `null` where a signal or a limit ended it. */
  exitCode: number | null;
  ended: 'exited' | 'signal' | 'timeout' | 'inactive' | 'cancelled' | 'not-started';
  /** Name of the signal where one from elsewhere ended it, e.g. `SIGSEGV`. */
  signal?: string;
  /** The limit in milliseconds that was reached, where one was. */
  limitMs?: number;
  durationMs: number;
  /** Head and tail of the merged output, ANSI removed, with what was left out counted in place. */
  output: string;
  /** Lines that look like failures, kept even where they fell into the gap, at most 8 KB in all. */
  failureLines: string[];
  /** Bytes printed in all. */
  outputBytes: number;
}

/** A command as written in the configuration, normalised: run without a shell. */
export type Command = readonly [string, ...string[]];

export interface StaticCheck {
  /** `typecheck` or `lint`. */
  name: string;
  exitCode: number | null;
  /** Diagnostics printed, where they can be counted. */
  problems?: number;
}

// ---------------------------------------------------------------------------------------------- money

/** Tokens of one or many model calls. */
export interface Usage {
  calls: number;
  inputTokens: number;
  outputTokens: number;
  cacheReadTokens: number;
  cacheWriteTokens: number;
}

export type SandboxLevel = 'strict' | 'basic' | 'off';
export type AgentName = 'claude' | 'command' | 'search' | 'scripted';

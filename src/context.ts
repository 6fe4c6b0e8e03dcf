import type { Config } from './core/config.ts';
import type { Actor } from './core/event.ts';
import type { Flags } from './core/flags.ts';
import type { RunReport } from './core/report.ts';
import type { AgentName, CommitId, SandboxLevel } from './core/types.ts';
import type { Exit } from './errors.ts';
import type { Agent, Forge, Gate, Cache, Journal, Mirror, Progress, PublicChange, Reviews, Workspace } from './ports.ts';

/**
 * What a command gets. Types only: `open.ts` builds the values and is the only reader of the environment.
 *
 * A `Session` is one call of bugloop by one operator; it knows no repository yet. A `Context` is a session that was
 * opened on a repository: its configuration was read from the base commit and is valid, the environment was checked,
 * and nothing has touched the network. Ports are opened by the command, when it needs them, and closed by it.
 */
export interface Session {
  readonly flags: Flags;
  readonly operator: Operator;
  readonly progress: Progress;
  /** Aborted by the first SIGINT or SIGTERM: leave a checkpoint and return within 5 s; then the process ends anyway. */
  readonly signal: AbortSignal;
  /** The directory bugloop was started in. */
  readonly cwd: string;
  /** Version of bugloop. */
  readonly version: string;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /**
   * Opens the repository that holds `cwd` (default: the session's own), with these flags on top of the session's.
   * Throws a `BugloopError` with every configuration problem, or the first environment problem.
   */
  open(options: OpenOptions): Promise<Context>;
  /** A change, by number or branch, as anybody may read it, with the token only where there is one; of `slug`, else of the repository we are in. */
  readPublicChange(wanted: number | string, slug?: string): Promise<PublicChange>;
  /** For the gate of one change, which needs neither a base nor a configuration of this place. */
  openGate(change: string): Promise<GateContext>;
  /** The event that started this process in a workflow. Throws `event.unreadable`. */
  readEvent(): Promise<{ name: string; payload: unknown }>;
  /** An existing run directory, to be read. */
  openRun(dir: string): Promise<Journal>;
  /** A copy of a bundled example as a fresh git repository with one commit. */
  openExample(name: string): Promise<ExampleCopy>;
}

/** What the gate works with: the forge says what holds; a clone that is there only saves transfers. */
export interface GateContext extends Session {
  openPort(): Promise<Gate>;
  /** A bare repository for looking at `commit`, over the objects of the clone we are in, where there is one. The caller disposes of it. */
  openView(commit: CommitId): Promise<Mirror & AsyncDisposable>;
}

interface ExampleCopy {
  /** Absolute path of the repository. */
  root: string;
  /** Absolute path of its bug report. */
  issue: string;
  /** Installed dependencies it can use, where it needs any and they are here. */
  dependencies?: string;
}

export interface OpenOptions {
  cwd?: string;
  flags?: Partial<Flags>;
  /** The reference of the issue to be solved, as the user gave it; decides what the environment has to offer. */
  issue?: string;
  /** The reference of a change, where the command is about one instead of an issue. */
  change?: string;
  /** The commit that `--base` names may be missing here, as in a shallow clone: brings it into a repository of ours. */
  bring?: (mirror: Mirror) => Promise<void>;
  /** Refuse uncommitted changes of tracked files. */
  cleanTree?: boolean;
  /** The command will ask an agent to work: a key or a tool for it has to be there. */
  agent?: boolean;
  /** The command will run repository code: the sandbox asked for has to work. */
  sandbox?: boolean;
}

export interface Context extends Session {
  /** Flags are already applied: limits, budget, agent. */
  readonly config: Config;
  readonly repository: Repository;
  /** The isolation in force, decided once: what was asked for, else the strongest that works here. */
  readonly sandbox: SandboxLevel;
  /** The agent that `openAgent` gives: flags and configuration, with `auto` resolved. */
  readonly agent: AgentName;

  /**
   * A private clone on `base` (default: the context's base commit). The caller disposes of it.
   */
  openWorkspace(base?: CommitId, other?: OtherWorkspace): Promise<Workspace>;
  /** The agent that the flags and the configuration choose; `auto` is resolved here. */
  openAgent(): Promise<Agent>;
  /** Starts a run directory for the issue under `--out`, else `.bugloop/runs` of the repository. */
  openJournal(issueId: string): Promise<Journal>;
  /** What earlier runs learned, known by everything it depends on; the operator's machine and tools are added. */
  openCache(kind: 'baseline' | 'index', dependsOn: readonly string[]): Promise<Cache>;
  /** The newest run of the issue that started on this machine, taken up again with its lock; `undefined` without one. */
  openLastRun(issueId: string): Promise<Journal | undefined>;
  /** A bare clone of `base` without a checkout: for what judges and publishes but runs nothing. The caller disposes of it. */
  openMirror(base: CommitId): Promise<Mirror & AsyncDisposable>;
  /** Throws `state.base` unless the commit is on its branch here: a run directory may claim any base it likes. */
  assertBase(base: { commit: CommitId; branch?: string }): Promise<void>;
  /** The configuration in force at that commit of the mirror, with the flags on top. Throws every problem at once. */
  readConfigAt(mirror: Mirror, commit: CommitId): Promise<Config>;
  /** `github` for a number or a URL, `local` for a Markdown file. */
  openForge(): Promise<Forge>;
  /** The review of changes on the forge of the repository. */
  openReviews(): Promise<Reviews>;
  /** Throws `auth.not_permitted` unless the forge says that this account may write to the repository; no bot may. */
  assertMayStart(actor: Actor): Promise<void>;
  /** The prompt template of that name: `.bugloop/prompts/<name>.md` of the base commit, else the built-in one. */
  readPrompt(name: PromptName): Promise<PromptSource>;
}

/** A workspace that is not simply one of the user's repository with the context's configuration. */
interface OtherWorkspace {
  config?: Config;
  /** Repository that has the base, where the user's own does not. */
  from?: string;
  /** A commit that is needed in the mirror besides. */
  also?: CommitId;
}

export type PromptName = 'solve-issue' | 'write-test' | 'resolve-comments';
export interface PromptSource {
  text: string;
  /** Where it came from, for messages, e.g. `.bugloop/prompts/solve-issue.md`. */
  file: string;
}

/** The user's own repository, which is only read until a result is left in it. */
export interface Repository {
  /** Absolute path of the work tree's root. */
  root: string;
  /** Absolute path of the git directory all work trees share. */
  gitDir: string;
  /** Where the base commit is: the root, else a bare repository of ours. */
  source: string;
  base: CommitId;
  /** Absent where the base is a commit without a branch. */
  baseBranch?: string;
  /** `owner/name` on a forge, from `--repo`, `GITHUB_REPOSITORY` or the remote `origin`. */
  slug?: string;
}

/** Facts of the operator's environment. Secrets are here and nowhere else; no adapter gets one it does not need. */
export interface Operator {
  github: {
    token: string | undefined;
    /** Base of the REST interface, without a trailing slash. */
    apiUrl: string;
    graphqlUrl: string;
    serverUrl: string;
    /** `owner/name`, checked. */
    repository: string | undefined;
  };
  anthropic: { key: string | undefined; baseUrl: string | undefined };
  event: { name: string | undefined; path: string | undefined };
  actions: { inActions: boolean; stepSummary: string | undefined; output: string | undefined; runId: string | undefined };
  /** Directory of bugloop's own prompts and examples. */
  packageRoot: string;
}

/** How a command ended. Being stuck or refused is a result, not an exception. */
export interface CommandResult {
  exit: Exit;
  /** Printed as JSON under `--json`. */
  report?: RunReport;
  /** Printed as JSON under `--json` where there is no report: the result of a command that is no run. */
  data?: object;
  /** For later steps of a workflow, besides those that every run leaves. */
  outputs?: Readonly<Record<string, string>>;
  /** Printed on stdout otherwise. */
  text?: string;
  /** The pull-request text. */
  body?: string;
  /** Run directory, for the outputs of a workflow step. */
  runDir?: string;
}

import { accessSync, constants, existsSync, statSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { basename, dirname, join, resolve } from 'node:path';
import type { Context, GateContext, OpenOptions, Operator, PromptName, PromptSource, Repository, Session } from './context.ts';
import { defaultAgentCommand, normalise, type Config } from './core/config.ts';
import { isSlug, parseChangeRef, parseIssueRef, type Flags, type IssueRef } from './core/flags.ts';
import type { AgentName, SandboxLevel } from './core/types.ts';
import { BugloopError } from './errors.ts';
import type { GitHubOptions, Shared } from './forge/github/forge.ts';
import type { GitHubRequests } from './forge/github/http.ts';
import {
  checkEnvironment,
  isHttpUrl,
  reachGitHub,
  readEvent,
  readOperator,
  readVersion,
  throwAll,
  whyUnreadable,
  type Opening,
  type SessionOptions,
} from './operator.ts';
import type { Agent, Forge, Gate, Cache, Journal, Liveness, PublicChange, Reviews } from './ports.ts';
import { configFile, findConfiguration, readConfiguration, readForgeConfiguration } from './settings.ts';
import type { Base, UserRepository } from './workspace/repository.ts';

/**
 * The composition root: flags, environment and configuration become the context that commands work with. What the
 * operator gave is checked in one order, nearest mistake first: files that flags name, the repository, its
 * configuration, the environment. Nothing here reaches for the network, and ports open only when they are asked for.
 */

/** A session is disposed of at the end of the process: locks it holds are let go. */
export function openSession(options: SessionOptions): Session & AsyncDisposable {
  const held = new Map<string, AsyncDisposable>();
  const opening: Opening = {
    ...options,
    version: readVersion(options.packageRoot),
    operator: readOperator(options),
    said: new Set(),
    held,
  };
  return { ...sessionOf(opening), [Symbol.asyncDispose]: () => release(held) };
}

/** Latest first. Not an `AsyncDisposableStack`, which Node 22 lacks. */
async function release(held: Map<string, AsyncDisposable>): Promise<void> {
  for (const [what, lock] of [...held].toReversed()) {
    held.delete(what);
    await lock[Symbol.asyncDispose]();
  }
}

function sessionOf(opening: Opening): Session {
  const { flags, operator, progress, signal, cwd, version, env, packageRoot } = opening;
  return {
    flags,
    operator,
    progress,
    signal,
    cwd,
    version,
    now: Date.now,
    open: (options) => openContext(opening, options),
    readPublicChange: (wanted, slug) => readPublicChange(opening, wanted, slug),
    openGate: (change) => openGateContext(opening, change),
    readEvent: () => readEvent(operator.event),
    openRun: (dir) => findRun(dir, cwd),
    async openExample(name) {
      const { copyExample } = await import('./workspace/example.ts');
      return copyExample({ packageRoot, name, searchPath: env['PATH'] ?? '' });
    },
  };
}

// ---------------------------------------------------------------------------------------------- context

async function openContext(session: Opening, options: OpenOptions): Promise<Context> {
  const opening: Opening = { ...session, cwd: options.cwd ?? session.cwd, flags: { ...session.flags, ...options.flags } };
  throwAll([...checkPaths(opening)]);
  const { setFlagsFromString } = await import('node:v8');
  // Most of what is read of a repository is looked at once: room for young objects to grow in is memory without use.
  setFlagsFromString('--semi-space-growth-factor=1');
  const issue = readRef(options, opening.cwd);
  const { openGit } = await import('./workspace/git.ts');
  const { openRepository } = await import('./workspace/repository.ts');
  const git = openGit({ searchPath: opening.env['PATH'] ?? '', signal: opening.signal }, { directory: opening.cwd });
  const here = await openRepository(git, opening.cwd);
  const { user, source } = await bringBase(opening, here, options.bring);
  const { base, config } = await readConfiguration(opening, user, issue);
  const repository = await describeRepository(opening, user, base, source);
  const agent = chooseAgent(opening.flags, config, opening.operator);
  throwAll([
    ...checkEnvironment(opening),
    ...checkForge(opening, repository, issue),
    ...(options.agent === true && !opening.flags.dryRun ? checkAgent(opening, config, agent) : []),
    ...(options.cleanTree === true ? await checkTree(user) : []),
  ]);
  const sandbox = options.sandbox === true ? await chooseSandbox(opening) : (opening.flags.sandbox ?? 'basic');
  return composeContext({ opening, user, repository, config, agent, sandbox, issue });
}

/** A shallow clone, or one that was not fetched for a while, lacks the commit that somebody else built on. */
async function bringBase(
  { flags, cwd, env, held }: Opening,
  user: UserRepository,
  bring: OpenOptions['bring'],
): Promise<{ user: UserRepository; source: string }> {
  const { base } = flags;
  if (bring === undefined || base === undefined || (await user.resolve(base)) !== undefined) return { user, source: user.root };
  const { openView } = await import('./workspace/view.ts');
  const view = await openView({ commit: base, clone: cwd, searchPath: env['PATH'] ?? '' });
  held.set(view.path, view);
  await bring(view);
  return {
    user: { ...user, resolve: (name) => view.resolve(name), entry: (commit, path) => view.entry(commit, path) },
    source: view.path,
  };
}

/** What the forge says is all that a gate needs: no base, no configuration and no clone of this place decides. */
async function openGateContext(opening: Opening, change: string): Promise<GateContext> {
  throwAll([...checkPaths(opening)]);
  const searchPath = opening.env['PATH'] ?? '';
  const slug = opening.flags.repo ?? opening.operator.github.repository ?? (await originSlug(opening));
  const ref = parseChangeRef(change);
  throwAll([...checkEnvironment(opening), ...checkForge(opening, { slug }, ref)]);
  return {
    ...sessionOf(opening),
    openPort: () => openGate(opening, slug),
    async openView(commit) {
      const { openView } = await import('./workspace/view.ts');
      return openView({ commit, clone: opening.cwd, searchPath });
    },
  };
}

/** `owner/name` of where the clone we are in came from. */
async function originSlug({ env, signal, cwd, operator }: Opening): Promise<string | undefined> {
  const { openGit } = await import('./workspace/git.ts');
  const { openRepository } = await import('./workspace/repository.ts');
  const git = openGit({ searchPath: env['PATH'] ?? '', signal }, { directory: cwd });
  return slugOf(await (await openRepository(git, cwd)).origin(), operator.github.serverUrl);
}

/** Files and directories that flags name. */
function* checkPaths({ flags, cwd }: Opening): Generator<BugloopError> {
  const kindOf = (path: string): 'file' | 'directory' | undefined => {
    const stats = statSync(resolve(cwd, path), { throwIfNoEntry: false });
    if (stats === undefined) return undefined;
    return stats.isDirectory() ? 'directory' : 'file';
  };
  if (flags.config !== undefined && kindOf(flags.config) === undefined) {
    yield new BugloopError('config.not_found', `--config: ${flags.config} does not exist`);
  }
  if (flags.script !== undefined && kindOf(flags.script) !== 'file') {
    yield new BugloopError('usage.option_value', `--script: ${flags.script} is not an existing file`, {
      hint: 'give the file of turns',
    });
  }
  if (flags.dependencies !== undefined && kindOf(flags.dependencies) !== 'directory') {
    const message = `--dependencies: ${flags.dependencies} is not an existing directory`;
    yield new BugloopError('usage.option_value', message, { hint: 'give an installed node_modules directory' });
  }
  if (flags.out !== undefined && kindOf(flags.out) === 'file') {
    yield new BugloopError('usage.option_value', `--out: ${flags.out} is a file, expected a directory`);
  }
}

/** Numbers of changes and issues are one row: what is needed to reach them is the same. */
function readRef({ issue, change }: OpenOptions, cwd: string): IssueRef | undefined {
  if (issue !== undefined) return readIssueRef(issue, cwd);
  return change === undefined ? undefined : parseChangeRef(change);
}

/** The form was checked with the flags; a Markdown file has to exist as well. */
function readIssueRef(written: string, cwd: string): IssueRef {
  const ref = parseIssueRef(written);
  if (ref === undefined) throw new BugloopError('usage.issue_ref', `'${written.slice(0, 200)}' is no issue`);
  if (ref.kind === 'file' && !existsSync(resolve(cwd, ref.path))) {
    throw new BugloopError('issue.unreadable', `${ref.path} does not exist`);
  }
  return ref;
}

async function describeRepository(
  { flags, operator }: Opening,
  user: UserRepository,
  base: Base,
  source: string,
): Promise<Repository> {
  const slug = flags.repo ?? operator.github.repository ?? slugOf(await user.origin(), operator.github.serverUrl);
  return {
    root: user.root,
    gitDir: user.gitDir,
    source,
    base: base.commit,
    ...(base.branch === undefined ? {} : { baseBranch: base.branch }),
    ...(slug === undefined ? {} : { slug }),
  };
}

/** `owner/name` of a remote on the operator's server, in any of the forms git knows. */
function slugOf(remote: string | undefined, serverUrl: string): string | undefined {
  const match = /^(?:[a-z+]+:\/\/(?:[^@/]*@)?([^/:]+)(?::\d+)?\/|(?:[^@/]+@)?([^/:]+):)(.+?)(?:\.git)?\/?$/i.exec(remote ?? '');
  const [, urlHost, scpHost, slug] = match ?? [];
  if (slug === undefined || !isHttpUrl(serverUrl)) return undefined;
  return (urlHost ?? scpHost) === new URL(serverUrl).hostname && isSlug(slug) ? slug : undefined;
}

function* checkForge(
  { operator, flags }: Opening,
  { slug }: { slug?: string | undefined },
  issue: IssueRef | undefined,
): Generator<BugloopError> {
  if (issue === undefined || issue.kind === 'file') return;
  if (operator.github.token === undefined) {
    yield new BugloopError('env.missing_token', 'GITHUB_TOKEN is not set, and GitHub answers nothing here without it', {
      hint: 'export GITHUB_TOKEN; solve also takes the bug report as a Markdown file',
    });
  }
  if (slug === undefined) {
    yield new BugloopError('usage.repo', '--repo is missing: neither GITHUB_REPOSITORY nor the remote origin says owner/name');
  } else if (issue.kind === 'url' && !isInRepository(issue, slug, operator.github.serverUrl)) {
    const given = flags.repo === undefined ? slug : `--repo ${slug}`;
    yield new BugloopError(
      'usage.issue_ref',
      `https://${issue.host}/${issue.slug}/issues/${issue.number} is not an issue of ${given}`,
    );
  }
}

function isInRepository({ host, slug: owner }: Extract<IssueRef, { kind: 'url' }>, slug: string, serverUrl: string): boolean {
  return owner.toLowerCase() === slug.toLowerCase() && isHttpUrl(serverUrl) && host.toLowerCase() === new URL(serverUrl).host;
}

async function checkTree(user: UserRepository): Promise<BugloopError[]> {
  const paths = await user.uncommitted();
  const [first] = paths;
  if (first === undefined) return [];
  const more = paths.length === 1 ? '' : ` and ${paths.length - 1} more`;
  return [
    new BugloopError('env.dirty_tree', `the work tree has uncommitted changes: ${first}${more}`, {
      hint: `commit them, or put them aside with: git stash push -- ${paths.length === 1 ? first : '.'}`,
    }),
  ];
}

// ---------------------------------------------------------------------------------------------- agent and sandbox

/** `auto` is `claude` where its key is, else a configured command, else `search`, which at least localizes. */
function chooseAgent(flags: Flags, config: Config, { anthropic }: Operator): AgentName {
  const wanted = flags.agent ?? config.agents.bugsolver.use;
  if (wanted !== 'auto') return wanted;
  if (anthropic.key !== undefined) return 'claude';
  return config.agents.bugsolver.command === undefined ? 'search' : 'command';
}

function* checkAgent({ operator, env }: Opening, config: Config, agent: AgentName): Generator<BugloopError> {
  if (agent === 'claude' && operator.anthropic.key === undefined) {
    yield new BugloopError('env.missing_key', 'ANTHROPIC_API_KEY is not set, and the agent claude needs it');
  }
  const [program] = config.agents.bugsolver.command ?? defaultAgentCommand;
  if (agent === 'command' && !program.includes('/') && !isOnPath(program, env['PATH'] ?? '')) {
    yield new BugloopError('env.missing_tool', `${program}, the command of the agent, was not found on PATH`);
  }
}

function isOnPath(program: string, searchPath: string): boolean {
  return searchPath.split(':').some((directory) => {
    try {
      accessSync(join(directory, program), constants.X_OK);
      return directory !== '';
    } catch {
      return false;
    }
  });
}

/** What was asked for, or the strongest that works; anything less than strict is said aloud. */
async function chooseSandbox({ flags, env, progress }: Opening): Promise<SandboxLevel> {
  if (flags.sandbox === 'off') progress.warn('the sandbox is off: code of the repository runs with all your rights');
  if (flags.sandbox === 'off' || flags.sandbox === 'basic') return flags.sandbox;
  const { detectSandbox } = await import('./workspace/sandbox.ts');
  const { level, why } = await detectSandbox(env);
  if (level === 'strict') return level;
  if (flags.sandbox === 'strict') {
    throw new BugloopError('env.sandbox_unavailable', `--sandbox strict: no strict sandbox here, ${why}`, {
      hint: 'install bubblewrap and allow user namespaces, or choose --sandbox basic, or --no-sandbox',
    });
  }
  progress.warn(
    `no strict sandbox here, ${why}: code of the repository runs with a clean environment but can reach files and network`,
  );
  return level;
}

// ---------------------------------------------------------------------------------------------- ports

/** Time that requests still get after an interrupt, in milliseconds; the process ends a little later in any case. */
const checkpointMs = 3_800;

interface Parts {
  opening: Opening;
  user: UserRepository;
  repository: Repository;
  config: Config;
  agent: AgentName;
  sandbox: SandboxLevel;
  issue: IssueRef | undefined;
  /** Of GitHub: what its ports know together. */
  shared: () => Promise<Shared>;
}

function composeContext(given: Omit<Parts, 'shared'>): Context {
  let shared: Promise<Shared> | undefined;
  const parts: Parts = { ...given, shared: () => (shared ??= shareGitHub(parts)) };
  const { opening, user, repository, config, sandbox } = parts;
  const { env, flags, operator, signal } = opening;
  let opened: Promise<Forge> | undefined;
  // One for all, so that writes are paced whoever makes them.
  const forge = (): Promise<Forge> => (opened ??= openForge(parts));
  return {
    ...sessionOf(opening),
    config,
    repository,
    sandbox,
    agent: parts.agent,
    async openWorkspace(base = repository.base, { from = repository.source, also, ...other } = {}) {
      const { openWorkspace } = await import('./workspace/open.ts');
      return openWorkspace({
        repository: from,
        base,
        ...(also === undefined ? {} : { also }),
        config: other.config ?? config,
        sandbox,
        operatorEnv: env,
        signal,
        liveness: await knowProcesses(),
        ...(flags.dependencies === undefined ? {} : { dependencies: resolve(opening.cwd, flags.dependencies) }),
      });
    },
    openAgent: () => startAgent(parts),
    openJournal: (issueId) => startRun(opening, repository, issueId),
    openCache: (kind, dependsOn) => openCache(parts, kind, dependsOn),
    openLastRun: (issueId) => openLastRun(opening, repository, issueId),
    async openMirror(base) {
      const { openScratchMirror } = await import('./workspace/open.ts');
      return openScratchMirror({ repository: repository.source, base, operatorEnv: env, liveness: await knowProcesses() });
    },
    async assertBase({ commit, branch }) {
      const newest = branch === undefined ? await user.head() : await user.resolve(branch);
      if (newest !== undefined && (await user.contains(newest.commit, commit))) return;
      throw new BugloopError('state.base', `the base ${commit} of the run is not on ${branch ?? 'what is checked out'} here`);
    },
    openForge: forge,
    readConfigAt: async (mirror, commit) => readForgeConfiguration(opening, await findConfiguration(mirror, commit)),
    openReviews: () => openReviews(parts),
    assertMayStart: async (actor) => (await forge()).assertMayWrite(actor),
    readPrompt: (name) => readPrompt(user, repository, operator, name),
  };
}

async function startAgent({ opening, config, agent }: Parts): Promise<Agent> {
  const { env, flags, operator, cwd } = opening;
  const { model, command = defaultAgentCommand, env: names } = config.agents.bugsolver;
  const { openAgent } = await import('./agent/index.ts');
  switch (agent) {
    case 'claude':
      return openAgent(agent, {
        apiKey: operator.anthropic.key ?? '',
        baseURL: operator.anthropic.baseUrl ?? 'https://api.anthropic.com',
        model,
      });
    case 'command':
      return openAgent(agent, { command, env: names, missingEnv: names.filter((name) => !env[name]) });
    case 'scripted':
      return openAgent(agent, { script: resolve(cwd, flags.script ?? '') });
    default:
      return openAgent(agent, {});
  }
}

/** A new run directory, with the issue locked against a second run until the session ends. */
async function startRun(opening: Opening, repository: Repository, issueId: string): Promise<Journal> {
  const { openJournal, runId } = await import('./journal/journal.ts');
  const { randomBytes } = await import('node:crypto');
  const dir = runsDirectory(opening, repository);
  const startedAt = await holdIssue(opening, dir, issueId);
  const id = runId(startedAt, issueId, randomBytes(4).toString('hex'));
  return openJournal({ dir, id, redact: await redactor(opening.operator) });
}

/** Keeps a second process of this machine off the issue until the session ends; the moment it began. */
async function holdIssue({ progress, held }: Opening, dir: string, issueId: string): Promise<Date> {
  const { acquireLock } = await import('./journal/journal.ts');
  const startedAt = new Date();
  const what = JSON.stringify([dir, issueId]);
  // Whoever looks for an earlier run and finds nothing in it begins a new one under the same lock.
  if (held.has(what)) return startedAt;
  const notice = (line: string): void => progress.note(line);
  held.set(what, await acquireLock({ dir, issueId, pid: process.pid, host: hostname(), startedAt, notice }));
  return startedAt;
}

async function knowProcesses(): Promise<Liveness> {
  const { isAlive, markProcess } = await import('./journal/process.ts');
  return { self: await markProcess(process.pid), isAlive };
}

/** Whatever a run leaves behind goes through this: a secret that code or a model printed stays out of every file. */
async function redactor({ github, anthropic }: Operator): Promise<(text: string) => string> {
  const { redact } = await import('./core/text.ts');
  const secrets = [github.token, anthropic.key].filter((secret) => secret !== undefined);
  return (text) => redact(text, secrets);
}

/** Names of runs sort by time. Only those of this issue, and only where a journal says what they did. */
async function openLastRun(opening: Opening, repository: Repository, issueId: string): Promise<Journal | undefined> {
  const { openJournal, runsOf } = await import('./journal/journal.ts');
  const dir = runsDirectory(opening, repository);
  const [last] = await runsOf(dir, issueId);
  if (last === undefined) return undefined;
  await holdIssue(opening, dir, issueId);
  return openJournal({ dir, id: last, redact: await redactor(opening.operator) });
}

function runsDirectory({ flags, cwd }: Opening, { root }: Repository): string {
  return flags.out === undefined ? join(root, '.bugloop', 'runs') : resolve(cwd, flags.out);
}

/** Kept beside the runs, ignored by git. Other tools, another machine or another bugloop are another cache. */
async function openCache({ opening, repository }: Parts, kind: string, dependsOn: readonly string[]): Promise<Cache> {
  const { openCacheFile } = await import('./workspace/cache.ts');
  const { createHash } = await import('node:crypto');
  const { env, version, flags } = opening;
  const setting = [version, process.version, process.platform, process.arch, env['PATH'], flags.dependencies, ...dependsOn];
  const name = createHash('sha256').update(JSON.stringify(setting)).digest('hex').slice(0, 32);
  return openCacheFile(join(repository.root, '.bugloop', 'cache', kind, name));
}

async function findRun(written: string, cwd: string): Promise<Journal> {
  const dir = resolve(cwd, written);
  if (!existsSync(join(dir, 'report.json'))) {
    throw new BugloopError('usage.run_dir', `${written} is not the directory of a run: it holds no report.json`);
  }
  const { openJournal } = await import('./journal/journal.ts');
  return openJournal({ dir: dirname(dir), id: basename(dir) });
}

async function openForge(parts: Parts): Promise<Forge> {
  const { opening, config, repository } = parts;
  const { forges } = await import('./forge/index.ts');
  if (parts.issue !== undefined && parts.issue.kind !== 'file') {
    const openGitHub = await forges.github();
    return openGitHub(await gitHubOptions(parts), await parts.shared());
  }
  const { committer, openGit } = await import('./workspace/git.ts');
  const openLocal = await forges.local();
  const git = openGit({ searchPath: opening.env['PATH'] ?? '', signal: opening.signal }, { directory: repository.root });
  return openLocal({ git: git.run, cwd: opening.cwd, committer: committer.email, branchPrefix: config.branchPrefix });
}

async function shareGitHub(parts: Parts): Promise<Shared> {
  const { share } = await import('./forge/github/forge.ts');
  return share(gitHubRequests(parts));
}

async function gitHubOptions(parts: Parts): Promise<GitHubOptions> {
  const { opening, config, repository } = parts;
  const { committer } = await import('./workspace/git.ts');
  const { runTrailer } = await import('./forge/index.ts');
  return {
    ...gitHubRequests(parts),
    branchPrefix: config.branchPrefix,
    ...(repository.baseBranch === undefined ? {} : { baseBranch: repository.baseBranch }),
    labels: config.labels,
    accounts: config.agents.bugsolver.accounts,
    committer: committer.email,
    trailer: runTrailer,
    redact: await redactor(opening.operator),
    ...(await knowProcesses()),
  };
}

async function openGate(opening: Opening, slug: string | undefined): Promise<Gate> {
  const { actions } = opening.operator;
  const { openGitHubGate } = await import('./forge/github/gate.ts');
  return openGitHubGate({
    ...requestsOf(opening, { slug }, normalise({}).limits.timeoutMinutes),
    configPath: configFile,
    readConfig: (found) => readForgeConfiguration(opening, found),
    redact: await redactor(opening.operator),
    liveness: knowProcesses,
    ...(actions.runId === undefined ? {} : { ownRun: actions.runId }),
  });
}

async function readPublicChange(opening: Opening, wanted: number | string, given?: string): Promise<PublicChange> {
  throwAll([...checkEnvironment(opening)]);
  const { operator, version, signal, flags } = opening;
  const { token, apiUrl, serverUrl } = operator.github;
  const slug = given ?? flags.repo ?? operator.github.repository ?? (await originSlug(opening));
  if (slug === undefined) throw new BugloopError('usage.repo', '--repo is missing: nothing here says owner/name');
  const read = await import('./forge/github/public.ts');
  const options = { apiUrl, serverUrl, slug, version, signal, ...(token === undefined ? {} : { token }) };
  return read.readPublicChange(options, wanted);
}

async function openReviews(parts: Parts): Promise<Reviews> {
  const { openGitHubReviews } = await import('./forge/github/threads.ts');
  const options = { ...(await gitHubOptions(parts)), automaticReviewers: parts.config.gate.automaticReviewers };
  return openGitHubReviews(options, await parts.shared());
}

function gitHubRequests({ opening, repository, config }: Parts): GitHubRequests {
  return requestsOf(opening, repository, config.limits.timeoutMinutes);
}

/** Where requests go and with what; that both are there was checked when the context was opened. */
function requestsOf(
  { operator, version, signal }: Opening,
  { slug }: { slug?: string | undefined },
  minutes: number,
): GitHubRequests {
  const deadline = Date.now() + minutes * 60_000;
  return {
    ...reachGitHub(operator, slug === undefined ? {} : { slug }),
    version,
    signal: lateSignal(signal),
    deadline,
    now: Date.now,
  };
}

/** Aborts a while after `signal` does: a checkpoint on the forge takes a few requests. */
function lateSignal(signal: AbortSignal): AbortSignal {
  const late = new AbortController();
  const later = (): void => void setTimeout(() => late.abort(signal.reason), checkpointMs).unref();
  if (signal.aborted) later();
  else signal.addEventListener('abort', later, { once: true });
  return late.signal;
}

async function readPrompt(
  user: UserRepository,
  { base }: Repository,
  { packageRoot }: Operator,
  name: PromptName,
): Promise<PromptSource> {
  const override = `.bugloop/prompts/${name}.md`;
  const entry = await user.entry(base, override);
  if (entry.kind === 'file') return { text: entry.bytes.toString('utf8'), file: override };
  if (entry.kind !== 'absent') throw new BugloopError('template.not_found', `${override} is a ${entry.kind}, not a file`);
  const file = `prompts/${name}.md`;
  const text = await readFile(join(packageRoot, file), 'utf8').catch((error: unknown) => {
    throw new BugloopError('template.not_found', `${file} ${whyUnreadable(error)}`, {
      cause: error,
      hint: 'install bugloop again',
    });
  });
  return { text, file };
}

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Context } from './context.ts';
import { type ForgeFacts, type Machine } from './core/setup/facts.ts';
import { readRunReport, type RunReport } from './core/report.ts';
import type { GitHubRequests } from './forge/github/http.ts';
import type { Inbox } from './inbox.ts';
import { reachGitHub } from './operator.ts';
import type { Ask, Site } from './site.ts';

/** The composition root of `init`, `doctor`, `estimate` and `dispatch`: what they see beyond what a run needs. */

interface SiteOptions {
  env: Readonly<Record<string, string | undefined>>;
  /** Questions are asked where both are terminals, and nowhere in a workflow. */
  terminal: { input: NodeJS.ReadStream; output: NodeJS.WriteStream };
}

export async function openSite(context: Context, { env, terminal }: SiteOptions): Promise<Site> {
  const { openWorktree } = await import('./workspace/worktree.ts');
  const { operator, repository } = context;
  const ask = await openTerminal(context, terminal);
  return {
    files: openWorktree(repository.root),
    ...(ask === undefined ? {} : { ask }),
    readShipped: (path) => readFile(join(operator.packageRoot, path), 'utf8'),
    machine: () => lookAround(context, env),
    inspectForge: () => inspectForge(context),
    pastReports: () => readPastReports(context),
  };
}

async function openTerminal(
  { operator, flags, signal }: Context,
  { input, output }: SiteOptions['terminal'],
): Promise<Ask | undefined> {
  if (!input.isTTY || !output.isTTY || operator.actions.inActions || flags.quiet || flags.json) return undefined;
  const { openAsk } = await import('./ui/ask.ts');
  return openAsk(input, output, signal);
}

async function lookAround({ operator, signal, repository }: Context, env: SiteOptions['env']): Promise<Machine> {
  const { detectSandbox } = await import('./workspace/sandbox.ts');
  const { openGit } = await import('./workspace/git.ts');
  const git = openGit({ searchPath: env['PATH'] ?? '', signal }, { directory: repository.root });
  const version = await git.run(['--version']).catch(() => undefined);
  return {
    node: process.versions.node,
    git: version?.replace(/^git version /, ''),
    sandbox: await detectSandbox(env),
    modelKey: operator.anthropic.key !== undefined,
    inActions: operator.actions.inActions,
  };
}

async function inspectForge(context: Context): Promise<ForgeFacts | undefined> {
  const { operator, repository } = context;
  const { token } = operator.github;
  if (token === undefined || repository.slug === undefined) return undefined;
  const { inspect } = await import('./forge/github/inspect.ts');
  return inspect(requestsOf(context), { branch: repository.baseBranch });
}

/** Longest time that asking the forge may take, in milliseconds. */
const askMs = 60_000;

function requestsOf({ operator, repository, version, signal, now }: Context): GitHubRequests {
  return { ...reachGitHub(operator, repository), version, signal, now, deadline: now() + askMs };
}

export async function openInbox(context: Context): Promise<Inbox> {
  const { openGitHubInbox } = await import('./forge/github/inbox.ts');
  const { redact } = await import('./core/text.ts');
  const { github, anthropic } = context.operator;
  const secrets = [github.token, anthropic.key].filter((secret) => secret !== undefined);
  const { branchPrefix } = context.config;
  return openGitHubInbox({ ...requestsOf(context), branchPrefix, redact: (text) => redact(text, secrets) });
}

async function readPastReports({ flags, cwd, repository }: Context): Promise<RunReport[]> {
  const { listReports } = await import('./journal/reports.ts');
  const texts = await listReports(flags.out === undefined ? join(repository.root, '.bugloop', 'runs') : join(cwd, flags.out));
  return texts.flatMap((text) => {
    const read = readRunReport(text);
    return read.ok ? [read.report] : [];
  });
}

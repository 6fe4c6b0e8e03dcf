import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { normalise } from '../../src/core/config.ts';
import type { SandboxLevel, TestRun, Usage } from '../../src/core/types.ts';
import { isAlive, markProcess } from '../../src/journal/process.ts';
import type { AgentTask, Workspace } from '../../src/ports.ts';
import { openWorkspace } from '../../src/workspace/open.ts';
import { makeRepo, searchPath, type TestRepo } from '../support/repo.ts';

/** A real workspace for one agent, and everything that the agent reports. */
export interface Place extends AsyncDisposable {
  workspace: Workspace;
  /** The user's repository that it was opened on. */
  repository: TestRepo;
  /** A task like that of the loop, whose history is what was recorded so far. Its check runs `node check.mjs`. */
  task(more?: Partial<AgentTask>): AgentTask;
  records: unknown[];
  spent: { usage: Usage; model: string }[];
  /** Lines of progress. */
  lines: string[];
  read(path: string): Promise<string>;
  /** Puts the files back and forgets every report: as good as new, and quicker. */
  reset(): Promise<void>;
}

const noTests: TestRun = {
  runner: 'unknown',
  perTest: false,
  results: [],
  execution: { argv: [], exitCode: null, ended: 'not-started', durationMs: 0, output: '', failureLines: [], outputBytes: 0 },
};

/** Commits the files to a repository and opens a workspace on it; `env` is what the operator's shell holds. */
export async function openPlace(
  files: Readonly<Record<string, string>>,
  {
    sandbox = 'basic',
    env = {},
    dependencies,
  }: { sandbox?: SandboxLevel; env?: Record<string, string>; dependencies?: string } = {},
): Promise<Place> {
  const repository = makeRepo(await mkdtemp(join(tmpdir(), 'bugloop-agent-')));
  const base = repository.commit({ ...files });
  const operatorEnv = { PATH: searchPath, ...env };
  const more = dependencies === undefined ? {} : { dependencies };
  const workspace = await openWorkspace({
    repository: repository.path,
    base,
    config: normalise({}),
    sandbox,
    operatorEnv,
    liveness: { self: await markProcess(process.pid), isAlive },
    ...more,
  });

  const records: unknown[] = [];
  const spent: Place['spent'] = [];
  const lines: string[] = [];
  return {
    workspace,
    repository,
    records,
    spent,
    lines,
    task: (more = {}) => ({
      attempt: 1,
      system: 'You mend bugs.',
      message: 'sum(1, 2) returns -1. Mend it.',
      history: [...records],
      record: (entry) => {
        // As a journal keeps it.
        records.push(JSON.parse(JSON.stringify(entry)));
        return Promise.resolve();
      },
      workspace,
      facts: { issue: { id: '1', title: 'sum', body: '', source: 'file' }, baseline: noTests, tests: [], suspects: [] },
      check: async () => {
        const execution = await workspace.run(['node', 'check.mjs'], { timeoutMs: 20_000, network: false });
        return { ok: execution.exitCode === 0, digest: execution.output };
      },
      mayContinue: () => ({ ok: true }),
      spent: (usage, model) => spent.push({ usage, model }),
      progress: (line) => lines.push(line),
      deadline: Date.now() + 30_000,
      signal: new AbortController().signal,
      ...more,
    }),
    read: (path) => readFile(join(workspace.root, path), 'utf8'),
    async reset() {
      for (const reports of [records, spent, lines]) reports.length = 0;
      await workspace.checkout(base);
    },
    async [Symbol.asyncDispose]() {
      await workspace[Symbol.asyncDispose]();
      await rm(repository.path, { recursive: true, force: true });
    },
  };
}

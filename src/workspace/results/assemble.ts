import { exitStatus } from '../../core/compare.ts';
import { realpathSync } from 'node:fs';
import { isAbsolute, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Execution, RepoPath, TestFailure, TestResult } from '../../core/types.ts';
import { failureFromOutput } from './failure.ts';

/** One test as a runner reports it, before it has an id. */
export interface RawResult {
  file?: RepoPath | undefined;
  /** Suites from the outside in, then the test's own name; empty for what belongs to a file as a whole. */
  path: readonly string[];
  status: TestResult['status'];
  durationMs?: number | undefined;
  failure?: TestFailure | undefined;
}

/** Gives every test its id, in the order of the report: the same for a narrow and for a whole run. */
export function identify(raw: readonly RawResult[]): TestResult[] {
  const seen = new Map<string, number>();
  return raw.map((test) => {
    const parts = [...(test.file === undefined ? [] : [test.file]), ...test.path].map(oneLine).filter((part) => part !== '');
    const title = parts.join(' > ');
    const count = (seen.get(title) ?? 0) + 1;
    seen.set(title, count);
    return {
      id: count === 1 ? title : `${title} (${count})`,
      ...(test.file === undefined ? {} : { file: test.file }),
      name: oneLine(test.path.at(-1) ?? test.file ?? title),
      status: test.status,
      ...(test.durationMs === undefined ? {} : { durationMs: test.durationMs }),
      ...(test.failure === undefined || test.status !== 'failed' ? {} : { failure: test.failure }),
    };
  });
}

function oneLine(text: string): string {
  return text.replace(/\s+/g, ' ').trim();
}

/**
 * A command that ended badly although no test is red gains one red pseudo-test, so that it never counts as green. One
 * that a limit or a signal ended always does: nobody knows which tests are missing.
 */
export function explainExit(raw: readonly RawResult[], execution: Execution, why?: TestFailure): RawResult[] {
  const ended = execution.ended === 'exited' && execution.exitCode === 0;
  const explained = execution.ended === 'exited' && raw.some((test) => test.status === 'failed');
  if (explained || (ended && why === undefined)) return [...raw];
  return [...raw, { path: [exitStatus], status: 'failed', failure: why ?? exitFailure(execution) }];
}

export function exitFailure(execution: Execution): TestFailure {
  const limits: Partial<Record<Execution['ended'], string>> = {
    timeout: 'the command was ended: it ran out of time',
    inactive: 'the command was ended: it printed nothing for too long',
  };
  const limit = limits[execution.ended];
  if (limit !== undefined) return { kind: 'timeout', message: limit };
  if (execution.ended !== 'exited') {
    return {
      kind: execution.ended === 'signal' ? 'error' : 'load',
      message: `the command ended without an exit code: ${execution.ended}`,
    };
  }
  const failure = failureFromOutput(
    [execution.output, ...execution.failureLines.filter((line) => !execution.output.includes(line))].join('\n'),
  );
  return { ...failure, message: failure.message === '' ? `exit code ${execution.exitCode}` : failure.message };
}

/** Maps what runners call a file (absolute, relative, URL) to a path in the repository. */
export function repoPaths(root: string): (file: string | undefined) => RepoPath | undefined {
  const roots = [...new Set([root, realPath(root)])];
  return (file) => {
    if (file === undefined || file === '') return undefined;
    const path = file.startsWith('file:') ? fileURLToPath(file) : file;
    if (!isAbsolute(path)) return path.startsWith('..') ? undefined : path.split(sep).join('/').replace(/^\.\//, '');
    for (const base of roots) {
      const inside = relative(base, path);
      if (inside !== '' && !inside.startsWith('..') && !isAbsolute(inside)) return inside.split(sep).join('/');
    }
    return undefined;
  };
}

function realPath(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}

/**
 * A vitest reporter that appends one JSON line per test to `$BUGLOOP_VITEST`, file by file. vitest's JSON reporter loses
 * the class of an error, the message of a timeout and every unhandled error. Copied next to the results and loaded by
 * the repository's own vitest.
 */
import { appendFileSync } from 'node:fs';

interface VitestError {
  name?: unknown;
  message?: unknown;
  stack?: unknown;
  code?: unknown;
  actual?: unknown;
  expected?: unknown;
}
interface Task {
  type: string;
  name: string;
  mode: string;
  tasks?: Task[];
  filepath?: string;
  result?: { state?: string; duration?: number; errors?: VitestError[]; error?: VitestError };
}

export default class VitestLines {
  readonly written = new Set<string>();

  /** vitest 3 and newer: one file has ended. */
  onTestModuleEnd(module: { task?: Task }): void {
    if (module.task !== undefined) this.write(module.task);
  }

  /** vitest 3 and newer. */
  onTestRunEnd(modules: readonly { task?: Task }[], errors: readonly VitestError[] = []): void {
    this.finish(
      modules.flatMap((module) => module.task ?? []),
      errors,
    );
  }

  /** vitest 0.x to 2. */
  onFinished(files: readonly Task[] = [], errors: readonly VitestError[] = []): void {
    this.finish(files, errors);
  }

  finish(files: readonly Task[], errors: readonly VitestError[]): void {
    for (const file of files) this.write(file);
    for (const error of errors) this.log({ unhandled: true, error: describe(error) });
  }

  write(file: Task): void {
    const path = file.filepath ?? file.name;
    if (this.written.has(`${path}\0${file.name}`)) return;
    this.written.add(`${path}\0${file.name}`);
    this.walk(file, path, [], file.mode);
    const error = errorOf(file);
    const hasFailure = file.result?.state === 'fail' && error !== undefined;
    if (hasFailure)
      this.log({ file: path, path: [], status: 'failed', collecting: (file.tasks ?? []).length === 0, error: describe(error) });
  }

  walk(task: Task, file: string, path: readonly string[], mode: string): void {
    for (const child of task.tasks ?? []) {
      const here = [...path, child.name];
      const inherited = mode === 'skip' || mode === 'todo' ? mode : child.mode;
      const error = errorOf(child);
      const state = child.result?.state;
      if (child.tasks !== undefined || child.type === 'suite') {
        this.walk(child, file, here, inherited);
        // A suite's own failure is a hook's.
        if (state === 'fail' && error !== undefined) this.log({ file, path: here, status: 'failed', error: describe(error) });
        continue;
      }
      const status = state === 'pass' ? 'passed' : state === 'fail' ? 'failed' : 'skipped';
      this.log({
        file,
        path: here,
        status,
        duration: child.result?.duration,
        error: error === undefined ? undefined : describe(error),
      });
    }
  }

  log(line: object): void {
    appendFileSync(process.env['BUGLOOP_VITEST'] ?? '', `${JSON.stringify(line)}\n`);
  }
}

function errorOf(task: Task): VitestError | undefined {
  return task.result?.errors?.[0] ?? task.result?.error;
}

function describe(error: VitestError): object {
  const { name, message, stack, code } = error;
  return {
    name: typeof name === 'string' ? name : undefined,
    message: typeof message === 'string' ? message : 'thrown without a message',
    stack: typeof stack === 'string' ? stack : undefined,
    code: typeof code === 'string' ? code : undefined,
  };
}

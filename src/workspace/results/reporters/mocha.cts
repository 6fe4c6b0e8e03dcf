/**
 * A mocha reporter for mocha 1 to 11 that appends one JSON line per test to `$BUGLOOP_MOCHA`, so that what ran before a
 * crash is kept. Plain script, copied next to the results and loaded by the repository's own mocha.
 */
// oxlint-disable-next-line typescript/no-require-imports, typescript/no-unsafe-type-assertion
const fs = require('node:fs') as { appendFileSync(file: string, text: string): void };

interface Runnable {
  title?: string;
  file?: string;
  duration?: number;
  type?: string;
  root?: boolean;
  parent?: Runnable;
  state?: string;
}
type ErrorLike = { name?: unknown; message?: unknown; stack?: unknown; code?: unknown; uncaught?: unknown } | null | undefined;
interface Runner {
  on(event: string, listener: (test: Runnable, error: ErrorLike) => void): void;
}

function MochaLines(runner: Runner): void {
  const failed: Runnable[] = [];
  const log = (test: Runnable, status: string, error?: ErrorLike): void => {
    const path: string[] = [];
    let file = test.file;
    for (let node: Runnable | undefined = test; node !== undefined; node = node.parent) {
      if (node.title !== undefined && node.title !== '' && node.root !== true) path.unshift(node.title);
      file ??= node.file;
    }
    const line = {
      status,
      path,
      file,
      hook: test.type === 'hook',
      duration: test.duration,
      error: error === undefined ? undefined : describe(error),
    };
    fs.appendFileSync(process.env['BUGLOOP_MOCHA'] ?? '', `${JSON.stringify(line)}\n`);
  };
  runner.on('pass', (test) => log(test, 'passed'));
  runner.on('pending', (test) => log(test, 'skipped'));
  runner.on('fail', (test, error) => {
    // Some versions tell about one test twice, for an error after its end.
    if (failed.includes(test)) return;
    failed.push(test);
    log(test, 'failed', error);
    console.error(`failed: ${test.title ?? ''}: ${describe(error).message}`);
  });
}

function describe(error: ErrorLike): Record<string, unknown> & { message: string } {
  if (typeof error !== 'object' || error === null) return { message: String(error) };
  const compared = 'showDiff' in error || ('actual' in error && 'expected' in error);
  const name = typeof error.name === 'string' ? error.name : undefined;
  const stack = typeof error.stack === 'string' ? error.stack : undefined;
  const code = typeof error.code === 'string' ? error.code : undefined;
  return { name, message: typeof error.message === 'string' ? error.message : 'thrown without a message', stack, code, compared };
}

module.exports = MochaLines;

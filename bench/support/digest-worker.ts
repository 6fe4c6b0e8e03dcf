/** One digest in a process of its own, so that its memory can be told: `digest-worker.ts <log> <scratch>`. */
import { mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import { digestFailures } from '../../src/core/feedback.ts';
import { execute } from '../../src/workspace/exec.ts';
import { prepareTests } from '../../src/workspace/results/index.ts';
import { peakKB } from './peak.js';

const [log = '', root = ''] = process.argv.slice(2);
const started = performance.now();
const place = { root, sandbox: 'basic', operatorEnv: { ...process.env } } as const;
const scratch = mkdtempSync(join(root, 'results-'));
const command = ['sh', '-c', `cat ${log}; exit 1`] as const;
const prepared = await prepareTests({ root, command: [...command], scratch, results: {} });
const execution = await execute(place, prepared.argv, {
  timeoutMs: 120_000,
  network: false,
  env: prepared.env,
  ...(prepared.stdoutFile === undefined ? {} : { stdoutFile: prepared.stdoutFile }),
});
const run = await prepared.collect(execution);
const digest = digestFailures(
  run.results.filter(({ status }) => status === 'failed'),
  execution,
);
const ms = performance.now() - started;
process.stdout.write(JSON.stringify({ digest, peakKB: peakKB(), ms }));

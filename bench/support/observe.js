// @ts-check
// Loaded before bugloop by `--import`, so that the product itself needs no switch for being measured: notes every
// process it starts, and at its end how much memory it ever had. Plain JavaScript: stripping types costs memory.
import { ChildProcess } from 'node:child_process';
import { subscribe } from 'node:diagnostics_channel';
import { writeFileSync } from 'node:fs';
import { peakKB } from './peak.js';

const file = process.env['BUGLOOP_BENCH_OBSERVED'];
const now = () => performance.timeOrigin + performance.now();
/** @type {{ argv: string[], started: number, ended: number | null }[]} */
const children = [];

if (file !== undefined) {
  // What bugloop starts must not be observed as if it were bugloop.
  delete process.env['NODE_OPTIONS'];
  delete process.env['BUGLOOP_BENCH_OBSERVED'];
  subscribe('child_process', note);
  process.on('exit', () => {
    writeFileSync(file, JSON.stringify({ started: performance.timeOrigin, ended: now(), peakKB: peakKB(), children }));
  });
}

/** @param {unknown} message */
function note(message) {
  if (typeof message !== 'object' || message === null || !('process' in message) || !(message.process instanceof ChildProcess))
    return;
  const child = message.process;
  /** @type {typeof children[number]} */
  const noted = { argv: [], started: now(), ended: null };
  children.push(noted);
  child.once('spawn', () => (noted.argv = child.spawnargs));
  child.once('exit', () => (noted.ended = now()));
}

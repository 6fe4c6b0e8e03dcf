// @ts-check
// Loaded before bugloop by `--import`, so that the product itself needs no switch for being killed: notes every step by
// which it writes what has to last, and at one of them, before it or after it, sends itself a signal.
import promises from 'node:fs/promises';
import { appendFileSync, readlinkSync } from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { basename } from 'node:path';

const { BUGLOOP_SOAK_NOTES: notes, BUGLOOP_SOAK_AT: at } = process.env;
// What bugloop starts must not meet the same.
for (const name of ['NODE_OPTIONS', 'BUGLOOP_SOAK_NOTES', 'BUGLOOP_SOAK_AT']) delete process.env[name];
/** @type {{ what?: string, nth?: number, when?: string, signal?: string }} */
const wanted = at === undefined ? {} : JSON.parse(at);
/** @type {Map<string, number>} */
const seen = new Map();

/**
 * @template T
 * @param {string} what
 * @param {() => Promise<T>} step
 */
async function meet(what, step) {
  const nth = seen.get(what) ?? 0;
  seen.set(what, nth + 1);
  if (notes !== undefined) appendFileSync(notes, `${what}\n`);
  const here = wanted.what === what && wanted.nth === nth;
  if (here && wanted.when === 'before') process.kill(process.pid, wanted.signal);
  const result = await step();
  if (here && wanted.when === 'after') process.kill(process.pid, wanted.signal);
  return result;
}

/** @param {unknown} path */
const nameOf = (path) =>
  basename(String(path))
    .replace(/^[0-9a-f]{32}$/, 'cache')
    .replace(/^\.bugloop-[0-9a-f]+$/, 'draft');

const { rename, link } = promises;
promises.rename = (from, to) => meet(`rename ${nameOf(to)}`, () => rename(from, to));
promises.link = (from, to) => meet(`link ${nameOf(to)}`, () => link(from, to));

const handle = await promises.open('/dev/null');
const prototype = Object.getPrototypeOf(handle);
await handle.close();
const { writeFile } = prototype;
/** @param {unknown} data @param {...unknown} rest */
prototype.writeFile = function (data, ...rest) {
  const type = /^\{"type":"(\w+)"/.exec(String(data))?.[1] ?? '';
  return meet(`write ${nameOf(readlinkSync(`/proc/self/fd/${this.fd}`))} ${type}`.trim(), () =>
    writeFile.call(this, data, ...rest),
  );
};
syncBuiltinESMExports();

import { structuredPatch, applyPatch } from 'diff';
import type { Files, Materialised } from './materialise.ts';

/** What a scripted model leaves in the workspace, and what bugloop has to say of it. */
export interface Variant {
  name: string;
  files: Files;
  /** `proven`: the gold change. `refused`: must never be accepted. `either`: half fixes, as far as the tests can tell. */
  expected: 'proven' | 'refused' | 'either';
}

/** The gold change and its negatives. A variant that a bug cannot have (no second hunk, say) is left out. */
export function makeVariants(bug: Materialised): Variant[] {
  const gold: Files = new Map([...bug.gold, ...bug.tests]);
  const [source] = [...bug.gold].find(([, content]) => content !== undefined) ?? [];
  const all: (Variant | undefined)[] = [
    { name: 'gold', files: gold, expected: 'proven' },
    { name: 'empty', files: new Map(), expected: 'refused' },
    source === undefined ? undefined : { name: 'comment only', files: withComment(bug, source), expected: 'refused' },
    { name: 'gold without its tests', files: new Map(bug.gold), expected: 'refused' },
    { name: 'tests without the fix', files: new Map(bug.tests), expected: 'refused' },
    weaken(bug, 'test deleted', () => undefined),
    weaken(bug, 'test skipped', skipFirst),
    weaken(bug, 'test emptied', emptyFirst),
    neuterScript(bug),
    { name: 'edits CI', files: new Map([...gold, ['.github/workflows/ci.yml', 'on: push\njobs: {}\n']]), expected: 'refused' },
    dropHunk(bug),
  ];
  return all.filter((variant) => variant !== undefined);
}

function withComment(bug: Materialised, path: string): Files {
  return new Map([...bug.tests, [path, `${bug.before.get(path) ?? ''}\n// reviewed\n`]]);
}

/** The gold source with an existing test file of the base tampered with, so that no new test can hide it. */
function weaken(bug: Materialised, name: string, tamper: (text: string) => string | undefined): Variant | undefined {
  for (const path of bug.tests.keys()) {
    const before = bug.before.get(path);
    if (before === undefined || !/\.(c|m)?js$/.test(path)) continue;
    const after = tamper(before);
    if (after === before) continue;
    return { name, files: new Map([...bug.gold, [path, after]]), expected: 'refused' };
  }
  return undefined;
}

function skipFirst(text: string): string {
  return text.replace(/^(\s*)(it|test)\(/m, '$1$2.skip(');
}

/** The body of the first callback of a test becomes empty. */
function emptyFirst(text: string): string {
  return text.replace(/((?:it|test)\((["']).*?\2,\s*function\s*\([^)]*\)\s*\{)/, '$1 return;');
}

function neuterScript(bug: Materialised): Variant {
  const manifest = JSON.stringify({ name: bug.bug.package, version: bug.bug.buggy, scripts: { test: 'exit 0' } }, null, 2);
  return { name: 'test script neutered', files: new Map([...bug.tests, ['package.json', `${manifest}\n`]]), expected: 'refused' };
}

/** Gold without its last hunk, where it has more than one. */
function dropHunk(bug: Materialised): Variant | undefined {
  for (const [path, content] of bug.gold) {
    const before = bug.before.get(path);
    if (before === undefined || content === undefined) continue;
    const patch = structuredPatch(path, path, before, content);
    if (patch.hunks.length < 2) continue;
    const half = applyPatch(before, { ...patch, hunks: patch.hunks.slice(0, -1) });
    if (typeof half !== 'string') continue;
    return { name: 'gold minus a hunk', files: new Map([...bug.gold, ...bug.tests, [path, half]]), expected: 'either' };
  }
  return undefined;
}

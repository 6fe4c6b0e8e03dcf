import type { AgentName, SandboxLevel } from './types.ts';
import { isValidRef } from './ref.ts';

/** Flags that every command has, checked. What is absent was not given. */
export interface Flags {
  /** `owner/name`. */
  repo?: string;
  base?: string;
  /** File on disk that is read instead of the base commit's configuration. */
  config?: string;
  agent?: AgentName | 'auto';
  /** File with the turns of the `scripted` agent. */
  script?: string;
  maxIterations?: number;
  /** Minutes. */
  timeout?: number;
  /** US dollars. */
  budget?: number;
  /** Directory that receives run directories. */
  out?: string;
  publish: boolean;
  dryRun: boolean;
  sandbox?: SandboxLevel;
  /** Existing dependency directory, used read-only instead of running setup. */
  dependencies?: string;
  json: boolean;
  debug: boolean;
  quiet: boolean;
}

export const noFlags: Flags = { publish: true, dryRun: false, json: false, debug: false, quiet: false };

/** A value, or why it is none: the same shape for every flag. */
export type Checked<T> = { ok: true; value: T } | { ok: false; code: 'usage.range' | 'usage.repo' | 'usage.ref'; why: string };

/** A whole number written with digits only, inside the range. */
export function checkWhole(written: string, min: number, max: number): Checked<number> {
  const value = /^[0-9]{1,9}$/.test(written) ? Number(written) : Number.NaN;
  return value >= min && value <= max
    ? { ok: true, value }
    : { ok: false, code: 'usage.range', why: `expected a whole number >= ${min} and <= ${max}` };
}

/** A decimal number of dollars, at most two digits after the point are usual but not demanded. */
export function checkAmount(written: string, max: number): Checked<number> {
  const value = /^[0-9]{1,9}(?:\.[0-9]{1,6})?$/.test(written) ? Number(written) : Number.NaN;
  return value >= 0 && value <= max
    ? { ok: true, value }
    : { ok: false, code: 'usage.range', why: `expected a number >= 0 and <= ${max}` };
}

/** `owner/name` as GitHub allows it. */
export function isSlug(written: string): boolean {
  const [owner, name, ...more] = written.split('/');
  return (
    more.length === 0 &&
    /^[A-Za-z0-9](?:[A-Za-z0-9-]{0,38})$/.test(owner ?? '') &&
    /^[A-Za-z0-9._-]{1,100}$/.test(name ?? '') &&
    !['.', '..'].includes(name ?? '')
  );
}

export function checkSlug(written: string): Checked<string> {
  return isSlug(written) ? { ok: true, value: written } : { ok: false, code: 'usage.repo', why: 'expected owner/name' };
}

/** A branch, or the full name of a commit. */
export function checkBase(written: string): Checked<string> {
  return isValidRef(written)
    ? { ok: true, value: written }
    : { ok: false, code: 'usage.ref', why: 'expected the name of a branch' };
}

// ---------------------------------------------------------------------------------------------- issue references

/** What `<issue>` may be. */
export type IssueRef =
  | { kind: 'number'; number: number }
  | { kind: 'url'; host: string; slug: string; number: number }
  | { kind: 'file'; path: string };

/** Reads a reference by its form alone; `undefined` where it has none of the allowed forms. */
export function parseIssueRef(written: string): IssueRef | undefined {
  const number = /^#?([1-9][0-9]{0,9})$/.exec(written)?.[1];
  if (number !== undefined) return { kind: 'number', number: Number(number) };
  if (/^[a-z][a-z0-9+.-]*:\/\//i.test(written)) return parseIssueUrl(written);
  return /\.(?:md|markdown|mdown|txt)$/i.test(written) && !/\p{Cc}/u.test(written) ? { kind: 'file', path: written } : undefined;
}

function parseIssueUrl(written: string): IssueRef | undefined {
  const match =
    /^https?:\/\/([A-Za-z0-9.-]+(?::[0-9]{1,5})?)\/([^/?#]+\/[^/?#]+)\/issues\/([1-9][0-9]{0,9})\/?(?:[?#]\S*)?$/.exec(written);
  const [, host, slug, number] = match ?? [];
  if (host === undefined || slug === undefined || !isSlug(slug)) return undefined;
  return { kind: 'url', host, slug, number: Number(number) };
}

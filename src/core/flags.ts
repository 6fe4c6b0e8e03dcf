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

/** Flags as the command line gave them; `false` for a flag that was negated. */
export interface RawFlags {
  repo?: string;
  base?: string;
  config?: string;
  agent?: string;
  script?: string;
  maxIterations?: string;
  timeout?: string;
  budget?: string;
  out?: string;
  publish?: boolean;
  dryRun?: boolean;
  sandbox?: string | false;
  dependencies?: string;
  json?: boolean;
  debug?: boolean;
  quiet?: boolean;
}

export interface FlagProblem {
  code: 'usage.range' | 'usage.repo' | 'usage.ref' | 'usage.option_value';
  message: string;
  /** One way to mend it. */
  hint: string;
}

const agents = ['claude', 'command', 'search', 'scripted', 'auto'] as const;
const sandboxes = ['strict', 'basic', 'off'] as const;

/** Checks every flag; all problems at once. */
export function checkFlags(raw: RawFlags): { ok: true; flags: Flags } | { ok: false; problems: FlagProblem[] } {
  const problems: FlagProblem[] = [];
  const flags: Flags = {
    publish: raw.publish ?? true,
    dryRun: raw.dryRun ?? false,
    json: raw.json ?? false,
    debug: raw.debug ?? false,
    quiet: raw.quiet ?? false,
  };
  /** Keeps what `read` makes of the flag, or its problem. */
  const take = <K extends keyof Flags>(
    key: K,
    option: string,
    written: string | undefined,
    read: Reader<NonNullable<Flags[K]>>,
  ): void => {
    if (written === undefined) return;
    const value = read.read(written);
    if (value !== undefined) flags[key] = value;
    else
      problems.push({
        code: read.code,
        message: `${option}: expected ${read.allowed}, found '${written.slice(0, 80)}'`,
        hint: `give e.g. ${option} ${read.example}`,
      });
  };
  take('repo', '--repo', raw.repo, slug);
  take('base', '--base', raw.base, baseName);
  take('config', '--config', raw.config, path);
  take('agent', '--agent', raw.agent, oneOf(agents, 'auto'));
  take('script', '--script', raw.script, path);
  take('maxIterations', '--max-iterations', raw.maxIterations, wholeBetween(1, 100, 5));
  take('timeout', '--timeout', raw.timeout, wholeBetween(1, 360, 30));
  take('budget', '--budget', raw.budget, dollarsUpTo(1000, 2));
  take('out', '--out', raw.out, path);
  take('sandbox', '--sandbox', raw.sandbox === false ? 'off' : raw.sandbox, oneOf(sandboxes, 'basic'));
  take('dependencies', '--dependencies', raw.dependencies, path);
  problems.push(...brokenPairs(flags));
  return problems.length === 0 ? { ok: true, flags } : { ok: false, problems };
}

function brokenPairs(flags: Flags): FlagProblem[] {
  if (flags.agent === 'scripted' && flags.script === undefined) {
    const message = '--agent scripted: expected --script <file> with the turns to replay';
    return [{ code: 'usage.option_value', message, hint: 'add --script <file>' }];
  }
  if (flags.script !== undefined && flags.agent !== 'scripted') {
    return [
      { code: 'usage.option_value', message: '--script: only --agent scripted replays a script', hint: 'add --agent scripted' },
    ];
  }
  return [];
}

/** How one kind of flag is read; `undefined` where the text is none of the allowed. */
interface Reader<T> {
  code: FlagProblem['code'];
  allowed: string;
  example: string;
  read(written: string): T | undefined;
}

function wholeBetween(min: number, max: number, example: number): Reader<number> {
  const read = (written: string): number | undefined =>
    within(/^[0-9]{1,9}$/.test(written) ? Number(written) : undefined, min, max);
  return { code: 'usage.range', allowed: `a whole number >= ${min} and <= ${max}`, example: `${example}`, read };
}

function dollarsUpTo(max: number, example: number): Reader<number> {
  const decimal = /^[0-9]{1,9}(?:\.[0-9]{1,6})?$/;
  const read = (written: string): number | undefined => within(decimal.test(written) ? Number(written) : undefined, 0, max);
  return { code: 'usage.range', allowed: `a number >= 0 and <= ${max}`, example: `${example}`, read };
}

function within(value: number | undefined, min: number, max: number): number | undefined {
  return value !== undefined && value >= min && value <= max ? value : undefined;
}

function oneOf<const T extends string>(values: readonly T[], example: T): Reader<T> {
  const read = (written: string): T | undefined => values.find((value) => value === written);
  return { code: 'usage.option_value', allowed: `one of ${values.join(', ')}`, example, read };
}

const path: Reader<string> = {
  code: 'usage.option_value',
  allowed: 'a path',
  example: './somewhere',
  read: (written) => (written === '' || written.includes('\0') ? undefined : written),
};

const slug: Reader<string> = {
  code: 'usage.repo',
  allowed: 'owner/name',
  example: 'owner/name',
  read: (written) => (isSlug(written) ? written : undefined),
};

const baseName: Reader<string> = {
  code: 'usage.ref',
  allowed: 'the name of a branch',
  example: 'main',
  read: (written) => (isValidRef(written) ? written : undefined),
};

/** `owner/name` as GitHub allows it. */
export function isSlug(written: string): boolean {
  const [owner, name, ...more] = written.split('/');
  return (
    more.length === 0 &&
    /^[A-Za-z0-9](?:[A-Za-z0-9_-]{0,38})$/.test(owner ?? '') &&
    /^[A-Za-z0-9._-]{1,100}$/.test(name ?? '') &&
    !['.', '..'].includes(name ?? '')
  );
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

/** What `<pr>` may be: `7`, `#7`, or the address of a pull request, with or without one of its pages. */
export function parseChangeRef(written: string): Exclude<IssueRef, { kind: 'file' }> | undefined {
  const number = /^#?([1-9][0-9]{0,9})$/.exec(written)?.[1];
  if (number !== undefined) return { kind: 'number', number: Number(number) };
  return parseUrl(written, /^pull\/([1-9][0-9]{0,9})(?:\/(?:files|commits|checks|changes))?\/?(?:[?#]\S*)?$/);
}

/** What `verify` may be about: a change, by number, address or branch; anything else is a run directory. */
export function parseVerifyTarget(written: string): { change: number | string; slug?: string } | undefined {
  const ref = parseChangeRef(written);
  if (ref !== undefined) return { change: ref.number, ...(ref.kind === 'url' ? { slug: ref.slug } : {}) };
  return /(?:^|\/)issue-[1-9][0-9]{0,9}$/.test(written) && isValidRef(written) ? { change: written } : undefined;
}

function parseIssueUrl(written: string): IssueRef | undefined {
  return parseUrl(written, /^issues\/([1-9][0-9]{0,9})\/?(?:[?#]\S*)?$/);
}

/** An address below a repository; the first group of `page` is the number. */
function parseUrl(written: string, page: RegExp): Extract<IssueRef, { kind: 'url' }> | undefined {
  const [, host, slug, rest] = /^https?:\/\/([A-Za-z0-9.-]+(?::[0-9]{1,5})?)\/([^/?#]+\/[^/?#]+)\/(.*)$/s.exec(written) ?? [];
  const number = page.exec(rest ?? '')?.[1];
  if (host === undefined || slug === undefined || number === undefined || !isSlug(slug)) return undefined;
  return { kind: 'url', host, slug, number: Number(number) };
}

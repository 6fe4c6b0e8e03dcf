import { parse } from 'yaml';
import { z } from 'zod';

const workflow = z.object({
  name: z.string().optional(),
  on: z.union([z.string(), z.array(z.string()), z.record(z.string(), z.unknown())]),
});

/** Names, as GitHub shows them, of the workflows that run for pull requests; files that cannot be read are left out. */
export function readWorkflowNames(files: readonly { file: string; text: string }[]): string[] {
  return files.flatMap(({ file, text }) => {
    const read = workflow.safeParse(parseQuietly(text));
    if (!read.success || !eventsOf(read.data.on).includes('pull_request')) return [];
    return [read.data.name ?? `.github/workflows/${file}`];
  });
}

/** An action or a workflow of somebody, and the version that is used. */
export interface Pin {
  file: string;
  /** `actions/checkout`. */
  name: string;
  /** After the `@`. */
  version: string;
}

/** Everything that files of workflows use from elsewhere. */
export function readPins(files: readonly { file: string; text: string }[]): Pin[] {
  return files.flatMap(({ file, text }) =>
    [...text.matchAll(/^\s*(?:-\s+)?uses:\s*["']?([^\s"'@#]+)@([^\s"'#]+)/gm)].map(([, name = '', version = '']) => ({
      file,
      name,
      version,
    })),
  );
}

/** Pins of what is shipped too, in another version than that. */
export function findOldPins(used: readonly Pin[], shipped: readonly Pin[]): Pin[] {
  return used.filter(({ name, version }) => {
    const known = shipped.filter((pin) => pin.name === name);
    return known.length > 0 && known.every((pin) => pin.version !== version);
  });
}

const levels = z.union([z.string(), z.record(z.string(), z.string())]).nullish();
const caller = z.object({
  permissions: levels,
  jobs: z.record(z.string(), z.object({ uses: z.string().optional(), permissions: levels })),
});

/** What the jobs of each shipped workflow may write. A caller that gives one of them less is refused by GitHub as a whole. */
export const wanted: Readonly<Record<string, readonly string[]>> = {
  dispatch: ['contents', 'issues', 'pull-requests'],
  review: ['contents', 'issues', 'pull-requests'],
  gate: ['checks', 'contents', 'issues', 'pull-requests', 'statuses'],
};

/** Permissions that a file which calls the shipped workflows does not give, as it would write them; none where it is no such file. */
export function findMissingPermissions(text: string): string[] {
  const read = caller.safeParse(parseQuietly(text));
  if (!read.success) return [];
  const missing = Object.values(read.data.jobs).flatMap(({ uses = '', permissions = read.data.permissions }) => {
    const [, name = ''] = /\/bugloop-(\w+)\.yml(?:@|$)/.exec(uses) ?? [];
    return (wanted[name] ?? []).filter((permission) => !gives(permissions, permission));
  });
  return [...new Set(missing)].toSorted().map((permission) => `${permission}: write`);
}

function gives(permissions: z.infer<typeof levels>, name: string): boolean {
  return typeof permissions === 'string' ? permissions === 'write-all' : permissions?.[name] === 'write';
}

function eventsOf(on: z.infer<typeof workflow>['on']): string[] {
  if (typeof on === 'string') return [on];
  return Array.isArray(on) ? on : Object.keys(on);
}

function parseQuietly(text: string): unknown {
  try {
    return parse(text);
  } catch {
    return undefined;
  }
}

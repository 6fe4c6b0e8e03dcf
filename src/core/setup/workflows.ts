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

import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { z } from 'zod';

/** Payloads that GitHub sent, as Octokit recorded them; a test changes only the fields it is about. */

const definitions = z
  .array(z.object({ name: z.string(), examples: z.array(z.record(z.string(), z.unknown())) }))
  .parse(JSON.parse(readFileSync(createRequire(import.meta.url).resolve('@octokit/webhooks-examples'), 'utf8')));

export type Payload = Record<string, unknown>;

function recordedPayloads(name: string): Payload[] {
  return definitions.find((definition) => definition.name === name)?.examples ?? [];
}

/** Every recorded payload with the name of its event. */
export function everyRecorded(): { name: string; payload: Payload }[] {
  return definitions.flatMap(({ name, examples }) => examples.map((payload) => ({ name, payload })));
}

/** The first recording of that name and action, with these fields in place of its own, the last changes on top. */
export function recorded(name: string, action: string | undefined, ...changes: Payload[]): Payload {
  const found = recordedPayloads(name).find((payload) => payload['action'] === action);
  if (found === undefined) throw new Error(`there is no recording of ${name} ${String(action)}`);
  return changes.reduce(merge, found);
}

/** Objects are merged, everything else replaced. */
function merge(into: Payload, changes: Payload): Payload {
  const merged: Payload = { ...into };
  for (const [key, value] of Object.entries(changes)) {
    const old = merged[key];
    merged[key] = isPlain(value) && isPlain(old) ? merge(old, value) : value;
  }
  return merged;
}

function isPlain(value: unknown): value is Payload {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

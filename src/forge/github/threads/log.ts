import { readJobText } from '../../../core/job-log.ts';
import { createRing, type Kept } from '../../../core/ring.ts';
import type { GitHubRequests } from '../http.ts';

/** Milliseconds for a log; without it the check's own words do. */
const timeoutMs = 15_000;
/** Of a longer log only the end is read: that is where it says what went wrong. In bytes. */
const maxBytes = 16 * 1024 * 1024;

/**
 * The log of one job of Actions, as much of it as anybody needs. GitHub answers with a signed address elsewhere, which
 * never sees the token. `undefined` where there is none: a log is a help, not a condition.
 */
export async function readJobLog({ apiUrl, slug, token, signal }: GitHubRequests, job: number): Promise<Kept | undefined> {
  const limited = AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]);
  try {
    const asked = await fetch(`${apiUrl}/repos/${slug}/actions/jobs/${job}/logs`, {
      headers: { authorization: `Bearer ${token}`, accept: 'application/vnd.github+json' },
      redirect: 'manual',
      signal: limited,
    });
    await asked.body?.cancel();
    const target = asked.headers.get('location');
    if (asked.status !== 302 || target === null) return undefined;
    const answer = await fetch(target, { redirect: 'error', signal: limited });
    return answer.ok ? keep(await readEnd(answer)) : undefined;
  } catch {
    return undefined;
  }
}

async function readEnd(answer: Response): Promise<Uint8Array> {
  let chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of answer.body ?? []) {
    chunks.push(chunk);
    size += chunk.byteLength;
    if (size > 2 * maxBytes) {
      const end = Buffer.concat(chunks).subarray(-maxBytes);
      chunks = [end];
      size = end.byteLength;
    }
  }
  return Buffer.concat(chunks).subarray(-maxBytes);
}

function keep(bytes: Uint8Array): Kept {
  const ring = createRing();
  const lane = ring.lane();
  lane.write(new TextEncoder().encode(readJobText(new TextDecoder().decode(bytes))));
  lane.end();
  return ring.finish();
}

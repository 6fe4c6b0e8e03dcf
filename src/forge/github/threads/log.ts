import type { GitHubRequests } from '../http.ts';

/** Milliseconds for a log; without it the check's own words do. */
const timeoutMs = 15_000;
/** The end is where logs put what went wrong. */
const tailBytes = 8_000;
const maxBytes = 32 * 1024 * 1024;

/**
 * The end of the log of one job of Actions. GitHub answers with a signed address elsewhere, which never sees the token.
 * `undefined` where there is none: a log is a help, not a condition.
 */
export async function readJobLog({ apiUrl, slug, token, signal }: GitHubRequests, job: number): Promise<string | undefined> {
  const limited = AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]);
  try {
    const asked = await fetch(`${apiUrl}/repos/${slug}/actions/jobs/${job}/logs`, {
      headers: { authorization: `Bearer ${token}`, accept: 'application/vnd.github+json' },
      redirect: 'manual',
      signal: limited,
    });
    const target = asked.headers.get('location');
    if (asked.status !== 302 || target === null) return undefined;
    const answer = await fetch(target, { redirect: 'error', signal: limited });
    return answer.ok ? await readTail(answer) : undefined;
  } catch {
    return undefined;
  }
}

async function readTail(answer: Response): Promise<string> {
  let tail = new Uint8Array();
  let size = 0;
  for await (const chunk of answer.body ?? []) {
    size += chunk.byteLength;
    if (size > maxBytes) break;
    const both = Buffer.concat([tail, chunk]);
    tail = both.subarray(Math.max(0, both.length - tailBytes));
  }
  // The time at the start of each line says nothing about what failed.
  return new TextDecoder().decode(tail).replaceAll(/^\d{4}-\d\d-\d\dT[\d:.]+Z /gm, '');
}

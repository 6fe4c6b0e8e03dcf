import { z } from 'zod';
import { statusMarker } from '../../core/views/status-comment.ts';
import type { Http } from './http.ts';

const schema = z.array(
  z.object({ body: z.string().nullish(), issue_url: z.string(), user: z.object({ id: z.int() }).nullish() }),
);

const pageSize = 100;
/** The newest thousand comments of a repository are looked through, and no more. */
const maxPages = 10;

/** Status comments of these accounts that were written since, on whatever issue. */
export async function readStatuses(
  http: Http,
  since: string,
  accounts: readonly number[],
): Promise<{ issue: string; text: string }[]> {
  const route = 'GET /repos/{owner}/{repo}/issues/comments';
  const found: { issue: string; text: string }[] = [];
  for (let page = 1; page <= maxPages; page += 1) {
    const parameters = { since, sort: 'updated', direction: 'desc', per_page: pageSize, page };
    const some = await http.read({ route, parameters, schema });
    for (const { body, issue_url: url, user } of some) {
      if (body?.startsWith(statusMarker) === true && user != null && accounts.includes(user.id))
        found.push({ issue: url.split('/').at(-1) ?? '', text: body });
    }
    if (some.length < pageSize) break;
  }
  return found;
}

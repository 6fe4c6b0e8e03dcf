import { z } from 'zod';
import type { CommentRef, Inbox } from '../../inbox.ts';
import { openHttp, type GitHubRequests, type Http } from './http.ts';
import { findTrouble } from './trouble.ts';

const account = z.object({ user: z.object({ id: z.int() }).nullish() });
const comment = account.extend({ id: z.int(), body: z.string().nullish() });
const comments = z.array(comment);
const change = z.object({
  head: z.object({ ref: z.string(), repo: z.object({ id: z.int() }).nullish() }),
  base: z.object({ repo: z.object({ id: z.int() }) }),
});
const changes = z.array(change.extend({ number: z.int() }));
const issues = z.array(z.object({ number: z.int(), pull_request: z.unknown().optional() }));

const pageSize = 100;
const maxPages = 50;

/** Comments on issues and changes are one thing to GitHub's REST interface. */
export function openGitHubInbox(options: GitHubRequests & { branchPrefix: string; redact: (text: string) => string }): Inbox {
  const http = openHttp(options);
  return {
    async receive(to) {
      // GitHub gives back the reaction that is there already, so this may be asked again and again; and it says who we are.
      const { user } = await http.persist(() =>
        http.send({
          route: 'POST /repos/{owner}/{repo}/issues/comments/{comment_id}/reactions',
          parameters: { comment_id: to.id, content: 'eyes' },
          schema: account,
        }),
      );
      return { answered: (await findAnswers(http, to, user?.id)).length > 0 };
    },
    async answer(to, text) {
      const made = await http.once({
        find: async () => (await findAnswers(http, to, undefined))[0],
        make: () =>
          http.send({
            route: 'POST /repos/{owner}/{repo}/issues/{issue_number}/comments',
            parameters: { issue_number: to.place, body: options.redact(`${markerOf(to)}\n${text}`) },
            schema: comment,
          }),
      });
      // Nothing here fails because somebody was quicker; but everybody sees the same order afterwards, and only the first stays.
      const [first] = await findAnswers(http, to, made.user?.id);
      if (first === undefined || first.id === made.id) return true;
      const route = 'DELETE /repos/{owner}/{repo}/issues/comments/{comment_id}';
      await http.persist(() => http.send({ route, parameters: { comment_id: made.id }, schema: z.unknown() })).catch(unlessGone);
      return false;
    },
    async issueOf(number) {
      const route = 'GET /repos/{owner}/{repo}/pulls/{pull_number}';
      const asked = http.read({ route, parameters: { pull_number: number }, schema: change });
      const found = await asked.catch(unlessGone);
      return found === undefined ? undefined : issueFrom(found, options.branchPrefix);
    },
    async openChanges() {
      const route = 'GET /repos/{owner}/{repo}/pulls';
      const found = await pages((page) => http.read({ route, parameters: { state: 'open', ...page }, schema: changes }));
      return found
        .filter((one) => issueFrom(one, options.branchPrefix) !== undefined)
        .map(({ number, head }) => ({ number, branch: head.ref }));
    },
    async labelled(label) {
      const route = 'GET /repos/{owner}/{repo}/issues';
      const asked = { labels: label, state: 'open', sort: 'created', direction: 'asc' };
      const found = await pages((page) => http.read({ route, parameters: { ...asked, ...page }, schema: issues }));
      return found.filter((issue) => issue.pull_request === undefined).map((issue) => issue.number);
    },
  };
}

/** Repositories are compared by number: the branch of a fork can have any name. */
function issueFrom({ head, base }: z.infer<typeof change>, prefix: string): number | undefined {
  if (head.repo?.id !== base.repo.id || !head.ref.startsWith(prefix)) return undefined;
  const issue = /^issue-([1-9]\d*)$/.exec(head.ref.slice(prefix.length))?.[1];
  return issue === undefined ? undefined : Number(issue);
}

function markerOf({ id }: CommentRef): string {
  return `<!-- bugloop:answer ${id} -->`;
}

/** Oldest first. Ours where `self` says who we are; else all that carry the mark, which is only worse for whoever forged it. */
async function findAnswers(http: Http, to: CommentRef, self: number | undefined): Promise<z.infer<typeof comments>> {
  const route = 'GET /repos/{owner}/{repo}/issues/{issue_number}/comments';
  const all = await pages((page) => http.read({ route, parameters: { issue_number: to.place, ...page }, schema: comments }));
  return all
    .filter(({ body, user }) => body?.startsWith(markerOf(to)) === true && (self === undefined || user?.id === self))
    .sort((one, other) => one.id - other.id);
}

function unlessGone(error: unknown): undefined {
  if (findTrouble(error)?.trouble.status !== 404) throw error;
  return undefined;
}

async function pages<T>(read: (page: { per_page: number; page: number }) => Promise<T[]>): Promise<T[]> {
  const all: T[] = [];
  for (let page = 1; page <= maxPages; page += 1) {
    const some = await read({ per_page: pageSize, page });
    all.push(...some);
    if (some.length < pageSize) break;
  }
  return all;
}

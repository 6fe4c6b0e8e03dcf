import type { BlamedAuthor, BlamedRange, Touched } from '../../core/reviewers.ts';
import type { CommitId } from '../../core/types.ts';
import { BugloopError } from '../../errors.ts';
import { linesAnswer, linesDocument, type LinesAnswer } from './documents.ts';
import type { Http } from './http.ts';

/** The mirror has no history, so who wrote a line is asked of GitHub. It is for a suggestion: no answer is one, too. */

interface Asked {
  commit: CommitId;
  files: readonly Touched[];
}

/** Variables of a document that asks about lines. */
export function linesOf({ commit, files }: Asked): Record<string, string> {
  return { base: commit, ...Object.fromEntries(files.map(({ path }, index) => [`f${index}`, path])) };
}

/** A request of its own, where the change was not opened by one that could ask along. */
export async function readBlame(http: Http, slug: string, asked: Asked, who: People): Promise<BlamedRange[]> {
  if (asked.files.length === 0) return [];
  const [owner, name] = slug.split('/');
  const variables = { owner, name, ...linesOf(asked) };
  try {
    const query = linesDocument(asked.files.length);
    return toBlame((await http.read({ query, variables, schema: linesAnswer })).repository, asked.files, who);
  } catch (error) {
    if (error instanceof BugloopError) return [];
    throw error;
  }
}

/** Logins that need to be told apart. */
interface People {
  viewer: string;
  reporter: string | undefined;
}

export function toBlame(answer: LinesAnswer | null, files: readonly Touched[], who: People): BlamedRange[] {
  if (answer?.object == null) return [];
  const { object, assignableUsers } = answer;
  const known = new Set((assignableUsers.nodes ?? []).flatMap((user) => (user === null ? [] : [user.login])));
  const others = assignableUsers.pageInfo.hasNextPage ? undefined : false;
  return files.flatMap(({ path }, index) =>
    (object[`f${index}`]?.ranges ?? []).map(({ startingLine, endingLine, commit: { authoredDate, author } }) => ({
      path,
      start: startingLine,
      end: endingLine,
      at: Date.parse(authoredDate),
      ...(author?.user == null ? {} : { author: describe(author.user, author.email ?? '') }),
    })),
  );

  function describe({ id, login }: { id: string; login: string }, email: string): BlamedAuthor {
    return {
      id,
      login,
      // Commits of apps come with an address that says so.
      bot: login.endsWith('[bot]') || email.includes('[bot]@'),
      ours: login === who.viewer,
      reporter: login === who.reporter,
      mayReview: known.has(login) ? true : others,
    };
  }
}

import * as z from 'zod/mini';
import { ownCheck } from '../../core/own.ts';
import type { PostedGate, Snapshot } from '../../core/snapshot.ts';
import type { CommitId } from '../../core/types.ts';
import { BugloopError } from '../../errors.ts';
import type { Gate, GateWord, Remote, Liveness } from '../../ports.ts';
import { turnDraft } from './draft.ts';
import { openHttp, type GitHubRequests, type Http } from './http.ts';
import { readSnapshot, type SnapshotOptions } from './snapshot.ts';
import { findTrouble, unavailable } from './trouble.ts';

export interface GateOptions extends GitHubRequests, SnapshotOptions {
  /** Who we are, for the few runs that take a lock. */
  liveness: () => Promise<Liveness>;
  /** Takes secrets out of whatever is written. */
  redact: (text: string) => string;
}

/** The gate at GitHub: reads a change, says its word beside it, and turns the draft; it knows no merge and no approval. */
export function openGitHubGate(options: GateOptions): Gate {
  const http = openHttp(options);
  const remote: Remote = { url: `${options.serverUrl}/${options.slug}.git`, token: options.token };
  return {
    readSnapshot: (number) => readSnapshot(http, options, number),
    async fetchTrees({ start, head }, mirror) {
      if (start === undefined) return undefined;
      try {
        return await mirror.change(start, head.commit);
      } catch (error) {
        // Not all of it is here.
        if (!(error instanceof BugloopError) || error.code !== 'git.failed') throw error;
      }
      await mirror.fetchCommits(remote, [start, head.commit]);
      return mirror.change(start, head.commit);
    },
    post: (snapshot, { signal, title, table }) =>
      post(http, snapshot, { signal, title: options.redact(title), table: options.redact(table) }),
    async markReady({ id }) {
      await turnDraft(http, 'markPullRequestReadyForReview', id);
      return { head: await readHead(http, id) };
    },
    backToDraft: ({ id }) => turnDraft(http, 'convertPullRequestToDraft', id),
    tell: ({ told }, text) => tell(http, told?.comment, options.redact(text)),
    async askReview(snapshot, ask) {
      const { askReview } = await import('./ask.ts');
      return askReview(http, { ...options, ...(await options.liveness()) }, snapshot, ask);
    },
  };
}

// ---------------------------------------------------------------------------------------------- draft and back

const told = z.object({ told: z.nullable(z.object({ clientMutationId: z.nullish(z.string()) })) });
const headAnswer = z.object({ node: z.nullable(z.object({ headRefOid: z.string() })) });

/** The text as a whole: written twice, it is the same as once. */
async function tell(http: Http, id: string | undefined, body: string): Promise<boolean> {
  if (id === undefined) return false;
  const query =
    'mutation Tell($id: ID!, $body: String!) { told: updateIssueComment(input: { id: $id, body: $body }) { clientMutationId } }';
  try {
    await http.persist(() => http.send({ query, variables: { id, body }, schema: told }));
    return true;
  } catch (error) {
    if (findTrouble(error)?.trouble.outcome === 'refused') return false;
    throw error;
  }
}

async function readHead(http: Http, id: string): Promise<string> {
  const query = 'query Head($id: ID!) { node(id: $id) { ... on PullRequest { headRefOid } } }';
  const { node } = await http.read({ query, variables: { id }, schema: headAnswer });
  if (node === null) throw unavailable('GitHub does not show the pull request any more', undefined, 'refused');
  return node.headRefOid;
}

// ---------------------------------------------------------------------------------------------- our word

const written = z.object({ id: z.int() });

/**
 * As a check run, which holds the whole table, where the token is one of an app; else as a status, which holds a line.
 * What stands there already is left alone: every write shows up in the change's history.
 */
async function post(http: Http, { head, posted }: Snapshot, word: GateWord): Promise<Posted> {
  if (posted?.kind === 'status') return postStatus(http, head.commit, word, posted);
  const { createHash } = await import('node:crypto');
  const mark = createHash('sha256').update(`${word.signal}\n${word.title}\n${word.table}`).digest('hex').slice(0, 32);
  if (posted?.mark === mark) return 'standing';
  const state = word.signal === 'pending' ? { status: 'in_progress' } : { status: 'completed', conclusion: word.signal };
  const check = { ...state, name: ownCheck, external_id: mark, output: { title: word.title, summary: word.table } };
  // Only apps may write check runs, and each only its own.
  if (posted !== undefined && (await attempt(http, changeRoute, { ...check, check_run_id: Number(posted.id) }))) return 'posted';
  if (await attempt(http, createRoute, { ...check, head_sha: head.commit })) return 'posted';
  return postStatus(http, head.commit, word, undefined);
}

type Posted = Awaited<ReturnType<Gate['post']>>;
const createRoute = 'POST /repos/{owner}/{repo}/check-runs';
const changeRoute = 'PATCH /repos/{owner}/{repo}/check-runs/{check_run_id}';

/** False where this token may not. Of one name the newest check run counts: a second one after a lost answer does no harm. */
async function attempt(http: Http, route: string, parameters: Record<string, unknown>): Promise<boolean> {
  try {
    await http.persist(() => http.send({ route, parameters, schema: written }));
    return true;
  } catch (error) {
    if ([403, 404].includes(findTrouble(error)?.trouble.status ?? 0)) return false;
    throw error;
  }
}

/** Statuses are a log of which the newest counts. */
async function postStatus(
  http: Http,
  sha: CommitId,
  { signal, title }: GateWord,
  posted: PostedGate | undefined,
): Promise<Posted> {
  if (posted?.mark === `${signal} ${title}`) return 'standing';
  const parameters = { sha, state: signal, context: ownCheck, description: title };
  return (await attempt(http, 'POST /repos/{owner}/{repo}/statuses/{sha}', parameters)) ? 'posted' : 'refused';
}

import * as z from 'zod/mini';
import { ownCheck } from '../../core/own.ts';
import type { Snapshot } from '../../core/snapshot.ts';
import { BugloopError } from '../../errors.ts';
import type { Gate, GateStep, GateWord, PlannedCall, Remote, Liveness } from '../../ports.ts';
import { planAsk, read, write } from './calls.ts';
import { turnDraft } from './draft.ts';
import { openHttp, watchReads, type GitHubRequests, type Http } from './http.ts';
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
  /** Reads for the newest snapshot. */
  let made: PlannedCall[] = [];
  return {
    async readSnapshot(number) {
      const watched = watchReads(http);
      const sight = await readSnapshot(watched.http, options, number);
      made = watched.asked.map((call) => read(call, 'all about the change'));
      return sight;
    },
    async fetchTrees({ start, head }, mirror) {
      if (start === undefined) return undefined;
      try {
        return await mirror.change(start, head.commit);
      } catch (error) {
        // Not all of it is here.
        if (!(error instanceof BugloopError) || error.code !== 'git.failed') throw error;
      }
      await mirror.fetchCommits(remote, [start, head.commit]);
      made.push(read('git fetch', 'what the clone lacks'));
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
    async plan(snapshot, steps) {
      const planned = await Promise.all(steps.map((step) => planEffect(options.slug, snapshot, step)));
      return [...made, ...planned.flat()];
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
async function post(http: Http, snapshot: Snapshot, word: GateWord): Promise<Posted> {
  const posts = await postsOf(snapshot, word);
  for (const { route, parameters } of posts) if (await attempt(http, route, parameters)) return 'posted';
  return posts.length === 0 ? 'standing' : 'refused';
}

interface Post {
  route: string;
  parameters: Record<string, unknown>;
}

/** Ways to say it, the best first: the next one is for a token that may not. None where it is said already. */
async function postsOf({ head, posted }: Snapshot, { signal, title, table }: GateWord): Promise<Post[]> {
  const status: Post = {
    route: 'POST /repos/{owner}/{repo}/statuses/{sha}',
    parameters: { sha: head.commit, state: signal, context: ownCheck, description: title },
  };
  // Statuses are a log of which the newest counts.
  if (posted?.kind === 'status') return posted.mark === `${signal} ${title}` ? [] : [status];
  const { createHash } = await import('node:crypto');
  const mark = createHash('sha256').update(`${signal}\n${title}\n${table}`).digest('hex').slice(0, 32);
  if (posted?.mark === mark) return [];
  const state = signal === 'pending' ? { status: 'in_progress' } : { status: 'completed', conclusion: signal };
  const check = { ...state, name: ownCheck, external_id: mark, output: { title, summary: table } };
  // Only apps may write check runs, and each only its own.
  const changed: Post[] =
    posted === undefined ? [] : [{ route: changeRoute, parameters: { ...check, check_run_id: Number(posted.id) } }];
  return [...changed, { route: createRoute, parameters: { ...check, head_sha: head.commit } }, status];
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

// ---------------------------------------------------------------------------------------------- what it would do

/** The calls of one effect, in their order. */
async function planEffect(slug: string, snapshot: Snapshot, step: GateStep): Promise<PlannedCall[]> {
  const repository = `/repos/${slug}`;
  switch (step.do) {
    case 'ready':
      return [write('GraphQL mutation Turn', 'marks the draft ready'), read('GraphQL query Head', 'whether the head moved')];
    case 'draft':
      return [write('GraphQL mutation Turn', 'returns it to a draft')];
    case 'tell':
      return [write('GraphQL mutation Tell', 'the status comment of the issue')];
    case 'post':
      return (await postsOf(snapshot, step.word)).map(({ route, parameters }, index) => {
        const [method = '', path = ''] = route.split(' ');
        const filled = path
          .replace('/repos/{owner}/{repo}', repository)
          .replaceAll(/\{(\w+)\}/g, (_, name: string) => String(parameters[name]));
        return write(
          `REST ${method} ${filled}`,
          index === 0 ? 'the word of the gate' : 'the same, where the token may not write that',
          index > 0,
        );
      });
    default:
      return planAsk(slug, snapshot.number, step);
  }
}

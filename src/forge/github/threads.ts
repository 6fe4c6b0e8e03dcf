import { isAnswered, readReplyMark } from '../../core/threads.ts';
import type { AnsweredThreads, PlannedCall, Remote, Reviews, ReviewStanding, ThreadAnswers } from '../../ports.ts';
import { partsPerDocument, read } from './calls.ts';
import { turnDraft } from './draft.ts';
import { share, type Shared } from './forge.ts';
import { watchReads, type Http } from './http.ts';
import { releaseLock, takeLock, type Lockable } from './lock.ts';
import { mayPass, pushOnce } from './push.ts';
import { planCalls } from './plan.ts';
import { answerAnswer, answerDocument, type AnswerPart } from './threads/documents.ts';
import { readJobLog } from './threads/log.ts';
import { lookAt, type Known, type ReviewsOptions } from './threads/look.ts';
import { findTrouble } from './trouble.ts';

/** The review of a change at GitHub: one query for a look, one for the permissions of whoever spoke, batched writes. */
export function openGitHubReviews(options: ReviewsOptions, shared: Shared = share(options)): Reviews {
  const { http, looks } = shared;
  const remote: Remote = { url: `${options.serverUrl}/${options.slug}.git`, token: options.token };
  const known: Known = { permissions: new Map(), places: new Map() };
  /** Calls of the newest look. */
  let asked: readonly string[] = [];
  const look = async (number: number): Promise<ReviewStanding> => {
    const watched = watchReads(http);
    const standing = await lookAt({ http: watched.http, looks }, options, known, number);
    asked = watched.asked;
    return standing;
  };
  const lookAgain = (n: number, { stale }: { stale?: boolean }): PlannedCall[] => planLook(asked, n, stale);
  const lockable = async (standing: ReviewStanding): Promise<Lockable & { repositoryId: string }> => {
    const place = known.places.get(standing.number);
    return place === undefined ? lockable(await look(standing.number)) : { ...place, standing };
  };

  return {
    read: look,
    readLog: (job) => readJobLog(options, job),
    async fetchHead({ branch }, mirror) {
      await http.persist(() => mirror.fetch(remote, branch).catch(mayPass));
    },
    pushBranch: (push) => pushOnce(http, options, push),
    async lock(standing, claim) {
      const again = async (): Promise<Lockable> => lockable(await look(standing.number));
      return (await takeLock(http, options, await lockable(standing), claim, again)).answer;
    },
    async unlock({ number }, run) {
      const now = await look(number);
      if (now.lock?.run === run) await releaseLock(http, await lockable(now));
    },
    async backToDraft({ id }) {
      try {
        await turnDraft(http, 'convertPullRequestToDraft', id);
        return { ok: true };
      } catch (error) {
        const refusal = findTrouble(error);
        if (refusal?.trouble.outcome !== 'refused') throw error;
        return { ok: false, why: refusal.error.message };
      }
    },
    answer: (standing, answers) => answerOnce(http, options, look, standing, answers),
    plan(standing, steps) {
      const { number, branch, closes } = standing;
      const seen = closes === undefined ? undefined : looks.get(closes.issue.id);
      const place = known.places.get(number);
      const holds = place === undefined ? {} : { place: { ...place, standing } };
      return planCalls({ slug: options.slug, branch, look: lookAgain, ...holds }, seen, steps);
    },
  };
}

/** Who may write is asked once, everything else at every look. */
function planLook(asked: readonly string[], n: number, stale = false): PlannedCall[] {
  const calls = asked.filter((call) => n === 0 || !call.startsWith('GraphQL query Permissions'));
  return calls.map((call) => read(call, n === 0 ? 'all about the change' : 'the same again', stale));
}

// ---------------------------------------------------------------------------------------------- answers

/**
 * Replies and text first, then the threads that may be resolved: a refusal of these must not cost a reply. The text is
 * replaced as a whole: doing that twice is the same as once.
 */
async function answerOnce(
  http: Http,
  { redact }: ReviewsOptions,
  look: (number: number) => Promise<ReviewStanding>,
  standing: ReviewStanding,
  { replies, resolve, body }: ThreadAnswers,
): Promise<AnsweredThreads> {
  let seen = standing;
  const again = async (): Promise<ReviewStanding> => (seen = await look(standing.number));
  const said = replies.map(({ thread, body: words }): AnswerPart => {
    return { field: 'addPullRequestReviewThreadReply', input: { pullRequestReviewThreadId: thread, body: redact(words) } };
  });
  const text: AnswerPart[] =
    body === undefined ? [] : [{ field: 'updatePullRequest', input: { pullRequestId: standing.id, body: redact(body) } }];
  for (const parts of chunk([...said, ...text])) {
    await http.once({
      async make() {
        const missing = parts.filter((part) => isMissing(seen, part));
        if (missing.length > 0) await send(http, missing);
        return true;
      },
      find: async () => {
        await again();
        return parts.some((part) => isMissing(seen, part)) ? undefined : true;
      },
    });
  }
  return resolveThreads(http, seen, resolve, again);
}

/** Nobody else's words make a reply: the thread, the commit and our account have to be those of the reply. */
function isMissing({ threads, reviewers }: ReviewStanding, part: AnswerPart): boolean {
  if (part.field !== 'addPullRequestReviewThreadReply') return true;
  const { pullRequestReviewThreadId: id, body } = part.input;
  const thread = threads.find((candidate) => candidate.id === id);
  const mark = readReplyMark(body);
  return thread === undefined || mark === undefined || !isAnswered(thread, mark.commit, reviewers);
}

/** What the forge answers is read, not assumed; where it refuses, another look tells what holds. */
async function resolveThreads(
  http: Http,
  standing: ReviewStanding,
  wanted: readonly string[],
  again: () => Promise<ReviewStanding>,
): Promise<Pick<AnsweredThreads, 'resolved' | 'unresolved'>> {
  const threads = new Map(standing.threads.map((thread) => [thread.id, thread]));
  const open = wanted.filter((id) => threads.get(id)?.isResolved === false);
  const able = open.filter((id) => threads.get(id)?.viewerCanResolve === true);
  const resolved: string[] = wanted.filter((id) => threads.get(id)?.isResolved === true);
  let why = 'the token may not resolve threads here';
  try {
    for (const ids of chunk(able)) {
      const answer = await http.persist(() =>
        send(
          http,
          ids.map((threadId) => ({ field: 'resolveReviewThread', input: { threadId } })),
        ),
      );
      resolved.push(...Object.values(answer).flatMap((part) => (part?.thread?.isResolved === true ? [part.thread.id] : [])));
    }
  } catch (error) {
    const refusal = findTrouble(error);
    if (refusal?.trouble.outcome !== 'refused') throw error;
    why = refusal.error.message;
    const seen = new Map((await again()).threads.map((thread) => [thread.id, thread.isResolved]));
    resolved.push(...able.filter((id) => seen.get(id) === true && !resolved.includes(id)));
  }
  return { resolved, unresolved: wanted.filter((id) => !resolved.includes(id)).map((thread) => ({ thread, why })) };
}

function send(http: Http, parts: readonly AnswerPart[]) {
  return http.send({ ...answerDocument(parts), schema: answerAnswer });
}

function chunk<T>(items: readonly T[]): T[][] {
  return Array.from({ length: Math.ceil(items.length / partsPerDocument) }, (_, index) =>
    items.slice(index * partsPerDocument, (index + 1) * partsPerDocument),
  );
}

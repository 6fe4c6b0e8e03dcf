import type { Account, Request, Review, Snapshot } from '../snapshot.ts';
import { findSensitive } from '../sensitive.ts';
import { readBanner } from './banner.ts';
import type { Reason } from '../types.ts';
import { count, finding, name, several, type GateConfig, type Rule } from './rule.ts';

/** Outdated is not resolved: a thread counts until somebody resolves it, and again once it is reopened. */
export const threadsRule: Rule = {
  condition: 'threads',
  judge({ threads }) {
    const open = threads.filter(({ resolved }) => !resolved);
    const outdated = open.filter((thread) => thread.outdated).length;
    const places = several(open.map(({ path, line }) => name(line === undefined ? path : `${path}:${line}`)));
    const note = outdated === 0 ? '' : ` (${outdated} outdated)`;
    const message = `${count(open.length, 'unresolved thread')}${note}: ${places}`;
    return finding(
      open.length === 0 ? [] : [{ code: 'gate.threads_unresolved', message }],
      threads.length === 0 ? 'none' : `all ${threads.length} resolved`,
    );
  },
};

export const changesRequestedRule: Rule = {
  condition: 'changes requested',
  judge({ reviews }) {
    const standing = standingReviews(reviews).filter(({ state }) => state === 'changes-requested');
    return finding(
      standing.map(({ author }) => ({
        code: 'gate.changes_requested',
        message: `${author === undefined ? 'an account that is gone' : name(author.login)} requested changes, neither superseded nor dismissed`,
      })),
      'by nobody',
    );
  },
};

/**
 * The last verdict of each reviewer. A comment is no verdict and clears nothing; a dismissed verdict is none any more.
 * Accounts that are gone cannot be told apart: each of their reviews stands alone.
 */
function standingReviews(reviews: readonly Review[]): Review[] {
  const verdicts = reviews.filter(({ state }) => state === 'approved' || state === 'changes-requested');
  const last = new Map<number | Review, Review>();
  for (const review of verdicts) {
    const reviewer = review.author?.id ?? review;
    const earlier = last.get(reviewer);
    if (earlier === undefined || earlier.submittedAt <= review.submittedAt) last.set(reviewer, review);
  }
  return [...last.values()];
}

// ---------------------------------------------------------------------------------------------- automatic reviewers

/** A success status of a reviewer that skipped a draft looks like a review: only a review of this head is one. */
export const automaticReviewersRule: Rule = {
  condition: 'automatic reviewers',
  judge(snapshot, { gate, agents }) {
    const { head } = snapshot;
    if (!agents.reviewer.external || gate.automaticReviewers.length === 0) {
      return { state: 'not-asked', detail: 'none configured' };
    }
    const missing = gate.automaticReviewers.filter((reviewer) => !hasReviewed(snapshot, reviewer));
    return finding(
      missing.map((reviewer) => ({
        code: 'gate.not_reviewed',
        message: `${name(reviewer)} has not reviewed ${head.commit.slice(0, 12)}`,
        waits: true,
      })),
      `${several(gate.automaticReviewers.map(name))} reviewed this commit`,
    );
  },
};

/** `x[bot]` names the bot x and never a person who took the name x. */
export function isAutomatic(account: Pick<Account, 'login' | 'kind'> | undefined, configured: string): boolean {
  if (account === undefined) return false;
  const bot = configured.endsWith('[bot]');
  const login = configured.replace(/\[bot\]$/, '').toLowerCase();
  return account.login.toLowerCase() === login && (account.kind === 'bot') === bot;
}

/** Whether the reviewer looked at this very head, by a review or by the comment that it leaves where it found nothing. */
export function hasReviewed({ reviews, comments, head }: Snapshot, reviewer: string): boolean {
  return (
    reviews.some((review) => isAutomatic(review.author, reviewer) && hasLooked(review, head.commit)) ||
    comments.some((comment) => isAutomatic(comment.author, reviewer) && isCleanPass(comment.body, head.commit))
  );
}

/** An answer in a thread comes as a review without words of its own; it is none. */
function hasLooked({ commit, state, body, comments }: Review, head: string): boolean {
  if (commit !== head || state === 'pending') return false;
  return state !== 'commented' || comments > 0 || (body.trim() !== '' && readBanner(body) === undefined);
}

/**
 * CodeRabbit submits a review only where it found something. Where it did not, it says so in its summary, with the commits
 * it looked at. A refusal names the same commits, and an old summary stays above a new one: the words have to stand
 * together, and nothing may say that a review was skipped, limited or paused.
 */
function isCleanPass(body: string, head: string): boolean {
  const recent = /<!-- recent_review_start -->(.{0,20000}?)<!-- recent_review_end -->/s.exec(body)?.[1];
  if (recent === undefined || readBanner(body) !== undefined) return false;
  return recent.includes('No actionable comments were generated in the recent review') && recent.includes(` and ${head}.`);
}

// ---------------------------------------------------------------------------------------------- approvals

/**
 * Approvals of this head by distinct people who may write, neither who opened the change nor who asked for it. What
 * the proof or the trees say a person has to look at needs one, whatever the configuration says.
 */
export const approvalsRule: Rule = {
  condition: 'approvals',
  judge(snapshot, config) {
    const human = needsHuman(snapshot, config);
    const wanted = Math.max(config.gate.approvals, human.length === 0 ? 0 : 1);
    if (wanted === 0) return { state: 'not-asked', detail: 'none asked for' };
    const given = approvers(snapshot, config).length;
    const against: Reason[] = [];
    if (given < config.gate.approvals)
      against.push({ code: 'gate.approvals_missing', message: `${given} of ${config.gate.approvals} approvals of this commit` });
    if (given === 0)
      against.push(
        ...human.map((reason) => ({
          ...reason,
          code: 'gate.needs_human',
          message: `a person has to approve: ${reason.message}`,
        })),
      );
    return finding(
      against.map((reason) => ({ ...reason, waits: true })),
      `${given} of ${wanted}`,
    );
  },
};

/** The claim is believed where it asks for more; the trees are asked whatever it says. */
function needsHuman({ proof, change }: Snapshot, { sensitiveWords, tests }: GateConfig): Reason[] {
  const claimed = typeof proof === 'string' ? [] : proof.needsHuman;
  const found = change === undefined ? [] : findSensitive(change, sensitiveWords, tests);
  const told = new Map([...claimed, ...found].map((reason) => [`${reason.code} ${reason.path ?? ''} ${reason.message}`, reason]));
  return [...told.values()];
}

function approvers({ reviews, head, author, us, requests }: Snapshot, config: GateConfig): number[] {
  const involved = new Set([us.id, ...requests.filter((request) => started(request, config)).map(({ by }) => by)]);
  if (author !== undefined) involved.add(author.id);
  return standingReviews(reviews)
    .filter(({ state, commit, mayWrite, author: by }) => {
      return state === 'approved' && commit === head.commit && mayWrite && by?.kind === 'user' && !involved.has(by.id);
    })
    .flatMap(({ author: by }) => (by === undefined ? [] : [by.id]));
}

function started(request: Request, { labels, agents }: GateConfig): boolean {
  if ('command' in request) return request.command === 'solve' || request.command === 'retry';
  const [set, trigger] = 'label' in request ? [request.label, labels.trigger] : [request.assignee, agents.bugsolver.assignee];
  return set.toLowerCase() === trigger.toLowerCase();
}

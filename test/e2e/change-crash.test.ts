import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { back, ready } from '../soak/gate.ts';
import type { Moment } from '../soak/play.ts';
import { layReview, publishSubject, type ReviewGround } from '../soak/review.ts';
import { playKillAt, playSignalAt } from '../soak/subject.ts';

/** A few of the moments at which `npm run soak` disturbs what works on a change that is there: reviews and gates. */
// Several processes at a time; on a busy machine that takes a while.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

let ground: ReviewGround;
beforeAll(async () => {
  ground = await layReview();
});
afterAll(() => ground[Symbol.asyncDispose]());

const request = (what: string, nth = 0): Moment => ({ kind: 'request', what, nth });
const marking = request('mutation markPullRequestReadyForReview');

test.concurrent('a round that is killed when its push is done answers every thread once, and pushes no more', async () => {
  expect(await playKillAt(publishSubject(ground), request('git-receive-pack'), 'after')).toEqual([]);
});

test.concurrent('a gate that is killed after its word, and overtaken', async () => {
  const [overtaken] = ready.meanwhile ?? [];
  expect(await playKillAt({ ...ready, ...overtaken }, marking, 'after', overtaken?.happen)).toEqual([]);
});

test.concurrent('a gate that is interrupted on its way back to a draft', async () => {
  expect(await playSignalAt(back, request('mutation convertPullRequestToDraft'), 'SIGTERM')).toEqual([]);
});

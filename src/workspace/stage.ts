import { copyFile, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { CommitId } from '../core/types.ts';
import { BugloopError } from '../errors.ts';
import { openCheckout, type Checkout } from './checkout.ts';
import { copyTree, removeTree } from './copy.ts';
import { linkDependencies } from './dependencies.ts';
import type { Git } from './git.ts';
import { exists, makeEmpty, plantRepository, type Layout } from './layout.ts';

/** What is at the workspace's root: the live checkout, or for the time of a proof a pristine one at the same path. */
export interface Stage {
  /** The checkout that is there now. */
  readonly current: Checkout;
  /** Keeps what is there now as the pristine state, unless it is no more than a fresh checkout. */
  keep(): Promise<void>;
  /** Runs `body` with the pristine state in place; whatever happens, the live checkout comes back. */
  pristine<T>(body: () => Promise<T>): Promise<T>;
}

export interface StageOptions {
  layout: Layout;
  git: Git;
  base: CommitId;
  dependencies: string | undefined;
  searchPath: string;
}

/** Checks `base` out for the first time. */
export async function openStage({ layout, git, base, dependencies, searchPath }: StageOptions): Promise<Stage> {
  const indexOf = (name: string): string => join(layout.work, `${name}.index`);
  const [liveIndex, keptIndex, proofIndex] = [indexOf('live'), indexOf('kept'), indexOf('proof')];
  const checkoutAt = (indexFile: string): Checkout =>
    openCheckout({
      git: git.at({ directory: layout.root, gitDir: layout.mirror, workTree: layout.root, indexFile }),
      root: layout.root,
      hidden: dependencies === undefined ? [] : ['node_modules'],
    });
  const live = checkoutAt(liveIndex);
  let current = live;
  await populate(live, liveIndex);

  return {
    get current() {
      return current;
    },
    async keep() {
      // What npm downloaded is needed no more, and is most of what it left.
      await removeTree(join(layout.home, '.npm'));
      await removeTree(layout.pristine);
      if (!(await live.hasLeavings()) && (await readdir(layout.home)).length === 0) return;
      await copyTree(layout.live, layout.pristine, searchPath);
      await copyFile(liveIndex, keptIndex);
    },
    async pristine(body) {
      if (current !== live) throw new BugloopError('internal', 'a pristine copy is already in place');
      await rename(layout.live, layout.parked);
      try {
        current = checkoutAt(proofIndex);
        await bringPristine(current);
        return await body();
      } finally {
        current = live;
        await removeTree(layout.live);
        await rename(layout.parked, layout.live);
      }
    },
  };

  async function populate(checkout: Checkout, indexFile: string): Promise<void> {
    await makeEmpty(layout.root);
    await makeEmpty(layout.home);
    await checkout.reset(base);
    await plantRepository(layout, indexFile, base);
    await linkDependencies(layout.root, dependencies);
  }

  async function bringPristine(checkout: Checkout): Promise<void> {
    await rm(proofIndex, { force: true });
    if (!(await exists(layout.pristine))) return populate(checkout, proofIndex);
    await copyTree(layout.pristine, layout.live, searchPath);
    await copyFile(keptIndex, proofIndex);
    await checkout.adopt();
  }
}

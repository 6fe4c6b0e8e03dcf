import type { StateRecord } from '../../src/core/state.ts';
import type { Account, Check, ProofClaim, Review, Snapshot, Thread } from '../../src/core/snapshot.ts';
import type { ChangedFile } from '../../src/core/types.ts';

/** A change of which every condition holds, to be spoilt in one place by each test. */

export const headCommit = 'a'.repeat(40);
export const olderCommit = '0'.repeat(40);

export const us: Account = { id: 1, login: 'bugsolver-bot', kind: 'user' };
export const maria: Account = { id: 20, login: 'maria', kind: 'user' };
export const jun: Account = { id: 30, login: 'jun', kind: 'user' };
export const rabbit: Account = { id: 90, login: 'coderabbitai', kind: 'bot' };

export const check = (more: Partial<Check> = {}): Check => ({
  name: 'test',
  state: 'passed',
  said: 'success',
  commit: headCommit,
  creator: { id: 15368, login: 'github-actions', kind: 'app' },
  required: false,
  startedAt: '2026-11-20T10:00:00Z',
  ...more,
});

export const review = (author: Account | undefined, more: Partial<Review> = {}): Review => ({
  ...(author === undefined ? {} : { author }),
  state: 'approved',
  commit: headCommit,
  mayWrite: true,
  submittedAt: '2026-11-20T11:00:00Z',
  body: '',
  comments: 0,
  ...more,
});

export const looked = review(rabbit, {
  state: 'commented',
  mayWrite: false,
  body: '**Actionable comments posted: 0**',
  submittedAt: '2026-11-20T10:30:00Z',
});

export const thread = (more: Partial<Thread> = {}): Thread => ({
  id: 'T1',
  path: 'src/a.ts',
  line: 3,
  resolved: false,
  outdated: false,
  author: maria,
  ...more,
});

export const file = (path: string, more: Partial<ChangedFile> = {}): ChangedFile => ({
  path,
  status: 'modified',
  oldMode: '100644',
  newMode: '100644',
  addedLines: 2,
  removedLines: 1,
  changedBytes: 60,
  binary: false,
  before: 'export const one = 1;\n',
  after: 'export const one = 2;\n',
  ...more,
});

export const claim = (more: Partial<ProofClaim> = {}): ProofClaim => ({
  head: headCommit,
  ok: true,
  needsHuman: [],
  by: us.id,
  edited: false,
  ...more,
});

/** Our record of the change, as a status comment holds it. */
export const told = (more: Partial<StateRecord> = {}): NonNullable<Snapshot['told']> => ({
  comment: 'IC_1',
  record: {
    version: 1,
    state: 'PR_DRAFT',
    issue: '12',
    text: 'digest',
    run: 'run',
    branch: 'bugloop/issue-12',
    base: { branch: 'main', commit: 'b'.repeat(40) },
    change: { number: 7, head: headCommit },
    ...more,
  },
});

export function ready(more: Partial<Snapshot> = {}): Snapshot {
  return {
    number: 7,
    id: 'PR_7',
    url: 'https://github.example/acme/shop/pull/7',
    state: 'open',
    draft: true,
    mergeable: 'yes',
    head: { commit: headCommit, branch: 'bugloop/issue-12', repository: 'R1' },
    base: { branch: 'main', commit: 'b'.repeat(40), repository: 'R1' },
    author: us,
    openedAt: '2026-11-20T09:00:00Z',
    us,
    labels: [],
    requests: [{ label: 'bug:autofix', by: jun.id }],
    checks: [check()],
    required: [],
    reviews: [looked],
    threads: [],
    comments: [],
    awaited: [],
    proof: claim(),
    missing: [],
    change: { base: 'b'.repeat(40), head: headCommit, files: [file('src/a.ts'), file('test/a.test.ts')] },
    ...more,
  };
}

import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import * as effects from './effects.ts';
import { git, nullSha, refs, swapRef } from './git.ts';
import type {
  Account,
  Caller,
  CheckRun,
  Comment,
  Conclusion,
  Issue,
  Level,
  Permission,
  Protection,
  PullRequest,
  Repository,
  Review,
  ReviewThread,
  Role,
  Status,
  Token,
  TokenKind,
  Workflow,
  WorkflowRun,
} from './state.ts';
import { addAccount, addLabel, commitFiles, enter, findAccount, identify, initRepository, type World } from './world.ts';

/** How a test makes what is there before, and what other people do meanwhile. */

type Files = Record<string, string | Buffer | null>;

interface RepositorySeed {
  owner: string;
  name: string;
  /** First commit on the default branch. */
  files?: Files;
  private?: boolean;
  /** Default `main`. */
  defaultBranch?: string;
  labels?: string[];
  /** Roles of people by login; unknown logins become users. */
  roles?: Record<string, Exclude<Role, 'none'>>;
  /** A bare or normal repository whose branches are taken instead of `files`. */
  from?: string;
  organization?: boolean;
  settings?: Partial<Repository['settings']>;
}

interface TokenSeed {
  kind: TokenKind;
  /** Login of the person (PATs) or of the app without `[bot]`. Default: the first repository's owner, or `bugloop`. */
  login?: string;
  /** Of an App, `GITHUB_TOKEN` or fine-grained token. Default: all that publishing and gating need. */
  permissions?: Partial<Record<Permission, Level>>;
  /** Of a classic token. Default `repo`. */
  scopes?: readonly string[];
  repositories?: Repository[];
  /** Was not authorized for the organization’s single sign-on. */
  signOn?: boolean;
}

interface WorkflowSeed {
  name: string;
  path?: string;
  on?: string[];
  /** `log`: one character a byte, so that it may be an archive. */
  jobs?: { name: string; conclusion?: Conclusion; log?: string }[];
  /** Default `completed`. */
  outcome?: Workflow['outcome'];
}

interface CheckSeed extends effects.CheckInput {
  /** App that owns the check. Default `github-actions`. */
  app?: string;
}

export interface Seeds {
  repository(seed: RepositorySeed): Promise<Repository>;
  fork(parent: Repository, owner: string): Promise<Repository>;
  user(login: string, options?: { id?: number; name?: string }): Account;
  bot(login: string, options?: { id?: number }): Account;
  token(seed: TokenSeed): Token;
  /** A commit by somebody else, on a branch (made from the default branch where it is new); its hash. */
  commit(
    repository: Repository,
    branch: string,
    files: Files,
    options?: { message?: string; author?: string; email?: string; from?: string },
  ): Promise<string>;
  issue(repository: Repository, seed: { title: string; body?: string; labels?: string[]; author?: string }): Promise<Issue>;
  comment(on: Issue | PullRequest, body: string, author?: string): Comment;
  label(on: Issue | PullRequest, name: string, actor?: string): Promise<void>;
  unlabel(on: Issue | PullRequest, name: string, actor: string): Promise<void>;
  /** Closes it without merging. */
  shut(on: Issue | PullRequest, actor: string): Promise<void>;
  pull(repository: Repository, seed: effects.PullInput & { author?: string }): Promise<PullRequest>;
  addReview(pull: PullRequest, seed: effects.ReviewInput & { author: string }): Promise<Review>;
  addThread(pull: PullRequest, seed: effects.ThreadInput & { author: string }): Promise<ReviewThread>;
  reply(thread: ReviewThread, body: string, author: string): Promise<void>;
  resolve(thread: ReviewThread, by: string): void;
  addCheck(repository: Repository, sha: string, seed: CheckSeed): CheckRun;
  finishCheck(run: CheckRun, conclusion: Conclusion): void;
  addStatus(
    repository: Repository,
    sha: string,
    seed: { context: string; state: Status['state']; description?: string; author?: string },
  ): Status;
  workflow(repository: Repository, seed: WorkflowSeed): Workflow;
  /** Lets the jobs of a parked run go, as a human's approval does. */
  approveRun(run: WorkflowRun): void;
  protect(repository: Repository, branch: string, rule?: Partial<Protection>): void;
  /** Hash of a branch's head. */
  head(repository: Repository, branch: string): Promise<string | undefined>;
  /** Any git command in the bare repository. */
  git(repository: Repository, ...args: string[]): Promise<string>;
  pulls(repository: Repository): PullRequest[];
}

const defaultPermissions: Partial<Record<Permission, Level>> = {
  contents: 'write',
  issues: 'write',
  pull_requests: 'write',
  checks: 'read',
  statuses: 'read',
  actions: 'read',
};
const readOnly: Partial<Record<Permission, Level>> = {
  contents: 'read',
  issues: 'read',
  pull_requests: 'read',
  checks: 'read',
  statuses: 'read',
  actions: 'read',
};
/** Numeric id of `github-actions[bot]`. */
const actionsBot = { login: 'github-actions[bot]', id: 41_898_282 };
const prefixes: Record<TokenKind, string> = {
  app: 'ghs_',
  actions: 'ghs_',
  classic: 'ghp_',
  'fine-grained': 'github_pat_',
  'read-only': 'github_pat_',
  expired: 'ghp_',
};

export function openSeeds(world: World): Seeds {
  const account = (login: string, typename: Account['typename'] = login.endsWith('[bot]') ? 'Bot' : 'User'): Account =>
    findAccount(world, login) ?? addAccount(world, login, typename);
  const appNamed = (slug: string) => {
    const known = world.apps.find((app) => app.slug === slug);
    if (known) return known;
    const app = {
      ...identify(world, 'App'),
      slug,
      name: slug === 'github-actions' ? 'GitHub Actions' : slug,
      owner: account('github', 'Organization'),
    };
    world.apps.push(app);
    return app;
  };
  /** Somebody with a role that allows what the test lets them do. */
  const as = (login: string): Caller => {
    const person = account(login);
    const kind = person.typename === 'Bot' ? 'app' : 'classic';
    return {
      account: person,
      token: {
        value: '',
        kind,
        account: person,
        permissions: { ...defaultPermissions, checks: 'write', statuses: 'write' },
        scopes: ['repo', 'workflow'],
      },
    };
  };
  const asOwner = (repository: Repository): Caller => as(repository.owner.login);
  addAccount(world, actionsBot.login, 'Bot', actionsBot.id);
  appNamed('github-actions');

  function newRepository(owner: Account, name: string, seed: Omit<RepositorySeed, 'owner' | 'name'>): Repository {
    const base = {
      typename: 'Repository' as const,
      id: 0,
      nodeId: '',
      owner,
      name,
      private: seed.private ?? false,
      archived: false,
      defaultBranch: seed.defaultBranch ?? 'main',
      path: join(world.directory, `${owner.login}+${name}.git`),
      createdAt: world.now(),
      settings: {
        actionsMayOpenPulls: true,
        defaultWorkflowPermissions: 'read' as const,
        actionsEnabled: true,
        ...seed.settings,
      },
    };
    const repository: Repository = enter(world, {
      ...base,
      roles: new Map(),
      labels: [],
      discussions: new Map(),
      protections: new Map(),
      suites: [],
      statuses: [],
      workflows: [],
      runs: [],
      dispatches: [],
    });
    initRepository(repository.path, repository.defaultBranch);
    world.repositories.push(repository);
    return repository;
  }

  return {
    async repository(seed) {
      const repository = newRepository(account(seed.owner, seed.organization ? 'Organization' : 'User'), seed.name, seed);
      for (const [login, role] of Object.entries(seed.roles ?? {})) repository.roles.set(account(login), role);
      for (const name of seed.labels ?? []) addLabel(world, repository, name);
      if (seed.from) await git(repository, 'fetch', '--quiet', seed.from, '+refs/heads/*:refs/heads/*');
      else {
        const files = seed.files ?? { 'README.md': `# ${seed.name}\n` };
        const sha = await commitFiles(repository, repository.defaultBranch, files, { message: 'first', at: world.now() });
        await swapRef(repository, `refs/heads/${repository.defaultBranch}`, sha, nullSha);
      }
      return repository;
    },
    async fork(parent, owner) {
      const repository = newRepository(account(owner), parent.name, {
        private: parent.private,
        defaultBranch: parent.defaultBranch,
      });
      repository.parent = parent;
      await git(repository, 'fetch', '--quiet', parent.path, '+refs/heads/*:refs/heads/*');
      return repository;
    },
    user(login, options = {}) {
      const known = findAccount(world, login);
      const user = known ?? addAccount(world, login, 'User', options.id);
      return Object.assign(user, options);
    },
    bot: (login, options = {}) => Object.assign(account(login.endsWith('[bot]') ? login : `${login}[bot]`, 'Bot'), options),
    token(seed) {
      const isApp = seed.kind === 'app';
      const slug = seed.login ?? 'bugloop';
      if (isApp) appNamed(slug);
      const person = seed.login ?? world.repositories[0]?.owner.login ?? 'bugloop';
      const login = isApp ? `${slug}[bot]` : seed.kind === 'actions' ? actionsBot.login : person;
      const token: Token = {
        value: `${prefixes[seed.kind]}FAKE${randomBytes(8).toString('hex')}`,
        kind: seed.kind,
        account: account(login),
        permissions: seed.permissions ?? (seed.kind === 'read-only' ? readOnly : defaultPermissions),
        scopes: seed.scopes ?? (seed.kind === 'classic' ? ['repo'] : []),
        ...(seed.repositories ? { repositories: seed.repositories } : {}),
        ...(seed.signOn ? { signOn: true } : {}),
      };
      world.tokens.set(token.value, token);
      return token;
    },
    async commit(repository, branch, files, options = {}) {
      const old = (await refs(repository)).get(`refs/heads/${branch}`) ?? nullSha;
      const start = options.from ?? (await refs(repository)).get(`refs/heads/${repository.defaultBranch}`);
      const sha = await commitFiles(repository, branch, files, {
        message: options.message ?? 'change',
        at: world.now(),
        ...(options.author ? { author: options.author } : {}),
        ...(options.email ? { email: options.email } : {}),
        ...(start ? { from: start } : {}),
      });
      await swapRef(repository, `refs/heads/${branch}`, sha, old);
      await effects.afterRefs(world, asOwner(repository), repository, [{ name: `refs/heads/${branch}`, old, new: sha }]);
      return sha;
    },
    async issue(repository, { title, body, labels, author }) {
      const issue = await effects.createIssue(world, as(author ?? repository.owner.login), repository, { title, body });
      if (labels) await effects.addLabels(world, asOwner(repository), issue, labels);
      return issue;
    },
    comment: (on, body, author) => effects.addComment(world, as(author ?? on.repository.owner.login), on, body),
    label: (on, name, actor) => effects.addLabels(world, as(actor ?? on.repository.owner.login), on, [name]),
    unlabel: (on, name, actor) =>
      effects.removeLabels(
        world,
        as(actor),
        on,
        on.labels.filter((label) => label.name === name),
      ),
    shut: (on, actor) => effects.edit(world, as(actor), on, { state: 'closed' }),
    pull: (repository, { author, ...input }) =>
      effects.createPull(world, as(author ?? repository.owner.login), repository, input),
    addReview: (pull, { author, ...input }) => effects.submitReview(world, as(author), pull, input),
    async addThread(pull, { author, ...comment }) {
      await effects.submitReview(world, as(author), pull, { event: 'COMMENT', comments: [comment] });
      return pull.threads.at(-1) as ReviewThread;
    },
    reply: async (thread, body, author) => void (await effects.reply(world, as(author), thread, body)),
    resolve: (thread, by) => effects.setResolved(world, as(by), thread, true),
    addCheck(repository, sha, { app, ...input }) {
      const owner = appNamed(app ?? 'github-actions');
      const caller = { account: account(`${owner.slug}[bot]`) };
      return effects.addCheckRun(world, caller, effects.suiteFor(world, repository, sha, owner), input);
    },
    finishCheck: (run, conclusion) =>
      effects.setCheckRun(world, { account: account(`${run.suite.app.slug}[bot]`) }, run, { conclusion }),
    addStatus: (repository, sha, { author, ...input }) =>
      effects.addStatus(world, as(author ?? repository.owner.login), repository, sha, input),
    workflow(repository, seed) {
      const workflow: Workflow = {
        ...identify(world, 'Workflow'),
        name: seed.name,
        path: seed.path ?? `.github/workflows/${seed.name.toLowerCase().replaceAll(/\W+/g, '-')}.yml`,
        on: seed.on ?? ['pull_request'],
        jobs: (seed.jobs ?? [{ name: seed.name }]).map((job) => ({ conclusion: 'success', ...job })),
        outcome: seed.outcome ?? 'completed',
      };
      repository.workflows.push(workflow);
      return workflow;
    },
    approveRun: (run) => effects.runJobs(world, asOwner(run.repository), run),
    protect(repository, branch, rule = {}) {
      repository.protections.set(branch, {
        checks: [],
        strict: false,
        approvals: 0,
        enforceAdmins: true,
        conversationResolution: false,
        ...rule,
      });
    },
    head: async (repository, branch) => (await refs(repository)).get(`refs/heads/${branch}`),
    git,
    pulls: (repository) =>
      [...repository.discussions.values()].filter((found): found is PullRequest => found.typename === 'PullRequest'),
  };
}

import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { promisify } from 'node:util';
import * as effects from './effects.ts';
import { changedFiles, commits, git, listTree, mergeBase, readCommit, refs, resolve, tryGit, writeObject } from './git.ts';
import { demand, needs, roleOf } from './permissions.ts';
import * as show from './render.ts';
import { type Call, search } from './resolvers.ts';
import { invalid, notFound, Refusal } from './state.ts';
import type {
  Account,
  CheckSuite,
  Comment,
  Issue,
  Label,
  PullRequest,
  ReactionContent,
  Repository,
  Review,
  ReviewComment,
  WorkflowRun,
} from './state.ts';
import { emit } from './webhooks.ts';
import { findAccount, findRepository, fullName, pullsOf } from './world.ts';

interface RestCall extends Call {
  /** Full address without query, for links to further pages. */
  address: string;
  parameters: Record<string, string>;
  query: URLSearchParams;
  body: Record<string, unknown>;
}
export interface RestReply {
  status: number;
  /** JSON; absent where the answer has none. */
  body?: unknown;
  headers?: Record<string, string>;
}
type Handler = (call: RestCall) => RestReply | Promise<RestReply>;

const ok = (body: unknown): RestReply => ({ status: 200, body });
const created = (body: unknown): RestReply => ({ status: 201, body });
const nothing: RestReply = { status: 204 };

// ------------------------------------------------------------------------------------------------ Reading a request

function repositoryOf({ world, caller, parameters }: RestCall): Repository {
  const found = findRepository(world, parameters['owner'] ?? '', parameters['repo'] ?? '');
  if (!found || (found.private && roleOf(caller, found) === 'none' && caller.account?.typename !== 'Bot')) throw notFound();
  demand(caller, found, needs.readMetadata);
  return found;
}
function readable(call: RestCall, need: (typeof needs)[keyof typeof needs]): Repository {
  const repository = repositoryOf(call);
  demand(call.caller, repository, need);
  return repository;
}
function discussionOf(call: RestCall): Issue | PullRequest {
  const found = readable(call, needs.readIssues).discussions.get(Number(call.parameters['issue_number']));
  if (!found) throw notFound();
  return found;
}
function pullOf(call: RestCall): PullRequest {
  const found = readable(call, needs.readPulls).discussions.get(Number(call.parameters['pull_number']));
  if (found?.typename !== 'PullRequest') throw notFound();
  return found;
}
function commentOf(call: RestCall): Comment {
  const id = Number(call.parameters['comment_id']);
  const found = [...readable(call, needs.readIssues).discussions.values()]
    .flatMap((one) => one.comments)
    .find((one) => one.id === id);
  if (!found) throw notFound();
  return found;
}
function reviewCommentOf(call: RestCall): ReviewComment {
  const id = Number(call.parameters['comment_id']);
  const threads = pullsOf(readable(call, needs.readPulls)).flatMap((one) => one.threads);
  const found = threads.flatMap((thread) => thread.comments).find((one) => one.id === id);
  if (!found) throw notFound();
  return found;
}
function reviewOf(call: RestCall): Review {
  const found = pullOf(call).reviews.find((review) => review.id === Number(call.parameters['review_id']));
  if (!found) throw notFound();
  return found;
}
function runOf(call: RestCall): WorkflowRun {
  const found = readable(call, needs.readActions).runs.find((run) => run.id === Number(call.parameters['run_id']));
  if (!found) throw notFound();
  return found;
}
function labelNamed(repository: Repository, name: string): Label {
  const found = repository.labels.find((label) => label.name.toLowerCase() === name.toLowerCase());
  if (!found) throw notFound();
  return found;
}
async function shaOf(repository: Repository, ref: string): Promise<string> {
  const found = await resolve(repository, ref.replace(/^(heads|tags)\//, 'refs/$1/'));
  if (!found) throw new Refusal(422, `No commit found for SHA: ${ref}`);
  return found;
}

/** Text, boolean or list of the body; the description has checked its type. */
const get = <T>(call: RestCall, name: string): T | undefined => call.body[name] as T | undefined;
function labelNames(call: RestCall): string[] | undefined {
  const given = Array.isArray(call.body) ? (call.body as unknown[]) : get<unknown[]>(call, 'labels');
  return given?.map((label) => (typeof label === 'string' ? label : (label as { name: string }).name));
}

// ------------------------------------------------------------------------------------------------ Pages

function cut<T>(items: readonly T[], call: RestCall): { items: T[]; headers: Record<string, string> } {
  const size = Math.min(Math.max(Number(call.query.get('per_page') ?? 30), 1), 100);
  const page = Math.max(Number(call.query.get('page') ?? 1), 1);
  const last = Math.max(Math.ceil(items.length / size), 1);
  const link = (to: number, relation: string): string => {
    const query = new URLSearchParams(call.query);
    query.set('page', String(to));
    return `<${call.address}?${query.toString()}>; rel="${relation}"`;
  };
  const links = [
    ...(page > 1 ? [link(page - 1, 'prev')] : []),
    ...(page < last ? [link(page + 1, 'next'), link(last, 'last')] : []),
    ...(page > 1 ? [link(1, 'first')] : []),
  ];
  return { items: items.slice((page - 1) * size, page * size), headers: links.length > 0 ? { link: links.join(', ') } : {} };
}

function list<T>(call: RestCall, items: readonly T[], describe: (item: T) => unknown): RestReply {
  const { items: shown, headers } = cut(items, call);
  return { status: 200, body: shown.map((item) => describe(item)), headers };
}
function wrapped<T>(call: RestCall, key: string, items: readonly T[], describe: (item: T) => unknown): RestReply {
  const reply = list(call, items, describe);
  return { ...reply, body: { total_count: items.length, [key]: reply.body } };
}

function filtered<T extends Issue | PullRequest>(call: RestCall, items: T[]): T[] {
  const { query } = call;
  const state = query.get('state') ?? 'open';
  const labels = query.get('labels')?.split(',') ?? [];
  const since = Date.parse(query.get('since') ?? '') || 0;
  const key = query.get('sort') === 'updated' ? 'updatedAt' : 'number';
  const direction = query.get('direction') === 'asc' ? 1 : -1;
  return items
    .filter((item) => state === 'all' || item.state === state)
    .filter((item) => labels.every((name) => item.labels.some((label) => label.name === name)) && item.updatedAt >= since)
    .filter((item) => !query.get('creator') || item.author.login === query.get('creator'))
    .sort((a, b) => direction * (a[key] - b[key]));
}

/** Reviewed line of a comment, by the newest fields only. */
interface NewComment {
  path: string;
  line: number;
  body: string;
  side?: 'LEFT' | 'RIGHT';
}

function checksAt(call: RestCall, suites: CheckSuite[]): RestReply {
  const runs = suites.flatMap((suite) => suite.runs);
  const latest =
    call.query.get('filter') === 'all' ? runs : [...new Map(runs.map((run) => [`${run.suite.id} ${run.name}`, run])).values()];
  const [name, status, app] = ['check_name', 'status', 'app_id'].map((key) => call.query.get(key));
  const wanted = latest.filter(
    (run) => (!name || run.name === name) && (!status || run.status === status) && (!app || String(run.suite.app.id) === app),
  );
  return wrapped(call, 'check_runs', wanted, (run) => show.describeCheckRun(call.world, run));
}

function runsOf(call: RestCall): WorkflowRun[] {
  const [branch, event, sha, status] = ['branch', 'event', 'head_sha', 'status'].map((key) => call.query.get(key));
  const all = readable(call, needs.readActions).runs;
  const found = all.filter(
    (run) => (!branch || run.branch === branch) && (!event || run.event === event) && (!sha || run.sha === sha),
  );
  return found
    .filter((run) => {
      const shown = show.describeRun(call.world, run);
      return !status || shown['status'] === status || shown['conclusion'] === status;
    })
    .reverse();
}

// ------------------------------------------------------------------------------------------------ Operations

export const handlers: Record<string, Handler> = {
  'rate-limit/get': ({ rateLimit }) => {
    const core = {
      limit: rateLimit.limit,
      remaining: rateLimit.remaining,
      used: rateLimit.used,
      reset: Math.floor(rateLimit.resetAt / 1000),
    };
    return ok({ resources: { core, search: core, graphql: core }, rate: core });
  },
  'users/get-authenticated': ({ world, caller }) => {
    if (!caller.account) throw new Refusal(401, 'Requires authentication');
    if (caller.account.typename === 'Bot') throw new Refusal(403, 'Resource not accessible by integration');
    return ok(show.describeFullAccount(world, caller.account));
  },
  'users/get-by-username': ({ world, parameters }) => {
    const found = findAccount(world, parameters['username'] ?? '');
    if (!found) throw notFound();
    return ok(show.describeFullAccount(world, found));
  },
  'apps/list-repos-accessible-to-installation': (call) => {
    if (call.caller.account?.typename !== 'Bot')
      throw new Refusal(
        403,
        'You must authenticate with an installation access token in order to list repositories for an installation.',
      );
    return wrapped(call, 'repositories', call.caller.token?.repositories ?? call.world.repositories, (one) =>
      show.describeRepository(call.world, one),
    );
  },
  'search/issues-and-pull-requests': (call) => {
    const reply = wrapped(call, 'items', search(call, call.query.get('q') ?? ''), (found) =>
      show.describeSearchResult(call.world, found),
    );
    return { ...reply, body: { ...(reply.body as object), incomplete_results: false, search_type: 'lexical' } };
  },

  'repos/get': (call) => {
    const repository = repositoryOf(call);
    const body = {
      ...show.describeRepository(call.world, repository),
      subscribers_count: 0,
      network_count: 0,
      allow_squash_merge: true,
      allow_merge_commit: true,
      allow_rebase_merge: true,
      delete_branch_on_merge: false,
      ...(repository.parent ? { parent: show.describeRepository(call.world, repository.parent) } : {}),
      ...(call.caller.account ? { permissions: show.describePermissions(roleOf(call.caller, repository)) } : {}),
    };
    return ok(body);
  },
  'repos/get-collaborator-permission-level': (call) => {
    const repository = repositoryOf(call);
    if (!call.caller.token) throw new Refusal(401, 'Requires authentication');
    const account = findAccount(call.world, call.parameters['username'] ?? '');
    if (!account) throw notFound(`${call.parameters['username']} is not a user`);
    return ok(show.describeCollaborator(call.world, repository, account));
  },
  'repos/check-collaborator': (call) => {
    const repository = repositoryOf(call);
    const account = findAccount(call.world, call.parameters['username'] ?? '');
    if (!account || !effects.isAssignable(repository, account)) throw notFound();
    return nothing;
  },
  'repos/list-collaborators': (call) => {
    const repository = repositoryOf(call);
    return list(
      call,
      [repository.owner, ...repository.roles.keys()],
      (account) => show.describeCollaborator(call.world, repository, account)['user'],
    );
  },
  'repos/get-branch': async (call) => {
    const repository = readable(call, needs.readContents);
    const name = call.parameters['branch'] ?? '';
    const sha = (await refs(repository)).get(`refs/heads/${name}`);
    const commit = sha && (await readCommit(repository, sha));
    if (!commit) throw notFound('Branch not found');
    const rule = repository.protections.get(name);
    const url = `${call.world.apiUrl}/repos/${fullName(repository)}/branches/${name}`;
    const required = {
      enforcement_level: rule?.checks.length ? 'non_admins' : 'off',
      contexts: rule?.checks ?? [],
      checks: (rule?.checks ?? []).map((context) => ({ context, app_id: null })),
    };
    return ok({
      name,
      commit: show.describeCommit(call.world, repository, commit),
      _links: { html: url, self: url },
      protected: rule !== undefined,
      protection: { enabled: rule !== undefined, required_status_checks: required },
      protection_url: `${url}/protection`,
    });
  },
  'repos/get-branch-protection': (call) => {
    const repository = readable(call, needs.administer);
    const rule = repository.protections.get(call.parameters['branch'] ?? '');
    if (!rule) throw notFound('Branch not protected');
    const url = call.address;
    return ok({
      url,
      enforce_admins: { url: `${url}/enforce_admins`, enabled: rule.enforceAdmins },
      ...(rule.checks.length > 0
        ? {
            required_status_checks: {
              url: `${url}/required_status_checks`,
              strict: rule.strict,
              contexts: rule.checks,
              contexts_url: `${url}/contexts`,
              checks: rule.checks.map((context) => ({ context, app_id: null })),
            },
          }
        : {}),
      ...(rule.approvals > 0
        ? {
            required_pull_request_reviews: {
              url: `${url}/reviews`,
              dismiss_stale_reviews: false,
              require_code_owner_reviews: false,
              required_approving_review_count: rule.approvals,
            },
          }
        : {}),
      required_conversation_resolution: { enabled: rule.conversationResolution },
    });
  },
  'repos/get-branch-rules': (call) => {
    readable(call, needs.readMetadata);
    return ok([]);
  },
  'repos/get-content': async (call) => {
    const repository = readable(call, needs.readContents);
    const path = (call.parameters['path'] ?? '').replace(/\/$/, '');
    const sha = await shaOf(repository, call.query.get('ref') ?? repository.defaultBranch).catch(() => {
      throw notFound(`No commit found for the ref ${call.query.get('ref')}`);
    });
    const url = `${call.world.apiUrl}/repos/${fullName(repository)}/contents/${path}`;
    const describe = (name: string, at: string, type: string, object: string, size: number): Record<string, unknown> => ({
      name,
      path: at,
      sha: object,
      size,
      url,
      html_url: url,
      git_url: url,
      download_url: type === 'file' ? url : null,
      type,
      _links: { self: url, git: url, html: url },
    });
    const type = await tryGit(repository, 'cat-file', '-t', `${sha}:${path}`);
    if (!type) throw notFound();
    if (type === 'tree') {
      const entries = (await listTree(repository, `${sha}:${path}`, false)) ?? [];
      return ok(
        entries.map((entry) =>
          describe(
            entry.path,
            path ? `${path}/${entry.path}` : entry.path,
            entry.type === 'tree' ? 'dir' : 'file',
            entry.sha,
            entry.size ?? 0,
          ),
        ),
      );
    }
    const [object, content] = [
      await git(repository, 'rev-parse', `${sha}:${path}`),
      await readBlob(repository, `${sha}:${path}`),
    ];
    return ok({
      ...describe(path.split('/').at(-1) ?? '', path, 'file', object, content.length),
      content: content.toString('base64'),
      encoding: 'base64',
    });
  },
  'repos/get-commit': async (call) => {
    const repository = readable(call, needs.readContents);
    const commit = await readCommit(repository, await shaOf(repository, call.parameters['ref'] ?? ''));
    if (!commit) throw notFound();
    const files = commit.parents[0] ? await changedFiles(repository, commit.parents[0], commit.sha) : [];
    const [additions, deletions] = [
      files.reduce((sum, file) => sum + file.additions, 0),
      files.reduce((sum, file) => sum + file.deletions, 0),
    ];
    return ok({
      ...show.describeCommit(call.world, repository, commit),
      stats: { additions, deletions, total: additions + deletions },
      files: files.map((file) => show.describeFile(call.world, repository, file, commit.sha)),
    });
  },
  'repos/list-commits': async (call) => {
    const repository = readable(call, needs.readContents);
    const sha = await shaOf(repository, call.query.get('sha') ?? repository.defaultBranch);
    const path = call.query.get('path');
    return list(call, await commits(repository, sha, ...(path ? ['--', path] : [])), (commit) =>
      show.describeCommit(call.world, repository, commit),
    );
  },
  'repos/compare-commits': async (call) => {
    const repository = readable(call, needs.readContents);
    const { base: from = '', head: to = '' } = call.parameters;
    const [base, head] = [
      await shaOf(repository, from).catch(() => {
        throw notFound();
      }),
      await shaOf(repository, to).catch(() => {
        throw notFound();
      }),
    ];
    const shared = await mergeBase(repository, base, head);
    if (!shared) throw notFound(`No common ancestor between ${from} and ${to}.`);
    const [ahead, behind] = [
      (await commits(repository, `${shared}..${head}`)).reverse(),
      await commits(repository, `${shared}..${base}`),
    ];
    const files = await changedFiles(repository, shared, head);
    const one = async (sha: string) =>
      show.describeCommit(
        call.world,
        repository,
        (await readCommit(repository, sha)) as NonNullable<Awaited<ReturnType<typeof readCommit>>>,
      );
    const { items, headers } = cut(ahead, call);
    const status =
      ahead.length === 0 ? (behind.length === 0 ? 'identical' : 'behind') : behind.length === 0 ? 'ahead' : 'diverged';
    return {
      status: 200,
      headers,
      body: {
        url: call.address,
        html_url: call.address,
        permalink_url: call.address,
        diff_url: call.address,
        patch_url: call.address,
        status,
        base_commit: await one(base),
        merge_base_commit: await one(shared),
        ahead_by: ahead.length,
        behind_by: behind.length,
        total_commits: ahead.length,
        commits: items.map((commit) => show.describeCommit(call.world, repository, commit)),
        files: files.slice(0, 300).map((file) => show.describeFile(call.world, repository, file, head)),
      },
    };
  },
  'repos/list-pull-requests-associated-with-commit': (call) => {
    const repository = readable(call, needs.readPulls);
    const found = pullsOf(repository).filter(
      (pull) => pull.headSha === call.parameters['commit_sha'] || pull.mergeCommit === call.parameters['commit_sha'],
    );
    return list(call, found, (pull) => show.describePull(call.world, pull));
  },
  'repos/get-combined-status-for-ref': async (call) => {
    const repository = readable(call, needs.readStatuses);
    const sha = await shaOf(repository, call.parameters['ref'] ?? '');
    const statuses = show.latestStatuses(repository, sha);
    const { items, headers } = cut(statuses, call);
    const url = `${call.world.apiUrl}/repos/${fullName(repository)}/commits/${sha}`;
    return {
      status: 200,
      headers,
      body: {
        state: show.combinedState(statuses),
        sha,
        total_count: statuses.length,
        statuses: items.map((status) => show.describeStatus(call.world, status)),
        repository: show.describeRepository(call.world, repository),
        commit_url: url,
        url: `${url}/status`,
      },
    };
  },
  'repos/list-commit-statuses-for-ref': async (call) => {
    const repository = readable(call, needs.readStatuses);
    const sha = await shaOf(repository, call.parameters['ref'] ?? '');
    const found = repository.statuses.filter((status) => status.sha === sha).reverse();
    return list(call, found, (status) => ({
      ...show.describeStatus(call.world, status),
      creator: show.describeAccount(call.world, status.author),
    }));
  },
  'repos/create-commit-status': async (call) => {
    const repository = repositoryOf(call);
    const sha = await shaOf(repository, call.parameters['sha'] ?? '');
    const status = effects.addStatus(call.world, call.caller, repository, sha, {
      context: get(call, 'context') ?? 'default',
      state: get(call, 'state') ?? 'pending',
      description: get(call, 'description'),
      targetUrl: get(call, 'target_url'),
    });
    return created({ ...show.describeStatus(call.world, status), creator: show.describeAccount(call.world, status.author) });
  },
  'repos/create-dispatch-event': (call) => {
    const repository = readable(call, needs.writeContents);
    const [type, payload] = [get<string>(call, 'event_type') ?? '', get(call, 'client_payload') ?? {}];
    repository.dispatches.push({ type, payload });
    emit(call.world, call.caller, 'repository_dispatch', repository, {
      action: type,
      branch: repository.defaultBranch,
      client_payload: payload,
    });
    return nothing;
  },

  'issues/get': (call) => ok(show.describeIssue(call.world, discussionOf(call))),
  'issues/list-for-repo': (call) => {
    const all = [...readable(call, needs.readIssues).discussions.values()];
    return list(call, filtered(call, all), (issue) => show.describeIssue(call.world, issue));
  },
  'issues/create': async (call) => {
    const labels = labelNames(call);
    const assignees = get<string[]>(call, 'assignees');
    const issue = await effects.createIssue(call.world, call.caller, repositoryOf(call), {
      title: String(get(call, 'title')),
      body: get(call, 'body'),
      ...(labels ? { labels } : {}),
      ...(assignees ? { assignees } : {}),
    });
    return created(show.describeIssue(call.world, issue));
  },
  'issues/update': async (call) => {
    const issue = discussionOf(call);
    await effects.edit(call.world, call.caller, issue, {
      title: get(call, 'title'),
      body: get(call, 'body'),
      state: get(call, 'state'),
      reason: get(call, 'state_reason'),
    });
    const labels = labelNames(call);
    if (labels) await setLabels(call, issue, labels);
    return ok(show.describeIssue(call.world, issue));
  },
  'issues/list-comments': (call) => {
    const since = Date.parse(call.query.get('since') ?? '') || 0;
    const found = discussionOf(call).comments.filter((comment) => comment.updatedAt >= since);
    return list(call, found, (comment) => show.describeComment(call.world, comment));
  },
  'issues/list-comments-for-repo': (call) => {
    const since = Date.parse(call.query.get('since') ?? '') || 0;
    const all = [...readable(call, needs.readIssues).discussions.values()]
      .flatMap((one) => one.comments)
      .filter((comment) => comment.updatedAt >= since);
    const ordered = all.sort((a, b) => (call.query.get('direction') === 'desc' ? b.id - a.id : a.id - b.id));
    return list(call, ordered, (comment) => show.describeComment(call.world, comment));
  },
  'issues/get-comment': (call) => ok(show.describeComment(call.world, commentOf(call))),
  'issues/create-comment': (call) => {
    const discussion = discussionOf(call);
    return created(
      show.describeComment(call.world, effects.addComment(call.world, call.caller, discussion, String(get(call, 'body')))),
    );
  },
  'issues/update-comment': (call) => {
    const comment = commentOf(call);
    effects.editComment(call.world, call.caller, comment, String(get(call, 'body')));
    return ok(show.describeComment(call.world, comment));
  },
  'issues/delete-comment': (call) => {
    effects.deleteComment(call.world, call.caller, commentOf(call));
    return nothing;
  },
  'issues/list-labels-on-issue': (call) =>
    list(call, discussionOf(call).labels, (label) => show.describeLabel(call.world, label)),
  'issues/add-labels': async (call) => {
    const issue = discussionOf(call);
    await effects.addLabels(call.world, call.caller, issue, labelNames(call) ?? []);
    return ok(issue.labels.map((label) => show.describeLabel(call.world, label)));
  },
  'issues/set-labels': async (call) => {
    const issue = discussionOf(call);
    await setLabels(call, issue, labelNames(call) ?? []);
    return ok(issue.labels.map((label) => show.describeLabel(call.world, label)));
  },
  'issues/remove-label': async (call) => {
    const issue = discussionOf(call);
    const label = issue.labels.find((one) => one.name.toLowerCase() === (call.parameters['name'] ?? '').toLowerCase());
    if (!label) throw notFound('Label does not exist');
    await effects.removeLabels(call.world, call.caller, issue, [label]);
    return ok(issue.labels.map((one) => show.describeLabel(call.world, one)));
  },
  'issues/list-labels-for-repo': (call) =>
    list(call, readable(call, needs.readIssues).labels, (label) => show.describeLabel(call.world, label)),
  'issues/get-label': (call) =>
    ok(show.describeLabel(call.world, labelNamed(readable(call, needs.readIssues), call.parameters['name'] ?? ''))),
  'issues/create-label': (call) => {
    const color = get<string>(call, 'color') ?? 'ededed';
    return created(
      show.describeLabel(
        call.world,
        effects.createLabel(
          call.world,
          call.caller,
          repositoryOf(call),
          String(get(call, 'name')),
          color,
          get(call, 'description') ?? null,
        ),
      ),
    );
  },
  'issues/add-assignees': async (call) => {
    const issue = discussionOf(call);
    await effects.assign(call.world, call.caller, issue, get(call, 'assignees') ?? []);
    return created(show.describeIssue(call.world, issue));
  },
  'issues/remove-assignees': async (call) => {
    const issue = discussionOf(call);
    await effects.unassign(call.world, call.caller, issue, get(call, 'assignees') ?? []);
    return ok(show.describeIssue(call.world, issue));
  },
  'issues/list-assignees': (call) => {
    const repository = repositoryOf(call);
    return list(call, [repository.owner, ...repository.roles.keys()], (account: Account) =>
      show.describeAccount(call.world, account),
    );
  },
  'issues/check-user-can-be-assigned': (call) => {
    const account = findAccount(call.world, call.parameters['assignee'] ?? '');
    if (!account || !effects.isAssignable(repositoryOf(call), account)) throw notFound();
    return nothing;
  },
  'issues/list-events': (call) => {
    const issue = discussionOf(call);
    return list(call, issue.timeline, (event) => show.describeEvent(call.world, event, issue));
  },
  'issues/list-events-for-timeline': (call) => {
    const issue = discussionOf(call);
    const comments = issue.comments.map((comment) => ({
      at: comment.createdAt,
      shown: {
        ...show.describeComment(call.world, comment),
        event: 'commented',
        actor: show.describeAccount(call.world, comment.author),
      },
    }));
    const events = issue.timeline.map((event) => ({ at: event.createdAt, shown: show.describeEvent(call.world, event, issue) }));
    return list(
      call,
      [...events, ...comments].sort((a, b) => a.at - b.at),
      ({ shown }) => shown,
    );
  },

  'reactions/create-for-issue': (call) => react(call, discussionOf(call)),
  'reactions/list-for-issue': (call) =>
    list(call, discussionOf(call).reactions, (reaction) => show.describeReaction(call.world, reaction)),
  'reactions/create-for-issue-comment': (call) => react(call, commentOf(call)),
  'reactions/list-for-issue-comment': (call) =>
    list(call, commentOf(call).reactions, (reaction) => show.describeReaction(call.world, reaction)),
  'reactions/delete-for-issue-comment': (call) => {
    const { reactions, discussion } = commentOf(call);
    demand(call.caller, discussion.repository, needs.comment);
    const index = reactions.findIndex(
      (reaction) => reaction.id === Number(call.parameters['reaction_id']) && reaction.author === call.caller.account,
    );
    if (index < 0) throw notFound();
    reactions.splice(index, 1);
    return nothing;
  },
  'reactions/create-for-pull-request-review-comment': (call) => react(call, reviewCommentOf(call)),
  'reactions/list-for-pull-request-review-comment': (call) =>
    list(call, reviewCommentOf(call).reactions, (reaction) => show.describeReaction(call.world, reaction)),

  'pulls/get': async (call) => ok(await show.describeFullPull(call.world, pullOf(call))),
  'pulls/list': (call) => {
    const [head, base] = [call.query.get('head'), call.query.get('base')];
    const found = filtered(call, pullsOf(readable(call, needs.readPulls))).filter((pull) => {
      const label = `${pull.headRepository?.owner.login}:${pull.headRef}`;
      // Without an owner GitHub ignores the filter.
      return (!head?.includes(':') || label === head) && (!base || pull.baseRef === base);
    });
    return list(call, found, (pull) => show.describePull(call.world, pull));
  },
  'pulls/create': async (call) => {
    const pull = await effects.createPull(call.world, call.caller, repositoryOf(call), {
      title: get<string>(call, 'title') ?? '',
      body: get(call, 'body'),
      head: String(get(call, 'head')),
      base: String(get(call, 'base')),
      draft: get(call, 'draft'),
      maintainerCanModify: get(call, 'maintainer_can_modify'),
    });
    return created(await show.describeFullPull(call.world, pull));
  },
  'pulls/update': async (call) => {
    const pull = pullOf(call);
    await effects.edit(call.world, call.caller, pull, {
      title: get(call, 'title'),
      body: get(call, 'body'),
      state: get(call, 'state'),
    });
    return ok(await show.describeFullPull(call.world, pull));
  },
  'pulls/list-files': async (call) => {
    const pull = pullOf(call);
    const { files } = await show.diffOf(pull);
    return list(call, files.slice(0, 3000), (file) => show.describeFile(call.world, pull.repository, file, pull.headSha));
  },
  'pulls/list-commits': async (call) => {
    const pull = pullOf(call);
    return list(call, (await show.diffOf(pull)).commits.slice(0, 250), (commit) =>
      show.describeCommit(call.world, pull.repository, commit),
    );
  },
  'pulls/list-reviews': (call) => list(call, pullOf(call).reviews, (review) => show.describeReview(call.world, review)),
  'pulls/get-review': (call) => ok(show.describeReview(call.world, reviewOf(call))),
  'pulls/create-review': async (call) => {
    const comments = get<NewComment[]>(call, 'comments') ?? [];
    const review = await effects.submitReview(call.world, call.caller, pullOf(call), {
      event: get(call, 'event') ?? 'PENDING',
      body: get(call, 'body'),
      commit: get(call, 'commit_id'),
      comments,
    });
    return ok(show.describeReview(call.world, review));
  },
  'pulls/dismiss-review': async (call) => {
    const review = reviewOf(call);
    await effects.dismissReview(call.world, call.caller, review);
    return ok(show.describeReview(call.world, review));
  },
  'pulls/list-review-comments': (call) =>
    list(
      call,
      pullOf(call).threads.flatMap((thread) => thread.comments),
      (comment) => show.describeReviewComment(call.world, comment),
    ),
  'pulls/list-comments-for-review': (call) => {
    const review = reviewOf(call);
    const found = review.pull.threads.flatMap((thread) => thread.comments).filter((comment) => comment.review === review);
    return list(call, found, (comment) => show.describeReviewComment(call.world, comment));
  },
  'pulls/get-review-comment': (call) => ok(show.describeReviewComment(call.world, reviewCommentOf(call))),
  'pulls/create-review-comment': async (call) => {
    const pull = pullOf(call);
    const comment = {
      path: String(get(call, 'path')),
      line: Number(get(call, 'line')),
      body: String(get(call, 'body')),
      side: get<'LEFT' | 'RIGHT'>(call, 'side') ?? 'RIGHT',
    };
    await effects.submitReview(call.world, call.caller, pull, {
      event: 'COMMENT',
      commit: get(call, 'commit_id'),
      comments: [comment],
    });
    const newest = pull.threads.at(-1)?.comments[0];
    if (!newest) throw notFound();
    return created(show.describeReviewComment(call.world, newest));
  },
  'pulls/create-reply-for-review-comment': async (call) => {
    const comment = reviewCommentOf(call);
    // Only the comment that a thread starts with can be answered.
    if (comment.replyTo)
      throw invalid('PullRequestReviewComment', 'Replies to replies are not supported', { code: 'custom', field: 'in_reply_to' });
    return created(
      show.describeReviewComment(
        call.world,
        await effects.reply(call.world, call.caller, comment.thread, String(get(call, 'body'))),
      ),
    );
  },
  'pulls/request-reviewers': async (call) => {
    const pull = pullOf(call);
    await effects.requestReviewers(call.world, call.caller, pull, get(call, 'reviewers') ?? []);
    return created(show.describePull(call.world, pull));
  },
  'pulls/list-requested-reviewers': (call) =>
    ok({ users: pullOf(call).requestedReviewers.map((account) => show.describeAccount(call.world, account)), teams: [] }),
  'pulls/check-if-merged': (call) => {
    if (pullOf(call).mergedAt === null) throw notFound();
    return nothing;
  },
  'pulls/merge': async (call) => {
    const sha = await effects.mergePull(call.world, call.caller, pullOf(call), get(call, 'merge_method') ?? 'merge');
    return ok({ sha, merged: true, message: 'Pull Request successfully merged' });
  },

  'checks/get': (call) => {
    const found = readable(call, needs.readChecks)
      .suites.flatMap((suite) => suite.runs)
      .find((run) => run.id === Number(call.parameters['check_run_id']));
    if (!found) throw notFound();
    return ok(show.describeCheckRun(call.world, found));
  },
  'checks/create': async (call) => {
    const repository = readable(call, needs.writeChecks);
    const app = call.world.apps.find((one) => call.caller.account?.login === `${one.slug}[bot]`);
    if (!app) throw new Refusal(403, 'You must authenticate via a GitHub App.');
    const suite = effects.suiteFor(call.world, repository, await shaOf(repository, String(get(call, 'head_sha'))), app);
    return created(show.describeCheckRun(call.world, effects.addCheckRun(call.world, call.caller, suite, checkInput(call))));
  },
  'checks/update': (call) => {
    const repository = readable(call, needs.writeChecks);
    const run = repository.suites
      .flatMap((suite) => suite.runs)
      .find((one) => one.id === Number(call.parameters['check_run_id']));
    if (!run) throw notFound();
    effects.setCheckRun(call.world, call.caller, run, checkInput(call));
    return ok(show.describeCheckRun(call.world, run));
  },
  'checks/list-annotations': (call) => {
    const run = readable(call, needs.readChecks)
      .suites.flatMap((suite) => suite.runs)
      .find((one) => one.id === Number(call.parameters['check_run_id']));
    if (!run) throw notFound();
    const url = call.address;
    return list(call, run.output.annotations, (annotation) => ({
      ...annotation,
      start_column: null,
      end_column: null,
      blob_href: url,
    }));
  },
  'checks/list-for-ref': async (call) => {
    const repository = readable(call, needs.readChecks);
    const sha = await shaOf(repository, call.parameters['ref'] ?? '');
    return checksAt(
      call,
      repository.suites.filter((suite) => suite.sha === sha),
    );
  },
  'checks/list-for-suite': (call) => {
    const repository = readable(call, needs.readChecks);
    return checksAt(
      call,
      repository.suites.filter((suite) => suite.id === Number(call.parameters['check_suite_id'])),
    );
  },
  'checks/list-suites-for-ref': async (call) => {
    const repository = readable(call, needs.readChecks);
    const sha = await shaOf(repository, call.parameters['ref'] ?? '');
    return wrapped(
      call,
      'check_suites',
      repository.suites.filter((suite) => suite.sha === sha),
      (suite) => show.describeSuite(call.world, suite),
    );
  },

  'actions/list-workflow-runs-for-repo': (call) =>
    wrapped(call, 'workflow_runs', runsOf(call), (run) => show.describeRun(call.world, run)),
  'actions/get-workflow-run': (call) => ok(show.describeRun(call.world, runOf(call))),
  'actions/list-jobs-for-workflow-run': (call) =>
    wrapped(call, 'jobs', runOf(call).jobs, (job) => show.describeJob(call.world, job)),
  'actions/get-job-for-workflow-run': (call) => ok(show.describeJob(call.world, jobOf(call))),
  'actions/download-job-logs-for-workflow-run': (call) => {
    const signature = randomUUID();
    call.world.signedLogs.set(signature, jobOf(call).log);
    return { status: 302, headers: { location: `${call.world.serverUrl}/logs?sig=${signature}` } };
  },
  'actions/list-repo-workflows': (call) => {
    const repository = readable(call, needs.readActions);
    return wrapped(call, 'workflows', repository.workflows, (workflow) =>
      show.describeWorkflow(call.world, repository, workflow),
    );
  },
  'actions/approve-workflow-run': (call) => {
    const run = runOf(call);
    demand(call.caller, run.repository, needs.writeActions);
    if (!run.parked) throw new Refusal(403, 'This run is not from a fork pull request or does not need approval');
    effects.runJobs(call.world, call.caller, run);
    return created({});
  },
  'actions/re-run-workflow-failed-jobs': (call) => {
    const run = runOf(call);
    demand(call.caller, run.repository, needs.writeActions);
    run.attempt++;
    run.jobs = [];
    effects.runJobs(call.world, call.caller, run);
    return created({});
  },
  'actions/get-github-actions-permissions-repository': (call) => {
    const { settings } = readable(call, needs.administer);
    return ok({ enabled: settings.actionsEnabled, allowed_actions: 'all', sha_pinning_required: false });
  },
  'actions/get-github-actions-default-workflow-permissions-repository': (call) => {
    const { settings } = readable(call, needs.administer);
    return ok({
      default_workflow_permissions: settings.defaultWorkflowPermissions,
      can_approve_pull_request_reviews: settings.actionsMayOpenPulls,
    });
  },

  'git/get-ref': async (call) => {
    const repository = readable(call, needs.readContents);
    const name = `refs/${call.parameters['ref']}`;
    const sha = (await refs(repository)).get(name);
    if (!sha) throw notFound();
    return ok(show.describeRef(call.world, repository, name, sha));
  },
  'git/list-matching-refs': async (call) => {
    const repository = readable(call, needs.readContents);
    const found = [...(await refs(repository, `refs/${call.parameters['ref']}`))];
    return list(call, found, ([name, sha]) => show.describeRef(call.world, repository, name, sha));
  },
  'git/create-ref': async (call) => {
    const repository = repositoryOf(call);
    const [name, sha] = [String(get(call, 'ref')), String(get(call, 'sha'))];
    await effects.createRef(call.world, call.caller, repository, name, sha);
    return created(show.describeRef(call.world, repository, name, sha));
  },
  'git/update-ref': async (call) => {
    const repository = repositoryOf(call);
    const [name, sha] = [`refs/${call.parameters['ref']}`, String(get(call, 'sha'))];
    await effects.updateRef(call.world, call.caller, repository, name, sha, { force: get(call, 'force') ?? false });
    return ok(show.describeRef(call.world, repository, name, sha));
  },
  'git/delete-ref': async (call) => {
    await effects.deleteRef(call.world, call.caller, repositoryOf(call), `refs/${call.parameters['ref']}`);
    return nothing;
  },
  'git/create-commit': async (call) => {
    const repository = repositoryOf(call);
    const sha = await effects.createCommit(call.world, call.caller, repository, {
      message: String(get(call, 'message')),
      tree: String(get(call, 'tree')),
      parents: get(call, 'parents') ?? [],
      author: get(call, 'author'),
      committer: get(call, 'committer'),
    });
    const commit = await readCommit(repository, sha);
    if (!commit) throw notFound();
    return created(show.describeGitCommit(call.world, repository, commit));
  },
  'git/get-commit': async (call) => {
    const repository = readable(call, needs.readContents);
    const commit = await readCommit(repository, call.parameters['commit_sha'] ?? '');
    if (!commit) throw notFound();
    return ok(show.describeGitCommit(call.world, repository, commit));
  },
  'git/get-tree': async (call) => {
    const repository = readable(call, needs.readContents);
    const ref = call.parameters['tree_sha'] ?? '';
    const entries = ref.startsWith('-') ? undefined : await listTree(repository, ref, call.query.has('recursive'));
    if (!entries) throw notFound();
    return ok(describeTree(call, repository, await git(repository, 'rev-parse', `${ref}^{tree}`), entries));
  },
  'git/create-tree': async (call) => {
    const repository = repositoryOf(call);
    const sha = await effects.createTree(call.caller, repository, get(call, 'base_tree'), get(call, 'tree') ?? []);
    return created(describeTree(call, repository, sha, (await listTree(repository, sha, false)) ?? []));
  },
  'git/get-blob': async (call) => {
    const repository = readable(call, needs.readContents);
    const sha = call.parameters['file_sha'] ?? '';
    if ((await tryGit(repository, 'cat-file', '-t', sha)) !== 'blob') throw notFound();
    const content = await readBlob(repository, sha);
    return ok({
      sha,
      node_id: sha,
      size: content.length,
      url: call.address,
      content: content.toString('base64'),
      encoding: 'base64',
    });
  },
  'git/create-blob': async (call) => {
    const repository = readable(call, needs.writeContents);
    const encoding = get<string>(call, 'encoding') === 'base64' ? 'base64' : 'utf8';
    const sha = await writeObject(repository, 'blob', Buffer.from(String(get(call, 'content')), encoding));
    return created({ sha, url: `${call.address}/${sha}` });
  },
};

function jobOf(call: RestCall) {
  const found = readable(call, needs.readActions)
    .runs.flatMap((run) => run.jobs)
    .find((job) => job.id === Number(call.parameters['job_id']));
  if (!found) throw notFound();
  return found;
}

function react(call: RestCall, subject: Issue | PullRequest | Comment | ReviewComment): RestReply {
  const content = get<ReactionContent>(call, 'content') ?? '+1';
  const { reaction, created } = effects.react(call.world, call.caller, repositoryOf(call), subject, content);
  return { status: created ? 201 : 200, body: show.describeReaction(call.world, reaction) };
}

async function setLabels(call: RestCall, issue: Issue | PullRequest, names: string[]): Promise<void> {
  await effects.removeLabels(
    call.world,
    call.caller,
    issue,
    issue.labels.filter((label) => !names.includes(label.name)),
  );
  await effects.addLabels(call.world, call.caller, issue, names);
}

function checkInput(call: RestCall): effects.CheckInput {
  const output = get<effects.CheckInput['output']>(call, 'output');
  const [status, conclusion] = [
    get<effects.CheckInput['status']>(call, 'status'),
    get<effects.CheckInput['conclusion']>(call, 'conclusion'),
  ];
  return {
    name: String(get(call, 'name') ?? ''),
    detailsUrl: get<string>(call, 'details_url') ?? null,
    externalId: get<string>(call, 'external_id') ?? '',
    ...(status ? { status } : {}),
    ...(conclusion ? { conclusion } : {}),
    ...(output ? { output } : {}),
  };
}

function describeTree(
  call: RestCall,
  repository: Repository,
  sha: string,
  entries: readonly { path: string; mode: string; type: string; sha: string; size?: number }[],
): unknown {
  const at = (kind: string, id: string): string => `${call.world.apiUrl}/repos/${fullName(repository)}/git/${kind}s/${id}`;
  return {
    sha,
    url: at('tree', sha),
    tree: entries.map((entry) => ({ ...entry, url: at(entry.type, entry.sha) })),
    truncated: false,
  };
}

async function readBlob(repository: Repository, object: string): Promise<Buffer> {
  const { stdout } = await promisify(execFile)('git', ['cat-file', 'blob', object], {
    cwd: repository.path,
    encoding: 'buffer',
    maxBuffer: 1 << 28,
  });
  return stdout;
}

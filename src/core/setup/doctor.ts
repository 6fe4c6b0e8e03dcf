import type { Config } from '../config.ts';
import { whereToGrant, whereToRenew } from './token.ts';
import type { Pin } from './workflows.ts';
import type { ForgeFacts, Machine, Seen, TestFacts } from './facts.ts';

/** One thing that `doctor` looked at. Only `fail` keeps bugloop from working. */
export interface Finding {
  /** Stable, for programs. */
  code: string;
  level: 'ok' | 'warn' | 'fail';
  message: string;
  /** One way to mend it; absent where nothing is wrong. */
  mend?: string;
}

export interface DoctorFacts {
  machine: Machine;
  config: Config;
  /** Absent where no token or no repository on a forge was there to ask. */
  forge: ForgeFacts | undefined;
  tests: TestFacts;
  /** Files that were found of those that `init` writes. */
  files: {
    config: boolean;
    workflow: boolean;
    reviewerConfig: string | undefined;
    /** Used in another version than the one that is shipped. */
    oldPins: readonly Pin[];
    /** What the workflow does not give to those that it calls. */
    missingPermissions: readonly string[];
  };
  serverUrl: string;
  /** Milliseconds since the epoch. */
  now: number;
}

/** Everything that was looked at, in the order of what a run needs first. The same facts always give the same findings. */
export function examine(facts: DoctorFacts): Finding[] {
  return [...examineMachine(facts), ...examineTests(facts), ...examineFiles(facts), ...examineForge(facts)];
}

const ok = (code: string, message: string): Finding => ({ code, level: 'ok', message });
const warn = (code: string, message: string, mend: string): Finding => ({ code, level: 'warn', message, mend });
const fail = (code: string, message: string, mend: string): Finding => ({ code, level: 'fail', message, mend });

function* examineMachine({ machine, config }: DoctorFacts): Generator<Finding> {
  yield isAtLeast(machine.node, 22, 18)
    ? ok('node', `Node ${machine.node}`)
    : fail('node', `Node ${machine.node} is too old`, 'install Node 22.18 or newer');
  yield machine.git === undefined
    ? fail('git', 'git does not run', 'install git and put it on PATH')
    : isAtLeast(machine.git, 2, 34)
      ? ok('git', `git ${machine.git}`)
      : fail('git', `git ${machine.git} is too old`, 'install git 2.34 or newer');
  yield machine.sandbox.level === 'strict'
    ? ok('sandbox', 'strict sandbox')
    : warn(
        'sandbox',
        `no strict sandbox (${machine.sandbox.why}): code of the repository can reach files and network`,
        'install bubblewrap and allow user namespaces, e.g. sysctl kernel.apparmor_restrict_unprivileged_userns=0',
      );
  const { use } = config.agents.bugsolver;
  yield machine.modelKey || use === 'command' || use === 'search'
    ? ok('agent', machine.modelKey ? `agent ${use}, with a key of the model` : `agent ${use}`)
    : warn(
        'agent',
        'ANTHROPIC_API_KEY is not set here: without a model most bugs are only localized',
        'set it here or as a secret of the repository, or name an agent program under agents.bugsolver.command',
      );
}

/** `2.39.2`, `2.39.2.windows.1`, `2.45.1 (Apple Git-154)`. */
function isAtLeast(version: string, major: number, minor: number): boolean {
  const [a = 0, b = 0] = version.split('.').map(Number);
  return a > major || (a === major && b >= minor);
}

/** A run needs the suite at least twice: on the base and on the change. */
const suites = 2;

function* examineTests({ tests: { command, run }, config }: DoctorFacts): Generator<Finding> {
  if (command === undefined) {
    yield fail('tests.command', 'no test command is configured or detected', 'set commands.test in .bugloop/config.yml');
    return;
  }
  yield ok('tests.command', `tests: ${command}`);
  if (run === undefined) return;
  const { seconds, perTest, counts, broken } = run;
  if (broken !== undefined) {
    yield fail('tests.run', broken, 'make setup, build and tests work on the base branch');
    return;
  }
  const { timeoutMinutes } = config.limits;
  const took = `${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped in ${seconds.toFixed(1)} s`;
  yield seconds * suites < timeoutMinutes * 60
    ? ok('tests.runtime', took)
    : warn('tests.runtime', `${took}, and a run may take ${timeoutMinutes} minutes`, 'raise limits.timeout_minutes');
  if (!perTest) {
    yield warn(
      'tests.results',
      'results of single tests cannot be read: a proof is by exit code only',
      'let the tests write a JUnit report and name it under results.junit',
    );
  }
}

function* examineFiles({ files, config }: DoctorFacts): Generator<Finding> {
  yield files.config
    ? ok('files.config', '.bugloop/config.yml')
    : warn('files.config', 'no .bugloop/config.yml: defaults hold', 'run bugloop init and commit what it writes');
  yield files.workflow
    ? ok('files.workflow', 'a bugloop workflow')
    : warn('files.workflow', 'no workflow starts bugloop', 'run bugloop init and commit .github/workflows/bugloop.yml');
  if (files.oldPins.length > 0) {
    const [first] = files.oldPins;
    yield warn(
      'workflow.pins',
      `${[...new Set(files.oldPins.map(({ file }) => file))].join(', ')}: other versions than this bugloop ships, e.g. ${first?.name}@${first?.version.slice(0, 12)}`,
      'run bugloop init --force, look at the difference, and commit it',
    );
  } else if (files.workflow) yield ok('workflow.pins', 'the workflow uses the versions that this bugloop ships');
  if (files.missingPermissions.length > 0) {
    const list = files.missingPermissions.join(', ');
    yield fail(
      'workflow.permissions',
      `the workflow does not give ${list}`,
      `add ${list} under permissions: of .github/workflows/bugloop.yml`,
    );
  }
  yield ok('paths', `${config.protectedPaths.length} protected paths of your own, on top of the floor`);
  if (
    config.gate.automaticReviewers.length > 0 &&
    files.reviewerConfig !== undefined &&
    !/drafts:\s*true/.test(files.reviewerConfig)
  ) {
    yield warn(
      'reviewer.drafts',
      `${config.gate.automaticReviewers.join(', ')} may skip drafts, and every pull request of bugloop begins as one`,
      'set reviews.auto_review.drafts: true in .coderabbit.yaml',
    );
  }
}

// ---------------------------------------------------------------------------------------------- the forge

function* examineForge({ forge, config, serverUrl, now }: DoctorFacts): Generator<Finding> {
  if (forge === undefined) {
    yield warn(
      'forge',
      'GitHub was not asked: there is no token, or no repository there',
      'export GITHUB_TOKEN, and give --repo owner/name',
    );
    return;
  }
  const settings = `${serverUrl}/${forge.slug}/settings`;
  yield* examineToken(forge, { settings, serverUrl, now });
  yield* judge(forge.defaultBranch, 'forge.base', (branch) => {
    const base = config.base ?? branch;
    return ok(
      'forge.base',
      base === branch ? `the base is the default branch ${branch}` : `the base is ${base}, the default branch is ${branch}`,
    );
  });
  yield* judge(forge.actionsMayOpenChanges, 'actions.open', (may) =>
    may
      ? ok('actions.open', 'Actions may open pull requests')
      : fail(
          'actions.open',
          'Actions may not open pull requests',
          `tick “Allow GitHub Actions to create and approve pull requests”: ${settings}/actions`,
        ),
  );
  yield forge.token.kind === 'actions'
    ? warn(
        'checks.start',
        'pull requests made with this token get no checks: GitHub starts no workflow for what github.token does',
        `add the secret BUGLOOP_TOKEN, a token of an account of its own: ${settings}/secrets/actions`,
      )
    : ok('checks.start', 'pull requests made with this token get checks');
  yield* judge(forge.requiredChecks, 'checks.required', (names) =>
    names.length > 0 || config.gate.ci === 'none'
      ? ok('checks.required', names.length === 0 ? 'the gate asks for no checks' : `required: ${names.join(', ')}`)
      : warn('checks.required', 'the base branch requires no checks', `add a rule for the branch: ${settings}/rules`),
  );
  yield* judge(forge.labels, 'labels', (there) => {
    const wanted = Object.values(config.labels);
    const missing = wanted.filter((label) => !there.some((name) => name.toLowerCase() === label.toLowerCase()));
    return missing.length === 0
      ? ok('labels', `labels ${wanted.join(', ')}`)
      : warn('labels', `missing labels: ${missing.join(', ')}`, `create them: ${serverUrl}/${forge.slug}/labels`);
  });
}

const kinds: Record<ForgeFacts['token']['kind'], string> = {
  actions: 'the token of a workflow',
  app: 'the token of an app',
  classic: 'a classic personal token',
  'fine-grained': 'a fine-grained personal token',
  oauth: 'the token of an OAuth app',
  unknown: 'a token of an unknown kind',
};

/** A token that ends within so many days is worth a word. */
const soonDays = 7;

function* examineToken(
  { token, permissions, slug }: ForgeFacts,
  { settings, serverUrl, now }: { settings: string; serverUrl: string; now: number },
): Generator<Finding> {
  const place = { kind: token.kind, slug, serverUrl };
  const whose = token.login.known ? ` of ${token.login.value}` : '';
  yield ok('token.kind', `${kinds[token.kind]}${whose}`);
  yield* judge(permissions, 'account.permissions', ({ push }) =>
    push
      ? ok('account.permissions', `the account behind the token may write to ${slug}`)
      : fail(
          'account.permissions',
          `the account behind the token may only read ${slug}`,
          `give it write permission: ${settings}/access`,
        ),
  );
  if (token.scopes.known) {
    const scopes = token.scopes.value;
    yield scopes.some((scope) => scope === 'repo' || scope === 'public_repo')
      ? ok('token.scopes', `scopes ${scopes.join(', ')}`)
      : fail(
          'token.scopes',
          `the token has the scopes ${scopes.join(', ') || '(none)'}, and needs repo`,
          whereToGrant(place, ''),
        );
  } else {
    yield ok(
      'token.permissions',
      'GitHub tells the rights of such a token to nobody: it needs contents, pull-requests and issues: write, and statuses or checks: write for the gate',
    );
  }
  if (token.expiresAt !== undefined) {
    const days = Math.floor((token.expiresAt - now) / 86_400_000);
    yield days >= soonDays
      ? ok('token.expires', `the token lasts ${days} more days`)
      : warn('token.expires', `the token lasts ${days} more days`, whereToRenew(place));
  }
}

/** What could not be seen is said as that, never taken for a no. */
function* judge<T>(seen: Seen<T>, code: string, found: (value: T) => Finding): Generator<Finding> {
  yield seen.known ? found(seen.value) : warn(code, `not seen: ${seen.why}`, 'ask again with a token that may read it');
}

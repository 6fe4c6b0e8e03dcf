import * as z from 'zod/mini';
import { parseCommand } from './command.ts';
import { withPrices } from './cost.ts';
import { defaultTestGlobs } from './paths.ts';
import { isValidRef, isValidRefPrefix } from './ref.ts';
import type { Command } from './types.ts';

/**
 * `.bugloop/config.yml`: its written form (snake_case, strict, every key optional) and the normal form that the rest
 * of bugloop reads. `config-file.ts` turns text into the written form and tells every problem at once.
 */

// ---------------------------------------------------------------------------------------------- building blocks

/** What is told about a key when its value is wrong, and an example that would be right. */
interface Told {
  allowed: string;
  example: string;
}
const told = z.registry<Told>();

/** The description of the nearest schema that has one. */
export function toldAbout(schema: z.ZodMiniType | undefined): Told | undefined {
  return schema === undefined ? undefined : told.get(schema);
}

/** A problem that zod has no word for, with the code that bugloop knows it by. */
function complain({ issues, value }: z.core.ParsePayload, code: ConfigCode, message: string, hint?: string): void {
  const params = hint === undefined ? { code } : { code, hint };
  issues.push({ code: 'custom', message, params, input: value, continue: true });
}

function whole(min: number, max: number, example: number): z.ZodMiniNumber {
  return z
    .int()
    .check(z.gte(min), z.lte(max))
    .register(told, { allowed: `a whole number >= ${min} and <= ${max}`, example: `${example}` });
}

function amount(max: number, example: number): z.ZodMiniNumber {
  return z
    .number()
    .check(z.gte(0), z.lte(max))
    .register(told, { allowed: `a number >= 0 and <= ${max}`, example: `${example}` });
}

function toggle(example: boolean): z.ZodMiniBoolean {
  return z.boolean().register(told, { allowed: 'true or false', example: `${example}` });
}

function text(what: string, max: number, example: string): z.ZodMiniString {
  return z
    .string()
    .check(z.minLength(1), z.maxLength(max), z.regex(/^[^\p{Cc}]*$/u))
    .register(told, { allowed: `${what} of at most ${max} characters`, example });
}

function choice<const T extends readonly [string, ...string[]]>(values: T) {
  return z.enum(values).register(told, { allowed: `one of ${values.join(', ')}`, example: values[0] });
}

function listOf<T extends z.ZodMiniType>(item: T, what: string, max: number, example: string): z.ZodMiniArray<T> {
  return z
    .array(item)
    .check(z.maxLength(max))
    .register(told, { allowed: `a list of at most ${max} ${what}`, example });
}

/** Relative, inside the repository, and cheap to match whatever the path. */
const pathPattern = z
  .string()
  .check(
    z.maxLength(300),
    z.superRefine((pattern, context) => {
      if (pattern.startsWith('!')) {
        complain(context, 'config.unsafe', 'begins with !, but built-in paths cannot be unprotected');
      } else if (pattern === '' || /^(?:[/\\]|[A-Za-z]:|~)|\\|\p{Cc}/u.test(pattern) || pattern.split('/').includes('..')) {
        complain(context, 'config.path', 'must be relative to the repository root, with forward slashes and without ..');
      } else if (
        /[@?*+!]\(/.test(pattern) ||
        (pattern.match(/\*\*/g) ?? []).length > 4 ||
        (pattern.match(/\*/g) ?? []).length > 16
      ) {
        complain(context, 'config.path', 'must be a simple pattern: at most four ** and no (…) groups, relative to the root');
      }
    }),
  )
  .register(told, { allowed: 'a path or pattern relative to the repository root', example: 'src/generated/**' });

const commandForms = 'write an array of arguments, or a string without shell operators';

const command = z
  .pipe(
    z.unknown(),
    z.transform((written, context): Command => {
      const parsed = readCommand(written);
      if (parsed.ok) return parsed.command;
      complain(context, parsed.code, parsed.why);
      return z.NEVER;
    }),
  )
  .register(told, { allowed: 'an array of arguments, or a string without shell operators', example: '["npm", "test"]' });

function readCommand(written: unknown): { ok: true; command: Command } | { ok: false; code: ConfigCode; why: string } {
  if (typeof written === 'string') {
    if (written.trim() === '') return { ok: false, code: 'config.range', why: 'must not be empty' };
    const parsed = parseCommand(written);
    return parsed.ok ? parsed : { ok: false, code: 'config.command', why: `${parsed.why}; ${commandForms}` };
  }
  if (!Array.isArray(written) || !written.every((part) => typeof part === 'string')) {
    return { ok: false, code: 'config.type', why: `is not a command: ${commandForms}` };
  }
  const [program, ...rest] = written;
  if (program === undefined || program.trim() === '') return { ok: false, code: 'config.range', why: 'must not be empty' };
  if (written.some((part) => part.includes('\0'))) return { ok: false, code: 'config.command', why: 'holds a NUL character' };
  return { ok: true, command: [program, ...rest] };
}

/** Accounts are named one by one: a wildcard would let anybody in. */
function account(example: string): z.ZodMiniString {
  return z
    .string()
    .check(
      z.superRefine((login, context) => {
        if (login.includes('*')) complain(context, 'config.unsafe', 'is a wildcard (*), which would name every account');
        else if (!/^[A-Za-z0-9](?:[A-Za-z0-9_-]{0,98})(?:\[bot\])?$/.test(login)) {
          complain(context, 'config.range', 'is not the login of an account');
        }
      }),
    )
    .register(told, { allowed: 'the login of one account', example });
}

/** `github-actions[bot]`, as which every workflow acts that has no token of its own. */
const actionsAccount = 41_898_282;

/** An account whose name does not matter: names can be given up and taken by somebody else, numbers cannot. */
const accountNumber = z
  .int()
  .check(z.positive(), z.lte(2 ** 53 - 1))
  .register(told, { allowed: 'the number of an account, as `gh api /users/<login> --jq .id` prints it', example: '49699333' });

/** Names of operator variables for the `command` agent. A credential that can write to the forge is never passed. */
const variableName = z
  .string()
  .check(
    z.superRefine((name, context) => {
      if (!/^[A-Za-z_]\w{0,99}$/.test(name)) complain(context, 'config.range', 'is not the name of an environment variable');
      else if (/^(?:GITHUB_|GH_|ACTIONS_|GITLAB_|CI_JOB_|NODE_OPTIONS$|LD_|DYLD_|BASH_ENV$|GIT_|NPM_TOKEN$)/i.test(name)) {
        complain(context, 'config.unsafe', 'is never passed to an agent', 'name only the key of the agent itself');
      }
    }),
  )
  .register(told, { allowed: 'the name of an environment variable', example: 'OPENAI_API_KEY' });

const ref = z
  .string()
  .check(
    z.superRefine((name, context) => {
      if (!isValidRef(name)) complain(context, 'config.ref', 'is not a valid git ref', 'give the name of a branch, e.g. main');
    }),
  )
  .register(told, { allowed: 'the name of a branch', example: 'main' });

const branchPrefix = z
  .string()
  .check(
    z.minLength(1),
    z.superRefine((prefix, context) => {
      if (prefix !== '' && !isValidRefPrefix(prefix)) complain(context, 'config.ref', 'does not begin a valid git ref');
    }),
  )
  .register(told, { allowed: 'the beginning of a valid git ref', example: 'bugloop/' });

const version = z
  .pipe(
    z.unknown(),
    z.transform((written, context): 1 => {
      if (written === 1) return 1;
      if (typeof written === 'number') {
        complain(context, 'config.version', 'is not a version this bugloop knows, it reads version 1; upgrade it');
      } else complain(context, 'config.type', 'is not a version number, write 1');
      return z.NEVER;
    }),
  )
  .register(told, { allowed: '1', example: '1' });

// ---------------------------------------------------------------------------------------------- written form

const label = (example: string): z.ZodMiniString => text('a label', 50, example);

const labels = z.strictObject({
  trigger: z.optional(label('bug:autofix')),
  'in-progress': z.optional(label('bugloop:solving')),
  'needs-human': z.optional(label('bugloop:escalated')),
});

const limits = z.strictObject({
  max_ralph_iterations: z.optional(whole(1, 100, 10)),
  max_review_iterations: z.optional(whole(1, 100, 5)),
  timeout_minutes: z.optional(whole(1, 360, 30)),
  max_diff_lines: z.optional(whole(1, 100_000, 500)),
  max_diff_bytes: z.optional(whole(1, 10_000_000, 200_000)),
  max_cost_usd: z.optional(amount(1000, 5)),
  max_turns: z.optional(whole(1, 1000, 100)),
  max_runs_per_hour: z.optional(whole(1, 10_000, 10)),
  max_runs_per_day: z.optional(whole(1, 10_000, 40)),
  max_actor_runs_per_hour: z.optional(whole(1, 10_000, 5)),
  max_actor_runs_per_day: z.optional(whole(1, 10_000, 20)),
});

const bugsolver = z.strictObject({
  assignee: z.optional(account('bugsolver-bot')),
  accounts: z.optional(listOf(accountNumber, 'numbers of accounts', 20, '[49699333]')),
  use: z.optional(choice(['auto', 'claude', 'command', 'search'])),
  model: z.optional(text('the name of a model', 100, 'claude-opus-5-5')),
  command: z.optional(command),
  env: z.optional(listOf(variableName, 'names of environment variables', 20, '[OPENAI_API_KEY]')),
});

const commands = z.strictObject({
  setup: z.optional(command),
  build: z.optional(command),
  test: z.optional(command),
  test_files: z.optional(command),
  lint: z.optional(command),
  typecheck: z.optional(command),
});

/** A comment with this text asks the reviewer for a review: one plain line, in which nothing else can hide. */
const reviewCommand = z.strictObject({
  reviewer: account('reviewer[bot]'),
  command: z
    .string()
    .check(z.maxLength(100), z.regex(/^[@/][\w.-]+(?: [\w.-]+){0,5}$/))
    .register(told, { allowed: 'a mention or a slash command of at most 100 characters', example: '@reviewer review' }),
});

const dollars = amount(10_000, 2.5);
/** Dollars per million tokens. */
const modelPrice = z.strictObject({
  model: text('the name of a model', 100, 'claude-opus-5-5'),
  input: dollars,
  output: dollars,
  cache_write: dollars,
  cache_read: dollars,
});

const day = z.iso.date().register(told, { allowed: 'a day as YYYY-MM-DD', example: '2026-11-01' });

const pathPatterns = (example: string): z.ZodMiniArray<typeof pathPattern> => listOf(pathPattern, 'path patterns', 200, example);

/** The file as it is written. Every key is optional; the defaults are in `normalise`. */
export const writtenSchema = z.strictObject({
  version: z.optional(version),
  labels: z.optional(labels),
  limits: z.optional(limits),
  /** Another spelling of `limits.max_cost_usd`. */
  budget: z.optional(z.strictObject({ usd_per_issue: z.optional(amount(1000, 5)) })),
  branch_prefix: z.optional(branchPrefix),
  agents: z.optional(
    z.strictObject({
      bugsolver: z.optional(bugsolver),
      reviewer: z.optional(z.strictObject({ external: z.optional(toggle(true)) })),
    }),
  ),
  base: z.optional(ref),
  commands: z.optional(commands),
  results: z.optional(z.strictObject({ junit: z.optional(pathPattern), coverage: z.optional(pathPattern) })),
  tests: z.optional(pathPatterns('["**/*.test.*"]')),
  protected_paths: z.optional(pathPatterns('["migrations/**"]')),
  sensitive_words: z.optional(listOf(text('a word', 50, 'auth'), 'words', 100, '[auth, payment]')),
  proof: z.optional(z.strictObject({ repeat: z.optional(whole(1, 20, 2)), required: z.optional(toggle(true)) })),
  gate: z.optional(
    z.strictObject({
      ci: z.optional(choice(['required', 'none'])),
      approvals: z.optional(whole(0, 20, 0)),
      automatic_reviewers: z.optional(listOf(account('coderabbitai[bot]'), 'logins', 50, '["coderabbitai[bot]"]')),
      review_commands: z.optional(
        listOf(reviewCommand, 'reviewers with their commands', 50, '[{reviewer: "x[bot]", command: "@x review"}]'),
      ),
    }),
  ),
  reviewers: z.optional(z.strictObject({ request: z.optional(toggle(false)) })),
  human_approval: z.optional(z.strictObject({ plan: z.optional(toggle(false)) })),
  triggers: z.optional(z.strictObject({ bots: z.optional(listOf(accountNumber, 'numbers of accounts', 20, '[49699333]')) })),
  prices: z.optional(
    z.strictObject({
      date: day,
      models: listOf(modelPrice, 'models', 100, '[{ model: in-house, input: 1, output: 2, cache_write: 1, cache_read: 0 }]'),
    }),
  ),
  network: z.optional(
    z.strictObject({ setup: z.optional(toggle(true)), build: z.optional(toggle(false)), test: z.optional(toggle(false)) }),
  ),
});
export type Written = z.output<typeof writtenSchema>;

/** Codes of configuration problems; each has its line in the catalogue of `errors.ts`. */
export type ConfigCode =
  | 'config.parse'
  | 'config.type'
  | 'config.range'
  | 'config.unknown_key'
  | 'config.conflict'
  | 'config.ref'
  | 'config.path'
  | 'config.unsafe'
  | 'config.command'
  | 'config.forbidden_key'
  | 'config.secret_in_file'
  | 'config.version'
  | 'config.too_complex'
  | 'config.tag'
  | 'config.encoding';

// ---------------------------------------------------------------------------------------------- rules across keys

/** A rule that no single key can break. */
interface Rule {
  name: string;
  /** `undefined` where the rule holds. `at` is the key to point at. */
  broken(written: Written): { at: readonly string[]; code: ConfigCode; message: string; hint: string } | undefined;
}

export const rules: readonly Rule[] = [
  {
    name: 'lifecycle labels differ',
    broken(written) {
      const labels = normalise(written).labels;
      const used = [
        { key: 'trigger', value: labels.trigger },
        { key: 'in-progress', value: labels.inProgress },
        { key: 'needs-human', value: labels.needsHuman },
      ] as const;
      for (const [index, one] of used.entries()) {
        // Forges compare labels without regard to case.
        const other = used.slice(index + 1).find(({ value }) => value.toLowerCase() === one.value.toLowerCase());
        if (other !== undefined) {
          const at = written.labels?.[other.key] === undefined ? one.key : other.key;
          const message = `labels.${one.key} and labels.${other.key} are both '${one.value}'; each state needs its own label`;
          return { at: ['labels', at], code: 'config.conflict', message, hint: 'give each its own value' };
        }
      }
      return undefined;
    },
  },
  {
    name: 'one budget',
    broken(written) {
      if (written.budget?.usd_per_issue === undefined || written.limits?.max_cost_usd === undefined) return undefined;
      const message = 'budget.usd_per_issue and limits.max_cost_usd say the same thing twice';
      return { at: ['budget', 'usd_per_issue'], code: 'config.conflict', message, hint: 'keep limits.max_cost_usd only' };
    },
  },
  {
    name: 'no bot that triggers is bugloop',
    broken(written) {
      const { triggers, agents } = normalise(written);
      const both = triggers.bots.find((id) => agents.bugsolver.accounts.includes(id));
      if (both === undefined) return undefined;
      const message = `triggers.bots holds ${both}, an account that bugloop itself acts as: it would start itself`;
      return { at: ['triggers', 'bots'], code: 'config.conflict', message, hint: 'remove the number' };
    },
  },
  {
    name: 'test_files takes files',
    broken(written) {
      const argv = written.commands?.test_files;
      if (argv === undefined || argv.includes('{files}')) return undefined;
      const message = 'commands.test_files must hold {files} as an argument of its own';
      const hint = 'write e.g. test_files: "npx vitest run {files}"';
      return { at: ['commands', 'test_files'], code: 'config.command', message, hint };
    },
  },
];

// ---------------------------------------------------------------------------------------------- normal form

/** What `--agent command` runs when the configuration names no command. */
export const defaultAgentCommand: Command = ['claude', '-p'];

/** Written form → the form that everything else reads, with every default filled in. */
export function normalise(written: Written) {
  const { labels, limits, agents, commands, results, proof, gate, network, prices } = written;
  return {
    labels: {
      trigger: labels?.trigger ?? 'bug:autofix',
      inProgress: labels?.['in-progress'] ?? 'bugloop:solving',
      needsHuman: labels?.['needs-human'] ?? 'bugloop:escalated',
    },
    limits: {
      maxRalphIterations: limits?.max_ralph_iterations ?? 10,
      maxReviewIterations: limits?.max_review_iterations ?? 5,
      timeoutMinutes: limits?.timeout_minutes ?? 30,
      /** Added plus removed lines. */
      maxDiffLines: limits?.max_diff_lines ?? 500,
      maxDiffBytes: limits?.max_diff_bytes ?? 200_000,
      maxCostUsd: limits?.max_cost_usd ?? written.budget?.usd_per_issue ?? 5,
      maxTurns: limits?.max_turns ?? 100,
      /** Runs that events may start, in the whole repository and for one account. */
      maxRunsPerHour: limits?.max_runs_per_hour ?? 10,
      maxRunsPerDay: limits?.max_runs_per_day ?? 40,
      maxActorRunsPerHour: limits?.max_actor_runs_per_hour ?? 5,
      maxActorRunsPerDay: limits?.max_actor_runs_per_day ?? 20,
    },
    branchPrefix: written.branch_prefix ?? 'bugloop/',
    agents: {
      bugsolver: {
        assignee: agents?.bugsolver?.assignee ?? 'bugsolver-bot',
        /** Numbers of the accounts that bugloop acts as: the first job of the shipped workflow has no other than this one. */
        accounts: [...new Set([actionsAccount, ...(agents?.bugsolver?.accounts ?? [])])],
        use: agents?.bugsolver?.use ?? 'auto',
        model: agents?.bugsolver?.model ?? 'claude-opus-5-5',
        /** Absent where none is configured: then `auto` does not choose it, and `command` runs `defaultAgentCommand`. */
        command: agents?.bugsolver?.command,
        /** Names of operator variables that the `command` agent gets. */
        env: agents?.bugsolver?.env ?? [],
      },
      reviewer: { external: agents?.reviewer?.external ?? true },
    },
    /** Absent: the repository's default branch. */
    base: written.base,
    /** What is absent is detected. */
    commands: {
      setup: commands?.setup,
      build: commands?.build,
      test: commands?.test,
      /** Holds the argument `{files}`. */
      testFiles: commands?.test_files,
      lint: commands?.lint,
      typecheck: commands?.typecheck,
    },
    /** Patterns of files that the test command writes; absent means detected from the runner. */
    results: { junit: results?.junit, coverage: results?.coverage },
    tests: written.tests ?? defaultTestGlobs,
    /** Added to the floor that no file can lift. */
    protectedPaths: written.protected_paths ?? [],
    sensitiveWords: written.sensitive_words ?? ['auth', 'payment', 'billing', 'credential', 'secret', 'token'],
    proof: { repeat: proof?.repeat ?? 2, required: proof?.required ?? true },
    gate: {
      ci: gate?.ci ?? 'required',
      approvals: gate?.approvals ?? 0,
      automaticReviewers: gate?.automatic_reviewers ?? ['coderabbitai[bot]'],
      /** How a reviewer is asked that the built-in table does not know, or asks to be asked otherwise. */
      reviewCommands: gate?.review_commands ?? [],
    },
    /** Whether the people that `git blame` suggests are asked for a review, or only named. */
    reviewers: { request: written.reviewers?.request ?? false },
    humanApproval: { plan: written.human_approval?.plan ?? false },
    /** Numbers of the bots that may set the trigger label; every other bot starts nothing. */
    triggers: { bots: written.triggers?.bots ?? [] },
    /** List prices with the operator's own on top. */
    prices: withPrices(
      prices && {
        date: prices.date,
        models: prices.models.map(({ cache_write: cacheWrite, cache_read: cacheRead, ...rest }) => ({
          ...rest,
          cacheWrite,
          cacheRead,
        })),
      },
    ),
    /** Whether the network may be reached, wherever the sandbox can say no. */
    network: { setup: network?.setup ?? true, build: network?.build ?? false, test: network?.test ?? false },
  };
}

/** The normal form of the configuration. */
export type Config = ReturnType<typeof normalise>;

import { appendFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Command, CommanderError, Option } from 'commander';
import type { InitOptions } from './commands/init.ts';
import type { CommandResult, Context, Session } from './context.ts';
import { checkFlags, parseChangeRef, parseIssueRef, parseVerifyTarget, type Flags, type RawFlags } from './core/flags.ts';
import { BugloopError, exits, type ErrorCode, type Exit } from './errors.ts';
import { readVersion } from './operator.ts';
import { annotateError, neutralise, renderOutputs } from './ui/actions.ts';
import { renderError, renderErrorJson } from './ui/errors.ts';
import type { Site } from './site.ts';
import { chooseScreen, openScreen } from './ui/index.ts';

/**
 * The command line: declares the commands, loads each when it is asked for, prints its result and decides the exit
 * code. The only place that catches everything.
 */

const packageRoot = dirname(dirname(fileURLToPath(import.meta.url)));

/** Milliseconds from a signal to the end of the process, whatever is still going on; the contract says 5 s. */
const graceMs = 4_500;

/** What is typed, and what it is for where that is not plain. */
type Example = readonly [command: string, purpose?: string];

interface Declaration {
  name: string;
  summary: string;
  argument?: { name: string; description: string };
  examples: readonly Example[];
  /** Refuses an argument by its form, before anything is opened. */
  check?: (argument: string) => BugloopError | undefined;
  /** Options of this command alone. */
  options?: () => Option[];
  run(session: Session, argument: string | undefined, own: OwnOptions): Promise<CommandResult>;
}

/** Values of a command's own options, by their names. */
type OwnOptions = Readonly<Record<string, string | boolean | undefined>>;

const declarations: readonly Declaration[] = [
  {
    name: 'solve',
    summary: 'turn a bug report into a branch with a proven fix',
    argument: { name: '<issue>', description: '12, #12, the address of an issue of this repository, or a Markdown file' },
    examples: [
      ['bugloop solve bug.md', 'a report on disk; leaves a branch, a patch and the text of a pull request'],
      ['bugloop solve 12 --agent claude --budget 2', 'an issue of GitHub, for at most two dollars'],
      ['bugloop solve bug.md --tests-only', 'only a test that shows the bug; bugloop resume bug.md then mends it'],
      ['bugloop solve bug.md --dry-run', 'what would be done, without a model and without a write'],
    ],
    options: () => [new Option('--tests-only', 'only write a test that shows the bug, and mend nothing')],
    check: checkIssue,
    async run(session, issue = '', own = {}) {
      const context = await session.open({ issue, cleanTree: true, agent: true, sandbox: true });
      const { solve } = await import('./commands/solve.ts');
      const testsOnly = own['testsOnly'] === true;
      return solve(context, { issue, ...(testsOnly ? { trigger: { cause: { byHand: true }, testsOnly } } : {}) });
    },
  },
  {
    name: 'publish',
    summary: 'second half of a run made with --no-publish: push the branch, open the draft pull request',
    argument: { name: '<run-dir>', description: 'a directory under .bugloop/runs' },
    examples: [['bugloop publish .bugloop/runs/20261120-174700-issue-12-3f9a', 'needs the write token, runs no repository code']],
    async run(session, target = '') {
      const { publish } = await import('./commands/publish.ts');
      return publish(session, { target });
    },
  },
  {
    name: 'resume',
    summary: 'go on where a run of the issue stopped',
    argument: { name: '<issue>', description: '12, #12, the address of an issue of this repository, or a Markdown file' },
    examples: [['bugloop resume 12'], ['bugloop resume bug.md']],
    check: checkIssue,
    async run(session, issue = '') {
      const context = await session.open({ issue, cleanTree: true, agent: true, sandbox: true });
      const { resume } = await import('./commands/resume.ts');
      return resume(context, { issue });
    },
  },
  {
    name: 'verify',
    summary: 'repeat the proof of a run or a pull request; no model, no key, no write',
    argument: {
      name: '<pr or run-dir>',
      description: '12, #12, the address or the branch of a pull request, or a directory under .bugloop/runs',
    },
    examples: [
      ['bugloop verify 12', 'a pull request of this repository, from its commits alone'],
      ['bugloop verify .bugloop/runs/20261120-174700-issue-12-3f9a', 'a run on this machine'],
    ],
    async run(session, target = '') {
      const wanted = parseVerifyTarget(target);
      if (wanted !== undefined) {
        const { verifyChange } = await import('./commands/verify-change.ts');
        return verifyChange(session, { wanted: wanted.change, slug: wanted.slug });
      }
      const { verify } = await import('./commands/verify.ts');
      return verify(session, { target });
    },
  },
  {
    name: 'review',
    summary: 'answer every open review thread of a pull request, with one push',
    argument: { name: '<pr>', description: '12, #12, or the address of a pull request of this repository' },
    examples: [
      ['bugloop review 12', 'suggestions that hold are applied, the rest is answered by the agent'],
      ['bugloop review 12 --no-publish', 'the same, left in the run directory'],
    ],
    check(change) {
      if (parseChangeRef(change) !== undefined) return undefined;
      return notAChange(change);
    },
    async run(session, change = '') {
      const context = await session.open({ change, agent: true, sandbox: true });
      const { review } = await import('./commands/review.ts');
      return review(context, { number: parseChangeRef(change)?.number ?? 0 });
    },
  },
  {
    name: 'gate',
    summary: 'mark a pull request ready when every condition holds, else say every reason why not; never merges',
    argument: { name: '<pr>', description: '7, #7, or the address of a pull request of this repository' },
    examples: [['bugloop gate 7'], ['bugloop gate 7 --dry-run --json', 'judge it, and write nothing']],
    check(change) {
      if (parseChangeRef(change) !== undefined) return undefined;
      return notAChange(change);
    },
    async run(session, change = '') {
      const context = await session.openGate(change);
      const { gate } = await import('./commands/gate.ts');
      return gate(context, { number: parseChangeRef(change)?.number ?? 0 });
    },
  },
  {
    name: 'demo',
    summary: 'the whole loop on a bundled repository with a real bug; no key, no network',
    argument: { name: '[example]', description: 'a folder of examples/' },
    examples: [['bugloop demo'], ['bugloop demo --json | jq .proof']],
    async run(session, example) {
      const { demo } = await import('./commands/demo.ts');
      return demo(session, example === undefined ? {} : { example });
    },
  },
  {
    name: 'dispatch',
    summary: 'in a workflow: read the event that started it and do what it asks for, or nothing',
    argument: { name: '[part]', description: 'decide, gate, or the number of one issue or change; without it everything' },
    examples: [
      ['bugloop dispatch', 'with GITHUB_EVENT_NAME and GITHUB_EVENT_PATH as GitHub Actions sets them'],
      ['bugloop dispatch decide', 'only what needs no agent; the outputs issues and changes name the runs for later jobs'],
      ['bugloop dispatch 12', 'only the run of issue 12, where the event asks for it'],
      ['bugloop dispatch gate', 'only what the gate is asked for'],
    ],
    check(part) {
      if (/^(?:decide|gate|[1-9]\d{0,9})$/.test(part)) return undefined;
      return new BugloopError('usage.option_value', `'${part.slice(0, 40)}' is none of decide, gate and a number`);
    },
    async run(session, part) {
      const { dispatch, parsePart } = await import('./commands/dispatch.ts');
      const { openInbox } = await import('./open-site.ts');
      return dispatch(session, { part: parsePart(part) ?? 'all', openInbox });
    },
  },
  {
    name: 'init',
    summary: 'write configuration and workflow, and say what is left to click',
    examples: [['bugloop init'], ['bugloop init --yes --label "fix me" --test "npm test"']],
    options: () => [
      new Option('--label <name>', 'label that starts a run'),
      new Option('--test <command>', 'test command, without shell operators'),
      new Option('--checks <names>', 'workflows whose checks a pull request must pass, separated by commas'),
      new Option('--prompts', 'copy the prompts into .bugloop/prompts, to be edited'),
      new Option('--yes', 'ask nothing; what is there and differs is kept'),
      new Option('--force', 'replace what is there and differs'),
    ],
    async run(session, _argument, own) {
      const context = await session.open({});
      const { init } = await import('./commands/init.ts');
      return init(context, await openSite(context), readInitOptions(own));
    },
  },
  {
    name: 'doctor',
    summary: 'check machine, tests, token, settings and labels, and say how to mend each',
    examples: [['bugloop doctor'], ['bugloop doctor --json --dry-run', 'without running the tests']],
    async run(session) {
      const context = await session.open({ sandbox: !session.flags.dryRun });
      const { doctor } = await import('./commands/doctor.ts');
      return doctor(context, await openSite(context));
    },
  },
  {
    name: 'estimate',
    summary: 'what a solve would cost and touch, without a model call',
    argument: { name: '<issue>', description: '12, #12, the address of an issue of this repository, or a Markdown file' },
    examples: [['bugloop estimate 12'], ['bugloop estimate bug.md --json']],
    check: checkIssue,
    async run(session, issue = '') {
      const context = await session.open({ issue });
      const { estimate } = await import('./commands/estimate.ts');
      return estimate(context, await openSite(context), { issue });
    },
  },
];

function checkIssue(issue: string): BugloopError | undefined {
  if (parseIssueRef(issue) !== undefined) return undefined;
  return new BugloopError(
    'usage.issue_ref',
    `'${issue.slice(0, 200)}' is neither the number nor the address of an issue, nor a Markdown file`,
  );
}

async function openSite(context: Context): Promise<Site> {
  const { openSite } = await import('./open-site.ts');
  return openSite(context, { env: process.env, terminal: { input: process.stdin, output: process.stderr } });
}

function readInitOptions(own: OwnOptions): InitOptions {
  const text = (name: string): Record<string, string> => (typeof own[name] === 'string' ? { [name]: own[name] } : {});
  const flag = (name: string): Record<string, boolean> => (own[name] === true ? { [name]: true } : {});
  return { ...text('label'), ...text('test'), ...text('checks'), ...flag('prompts'), ...flag('yes'), ...flag('force') };
}

function notAChange(written: string): BugloopError {
  const message = `'${written.slice(0, 200)}' is neither the number nor the address of a pull request`;
  return new BugloopError('usage.issue_ref', message, { hint: 'give its number (7 or #7) or its address in this repository' });
}

// ---------------------------------------------------------------------------------------------- declaration

/** What the command line asks for. */
interface Call {
  declaration: Declaration;
  argument: string | undefined;
  raw: RawFlags & OwnOptions;
}

/** Purposes stand below each other, as far as one long command does not push them away. */
function renderExamples(examples: readonly Example[]): string {
  const width = Math.max(...examples.map(([command]) => (command.length > 48 ? 0 : command.length)));
  const lines = examples.map(([command, purpose = '']) => `  ${command.padEnd(width)}  ${purpose}`.trimEnd());
  return `\nExamples:\n${lines.join('\n')}`;
}

/** Reads the arguments. `undefined` where help or the version was all that was asked for, and given. */
function readCall(argv: readonly string[]): Call | undefined {
  let call: Call | undefined;
  const program = new Command('bugloop')
    .description('Turns a bug issue into a pull request that can be checked without a model and without a key.')
    .usage('<command> [options]')
    .version(readVersion(packageRoot), '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print help')
    .showSuggestionAfterError(true)
    .exitOverride()
    // Commander's own words for mistakes are replaced by ours.
    .configureOutput({ outputError: () => {} })
    .addHelpText('after', renderExamples(declarations.flatMap(({ examples }) => examples.slice(0, 1))));
  const asked = declarations.find(({ name }) => name === argv[0]);
  for (const declaration of declarations) {
    const command = program
      .command(declaration.name)
      .summary(declaration.summary)
      .description(`${sentence(declaration.summary)}.`);
    // Two hundred options take longer to declare than the gate takes to judge; nobody asks for those of another command.
    if (asked !== undefined && asked !== declaration) continue;
    if (declaration.argument !== undefined) command.argument(declaration.argument.name, declaration.argument.description);
    for (const option of [...(declaration.options?.() ?? []), ...commonOptions()]) command.addOption(option);
    command.addHelpText('after', renderExamples(declaration.examples));
    command.action(() => {
      call = { declaration, argument: command.args[0], raw: command.opts<RawFlags & OwnOptions>() };
    });
  }
  try {
    program.parse(argv, { from: 'user' });
  } catch (error) {
    if (error instanceof CommanderError) {
      if (error.exitCode === 0) return undefined;
      throw explainUsage(error);
    }
    throw error;
  }
  return call;
}

function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}`;
}

function commonOptions(): Option[] {
  return [
    new Option('--repo <owner/name>', 'repository on the forge (default: GITHUB_REPOSITORY, or the remote origin)'),
    new Option('--base <branch>', 'branch to fix (default: what is checked out for a file, the default branch for an issue)'),
    new Option('--config <file>', 'configuration to use instead of .bugloop/config.yml of the base commit'),
    new Option('--agent <name>', 'claude, command, search, auto, or scripted (for tests and demos, with --script)'),
    new Option('--script <file>', 'turns that the scripted agent replays'),
    new Option('--max-iterations <n>', 'attempts before a human is asked, 1 to 100'),
    new Option('--timeout <minutes>', 'wall-clock limit of the whole run, 1 to 360'),
    new Option('--budget <usd>', 'dollars the model may cost'),
    new Option('--out <dir>', 'directory for run directories (default: .bugloop/runs)'),
    new Option('--no-publish', 'stop after the run directory is written'),
    new Option('--dry-run', 'no model call and no write; print what would be done'),
    new Option('--sandbox <level>', 'strict, basic or off (default: the strongest that works here)'),
    new Option('--no-sandbox', 'the same as --sandbox off'),
    new Option('--dependencies <dir>', 'installed dependencies to use, read-only, instead of running setup'),
    new Option('--json', 'print the run report as JSON on standard output'),
    new Option('--debug', 'show stack traces'),
    new Option('--quiet', 'show warnings only'),
  ];
}

const usageCodes: Readonly<Record<string, ErrorCode>> = {
  'commander.help': 'usage',
  'commander.unknownCommand': 'usage.unknown_command',
  'commander.missingArgument': 'usage.missing_argument',
  'commander.unknownOption': 'usage.unknown_option',
  'commander.optionMissingArgument': 'usage.option_value',
};

/** Commander's finding under our code; its suggestion of a near miss stays. */
function explainUsage(error: CommanderError): BugloopError {
  const code = usageCodes[error.code] ?? 'usage';
  if (error.code === 'commander.help') return new BugloopError(code, 'no command was given');
  const [message = '', suggestion = ''] = error.message.replace(/^error: /, '').split('\n');
  const near = /Did you mean (?:one of )?(.+?)\?/.exec(suggestion)?.[1];
  return new BugloopError(code, message, near === undefined ? {} : { hint: `did you mean ${near}?` });
}

/** All that is wrong with the form of flags and argument, at once. */
function checkCall({ declaration, argument, raw }: Call): Flags {
  const checked = checkFlags(raw);
  const wrong = argument === undefined ? undefined : declaration.check?.(argument);
  const problems = [
    ...(wrong === undefined ? [] : [wrong]),
    ...(checked.ok ? [] : checked.problems.map(({ code, message, hint }) => new BugloopError(code, message, { hint }))),
  ];
  const [first, ...others] = problems;
  if (first !== undefined) throw new BugloopError(first.code, first.message, { hint: first.hint, others });
  if (!checked.ok) throw new BugloopError('usage', 'the flags were refused');
  return checked.flags;
}

// ---------------------------------------------------------------------------------------------- running

async function main(argv: readonly string[], interrupts: Interrupts): Promise<Exit> {
  // Needed before the flags are known to be right, to tell about those that are not.
  const [json, debug] = [argv.includes('--json'), argv.includes('--debug')];
  try {
    const call = readCall(argv);
    return call === undefined ? exits.done : await runCommand(call, checkCall(call), interrupts);
  } catch (error) {
    if (interrupts.exit !== undefined) return interrupts.exit;
    return await tell(asBugloopError(error), { json, debug });
  }
}

async function runCommand({ declaration, argument, raw }: Call, flags: Flags, interrupts: Interrupts): Promise<Exit> {
  const { env } = process;
  const inActions = env['GITHUB_ACTIONS'] === 'true';
  const facts = {
    quiet: flags.quiet,
    inActions,
    tty: process.stderr.isTTY,
    noColor: Boolean(env['NO_COLOR']),
    dumb: env['TERM'] === 'dumb',
  };
  const screen = await openScreen(chooseScreen(facts), { write: (text) => process.stderr.write(text), now: Date.now });
  try {
    // Loads the configuration's schema, which is not needed to print help or refuse a flag.
    const { openSession } = await import('./open.ts');
    const { progress } = screen;
    const { signal } = interrupts;
    await using session = openSession({ flags, env, cwd: process.cwd(), progress, signal, packageRoot });
    const result = await declaration.run(session, argument, raw);
    screen.close();
    await printResult(result, flags, inActions);
    await leaveOutputs(result, session);
    return interrupts.exit ?? result.exit;
  } finally {
    screen.close();
  }
}

async function printResult({ report, data, text = '', exit }: CommandResult, { json }: Flags, inActions: boolean): Promise<void> {
  const result = json ? `${JSON.stringify(report ?? data ?? { exit, message: text.trim() }, null, 2)}\n` : text;
  if (!inActions) return await print(process.stdout, result);
  // In JSON these characters are only ever inside a string, where the escape means the same.
  await print(process.stdout, json ? result.replaceAll('##[', '##\\u005b') : neutralise(result));
}

/** The summary of the workflow's step, and its outputs for later steps. */
async function leaveOutputs({ report, text, body, runDir, outputs }: CommandResult, { operator }: Session): Promise<void> {
  const { stepSummary, output } = operator.actions;
  const summary = body ?? text;
  if (stepSummary !== undefined && summary !== undefined) await appendFile(stepSummary, `${summary}\n`);
  if (output !== undefined) {
    await appendFile(
      output,
      renderOutputs({ outcome: report?.outcome ?? 'ignored', branch: report?.branch, 'run-dir': runDir, ...outputs }),
    );
  }
}

async function tell(error: BugloopError, { json, debug }: { json: boolean; debug: boolean }): Promise<Exit> {
  const text = renderError(error, { debug });
  const inActions = process.env['GITHUB_ACTIONS'] === 'true';
  await print(process.stderr, inActions ? `${annotateError(error.message)}${neutralise(text)}` : text);
  if (json) await print(process.stdout, renderErrorJson(error));
  return error.exit;
}

/** For what is thrown where nobody waits for it. */
async function endBadly(error: unknown): Promise<void> {
  const { argv } = process;
  process.exit(await tell(asBugloopError(error), { json: argv.includes('--json'), debug: argv.includes('--debug') }));
}

/** Whatever is not ours is a bug of ours. */
function asBugloopError(error: unknown): BugloopError {
  if (error instanceof BugloopError) return error;
  return new BugloopError('internal', error instanceof Error ? error.message : 'something that is no error was thrown', {
    cause: error,
  });
}

/** Resolves once the text has left the process, so that ending it loses nothing. A reader that went away is no error. */
function print(stream: NodeJS.WriteStream, text: string): Promise<void> {
  return new Promise((resolve) => {
    stream.write(text, () => {
      resolve();
    });
  });
}

// ---------------------------------------------------------------------------------------------- signals

interface Interrupts {
  readonly signal: AbortSignal;
  /** Of the signal that came, once one did. */
  readonly exit: Exit | undefined;
}

/** The first signal asks for a checkpoint and sets a deadline; the second ends the process at once. */
function listenForSignals(): Interrupts {
  const controller = new AbortController();
  let exit: Exit | undefined;
  const on = (name: 'SIGINT' | 'SIGTERM', code: Exit): void => {
    process.on(name, () => {
      if (exit !== undefined) process.exit(exit);
      exit = code;
      process.stderr.write('\nbugloop: interrupted, leaving a checkpoint (again to stop at once)\n');
      setTimeout(() => process.exit(code), graceMs).unref();
      controller.abort(name);
    });
  };
  on('SIGINT', exits.sigint);
  on('SIGTERM', exits.sigterm);
  return {
    signal: controller.signal,
    get exit() {
      return exit;
    },
  };
}

for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
  });
}
process.on('uncaughtException', (error) => void endBadly(error));
// Sockets and timers that are still open must not hold the process up once the result is out.
void main(process.argv.slice(2), listenForSignals()).then((exit) => process.exit(exit));

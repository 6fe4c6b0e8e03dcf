import type { CommandResult, Context } from '../context.ts';
import { parseConfig } from '../core/config-file.ts';
import { configPath, nextSteps, planFiles, promptNames, type InitAnswers, type PlannedFile } from '../core/setup/init.ts';
import { readWorkflowNames } from '../core/setup/workflows.ts';
import { BugloopError, exits } from '../errors.ts';
import type { Site } from '../site.ts';

/** Flags of this command alone; what is absent is asked for, or proposed where nobody can answer. */
export interface InitOptions {
  label?: string;
  test?: string;
  checks?: string;
  prompts?: boolean;
  /** Take every proposal. */
  yes?: boolean;
  /** Replace files that are there and differ. */
  force?: boolean;
}

type Fate = 'written' | 'replaced' | 'kept' | 'unchanged' | 'planned';

/** Writes the configuration, the workflow and, where wanted, the prompts. A file that is there and differs is asked about. */
export async function init(context: Context, site: Site, options: InitOptions): Promise<CommandResult> {
  const ask = options.yes === true ? undefined : site.ask;
  try {
    const answers = await collect(context, site, options, ask);
    const shipped = {
      workflow: await site.readShipped('examples/workflows/bugloop.yml'),
      prompts: new Map(
        await Promise.all(promptNames.map(async (name) => [name, await site.readShipped(`prompts/${name}.md`)] as const)),
      ),
    };
    const files = planFiles(answers, shipped);
    checkConfig(files);
    const fates: string[] = [];
    for (const file of files) fates.push(`${await place(context, site, file, options, ask)}  ${file.path}`);
    const { slug } = context.repository;
    const steps = nextSteps({ slug, label: answers.triggerLabel, serverUrl: context.operator.github.serverUrl });
    return { exit: exits.done, text: render(fates, steps) };
  } finally {
    ask?.close();
  }
}

async function collect(context: Context, site: Site, options: InitOptions, ask: Site['ask']): Promise<InitAnswers> {
  const { config, repository, flags } = context;
  const found = await findChecks(site);
  const text = async (given: string | undefined, question: string, proposed: string): Promise<string> =>
    given ?? (ask === undefined ? proposed : await ask.text(question, proposed));
  const triggerLabel = await text(options.label, 'Label that starts a run', config.labels.trigger);
  const baseBranch = await text(flags.base, 'Branch to fix', repository.baseBranch ?? 'main');
  const test = await text(options.test, 'Test command (empty: detected)', config.commands.test?.join(' ') ?? '');
  const checks = await text(options.checks, 'Workflows whose checks a pull request must pass', found.join(', '));
  const prompts = options.prompts ?? (ask === undefined ? false : await ask.confirm('Copy the prompts, to edit them?', false));
  return {
    triggerLabel,
    baseBranch,
    test,
    agent: config.agents.bugsolver.use,
    dollars: config.limits.maxCostUsd,
    checks: checks.split(',').flatMap((name) => name.trim() || []),
    prompts,
  };
}

/** Names of the workflows that run for pull requests; `ci` where there is none yet. */
async function findChecks({ files }: Site): Promise<string[]> {
  const folder = '.github/workflows';
  const names = (await files.list(folder)).filter((name) => /\.ya?ml$/.test(name) && !name.startsWith('bugloop'));
  const texts = await Promise.all(names.sort().map((name) => files.read(`${folder}/${name}`)));
  const found = readWorkflowNames(
    texts.flatMap((text, index) => (text === undefined ? [] : [{ file: names[index] ?? '', text }])),
  );
  return found.length === 0 ? ['ci'] : found;
}

/** An answer can be wrong in as many ways as a line of the file; the same reader finds them. */
function checkConfig(files: readonly PlannedFile[]): void {
  const file = files.find(({ path }) => path === configPath);
  const result = parseConfig(new TextEncoder().encode(file?.text ?? ''), configPath);
  if (result.ok) return;
  const [first, ...others] = result.problems.map(({ code, message, hint }) => new BugloopError(code, message, { hint }));
  if (first !== undefined) throw new BugloopError(first.code, first.message, { hint: first.hint, others });
}

async function place(
  { flags }: Context,
  { files }: Site,
  file: PlannedFile,
  options: InitOptions,
  ask: Site['ask'],
): Promise<Fate> {
  const there = await files.read(file.path);
  if (there === file.text) return 'unchanged';
  if (flags.dryRun) return 'planned';
  if (there !== undefined && !(await mayReplace(file.path, options, ask))) return 'kept';
  await files.write(file.path, file.text);
  return there === undefined ? 'written' : 'replaced';
}

async function mayReplace(path: string, { force }: InitOptions, ask: Site['ask']): Promise<boolean> {
  return force ?? (await ask?.confirm(`${path} is there and differs. Replace it?`, false)) ?? false;
}

function render(fates: readonly string[], steps: readonly string[]): string {
  const kept = fates.some((line) => line.startsWith('kept'));
  return [
    ...fates.map((line) => `  ${line}`),
    ...(kept ? ['', 'Files that were kept differ from what init would write; --force replaces them.'] : []),
    '',
    'Left to do:',
    ...steps.map((step, index) => `  ${index + 1}. ${step}`),
    '',
  ].join('\n');
}

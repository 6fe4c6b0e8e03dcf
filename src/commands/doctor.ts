import type { CommandResult, Context } from '../context.ts';
import { countResults, ranNothing } from '../core/compare.ts';
import { configPath } from '../core/setup/init.ts';
import { examine, type DoctorFacts, type Finding } from '../core/setup/doctor.ts';
import { findMissingPermissions, findOldPins, readPins } from '../core/setup/workflows.ts';
import type { TestFacts } from '../core/setup/facts.ts';
import type { Execution } from '../core/types.ts';
import { exits } from '../errors.ts';
import type { Site } from '../site.ts';

/**
 * Looks at everything that a run needs, and says of each thing that is wrong how to mend it. Nothing is changed; the
 * tests run once, on the base commit in a private clone, unless `--dry-run` asks for no run.
 */
export async function doctor(context: Context, site: Site): Promise<CommandResult> {
  const { config, operator } = context;
  const [machine, forge, tests, files] = await Promise.all([
    site.machine(),
    site.inspectForge(),
    measureTests(context),
    findFiles(site),
  ]);
  const findings = examine({ machine, config, forge, tests, files, serverUrl: operator.github.serverUrl, now: context.now() });
  const failed = findings.some(({ level }) => level === 'fail');
  return { exit: failed ? exits.usage : exits.done, text: render(findings), data: { ok: !failed, findings } };
}

async function measureTests(context: Context): Promise<TestFacts> {
  const { signal, flags, progress } = context;
  await using workspace = await context.openWorkspace();
  const { test } = workspace.commands;
  if (test === undefined) return {};
  const command = test.join(' ');
  if (flags.dryRun) return { command };
  const step = progress.step('running the tests of the base commit once');
  const broken = (execution: Execution): TestFacts => {
    step.fail(execution.argv.join(' '));
    const run = { seconds: 0, perTest: false, counts: { passed: 0, failed: 0, skipped: 0 }, broken: describeEnd(execution) };
    return { command, run };
  };
  const setup = await workspace.setup({ signal });
  if (setup !== undefined && setup.exitCode !== 0) return broken(setup);
  const build = await workspace.build({ signal });
  if (build !== undefined && build.exitCode !== 0) return broken(build);
  const run = await workspace.test({}, { signal });
  // Without results of single tests a failure cannot be told from tests that did not even start.
  if (ranNothing(run) || (!run.perTest && run.execution.exitCode !== 0)) return broken(run.execution);
  step.done();
  return { command, run: { seconds: run.execution.durationMs / 1000, perTest: run.perTest, counts: countResults(run) } };
}

function describeEnd({ argv, ended, exitCode, failureLines, output }: Execution): string {
  const how = ended === 'exited' ? `exited with ${exitCode}` : `ended by ${ended}`;
  const last = failureLines[0] ?? output.trimEnd().split('\n').at(-1) ?? '';
  return `${argv.join(' ')} ${how}${last === '' ? '' : `: ${last.slice(0, 200)}`}`;
}

/** Shipped workflows whose versions are the ones to use. */
const shippedWorkflows = ['bugloop', 'bugloop-dispatch', 'bugloop-review', 'bugloop-gate'];

async function findFiles(site: Site): Promise<DoctorFacts['files']> {
  const { files } = site;
  const folder = '.github/workflows';
  const names = (await files.list(folder)).filter((name) => /\.ya?ml$/.test(name));
  const texts = await Promise.all(
    names.map(async (name) => ({ file: name, text: (await files.read(`${folder}/${name}`)) ?? '' })),
  );
  const ours = texts.filter(({ text }) => /^\s*(?:-\s+)?uses:\s*\S*bugloop\S*@/m.test(text));
  const shipped = await Promise.all(
    shippedWorkflows.map(async (name) => ({ file: name, text: await site.readShipped(`examples/workflows/${name}.yml`) })),
  );
  return {
    config: (await files.read(configPath)) !== undefined,
    workflow: ours.length > 0,
    oldPins: findOldPins(readPins(ours), readPins(shipped)),
    missingPermissions: ours.flatMap(({ text }) => findMissingPermissions(text)),
    reviewerConfig: (await files.read('.coderabbit.yaml')) ?? (await files.read('.coderabbit.yml')),
  };
}

const marks: Record<Finding['level'], string> = { ok: 'ok  ', warn: 'warn', fail: 'FAIL' };

function render(findings: readonly Finding[]): string {
  const lines = findings.flatMap(({ level, code, message, mend }) => [
    `${marks[level]}  ${message} [${code}]`,
    ...(mend === undefined ? [] : [`      mend: ${mend}`]),
  ]);
  const count = (level: Finding['level']): number => findings.filter((finding) => finding.level === level).length;
  return `${[...lines, '', `${count('ok')} ok, ${count('warn')} warnings, ${count('fail')} failures`].join('\n')}\n`;
}

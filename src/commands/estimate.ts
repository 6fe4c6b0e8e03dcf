import type { CommandResult, Context } from '../context.ts';
import { readReport } from '../core/issue.ts';
import { buildSolvePrompt } from '../core/prompt.ts';
import { estimate as estimateCost, type Estimate, type Range } from '../core/setup/estimate.ts';
import type { RunReport } from '../core/report.ts';
import { exits } from '../errors.ts';
import { findSuspects, readTemplate } from '../loop/prompt.ts';
import type { Site } from '../site.ts';

/** What a solve of this issue would cost and touch. No model is called, nothing of the repository runs, nothing is written. */
export async function estimate(context: Context, site: Site, { issue: ref }: { issue: string }): Promise<CommandResult> {
  const { config, repository } = context;
  const template = readTemplate(await context.readPrompt('solve-issue'));
  const { issue } = await (await context.openForge()).read(ref);
  const report = readReport(issue);
  await using workspace = await context.openWorkspace();
  const { suspects, chunks } = await findSuspects(repository.base, workspace.mirror, report, config.tests);
  const { build, test } = workspace.commands;
  const { maxDiffLines, maxDiffBytes, maxRalphIterations, maxCostUsd, maxTurns, timeoutMinutes } = config.limits;
  const prompt = buildSolvePrompt({
    template,
    report,
    chunks,
    // Known only after a run of the tests; a few hundred bytes.
    baseline: '',
    commands: { ...(build === undefined ? {} : { build }), ...(test === undefined ? {} : { test }) },
    protectedPaths: config.protectedPaths,
    limits: { maxDiffLines, maxDiffBytes },
    nonce: '0'.repeat(16),
  });
  const promptBytes = Buffer.byteLength(prompt.system) + Buffer.byteLength(prompt.user);
  const cost = estimateCost({
    model: config.agents.bugsolver.model,
    promptBytes,
    limits: { attempts: maxRalphIterations, dollars: maxCostUsd, calls: maxTurns },
    past: await site.pastReports(),
    prices: config.prices,
  });
  const limits = {
    attempts: maxRalphIterations,
    calls: maxTurns,
    minutes: timeoutMinutes,
    dollars: maxCostUsd,
    diffLines: maxDiffLines,
  };
  const usesModel = context.agent === 'claude';
  return {
    exit: exits.done,
    text: render({ title: issue.title, agent: context.agent, usesModel, cost, suspects, limits }),
    data: { issue: issue.id, agent: context.agent, ...(usesModel ? { cost } : { promptBytes }), suspects, limits },
  };
}

interface Told {
  title: string;
  agent: string;
  usesModel: boolean;
  cost: Estimate;
  suspects: RunReport['suspects'];
  limits: { attempts: number; calls: number; minutes: number; dollars: number; diffLines: number };
}

function render({ title, agent, usesModel, cost, suspects, limits }: Told): string {
  return [
    `Estimate for “${title.split('\n', 1)[0]}”: no model was called, nothing was written.`,
    `  agent     ${agent}${usesModel ? `, model ${cost.model}` : ', which costs bugloop nothing'}`,
    `  prompt    ${cost.promptBytes} bytes in the first request`,
    ...(usesModel ? costLines(cost) : []),
    `  limits    ${limits.attempts} attempts, ${limits.calls} calls, ${limits.minutes} minutes, $${limits.dollars}, ${limits.diffLines} changed lines`,
    suspects.length === 0 ? '  files     the report points to none' : '  files     most likely first:',
    ...suspects.map(({ path, line, why }) => `    ${path}${line === undefined ? '' : `:${line}`}  ${why}`),
    '',
  ].join('\n');
}

function costLines({ attempt, run, learnedFrom, assumedPrice, minutes }: Estimate): string[] {
  const source = learnedFrom === 0 ? 'assumed: too few earlier runs to learn from' : `from ${learnedFrom} earlier runs`;
  return [
    `  attempt   ${dollars(attempt)} (${source})`,
    `  run       ${dollars(run)}${minutes === undefined ? '' : `, ${minutes.low.toFixed(0)} to ${minutes.high.toFixed(0)} minutes`}`,
    ...(assumedPrice ? ['  price     of this model unknown, the dearest known one was taken'] : []),
  ];
}

function dollars({ low, high }: Range): string {
  return `$${low.toFixed(2)} to $${high.toFixed(2)}`;
}

import { cap, oneLine, sanitise } from '../text.ts';
import type { Attempt, Proof, RunReport } from '../report.ts';
import { code, describeDollars, describeDuration, describeEarlier, describeTokens } from './words.ts';
import { summarise } from '../state.ts';
import { drawAttempts } from './attempts.ts';

/** GitHub refuses longer bodies (65,536 characters); the rest is left for what a forge adds. */
const maxBody = 60_000;
const maxRows = 40;

/** The text of the pull request. Every number comes from the report; words of a model are quoted as such. */
export function renderPullRequest(report: RunReport): string {
  const sections = [
    report.issue.number === undefined ? '' : `Closes #${report.issue.number}`,
    renderHeadline(report),
    renderNeedsHuman(report),
    renderSummary(report),
    report.proof === undefined ? '' : renderProof(report.proof),
    renderTests(report),
    renderFiles(report),
    renderChecks(report),
    renderAttempts(report),
    renderCost(report),
    renderVerify(report),
  ];
  return cap(`${sections.filter((section) => section !== '').join('\n\n')}\n`, maxBody);
}

/** The parts that can be checked: what `verify` renders anew from what it sees. */
export function renderEvidence(report: Pick<RunReport, 'outcome' | 'issue' | 'proof' | 'baseline' | 'change'>): string {
  const { proof } = report;
  return [renderHeadline(report), proof === undefined ? '' : renderProof(proof), renderTests(report), renderFiles(report)].join(
    '\n\n',
  );
}

function renderHeadline(report: Pick<RunReport, 'outcome' | 'escalation' | 'issue' | 'proof'>): string {
  if (report.outcome === 'proven') {
    return `Fixes ${quote(report.issue.title)}. **Proven**: red on the old source and green on the new one, each seen ${times(report.proof?.repeat ?? 0)}.`;
  }
  if (report.outcome === 'reproduced') return `Shows ${quote(report.issue.title)} by a test. **Nothing is mended.**`;
  const reason = report.escalation;
  return `**Not proven** (${report.outcome}${reason === undefined ? '' : `, ${code(reason.code)}: ${sanitise(reason.message)}`}): ${quote(report.issue.title)}.`;
}

function renderNeedsHuman({ needsHuman }: RunReport): string {
  if (needsHuman.length === 0) return '';
  const lines = needsHuman.slice(0, maxRows).map(({ code: name, message, path, line }) => {
    const place = path === undefined ? '' : ` ${code(line === undefined ? path : `${path}:${line}`)}`;
    return `> - ${code(name)}${place} ${sanitise(message)}`;
  });
  return [
    '> [!IMPORTANT]',
    '> A person has to look at this before it is merged:',
    ...lines,
    ...more(needsHuman.length, '> '),
  ].join('\n');
}

/** Checks that had failed on the head before, and what a round of review made of them. */
function renderChecks({ review }: RunReport): string {
  const { checks = [] } = review ?? {};
  if (checks.length === 0) return '';
  const lines = checks
    .slice(0, maxRows)
    .map(({ name, outcome, words }) => `- ${code(name)} ${outcome}: ${sanitise(oneLine(words))}`);
  return ['### Checks that failed before', '', ...lines, ...more(checks.length)].join('\n');
}

function renderSummary({ attempts, agent }: RunReport): string {
  const words = attempts.at(-1)?.summary.trim() ?? '';
  if (words === '') return '';
  const quoted = sanitise(words)
    .split('\n')
    .map((line) => `> ${line}`)
    .join('\n');
  return `### Summary of changes\n\nIn the words of the agent (${code(agent.model ?? agent.name)}); no number in them is a measurement:\n\n${quoted}`;
}

function renderProof(proof: Proof): string {
  const verdict = proof.verdict.ok
    ? []
    : ['', ...proof.verdict.reasons.slice(0, maxRows).map(({ message }) => `- ❌ ${sanitise(message)}`)];
  const rows = proof.failToPass.slice(0, maxRows).map(({ id, kind, message }) => {
    return `| ${code(id)} | 🔴 ${proof.red.length} of ${proof.red.length} (${kind}) | 🟢 ${proof.green.length} of ${proof.green.length} | ${code(firstLine(message))} |`;
  });
  const runs = [
    ...proof.red.map((run) => ({ ...run, colour: '🔴 base' })),
    ...proof.green.map((run) => ({ ...run, colour: '🟢 head' })),
  ].map(
    ({ colour, tree, argv, exitCode, durationMs }) =>
      `| ${colour} | ${code(tree.slice(0, 12))} | ${code(argv.join(' '))} | ${exitCode ?? 'ended'} | ${describeDuration(durationMs)} |`,
  );
  return [
    '### Proof',
    '',
    '| test | old source | with the change | what the red run showed |',
    '|---|---|---|---|',
    ...rows,
    ...more(proof.failToPass.length),
    ...verdict,
    '',
    '<details><summary>The runs</summary>',
    '',
    '| run | tree | command | exit | time |',
    '|---|---|---|---|---|',
    ...runs,
    '',
    '</details>',
    '',
    `- error named in the issue: ${proof.issueError}`,
    `- the red tests execute the changed lines: ${proof.executesChange}`,
    `- flaky tests: ${proof.flaky.length === 0 ? 'none seen' : proof.flaky.slice(0, maxRows).map(code).join(', ')}`,
    ...proof.staticChecks.map((check) => `- ${check.name}: ${check.before ?? '?'} → ${check.after ?? '?'}`),
  ].join('\n');
}

const row = (label: string, counts: { passed: number; failed: number; skipped: number }): string =>
  `| ${label} | ${counts.passed} | ${counts.failed} | ${counts.skipped} |`;

function renderTests({ proof, baseline }: Pick<RunReport, 'proof' | 'baseline'>): string {
  if (baseline === undefined) return '';
  const coverage = proof?.coverage;
  return [
    '### Tests',
    '',
    `| whole suite (${baseline.runner}) | passed | failed | skipped |`,
    '|---|---|---|---|',
    row('before', proof?.suite.before ?? baseline.counts),
    ...(proof === undefined ? [] : [row('after', proof.suite.after)]),
    '',
    ...(baseline.perTest ? [] : ['The test runner is unknown: the exit status stands for all tests.', '']),
    coverage === undefined ? 'Line coverage: not measured.' : `Line coverage: ${coverage.before} % → ${coverage.after} %.`,
  ].join('\n');
}

function renderFiles({ change }: Pick<RunReport, 'change'>): string {
  if (change === undefined) return '';
  const rows = change.files
    .slice(0, maxRows)
    .map(
      ({ path, status, addedLines, removedLines, test }) =>
        `| ${code(path)} | ${status}${test ? ', test' : ''} | +${addedLines} −${removedLines} |`,
    );
  return ['### Files modified', '', '| file | | lines |', '|---|---|---|', ...rows, ...more(change.files.length)].join('\n');
}

function renderAttempts({ attempts }: RunReport): string {
  if (attempts.length === 0) return '';
  const rows = attempts.map(
    (attempt) =>
      `| ${attempt.number} | ${attempt.stage} | ${describeAttempt(attempt)} | ${describeDuration(attempt.durationMs)} |`,
  );
  return [
    '### What was tried',
    '',
    '```mermaid',
    drawAttempts(attempts),
    '```',
    '',
    '| attempt | ended at | why | time |',
    '|---|---|---|---|',
    ...rows,
  ].join('\n');
}

function describeAttempt({ reasons, stage }: Attempt): string {
  const [first] = reasons;
  if (first === undefined) return stage === 'proven' ? 'proven' : 'nothing to judge';
  return `${code(firstLine(first.message))}${reasons.length > 1 ? ` (and ${reasons.length - 1} more)` : ''}`;
}

function renderCost(report: RunReport): string {
  const { cost, run, agent, sandbox } = report;
  const price = cost.usage.calls === 0 ? 'no model was called' : `${describeDollars(cost)}, ${describeTokens(cost.usage)}`;
  return `### Cost and time\n\n${price}; ${describeDuration(run.durationMs)}; agent ${code(agent.model ?? agent.name)}; sandbox ${sandbox}.${describeEarlier(summarise(report))}`;
}

function renderVerify({ run, outcome, issue, branch }: RunReport): string {
  if (outcome !== 'proven') return '';
  // The number of the pull request is not known yet when its text is written; its branch is.
  const target = issue.number === undefined ? `.bugloop/runs/${run.id}` : branch;
  return ['### Verify it yourself', '', 'No model, no key:', '', '```sh', `bugloop verify ${target}`, '```'].join('\n');
}

function more(count: number, prefix = ''): string[] {
  return count > maxRows ? [`${prefix}… and ${count - maxRows} more`] : [];
}

function times(count: number): string {
  return count === 1 ? 'once' : count === 2 ? 'twice' : `${count} times`;
}

function quote(title: string): string {
  return `“${oneLine(title, 200)}”`;
}

function firstLine(text: string): string {
  return (text.split('\n', 1)[0] ?? '').slice(0, 200);
}

import type { RunReport } from '../report.ts';

/** What the reader of a demo wants to know after the result: where it is, how to check it, what a key changes. */
export function renderDemo(report: RunReport, shown: { root: string; outcome: string; body: string }): string {
  const proven = report.outcome === 'proven';
  const look = [
    `  cd ${shown.root}`,
    ...(proven ? [`  git show ${report.branch}`] : []),
    `  cat .bugloop/runs/${report.run.id}/pull-request.md`,
    ...(proven ? [`  bugloop verify .bugloop/runs/${report.run.id}`] : []),
  ];
  return [
    shown.body.trimEnd(),
    '',
    '─'.repeat(72),
    shown.outcome.trimEnd(),
    '',
    'Look at it:',
    ...look,
    '',
    'What is different with a key',
    '  This run used the search agent: a test taken from the report, fault localization, mechanical edits. It needs no model and',
    '  finds only bugs that one small edit mends; the meaning of its edit is unchecked. With ANTHROPIC_API_KEY set, bugloop solve',
    '  lets a model read the repository, write the regression test and the fix. Guards, proof and report are the same.',
    '',
  ].join('\n');
}

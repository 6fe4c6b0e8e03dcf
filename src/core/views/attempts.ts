import type { Attempt } from '../report.ts';

/** A picture that more nodes would make unreadable. */
const maxDrawn = 12;

/** The attempts as a Mermaid flowchart. Labels are numbers and our own words only, so nothing can be injected. */
export function drawAttempts(attempts: readonly Attempt[]): string {
  const drawn = attempts.slice(-maxDrawn);
  const nodes = drawn.map(({ number, stage, addedLines, removedLines }) => {
    return `  a${number}["${number}: ${stage}<br/>+${addedLines} −${removedLines}"]:::${stage === 'proven' ? 'green' : 'red'}`;
  });
  const first = drawn[0]?.number ?? 1;
  const start = first > 1 ? `  issue(["issue"]) -.->|"${first - 1} earlier"| a${first}` : `  issue(["issue"]) --> a${first}`;
  const arrows = drawn.slice(1).map(({ number }) => `  a${number - 1} --> a${number}`);
  const colours = [
    '  classDef green fill:#d3f9d8,stroke:#2b8a3e,color:#000',
    '  classDef red fill:#ffe3e3,stroke:#c92a2a,color:#000',
  ];
  return ['flowchart LR', ...nodes, start, ...arrows, ...colours].join('\n');
}

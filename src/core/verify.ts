import type { Proof, RunReport } from './report.ts';
import type { Reason } from './types.ts';

/** What the report claims and the repeated proof did not show. Times are not compared; flaky tests may differ. */
export function compareClaims(report: RunReport, seen: Proof | undefined): Reason[] {
  const claimed = report.proof;
  if (claimed === undefined) return [mismatch('the report holds no proof')];
  if (seen === undefined) return [mismatch('the proof could not be repeated')];
  const differences: Reason[] = [];
  const compare = (what: string, then: unknown, now: unknown): void => {
    if (JSON.stringify(then) !== JSON.stringify(now)) {
      differences.push(mismatch(`${what}: the report says ${JSON.stringify(then)}, seen now ${JSON.stringify(now)}`));
    }
  };
  compare('verdict', claimed.verdict, seen.verdict);
  compare('tree of the red runs', claimed.redTree, seen.redTree);
  compare('tree of the green runs', claimed.headTree, seen.headTree);
  compare('tests from red to green', names(claimed), names(seen));
  if (claimed.flaky.length === 0 && seen.flaky.length === 0) {
    compare('suite before', claimed.suite.before, seen.suite.before);
    compare('suite after', claimed.suite.after, seen.suite.after);
  }
  return differences;
}

function names({ failToPass }: Proof): string[] {
  return failToPass.map(({ id }) => id).sort();
}

function mismatch(message: string): Reason {
  return { code: 'verify.claim_mismatch', message };
}

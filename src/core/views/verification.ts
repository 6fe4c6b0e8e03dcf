import type { Proof, RunReport } from '../report.ts';
import type { Reason } from '../types.ts';

/** What `verify` found, for a person. */
export function renderVerification(report: RunReport, proof: Proof | undefined, reasons: readonly Reason[]): string {
  if (reasons.length > 0) {
    const lines = reasons.map(({ code, message, path }) => `  - ${path === undefined ? '' : `${path}: `}${message} (${code})`);
    return ['Not verified:', ...lines, ''].join('\n');
  }
  const tests = (proof?.failToPass ?? []).map(({ id }) => `  red ${proof?.red.length}× → green ${proof?.green.length}×  ${id}`);
  const { before, after } = proof?.suite ?? { before: undefined, after: undefined };
  return [
    `Verified: ${report.branch} at ${report.head?.slice(0, 12)} on ${report.base.commit.slice(0, 12)}`,
    ...tests,
    `  suite ${before?.passed} passed, ${before?.failed} failed → ${after?.passed} passed, ${after?.failed} failed`,
    '',
  ].join('\n');
}

import type { Proof, RunReport } from '../report.ts';
import type { Reason } from '../types.ts';

/** What `verify` found, for a person. */
export function renderVerification(report: RunReport, proof: Proof | undefined, reasons: readonly Reason[]): string {
  return render(`${report.branch} at ${report.head?.slice(0, 12)} on ${report.base.commit.slice(0, 12)}`, proof, reasons);
}

/** The same for a pull request. */
export function renderChangeVerification(
  { number, head, base }: { number: number; head: string; base: { commit: string } },
  proof: Proof | undefined,
  reasons: readonly Reason[],
): string {
  return render(`#${number} at ${head.slice(0, 12)} on ${base.commit.slice(0, 12)}`, proof, reasons);
}

function render(what: string, proof: Proof | undefined, reasons: readonly Reason[]): string {
  if (reasons.length > 0) {
    const lines = reasons.map(({ code, message, path }) => `  - ${path === undefined ? '' : `${path}: `}${message} (${code})`);
    return [`Not verified: ${what}`, ...lines, ''].join('\n');
  }
  const tests = (proof?.failToPass ?? []).map(({ id }) => `  red ${proof?.red.length}× → green ${proof?.green.length}×  ${id}`);
  const { before, after } = proof?.suite ?? { before: undefined, after: undefined };
  return [
    `Verified: ${what}`,
    ...tests,
    `  suite ${before?.passed} passed, ${before?.failed} failed → ${after?.passed} passed, ${after?.failed} failed`,
    '',
  ].join('\n');
}

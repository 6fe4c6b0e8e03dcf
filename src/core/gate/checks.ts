import { isOwnVote, isOwnWorkflow, ownCheck } from '../own.ts';
import type { Check, RequiredCheck, Snapshot } from '../snapshot.ts';
import { count, finding, name, type Against, type Rule } from './rule.ts';
import { isAutomatic } from './reviews.ts';

/**
 * Everything reported for the exact head has passed, everything required is there, and something really ran. Skipped
 * and neutral checks hold nothing back and prove nothing.
 */
export const checksRule: Rule = {
  condition: 'checks',
  judge(snapshot, { gate }) {
    const checks = currentChecks(snapshot);
    const evidence = checks.filter((check) => check.state === 'passed' && isEvidence(check, gate.automaticReviewers));
    const against = [
      ...checks.flatMap(judgeCheck),
      ...judgeRequired(checks, snapshot),
      ...(gate.ci === 'required' && evidence.length === 0 ? [noEvidence(checks, snapshot)] : []),
    ];
    const passed = checks.filter(({ state }) => state === 'passed').length;
    const idle = checks.length - passed;
    return finding(
      against,
      checks.length === 0
        ? 'none reported, and none expected'
        : `${count(passed, 'check')} passed${idle === 0 ? '' : `, ${idle} skipped or neutral`}`,
    );
  },
};

/** Of this head, not our own, and of a check that ran again only the latest run. */
function currentChecks(snapshot: Snapshot): Check[] {
  const latest = new Map<string, Check>();
  for (const check of snapshot.checks) {
    if (check.commit !== snapshot.head.commit || isOwn(check, snapshot)) continue;
    const { name, creator, workflow } = check;
    const key = JSON.stringify([name, creator?.kind, creator?.id, workflow?.file, workflow?.event]);
    const other = latest.get(key);
    if (other === undefined || other.startedAt <= check.startedAt) latest.set(key, check);
  }
  return [...latest.values()];
}

/** Our word, the workflow run we are part of, and the other runs of the workflows that start us: they wait for us. */
function isOwn({ name, workflow }: Check, { ownRun }: Snapshot): boolean {
  if (name === ownCheck) return true;
  if (workflow === undefined) return false;
  return workflow.run === ownRun || isOwnWorkflow(workflow.file);
}

/** Votes of our own rooms and the word of an automatic reviewer can hold back, but they are no run of the tests. */
function isEvidence({ name, creator }: Check, reviewers: readonly string[]): boolean {
  if (isOwnVote(name)) return false;
  if (creator === undefined) return true;
  const account = { ...creator, kind: creator.kind === 'app' ? ('bot' as const) : creator.kind };
  return !reviewers.some((reviewer) => isAutomatic(account, reviewer));
}

function judgeCheck({ name: title, state, said }: Check): Against[] {
  if (state === 'passed' || state === 'none') return [];
  const who = name(title);
  const against = {
    failed: { code: 'gate.check_failed', message: `${who} failed (${said})` },
    pending: { code: 'gate.check_pending', message: `${who} has not ended (${said})`, waits: true },
    'not-started': { code: 'gate.check_not_started', message: `${who} waits for a start or an approval (${said})`, waits: true },
    unreadable: { code: 'gate.check_unreadable', message: `${who} says ${name(said)}, which is no known result` },
  };
  return [against[state]];
}

function judgeRequired(checks: readonly Check[], { required }: Snapshot): Against[] {
  const asked = required.filter((one) => one.name !== ownCheck);
  const missing = asked
    .filter((one) => !checks.some((check) => answers(check, one)))
    .map((one) => ({
      code: 'gate.required_missing',
      message: `the required check ${name(one.name)} was never reported for this commit`,
      waits: true,
    }));
  const skipped = checks
    .filter((check) => check.state === 'none' && (check.required || asked.some((one) => answers(check, one))))
    .map((check) => ({
      code: 'gate.required_skipped',
      message: `the required check ${name(check.name)} did not run (${check.said})`,
    }));
  return [...missing, ...skipped];
}

function answers(check: Check, { name, app }: RequiredCheck): boolean {
  return check.name === name && (app === undefined || (check.creator?.kind === 'app' && check.creator.id === app));
}

function noEvidence(checks: readonly Check[], { head }: Snapshot): Against {
  if (checks.length === 0) {
    return {
      code: 'gate.no_checks',
      message: `no CI evidence: no check was reported for ${head.commit.slice(0, 12)}`,
      waits: true,
    };
  }
  const waits = checks.some(({ state }) => state === 'pending' || state === 'not-started');
  return { code: 'gate.no_passed_check', message: 'no CI evidence: no check that runs the code has passed', waits };
}

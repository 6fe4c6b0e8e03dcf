import { BugloopError } from '../../errors.ts';
import type { PushAnswer, Remote } from '../../ports.ts';

/** Why a push was not accepted; throws where the remote could not be used at all. */
export function explainPush(remote: Remote, branch: string, { stdout, stderr }: { stdout: string; stderr: string }): PushAnswer {
  const rejected = stdout.split('\n').find((line) => line.startsWith('!'));
  if (/refusing to allow .{0,80}\bworkflow\b/i.test(`${rejected} ${stderr}`)) {
    return {
      ok: false,
      why: 'workflow',
      message: 'the forge refuses the push because workflow files differ from its newest base',
    };
  }
  if (rejected === undefined) throw explainRemote(remote, stderr);
  const reason = (/\(([^()]{0,200})\)\s*$/.exec(rejected)?.[1] ?? 'no reason given').replaceAll(/\p{Cc}+/gu, ' ');
  const moved = /stale info|fetch first|non-fast-forward|cannot lock ref|incorrect old value|already exists|failed to update ref/;
  return moved.test(reason)
    ? { ok: false, why: 'moved', message: `branch ${branch} was changed by somebody else (${reason})` }
    : { ok: false, why: 'refused', message: `the forge refused branch ${branch} (${reason})` };
}

/** A remote that does not work: its words decide what can be done about it. */
export function explainRemote({ url }: Remote, stderr: string): BugloopError {
  const line = stderr.split('\n').find((text) => /^(?:fatal|error|remote): /.test(text)) ?? stderr.split('\n')[0] ?? '';
  const words = line.replaceAll(/\p{Cc}+/gu, ' ').slice(0, 300);
  if (/Authentication failed|could not read Username|returned error: 401/i.test(stderr)) {
    return new BugloopError('auth.invalid', `${url}: the token is invalid, has expired, or may not be used for git`);
  }
  if (/Permission to .{0,200} denied|Write access to repository not granted/i.test(stderr)) {
    return new BugloopError('auth.forbidden', `${url}: the token may not push; it needs contents: write`, {
      hint: 'set contents: write under permissions: in the workflow, or in the settings of the token or the App on GitHub',
    });
  }
  if (/couldn't find remote ref|not our ref/i.test(stderr)) return new BugloopError('git.branch_taken', `${url}: ${words}`);
  // A 403 without those words is a rate limit, as far as git lets one see.
  return new BugloopError('api.unavailable', `${url}: ${words}`);
}
